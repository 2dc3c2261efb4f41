"""Laws entry by entry: quotients and cancelling."""

from __future__ import annotations

from itertools import product

import pytest

from matdiff.api import differentiate
from matdiff.tensor import build

DECLARATIONS = ["x: n", "y: n", "A: n x n", "K: n x m", "v: m", "alpha: scalar"]

CANCELLED = [
    ("(y .* x) ./ (y .* (K v))", "x ./ (K v)"),
    ("(alpha y .* (A x)) ./ (2 x .* (A x))", "alpha y ./ (2 x)"),
    ("y .* (K v) ./ (y .* (K v)) .^ 3", "1 ./ (y .* (K v)) .^ 2"),
    ("(A K) .* (x y^T A) ./ ((A K) .* (x y^T A) .* (y y^T K)) .* 1", "1 ./ (y y^T K)"),
]


@pytest.mark.parametrize(("left", "right"), CANCELLED)
def test_what_is_above_and_below_is_cancelled(left: str, right: str) -> None:
    declarations = [*DECLARATIONS[:3], "K: n x n", "v: n", "alpha: scalar"]
    answer = differentiate(f"({left}) - ({right})", order=0, declarations=declarations)
    assert build.number_of(answer.result.tensor) == 0


TOPS = ("x", "x .^ 2", "x .* y", "(A x)")
BOTTOMS = ("1 + x", "x + y", "2 - x .^ 2", "alpha + A x", "1 + x^T x")
POWERS = ("1", "2", "(1/2)")


@pytest.mark.parametrize(("top", "bottom", "power"), list(product(TOPS, BOTTOMS, POWERS)))
def test_a_quotient(top: str, bottom: str, power: str) -> None:
    """Terms over powers of one divisor are put over the highest: the answer is right, and stays what it is when it is read."""
    for order in (1, 2):
        answer = differentiate(f"sum({top} ./ ({bottom}) .^ {power})", "x", order=order, declarations=DECLARATIONS)
        assert answer.verify().passed, answer.text
        again = differentiate(answer.text, order=0, declarations=DECLARATIONS)
        assert again.text == answer.text
