"""The registry of formats: `--to` takes its choices from here.  A format turns an answer and options into text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from matdiff.render import text as ascii_text
from matdiff.render import unicode as unicode_text
from matdiff.render.document import latex_document
from matdiff.render.json import json
from matdiff.render.leftside import left_side
from matdiff.render.numpy import numpy
from matdiff.render.options import Options
from matdiff.render.printer import Style, show
from matdiff.render.terminal import terminal

if TYPE_CHECKING:
    from matdiff.pipeline import Derivative

__all__ = ["FORMATS", "Options", "render", "terminal"]

Format = Callable[["Derivative", Options], str]


def _lines(style: Style) -> Format:
    """One line a result, with the definitions of its named parts first, and its left side where that is asked for."""

    def write(answer: Derivative, options: Options) -> str:
        lines = []
        for result in answer.results:
            left = f"{left_side(answer, result, style)} = " if options.lhs else ""
            parts = [f"{style.name(part.name, True)} = {show(part.expr, style)}; " for part in result.where]
            lines.append("".join(parts) + left + show(result.expr, style))
        return "\n".join(lines)

    return write


FORMATS: dict[str, Format] = {
    "text": _lines(ascii_text.STYLE),
    "unicode": _lines(unicode_text.STYLE),
    "latex": latex_document,
    "json": json,
    "numpy": numpy,
}


def render(answer: Derivative, format: str, **options: Any) -> str:
    """The answer in a format of `FORMATS`; for `options` see `Options`.  Raises KeyError for an unknown format."""
    return FORMATS[format](answer, Options(**options))
