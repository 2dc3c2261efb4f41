"""`over_common`: an equal tensor with terms over powers of one base put over the highest power, where the numerator then is shorter.

u/q - v/q^2 = (u q - v)/q^2, with q multiplied out above: 1 / (1 + x) - x / (1 + x)^2 is 1 / (1 + x)^2.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations
from typing import NamedTuple

from matdiff.language.dims import Dim
from matdiff.language.syntax import Rational
from matdiff.laws.simplify import rebuild, simplify
from matdiff.tensor import build
from matdiff.tensor.nodes import HELD, Apply, Factor, Index, Product, Sum, Tensor, from_below

Terms = Sequence[tuple["Rational", Tensor]]

# Of a larger sum, or one with higher powers above, nobody sees what cancels.
MOST_TERMS = 12
MOST_EXPANDED = 64


class Quotient(NamedTuple):
    """A product, coefficient times `factors`, over base .^ `exponent` at the indices `slots`."""

    coefficient: Rational
    factors: list[Factor]
    out: tuple[int, ...]
    sizes: tuple[Dim, ...]
    slots: tuple[int, ...] = ()
    exponent: Rational = 0

    @property
    def places(self) -> tuple[int | None, ...]:
        """The axes at which the base stands; None for a summed index."""
        return tuple(self.out.index(slot) if slot in self.out else None for slot in self.slots)


def over_common(root: Tensor, kept: Collection[Tensor]) -> Tensor:
    """The tensor with the sums that are not in `kept` put over common divisors.  Operands first, each sum once, so it ends."""

    def stays(node: Tensor) -> bool:
        return node in kept or (isinstance(node, Apply) and node.function in ("frechet", HELD))

    def over(node: Tensor, done: dict[Tensor, Tensor]) -> Tensor:
        return _combined(rebuild(node, {child: done[child] for child in node.children}))

    return from_below(root, stays, over)


def _combined(tensor: Tensor) -> Tensor:
    """The terms of the tensor over a common divisor, again and again while that leaves fewer, and at last all that share one."""
    while True:
        terms = build.terms_of(tensor)
        if not 1 < len(terms) <= MOST_TERMS:
            return tensor
        shorter = next((found for pair in combinations(terms, 2) if (found := _merged(terms, pair, 1)) is not None), None)
        if shorter is None:
            break
        tensor = shorter
    for base in _divisors(terms):
        sharing = [term for term in terms if _quotient(term[1], base) is not None]
        found = _merged(terms, sharing, len(sharing), base)
        if found is not None:
            return found
    return tensor


def _divisors(terms: Terms) -> list[Sum]:
    """The sums that are a divisor in a term."""
    found = []
    for _, term in terms:
        for tensor in term.children if isinstance(term, Product) else (term,):
            base, exponent = build.base_and_exponent(tensor)
            if isinstance(base, Sum) and exponent < 0:
                found.append(base)
    return list(dict.fromkeys(found))


def _merged(terms: Terms, chosen: Terms, most: int, base: Sum | None = None) -> Tensor | None:
    """All terms, those that are `chosen` over their common divisor; None where more than `most` terms are left of them."""
    for divisor in [base] if base is not None else _divisors(chosen):
        above = _above(chosen, divisor)
        if above is None:
            continue
        together = build.add(above, terms[0][1].dims)
        if len(build.terms_of(together)) <= most:
            rest = [term for term in terms if term not in chosen]
            return build.add([*rest, (1, together)], terms[0][1].dims)
    return None


def _above(terms: Terms, base: Sum) -> list[tuple[Rational, Tensor]] | None:
    """The terms over the highest power of the base that one of them has, multiplied out above it; None where they do not share it."""
    quotients = [_quotient(term, base) for _, term in terms]
    divided = [quotient for quotient in quotients if quotient is not None]
    if len(terms) < 2 or not divided:
        return None
    highest = max(quotient.exponent for quotient in divided)
    # A term without the divisor takes it where the others have it, if these are axes of the sum.
    places = {quotient.places for quotient in divided}
    found: list[tuple[Rational, Tensor]] = []
    for (coefficient, term), quotient in zip(terms, quotients):
        if quotient is None:
            whole = _whole(term)
            slots = [whole.out[place] for place in next(iter(places)) if place is not None]
            if len(places) > 1 or len(slots) < base.order:
                return None
            quotient = whole._replace(slots=tuple(slots))
        missing = highest - quotient.exponent
        if missing.denominator != 1 or len(base.terms) ** missing.numerator > MOST_EXPANDED:
            return None
        found += [(coefficient * c, t) for c, t in _times(quotient, base, missing.numerator, highest)]
    return found


def _whole(term: Tensor) -> Quotient:
    """A term over nothing."""
    if isinstance(term, Product):
        return Quotient(term.coefficient, list(term.factors), term.out, term.sizes)
    axes = tuple(range(term.order))
    return Quotient(1, [(term, axes)], axes, term.dims)


def _quotient(term: Tensor, base: Sum) -> Quotient | None:
    """The term as what is over a power of the base; None where that stands nowhere in it, or at several indices."""
    whole = _whole(term)
    powers = [(factor, *build.base_and_exponent(factor[0])) for factor in whole.factors]
    found = [(factor, exponent) for factor, inner, exponent in powers if inner is base and exponent < 0]
    if len(found) != 1:
        return None
    factor, exponent = found[0]
    rest = list(whole.factors)
    rest.remove(factor)
    return whole._replace(factors=rest, slots=factor[1], exponent=-exponent)


def _times(quotient: Quotient, base: Sum, times: int, highest: Rational) -> list[tuple[Rational, Tensor]]:
    """The terms of what is over the power of the base times a power of it, each over its highest power."""
    products: list[tuple[Rational, list[Factor]]] = [(quotient.coefficient, quotient.factors)]
    for _ in range(times):
        products = [(c * inner, [*factors, (t, quotient.slots)]) for c, factors in products for inner, t in base.terms]
    below = (build.power(base, -highest), quotient.slots)
    sizes: dict[Index, Dim] = dict(enumerate(quotient.sizes))
    return [(c, simplify(build.einsum([*factors, below], quotient.out, sizes))) for c, factors in products]
