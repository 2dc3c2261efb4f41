"""Declarations before the grammar sees them: `x` between sizes and properties get token types of their own, mistakes an error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from matdiff.language.errors import BadDeclaration, MatdiffError
from matdiff.language.syntax import Span
from matdiff.read.lalr import Token
from matdiff.read.split import PROPERTIES, Sentence, span_of
from matdiff.read.tokens import check_name

if TYPE_CHECKING:
    from matdiff.read.build import Shape

# Tokens that people write between two sizes.
_NOT_BETWEEN_SIZES = ("by", ",", "@", "·", "⋅", "∗")
# Words that say what a variable is and are no sizes, and what is meant by them: a property, "scalar", "row", or nothing that
# needs saying.  A word next to `x` may be a size: `X: row x col`.
_WORDS = {
    **{name: name for name in PROPERTIES},
    **dict.fromkeys("sym hermitian selfadjoint".split(), "symmetric"),
    **dict.fromkeys("psd pd posdef positive definite semidefinite".split(), "spd"),
    **dict.fromkeys("antisymmetric".split(), "skew"),
    **dict.fromkeys("orthonormal unitary".split(), "orthogonal"),
    **dict.fromkeys("diag".split(), "diagonal"),
    **dict.fromkeys("scalar real float double int integer number const constant".split(), "scalar"),
    **{name: name for name in ("row", "square")},
    **dict.fromkeys("is of in vector matrix column col array invertible nonsingular nonnegative".split(), ""),
}
_GLUED = r"([A-Za-z]\d*|\d+)?([xX])(\d+|[A-Za-z]\d*)"


def classify_declaration(sentence: Sentence, in_option: bool) -> MatdiffError | None:
    """Give the tokens of `W: m x n` their final types; returns what is wrong with it, if anything is.

    in_option   it was given with `--var`, where a mistake is wrong usage
    """
    tokens = sentence.tokens
    if not tokens:
        return BadDeclaration(span=Span(0, 0), problem="empty", in_option=in_option)
    whole = Span(span_of(tokens[0]).start, sentence.end)
    colon = next((i for i, token in enumerate(tokens) if token.type == "COLON"), None)

    def bad(problem: str, span: Span, found: str = "") -> BadDeclaration:
        return BadDeclaration(span=span, problem=problem, found=found, in_option=in_option)

    if colon is None:
        first = str(tokens[0]) if len(tokens) > 1 and tokens[0].type == "NAME" else ""
        return BadDeclaration(span=whole, problem="no-colon", found=first, meant=_meant(tokens), in_option=in_option)
    for position, token in enumerate(tokens[:colon]):
        if token.type != ("COMMA" if position % 2 else "NAME"):
            return bad("name", span_of(token), str(token))
        if token.type == "NAME":
            check_name(sentence, token)
    rest = _unglued(tokens[colon + 1 :])
    sentence.tokens = tokens = [*tokens[: colon + 1], *rest]
    if not rest or colon % 2 == 0:
        return bad("no-size" if not rest else "name", span_of(tokens[colon]))
    if len(rest) == 1 and rest[0] == "scalar":
        rest[0].type = "SCALAR"
        return None
    if rest[0] in PROPERTIES:
        rest[0].type = "PROPERTY"
        if len(rest) == 1:
            return bad("no-size", Span(span_of(rest[0]).end, span_of(rest[0]).end))
    words = [token for place, token in enumerate(rest) if token.type == "NAME" and _is_word(rest, place)]
    if words:
        return BadDeclaration(span=span_of(words[0]), problem="word", found=words[0], meant=_meant(tokens), in_option=in_option)
    if len(rest) > 1 and rest[0].type == "NAME" and rest[1].type in ("NAME", "NUMBER") and _looks_like_property(rest[0]):
        return bad("property", span_of(rest[0]), str(rest[0]))
    are_matrices = all(token[0].isupper() for token in tokens[:colon] if token.type == "NAME")
    for previous, token in zip([None, *rest[:-1]], rest, strict=True):
        if token in ("x", "×") or (token == "X" and previous is not None and previous.type in ("NAME", "NUMBER")):
            token.type = "BY"
        elif (
            token in _NOT_BETWEEN_SIZES
            or (token == "*" and len(rest) == 3 and are_matrices)
            or (token.type == "NUMBER" and previous is not None and previous.type in ("NAME", "NUMBER"))
        ):
            return bad("by", span_of(token), str(token))
    return None


def _unglued(tokens: list[Token]) -> list[Token]:
    """`3x4` and `nxn` as sizes with a token between them."""
    found: list[Token] = []
    for token in tokens:
        glued = re.fullmatch(_GLUED, token) if token.type == "NAME" else None
        follows = bool(found) and found[-1].type in ("NAME", "NUMBER") and found[-1].end_pos == token.start_pos
        if glued is None or (glued[1] is None) != follows:
            found.append(token)
            continue
        for group in (1, 2, 3):
            if glued[group] is not None:
                piece = Token(glued[group])
                piece.type = "NUMBER" if glued[group].isdigit() else "NAME"
                piece.start_pos, piece.end_pos = (token.start_pos + place for place in glued.span(group))
                found.append(piece)
    return found


def _is_between(token: Token) -> bool:
    return token in ("x", "X", "×")


def _is_word(tokens: list[Token], place: int) -> bool:
    """Whether it says what the variable is, and is neither its name nor a size."""
    word = tokens[place].lower()
    beside = [tokens[other] for other in (place - 1, place + 1) if 0 <= other < len(tokens)]
    return word in PROPERTIES or (word in _WORDS and not any(map(_is_between, beside)))


def _meant(tokens: list[Token]) -> str:
    """The declaration with its names first and its property before the size, or "" where no word says what it is."""
    colon = next((place for place, token in enumerate(tokens) if token.type == "COLON"), 0)
    names = [token for token in tokens[:colon] if token.type == "NAME"]
    rest = [token for token in tokens[colon:] if token.type in ("NAME", "NUMBER", "PROPERTY")]
    are_words = [_is_word(rest, place) for place in range(len(rest))]
    said = {_WORDS[token.lower()] for token, is_word in zip(rest, are_words) if is_word}
    sizes = [token for token, is_word in zip(rest, are_words) if not is_word]
    if not names:
        names, sizes = sizes[:1], sizes[1:]
    if not said or not names:
        return ""
    size = " ".join("x" if _is_between(token) else token for token in sizes)
    is_matrix = names[0][0].isupper()
    property = next((one for one in reversed(PROPERTIES) if one in said), None)
    if "scalar" in said or (property is not None and not size and not is_matrix):
        shape = size or "scalar"
    elif property is not None:
        shape = f"{property} {size.partition(' x ')[0] or 'n'}"
    elif "square" in said and " x " not in size:
        shape = f"{size or 'n'} x {size or 'n'}"
    elif "row" in said and " x " not in size:
        shape = f"1 x {size or 'n'}"
    else:
        shape = size or ("m x n" if is_matrix else "n")
    return f"{', '.join(names)}: {shape}"


def _looks_like_property(token: Token) -> bool:
    """A word of four letters or more is no size next to another size: `symetric n`."""
    if len(token) < 4:
        return False
    from difflib import get_close_matches

    return bool(get_close_matches(token.lower(), PROPERTIES, 1, 0.6))


def check_sizes(shape: Shape, in_option: bool) -> MatdiffError | None:
    """Sizes are positive whole numbers; a property needs a square matrix."""
    for given in shape.sizes:
        sizes = [given]
        for part in sizes:
            sizes += part.args
            value = part.value
            if part.op == "number" and (not isinstance(value, int) or value < 1):
                return BadDeclaration(span=part.span, problem="size", found=str(value), in_option=in_option)
    if shape.property is not None and (len(shape.sizes) > 2 or shape.sizes[0] != shape.sizes[1]):
        first, last = shape.sizes[0].span, shape.sizes[-1].span
        assert first is not None and last is not None
        span = Span(first.start, last.end)
        return BadDeclaration(span=span, problem="square", found=shape.property, in_option=in_option)
    return None
