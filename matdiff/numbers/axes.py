"""Sizes as numbers, and how an array with any number of axes is stored in rows and columns.

The rows are those of its first axis; all other axes run along the columns, the last one fastest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from matdiff.language.dims import Dim, Shape

Sizes = Mapping[str, int]
Place = tuple[int, ...]


def number_of_dim(dim: Dim, sizes: Sizes) -> int:
    """A symbolic size as a number.  Raises KeyError for a name that `sizes` does not hold."""
    total = 0
    for monomial, coefficient in dim.terms:
        for name in monomial:
            coefficient *= sizes[name]
        total += coefficient
    return total


def stored_size(shape: Shape, sizes: Sizes) -> tuple[int, int]:
    """Rows and columns of an array of this shape as it is stored."""
    rows, *others = (number_of_dim(dim, sizes) for dim in shape)
    return rows, prod(others)


def stored_place(shape: Shape, place: Sequence[int], sizes: Sizes) -> Place:
    """The row and column at which the entry with these indices is stored."""
    row, *others = place
    column = 0
    for index, dim in zip(others, shape[1:], strict=True):
        column = column * number_of_dim(dim, sizes) + index
    return row, column


def axes_kept(shapes: Sequence[Shape], places: Sequence[Place], sizes: Sizes) -> Place:
    """The indices of entries that are stored at these rows and columns; those of sizes 1 vanish."""
    found: list[int] = []
    for shape, (row, column) in zip(shapes, places, strict=True):
        indices: list[int] = []
        for dim in reversed(shape[1:]):
            column, index = divmod(column, number_of_dim(dim, sizes))
            indices.append(index)
        found += [index for index, dim in zip((row, *reversed(indices)), shape, strict=True) if not dim.is_one]
    return tuple(found)
