"""Kinds: what a shape is called, what the spelling of a name suggests, and `Variable`, a name with its kind and shape."""

from __future__ import annotations

from typing import NamedTuple

from matdiff.language.dims import Shape
from matdiff.language.spelling import GREEK

# Names that usually are numbers: counts, times, constants.
SCALAR_LETTERS = frozenset(("c", "h", "k", "m", "n", "s", "t", "dt", "C", "N", "T"))
# The number pi is no variable.
_GREEK_NUMBERS = frozenset(name for name in GREEK if name.islower() and name != "pi")


class Variable(NamedTuple):
    """A variable: kind "scalar", "vector", "matrix" or "tensor" (with more axes), shape, property such as "symmetric" or None.

    origin: "declared", "default" (a scalar by its spelling) or "inferred" (infer found its sizes, or even its kind)
    """

    name: str
    kind: str
    shape: Shape
    property: str | None = None
    origin: str = "declared"

    def __repr__(self) -> str:
        return f"{self.name}: {' x '.join(map(str, self.shape))} ({self.origin})"


def kind_of(shape: Shape) -> str:
    """scalar, vector, row or matrix, by which of the two sizes is literally 1; with more sizes tensor."""
    if len(shape) > 2:
        return "tensor"
    if shape[0].is_one:
        return "scalar" if shape[1].is_one else "row"
    return "vector" if shape[1].is_one else "matrix"


def declared_shape(shape: Shape) -> str:
    """A shape as it is declared: `scalar`, `n`, `m x n`, `m x n x p`."""
    kind = kind_of(shape)
    return kind if kind == "scalar" else str(shape[0]) if kind == "vector" else " x ".join(map(str, shape))


def declared_kind(shape: Shape) -> str:
    """scalar, vector, matrix or array: what a variable of this shape is declared as; a row is a matrix."""
    kind = kind_of(shape)
    return "matrix" if kind == "row" else kind


def default_kind(name: str) -> str:
    """The kind the spelling of a name suggests."""
    if is_greek(name):
        return "scalar"
    return "matrix" if name[0].isupper() else "vector"


def stem(name: str) -> str:
    """The letters of a name, without digits and subscripts."""
    return name.partition("_")[0].rstrip("0123456789")


def is_usual_number(name: str) -> bool:
    """Whether the letter usually is a number: a count, a time, a constant."""
    return stem(name) in SCALAR_LETTERS


def is_greek(name: str) -> bool:
    """Whether it is the name of a lowercase Greek letter, perhaps with a subscript: `beta`, `beta1`, `beta_x`."""
    return stem(name) in _GREEK_NUMBERS
