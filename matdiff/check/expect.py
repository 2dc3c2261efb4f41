"""`compare`: whether a result equals an expression that somebody expected.

Symbolically, where both have one normal form, and with many digits at points of several sizes and scales (`points`), which know no
law of the normal form; `differences` looks into a no.  Importing this module loads mpmath.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Literal

from matdiff.check.case import Finding
from matdiff.check.comparison import Comparison, parts_of, tolerance
from matdiff.check.differences import explain
from matdiff.check.read import read_expected
from matdiff.choose.expand import expanded
from matdiff.infer.infer import Typed
from matdiff.language.dims import ONE, Shape, shape_of_axes
from matdiff.language.errors import HowManyExpected, WrongExpected
from matdiff.language.queries import shape_of
from matdiff.laws.simplify import simplify
from matdiff.numbers.matrices import Overlarge, Undefined
from matdiff.numbers.points import Point, Sampler, spread
from matdiff.numbers.precision import mp
from matdiff.numbers.trial_sizes import MOST_WORK, fixed_sizes
from matdiff.numbers.values import DIGITS
from matdiff.tensor import build
from matdiff.tensor.lift import lower
from matdiff.tensor.nodes import Session, Tensor, entered

if TYPE_CHECKING:
    from matdiff.answer.answer import Answer
    from matdiff.answer.result import Result


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


def compare_all(
    answer: Answer, expected: Sequence[str], seed: int = 0, sizes: Mapping[str, int] | None = None
) -> tuple[Verdict, ...]:
    """Compare every result, in order, with an expression.  Raises `WrongExpected`, HowManyExpected and NotASize."""
    if len(expected) != len(answer.results):
        raise HowManyExpected(given=len(expected), results=tuple(result.wrt for result in answer.results))
    fixed = fixed_sizes(answer.typed, sizes)
    return tuple(compare(answer, place, text, seed, fixed) for place, text in enumerate(expected))


def compare(answer: Answer, place: int, text: str, seed: int, sizes: Mapping[str, int]) -> Verdict:
    """Compare the result at `place`, in its notation where that can be read, with the expression `text`.

    `sizes` fixes size names.  Raises `WrongExpected` for a text that is wrong in itself.
    """
    verdict = Verdict(text, place, seed)
    with entered(Session()), mp.workdps(DIGITS):
        result, shape, printed = _read_back(answer, answer.results[place])
        expected = read_expected(answer, text, shape, result)
        if len(shape) > 2 and shape_of(expected.expr) != shape:
            verdict.finding = Finding("tensor", shape=shape_of(expected.expr), result=result.shape)
            return verdict
        comparison = Comparison(answer, result, shape, printed, expected, [])
        is_same = printed is not None and comparison.same_shape and _same_form(printed, expected)
        sampler = _sampler(comparison, seed, sizes)
        if is_same and sampler.sizes.work(sampler.sizes.drawn(seed)) > MOST_WORK:
            verdict.passed = verdict.exact = True
            return verdict
        points = sampler.points(sampler.prefer)
        more = spread(sampler.typeds, points[:1])
        with mp.workdps(DIGITS + more):
            if more:
                points = [point.drawn_again() for point in points]
            comparison.points += points
            _decide(verdict, comparison, is_same)
        return verdict


def _decide(verdict: Verdict, comparison: Comparison, is_same: bool) -> None:
    """Fill in the verdict.

    Equal normal forms are a proof as long as there are numbers and these, which share nothing with them, do not differ.
    """
    if not comparison.points:
        verdict.finding = Finding("no point")
        return
    _measure(verdict, comparison)
    if is_same and (verdict.passed or verdict.max_relative_error == inf):
        verdict.passed = verdict.exact = True
        verdict.trials, verdict.max_relative_error, verdict.sizes = 0, 0.0, {}
    elif not verdict.passed:
        verdict.finding = explain(comparison)


def _read_back(answer: Answer, result: Result) -> tuple[Result, Shape, Typed | None]:
    """The result in the notation that it is shown in, where that can be read, else as it is without one.

    With its shape and the formula as it is read, None in index notation.
    """
    if result.form in ("index", "sum"):
        result = result.plain
    shape = _shown_shape(result)
    if result.form == "index":
        return result, shape, None
    try:
        return result, shape, read_expected(answer, result.line, shape, result)
    except WrongExpected:
        if result is result.plain:
            raise
        return _read_back(answer, result.plain)


def _shown_shape(result: Result) -> Shape:
    """Rows and columns of the result as it is shown; of a tensor its axes."""
    if result.form not in ("matrix", "index"):
        return shape_of(result.expr)
    dims = result.shape
    return (ONE, dims[0]) if result.kind == "row" else shape_of_axes(dims)


def _same_form(one: Typed, other: Typed) -> bool:
    """Whether two expressions of one shape have the same normal form, or a difference that is 0 when it is multiplied out."""
    left, right = _normal(one), _normal(other)
    if left is right:
        return True
    difference = simplify(build.add([(1, left), (-1, right)], left.dims))
    return build.number_of(difference) == 0 or build.number_of(expanded(difference, ())) == 0


def _normal(typed: Typed) -> Tensor:
    return simplify(lower(typed)[0])


def _sampler(comparison: Comparison, seed: int, fixed: Mapping[str, int]) -> Sampler:
    """What draws points for the question, with the sizes and variables that only the expected expression has."""
    asked, expected, printed = comparison.answer.typed, comparison.expected, comparison.printed
    variables = {**(printed.variables if printed is not None else {}), **expected.variables, **asked.variables}
    result = comparison.result
    shown = printed or Typed(result.index_expr, asked.variables, parts_of(result), ())

    def is_good(point: Point) -> bool:
        """Whether the result is real and finite, and the expected expression not too large to be compared."""
        try:
            comparison.of_result(point)
        except Undefined:
            return False
        try:
            comparison.of_expected(point)
        except Undefined as problem:
            return not isinstance(problem, Overlarge)
        return True

    return Sampler(Typed(asked.expr, variables, asked.definitions, ()), [shown, expected], seed, fixed, is_good)


def _measure(verdict: Verdict, comparison: Comparison) -> None:
    """The largest difference, where there is one to speak of."""
    verdict.trials = len(comparison.points)
    if not comparison.same_shape:
        verdict.trials = 0
        return
    verdict.passed = max(map(comparison.error, comparison.points)) < tolerance()
    worst = comparison.worst_point()
    verdict.max_relative_error, verdict.sizes = float(comparison.error(worst)), worst.sizes
