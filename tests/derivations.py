"""Whether every line of a derivation is a true equality, by numbers: differentials and derivatives are differences of the input."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from random import Random
from typing import Any

import numpy as np
from contractions import contraction
from mathematics import usable_sizes

from matdiff.answer.result import Result
from matdiff.api import Derivative
from matdiff.check import verify
from matdiff.functions import FUNCTIONS
from matdiff.language.queries import post_order, shape_of
from matdiff.language.syntax import Expr
from matdiff.numbers.axes import number_of_dim
from matdiff.numbers.matrices import Matrix, Number, Undefined, added, filled, scaled, size_of
from matdiff.numbers.precision import mp
from matdiff.numbers.sample import in_space
from matdiff.numbers.values import Entries, Evaluation
from matdiff.steps.derivation import Derivation, Law, Line

TOLERANCE = mp.mpf("1e-9")
STEP = mp.mpf("1e-12")
DIGITS = 40
# Of an array with many entries, or of entries that are long sums, a random part is compared.
MOST_ENTRIES = 24
MOST_TERMS = 600
_CHANGES = ("partial", "held", "differential")


class Untrue(AssertionError):
    """A line whose sides differ."""


class Point:
    """Values of everything that occurs in a derivation, and how they change.

    definitions   every named value but the variables, in dependency order: definitions, introduced names, the output, named parts
    """

    def __init__(
        self,
        values: Mapping[str, Matrix],
        sizes: Mapping[str, int],
        definitions: Mapping[str, Expr],
        changes: Mapping[str, Matrix],
    ) -> None:
        self.values, self.sizes, self.definitions, self.changes = dict(values), sizes, dict(definitions), changes
        self.derivatives: dict[object, list[list[Matrix]]] = {}
        self.all = self.at({})

    def define(self, name: str, expr: Expr) -> None:
        """Name one more value."""
        self.definitions[name] = expr
        self.all = self.at({})

    def at(self, overrides: Mapping[str, Matrix]) -> dict[str, Matrix]:
        """All values when some are set to others; what depends on these is computed again."""
        evaluation = Evaluation({**self.values, **overrides}, self.sizes, {})
        for name, definition in self.definitions.items():
            if name not in overrides:
                evaluation.values[name] = evaluation.value(definition)
        return evaluation.values

    def along(self, expr: Expr, directions: Mapping[str, Matrix], held: Mapping[str, Matrix]) -> Matrix:
        """The derivative of an expression while the names move in these directions."""
        sides = []
        for sign in (1, -1):
            moved = {name: added(self.all[name], scaled(sign * STEP, direction)) for name, direction in directions.items()}
            sides.append(Evaluation(self.at({**held, **moved}), self.sizes, {}).value(expr))
        return scaled(1 / (2 * STEP), added(sides[0], scaled(-1, sides[1])))

    def differential(self, node: Expr) -> Matrix:
        if not node.args and node.value in self.changes:
            return self.changes[str(node.value)]
        inner = node.args[0] if node.args else Expr("name", (), node.value, shape=node.shape)
        return self.along(inner, self.changes, {})

    def partial(self, above: Expr, below: Expr, held: tuple[str, ...] = ()) -> list[list[Matrix]]:
        """The derivative of an array by every entry of a named one."""
        key = (above, below, held)
        if key not in self.derivatives:
            fixed = {name: self.all[name] for name in held}
            rows, columns = size_of(self.all[str(below.value)])
            table = []
            for i in range(rows):
                table.append([])
                for j in range(columns):
                    direction = filled(rows, columns)
                    direction[i][j] = mp.mpf(1)
                    table[-1].append(self.along(above, {str(below.value): direction}, fixed))
            self.derivatives[key] = table
        return self.derivatives[key]


class _Arrays(Evaluation):
    """Evaluates expressions in which differentials and derivatives stand."""

    def __init__(self, point: Point) -> None:
        super().__init__(point.all, point.sizes, {})
        self.point = point

    def _node(self, node: Expr) -> Matrix:
        if node.op == "differential":
            return self.point.differential(node)
        if node.op in ("partial", "held"):
            return _arranged(self.point, node)
        return super()._node(node)


class _Indexed(Entries):
    def __init__(self, point: Point) -> None:
        super().__init__(_Arrays(point))
        self.made: dict[object, tuple[Expr, Expr]] = {}
        self.point = point

    def value(self, node: Expr, at: dict[str, int]) -> Number:
        if node.op == "held":
            return self._partial(node.args[0], at, tuple(str(name.value) for name in node.args[1:]))
        if node.op == "partial" and (self._has_indices(node) or node.shape is None):
            return self._partial(node, at, ())
        return super().value(node, at)

    def _sum(self, node: Expr, at: dict[str, int]) -> Number:
        """Letters that a delta, or dX[a,b]/dX[k,l], ties to known ones are not summed but set."""
        body, *indices = node.args
        if body.op == "+":
            return mp.fsum(self._sum(self._split(node, place), at) for place in range(len(body.args)))
        free = [str(index.value) for index in indices]
        known, changed = dict(at), True
        while changed:
            changed = False
            for one, other in _ties(body):
                for letter, partner in ((one, other), (other, one)):
                    if letter in free and partner in known:
                        free.remove(letter)
                        known[letter], changed = known[partner], True
        if not free:
            return self.value(body, known)
        follows: dict[str, str] = {}
        for one, other in _ties(body):
            for letter, partner in ((one, other), (other, one)):
                if letter in free and partner in free and not self._stands(letter, body):
                    free.remove(letter)
                    follows[letter] = partner
        if not follows:
            return super()._sum(self._kept(node, tuple(free)), known)
        terms = []
        for place in product(*(range(self._size(letter, body)) for letter in free)):
            assigned = {**known, **dict(zip(free, place, strict=True))}
            terms.append(self.value(body, {**assigned, **{letter: assigned[partner] for letter, partner in follows.items()}}))
        return mp.fsum(terms)

    def _split(self, node: Expr, place: int) -> Expr:
        """The sum of one term."""
        return self._made(node, place, node.args[0].args[place], node.args[1:])

    def _kept(self, node: Expr, letters: tuple[str, ...]) -> Expr:
        """The sum over fewer letters."""
        return self._made(node, letters, node.args[0], tuple(i for i in node.args[1:] if i.value in letters))

    def _made(self, node: Expr, how: object, body: Expr, indices: tuple[Expr, ...]) -> Expr:
        """A sum made of another one, kept so that it is planned once."""
        key = (id(node), how)
        if key not in self.made:
            self.made[key] = node, node.replace(args=(body, *indices))
        return self.made[key][1]

    def _stands(self, letter: str, body: Expr) -> bool:
        """Whether a letter is an index of an array, which tells how far it runs."""
        return any(node.op == "entry" and letter in [i.value for i in node.args[1:]] for node in post_order(body))

    def _partial(self, node: Expr, at: dict[str, int], held: tuple[str, ...]) -> Number:
        above, below = node.args
        table = self.point.partial(_array(above), _array(below), held)
        row, column = _place(below, at)
        i, j = _place(above, at)
        return table[row][column][i][j]

    def _entry(self, array: Expr, place: tuple[int, ...]) -> Number:
        if array.op == "name" and array.value not in self.point.all:  # G, the derivative by a variable without structure
            return self.point.all_of_free[place]  # type: ignore[attr-defined]
        return super()._entry(array, place)


def _ties(body: Expr) -> list[tuple[str, str]]:
    """Pairs of letters that must be equal for a product not to vanish."""
    if body.op in ("/", "neg"):
        return _ties(body.args[0])
    found = []
    for factor in body.args if body.op == "*" else (body,):
        if factor.op in ("*", "/", "neg"):
            found += _ties(factor)
        if factor.op == "delta":
            found.append((str(factor.args[0].value), str(factor.args[1].value)))
        if factor.op == "partial" and factor.args[0].op == "entry" == factor.args[1].op:
            (array, *above), (other, *below) = factor.args[0].args, factor.args[1].args
            if array == other and array.op == "name":
                found += [(str(a.value), str(b.value)) for a, b in zip(above, below, strict=True)]
    return found


def _array(expr: Expr) -> Expr:
    return expr.args[0] if expr.op == "entry" else expr


def _place(expr: Expr, at: dict[str, int]) -> tuple[int, int]:
    """Row and column of an entry."""
    if expr.op != "entry":
        return 0, 0
    letters = [at[str(index.value)] for index in expr.args[1:]]
    if len(letters) == 2:
        return letters[0], letters[1]
    return (0, letters[0]) if shape_of(expr.args[0])[0].is_one else (letters[0], 0)


def _axes(matrix_sizes: tuple[int, int], expr: Expr) -> list[int]:
    return [size for size, dim in zip(matrix_sizes, shape_of(expr), strict=True) if not dim.is_one]


def _tensor(point: Point, above: Expr, below: Expr) -> dict[tuple[int, ...], Number]:
    """The derivative of one array by another, by the indices of both."""
    table = point.partial(above, below)
    found = {}
    for (i, row), (dims_above, dims_below) in product(enumerate(table), [(shape_of(above), shape_of(below))]):
        for j, matrix in enumerate(row):
            tail = tuple(k for k, dim in zip((i, j), dims_below, strict=True) if not dim.is_one)
            for a, line in enumerate(matrix):
                for b, number in enumerate(line):
                    found[tuple(k for k, dim in zip((a, b), dims_above, strict=True) if not dim.is_one) + tail] = number
    return found


def _as_matrix(tensor: dict[tuple[int, ...], Number], as_row: bool = False) -> Matrix:
    sizes = [1 + max(place[axis] for place in tensor) for axis in range(len(next(iter(tensor))))]
    if not sizes:
        return [[tensor[()]]]
    if len(sizes) == 1:
        column = [[tensor[(i,)]] for i in range(sizes[0])]
        return [[row[0] for row in column]] if as_row else column
    return [[tensor[i, j] for j in range(sizes[1])] for i in range(sizes[0])]


def _arranged(point: Point, node: Expr) -> Matrix:
    """A derivative as an array, as the node's shape has it."""
    above, below = node.args
    rows, columns = shape_of(node)
    return _as_matrix(_tensor(point, above, below), as_row=rows.is_one and not columns.is_one)


# --- derivations ----------------------------------------------------------------------------------------------------------


def check(answer: Derivative, result: Result, derivation: Derivation, seed: int = 0) -> int:
    """Try every line at a random point; the number of lines tried, 0 when there is no point.  Raises Untrue."""
    with mp.workdps(DIGITS * result.order):
        sizes = usable_sizes(answer, seed)
        values = verify.sample(answer.typed, seed, sizes)
        if values is None:
            return 0
        point = _point(answer, result, derivation, values, sizes, Random(seed))
        known: dict[Expr, Expr] = {}
        for place, line in enumerate(derivation.lines):
            is_last = place == len(derivation.lines) - 1
            pairs = [pair for pair in (line.given, line.because) if pair is not None]
            if is_last:
                _compare_result(point, line, answer, result)
                if result.order > 1:
                    known[line.left] = line.right
            else:
                pairs.append((line.left, line.right))
            for left, right in pairs:
                _compare(point, _known(left, known), _known(right, known), line, Random(seed), result)
                named = left.op == "partial" and not _free_letters(left)
                if result.order > 1 and not is_last and named and not any(n.op in _CHANGES for n in post_order(right)):
                    # The derivative of lower order, of which the next lines speak as of any other value.
                    known[left] = Expr("name", (), f"derivative {place}", shape=right.shape)
                    point.define(f"derivative {place}", right)
                    assert isinstance(left.value, int)
                    name = result.wrt[min(left.value, result.order - 1)]
                    point.changes = {name: _change(answer, name, values[name], Random(seed))}
        return len(derivation.lines)


def _known(expr: Expr, known: Mapping[Expr, Expr]) -> Expr:
    """The expression with names for the derivatives that are values by now."""
    done: dict[int, Expr] = {}
    for node in post_order(expr):
        if node in known:
            done[id(node)] = known[node]
        else:
            args = tuple(done[id(arg)] for arg in node.args)
            done[id(node)] = node if args == node.args else node.replace(args=args)
    return done[id(expr)]


def _point(
    answer: Derivative, result: Result, derivation: Derivation, values: dict[str, Matrix], sizes: dict[str, int], random: Random
) -> Point:
    typed = answer.typed
    name = result.wrt[0]
    definitions = {**typed.definitions, **derivation.introduced}
    output = _output(derivation.lines[-1])
    given = {str(line.given[0].value): line.given[1] for line in derivation.lines if line.given is not None}
    if output not in definitions:
        definitions[output] = given.get(output, typed.expr)
    for part in result.where:
        definitions.setdefault(part.name, part.expr)
    point = Point(values, sizes, definitions, {name: _change(answer, name, values[name], random)})
    variable = Expr("name", (), name, shape=typed.variables[name].shape)
    whole = Expr("name", (), output, shape=typed.expr.shape)
    point.all_of_free = _tensor(point, whole, variable)  # type: ignore[attr-defined]
    return point


def _change(answer: Derivative, name: str, value: Matrix, random: Random) -> Matrix:
    """A random direction in which the variable may move."""
    plain = [[mp.mpf(random.gauss(0, 1)) for _ in row] for row in value]
    return in_space(
        answer.typed.variables[name].property, "ignore" if answer.asked.structure == "ignore" else "project", value, plain
    )


def _output(line: Line) -> str:
    return str(_array(line.left.args[0]).value)


def _compare(point: Point, left: Expr, right: Expr, line: Line, random: Random, result: Result) -> None:
    letters = _free_letters(left)
    if left.op == "partial" and left.shape is None and not letters:
        left = left.replace(shape=right.shape)
    if not letters:
        found = [_matrix(point, side) for side in (left, right)]
        _equal(*found, line)
        return
    ranges = _ranges(point, left, letters, result)
    places = list(product(*(range(size) for size in ranges)))
    most = max(2, min(MOST_ENTRIES, MOST_TERMS // max(_terms(point, side) for side in (left, right))))
    if len(places) > most:
        places = random.sample(places, most)
    indexed = _Indexed(point)
    rows = []
    for side in (left, right):
        rows.append([[indexed.value(side, dict(zip(letters, place, strict=True))) for place in places]])
    _equal(rows[0], rows[1], line)


def _contraction(point: Point, side: Expr) -> Matrix:
    """A matrix, or the derivative of a number, contracted with tensors of order four."""

    def matrix(expr: Expr) -> Any:
        return np.array([[float(x) for x in row] for row in _matrix(point, expr)])

    def derivative(expr: Expr) -> Any:
        table = np.array([[[[float(x) for x in r] for r in m] for m in row] for row in point.partial(*expr.args)])
        return np.transpose(table, (2, 3, 0, 1))

    value = contraction(side, point.sizes, matrix, derivative, first=True)
    return [[mp.mpf(x) for x in row] for row in np.reshape(value, value.shape[-2:]).tolist()]


def _matrix(point: Point, side: Expr) -> Matrix:
    if side.op == "contract":
        return _contraction(point, side)
    if side.op == "name" and side.value not in point.all:
        return _as_matrix(point.all_of_free)  # type: ignore[attr-defined]
    if (side.op in ("partial", "held") and side.shape is None) or any(
        n.op in ("sigma", "entry", "held") for n in post_order(side)
    ):
        return [[_Indexed(point).value(side, {})]]
    return _Arrays(point).value(side)


def _terms(point: Point, side: Expr) -> int:
    """How many terms the sums of an entry have."""
    largest = max([2, *point.sizes.values()])
    return max([1, *(largest ** (len(node.args) - 1) for node in post_order(side) if node.op == "sigma")])


def _free_letters(left: Expr) -> list[str]:
    summed = {str(i.value) for node in post_order(left) if node.op == "sigma" for i in node.args[1:]}
    found = [str(node.value) for node in post_order(left) if node.op == "index"]
    return [letter for letter in dict.fromkeys(found) if letter not in summed]


def _ranges(point: Point, left: Expr, letters: list[str], result: Result) -> list[int]:
    """How far each letter runs, from the array at which it stands; letters of G run over output and variable."""
    sizes: dict[str, int] = {}
    for node in post_order(left):
        if node.op != "entry":
            continue
        array, *indices = node.args
        if array.op == "name" and array.value not in point.all:
            dims = [axis[2] for axis in result.axes]
        else:
            dims = [dim for dim in shape_of(array) if not dim.is_one]
        for index, dim in zip(indices, dims, strict=True):
            sizes[str(index.value)] = number_of_dim(dim, point.sizes)
    return [sizes[letter] for letter in letters]


def _compare_result(point: Point, line: Line, answer: Derivative, result: Result) -> None:
    """The last line is the printed result, which differences in the variable's own space confirm."""
    if line.right != result.expr:
        raise Untrue(f"the last line is not the result: {line.right!r}")
    values = {n: point.values[n] for n in answer.typed.variables}
    trial = verify.Trial(answer, result, verify.Point(values, dict(point.sizes)))
    difference, largest = trial.apart(values, mp.mpf(10) ** -verify.STEP_DIGITS)
    worst = difference / max(largest, 1e-10)
    if worst > TOLERANCE:
        raise Untrue(f"the result by {result.wrt} is wrong: {worst}")


def _equal(left: Matrix, right: Matrix, line: Line) -> None:
    if size_of(left) != size_of(right) and (1, 1) in (size_of(left), size_of(right)):
        big, small = (left, right) if size_of(right) == (1, 1) else (right, left)
        small = [[small[0][0]] * len(big[0]) for _ in big]
        left, right = big, small
    if size_of(left) != size_of(right):
        raise Untrue(f"{size_of(left)} and {size_of(right)}: {_shown(line)}")
    scale = max([mp.mpf("1e-3"), *(abs(x) for row in (*left, *right) for x in row)])
    worst = max(abs(a - b) / scale for x, y in zip(left, right, strict=True) for a, b in zip(x, y, strict=True))
    if not worst < TOLERANCE:
        raise Untrue(f"error {mp.nstr(worst, 3)}: {_shown(line)}")


def _shown(line: Line) -> str:
    from matdiff.language.text import text

    return f"{text(line.left)} = {text(line.right)}"


# --- laws -----------------------------------------------------------------------------------------------------------------


def law_error(law: Law, manner: str, seed: int = 0) -> Number:
    """How far the sides of a law's equation are apart at a random point.  Raises Undefined."""
    from matdiff.numbers.sample import _ENTRIES

    assert law.equation is not None
    left, right = law.equation
    random = Random(seed)
    with mp.workdps(DIGITS):
        nodes = [node for side in (left, right) for node in post_order(side)]
        dims = [dim for node in nodes if node.shape is not None for dim in node.shape]
        names = list(dict.fromkeys(name for dim in dims for name in dim.names))
        sizes = {name: 2 + place for place, name in enumerate(reversed(names))}
        values, changes = {}, {}
        symmetric = any(node.op in FUNCTIONS and FUNCTIONS[node.op].domain == "symmetric" for node in nodes)
        for node in nodes:
            if node.op in ("name", "differential") and not node.args and node.shape is not None:
                rows, columns = (number_of_dim(dim, sizes) for dim in shape_of(node))
                draw = _ENTRIES["normal" if node.op == "differential" else manner]
                target = changes if node.op == "differential" else values
                plain = [[mp.mpf(draw(random)) for _ in range(columns)] for _ in range(rows)]
                if manner.startswith("dominant") and node.op == "name" and rows == columns > 1:
                    for i in range(rows):
                        plain[i][i] += rows
                if symmetric:
                    plain = in_space("symmetric", "project", plain, plain)
                target.setdefault(str(node.value), plain)
        for name in changes:
            values.setdefault(name, changes[name])
        point = Point(values, sizes, {}, changes)
        found = [_matrix(point, side) for side in (left, right)]
        scale = max([mp.mpf(1), *(abs(x) for row in found[0] for x in row)])
        assert size_of(found[0]) == size_of(found[1])
        return max(abs(a - b) / scale for x, y in zip(*found, strict=True) for a, b in zip(x, y, strict=True))


__all__ = ["Undefined", "Untrue", "check", "law_error"]
