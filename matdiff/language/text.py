"""ASCII text in matdiff's own language: what is printed in a pipe and can be read back."""

from __future__ import annotations

from matdiff.language.printer import TERM, Piece, Style, show
from matdiff.language.syntax import Expr


def _name(name: str, bold: bool) -> str:
    return name


def _superscript(exponent: str, whole: int | None) -> str:
    return "^" + exponent


def _rational(numerator: int, denominator: int) -> Piece:
    return f"{numerator}/{denominator}", TERM


def _subscript(array: str, is_name: bool, indices: list[str]) -> str:
    return f"{array}[{','.join(indices)}]"


_CALLS = {"norm": "||%s||", "norm2": "||%s||_2"}


def _style(calls: dict[str, str]) -> Style:
    return Style(
        name=_name,
        superscript=_superscript,
        rational=_rational,
        subscript=_subscript,
        words={},
        calls=calls,
        infix={"dyad": " star ", ".*": " .* ", "./": " ./ ", ":": " : "},
        group="(%s)",
        transpose="%s^T",
        inverse_transpose="%s^-T",
        quotient="%s / %s",
        times=" * ",
        delta="delta",
        sigma="sum[%s] %s",
        elementwise_power="%s .^ %s",
        block=(", ", "; ", "[%s]"),
        differential="d%s",
        partial=("d", "", " ", "%s/%s"),
        ascii=True,
    )


STYLE = _style(_CALLS)
# As people type it: an inverse as a call.
TYPED = _style({**_CALLS, "inv": "inv(%s)"})


def text(expr: Expr) -> str:
    """`x a^T`: the expression in ASCII; parsing it gives an expression of the same value."""
    return show(expr, STYLE)


def typed(expr: Expr) -> str:
    """The same as one would type it: `inv(A) b`."""
    return show(expr, TYPED)
