"""Cuts a text into statements: where they end, which `||` opens and which closes, which brackets belong together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matdiff.language.errors import MatdiffError, Remark, TooLarge, UnclosedBracket, UnexpectedText
from matdiff.language.syntax import Span
from matdiff.limits import NESTING, check

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from matdiff.read.lalr import Token

# A bracket that is never closed is looked for to the end of the text; so many tokens are read so in one text.
_MOST_STEPS = 10_000_000
PROPERTIES = ("symmetric", "spd", "diagonal", "lower", "upper", "skew", "orthogonal")
TERM_ENDS = frozenset(
    [
        "NAME",
        "NUMBER",
        "CONSTANT",
        "RPAR",
        "RSQB",
        "TRANSPOSE",
        "INVERSE_TRANSPOSE",
        "SUPERSCRIPT",
        "BARS_CLOSE",
        "MODULUS_CLOSE",
        "ANGLE_CLOSE",
    ]
)
OPENERS = {"LPAR": ")", "LSQB": "]", "INDEX_OPEN": "]", "BARS_OPEN": "||"}
CLOSERS = {"RPAR": ("LPAR",), "RSQB": ("LSQB", "INDEX_OPEN"), "BARS_CLOSE": ("BARS_OPEN",)}


class Sentence:
    """The tokens of one statement with the mistakes and remarks found so far.

    broken      it makes no sense to parse it
    parameter   x, where it begins with `f(x) =`
    """

    __slots__ = ("broken", "end", "errors", "parameter", "remarks", "tokens")

    def __init__(self) -> None:
        self.tokens: list[Token] = []
        self.errors: list[MatdiffError] = []
        self.remarks: list[Remark] = []
        self.broken = False
        self.parameter: Token | None = None
        self.end = 0

    def fail(self, error: MatdiffError) -> None:
        """Note a mistake that the parser could only trip over."""
        self.errors.append(error)
        self.broken = True

    @property
    def is_definition(self) -> bool:
        return len(self.tokens) > 1 and self.tokens[0].type == "NAME" and self.tokens[1].type == "EQUALS"

    @property
    def looks_like_declaration(self) -> bool:
        """`NAME, NAME: ...` without a `wrt`."""
        types = [token.type for token in self.tokens]
        position = 0
        while types[position : position + 2] == ["NAME", "COMMA"]:
            position += 2
        return types[position : position + 2] == ["NAME", "COLON"] and all(token != "wrt" for token in self.tokens)

    def is_surely_declaration(self, sizes: Collection[str]) -> bool:
        """A declaration that is no Frobenius product: `W: m x n`, `c: scalar`, `S: symmetric n`, `x: n` where `sizes` know n."""
        if not self.looks_like_declaration:
            return False
        rest = self.after_colon
        if len(rest) == 3 and rest[1] in ("x", "×"):
            return all(size.type == "NUMBER" or (size.type == "NAME" and size[0].islower()) for size in (rest[0], rest[2]))
        if len(rest) == 1:
            return rest[0] == "scalar" or rest[0].type == "NUMBER" or rest[0] in sizes
        return len(rest) == 2 and rest[0] in PROPERTIES

    @property
    def after_colon(self) -> list[Token]:
        """The tokens behind the first colon."""
        colon = next((place for place, token in enumerate(self.tokens) if token.type == "COLON"), len(self.tokens))
        return self.tokens[colon + 1 :]


def span_of(token: Token) -> Span:
    """Where the token stands."""
    return Span(token.start_pos or 0, token.end_pos or 0)


_BINARY = ("PLUS", "MINUS", "PRODUCT", "HADAMARD", "KRONECKER", "SLASH", "DOT_SLASH", "CARET", "DOT_CARET", "EQUALS")


def split_statements(tokens: Sequence[Token]) -> list[Sentence]:
    """Statements at `;` and newlines outside brackets; brackets matched, bars told apart.

    A statement with a bracket that is never closed ends with its line where the next line reads alone.
    """
    sentences: list[Sentence] = []
    position, left = 0, _MOST_STEPS
    while position < len(tokens):
        check()
        sentence, end, breaks = _one_statement(tokens, position, len(tokens))
        left -= end - position
        if breaks and left > 0:
            cut = next((place for place in breaks if _reads_alone(tokens, position, place)), None)
            if cut is not None:
                sentence, end, _ = _one_statement(tokens, position, cut - 1)
                end = cut
        position = end
        if sentence.tokens or sentence.errors:
            sentences.append(sentence)
    return sentences


def _reads_alone(tokens: Sequence[Token], start: int, place: int) -> bool:
    """Whether a statement of its own begins at `place`, where a line begins in an open bracket of the statement from `start`.

    It stands no further to the right than this, the line above does not end in an operator or a separator, and it begins as expressions
    do, without separators that only brackets allow.  What is wrong with it is told of it alone.
    """
    first = tokens[place]
    above = next(tokens[earlier] for earlier in range(place - 2, -1, -1) if tokens[earlier].type != "NEWLINE")
    if first.type == "NEWLINE" or above.type in (*_BINARY, "COMMA", "SEMICOLON"):
        return False
    if _column(tokens, place) > _column(tokens, start):
        return False
    if first.type in ("COMMA", "RPAR", "RSQB") or (first.type in _BINARY and first.type != "MINUS"):
        return False
    stop = next((later for later in range(place, len(tokens)) if tokens[later].type in ("NEWLINE", "SEMICOLON")), len(tokens))
    sentence, _, _ = _one_statement(tokens, place, stop)
    if sentence.broken:
        return all(isinstance(error, UnclosedBracket) and not error.found for error in sentence.errors)
    separates = any(token.type == "COMMA" for token in _outside(sentence.tokens))
    is_list = sentence.looks_like_declaration or any(token == "wrt" for token in sentence.tokens)
    return is_list or not separates


def _column(tokens: Sequence[Token], place: int) -> int:
    """How far the line of the token is indented."""
    before = next((earlier for earlier in range(place - 1, -1, -1) if tokens[earlier].type == "NEWLINE"), None)
    return tokens[0].start_pos if before is None else tokens[before + 1].start_pos - tokens[before].end_pos


def _outside(tokens: Sequence[Token]) -> Iterator[Token]:
    """The tokens outside of all brackets."""
    depth = 0
    for token in tokens:
        depth += (token.type in OPENERS) - (token.type in CLOSERS)
        if not depth:
            yield token


def _continues(before: Sequence[Token], newline: Token, after: Sequence[Token]) -> bool:
    """Whether a statement goes on in the next line: an operator ends the line or begins the next one.

    A line may begin with a sign of its own, `-x^T x`, so a minus goes on with the line above only where it is indented.
    """
    if not before or not after or after[0].type == "NEWLINE":
        return False
    is_indented = after[0].start_pos > newline.end_pos
    return before[-1].type in _BINARY or (after[0].type in _BINARY and (after[0].type != "MINUS" or is_indented))


def _one_statement(tokens: Sequence[Token], position: int, stop: int) -> tuple[Sentence, int, list[int]]:
    """The statement from `position` on, and where the next one starts; the tokens end at `stop`.

    And, where a bracket is never closed, the places behind the newlines in it: the statement may end before one of them.
    """
    sentence = Sentence()
    opened: list[Token] = []
    breaks: list[int] = []
    while position < stop:
        token = tokens[position]
        position += 1
        if token.type == "NEWLINE":
            if not opened and not _continues(sentence.tokens, token, tokens[position : position + 1]):
                return sentence, position, []
            if opened and position < stop:
                breaks.append(position)
            continue
        if token.type == "SEMICOLON" and not (opened and opened[-1].type == "LSQB"):
            if opened:
                _unclosed(sentence, opened, None)
            return sentence, position, breaks if opened else []
        previous = sentence.tokens[-1] if sentence.tokens else None
        if token.type in _BARS:
            _open_or_close(token, previous, opened)
        elif token.type in ("LSQB", "INDEX_OPEN"):  # it may have been looked at with another beginning
            is_index = previous is not None and previous.type in TERM_ENDS and previous.end_pos == token.start_pos
            token.type = "INDEX_OPEN" if is_index else "LSQB"
        sentence.tokens.append(token)
        sentence.end = token.end_pos or 0
        if token.type in OPENERS:
            breaks = breaks if opened else []
            opened.append(token)
            if len(opened) > NESTING:
                sentence.fail(TooLarge(what="nesting", limit=NESTING, span=span_of(token)))
                return sentence, _next_statement(tokens, position), breaks
        elif token.type in CLOSERS or (token == "|" and opened and opened[-1].type == "BARS_OPEN"):
            if opened and opened[-1].type in CLOSERS.get(token.type, ()):
                opened.pop()
                continue
            if opened:
                _unclosed(sentence, opened, token)
            else:
                sentence.fail(UnexpectedText(span=span_of(token), text=str(token), reason="closing"))
            return sentence, _next_statement(tokens, position), []
    if opened:
        _unclosed(sentence, opened, None)
    return sentence, position, breaks if opened else []


# Bars before and after it is known whether they open or close.
_BARS = ("BARS", "BARS_OPEN", "BARS_CLOSE")


def _open_or_close(token: Token, previous: Token | None, opened: list[Token]) -> None:
    ends_term = previous is not None and previous.type in TERM_ENDS
    inside = bool(opened) and opened[-1].type == "BARS_OPEN"
    closes = ends_term and (inside or len(token) > 2)
    token.type = "BARS_CLOSE" if closes else "BARS_OPEN"


def _unclosed(sentence: Sentence, opened: list[Token], found: Token | None) -> None:
    """The innermost open bracket has no partner; `missing` closes it, or all of them at the end of the statement."""
    opener = opened[-1]
    end = sentence.tokens[-1].end_pos or 0
    sentence.fail(
        UnclosedBracket(
            span=span_of(opener),
            opener=str(opener),
            closer=OPENERS[opener.type],
            missing="".join(OPENERS[token.type] for token in reversed(opened)) if found is None else OPENERS[opener.type],
            end=Span(end, end) if found is None else span_of(found),
            found="" if found is None else str(found),
        )
    )


def _next_statement(tokens: Sequence[Token], position: int) -> int:
    while position < len(tokens) and tokens[position].type not in ("NEWLINE", "SEMICOLON"):
        position += 1
    return position


def end_of_atom(tokens: list[Token], place: int) -> int:
    """The place behind a name, a number, a call or a bracket."""
    if tokens[place].type != "LPAR":
        place += 1
    if place < len(tokens) and tokens[place].type == "LPAR":
        depth = 0
        while place < len(tokens):
            depth += (tokens[place].type in OPENERS) - (tokens[place].type in CLOSERS)
            place += 1
            if not depth:
                break
    return place


def made(like: Any, kind: str, written: str, start: int, end: int) -> Token:
    """A token as the reader makes them."""
    token = like.update(kind, written) if hasattr(like, "update") else type(like)(written)
    token.type, token.start_pos, token.end_pos = kind, start, end
    return token  # type: ignore[no-any-return]
