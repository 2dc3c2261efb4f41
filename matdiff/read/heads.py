"""What stands in front of a question: `d/dx`, `∂f/∂W`, `∇_x`, `d^2/dx^2`, `f(x) =`, `L :=`."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from matdiff.language.errors import NotationRead
from matdiff.read.habits import with_subscripts
from matdiff.read.split import Sentence, made, span_of
from matdiff.read.sums.heads import heads, subscripts_in
from matdiff.read.tokens import normal_name

if TYPE_CHECKING:
    from matdiff.read.lalr import Token

_DIFFERENTIALS = ("d", "∂")


class Head(NamedTuple):
    """The variable that a question asks by, and the order of the derivative."""

    wrt: Token
    order: int


def defined(sentence: Sentence) -> None:
    """`f(x) = ...` and `L := ...` as definitions of f and L; the parameter, if there is one, is the variable unless another is asked."""
    tokens = sentence.tokens
    place = 1
    if _is_array(sentence):
        return
    if [token.type for token in tokens[:2]] == ["NAME", "LPAR"] and tokens[0].end_pos == tokens[1].start_pos:
        place = 2
        while [token.type for token in tokens[place : place + 2]] == ["NAME", "COMMA"]:
            place += 2
        place = place + 2 if [token.type for token in tokens[place : place + 2]] == ["NAME", "RPAR"] else 0
    if not tokens or tokens[0].type != "NAME" or not place or place >= len(tokens):
        return
    if tokens[place].type == "EQUALS" or tokens[place] == ":=":
        tokens[place].type = "EQUALS"
        sentence.parameter = tokens[2] if place == len("f(x)") else None
        del tokens[1:place]


def _is_array(sentence: Sentence) -> bool:
    """`Y[i,k] = ...`, and `y_i = sum_j a_ij x_j`: the indices on the left are the axes of what is defined."""
    tokens = sentence.tokens
    equals = next((place for place, token in enumerate(tokens[:16]) if token.type == "EQUALS" or token == ":="), 0)
    left, body = with_subscripts(tokens[:equals], sentence), tokens[equals + 1 :]
    if not left or not body or left[0].type != "NAME":
        return False
    name, letters = left[0], [str(token) for token in left[2:-1:2]]
    is_bracketed = len(left) > 3 and left[1] == "[" and left[-1] == "]" and all(token == "," for token in left[3:-1:2])
    if not is_bracketed:
        stem, _, subscript = name.rpartition("_")
        if len(left) > 1 or not stem or not subscript.islower() or not any(heads(body, ())):
            return False
        if not subscripts_in(with_subscripts(body, sentence)).issuperset(subscript):
            return False
        name, letters = made(name, "NAME", stem, name.start_pos, name.start_pos + len(stem)), list(subscript)
    if not all(re.fullmatch("[a-zA-Z]", letter) for letter in letters):
        return False
    start, end = body[0].start_pos, body[-1].end_pos
    over = " ".join(["array", *(f"{letter}=" for letter in letters)])
    tokens[equals].type = "EQUALS"
    tokens[:] = [
        name,
        tokens[equals],
        made(left[0], "SUM_OVER", over, left[0].start_pos, left[-1].end_pos),
        made(left[0], "LPAR", "(", start, start),
        *body,
        made(left[0], "RPAR", ")", end, end),
    ]
    return True


# What stands in front of what is to be made small or large, and the variable behind it.
_EXTREME = r"(?:arg)?(?:min|max)(?:imi[sz]e)?(?:_([A-Za-z]\w*))?"


def objective(sentence: Sentence, known: Collection[str]) -> Token | None:
    """Take `min_x`, `argmin_w` or `minimize` from the front of a sentence; the variable, if it is named there."""
    if len(sentence.tokens) < 2:
        return None
    first, following = sentence.tokens[:2]
    found = re.fullmatch(_EXTREME, first) if first.type == "NAME" and first not in known else None
    if found is None or following.type in ("EQUALS", "LPAR", "PLUS", "CARET", "SLASH", "TRANSPOSE"):
        return None
    if not found[1] and found[0] in ("min", "max", "argmax"):
        return None
    if next(heads(sentence.tokens, known), (1, None))[0] == 0:  # max_i |x_i|
        return None
    sentence.tokens = sentence.tokens[1:]
    sentence.remarks.append(NotationRead(span=span_of(first), meant="a word in front; what is differentiated is what follows"))
    return _cut(first, first.index("_") + 1) if found[1] else None


def head(sentence: Sentence, known: Collection[str]) -> Head | None:
    """Take the derivative from the front of a sentence; None where there is none, as where d is a name that is `known`."""
    tokens = sentence.tokens
    found = _nabla(tokens) or _quotient(tokens, known)
    if found is None:
        return None
    wrt, order, place, function = found
    rest = tokens[place:]
    if function is not None and not rest:
        rest = [function]
    if not rest:
        return None
    sentence.tokens = rest
    return Head(wrt, order)


_Found = tuple["Token", int, int, "Token | None"]


def _nabla(tokens: Sequence[Token]) -> _Found | None:
    """`∇_x`, `∇²_x`, `∇_x^2`."""
    if not tokens or tokens[0] != "∇":
        return None
    order, place = _order(tokens, 1)
    if [token.type for token in tokens[place : place + 2]] == ["FOREIGN", "NAME"] and tokens[place] == "_":  # a Greek letter
        wrt, place = tokens[place + 1], place + 1
    elif place >= len(tokens) or not tokens[place].startswith("_") or len(tokens[place]) < 2:
        return None
    else:
        wrt = _cut(tokens[place], 1)
    later, place = _order(tokens, place + 1)
    return wrt, max(order, later), place, None


def _quotient(tokens: Sequence[Token], known: Collection[str]) -> _Found | None:
    """`d/dx`, `df/dx`, `∂²/∂x²`."""
    if not tokens or not tokens[0].startswith(_DIFFERENTIALS) or "d" in known:
        return None
    order, place = _order(tokens, 1)
    function = _cut(tokens[0], 1) if len(tokens[0]) > 1 else None
    if function is None and place < len(tokens) and tokens[place].type == "NAME" and tokens[0] == "∂":
        function, place = tokens[place], place + 1
    if place >= len(tokens) or tokens[place].type != "SLASH" or tokens[0] in known:
        return None
    place += 1
    if place >= len(tokens) or not tokens[place].startswith(_DIFFERENTIALS) or tokens[place] in known:
        return None
    if tokens[place] == "∂":
        place += 1
        wrt = tokens[place] if place < len(tokens) and tokens[place].type == "NAME" else None
    else:
        wrt = _cut(tokens[place], 1) if len(tokens[place]) > 1 else None
    if wrt is None:
        return None
    below, place = _order(tokens, place + 1)
    if below != order:
        return None
    rest = tokens[place:]
    if function is not None and (rest or normal_name(function) not in known):
        return None
    if function is None and all(normal_name(token) != normal_name(wrt) for token in rest) and not known:
        return None
    return wrt, order, place, function


def _order(tokens: Sequence[Token], place: int) -> tuple[int, int]:
    """The order that stands here, and the place behind it."""
    if place < len(tokens) and tokens[place] in ("²", "³"):
        return 2 + (tokens[place] == "³"), place + 1
    if place + 1 < len(tokens) and tokens[place].type == "CARET" and tokens[place + 1] in ("2", "3"):
        return int(tokens[place + 1]), place + 2
    return 1, place


def _cut(token: Token, count: int) -> Token:
    """The token without its first letters, as a name."""
    return made(token, "NAME", token[count:], token.start_pos + count, token.end_pos)
