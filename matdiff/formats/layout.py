"""What `--layout` did to a result, in words."""

from __future__ import annotations

from matdiff.answer.answer import Answer
from matdiff.answer.leftside import left_side
from matdiff.answer.result import Result
from matdiff.formats.registry import WRITTEN
from matdiff.formats.unicode import STYLE
from matdiff.language.printer import show


def layout_words(answer: Answer, result: Result) -> str:
    """`numerator layout: the transpose of the gradient`; empty where no layout was asked for."""
    if answer.asked.layout == "gradient" or not result.order:
        return ""
    if result.along is not None:
        return "the same in every layout"
    if result.turned:
        name = {"gradient": "gradient", "jacobian": "Jacobian"}.get(result.name, "derivative")
        return f"{answer.asked.layout} layout: the transpose of the {name}"
    if len(result.axes) in (1, 2) and any(of == "output" for of, *_ in result.axes) == (answer.asked.layout == "numerator"):
        return f"{answer.asked.layout} layout"
    return "the same in every layout"


def layout_note(answer: Answer, format: str) -> str:
    """The same about every result of an answer, on a line each, for standard error; JSON says it itself."""
    if answer.asked.layout == "gradient" or format == "json":
        return ""
    if format not in WRITTEN:  # code has the axes of the tensor
        return f"note: {format} code has the axes of the gradient layout whatever --layout says"
    lines = []
    for result in answer.results:
        words = layout_words(answer, result)
        if words:
            lines.append(f"note: {show(left_side(answer, result), STYLE)} is in {words}".replace("is in the", "is the"))
    return "\n".join(lines)
