"""`recover`: from a `Tensor` back to an `Expr` in matrix notation, by series-parallel reduction of its index graph (`graph`).

What does not reduce has no matrix notation and raises `Irreducible`; `entries` writes it, and every other tensor, entry by entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from matdiff.functions import MATRIX_POWER, lifted, row_of
from matdiff.language import make
from matdiff.language.dims import ONE, SCALAR, Dim, Shape, shape_of_axes, size
from matdiff.language.kinds import Variable, kind_of
from matdiff.language.queries import is_scalar, ones_of, shape_of
from matdiff.language.syntax import Expr, Rational
from matdiff.laws.sums import with_part
from matdiff.recover import terms
from matdiff.recover.blocks import Grid, grid_of, part_of
from matdiff.recover.collect import collected
from matdiff.recover.cost import cost
from matdiff.recover.graph import Graph, Irreducible
from matdiff.recover.moves import reduce
from matdiff.recover.terms import Chain
from matdiff.recover.writer import Term, Writer
from matdiff.tensor.build import add, base_and_exponent, einsum, is_symmetric
from matdiff.tensor.held import BELOW, UNEQUAL, Holding
from matdiff.tensor.nodes import HELD, Apply, Constant, Product, Sum, Symbol, Tensor
from matdiff.tensor.rational import magnitude


class Recovery:
    """Recovers tensors; `sizes` are the expressions, such as rows(A), that stand for symbolic sizes used as numbers."""

    def __init__(self, sizes: dict[Dim, Expr]) -> None:
        self.sizes = sizes
        self.writer = Writer()
        self.known: dict[Tensor, Term] = {}
        # Sums that have a name, which may be part of larger ones.
        self.named: list[Sum] = []

    # --- tensors of at most two axes ------------------------------------------------------------------------------------

    def expr(self, tensor: Tensor) -> Expr:
        """Matrix notation; raises Irreducible where there is none."""
        return self.term(tensor).expr(self.writer)

    def whole(self, tensor: Tensor) -> Expr:
        """The notation of a whole result; raises Irreducible where there is none."""
        return self.expr(tensor)

    def strange_in(self, expr: Expr) -> int:
        """What a formula has that its reader must get to know, in tokens."""
        return 0

    def name(self, tensor: Tensor, name: str, expr: Expr, is_turned: bool = False) -> None:
        """From now on the tensor, whose notation is `expr`, is written as this name, or as its transpose."""
        leaf = make.name(name, shape_of(expr.args[0] if is_turned else expr))
        if is_turned:
            leaf = make.transposed(leaf)
        if expr in self.writer.symmetric:
            self.writer.symmetric.add(leaf)
        self.known[tensor] = Term(1, [leaf], [], ()) if not tensor.dims else Term(1, [], [], (self._column(leaf),))
        if not tensor.dims:
            self.writer.numbers.add(leaf)
        if isinstance(tensor, Sum):
            self.named.append(tensor)

    def _column(self, expr: Expr) -> Expr:
        """A row as the column that a tensor with one axis is written as; anything else as it is."""
        return self.writer.transposed(expr) if kind_of(shape_of(expr)) == "row" else expr

    def term(self, tensor: Tensor) -> Term:
        if tensor.order > 2:
            raise Irreducible
        known = self.known.get(tensor)
        if known is None:
            known = self.known[tensor] = self._term(tensor)
        return known

    def _term(self, tensor: Tensor) -> Term:
        shape = shape_of_axes(tensor.dims)
        if isinstance(tensor, Product):
            return self._product(tensor)
        if isinstance(tensor, Sum):
            return self._sum(tensor)
        if isinstance(tensor, Symbol):
            if tensor.property == "pending":
                raise Irreducible
            expr = make.name(tensor.name, shape)
            if tensor.property == "row":
                expr = self._column(make.name(tensor.name, shape[::-1]))
            self.writer.variables.add(expr)
            if tensor.property in ("symmetric", "spd", "diagonal"):
                self.writer.symmetric.add(expr)
            if tensor.property == "skew":
                self.writer.skew.add(expr)
            if tensor.property == "diagonal":
                self.writer.diagonal.add(expr)
        elif isinstance(tensor, Constant):
            expr = self._constant(tensor)
        else:
            assert isinstance(tensor, Apply)
            expr = self._apply(tensor, shape)
        return Term(1, [expr], [], ()) if not tensor.dims else Term(1, [], [], (expr,))

    def _constant(self, tensor: Constant) -> Expr:
        if tensor.name == "size":
            return self.size(tensor.parameters[0])
        if tensor.name == "tril":
            return make.call("tril", Expr("ones", (), shape=shape_of_axes(tensor.dims)), shape=shape_of_axes(tensor.dims))
        if tensor.name == "unit":
            place, dim = tensor.parameters
            return Expr("e", (place, make.size_argument(dim)), shape=(dim, ONE))
        if tensor.name == "shift":
            return _shift_block(tensor)
        return Expr(tensor.name, (), shape=SCALAR)

    def size(self, dim: Dim) -> Expr:
        """A size as a number: `rows(A)`, `cols(A)`, and sums and products of these; tr(I) where no variable has it."""
        if dim in self.sizes:
            return self.sizes[dim]
        terms = []
        for monomial, coefficient in dim.terms:
            factors = [self.sizes.get(one) or make.call("tr", make.eye(one), shape=SCALAR) for one in map(size, monomial)]
            terms.append(Term(coefficient, factors, [], ()).expr(self.writer))
        return terms[0] if len(terms) == 1 else Expr("+", tuple(terms), shape=SCALAR)

    def _apply(self, tensor: Apply, shape: Shape) -> Expr:
        args = tuple(self.expr(arg) for arg in tensor.args)
        if tensor.function == HELD:
            return args[0]
        if tensor.function == "power":
            if tensor.exponent is None:
                scalars = [_scalar_of(arg) if tensor.dims else None for arg in tensor.args]
                args = tuple(arg if scalar is None else self.expr(scalar) for arg, scalar in zip(args, scalars))
                return make.call(".^" if tensor.dims else "^", *args, shape=shape)
            return self._power(args[0], tensor.exponent, bool(tensor.dims))
        if row_of(tensor.function).along:
            turned = self.writer.transposed(args[0])
            if cost(turned) < cost(args[0]):  # softmax(X, cols)^T for softmax(X^T, rows)
                columns = lifted(row_of(tensor.function).of, "cols")
                return self.writer.transposed(make.call(columns, turned, shape=shape[::-1]))
        if row_of(tensor.function).turns_vectors and shape[1].is_one and tensor.dims:
            # The value at a column is a row: pinv(x)^T, or pinv(r) where the column is r^T.
            turned = self.writer.transposed(args[0])
            if args[0].op == "'":
                return make.call(tensor.function, turned, shape=shape)
            return self.writer.transposed(make.call(tensor.function, args[0], shape=shape[::-1]))
        expr = make.call("^" if tensor.function == MATRIX_POWER else tensor.function, *args, shape=shape)
        if is_symmetric(tensor):
            self.writer.symmetric.add(expr)
        return expr

    def _power(self, base: Expr, exponent: Rational, array: bool) -> Expr:
        power = self.writer.array_power if array else self.writer.scalar_power
        if exponent > 0:
            return power(base, exponent)
        operator = "./" if array else "/"
        return make.call(operator, make.number(1), power(base, -exponent), shape=shape_of(base))

    def _sum(self, tensor: Sum) -> Term:
        parts = [(coefficient, inner) for coefficient, inner in tensor.terms if part_of(inner)]
        grid = grid_of(parts, tensor.dims) if len(parts) > 1 else None
        terms = [] if grid is None else [self._block(grid, tensor.dims)]
        left = list(tensor.terms) if grid is None else [term for term in tensor.terms if term not in parts]
        for named in reversed(self.named):
            left = with_part(left, named) or left
        for coefficient, inner in left:
            terms.append(self.term(inner).times(coefficient))
        term = collected(terms, self.writer)
        expr = term.expr(self.writer)
        self.writer.sums.setdefault(expr, terms)
        if tensor.order == 2 and tensor.cache.get("symmetric"):
            self.writer.symmetric.add(expr)
        return term

    def _block(self, grid: Grid, dims: tuple[Dim, ...]) -> Term:
        cells = []
        for (rows, columns), value in grid.cells:
            cell = make.zeros((rows, columns)) if value is None else self.expr(value)
            cells.append(self.writer.transposed(cell) if rows.is_one and shape_of(cell)[0] == columns else cell)
        empty = [cell.op == "zeros" or cell == make.number(0) for cell in cells]
        is_negative = not all(empty) and all(cell.op == "neg" or zero for cell, zero in zip(cells, empty))
        if is_negative:  # A x - [c; d], not [-c; -d] + A x
            cells = [cell.args[0] if cell.op == "neg" else cell for cell in cells]
        block = Expr("block", tuple(cells), grid.width, shape=shape_of_axes(dims))
        return Term(-1 if is_negative else 1, [], [], (block,))

    def _product(self, product: Product) -> Term:
        coefficient = product.coefficient
        factors: list[Expr] = []
        divisors: list[Expr] = []
        if product.coefficient == 0 and product.out:
            return Term(1, [], [], (Expr("zeros", (), shape=shape_of_axes(product.dims)),))
        for tensor, slots in product.factors:
            if not slots and (isinstance(tensor, Sum) or (isinstance(tensor, Apply) and tensor.function == HELD)):
                inner = self.term(tensor)
                coefficient = coefficient * inner.coefficient
                factors += inner.factors
                divisors += inner.divisors  # (a / theta - m) / (2 theta), not 1/2 ((a / theta - m) / theta)
            elif not slots:
                base, exponent = base_and_exponent(tensor)
                expr = self.writer.scalar_power(self.expr(base), magnitude(exponent))
                (factors if exponent > 0 else divisors).append(expr)
        factors, divisors = (self.writer.powers(terms.exponents_of(part)) for part in (factors, divisors))
        self._take_means(factors, divisors)
        arrays = [factor for factor in product.factors if factor[1]]
        if len(arrays) == 1 and isinstance(arrays[0][0], Sum) and arrays[0][1] == product.out == tuple(range(len(product.out))):
            inner = self.term(arrays[0][0])
            return inner.times(coefficient).under(factors, divisors, self.writer)
        graph = Graph(self, arrays, product.out, product.sizes, lift=True)
        chain: Chain = ()
        if any(slots for _, slots in product.factors) or product.out:
            reduce(graph)
            if product.out:
                chain = self._with_means(graph.chain(), divisors)
            else:
                factors.append(graph.scalar())
        term = Term(coefficient, factors, divisors, chain)
        for scalars in graph.lifted:
            term = term.times(scalars.coefficient).under(scalars.factors, scalars.divisors, self.writer)
        return term

    def _with_means(self, chain: Chain, divisors: list[Expr]) -> Chain:
        """The chain with mean(X, rows) for X ones over the number of columns, and so for columns and for diag(X Y^T)."""
        for place, factor in enumerate(chain if self.writer.has_lines else ()):
            found = None
            if factor.op == "ones" and place:
                found = self._mean(chain[place - 1], divisors), place - 1, place + 1
            elif terms.is_row_of(factor, "ones") and place + 1 < len(chain):
                mean = self._mean(self.writer.transposed(chain[place + 1]), divisors)
                found = mean and make.transposed(mean), place, place + 2
            elif terms.is_diagonal(factor):
                mean = self._scale_by_mean(factor.args[0], divisors)
                found = mean and self.writer.diag(mean), place, place + 1
            elif ones_of(factor) == (False, True):
                found = self._scale_by_mean(factor, divisors), place, place + 1
            elif ones_of(factor) == (True, False):
                mean = self._scale_by_mean(self.writer.transposed(factor), divisors)
                found = mean and self.writer.transposed(mean), place, place + 1
            if found is not None and found[0] is not None:
                return self._with_means((*chain[: found[1]], found[0], *chain[found[2] :]), divisors)
        return chain

    def _mean(self, matrix: Expr, divisors: list[Expr]) -> Expr | None:
        """The means of the rows where the number of columns is among the divisors, from which it is taken."""
        left = terms.exponents_of(divisors)
        size = self.size(shape_of(matrix)[1])
        if any(ones_of(matrix)) or left.get(size, 0) < 1:
            return None
        left[size] -= 1
        divisors[:] = self.writer.powers(left)
        return terms.of_rows("mean", matrix)

    def _scale_by_mean(self, vector: Expr, divisors: list[Expr]) -> Expr | None:
        """u ./ v with means for sums of rows in u."""
        tops, bottoms = terms.over_and_under(vector)
        for place, top in enumerate(tops):
            matrix = self._summed(self.writer.row_sums(top))
            mean = None if matrix is None else self._mean(matrix, divisors)
            if mean is not None:
                return self.writer.hadamard([*tops[:place], mean, *tops[place + 1 :]], bottoms)
        return None

    def _summed(self, sums: Expr) -> Expr | None:
        """The matrix of whose rows a column is the sums."""
        is_squared = sums.op == ".^"
        values = sums.args[0] if is_squared else sums
        bare = values.args[0] if values.op == "'" else values
        if row_of(bare.op).of == ("norm" if is_squared else "sum"):
            (matrix,) = bare.args
            if is_squared:
                matrix = make.call(".^", matrix, make.number(2), shape=shape_of(matrix))
            return matrix if bare is values else make.transposed(matrix)
        if sums.op == "*" and sums.args[-1].op == "ones" and not any(map(is_scalar, sums.args)):
            return self.writer.product(sums.args[:-1])
        return None

    def _take_means(self, factors: list[Expr], divisors: list[Expr]) -> None:
        """sum(x) / rows(x) as mean(x), and so x^T x / rows(x) as mean(x .^ 2)."""
        for place, factor in enumerate(factors):
            squared = self.writer.norm_argument(factor)
            if factor.op != "sum" and squared is None:
                continue
            inner = factor.args[0] if squared is None else make.call(".^", squared, make.number(2), shape=shape_of(squared))
            sizes = [self.size(dim) for dim in shape_of(inner) if not dim.is_one]
            left = terms.exponents_of(divisors)
            if all(left.get(size, 0) >= 1 for size in sizes) and len(set(sizes)) == len(sizes):
                for size in sizes:
                    left[size] -= 1
                divisors[:] = self.writer.powers(left)
                factors[place] = make.call("mean", inner, shape=SCALAR)


class HeldRecovery(Recovery):
    """Recovers tensors in which indices are held: the member x_i of an array x is written as one."""

    def __init__(self, sizes: dict[Dim, Expr], holding: Holding) -> None:
        super().__init__(sizes)
        self.holding = holding

    def _term(self, tensor: Tensor) -> Term:
        return self._member(tensor) if tensor in self.holding.members else super()._term(tensor)

    def _member(self, tensor: Tensor) -> Term:
        of, at = self.holding.members[tensor]
        letters = [letter for letter in at if letter is not None]
        if of.name in (UNEQUAL, BELOW) or list(at[: len(letters)]) != letters:
            raise Irreducible  # a condition outside of its sum; a column r[:,j], which has no name
        expr = make.member(of.name, letters, shape_of_axes(tensor.dims), of.dims)
        self.writer.variables.add(expr)
        if isinstance(tensor, Symbol) and tensor.property in ("symmetric", "spd"):
            self.writer.symmetric.add(expr)
        return Term(1, [expr], [], ()) if not tensor.dims else Term(1, [], [], (expr,))


def size_expressions(variables: Iterable[Variable], wrt: Sequence[str] = (), named: Iterable[str] = ()) -> dict[Dim, Expr]:
    """For every size of a variable an expression that is this number: rows(A) or cols(A), or its name where it is `named` so.

    Of several that of a variable by which is differentiated, else the first in the order of their names, rows before columns:
    so it does not depend on which is met first.
    """
    sides = [
        (operator, v.name, v.shape, dim) for v in variables for operator, dim in zip(("rows", "cols"), v.shape) if not dim.is_one
    ]
    found: dict[Dim, Expr] = {size(name): Expr("size", (), name, shape=SCALAR) for name in named}
    for operator, name, shape, dim in sorted(sides, key=lambda side: (side[1] not in wrt, side[0] == "cols", side[1])):
        if dim not in found:
            found[dim] = make.call(operator, make.name(name, shape), shape=SCALAR)
    return found


def _scalar_of(tensor: Tensor) -> Tensor | None:
    """The scalar that every entry of a tensor is, or None."""
    if isinstance(tensor, Sum):
        terms = [(coefficient, _scalar_of(term)) for coefficient, term in tensor.terms]
        known = [(coefficient, term) for coefficient, term in terms if term is not None]
        return add(known, ()) if len(known) == len(terms) else None
    if isinstance(tensor, Product) and all(not slots for _, slots in tensor.factors) and len(set(tensor.out)) == len(tensor.out):
        return einsum(tensor.factors, (), None, tensor.coefficient)
    return None


def _shift_block(tensor: Constant) -> Expr:
    """The matrix `shift` as a column of blocks: zeros above, the identity, zeros below."""
    offset, part = tensor.parameters
    middle = make.number(1) if part.is_one else make.eye(part)
    below = tensor.dims[0] - offset - part
    zeros = [make.zeros((rows, part)) if rows.terms else None for rows in (offset, below)]
    blocks = [block for block in (zeros[0], middle, zeros[1]) if block is not None]
    return Expr("block", tuple(blocks), 1, shape=(tensor.dims[0], part))
