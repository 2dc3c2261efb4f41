"""Random well-typed expressions: derivative against finite differences, printed answer read back, laws of differentiation."""

from __future__ import annotations

import re

from hypothesis import assume, given
from hypothesis import strategies as st
from mathematics import Untrue, check_answer

from matdiff.pipeline import differentiate

DECLARATIONS = ["x: n", "y: n", "u: m", "A: n x n", "B: n x n", "W: m x n", "S: symmetric n", "alpha: scalar"]
VARIABLES = ["x", "A", "W", "S", "alpha"]
ELEMENTWISE = ["exp", "tanh", "sigmoid", "softplus", "sin", "cos", "erf"]


@st.composite
def scalars(draw: st.DrawFn, depth: int) -> str:
    if depth == 0:
        return draw(st.sampled_from(["alpha", "x^T y", "tr(A)", "2", "u^T W x", "1/3"]))
    form = draw(st.integers(0, 9))
    if form == 0:
        return f"({draw(vectors(depth - 1))})^T ({draw(vectors(depth - 1))})"
    if form == 1:
        return f"tr({draw(matrices(depth - 1))})"
    if form == 2:
        return f"sum({draw(vectors(depth - 1))})"
    if form == 3:
        return f"(({draw(scalars(depth - 1))}) + ({draw(scalars(depth - 1))}))"
    if form == 4:
        return f"({draw(scalars(depth - 1))}) ({draw(scalars(depth - 1))})"
    if form == 5:
        return f"||{draw(vectors(depth - 1))}||^2"
    if form == 6:
        return f"logdet(I + ({draw(matrices(depth - 1))})^T ({draw(matrices(depth - 1))}))"
    if form == 7:
        return f"({draw(matrices(depth - 1))}) : ({draw(matrices(depth - 1))})"
    if form == 8:
        return f"logsumexp({draw(vectors(depth - 1))})"
    return f"{draw(st.sampled_from(ELEMENTWISE))}({draw(scalars(depth - 1))})"


@st.composite
def vectors(draw: st.DrawFn, depth: int) -> str:
    if depth == 0:
        return draw(st.sampled_from(["x", "y", "A x", "W^T u", "S y"]))
    form = draw(st.integers(0, 7))
    if form == 0:
        return f"({draw(matrices(depth - 1))}) ({draw(vectors(depth - 1))})"
    if form == 1:
        return f"({draw(vectors(depth - 1))}) .* ({draw(vectors(depth - 1))})"
    if form == 2:
        return f"(({draw(vectors(depth - 1))}) - ({draw(vectors(depth - 1))}))"
    if form == 3:
        return f"({draw(scalars(depth - 1))}) ({draw(vectors(depth - 1))})"
    if form == 4:
        return f"diag({draw(matrices(depth - 1))})"
    if form == 5:
        return f"softmax({draw(vectors(depth - 1))})"
    if form == 6:
        return f"inv(3 I + diag(sigmoid({draw(vectors(depth - 1))}))) ({draw(vectors(depth - 1))})"
    return f"{draw(st.sampled_from(ELEMENTWISE))}({draw(vectors(depth - 1))})"


@st.composite
def matrices(draw: st.DrawFn, depth: int) -> str:
    if depth == 0:
        return draw(st.sampled_from(["A", "B", "S", "W^T W", "x y^T", "I"]))
    form = draw(st.integers(0, 7))
    if form == 0:
        return f"({draw(matrices(depth - 1))}) ({draw(matrices(depth - 1))})"
    if form == 1:
        return f"({draw(matrices(depth - 1))})^T"
    if form == 2:
        return f"(({draw(matrices(depth - 1))}) + ({draw(matrices(depth - 1))}))"
    if form == 3:
        return f"({draw(matrices(depth - 1))}) .* ({draw(matrices(depth - 1))})"
    if form == 4:
        return f"({draw(vectors(depth - 1))}) ({draw(vectors(depth - 1))})^T"
    if form == 5:
        return f"diag({draw(vectors(depth - 1))})"
    if form == 6:
        return f"({draw(scalars(depth - 1))}) ({draw(matrices(depth - 1))})"
    return f"{draw(st.sampled_from(ELEMENTWISE))}({draw(matrices(depth - 1))})"


def is_true(expression: str, variable: str, order: int = 1) -> None:
    """The printed derivative is the derivative, and is read back; an expression without the variable has none to test."""
    assume(re.search(rf"\b{variable}\b", expression))
    answer = differentiate(expression, variable, order=order, declarations=DECLARATIONS)
    report = answer.verify()
    assume(report.trials)
    assert report.passed, (expression, variable, answer.text, report)
    try:
        check_answer(answer)
    except Untrue as problem:
        raise AssertionError(str(problem)) from problem


@given(scalars(3), st.sampled_from(VARIABLES))
def test_gradients(expression: str, variable: str) -> None:
    is_true(expression, variable)


@given(vectors(2), st.sampled_from(VARIABLES))
def test_derivatives_of_vectors(expression: str, variable: str) -> None:
    is_true(expression, variable)


@given(matrices(2), st.sampled_from(VARIABLES))
def test_derivatives_of_matrices(expression: str, variable: str) -> None:
    is_true(expression, variable)


@given(scalars(2), st.sampled_from(["x", "alpha"]))
def test_hessians(expression: str, variable: str) -> None:
    is_true(expression, variable, order=2)


@given(scalars(2), scalars(2))
def test_linearity(left: str, right: str) -> None:
    """d(2 f - g) = 2 df - dg, as values: the difference of the two answers is checked by differences of the whole."""
    is_true(f"2 ({left}) - ({right})", "x")


@given(matrices(2))
def test_simplifying_an_answer_changes_nothing(expression: str) -> None:
    """Order 0 prints a formula; simplifying that formula gives one of the same parts, if in another order."""
    once = differentiate(expression, order=0, declarations=DECLARATIONS)
    assume(once.result.form == "matrix" and not once.result.where)
    twice = differentiate(once.text, order=0, declarations=DECLARATIONS)
    assert sorted(twice.text) == sorted(once.text), (once.text, twice.text)
