"""ASCII text in matdiff's own language: what is printed in a pipe and can be read back."""

from __future__ import annotations

from matdiff.language.make import named
from matdiff.language.printer import show
from matdiff.language.spelling import TERM, Style
from matdiff.language.syntax import Expr

_CALLS = {"norm": "||%s||", "norm2": "||%s||_2"}


STYLE = Style(
    name=lambda name, bold: name,
    superscript=lambda exponent, whole: f"^{exponent}",
    rational=lambda numerator, denominator: (f"{numerator}/{denominator}", TERM),
    subscript=lambda array, is_name, indices: f"{array}[{','.join(indices)}]",
    words={},
    calls=_CALLS,
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
# As people type it: an inverse as a call.
TYPED = STYLE._replace(calls={**_CALLS, "inv": "inv(%s)"})


def text(expr: Expr) -> str:
    """`x a^T`: the expression in ASCII; parsing it gives an expression of the same value."""
    return show(expr, STYLE)


def definition(name: str, value: Expr) -> str:
    """`y = A x`; of an array that is written by its entries `Y[i,j,k] = A[i,j] x[k]`."""
    return f"{text(named(name, value))} = {text(value)}"


def typed(expr: Expr) -> str:
    """The same as one would type it: `inv(A) b`."""
    return show(expr, TYPED)
