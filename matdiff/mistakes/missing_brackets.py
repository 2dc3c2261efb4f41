"""Where a missing bracket belongs: every place is tried, and kept where the whole expression can be read and its sizes fit.

Of several places that fit the likeliest comes first: a group stands where there is something to hold together, so before a power or a
transpose; a bracket that changes nothing is not what is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from matdiff.functions import NAMES
from matdiff.infer.fits import fits, whole_of
from matdiff.language.errors import MatdiffError
from matdiff.read.parse import tokens_of
from matdiff.read.split import TERM_ENDS

if TYPE_CHECKING:
    from matdiff.language.statements import Statement
    from matdiff.language.syntax import Expr
    from matdiff.read.lalr import Token

# A longer statement has too many places.
_LONGEST = 300
_NORMS = ("_F", "_1", "_2", "_inf")
_SUFFIXES = ("CARET", "TRANSPOSE", "INVERSE_TRANSPOSE", "SUPERSCRIPT", "DOT_CARET")


class Place(NamedTuple):
    """Where in a statement a bracket belongs, and how unlikely that is."""

    cost: int
    order: int
    at: int


def with_closer(statement: str, opener: int, closer: str, others: Sequence[Statement]) -> Place | None:
    """Where `closer` fits behind the bracket at `opener`; `others` are the other statements, which say what names are."""

    def places(tokens: list[Token]) -> Iterator[tuple[int, int]]:
        is_call = opener > 0 and (statement[opener - 1].isalnum() or statement[opener] == "|")
        for token, following in zip(tokens, [*tokens[1:], None]):
            start, end = token.start_pos or 0, token.end_pos or 0
            if start < opener + len(closer) or (token.type not in TERM_ENDS and token.type != "BARS"):
                continue
            for norm in _NORMS if closer == "||" else ():
                if token.endswith(norm) and len(token) > len(norm):
                    yield end - len(norm), 0
            if following is None or following.type in ("RPAR", "RSQB", "COMMA", "BARS"):
                yield end, 1
            elif following.type in _SUFFIXES:
                yield end, 4 if is_call or token.type == "BARS" else 0
            else:
                yield end, 2 if following.type in ("PLUS", "MINUS") else 3

    return _best(statement, closer, places, others, later=True)


def with_opener(statement: str, closer: int, opener: str, others: Sequence[Statement]) -> Place | None:
    """Where `opener` fits before the bracket at `closer`."""

    def places(tokens: list[Token]) -> Iterator[tuple[int, int]]:
        for token, before in zip(tokens, [None, *tokens[:-1]]):
            start, end = token.start_pos or 0, token.end_pos or 0
            if start >= closer:
                return
            if opener == "(" and token.type == "NAME":
                name = next((cut for cut in range(len(token), 1, -1) if token[:cut] in NAMES), 0)
                if name and (name < len(token) or statement[end : end + 1] != "("):
                    yield start + name, 0
            if before is not None and before.type in ("NAME", "FUNCTION") and before.end_pos == start and token.type == "LPAR":
                continue
            if token.type in _SUFFIXES or token.type in ("RPAR", "RSQB", "COMMA", "PLUS", "SEMICOLON"):
                continue
            opens = before is None or before.type in ("LPAR", "PLUS", "MINUS", "COMMA", "SLASH", "LSQB", "BARS")
            if token.type != "MINUS" or opens:
                yield start, 1 if opens else 2

    return _best(statement, opener, places, others, later=False)


Places = Callable[["list[Token]"], Iterator[tuple[int, int]]]


def _best(statement: str, bracket: str, places: Places, others: Sequence[Statement], later: bool) -> Place | None:
    if len(statement) > _LONGEST:
        return None
    try:
        tokens = tokens_of(statement)
    except MatdiffError:
        return None
    found: list[Place] = []
    read: set[Expr] = set()
    for at, cost in dict.fromkeys(places(tokens)):
        changed = statement[:at] + bracket + statement[at:]
        expr = _fitting(changed, others)
        if expr is not None and expr not in read and not _is_idle(changed, at, expr, others):
            read.add(expr)
            found.append(Place(cost, -at if later else at, at))
    return min(found, default=None)


def _fitting(statement: str, others: Sequence[Statement]) -> Expr | None:
    """The expression of a statement if it can be read and its sizes fit."""
    whole = whole_of(statement, others)
    return whole.meaning if whole is not None and fits(whole) else None


def _is_idle(statement: str, at: int, expr: Expr, others: Sequence[Statement]) -> bool:
    """Whether the parentheses at this place and their partner change nothing."""
    partner = _partner(statement, at)
    if partner is None:
        return False
    first, last = sorted((at, partner))
    if re.search(r"\w$", statement[:first]):
        return False  # those of a call, which may be left out but belong there
    without = _fitting(f"{statement[:first]} {statement[first + 1 : last]} {statement[last + 1 :]}", others)
    return without is not None and _flat(without) == _flat(expr)


def _flat(expr: Expr) -> Expr:
    """The expression without brackets in runs of sums and products: a (b c) is a b c."""
    args = tuple(map(_flat, expr.args))
    if expr.op in ("*", "+"):
        args = tuple(part for arg in args for part in (arg.args if arg.op == expr.op else (arg,)))
    return expr.replace(args=args)


def _partner(statement: str, place: int) -> int | None:
    opened: list[int] = []
    for position, letter in enumerate(statement):
        if letter == "(":
            opened.append(position)
        elif letter == ")" and opened:
            start = opened.pop()
            if place in (start, position):
                return start + position - place
    return None
