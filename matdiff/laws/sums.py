"""Laws of sums: each returns a simpler tensor for a sum, or None to decline; see `simplify`.

A sum within a sum is opened where it is built (`index.add`), on a diagonal or spread over an array too, so that the laws here
give the same result in whatever order terms are added.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from matdiff.language.syntax import Rational
from matdiff.tensor import build
from matdiff.tensor.nodes import Product, Sum, Tensor
from matdiff.tensor.rational import ratio_of

SumLaw = Callable[[Sum], "Tensor | None"]


def spread_of_scalars(total: Sum) -> Tensor | None:
    """`alpha eye(n) + beta eye(n) = (alpha + beta) eye(n)`, and so for ones and other arrays of deltas.  The sum that is left has no axes."""
    products = [(c, term) for c, term in total.terms if isinstance(term, Product)]
    if not total.dims or len(products) < len(total.terms) or len({term.out for _, term in products}) > 1:
        return None
    if any(slots for _, term in products for _, slots in term.factors):
        return None
    scalar = build.add([(c, build.einsum(term.factors, (), None, term.coefficient)) for c, term in products], ())
    out = products[0][1].out
    return build.einsum([(scalar, ())], out, dict(zip(out, total.dims)))


def diagonal_of_sum(total: Sum) -> Tensor | None:
    """`diag(x) + diag(y) = diag(x + y)`, and so for every delta that all terms share.  The sum that is left has fewer axes."""
    joined = (0,) * total.order
    for _, term in total.terms:
        if not isinstance(term, Product):
            return None
        pairs = list(zip(joined, term.out))
        joined = tuple(pairs.index(pair) for pair in pairs)
    kept = list(dict.fromkeys(joined))
    if len(kept) == total.order:
        return None
    terms = [(c, _without_deltas(term, kept)) for c, term in total.terms]
    return build.einsum([(build.add(terms, [total.dims[axis] for axis in kept]), kept)], joined)


def _without_deltas(term: Tensor, kept: list[int]) -> Tensor:
    """The term on the axes `kept`; the others repeat these."""
    assert isinstance(term, Product)
    return build.einsum(term.factors, [term.out[axis] for axis in kept], dict(enumerate(term.sizes)), term.coefficient)


def sum_that_cancels(product: Product) -> Tensor | None:
    """`sum(x - mean(x)) = 0`: a sum whose terms merge or vanish when they are summed over an axis of their own.

    Fewer terms are left.
    """
    uses = product.uses()
    for group, slots in product.factors:
        kept = [slot for slot in dict.fromkeys(slots) if uses[slot] > slots.count(slot)]
        if isinstance(group, Sum) and len(kept) < len(set(slots)):
            summed = build.add([(c, build.einsum([(t, slots)], kept)) for c, t in group.terms], [product.sizes[s] for s in kept])
            if len(build.terms_of(summed)) < len(group.terms):
                return build.with_factors(product, [*product.factors_but((group, slots)), (summed, kept)])
    return None


def with_part(terms: Sequence[tuple[Rational, Tensor]], part: Sum) -> list[tuple[Rational, Tensor]] | None:
    """a + 2 b + 2 c as a + 2 (b + c) for the part b + c; None where the part is not among the terms."""
    coefficients = {term: coefficient for coefficient, term in terms}
    if any(term not in coefficients for _, term in part.terms):
        return None
    ratios = {ratio_of(coefficients[term], coefficient) for coefficient, term in part.terms}
    if len(ratios) > 1:
        return None
    (scale,) = ratios
    inside = dict.fromkeys(term for _, term in part.terms)
    place = next(place for place, (_, term) in enumerate(terms) if term in inside)
    return [*terms[:place], (scale, part), *((c, term) for c, term in terms[place:] if term not in inside)]


SUM_LAWS: tuple[SumLaw, ...] = (spread_of_scalars, diagonal_of_sum)
