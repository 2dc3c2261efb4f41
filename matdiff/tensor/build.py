"""`Tensor`: einsum with explicit output axes, the form in which matdiff differentiates and simplifies.

The node types stand in `nodes`; they are immutable and interned, so that equal nodes are one object and every pass can be
memoised by node.  Here they are built in normal form.

In a Product an index that is not an output axis is summed.  An output axis that no factor carries is a vector of ones; an
output axis named twice is a Kronecker delta (out = (i, i) is the identity), so contracting a delta is renaming an index.
The first construction of a value decides how it is displayed; later equal ones, in any order of terms or factors, are that object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from matdiff.functions import FUNCTIONS, row_of
from matdiff.language.dims import Dim
from matdiff.language.syntax import Rational
from matdiff.limits import check
from matdiff.tensor.arrangements import arrangements
from matdiff.tensor.canonical import canonical_key
from matdiff.tensor.flatten import Flat, is_atomic
from matdiff.tensor.nodes import (  # fmt: skip
    HELD,
    Apply,
    Constant,
    Factor,
    Index,
    Product,
    Sum,
    Symbol,
    Tensor,
    entrywise_parts,
    first_arrangement,
    interned,
    is_mask,
    known_node,
)
from matdiff.tensor.rational import common_factor, ratio_of, rational_power, whole

# --- leaves ---------------------------------------------------------------------------------------------------------------


def symbol(name: str, dims: tuple[Dim, ...], prop: str | None = None) -> Symbol:
    """The variable of this name, axes and property."""
    key = ("symbol", name, dims, prop)
    node = known_node(key)
    if node is None:
        node = interned(key, Symbol(name, dims, prop), dims)
    assert isinstance(node, Symbol)
    return node


def placeholder(name: str, dims: tuple[Dim, ...]) -> Symbol:
    """A new variable, unlike all others; no node that is there already depends on it."""
    return interned(object(), Symbol(name, dims, None), dims)


def constant(name: str, parameters: tuple[object, ...] = (), dims: tuple[Dim, ...] = ()) -> Tensor:
    """The constant of this name and parameters; see `nodes.Constant`."""
    key = ("constant", name, parameters, dims)
    node = known_node(key)
    if node is None:
        node = interned(key, Constant(name, parameters), dims)
    return node


def size_scalar(dim: Dim) -> Tensor:
    """The size itself as a scalar: the number n of entries of a vector."""
    value = dim.value
    return number(value) if value is not None else constant("size", (dim,))


def number(value: Rational) -> Tensor:
    """A number as a tensor without axes."""
    return einsum([], (), {}, value)


def filled(value: Rational, dims: Sequence[Dim]) -> Tensor:
    """A tensor with every entry equal to `value`; `filled(0, dims)` is zero."""
    return einsum([], tuple(range(len(dims))), dict(enumerate(dims)), value)


def identity(dims: Sequence[Dim]) -> Tensor:
    """The identity map on tensors of these axes: axes dims + dims."""
    axes = tuple(range(len(dims)))
    return einsum([], axes + axes, dict(enumerate(dims)))


def number_of(tensor: Tensor) -> Rational | None:
    """The number that every entry is, or None."""
    if isinstance(tensor, Product) and not tensor.factors and len(set(tensor.out)) == len(tensor.out):
        return tensor.coefficient
    return None


# --- products -------------------------------------------------------------------------------------------------------------


def einsum(
    factors: Iterable[tuple[Tensor, Sequence[Index]]],
    out: Sequence[Index],
    sizes: Mapping[Any, Dim] | None = None,
    coefficient: Rational = 1,
) -> Tensor:
    """The product of `factors` with the given indices, summed over every index that is not in `out`.

    `sizes` must give the size of an index that no factor carries.  Products among the factors are merged into this one, which
    renames their indices and so contracts every delta; equal bases have their powers merged; a part of the product that
    shares no index with the output becomes a scalar factor of its own.
    """
    flat = Flat(dict(sizes or {}))
    for tensor, slots in factors:
        check()
        coefficient = coefficient * flat.add(tensor, tuple(slots))
    ends = tuple(flat.find(index) for index in out)
    if coefficient == 0:
        sizes_out = tuple(flat.sizes[end] for end in ends)
        return _product(0, (), tuple(range(len(ends))), sizes_out)
    pairs, scale = _merge_powers(flat.resolved())
    counts: list[tuple[Tensor, tuple[Index, ...]]] = [(size_scalar(dim), ()) for dim in flat.summed_alone(pairs, ends)]
    if counts:
        pairs, more = _merge_powers(pairs + counts)
        scale = scale * more
    if any(isinstance(tensor, Product) and not is_atomic(tensor) for tensor, _ in pairs):
        return einsum(pairs, ends, flat.sizes, coefficient * scale)
    if len(pairs) == 1 and not ends and isinstance(pairs[0][0], Product):  # 2 tr(A) is one product, as tr(2 A) is
        alone = pairs[0][0]
        return _product(coefficient * scale, alone.factors, alone.out, alone.sizes)
    return _split(coefficient * scale, pairs, ends, flat.sizes)


def with_factors(product: Product, factors: Iterable[tuple[Tensor, Sequence[Index]]]) -> Tensor:
    """The product with other factors at its indices."""
    return einsum(factors, product.out, dict(enumerate(product.sizes)), product.coefficient)


def base_and_exponent(tensor: Tensor) -> tuple[Tensor, Rational]:
    """x .^ e as (x, e); anything else as (itself, 1)."""
    if isinstance(tensor, Apply) and tensor.function == "power" and tensor.exponent is not None:
        return tensor.args[0], tensor.exponent
    return tensor, 1


def _merge_powers(pairs: list[tuple[Tensor, tuple[Index, ...]]]) -> tuple[list[tuple[Tensor, tuple[Index, ...]]], Rational]:
    """Law: x^a x^b = x^(a + b), entry by entry, and M^a = M for a mask of zeros and ones.

    A square of an array stays two factors, so that x_i x_i reads as x^T x.
    Terminates: afterwards every (base, indices) stands once, or twice with exponent 1.
    """
    scale: Rational = 1
    exponents: dict[tuple[Tensor, tuple[Index, ...]], Rational] = {}
    for tensor, slots in pairs:
        value = None if slots else number_of(tensor)
        if value is not None:
            scale = scale * value
            continue
        base, exponent = base_and_exponent(tensor)
        key = (base, tuple(sorted(slots, key=repr)) if is_symmetric(base) else slots)
        exponents[key] = exponents.get(key, 0) + exponent
    merged: list[tuple[Tensor, tuple[Index, ...]]] = []
    for (base, slots), exponent in exponents.items():
        if exponent > 1 and slots and is_mask(base):
            merged.append((base, slots))
        elif exponent == 2 and slots:
            merged += [(base, slots), (base, slots)]
        elif exponent != 0:
            merged.append((power(base, exponent), slots))
    return merged, scale


def _unscaled(tensor: Product) -> Tensor:
    return _product(1, tensor.factors, tensor.out, tensor.sizes)


def _split(
    coefficient: Rational, pairs: list[tuple[Tensor, tuple[Index, ...]]], out: tuple[Index, ...], sizes: dict[Index, Dim]
) -> Tensor:
    """Separate the parts that are connected to no output axis, each a scalar of its own, then number the indices."""
    group: dict[Index, Index] = {}

    def find(index: Index) -> Index:
        while group.get(index, index) != index:
            index = group[index]
        return index

    for _, slots in pairs:
        for slot in slots[1:]:
            group[find(slot)] = find(slots[0])
    open_groups = {find(end) for end in out}
    parts: dict[Index, list[tuple[Tensor, tuple[Index, ...]]]] = {}
    for position, (tensor, slots) in enumerate(pairs):
        root = find(slots[0]) if slots else ("scalar", position)
        parts.setdefault("open" if root in open_groups else root, []).append((tensor, slots))
    kept = parts.pop("open", [])
    if not any(pair[1] for part in parts.values() for pair in part) or (len(parts) == 1 and not kept and not out):
        return _numbered(coefficient, [pair for part in parts.values() for pair in part] + kept, out, sizes)
    scalars: list[tuple[Tensor, tuple[Index, ...]]] = []
    for part in parts.values():
        scalar = _numbered(1, part, (), sizes) if part[0][1] else part[0][0]
        if isinstance(scalar, Product) and scalar.coefficient != 1:  # y^T K x as -x^T K y for skew K
            coefficient, scalar = coefficient * scalar.coefficient, _unscaled(scalar)
        scalars.append((scalar, ()))
    merged, scale = _merge_powers(scalars)
    return _numbered(coefficient * scale, merged + kept, out, sizes)


def _numbered(
    coefficient: Rational, pairs: list[tuple[Tensor, tuple[Index, ...]]], out: tuple[Index, ...], sizes: dict[Index, Dim]
) -> Tensor:
    names: dict[Index, int] = {}
    for index in out:
        names.setdefault(index, len(names))
    factors = []
    for tensor, slots in pairs:
        for slot in slots:
            names.setdefault(slot, len(names))
        factor = _oriented(tensor, tuple(names[slot] for slot in slots))
        if is_skew(tensor) and factor[1][0] > factor[1][1]:
            coefficient, factor = -coefficient, (tensor, factor[1][::-1])
        factors.append(factor)
    dims = tuple(sizes[index] for index in names)
    return _product(coefficient, tuple(factors), tuple(names[index] for index in out), dims)


def _oriented(tensor: Tensor, slots: tuple[int, ...]) -> Factor:
    """Law: S_ij = (S^T)_ji.  A group and its transpose are one factor, seen from the side that was built first."""
    if isinstance(tensor, Sum) and len(slots) == 2 and "turning" not in tensor.cache:
        other = transpose(tensor)
        if other.serial < tensor.serial and not isinstance(other, Product):
            return other, (slots[1], slots[0])
    return tensor, slots


def _product(coefficient: Rational, factors: tuple[Factor, ...], out: tuple[int, ...], sizes: tuple[Dim, ...]) -> Tensor:
    """The interned product of numbered factors."""
    coefficient = whole(coefficient)
    if coefficient == 0:
        factors, out, sizes = (), tuple(range(len(out))), tuple(sizes[i] for i in out)
    if coefficient == 1 and len(factors) == 1:
        tensor, slots = factors[0]
        if slots == out and len(set(out)) == len(out):
            return tensor
        if is_symmetric(tensor) and slots == out[::-1] and len(set(out)) == 2:
            return tensor
    symmetric = [is_symmetric(tensor) for tensor, _ in factors]
    arrangement = first_arrangement(
        [
            (sign, turned, canonical_key(turned, symmetric, out, sizes))
            for sign, turned in arrangements(factors, out, is_skew, is_symmetric)
        ]
    )
    if arrangement is None:
        return filled(0, [sizes[i] for i in out])  # x^T K x for skew K
    sign, factors, inner = arrangement
    coefficient = sign * coefficient
    key = ("product", coefficient, inner)
    node = known_node(key)
    if node is None:
        node = interned(key, Product(coefficient, factors, out, sizes), tuple(sizes[i] for i in out))
    return node


def scale(coefficient: Rational, tensor: Tensor) -> Tensor:
    """coefficient * tensor."""
    if coefficient == 1:
        return tensor
    axes = tuple(range(tensor.order))
    return einsum([(tensor, axes)], axes, None, coefficient)


def broadcast(scalar: Tensor, dims: Sequence[Dim]) -> Tensor:
    """A scalar as a tensor with that entry everywhere."""
    return einsum([(scalar, ())], tuple(range(len(dims))), dict(enumerate(dims)))


def hadamard(*tensors: Tensor) -> Tensor:
    """The entry-by-entry product; scalars scale."""
    dims = max((tensor.dims for tensor in tensors), key=len)
    axes = tuple(range(len(dims)))
    return einsum([(tensor, axes if tensor.dims else ()) for tensor in tensors], axes, dict(enumerate(dims)))


# --- sums -----------------------------------------------------------------------------------------------------------------


def add(terms: Iterable[tuple[Rational, Tensor]], dims: Sequence[Dim]) -> Tensor:
    """The linear combination of tensors with axes `dims`: sums within are opened, equal terms merged, a common factor taken out."""
    merged: dict[Tensor, Rational] = {}
    for coefficient, tensor in terms:
        for inner, term in terms_of(tensor):
            merged[term] = merged.get(term, 0) + coefficient * inner
    found = [(c, t) for t, c in merged.items() if c]
    if not found:
        return filled(0, dims)
    if len(found) == 1:
        return scale(*found[0])
    content = common_factor([c for c, _ in found])
    lead = min(found, key=lambda pair: pair[1].serial)[0]
    key = ("sum", frozenset((t.serial, ratio_of(c, lead)) for c, t in found))
    node = known_node(key)
    if node is None:
        node = interned(key, Sum(tuple((ratio_of(c, content), t) for c, t in found)), found[0][1].dims)
        return scale(content, node)
    assert isinstance(node, Sum)
    known = next(c for c, t in node.terms if t is found[0][1])
    return scale(ratio_of(found[0][0], known), node)


def terms_of(tensor: Tensor) -> Sequence[tuple[Rational, Tensor]]:
    """The terms of a tensor that is a sum, be it turned, on a diagonal (diag(a + b)) or spread ((alpha + beta) ones)."""
    if isinstance(tensor, Sum):
        return tensor.terms
    if isinstance(tensor, Product):
        if tensor.coefficient == 0:
            return ()
        if tensor.coefficient != 1:
            inner = _unscaled(tensor)
            return [(tensor.coefficient * c, t) for c, t in terms_of(inner)]
        if len(tensor.factors) == 1:
            group, slots = tensor.factors[0]
            if isinstance(group, Sum) and slots == tuple(dict.fromkeys(slots)) and (not slots or set(slots) == set(tensor.out)):
                return [(c, einsum([(t, slots)], tensor.out, dict(enumerate(tensor.sizes)))) for c, t in group.terms]
    return ((1, tensor),)


# --- functions ------------------------------------------------------------------------------------------------------------


def apply(function: str, args: tuple[Tensor, ...], dims: tuple[Dim, ...], exponent: Rational | None = None) -> Tensor:
    """`function` of `args`, with axes `dims`.  Laws: f(X^T) = f(X)^T for elementwise and other equivariant f, det X^T = det X."""
    if args[0].order == 2 and not any(arg.dims for arg in args[1:]):
        other = transpose(args[0])
        if other.serial < args[0].serial and other is not scale(-1, args[0]):
            if commutes_with_transpose(function):
                return transpose(apply(function, (other, *args[1:]), dims[::-1], exponent))
            if row_of(function).transposition in ("invariant", "symmetric"):
                return apply(function, (other,), dims, exponent)
    key = ("apply", function, args, dims, exponent)
    node = known_node(key)
    if node is None:
        node = interned(key, Apply(function, args, exponent), dims)
    return node


def commutes_with_transpose(function: str) -> bool:
    """Whether f(X^T) = f(X)^T."""
    row = FUNCTIONS.get(function)
    return function in ("power", HELD) if row is None else row.form == "each" or row.transposition == "equivariant"


def power(base: Tensor, exponent: Rational) -> Tensor:
    """base .^ exponent for a rational exponent.  (x^a)^b = x^(ab) is used where it holds for every real x, or a = 1/2."""
    if exponent == 1:
        return base
    if exponent == 0:
        return filled(1, base.dims)
    inner, known = base_and_exponent(base)
    if known != 1 and (known.denominator == 2 or (exponent.denominator == 1 and known.denominator == 1)):
        return power(inner, whole(known * exponent))
    if isinstance(base, Product):
        if not base.factors and len(set(base.out)) == len(base.out):
            value = rational_power(base.coefficient, exponent)
            if value is not None:
                return filled(value, base.dims)
        elif base.coefficient != 1:
            value = rational_power(base.coefficient, exponent)
            if value is not None and (base.coefficient > 0 or exponent.denominator == 1):
                return scale(value, power(_unscaled(base), exponent))
        if exponent.denominator == 1 and len(base.factors) > 1 and len(set(base.out)) == len(base.out):
            parts = entrywise_parts(base)
            if len(parts) > 1:  # (u .* (K v)) .^ e is u .^ e .* (K v) .^ e
                powers = [_part_power(part, base, exponent) for part in parts]
                return einsum(powers, base.out, dict(enumerate(base.sizes)))
    if exponent > 1 and is_mask(base):
        return base
    if exponent == 2 and base.dims:
        return hadamard(base, base)
    return apply("power", (base,), base.dims, exponent)


def _part_power(part: list[Factor], base: Product, exponent: Rational) -> Factor:
    """Factors of `base` that share no summed index with others, raised entry by entry; the diagonal of a matrix as a vector."""
    kept = tuple(dict.fromkeys(slot for _, slots in part for slot in slots if slot in base.out))
    return power(einsum(part, kept, dict(enumerate(base.sizes))), exponent), kept


def transpose(tensor: Tensor) -> Tensor:
    """The tensor with its two axes exchanged; of a symmetric one, itself."""
    known = tensor.cache.get("transpose")
    if isinstance(known, Tensor):
        return known
    if isinstance(tensor, Symbol) and tensor.property in ("symmetric", "spd"):
        result: Tensor = tensor
    elif isinstance(tensor, Symbol) and tensor.property == "skew":
        result = scale(-1, tensor)
    elif isinstance(tensor, Sum):
        tensor.cache["turning"] = True  # a skew sum is -1 times itself, which must not ask for its transpose again
        result = add([(c, transpose(t)) for c, t in tensor.terms], tensor.dims[::-1])
        tensor.cache.pop("turning", None)  # on the way there it may have been turned already
    elif isinstance(tensor, Apply) and _is_symmetric_value(tensor):
        result = tensor
    else:
        result = einsum([(tensor, (0, 1))], (1, 0))
    tensor.cache["transpose"] = result
    if result is not tensor:
        result.cache["transpose"] = tensor
    return result


def _is_symmetric_value(node: Apply) -> bool:
    """Whether a function of matrices is symmetric: always, or because its arguments are."""
    row = FUNCTIONS.get(node.function)
    if row is not None and row.transposition == "symmetric":
        return True
    return commutes_with_transpose(node.function) and all(is_symmetric(arg) for arg in node.args if arg.dims)


def is_skew(tensor: Tensor) -> bool:
    """Whether a skew variable, or a sum such as X - X^T, is known to be minus its transpose."""
    if isinstance(tensor, Symbol):
        return tensor.property == "skew"
    if not isinstance(tensor, Sum) or tensor.order != 2 or "turning" in tensor.cache:
        return False
    other = transpose(tensor)
    return isinstance(other, Product) and other.coefficient == -1 and other.factors[0][0] is tensor


def is_symmetric(tensor: Tensor) -> bool:
    """Whether a tensor with two axes is known to equal its transpose."""
    if tensor.order != 2 or tensor.dims[0] != tensor.dims[1]:
        return False
    known = tensor.cache.get("symmetric")
    if known is None:
        tensor.cache["symmetric"] = False  # while the transpose is being built
        known = tensor.cache["symmetric"] = transpose(tensor) is tensor
    return bool(known)
