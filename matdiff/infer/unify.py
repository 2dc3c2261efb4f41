"""`Sizes`: unification of sizes.

A declared size name is rigid: it differs from every other size.  An invented one is flexible: it becomes equal to whatever
it meets, except 1, since nobody writes a matrix and means a vector.  Compound sizes (`m n`, `m + n`) are solved where the
solution is the only one; what cannot be solved yet waits for more to become known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from matdiff.language.dims import ONE, SCALAR, Dim, Monomial, Shape, shape_of_axes, size
from matdiff.language.errors import ArrayAxes, IndexSizes, MatdiffError, NotLifted, TooLarge, UndecidedSizes, WrongKind
from matdiff.language.queries import is_held, letter_of, post_order, shape_of
from matdiff.language.syntax import Expr, Span
from matdiff.limits import SIZE_BITS, SIZE_PARTS

INVENTED = "?"


class Sizes:
    """What is known about the sizes of one statement."""

    def __init__(self) -> None:
        self._known: dict[str, Dim] = {}
        self._why: dict[str, tuple[Dim, tuple[Expr, ...]]] = {}
        self._waiting: list[tuple[Dim, Dim, tuple[Expr, ...], Callable[[], MatdiffError]]] = []
        self._count = 0

    def invent(self) -> Dim:
        """A new flexible size."""
        self._count += 1
        return size(f"{INVENTED}{self._count}")

    def resolve(self, dim: Dim) -> Dim:
        """The size with everything known put in."""
        known = self._known
        if not known:
            return dim
        path = []
        while True:
            name = dim.name
            if name is None:
                dim = self._put_in(dim)
                break
            if name not in known:
                break
            path.append(name)
            dim = known[name]
        for name in path:
            known[name] = dim
        return dim

    def _put_in(self, dim: Dim) -> Dim:
        while any(name in self._known for name in dim.names):
            total = size(0)
            for monomial, coefficient in dim.terms:
                product = size(coefficient)
                for name in monomial:
                    product = self.product(product, self._known.get(name, size(name)))
                total = total + product
            dim = bounded(total)
        return dim

    def product(self, left: Dim, right: Dim) -> Dim:
        """left * right.  Raises TooLarge when the polynomial gets too long."""
        if left is ONE or left.is_one:
            return right
        return bounded(left * right)

    def total(self, dims: Iterable[Dim]) -> Dim:
        """The sum of sizes.  Raises TooLarge when the polynomial gets too long."""
        terms: dict[Monomial, int] = {}
        for dim in dims:
            for monomial, coefficient in self.resolve(dim).terms:
                terms[monomial] = terms.get(monomial, 0) + coefficient
        return bounded(Dim(terms))

    def of_token(self, token: str, bound: Mapping[str, tuple[Dim, Expr]]) -> Dim:
        """The size a pattern's token stands for: `1`, a letter, or letters joined by `*` or `+`."""
        if token == "1":
            return ONE
        if "+" in token:
            return self.total(self.of_token(part, bound) for part in token.split("+"))
        if "*" in token:
            product = ONE
            for part in token.split("*"):
                product = self.product(product, self.resolve(self.of_token(part, bound)))
            return product
        if token not in bound:
            return self.invent()
        return bound[token][0]

    def unify(self, left: Dim, right: Dim, where: tuple[Expr, ...], fail: Callable[[], MatdiffError]) -> None:
        """Make two sizes equal; `where` is what asks for it.  Raises fail() if they cannot be."""
        if left is right:
            return
        left, right = self.resolve(left), self.resolve(right)
        if left == right:
            return
        answer = self._solve(left, right, where)
        if answer is None:
            self._waiting.append((left, right, where, fail))
        elif not answer:
            raise fail()

    def settle(self) -> None:
        """Solve what waited.  Raises UndecidedSizes, or the error of a waiting equation that turns out wrong."""
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            for left, right, where, fail in waiting:
                self.unify(left, right, where, fail)
            if len(self._waiting) == len(waiting) and not self._square_by_factors():
                left, right, where, _ = self._waiting[0]
                raise UndecidedSizes(left=left, right=right, span=joined(where))

    def _square_by_factors(self) -> bool:
        """Make the factors square of a product that must be and of which no more is known: kron(X, A) in tr(kron(X, A))."""
        for left, right, where, _ in self._waiting:
            (rows, *more), (columns, *others) = left.terms, right.terms
            names = list(zip(rows[0], columns[0]))
            is_one_matrix = len(where) == 1 and not more and not others and rows[1] == columns[1] == 1
            if is_one_matrix and len(rows[0]) == len(columns[0]) and all(map(is_flexible, (*rows[0], *columns[0]))):
                undecided = UndecidedSizes(left=left, right=right, span=joined(where))
                for one, other in names:
                    self.unify(size(one), size(other), where, partial(_given, undecided))
                return True
        return False

    def origin(self, dim: Dim) -> tuple[Expr, ...]:
        """The last of the places that made an invented size what it is; empty when it is still flexible or was never invented."""
        place: tuple[Expr, ...] = ()
        while dim.name in self._why:
            dim, place = self._why[str(dim.name)]
        return place

    def name_finally(self, names: dict[str, str]) -> None:
        """Give flexible sizes their final names."""
        for invented, name in names.items():
            self._known[invented] = size(name)

    def _solve(self, left: Dim, right: Dim, where: tuple[Expr, ...]) -> bool | None:
        """True: made equal.  False: impossible.  None: not decided yet.  Both sides are resolved and differ."""
        for one, other in ((left, right), (right, left)):
            name = one.name
            if name is not None and is_flexible(name) and name not in other.names:
                return self._bind(name, other, where)
        left, right = without_common_factor(left, right)
        if left.name is not None or right.name is not None:
            return self._solve_reduced(left, right, where)
        root = self._root(left, right, where)
        return root if root is not None else self._solve_reduced(left, right, where)

    def _solve_reduced(self, left: Dim, right: Dim, where: tuple[Expr, ...]) -> bool | None:
        difference = left - right
        flexible = [name for name in difference.names if is_flexible(name)]
        if not flexible:
            return not difference.terms
        for name in flexible:
            alone = [(m, c) for m, c in difference.terms if name in m]
            if len(alone) != 1 or alone[0][0] != (name,):
                continue
            coefficient = alone[0][1]
            rest = Dim({m: c for m, c in difference.terms if m != (name,)})
            if any(c % coefficient for _, c in rest.terms):
                if rest.value is not None:
                    return False
                continue
            solution = Dim({m: -c // coefficient for m, c in rest.terms})
            if all(c <= 0 for _, c in solution.terms):
                return False
            if any(c < 0 for _, c in solution.terms) and any(is_flexible(other) for other in solution.names):
                continue
            return self._bind(name, solution, where)
        return None

    def _root(self, left: Dim, right: Dim, where: tuple[Expr, ...]) -> bool | None:
        """`n n = 9` gives n = 3: one side a power of a flexible size, the other a perfect power."""
        for one, other in ((left, right), (right, left)):
            if len(one.terms) != 1 or len(other.terms) != 1:
                return None
            (monomial, coefficient), degree = one.terms[0], len(one.terms[0][0])
            if coefficient != 1 or degree < 2 or len(set(monomial)) != 1 or not is_flexible(monomial[0]):
                continue
            names, number = other.terms[0]
            if number < 1:
                return False
            root = round(number ** (1 / degree))
            if root**degree != number or any(names.count(name) % degree for name in names):
                return False if other.value is not None else None
            return self._bind(monomial[0], Dim({names[::degree]: root}), where)
        return None

    def _bind(self, name: str, dim: Dim, where: tuple[Expr, ...]) -> bool:
        value = dim.value
        if value is not None and value < 2:
            return False
        if dim.name is not None and is_flexible(dim.name) and int(dim.name[1:]) > int(name[1:]):
            name, dim = dim.name, size(name)
        self._known[name] = dim
        self._why[name] = (dim, where)
        return True


def _given(error: MatdiffError) -> MatdiffError:
    return error


def is_flexible(name: str) -> bool:
    """Whether the size name was invented here."""
    return name[0] == INVENTED


def is_open(dim: Dim) -> bool:
    """Whether the resolved size is an invented name, still free to become equal to another."""
    return dim.name is not None and is_flexible(dim.name)


def bounded(dim: Dim) -> Dim:
    """The size itself.  Raises TooLarge when it is too long to work with, as kron and blocks could make it."""
    if len(dim.terms) > 1 or (dim.terms and len(dim.terms[0][0]) > 1):
        if sum(len(monomial) + 1 for monomial, _ in dim.terms) > SIZE_PARTS:
            raise TooLarge(what="size", limit=SIZE_PARTS)
    if any(coefficient.bit_length() > SIZE_BITS for _, coefficient in dim.terms):
        raise TooLarge(what="size-number", limit=SIZE_BITS)
    return dim


def without_common_factor(left: Dim, right: Dim) -> tuple[Dim, Dim]:
    """Both sizes divided by what divides every term of both: a product of names and a number.  Sizes are positive."""
    terms = left.terms + right.terms
    if not left.terms or not right.terms:
        return left, right
    common = list(terms[0][0])
    for monomial, _ in terms[1:]:
        rest = list(monomial)
        common = [name for name in common if _take(name, rest)]
    number = 0
    for _, coefficient in terms:
        number = _gcd(number, abs(coefficient))
    if not common and number == 1:
        return left, right
    return _divided(left, common, number), _divided(right, common, number)


def _take(name: str, names: list[str]) -> bool:
    if name in names:
        names.remove(name)
        return True
    return False


def _gcd(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return a


def _divided(dim: Dim, names: list[str], number: int) -> Dim:
    terms = {}
    for monomial, coefficient in dim.terms:
        rest = list(monomial)
        for name in names:
            rest.remove(name)
        terms[tuple(rest)] = coefficient // number
    return Dim(terms)


class Ranges:
    """The sizes over which indices run: of members x_i of families, of entries a_ij, of arrays that are written by their entries."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self.known: dict[str, Dim] = {}

    def begin(self, total: Expr, size: Callable[[Expr], Dim]) -> None:
        """A sum begins; up to where its indices are written to run are sizes."""
        for part in total.args[1:]:
            if part.op == "index":
                self.known[str(part.value)] = size(part.args[0]) if part.args else self.sizes.invent()
            elif part.op == "condition":
                self._runs_over_one(part)

    def of(self, expr: Expr) -> list[Dim]:
        """The sizes of the indices of a name, or of the left side of an array."""
        return [self._range(index) for index in expr.args]

    def _range(self, index: Expr) -> Dim:
        return self.known.setdefault(str(index.value), self.sizes.invent())

    def _runs_over_one(self, condition: Expr) -> None:
        """The indices of a condition run over the same."""
        one, other = self.of(condition)
        left, right = map(letter_of, condition.args)
        self._unify(condition, f"{left} {condition.value} {right}", one, other)

    def total(self, expr: Expr, entry: Expr) -> Shape:
        """The shape of a sum of such entries, and of y[i] = ... and Y[i,k] = ...; what is held at one index may be a vector, a row then,
        or a matrix.

        Raises WrongKind, NotLifted where they must be numbers.
        """
        assert entry.shape is not None
        if expr.value in ("prod", "max", "min") and entry.shape != SCALAR:
            raise WrongKind(function=str(expr.value), argument=entry, expected="scalar")
        if expr.value != "array":
            return entry.shape
        axes = self.of(expr.replace(args=expr.args[1:]))
        if len(axes) == 1 and is_held(expr.args[1]) and entry.shape != SCALAR and not shape_of(entry)[0].is_one:
            return (axes[0], *(dim for dim in shape_of(entry) if not dim.is_one))
        if entry.shape != SCALAR:
            raise NotLifted(span=expr.span, operation="")
        return shape_of_axes(axes)

    def array(self, expr: Expr, kind: str) -> Shape:
        """The shape of the array of a name with indices, which run over its first axes; `kind` is that of its members."""
        axes = [*self.of(expr), *(self.sizes.invent() for _ in range(("scalar", "vector", "matrix").index(kind)))]
        return shape_of_axes(axes)

    def member(self, expr: Expr, array: Shape) -> Shape:
        """The shape of x_i, a row of the matrix x or an entry of the vector x, of the entry a_ij, or of the matrix A_k."""
        axes = self.of(expr)
        if len(axes) == 2 and array[1].is_one:
            raise WrongKind(function="[i,j]", argument=expr.replace(args=(), shape=array), expected="matrix")
        for index, one, other in zip(expr.args, axes, (*array, *[ONE] * len(axes))):
            self._unify(expr, letter_of(index), one, other)
        rest = [dim for dim in array[len(axes) :] if not dim.is_one]
        return shape_of_axes(rest)

    def refuse_arrays(self, operands: Iterable[Expr]) -> None:
        """Raises ArrayAxes for an array with more axes than a matrix that does not stand at its indices."""
        for operand in operands:
            if operand.shape is not None and operand.shape[2:]:
                raise ArrayAxes(array=operand, span=operand.span)

    def along(self, base: Expr, index: Expr, dim: Dim) -> Dim:
        """The index runs along an axis, of this size, of what is written before the bracket; it leaves one entry."""
        self._unify(base, letter_of(index), dim, self._range(index))
        return ONE

    def _unify(self, expr: Expr, written: str, one: Dim, other: Dim) -> None:
        fail = partial(IndexSizes, left=one, right=other, span=expr.span, written=written)
        self.sizes.unify(one, other, (expr,), fail)


def joined(exprs: tuple[Expr, ...]) -> Span | None:
    """The span from the first to the last of the expressions."""
    spans = [expr.span for expr in exprs if expr.span is not None]
    return Span(min(span.start for span in spans), max(span.end for span in spans)) if spans else None


def size_of(expr: Expr) -> Dim:
    """A size from the arithmetic of a declaration or of `ones(n + 1)`: numbers, names, +, - and products.

    Raises TooLarge when the polynomial gets too long.
    """
    sizes: dict[int, Dim] = {}
    for node in post_order(expr):
        parts = [sizes[id(arg)] for arg in node.args]
        if not parts:
            assert isinstance(node.value, (int, str))
            total = size(node.value)
        elif node.op == "neg":
            total = -parts[0]
        else:
            total = parts[0]
            for part in parts[1:]:
                total = bounded(total + part if node.op == "+" else total * part)
        sizes[id(node)] = total
    return ONE if sizes[id(expr)].is_one else bounded(sizes[id(expr)])
