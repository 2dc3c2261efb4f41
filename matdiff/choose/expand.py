"""`expanded`: an equal tensor with products of sums multiplied out, which the derivation made and no author would keep."""

from __future__ import annotations

from collections.abc import Collection

from matdiff.language.dims import Dim
from matdiff.language.syntax import Rational
from matdiff.laws.simplify import simplify
from matdiff.tensor import build
from matdiff.tensor.nodes import Apply, Factor, Index, Product, Sum, Tensor, from_below

# A product of sums with more terms than this stays a product.
MOST_TERMS = 32


def expanded(root: Tensor, kept: Collection[Tensor]) -> Tensor:
    """The tensor with its sums multiplied out, simplified; not those in `kept`, and none inside a function.

    Terminates: every product is multiplied out once, operands first.
    """

    def multiplied_out(node: Tensor, done: dict[Tensor, Tensor]) -> Tensor:
        return _sum(node, done) if isinstance(node, Sum) else _product(node, done, kept)

    return simplify(from_below(root, lambda node: isinstance(node, Apply) or node in kept, multiplied_out))


def _sum(node: Sum, done: dict[Tensor, Tensor]) -> Tensor:
    return build.add([(coefficient, done[term]) for coefficient, term in node.terms], node.dims)


def _product(node: Tensor, done: dict[Tensor, Tensor], kept: Collection[Tensor]) -> Tensor:
    assert isinstance(node, Product)
    sizes: dict[Index, Dim] = dict(enumerate(node.sizes))
    products: list[tuple[Rational, list[Factor]]] = [(node.coefficient, [])]
    for tensor, slots in node.factors:
        choices = _terms(done[tensor], kept)
        if len(choices) * len(products) > MOST_TERMS:
            choices = [(1, done[tensor])]
        products = [(c * inner, [*factors, (term, slots)]) for c, factors in products for inner, term in choices]
    return build.add([(c, simplify(build.einsum(factors, node.out, sizes))) for c, factors in products], node.dims)


def _terms(tensor: Tensor, kept: Collection[Tensor]) -> list[tuple[Rational, Tensor]]:
    """The terms of a sum or of a multiple of one."""
    if tensor in kept:
        return [(1, tensor)]
    if isinstance(tensor, Sum):
        return list(tensor.terms)
    terms = build.terms_of(tensor)
    return [(1, tensor)] if any(term in kept for _, term in terms) else list(terms)
