"""The laws of functions: equations in matdiff's own language, read from left to right.

The names in them stand for

    x       a value of any shape; the law holds entry by entry      c   a scalar
    v, r    a column and a row                                      X   a square matrix

Every equation holds for all real values for which its left side is defined, and its right side is simpler: see `matching`.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from matdiff.infer import infer
from matdiff.lower import rule_expr
from matdiff.parse import parse_declaration
from matdiff.syntax import Expr
from matdiff.variables import Variable, declare

# How the names are read on their own; a scalar law is spread over the entries of an array.
DECLARATIONS = "x, c: scalar; v: n; r: 1 x n; X: n x n"
ENTRIES = ("x",)

# What a function is defined by.  Code is made of these too, since the right sides neither overflow nor cancel.
DEFINITIONS = """
log(exp(x)) = x
log(1 + exp(x)) = softplus(x)
log1p(exp(x)) = softplus(x)
1 ./ (1 + exp(x)) = sigmoid(-x)
log(sum(exp(v))) = logsumexp(v)
exp(v) / sum(exp(v)) = softmax(v)
sinh(x) ./ cosh(x) = tanh(x)
sin(x) ./ cos(x) = tan(x)
"""


class Equation(NamedTuple):
    """A law with its two sides, which are typed with the declarations above."""

    text: str
    left: Expr
    right: Expr


def lines_of(table: str) -> tuple[str, ...]:
    """The equations of a table as they are written."""
    return tuple(table.strip().splitlines())


@cache
def equation(line: str) -> Equation:
    """A line of a table, parsed and typed."""
    left, right = (infer(rule_expr(side), variables(), {}, soft=False).expr for side in line.split(" = "))
    return Equation(line, left, right)


@cache
def variables() -> dict[str, Variable]:
    """What the names of the tables are declared to be."""
    return declare(parse_declaration(DECLARATIONS))
