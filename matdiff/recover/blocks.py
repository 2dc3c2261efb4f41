"""`grid_of`: terms that each fill a part of an array, as `lower` makes them of `[A, B; C, D]`, put together again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matdiff.language.dims import ONE, Dim, Shape, size
from matdiff.language.syntax import Rational
from matdiff.tensor import build
from matdiff.tensor.nodes import Constant, Factor, Product, Tensor

Side = tuple[Dim, Dim]
"""Where a block begins on an axis, and its size there."""


class Grid(NamedTuple):
    """Blocks row by row, `width` in a row; a block that no term fills is None."""

    width: int
    cells: list[tuple[Shape, Tensor | None]]


def part_of(term: Tensor) -> tuple[tuple[Side | None, ...], Tensor] | None:
    """Where a term stands (None for an axis that it fills) and what stands there; None when it fills the whole array."""
    if isinstance(term, Product):
        factors, out, sizes, coefficient = term.factors, term.out, term.sizes, term.coefficient
    else:
        axes = tuple(range(term.order))
        factors, out, sizes, coefficient = ((term, axes),), axes, term.dims, 1
    sides: list[Side | None] = []
    ends: list[int] = []
    rest = list(factors)
    for end in out:
        holders = [factor for factor in rest if end in factor[1]]
        if len(holders) != 1 or not _is_shift(holders[0]) or holders[0][1][0] != end or out.count(end) > 1:
            sides.append(None)
            ends.append(end)
            continue
        shift, slots = holders[0]
        rest.remove(holders[0])
        assert isinstance(shift, Constant)
        offset, part = shift.parameters
        sides.append((offset, part))
        ends += slots[1:]
    if not any(sides):
        return None
    return tuple(sides), build.einsum(rest, ends, dict(enumerate(sizes)), coefficient)


def _is_shift(factor: Factor) -> bool:
    return isinstance(factor[0], Constant) and factor[0].name == "shift"


def grid_of(terms: Sequence[tuple[Rational, Tensor]], dims: tuple[Dim, ...]) -> Grid | None:
    """The array of these terms as blocks; None when they do not cut it along straight lines."""
    places: dict[tuple[Side, ...], list[tuple[Rational, Tensor]]] = {}
    for coefficient, term in terms:
        part = part_of(term)
        if part is None:
            return None
        sides = tuple(side or (size(0), dim) for side, dim in zip(part[0], dims))
        places.setdefault(sides, []).append((coefficient, part[1]))
    cuts = [_cuts({sides[axis] for sides in places}, dim) for axis, dim in enumerate(dims)]
    if any(cut is None for cut in cuts):
        return None
    rows, columns = cuts[0] or [], (cuts[1] if len(cuts) > 1 else None) or [(size(0), ONE)]
    cells: list[tuple[Shape, Tensor | None]] = []
    for row in rows:
        for column in columns:
            found = places.get((row, column)[: len(dims)])
            cells.append(((row[1], column[1]), build.add(found, found[0][1].dims) if found else None))
    return Grid(len(columns), cells)


def _cuts(sides: set[Side], whole: Dim) -> list[Side] | None:
    """The sides in order, what lies between them included; None when they overlap or their order is not known."""
    found: list[Side] = []
    here, left = size(0), dict(sides)
    if len(left) < len(sides):
        return None
    while left:
        if here not in left:
            if len(left) > 1:
                return None
            (start,) = left
            if not _is_length(start - here):
                return None
            found.append((here, start - here))
            here = start
        part = left.pop(here)
        found.append((here, part))
        here = here + part
    if here == whole:
        return found
    return [*found, (here, whole - here)] if _is_length(whole - here) else None


def _is_length(dim: Dim) -> bool:
    """Whether it is no negative number whatever the sizes in it are, all at least 1: m n - n and n - 1, but not n - m."""
    above = [(monomial, coefficient) for monomial, coefficient in dim.terms if coefficient > 0]
    for monomial, coefficient in dim.terms:
        if coefficient < 0:
            larger = [term for term in above if all(term[0].count(name) >= monomial.count(name) for name in monomial)]
            if sum(count for _, count in larger) < -coefficient:
                return False
            above = [term for term in above if term not in larger]
    return True
