"""Random well-typed expressions: derivative against finite differences, printed answer read back, laws of differentiation."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from mathematics import Untrue, check_print

from matdiff.api import differentiate
from matdiff.language.dims import SCALAR
from matdiff.language.syntax import Expr

DECLARATIONS = ["x: n", "y: n", "u: m", "A: n x n", "B: n x n", "W: m x n", "S: symmetric n", "alpha: scalar"]
VARIABLES = ["x", "A", "W", "S", "alpha"]
ELEMENTWISE = ["exp", "tanh", "sigmoid", "softplus", "sin", "cos", "erf"]


# What an expression of each kind is made of: `{s}`, `{v}`, `{m}` are expressions of one level less, `{f}` an elementwise function.
# The size of a bare `I` may be anybody's guess (tr(I)), so the identity is eye(n).
LEAVES = {
    "s": ["alpha", "x^T y", "tr(A)", "2", "u^T W x", "1/3"],
    "v": ["x", "y", "A x", "W^T u", "S y"],
    "m": ["A", "B", "S", "W^T W", "x y^T", "eye(n)"],
}
FORMS = {
    "s": [
        "({v})^T ({v})", "tr({m})", "sum({v})", "(({s}) + ({s}))", "({s}) ({s})", "||{v}||^2", "logdet(I + ({m})^T ({m}))",
        "({m}) : ({m})", "logsumexp({v})", "{f}({s})",
    ],
    "v": [
        "({m}) ({v})", "({v}) .* ({v})", "(({v}) - ({v}))", "({s}) ({v})", "diag({m})", "softmax({v})",
        "inv(3 I + diag(sigmoid({v}))) ({v})", "{f}({v})",
    ],
    "m": ["({m}) ({m})", "({m})^T", "(({m}) + ({m}))", "({m}) .* ({m})", "({v}) ({v})^T", "diag({v})", "({s}) ({m})", "{f}({m})"],
}  # fmt: skip


@st.composite
def expressions(draw: st.DrawFn, kind: str, depth: int) -> str:
    """A scalar ("s"), an n-vector ("v") or an n x n matrix ("m")."""
    if depth == 0:
        return draw(st.sampled_from(LEAVES[kind]))
    form = draw(st.sampled_from(FORMS[kind]))

    def part(match: re.Match[str]) -> str:
        return draw(st.sampled_from(ELEMENTWISE) if match[1] == "f" else expressions(match[1], depth - 1))

    return re.sub(r"\{(\w)\}", part, form)


def is_true(expression: str, variable: str, order: int = 1) -> None:
    """The printed derivative is the derivative, and is read back; an expression without the variable has none to test."""
    assume(re.search(rf"\b{variable}\b", expression))
    answer = differentiate(expression, variable, order=order, declarations=DECLARATIONS)
    report = answer.verify()
    assume(report.trials)
    assert report.passed, (expression, variable, answer.text, report)
    try:
        check_print(answer, report)
    except Untrue as problem:
        raise AssertionError(str(problem)) from problem


@given(expressions("s", 3), st.sampled_from(VARIABLES))
def test_gradients(expression: str, variable: str) -> None:
    is_true(expression, variable)


@given(expressions("v", 2), st.sampled_from(VARIABLES))
def test_derivatives_of_vectors(expression: str, variable: str) -> None:
    is_true(expression, variable)


@given(expressions("m", 2), st.sampled_from(VARIABLES))
def test_derivatives_of_matrices(expression: str, variable: str) -> None:
    is_true(expression, variable)


@given(expressions("s", 2), st.sampled_from(["x", "alpha"]))
def test_hessians(expression: str, variable: str) -> None:
    is_true(expression, variable, order=2)


@given(expressions("s", 2), expressions("s", 2))
def test_linearity(left: str, right: str) -> None:
    """d(2 f - g) = 2 df - dg, as values: the difference of the two answers is checked by differences of the whole."""
    is_true(f"2 ({left}) - ({right})", "x")


@given(expressions("m", 2))
def test_simplifying_an_answer_changes_nothing(expression: str) -> None:
    """Order 0 prints a formula; simplifying that formula gives one that differs at most in the order of its parts and in what is transposed."""
    once = differentiate(expression, order=0, declarations=DECLARATIONS)
    assume(once.result.form == "matrix" and not once.result.where)
    twice = differentiate(once.text, order=0, declarations=DECLARATIONS)
    assert arranged(twice.result.expr) == arranged(once.result.expr), (once.text, twice.text)


def arranged(expr: Expr, turned: bool = False) -> Any:
    """The formula, transposed if it is `turned`, as nested tuples.

    The order of terms, of entrywise factors and of scalar factors makes no difference to it, nor where transposes stand.
    """
    if expr.op == "'":
        return arranged(expr.args[0], not turned)
    if expr.op in ("+", "neg", ".*"):
        return expr.op, tuple(sorted((arranged(arg, turned) for arg in expr.args), key=repr))
    if expr.op == "*":
        scalars = sorted((arranged(arg) for arg in expr.args if arg.shape == SCALAR), key=repr)
        others = [arranged(arg, turned) for arg in expr.args if arg.shape != SCALAR]
        return expr.op, tuple(scalars), tuple(reversed(others) if turned else others)
    plain = expr.op, expr.value, tuple(arranged(arg) for arg in expr.args)
    return ("'", plain) if turned and expr.shape != SCALAR else plain
