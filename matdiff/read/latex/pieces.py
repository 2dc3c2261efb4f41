"""Tokens in the making, and what the whole text says of its letters."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from matdiff.read.lalr import Token


class Piece:
    """A token in the making; `style` is the type that a name is set in."""

    __slots__ = ("end", "start", "style", "text", "type")

    def __init__(self, type: str, text: str, start: int, end: int, style: str = "") -> None:
        self.type, self.text, self.start, self.end, self.style = type, text, start, end, style

    def token(self, names: Mapping[tuple[str, str], str]) -> Token:
        """The token; a name as it is called in `names`."""
        token = Token(names.get((self.text, self.style), self.text) if self.type == "NAME" else self.text)
        token.type, token.start_pos, token.end_pos = self.type, self.start, self.end
        return token


class Known:
    """What the whole text says of its letters.

    functions   names that the text defines with arguments, `f(x) = ...`, and these arguments
    names       letters that stand for a value somewhere
    is_called   whether sigma stands only right before brackets
    """

    def __init__(self, functions: Mapping[str, str], names: Collection[str], is_called: bool) -> None:
        self.functions, self.names, self.is_called = functions, names, is_called
