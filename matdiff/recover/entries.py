"""`in_indices`: a tensor of any order written entry by entry: `delta[i,l] x[k]`, `sum[j] A[i,j] B[j,k]`.

Every tensor has it, unless it is a function of an array that has none.  Repeated output axes become deltas, summed indices a
sigma.  With `reduce` the parts that have matrix notation are written as matrices, `(A B)[i,k]`, so that only the sums that no
matrix product can say remain.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from matdiff.functions import FUNCTIONS, word_of
from matdiff.language import make
from matdiff.language.dims import SCALAR, shape_of_axes
from matdiff.language.errors import NoClosedForm
from matdiff.language.queries import free_indices, index_names, names_in, post_order, shape_of
from matdiff.language.syntax import Expr, Rational
from matdiff.laws.simplify import simplify
from matdiff.recover import terms
from matdiff.recover.graph import Graph, Irreducible
from matdiff.recover.moves import reduce
from matdiff.recover.recover import HeldRecovery, Recovery
from matdiff.tensor import build
from matdiff.tensor.build import base_and_exponent
from matdiff.tensor.held import Holding, NotHeld
from matdiff.tensor.lift import definition_of, lift_of, ways_to_hold
from matdiff.tensor.nodes import HELD, Apply, Constant, Product, Session, Sum, Symbol, Tensor, entered
from matdiff.tensor.rational import magnitude, whole

_MERGED = ("entry", "+")
# Index letters in the order in which axes and sums take them.
LETTERS = "ijklquvtabdfgmnowxyzcehprs"


def letters_beside(taken: Collection[str]) -> Iterator[str]:
    """Index letters that are not taken; after the alphabet i1, j1, ..."""
    number = 0
    while True:
        for letter in LETTERS:
            candidate = letter if not number else f"{letter}{number}"
            if candidate not in taken:
                yield candidate
        number += 1


def in_indices(
    tensor: Tensor, letters: Sequence[str], recovery: Recovery, taken: Sequence[str] = (), reduce: bool = False
) -> Expr:
    """One entry of the tensor, at the given letters; `taken` are names that a sum may not use for its index."""
    return _Entries(recovery, (*letters, *taken), reduce).entry(tensor, tuple(letters))


def _letter(text: str) -> Expr:
    return Expr("index", (), text, shape=SCALAR)


def _entry(array: Expr, letters: Sequence[str]) -> Expr:
    """An entry of an array; that of a transpose is one of the matrix, or of the row."""
    if array.op == "'":
        array, letters = array.args[0], letters[::-1]
    return Expr("entry", (array, *map(_letter, letters)), shape=SCALAR)


def by_entries(matrix: Expr, letters: Sequence[str]) -> Expr:
    """An entry of a matrix in which members stand, with these letters, in index notation."""
    names = names_in(matrix)
    with entered(Session()):
        values: dict[str, Tensor] = {}
        for name in names:
            own = [dim for dim in shape_of(name) if not dim.is_one]
            values[str(name.value)] = build.symbol(str(name.value), (*(shape_of(index)[0] for index in name.args), *own))
        lift = lift_of(values, [matrix])
        tensor = lift.value(matrix)
        taken = [*values, *index_names(post_order(matrix))]
        return in_indices(tensor, [*lift.held(matrix), *letters], Recovery({}), taken)


class _Entries:
    def __init__(self, recovery: Recovery, taken: tuple[str, ...], reduce: bool) -> None:
        self.recovery, self.taken, self.reduce = recovery, taken, reduce

    def entry(self, tensor: Tensor, letters: tuple[str, ...]) -> Expr:
        if isinstance(tensor, Product):
            return self._product(tensor, letters)
        if isinstance(tensor, Sum):
            return self._sum(tensor, letters)
        return self._factor(tensor, letters)

    def _sum(self, tensor: Sum, letters: tuple[str, ...]) -> Expr:
        parts = []
        for coefficient, term in tensor.terms:
            body = self.entry(term, letters)
            parts.append(body if coefficient == 1 else _scaled(coefficient, body))
        if parts[0].op == "neg":
            parts.sort(key=lambda part: part.op == "neg")  # b - a, not -a + b
        return Expr("+", tuple(parts), shape=SCALAR)

    def _factor(self, tensor: Tensor, letters: tuple[str, ...]) -> Expr:
        """A factor at its indices: as a matrix where it has matrix notation, else written out."""
        try:
            expr = self.recovery.expr(tensor)
        except Irreducible:
            if isinstance(tensor, Symbol):
                expr = make.name(tensor.name, shape_of_axes(tensor.dims))
            elif isinstance(tensor, Constant):
                expr = Expr(tensor.name, (), shape=(tensor.dims[1], tensor.dims[2]))
            elif isinstance(tensor, Apply) and tensor.function == "frechet":
                expr = self._frechet(tensor)
            elif isinstance(tensor, Apply) and tensor.function == HELD:
                return self.entry(tensor.args[0], letters)
            elif isinstance(tensor, Apply):
                return self._elementwise(tensor, letters)
            else:
                return self.entry(tensor, letters)
        if not letters:
            return expr
        return _entry(expr, letters)

    def _frechet(self, tensor: Apply) -> Expr:
        """`dexpm(X)`, an array with four axes, the derivative of expm at X; `d2expm(X)` with six, the second one."""
        value = tensor.args[0]
        assert isinstance(value, Apply)
        try:
            args = [self.recovery.expr(arg) for arg in value.args]
        except Irreducible:
            raise NoClosedForm(function=value.function) from None
        prefix = "d2" if tensor.exponent == 2 else "d"
        return make.call(prefix + value.function, *args, shape=shape_of(args[0]))

    def _elementwise(self, tensor: Apply, letters: tuple[str, ...]) -> Expr:
        is_power = tensor.function == "power"
        if ways_to_hold(tensor):
            return self._of_member(tensor, letters)
        if not is_power and FUNCTIONS[tensor.function].form != "each":
            return self._by_definition(tensor, letters)
        args = [self.entry(arg, letters) for arg in tensor.args]
        if is_power:
            if tensor.exponent is None:
                return make.call("^", *args, shape=SCALAR)
            return _power(args[0], tensor.exponent)
        return make.call(tensor.function, *args, shape=SCALAR)

    def _of_member(self, tensor: Apply, letters: tuple[str, ...]) -> Expr:
        """A function of a member at these letters, a matrix or a vector: `inv(A_k X)[i,j]`, `softmax(A_k, rows)[i,j]`, `norm(A_k x)`."""
        (arg,) = tensor.args
        for count, function in reversed(ways_to_hold(tensor)):
            holding = Holding({})
            at = (*letters[:count], *[None] * (arg.order - count))
            try:
                member = HeldRecovery(self.recovery.sizes, holding).expr(simplify(holding.hold(arg, at)))
            except (Irreducible, NotHeld):
                continue
            value = make.call(function, member, shape=shape_of_axes(tensor.dims[count:]))
            return _entry(value, letters[count:]) if letters[count:] else value
        return self._by_definition(tensor, letters)

    def _by_definition(self, tensor: Apply, letters: tuple[str, ...]) -> Expr:
        """A function of a whole array that has no notation, by what it is defined to be; else there is nothing true to print."""
        try:
            value = definition_of(tensor)
            if value is not None:
                return self.entry(value, letters)
        except NoClosedForm:  # by a function that the text does not have
            pass
        raise NoClosedForm(function=word_of(tensor.function))

    def _product(self, product: Product, letters: tuple[str, ...]) -> Expr:
        names: dict[int, str] = {}
        deltas = []
        for index, letter in zip(product.out, letters):
            if index in names:
                deltas.append(make.call("delta", _letter(names[index]), _letter(letter), shape=SCALAR))
            else:
                names[index] = letter
        factors = self._reduced(product) if self.reduce else self._plain(product)
        unused = letters_beside(self.taken)
        summed = [slot for slot in dict.fromkeys(s for _, slots, _ in factors for s in slots) if slot not in names]
        for slot in summed:
            names[slot] = next(unused)
        inner = _Entries(self.recovery, (*self.taken, *(names[slot] for slot in summed)), self.reduce)
        above: list[Expr] = []
        below: list[Expr] = []
        for value, slots, exponent in factors:
            at = tuple(names[slot] for slot in slots)
            norms = self._norms(value) if slots and exponent.denominator == 2 else None
            if norms is not None:
                entry, exponent = _entry(norms, at), whole(2 * exponent)
            elif isinstance(value, Tensor):
                entry = inner._factor(value, at)
            else:
                entry = _entry(value, at)
            if not slots:
                entry = self.recovery.writer.scalar_power(entry, magnitude(exponent))
            else:
                entry = _power(entry, magnitude(exponent))
            (above if exponent > 0 else below).append(entry)
        if summed:  # over what nothing tells of the index, so often as it runs
            told = frozenset().union(*(free_indices(entry)[id(entry)] for entry in (*above, *below)))
            above += [self.recovery.size(product.sizes[slot]) for slot in summed if names[slot] not in told]
            summed = [slot for slot in summed if names[slot] in told]
        above, below = _merged(above), _merged(below)
        body = self.recovery.writer.scaled(1, deltas + above, below, (), entries=True) if summed else None
        if body is None:
            return self.recovery.writer.scaled(product.coefficient, deltas + above, below, (), entries=True)
        total = Expr("sigma", (body, *(_letter(names[slot]) for slot in summed)), shape=SCALAR)
        return total if product.coefficient == 1 else _scaled(product.coefficient, total)

    def _norms(self, value: Tensor | Expr) -> Expr | None:
        """The norms of the rows of X for diag(X X^T), of which a root is taken."""
        try:
            vector = self.recovery.expr(value) if isinstance(value, Tensor) else value
        except Irreducible:
            return None
        matrix = self.recovery.writer.squared_rows(vector)
        return None if matrix is None else terms.of_rows("norm", matrix)

    def _plain(self, product: Product) -> list[tuple[Tensor | Expr, tuple[int, ...], Rational]]:
        found: list[tuple[Tensor | Expr, tuple[int, ...], Rational]] = []
        for tensor, slots in product.factors:
            base, exponent = base_and_exponent(tensor)
            found.append((base, slots, exponent))
        return found

    def _reduced(self, product: Product) -> list[tuple[Tensor | Expr, tuple[int, ...], Rational]]:
        """The factors after series-parallel reduction."""
        found: list[tuple[Tensor | Expr, tuple[int, ...], Rational]] = []
        for tensor, _ in [factor for factor in product.factors if not factor[1]]:
            base, exponent = base_and_exponent(tensor)
            found.append((base, (), exponent))
        try:
            graph = Graph(self.recovery, [factor for factor in product.factors if factor[1]], product.out, product.sizes)
        except Irreducible:
            return self._plain(product)
        reduce(graph)
        for edge in graph.edges:
            found += self._without_diagonals(self.recovery.writer.product(edge.chain), edge.row, edge.column)
        for index, pendants in graph.pendants.items():
            for pendant in pendants:
                found.append((self.recovery.writer.product(pendant.chain), (index,), pendant.exponent))
        found += [(tensor, slots, 1) for tensor, slots in graph.others]
        is_joined = any(not isinstance(tensor, Symbol) for tensor, _ in product.factors) or len(found) < len(product.factors)
        return found if is_joined else self._plain(product)  # in the order in which it is written

    def _without_diagonals(self, matrix: Expr, row: int, column: int) -> list[tuple[Tensor | Expr, tuple[int, ...], Rational]]:
        """v[i] W[i,k] for (diag(v) W)[i,k], and so for columns."""
        found: list[tuple[Tensor | Expr, tuple[int, ...], Rational]] = []
        chain = matrix.args if matrix.op == "*" else (matrix,)
        for end, slot in ((0, row), (-1, column)):
            if len(chain) > 1 and terms.is_diagonal(chain[end]):
                found.append((chain[end].args[0], (slot,), 1))
                chain = chain[1:] if end == 0 else chain[:-1]
        return [*found, (self.recovery.writer.product(chain), (row, column), 1)]


def _merged(factors: list[Expr]) -> list[Expr]:
    """Equal entries, or sums of such, as one power: s[l]^2."""
    entries = terms.exponents_of(factor for factor in factors if terms.base_of(factor)[0].op in _MERGED)
    found = []
    for factor in factors:
        base, _ = terms.base_of(factor)
        if base.op not in _MERGED:
            found.append(factor)
        elif base in entries:
            found.append(_power(base, entries.pop(base)))
    return found


def _power(base: Expr, exponent: Rational) -> Expr:
    if exponent == 1:
        return base
    if exponent < 0:
        return make.call("/", make.number(1), _power(base, -exponent), shape=SCALAR)
    return make.call("^", base, make.number(exponent), shape=SCALAR)


def _scaled(coefficient: Rational, body: Expr) -> Expr:
    size = magnitude(coefficient)
    if body.op == "/" and size != 1:
        top = _scaled(coefficient, body.args[0])
        bare = top.args[0] if top.op == "neg" else top
        quotient = make.call("/", bare, body.args[1], shape=SCALAR)
        return make.call("neg", quotient, shape=SCALAR) if top.op == "neg" else quotient
    factors = body.args if body.op == "*" else (body,)
    scaled = body if size == 1 else Expr("*", (make.number(size), *factors), shape=SCALAR)
    return make.call("neg", scaled, shape=SCALAR) if coefficient < 0 else scaled
