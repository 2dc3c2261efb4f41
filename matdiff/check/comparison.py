"""A result beside an expected expression: their values at points, and how the values are related.

Importing this module loads mpmath.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from matdiff.infer.infer import Typed
from matdiff.language.dims import Shape
from matdiff.language.queries import shape_of
from matdiff.language.syntax import Expr, ratio
from matdiff.numbers.axes import number_of_dim, stored_size
from matdiff.numbers.matrices import (
    Matrix,
    Number,
    Undefined,
    difference,
    entries_of,
    largest_entry,
    scaled,
    size_of,
    stretched,
)
from matdiff.numbers.points import Point
from matdiff.numbers.precision import mp
from matdiff.numbers.values import evaluate, evaluate_tensor

if TYPE_CHECKING:
    from matdiff.answer.answer import Answer
    from matdiff.answer.result import Result
    from matdiff.language.syntax import Rational

# So many of the digits that are carried may be lost by rounding; sides that agree in all others are equal.
_LOST = 30
# Arrays whose entries are all smaller may be nothing but rounding; below so many tolerances they are.
_TINY, _ROUNDING = 1e-10, 1e-10
# Larger differences are none of rounding.
_LARGEST_BY_ROUNDING = 1e-6
# And these are to be seen in the first few digits.
_VISIBLE = 1e-3
# A factor with a larger numerator or denominator is no slip.
_LARGEST_FACTOR = 120


def tolerance() -> Number:
    """The largest relative difference of equal numbers, with the digits of the moment."""
    return mp.mpf(10) ** (_LOST - mp.dps)


class Comparison:
    """One result and the expected expression.

    shape     rows and columns of the result as it is shown
    printed   the result as it is printed, read back; None in index notation
    points    where both are to be compared
    """

    def __init__(
        self, answer: Answer, result: Result, shape: Shape, printed: Typed | None, expected: Typed, points: list[Point]
    ) -> None:
        self.answer, self.result, self.shape = answer, result, shape
        self.printed, self.expected, self.points = printed, expected, points
        self._errors: dict[int, Number] = {}
        self._known: dict[tuple[int, int, int], tuple[object, Matrix]] = {}

    @property
    def same_shape(self) -> bool:
        return shape_of(self.expected.expr) == self.shape

    def of_result(self, point: Point) -> Matrix:
        """The value of the result.  Raises Undefined."""
        if self.printed is not None:
            return self.value(self.printed.expr, self.printed, point)
        return value_of_result(self.result, self.shape, point)

    def of_expected(self, point: Point) -> Matrix:
        """The value of the expected expression.  Raises Undefined."""
        return self.value(self.expected.expr, self.expected, point)

    def value(self, expr: Expr, within: Typed, point: Point) -> Matrix:
        """The value of an expression that uses the definitions of another one.  Raises Undefined."""
        key = id(expr), id(point), mp.prec
        if key not in self._known:
            with mp.workdps(mp.dps + point.more):
                value = evaluate(expr, point.values, point.sizes, within.definitions)
            self._known[key] = (expr, point), value
        return self._known[key][1]

    def error(self, point: Point) -> Number:
        """The largest difference in proportion to the largest entry; infinite where the expected expression has no value."""
        if id(point) not in self._errors:
            self._errors[id(point)] = self._error(point)
        return self._errors[id(point)]

    def worst_point(self) -> Point:
        """Where they differ most; if that is to be seen, at a point that needs no more digits than usual."""
        usual = [point for point in self.points if not point.more and self.error(point) > _VISIBLE]
        return max(usual or self.points, key=self.error)

    def _error(self, point: Point) -> Number:
        try:
            found, largest = self._apart(point)
            if not found or (largest > _TINY and (found < tolerance() or found > _LARGEST_BY_ROUNDING)):
                return found
            # Rounding vanishes with more digits; small numbers and small differences stay.
            with mp.workdps(2 * mp.dps):
                finer, again = self._apart(point.drawn_again())
                return mp.mpf(0) if again < _TINY * largest or finer < _TINY * found else finer
        except Undefined:
            return mp.inf

    def _apart(self, point: Point) -> tuple[Number, Number]:
        """The relative difference at a point, and the largest entry.  Raises Undefined."""
        left, right = self.of_result(point), self.of_expected(point)
        return distance(left, right), max(largest_entry(left), largest_entry(right))


def value_of_result(result: Result, shape: Shape, point: Point) -> Matrix:
    """The value of a result as it is stored, in either notation; this is its shape.  Raises Undefined."""
    rows, columns = stored_size(shape, point.sizes)
    with mp.workdps(mp.dps + point.more):
        if result.form == "matrix":
            return stretched(evaluate(result.expr, point.values, point.sizes, parts_of(result)), rows, columns)
        letters = letters_of(result, point.sizes)
        numbers = evaluate_tensor(result.index_expr, letters, point.values, point.sizes, None, parts_of(result))
    return as_rows(list(numbers.values()), columns)


def parts_of(result: Result) -> dict[str, Expr]:
    """The named parts of a result, which its formulas use like definitions."""
    return {part.name: part.expr for part in result.where}


def letters_of(result: Result, sizes: Mapping[str, int]) -> list[tuple[str, int]]:
    """The axes of a result in index notation: the letter of each, and how far it runs."""
    return [(letter, number_of_dim(dim, sizes)) for _, _, dim, letter in result.axes]


def as_rows(numbers: Sequence[Number], columns: int) -> Matrix:
    """The matrix with these entries, row by row."""
    return [list(numbers[start : start + columns]) for start in range(0, len(numbers), columns)]


def distance(left: Matrix, right: Matrix) -> Number:
    """The largest difference of two entries in proportion to the largest entry."""
    apart = largest_entry(difference(left, right))
    return apart and apart / max(largest_entry(left), largest_entry(right))


def is_equal(left: Matrix, right: Matrix) -> bool:
    """Whether two arrays have one shape and equal entries, or nothing but rounding."""
    if size_of(left) != size_of(right):
        return False
    least = _ROUNDING * tolerance()
    return bool(distance(left, right) < tolerance()) or all(largest_entry(side) < least for side in (left, right))


def all_equal(left: Sequence[Matrix], right: Sequence[Matrix]) -> bool:
    """Whether the arrays are equal at all points."""
    return all(map(is_equal, left, right))


def factor_between(left: Matrix, right: Matrix) -> Number | None:
    """The number c with left = c right, or None; none where one of the two is 0."""
    if size_of(left) != size_of(right):
        return None
    a, b = max(zip(entries_of(left), entries_of(right), strict=True), key=lambda pair: abs(pair[1]))
    if not a or not b:
        return None
    factor = a / b
    return factor if is_equal(left, scaled(factor, right)) else None


def common_number(numbers: Sequence[Number | None]) -> Number | None:
    """The number that all are, or None."""
    first = numbers[0]
    if first is None or any(n is None or abs(n - first) > tolerance() * abs(first) for n in numbers):
        return None
    return first


def as_ratio(number: Number | None) -> Rational | None:
    """The simple rational that a number is, or None."""
    if number is None or abs(number) > _LARGEST_FACTOR:
        return None
    close = Fraction(str(number)).limit_denominator(_LARGEST_FACTOR)
    if not close or abs(mp.mpf(close.numerator) / close.denominator - number) > tolerance() * abs(number):
        return None
    return ratio(close.numerator, close.denominator)
