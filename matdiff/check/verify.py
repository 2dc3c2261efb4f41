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

from matdiff.check.comparison import as_rows, letters_of, parts_of
from matdiff.derive.directions import SOLVE
from matdiff.derive.structure import turns_with_variable
from matdiff.infer.infer import Typed
from matdiff.language.dims import SCALAR
from matdiff.language.queries import shape_of
from matdiff.numbers.axes import Place, axes_kept
from matdiff.numbers.matrices import (
    Matrix,
    Number,
    Overlarge,
    Undefined,
    added,
    difference,
    entries_of,
    entry_at,
    filled,
    scaled,
    size_of,
)
from matdiff.numbers.numerics import OPERATIONS
from matdiff.numbers.points import Point, Sampler, sample, spread
from matdiff.numbers.precision import mp
from matdiff.numbers.sample import in_space
from matdiff.numbers.trial_sizes import MOST_WORK, fixed_sizes
from matdiff.numbers.values import Evaluation, evaluate, evaluate_tensor

if TYPE_CHECKING:
    from matdiff.answer.answer import Answer
    from matdiff.answer.result import Result
    from matdiff.derive.directions import Along

_Numbers = dict[Place, Number]

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
# So many times `TOLERANCE_DIGITS` more are carried where that is not decided yet.
_TIMES_MORE = (1, 2, 4, 8)
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
    beside, answer = [], answer.plain
    for result in answer.results:
        beside += [Typed(expr, answer.typed.variables, parts_of(result), ()) for expr in (result.expr, result.index_expr)]

    def has_values(point: Point) -> bool:
        try:
            for result in answer.results:
                evaluation = Evaluation(point.values, point.sizes, parts_of(result))
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
    places: Sequence[Sequence[Place]],
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


def _unit(like: Matrix, place: Place) -> Matrix:
    """A matrix of this size with 1 at one place, 0 elsewhere."""
    entry = filled(*size_of(like))
    entry[place[0]][place[1]] = mp.mpf(1)
    return entry


def verify(answer: Answer, *, seed: int = 0, sizes: Mapping[str, int] | None = None, most: int | None = None) -> Report:
    """Compare every result of an answer, in matrix and in index notation, with differences of its input.

    `sizes` fixes size names; the others are drawn, all different.  At most so many points are tried as `most` says.
    """
    answer = answer.plain
    digits = _Digits(max((result.order for result in answer.results), default=1))
    with mp.workdps(digits.carried):
        sampler = sampler_of(answer, seed, fixed_sizes(answer.typed, sizes))
        points = sampler.points()[:most]
        report = Report(seed, points[0].sizes if points else sampler.sizes.drawn(seed))
        digits = digits._replace(more=spread(sampler.typeds, points[:1]))
    worst = mp.mpf(-1)
    for place, point in enumerate(points):
        try:
            here = digits._replace(more=digits.more + point.more)
            few = max(_FEWEST, min(_MOST_AT_OTHERS, MOST_WORK // sampler.sizes.work(point.sizes)))
            trials = [Trial(answer, result, point, place, few if place else MOST_ENTRIES) for result in answer.results]
            error = max([mp.mpf(0), *(trial.error(here) for trial in trials)])
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


class Trial:
    """A result beside the numerical derivative at one point; `most` entries are compared, others at each `place`."""

    def __init__(self, answer: Answer, result: Result, point: Point, place: int = 0, most: int = MOST_ENTRIES) -> None:
        self.answer, self.result, self.point, self.place, self.most = answer, result, point, place, most
        self.sizes, self.along, self.parts = point.sizes, result.along, parts_of(result)

    def error(self, digits: _Digits) -> Number:
        """The largest relative error.  Raises Undefined.

        What may be rounding is measured with more digits: rounding gets less by so many digits, small numbers and small differences
        stay.  Where all is 0 a small number may be lost beside a large one.
        """
        error, largest = self._measured(digits)
        if largest and (not error or (largest >= _TINY and not digits.tolerance <= error < _LARGEST_BY_ROUNDING)):
            return error
        rounding, vanishes = largest, False  # what with no more digits would be rounding, if all was
        for times in _TIMES_MORE:
            more = times * TOLERANCE_DIGITS
            better, again = self._measured(digits._replace(more=digits.more + more))
            vanishes = again < rounding * mp.mpf(10) ** -more / _TINY
            if not vanishes and better < _TINY * error:
                return mp.mpf(0)
            error, rounding = better, max(rounding, again * mp.mpf(10) ** more)
        return mp.mpf(0) if vanishes else error

    def _measured(self, digits: _Digits) -> tuple[Number, Number]:
        """The relative error and the largest entry, with so many digits."""
        with mp.workdps(digits.carried):
            values = self.point.drawn_again().values
            difference, largest = self.apart(values, mp.mpf(10) ** -digits.step * mp.mpf(self.point.scale))
            return difference and difference / largest, largest

    def apart(self, values: Mapping[str, Matrix], step: Number) -> tuple[Number, Number]:
        """The largest difference in the entries that are chosen, and the largest of these."""
        is_solution = self.along is not None and self.along.kind == SOLVE
        expected, found = (self._solved if is_solution else self._differentiated)(values, step)
        largest = max([mp.mpf(0), *(abs(number) for numbers in (expected, *found) for number in numbers.values())])
        difference = max([mp.mpf(0), *(abs(expected[place] - numbers[place]) for numbers in found for place in expected)])
        return difference, largest

    def _differentiated(self, values: Mapping[str, Matrix], step: Number) -> tuple[_Numbers, list[_Numbers]]:
        """The entries of the numerical derivative, and those of the result in index and in matrix notation."""
        answer, result, typed, along = self.answer, self.result, self.answer.typed, self.along
        wrt = () if along and along.kind == "jvp" else result.wrt
        moved = [] if along is None else result.wrt if along.kind == "jvp" else answer.wrt
        shapes = [size_of(values[name]) for name in wrt]
        random = Random(repr((self.place, result.place)))
        places = _chosen([list(product(range(rows), range(columns))) for rows, columns in shapes], random, self.most)
        numbers = differences(typed, wrt, values, self.sizes, places, answer.asked.structure, along, moved, step)
        output = SCALAR if along and along.kind == "vjp" else shape_of(typed.expr)
        shapes_of_axes = [output, *(typed.variables[name].shape for name in wrt)]
        expected = {
            axes_kept(shapes_of_axes, ((i, j), *place), self.sizes): number
            for place, matrix in zip(places, numbers, strict=True)
            for i, row in enumerate(matrix)
            for j, number in enumerate(row)
        }
        letters = letters_of(result, self.sizes)[:: -1 if result.turned else 1]
        found = [evaluate_tensor(result.index_expr, letters, values, self.sizes, expected, self.parts)]
        if result.form == "index":
            found.append(evaluate_tensor(result.expr, letters, values, self.sizes, expected, self.parts))
        else:
            matrix = evaluate(result.expr, values, self.sizes, self.parts)
            found.append({place: entry_at(matrix, place[:: -1 if result.turned else 1]) for place in expected})
        return expected, found

    def _solved(self, values: Mapping[str, Matrix], step: Number) -> tuple[_Numbers, list[_Numbers]]:
        """The right side, and the Hessian applied numerically to the solution in index and in matrix notation."""
        typed, result, along = self.answer.typed, self.result, self.along
        assert along is not None
        (name,), (direction,) = result.wrt, along.names
        right = values[direction]
        entries = list(product(range(len(right)), range(len(right[0]))))
        places = [axes_kept([typed.variables[name].shape], [entry], self.sizes) for entry in entries]
        found: list[_Numbers] = []
        for expr, is_entrywise in ((result.index_expr, True), (result.expr, result.form == "index")):
            if is_entrywise:
                numbers = evaluate_tensor(expr, letters_of(result, self.sizes), values, self.sizes, places, self.parts)
                solution = as_rows([numbers[place] for place in places], len(right[0]))
            else:
                solution = evaluate(expr, values, self.sizes, self.parts)
            at, moves = {**values, direction: solution}, [[entry] for entry in entries]
            applied = differences(typed, (name,), at, self.sizes, moves, self.answer.asked.structure, along, [name], step)
            found.append({entry: number[0][0] for entry, number in zip(entries, applied, strict=True)})
        return dict(zip(entries, entries_of(right), strict=True)), found


def _chosen(entries: list[list[Place]], random: Random, most: int) -> list[tuple[Place, ...]]:
    """Entries of the variables to compare: all of them where they are few, else a random part."""
    count = prod(map(len, entries))
    if count <= most:
        return list(product(*entries))
    most = most if count < most**2 else max(_FEWEST, most // 6)
    return list(dict.fromkeys(tuple(random.choice(part) for part in entries) for _ in range(most)))
