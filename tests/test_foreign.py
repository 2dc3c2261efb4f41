"""What people type who have NumPy, MATLAB or TeX in their fingers gets the same in the notation of this program."""

from __future__ import annotations

import pytest
from sessions import run

from matdiff.mistakes.foreign.translation import translated
from matdiff.read.syntaxes import syntax_of

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
    "len(x)": "rows(x)",
    "A.shape[0] * tr(A)": "rows(A) tr(A)",
    "A.shape[1] * tr(A)": "cols(A) tr(A)",
    "x.sum()": "sum(x)",
    "X.mean()": "mean(X)",
    "A**2": "A^2",
    "sin^2(x)": "sin(x) .^ 2",
    "np.dot(A, x)": "A x",
    "np.dot(x.T, np.dot(A, x))": "x^T (A x)",
    "x.dot(y)": "x^T y",
    "(A @ x - b).dot(A @ x - b)": "(A x - b)^T (A x - b)",
    "np.linalg.solve(A, b)": "inv(A) b",
    "np.sum(np.log(1 + np.exp(-y * (X @ w))))": "sum(log(1 + exp(-y .* (X w))))",
    "np.outer(x, y)": "x y^T",
    "np.multiply(x, y)": "x .* y",
    "torch.logdet(A)": "logdet(A)",
    # Methods apply to the whole group before them.
    "-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()": "-mean(y .* log(p) + (1 - y) .* log(1 - p))",
    "((A @ x - b)**2).sum()": "sum((A x - b) .^ 2)",
    "x.T.dot(A).dot(x)": "x^T A x",
    # Every argument counts.
    "np.sum(X, axis=0)": "X^T ones",
    "X.sum(axis=1)": "X ones",
    "X.sum(1)": "X ones",
    "np.sum(X, 0)": "X^T ones",
    "sum(X, 1)": "X^T ones",
    "sum(X,2)": "X ones",
    "mean(X, 2)": "X ones / cols(X)",
    "np.sum((x-y)**2, axis=0)": "sum((x - y) .^ 2)",
    "np.linalg.norm(x, ord=1)": "norm1(x)",
    "np.linalg.norm(x, ord=np.inf)": "maxnorm(x)",
    "np.linalg.norm(X, 'nuc')": "nucnorm(X)",
    "X.ravel() @ y": "vec(X^T)^T y",
    "X.ravel(order='F') @ y": "vec(X)^T y",
    "torch.norm(X, p=2)": "||X||",
    "norm(A, 2)": "||A||_2",
    "norm(x, Inf)": "maxnorm(x)",
    "torch.log_softmax(x, dim=0)": "log(softmax(x))",
    "F.softmax(x, dim=-1)": "softmax(x)",
    "np.linalg.slogdet(X)[1]": "logdet(X)",
    "x.dot(A.dot(y))": "x^T (A y)",
    "np.inner(A, B)": "A B^T",
    "np.einsum('ij,ij->', A, B)": "A : B",
    # In NumPy `*` and `**` act on every entry, and a vector on the left of `@` is a row.
    "np.sum(X**2)": "sum(X .^ 2)",
    "x**2 @ y": "(x .^ 2)^T y",
    "1 / (1 + np.exp(-X @ w))": "1 ./ (1 + exp(-X w))",
    "np.exp(x) / np.sum(np.exp(x))": "exp(x) / sum(exp(x))",
    "0.5 * np.linalg.norm(A @ x - b)**2 + lam * np.sum(np.abs(x))": "1/2 ||A x - b||^2 + lambda sum(abs(x))",
    "lambda x: x.T @ A @ x": "x^T A x",
    "xT A x": "x^T A x",
    "A.I @ b": "inv(A) b",
    # Indices that start at 0.
    "x[0]*x[1]": "x[1] x[2]",
    "A[0,:] @ x": "A[1,:] x",
    "A[0] @ x": "A[1,:] x",
    # MATLAB and Julia.
    "A\\b + [1 2; 3 4] x": "inv(A) b + [1, 2; 3, 4] x",
    "@(x) x'*A*x": "x^T A x",
    "sum(X(:,1))**2": "sum(X[:,1])^2",
    "x^T A x \\": "x^T A x",
    # R.
    "t(y - X%*%b) %*% (y - X%*%b)": "(y - X b)^T (y - X b)",
    "sum((y - X %*% b)^2)": "sum((y - X b) .^ 2)",
    "solve(A) %*% b": "inv(A) b",
    "solve(A, b)": "inv(A) b",
    "crossprod(X, y)": "X^T y",
    "tcrossprod(X)": "X X^T",
    "x %o% y": "x y^T",
    "A %x% B": "kron(A, B)",
    "f <- t(x) %*% x": "f = x^T x",
    "X[,1]": "X[:,1]",
    # Mathematica.
    "Tr[X]": "tr(X)",
    "Det[X]": "det(X)",
    "Norm[x]^2": "||x||^2",
    "Norm[X]": "||X||_2",
    # Of papers.
    "x^t A x": "x^T A x",
    "X^t X": "X^T X",
    "x^* A x": "x^T A x",
    "A^+ b": "pinv(A) b",
}
# What is asked by an option here.
DERIVATIVES = {
    "grad(x^T A x, x)": ("use --wrt x", "x^T A x"),
    "hessian(x^T A x, x)": ("use --wrt x --hessian", "x^T A x"),
}


# What is read as it stands.
READ = ("norm(x, 2)", "norm(x, 1)", "norm(X, 'fro')", "sum(max(0, 1 - y .* (X w)))", "norm(A, 2)", "norm(x, Inf)")


@pytest.mark.parametrize("typed", READ)
def test_it_is_read_as_it_stands(typed: str) -> None:
    outcome = run([typed, "--order", "0"])
    assert outcome.status == 0
    assert outcome.stdout == run([HABITS[typed], "--order", "0"]).stdout


@pytest.mark.parametrize(("typed", "meant"), [habit for habit in HABITS.items() if habit[0] not in READ])
def test_it_is_proposed_in_this_notation(typed: str, meant: str) -> None:
    """The first help of the first error is the whole expression, and it works as it stands."""
    found = translated(typed)
    assert found is not None and found.text == meant
    outcome = run([typed, "--order", "0"])
    if syntax_of(typed) == "numpy":  # it is read; what it is translated to is a reading of it in another language
        assert outcome.status == 0 and "note[W619]: read as " in outcome.stderr
        return
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


@pytest.mark.parametrize("text", ["foo(X, y)", "loss(x)", "Inverse(X)", "solve(A) b"])
def test_no_product_is_made_of_a_call(text: str) -> None:
    assert "for a product" not in run([text, "--order", "0"]).stderr


def test_a_statement_in_another_language_is_one_error() -> None:
    for text in ("t(y - X%*%b) %*% (y - X%*%b)", "np.sum(x**2) + y^T y"):
        assert run([text, "--order", "0"]).stderr.count("error[") == 1
    assert run([r"\sum_{i=1}^n x_{i}", "--order", "0"]).stderr.count("error[") == 1


def test_what_a_size_says_already_is_not_said_again() -> None:
    assert "help: transpose x:  x^T @ A @ x\n" in run(["x @ A @ x", "--order", "0"]).stderr
    assert run(["|x|_1", "--order", "0"]).stderr.endswith("help: ||x||_1   sum of absolute values\n")


def test_only_the_statement_with_the_mistake_is_translated() -> None:
    """Its sizes fit what the others and --var say."""
    assert "help: r = A x - y\n" in run(["A: 3 x 2; r = np.dot(A, x) - y; r^T r", "--order", "0"]).stderr
