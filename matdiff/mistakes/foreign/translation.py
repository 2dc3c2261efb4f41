"""`translated`: a statement of R, Mathematica or half of another language in our own notation.

It is rewritten and read; nothing is run or trusted: a translation is proposed only if its sizes fit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from matdiff.infer.fits import Change, reading_of, shape_with, whole_of
from matdiff.language.errors import Errors, MatdiffError
from matdiff.language.queries import is_scalar, shape_of
from matdiff.language.statements import Declaration, Definition, Statement
from matdiff.language.syntax import Expr
from matdiff.language.text import typed
from matdiff.mistakes.foreign.rewriting import Unreadable, arguments_of, is_function, rewritten
from matdiff.mistakes.foreign.rows import DERIVATIVES
from matdiff.mistakes.texts import meaning_of

__all__ = ["Translation", "as_translated", "is_function", "translated"]

# Longer texts are programs, not expressions.
LONGEST = 500

_LIST = r"\s*\w+_?\s*(?:,\s*\w+_?\s*)*"
# What says that it is a function, or gives it a name.
_FRAMES = re.compile(rf"@\({_LIST}\)|function\s*\({_LIST}\)|\w+\[{_LIST}\]\s*:?=(?!=)")
_NAMED = re.compile(r"\s*([^\W\d]\w*)\s*(?:<-|:=|←|=(?!=))\s*")
_DERIVATIVE = re.compile(r"(\w+)[(\[](.*)[)\]]")


class Translation(NamedTuple):
    """A statement in our own notation.  option: what else has to be given on the command line, or nothing."""

    text: str
    option: str


Kind = tuple[bool, bool]


def translated(text: str, others: Sequence[Statement] = (), meant: Kind | None = None) -> Translation | None:
    """One statement in our own notation, if its sizes fit there; None if it has no translation.

    meant   whether the statement has one row and one column, where that is known
    """
    if len(text) > LONGEST or "\n" in text:
        return None
    bare = re.sub(r"[\s\\.,;]+$", "", text.strip())
    named = _NAMED.match(bare)
    before = f"{named[1]} = " if named else ""
    bare = bare[named.end() :] if named else bare
    frame = _FRAMES.match(bare)
    bare, option = _asked(bare[frame.end() :] if frame else bare, others)
    known = {one.name for one in others if isinstance(one, Declaration)}
    try:
        candidates = [one for one in dict.fromkeys(rewritten(bare, known)) if _squeezed(before + one) != _squeezed(text)]
        for soft in (False, True):
            for candidate in candidates:
                found = _tidy(candidate, others, meant, soft)
                if found is not None and before + found not in (text, as_translated(text)):
                    return Translation(before + found, option)
    except (MatdiffError, Errors, Unreadable):
        pass  # there is no time left, or no telling what it says
    return None


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _asked(text: str, others: Sequence[Statement]) -> tuple[str, str]:
    """What is differentiated, and the option that asks for it: `D[f, x]`."""
    call = _DERIVATIVE.fullmatch(text)
    try:
        parts = arguments_of(call[2]) if call is not None and call[1] in DERIVATIVES else []
    except Unreadable:
        parts = []
    is_name = [part.isidentifier() for part in parts]
    if call is None or len(parts) != 2 or not is_name[1]:
        return text, ""
    if is_name[0] and parts[0] not in {one.name for one in others if isinstance(one, Definition)}:
        return text, ""
    return parts[0], "use " + DERIVATIVES[call[1]].format(parts[1])


def as_translated(text: str) -> str | None:
    """The same in the spelling of translations, if it is in our notation already."""
    expr = meaning_of(text) if len(text) <= LONGEST else None
    return None if expr is None else typed(expr)


def _tidy(text: str, others: Sequence[Statement], meant: Kind | None, soft: bool) -> str | None:
    """The text as we print it, if its sizes fit; what acts on every entry of a number does not say so."""
    whole = whole_of(text, others)
    shape = shape_with(whole, Change(soft=soft)) if whole is not None else None
    if whole is None or shape is None or meant not in (None, (shape[0].is_one, shape[1].is_one)):
        return None
    try:
        reading = reading_of(whole) if soft else None
        shaped = whole.shaped(whole.shaping(reading.kinds if reading is not None else {}))[1]
    except (MatdiffError, Errors):
        return typed(whole.expr)
    return typed(_scaled(whole.expr, shaped))


def _scaled(expr: Expr, shaped: Expr) -> Expr:
    """`.*`, `./` and `.^` of numbers as `*`, `/` and `^`, and the norm of a vector as such."""
    if len(expr.args) != len(shaped.args):
        return expr
    args = tuple(_scaled(one, other) for one, other in zip(expr.args, shaped.args))
    numbers = [part.shape is not None and is_scalar(part) for part in shaped.args]
    if expr.op == ".*" and sum(numbers) >= len(numbers) - 1:
        return Expr("*", tuple(factor for arg in args for factor in (arg.args if arg.op == "*" else (arg,))))
    if (expr.op == "./" and numbers[1]) or (expr.op == ".^" and numbers[0]):
        return Expr("/" if expr.op == "./" else "^", args)
    is_column = expr.op == "norm2" and shape_of(shaped.args[0])[1].is_one
    return Expr("norm", args) if is_column else expr.replace(args=args)
