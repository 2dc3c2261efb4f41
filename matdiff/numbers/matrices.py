"""Matrices as lists of rows, with entries of arbitrary precision (mpmath), and their arithmetic.

Importing this module loads mpmath.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from matdiff.limits import check
from matdiff.numbers.precision import mp

Number = Any  # mpmath is untyped: an mpf
Matrix = list[list[Number]]


# A determinant that is this part of what it could be at most consists of rounding: so many digits stay, of those that are carried.
_ROUNDING = 12


class Undefined(ArithmeticError):
    """The expression has no real, finite value at this point."""


class Overlarge(Undefined):
    """It has a value, but one so large that its digits say nothing beside others."""


def checked(value: Matrix) -> Matrix:
    """The same numbers as reals.  Raises Undefined if one of them is complex, infinite or not a number."""
    return [[real(entry) for entry in row] for row in value]


def real(entry: Number) -> Number:
    """A number that is real but for rounding.  Raises Undefined if it is not, or is not finite, Overlarge if it is too large."""
    if isinstance(entry, mp.mpc):
        if abs(entry.imag) > mp.mpf(10) ** (-mp.dps // 2) * (1 + abs(entry.real)):
            raise Undefined("a complex number")
        entry = entry.real
    entry = mp.mpf(entry)
    if not mp.isfinite(entry):
        raise Undefined("not finite")
    if abs(entry) > mp.mpf(10) ** (mp.dps - _ROUNDING):
        raise Overlarge("too large")
    return entry


def scalar(value: Number) -> Matrix:
    """A number as a 1 x 1 matrix."""
    return [[mp.mpf(value)]]


def size_of(value: Matrix) -> tuple[int, int]:
    """Rows and columns."""
    return len(value), len(value[0])


def entry_at(array: Matrix, place: Sequence[int]) -> Number:
    """The entry of a value in matrix notation at the axes that it has; a number stands for an array of equal entries."""
    if len(array) == len(array[0]) == 1:
        return array[0][0]
    if len(place) == 2:
        return array[place[0]][place[1]]
    return array[place[0]][0] if len(array[0]) == 1 else array[0][place[0]]


def filled(rows: int, columns: int, value: Number = 0) -> Matrix:
    """A matrix of equal entries."""
    return [[mp.mpf(value)] * columns for _ in range(rows)]


def identity(size: int) -> Matrix:
    """The identity matrix."""
    return [[mp.mpf(row == column) for column in range(size)] for row in range(size)]


def transposed(value: Matrix) -> Matrix:
    """Rows as columns."""
    return [list(column) for column in zip(*value, strict=True)]


def mapped(function: Callable[[Number], Number], value: Matrix) -> Matrix:
    """A function of every entry."""
    return [[function(entry) for entry in row] for row in value]


def entrywise(function: Callable[[Number, Number], Number], left: Matrix, right: Matrix) -> Matrix:
    """`function` of the entries in the same place; a scalar stands for an array of equal entries."""
    rows, columns = max(size_of(left), size_of(right))
    a = left if size_of(left) != (1, 1) else filled(rows, columns, left[0][0])
    b = right if size_of(right) != (1, 1) else filled(rows, columns, right[0][0])
    return [[function(x, y) for x, y in zip(first, second, strict=True)] for first, second in zip(a, b, strict=True)]


def added(left: Matrix, right: Matrix) -> Matrix:
    """The sum; a scalar is added to every entry."""
    return entrywise(lambda x, y: x + y, left, right)


def scaled(factor: Number, value: Matrix) -> Matrix:
    """A number times a matrix."""
    return mapped(lambda entry: factor * entry, value)


def hadamard(left: Matrix, right: Matrix) -> Matrix:
    """The entry-by-entry product; a scalar scales."""
    return entrywise(lambda x, y: x * y, left, right)


def multiplied(left: Matrix, right: Matrix) -> Matrix:
    """The matrix product; a scalar scales.  Raises TooLarge where the time is up."""
    if size_of(left) == (1, 1) or size_of(right) == (1, 1):
        return hadamard(left, right)
    columns = transposed(right)
    product = []
    for row in left:
        check()
        product.append([mp.fdot(zip(row, column, strict=True)) for column in columns])
    return product


def total(value: Matrix) -> Number:
    """The sum of the entries."""
    return mp.fsum(entry for row in value for entry in row)


def blocks(values: list[Matrix], width: int) -> Matrix:
    """The block matrix with `width` blocks in a row."""
    result: Matrix = []
    for start in range(0, len(values), width):
        result += [[entry for part in parts for entry in part] for parts in zip(*values[start : start + width], strict=True)]
    return result


def through_mpmath(function: Callable[[Any], Any], value: Matrix) -> Matrix:
    """A function of mpmath matrices.  Raises Undefined where it has no real, finite value."""
    try:
        result = function(mp.matrix(value))
    except (ZeroDivisionError, ValueError, TypeError, mp.NoConvergence) as problem:  # TypeError: no pivot in a column of zeros
        raise Undefined(str(problem)) from None
    return checked(result.tolist())


def inverse(value: Matrix) -> Matrix:
    """The inverse.  Raises Undefined for a singular matrix."""
    size = len(value)
    rows, divisor = _eliminated([[*row, *unit] for row, unit in zip(value, identity(size), strict=True)])
    if not divisor:
        raise Undefined("the inverse of a singular matrix")
    found = [row[size:] for row in rows]
    if largest_entry(value) * largest_entry(found) > mp.mpf(10) ** (mp.dps - _ROUNDING):
        raise Undefined("the inverse of a singular matrix")  # it comes out as large as the digits carried
    return checked(found)


def determinant(value: Matrix) -> Number:
    """The determinant; 0 where it is no more than rounding, beside the product of the lengths of the rows (Hadamard's bound)."""
    _, found = _eliminated(value)
    bound = mp.fprod(mp.sqrt(mp.fsum(entry * entry for entry in row)) for row in value)
    return found if abs(found) > bound * mp.mpf(10) ** (_ROUNDING - mp.dps) else mp.mpf(0)


def _eliminated(value: Matrix) -> tuple[Matrix, Number]:
    """The rows after Gauss and Jordan's elimination of the first columns, with the largest pivots, and the determinant of these."""
    rows = [list(row) for row in value]
    determinant = mp.mpf(1)
    for place in range(len(rows)):
        check()
        pivot = max(range(place, len(rows)), key=lambda row: abs(rows[row][place]))
        if not rows[pivot][place]:
            return rows, mp.mpf(0)
        if pivot != place:
            rows[place], rows[pivot] = rows[pivot], rows[place]
            determinant = -determinant
        divisor = rows[place][place]
        determinant *= divisor
        rows[place] = top = [entry / divisor for entry in rows[place]]
        for other, row in enumerate(rows):
            factor = row[place]
            if other != place and factor:
                rows[other] = row[:place] + [
                    entry - factor * above for entry, above in zip(row[place:], top[place:], strict=True)
                ]
    return rows, determinant


def largest_entry(value: Matrix) -> Number:
    """The largest absolute value of an entry."""
    return max(abs(entry) for row in value for entry in row)
