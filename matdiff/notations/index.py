"""A result entry by entry, with its sums written out."""

from __future__ import annotations

from matdiff.answer.answer import Answer
from matdiff.answer.leftside import entries_side
from matdiff.answer.result import Result
from matdiff.notations.equation import Equation


def equation(answer: Answer, result: Result) -> Equation:
    """`dy[i]/dW[k,l] = delta[i,l] x[k]`."""
    return Equation(entries_side(answer, result), result.index_expr)
