"""`contracted`: an einsum in code, which is that of the language."""

from __future__ import annotations

from collections.abc import Sequence

from matdiff.language.syntax import Span
from matdiff.read.numpy.arrays import Arrays
from matdiff.read.numpy.value import Misfit, Value
from matdiff.read.sums.einsum import axes_of, einsum


def contracted(text: str, operands: Sequence[Value], arrays: Arrays, span: Span) -> Value:
    """What `einsum(text, *operands)` is.  Raises IndexSum and Misfit."""
    inputs, right = axes_of(text, len(operands), span)
    for one, operand in zip(inputs, operands):
        if len(one) != operand.rank or any(operand.ones):
            raise Misfit(operand.span, f"`{one}` does not name the axes of {operand.kind}")
        arrays.fixed(operand)
    return Value(einsum(text, [operand.expr for operand in operands], span), (False,) * len(right))
