"""One factorisation for all that is asked of a matrix: its solves, its inverse and its determinant share P A = L U."""

from __future__ import annotations

from collections.abc import Sequence

from matdiff.code.plan import Node, Plan
from matdiff.language.queries import parts_first


def shared_factors(plan: Plan, roots: Sequence[Node]) -> list[Node]:
    """The roots with LU factors for the matrices that are used in two ways or more."""
    order = parts_first(roots, lambda node: node.parts)
    uses: dict[Node, int] = {}
    for node in order:
        matrix = _matrix(node)
        if matrix is not None:
            uses[matrix] = uses.get(matrix, 0) + 1
    if all(count < 2 for count in uses.values()):
        return list(roots)
    done: dict[Node, Node] = {}
    for node in order:
        matrix = _matrix(node)
        parts = tuple(done[part] for part in node.parts)
        if matrix is not None and uses[matrix] > 1:
            done[node] = _factored(plan, node, parts, done[matrix])
        else:
            done[node] = plan.make(node.op, *parts, shape=node.shape, data=node.data)
            if node in plan.names:
                plan.names.setdefault(done[node], plan.names[node])
    return [done[root] for root in roots]


def _matrix(node: Node) -> Node | None:
    """The matrix whose factors a node could use."""
    if node.op in ("solve", "inverse") or (node.op == "apply" and node.data == "logdet"):
        matrix = node.parts[0]
        return matrix.parts[0] if matrix.op == "transpose" else matrix
    return None


def _factored(plan: Plan, node: Node, parts: tuple[Node, ...], matrix: Node) -> Node:
    factor = plan.make("lu", matrix, shape=matrix.shape)
    if node.op == "apply":
        return plan.make("lu_logdet", factor)
    if node.op == "inverse":
        return plan.make("lu_inverse", factor, parts[1], shape=node.shape)
    turned = node.parts[0].op == "transpose"
    return plan.make("lu_solve_transposed" if turned else "lu_solve", factor, parts[1], shape=node.shape)
