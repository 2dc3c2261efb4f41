"""LaTeX results for a document: left sides, and the environment around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matdiff.render.latex import latex, style
from matdiff.render.leftside import left_side
from matdiff.render.options import Options
from matdiff.render.printer import Style, show

if TYPE_CHECKING:
    from matdiff.pipeline import Derivative


def style_of(options: Options) -> Style:
    """The spellings that `--style` asks for."""
    bold = options.style.get("bold", "yes").lower() not in ("no", "false", "0", "off")
    return style(bold=bold, transpose=options.style.get("transpose", "top"))


def latex_document(answer: Derivative, options: Options) -> str:
    """One line a result, or one environment a result; "align" collects all results in one, with their left sides."""
    spellings = style_of(options)
    aligned = options.math == "align"
    formulas = []
    for result in answer.results:
        right = latex(result.expr, spellings)
        if options.lhs or (aligned and options.lhs is None):
            right = f"{show(left_side(answer, result), spellings)} {'&= ' if aligned else '= '}{right}"
        if result.where:
            parts = [f"{latex(part.name_expr, spellings)} = {latex(part.expr, spellings)}" for part in result.where]
            right += r" \quad \text{with } " + r",\; ".join(parts)
        formulas.append(right)
    if aligned:
        return "\\begin{align*}\n  " + " \\\\\n  ".join(formulas) + "\n\\end{align*}"
    around = {"none": "%s", "inline": "$%s$", "display": "\\[\n  %s\n\\]"}[options.math]
    return "\n".join(around % formula for formula in formulas)
