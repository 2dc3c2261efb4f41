"""`Holding`: a tensor in which indices are held fixed, so that an array x is its member x_i there, with an axis less.

What is summed over i has no i in it; with i held, `x[i,a] w[a]` is the number `x_i^T w`.  So sums over samples and derivatives by
one member are written by what writes vectors and matrices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matdiff.functions import MEMBERS, row_of
from matdiff.language.dims import Dim
from matdiff.language.syntax import Expr, Rational
from matdiff.tensor import build
from matdiff.tensor.lift import definition_of, ways_to_hold
from matdiff.tensor.lower import call
from matdiff.tensor.nodes import HELD, Apply, Constant, Factor, Product, Sum, Symbol, Tensor

# For every axis the letter at which it is held, or None.
At = tuple["str | None", ...]
# For every axis the letters that an author has there; none of an axis along which nobody sums.
Letters = tuple[tuple[str, ...], ...]


# What stands in the place of masks; no names of the language.
UNEQUAL, BELOW = "!=", "<"


class NotHeld(Exception):
    """With an index held the tensor is no expression in members: a part of it is a function of the whole array."""


class Diagonal(NotHeld):
    """It is 1 where two held indices are equal, else 0."""


class Holding:
    """Holds indices of tensors; `letters` are those of the axes of the arrays by their names."""

    def __init__(self, letters: Mapping[str, Letters]) -> None:
        self.letters = letters
        # Members, each with the array that it is of and the letters of all axes of that.
        self.members: dict[Tensor, tuple[Symbol, At]] = {}
        self._known: dict[tuple[Tensor, At], Tensor] = {}
        self._letters: dict[Tensor, Letters] = {}
        self._held: dict[Tensor, frozenset[str]] = {}

    # What is known of a tensor

    def letters_of(self, tensor: Tensor) -> Letters:
        """The letters of its axes."""
        known = self._letters.get(tensor)
        if known is None:
            known = self._letters[tensor] = self._letters_of(tensor)
        return known

    def _letters_of(self, tensor: Tensor) -> Letters:
        none: Letters = ((),) * tensor.order
        if isinstance(tensor, Symbol):
            of, at = self.members.get(tensor, (tensor, (None,) * tensor.order))
            own = (*self.letters.get(of.name, ()), *((),) * of.order)
            return tuple(letters for letters, held in zip(own, at) if held is None)
        if isinstance(tensor, Product):
            at_slots = self.letters_at(tensor)
            return tuple(at_slots.get(index, ()) for index in tensor.out)
        if isinstance(tensor, Apply) and row_of(tensor.function).along == MEMBERS:
            return (*self.letters_of(tensor.args[0])[:-2], *none)[: tensor.order]
        alike = [self.letters_of(child) for child in tensor.children if child.order == tensor.order]
        return tuple(_merged(axis) for axis in zip(none, *alike))

    def letters_at(self, product: Product) -> dict[int, tuple[str, ...]]:
        """The letters of the indices of a product."""
        found: dict[int, tuple[str, ...]] = {}
        for tensor, slots in product.factors:
            for slot, letters in zip(slots, self.letters_of(tensor)):
                found[slot] = _merged((found.get(slot, ()), letters))
        return found

    def held_in(self, tensor: Tensor) -> frozenset[str]:
        """The letters that are held in it."""
        known = self._held.get(tensor)
        if known is None:
            own = self.members[tensor][1] if tensor in self.members else ()
            below = [self.held_in(child) for child in tensor.children]
            known = self._held[tensor] = frozenset(letter for letter in own if letter).union(*below)
        return known

    # Holding

    def hold(self, tensor: Tensor, at: Sequence[str | None]) -> Tensor:
        """The tensor with its axes held at these letters; those with None stay.  Raises NotHeld."""
        at = tuple(at)
        if not any(at):
            return tensor
        known = self._known.get((tensor, at))
        if known is None:
            known = self._known[tensor, at] = self._hold(tensor, at)
        return known

    def _hold(self, tensor: Tensor, at: At) -> Tensor:
        if isinstance(tensor, Symbol):
            return self._member(tensor, at)
        if isinstance(tensor, Product):
            return self._product(tensor, at)
        if isinstance(tensor, Sum):
            mask = _mask_in(tensor)
            if mask is not None:
                return build.scale(mask[0], self._member(mask[1], at))
            beside = _apart_from(tensor)
            if beside is not None:
                return build.scale(beside[0], self._member(_mask(UNEQUAL, tensor.dims * 2), (beside[1], at[0])))
            terms = [(coefficient, self.hold(term, at)) for coefficient, term in tensor.terms]
            return build.add(terms, terms[0][1].dims)
        if isinstance(tensor, Apply):
            return self._apply(tensor, at)
        if isinstance(tensor, Constant) and tensor.name == "unit" and tensor.parameters[0] == Expr("name", (), at[0]):
            return build.number(1)  # at its own position
        raise NotHeld

    def _member(self, symbol: Symbol, at: At) -> Tensor:
        """x_i of the array x, and r_ij of the member r_i."""
        of, before = self.members.get(symbol, (symbol, (None,) * symbol.order))
        own = iter(at)
        at = tuple(next(own) if letter is None else letter for letter in before)
        sign = 1
        if of.order == 2 and (build.is_symmetric(of) or build.is_skew(of)) and _is_turned(at):
            at, sign = at[::-1], 1 if build.is_symmetric(of) else -1
        dims = tuple(dim for dim, letter in zip(of.dims, at) if letter is None)
        # A blank stands in no name that can be typed.
        name = " ".join([of.name, *(letter or "." for letter in at)])
        member = build.symbol(name, dims, of.property if len(dims) == 2 else None)
        self.members[member] = of, at
        return build.scale(sign, member)

    def _product(self, product: Product, at: At) -> Tensor:
        held: dict[int, str] = {}
        kept = [index for index, letter in zip(product.out, at) if letter is None]
        for index, letter in zip(product.out, at):
            if letter is not None and held.setdefault(index, letter) != letter:
                raise Diagonal
        if held.keys() & set(kept):
            raise NotHeld  # a unit vector
        return self.part(product, held, kept)

    def part(self, product: Product, held: Mapping[int, str], out: Sequence[int], without: Sequence[Factor] = ()) -> Tensor:
        """The product without some factors, with indices, summed ones too, held at letters, and these output axes.  Raises NotHeld."""
        factors = []
        for tensor, slots in product.factors_but(*without):
            member = self.hold(tensor, [held.get(slot) for slot in slots])
            factors.append((member, [slot for slot in slots if slot not in held]))
        return build.einsum(factors, out, dict(enumerate(product.sizes)), product.coefficient)

    def opened(self, product: Product, held: Mapping[int, str]) -> Tensor:
        """The product multiplied out over a sum that is no expression in members, as S_ij + delta_ij is none."""
        for factor in product.factors:
            tensor, slots = factor
            if isinstance(tensor, Sum):
                try:
                    self.hold(tensor, [held.get(slot) for slot in slots])
                except Diagonal:
                    rest = product.factors_but(factor)
                    terms = [(c, build.with_factors(product, [*rest, (term, slots)])) for c, term in tensor.terms]
                    return build.add(terms, product.dims)
        raise NotHeld

    def _apply(self, tensor: Apply, at: At) -> Tensor:
        row, arg = row_of(tensor.function), tensor.args[0]
        for count, function in ways_to_hold(tensor):
            if count and None not in at[:count]:
                inside = self.hold(arg, (*at[:count], *[None] * (arg.order - count)))
                return self.hold(call(function, [inside], tensor.dims[count:]), at[count:])
        if row.name and row.form != "each":
            written_out = definition_of(tensor)
            if written_out is None:
                raise NotHeld
            return self.hold(written_out, at)
        args = tuple(self.hold(arg, at) if arg.dims else arg for arg in tensor.args)
        if tensor.function == "power" and tensor.exponent is not None:
            return build.power(args[0], tensor.exponent)
        if tensor.function == HELD:
            return args[0]
        return build.apply(tensor.function, args, args[0].dims, tensor.exponent)


def _mask_in(tensor: Sum) -> tuple[Rational, Symbol] | None:
    """c M for M with 1 where i != j, or where i < j, and else 0: the factor, and a symbol for M that is named by its sign."""
    found = _all_but(tensor)
    if found is None or tensor.order != 2 or tensor.dims[0] != tensor.dims[1]:
        return None
    factor, pattern = found
    if pattern is build.identity(tensor.dims[:1]):
        return factor, _mask(UNEQUAL, tensor.dims)
    if isinstance(pattern, Constant) and pattern.name == "tril":
        return factor, _mask(BELOW, tensor.dims)
    return None


def _mask(sign: str, dims: tuple[Dim, ...]) -> Symbol:
    return build.symbol(sign, dims, "symmetric" if sign == UNEQUAL else None)


def _apart_from(tensor: Sum) -> tuple[Rational, str] | None:
    """c v for the vector v with 1 where the index is not at a position, and there 0: the factor and the letter of the position."""
    found = _all_but(tensor) if tensor.order == 1 else None
    if found is None or not isinstance(found[1], Constant) or found[1].name != "unit":
        return None
    place = found[1].parameters[0]
    return (found[0], str(place.value)) if place.op == "name" else None


def _all_but(tensor: Sum) -> tuple[Rational, Tensor] | None:
    """The factor and the pattern of c (ones - pattern)."""
    numbers = [build.number_of(term) is not None for _, term in tensor.terms]
    if len(numbers) != 2 or sum(numbers) != 1:
        return None
    (factor, ones), (other, pattern) = tensor.terms if numbers[0] else tensor.terms[::-1]
    return (factor, pattern) if build.number_of(ones) == 1 and other == -factor else None


def _is_turned(at: At) -> bool:
    """Whether the transpose is written instead: K_ij for K_ji, and row i for column i."""
    row, column = at
    return column is not None and (row is None or column < row)


def _merged(parts: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(letter for part in parts for letter in part))
