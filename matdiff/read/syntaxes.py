"""What a text is written in, and its reader: one reader a file, which is loaded when such a text comes.

A reader is a module with `read(text, known=..., more=...) -> Reading`, like that of matdiff's own language in `parse`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import import_module

from matdiff.functions import NAMES
from matdiff.language.errors import TooLarge
from matdiff.language.statements import Question, Reading

# The syntax and the module that reads it; the first one is matdiff's own language.
READERS = {"matdiff": "matdiff.read.parse", "latex": "matdiff.read.latex.reader", "numpy": "matdiff.read.numpy.reader"}
SYNTAXES = ("auto", *READERS)
# Patterns, which are compiled where a text has marks of something else than matdiff's own language.
# A command of LaTeX; a single letter behind a backslash is what MATLAB divides by, and so are these words.
_COMMAND = r"\\([A-Za-z]{2,}|[|,;!{}])"
_DIVIDED = frozenset(("ones", "zeros", "eye", "inv", "pinv"))
_DOLLARS = r"\A\s*\$|\$[^$]*\$|\A\s*\\[(\[]"
# Marks of code: an attribute, a power, a keyword argument; and words that no formula has.
_CODE = (
    r"[A-Za-z_0-9)\]]\s*\.[A-Za-z_]|\*\*|\b(?:axis|dim|keepdims?)\s*=|^\s*(?:def|return|import|from)\s|\blambda\b[^:]*:"
    r"|^\s*(?:for|while)\s.*:|\[[^\]]*\bNone\b|(?<=[\w)\]])\[\s*-\s*[0-9]|[\[,]\s*(?:[0-9]+\s*:\s*[\],]|[0-9]*\s*:\s*-?\s*[0-9])"
    # A vector on the left of `@` is a row in code alone.
    r"|(?:^|[-+*/(=,])\s*[a-z]\w*\s*@"
)
_PROGRAM = r"^\s*(?:(?:for|while)\s.*:|def\s+\w+\s*\(|return\s|import\s+\w|from\s+[\w.]+\s+import\s)"
# Mathematica calls with square brackets: Tr[A.X] is no entry of Tr.
_SQUARE_CALL = r"\b([A-Z][A-Za-z]+)\["
_COMMENT = r"#[^\n]*"


def syntax_of(text: str) -> str:
    """The syntax that a text is written in, told by its marks."""
    if "\\" in text or "$" in text:
        formula = re.sub(_COMMENT, "", text)
        found = re.findall(_COMMAND, formula)
        if any(word not in _DIVIDED for word in found) or re.search(_DOLLARS, formula):
            return "latex"
    if not any(mark in text for mark in (".", "**", "=", ":", "return", "[", "@")):
        return "matdiff"
    bare = re.sub(_COMMENT, "", text)
    if not re.search(_CODE, bare, re.M) or any(name.lower() in NAMES for name in re.findall(_SQUARE_CALL, bare)):
        return "matdiff"
    if re.search(_PROGRAM, bare, re.M):
        return "numpy"
    is_code: bool = import_module("matdiff.read.numpy.source").is_code(text)  # loaded where the marks stand
    return "numpy" if is_code else "matdiff"


def read(text: str, syntax: str = "auto", *, known: Iterable[str] = (), more: bool = False) -> Reading:
    """The statements of a text in one of `SYNTAXES`, and the errors of the others; see `parse.read`."""
    reader = import_module(READERS[syntax_of(text) if syntax == "auto" else syntax])
    reading: Reading = reader.read(text, known=known, more=more)
    return reading


def name_in(text: str) -> str | None:
    """The variable that a text names, in its one spelling (β and \\beta are beta), or None if it is more or other than a name."""
    try:
        reading = read(text)
    except TooLarge:
        raise
    except ValueError:
        return None
    for error in (error for _, errors in reading.failed for error in errors):
        if isinstance(error, TooLarge):
            raise error
    (statement,) = reading.statements if len(reading.statements) == 1 and not reading.failed else (None,)
    if not isinstance(statement, Question) or statement.wrt or statement.expr.op not in ("name", "pi"):
        return None
    return "pi" if statement.expr.op == "pi" else str(statement.expr.value)
