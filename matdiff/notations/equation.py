"""One result in one notation."""

from __future__ import annotations

from typing import NamedTuple

from matdiff.language.syntax import Expr


class Equation(NamedTuple):
    """`left = right`, with a line for each symbol that needs a word, or none."""

    left: Expr
    right: Expr
    legend: tuple[str, ...] = ()


class NoNotation(Exception):
    """The result cannot be written in this notation."""
