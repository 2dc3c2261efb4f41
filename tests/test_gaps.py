"""What is known to be missing: each test fails for the reason it gives, and says so when that is no longer true."""

from __future__ import annotations

import pytest

import matdiff


@pytest.mark.xfail(
    strict=True, reason="the factors of a square entry by entry are turned one by one, and K^T of a skew K is not -K there"
)
def test_a_power_of_a_skew_matrix_squared_entry_by_entry() -> None:
    assert matdiff.differentiate("(K^3) .^ 2", order=0, declarations="K: skew n").text == "(K^3) .^ 2"


@pytest.mark.xfail(
    strict=True, reason="of the published derivatives some have no double contraction: vec and kron give other axes than a matrix"
)
@pytest.mark.parametrize("expression", ["vec(A X B)", "kron(X, Y)"])
def test_every_result_has_a_frobenius_notation(expression: str) -> None:
    assert matdiff.differentiate(expression, "X").in_notation("frobenius").result.form == "frobenius"


@pytest.mark.xfail(
    strict=True, reason="the derivative of such a function is an operator that no product of Kronecker products is"
)
@pytest.mark.parametrize("expression", ["expm(X)", "adj(X)"])
def test_every_result_has_a_kronecker_notation(expression: str) -> None:
    assert matdiff.differentiate(expression, "X").in_notation("kronecker").result.form == "kronecker"
