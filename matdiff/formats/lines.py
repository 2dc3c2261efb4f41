"""One line a result: the formats `text` and `unicode`."""

from __future__ import annotations

from matdiff.answer.answer import Answer
from matdiff.answer.leftside import left_side
from matdiff.formats import unicode
from matdiff.formats.registry import Options
from matdiff.language import text
from matdiff.language.printer import show
from matdiff.language.spelling import Style


def ascii_lines(answer: Answer, options: Options) -> str:
    """In matdiff's own language."""
    return _lines(answer, options, text.STYLE)


def unicode_lines(answer: Answer, options: Options) -> str:
    """As a terminal shows it."""
    return _lines(answer, options, unicode.STYLE)


def _lines(answer: Answer, options: Options, style: Style) -> str:
    """The definitions of named parts first, then the result, with its left side where that is asked for."""
    lines = []
    for place, result in enumerate(answer.results):
        left = f"{show(left_side(answer, result), style)} = " if (options.labels if options.lhs is None else options.lhs) else ""
        if options.labels:
            left = f"{result.form + ':':14}{left}"
        parts = [f"{style.name(part.name, True)} = {show(part.expr, style)}; " for part in result.where]
        assumed = result.assumed if style is text.STYLE and not left else ""
        lines.append(assumed + "".join(parts) + left + show(result.expr, style))
        if options.steps:
            from matdiff.formats.steps import lines_of

            lines += ["", *lines_of(options.steps[place], style), *[""] * (place + 1 < len(answer.results))]
    return "\n".join(lines)
