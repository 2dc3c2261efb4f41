"""`written`: of several equal tensors the one whose formula costs least, with its named parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from matdiff.choose.expand import expanded
from matdiff.choose.naming import Part, is_held, name_counts, name_parts, needed
from matdiff.choose.quotients import over_common
from matdiff.language.dims import Dim, Shape
from matdiff.language.syntax import Expr
from matdiff.recover.cost import cost
from matdiff.recover.graph import Irreducible
from matdiff.recover.recover import Recovery
from matdiff.tensor.build import number_of
from matdiff.tensor.nodes import Apply, Product, Sum, Tensor

# Of a result with more nodes only the form that the derivation gave is written; every form takes as long as the first.
MOST_NODES = 300
# The user's own sums are kept unless the formula without them costs less than this part.
SHARE = 0.7
# A result is written a second time without the names that the first time showed to be useless.
ROUNDS = 2


class Context(NamedTuple):
    """What is known of the question.

    given      the value that was differentiated; its sums are the user's own
    defined    the names of the user's definitions, `shapes` their sizes
    sizes      expressions that stand for symbolic sizes
    taken      names that a part must not get
    recovery   what makes the recovery for another notation than that of matrices
    """

    given: Tensor
    defined: Mapping[Tensor, str]
    shapes: Mapping[str, Shape]
    sizes: dict[Dim, Expr]
    taken: Iterable[str]
    recovery: Callable[[dict[Dim, Expr]], Recovery] = Recovery


class Written(NamedTuple):
    """A tensor with its notation; `expr` is None where there is no matrix notation."""

    tensor: Tensor
    recovery: Recovery
    parts: list[Part]
    expr: Expr | None


def written(tensor: Tensor, context: Context) -> Written:
    """The tensor as it is, or with the sums of the derivation multiplied out where that costs less, or with the user's own
    sums multiplied out too where it costs much less; each also with its quotients over common divisors.
    """
    best = _write(tensor, context)
    small = tensor.order <= 2 and sum(1 for _ in islice(_nodes(tensor), MOST_NODES + 1)) <= MOST_NODES
    if not small or not any(isinstance(node, Sum) for node in _nodes(tensor)):
        return best
    given = _sums_in(context.given)
    own = {node for root in (context.given, tensor) for node in _nodes(root) if isinstance(node, Sum) and _is_slope(node)}
    candidates: list[tuple[Tensor, float]] = [(tensor, 1)]
    if _has_product_of_sums(tensor):
        candidates += [(expanded(tensor, kept), share) for kept, share in ((own | given, 1), (own, SHARE), (set(), SHARE))]
    tried = {tensor}
    for equal, share in candidates:
        for other in (equal, over_common(equal, given)):
            if other not in tried:
                tried.add(other)
                candidate = _write(other, context)
                if _cost(candidate, context) < _cost(best, context, share):
                    best = candidate
    return best


def _is_slope(node: Sum) -> bool:
    """1 - s for a function s, and 1 - t^2 or 1 + t^2: how authors write the slopes of sigmoid, tanh and tan."""
    others = [term for _, term in node.terms if number_of(term) is None]
    if len(node.terms) != 2 or len(others) != 1:
        return False
    (other,), ((one, _), (two, _)) = others, node.terms
    if isinstance(other, Product) and len(set(other.children)) == 1 and other.coefficient == 1:
        return isinstance(other.children[0], Apply)
    return isinstance(other, Apply) and one * two < 0


def _write(tensor: Tensor, context: Context) -> Written:
    """The tensor with its named parts.  What turns out to be written once gets no name: terms have been put together."""
    unnamed: set[Tensor] = set()
    for _ in range(ROUNDS):
        recovery = context.recovery(context.sizes)
        parts = name_parts(tensor, context.defined, recovery, context.taken, context.shapes, unnamed)
        try:
            whole = Written(tensor, recovery, parts, recovery.whole(tensor))
        except Irreducible:
            return Written(tensor, recovery, parts, None)
        once = _written_once(whole, context) if len(recovery.known) <= MOST_NODES else set()
        if not once:
            break
        unnamed |= once
    return whole


def _written_once(whole: Written, context: Context) -> set[Tensor]:
    """The parts, named here, that the formula and the parts it uses hold one time."""
    assert whole.expr is not None
    used = needed(whole.parts, whole.expr)
    own = {part.name: part.tensor for part in used if part.tensor not in context.defined and not is_held(part.tensor)}
    counts = dict.fromkeys(own, 0)
    for expr in (whole.expr, *(part.expr for part in used)) if own else ():
        for name, count in name_counts(expr).items():
            if name in counts:
                counts[name] += count
    return {own[name] for name, count in counts.items() if count == 1}


def _cost(candidate: Written, context: Context, share: float = 1) -> tuple[bool, float]:
    """Index notation costs more than any matrix notation; the user's own definitions are known to the reader and free."""
    if candidate.expr is None:
        return True, 0
    own = set(context.defined.values())
    parts = [part for part in needed(candidate.parts, candidate.expr) if part.name not in own]
    strange = candidate.recovery.strange_in(candidate.expr)
    return False, share * (cost(candidate.expr) + strange + sum(cost(part.expr) + 2 for part in parts))


def _sums_in(root: Tensor) -> set[Tensor]:
    return {node for node in _nodes(root) if isinstance(node, Sum)}


def _has_product_of_sums(root: Tensor) -> bool:
    """Whether there is something to multiply out."""
    return any(
        isinstance(node, Product) and len(node.factors) > 1 and any(isinstance(t, Sum) for t in node.children)
        for node in _nodes(root)
    )


def _nodes(root: Tensor) -> Iterator[Tensor]:
    seen = {root}
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        for child in node.children:
            if child not in seen:
                seen.add(child)
                stack.append(child)
