"""What every operation of the language does to numbers: matrices as lists of rows, entries of arbitrary precision (mpmath).

This is the referee of the symbolic stages, so it shares nothing with them: no pattern, no rule and no macro of the function
table is used.  Importing this module loads mpmath.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product as pairs
from typing import Any

from mpmath import mp

Number = Any  # mpmath is untyped: an mpf
Matrix = list[list[Number]]


# The inverse of a singular matrix comes out with entries of the size of the digits carried, not as an error.
LARGEST = 10**20


class Undefined(ArithmeticError):
    """The expression has no real, finite value at this point."""


def checked(value: Matrix) -> Matrix:
    """The same numbers as reals.  Raises Undefined if one of them is complex, infinite or not a number."""
    return [[_real(entry) for entry in row] for row in value]


def _real(entry: Number) -> Number:
    if isinstance(entry, mp.mpc):
        if abs(entry.imag) > mp.mpf(10) ** (-mp.dps // 2) * (1 + abs(entry.real)):
            raise Undefined("a complex number")
        entry = entry.real
    entry = mp.mpf(entry)
    if not mp.isfinite(entry) or abs(entry) > LARGEST:
        raise Undefined("not finite")
    return entry


def scalar(value: Number) -> Matrix:
    """A number as a 1 x 1 matrix."""
    return [[mp.mpf(value)]]


def size_of(value: Matrix) -> tuple[int, int]:
    """Rows and columns."""
    return len(value), len(value[0])


def filled(rows: int, columns: int, value: Number = 0) -> Matrix:
    """A matrix of equal entries."""
    return [[mp.mpf(value)] * columns for _ in range(rows)]


def identity(size: int) -> Matrix:
    """The identity matrix."""
    return [[mp.mpf(row == column) for column in range(size)] for row in range(size)]


def transposed(value: Matrix) -> Matrix:
    """Rows as columns."""
    return [list(column) for column in zip(*value, strict=True)]


def _mapped(function: Callable[[Number], Number], value: Matrix) -> Matrix:
    return [[function(entry) for entry in row] for row in value]


def _entrywise(function: Callable[[Number, Number], Number], left: Matrix, right: Matrix) -> Matrix:
    """`function` of the entries in the same place; a scalar stands for an array of equal entries."""
    rows, columns = max(size_of(left), size_of(right))
    a = left if size_of(left) != (1, 1) else filled(rows, columns, left[0][0])
    b = right if size_of(right) != (1, 1) else filled(rows, columns, right[0][0])
    return [[function(x, y) for x, y in zip(first, second, strict=True)] for first, second in zip(a, b, strict=True)]


def added(left: Matrix, right: Matrix) -> Matrix:
    """The sum; a scalar is added to every entry."""
    return _entrywise(lambda x, y: x + y, left, right)


def scaled(factor: Number, value: Matrix) -> Matrix:
    """A number times a matrix."""
    return _mapped(lambda entry: factor * entry, value)


def _hadamard(left: Matrix, right: Matrix) -> Matrix:
    return _entrywise(lambda x, y: x * y, left, right)


def multiplied(left: Matrix, right: Matrix) -> Matrix:
    """The matrix product; a scalar scales."""
    if size_of(left) == (1, 1) or size_of(right) == (1, 1):
        return _hadamard(left, right)
    columns = transposed(right)
    return [[mp.fdot(zip(row, column, strict=True)) for column in columns] for row in left]


def _divided(left: Matrix, right: Matrix) -> Matrix:
    return _entrywise(lambda x, y: _quotient(x, y), left, right)


def _quotient(x: Number, y: Number) -> Number:
    if y == 0:
        raise Undefined("division by zero")
    return x / y


def _entry_power(base: Number, exponent: Number) -> Number:
    if base == 0 and exponent < 0:
        raise Undefined("division by zero")
    return _real(mp.power(base, exponent))


def _elementwise_power(base: Matrix, exponent: Matrix) -> Matrix:
    return _entrywise(_entry_power, base, exponent)


def _power(base: Matrix, exponent: Matrix) -> Matrix:
    """A power of a number, or a whole power of a square matrix."""
    if size_of(base) == (1, 1):
        return _elementwise_power(base, exponent)
    whole = int(exponent[0][0])
    if whole < 0:
        base, whole = _inverse(base), -whole
    result = identity(len(base))
    for _ in range(whole):
        result = multiplied(result, base)
    return result


def _total(value: Matrix) -> Number:
    return mp.fsum(entry for row in value for entry in row)


def _contracted(left: Matrix, right: Matrix) -> Matrix:
    return scalar(_total(_hadamard(left, right)))


def _diagonal(value: Matrix) -> Matrix:
    """The diagonal of a matrix as a vector, or the matrix with a vector on its diagonal."""
    rows, columns = size_of(value)
    if columns == 1:
        return [[value[i][0] if i == j else mp.mpf(0) for j in range(rows)] for i in range(rows)]
    return [[value[i][i]] for i in range(rows)]


def _kronecker(left: Matrix, right: Matrix) -> Matrix:
    return [[x * y for x in first for y in second] for first, second in pairs(left, right)]


def _stacked(value: Matrix) -> Matrix:
    """vec: the columns below one another."""
    return [[entry] for column in transposed(value) for entry in column]


def _triangle(value: Matrix, keep: Callable[[int, int], bool]) -> Matrix:
    return [[entry if keep(i, j) else mp.mpf(0) for j, entry in enumerate(row)] for i, row in enumerate(value)]


def blocks(values: list[Matrix], width: int) -> Matrix:
    """The block matrix with `width` blocks in a row."""
    result: Matrix = []
    for start in range(0, len(values), width):
        result += [[entry for part in parts for entry in part] for parts in zip(*values[start : start + width], strict=True)]
    return result


# Functions of whole matrices and vectors.


def _through_mpmath(function: Callable[[Any], Any], value: Matrix) -> Matrix:
    try:
        result = function(mp.matrix(value))
    except (ZeroDivisionError, ValueError, mp.NoConvergence) as problem:
        raise Undefined(str(problem)) from None
    return checked(result.tolist())


def _inverse(value: Matrix) -> Matrix:
    return _through_mpmath(mp.inverse, value)


def _determinant(value: Matrix) -> Number:
    return mp.det(mp.matrix(value))


def _adjugate(value: Matrix) -> Matrix:
    """Cofactors, transposed: defined for singular matrices too."""
    size = len(value)
    if size == 1:
        return scalar(1)

    def cofactor(i: int, j: int) -> Number:
        minor = [[value[r][c] for c in range(size) if c != j] for r in range(size) if r != i]
        return (-1) ** (i + j) * _determinant(minor)

    return [[cofactor(j, i) for j in range(size)] for i in range(size)]


def _pseudoinverse(value: Matrix) -> Matrix:
    """By singular values; those that are zero but for rounding stay zero."""
    left, values, right = mp.svd_r(mp.matrix(value))
    smallest = mp.mpf(10) ** (-mp.dps // 2) * max(values)
    inverted = mp.diag([1 / s if s > smallest else mp.mpf(0) for s in values])
    return checked((right.T * inverted * left.T).tolist())


def _nuclear_norm(value: Matrix) -> Matrix:
    return scalar(mp.fsum(mp.svd_r(mp.matrix(value), compute_uv=False)))


def _frechet(function: Callable[[Matrix], Matrix], at: Matrix, direction: Matrix) -> Matrix:
    """The derivative of a primary matrix function: the corner of f([X, E; 0, X]) (Higham 2008, theorem 3.6)."""
    size = len(at)
    whole = function(blocks([at, direction, filled(size, size), at], 2))
    return [row[size:] for row in whole[:size]]


def _log_sum_exp(value: Matrix) -> Number:
    return mp.log(mp.fsum(mp.exp(entry) for row in value for entry in row))


def _softmax(value: Matrix) -> Matrix:
    below = _log_sum_exp(value)
    return _mapped(lambda entry: mp.exp(entry - below), value)


def _first_largest(value: Matrix) -> Matrix:
    """1 at the first largest entry, row by row, and 0 elsewhere."""
    entries = [(i, j) for i, row in enumerate(value) for j in range(len(row))]
    place = max(entries, key=lambda at: value[at[0]][at[1]])
    return [[mp.mpf((i, j) == place) for j in range(len(row))] for i, row in enumerate(value)]


def _cumulated(value: Matrix) -> Matrix:
    return [[mp.fsum(row[0] for row in value[: end + 1])] for end in range(len(value))]


def _negated(value: Matrix) -> Matrix:
    return scaled(-1, value)


def _logarithm(x: Number) -> Number:
    if x <= 0:
        raise Undefined("logarithm of a number that is not positive")
    return mp.log(x)


ENTRYWISE: dict[str, Callable[[Number], Number]] = {
    "exp": mp.exp,
    "log": _logarithm,
    "log1p": lambda x: _logarithm(1 + x),
    "expm1": mp.expm1,
    "sqrt": lambda x: _real(mp.sqrt(x)),
    "abs": abs,
    "sign": mp.sign,
    "step": lambda x: mp.mpf(x > 0),
    "relu": lambda x: max(x, mp.mpf(0)),
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda x: mp.log(1 + mp.exp(x)),
    "logsigmoid": lambda x: -mp.log(1 + mp.exp(-x)),
    "erf": mp.erf,
    "gelu": lambda x: x * (1 + mp.erf(x / mp.sqrt(2))) / 2,
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "asin": lambda x: _real(mp.asin(x)),
    "acos": lambda x: _real(mp.acos(x)),
    "atan": mp.atan,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
}

_PRIMARY: dict[str, Callable[[Matrix], Matrix]] = {
    "expm": lambda value: _through_mpmath(mp.expm, value),
    "logm": lambda value: _through_mpmath(mp.logm, value),
    "sqrtm": lambda value: _through_mpmath(mp.sqrtm, value),
}

OPERATIONS: dict[str, Callable[..., Matrix]] = {
    "neg": _negated,
    ".*": _hadamard,
    "/": _divided,
    "./": _divided,
    "^": _power,
    ".^": _elementwise_power,
    ":": _contracted,
    "dot": _contracted,
    "'": transposed,
    "tr": lambda x: scalar(mp.fsum(x[i][i] for i in range(len(x)))),
    "sum": lambda x: scalar(_total(x)),
    "diag": _diagonal,
    "outer": lambda x, y: multiplied(x, transposed(y)),
    "kron": _kronecker,
    "vec": _stacked,
    "tril": lambda x: _triangle(x, lambda i, j: i >= j),
    "triu": lambda x: _triangle(x, lambda i, j: i <= j),
    "inv": _inverse,
    "pinv": _pseudoinverse,
    "adj": _adjugate,
    "det": lambda x: scalar(_determinant(x)),
    "logdet": lambda x: scalar(_logarithm(_determinant(x))),
    "softmax": _softmax,
    "logsumexp": lambda x: scalar(_log_sum_exp(x)),
    "max": lambda x: scalar(max(entry for row in x for entry in row)),
    "min": lambda x: scalar(min(entry for row in x for entry in row)),
    "argmax": _first_largest,
    "argmin": lambda x: _first_largest(_negated(x)),
    "norm": lambda x: scalar(mp.sqrt(_total(_hadamard(x, x)))),
    "norm2": lambda x: scalar(mp.sqrt(_total(_hadamard(x, x)))),
    "norm1": lambda x: scalar(_total(_mapped(abs, x))),
    "maxnorm": lambda x: scalar(max(abs(entry) for row in x for entry in row)),
    "nucnorm": _nuclear_norm,
    "cumsum": _cumulated,
    "mean": lambda x: scalar(_total(x) / (len(x) * len(x[0]))),
    "numel": lambda x: scalar(len(x) * len(x[0])),
    "rows": lambda x: scalar(len(x)),
    "cols": lambda x: scalar(len(x[0])),
    **{name: partial(_mapped, function) for name, function in ENTRYWISE.items()},
    **_PRIMARY,
    **{f"d{name}": partial(_frechet, function) for name, function in _PRIMARY.items()},
}
