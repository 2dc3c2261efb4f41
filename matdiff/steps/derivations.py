"""Derivations: how a result comes about, line by line, by differentials, by the chain rule or in indices."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from matdiff.answer.answer import Answer
from matdiff.answer.leftside import left_side
from matdiff.answer.result import Result
from matdiff.infer.infer import Typed
from matdiff.language.errors import NoSteps
from matdiff.language.make import name
from matdiff.language.queries import replaced_names, shape_of
from matdiff.language.syntax import Expr
from matdiff.pipeline import stages
from matdiff.steps.chain import by_chain_rule
from matdiff.steps.derivation import Derivation, Law, Line, Note
from matdiff.steps.differential import by_differentials
from matdiff.steps.indices import by_indices
from matdiff.steps.setting import Setting

__all__ = ["METHODS", "Derivation", "Law", "Line", "Note", "derivation", "derivations"]

# The ways to derive; the first is the default where nothing is defined.
_BY = {"differential": by_differentials, "chain": by_chain_rule, "index": by_indices}
METHODS = tuple(_BY)


def derivations(answer: Answer, method: str | None) -> list[Derivation]:
    """How every result of the answer comes about.  Raises NoSteps."""
    answer = answer.plain
    return [derivation(answer, result, method, stages(answer, result)) for result in answer.results]


def derivation(answer: Answer, result: Result, method: str | None, paths: Sequence[Sequence[Result]]) -> Derivation:
    """How a result of the answer comes about; without a method by the chain rule where there are definitions, else by differentials.

    `paths` are the derivatives that it passes through, in ascending order: a Hessian its gradient, what is applied to directions
    the derivative by the variable of each.  Raises NoSteps where there is nothing to derive, or where one of them has no matrix
    notation that could be differentiated again.
    """
    if not result.order or any(stage.form != "matrix" for path in paths for stage in path[:-1]):
        raise NoSteps(order=result.order, kind=result.along.kind if result.along else None)
    derive = _BY[method or ("chain" if answer.typed.definitions else "differential")]
    lines: list[Line] = []
    introduced: dict[str, Expr] = {}
    notes: list[Note] = []
    done: set[tuple[str, ...]] = set()
    for path in paths:
        typed, output = answer.typed, None
        for stage in path:
            if stage.wrt not in done:
                with ExitStack() as sessions:
                    part = derive(Setting(answer, stage, sessions, typed, output, _last_number(lines)))
                lines += part.lines
                introduced.update(part.introduced)
                notes += [note for note in part.notes if note not in notes]
            done.add(stage.wrt)
            expr = replaced_names(stage.value_expr, {part.name: part.expr for part in stage.where})
            typed = Typed(expr, typed.variables, typed.definitions, ())
            output = left_side(answer, stage).replace(shape=shape_of(expr))
    if result.along is not None:
        lines.append(_applied(answer, result, _last_number(lines)))
        if len(paths) > 1:
            notes.append(Note("one-at-a-time"))
    return Derivation(part.method, result.wrt, lines, introduced, notes)


def _last_number(lines: Sequence[Line]) -> int:
    """That of the last step so far; 0 where they have none."""
    return max((line.number or 0 for line in lines), default=0)


def _applied(answer: Answer, result: Result, number: int) -> Line:
    """The line that contracts the derivative with the directions."""
    assert result.along is not None
    words = ["applied to", *[""] * len(result.along.names)]
    laws = (Law(word, of=name(to, answer.typed.variables[to].shape)) for word, to in zip(words, result.along.names))
    return Line(left_side(answer, result), result.expr, tuple(laws), tuple(result.shape), number=number + 1 if number else None)
