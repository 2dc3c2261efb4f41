"""Laws of products with the constants of block matrices, kron and vec: `shift` and `fuse`; `simplify` applies them."""

from __future__ import annotations

from matdiff.tensor import build
from matdiff.tensor.nodes import Constant, Factor, Product, Tensor


def join_fused(product: Product) -> Tensor | None:
    """`vec(A)^T vec(B) = tr(A^T B)`: fuse_pab fuse_pcd = delta_ac delta_bd and fuse_pab fuse_qab = delta_pq, pairs parted again.

    Where something else stands at p, one of the two is kept, unless p is paired in another way too: the notation would suffer.
    Removes a factor.
    """
    uses = product.uses()
    fused = [(t, slots) for t, slots in product.factors if isinstance(t, Constant) and t.name == "fuse"]
    for place, one in enumerate(fused):
        for other in fused[place + 1 :]:
            if one[0] is not other[0]:
                continue
            (p, a, b), (q, c, d) = one[1], other[1]
            if p == q and (uses[p] == 2 or all(t is one[0] for t, slots in fused if slots[0] == p)):
                same = [(a, c), (b, d)]
            elif (a, b) == (c, d) and uses[a] == uses[b] == 2:
                same = [(p, q)]
            else:
                continue
            rest = product.factors_but(other, *([one] if p != q or uses[p] == 2 else []))
            deltas: list[Factor] = [(build.identity((product.sizes[pair[0]],)), pair) for pair in same]
            return build.with_factors(product, [*rest, *deltas])
    return None


def join_shifts(product: Product) -> Tensor | None:
    """`[x; z]^T [y; z] = x^T y + z^T z`: shift(o)_pi shift(o)_pj = delta_ij, and 0 for disjoint parts.  Removes two factors."""
    uses = product.uses()
    shifts = [(t, slots) for t, slots in product.factors if isinstance(t, Constant) and t.name == "shift"]
    for place, one in enumerate(shifts):
        for other in shifts[place + 1 :]:
            if one[1][0] != other[1][0] or uses[one[1][0]] != 2:
                continue
            if one[0] is other[0]:
                same = dict(zip(other[1][1:], one[1][1:]))
                kept = [(t, tuple(same.get(s, s) for s in slots)) for t, slots in product.factors_but(one, other)]
                kept += [(build.filled(1, (product.sizes[s],)), (s,)) for s in same.values()]
                out = tuple(same.get(o, o) for o in product.out)
                return build.einsum(kept, out, dict(enumerate(product.sizes)), product.coefficient)
            if _disjoint(one[0], other[0]):
                return build.filled(0, product.dims)
    return None


def _disjoint(one: Constant, other: Constant) -> bool:
    """Whether one part surely ends before the other begins."""
    for first, second in ((one, other), (other, one)):
        start, part, after = first.parameters[0], first.parameters[1], second.parameters[0]
        if all(coefficient >= 0 for _, coefficient in (after - start - part).terms):
            return True
    return False


PRODUCT_LAWS = (join_fused, join_shifts)
