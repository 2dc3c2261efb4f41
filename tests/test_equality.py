"""`matdiff ONE --order 0 --expect OTHER`: whether two formulas are equal.

Pairs that are equal by a law of the language are decided by their normal form; the others by numbers.  A formula next to it that
is not equal is refused.
"""

from __future__ import annotations

import pytest

from matdiff.api import differentiate

DECLARATIONS = [
    "x: n", "y: n", "z: n", "A: n x n", "B: n x n", "C: n x n", "W: m x n", "S: symmetric n", "P: spd n", "D: diagonal n",
    "Q: orthogonal n", "K: skew n", "L: lower n", "alpha: scalar", "beta: scalar",
]  # fmt: skip

# A formula, an equal one, and one that is not equal.
BY_NORMAL_FORM = [
    # Sums and products
    ("x + y", "y + x", "x - y"),
    ("A (B + C) - A C", "A B", "B A"),
    ("(A B) C", "A (B C)", "A C B"),
    ("x .* y .* z", "z .* x .* y", "x .* y .* y"),
    ("A x + A^T x", "(A + A^T) x", "2 A x"),
    ("alpha x + beta x", "(alpha + beta) x", "alpha beta x"),
    ("2 (x + y) - x", "x + 2 y", "x + y"),
    ("(x - y) .* z", "x .* z - y .* z", "y .* z - x .* z"),
    # Transposes
    ("(A B)^T", "B^T A^T", "A^T B^T"),
    ("(A^T + B)^T", "A + B^T", "A^T + B"),
    ("x^T A y", "y^T A^T x", "y^T A x"),
    ("x y^T", "(y x^T)^T", "y x^T"),
    ("(A .* B)^T", "B^T .* A^T", "A .* B"),
    # Traces and contractions
    ("tr(A B C)", "tr(C A B)", "tr(A C B)"),
    ("tr(A B)", "tr(B^T A^T)", "tr(A^T B)"),
    ("A : B", "tr(A^T B)", "tr(A B)"),
    ("tr(A x y^T)", "y^T A x", "x^T A y"),
    ("sum(A .* B)", "tr(A B^T)", "tr(A B)"),
    ("sum(x .* y)", "x^T y", "sum(x) sum(y)"),
    ("tr(diag(x) A)", "x^T diag(A)", "sum(x) tr(A)"),
    ("tr(kron(A, B))", "tr(A) tr(B)", "tr(A B)"),
    ("||x||^2", "x^T x", "||x||"),
    ("||A||_F^2", "tr(A^T A)", "tr(A A)"),
    ("||x - y||^2", "(x - y)^T (x - y)", "x^T x - y^T y"),
    ("ones(n)^T A ones(n)", "sum(A)", "tr(A)"),
    ("sum(x - mean(x))", "0", "1"),
    # Diagonals
    ("diag(x) y", "x .* y", "x + y"),
    ("diag(x) diag(y)", "diag(x .* y)", "diag(x) + diag(y)"),
    ("diag(x) + diag(y)", "diag(x + y)", "diag(x .* y)"),
    ("diag(x) A diag(y)", "(x y^T) .* A", "(y x^T) .* A"),
    ("diag(A diag(x) B)", "(A .* B^T) x", "(A .* B) x"),
    ("diag(diag(A))", "A .* I", "A"),
    ("inv(diag(exp(x)))", "diag(exp(-x))", "diag(exp(x))"),
    ("D x", "diag(D) .* x", "diag(D) + x"),
    ("D^-2 x", "x ./ diag(D) .^ 2", "x ./ diag(D)"),
    # Inverses and powers
    ("inv(A B)", "B^-1 A^-1", "A^-1 B^-1"),
    ("inv(A)^T", "inv(A^T)", "inv(A)"),
    ("inv(2 A)", "1/2 A^-1", "2 A^-1"),
    ("A A^-1 x", "x", "A x"),
    ("A^2 A^-1", "A", "A^2"),
    ("inv(inv(A))", "A", "A^T"),
    ("inv(P D A)", "A^-1 D^-1 P^-1", "A^-1 P^-1 D^-1"),
    ("sqrtm(P) sqrtm(P)", "P", "sqrtm(P)"),
    ("x .^ alpha .* x", "x .^ (alpha + 1)", "x .^ (2 alpha)"),
    ("alpha / (alpha beta)^(3/2)", "1 / (beta sqrt(alpha beta))", "1 / (alpha beta)^(1/2)"),
    ("x ./ (x .* y)", "1 ./ y", "1 ./ x"),
    ("logdet(P) - logdet(P)", "0", "1"),
    # The structure of declared variables
    ("S^T A", "S A", "A S"),
    ("Q^T Q x", "x", "Q x"),
    ("Q^-1 A", "Q^T A", "Q A"),
    ("x^T K y", "-y^T K x", "y^T K x"),
    ("x^T K x", "0", "1"),
    ("S A + (A^T S)^T", "2 S A", "2 A S"),
    ("tr(S A)", "tr(S A^T)", "tr(A)"),
    # Functions by their definitions
    ("log(1 + exp(alpha))", "softplus(alpha)", "sigmoid(alpha)"),
    ("1 / (1 + exp(-alpha))", "sigmoid(alpha)", "sigmoid(-alpha)"),
    ("exp(alpha) / (1 + exp(alpha))", "sigmoid(alpha)", "1 - sigmoid(alpha)"),
    ("exp(x) / sum(exp(x))", "softmax(x)", "exp(x)"),
    ("log(sum(exp(A x)))", "logsumexp(A x)", "sum(A x)"),
    ("sum(softmax(x))", "1", "2"),
    ("sinh(x) ./ cosh(x)", "tanh(x)", "tan(x)"),
    ("log(exp(x))", "x", "exp(x)"),
    ("exp(A^T)", "exp(A)^T", "exp(A)"),
    ("sqrt(x^T x)", "||x||", "sum(x)"),
]
BY_NUMBERS = [
    ("softplus(alpha) - softplus(-alpha)", "alpha", "-alpha"),
    ("1 - sigmoid(alpha)", "sigmoid(-alpha)", "sigmoid(alpha)"),
    ("2 sigmoid(2 alpha) - 1", "tanh(alpha)", "tanh(2 alpha)"),
    ("logsumexp(x + alpha)", "logsumexp(x) + alpha", "logsumexp(x)"),
    ("softmax(x + alpha)", "softmax(x)", "alpha softmax(x)"),
    ("log(softmax(x))", "x - logsumexp(x)", "x"),
    ("sin(x) .^ 2 + cos(x) .^ 2", "ones(n)", "zeros(n)"),
    ("A (I + B A)^-1", "(I + A B)^-1 A", "(I + B A)^-1 A"),
    ("det(A B)", "det(A) det(B)", "det(A) + det(B)"),
    ("logdet(I + x x^T)", "log(1 + x^T x)", "x^T x"),
]


@pytest.mark.parametrize("one, other, neighbour", BY_NORMAL_FORM, ids=[one for one, *_ in BY_NORMAL_FORM])
def test_decided_by_the_normal_form(one: str, other: str, neighbour: str) -> None:
    verdict = differentiate(one, order=0, declarations=DECLARATIONS).expect(other)
    assert verdict.passed and verdict.exact
    assert differentiate(other, order=0, declarations=DECLARATIONS).expect(one).exact
    assert not differentiate(one, order=0, declarations=DECLARATIONS).expect(neighbour)


@pytest.mark.parametrize("one, other, neighbour", BY_NUMBERS, ids=[one for one, *_ in BY_NUMBERS])
def test_decided_by_numbers(one: str, other: str, neighbour: str) -> None:
    verdict = differentiate(one, order=0, declarations=DECLARATIONS).expect(other)
    assert verdict.passed and verdict.trials
    assert not differentiate(one, order=0, declarations=DECLARATIONS).expect(neighbour)
