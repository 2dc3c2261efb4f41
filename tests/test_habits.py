"""What people type who have NumPy, MATLAB or TeX in their fingers gets the same in the notation of this program."""

from __future__ import annotations

import pytest
from sessions import run

from matdiff.habits import translated

HABITS = {
    "norm(x, 2)": "||x||",
    "norm(x, 1)": "norm1(x)",
    "norm(X, 'fro')": "||X||",
    "np.maximum(0, X w)": "relu(X w)",
    "sum(max(0, 1 - y .* (X w)))": "sum(relu(1 - y .* (X w)))",
    "np.sum(x**2)": "sum(x .^ 2)",
    "A.T.dot(x)": "A^T x",
    "np.linalg.norm(A @ x - b)**2": "||A x - b||^2",
    "x.T @ A @ x": "x^T A x",
    "np.linalg.inv(A)": "inv(A)",
    "A\\b": "inv(A) b",
    "len(x)": "rows(x)",
    "A.shape[0] * tr(A)": "rows(A) tr(A)",
    "A.shape[1] * tr(A)": "cols(A) tr(A)",
    "x.sum()": "sum(x)",
    "X.mean()": "mean(X)",
    "A**2": "A^2",
    r"\frac{1}{2} \mathbf{x}^{\top} \mathbf{A} \mathbf{x}": "1/2 x^T A x",
    r"\|A x - b\|_2^2": "||A x - b||^2",
    "A^{-1}": "A^-1",
    "A^{T} x": "A^T x",
    "e^(x^T x)": "exp(x^T x)",
    "e^{-x^T x}": "exp(-x^T x)",
    "sin^2(x)": "sin(x) .^ 2",
    "<x, y>": "x^T y",
    r"\langle x, A y \rangle": "x^T (A y)",
    "np.dot(A, x)": "A x",
    "np.dot(x.T, np.dot(A, x))": "x^T (A x)",
    "x.dot(y)": "x^T y",
    "(A @ x - b).dot(A @ x - b)": "(A x - b)^T (A x - b)",
    "np.linalg.solve(A, b)": "inv(A) b",
    "np.sum(np.log(1 + np.exp(-y * (X @ w))))": "sum(log(1 + exp(-y .* (X w))))",
    "np.outer(x, y)": "x y^T",
    "np.multiply(x, y)": "x .* y",
    r"\log \det A": "log(det(A))",
    r"\operatorname{tr}(A^{\top} X)": "tr(A^T X)",
    r"\left( x^T A x \right)^{2}": "(x^T A x)^2",
    "torch.logdet(A)": "logdet(A)",
}


@pytest.mark.parametrize(("typed", "meant"), HABITS.items())
def test_it_is_proposed_in_this_notation(typed: str, meant: str) -> None:
    """The first help of the first error is the whole expression, and it works as it stands."""
    found = translated(typed)
    assert found is not None and found.text == meant
    outcome = run([typed, "--order", "0"])
    assert outcome.status in (2, 3)
    first = next(line for line in outcome.stderr.splitlines() if line.startswith("help:"))
    assert first.endswith(meant)
    assert run([meant, "--order", "0"]).status == 0


@pytest.mark.parametrize("text", ["x^T A x", "A x + y^T", "tr X^T A", "np.fft(x)", "x" * 1000, "A.T B.T C)", "os.system(x)", ""])
def test_what_cannot_be_translated_is_left_alone(text: str) -> None:
    assert translated(text) is None
