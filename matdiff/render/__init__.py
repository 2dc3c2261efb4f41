"""The registry of formats: `--to` takes its choices from here.  A format turns an answer and options into text.

The modules of formats that are not asked for are not loaded.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from matdiff.render.options import Options

if TYPE_CHECKING:
    from matdiff.answer import Answer

__all__ = ["FORMATS", "WRITTEN", "Options", "render"]

# Format: the function that writes it, as "module of render:function".
FORMATS = {
    "text": "lines:ascii_lines",
    "ascii": "lines:ascii_lines",
    "unicode": "lines:unicode_lines",
    "latex": "document:latex_document",
    "json": "json:json",
    **dict.fromkeys(("numpy", "jax", "torch", "julia", "matlab", "sympy"), "module:code"),
}


# The formats that write formulas, in the notation that was asked for; the others compute.
WRITTEN = ("text", "ascii", "unicode", "latex", "json")


def render(answer: Answer, format: str, **options: Any) -> str:
    """The answer in a format of `FORMATS`; for `options` see `Options`.  Raises KeyError for an unknown format."""
    module, _, function = FORMATS[format].partition(":")
    return str(getattr(import_module(f"matdiff.render.{module}"), function)(answer, Options(format=format, **options)))
