"""The notations of a result: one file each, all equal to its index form.

matrix        one formula in matrix notation                     x a^T
index         entry by entry                                     dy[i]/dW[k,l] = delta[i,l] x[k]
entry         a matrix for each entry of the output              dy[i]/dW = x e(i, n)^T
frobenius     double contractions with isotropic tensors         dY/dW = E X^T : F
kronecker     a matrix that acts on vec(X)                       d vec(Y)/d vec(W)^T = (X^T kron I) K(m, n)
differential  linear in dX, a formula of matrices at any order   dY = dW^T X
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from matdiff.nodes import resumed
from matdiff.notations.equation import Equation, NoNotation

if TYPE_CHECKING:
    from matdiff.pipeline import Derivative
    from matdiff.result import Result

__all__ = ["CHOICES", "NOTATIONS", "Equation", "NoNotation", "equation_of", "next_best"]

NOTATIONS = ("matrix", "index", "entry", "frobenius", "kronecker", "differential")
CHOICES = ("auto", *NOTATIONS, "all")


def equation_of(answer: Derivative, result: Result, notation: str) -> Equation:
    """The result in one of `NOTATIONS`.  Raises NoNotation where it has none.

    Applied to a direction, a result is an array like any value: the notations for how it acts on a variable have nothing to say.
    """
    if result.along is not None and not (notation in ("matrix", "index") or (notation == "frobenius" and result.is_matrix)):
        raise NoNotation
    with resumed(answer.session):
        found: Equation = import_module(f"matdiff.notations.{notation}").equation(answer, result)
    return found


def next_best(answer: Derivative, result: Result) -> tuple[str, Equation] | None:
    """As one matrix formula, which may be a matrix that acts on vec(X), else the differential; None where there is neither."""
    for notation in ("matrix", "kronecker", "differential"):
        try:
            return notation, equation_of(answer, result, notation)
        except NoNotation:
            continue
    return None
