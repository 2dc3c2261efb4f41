"""Texts and the statements in them: what a proposal replaces is a part of the user's own text."""

from __future__ import annotations

import shlex

from matdiff.language.errors import Errors, MatdiffError, TooLarge
from matdiff.language.syntax import Expr, Span
from matdiff.read.parse import Question, parse, parse_declaration, read, tokens_of
from matdiff.read.split import split_statements

# In a longer text the line is taken for the statement, and a longer correction is not shown: nobody would read it.
LONGEST_TEXT = 2_000
LONGEST_CORRECTION = 1_000


def cut(text: str, span: Span | None) -> str:
    """The part of the text, or nothing."""
    return text[span.start : span.end] if span is not None else ""


def replaced(text: str, span: Span, new: str) -> str:
    """The text with one part replaced."""
    return text[: span.start] + new + text[span.end :]


def mistakes(text: str) -> list[str]:
    """The codes of all mistakes of reading in a statement, a declaration or not; one that there was no time to read has one."""
    codes: list[str] = []
    for more in (False, True):
        try:
            failed = read(text, more=more).failed
        except TooLarge as late:
            return [late.code]
        codes = [error.code for _, errors in failed for error in errors]
        if not codes:
            break
    return codes


def parses(text: str) -> bool:
    """Whether it can be read."""
    return not mistakes(text)


def declares(text: str) -> bool:
    """Whether it can be read as a declaration."""
    try:
        return bool(parse_declaration(text))
    except (MatdiffError, Errors):
        return False


def statement_around(text: str, position: int) -> Span:
    """The statement that holds the position, without blanks around it; the whole text if none does."""
    if len(text) > LONGEST_TEXT:
        start = text.rfind("\n", 0, position) + 1
        return Span(start, text.find("\n", start) if "\n" in text[start:] else len(text))
    try:
        sentences = split_statements(tokens_of(text))
    except MatdiffError:
        return Span(0, len(text))
    for sentence in sentences:
        start = sentence.tokens[0].start_pos or 0
        if start <= position <= _end_of_statement(text, sentence.end):
            return Span(start, max(_end_of_statement(text, sentence.end), sentence.end))
    return Span(0, len(text))


def _end_of_statement(text: str, end: int) -> int:
    """A statement with a mistake stops there; the rest of its line up to `;` belongs to it."""
    while end < len(text) and text[end] not in ";\n\r#":
        end += 1
    return len(text[:end].rstrip())


def correction(text: str, corrected: str, place: Span) -> str | None:
    """The statement around `place` of a corrected text, if fewer mistakes are left and no other ones."""
    span = statement_around(text, place.start)
    if span.end - span.start > LONGEST_CORRECTION:
        return None
    changed = corrected[span.start : span.end + len(corrected) - len(text)]
    if len(changed) != len(corrected) and corrected[: span.start] != text[: span.start]:
        statement = statement_around(corrected, place.start)
        changed = corrected[statement.start : statement.end]
    if len(changed) > LONGEST_CORRECTION:
        return None
    left = mistakes(changed)
    if not left:
        return changed
    found = mistakes(text[span.start : span.end])
    return changed if len(left) < len(found) and set(left) <= set(found) else None


def meaning_of(text: str) -> Expr | None:
    """The expression of a statement, or None if it cannot be read."""
    try:
        statement = parse(text)[-1]
    except (MatdiffError, Errors):
        return None
    return statement.expr if isinstance(statement, Question) else None


def in_quotes(text: str) -> str:
    """The text as one word of a shell."""
    if "'" not in text:
        return f"'{text}'"
    return f'"{text}"' if not set(text) & set('"$`\\!') else shlex.quote(text)
