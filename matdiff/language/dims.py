"""Symbolic sizes: polynomials with integer coefficients in size names, such as ``m``, ``3``, ``m n`` and ``n + 1``.

A value of matdiff has rows x columns; a vector is n x 1 and a scalar 1 x 1.  Only an array with more axes, which stands at its
indices, has as many sizes as axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Union

Monomial = tuple[str, ...]


class Dim:
    """An immutable polynomial over size names.  Equal polynomials are equal, hash alike and print alike."""

    __slots__ = ("_hash", "terms")

    def __init__(self, terms: dict[Monomial, int]) -> None:
        self.terms = tuple(sorted((m, c) for m, c in terms.items() if c))
        self._hash = hash(self.terms)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dim) and self.terms == other.terms

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[object, ...]:
        return Dim, (dict(self.terms),)  # a hash of strings is another one in every process

    def __repr__(self) -> str:
        return f"Dim({self})"

    def __str__(self) -> str:
        """`m n`, `n + 1`, `2 n - 1`: readable by the declaration grammar."""
        parts: list[str] = []
        for monomial, coefficient in sorted(self.terms, key=lambda t: (not t[0], t[0])):
            size = abs(coefficient)
            body = " ".join(([] if size == 1 and monomial else [str(size)]) + list(monomial))
            sign = "-" if coefficient < 0 else "+"
            parts.append(f"{sign} {body}" if parts else ("-" + body if coefficient < 0 else body))
        return " ".join(parts) or "0"

    def __add__(self, other: Dim) -> Dim:
        terms = dict(self.terms)
        for monomial, coefficient in other.terms:
            terms[monomial] = terms.get(monomial, 0) + coefficient
        return Dim(terms)

    def __neg__(self) -> Dim:
        return Dim({monomial: -coefficient for monomial, coefficient in self.terms})

    def __sub__(self, other: Dim) -> Dim:
        return self + -other

    def __mul__(self, other: Dim) -> Dim:
        terms: dict[Monomial, int] = {}
        for m1, c1 in self.terms:
            for m2, c2 in other.terms:
                key = tuple(sorted(m1 + m2))
                terms[key] = terms.get(key, 0) + c1 * c2
        return Dim(terms)

    @property
    def is_one(self) -> bool:
        return self.terms == (((), 1),)

    @property
    def value(self) -> int | None:
        """The integer this size is, or None when it depends on a name."""
        if not self.terms:
            return 0
        if len(self.terms) == 1 and not self.terms[0][0]:
            return self.terms[0][1]
        return None

    @property
    def name(self) -> str | None:
        """The single name this size is, or None for numbers and compound sizes."""
        if len(self.terms) == 1 and self.terms[0][1] == 1 and len(self.terms[0][0]) == 1:
            return self.terms[0][0][0]
        return None

    @property
    def names(self) -> tuple[str, ...]:
        """Every size name in it, sorted."""
        return tuple(sorted({name for monomial, _ in self.terms for name in monomial}))

    def substitute(self, sizes: dict[str, Dim]) -> Dim:
        """Replace size names by sizes."""
        if not any(name in sizes for name in self.names):
            return self
        total = Dim({})
        for monomial, coefficient in self.terms:
            product = Dim({(): coefficient})
            for name in monomial:
                product = product * sizes.get(name, size(name))
            total = total + product
        return total


# Rows and columns; more sizes of an array with more axes.
Shape = tuple[Dim, ...]


def shape_of_axes(axes: Sequence[Dim]) -> Shape:
    """The shape with these axes: of a number 1 x 1, of a vector n x 1."""
    return tuple(axes) if len(axes) > 1 else (*axes, ONE, ONE)[:2]


def size(value: Union[int, str, Dim]) -> Dim:
    """A `Dim` from a number or a name."""
    if isinstance(value, Dim):
        return value
    if isinstance(value, int):
        return Dim({(): value})
    return Dim({(value,): 1})


ONE = size(1)
SCALAR: Shape = (ONE, ONE)
