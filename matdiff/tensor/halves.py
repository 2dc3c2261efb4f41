"""`portions`: a product of many factors cut into small portions for the product rule.

The product is halved again and again.  What a portion is to be multiplied with, its adjoint, is that of the larger portion times
the other half of that.  The values of the halves and the adjoints are held (`held`), so that all portions share them: the
derivative by n factors grows as n, not as n^2, and no factor needs to be other than zero, as it would in p / a_i.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matdiff.language.dims import Dim
from matdiff.tensor import build
from matdiff.tensor.nodes import HELD, Factor, Index, Product, Tensor

SMALL = 2


class Portion(NamedTuple):
    """Some factors of a product, with the adjoint of their product, whose axes are at `ends`."""

    adjoint: Tensor
    ends: tuple[Index, ...]
    factors: Sequence[Factor]


class _Half(NamedTuple):
    """Some factors, their product, whose axes are at `ends`, and the halves it is made of."""

    factors: Sequence[Factor]
    value: Tensor
    ends: tuple[Index, ...]
    halves: tuple[_Half, ...]


def held(tensor: Tensor) -> Tensor:
    """A large product as one factor, which products around it do not open; it is written as a named part."""
    if not isinstance(tensor, Product) or len(tensor.factors) < 2 or tensor.order > 2:
        return tensor
    if tensor.coefficient != 1:
        plain = build.einsum(tensor.factors, tensor.out, dict(enumerate(tensor.sizes)))
        return build.scale(tensor.coefficient, held(plain))
    return build.apply(HELD, (tensor,), tensor.dims)


def portions(whole: Portion, extra: int, sizes: dict[Index, Dim]) -> list[Portion]:
    """The portions in the order of their factors; `extra` axes of the adjoint come before those at the factors."""
    found = []
    waiting = [(whole, _halved(whole.factors, set(whole.ends), sizes))]
    while waiting:
        portion, half = waiting.pop()
        cut = []
        for own, other in (half.halves, half.halves[::-1]) if half.halves else ():
            ends = (*whole.ends[:extra], *own.ends)
            adjoint = build.einsum([(portion.adjoint, portion.ends), (other.value, other.ends)], ends, sizes)
            cut.append((Portion(held(adjoint), ends, own.factors), own))
        if cut and all(part.adjoint.order <= 2 for part, _ in cut):
            waiting += reversed(cut)
        else:
            found.append(portion)
    return found


def _halved(factors: Sequence[Factor], outer: set[Index], sizes: dict[Index, Dim]) -> _Half:
    """The factors as a tree of halves; `outer` are the indices that they share with others."""
    ends = tuple(dict.fromkeys(slot for _, slots in factors for slot in slots if slot in outer))
    if len(factors) <= SMALL:
        value = build.einsum(factors, ends, sizes)
        return _Half(factors, held(value) if len(factors) > 1 else value, ends, ())
    middle = len(factors) // 2
    sides = (factors[:middle], factors[middle:])
    used = [{slot for _, slots in side for slot in slots} for side in sides]
    halves = tuple(_halved(side, outer.union(other), sizes) for side, other in zip(sides, reversed(used)))
    product = build.einsum([(half.value, half.ends) for half in halves], ends, sizes)
    return _Half(factors, held(product), ends, halves if all(half.value.order <= 2 for half in halves) else ())
