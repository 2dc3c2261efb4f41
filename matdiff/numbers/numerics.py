"""What every operation of the language does to numbers: matrices as lists of rows, entries of arbitrary precision (mpmath).

This is the referee of the symbolic stages, so it shares nothing with them: no pattern and no rule of the function table is used.
What is not here is worked out by its definition (`values`); the tests compare the two where both exist.  Importing this module loads
mpmath.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from matdiff.numbers.matrices import (
    Matrix,
    Number,
    Undefined,
    checked,
    determinant,
    entries_of,
    entrywise,
    hadamard,
    inverse,
    largest_entry,
    mapped,
    moving,
    multiplied,
    real,
    scalar,
    scaled,
    size_of,
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


def _quotient(x: Number, y: Number) -> Number:
    if y == 0:
        raise Undefined("division by zero")
    return x / y


def _entry_power(base: Number, exponent: Number) -> Number:
    if base == 0 and exponent < 0:
        raise Undefined("division by zero")
    return real(mp.power(base, exponent))


def _power(base: Matrix, exponent: Matrix) -> Matrix:
    """A power of a number or of a square matrix."""
    if size_of(base) == (1, 1):
        return entrywise(_entry_power, base, exponent)
    return power_of(exponent[0][0]).value(base)


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


def _log_sum_exp(value: Matrix) -> Number:
    return mp.log(mp.fsum(map(mp.exp, entries_of(value))))


def _softmax(value: Matrix) -> Matrix:
    below = _log_sum_exp(value)
    return mapped(lambda entry: mp.exp(entry - below), value)


def _first_largest(value: Matrix) -> Matrix:
    """1 at the first largest entry, row by row, and 0 elsewhere."""
    entries = entries_of(value)
    place, columns = entries.index(max(entries)), len(value[0])
    return [[mp.mpf(i * columns + j == place) for j in range(columns)] for i in range(len(value))]


def _logarithm(x: Number) -> Number:
    if x <= 0:
        raise Undefined("logarithm of a number that is not positive")
    return mp.log(x)


ENTRYWISE: dict[str, Callable[[Number], Number]] = {
    **{name: getattr(mp, name) for name in "exp expm1 sign erf sin cos tan atan sinh cosh tanh".split()},
    "log": _logarithm,
    "log1p": lambda x: _logarithm(1 + x),
    "sqrt": lambda x: real(mp.sqrt(x)),
    "abs": abs,
    "step": lambda x: mp.mpf(x > 0),
    "relu": lambda x: max(x, mp.mpf(0)),
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda x: mp.log(1 + mp.exp(x)),
    "logsigmoid": lambda x: -mp.log(1 + mp.exp(-x)),
    "gelu": lambda x: x * (1 + mp.erf(x / mp.sqrt(2))) / 2,
    "asin": lambda x: real(mp.asin(x)),
    "acos": lambda x: real(mp.acos(x)),
}

OPERATIONS: dict[str, Callable[..., Matrix]] = {
    **moving(mp.mpf, mp.fsum, multiplied),
    "/": partial(entrywise, _quotient),
    "./": partial(entrywise, _quotient),
    "^": _power,
    ".^": partial(entrywise, _entry_power),
    "inv": inverse,
    "pinv": _pseudoinverse,
    "adj": adjugate,
    "det": lambda x: scalar(determinant(x)),
    "logdet": lambda x: scalar(_logarithm(determinant(x))),
    "softmax": _softmax,
    "logsumexp": lambda x: scalar(_log_sum_exp(x)),
    "prod": lambda x: scalar(mp.fprod(entries_of(x))),
    "max": lambda x: scalar(max(entries_of(x))),
    "min": lambda x: scalar(min(entries_of(x))),
    "argmax": _first_largest,
    "argmin": lambda x: _first_largest(scaled(-1, x)),
    "norm": lambda x: scalar(mp.sqrt(mp.fsum(entries_of(hadamard(x, x))))),
    "norm2": lambda x: scalar(max(_singular_values(x))),
    "norm1": lambda x: scalar(mp.fsum(map(abs, entries_of(x)))),
    "maxnorm": lambda x: scalar(largest_entry(x)),
    "nucnorm": lambda x: scalar(mp.fsum(_singular_values(x))),
    "mean": lambda x: scalar(mp.fsum(entries_of(x)) / len(entries_of(x))),
    "numel": lambda x: scalar(len(entries_of(x))),
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
