"""`Law`: an equation of `equations` as a law of tensors; it finds its left side in a node and puts the right side there.

The left side is a product of factors, functions mostly.  One of them is looked for, what it binds says what the others are, and they
are divided out, so that sinh(x) / cosh(x) finds sinh(x)^2 / cosh(x)^3 too, and step(x) x finds an x that is a product such as A y.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from matdiff.functions import MATRIX_POWER, lifted, row_of, word_of
from matdiff.language.dims import Dim
from matdiff.language.queries import constant, is_scalar, names_in
from matdiff.language.syntax import Expr
from matdiff.laws.equations import ENTRIES, LAWS, NUMBERS, Equation, equation, variables
from matdiff.limits import check
from matdiff.tensor import build
from matdiff.tensor.lift import Lift
from matdiff.tensor.lower import axes_of
from matdiff.tensor.matching import embedding, without
from matdiff.tensor.nodes import Apply, Constant, Factor, Index, Product, Sum, Symbol, Tensor
from matdiff.tensor.rational import ratio_of

# The index of the row or column of a matrix of which a law holds.
_LINE = "~"


class Bound(dict[str, Tensor]):
    """What the names of a law stand for.

    lines   None, or the axis along which the law holds: then `v` stands for every row (0) or column (1) of a matrix
    """

    lines: int | None = None

    def copied(self) -> Bound:
        """The same, to be added to."""
        other = Bound(self)
        other.lines = self.lines
        return other

    @classmethod
    def of(cls, lines: int | None) -> Bound:
        """With nothing bound."""
        found = cls()
        found.lines = lines
        return found


# What is no function in index form.
_PATTERNS_OF_INDICES = {"sum", "diag", "ones"}


class Law:
    """An equation as a law: called with a node, it returns the simpler tensor, or None to decline.

    `words` are the functions and the property without which the left side is nowhere; the line is parsed when a node has them.
    """

    __slots__ = ("line", "words")

    def __init__(self, line: str) -> None:
        self.line = line
        left = line.partition(" = ")[0]
        self.words = {*re.findall(r"(\w+)\(", left), *(["orthogonal"] if "Q" in left else ())} - _PATTERNS_OF_INDICES

    def __repr__(self) -> str:
        return self.line

    def __call__(self, node: Product | Apply) -> Tensor | None:
        words = node.cache.get("words")
        if not self.words <= (_words(node) if words is None else words):
            return None
        law = equation(self.line)
        if not isinstance(node, Product):
            axes = tuple(range(node.order))
            return _in_product(law, Product(1, ((node, axes),), axes, node.dims))
        return _in_chain(law, node) if law.left.op == "*" and not is_scalar(law.left) else _in_product(law, node)


EQUATION_LAWS = tuple(map(Law, LAWS))


def _words(node: Tensor) -> frozenset[str]:
    """The functions and properties of a node, of what stands in it, and of what stands in that; kept with the node."""
    inner = [part for child in node.children for part in child.children]
    words: frozenset[str] = frozenset(map(_word, (node, *node.children, *inner)))
    node.cache["words"] = words
    return words


def _word(node: Tensor) -> str:
    if isinstance(node, Apply):
        return word_of(node.function)
    if isinstance(node, Constant):
        return "e" if node.name == "unit" else node.name
    return (node.property or "") if isinstance(node, Symbol) else ""


# --- products, entry by entry ---------------------------------------------------------------------------------------------


@cache
def _patterns(left: Expr) -> tuple[tuple[Expr, int], ...]:
    """The factors of a left side, with exponents; the number 1 is none.  A function stands before a bare name."""
    counts: dict[Expr, int] = {}
    for pattern, sign in sorted(_factors(left, 1), key=lambda part: part[0].op == "name"):
        counts[pattern] = counts.get(pattern, 0) + sign
    return tuple(counts.items())


def _factors(expr: Expr, sign: int) -> Iterator[tuple[Expr, int]]:
    if expr.op in ("/", "./", ".*"):
        for place, arg in enumerate(expr.args):
            yield from _factors(arg, -sign if place and expr.op != ".*" else sign)
    elif constant(expr) != 1:
        yield expr, sign


def _in_product(law: Equation, product: Product) -> Tensor | None:
    """The product with the right side for the factors of the left, which stand at the same indices.

    A law of vectors holds for every row and every column of a matrix, too.
    """
    is_of_vectors = {name.value for name in names_in(law.left)} == {"v"}
    ways: tuple[int | None, ...] = (None, 0, 1) if is_of_vectors else (None,)
    found = (_in_product_by(law, product, lines) for lines in ways)
    return next((tensor for tensor in found if tensor is not None), None)


def _in_product_by(law: Equation, product: Product, lines: int | None) -> Tensor | None:
    (first, least), *others = _patterns(law.left)
    for place, (tensor, slots) in enumerate(product.factors):
        bound = Bound.of(lines)
        line = () if lines is None or len(slots) < 2 else (slots[lines],)
        if lines is not None and len(set(slots)) != (1 if is_scalar(first) and first.op != "sum" else 2):
            continue
        rest: list[Factor] | None = [*product.factors[:place], *product.factors[place + 1 :]]
        base, exponent = build.base_and_exponent(tensor)
        if first.op == "sum" and least == 1:
            summed = [slot for slot in slots if slot not in line]
            alone = len(summed) == 1 and product.uses()[summed[0]] == 1
            if not alone or not _matches(first.args[0], tensor, bound):
                continue
            slots = line
        elif first.op == ".^":
            if not _matches(first, tensor, bound):
                continue
        elif exponent.denominator == 1 and (exponent > 0) == (least > 0) and _matches(first, base, bound):
            rest = _divided(product.factors, base, slots, product, least)
        else:
            continue
        for pattern, count in others:
            rest = None if rest is None else _without(rest, pattern, slots, product, count, bound)
        if rest is not None:
            value = _value(law.right, bound)
            factors = [*rest, (value, _places_of(value, slots, bound))]
            return build.with_factors(product, factors)
    return None


def _places_of(value: Tensor, slots: tuple[int, ...], bound: Bound) -> tuple[int, ...]:
    """The indices of a value beside a factor at these: of a number none, but that of its line."""
    if bound.lines is None or len(slots) < 2:
        return slots if value.dims else ()
    return (slots[bound.lines], slots[1 - bound.lines])[: value.order]


def _without(
    factors: list[Factor], pattern: Expr, slots: tuple[int, ...], product: Product, count: int, bound: Bound
) -> list[Factor] | None:
    """The factors without one of the form of the pattern, which binds the names that are still free."""
    if bound.keys() >= {name.value for name in names_in(pattern)}:
        value = _value(pattern, bound)
        return _divided(factors, value, _places_of(value, slots, bound), product, count)
    for tensor, at in factors:
        further = bound.copied()
        if at == slots and _matches(pattern, tensor, further):
            bound.update(further)
            return _divided(factors, tensor, slots, product, count)
    return None


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
        base, exponent = build.base_and_exponent(tensor)
        if base is value and at == slots and exponent <= -1:
            return [*factors[:place], (build.power(base, exponent + 1), at), *factors[place + 1 :]]
    return None


# --- products of two matrices ---------------------------------------------------------------------------------------------


def _in_chain(law: Equation, product: Product) -> Tensor | None:
    """The product with the right side for the two matrices of the left, which one summed index joins."""
    side = min((0, 1), key=lambda place: _says_nothing(law.left.args[place]))
    pattern, other = law.left.args[side], law.left.args[1 - side]
    uses = product.uses()
    for place, (tensor, slots) in enumerate(product.factors):
        bound = Bound()
        if len(set(slots)) != 2 or uses[slots[1 - side]] != 2 or not _matches(pattern, tensor, bound):
            continue
        check()
        rest = [*product.factors[:place], *product.factors[place + 1 :]]
        found = _neighbour(rest, _value(other, bound), slots[1 - side], side, uses, product.out)
        if found is not None:
            used, far = found
            kept = [factor for place, factor in enumerate(rest) if place not in used]
            kept.append((_value(law.right, bound), (slots[0], far) if side == 0 else (far, slots[1])))
            return build.with_factors(product, kept)
    return None


def _says_nothing(pattern: Expr) -> bool:
    """Whether it is a name that may stand for anything, or a transpose, which the indices tell."""
    return pattern.op == "'" or (pattern.op == "name" and variables()[str(pattern.value)].property is None)


def _neighbour(
    factors: list[Factor], value: Tensor, shared: int, side: int, uses: list[int], out: tuple[int, ...]
) -> tuple[set[int], int] | None:
    """Where a matrix stands among the factors with its axis `side` at the index `shared`: (places, index of its other axis)."""
    pattern: tuple[Factor, ...] = ((value, (0, 1)),)
    ends: tuple[int, ...] = (0, 1)
    if isinstance(value, Product):
        pattern, ends = value.factors, value.out
        used = {slot for _, slots in pattern for slot in slots}
        if value.coefficient != 1 or len(set(ends)) != 2 or not used.issuperset(ends):
            return None
    near, far = ends[side], ends[1 - side]
    found = embedding(pattern, {near: shared}, {near, far}, factors, uses, out)
    return None if found is None else (found[0], found[1][far])


# --- patterns -------------------------------------------------------------------------------------------------------------


def _value(expr: Expr, bound: Bound) -> Tensor:
    """The tensor of a pattern whose names are bound."""
    sizes: dict[str, Dim] = {}
    values: dict[str, Tensor] = dict(bound)
    if bound.lines == 1:
        values = {name: build.transpose(tensor) for name, tensor in values.items()}
    own = slice(None) if bound.lines is None else slice(1, None)
    for name, tensor in values.items():
        if name not in ENTRIES:
            sizes.update((axis.name or "", dim) for axis, dim in zip(axes_of(variables()[name].shape), tensor.dims[own]))
    if bound.lines is None:
        return Lift(values, sizes).value(expr)
    first, *_ = values.values()
    ranges: dict[Index, Dim] = {_LINE: first.dims[0]}
    return Lift(values, sizes, ranges, dict.fromkeys(values, (_LINE,))).spread(expr, (_LINE,))


def _matches(pattern: Expr, tensor: Tensor, bound: Bound) -> bool:
    """Whether a tensor has the form of the pattern; `bound` is then what its names stand for."""
    op, args = pattern.op, pattern.args
    if op == "name":
        return _is_like(pattern, tensor, bound.lines) and bound.setdefault(str(pattern.value), tensor) is tensor
    if op == "number":
        return build.number_of(tensor) == pattern.value
    if op == "e":
        return isinstance(tensor, Constant) and tensor.name == "unit"
    if op == ".^":
        base, exponent = build.base_and_exponent(tensor)
        return base is not tensor and _match_all(args, (base, build.number(exponent)), bound)
    if op == "+":  # a number and something else
        if not isinstance(tensor, Sum) or len(tensor.terms) != len(args) or any(c != 1 for c, _ in tensor.terms):
            return False
        return _match_all(args, sorted((t for _, t in tensor.terms), key=lambda t: build.number_of(t) is None), bound)
    if op == ".*":  # a .* x, where a is the coefficient, be it 1
        coefficient = tensor.coefficient if isinstance(tensor, Product) else 1
        parts = (build.number(coefficient), build.scale(ratio_of(1, coefficient), tensor)) if coefficient else ()
        return bool(parts) and _match_all(args, parts, bound)
    if isinstance(tensor, Apply):
        function = MATRIX_POWER if op == "^" else op
        if bound.lines is not None and row_of(op).form == "func":
            function = lifted(op, "rows") if not bound.lines else ""
        return tensor.function == function and _match_all(args, tensor.args, bound)
    return isinstance(tensor, Product) and _matches_product(pattern, tensor, bound)


def _match_all(patterns: Sequence[Expr], tensors: Sequence[Tensor], bound: Bound) -> bool:
    return all(_matches(pattern, tensor, bound) for pattern, tensor in zip(patterns, tensors))


def _is_like(name: Expr, tensor: Tensor, lines: int | None) -> bool:
    """Whether a value may stand for a name: any for x, a number for a and b, one with the declared axes for others."""
    if name.value in ENTRIES:
        return True
    variable = variables()[str(name.value)]
    if name.value in NUMBERS:
        return not tensor.dims and build.number_of(tensor) is not None
    has_property = variable.property is None or (isinstance(tensor, Symbol) and tensor.property == variable.property)
    if lines is not None:
        return has_property and tensor.order == len(axes_of(variable.shape)) + 1
    return has_property and tensor.order == len(axes_of(variable.shape)) and len(set(tensor.dims)) <= 1


def _matches_product(pattern: Expr, tensor: Product, bound: Bound) -> bool:
    """-x, sum(v), diag(v) and c ones(n)."""
    op, args, sizes = pattern.op, pattern.args, dict(enumerate(tensor.sizes))
    if op == "neg":  # the argument without a minus is the positive one
        return tensor.coefficient < 0 and _matches(args[0], build.scale(-1, tensor), bound)
    if op == "sum":
        at = ((0,), (0, 1), (1, 0))[0 if bound.lines is None else 1 + bound.lines]
        alone = tensor.coefficient == 1 and tensor.order == len(at) - 1 and [slots for _, slots in tensor.factors] == [at]
        return alone and _matches(args[0], tensor.factors[0][0], bound)
    if op == "diag":
        is_diagonal = tensor.order == 2 and tensor.out[0] == tensor.out[1]
        return is_diagonal and _matches(args[0], build.einsum(tensor.factors, tensor.out[:1], sizes, tensor.coefficient), bound)
    if op == "*" and args[1].op == "ones" and tensor.order == 1 and not any(slots for _, slots in tensor.factors):
        bound["v"] = tensor  # which tells the size
        return _matches(args[0], build.einsum(tensor.factors, (), None, tensor.coefficient), bound)
    return False
