"""Sums over an index, `sum_i`, `sum_{i=1}^n`, `∑_{i,j}`, `mean_i`: their heads become one token, and the subscripts that they bind indices."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from matdiff.functions import NAMES, RESERVED
from matdiff.language.errors import IndexSum
from matdiff.language.syntax import Expr, Span
from matdiff.read.split import span_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from matdiff.read.lalr import Token
    from matdiff.read.split import Sentence

_WORDS = {
    "sum": "sum",
    "Sum": "sum",
    "SUM": "sum",
    "∑": "sum",
    "Σ": "sum",
    "mean": "mean",
    "avg": "mean",
    "prod": "",
    "∏": "",
    "Π": "",
}
# A longer subscript is a word.
MOST_INDICES = 3
NOWHERE = Span(0, 0)
_HEAD = rf"({'|'.join(_WORDS)})_?([a-zA-Z]*)\Z"
_BRACES = {"{": "}", "[": "]", "(": ")"}


class Head(NamedTuple):
    """The head of a sum: `sum` or `mean`, its indices with their upper bounds and conditions, and the place behind its last token."""

    kind: str
    indices: dict[str, str]
    end: int


def heads(tokens: list[Token], declared: Collection[str]) -> Iterator[tuple[int, Head | None]]:
    """The sums over an index in the tokens, by the place of their first token; None for one that is not read."""
    place = 0
    while place < len(tokens):
        token = tokens[place]
        found = re.match(_HEAD, token) if token.type in ("NAME", "UNKNOWN") and token not in declared else None
        is_sum = found is not None and (
            len(found[0]) > len(found[1]) or token.type == "UNKNOWN" or _opens(tokens, place + 1, "[")
        )
        if found is None or not is_sum or (token[0] in "ΣΠ" and not _binds(tokens, found[2])):
            place += 1
            continue
        head = _head(tokens, place, _WORDS[found[1]], found[2])
        yield place, head
        place = place + 1 if head is None else head.end


def _opens(tokens: list[Token], place: int, bracket: str) -> bool:
    return place < len(tokens) and tokens[place] == bracket and tokens[place].start_pos == tokens[place - 1].end_pos


def _binds(tokens: list[Token], letters: str) -> bool:
    """Whether a name has these letters as its subscript: Σ_i may be a matrix."""
    return bool(letters) and any(
        token.type == "NAME" and token.endswith("_" + letters) and token[0] not in "ΣΠ" for token in tokens
    )


def _head(tokens: list[Token], place: int, kind: str, letters: str) -> Head | None:
    end, bounds = place + 1, dict.fromkeys(letters, "")
    if not letters and end < len(tokens) and tokens[end].type == "FOREIGN" and re.fullmatch("_[a-z]+", tokens[end]):
        bounds, end = dict.fromkeys(tokens[end][1:], ""), end + 1
    elif not letters:
        end += end < len(tokens) and tokens[end] == "_"
        closer = _BRACES.get(tokens[end]) if end < len(tokens) else None
        inside = []
        end += 1
        while closer is not None and end < len(tokens) and tokens[end] != closer:
            inside.append(tokens[end])
            end += 1
        if closer is None or end == len(tokens):
            return None
        bounds = bounds_in("".join(inside))
        end += 1
    if not kind or not bounds or (kind != "sum" and any(len(index) > 1 for index in bounds)):
        return None
    return _with_upper(tokens, Head(kind, bounds, end))


def bounds_in(written: str) -> dict[str, str]:
    """The indices in `i`, `ij`, `i,j`, `i=1`, `i=1..n`, and conditions, `i != j` and `i < j`; none where it says more."""
    if re.fullmatch("[a-zA-Z]{2,3}", written):
        return dict.fromkeys(written, "")
    found: dict[str, str] = {}
    for part in written.split(","):
        condition = re.fullmatch(r"([a-zA-Z])(!=|≠|<)([a-zA-Z])", part)
        if condition is not None and condition[1] != condition[3]:
            found.update({condition[1]: found.get(condition[1], ""), condition[3]: found.get(condition[3], "")})
            found[condition[1] + condition[2].replace("≠", "!=") + condition[3]] = ""
            continue
        match = re.fullmatch(r"([a-zA-Z])(?:=1(?:(?:\.\.\.?|:|…)(\w+))?)?", part)
        if match is None or match[1] in found:
            return {}
        found[match[1]] = match[2] or ""
    return found


def _with_upper(tokens: list[Token], head: Head) -> Head | None:
    """`^n` or `^{n}` behind the head of a sum over one index."""
    if head.end >= len(tokens) or tokens[head.end].type != "CARET":
        return head
    place = head.end + 1
    braced = place < len(tokens) and tokens[place] in ("{", "(")
    place += braced
    if place >= len(tokens) or tokens[place].type not in ("NAME", "NUMBER") or len(head.indices) > 1:
        return None
    upper, place = str(tokens[place]), place + 1
    if braced and (place >= len(tokens) or tokens[place] not in ("}", ")")):
        return None
    (index,) = head.indices
    return Head(head.kind, {index: upper}, place + braced)


def refuse(sentence: Sentence, token: Token) -> None:
    """A sum that is not read."""
    sentence.fail(IndexSum(span=span_of(token), written=str(token)))


# The names that a sum binds


def bound(expr: Expr) -> Expr:
    """The expression in which the subscripts of names and the indices of entries that a sum binds are its indices.

    A letter beside one of these in a subscript, as i in `sum_j a_ij x_j`, is an index too: that of the value, an array.
    Raises IndexSum for an index that stands anywhere else.
    """
    subscripts = {letter for letters in _subscripts(expr) for letter in letters}
    beside: dict[str, None] = {}
    found = _bound(expr, {}, subscripts, None if expr.op == "over" and expr.value == "array" else beside)
    return held_at(expr, sorted(beside)) if beside else found


def held_at(expr: Expr, letters: Collection[str]) -> Expr:
    """The array of what an expression is at these letters, which stand in its subscripts; its sums may be bound already."""
    own = [Expr("index", (), f"{letter} held", expr.span) for letter in letters]
    return Expr("over", (_bound(expr, dict(zip(letters, own)), ()), *own), "array", expr.span)


def _bound(expr: Expr, indices: Mapping[str, Expr], held: Collection[str], beside: dict[str, None] | None = None) -> Expr:
    """`held` are letters of subscripts outside of all sums: x_i there is one name, and k != i holds this i.

    In `beside` are put the letters that no sum binds of subscripts in which other ones are bound; without it they are errors.
    """
    if expr.op == "over" and any(" " in str(index.value) for index in expr.args[1:] if index.op == "index"):
        return expr.replace(args=(_bound(expr.args[0], indices, held), *expr.args[1:]))  # bound already
    if expr.op == "over":
        start = 0 if expr.span is None else expr.span.start
        conditions = [part for part in expr.args[1:] if part.op == "condition"]
        told = {str(index.value) for condition in conditions for index in condition.args}
        own = {
            str(index.value): Expr("index", index.args, f"{index.value} {start}", index.span)
            for index in expr.args[1:]
            if index.op == "index" and not (index.value in told and index.value in indices)  # j != i under a sum over i
        }
        for letter in sorted(told & own.keys() & set(held)):
            raise IndexSum(span=expr.span or NOWHERE, written=letter, problem="unbound", index=letter)
        inside = {**indices, **own}
        conditions = [part.replace(args=tuple(_plain(inside[str(index.value)]) for index in part.args)) for part in conditions]
        return expr.replace(args=(_bound(expr.args[0], inside, held, beside), *own.values(), *conditions))
    if expr.op == "name":
        return expr if expr.args else _with_subscript(expr, str(expr.value), indices, beside)
    if expr.op == "at" and expr.args[0].op == "name":
        letters = [str(place.value) if place.op == "name" else "" for place in expr.args[1:]]
        if any(letter in indices for letter in letters):
            return _member(expr, str(expr.args[0].value), letters, indices, beside)
    return expr.replace(args=tuple(_bound(arg, indices, held, beside) for arg in expr.args)) if expr.args else expr


def _subscripts(expr: Expr) -> Iterator[str]:
    """The subscripts of names outside of sums that may be indices."""
    if expr.op == "name":
        _, _, letters = str(expr.value).rpartition("_")
        if letters.isalpha() and len(letters) <= MOST_INDICES:
            yield letters
    for arg in () if expr.op == "over" else expr.args:
        yield from _subscripts(arg)


def _with_subscript(expr: Expr, name: str, indices: Mapping[str, Expr], beside: dict[str, None] | None) -> Expr:
    if name in indices:
        raise IndexSum(span=expr.span or NOWHERE, written=name, problem="value", index=name)
    stem, _, letters = name.rpartition("_")
    is_subscript = bool(stem) and letters.isalpha() and len(letters) <= MOST_INDICES and any(one in indices for one in letters)
    return _member(expr, stem, list(letters), indices, beside) if is_subscript else expr


def _member(expr: Expr, stem: str, letters: list[str], indices: Mapping[str, Expr], beside: dict[str, None] | None) -> Expr:
    for letter in letters:
        if letter not in indices and letter and beside is not None:
            beside[letter] = None
            return expr
        if letter not in indices:
            raise IndexSum(span=expr.span or NOWHERE, written=stem, problem="unbound", index=letter or ":")
    name = stem + "_" if stem in NAMES or stem in RESERVED else stem  # pi_k is no member of the number pi
    return Expr("name", tuple(_plain(indices[letter]) for letter in letters), name, expr.span)


def _plain(index: Expr) -> Expr:
    """An index without its upper bound."""
    return index.replace(args=())
