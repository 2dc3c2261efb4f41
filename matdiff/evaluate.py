"""`verify`: every result against numerical differences of the input, at random sizes and points, with many digits.

Central differences nested as often as the order says: the step is 1e-12 and the digits grow with the order, so that a right
formula agrees to some 20 digits and a wrong one does not agree at all.  Importing this module loads mpmath.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from random import Random
from typing import TYPE_CHECKING, Literal

from matdiff.dims import SCALAR, Dim
from matdiff.directions import SOLVE
from matdiff.formula import shape_of
from matdiff.matrices import Matrix, Number, Undefined, added, filled, scaled, size_of
from matdiff.numerics import OPERATIONS
from matdiff.precision import mp
from matdiff.sample import MANNERS, draw_sizes, draw_values, in_space
from matdiff.values import Evaluation, Index, evaluate, evaluate_tensor, number_of_dim
from matdiff.walk import post_order

if TYPE_CHECKING:
    from matdiff.directions import Along
    from matdiff.infer import Typed
    from matdiff.pipeline import Derivative
    from matdiff.result import Result

__all__ = ["Report", "Undefined", "differences", "evaluate", "evaluate_tensor", "sample", "verify"]

TOLERANCE = 1e-9
STEP_DIGITS = 12
# Each manner of drawing values is tried so often before the next.
TRIES = 3
# At most so many entries of a derivative by its variables are compared in a trial; of long expressions or large arrays fewer.
MOST_ENTRIES = 60


class Report:
    """What a comparison found.

    passed, trials      trials is 0, and passed False, when no point was found where the expression is real and finite
    max_relative_error  the largest difference, in proportion to the largest entry of its array
    sizes, seed         what a size name stood for, and the seed that gives the same points again
    """

    kind: Literal["verify"] = "verify"

    def __init__(self, passed: bool, trials: int, max_relative_error: float, sizes: dict[str, int], seed: int) -> None:
        self.passed, self.trials, self.max_relative_error = passed, trials, max_relative_error
        self.sizes, self.seed = sizes, seed

    def __repr__(self) -> str:
        verdict = "passed" if self.passed else "failed"
        where = f"sizes {self.sizes}, seed {self.seed}"
        return f"<Report {verdict}: {self.trials} trials, error {self.max_relative_error:.1e}, {where}>"


def _digits(order: int) -> int:
    return 28 + (STEP_DIGITS + 4) * max(order, 1)


def sample(typed: Typed, seed: int, sizes: Mapping[str, int]) -> dict[str, Matrix] | None:
    """Values of the variables where the expression is real and finite, or None when none was found."""
    for manner in MANNERS:
        for attempt in range(TRIES if manner != "mixed" else 10 * TRIES):
            values = draw_values(typed.variables.values(), sizes, (seed, attempt), manner)
            try:
                evaluate(typed.expr, values, sizes, typed.definitions)
            except Undefined:
                continue
            return values
    return None


def usable_sizes(answer: Derivative, seed: int, fixed: Mapping[str, int]) -> dict[str, int]:
    """Sizes at which input and results have a value: inv(X^T X), for one, needs an X that is no wider than tall."""
    typed = answer.typed
    candidates = [draw_sizes(typed, seed + attempt, fixed) for attempt in range(8)]
    for sizes in candidates:
        for manner in MANNERS:
            values = draw_values(typed.variables.values(), sizes, (seed, 0), manner)
            try:
                evaluate(typed.expr, values, sizes, typed.definitions)
                for result in answer.results:
                    parts = {part.name: part.expr for part in result.where}
                    for expr in (*parts.values(), result.expr):
                        if not any(node.op == "index" for node in post_order(expr)):
                            evaluate(expr, values, sizes, parts)
            except Undefined:
                continue
            return sizes
    return candidates[0]


def differences(
    typed: Typed,
    wrt: Sequence[str],
    values: Mapping[str, Matrix],
    sizes: Mapping[str, int],
    places: Sequence[Sequence[Index]],
    structure: str = "project",
    along: Along | None = None,
    moved: Sequence[str] = (),
) -> list[Matrix]:
    """The output differentiated numerically, one matrix for every element of `places`.

    With `along` it is the output weighted by u (vjp), or its change when the variables `moved` move along v (hvp, jvp).

    An element of `places` is the entry (row, column) of each variable of `wrt`.  A direction stays in the space of a
    structured variable as `structure` says.  Raises Undefined where the expression is.
    """
    step = mp.mpf(10) ** -STEP_DIGITS

    def value(at: Mapping[str, Matrix]) -> Matrix:
        return Evaluation(at, sizes, typed.definitions).value(typed.expr)

    def undifferentiated(at: Mapping[str, Matrix]) -> Matrix:
        if along is None:
            return value(at)
        if along.kind == "vjp":
            return OPERATIONS[":"](values[along.names[0]], value(at))
        ahead, behind = dict(at), dict(at)
        for name, to in zip(moved, along.names, strict=True):
            way = scaled(step, _direction(typed.variables[name].property, structure, at[name], values[to]))
            ahead[name], behind[name] = added(at[name], way), added(at[name], scaled(-1, way))
        return scaled(1 / (2 * step), added(value(ahead), scaled(-1, value(behind))))

    def derivative(depth: int, at: Mapping[str, Matrix], place: Sequence[Index]) -> Matrix:
        if depth == 0:
            return undifferentiated(at)
        name = wrt[depth - 1]
        row, column = place[depth - 1]
        entry = filled(*size_of(at[name]))
        entry[row][column] = mp.mpf(1)
        direction = scaled(step, in_space(typed.variables[name].property, structure, at[name], entry))
        ahead = derivative(depth - 1, {**at, name: added(at[name], direction)}, place)
        behind = derivative(depth - 1, {**at, name: added(at[name], scaled(-1, direction))}, place)
        return scaled(1 / (2 * step), added(ahead, scaled(-1, behind)))

    return [derivative(len(wrt), values, place) for place in places]


def _direction(prop: str | None, structure: str, at: Matrix, along: Matrix) -> Matrix:
    """The way that a variable goes along a matrix: the sum of those of its entries."""
    rows, columns = size_of(along)
    total = filled(rows, columns)
    for i, j in product(range(rows), range(columns)):
        entry = filled(rows, columns)
        entry[i][j] = mp.mpf(1)
        total = added(total, scaled(along[i][j], in_space(prop, structure, at, entry)))
    return total


def verify(answer: Derivative, *, seed: int = 0, sizes: Mapping[str, int] | None = None, trials: int = 3) -> Report:
    """Compare every result of an answer, in matrix and in index notation, with differences of its input.

    `sizes` fixes size names; the others are drawn, all different.
    """
    typed = answer.typed
    chosen = usable_sizes(answer, seed, sizes or {})
    worst, done = mp.mpf(0), 0
    for trial in range(trials):
        with mp.workdps(_digits(max((result.order for result in answer.results), default=1))):
            values = sample(typed, seed + trial, chosen)
            if values is None:
                break
            try:
                for result in answer.results:
                    worst = max(worst, _error(answer, result, values, chosen, Random(seed + trial)))
            except Undefined:  # the formula has no value where the input has one
                worst = mp.inf
            done += 1
    return Report(done > 0 and worst < TOLERANCE, done, float(worst), chosen, seed)


def _error(answer: Derivative, result: Result, values: Mapping[str, Matrix], sizes: dict[str, int], random: Random) -> Number:
    """The relative error of one result at one point."""
    typed = answer.typed
    along = result.along
    if along and along.kind == SOLVE:
        return _error_of_solution(answer, result, along, values, sizes)
    wrt = () if along and along.kind == "jvp" else result.wrt
    moved = [] if along is None else result.wrt if along.kind == "jvp" else answer.wrt
    shapes = [size_of(values[name]) for name in wrt]
    places = _chosen([list(product(range(rows), range(columns))) for rows, columns in shapes], random)
    numbers = differences(typed, wrt, values, sizes, places, answer.structure, along, moved)
    expected: dict[Index, Number] = {}
    output = SCALAR if along and along.kind == "vjp" else shape_of(typed.expr)
    variable_dims = [typed.variables[name].shape for name in wrt]
    for place, matrix in zip(places, numbers, strict=True):
        tail = tuple(i for dims, pair in zip(variable_dims, place, strict=True) for i in _kept(dims, pair))
        for i, row in enumerate(matrix):
            for j, number in enumerate(row):
                expected[_kept(output, (i, j)) + tail] = number
    order = list(range(len(result.axes)))[:: -1 if result.turned else 1]
    letters = [(result.axes[axis][3], number_of_dim(result.axes[axis][2], sizes)) for axis in order]
    parts = {part.name: part.expr for part in result.where}
    found = evaluate_tensor(result.index_expr, letters, values, sizes, expected, parts)
    worst = _difference(expected, found)
    if result.form == "index":
        return max(worst, _difference(expected, evaluate_tensor(result.expr, letters, values, sizes, expected, parts)))
    matrix = evaluate(result.expr, values, sizes, parts)
    shown = {place: _entry(matrix, tuple(place[order.index(axis)] for axis in range(len(order)))) for place in expected}
    return max(worst, _difference(expected, shown))


def _error_of_solution(
    answer: Derivative, result: Result, along: Along, values: Mapping[str, Matrix], sizes: dict[str, int]
) -> Number:
    """How far the Hessian, applied numerically to the solution in both notations, is from the right side."""
    (name,), (direction,) = result.wrt, along.names
    rows, columns = size_of(values[direction])
    entries = list(product(range(rows), range(columns)))
    shape = answer.typed.variables[name].shape
    letters = [(letter, number_of_dim(dim, sizes)) for _, _, dim, letter in result.axes]
    parts = {part.name: part.expr for part in result.where}
    worst = mp.mpf(0)
    for expr, entrywise in ((result.index_expr, True), (result.expr, result.form == "index")):
        if entrywise:
            places = [_kept(shape, entry) for entry in entries]
            found = evaluate_tensor(expr, letters, values, sizes, places, parts)
            solution = [[found[_kept(shape, (i, j))] for j in range(columns)] for i in range(rows)]
        else:
            solution = evaluate(expr, values, sizes, parts)
        at = {**values, direction: solution}
        applied = differences(answer.typed, (name,), at, sizes, [[entry] for entry in entries], answer.structure, along, [name])
        wanted: dict[Index, Number] = {(i, j): values[direction][i][j] for i, j in entries}
        worst = max(worst, _difference(wanted, {entry: number[0][0] for entry, number in zip(entries, applied, strict=True)}))
    return worst


def _chosen(entries: list[list[Index]], random: Random) -> list[tuple[Index, ...]]:
    """Entries of the variables to compare: all of them where they are few, else a random part."""
    count = 1
    for part in entries:
        count *= len(part)
    if count <= MOST_ENTRIES:
        return list(product(*entries))
    most = MOST_ENTRIES if count < MOST_ENTRIES**2 else MOST_ENTRIES // 6
    return list(dict.fromkeys(tuple(random.choice(part) for part in entries) for _ in range(most)))


def _kept(dims: tuple[Dim, Dim], pair: Index) -> Index:
    """The indices that remain when sizes 1 vanish."""
    return tuple(i for i, dim in zip(pair, dims, strict=True) if not dim.is_one)


def _entry(matrix: Matrix, place: Index) -> Number:
    """The entry of a value in matrix notation; a scalar stands for an array of equal entries."""
    if size_of(matrix) == (1, 1):
        return matrix[0][0]
    if len(place) == 2:
        return matrix[place[0]][place[1]]
    return matrix[place[0]][0] if len(matrix[0]) == 1 else matrix[0][place[0]]


def _difference(expected: Mapping[Index, Number], found: Mapping[Index, Number]) -> Number:
    largest = max([mp.mpf(10) ** -10, *(abs(number) for number in (*expected.values(), *found.values()))])
    return max([mp.mpf(0), *(abs(expected[place] - found[place]) / largest for place in expected)])
