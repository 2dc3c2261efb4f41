"""Declarations before the grammar sees them: `x` between sizes and properties get token types of their own, slips an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matdiff.errors import BadDeclaration, MatdiffError
from matdiff.scan import PROPERTIES, Sentence, check_name, span_of
from matdiff.syntax import Expr, Span

if TYPE_CHECKING:
    from matdiff.formulate import Shape
    from matdiff.lalr import Token

# Tokens that people write between two sizes.
_NOT_BETWEEN_SIZES = ("by", ",", "@", "·", "⋅", "∗")


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
        return bad("no-colon", whole, str(tokens[0]) if len(tokens) > 1 and tokens[0].type == "NAME" else "")
    for position, token in enumerate(tokens[:colon]):
        if token.type != ("COMMA" if position % 2 else "NAME"):
            return bad("name", span_of(token), str(token))
        if token.type == "NAME":
            check_name(sentence, token)
    rest = tokens[colon + 1 :]
    if not rest or colon % 2 == 0:
        return bad("no-size" if not rest else "name", span_of(tokens[colon]))
    sizes_span = Span(span_of(rest[0]).start, sentence.end)
    if len(rest) == 1 and rest[0] == "scalar":
        rest[0].type = "SCALAR"
        return None
    if rest[0] in PROPERTIES:
        rest[0].type = "PROPERTY"
        if len(rest) == 1:
            return bad("no-size", Span(span_of(rest[0]).end, span_of(rest[0]).end))
    elif len(rest) > 1 and rest[0].type == "NAME" and rest[1].type in ("NAME", "NUMBER") and _looks_like_property(rest[0]):
        return bad("property", span_of(rest[0]), str(rest[0]))
    for previous, token in zip([None, *rest[:-1]], rest, strict=True):
        if token in ("x", "×") or (token == "X" and previous is not None and previous.type in ("NAME", "NUMBER")):
            token.type = "BY"
        elif token in _NOT_BETWEEN_SIZES or (
            token.type == "NUMBER" and previous is not None and previous.type in ("NAME", "NUMBER")
        ):
            return bad("by", span_of(token), str(token))
    if [token.type for token in rest].count("BY") > 1:
        return bad("three-sizes", sizes_span)
    return None


def _looks_like_property(token: Token) -> bool:
    """A word of four letters or more is no size next to another size: `symetric n`."""
    if len(token) < 4 or token in ("scalar", "vector", "matrix"):
        return token in ("sym", "psd", "vector", "matrix", "scalar")
    from difflib import get_close_matches

    return bool(get_close_matches(token.lower(), PROPERTIES, 1, 0.6))


def check_sizes(shape: Shape, in_option: bool) -> MatdiffError | None:
    """Sizes are positive whole numbers; a property needs a square matrix."""
    for given in (shape.rows, shape.cols):
        sizes = [given] if given is not None else []
        for part in sizes:
            sizes += part.args
            value = part.value
            if part.op == "number" and (not isinstance(value, int) or value < 1):
                return BadDeclaration(span=part.span, problem="size", found=str(value), in_option=in_option)
    if shape.property is not None and shape.rows is not None and shape.rows != shape.cols:
        return BadDeclaration(span=_both(shape.rows, shape.cols), problem="square", found=shape.property, in_option=in_option)
    return None


def _both(rows: Expr, cols: Expr | None) -> Span:
    assert rows.span is not None and cols is not None and cols.span is not None
    return Span(rows.span.start, cols.span.end)
