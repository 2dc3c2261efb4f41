"""What may have been meant where a text cannot be read: corrected texts, untried, the likeliest first."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from matdiff.functions import NAMES
from matdiff.infer.glued import factors_before, factors_of, names_of_text
from matdiff.language import errors
from matdiff.language.statements import Statement
from matdiff.language.syntax import Span
from matdiff.mistakes.diagnostic import Label
from matdiff.mistakes.foreign.translation import is_function
from matdiff.mistakes.missing_brackets import Place, with_closer, with_opener
from matdiff.mistakes.suggest import NOT_HERE, near, near_function
from matdiff.mistakes.texts import cut, declares, in_quotes, replaced, statement_around
from matdiff.read.split import PROPERTIES
from matdiff.read.tokens import GREEK


class Corrected(NamedTuple):
    """A corrected text, None for advice that changes no text.

    words       what it is, empty where it speaks for itself
    line        how it is printed, empty for the words and the statement that is corrected
    label       where it changes something, if that is not where the mistake is
    is_sure     it is told also where it does not mend everything
    is_all      the text is a whole declaration or text, not one in which a statement is corrected
    must_fit    its sizes have to fit
    """

    text: str | None
    words: str = ""
    line: str = ""
    label: Label | None = None
    is_sure: bool = False
    must_fit: bool = False
    is_all: bool = False


def _advice(line: str) -> Corrected:
    return Corrected(None, line, line)


Changes = Iterator[Corrected]
Others = Sequence[Statement]


# E1xx: reading


def unexpected(error: errors.UnexpectedText, text: str, others: Others) -> Changes:
    """Text that cannot stand where it stands."""
    span = error.span
    if error.reason == "closing":
        opener = {")": "(", "]": "["}.get(error.text, "||")
        yield from _with_bracket(text, span.start, opener, f"open it with `{opener}`", with_opener, others)
        yield Corrected(replaced(text, Span(len(text[: span.start].rstrip(" ")), span.end), ""), "remove it")
    elif error.reason == "option":
        before, behind = text[: span.start].strip(), text[span.start :].strip()
        if before and "\n" not in text:
            yield _advice(f"matdiff {in_quotes(before)} {behind}")
    elif error.reason == "norm" and not error.text.startswith("_"):
        yield Corrected(replaced(text, span, f"_{error.text}"))
    elif error.reason == "underscore":
        yield Corrected(re.sub(r"(?<![\w|])_+(?=[A-Za-z])", "", text))


def unclosed(error: errors.UnclosedBracket, text: str, others: Others) -> Changes:
    """A bracket without its partner: where sizes fit, else at the end or for the one that stands there."""
    end = error.end
    if not error.found:
        if error.missing == error.closer:
            words = f"add `{error.closer}` where the sizes fit"
            for one in _with_bracket(text, error.span.start, error.closer, words, with_closer, others):
                if one.text != replaced(text, Span(end.start, end.start), error.missing):
                    yield one
        yield Corrected(replaced(text, Span(end.start, end.start), error.missing), f"add `{error.missing}` at the end")
        return
    if error.found in (")", "]"):
        partner = {")": "(", "]": "["}[error.found]
        yield from _with_bracket(text, end.start, partner, f"open it with `{partner}`", with_opener, others)
    tail = re.match(r"[^\s;#]*", text[end.end :])
    part = text[error.span.start : end.start] + error.closer + (tail[0] if tail else "")
    yield Corrected(replaced(text, end, error.closer), line=part)


Search = Callable[[str, int, str, Sequence[Statement]], "Place | None"]


def _with_bracket(text: str, place: int, bracket: str, words: str, search: Search, others: Others) -> Changes:
    """The text with the partner of the bracket at `place` where it fits best, if anywhere."""
    statement = statement_around(text, place)
    found = search(cut(text, statement), place - statement.start, bracket, others)
    if found is not None:
        at = Span(statement.start + found.at, statement.start + found.at)
        label = Label(at, f"`{bracket}` fits here", primary=False)
        yield Corrected(replaced(text, at, bracket), words, label=label)


def foreign_operator(error: errors.ForeignOperator, text: str, others: Others) -> Changes:
    """An operator of another language; what the whole statement is in our notation is said elsewhere."""
    if error.written == "|":
        if error.partner is not None:
            yield from _bars(error.span, error.partner, text)
    elif error.written.startswith(".^"):
        bare = error.written.replace("(", "").replace(")", "").replace("H", "T")
        yield Corrected(replaced(text, error.span, bare[1:]))
    elif os.path.isfile(text.strip()):
        yield _advice(f"-f {text.strip()}")
    elif error.written == ".T" and "@" in cut(text, statement_around(text, error.span.start)):
        yield _advice("`@` itself is accepted as a product")


def _bars(first: Span, last: Span, text: str) -> Changes:
    """What single bars may mean."""
    inside = text[first.end : last.start].strip()
    suffix = re.match(r"(?:_\w+)?(?:\^\w+)?", text[last.end :])
    matrix = inside.upper() if len(inside) == 1 else inside
    tail = suffix[0] if suffix else ""
    norm = {"": "Euclidean norm", "^2": "squared Euclidean norm", "_1": "sum of absolute values"}.get(tail, "norm")
    rows = [
        (f"||{inside}||{tail}", norm, f"||{inside}||"),
        (f"abs({inside})", "elementwise absolute value", f"abs({inside})"),
        (f"det({matrix})", "determinant", f"det({inside})"),
    ]
    rows = rows[:1] if tail.startswith("_") else rows
    longest = max(len(shown) for shown, _, _ in rows)
    for shown, words, new in rows:
        changed = replaced(text, Span(first.start, last.end), new)
        yield Corrected(changed, words, f"{shown:<{longest}}   {words}", is_sure=True)


def needs_parentheses(error: errors.NeedsParentheses, text: str, others: Others) -> Changes:
    """A function without parentheses."""
    if error.argument is None:
        yield _advice(f"write {error.function}(...)")
        return
    end = error.argument.end
    fixed = text[:end] + ")" * (1 + len(error.inner)) + text[end:]
    for span in (*reversed(error.inner), error.span):
        fixed = fixed[: span.end] + "(" + fixed[span.end :].lstrip(" ")
    yield Corrected(fixed)


# E2xx: names and declarations


def unknown_function(error: errors.UnknownFunction, text: str, others: Others) -> Changes:
    """A misspelt function, names before a function, or a factor before parentheses."""
    written, span = error.function, error.span
    if written in NOT_HERE:
        yield _advice(f"`{written}`: {NOT_HERE[written]}")
        return
    meant = near_function(written, _arguments(text[span.end :]))
    factors = factors_before(written, names_of_text(text))
    if factors and (meant is None or meant.lower() != written.lower()):
        yield Corrected(replaced(text, span, " ".join(factors)))
    elif meant is None and not is_function(written):
        yield Corrected(replaced(text, span, written + " "), "for a product write a space", must_fit=True)
    elif meant is not None and not _loses_a_function(written, meant):
        words = f"did you mean `{meant}`?"
        yield Corrected(replaced(text, span, meant), words, words, is_sure=True)


def _loses_a_function(written: str, meant: str) -> bool:
    """Whether another function is a part of what was written: log_softmax is no softmax."""
    parts = written.split("_")
    return meant in parts and any(part in NAMES and part != meant for part in parts)


def _arguments(text: str) -> int | None:
    """The number of arguments in the parentheses with which the text begins."""
    depth, count = 0, 1
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        count += letter == "," and depth == 1
        if depth == 0:
            return count if letter == ")" else None
    return None


def wrong_arity(error: errors.WrongArity, text: str, others: Others) -> Changes:
    """Arguments that are missing; where there are too many, what the last ones say would be lost."""
    if error.got > error.expected:
        return
    arguments = [cut(text, argument.span) for argument in error.call.args if argument.span] if error.call is not None else []
    used = set(re.findall(r"\w+", text))
    fresh = (letter for letter in "ABCDEFGH" if letter not in used)
    arguments = [*arguments, *(next(fresh) for _ in range(error.expected - len(arguments)))][: error.expected]
    call = f"{error.function}({', '.join(arguments)})"
    yield Corrected(replaced(text, error.span, call), line=call, is_sure=True)


def unknown_variable(error: errors.UnknownVariable, text: str, others: Others) -> Changes:
    """A name near by."""
    if error.variable == "all" and error.span is None:
        yield _advice("--wrt all")
        return
    meant = near(error.variable, error.names)
    if meant is None:
        return
    place = re.search(rf"(?<!\w){re.escape(meant)}(?!\w)", text) if error.span is None else None
    label = Label(Span(*place.span()), f"`{meant}` is a different name", primary=False) if place else None
    line = f"did you mean --wrt {meant}?" if error.span is None else f"did you mean `{meant}`?"
    yield Corrected(None, line, line, label)


def declared_late(error: errors.DeclaredLate, text: str, others: Others) -> Changes:
    """The declaration first."""
    before, behind = text[: error.span.start].rstrip("; \n"), text[error.span.end :].lstrip("; \n")
    ordered = "; ".join(part for part in (cut(text, error.span), before, behind) if part)
    yield Corrected(ordered, "put it first", is_all=True) if "\n" not in ordered else _advice("put the declaration first")


def bad_declaration(error: errors.BadDeclaration, text: str, others: Others) -> Changes:
    """The declaration in our notation."""
    statement = text if error.in_option else cut(text, statement_around(text, error.span.start))
    found, words = error.found, ""
    fixed = _rewritten(statement) or error.meant
    if fixed:
        pass
    elif error.problem == "by":
        fixed = replaced(text, error.span, f"x {found}" if found.isdigit() else " x " if found == "," else "x")
        fixed = re.sub(r" +", " ", fixed)
    elif error.problem == "no-colon" and found:
        fixed = statement.replace(found, found + ":", 1)
    elif error.problem == "property":
        meant = near(found, PROPERTIES)
        fixed = replaced(text, error.span, meant) if meant is not None else ""
        words = f"did you mean `{meant}`?"
    elif error.problem == "square":
        fixed = replaced(text, error.span, re.split(r"\s*[x×]\s*", cut(text, error.span))[0])
    if declares(fixed):
        yield Corrected(fixed, words, f"{words}  {fixed}" if words else fixed, is_all=True)


# Sizes as papers and other programs write them: (m, n), n-by-n, x in R^n.
_SIZES_ELSEWHERE = (
    (r"(\w\s*):\s*[(\[]\s*(\w+)\s*[,;]\s*(\w+)\s*[)\]]", r"\1: \2 x \3"),
    (r"^(?:let|var|where|given)\s+(?=\w)", ""),
    (r"^(\w+)\s*(?:=|::)\s*", r"\1: "),
    (r"\s*-\s*by\s*-\s*", " x "),
    (r"(\w)\s*(?::|∈|\\in\b|\bin\b)\s*(?:R|ℝ|\\R|\\mathbb\s*\{?R\}?)\s*\^\s*(?:\{([^{}]*)\}|(\w+))", r"\1: \2\3"),
    (r"\\times\b", "x"),
    (r"(: \w+)\*(\w+)$", r"\1 x \2"),
)


def _rewritten(statement: str) -> str:
    """The declaration in our notation, if another one is recognised."""
    text = statement.strip()
    for pattern, replacement in _SIZES_ELSEWHERE:
        text = re.sub(pattern, replacement, text)
    return text if text != statement.strip() and declares(text) else ""


def _spelled(error: errors.UnknownCommand, text: str, others: Others) -> Changes:
    bare = error.command[1:]
    if bare in GREEK.values() or bare in NAMES:
        yield Corrected(text.replace(error.command, bare), f"write `{bare}`", must_fit=True)


def _split(error: errors.GluedTranspose, text: str, others: Others) -> Changes:
    yield Corrected(replaced(text, error.span, " ".join(("T", *factors_of(error.written[1:], names_of_text(text))))))


def _number(error: errors.BadNumber, text: str, others: Others) -> Changes:
    meant = f" 0{error.written}" if error.problem == "factor" else error.meant
    if meant:
        yield Corrected(replaced(text, error.span, meant))


def _renamed(error: errors.DeclaredTwice, text: str, others: Others) -> Changes:
    if error.in_question:
        yield _advice("take a name that the question does not have")


def _latin(error: errors.LookAlikeLetter, text: str, others: Others) -> Changes:
    yield Corrected(text.replace(error.letter, error.latin))


# The corrected texts of each kind of error, and how many of them are shown at most.
TEXT_CHANGES: dict[type[errors.MatdiffError], tuple[Callable[..., Changes], int]] = {
    errors.UnexpectedText: (unexpected, 2),
    errors.UnclosedBracket: (unclosed, 1),
    errors.ForeignOperator: (foreign_operator, 3),
    errors.UnknownCommand: (_spelled, 1),
    errors.NeedsParentheses: (needs_parentheses, 1),
    errors.GluedTranspose: (_split, 1),
    errors.LookAlikeLetter: (_latin, 1),
    errors.DeclaredTwice: (_renamed, 1),
    errors.BadNumber: (_number, 1),
    errors.UnknownFunction: (unknown_function, 1),
    errors.WrongArity: (wrong_arity, 1),
    errors.UnknownVariable: (unknown_variable, 1),
    errors.DeclaredLate: (declared_late, 1),
    errors.BadDeclaration: (bad_declaration, 1),
}
