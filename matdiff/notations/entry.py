"""A result one entry of the output at a time, each a matrix: y_i = e_i^T W^T x = <x e_i^T, W>, so dy_i/dW = x e_i^T."""

from __future__ import annotations

from matdiff.answer.answer import Answer
from matdiff.answer.leftside import entries_side
from matdiff.answer.result import Result
from matdiff.language.queries import post_order
from matdiff.language.syntax import Expr
from matdiff.laws.simplify import simplify
from matdiff.notations.equation import Equation, NoNotation
from matdiff.recover.graph import Irreducible
from matdiff.tensor import build
from matdiff.tensor.nodes import Tensor


def equation(answer: Answer, result: Result) -> Equation:
    """`dy[i]/dW = x e(i, n)^T`; of higher orders the axes of all variables but the last are held."""
    kept = sum(1 for dim in answer.typed.variables[result.wrt[-1]].shape if not dim.is_one) if result.wrt else 0
    held = result.tensor.order - kept
    axes = list(range(result.tensor.order))
    factors: list[tuple[Tensor, list[int]]] = [(result.tensor, axes)]
    for axis, (_, _, dim, letter) in enumerate(result.full_axes[:held]):
        factors.append((build.constant("unit", (Expr("name", (), letter), dim), (dim,)), [axis]))
    try:
        right = result.recovery.expr(simplify(build.einsum(factors, axes[held:])))
    except Irreducible:
        raise NoNotation from None
    if result.wrt and answer.typed.variables[result.wrt[-1]].shape[0].is_one and kept == 1:
        right = result.recovery.writer.transposed(right)
    legend = ("e_i is the unit vector with 1 at place i",) if any(node.op == "e" for node in post_order(right)) else ()
    return Equation(entries_side(answer, result, held=held), right, legend)
