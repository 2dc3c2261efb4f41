"""Mistakes of reading in words: brackets, operators of other languages, letters, functions without parentheses."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import Any

from matdiff import errors
from matdiff.brackets import Fit, with_closer, with_opener
from matdiff.carets import Help, Label
from matdiff.functions import NAMES
from matdiff.glued import names_of_text, parts_of
from matdiff.replace import correction, cut, in_quotes, parses, replaced, statement_around
from matdiff.scan import GREEK
from matdiff.suggest import near_function
from matdiff.syntax import Span

Words = tuple[str, Sequence[Label], Sequence[Help], Sequence[str]]


# E1xx: reading


def _unexpected(error: errors.UnexpectedText, text: str) -> Words:
    message = f"unexpected `{error.text}`"
    notes: list[str] = []
    help: list[Help] = []
    labels: list[Label] = []
    label = {
        "closing": "nothing is open here",
        "character": "not a character of the language",
        "underscore": "names start with a letter",
        "norm": "norms are ||x||, ||x||_1, ||x||_2 and ||X||_F",
        "equals": "a definition is `NAME = ...` at the start of a statement",
        "wrt": "`wrt` takes names of variables, at the end of a statement",
        "separator": f"`{error.text}` only separates arguments, blocks and indices",
        "after-term": "this cannot follow here",
        "power": "a power of a power needs parentheses: (x^2)^3 or x^(2^3)",
        "row": f"{error.text} here, {error.after} in the first row",
        "option": "options stand outside of the quotes",
        "term-before": f"expected a term after `{error.after}`" if error.after else "expected a term before it",
    }[error.reason]
    if error.reason == "row":
        message = "the rows of a block matrix have different numbers of blocks"
    elif error.reason == "closing":
        fixed = correction(text, replaced(text, Span(_blank_before(text, error.span.start), error.span.end), ""), error.span)
        help = [Help("remove it", fixed)] if fixed else []
        statement = statement_around(text, error.span.start)
        opener = {")": "(", "]": "["}.get(error.text, "||")
        fits = with_opener(cut(text, statement), text[: statement.start], error.span.start - statement.start, opener)
        if fits is not None:
            help.insert(0, Help(f"open it with `{opener}`", fits.statement))
            labels.append(_where(fits, statement, f"`{opener}` fits here"))
    elif error.reason == "option":
        before, behind = text[: error.span.start].strip(), text[error.span.start :].strip()
        help = [Help(f"matdiff {in_quotes(before)} {behind}")] if before and "\n" not in text else []
    elif error.reason == "norm" and not error.text.startswith("_"):
        fixed = correction(text, replaced(text, error.span, f"_{error.text}"), error.span)
        help = [Help("", fixed, fixed)] if fixed else []
    elif error.reason == "underscore":
        fixed = correction(text, re.sub(r"(?<![\w|])_+(?=[A-Za-z])", "", text), error.span)
        help = [Help("", fixed, fixed)] if fixed else []
    return message, [Label(error.span, label), *labels], help, notes


def _blank_before(text: str, position: int) -> int:
    return len(text[:position].rstrip(" "))


def _unclosed(error: errors.UnclosedBracket, text: str) -> Words:
    message = f"`{error.opener}` is never closed"
    if not error.found:
        labels = [Label(error.span, "opened here"), Label(error.end, f"expected `{error.closer}` before the end", primary=False)]
        statement = statement_around(text, error.span.start)
        end = Span(error.end.start, error.end.start)
        fixed = correction(text, replaced(text, end, error.missing), Span(statement.start, statement.start))
        help = [Help(f"add `{error.missing}` at the end", fixed)] if fixed else []
        fits = None
        if error.missing == error.closer:
            opener = error.span.start - statement.start
            fits = with_closer(cut(text, statement), text[: statement.start], opener, error.closer)
        if fits is not None and fits.statement != fixed:
            help.insert(0, Help(f"add `{error.closer}` where the sizes fit", fits.statement))
            labels[1] = _where(fits, statement, f"`{error.closer}` fits here")
        return message, labels, help[:1], []
    labels = [Label(error.end, f"expected `{error.closer}`"), Label(error.span, "opened here", primary=False)]
    fixed = correction(text, replaced(text, error.end, error.closer), error.span)
    tail = re.match(r"[^\s;#]*", text[error.end.end :])
    part = text[error.span.start : error.end.start] + error.closer + (tail[0] if tail else "")
    if error.found in (")", "]"):
        statement = statement_around(text, error.span.start)
        partner = {")": "(", "]": "["}[error.found]
        fits = with_opener(cut(text, statement), text[: statement.start], error.end.start - statement.start, partner)
        if fits is not None:
            labels[1] = _where(fits, statement, f"`{partner}` fits here")
            return message, labels, [Help(f"open it with `{partner}`", fits.statement)], []
    return message, labels, [Help("", fixed, part)] if fixed else [], []


def _where(fit: Fit, statement: Span, text: str) -> Label:
    """The place of the text where a bracket fits."""
    place = statement.start + fit.place
    return Label(Span(place, place), text, primary=False)


def _ends_early(error: errors.EndsEarly, text: str) -> Words:
    if not error.after:
        labels = [Label(error.span, "expected an expression")] if text.strip() else []
        return "there is no expression", labels, [], []
    return "the expression ends too early", [Label(error.span, f"expected a term after `{error.after}`")], [], []


_FOREIGN = {
    "**": "write `^`",
    ".T": "write `^T` or `'`",
    "\\": "left division is not supported",
    "%*%": "write a product as `A B`",
    "%o%": "write an outer product as `x y^T`",
    "%x%": "write `kron(A, B)`",
    "<-": "write `=`",
    "*.": "write `.*`",
    "^.": "write `.^`",
    ":=": "write `=`",
    "==": "equations are not supported",
    ".^T": "write `^T` or `'`",
    ".^-T": "write `^-T`",
    ".^H": "write `^T` or `'`",
    ".^-H": "write `^-T`",
    "{": "write `(`",
    "}": "write `)`",
    "$": "formulas need no `$` here",
    "!": "factorials are not supported",
    "%": "write `#` for a comment",
    ".transpose()": "write `^T` or `'`",
    ".t()": "write `^T` or `'`",
    ".dot": "write a product as `A B`",
}


def _foreign(error: errors.ForeignOperator, text: str) -> Words:
    """The help is the whole statement in our notation; see `habits`."""
    if error.written == "|":
        return _single_bars(error, text)
    written = error.written
    if written.startswith(".^"):
        return _elementwise_transpose(error, text)
    help: list[Help] = []
    message = f"`{written}` is not an operator here"
    label = _FOREIGN.get(written, "no such operator")
    if written not in _FOREIGN and (written[-1].isalnum() or written.endswith("()")):
        message, label = _attribute(error)
    if written == ".T" and "@" in cut(text, statement_around(text, error.span.start)):
        help.append(Help("`@` itself is accepted as a product"))
    if os.path.isfile(text.strip()):
        return message, [Label(error.span, "a file is read with -f")], [Help(f"-f {text.strip()}")], []
    notes = ["`.^` is the elementwise power"] if written == "**" else []
    return message, [Label(error.span, label)], help, notes


def _elementwise_transpose(error: errors.ForeignOperator, text: str) -> Words:
    """`X.^T`, and T is no variable."""
    written = error.written.replace("(", "").replace(")", "")
    fixed = correction(text, replaced(text, error.span, written.replace("H", "T")[1:]), error.span)
    notes = [f"`.^` is the elementwise power; for a power by a variable {written[-1]}, declare it"]
    label = Label(error.span, _FOREIGN[written])
    return f"`{error.written}` is not an operator here", [label], [Help("", fixed, fixed)] if fixed else [], notes


def _bad_number(error: errors.BadNumber, text: str) -> Words:
    label = {
        "points": "a number has one point",
        "exponents": "a number has one exponent",
        "base": "numbers are decimal",
        "groups": "digits stand together",
        "factor": f"behind a factor write `0{error.written}`",
    }[error.problem]
    if error.problem == "factor":
        meant = f" 0{error.written}"
    else:
        meant = error.meant
    fixed = correction(text, replaced(text, error.span, meant), error.span) if meant else None
    notes = ["numbers are written 12, 1.5, 2e-3"] if not fixed else []
    return f"`{error.written}` is no number here", [Label(error.span, label)], [Help("", fixed, fixed)] if fixed else [], notes


def _attribute(error: errors.ForeignOperator) -> tuple[str, str]:
    """`np.linalg.inv(X)` and `X.sum()`: the name of the function alone."""
    last = error.written.rstrip("()").rpartition(".")[2]
    function = near_function(last) if last not in NAMES else last
    if error.written.startswith("."):
        label = f"write `{function}(...)` around it" if function and function == last else "names have no attributes"
        return f"`{error.written}` is not an operator here", label
    return f"unknown function `{error.written}`", f"write `{function}`" if function else "names have no attributes"


def _single_bars(error: errors.ForeignOperator, text: str) -> Words:
    if error.partner is None:
        return "single `|` is ambiguous", [Label(error.span, "norms are written ||x||")], [], []
    inside = text[error.span.end : error.partner.start].strip()
    suffix = re.match(r"(?:_\w+)?(?:\^\w+)?", text[error.partner.end :])
    whole = Span(error.span.start, error.partner.end)
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
    help = [
        Help(words, correction(text, replaced(text, whole, new), error.span), f"{shown:<{longest}}   {words}")
        for shown, words, new in rows
    ]
    bars = [Label(error.span), Label(error.partner, "absolute value, norm or determinant?")]
    return "single `|` is ambiguous", bars, help, []


def _unknown_command(error: errors.UnknownCommand, text: str) -> Words:
    bare = error.command[1:]
    fixed = text.replace(error.command, bare) if bare in GREEK.values() or bare in NAMES else None
    corrected = correction(text, fixed, error.span) if fixed is not None else None
    help = [Help(f"write `{bare}`", corrected)] if corrected is not None and parses(corrected) else []
    return (
        f"unknown command `{error.command}`",
        [Label(error.span)],
        help,
        ["LaTeX commands are not read here; names stand alone"],
    )


def _needs_parentheses(error: errors.NeedsParentheses, text: str) -> Words:
    message = f"`{error.function}` needs parentheses"
    if error.argument is None:
        return message, [Label(error.span, "a function")], [Help(f"write {error.function}(...)")], []
    fixed, end = text, error.argument.end
    fixed = fixed[:end] + ")" * (1 + len(error.inner)) + fixed[end:]
    for span in (*reversed(error.inner), error.span):
        fixed = fixed[: span.end] + "(" + fixed[span.end :].lstrip(" ")
    corrected = correction(text, fixed, error.span)
    labels = [Label(error.span, "a function"), Label(error.argument, "its argument?", primary=False)]
    return message, labels, [Help("", corrected, corrected)] if corrected else [], []


def _glued_transpose(error: errors.GluedTranspose, text: str) -> Words:
    base, rest = cut(text, error.base), error.written[1:]
    message = f"`{error.written}` is read as one name, so this is a power"
    if base.isidentifier():
        message = f"`{error.written}` is read as one name, so this is {base} to the power {error.written}"
    known = names_of_text(text)
    parts = [] if rest in known else parts_of(rest, known)
    split = " ".join(parts) or (" ".join(rest) if rest not in known and len(rest) == 2 and rest.isalpha() else rest)
    fixed = correction(text, replaced(text, error.span, f"T {split}"), error.span)
    help = [Help("", fixed, fixed)] if fixed else []
    return message, [Label(error.span, "one name")], help, ["names may have several letters: write a space between two names"]


def _look_alike(error: errors.LookAlikeLetter, text: str) -> Words:
    from unicodedata import name

    alphabet = name(error.letter, "other").split()[0].capitalize()
    message = f"`{error.letter}` is the {alphabet} letter U+{ord(error.letter):04X}, not the Latin {error.latin}"
    fixed = correction(text, text.replace(error.letter, error.latin), error.span)
    return message, [Label(error.span)], [Help("", fixed, fixed)] if fixed else [], []


# W6xx


READING_WORDS: dict[type, Callable[[Any, str], Words]] = {
    errors.UnexpectedText: _unexpected,
    errors.UnclosedBracket: _unclosed,
    errors.EndsEarly: _ends_early,
    errors.ForeignOperator: _foreign,
    errors.BadNumber: _bad_number,
    errors.UnknownCommand: _unknown_command,
    errors.NeedsParentheses: _needs_parentheses,
    errors.GluedTranspose: _glued_transpose,
    errors.LookAlikeLetter: _look_alike,
}
