"""The notations of a result, all equal to its index form.

matrix        one formula in matrix notation                     x a^T
sum           sums over the indices that the question sums over   -2 sum_i (y_i - x_i^T w) x_i
index         entry by entry                                     dy[i]/dW[k,l] = delta[i,l] x[k]
entry         a matrix for each entry of the output              dy[i]/dW = x e(i, n)^T
frobenius     double contractions with isotropic tensors         dY/dW = E X^T : F
kronecker     a matrix that acts on vec(X)                       d vec(Y)/d vec(W)^T = (X^T kron I) K(m, n)
differential  linear in dX, a formula of matrices at any order   dY = dW^T X
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from copy import copy

from matdiff.answer.answer import Answer
from matdiff.answer.result import Result
from matdiff.language.errors import OtherNotation
from matdiff.notations import frobenius, kronecker, plain, sums
from matdiff.notations.equation import Equation, NoNotation
from matdiff.notations.names import CHOICES, NOTATIONS
from matdiff.tensor.nodes import entered

__all__ = ["CHOICES", "NOTATIONS", "Equation", "NoNotation", "equation_of", "in_notation", "next_best"]


_EQUATIONS = {
    "matrix": plain.matrix,
    "sum": sums.equation,
    "index": plain.index,
    "entry": plain.entry,
    "frobenius": frobenius.equation,
    "kronecker": kronecker.equation,
    "differential": plain.differential,
}


def in_notation(answer: Answer, notation: str) -> Answer:
    """The answer with its results in one of `CHOICES`, or in the next best, which `remarks` say.

    With "auto" what was asked with sums is answered with sums where that can be.
    """
    answer = answer.plain
    shown = copy(answer)
    shown.results, shown.remarks = [], list(answer.remarks)
    wanted = {"all": NOTATIONS, "auto": ("sum",)}.get(notation, (notation,))
    for result in answer.results:
        found = list(_written_as(answer, result, wanted))
        if not found and notation == "auto":
            found = [result]
        elif not found:
            best = next_best(answer, result) if notation != "matrix" else None
            found = [best or result.written_as("index", *equation_of(answer, result, "index"))]
            shown.remarks.append(OtherNotation(wanted=notation, used=found[0].form))
        shown.results += found
    return shown


def _written_as(answer: Answer, result: Result, notations: Iterable[str]) -> Iterator[Result]:
    """The result in those of the notations that it has."""
    for notation in notations:
        with suppress(NoNotation):
            yield result.written_as(notation, *equation_of(answer, result, notation))


def equation_of(answer: Answer, result: Result, notation: str) -> Equation:
    """The result in one of `NOTATIONS`.  Raises NoNotation where it has none.

    Applied to a direction, a result is an array like any value: the notations for how it acts on a variable have nothing to say.
    """
    if result.along is not None and not (
        notation in ("matrix", "sum", "index") or (notation == "frobenius" and result.is_matrix)
    ):
        raise NoNotation
    with entered(answer.session):
        return _EQUATIONS[notation](answer, result)


def next_best(answer: Answer, result: Result) -> Result | None:
    """As one matrix formula, which may be a matrix that acts on vec(X), else the differential; None where there is neither."""
    return next(_written_as(answer, result, ("matrix", "kronecker", "differential")), None)
