r"""LaTeX without `$`: `\mathbf{x} \mathbf{a}^{\top}`.  Only commands that LaTeX with amsmath, KaTeX and MathJax all know."""

from __future__ import annotations

from matdiff.language.printer import show
from matdiff.language.spelling import POSTFIX, Style, latex_name
from matdiff.language.syntax import Expr

_TRANSPOSES = {
    "top": (r"%s^{\top}", r"%s^{-\top}"),
    "T": ("%s^{T}", "%s^{-T}"),
    "prime": ("%s'", "{%s^{-1}}'"),
}


def _subscript(array: str, is_name: bool, indices: list[str]) -> str:
    """`x_{k}`; a name with a subscript of its own takes both: `x_{1,k}`."""
    joined = "".join(indices) if all(len(index) == 1 and index.isalpha() for index in indices) else ",".join(indices)
    if is_name and array.endswith("}") and "_{" in array:
        return f"{array[:-1]},{joined}}}"
    return f"{array}_{{{joined}}}"


def style(*, bold: bool = True, transpose: str = "top") -> Style:
    """The spellings of LaTeX.  `transpose` is "top", "T" or "prime"; other values raise KeyError."""
    transposed, inverse_transposed = _TRANSPOSES[transpose]
    return Style(
        name=lambda name, is_array: latex_name(name, bold=bold and is_array),
        superscript=lambda exponent, whole: f"^{{{exponent}}}",
        rational=lambda numerator, denominator: (rf"\frac{{{numerator}}}{{{denominator}}}", POSTFIX),
        subscript=_subscript,
        words={
            "ones": r"\mathbf{1}",
            "zeros": r"\mathbf{0}",
            "eye": "I",
            "I": r"\mathbf{I}" if bold else "I",
            "pi": r"\pi",
            "!=": r"\neq",
            "mean": r"\operatorname{mean}",
        },
        calls={
            "norm": r"\left\lVert %s\right\rVert",
            "norm2": r"\left\lVert %s\right\rVert_{2}",
            "norm1": r"\left\lVert %s\right\rVert_{1}",
        },
        infix={"dyad": r" \star ", ".*": r" \odot ", "./": r" \oslash ", ":": " : ", "kron": r" \otimes "},
        group=r"\left(%s\right)",
        transpose=transposed,
        inverse_transpose=inverse_transposed,
        quotient=r"\frac{%s}{%s}",
        times=r" \cdot ",
        delta=r"\delta",
        sigma=r"\sum_{%s} %s",
        elementwise_power=r"%s^{\odot %s}",
        block=(" & ", r" \\ ", r"\begin{bmatrix} %s \end{bmatrix}"),
        differential=r"\mathrm{d}%s",
        partial=(r"\partial", " ", " ", r"\frac{%s}{%s}"),
        held="%s_{%s}",
        lines=r"\mathrm{%s}",
        over=(r"\sum", "_{%s}", "^{%s}"),
        delimited=True,
        bold_entries=False,
        latex=True,
    )


STYLE = style()


def latex(expr: Expr, spellings: Style = STYLE) -> str:
    r"""The expression in LaTeX, without `$`."""
    return show(expr, spellings)
