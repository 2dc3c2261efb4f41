"""What a text is written in, and its reader: one reader a file, which is loaded when such a text comes.

A reader is a module with `read(text, known=..., more=...) -> Reading`, like that of matdiff's own language in `parse`.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from matdiff.language.statements import Reading

# The syntax and the module that reads it; the first one is matdiff's own language.
READERS = {"matdiff": "matdiff.read.parse"}
SYNTAXES = ("auto", *READERS)


def syntax_of(text: str) -> str:
    """The syntax that a text is written in, told by its marks."""
    return "matdiff"


def read(text: str, syntax: str = "auto", *, known: Iterable[str] = (), more: bool = False) -> Reading:
    """The statements of a text in one of `SYNTAXES`, and the errors of the others; see `parse.read`."""
    reader = import_module(READERS[syntax_of(text) if syntax == "auto" else syntax])
    reading: Reading = reader.read(text, known=known, more=more)
    return reading
