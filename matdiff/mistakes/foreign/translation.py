"""`translated`: a statement in another language in our own notation, one row a syntax.

Nothing is run or trusted: a translation is proposed only if it can be read and its sizes fit.  A syntax that gets a reader of its own
loses its row here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from matdiff.infer.fits import shape_with, whole_of
from matdiff.language.statements import Statement
from matdiff.language.text import typed
from matdiff.mistakes.foreign import ours
from matdiff.mistakes.texts import meaning_of

# Longer texts are programs, not expressions.
LONGEST = 500


class Translation(NamedTuple):
    """A statement in our own notation.  option: what else has to be given on the command line, or nothing."""

    text: str
    option: str


class Syntax(NamedTuple):
    """Another language.

    candidates    what a statement may be in our notation, untried, and the option; the other statements say what names are
    is_function   whether a name is called like a function there
    """

    name: str
    candidates: Callable[[str, Sequence[Statement]], Iterator[tuple[str, str]]]
    is_function: Callable[[str], bool]


SYNTAXES = (Syntax("NumPy, MATLAB, R and Mathematica", ours.candidates, ours.is_function),)


Kind = tuple[bool, bool]


def translated(text: str, others: Sequence[Statement] = (), meant: Kind | None = None) -> Translation | None:
    """One statement in our own notation, if its sizes fit there; None if it has no translation.

    meant   whether the statement has one row and one column, where that is known
    """
    if len(text) > LONGEST or "\n" in text:
        return None
    for syntax in SYNTAXES:
        for found, option in syntax.candidates(text, others):
            if found not in (text, as_translated(text)) and _fits(found, others, meant):
                return Translation(found, option)
    return None


def as_translated(text: str) -> str | None:
    """The same in the spelling of translations, if it is in our notation already."""
    expr = meaning_of(text) if len(text) <= LONGEST else None
    return None if expr is None else typed(expr)


def is_function(name: str) -> bool:
    """Whether a name is called like a function in some language."""
    return any(syntax.is_function(name) for syntax in SYNTAXES)


def _fits(text: str, others: Sequence[Statement], meant: Kind | None) -> bool:
    whole = whole_of(text, others)
    shape = shape_with(whole) if whole is not None else None
    return shape is not None and meant in (None, (shape[0].is_one, shape[1].is_one))
