"""LaTeX results for a document: left sides, and the environment around them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from matdiff.answer.answer import Answer
from matdiff.answer.leftside import left_side
from matdiff.answer.result import Result
from matdiff.formats.latex import latex, style
from matdiff.formats.registry import STYLES, Options
from matdiff.language.printer import show
from matdiff.language.spelling import Style


def style_of(options: Options) -> Style:
    """The spellings that `--style` asks for."""
    chosen = {**{key: values[0] for key, values in STYLES.items()}, **options.style}
    return style(bold=chosen["bold"] == "yes", transpose=chosen["transpose"])


def latex_document(answer: Answer, options: Options) -> str:
    """One line a result, or one environment a result; "align" collects all results in one, with their left sides."""
    if options.steps:
        return _with_steps(answer, options, style_of(options))
    formulas = lines(answer, options)
    if options.math == "align":
        return align([formulas], options)
    around = {"none": "%s", "inline": "$%s$", "display": "\\[\n  %s\n\\]"}[options.math]
    return "\n".join(around % formula for formula in formulas)


def lines(answer: Answer, options: Options) -> list[str]:
    """The formulas of one answer."""
    spellings = style_of(options)
    aligned = options.math == "align"
    formulas = []
    for result in answer.results:
        right = latex(result.expr, spellings)
        if options.lhs or (aligned and options.lhs is None):
            right = f"{show(left_side(answer, result), spellings)} {'&= ' if aligned else '= '}{right}"
        formulas.append(right + _where(result, spellings))
    return formulas


def align(answers: Iterable[Sequence[str]], options: Options) -> str:
    """The lines of all answers in one environment."""
    return "\\begin{align*}\n  " + " \\\\\n  ".join(line for lines in answers for line in lines) + "\n\\end{align*}"


def _with_steps(answer: Answer, options: Options, spellings: Style) -> str:
    """Every result on a line of its own, then its derivation."""
    from matdiff.formats.steps import latex_steps

    parts = []
    for result, derivation in zip(answer.results, options.steps, strict=True):
        formula = f"{show(left_side(answer, result), spellings)} = {latex(result.expr, spellings)}{_where(result, spellings)}"
        parts += [f"\\[\n  {formula}\n\\]", latex_steps(derivation, spellings)]
    return "\n".join(parts)


def _where(result: Result, spellings: Style) -> str:
    """`with p = softmax(A x + b)`."""
    parts = [f"{latex(part.name_expr, spellings)} = {latex(part.expr, spellings)}" for part in result.where]
    return r" \quad \text{with } " + r",\; ".join(parts) if parts else ""
