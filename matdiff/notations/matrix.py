"""A result as one formula in matrix notation."""

from __future__ import annotations

from matdiff.answer.answer import Answer
from matdiff.answer.leftside import left_side
from matdiff.answer.result import Result
from matdiff.notations.equation import Equation, NoNotation


def equation(answer: Answer, result: Result) -> Equation:
    """`df/dW = x a^T`."""
    if result.form != "matrix":
        raise NoNotation
    return Equation(left_side(answer, result), result.expr)
