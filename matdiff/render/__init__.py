"""The registry of formats: `--to` takes its choices from here.  A format turns an answer and options into text.

The modules of formats that are not asked for are not loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from matdiff.render.options import Options

if TYPE_CHECKING:
    from matdiff.answer import Answer

__all__ = ["FORMATS", "WRITTEN", "Options", "is_one_document", "parts", "render", "together"]

# Format: the function that writes it, as "module of render:function".
FORMATS = {
    "text": "lines:ascii_lines",
    "ascii": "lines:ascii_lines",
    "unicode": "lines:unicode_lines",
    "latex": "document:latex_document",
    "json": "json:json",
    **dict.fromkeys(("numpy", "jax", "torch", "julia", "matlab", "sympy"), "programs:program"),
}
# What makes the parts of one document of several answers, and what puts them together: by the function that writes one answer.
_DOCUMENTS = {
    "programs:program": ("programs:functions", "programs:module"),
    "document:latex_document": ("document:lines", "document:align"),
}


# The formats that write formulas, in the notation that was asked for; the others compute.
WRITTEN = ("text", "ascii", "unicode", "latex", "json")


def is_one_document(format: str, math: str = "none") -> bool:
    """Whether several answers are one document: a module of code, the lines of one align.  See `parts` and `together`."""
    return FORMATS[format] in _DOCUMENTS and (format != "latex" or math == "align")


def parts(answer: Answer, format: str, **options: Any) -> Sequence[str]:
    """What one answer adds to a document; its `number` is its place among the answers, if there are several."""
    found: Sequence[str] = _function(_DOCUMENTS[FORMATS[format]][0])(answer, Options(format=format, **options))
    return found


def together(answers: Sequence[Sequence[str]], format: str, **options: Any) -> str:
    """The document of the `parts` of several answers."""
    return str(_function(_DOCUMENTS[FORMATS[format]][1])(answers, Options(format=format, **options)))


def render(answer: Answer, format: str, **options: Any) -> str:
    """The answer in a format of `FORMATS`; for `options` see `Options`.  Raises KeyError for an unknown format."""
    return str(_function(FORMATS[format])(answer, Options(format=format, **options)))


def _function(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(import_module(f"matdiff.render.{module}"), function)
    return found
