"""`completed`: sums that leave terms out, with operands that have a value in these terms too.

A term that is left out is 0 times its value, which must exist, and have derivatives: 1 / (y_i - y_j) has none for i = j.  So where not
everything can stand, as in a denominator, x becomes M x + 1 - M with the mask M, which is 1 in the terms of the sum and 0 in others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from matdiff.functions import row_of
from matdiff.infer.rules import is_euclidean
from matdiff.language.dims import SCALAR
from matdiff.language.make import call, number
from matdiff.language.queries import constant, free_indices, index_names, is_scalar, masks_of, post_order, rebuilt, shape_of
from matdiff.language.syntax import Expr

Vanishes = Callable[[Expr], bool]
Equals = Callable[[Expr, Expr], bool]
# The domains that are not all numbers, as the rows of functions have them, and a number in each.
_INSIDE = {"positive": 1, "unit": 0}


class Algebra(NamedTuple):
    """Whether parts are surely 0, or equal, for all values of their names."""

    vanishes: Vanishes
    equals: Equals


def completed(expr: Expr, algebra: Algebra) -> Expr:
    """The typed expression in which every sum that leaves terms out has operands with values and derivatives in these."""

    def change(node: Expr, again: Expr) -> Expr:
        if node.op != "over":
            return again
        body = again.args[0]
        for mask in masks_of(again):
            body = _Completion(body, mask, algebra).body
            body = _between(body, mask, 1) if again.value == "prod" else body
        return again.replace(args=(body, *again.args[1:]))

    return rebuilt(expr, change)


class _Completion:
    """One sum and one of its masks; `body` is what the sum is of."""

    def __init__(self, body: Expr, mask: Expr, algebra: Algebra) -> None:
        self.mask, self.algebra = mask, algebra
        self.needed = frozenset(index_names(mask.args))
        self.indices = free_indices(body)
        squares = [node for node in post_order(body) if node.op == "^" and _is_even(node.args[1])]
        others = {id(arg) for node in post_order(body) if node not in squares for arg in node.args}
        # ||x||^2 has a value and derivatives everywhere.
        self.squared = {id(node.args[0]) for node in squares} - others
        # What surely is 1 in the terms that are left out.
        self.ones: set[int] = set()
        self.kept: list[Expr] = []
        self.body = rebuilt(body, self._changed)

    def _changed(self, node: Expr, again: Expr) -> Expr:
        made = self._with_value(node, again)
        if self._is_one(made):
            self.ones.add(id(made))
            self.kept.append(made)  # so that no other gets its id
        return made

    def _with_value(self, node: Expr, again: Expr) -> Expr:
        place, inside = _critical(node)
        if place is None or not self.needed <= self.indices[id(node.args[place])]:
            return again
        if is_euclidean(node):
            if id(node) in self.squared:
                return again
            square = call(":", again.args[0], again.args[0], shape=SCALAR)
            return call("sqrt", self._complete(square, call(":", *node.args * 2, shape=SCALAR), 1), shape=SCALAR)
        operand = again.args[place]
        if inside == 1 and id(operand) in self.ones:
            return again
        operand = self._complete(operand, node.args[place], inside)
        return again.replace(args=(*again.args[:place], operand, *again.args[place + 1 :]))

    def _complete(self, operand: Expr, before: Expr, inside: int) -> Expr:
        mask, made = self.mask, operand
        if mask.op == "condition" and inside == 1 and self._is_distance(before):
            differ = Expr("condition", mask.args, "!=", shape=SCALAR)
            made = call("+", operand, _not(differ), shape=shape_of(operand))
        else:
            made = _between(operand, mask, inside)
        if inside == 1:
            self.ones.add(id(made))
            self.kept.append(made)
        return made

    def _is_distance(self, expr: Expr) -> bool:
        """Whether it is 0 where the indices of a condition are equal, and the same for i, j as for j, i where only i < j counts."""
        one, other = self.mask.args
        at_once: dict[object, Expr] = {one.value: other} if one.op == "index" else {other.value: one}
        if not self.algebra.vanishes(put_in(expr, at_once)):
            return False
        swapped = put_in(expr, {one.value: other, other.value: one})
        return self.mask.value == "!=" or (one.op == other.op == "index" and self.algebra.equals(expr, swapped))

    def _is_one(self, made: Expr) -> bool:
        """Whether it is a root or a power of what is 1, which its place in the sum of `ones` says."""
        return made.op in ("sqrt", "^", ".^") and id(made.args[0]) in self.ones


def _critical(node: Expr) -> tuple[int | None, int]:
    """The operand that cannot be just anything, and a value that it can have."""
    if node.op in ("/", "./"):
        return 1, 1
    if node.op in ("^", ".^"):
        exponent = constant(node.args[1])
        if node.op == "^" and not is_scalar(node.args[0]):
            return None, 1  # an inverse must exist there too
        return (None if isinstance(exponent, int) and exponent >= 0 else 0), 1
    row = row_of(node.op)
    return (0 if node.args and (is_euclidean(node) or (row.is_entrywise and row.domain in _INSIDE)) else None), _INSIDE.get(
        row.domain, 1
    )


def _between(operand: Expr, mask: Expr, inside: int) -> Expr:
    """The operand where the mask is 1, and this number where it is 0."""
    masked = call("*", mask, operand, shape=shape_of(operand))
    return call("+", masked, _not(mask), shape=shape_of(operand)) if inside else masked


def _not(mask: Expr) -> Expr:
    return call("+", number(1), Expr("neg", (mask,), shape=SCALAR), shape=SCALAR)


def put_in(expr: Expr, places: Mapping[object, Expr]) -> Expr:
    """The expression with other indices or positions for some of its indices."""
    return rebuilt(expr, lambda node, again: places.get(node.value, again) if node.op == "index" else again)


def _is_even(exponent: Expr) -> bool:
    return isinstance(exponent.value, int) and exponent.value % 2 == 0
