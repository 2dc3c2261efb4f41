"""`name_parts`: parts of a result that get a name, as in "with p = softmax(A x + b)".

A part that the user defined keeps its name; another one that occurs more than once is named when that makes the whole shorter
by at least `LEAST_SAVING` tokens; a held product (`halves.held`) always.
Parts are met operands first, so a name may be used in the definitions after it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import count
from typing import NamedTuple

from matdiff.functions import FUNCTIONS
from matdiff.language import make
from matdiff.language.dims import Shape
from matdiff.language.queries import parts_first, post_order, shape_of
from matdiff.language.syntax import Expr
from matdiff.laws.sums import with_part
from matdiff.recover.cost import length
from matdiff.recover.graph import Irreducible
from matdiff.recover.recover import Recovery
from matdiff.tensor import build
from matdiff.tensor.build import base_and_exponent
from matdiff.tensor.nodes import HELD, Apply, Constant, Product, Sum, Symbol, Tensor

# A name costs its definition and an equals sign; these keep small repetitions as textbooks print them.
LEAST_COST = 3
LEAST_SAVING = 4


class Part(NamedTuple):
    """A named part of a result."""

    name: str
    expr: Expr
    tensor: Tensor

    @property
    def name_expr(self) -> Expr:
        """The name as an expression."""
        return make.name(self.name, shape_of(self.expr))


def name_parts(
    root: Tensor,
    defined: Mapping[Tensor, str],
    recovery: Recovery,
    taken: Iterable[str],
    shapes: Mapping[str, Shape],
    unnamed: Container[Tensor] = (),
) -> list[Part]:
    """Name the parts of `root` in `recovery`, and return them, each before those that use it.

    `shapes` are those of the definitions: what the user defined as a row stays one.  `unnamed` are parts that need no name.
    """
    used = set(taken) | set(defined.values())
    parts: list[Part] = []
    names: dict[str, Iterator[str]] = {}
    for node, uses in _with_parts(_uses(root), defined).items():
        own = defined.get(node)
        if own is None and (isinstance(node, Product | Symbol | Constant) or node in unnamed):
            continue
        if node.order > 2 or node is root or base_and_exponent(node)[1] < 0:  # what is divided by gets the name, not 1/c
            continue
        try:
            expr = recovery.expr(node)
        except Irreducible:
            continue
        if own is None:
            cost = length(expr) if not (expr.op == "inv" and expr.args[0].op == "name") else 0  # X^-1 is as good as a name
            if not is_held(node) and (cost < LEAST_COST or uses * cost - (cost + 2 + uses) < LEAST_SAVING):
                continue
            habit = _habit(expr.args[0] if expr.op == "'" and node.order == 2 else expr)
            own = next(name for name in names.setdefault(habit, _names_like(habit)) if name not in used)
            used.add(own)
        elif not expr.args:
            continue
        elif own in shapes and shapes[own][0].is_one and node.order == 1:
            expr = recovery.writer.transposed(expr)
        is_turned = expr.op == "'" and node.order == 2 and node not in defined  # P = softmax(X, cols), and P^T for the node
        parts.append(Part(own, expr.args[0] if is_turned else expr, build.transpose(node) if is_turned else node))
        recovery.name(node, own, expr, is_turned)
    return parts


def needed(parts: list[Part], expr: Expr) -> tuple[Part, ...]:
    """The parts that `expr` uses, directly or through other parts, in the given order."""
    wanted = _names(expr) if parts else set()
    kept: list[Part] = []
    for part in reversed(parts):
        if part.name in wanted:
            kept.append(part)
            wanted |= _names(part.expr)
    return tuple(reversed(kept))


def is_held(node: Tensor) -> bool:
    """Whether it is a product that must have a name, however often it is used."""
    return isinstance(node, Apply) and node.function == HELD


def name_counts(expr: Expr) -> dict[str, int]:
    """How often each name is printed in a formula, whose nodes are visited once."""
    times: dict[int, int] = {id(expr): 1}
    found: dict[str, int] = {}
    for node in reversed(list(post_order(expr))):
        if node.op == "name":
            found[str(node.value)] = found.get(str(node.value), 0) + times[id(node)]
        for arg in node.args:
            times[id(arg)] = times.get(id(arg), 0) + times[id(node)]
    return found


def _names(expr: Expr) -> set[str]:
    return {str(node.value) for node in post_order(expr) if node.op == "name"}


def _uses(root: Tensor) -> dict[Tensor, int]:
    """How often each node below `root` is printed, operands before the nodes that use them."""
    order = dict.fromkeys(parts_first([root], lambda node: node.children), 0)
    for node in order:
        children = node.children
        if isinstance(node, Product):  # r .^ 2 and ||r||^2 name r once
            children = tuple(tensor for tensor, _ in dict.fromkeys(node.factors))
            if not node.dims and len(node.factors) == 2:
                children = tuple(dict.fromkeys(children))
        for child in children:
            order[child] += 1
    return order


def _with_parts(uses: dict[Tensor, int], defined: Mapping[Tensor, str]) -> dict[Tensor, int]:
    """The nodes, with the definitions that are some of the terms of a sum among them: y = V h + c in V h + c - t."""
    sums = [node for node in uses if isinstance(node, Sum)]
    found: dict[Tensor, int] = {}
    for part in defined:
        if isinstance(part, Sum) and part not in uses and any(with_part(node.terms, part) for node in sums):
            found.update(dict.fromkeys(_uses(part), 0))
    return {**found, **uses}


def _habit(expr: Expr) -> str:
    """The letter that authors take for such a part."""
    rows, columns = shape_of(expr)
    plain = "c" if rows.is_one and columns.is_one else "r" if columns.is_one else "M"
    row = FUNCTIONS.get(expr.op)
    habit = row.letter if row is not None and row.letter else plain
    if columns.is_one == habit.isupper():
        habit = habit.upper() if not columns.is_one else habit.lower()
    return habit


def _names_like(habit: str) -> Iterator[str]:
    yield habit
    for number in count(2):
        yield f"{habit}{number}"
