"""What people type who have R, Mathematica or half of another language in their fingers is told in the notation of this program."""

from __future__ import annotations

import pytest
from sessions import run

from matdiff.mistakes.foreign.translation import translated

HABITS = {
    # R.
    "t(y - X%*%b) %*% (y - X%*%b)": "(y - X b)^T (y - X b)",
    "sum((y - X %*% b)^2)": "sum((y - X b) .^ 2)",
    "t(x) %*% A %*% x / sum(x^2)": "x^T A x / sum(x .^ 2)",
    "x %*% A %*% y": "x^T A y",
    "t(x) %*% A %*% x / n": "x^T A x / n",
    "t(x)": "x^T",
    "sum(w * (y - X %*% b)^2) / 2": "sum(w .* (y - X b) .^ 2) / 2",
    "1/(1 + exp(-X %*% b))": "1 ./ (1 + exp(-X b))",
    "sum(x1 * (X %*% b))": "sum(x1 .* (X b))",
    "solve(A) %*% b": "inv(A) b",
    "solve(A, b)": "inv(A) b",
    "log(det(S)) + sum(diag(solve(S) %*% A))": "log(det(S)) + sum(diag(inv(S) A))",
    "crossprod(X, y)": "X^T y",
    "tcrossprod(X)": "X X^T",
    "x %o% y": "x y^T",
    "A %x% B": "kron(A, B)",
    "A %x% B %*% c": "kron(A, B) c",
    "A %*% B %x% C": "kron(A B, C)",
    "f <- t(x) %*% x": "f = x^T x",
    "function(x) t(x) %*% A %*% x": "x^T A x",
    "X[,1]": "X[:,1]",
    # Mathematica.
    "Tr[X]": "tr(X)",
    "Det[X]": "det(X)",
    "Log[Det[S]]": "log(det(S))",
    "Norm[x]^2": "||x||^2",
    "Norm[X]": "||X||_2",
    "Norm[A.x - b]^2": "||A x - b||^2",
    "Tr[A.X]": "tr(A X)",
    "Inverse[A].b": "inv(A) b",
    "Transpose[x].A.x": "x^T A x",
    "x.A.x": "x^T A x",
    "Transpose[A . x - b] . (A . x - b)": "(A x - b)^T (A x - b)",
    "f[x_] := x.A.x": "x^T A x",
    # What is read neither as MATLAB nor as Julia.
    "sum(X, 1)": "X^T ones",
    "sum(X,2)": "X ones",
    "mean(X, 2)": "X ones / cols(X)",
    "A\\b + [1 2; 3 4] x": "A^-1 b + [1, 2; 3, 4] x",
    "@(x) x'*A*x": "x^T A x",
    "sum(X(:,1))**2": "sum(X[:,1])^2",
    "x^T A x \\": "x^T A x",
    "sum(abs2, x)": "sum(x .^ 2)",
    "opnorm(X)": "||X||_2",
    # Half in Python.
    "len(x)": "rows(x)",
    "np.sum(X w)": "sum(X w)",
    "np.maximum(0, X w)": "relu(X w)",
    "np.dot(A, x) + B y": "A x + B y",
    "X.T (X w - y)": "X^T (X w - y)",
    "np.linalg.norm(X w - y)**2": "||X w - y||^2",
    "np.sum((X w - y)**2)": "sum((X w - y) .^ 2)",
    # Of papers.
    "sin^2(x)": "sin(x) .^ 2",
    "xT A x": "x^T A x",
    "x^t A x": "x^T A x",
    "X^t X": "X^T X",
    "x^* A x": "x^T A x",
    "A^+ b": "pinv(A) b",
}
# What is asked by an option here.
DERIVATIVES = {
    "grad(x^T A x, x)": ("use --wrt x", "x^T A x"),
    "D[x.A.x, x]": ("use --wrt x", "x^T A x"),
    "hessian(x^T A x, x)": ("use --wrt x --hessian", "x^T A x"),
}


# What is read as it stands.
READ = {
    "norm(x, 2)": "||x||",
    "norm(x, 1)": "||x||_1",
    "norm(X, 'fro')": "||X||",
    "sum(max(0, 1 - y .* (X w)))": "sum(relu(1 - y .* (X w)))",
    "norm(A, 2)": "||A||_2",
    "norm(x, Inf)": "||x||_inf",
}


@pytest.mark.parametrize("typed", READ)
def test_it_is_read_as_it_stands(typed: str) -> None:
    outcome = run([typed, "--order", "0"])
    assert outcome.status == 0
    assert outcome.stdout == run([READ[typed], "--order", "0"]).stdout


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


@pytest.mark.parametrize(("typed", "told"), DERIVATIVES.items())
def test_a_derivative_is_asked_for_by_an_option(typed: str, told: tuple[str, str]) -> None:
    found = translated(typed)
    assert found is not None and (found.option, found.text) == told


@pytest.mark.parametrize(
    "text",
    [
        "x^T A x",
        "A x + y^T",
        "tr X^T A",
        "np.fft(x)",
        "x" * 1000,
        "A.T B.T C)",
        "os.system(x)",
        "",
        # An argument that is not understood.
        "tr(A, B)",
        "y.hat %*% x",
        "x.sum() w",
        "y = W x; a^T t(y)",
        "np.linalg.norm(X, axis=1)",
        "np.linalg.norm(X, 1)",
        "torch.norm(X, 2)",  # Frobenius, but spectral in np.linalg
        "norm(X %*% B)",
        "sum(X, 3)",
        "np.sum(X, axis=0, where=M)",
        "x[-1]",
        # Too deep to be an expression.
        "(" * 240 + "x.T" + ")" * 240,
        "2**" * 160 + "2",
        "x.T" + "*x" * 240,
        r"\frac" * 80,
        # It is not clear what is meant.
        "|x|",
        "|A|^2",
        "x^2 + y^2",
        r"\operatorname{tr} X^T A",
        r"\sum_{i=1}^n x_i^2",
        "grad(f, x)",
        "f(a, b)",
    ],
)
def test_what_cannot_be_translated_is_left_alone(text: str) -> None:
    assert translated(text) is None


def test_half_a_statement_is_no_bug() -> None:
    for text in HABITS:
        for place in range(1, len(text), 2):
            for part in (text[:place], text[place:], text[:place] + text[place + 1 :]):
                translated(part)


@pytest.mark.parametrize("text", ["foo(X, y)", "loss(x)", "Inverse(X)", "solve(A) b"])
def test_no_product_is_made_of_a_call(text: str) -> None:
    assert "for a product" not in run([text, "--order", "0"]).stderr


def test_a_statement_in_another_language_is_one_error() -> None:
    for text in ("t(y - X%*%b) %*% (y - X%*%b)", "np.sum(x**2) + y^T y"):
        assert run([text, "--order", "0"]).stderr.count("error[") == 1


def test_what_a_size_says_already_is_not_said_again() -> None:
    assert "help: transpose x:  x^T @ A @ x\n" in run(["A: n x n; x @ A @ x", "--order", "0"]).stderr
    assert run(["|x|_1", "--order", "0"]).stderr.endswith("help: ||x||_1   sum of absolute values\n")


def test_only_the_statement_with_the_mistake_is_translated() -> None:
    """Its sizes fit what the others and --var say."""
    assert "help: r = A x - y\n" in run(["A: 3 x 2; r = np.dot(A, x) - y; r^T r", "--order", "0"]).stderr
