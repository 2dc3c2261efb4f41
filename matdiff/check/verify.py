"""`verify`: every result against numerical differences of the input, at random sizes and points, with many digits.

Central differences nested as often as the order says: the step is 1e-20 and the digits grow with the order, so that a right
formula agrees to some 35 digits and a wrong one does not agree at all.  Importing this module loads mpmath.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from math import prod
from random import Random
from typing import TYPE_CHECKING, Literal, NamedTuple

from matdiff.derive.directions import SOLVE
from matdiff.derive.structure import turns_with_variable
from matdiff.infer.infer import Typed
from matdiff.language.dims import SCALAR, Dim
from matdiff.language.queries import shape_of
from matdiff.numbers.matrices import Matrix, Number, Overlarge, Undefined, added, difference, entry_at, filled, scaled, size_of
from matdiff.numbers.numerics import OPERATIONS
from matdiff.numbers.points import Point, Sampler, sample, spread
from matdiff.numbers.precision import mp
from matdiff.numbers.sample import in_space
from matdiff.numbers.trial_sizes import MOST_WORK, fixed_sizes
from matdiff.numbers.values import Evaluation, Index, evaluate, evaluate_tensor, number_of_dim

if TYPE_CHECKING:
    from matdiff.answer.answer import Answer
    from matdiff.answer.result import Result
    from matdiff.derive.directions import Along
    from matdiff.infer.infer import Typed

__all__ = ["Report", "Undefined", "differences", "evaluate", "evaluate_tensor", "sample", "verify"]

# The step of the differences is this many digits below the values, and a right formula differs by less than the tolerance.
STEP_DIGITS = 20
TOLERANCE_DIGITS = 25
# Digits that rounding may take.
_SPARE_DIGITS = 35
# Arrays whose entries are all smaller may be nothing but rounding.
_TINY = 1e-10
# Larger differences are none of rounding.
_LARGEST_BY_ROUNDING = 1e-6
# At most so many entries of a derivative by its variables are compared at the first point and at another one; of long expressions
# or large arrays fewer, but not fewer than the last number.
MOST_ENTRIES = 60
_MOST_AT_OTHERS, _FEWEST = 20, 3


class Report:
    """What a comparison found.

    passed, trials      trials is 0, and passed False, when no point was found where the expression is real and finite
    max_relative_error  the largest difference, in proportion to the largest entry of its array
    undefined           whether a formula has no real, finite value at a point where the input has one: it is no derivative there
    sizes, seed         what a size name stood for where the difference is largest, and the seed that gives the same points again
    all_sizes           what the size names stood for at each point
    """

    kind: Literal["verify"] = "verify"

    def __init__(self, seed: int, sizes: dict[str, int]) -> None:
        self.seed, self.sizes = seed, sizes
        self.passed = self.undefined = False
        self.trials, self.max_relative_error = 0, 0.0
        self.all_sizes: list[dict[str, int]] = []

    def __repr__(self) -> str:
        verdict = "passed" if self.passed else "failed"
        where = f"sizes {self.sizes}, seed {self.seed}"
        return f"<Report {verdict}: {self.trials} trials, error {self.max_relative_error:.1e}, {where}>"


class _Digits(NamedTuple):
    """How exactly is computed: `more` digits than usual."""

    order: int
    more: int = 0

    @property
    def step(self) -> int:
        return STEP_DIGITS + self.more

    @property
    def carried(self) -> int:
        return _SPARE_DIGITS + (TOLERANCE_DIGITS + self.more) * (self.order + 1)

    @property
    def tolerance(self) -> Number:
        return mp.mpf(10) ** -(TOLERANCE_DIGITS + self.more)


def sampler_of(answer: Answer, seed: int, fixed: Mapping[str, int]) -> Sampler:
    """What draws points for the input of an answer and all its formulas, in a shape in which these have values if there is one."""
    beside = []
    for result in answer.results:
        parts = {part.name: part.expr for part in result.where}
        beside += [Typed(expr, answer.typed.variables, parts, ()) for expr in (result.expr, result.index_expr)]

    def has_values(point: Point) -> bool:
        try:
            for result in answer.results:
                parts = {part.name: part.expr for part in result.where}
                evaluation = Evaluation(point.values, point.sizes, parts)
                if result.form == "matrix":
                    evaluation.value(result.expr)
        except Undefined:
            return False
        return True

    return Sampler(answer.typed, beside, seed, fixed, has_values)


def differences(
    typed: Typed,
    wrt: Sequence[str],
    values: Mapping[str, Matrix],
    sizes: Mapping[str, int],
    places: Sequence[Sequence[Index]],
    structure: str = "project",
    along: Along | None = None,
    moved: Sequence[str] = (),
    step: Number | None = None,
) -> list[Matrix]:
    """The output differentiated numerically, one matrix for every element of `places`.

    With `along` it is the output weighted by u (vjp), or its change when the variables `moved` move along v (hvp, jvp).

    An element of `places` is the entry (row, column) of each variable of `wrt`.  A direction stays in the space of a
    structured variable as `structure` says; where that turns, the directions of earlier derivatives are turned along.
    `step` is that of the differences.  Raises Undefined where the expression is.
    """
    step = step or mp.mpf(10) ** -STEP_DIGITS

    def turned(at: Mapping[str, Matrix], name: str, direction: Matrix) -> Matrix:
        return moving(at, name, direction) if turns_with_variable(typed.variables[name].property, structure) else direction

    def moving(at: Mapping[str, Matrix], name: str, direction: Matrix) -> Matrix:
        return in_space(typed.variables[name].property, structure, at[name], direction)

    def slope(function: Callable[[Mapping[str, Matrix]], Matrix], at: Mapping[str, Matrix], ways: Mapping[str, Matrix]) -> Matrix:
        """How fast the function of the variables changes while some of them move."""
        ends = [function({**at, **{n: added(at[n], scaled(s * step, way)) for n, way in ways.items()}}) for s in (1, -1)]
        return scaled(1 / (2 * step), difference(*ends))

    # The direction of a vjp is one of the output: no variable moves along it.
    ways = () if along is None or along.kind == "vjp" else zip(moved, along.names, strict=True)
    speeds = {name: turned(values, name, values[to]) for name, to in ways}

    def value(at: Mapping[str, Matrix]) -> Matrix:
        return Evaluation(at, sizes, typed.definitions).value(typed.expr)

    def undifferentiated(at: Mapping[str, Matrix]) -> Matrix:
        if along is None:
            return value(at)
        if along.kind == "vjp":
            return OPERATIONS[":"](values[along.names[0]], value(at))
        return slope(value, at, {name: moving(at, name, speed) for name, speed in speeds.items()})

    def derivative(at: Mapping[str, Matrix], entries: Sequence[Matrix]) -> Matrix:
        if not entries:
            return undifferentiated(at)
        *others, entry = entries
        name = wrt[len(others)]
        others = [turned(at, other, earlier) for other, earlier in zip(wrt, others)]
        return slope(lambda there: derivative(there, others), at, {name: moving(at, name, entry)})

    return [derivative(values, [_unit(values[name], at) for name, at in zip(wrt, place, strict=True)]) for place in places]


def _unit(like: Matrix, place: Index) -> Matrix:
    """A matrix of this size with 1 at one place, 0 elsewhere."""
    entry = filled(*size_of(like))
    entry[place[0]][place[1]] = mp.mpf(1)
    return entry


def verify(answer: Answer, *, seed: int = 0, sizes: Mapping[str, int] | None = None, most: int | None = None) -> Report:
    """Compare every result of an answer, in matrix and in index notation, with differences of its input.

    `sizes` fixes size names; the others are drawn, all different.
    """
    digits = _Digits(max((result.order for result in answer.results), default=1))
    with mp.workdps(digits.carried):
        sampler = sampler_of(answer, seed, fixed_sizes(answer.typed, sizes))
        points = sampler.points()[:most]
        report = Report(seed, points[0].sizes if points else sampler.sizes.drawn(seed))
        digits = digits._replace(more=spread(sampler.typeds, points[:1]))
    worst = mp.mpf(-1)
    for place, point in enumerate(points):
        try:
            error = _error_at(
                answer, point, digits._replace(more=digits.more + point.more), place, sampler.sizes.work(point.sizes)
            )
        except Overlarge:
            continue
        except Undefined:
            report.undefined, error = True, mp.inf
        report.trials += 1
        report.all_sizes.append(point.sizes)
        if error > worst:
            worst, report.sizes, report.max_relative_error = error, point.sizes, float(error)
    report.passed = report.trials > 0 and worst < digits.tolerance
    return report


def _error_at(answer: Answer, point: Point, digits: _Digits, place: int, work: int) -> Number:
    """The largest relative error of the results at a point.  Raises Undefined."""
    worst = mp.mpf(0)
    for result in answer.results:
        difference, largest = _measured(answer, result, point, digits, place, work)
        if not difference:
            continue
        error = difference / largest
        if largest < _TINY or digits.tolerance <= error < _LARGEST_BY_ROUNDING:
            error = _without_rounding(answer, result, point, digits, place, work, error, largest)
        worst = max(worst, error)
    return worst


def _without_rounding(
    answer: Answer, result: Result, point: Point, digits: _Digits, place: int, work: int, error: Number, largest: Number
) -> Number:
    """The error with more digits; 0 if it was rounding.  Rounding gets less with more digits; small numbers and differences stay."""
    for times in (1, 2):
        finer = digits._replace(more=digits.more + times * TOLERANCE_DIGITS)
        difference, again = _measured(answer, result, point, finer, place, work)
        better = difference / again if difference else mp.mpf(0)
        if again < largest / 2 or better < _TINY * error:
            return mp.mpf(0)
        error, largest = better, again
    return error


def _measured(answer: Answer, result: Result, point: Point, digits: _Digits, place: int, work: int) -> tuple[Number, Number]:
    """The largest difference of a result from the numerical derivative at a point, and the largest entry.  Raises Undefined."""
    with mp.workdps(digits.carried):
        values = point.drawn_again().values
        step = mp.mpf(10) ** -digits.step * mp.mpf(point.scale)
        random = Random(repr((place, result.place)))
        most = MOST_ENTRIES if not place else max(_FEWEST, min(_MOST_AT_OTHERS, MOST_WORK // work))
        if result.along and result.along.kind == SOLVE:
            return _distance_of_solution(answer, result, result.along, values, point.sizes, step)
        return _distance(answer, result, values, point.sizes, step, lambda entries: _chosen(entries, random, most))


def relative_error(answer: Answer, result: Result, values: Mapping[str, Matrix], sizes: dict[str, int]) -> Number:
    """How far a result is from the numerical derivative at these values, relative to its largest entry.  Raises Undefined."""
    step = mp.mpf(10) ** -STEP_DIGITS
    difference, largest = _distance(
        answer, result, values, sizes, step, lambda entries: _chosen(entries, Random(0), MOST_ENTRIES)
    )
    return difference / max(largest, _TINY)


def _distance(
    answer: Answer,
    result: Result,
    values: Mapping[str, Matrix],
    sizes: dict[str, int],
    step: Number,
    choose: Callable[[list[list[Index]]], list[tuple[Index, ...]]],
) -> tuple[Number, Number]:
    """The largest difference of one result at one point in the entries that are chosen, and the largest of these."""
    typed = answer.typed
    along = result.along
    wrt = () if along and along.kind == "jvp" else result.wrt
    moved = [] if along is None else result.wrt if along.kind == "jvp" else answer.wrt
    shapes = [size_of(values[name]) for name in wrt]
    places = choose([list(product(range(rows), range(columns))) for rows, columns in shapes])
    numbers = differences(typed, wrt, values, sizes, places, answer.asked.structure, along, moved, step)
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
    found = [evaluate_tensor(result.index_expr, letters, values, sizes, expected, parts)]
    if result.form == "index":
        found.append(evaluate_tensor(result.expr, letters, values, sizes, expected, parts))
    else:
        matrix = evaluate(result.expr, values, sizes, parts)
        found.append(
            {place: entry_at(matrix, tuple(place[order.index(axis)] for axis in range(len(order)))) for place in expected}
        )
    return _apart(expected, found)


def _distance_of_solution(
    answer: Answer, result: Result, along: Along, values: Mapping[str, Matrix], sizes: dict[str, int], step: Number
) -> tuple[Number, Number]:
    """How far the Hessian, applied numerically to the solution in both notations, is from the right side."""
    (name,), (direction,) = result.wrt, along.names
    rows, columns = size_of(values[direction])
    entries = list(product(range(rows), range(columns)))
    shape = answer.typed.variables[name].shape
    letters = [(letter, number_of_dim(dim, sizes)) for _, _, dim, letter in result.axes]
    parts = {part.name: part.expr for part in result.where}
    wanted: dict[Index, Number] = {(i, j): values[direction][i][j] for i, j in entries}
    found: list[Mapping[Index, Number]] = []
    for expr, entrywise in ((result.index_expr, True), (result.expr, result.form == "index")):
        if entrywise:
            places = [_kept(shape, entry) for entry in entries]
            numbers = evaluate_tensor(expr, letters, values, sizes, places, parts)
            solution = [[numbers[_kept(shape, (i, j))] for j in range(columns)] for i in range(rows)]
        else:
            solution = evaluate(expr, values, sizes, parts)
        at = {**values, direction: solution}
        moves = [[entry] for entry in entries]
        applied = differences(answer.typed, (name,), at, sizes, moves, answer.asked.structure, along, [name], step)
        found.append({entry: number[0][0] for entry, number in zip(entries, applied, strict=True)})
    return _apart(wanted, found)


def _chosen(entries: list[list[Index]], random: Random, most: int) -> list[tuple[Index, ...]]:
    """Entries of the variables to compare: all of them where they are few, else a random part."""
    count = prod(map(len, entries))
    if count <= most:
        return list(product(*entries))
    most = most if count < most**2 else max(_FEWEST, most // 6)
    return list(dict.fromkeys(tuple(random.choice(part) for part in entries) for _ in range(most)))


def _kept(dims: tuple[Dim, Dim], pair: Index) -> Index:
    """The indices that remain when sizes 1 vanish."""
    return tuple(i for i, dim in zip(pair, dims, strict=True) if not dim.is_one)


def _apart(expected: Mapping[Index, Number], found: Sequence[Mapping[Index, Number]]) -> tuple[Number, Number]:
    """The largest difference, and the largest entry of all."""
    largest = max([mp.mpf(0), *(abs(number) for numbers in (expected, *found) for number in numbers.values())])
    difference = max([mp.mpf(0), *(abs(expected[place] - numbers[place]) for numbers in found for place in expected)])
    return difference, largest
