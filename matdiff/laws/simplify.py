"""`simplify`: named laws, applied to every distinct node once, operands first.

Each law is a function that returns the simpler tensor, or None to decline; its docstring states the law and why it terminates.
The laws of the normal form itself (contracting deltas, merging equal terms and powers, transposes) are in `tensor.build`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from matdiff.functions import FUNCTIONS, MATRIX_POWER
from matdiff.language.dims import SCALAR
from matdiff.laws import blocks, functions, powers
from matdiff.laws.matching import EQUATION_LAWS
from matdiff.laws.sums import SUM_LAWS, sum_that_cancels
from matdiff.limits import check
from matdiff.tensor import build
from matdiff.tensor.halves import held
from matdiff.tensor.lower import expand_rule, matrix_power, power_of, slope_of
from matdiff.tensor.matching import without
from matdiff.tensor.nodes import HELD, Apply, Constant, Factor, Product, Sum, Tensor

ProductLaw = Callable[[Product], Tensor | None]
ApplyLaw = Callable[[Apply], Tensor | None]


def simplify(root: Tensor) -> Tensor:
    """An equal tensor to which no law applies."""
    return rebuild(root, {})


def rebuild(root: Tensor, replacement: Mapping[Tensor, Tensor]) -> Tensor:
    """`root` with nodes replaced, simplified again from the leaves up; iterative, so depth is not limited.

    Without a replacement the answer is kept with each node, so that no node is visited a second time.
    """
    return rebuild_all([root], replacement)[0]


def rebuild_all(roots: Iterable[Tensor], replacement: Mapping[Tensor, Tensor]) -> list[Tensor]:
    """The same for several tensors, whose common nodes are visited once."""
    done: dict[Tensor, Tensor] = dict(replacement)
    return [_rebuilt(root, done, replacement) for root in roots]


def _rebuilt(root: Tensor, done: dict[Tensor, Tensor], replacement: Mapping[Tensor, Tensor]) -> Tensor:
    stack = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if node in done:
            continue
        known = None if replacement else node.cache.get("simplified")
        if known is not None:
            done[node] = known
        elif ready:
            done[node] = _settle(_with_children(node, done))
            if not replacement:
                node.cache["simplified"] = done[node]
        else:
            stack.append((node, True))
            stack.extend((child, False) for child in node.children if child not in done)
    return done[root]


def _with_children(node: Tensor, done: Mapping[Tensor, Tensor]) -> Tensor:
    if all(done[child] is child for child in node.children):
        return node
    if isinstance(node, Product):
        factors = [(done[tensor], slots) for tensor, slots in node.factors]
        return build.einsum(factors, node.out, dict(enumerate(node.sizes)), node.coefficient)
    if isinstance(node, Sum):
        return build.add([(c, done[term]) for c, term in node.terms], node.dims)
    assert isinstance(node, Apply)
    if node.function == "frechet":
        # The derivative of a function is that of the function, even where its value has turned out to be simpler.
        value, order = node.args[0], node.exponent
        assert isinstance(value, Apply) and isinstance(order, int)
        # An answer that is known for the value was found without its arguments.
        args = tuple(done[arg] if arg in done else simplify(arg) for arg in value.args)
        return slope_of(build.apply(value.function, args, value.dims), order)
    args = tuple(done[arg] for arg in node.args)
    if node.function == "power" and node.exponent is not None:
        return build.power(args[0], node.exponent)
    if node.function == "power":
        return power_of(*args)
    if node.function == MATRIX_POWER:
        return matrix_power(*args)
    if node.function == HELD:
        return held(args[0])
    return build.apply(node.function, args, node.dims, node.exponent)


def _settle(node: Tensor) -> Tensor:
    """Apply laws to the node until none applies; a law's result may hold new operands, which are settled first."""
    while "settled" not in node.cache:
        check()
        simpler = _simpler(node)
        if simpler is None:
            node.cache["settled"] = node
        else:
            node = _with_children(simpler, {child: simplify(child) for child in simpler.children})
    settled: Tensor = node.cache["settled"]
    return settled


def _simpler(node: Tensor) -> Tensor | None:
    """What the first law that applies makes of the node, whose operands are settled."""
    laws: tuple[Callable[..., Tensor | None], ...] = ()
    if isinstance(node, Product):
        laws = PRODUCT_LAWS
    elif isinstance(node, Apply):
        laws = APPLY_LAWS
    elif isinstance(node, Sum):
        laws = SUM_LAWS
    return next((found for law in laws if (found := law(node)) is not None), None)


# --- laws of products -----------------------------------------------------------------------------------------------------


def cancel_power(product: Product) -> Tensor | None:
    """`(A x) ./ (A x) .^ 3 = 1 ./ (A x) .^ 2`, and so for every product of matrices.  Removes the factors of one."""
    for place, (tensor, slots) in enumerate(product.factors):
        base, exponent = build.base_and_exponent(tensor)
        if exponent >= 0 or not isinstance(base, Product) or base.coefficient != 1:
            continue
        rest = without([*product.factors[:place], *product.factors[place + 1 :]], base, slots, product)
        if rest is not None:
            rest.append((build.power(base, exponent + 1), slots))
            return build.with_factors(product, rest)
    return None


def value_at_unit(product: Product) -> Tensor | None:
    """`e(2, n) .* x = x[2] e(2, n)`: beside a unit vector only one entry counts.  Fewer factors share an index with a unit vector."""
    uses = product.uses()
    for unit, (end,) in ((t, slots) for t, slots in product.factors if isinstance(t, Constant) and t.name == "unit"):
        if uses[end] == 1 or (uses[end] == 2 and end not in product.out):
            continue
        for place, (tensor, slots) in enumerate(product.factors):
            if end not in slots or (tensor is unit and slots == (end,)):
                continue
            fresh = [("at", axis) if slot == end else slot for axis, slot in enumerate(slots)]
            units = [(unit, (slot,)) for slot in fresh if isinstance(slot, tuple)]
            rest = [factor for other, factor in enumerate(product.factors) if other != place]
            return build.with_factors(product, [*rest, (tensor, fresh), *units])
        if sum(1 for factor in product.factors if factor == (unit, (end,))) > 1:
            return build.with_factors(product, product.factors_but((unit, (end,))))
    return None


def closed_frechet(product: Product) -> Tensor | None:
    """`dexpm(A, A) = expm(A) A` and tr(G f'(X, dX)) = tr(G f'(X) dX) where E and G commute with X: powers or functions of X, c X.

    Higham, Functions of Matrices (2008), theorem 3.3 and problem 3.8.  Removes a Frechet derivative.
    """
    uses = product.uses()
    for factor in product.factors:
        node, slots = factor
        if not (isinstance(node, Apply) and node.function == "frechet" and node.exponent == 1):
            continue
        value = node.args[0]
        assert isinstance(value, Apply)
        if not FUNCTIONS[value.function].rules:  # adj is no primary function
            continue
        rest = [other for other in product.factors if other is not factor]
        for first, start, left, right in (slots, slots[::-1]):  # its two sides are alike: D_ijkl = D_lkji
            chain = _chain(rest, start, first, uses)
            if chain is None:
                continue
            direction = build.einsum([(t, ends) for t, ends, _ in chain], (start, first), dict(enumerate(product.sizes)))
            if not _commutes(direction, value.args[0]):
                continue
            shapes = [(arg.dims[0], arg.dims[1]) if arg.dims else SCALAR for arg in value.args]
            slope = expand_rule(value.function, list(value.args), shapes, {"Y": (value, shapes[0])})
            used = [place for _, _, place in chain]
            kept = [other for place, other in enumerate(rest) if place not in used]
            # The chain ran from `start` to `first`; now it runs from `right`, and f'(X) leads on to `left`.
            kept += [(t, tuple(right if s == start else s for s in ends)) for t, ends, _ in chain]
            kept.append((slope, (first if chain else right, left)))
            return build.with_factors(product, kept)
    return None


def _chain(factors: list[Factor], start: int, end: int, uses: list[int]) -> list[tuple[Tensor, tuple[int, int], int]] | None:
    """The matrices that lead from one index to another, (matrix, indices, place) each; None where something else stands there."""
    chain: list[tuple[Tensor, tuple[int, int], int]] = []
    here = start
    while here != end or not chain:
        if uses[here] != 2 or here == end:
            break
        places = [place for place, (_, slots) in enumerate(factors) if here in slots and place not in {p for *_, p in chain}]
        if len(places) != 1 or len(set(factors[places[0]][1])) != 2 or len(factors[places[0]][1]) != 2:
            return None
        tensor, slots = factors[places[0]]
        chain.append((tensor, (slots[0], slots[1]), places[0]))
        here = slots[1] if slots[0] == here else slots[0]
    return chain if here == end and uses[end] == 2 else None


def _commutes(one: Tensor, other: Tensor) -> bool:
    """Whether the normal form knows that two matrices commute, term by term."""

    def product_of(*pair: Tensor) -> Tensor:
        return build.einsum([(pair[0], (0, 1)), (pair[1], (1, 2))], (0, 2))

    return all(
        product_of(left, right) is product_of(right, left)
        for _, left in build.terms_of(one)
        for _, right in build.terms_of(other)
    )


# Multiplying out stops at products of so many terms.
MOST_EXPANDED = 64


def expand_large_group(product: Product) -> Tensor | None:
    """(A + B)_ijk C_jl = A_ijk C_jl + B_ijk C_jl for a group with more than two axes, which matrix notation cannot name.

    Likewise a sum over some of its axes, or its diagonal; not the group alone, turned or on deltas, nor beside an array with more
    than two axes, which has no matrix notation either.

    Removes a group with more than two axes.
    """
    if any(tensor.order > 2 and not isinstance(tensor, (Sum, Constant)) for tensor, _ in product.factors):
        return None
    for group, slots in product.factors:
        turned = len(product.factors) == 1 and set(slots) == set(product.out) and len(set(slots)) == len(slots)
        if isinstance(group, Sum) and group.order > 2 and len(group.terms) <= MOST_EXPANDED and not turned:
            rest, sizes = product.factors_but((group, slots)), dict(enumerate(product.sizes))
            terms = [(c, build.einsum([(term, slots), *rest], product.out, sizes)) for c, term in group.terms]
            return build.scale(product.coefficient, build.add(terms, product.dims))
    return None


PRODUCT_LAWS: tuple[ProductLaw, ...] = (
    cancel_power,
    value_at_unit,
    sum_that_cancels,
    *blocks.PRODUCT_LAWS,
    closed_frechet,
    expand_large_group,
    *powers.PRODUCT_LAWS,
    *EQUATION_LAWS,
)

APPLY_LAWS: tuple[ApplyLaw, ...] = (*EQUATION_LAWS, *functions.APPLY_LAWS)
