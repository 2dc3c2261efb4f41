"""Laws of powers of matrices, of powers of products and of exponents that are no numbers; each returns a simpler tensor, or None to decline.

See `simplify`.  Powers of one base with numbers as exponents merge where a product is built (`build.einsum`).
"""

from __future__ import annotations

from itertools import product as pairs_of

from matdiff.functions import MATRIX_POWER, row_of
from matdiff.language.syntax import Rational, ratio
from matdiff.tensor import build
from matdiff.tensor.lower import matrix_power
from matdiff.tensor.nodes import Apply, Factor, Product, Tensor
from matdiff.tensor.rational import ratio_of


def cancel_within_power(product: Product) -> Tensor | None:
    """`alpha / (alpha beta)^(3/2) = 1 / (beta sqrt(alpha beta))`: f (f g)^-a = g^-1 (f g)^(1 - a) for a >= 1, entry by entry.

    The exponent of the power comes nearer to 0 by one.
    """
    for power, slots in product.factors:
        base, exponent = build.base_and_exponent(power)
        if exponent > -1 or not isinstance(base, Product) or len(base.sizes) > len(set(base.out)):
            continue
        names = dict(zip(base.out, slots))
        inner = [(*build.base_and_exponent(tensor), tuple(names[slot] for slot in at)) for tensor, at in base.factors]
        outer = [(*build.base_and_exponent(tensor), at) for tensor, at in product.factors]
        if any(o == f and at == place and (e > 0) == (d > 0) for f, d, place in inner for o, e, at in outer):
            whole: list[Factor] = [(build.power(f, -d), place) for f, d, place in inner]
            rest = [factor for factor in product.factors if factor != (power, slots)]
            scale = build.power(build.number(base.coefficient), -1)
            return build.with_factors(product, [*rest, (build.power(base, exponent + 1), slots), *whole, (scale, ())])
    return None


def merge_powers(product: Product) -> Tensor | None:
    """`x .^ alpha .* x .^ beta = x .^ (alpha + beta)`, no numbers; a power of a root, ||x||^a, and x^T x have one base.

    Removes a factor.
    """
    if not any(_has_own_exponent(tensor) for tensor, _ in product.factors):
        return None
    # Only powers of one base at the same indices merge, so no other pairs of factors are looked at.
    alike: dict[tuple[Tensor, tuple[int, ...]], list[int]] = {}
    for place, (tensor, slots) in enumerate(product.factors):
        alike.setdefault((_base_of(tensor)[0], slots), []).append(place)
    for place, (power, slots) in enumerate(product.factors):
        base, root = _base_of(power)
        partner = next((other for other in alike[base, slots] if other != place), None)
        if not _has_own_exponent(power) or partner is None:
            continue
        exponent = power.children[1]
        other = product.factors[partner][0]
        other_root = _base_of(other)[1]
        own = _has_own_exponent(other)
        added = other.children[1] if own else build.filled(1, exponent.dims)
        shared = other_root if own and root.denominator % 2 else root
        rest = [factor for at, factor in enumerate(product.factors) if at not in (place, partner)]
        whole = build.add([(ratio_of(root, shared), exponent), (ratio_of(other_root, shared), added)], exponent.dims)
        total = _power(build.power(base, shared), whole)
        return build.with_factors(product, [*rest, (total, slots)])
    return None


def _has_own_exponent(tensor: Tensor) -> bool:
    """Whether it is a power whose exponent is a tensor of its own, no number."""
    return isinstance(tensor, Apply) and tensor.function == "power" and tensor.exponent is None


def _base_of(tensor: Tensor) -> tuple[Tensor, Rational]:
    """x and r of x^r and of (x^r)^a; the latter only for roots, which are defined where x >= 0."""
    if not _has_own_exponent(tensor):
        return build.base_and_exponent(tensor)
    base, root = build.base_and_exponent(tensor.children[0])
    return (base, root) if root.denominator % 2 == 0 else (tensor.children[0], 1)


def _power(base: Tensor, exponent: Tensor) -> Tensor:
    value = build.number_of(exponent)
    return build.power(base, value) if value is not None else build.apply("power", (base, exponent), base.dims)


def merge_matrix_powers(product: Product) -> Tensor | None:
    """`S^alpha S^beta = S^(alpha + beta)`, where sqrtm(X) is X^(1/2), inv(X) is X^-1 and X is X^1, one of the two being no whole power.

    Removes a factor.
    """
    roots = [factor for factor in product.factors if _is_root(factor[0]) and len(set(factor[1])) == 2]
    if not roots:
        return None
    uses = product.uses()
    matrices = [factor for factor in product.factors if len(set(factor[1])) == 2]
    for one, other in pairs_of(roots, matrices):
        (base, exponent), (other_base, other_exponent) = _as_power(one[0]), _as_power(other[0])
        if base is not other_base or one is other:
            continue
        for left in _seen(one):
            for right in _seen(other):
                if left[1] != right[0] or uses[left[1]] != 2 or left[0] == right[1]:
                    continue
                total = matrix_power(base, build.add([(1, exponent), (1, other_exponent)], ()))
                rest = [factor for factor in product.factors if factor is not one and factor is not other]
                return build.with_factors(product, [*rest, (total, (left[0], right[1]))])
    return None


def _seen(factor: Factor) -> list[tuple[int, int]]:
    """The indices of a matrix as (row, column); of a symmetric one both ways."""
    row, column = factor[1]
    return [(row, column), (column, row)] if build.is_symmetric(factor[0]) else [(row, column)]


def _is_root(tensor: Tensor) -> bool:
    return isinstance(tensor, Apply) and row_of(tensor.function).power not in ("", "-1")


def _as_power(tensor: Tensor) -> tuple[Tensor, Tensor]:
    """A matrix as (base, exponent)."""
    if isinstance(tensor, Apply) and tensor.function == MATRIX_POWER:
        return tensor.args[0], tensor.args[1]
    written = row_of(tensor.function).power if isinstance(tensor, Apply) else ""
    if isinstance(tensor, Apply) and written:
        base, exponent = _as_power(tensor.args[0])
        return base, build.scale(ratio(*map(int, written.split("/"))), exponent)
    return tensor, build.number(1)


PRODUCT_LAWS = (merge_matrix_powers, cancel_within_power, merge_powers)
