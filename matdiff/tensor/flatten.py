"""`Flat`: the factors of a product under construction, products among them opened and deltas contracted; see `build.einsum`."""

from __future__ import annotations

from matdiff.language.dims import Dim
from matdiff.language.syntax import Rational
from matdiff.tensor.nodes import Index, Product, Tensor


def is_atomic(tensor: Product) -> bool:
    """A scalar whose factors all hang together, such as x^T x: it stays one factor of a larger product."""
    return not tensor.dims and tensor.coefficient == 1 and any(slots for _, slots in tensor.factors)


class Flat:
    """The factors of a product under construction; indices are joined by union-find."""

    def __init__(self, sizes: dict[Index, Dim]) -> None:
        self.sizes = sizes
        self.parent: dict[Index, Index] = {}
        self.pairs: list[tuple[Tensor, tuple[Index, ...]]] = []
        self.seen: dict[Index, None] = {}
        self.fresh = 0

    def find(self, index: Index) -> Index:
        while index in self.parent:
            index = self.parent[index]
        return index

    def join(self, one: Index, other: Index) -> None:
        one, other = self.find(one), self.find(other)
        if one != other:
            self.parent[one] = other
            self.sizes.setdefault(other, self.sizes[one])

    def add(self, tensor: Tensor, slots: tuple[Index, ...]) -> Rational:
        """Add a factor, opening it when it is a product itself; returns its coefficient."""
        for slot, dim in zip(slots, tensor.dims):
            self.sizes[slot] = dim
            self.sizes[self.find(slot)] = dim
            self.seen[slot] = None
        if not isinstance(tensor, Product) or is_atomic(tensor):
            self.pairs.append((tensor, slots))
            return 1
        names: dict[int, Index] = {}
        for inner, slot in zip(tensor.out, slots):
            if inner in names:
                self.join(slot, names[inner])
            else:
                names[inner] = slot
        for inner, dim in enumerate(tensor.sizes):
            if inner not in names:
                self.fresh += 1
                names[inner] = ("fresh", self.fresh)
                self.sizes[names[inner]] = dim
        for child, inner_slots in tensor.factors:
            self.pairs.append((child, tuple(names[i] for i in inner_slots)))
        return tensor.coefficient

    def resolved(self) -> list[tuple[Tensor, tuple[Index, ...]]]:
        return [(tensor, tuple(self.find(slot) for slot in slots)) for tensor, slots in self.pairs]

    def summed_alone(self, pairs: list[tuple[Tensor, tuple[Index, ...]]], ends: tuple[Index, ...]) -> list[Dim]:
        """The sizes of indices that were summed but that no factor carries any more: each counts its values, a factor n."""
        carried = {slot for _, slots in pairs for slot in slots} | set(ends)
        named = (self.find(slot) for slots in (self.seen, *(slots for _, slots in self.pairs)) for slot in slots)
        return [self.sizes[index] for index in dict.fromkeys(named) if index not in carried]
