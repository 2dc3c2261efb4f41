"""Matrices as lists of rows, with entries of arbitrary precision (mpmath), and their arithmetic.

Importing this module loads mpmath.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import product
from operator import add, eq, ge, le, mul, sub
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


# What follows holds for entries of every kind, numbers and expressions.


def transposed(value: Matrix) -> Matrix:
    """Rows as columns."""
    return [list(column) for column in zip(*value, strict=True)]


def entries_of(value: Matrix) -> list[Number]:
    """All entries, row by row."""
    return [entry for row in value for entry in row]


def mapped(function: Callable[[Number], Number], value: Matrix) -> Matrix:
    """A function of every entry."""
    return [[function(entry) for entry in row] for row in value]


def masked(keep: Callable[[int, int], bool], value: Matrix) -> Matrix:
    """The same matrix with 0 for the entries that are not kept."""
    return [[entry if keep(i, j) else 0 * entry for j, entry in enumerate(row)] for i, row in enumerate(value)]


def stretched(value: Matrix, rows: int, columns: int) -> Matrix:
    """A scalar as an array of equal entries."""
    return [[value[0][0]] * columns for _ in range(rows)] if size_of(value) == (1, 1) else value


def entrywise(function: Callable[[Number, Number], Number], left: Matrix, right: Matrix) -> Matrix:
    """`function` of the entries in the same place; a scalar stands for an array of equal entries."""
    size = max(size_of(left), size_of(right))
    pairs = zip(stretched(left, *size), stretched(right, *size), strict=True)
    return [[function(x, y) for x, y in zip(first, second, strict=True)] for first, second in pairs]


def added(left: Matrix, right: Matrix) -> Matrix:
    """The sum; a scalar is added to every entry."""
    return entrywise(add, left, right)


def difference(left: Matrix, right: Matrix) -> Matrix:
    """left - right."""
    return entrywise(sub, left, right)


def scaled(factor: Number, value: Matrix) -> Matrix:
    """A number times a matrix."""
    return mapped(lambda entry: factor * entry, value)


def hadamard(left: Matrix, right: Matrix) -> Matrix:
    """The entry-by-entry product; a scalar scales."""
    return entrywise(mul, left, right)


def blocks(values: list[Matrix], width: int) -> Matrix:
    """The block matrix with `width` blocks in a row."""
    result: Matrix = []
    for start in range(0, len(values), width):
        result += [[entry for part in parts for entry in part] for parts in zip(*values[start : start + width], strict=True)]
    return result


def cofactors(value: Matrix, minor: Callable[[Matrix, int, int], Number]) -> Matrix:
    """The adjugate, made of what `minor` says of the matrix without row i and column j, given (that matrix, i, j)."""
    size = range(len(value))
    return [[(-1) ** (i + j) * minor(without(value, j, i), j, i) for j in size] for i in size]


def without(value: Matrix, row: int, column: int) -> Matrix:
    """The matrix without a row and a column."""
    return [line[:column] + line[column + 1 :] for line in value[:row] + value[row + 1 :]]


def _diagonal(value: Matrix) -> Matrix:
    """The diagonal of a matrix as a vector, or the matrix with a vector on its diagonal."""
    if len(value[0]) == 1:
        return masked(eq, [row * len(value) for row in value])
    return [[value[i][i]] for i in range(len(value))]


def moving(
    number: Callable[[int], Number], total: Callable[[Iterable[Number]], Number], times: Callable[[Matrix, Matrix], Matrix]
) -> dict[str, Callable[..., Matrix]]:
    """The operations that do nothing but move, add and multiply entries, by an arithmetic of these."""

    def contracted(x: Matrix, y: Matrix) -> Matrix:
        return [[total(entries_of(hadamard(x, y)))]]

    return {
        "*": times,
        "+": added,
        "neg": lambda x: scaled(-1, x),
        ".*": hadamard,
        ":": contracted,
        "dot": contracted,
        "'": transposed,
        "tr": lambda x: [[total(row[i] for i, row in enumerate(x))]],
        "sum": lambda x: [[total(entries_of(x))]],
        "diag": _diagonal,
        "outer": lambda x, y: times(x, transposed(y)),
        "kron": lambda x, y: [[a * b for a in first for b in second] for first, second in product(x, y)],
        "vec": lambda x: [[entry] for entry in entries_of(transposed(x))],
        "tril": partial(masked, ge),
        "triu": partial(masked, le),
        "cumsum": lambda x: [[total(row[0] for row in x[: end + 1])] for end in range(len(x))],
        "rows": lambda x: [[number(len(x))]],
        "cols": lambda x: [[number(len(x[0]))]],
    }


# Numbers.


def multiplied(left: Matrix, right: Matrix) -> Matrix:
    """The matrix product; a scalar scales.  Raises TooLarge where the time is up."""
    if size_of(left) == (1, 1) or size_of(right) == (1, 1):
        return hadamard(left, right)
    columns = transposed(right)
    found = []
    for row in left:
        check()
        found.append([mp.fdot(zip(row, column, strict=True)) for column in columns])
    return found


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
    return max(map(abs, entries_of(value)))
