"""`Law`: an equation of `equations` as a law of tensors; it finds its left side in a node and puts the right side there.

The left side is a product of factors, functions mostly.  One of them is looked for, what it binds says what the others are, and they
are divided out, so that sinh(x) / cosh(x) finds sinh(x)^2 / cosh(x)^3 too, and step(x) x finds an x that is a product such as A y.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from matdiff import index
from matdiff.dims import Dim
from matdiff.embedding import embedding, without
from matdiff.equations import ENTRIES, LAWS, NUMBERS, equation, variables
from matdiff.functions import MATRIX_POWER
from matdiff.lower import Lowering, axes_of
from matdiff.nodes import Apply, Constant, Factor, Product, Sum, Symbol, Tensor
from matdiff.parts import constant, is_scalar, shape_of
from matdiff.rational import ratio_of
from matdiff.syntax import Expr


class Bound:
    """What the names and the sizes of a pattern stand for."""

    __slots__ = ("sizes", "values")

    def __init__(self) -> None:
        self.values: dict[str, Tensor] = {}
        self.sizes: dict[str, Dim] = {}

    def copy(self) -> Bound:
        """The same, which may be bound further."""
        other = Bound()
        other.values, other.sizes = dict(self.values), dict(self.sizes)
        return other

    def value(self, expr: Expr) -> Tensor:
        """The tensor of a pattern all whose names are bound."""
        return Lowering(self.values, self.sizes).value(expr)


class Law:
    """An equation as a law: called with a node, it returns the simpler tensor, or None to decline.

    `word` is the function or the property without which the left side is nowhere; the line is parsed when a node has it.  A sum is
    no function of tensors.
    """

    __slots__ = ("line", "word")

    def __init__(self, line: str) -> None:
        self.line = line
        functions = re.findall(r"(\w+)\(", line.partition(" = ")[0])
        self.word = next((function for function in functions if function != "sum"), "orthogonal")

    def __repr__(self) -> str:
        return self.line

    def __call__(self, node: Product | Apply) -> Tensor | None:
        if self.word not in _words(node):
            return None
        law = equation(self.line)
        if law.left.op == "*" and not is_scalar(law.left):
            return _in_chain(law.left, law.right, node) if isinstance(node, Product) else None
        patterns = _patterns(self.line)
        if isinstance(node, Product):
            return _in_product(patterns, law.right, node, node.factors) if _may_be_product(patterns) else None
        axes = tuple(range(node.order))
        factors = ((node, axes),)
        return _in_product(patterns, law.right, Product(1, factors, axes, node.dims), factors)


EQUATION_LAWS = tuple(map(Law, LAWS))


def _words(node: Tensor) -> frozenset[str]:
    """The functions and properties of a node, of what stands in it, and of what stands in that."""
    known = node.cache.get("words")
    if not isinstance(known, frozenset):
        parts = [_inner_words(node), *map(_inner_words, node.children)]
        known = node.cache["words"] = frozenset([_word(node)]).union(*parts)
    return known


def _inner_words(node: Tensor) -> frozenset[str]:
    known = node.cache.get("inner words")
    if not isinstance(known, frozenset):
        known = node.cache["inner words"] = frozenset(map(_word, node.children))
    return known


def _word(node: Tensor) -> str:
    if isinstance(node, Apply):
        return node.function
    if isinstance(node, Constant):
        return "e" if node.name == "unit" else node.name
    return (node.property or "") if isinstance(node, Symbol) else ""


# --- products, entry by entry ---------------------------------------------------------------------------------------------


@cache
def _patterns(line: str) -> tuple[tuple[Expr, int], ...]:
    """The factors of a left side, with exponents; the number 1 is none.  A function stands before a bare name."""
    counts: dict[Expr, int] = {}
    for pattern, sign in sorted(_factors(equation(line).left, 1), key=lambda part: part[0].op == "name"):
        counts[pattern] = counts.get(pattern, 0) + sign
    return tuple(counts.items())


def _factors(expr: Expr, sign: int) -> Iterator[tuple[Expr, int]]:
    if expr.op in ("/", "./"):
        yield from _factors(expr.args[0], sign)
        yield from _factors(expr.args[1], -sign)
    elif expr.op == ".*":
        for arg in expr.args:
            yield from _factors(arg, sign)
    elif constant(expr) != 1:
        yield expr, sign


def _may_be_product(patterns: Sequence[tuple[Expr, int]]) -> bool:
    """Whether more is looked for than one function, which is a node of its own."""
    return len(patterns) > 1 or abs(patterns[0][1]) > 1 or patterns[0][0].op == "sum"


def _in_product(patterns: Sequence[tuple[Expr, int]], right: Expr, product: Product, factors: Sequence[Factor]) -> Tensor | None:
    """The product with the right side for the factors of the left, which stand at the same indices."""
    (first, least), *others = patterns
    for place in range(len(factors)):
        bound = Bound()
        found = _without_first(first, least, factors, place, product, bound)
        if found is None:
            continue
        rest, slots = found
        for pattern, count in others:
            rest = None if rest is None else _without(rest, pattern, slots, product, count, bound)
        if rest is not None:
            value = bound.value(right)
            factors = [*rest, (value, slots if value.dims else ())]
            return index.einsum(factors, product.out, dict(enumerate(product.sizes)), product.coefficient)
    return None


def _without_first(
    pattern: Expr, count: int, factors: Sequence[Factor], place: int, product: Product, bound: Bound
) -> tuple[list[Factor] | None, tuple[int, ...]] | None:
    """The factors without a pattern to the power `count`, which the one at `place` has, and the indices where it stands there."""
    tensor, slots = factors[place]
    rest = [*factors[:place], *factors[place + 1 :]]
    if pattern.op == "sum" and count == 1:
        alone = len(slots) == 1 and slots[0] not in product.out and product.uses()[slots[0]] == 1
        return (rest, ()) if alone and _matches(pattern.args[0], tensor, bound) else None
    if pattern.op == ".^":
        return (rest, slots) if _matches(pattern, tensor, bound) else None
    base, exponent = index.base_and_exponent(tensor)
    enough = exponent.denominator == 1 and (exponent if count > 0 else -exponent) >= 1
    return (_divided(factors, base, slots, product, count), slots) if enough and _matches(pattern, base, bound) else None


def _without(
    factors: list[Factor], pattern: Expr, slots: tuple[int, ...], product: Product, count: int, bound: Bound
) -> list[Factor] | None:
    """The factors without one of the form of the pattern; it binds the names that are still free."""
    try:
        value = bound.value(pattern)
    except KeyError:
        for tensor, at in factors:
            further = bound.copy()
            if at == slots and _matches(pattern, tensor, further):
                bound.values.update(further.values)
                return _divided(factors, tensor, slots, product, count)
        return None
    return _divided(factors, value, slots if value.dims else (), product, count)


def _divided(
    factors: Sequence[Factor], value: Tensor, slots: tuple[int, ...], product: Product, count: int
) -> list[Factor] | None:
    """The factors without the value to the power `count`; None where they have it not so often."""
    rest: list[Factor] | None = list(factors)
    for _ in range(abs(count)):
        if rest is not None:
            rest = without(rest, value, slots, product) if count > 0 else _multiplied(rest, value, slots)
    return rest


def _multiplied(factors: list[Factor], value: Tensor, slots: tuple[int, ...]) -> list[Factor] | None:
    """The factors without one that is 1 / value."""
    for place, (tensor, at) in enumerate(factors):
        base, exponent = index.base_and_exponent(tensor)
        if base is value and at == slots and exponent <= -1:
            return [*factors[:place], (index.power(base, exponent + 1), at), *factors[place + 1 :]]
    return None


# --- products of two matrices ---------------------------------------------------------------------------------------------


def _in_chain(left: Expr, right: Expr, product: Product) -> Tensor | None:
    """The product with the right side for the two matrices of the left, which one summed index joins."""
    side = min((0, 1), key=lambda place: _says_nothing(left.args[place]))
    pattern, other = left.args[side], left.args[1 - side]
    for place, (tensor, slots) in enumerate(product.factors):
        bound = Bound()
        if len(set(slots)) != 2 or len(slots) != 2 or not _matches(pattern, tensor, bound):
            continue
        shared, outer = slots[1 - side], slots[side]
        uses = product.uses()
        if uses[shared] != 2:
            continue
        rest = [*product.factors[:place], *product.factors[place + 1 :]]
        found = _neighbour(rest, bound.value(other), shared, side, uses, product.out)
        if found is not None:
            used, far = found
            kept = [factor for place, factor in enumerate(rest) if place not in used]
            kept.append((bound.value(right), (outer, far) if side == 0 else (far, outer)))
            return index.einsum(kept, product.out, dict(enumerate(product.sizes)), product.coefficient)
    return None


def _neighbour(
    rest: list[Factor], partner: Tensor, shared: int, side: int, uses: list[int], out: tuple[int, ...]
) -> tuple[set[int], int] | None:
    """Where `partner` stands among the factors with its axis `side` at the index `shared`: (places, index of its other axis)."""
    if isinstance(partner, Product):
        used = {slot for _, slots in partner.factors for slot in slots}
        if partner.coefficient != 1 or len(set(partner.out)) != 2 or not used.issuperset(partner.out):
            return None
        pattern, near, far = list(partner.factors), partner.out[side], partner.out[1 - side]
    else:
        pattern, near, far = [(partner, (0, 1))], side, 1 - side
    found = embedding(pattern, {near: shared}, {near, far}, rest, uses, out)
    return None if found is None else (found[0], found[1][far])


# --- patterns -------------------------------------------------------------------------------------------------------------


def _says_nothing(pattern: Expr) -> bool:
    """Whether it is a name that may stand for anything, or a transpose, which the indices tell."""
    return pattern.op == "'" or (pattern.op == "name" and _property(pattern) is None)


def _property(name: Expr) -> str | None:
    return variables()[str(name.value)].property


def _matches(pattern: Expr, tensor: Tensor, bound: Bound) -> bool:
    """Whether a tensor has the form of the pattern; `bound` is then what its names stand for."""
    match pattern.op:
        case "name":
            return _is_like(pattern, tensor, bound) and bound.values.setdefault(str(pattern.value), tensor) is tensor
        case "number":
            return index.number_of(tensor) == pattern.value
        case "neg":  # the argument without a minus is the positive one
            return (
                isinstance(tensor, Product)
                and tensor.coefficient < 0
                and _matches(pattern.args[0], index.scale(-1, tensor), bound)
            )
        case "+":
            return _matches_sum(pattern, tensor, bound)
        case ".*":
            return _matches_multiple(pattern, tensor, bound)
        case "*":
            return _matches_spread(pattern, tensor, bound)
        case "sum":
            alone = isinstance(tensor, Product) and not tensor.dims and tensor.coefficient == 1 and len(tensor.factors) == 1
            return alone and tensor.factors[0][0].order == 1 and _matches(pattern.args[0], tensor.factors[0][0], bound)  # type: ignore[attr-defined]
        case "diag":
            if not isinstance(tensor, Product) or tensor.order != 2 or tensor.out[0] != tensor.out[1]:
                return False
            entries = index.einsum(tensor.factors, tensor.out[:1], dict(enumerate(tensor.sizes)), tensor.coefficient)
            return _matches(pattern.args[0], entries, bound)
        case "e":
            return isinstance(tensor, Constant) and tensor.name == "unit"
        case ".^":
            base, exponent = index.base_and_exponent(tensor)
            return (
                base is not tensor
                and _matches(pattern.args[0], base, bound)
                and _matches(pattern.args[1], index.number(exponent), bound)
            )
    function = MATRIX_POWER if pattern.op == "^" else pattern.op
    return (
        isinstance(tensor, Apply)
        and tensor.function == function
        and all(_matches(part, arg, bound) for part, arg in zip(pattern.args, tensor.args))
    )


def _is_like(name: Expr, tensor: Tensor, bound: Bound) -> bool:
    """Whether a value may stand for a name: any for x, a number for a and b, one with the declared axes for others."""
    if name.value in ENTRIES:
        return True
    if name.value in NUMBERS:
        return not tensor.dims and index.number_of(tensor) is not None
    axes = axes_of(shape_of(name))
    prop = _property(name)
    if len(axes) != tensor.order or (prop is not None and not (isinstance(tensor, Symbol) and tensor.property == prop)):
        return False
    return all(bound.sizes.setdefault(axis.name or "", dim) == dim for axis, dim in zip(axes, tensor.dims))


def _matches_sum(pattern: Expr, tensor: Tensor, bound: Bound) -> bool:
    """A number and something else, none of them with another coefficient than 1."""
    if not isinstance(tensor, Sum) or len(tensor.terms) != len(pattern.args) or any(c != 1 for c, _ in tensor.terms):
        return False
    terms = sorted((term for _, term in tensor.terms), key=lambda term: index.number_of(term) is None)
    return all(_matches(part, term, bound) for part, term in zip(pattern.args, terms))


def _matches_multiple(pattern: Expr, tensor: Tensor, bound: Bound) -> bool:
    """a .* x, where a is the coefficient, be it 1."""
    coefficient = tensor.coefficient if isinstance(tensor, Product) else 1
    if not coefficient:
        return False
    number, rest = index.number(coefficient), index.scale(ratio_of(1, coefficient), tensor)
    return _matches(pattern.args[0], number, bound) and _matches(pattern.args[1], rest, bound)


def _matches_spread(pattern: Expr, tensor: Tensor, bound: Bound) -> bool:
    """c ones(n): a scalar at every place of a vector."""
    if not isinstance(tensor, Product) or tensor.order != 1 or any(slots for _, slots in tensor.factors):
        return False
    scalar, ones = pattern.args
    (size,) = axes_of(shape_of(ones))
    bound.sizes[size.name or ""] = tensor.dims[0]
    return _matches(scalar, index.einsum(tensor.factors, (), None, tensor.coefficient), bound)
