"""A result entry by entry, with its sums written out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matdiff.notations.equation import Equation
from matdiff.render.leftside import entries_side

if TYPE_CHECKING:
    from matdiff.answer import Answer
    from matdiff.result import Result


def equation(answer: Answer, result: Result) -> Equation:
    """`dy[i]/dW[k,l] = delta[i,l] x[k]`."""
    return Equation(entries_side(answer, result), result.index_expr)
