"""One result in one notation."""

from __future__ import annotations

from typing import NamedTuple

from matdiff.choose.naming import Part
from matdiff.language.syntax import Expr


class Equation(NamedTuple):
    """`left = right`, with a line for each symbol that needs a word, or none; `parts` are its named parts, None those of the result."""

    left: Expr
    right: Expr
    legend: tuple[str, ...] = ()
    parts: tuple[Part, ...] | None = None


class NoNotation(Exception):
    """The result cannot be written in this notation."""
