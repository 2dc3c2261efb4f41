"""Reads statements, answers the questions among them in order, and writes every answer and every mistake where it belongs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from matdiff import pipeline
from matdiff.errors import Errors, MatdiffError, NotAName
from matdiff.parse import Declaration, Definition, Question, parse, parse_declaration, read
from matdiff.render import FORMATS, render
from matdiff.streams import Output, complain, uses_color

if TYPE_CHECKING:
    from matdiff.report import Diagnostic

CHECK_FAILED = 1


class Source:
    """A text with where it comes from: kind is "argument", "stdin" or "file"."""

    __slots__ = ("kind", "path", "start", "text")

    def __init__(self, text: str, kind: str, path: str | None = None) -> None:
        self.text, self.kind, self.path, self.start = text, kind, path, 0

    @property
    def end(self) -> int:
        return self.start + len(self.text)
