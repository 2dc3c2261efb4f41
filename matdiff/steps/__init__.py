"""Derivations: how a result comes about, line by line, by differentials, by the chain rule or in indices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matdiff.errors import NoSteps
from matdiff.formula import shape_of
from matdiff.infer import Typed
from matdiff.parts import replaced_names
from matdiff.render.leftside import left_side
from matdiff.steps.chain import by_chain_rule
from matdiff.steps.derivation import Derivation, Law, Line, Note
from matdiff.steps.differential import by_differentials
from matdiff.steps.indices import by_indices
from matdiff.steps.setting import Setting
from matdiff.syntax import Expr

if TYPE_CHECKING:
    from matdiff.pipeline import Derivative
    from matdiff.result import Result

__all__ = ["METHODS", "Derivation", "Law", "Line", "Note", "derivation"]

METHODS = {"differential": by_differentials, "chain": by_chain_rule, "index": by_indices}


def derivation(answer: Derivative, result: Result, method: str | None = None, before: Sequence[Result] = ()) -> Derivation:
    """How a result of the answer comes about; without a method by the chain rule where there are definitions, else by differentials.

    `before` are the results of lower orders, which a Hessian passes through.  Raises NoSteps where there is nothing to derive,
    or where one of them has no matrix notation that could be differentiated again.
    """
    if not result.order or any(stage.form != "matrix" for stage in before):
        raise NoSteps(order=result.order)
    derive = METHODS[method or ("chain" if answer.typed.definitions else "differential")]
    typed, output = answer.typed, None
    lines: list[Line] = []
    introduced: dict[str, Expr] = {}
    notes: list[Note] = []
    for stage in (*before, result):
        number = max((line.number or 0 for line in lines), default=0)
        part = derive(Setting(answer, stage, typed, output, number))
        lines += part.lines
        introduced.update(part.introduced)
        notes += [note for note in part.notes if note not in notes]
        expr = replaced_names(stage.value_expr, {part.name: part.expr for part in stage.where})
        typed = Typed(expr, typed.variables, typed.definitions, ())
        output = left_side(answer, stage).replace(shape=shape_of(expr))
    return Derivation(part.method, result.wrt, lines, introduced, notes)
