"""Expressions written out in their components: arrays of SymPy expressions in place of numbers.

For exact proofs.  Like `numerics` it shares no pattern and no rule of the function table with the symbolic stages; of the functions
that the table defines by others only those stand here that SymPy knows.  Symbols have no assumptions, so SymPy simplifies nothing
that holds for some numbers only.  Importing this module loads SymPy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from itertools import product
from typing import TYPE_CHECKING, Any

import sympy

from matdiff.numbers.values import Arithmetic, Inexpressible

if TYPE_CHECKING:
    from matdiff.language.syntax import Rational

Entry = Any  # SymPy is untyped here: an Expr
Array = list[list[Entry]]


class Sign(sympy.Function):  # type: ignore[misc]
    """The sign of a number other than 0: constant near it, and its square is 1."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> Entry:
        return sympy.S.Zero


class Largest(sympy.Function):  # type: ignore[misc]
    """Largest(k, x_0, x_1, ...): whether x_k is the largest, a number that is constant nearby."""

    def fdiff(self, argindex: int = 1) -> Entry:
        return sympy.S.Zero


def _map(function: Callable[[Entry], Entry], array: Array) -> Array:
    return [[function(entry) for entry in row] for row in array]


def _size(array: Array) -> tuple[int, int]:
    return len(array), len(array[0])


def _spread(array: Array, rows: int, columns: int) -> Array:
    """A scalar as an array of equal entries."""
    return [[array[0][0]] * columns for _ in range(rows)] if _size(array) == (1, 1) else array


def _both(function: Callable[[Entry, Entry], Entry]) -> Callable[[Array, Array], Array]:
    def apply(left: Array, right: Array) -> Array:
        rows, columns = max(_size(left), _size(right))
        a, b = _spread(left, rows, columns), _spread(right, rows, columns)
        return [[function(x, y) for x, y in zip(first, second, strict=True)] for first, second in zip(a, b, strict=True)]

    return apply


_add = _both(lambda x, y: x + y)
_hadamard = _both(lambda x, y: x * y)
_divide = _both(lambda x, y: x / y)


def _multiply(left: Array, right: Array) -> Array:
    if _size(left) == (1, 1) or _size(right) == (1, 1):
        return _hadamard(left, right)
    middle = range(len(right))
    return [[sympy.Add(*(row[k] * right[k][j] for k in middle)) for j in range(len(right[0]))] for row in left]


def _transpose(array: Array) -> Array:
    return [list(column) for column in zip(*array, strict=True)]


def _total(array: Array) -> Entry:
    return sympy.Add(*(entry for row in array for entry in row))


def _scalar(entry: Entry) -> Array:
    return [[entry]]


def _identity(size: int) -> Array:
    return [[sympy.Integer(int(i == j)) for j in range(size)] for i in range(size)]


def _determinant(array: Array) -> Entry:
    """By the first row: no division."""
    if len(array) == 1:
        return array[0][0]
    minors = ([row[:k] + row[k + 1 :] for row in array[1:]] for k in range(len(array)))
    return sympy.Add(*((-1) ** k * array[0][k] * _determinant(minor) for k, minor in enumerate(minors)))


def _adjugate(array: Array) -> Array:
    size = range(len(array))
    if len(array) == 1:
        return _scalar(sympy.S.One)

    def cofactor(i: int, j: int) -> Entry:
        return (-1) ** (i + j) * _determinant([[array[r][c] for c in size if c != j] for r in size if r != i])

    return [[cofactor(j, i) for j in size] for i in size]


def _moved_adjugate(array: Array, *directions: Array) -> Array:
    """The derivative of the adjugate, a polynomial, in one direction after the other."""
    steps = [sympy.Dummy() for _ in directions]
    moved = array
    for step, direction in zip(steps, directions, strict=True):
        moved = _add(moved, _map(lambda entry, step=step: step * entry, direction))  # type: ignore[misc]
    zero = dict.fromkeys(steps, 0)
    return _map(lambda entry: sympy.diff(entry, *steps).subs(zero), _adjugate(moved))


def _inverse(array: Array) -> Array:
    determinant = sympy.expand(_determinant(array))
    if determinant == 0:
        raise ZeroDivisionError
    return _map(lambda entry: entry / determinant, _adjugate(array))


def _pseudoinverse(array: Array) -> Array:
    """Of a matrix of full rank."""
    other = _transpose(array)
    if len(array) >= len(other):
        return _multiply(_inverse(_multiply(other, array)), other)
    return _multiply(other, _inverse(_multiply(array, other)))


def _power(base: Array, exponent: Array) -> Array:
    if _size(base) == (1, 1):
        return _scalar(base[0][0] ** exponent[0][0])
    if not exponent[0][0].is_Integer:
        raise Inexpressible("^")
    whole = int(exponent[0][0])
    factor = base if whole >= 0 else _inverse(base)
    return reduce(_multiply, [factor] * abs(whole), _identity(len(base)))


def _step(x: Entry) -> Entry:
    return (1 + Sign(x)) / 2


def _largest(array: Array) -> Array:
    """1 at the largest entry."""
    entries = [entry for row in array for entry in row]
    flags = iter([Largest(k, *entries) for k in range(len(entries))])
    return [[next(flags) for _ in row] for row in array]


def _maximum(array: Array) -> Array:
    return _scalar(_total(_hadamard(_largest(array), array)))


def _negative(array: Array) -> Array:
    return _map(lambda entry: -entry, array)


def _diagonal(array: Array) -> Array:
    if len(array[0]) == 1:
        return [[array[i][0] if i == j else sympy.S.Zero for j in range(len(array))] for i in range(len(array))]
    return [[array[i][i]] for i in range(len(array))]


def _masked(keep: Callable[[int, int], bool]) -> Callable[[Array], Array]:
    return lambda array: [[x if keep(i, j) else sympy.S.Zero for j, x in enumerate(row)] for i, row in enumerate(array)]


def _cumulated(array: Array) -> Array:
    return [[sympy.Add(*(row[0] for row in array[: end + 1]))] for end in range(len(array))]


_ENTRYWISE: dict[str, Callable[[Entry], Entry]] = {
    "exp": sympy.exp,
    "log": sympy.log,
    "sqrt": sympy.sqrt,
    "sign": Sign,
    "step": _step,
    "erf": sympy.erf,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tan": sympy.tan,
    "asin": sympy.asin,
    "acos": sympy.acos,
    "atan": sympy.atan,
    "sinh": sympy.sinh,
    "cosh": sympy.cosh,
    "tanh": sympy.tanh,
}


def _entrywise(function: Callable[[Entry], Entry]) -> Callable[[Array], Array]:
    return lambda array: _map(function, array)


class Components(Arithmetic):
    """The arithmetic of `values.Evaluation` for SymPy expressions."""

    operations: Mapping[str, Callable[..., Array]] = {
        "neg": _negative,
        "+": _add,
        "*": _multiply,
        ".*": _hadamard,
        "/": _divide,
        "./": _divide,
        "^": _power,
        ".^": _both(lambda x, y: x**y),
        ":": lambda x, y: _scalar(_total(_hadamard(x, y))),
        "dot": lambda x, y: _scalar(_total(_hadamard(x, y))),
        "'": _transpose,
        "tr": lambda x: _scalar(sympy.Add(*(x[i][i] for i in range(len(x))))),
        "sum": lambda x: _scalar(_total(x)),
        "diag": _diagonal,
        "outer": lambda x, y: _multiply(x, _transpose(y)),
        "kron": lambda x, y: [[a * b for a in first for b in second] for first, second in product(x, y)],
        "vec": lambda x: [[entry] for column in _transpose(x) for entry in column],
        "tril": _masked(lambda i, j: i >= j),
        "triu": _masked(lambda i, j: i <= j),
        "inv": _inverse,
        "pinv": _pseudoinverse,
        "adj": _adjugate,
        "dadj": _moved_adjugate,
        "d2adj": _moved_adjugate,
        "det": lambda x: _scalar(_determinant(x)),
        "max": _maximum,
        "argmax": _largest,
        "cumsum": _cumulated,
        "rows": lambda x: _scalar(sympy.Integer(len(x))),
        "cols": lambda x: _scalar(sympy.Integer(len(x[0]))),
        **{name: _entrywise(function) for name, function in _ENTRYWISE.items()},
    }

    def number(self, value: Rational) -> Entry:
        return sympy.Rational(value.numerator, value.denominator)

    @property
    def pi(self) -> Entry:
        return sympy.pi

    def total(self, entries: Iterable[Entry]) -> Entry:
        return sympy.Add(*entries)
