"""A result as a differential: linear in dX, a matrix formula whatever the order of the tensor (Magnus and Neudecker 2019, ch. 5)."""

from __future__ import annotations

from matdiff.answer.answer import Answer
from matdiff.answer.result import Result
from matdiff.language.dims import ONE
from matdiff.language.syntax import Expr
from matdiff.notations.change import Change
from matdiff.notations.equation import Equation, NoNotation


def equation(answer: Answer, result: Result) -> Equation:
    """`dY = dW^T X`; of order 2 `d2f = dx^T H dx`, and with two variables the part that is linear in both."""
    if not result.wrt:
        raise NoNotation
    change = Change(answer, result)
    rows, columns = change.output.shape or (ONE, ONE)
    right = change.shown(change.formula(0, as_row=rows.is_one and not columns.is_one))
    if result.order == 1:
        left = Expr("differential", (), change.output.value, shape=change.output.shape)
    else:
        directions = tuple(change.shown(change.leaves[name]) for name in result.wrt) if len(set(result.wrt)) > 1 else ()
        left = Expr("higher", (change.output, *directions), result.order, shape=change.output.shape)
    return Equation(left, right)
