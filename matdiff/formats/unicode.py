"""One line of Unicode, for terminals: `x aᵀ`, `X⁻ᵀ`, `‖y - X w‖²`."""

from __future__ import annotations

from matdiff.language.printer import show
from matdiff.language.spelling import POSTFIX, TERM, Piece, Style, superscript, unicode_name
from matdiff.language.syntax import Expr

_FRACTIONS = {(1, 2): "½", (1, 3): "⅓", (2, 3): "⅔", (1, 4): "¼", (3, 4): "¾", (1, 5): "⅕", (1, 6): "⅙", (1, 8): "⅛"}


def _superscript(exponent: str, whole: int | None) -> str:
    return "^" + exponent if whole is None else superscript(whole)


def _rational(numerator: int, denominator: int) -> Piece:
    fraction = _FRACTIONS.get((numerator, denominator))
    return (fraction, POSTFIX) if fraction else (f"{numerator}/{denominator}", TERM)


def _subscript(array: str, is_name: bool, indices: list[str]) -> str:
    """`W_kl` where every index is one letter; `X[1,2]` and `X[:,j]` keep their brackets."""
    if not all(len(index) == 1 and index.isalpha() for index in indices):
        return f"{array}[{','.join(indices)}]"
    # A name that ends in a subscript of its own is set apart.
    base = f"({array})" if (is_name and not array[-1].isalpha()) or ("_" in array and not array.endswith(")")) else array
    return f"{base}_{''.join(indices)}"


STYLE = Style(
    name=lambda name, bold: unicode_name(name),
    superscript=_superscript,
    rational=_rational,
    subscript=_subscript,
    words={"ones": "𝟏", "zeros": "0", "eye": "I", "pi": "π", "logdet": "log det", "delta": "δ", "!=": "≠"},
    calls={"norm": "‖%s‖", "norm2": "‖%s‖₂", "norm1": "‖%s‖₁"},
    infix={"dyad": " ⋆ ", ".*": " ⊙ ", "./": " ⊘ ", ":": " : ", "kron": " ⊗ "},
    group="(%s)",
    transpose="%sᵀ",
    inverse_transpose="%s⁻ᵀ",
    quotient="%s / %s",
    times=" · ",
    delta="δ",
    sigma="Σ_%s %s",
    elementwise_power="%s .^ %s",
    block=(", ", "; ", "[%s]"),
    over=("Σ", "_{%s}", "^%s"),
    differential="d%s",
    partial=("∂", "", "", "%s/%s"),
)


def unicode(expr: Expr) -> str:
    """The expression in one line of Unicode."""
    return show(expr, STYLE)
