"""`diagnose`: an error or remark in words.  The drawing is in `diagnostic`, what may have been meant in `proposals`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Union

from matdiff import errors
from matdiff.advice import ADVICE
from matdiff.diagnostic import Diagnostic, Help, Words, line_and_column, render
from matdiff.errors import Errors, MatdiffError, Remark
from matdiff.fits import Whole
from matdiff.foreign import Translation, as_translated, translated
from matdiff.limits import ERRORS, HELP_TIME, within
from matdiff.parse import Declaration, read
from matdiff.proposals import Proposals, proposals
from matdiff.relocate import relocated
from matdiff.shape_changes import meant_kind
from matdiff.statements import Statement
from matdiff.texts import cut, statement_around
from matdiff.words_reading import READING_WORDS
from matdiff.words_shapes import SHAPE_WORDS

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
    return Diagnostic(problem.severity, problem.code, problem.name, message, labels, proposed.help, notes)


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
        proposed = [proposals(one, text, by, others) if isinstance(one, MatdiffError) else Proposals() for one in problems]
        found = [_told(problem, text, by, help) for problem, help in zip(problems, proposed, strict=True)]
        place = next((place for place, one in enumerate(problems) if _may_be_foreign(one) and not proposed[place].is_whole), None)
        whole = _in_our_notation(relocated(problems[place], by), text, others) if place is not None else None
        if whole is not None and place is not None and not _explains(whole, problems[place], text, proposed[place]):
            whole = None
    if whole is None or place is None:
        return [diagnostic for place, diagnostic in enumerate(found) if not _is_told(problems[:place], problems[place])]
    first = found[place]
    if all(help.replacement is None or as_translated(help.replacement) != whole.text for help in first.help):
        kept = [help for help in first.help if help.replacement is None and isinstance(problems[place], errors.ForeignOperator)]
        first.help = (Help(whole.option, whole.text, None if whole.option else whole.text), *kept)
    return [first]


def _others(problems: Sequence[Problem], text: str) -> Sequence[Statement]:
    """The statements of the text that can be read, where a mistake is not about one of them alone."""
    if not any(isinstance(problem, MatdiffError) and (problem.whole is None or _may_be_foreign(problem)) for problem in problems):
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


def _in_our_notation(problem: Problem, text: str, others: Sequence[Statement]) -> Translation | None:
    """The statement with the mistake, if it is one of another language."""
    span, whole = getattr(problem, "span", None), getattr(problem, "whole", None)
    statement = cut(text, statement_around(text, span.start)) if span is not None else text
    return translated(statement, others, meant_kind(problem, whole) if isinstance(whole, Whole) else None)


# Errors of people who write another language.
_FOREIGN = (
    errors.ForeignOperator, errors.UnknownFunction, errors.WrongArity, errors.UnexpectedText, errors.UnknownCommand,
    errors.NeedsParentheses, errors.WrongKind, errors.PowerKind, errors.DivisionKind, errors.IndexRange, errors.NoSize,
    errors.ProductSizes, errors.UnclosedBracket, errors.UnknownVariable,
)  # fmt: skip


def _may_be_foreign(problem: Problem) -> bool:
    """Whether another language may explain the mistake; not where an option in the quotes does."""
    return isinstance(problem, _FOREIGN) and not (isinstance(problem, errors.UnexpectedText) and problem.reason == "option")


def _explains(translation: Translation, problem: Problem, text: str, proposed: Proposals) -> bool:
    """Whether a translation may take the place of the help: not where sizes can be mended and only `*` is read otherwise."""
    starred = as_translated(re.sub(r"(?<![.*])\*(?!\*)", ".*", text))
    return not (isinstance(problem, errors.ProductSizes) and proposed.help and translation.text == starred)
