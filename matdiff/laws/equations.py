"""The laws of functions: equations in matdiff's own language, read from left to right; `matching` finds and applies them.

The names in them stand for

    x       a value of any shape: the law holds entry by entry      a, b   numbers
    v, r    a column and a row                                      c      a scalar
    X, Q    a square matrix and an orthogonal one

Every equation holds for all real values for which its left side is defined, and its right side is the simpler one, by the measure
that the tests state.  So a new law is a line here.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from matdiff.functions import FUNCTIONS
from matdiff.infer.infer import infer
from matdiff.infer.rules import rule_expr
from matdiff.infer.variables import declare
from matdiff.language.kinds import Variable
from matdiff.language.syntax import Expr
from matdiff.read.parse import parse_declaration

# How the names are read on their own; a scalar law is spread over the entries of an array.
DECLARATIONS = "x, a, b, c: scalar; v: n; r: 1 x n; X: n x n; Q: orthogonal n"
ENTRIES = ("x",)
NUMBERS = ("a", "b")

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

# Products and powers of functions; sign(0) = step(0) = 0.
ENTRYWISE = """
exp(log(x)) = x
exp(x) .^ a = exp(a .* x)
exp(a .* x) .* exp(b .* x) = exp((a + b) .* x)
exp(x) .* sigmoid(-x) = sigmoid(x)
sigmoid(-x) .* sigmoid(x) = (1 - sigmoid(x)) .* sigmoid(x)
sign(x) .* abs(x) = x
sign(x) ./ abs(x) = 1 ./ x
abs(x) .* abs(x) = x .* x
1 ./ (abs(x) .* abs(x)) = 1 ./ (x .* x)
sign(x) .* x = abs(x)
sign(x) .* relu(x) = relu(x)
step(x) .* step(x) = step(x)
step(x) .* sign(x) = step(x)
step(x) .* x = relu(x)
step(x) .* abs(x) = relu(x)
step(x) .* relu(x) = relu(x)
relu(x) .* x = relu(x) .* relu(x)
relu(x) .* abs(x) = relu(x) .* relu(x)
"""

# exp(x) .* exp(-x) is exp(0), and what is made of exp(0) elsewhere must be the same by every other way.
CONSTANTS = """
exp(0) = 1
log(1) = 0
sigmoid(0) = 1 / 2
softplus(0) = log(2)
"""

VECTORS = """
sum(softmax(v)) = 1
sum(e(i, n)) = 1
softmax(c ones(n)) = ones(n) / sum(ones(n))
logsumexp(c ones(n)) = c + log(sum(ones(n)))
pinv(0) = 0
det(0) = 0
pinv(c) = 1 / c
pinv(v) = v' / (v' v)
"""

MATRICES = """
inv(X) X = eye(n)
X inv(X) = eye(n)
Q' Q = eye(n)
Q Q' = eye(n)
inv(Q) = Q'
inv(inv(X)) = X
inv(X^c) = X^(-c)
inv(diag(v)) = diag(1 ./ v)
"""


class Equation(NamedTuple):
    """The two sides of a law, typed with the declarations above."""

    left: Expr
    right: Expr


def lines_of(table: str) -> tuple[str, ...]:
    """The equations of a table as they are written."""
    return tuple(table.strip().splitlines())


def of_diagonals() -> tuple[str, ...]:
    """f(diag(v)) = diag(...) for the functions of a matrix whose rows say what that is."""
    rows = [row for row in FUNCTIONS.values() if row.form == "matrix" and row.on_diagonal]
    return tuple(
        f"{row.name}(diag(v){', c' * (row.arity - 1)}) = diag({_renamed(row.on_diagonal, {'X': 'v', 'Z': 'c'})})" for row in rows
    )


def _renamed(rule: str, names: dict[str, str]) -> str:
    return re.sub(r"\b\w+\b", lambda word: names.get(word[0], word[0]), rule)


LAWS = (
    *lines_of(MATRICES),
    *of_diagonals(),
    *lines_of(CONSTANTS),
    *lines_of(VECTORS),
    *lines_of(DEFINITIONS),
    *lines_of(ENTRYWISE),
)


@cache
def equation(line: str) -> Equation:
    """A line of a table, parsed and typed."""
    left, right = (infer(rule_expr(side), variables(), {}, soft=False).expr for side in line.split(" = "))
    return Equation(left, right)


@cache
def variables() -> dict[str, Variable]:
    """What the names of the tables are declared to be."""
    return declare(parse_declaration(DECLARATIONS))
