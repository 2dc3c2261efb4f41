"""What the generated code does not do: no inverse where a solve will do, nothing formed that need not be, nothing twice."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pytest
import running

import matdiff
from matdiff.code.module import function_name


def body(expression: str, wrt: str, *, order: int = 1, format: str = "numpy", both: bool = False, **more: object) -> str:
    """The statements of the derivative's function, or of the one with the value."""
    declarations: Sequence[str] = more.pop("declarations", ())  # type: ignore[assignment]
    answer = matdiff.differentiate(expression, wrt, order=order, declarations=declarations)
    name = ("f_and_" if both else "") + function_name(answer.result)
    found = re.search(rf'^def {name}\(.*?\n    """.*?"""\n(.*?)(?:\n\n|\Z)', answer.to(format, **more), re.MULTILINE | re.DOTALL)
    assert found
    return "\n".join(line.strip() for line in found[1].splitlines())


@pytest.mark.parametrize(
    ("expression", "wrt", "declarations", "code"),
    [
        ("a^T X^-1 b", "b", (), "return np.linalg.solve(X.T, a)"),
        ("a^T A B x", "x", (), "return B.T @ (A.T @ a)"),
        (
            "a^T S^-2 b",
            "b",
            ("S: spd n",),
            "t0 = scipy.linalg.cho_factor(S)\nreturn scipy.linalg.cho_solve(t0, scipy.linalg.cho_solve(t0, a))",
        ),
        ("(x^T A x)^2", "x", ("A: symmetric n",), "t0 = A @ x\nreturn 4 * (x @ t0) * t0"),
        ("x^T A x", "x", (), "return A @ x + A.T @ x"),
        ("tr(A B)", "A", (), "return B.T"),
        ("sum(log(1 + exp(x)))", "x", (), None),
        ("log(sum(exp(x)))", "x", (), None),
        ("x^T diag(d) x", "x", (), "return 2 * (x * d)"),
        ("||X||_F", "X", (), "return X / np.linalg.norm(X)"),
        ("a^T (I - 2 u u^T) x", "x", (), None),
    ],
)
def test_code(expression: str, wrt: str, declarations: Sequence[str], code: str | None) -> None:
    found = body(expression, wrt, declarations=declarations)
    assert code is None or found == code
    assert not re.search(r"np\.(linalg\.inv|eye|diag|einsum|outer)\(", found)


def test_value_and_derivative_share_their_parts() -> None:
    assert body("logsumexp(A x + b)", "x", both=True) == "t0 = A @ x + b\nreturn _logsumexp(t0), A.T @ _softmax(t0)"
    assert body("||A x - b||^2", "x", both=True) == "t0 = A @ x - b\nreturn t0 @ t0, 2 * (A.T @ t0)"


def test_traces_and_inner_products_without_the_product() -> None:
    assert "np.vdot(A.T, B)" in body("tr(A B)", "A", both=True)
    assert body("tr(X^T A X)", "A", both=True) == "return np.vdot(A @ X, X), X @ X.T"
    assert body("||X||_F^2", "X", both=True) == "return np.vdot(X, X), 2 * X"


def test_definite_matrices_have_one_cholesky_factor() -> None:
    code = body("logdet(S) + x^T S^-1 x", "S", both=True, declarations=["S: spd n"])
    assert code.count("cho_factor") == 1 and "inv(" not in code and "lu_factor" not in code
    assert "cho_factor" in body("logdet(I + X^T X)", "X", both=True)
    # Taken without its structure, S may leave the definite matrices.
    plain = matdiff.differentiate("logdet(S)", "S", declarations="S: spd n", structure="ignore").to("numpy")
    assert "cho_" not in plain


def test_other_matrices_have_one_factor_where_they_are_used_twice() -> None:
    assert body("a^T X^-1 b", "X", both=True).count("lu_factor(X)") == 1
    assert "lu_factor" not in body("a^T X^-1 b", "b")


def test_symmetric_products() -> None:
    """X^T D X with D >= 0 is one array times itself in NumPy, where the library sees that; the others multiply as it stands."""
    code = body("sum(softplus(X w))", "w", order=2)
    assert re.search(r"(t\d) = np.sqrt\(.*\)\[:, None\] \* X\nreturn \1.T @ \1$", code)
    assert "sqrt" not in body("sum(softplus(X w))", "w", order=2, format="jax")
    softmax = body("logsumexp(A x)", "x", order=2)
    assert "np.diag" not in softmax and softmax.endswith("return t1.T @ t1 - np.outer(t2, t2)")


def test_the_order_of_products_follows_the_sizes() -> None:
    declarations = ["A: m x n", "B: n x p", "C: p x q", "X: q x m"]
    kept = body("tr(A B C X)", "X", declarations=declarations, sizes={"m": 10, "n": 1000, "p": 1000, "q": 10})
    assert kept == "return ((A @ B) @ C).T"
    narrow = body("tr(A B C X)", "X", declarations=declarations, sizes={"m": 1000, "n": 1000, "p": 1000, "q": 2})
    assert narrow == "return (A @ (B @ C)).T"
    text = matdiff.differentiate("tr(A B C X)", "X", declarations=declarations)
    assert "Products are ordered as for m = n = p = q" in text.to("numpy")
    assert "ordered" not in text.to("numpy", sizes={"m": 2, "n": 3, "p": 4, "q": 5})


def test_own_rules_of_a_format() -> None:
    assert body("x^T A x", "x", format="jax") == "return A @ x + x @ A"
    assert body("a^T X w", "w", format="jax") == "return a @ X"
    julia = matdiff.differentiate("x^T A x", "x").to("julia")
    assert "return A * x + A' * x" in julia


@pytest.mark.parametrize("format", ["numpy"])
def test_large_numbers_do_not_overflow(format: str) -> None:
    for expression in ("sum(log(1 + exp(x)))", "log(sum(exp(x)))", "sum(log(sigmoid(x)))", "logsumexp(x)"):
        answer = matdiff.differentiate(expression, "x")
        call = running.Call(answer.to(format), "f_and_df_dx", {"x": [1000.0, -1000.0, 800.0]})
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            value, slope = running.IN_PROCESS[format](call)
        assert np.isfinite(value) and np.all(np.isfinite(slope)), expression
    value = running.numpy(running.Call(matdiff.differentiate("log(det(X))", "X").to("numpy"), "f", {"X": 1e3 * np.eye(200)}))
    assert np.isclose(value[0], 200 * np.log(1e3))
