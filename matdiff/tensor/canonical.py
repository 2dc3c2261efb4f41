"""`canonical_key`: when two products are the same product, whatever their indices are called and their factors' order is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

from matdiff.language.dims import Dim
from matdiff.limits import check
from matdiff.tensor.nodes import Factor


def canonical_key(factors: tuple[Factor, ...], symmetric: list[bool], out: tuple[int, ...], sizes: tuple[Dim, ...]) -> Hashable:
    """A key that is the same for every order of the factors and every naming of the indices.

    `symmetric` says of each factor whether its two indices may be exchanged.

    Colour refinement: an index is coloured by the places it stands in, a factor by the colours of its indices, until nothing is
    refined; ties are broken by individualising one index of the first class that is left (they are nearly always
    automorphic; where they are not, two equal products may get two keys, which costs a merge and never a wrong answer).
    """
    count = len(sizes)
    if count <= 1:  # no name to choose
        return (tuple(sorted((tensor.serial, slots) for tensor, slots in factors)), out, tuple(size.terms for size in sizes))
    colour: list[int] = _ranks([(tuple(p for p, o in enumerate(out) if o == i), sizes[i].terms) for i in range(count)])
    while True:
        colour = _refine(colour, factors, symmetric)
        tied = [c for c, n in Counter(colour).items() if n > 1]
        if not tied:
            break
        first = min(tied)
        colour[colour.index(first)] = count + 1
        colour = _ranks([(c,) for c in colour])
    seen = []
    for (tensor, slots), even in zip(factors, symmetric):
        named = tuple(colour[s] for s in slots)
        seen.append((tensor.serial, tuple(sorted(named)) if even else named))
    order = sorted(range(count), key=lambda i: colour[i])
    return (tuple(sorted(seen)), tuple(colour[o] for o in out), tuple(sizes[i].terms for i in order))


def _refine(colour: list[int], factors: tuple[Factor, ...], symmetric: list[bool]) -> list[int]:
    while True:
        check()
        uses: list[list[object]] = [[] for _ in colour]
        for (tensor, slots), even in zip(factors, symmetric):
            named = tuple(colour[s] for s in slots)
            label = tuple(sorted(named)) if even else named
            for position, slot in enumerate(slots):
                uses[slot].append((tensor.serial, label, 0 if even else position))
        refined = _ranks([(c, tuple(sorted(u))) for c, u in zip(colour, uses)])  # type: ignore[type-var]
        if len(set(refined)) == len(set(colour)):
            return refined
        colour = refined


def _ranks(keys: Sequence[object]) -> list[int]:
    """The place of each key among the sorted distinct keys."""
    place = {key: rank for rank, key in enumerate(sorted(set(keys)))}  # type: ignore[type-var]
    return [place[key] for key in keys]
