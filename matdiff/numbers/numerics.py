"""What every operation of the language does to numbers: matrices as lists of rows, entries of arbitrary precision (mpmath).

This is the referee of the symbolic stages, so it shares nothing with them: no pattern and no rule of the function table is used.
What is not here is worked out by its definition (`values`); the tests compare the two where both exist.  Importing this module loads
mpmath.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product as pairs

from matdiff.numbers.matrices import (
    Matrix,
    Number,
    Undefined,
    checked,
    determinant,
    entrywise,
    hadamard,
    inverse,
    mapped,
    multiplied,
    real,
    scalar,
    scaled,
    size_of,
    total,
    transposed,
)
from matdiff.numbers.matrixfunctions import (
    PRIMARY,
    adjugate,
    adjugate_bend,
    adjugate_slope,
    eigenprojector,
    eigenvalue,
    eigenvalues,
    power_of,
)
from matdiff.numbers.precision import mp


def _divided(left: Matrix, right: Matrix) -> Matrix:
    return entrywise(lambda x, y: _quotient(x, y), left, right)


def _quotient(x: Number, y: Number) -> Number:
    if y == 0:
        raise Undefined("division by zero")
    return x / y


def _entry_power(base: Number, exponent: Number) -> Number:
    if base == 0 and exponent < 0:
        raise Undefined("division by zero")
    return real(mp.power(base, exponent))


def _elementwise_power(base: Matrix, exponent: Matrix) -> Matrix:
    return entrywise(_entry_power, base, exponent)


def _power(base: Matrix, exponent: Matrix) -> Matrix:
    """A power of a number or of a square matrix."""
    if size_of(base) == (1, 1):
        return _elementwise_power(base, exponent)
    return power_of(exponent[0][0]).value(base)


def _contracted(left: Matrix, right: Matrix) -> Matrix:
    return scalar(total(hadamard(left, right)))


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


# Functions of whole matrices and vectors.


def _pseudoinverse(value: Matrix) -> Matrix:
    """By singular values; those that are zero but for rounding stay zero."""
    with mp.workdps(2 * mp.dps):
        back = transposed(value)
        squares, vectors = eigenvalues(multiplied(back, value))
        smallest = mp.mpf(10) ** (-mp.dps // 2) * max(squares)
        inverted = [1 / square if square > smallest else mp.mpf(0) for square in squares]
        scaled_vectors = [[entry * inverse for entry, inverse in zip(row, inverted, strict=True)] for row in vectors]
        found = multiplied(multiplied(scaled_vectors, transposed(vectors)), back)
    return checked(mapped(lambda entry: +entry, found))


def _singular_values(value: Matrix) -> list[Number]:
    """The roots of the eigenvalues of A^T A, which take twice the digits; an SVD need not converge where some are equal."""
    with mp.workdps(2 * mp.dps):
        squares, _ = eigenvalues(multiplied(transposed(value), value))
        roots = [mp.sqrt(max(square, mp.mpf(0))) for square in squares]
    return [+root for root in roots]


def _nuclear_norm(value: Matrix) -> Matrix:
    return scalar(mp.fsum(_singular_values(value)))


def _spectral_norm(value: Matrix) -> Matrix:
    return scalar(max(_singular_values(value)))


def _log_sum_exp(value: Matrix) -> Number:
    return mp.log(mp.fsum(mp.exp(entry) for row in value for entry in row))


def _softmax(value: Matrix) -> Matrix:
    below = _log_sum_exp(value)
    return mapped(lambda entry: mp.exp(entry - below), value)


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
    "sqrt": lambda x: real(mp.sqrt(x)),
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
    "asin": lambda x: real(mp.asin(x)),
    "acos": lambda x: real(mp.acos(x)),
    "atan": mp.atan,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
}

OPERATIONS: dict[str, Callable[..., Matrix]] = {
    "neg": _negated,
    ".*": hadamard,
    "/": _divided,
    "./": _divided,
    "^": _power,
    ".^": _elementwise_power,
    ":": _contracted,
    "dot": _contracted,
    "'": transposed,
    "tr": lambda x: scalar(mp.fsum(x[i][i] for i in range(len(x)))),
    "sum": lambda x: scalar(total(x)),
    "diag": _diagonal,
    "outer": lambda x, y: multiplied(x, transposed(y)),
    "kron": _kronecker,
    "vec": _stacked,
    "tril": lambda x: _triangle(x, lambda i, j: i >= j),
    "triu": lambda x: _triangle(x, lambda i, j: i <= j),
    "inv": inverse,
    "pinv": _pseudoinverse,
    "adj": adjugate,
    "det": lambda x: scalar(determinant(x)),
    "logdet": lambda x: scalar(_logarithm(determinant(x))),
    "softmax": _softmax,
    "logsumexp": lambda x: scalar(_log_sum_exp(x)),
    "max": lambda x: scalar(max(entry for row in x for entry in row)),
    "min": lambda x: scalar(min(entry for row in x for entry in row)),
    "argmax": _first_largest,
    "argmin": lambda x: _first_largest(_negated(x)),
    "norm": lambda x: scalar(mp.sqrt(total(hadamard(x, x)))),
    "norm2": _spectral_norm,
    "norm1": lambda x: scalar(total(mapped(abs, x))),
    "maxnorm": lambda x: scalar(max(abs(entry) for row in x for entry in row)),
    "nucnorm": _nuclear_norm,
    "cumsum": _cumulated,
    "mean": lambda x: scalar(total(x) / (len(x) * len(x[0]))),
    "numel": lambda x: scalar(len(x) * len(x[0])),
    "rows": lambda x: scalar(len(x)),
    "cols": lambda x: scalar(len(x[0])),
    **{name: partial(mapped, function) for name, function in ENTRYWISE.items()},
    **{name: primary.value for name, primary in PRIMARY.items()},
    **{f"d{name}": primary.slope for name, primary in PRIMARY.items()},
    **{f"d2{name}": primary.bend for name, primary in PRIMARY.items()},
    "powm": _power,
    "dpowm": lambda x, a, e: power_of(a[0][0]).slope(x, e),
    "d2powm": lambda x, a, e, f: power_of(a[0][0]).bend(x, e, f),
    "dadj": adjugate_slope,
    "d2adj": adjugate_bend,
    "cof": lambda x: transposed(adjugate(x)),
    "eigmax": partial(eigenvalue, place=-1),
    "eigmin": partial(eigenvalue, place=0),
    "eigmaxproj": partial(eigenprojector, place=-1),
    "eigminproj": partial(eigenprojector, place=0),
}
