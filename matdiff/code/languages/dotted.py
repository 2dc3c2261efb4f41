"""What Julia and MATLAB have in common: operators with a dot work entry by entry, and a product with a vector may need a transpose."""

from __future__ import annotations

from collections.abc import Mapping

from matdiff.code.language import SAME, infix
from matdiff.code.plan import Node
from matdiff.code.spelling import ATOM, POWER, TERM, Entry, Spelling


def times(node: Node) -> Spelling:
    """With a number, or entry by entry."""
    arrays = all(part.shape for part in node.parts)
    return Spelling("{0} .* {1}" if arrays else "{0} * {1}", TERM, (TERM, POWER))


def over(node: Node) -> Spelling:
    """By a number, or entry by entry."""
    return Spelling("{0} ./ {1}" if node.parts[1].shape else "{0} / {1}", TERM, (TERM, POWER))


def power(node: Node) -> Spelling:
    """Of a number, or entry by entry."""
    return Spelling("{0}.^{1}" if any(part.shape for part in node.parts) else "{0}^{1}", POWER, (ATOM, ATOM))


def matrix_power(node: Node) -> Spelling:
    """Of a square matrix, by a whole number."""
    return Spelling("{0}^DATA" if node.data >= 0 else "{0}^(DATA)", POWER)


def product(both: Spelling, turned: Spelling) -> Entry:
    """A vector from the left is a transposed product from the right, `turned`; `both` is the product of two vectors."""

    def spell(node: Node) -> Spelling:
        left, right = node.parts
        if len(left.shape) == 2:
            return infix("{0} * {1}")
        if len(right.shape) == 1:
            return both
        return infix("{1} * {0}")._replace(parts=(left, right.parts[0])) if right.op == "transpose" else turned

    return spell


OPERATIONS: Mapping[str, Entry] = {
    "pi": "pi",
    "times": times,
    "over": over,
    "power": power,
    "spread_columns": SAME,
    "spread_rows": "{0}'",
    "row": "{0}'",
    "outer": infix("{0} * {1}'"),
    "transpose": "{0}'",
    "diagonal": "diag({0})",
    "matrix_power": matrix_power,
    "ones": "ones(SIZES)",
    "zeros": "zeros(SIZES)",
    "kron": "kron({0}, {1})",
    "unvec": "reshape({0}, {1}, {2})",
    "inverse": "inv({0})",
    "solve": infix("{0} \\ {1}"),
}
