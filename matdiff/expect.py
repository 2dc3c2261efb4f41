"""`compare`: whether a result equals an expression that somebody expected.

First symbolically: two expressions with one normal form are equal for sure.  Else with many digits, at random points of several
sizes; `slips` looks into a no.  Importing this module loads mpmath.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal

from matdiff import index
from matdiff.comparison import TOLERANCE, Comparison, Point
from matdiff.dims import ONE, SCALAR, Shape
from matdiff.evaluate import sample
from matdiff.expand import expanded
from matdiff.expected import read_expected
from matdiff.infer import Typed
from matdiff.lower import lower
from matdiff.matrices import Undefined
from matdiff.nodes import Session, Tensor, resumed
from matdiff.parts import shape_of
from matdiff.precision import mp
from matdiff.sample import draw_sizes
from matdiff.simplify import simplify
from matdiff.slips import explain
from matdiff.values import DIGITS, number_of_dim
from matdiff.views import Finding

if TYPE_CHECKING:
    from matdiff.pipeline import Derivative
    from matdiff.result import Result

TRIALS = 3
# So many points are tried, at least; some have no value of the expression or of its result.
_ATTEMPTS = 12


class Verdict:
    """What the comparison of a result with an expected expression found.

    passed              whether they are equal
    exact               whether that is known from their normal forms; then there are no trials
    trials              points at which they were compared; 0 and not passed when their shapes differ, or no point was found
    max_relative_error  the largest difference, in proportion to the largest entry of both
    sizes, seed         what the size names stood for where the difference is largest, and the seed that gives the same points
    expected, place     the text, and which of the results it was compared with
    finding             how they differ; None when they are equal
    """

    kind: Literal["expect"] = "expect"

    def __init__(self, expected: str, place: int, seed: int) -> None:
        self.expected, self.place, self.seed = expected, place, seed
        self.passed = self.exact = False
        self.trials, self.max_relative_error = 0, 0.0
        self.sizes: dict[str, int] = {}
        self.finding: Finding | None = None

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        return f"<Verdict {self.expected!r}: {'equal' if self.passed else self.finding}>"


def compare(answer: Derivative, place: int, text: str, seed: int, sizes: Mapping[str, int]) -> Verdict:
    """Compare the result at `place` with the expression `text`; `sizes` fixes size names.

    Raises `WrongExpected` for a text that is wrong in itself.
    """
    result = answer.results[place]
    shape = _shown_shape(result)
    verdict = Verdict(text, place, seed)
    with resumed(Session()), mp.workdps(DIGITS):
        expected = read_expected(answer, text, shape)
        if shape is None:
            verdict.finding = Finding("tensor", shape=shape_of(expected.expr), result=result.shape)
            return verdict
        printed = read_expected(answer, result.line, shape) if result.form == "matrix" else None
        if printed is not None and shape_of(expected.expr) == shape and _same_form(printed, expected):
            verdict.passed = verdict.exact = True
            return verdict
        comparison = Comparison(answer, result, shape, printed, expected, [])
        comparison.points += _points(comparison, seed, sizes)
        if comparison.points:
            _measure(verdict, comparison)
        else:
            verdict.finding = Finding("no point")
        if not verdict.passed and verdict.finding is None:
            verdict.finding = explain(comparison)
        return verdict


def _shown_shape(result: Result) -> Shape | None:
    """Rows and columns of the result as it is shown; None for a tensor."""
    dims = result.shape
    if len(dims) > 2:
        return None
    if len(dims) == 2:
        return dims[0], dims[1]
    if not dims:
        return SCALAR
    return (ONE, dims[0]) if result.kind == "row" else (dims[0], ONE)


def _same_form(one: Typed, other: Typed) -> bool:
    """Whether two expressions of one shape have the same normal form, or a difference that is 0 when it is multiplied out."""
    left, right = _normal(one), _normal(other)
    if left is right:
        return True
    difference = simplify(index.add([(1, left), (-1, right)], left.dims))
    return index.number_of(difference) == 0 or index.number_of(expanded(difference, ())) == 0


def _normal(typed: Typed) -> Tensor:
    return simplify(lower(typed)[0])


def _points(comparison: Comparison, seed: int, fixed: Mapping[str, int]) -> Iterator[Point]:
    """Points where input and result are real and finite, each with sizes of its own."""
    asked, expected = comparison.answer.typed, comparison.expected
    variables = {**asked.variables, **expected.variables}
    whole = Typed(asked.expr, variables, asked.definitions, ())
    # Sizes that only the expected expression has are drawn too.
    everything = Typed(asked.expr, variables, {**asked.definitions, **expected.definitions, "?": expected.expr}, ())
    found = 0
    for attempt in range(_ATTEMPTS):
        sizes = _larger(draw_sizes(everything, seed + attempt, fixed), found, everything, fixed)
        values = sample(whole, seed + attempt, sizes)
        if values is None:
            continue
        point = Point(values, sizes)
        try:
            comparison.of_result(point)
        except Undefined:
            continue
        yield point
        found += 1
        if found == TRIALS:
            return


def _larger(sizes: dict[str, int], by: int, typed: Typed, fixed: Mapping[str, int]) -> dict[str, int]:
    """The sizes, greater by a number: no name stands for the same number at two points, so that no size is taken for a number."""
    dims, indices = typed.dims_and_indices()
    free = [name for dim in dims for name in dim.names if name not in fixed and name not in indices]
    larger = sizes | {name: sizes[name] + 2 * by for name in free}
    taken = {*fixed.values(), *(dim.value for dim in dims)}
    is_good = not any(larger[name] in taken for name in free) and all(number_of_dim(dim, larger) >= 1 for dim in dims)
    return larger if is_good else sizes


def _measure(verdict: Verdict, comparison: Comparison) -> None:
    """The largest difference, where there is one to speak of."""
    verdict.trials = len(comparison.points)
    if not comparison.same_shape:
        verdict.trials = 0
        return
    errors = [comparison.error(point) for point in comparison.points]
    worst = max(range(len(errors)), key=lambda place: errors[place])
    verdict.max_relative_error = float(errors[worst])
    verdict.sizes = comparison.points[worst].sizes
    verdict.passed = errors[worst] < TOLERANCE
