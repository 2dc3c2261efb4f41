"""Expressions written out in their components: arrays of SymPy expressions in place of numbers.

For exact proofs.  Like `numerics` it shares no pattern and no rule of the function table with the symbolic stages; of the functions
that the table defines by others only those stand here that SymPy knows.  Symbols have no assumptions, so SymPy simplifies nothing
that holds for some numbers only.  Importing this module loads SymPy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial, reduce
from operator import pow, truediv
from typing import TYPE_CHECKING, Any

import sympy

from matdiff.numbers.matrices import (
    added,
    cofactors,
    entries_of,
    entrywise,
    hadamard,
    mapped,
    moving,
    scaled,
    size_of,
    transposed,
)
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


def _total(entries: Iterable[Entry]) -> Entry:
    return sympy.Add(*entries)


def _multiply(left: Array, right: Array) -> Array:
    if size_of(left) == (1, 1) or size_of(right) == (1, 1):
        return hadamard(left, right)
    columns = transposed(right)
    return [[_total(x * y for x, y in zip(row, column, strict=True)) for column in columns] for row in left]


def _determinant(array: Array) -> Entry:
    """By the first row: no division."""
    if not array:
        return sympy.S.One
    minors = ([row[:k] + row[k + 1 :] for row in array[1:]] for k in range(len(array)))
    return _total((-1) ** k * array[0][k] * _determinant(minor) for k, minor in enumerate(minors))


def _adjugate(array: Array) -> Array:
    return cofactors(array, lambda minor, i, j: _determinant(minor))


def _moved_adjugate(array: Array, *directions: Array) -> Array:
    """The derivative of the adjugate, a polynomial, in one direction after the other."""
    steps = [sympy.Dummy() for _ in directions]
    moved = reduce(added, map(scaled, steps, directions), array)
    zero = dict.fromkeys(steps, 0)
    return mapped(lambda entry: sympy.diff(entry, *steps).subs(zero), _adjugate(moved))


def _inverse(array: Array) -> Array:
    determinant = sympy.expand(_determinant(array))
    if determinant == 0:
        raise ZeroDivisionError
    return mapped(lambda entry: entry / determinant, _adjugate(array))


def _pseudoinverse(array: Array) -> Array:
    """Of a matrix of full rank."""
    other = transposed(array)
    if len(array) >= len(other):
        return _multiply(_inverse(_multiply(other, array)), other)
    return _multiply(other, _inverse(_multiply(array, other)))


def _power(base: Array, exponent: Array) -> Array:
    if size_of(base) == (1, 1):
        return entrywise(pow, base, exponent)
    if not exponent[0][0].is_Integer:
        raise Inexpressible("^")
    whole = int(exponent[0][0])
    one = [[sympy.Integer(int(i == j)) for j in range(len(base))] for i in range(len(base))]
    return reduce(_multiply, [base if whole >= 0 else _inverse(base)] * abs(whole), one)


def _largest(array: Array) -> Array:
    """1 at the largest entry."""
    entries, columns = entries_of(array), len(array[0])
    return [[Largest(i * columns + j, *entries) for j in range(columns)] for i in range(len(array))]


_ENTRYWISE: dict[str, Callable[[Entry], Entry]] = {
    **{name: getattr(sympy, name) for name in "exp log sqrt erf sin cos tan asin acos atan sinh cosh tanh".split()},
    "sign": Sign,
    "step": lambda x: (1 + Sign(x)) / 2,
}


class Components(Arithmetic):
    """The arithmetic of `values.Evaluation` for SymPy expressions."""

    operations: Mapping[str, Callable[..., Array]] = {
        **moving(sympy.Integer, _total, _multiply),
        "/": partial(entrywise, truediv),
        "./": partial(entrywise, truediv),
        "^": _power,
        ".^": partial(entrywise, pow),
        "inv": _inverse,
        "pinv": _pseudoinverse,
        "adj": _adjugate,
        "dadj": _moved_adjugate,
        "d2adj": _moved_adjugate,
        "det": lambda x: [[_determinant(x)]],
        "max": lambda x: [[_total(entries_of(hadamard(_largest(x), x)))]],
        "argmax": _largest,
        **{name: partial(mapped, function) for name, function in _ENTRYWISE.items()},
    }

    def number(self, value: Rational) -> Entry:
        return sympy.Rational(value.numerator, value.denominator)

    @property
    def pi(self) -> Entry:
        return sympy.pi

    def total(self, entries: Iterable[Entry]) -> Entry:
        return _total(entries)
