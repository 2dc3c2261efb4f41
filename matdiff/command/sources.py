"""Where statements come from: an argument, files, standard input; and the few lines of them that a message is about."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from matdiff.command.streams import read_path, read_standard_input
from matdiff.language.syntax import Span


class Source:
    """A text with where it comes from.

    kind    "argument", "stdin" or "file"
    path    of a file
    start   its place in the text of all sources together
    """

    __slots__ = ("kind", "path", "start", "text")

    def __init__(self, text: str, kind: str, path: str | None = None) -> None:
        self.text, self.kind, self.path, self.start = text, kind, path, 0


class Excerpt:
    """The lines of a source that hold some spans of the whole text; an argument is one piece and has no line numbers.

    text    the lines
    start   their place in the whole text
    line    the number of the first one, from 1, or None
    """

    __slots__ = ("line", "source", "start", "text")

    def __init__(self, source: Source, spans: Iterable[Span]) -> None:
        self.source = source
        self.text, self.start = source.text, source.start
        self.line: int | None = None
        if source.kind == "argument":
            return
        places = [min(max(place - source.start, 0), len(source.text)) for span in spans for place in (span.start, span.end)] or [
            0
        ]
        first = source.text.rfind("\n", 0, min(places)) + 1
        last = source.text.find("\n", max(places))
        self.text = source.text[first : last if last >= 0 else len(source.text)]
        self.start, self.line = source.start + first, source.text.count("\n", 0, first) + 1

    @property
    def place(self) -> str | None:
        """How the source is called in front of line and column."""
        return self.source.path or ("standard input" if self.source.kind == "stdin" else None)


def sources_of(paths: Sequence[str], expression: str | None) -> list[Source]:
    """Files in their order, then the expression; standard input where one of them is `-`, or when there is neither.

    Raises `UnreadableFile`, and `TooLarge` past the limit for a text.
    """
    if expression is None and not paths:
        paths = ["-"]
    elif expression == "-":
        paths, expression = [*paths, "-"], None
    sources = [Source(read_standard_input(), "stdin") if path == "-" else _file(path) for path in paths]
    return sources if expression is None else [*sources, Source(expression, "argument")]


def _file(path: str) -> Source:
    """A file; `loss.py:ridge` is its function of that name, unless a file is called so.

    To ask for a function of a text is to name it in a last line.
    """
    file, colon, name = path.rpartition(":")
    if colon and file.endswith(".py") and name.isidentifier() and not os.path.exists(path):
        return Source(f"{read_path(file)}\n{name}\n", "file", file)
    return Source(read_path(path), "file", path)


def joined(sources: Sequence[Source]) -> str:
    """One text of all sources, so that what one declares holds in the next; notes in each where it starts."""
    text = ""
    for source in sources:
        text += "\n" if text else ""
        source.start = len(text)
        text += source.text
    return text
