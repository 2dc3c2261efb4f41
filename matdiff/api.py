"""`differentiate`: a text in, its derivative out.  What Python gives is checked by the rules of the command."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf

from matdiff import choices, errors
from matdiff.arguments import about, direction, listed, names_in, seconds
from matdiff.directions import Along
from matdiff.errors import MatdiffError, Remark, speak_with
from matdiff.limits import ERRORS, TIME, within
from matdiff.parse import Declaration, Definition, Question, parse, parse_declaration
from matdiff.pipeline import Derivative, solve
from matdiff.syntax import Span
from matdiff.variables import declare


def _in_words(problem: MatdiffError | Remark) -> str:
    """What the command prints about an error or a remark; its fields, where the text is not known that they are about."""
    from matdiff.relocate import spans_of
    from matdiff.report import in_words, render  # words are needed only when something is wrong

    problems: Sequence[MatdiffError | Remark] = problem.errors[:ERRORS] if isinstance(problem, MatdiffError) else (problem,)
    if not problem.source and any(span.end for one in problems for span in spans_of(one)):
        return "\n".join(one.bare for one in problems)
    found = in_words(problems, problem.source, problem.declarations)
    return "\n".join(render(diagnostic, problem.source) for diagnostic in found)


speak_with(_in_words)


def differentiate(
    source: str,
    wrt: str | Sequence[str] | None = None,
    *,
    order: int = 1,
    declarations: str | Iterable[str] = (),
    structure: str = "project",
    layout: str = "gradient",
    hvp: str | Sequence[str] = (),
    jvp: str | Sequence[str] = (),
    vjp: str | Sequence[str] = (),
    timeout: float | None = TIME,
) -> Derivative:
    """The derivative of the last expression in `source`, a matdiff text that may declare and define names before it.

    `wrt` is a variable or several; None takes the only one there is.  `declarations` are texts such as "W: m x n".
    `hvp`, `jvp` and `vjp`, of which one may be given, name directions to which the Hessian or the Jacobian is applied.
    After `timeout` seconds it gives up with `errors.TooLarge`; None is no limit.
    Raises a `MatdiffError`, which prints what the command prints, for input that is wrong and for arguments that the command would
    refuse; where several things are wrong at once it is an `Errors`, which holds them all.
    """
    for name, value in (("order", order), ("structure", structure), ("layout", layout)):
        choices.check(name, value)
    along, allowed = direction((hvp, jvp, vjp), order), seconds(timeout)
    with within(inf if allowed is None else allowed):
        known: list[Declaration] = []
        for text in [declarations] if isinstance(declarations, str) else declarations:
            with about(text):
                known += parse_declaration(text)
                declare(known)
        with about(source, known):
            answer = _answer(source, listed(wrt), order, known, structure, layout, along)
    for remark in answer.remarks:
        remark.about(source, known)
    return answer


def _answer(
    source: str,
    wrt: Sequence[str],
    order: int,
    known: Sequence[Declaration],
    structure: str,
    layout: str,
    along: Along | None,
) -> Derivative:
    statements = parse(source, known=[declaration.name for declaration in known])
    declared = [*known, *(statement for statement in statements if isinstance(statement, Declaration))]
    definitions = [statement for statement in statements if isinstance(statement, Definition)]
    questions = [statement for statement in statements if isinstance(statement, Question)]
    if not questions:
        raise errors.EndsEarly(span=Span(len(source), len(source)), after="")
    asked = questions[-1]
    try:
        answer = solve(source, asked, declared, definitions, wrt, order=order, structure=structure, layout=layout, along=along)
    except errors.NotAName as problem:
        problem.names = names_in(questions) if problem.option == "--wrt" else ()
        raise
    answer.remarks[:0] = [remark for part in definitions for remark in part.remarks] + list(asked.remarks)
    return answer
