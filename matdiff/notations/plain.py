"""The notations that say the result as it is: as one matrix formula, entry by entry, with a matrix for each entry, as a differential."""

from __future__ import annotations

from matdiff.answer.answer import Answer
from matdiff.answer.leftside import entries_side, left_side
from matdiff.answer.result import Result
from matdiff.language.kinds import kind_of
from matdiff.language.queries import post_order, shape_of
from matdiff.language.syntax import Expr
from matdiff.laws.simplify import simplify
from matdiff.notations.change import Change
from matdiff.notations.equation import Equation, NoNotation
from matdiff.recover.graph import Irreducible
from matdiff.tensor import build
from matdiff.tensor.nodes import Tensor


def matrix(answer: Answer, result: Result) -> Equation:
    """`df/dW = x a^T`."""
    if result.form != "matrix":
        raise NoNotation
    return Equation(left_side(answer, result), result.expr)


def index(answer: Answer, result: Result) -> Equation:
    """`dy[i]/dW[k,l] = delta[i,l] x[k]`."""
    return Equation(entries_side(answer, result), result.index_expr)


def entry(answer: Answer, result: Result) -> Equation:
    """`dy[i]/dW = x e(i, n)^T`, since y_i = e_i^T W^T x = <x e_i^T, W>; of higher orders all axes but those of the last variable are held."""
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


def differential(answer: Answer, result: Result) -> Equation:
    """`dY = dW^T X`, a matrix formula whatever the order of the tensor (Magnus and Neudecker 2019, ch. 5).

    Of order 2 `d2f = dx^T H dx`, and with two variables the part that is linear in both.
    """
    if not result.wrt:
        raise NoNotation
    change = Change(answer, result)
    right = change.shown(change.formula(0, as_row=kind_of(shape_of(change.output)) == "row"))
    if result.order == 1:
        left = Expr("differential", (), change.output.value, shape=change.output.shape)
    else:
        directions = tuple(change.shown(change.leaves[name]) for name in result.wrt) if len(set(result.wrt)) > 1 else ()
        left = Expr("higher", (change.output, *directions), result.order, shape=change.output.shape)
    return Equation(left, right)
