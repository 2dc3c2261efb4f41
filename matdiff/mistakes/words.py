"""`diagnose`: an error or remark in words.  The drawing is in `diagnostic`, what may have been meant in `proposals`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Union

from matdiff.language import errors
from matdiff.language.errors import Errors, MatdiffError, Remark
from matdiff.language.relocate import relocated
from matdiff.language.statements import Statement
from matdiff.limits import ERRORS, HELP_TIME, within
from matdiff.mistakes.diagnostic import Diagnostic, Words, line_and_column, render
from matdiff.mistakes.proposals import Proposals, may_be_foreign, proposals
from matdiff.mistakes.wording.advice import ADVICE
from matdiff.mistakes.wording.reading import READING_WORDS
from matdiff.mistakes.wording.shapes import SHAPE_WORDS
from matdiff.read.parse import Declaration, read

__all__ = ["Diagnostic", "diagnose", "diagnose_all", "in_words", "line_and_column", "render"]

Problem = Union[MatdiffError, Remark]

_WORDS: dict[type, Callable[[Any, str], Words]] = {**READING_WORDS, **SHAPE_WORDS}


def diagnose(problem: Problem, text: str) -> Diagnostic:
    """The problem in words; its spans count code points of `text`."""
    return _told(problem, text, 0, Proposals() if isinstance(problem, Remark) else proposals(problem, text))


def _told(problem: Problem, text: str, by: int, proposed: Proposals) -> Diagnostic:
    here = relocated(problem, by)
    if type(problem) in ADVICE:
        message, labels, help, notes = ADVICE[type(problem)](here, text)
        return Diagnostic(problem.severity, problem.code, problem.name, message, labels, help, notes)
    message, labels, notes = _WORDS[type(problem)](here, text)
    if proposed.label is not None and proposed.label.primary:  # that is where the mistake is
        labels, notes = [proposed.label], []
    elif proposed.label is not None:
        labels = [*labels[:1], proposed.label]
    readings = [(line.text, line.shape) for line in proposed.readings]
    return Diagnostic(problem.severity, problem.code, problem.name, message, labels, proposed.help, notes, readings)


def diagnose_all(problem: Union[MatdiffError, Errors], text: str) -> list[Diagnostic]:
    """All errors of a statement, at most five."""
    several = problem.errors if isinstance(problem, Errors) else (problem,)
    return in_words(several[:ERRORS], text)


def in_words(
    problems: Sequence[Problem], text: str, declarations: Sequence[Declaration] = (), *, by: int = 0
) -> list[Diagnostic]:
    """Errors or remarks on one text, with what is declared elsewhere; the same foreign operator is told once.

    A statement in another language is one mistake, and the help is the whole of it in ours.

    by   how far the spans are from their places in `text`
    """
    with within(HELP_TIME):
        others = [*declarations, *_others(problems, text)]
        foreign = next((problem for problem in problems if may_be_foreign(problem)), None)
        proposed = [
            proposals(one, text, by, others, translate=one is foreign) if isinstance(one, MatdiffError) else Proposals()
            for one in problems
        ]
        found = [_told(problem, text, by, help) for problem, help in zip(problems, proposed, strict=True)]
    whole = next((place for place, help in enumerate(proposed) if help.is_translation), None)
    if whole is not None:
        return [found[whole]]
    return [diagnostic for place, diagnostic in enumerate(found) if not _is_told(problems[:place], problems[place])]


def _others(problems: Sequence[Problem], text: str) -> Sequence[Statement]:
    """The statements of the text that can be read, where a mistake is not about one of them alone."""
    if not any(isinstance(problem, MatdiffError) and (problem.whole is None or may_be_foreign(problem)) for problem in problems):
        return ()
    try:
        return read(text).statements
    except errors.TooLarge:
        return ()


def _is_told(earlier: Sequence[Problem], problem: Problem) -> bool:
    """Whether an earlier error is about the same foreign operator, or about a command of TeX, to which braces belong."""
    in_tex = any(isinstance(error, errors.UnknownCommand) for error in earlier)
    if isinstance(problem, errors.UnexpectedText):
        return problem.reason == "underscore" and in_tex
    if not isinstance(problem, errors.ForeignOperator):
        return False
    written = [error.written for error in earlier if isinstance(error, errors.ForeignOperator)]
    return problem.written in written or (in_tex and problem.written in ("{", "}"))
