"""Laws entry by entry, generated from their tables and compared with numbers: products of functions, quotients, cancelling."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from matdiff import index
from matdiff.api import differentiate
from matdiff.functions import FUNCTIONS, PRODUCTS

DECLARATIONS = ["x: n", "y: n", "A: n x n", "K: n x m", "v: m", "alpha: scalar"]
VALUES: dict[str, Callable[[int], int]] = {
    "X": lambda x: x,
    "step": lambda x: int(x > 0),
    "sign": lambda x: (x > 0) - (x < 0),
    "abs": abs,
    "relu": lambda x: max(x, 0),
}
ARGUMENTS = ("x", "A x", "-2 x", "x .* y", "a^T x", "1 - y .* (A x)")


@pytest.mark.parametrize(("pair", "made"), list(PRODUCTS.items()), ids=map("-".join, PRODUCTS))
def test_a_product_of_functions_has_the_value_of_what_is_made_of_it(pair: tuple[str, str], made: tuple[str, ...]) -> None:
    assert {*pair, *made} <= {"X", *FUNCTIONS}
    for x in (-3, -1, 0, 2):
        one, other = (VALUES[name](x) for name in pair)
        whole = 1
        for name in made:
            whole *= VALUES[name](x)
        assert one * other == whole, x


@pytest.mark.parametrize(("pair", "argument"), list(product(PRODUCTS, ARGUMENTS)), ids=str)
def test_a_product_of_functions_is_found(pair: tuple[str, str], argument: str) -> None:
    """For every kind of argument, and in whatever order the factors are multiplied."""
    one, other = (f"({argument})" if name == "X" else f"{name}({argument})" for name in pair)
    made = " .* ".join(f"({argument})" if name == "X" else f"{name}({argument})" for name in PRODUCTS[pair])
    for left in (f"{one} .* {other} .* exp(y)", f"exp(y) .* {other} .* {one}"):
        answer = differentiate(f"({left}) - ({made}) .* exp(y)", order=0, declarations=DECLARATIONS)
        assert index.number_of(answer.result.tensor) == 0, left


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
    assert index.number_of(answer.result.tensor) == 0


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
