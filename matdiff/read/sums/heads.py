"""Sums, products and extrema over an index, `sum_i`, `∑_{i,j}`, `prod_{i=1}^n`, `max_i`, `sum_{i in S}`: each head becomes one token."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from matdiff.language.errors import IndexSum
from matdiff.language.syntax import Span
from matdiff.read.split import made, span_of
from matdiff.read.tokens import normal_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

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
    "prod": "prod",
    "∏": "prod",
    "Π": "prod",
    "max": "max",
    "min": "min",
}
# How the head of a sum begins.
HEADS = tuple(word + sign for word in _WORDS for sign in "_[") + ("∑", "∏")
EXTREMA = ("max", "min")
# A longer subscript is a word, and one of more than three letters that are not all indices.
MOST_INDICES = 6
MOST_LETTERS = 3
NOWHERE = Span(0, 0)
_HEAD = rf"({'|'.join(_WORDS)})_?([a-zA-Z]*)\Z"
# A member of a set, of pairs, or of the set that belongs to another index.
_MEMBER = r"([a-zA-Z]|\([a-zA-Z],[a-zA-Z]\)|[a-zA-Z]{2})∈([A-Za-z]\w*?)(?:\(([a-zA-Z](?:,[a-zA-Z])?)\)|_([a-zA-Z]))?"
_CONDITION = r"(?:1(?:<=|≤))?([a-zA-Z])(!=|≠|<)([a-zA-Z])(?:(?:<=|≤)(\w+))?"
_BRACES = {"{": "}", "[": "]", "(": ")"}


class Head(NamedTuple):
    """The head of a sum: `sum`, `mean`, `prod`, `max` or `min`, and the place behind its last token.

    indices   with their upper bounds; behind them `i!=j`, `i<j` and `i,j∈S`, conditions without any
    """

    kind: str
    indices: dict[str, str]
    end: int


def heads(tokens: Sequence[Token], declared: Collection[str]) -> Iterator[tuple[int, Head | None]]:
    """The sums over an index in the tokens, by the place of their first token; None for one that is not read."""
    found = dict(_candidates(tokens, declared))
    indices = {place for start, head in found.items() if head is not None for place in range(start, head.end)}.union(
        _entries(tokens)
    )
    subscripts = subscripts_in(tokens)
    values = {str(token) for place, token in enumerate(tokens) if token.type == "NAME" and place not in indices}
    for place, head in found.items():
        # Σ_i may be a matrix, and min_x asks by x: an index stands in the subscript of a name, and no value has its name.
        is_sure = tokens[place][0] not in "ΣΠ" and (not tokens[place].startswith(EXTREMA) or tokens[place].endswith("_"))
        if is_sure or (head is not None and not subscripts.isdisjoint(head.indices) and values.isdisjoint(head.indices)):
            yield place, head


def _candidates(tokens: Sequence[Token], declared: Collection[str]) -> Iterator[tuple[int, Head | None]]:
    """What may be the head of a sum, by its first token."""
    behind = 0
    for place, token in enumerate(tokens):
        found = re.match(_HEAD, token) if token.type in ("NAME", "UNKNOWN") and token not in declared else None
        if found is None or place < behind:
            continue
        has_indices = len(found[0]) > len(found[1]) or any(_opens(tokens, place + 1, sign) for sign in "[_")
        if has_indices or token.type == "UNKNOWN":
            head = _head(tokens, place, _WORDS[found[1]], found[2])
            behind = place if head is None else head.end
            yield place, head


def _opens(tokens: Sequence[Token], place: int, bracket: str) -> bool:
    return place < len(tokens) and tokens[place] == bracket and tokens[place].start_pos == tokens[place - 1].end_pos


def subscripts_in(tokens: Sequence[Token]) -> set[str]:
    """The letters in the subscripts of names, x_i, and those of entries, A[i,j]."""
    names = [token for token in tokens if token.type == "NAME" and not re.match(_HEAD, token)]
    return {str(tokens[place]) for place in _entries(tokens)}.union(*(name.rpartition("_")[2] for name in names if "_" in name))


def _entries(tokens: Sequence[Token]) -> Iterator[int]:
    """The places of single letters in square brackets right behind an array."""
    depth = 0
    for place, token in enumerate(tokens):
        if depth or (place and _opens(tokens, place, "[") and not re.match(_HEAD, tokens[place - 1])):
            depth += (token == "[") - (token == "]")
            if token.type == "NAME" and len(token) == 1:
                yield place


def _head(tokens: Sequence[Token], place: int, kind: str, letters: str) -> Head | None:
    end, bounds = place + 1, dict.fromkeys(letters, "")
    if not letters and end < len(tokens) and tokens[end].type == "FOREIGN" and re.fullmatch("_[a-z]+", tokens[end]):
        bounds, end = dict.fromkeys(tokens[end][1:], ""), end + 1
    elif not letters:
        end += end < len(tokens) and tokens[end] == "_"
        closer = _BRACES.get(tokens[end]) if end < len(tokens) else None
        inside = []
        end += 1
        while closer is not None and end < len(tokens) and tokens[end] != closer:
            inside.append("∈" if tokens[end] == "in" else normal_name(tokens[end]))
            end += 1
        if closer is None or end == len(tokens):
            return None
        bounds = bounds_in("".join(inside))
        end += 1
    if not bounds or not may_hold(kind, bounds):
        return None
    return _with_upper(tokens, Head(kind, bounds, end))


def may_hold(kind: str, bounds: Mapping[str, str]) -> bool:
    """Whether the terms of this kind may be told by conditions, if there are any: a maximum is taken over all."""
    return kind not in EXTREMA or all(len(index) == 1 for index in bounds)


def bounds_in(written: str) -> dict[str, str]:
    """The indices in `i`, `ij`, `i,j`, `i=1`, `i=1..n`, and conditions, `i != j`, `1 <= i < j <= n`, `i∈S`, `(i,j)∈S` and `j∈N(i)`.

    `j>i` and `j=i+1` are sums over j.  None where it says more; `i,j∈S` may be a pair in S, or two members of it.
    """
    if re.fullmatch(f"[a-zA-Z]{{2,{MOST_INDICES}}}", written) and len(set(written)) == len(written):
        return dict.fromkeys(written, "")
    found: dict[str, str] = {}
    member = re.fullmatch(_MEMBER, written)
    if member is not None:
        own = re.findall("[a-zA-Z]", member[1])
        given = (member[3] or member[4] or "").replace(",", "")
        if len({*own, *given}) < len(own) + len(given):
            return {}
        return {**dict.fromkeys(own, ""), f"{','.join((*given, *own))}∈{member[2]}": ""}
    for part in written.replace(",...,", "...").split(","):
        condition = re.fullmatch(_CONDITION, part)
        if condition is not None and condition[1] != condition[3]:
            for index in (condition[1], condition[3]):
                found[index] = found.get(index) or condition[4] or ""
            found[condition[1] + condition[2].replace("≠", "!=") + condition[3]] = ""
            continue
        above = re.fullmatch(r"([a-zA-Z])(?:>([a-zA-Z])|=([a-zA-Z])\+1)", part)
        if above is not None and above[1] not in (above[2], above[3]):
            found.setdefault(above[1], "")
            found[f"{above[2] or above[3]}<{above[1]}"] = ""
            continue
        match = re.fullmatch(r"([a-zA-Z])(?:=1(?:(?:\.\.\.?|:|…)(\w+))?)?|1(?:<=|≤)([a-zA-Z])(?:<=|≤)(\w+)", part)
        index = (match[1] or match[3]) if match is not None else ""
        if match is None or index in found:
            return {}
        found[index] = match[2] or match[4] or ""
    return found


def _with_upper(tokens: Sequence[Token], head: Head) -> Head | None:
    """`^n` or `^{n}` behind the head of a sum."""
    if head.end >= len(tokens) or tokens[head.end].type != "CARET":
        return head
    place = head.end + 1
    braced = place < len(tokens) and tokens[place] in ("{", "(")
    place += braced
    if place >= len(tokens) or tokens[place].type not in ("NAME", "NUMBER"):
        return None
    bounds, place = up_to(head.indices, str(tokens[place])), place + 1
    if not bounds or (braced and (place >= len(tokens) or tokens[place] not in ("}", ")"))):
        return None
    return Head(head.kind, bounds, place + braced)


def up_to(bounds: Mapping[str, str], upper: str) -> dict[str, str]:
    """The indices that all run up to this size; none where something else tells up to where."""
    if any(bounds.values()) or any("∈" in index for index in bounds):
        return {}
    return {index: upper if len(index) == 1 else "" for index in bounds}


def refuse(sentence: Sentence, token: Token) -> None:
    """A sum that is not read."""
    sentence.fail(IndexSum(span=span_of(token), written=str(token)))


def of_indices(tokens: list[Token], sets: Collection[str]) -> list[Token]:
    """`N(i)`, the set that belongs to an index, as N_i."""
    result: list[Token] = []
    place = 0
    while place < len(tokens):
        token, behind = tokens[place], tokens[place + 1 : place + 4]
        place += 1
        if token in sets and [other.type for other in behind] == ["LPAR", "NAME", "RPAR"] and len(behind[1]) == 1:
            token, place = made(token, "NAME", f"{token}_{behind[1]}", token.start_pos, behind[2].end_pos), place + 3
        result.append(token)
    return result
