"""Code for NumPy is read as NumPy runs it: the same value and the same shape, at random arrays; and nothing of it is run."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.special
from running import Call, given
from running import numpy as run

import matdiff
from matdiff.language.errors import (
    Departure,
    MatdiffError,
    SeveralReadings,
    TooLarge,
    UnexpectedText,
    UnknownFunction,
    UnreadCode,
)
from matdiff.language.statements import Definition, Question
from matdiff.language.text import text as canonical
from matdiff.limits import within
from matdiff.read.numpy.reader import read
from matdiff.read.syntaxes import syntax_of

SIZES = {"n": 3, "p": 4, "k": 2}
# The arrays of the expressions: their axes, by name.  Numbers have none.
AXES = {
    **dict.fromkeys(("x", "y", "z", "r", "a"), "n"), **dict.fromkeys(("w", "v", "b", "u"), "p"), **dict.fromkeys(("A", "B", "S", "M"), "nn"),
    "X": "np", "Y": "np", "W": "pk", "V": "pk", "q": "np", "f": "k",
    **dict.fromkeys(("lam", "alpha", "t", "eps", "n", "d", "tau", "mu"), ""),
}  # fmt: skip
LIBRARIES = {"np": np, "scipy": scipy, "len": len, "sum": sum, "abs": abs, "pow": pow, "math": __import__("math")}


def arrays(seed: int = 0) -> dict[str, Any]:
    """Positive arrays, and matrices that are far from singular."""
    random = np.random.default_rng(seed)
    made: dict[str, Any] = {}
    for name, axes in AXES.items():
        value = random.uniform(0.3, 0.9, [SIZES[axis] for axis in axes])
        made[name] = value + 2 * np.eye(3) if axes == "nn" else value if axes else float(value)
    made["S"] = made["S"] + made["S"].T
    return made


def value_of(code: str, inputs: dict[str, Any], declarations: list[str] | None = None) -> Any:
    """What the code is by this program: it is read, printed as code, and that is run."""
    source = matdiff.differentiate(code, order=0, syntax="numpy", declarations=declarations or []).to("numpy")
    header = re.search(r"^def f\((.*)\):", source, re.M)
    assert header, source
    names = [name for name in header[1].split(", ") if name]
    return run(Call(source, "f", {name: inputs[given(name, inputs)] for name in names}))[0]


EXPRESSIONS = """
X @ w
x @ A
x @ X
x @ y
x @ A @ y
x.T @ A @ x
X.T @ X
X.T @ x
X @ W
X @ W + f
(X @ W).T
x * y
A * B
X * w[None, :]
x[:, None] * X
x[:, None] * w[None, :]
x[:, np.newaxis] + w
2 * x
lam * A
x / 3
X / (1 + lam)
1 / (1 + np.exp(-x))
-x + y - 3 * z
x ** 2
A ** 3
2 ** x
x ** -1
lam ** 0.5
t ** -2
x ** y
1e-3 * x + 2.5e1 * y
1_000 * x
np.sum(x)
np.sum(X)
x.sum()
X.sum(axis=0)
X.sum(axis=1)
X.sum(axis=-1)
X.sum(0)
X.sum(axis=(0, 1))
np.sum(X, axis=0, keepdims=True)
X / X.sum(axis=1, keepdims=True)
X / X.sum(axis=0)
X - X.mean(axis=0)
X - X.mean(axis=1, keepdims=True)
x - x.mean()
x - x.mean(keepdims=True)
np.mean((X @ w - x) ** 2)
X.mean()
np.var(x)
np.std(x)
X.var(axis=0)
np.var(X, axis=1, ddof=1)
(X - X.mean(axis=0)) / np.sqrt(X.var(axis=0) + 1e-5)
np.trace(A)
A.trace()
np.trace(A @ B)
np.dot(x, y)
np.dot(A, x)
np.dot(x, A)
np.dot(A, B)
np.dot(lam, x)
x.dot(y)
A.dot(x)
np.inner(x, y)
np.inner(A, x)
np.inner(x, A)
np.inner(X, Y)
np.outer(x, w)
np.vdot(x, y)
np.vdot(X, Y)
np.kron(A, X)
np.kron(x, w)
np.linalg.multi_dot([A, X, W])
np.linalg.inv(A)
np.linalg.inv(A) @ x
np.linalg.solve(A, x)
np.linalg.solve(A, X)
np.linalg.det(A)
np.linalg.slogdet(A)[1]
np.log(np.linalg.det(A))
np.linalg.pinv(X)
np.linalg.matrix_power(A, 3)
np.linalg.norm(x)
np.linalg.norm(x) ** 2
np.linalg.norm(X)
np.linalg.norm(x, 1)
np.linalg.norm(x, np.inf)
np.linalg.norm(x, ord=2)
np.linalg.norm(X, 'fro')
np.linalg.norm(X, ord=2)
np.linalg.norm(X, ord='nuc')
np.linalg.norm(X, axis=1)
np.linalg.norm(X, axis=0, keepdims=True)
np.linalg.eigvalsh(S)[-1]
np.linalg.eigvalsh(S)[0]
scipy.linalg.expm(A)
scipy.linalg.logm(S)
scipy.linalg.sqrtm(S)
np.exp(x) + np.log(x) + np.sqrt(x)
np.log1p(x) - np.expm1(y)
np.abs(x - y)
np.sign(x - 0.5)
np.sin(x) * np.cos(y) + np.tan(z)
np.arcsin(x) + np.arccos(y) - np.arctan(z)
np.sinh(x) + np.cosh(y) + np.tanh(z)
np.log2(x) + np.log10(y)
np.square(x)
np.reciprocal(x)
np.negative(x)
np.maximum(x - 0.6, 0)
np.maximum(0, x - 0.6)
np.maximum(x, y)
np.minimum(x, y)
np.minimum(x - 0.6, 0)
np.logaddexp(0, x)
np.logaddexp(x, y)
np.clip(x, 0.4, 0.6)
np.clip(x, 0.5, None)
np.clip(x, a_min=None, a_max=0.5)
x.clip(0.4, 0.6)
(x > 0.5) * x
np.where((x > 0.4) & (y < 0.6), x, y)
np.where((x > 0.8) | ~(y < 0.6), x, 0)
np.hypot(x, y)
np.cbrt(x)
np.column_stack([x, y])
np.column_stack([X, x])
np.tensordot(X, W, axes=1)
np.tensordot(X, Y)
np.cov(X, rowvar=False)
np.cov(X)
np.cov(X.T, bias=True)
np.linalg.norm(X, ord=1, axis=1)
x / np.linalg.norm(x, keepdims=True)
x.astype(float) + float(lam)
X @ w + lam if X.ndim == 2 else X
np.heaviside(x - 0.5, 0)
np.where(x > y, x, 2 * y)
np.where(np.abs(x) <= 0.5, x**2, np.abs(x))
np.where(X > 0.5, X, 0)
np.add(x, y) + np.subtract(x, y) + np.multiply(x, y) + np.divide(x, y)
np.power(x, 3)
np.matmul(X, w)
scipy.special.expit(x)
scipy.special.log_expit(x)
scipy.special.erf(x)
scipy.special.logsumexp(x)
scipy.special.logsumexp(X)
scipy.special.logsumexp(X, axis=1)
scipy.special.logsumexp(X, axis=0)
scipy.special.softmax(x)
scipy.special.softmax(X)
scipy.special.softmax(X, axis=1)
scipy.special.softmax(X, axis=-1) @ w
scipy.special.softmax(X, axis=0)
scipy.special.log_softmax(x)
scipy.special.log_softmax(X, axis=1)
np.max(x)
X.max()
x.min()
x - np.max(x)
np.diag(x)
np.diag(A)
np.diag(np.diag(A))
np.diag(x) @ A
A + lam * np.eye(3)
A + np.eye(len(x))
np.linalg.inv(X.T @ X + lam * np.eye(X.shape[1])) @ X.T @ x
np.ones(3) @ x
x @ np.ones(3)
X @ np.ones(X.shape[1])
np.ones(len(x)) @ A @ np.ones(A.shape[1])
np.outer(np.ones(3), w) - X
np.zeros(3) + x
np.ones((3, 4)) * X
X.reshape(-1)
X.ravel()
X.flatten()
X.flatten(order='F')
np.ravel(X) @ np.ravel(X)
x.reshape(-1, 1) @ w.reshape(1, -1)
x.reshape(-1)
X.T.ravel()
X.transpose() @ x
np.transpose(X) @ x
X.swapaxes(0, 1)
np.swapaxes(X, -1, -2)
len(x) * x
X.shape[0] * lam
x.shape[0] + X.shape[1]
X.size * lam
np.size(x) * lam
np.pi * x + np.e
math.sqrt(lam) * x
x[0]
x[0] * x[2]
X[:, 0]
X[:, 1] @ X[:, 2]
X[0]
X[1, :]
X[1, 2]
X[0][1]
x[-1] * x[-2]
X[-1]
X[:, -1]
X[-1, -2]
x[1:]
x[:-1]
x[:2]
x[1:2]
x - x[:1]
x[1:] - x[-1:]
X - X[:1]
X - X[:, 1:2]
x[1:] - x[:-1]
(x ** 2)[1:] * y[:-1]
np.exp(x)[-1]
X[1:, :]
X[:, :-1]
X[1:]
X[:-1, 1:]
X[1:, 0]
X[:, 1:3] @ x[:2]
X.T[1:]
x[1:][1:]
np.diff(x)
np.diff(X)
np.diff(X, axis=0)
np.sum((x[1:] - x[:-1]**2)**2) + np.sum((1 - x[:-1])**2)
w[:-1] @ x + w[-1]
x[:]
X[:, :]
np.dot(X[:, 0], X[:, 1])
np.tril(A) + np.triu(B)
np.cumsum(x)
np.concatenate([x, w])
np.hstack([x, w])
np.hstack([A, X])
np.vstack([X, Y])
np.vstack([x, y])
np.concatenate([X, Y], axis=0)
np.concatenate((A, X), axis=1)
np.block([[A, X], [B, Y]])
np.array([1.5, 2, 3]) * x
np.array([[1, 2, 3], [4, 5, 6], [7, 8, 10]]) @ x
np.array([lam, 2 * lam])
np.asarray(x) + x.copy()
abs(x - y)
pow(lam, 2)
sum(x)
sum(X)
(x @ y) * z
x * (y @ z)
(x @ y) / (x @ x) * x
x @ y * z @ x
lam * w @ w
0.5 * r @ r + lam * np.sum(np.abs(w))
(X @ w - x).T @ M @ (X @ w - x)
np.sum((X @ W @ V.T - Y) ** 2)
-(x * np.log(y)).sum() - ((1 - x) * np.log(1 - y)).sum()
np.sum(np.log(1 + np.exp(-x * (X @ w))))
scipy.special.softmax(X @ V @ V.T @ X.T / np.sqrt(d), axis=-1) @ X
np.tanh(X @ W + f) @ W.T
((X @ W) * (X @ V)).sum(axis=1) - x
X.T @ (scipy.special.expit(X @ w) - x) / n
np.squeeze(X.sum(axis=0, keepdims=True)) - w
x[None, :] @ A @ x[:, None]
np.expand_dims(x, 1) * X
np.average(x)
np.ones_like(x) @ x
np.ones_like(X) + X
np.zeros_like(x) + x
np.real(x) + np.conj(y)
(lam * x) @ y - x @ (y * lam)
X.T[0] + x
(-x) @ A + 2 * (A @ x)
""".strip().splitlines()

EINSUMS = """
ij,jk->ik A X
ij,j->i X w
ij,i->j X x
i,i-> x y
i,i x y
ij,ij-> X Y
ij,ij->ij X Y
ij,ji-> A B
ii-> A
ii A
ii->i A
ij->ji X
ij->i X
ij->j X
ij-> X
ij,kj->ik X Y
ji,jk->ik X Y
i,j->ij x w
i,j->ji x w
i,j-> x w
i,i->i x y
i,ij->ij x X
j,ij->ij w X
i,ij,j-> x X w
ij,jk,ki-> A B S
ij,jk,kl->il A B X
i,ij,jk,k-> x A B y
i,ij,ik->jk x X Y
ij,ij->i X Y
ij,ij->j X Y
ij,ij,j->i X Y w
,i->i lam x
ii,j->j A w
i,i,i-> x y z
ij,ji->i A B
jk X
kj X
""".strip().splitlines()


@pytest.mark.parametrize("code", EXPRESSIONS)
def test_an_expression_has_the_value_that_numpy_gives(code: str) -> None:
    for seed in (0, 1):
        inputs = arrays(seed)
        expected = eval(code, {**LIBRARIES, **inputs})
        found = value_of(code, inputs)
        assert_same(found, expected)


@pytest.mark.parametrize("row", EINSUMS)
def test_an_einsum_has_the_value_that_numpy_gives(row: str) -> None:
    subscripts, *names = row.split()
    inputs = arrays()
    code = f'np.einsum("{subscripts}", {", ".join(names)})'
    assert_same(value_of(code, inputs), eval(code, {"np": np, **inputs}))


# Functions whose einsums are put into each other: every one has its own letters.
NESTED_EINSUMS = [
    'g = lambda A, B: np.einsum("ij,jk->ik", A, B)\nnp.sum(g(g(A, B), S) ** 2)',
    'g = lambda A, B: np.einsum("ij,jk->ik", A, B)\nnp.trace(g(A, g(B, S)))',
    'g = lambda A, B: np.einsum("ij,kj->ik", A, B)\nnp.sum(g(g(A, B), g(S, g(S, B))) ** 2)',
    'g = lambda x, W: np.einsum("bi,ij->bj", x, W)\nnp.sum(g(np.tanh(g(np.tanh(g(M, A)), B)), S) ** 2)',
    'g = lambda A, x: np.einsum("ij,j->i", A, x)\nnp.sum(np.tanh(g(A, np.exp(g(B, y)))))',
    'g = lambda A: np.einsum("ij->ji", A)\ng(g(A) @ B) @ y',
]


@pytest.mark.parametrize("code", NESTED_EINSUMS)
def test_an_einsum_of_einsums_has_the_value_that_numpy_gives(code: str) -> None:
    inputs = arrays()
    *lines, last = code.splitlines()
    names: dict[str, Any] = {"np": np, **inputs}
    exec("\n".join(lines), names)
    assert_same(value_of(code, inputs), eval(last, names))


def assert_same(found: Any, expected: Any) -> None:
    """The same numbers and shape; a matrix with one row or column is a vector or a number here."""
    expected, found = np.asarray(expected, float), np.asarray(found, float)
    if 1 in expected.shape:
        expected, found = expected.squeeze(), found.squeeze()
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-12)


# Kinds


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        ("x.T @ A @ x", "x^T A x"),
        ("A.T.dot(x)", "A^T x"),
        ("np.sum((X @ w - y)**2) / (2 * n)", "sum((X w - y) .^ 2) / (2 n)"),
        ("F.relu(W @ x + b)", "relu(W x + b)"),
        ("jnp.mean(jax.nn.softplus(-y * (X @ w)))", "mean(softplus(-y .* (X w)))"),
        ("torch.norm(X, p=2)", "||X||"),  # of the entries, as the library has it
        ("np.linalg.norm(X, 2)", "||X||_2"),
        ("import torch.linalg as LA\nLA.norm(X, 2)", "||X||_2"),
        ("import torch\nfrom torch.linalg import norm\nnorm(X, 2)", "||X||_2"),
        ("import autograd.numpy as np\nnp.sum(np.exp(x))", "sum(exp(x))"),
        ("import numpy as np\nfrom scipy.special import logsumexp as lse\nlse(X)", "log(sum(exp(X)))"),
        ("(q @ k.T / d**0.5).softmax(-1) @ v", "softmax(q k^T / d^(1/2), rows) v"),
        ("x.T @ (x @ w - y) / len(y)", "x^T (x w - y) / rows(y)"),  # x can only be a matrix
        ("w.T @ x + b", "w^T x + b"),
        ("X @ W + b", "X W + ones b^T"),
        ("gamma * (x - x.mean()) + beta", "gamma .* (x - mean(x)) + beta"),
        # Greek letters that can only be numbers stay numbers; an elementwise sum, a product with `dot`, a shift make them vectors
        ("-0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())", "-1/2 sum(1 + logvar - mu .^ 2 - exp(logvar))"),
        ("0.5 * np.sum(mu**2 + sigma**2 - 1 - 2 * np.log(sigma))", "1/2 sum(mu .^ 2 + sigma .^ 2 - 1 - 2 log(sigma))"),
        ("np.sum(np.square(X.dot(theta) - y)) / (2 * m)", "sum((X theta - y) .^ 2) / (2 m)"),
        ("np.sum(lam * np.abs(w)) + np.sum(alpha * w**2)", "sum(lam abs(w)) + sum(alpha w .^ 2)"),
        ("gamma * (X - X.mean(axis=0)) + beta", "(ones gamma^T) .* (X - ones mean(X, cols)) + ones beta^T"),
        ("mu + sigma * (L @ z)", "mu + sigma .* (L z)"),
        ("np.mean((X @ w + b - y) ** 2)", "mean((X w + b - y) .^ 2)"),
        ("w @ Sigma @ w", "w^T Sigma w"),
        ("r = y - X @ w\nr[1:] @ r[:-1]", "([zeros(n - 1, 1), eye(n - 1)] r)^T ([eye(n - 1), zeros(n - 1, 1)] r)"),
        ("m = x.mean()\n(x - m) / 2 + m**2", "(x - m ones) / 2 + m^2 ones"),
        ("-y.T @ np.log(h) - (1 - y).T @ np.log(1 - h)", "(-y)^T log(h) - (1 - y)^T log(1 - h)"),
        ("def loss(w):\n    r = X @ w - y\n    return 0.5 * r @ r", "1/2 r^T r"),
        ("import numpy as xp\nxp.sum(xp.exp(x))", "sum(exp(x))"),
        ("from numpy.linalg import inv, det as d\nd(A) * inv(A)", "det(A) A^-1"),
        ("sigmoid = lambda z: 1 / (1 + np.exp(-z))\nnp.sum(sigmoid(X @ w))", "sum(1 ./ (1 + exp(-X w)))"),
        (
            "def h(z):\n    u = np.tanh(z)\n    return u * u\n\ndef f(x):\n    return np.sum(h(A @ x))",
            "sum(tanh(A x) .* tanh(A x))",
        ),
        ("def f(x: float):\n    return x * np.exp(x)", "x exp(x)"),
        ("n, p = X.shape\nnp.sum(X) / (n * p)", "sum(X) / (n p)"),
        ("    np.sum(x)\n", "sum(x)"),
        ("# a comment: def f(x)\nnp.sum(\n    x,\n)  # np.exp", "sum(x)"),
        ("λ * np.sum(β_0)", "lambda sum(beta_0)"),
        ("np.sum(K @ e)", "sum(K e)"),
        ("norm = np.linalg.norm(x)\nnorm ** 2", "norm_^2"),
    ],
)
def test_code_is_read_as(code: str, meant: str) -> None:
    reading = read(code)
    assert not reading.failed, reading.failed
    question = reading.statements[-1]
    assert isinstance(question, Question) and canonical(question.expr) == meant
    assert question.remarks[0].code == "W619"


def test_a_name_that_is_assigned_again_is_another_one() -> None:
    reading = read("y = np.exp(x)\ny = y * y\ny += 1\ny.sum()")
    definitions = {one.name: canonical(one.expr) for one in reading.statements if isinstance(one, Definition)}
    assert definitions == {"y": "exp(x)", "y_2": "y .* y", "y_3": "y_2 + 1"}
    assert canonical(reading.statements[-1].expr) == "sum(y_3)"  # type: ignore[union-attr]


STATEMENTS = [
    # Unpacking; branches that the text decides; what is returned
    ("a, b = x.sum(), x @ x\na * b", "a = sum(x); b = x^T x; a b"),
    ("sign, logdet = np.linalg.slogdet(A)\n0.5 * logdet", "logdet_ = logdet(A); 1/2 logdet_"),
    ("def f(x):\n    a, b = x\n    return a**2 + np.sin(b)", "a = x[1]; b = x[2]; a^2 + sin(b)"),
    ("def f(params, x):\n    W, b = params\n    return np.tanh(W @ x + b)", "tanh(W x + b)"),
    ("def f(params, x):\n    return jnp.tanh(params['W'] @ x + params['b'])", "tanh(W x + b)"),
    ("def forward(self, x):\n    return F.relu(self.W @ x + self.b)", "relu(W x + b)"),
    ("class Net(nn.Module):\n    def act(self, z):\n        return F.relu(z)\n\n    def forward(self, x):\n        return self.act(self.W @ x)",
     "relu(W x)"),
    ("def f(x, reduction='mean'):\n    l = x**2\n    if reduction == 'mean':\n        return l.mean()\n    return l.sum()",
     "l = x .^ 2; mean(l)"),
    ("def f(x, lam=None):\n    l = np.sum(x**2)\n    if lam is not None:\n        l += lam\n    return l", "l = sum(x .^ 2)"),
    ("def f(x, y):\n    if x.shape != y.shape:\n        raise ValueError('x')\n    return x @ y", "x^T y"),
    ("def f(x):\n    return x @ x if x.ndim == 1 else x.sum()", "x^T x"),
    ("def f(w):\n    r = X @ w - y\n    return 0.5 * r @ r, X.T @ r", "r = X w - y; 1/2 r^T r"),
    ("def cost(w):\n    r = X @ w - y\n    return r @ r, X.T @ r\nJ, g = cost(w)\nJ + 1", "J = (X w - y)^T (X w - y); J + 1"),
    ("import numpy as np\nX = np.random.randn(9, 4)\ny = np.random.randn(9)\nloss = np.sum((X @ w - y)**2)\nprint(loss)",
     "loss = sum((X w - y) .^ 2)"),
    ("criterion = nn.MSELoss(reduction='sum')\ncriterion(X @ w, y)", "sum((X w - y) .^ 2)"),
    ("with torch.no_grad():\n    p = X @ w\np.sum()", "p = X w; sum(p)"),
    ("if __name__ == '__main__':\n    y = 1\nx.sum()", "sum(x)"),
    ("np.sum((x > 0) * x)", "sum(step(x) .* x)"),
    ("m = (x > 0) & (x < 1)\nnp.where(m, x, 0)", "m = step(x) .* step(1 - x); m .* x"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "meant"), STATEMENTS)
def test_statements_are_read_as(code: str, meant: str) -> None:
    reading = read(code)
    assert not reading.failed, reading.failed
    question = reading.statements[-1]
    assert isinstance(question, Question)
    remark = question.remarks[0]
    assert remark.read == meant  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("code", "by", "order"),
    [
        ("def loss(w):\n    return np.sum((X @ w - y)**2)\njax.grad(loss)(w)", ("w",), 1),
        ("def loss(w, b):\n    return np.sum((X @ w + b - y)**2)\njax.grad(loss, argnums=1)(w, b)", ("b",), 1),
        ("def loss(w, b):\n    return np.sum((X @ w + b - y)**2)\nv, g = jax.value_and_grad(loss, (0, 1))(w, b)", ("w", "b"), 1),
        ("loss = lambda w: np.sum((X @ w - y)**2)\ng = jax.jit(jax.grad(loss))\ng(jnp.zeros(3))", ("w",), 1),
        ("loss = lambda w: np.sum((X @ w - y)**2)\njax.hessian(loss)(w)", ("w",), 2),
        ("f = lambda a, w: a * w @ w\njax.grad(f, argnums=-1)(a, w)", ("w",), 1),
        ("loss = lambda t: t**3\njax.grad(jax.grad(loss))(2.0)", ("t",), 2),
        ("def loss(params):\n    return np.sum((X @ params['w'] + params['b'])**2)\njax.grad(loss)(params)", ("w", "b"), 1),
        ("w.requires_grad_()\nloss = ((X @ w - y)**2).mean()\nloss.backward()\nprint(w.grad)", ("w",), 1),
        ("w = torch.zeros(3, requires_grad=True)\nl = (X @ w - y).pow(2).sum()\nl.backward()\nw.grad", ("w",), 1),
        ("loss = (X @ w - y).pow(2).sum()\ng, = torch.autograd.grad(loss, w)", ("w",), 1),
        ("(X @ w - y.detach()).pow(2).sum().backward()", (), 1),
    ],
)
def test_a_gradient_in_the_code_is_the_question(code: str, by: tuple[str, ...], order: int) -> None:
    reading = read(code)
    assert not reading.failed, reading.failed
    (question,) = [one for one in reading.statements if isinstance(one, Question)]
    assert (question.by, question.order) == (by, order)


def test_declarations_say_what_a_name_is() -> None:
    def answer(code: str, *declarations: str) -> str:
        return matdiff.differentiate(code, "x", declarations=declarations, syntax="numpy").text

    assert answer("x @ y", "y: n") == "y"
    assert answer("np.sum(x @ y)", "x: m x n", "y: n") == "ones(m) y^T"
    assert answer("np.sum(a * x)", "a: scalar") == "a ones(n)"


@pytest.mark.parametrize("code", ["np.sum(a * X)", "np.sum(x / y)", "-np.sum(t * np.log(y))"])
def test_two_likely_readings_are_both_shown(code: str) -> None:
    with pytest.raises(SeveralReadings) as caught:
        matdiff.differentiate(code, order=0)
    assert len(caught.value.readings) == 2
    for reading in caught.value.readings:
        matdiff.differentiate(reading, order=0, syntax="matdiff")


@pytest.mark.parametrize(
    ("code", "name", "kind"),
    [("np.mean((X @ w + b - y) ** 2)", "b", "scalar"), ("x.T @ (x @ w - y)", "x", "m x n"), ("w @ sigma @ w", "sigma", "n x n")],
)
def test_a_kind_against_the_spelling_is_an_error_where_none_is_wanted(code: str, name: str, kind: str) -> None:
    assert matdiff.differentiate(code, "w").results
    with pytest.raises(Departure, match=f"`{name}` is a"):
        matdiff.differentiate(code, "w", strict=True)
    assert matdiff.differentiate(code, "w", strict=True, declarations=f"{name}: {kind}").results


@pytest.mark.parametrize(
    "code", ["np.sum((X @ w - y) ** 2) + lam * w @ w", "np.sum(np.tanh(W @ h))", "def f(a: float): return a * np.exp(a)"]
)
def test_a_kind_that_the_spelling_says_is_none(code: str) -> None:
    assert matdiff.differentiate(code, "all", strict=True).results


def test_the_only_parameter_is_the_variable_unless_another_one_is_asked_for() -> None:
    code = "lambda w: np.sum((X @ w - y) ** 2)"
    assert matdiff.differentiate(code).text == "2 X^T (X w - y)"
    assert matdiff.differentiate(code, "y").text == matdiff.differentiate("sum((X w - y).^2)", "y").text


def ridge(w: Any, X: Any, y: Any, alpha: Any) -> Any:
    """With a docstring."""
    return 0.5 * np.sum((X @ w - y) ** 2) + 0.5 * alpha * np.dot(w, w)


def half(z: Any) -> Any:
    return 0.5 * z


def halved(x: Any) -> Any:
    return np.sum(half(x) ** 2)


@functools.lru_cache
def kept(x: Any) -> Any:
    return x @ x


class Model:
    def __init__(self) -> None:
        self.W = np.eye(2)

    def loss(self, w: Any, X: Any, y: Any) -> Any:
        r = X @ w - y
        return r @ r

    @staticmethod
    def square(x: Any) -> Any:
        return np.sum(x**2)

    def __call__(self, x: Any) -> Any:
        return np.sum(np.tanh(self.W @ x))


def doubled(function: Any) -> Any:
    @functools.wraps(function)
    def other(x: Any) -> Any:
        return 2 * function(x)

    return other


named = lambda x: np.sum(np.exp(x))  # noqa: E731
on_two_lines = [
    lambda x: (
        np.sum(x**2)
        + 1
    ),
][0]  # fmt: skip


def test_a_function_of_python_is_read_by_its_source() -> None:
    def inner(x: Any) -> Any:
        """A nested one."""
        return np.sum(x**3)

    assert matdiff.differentiate(ridge, "w").text == "X^T (X w - y) + alpha w"
    assert matdiff.differentiate(lambda x: np.sum(x**2)).text == "2 x"
    for function, variable, text in [
        (halved, "x", "1/2 x"), (kept, "x", "2 x"), (Model().loss, "w", "r = X w - y; 2 X^T r"), (Model.square, "x", "2 x"),
        (Model(), "x", "W^T (1 - tanh(W x) .^ 2)"), (inner, "x", "3 x .^ 2"), (named, "x", "exp(x)"), (on_two_lines, "x", "2 x"),
    ]:  # fmt: skip
        assert matdiff.differentiate(function, variable).text == text


def test_a_function_without_a_text_of_its_own_is_refused() -> None:
    """What wraps another function has that one's text, and is another function."""
    pair = [lambda x: x @ x, lambda x: x.sum()]
    for function in (len, np.exp, eval("lambda x: x"), int, None, 3, doubled(Model.square), functools.partial(ridge, 1), pair[0]):
        with pytest.raises(matdiff.MatdiffError, match="source"):
            matdiff.differentiate(function, "x")  # type: ignore[arg-type]


def test_a_file_and_one_of_its_functions(tmp_path: Path) -> None:
    from sessions import run as command

    file = tmp_path / "losses.py"
    file.write_text(
        "import numpy as np\nc = 2\ndef first(w, y):\n    return c * w @ y\n\ndef second(w):\n    return np.sum(w ** 2)\n"
    )
    assert command(["--file", f"{file}:first", "--wrt", "w", "-q"]).stdout.strip() == "2 y"
    assert "c = 2" in command(["--file", f"{file}:first", "--wrt", "w"]).stderr
    assert command(["--file", f"{file}:second", "--wrt", "w", "-q"]).stdout.strip() == "2 w"
    refused = command(["--file", str(file), "--wrt", "w"])
    assert refused.status == 3 and "which of `first`, `second`?" in refused.stderr
    refused = command(["--file", f"{file}:third", "--wrt", "w"])
    assert refused.status == 3 and "there is no function `third`: `first`, `second`" in refused.stderr
    (tmp_path / "losses.py:second").write_text("x^T x")
    assert command(["--file", f"{file}:second", "--wrt", "x", "-q"]).stdout.strip() == "2 x"


FILE = """
# -*- coding: utf-8 -*-
import numpy as xnp
from numpy.linalg import norm as nrm
from scipy.special import expit as sg
import torch.nn.functional as G
ALPHA = 0.5

def _residual(w, X, y):
    return X @ w - y

def ridge(w, X, y):
    r = _residual(w, X, y)
    return xnp.dot(r, r) + ALPHA * nrm(w) ** 2

def logistic(w):
    return -xnp.mean(y * xnp.log(sg(X @ w)))

class Net:
    def forward(self, x):
        return G.relu(self.W @ x)

def main():
    for i in range(3):
        print(i)

if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize(
    ("name", "variable", "text"),
    [
        ("ridge", "w", "r = X w - y; 2 X^T r + w"),
        ("logistic", "w", "-X^T (y .* (1 - sigmoid(X w))) / rows(X)"), ("Net", "x", "diag(step(W x)) W")],
)  # fmt: skip
def test_a_file_with_all_that_files_have(name: str, variable: str, text: str, tmp_path: Path) -> None:
    from sessions import run as command

    (tmp_path / "all.py").write_text(FILE)
    assert command(["--file", f"{tmp_path}/all.py:{name}", "--wrt", variable, "-q"]).stdout.strip() == text


# What is no code


@pytest.mark.parametrize(
    "text",
    ["x' A x", "A @ x", "[-1, 1]", "A [-1; 2]", "x^T A x  # as np.dot has it", "A: m x n; tr(A)", "f = x^T x; f",
     "2.5 x .* y", "X.^2",
     "x^2 @ y", "||x||**2", "1.e3 x",
     "lambda x", "lambda: n; lambda x", "X .* Y", "sum(x, 1)", "W_1 x. ", "y = W x; z = y^T y; z"],
)  # fmt: skip
def test_a_formula_is_not_taken_for_code(text: str) -> None:
    assert syntax_of(text) == "matdiff"


@pytest.mark.parametrize(
    "text",
    [
        "X.T",
        "x.sum()",
        "x**2",
        "np.dot(x, y)",
        "F.relu(x)",
        "softmax(X, axis=1)",
        "lambda x: x @ y",
        "def f(x):\n  return x",
        "return x @ y",
        "x @ A",
        "X * w[None, :]",
        "x[-1]",
        "x[1:] * y",
        "for i in x: y = i",
    ],
)
def test_code_is_told_by_its_marks(text: str) -> None:
    assert syntax_of(text) == "numpy"


REFUSED = [
    "if a > 0:\n    b = x.sum()", "for i in range(3):\n    x = x + 1\nx.sum()", "while True: pass", "a, b = np.linalg.eigh(A)",
    "x if y else z.sum()", "[x**2 for x in y]", "torch.max(X, dim=1)", "np.einsum('ijk,k->ij', T + 1, x)", "np.einsum(s, x)",
    "x[i].sum()", "x[::2].sum()", "x[3:1].sum()", "x[[0, 1]].sum()", "x[x > 0].sum()",
    "np.fft.fft(x)", "np.sum(*x)", "np.sum(**x)",
    "np.sum(x, where=y)", "softmax(X).sum()", "torch.var(x, foo=1)", "np.exp", "np.linalg", "'a'.upper()",
    "1j * x.sum()", "np.linalg.norm(X, ord=1)", "jax.nn.gelu(x)", "x.var()", "np.sum(np.ones(n))", "def f(x): pass",
    "def f(x): return x, x.T", "x @ 3 ** 2", "x.T @ True", "__import__('os').system('true')", "open('x').read()", "exec('1').T",
    "(lambda x: x)(y).sum()", "def f(x):\n    return f(x).sum()\n", "x := 3 ** 2", "x.T = 3",
    "(x.detach() * x).sum()", "x == y.T", "0 < x < y.T", "(x > 0) + (y > 0.)", "np.where(x, y, 1)", "@jax.vmap\ndef f(x): return x @ x",
    "def f(x):\n    if x[0] > 0:\n        return x @ x\n    return x.sum()", "x @ x if x[0] > 0 else x.sum()", "self.fc(x).sum()",
    "for i in range(9):\n    x += 1\nx.sum()", "with open('x') as f:\n    x.sum()", "with open('x'):\n    x.sum()", "a, *b = x.T",
    "x.astype(int).sum()", "import math\nx.var() * math.e", "F.cross_entropy(Z, 3)", "w = w - lr * jax.grad(f)(w)",
    "np.add.reduce(x)", "with a: x.sum()", "class A: x = 1 ** 2", "async def f(x): return x", "np.reshape(X, (2, 3))", "f'{x}'.T",
]  # fmt: skip


@pytest.mark.parametrize("code", REFUSED)
def test_what_cannot_be_read_is_refused_at_its_place(code: str) -> None:
    reading = read(code)
    errors = [error for _, found in reading.failed for error in found]
    assert errors and not reading.statements
    for error in errors:
        span = getattr(error, "span", None)
        assert isinstance(error, MatdiffError) and span is not None and 0 <= span.start <= span.end <= len(code)
        assert str(error)


HOSTILE = {
    "brackets": "(" * 5000 + "x.T" + ")" * 5000,
    "calls": "np.exp(" * 150 + "x" + ")" * 150,
    "signs": "-" * 20000 + "x.T",
    "powers": "**".join(["x"] * 5000),
    "products": " @ ".join(["A"] * 20000) + ".T",
    "attributes": "x" + ".T" * 20000,
    "subscripts": "x" + "[0]" * 5000 + ".T",
    "huge number": "9" * 5000 + " * x.T",
    "huge exponent": "1e99999999 * x.T",
    "null": "np.sum(x\0)",
    "surrogate": "np.sum('\udc80', x)",
    "look-alike": "np.sum(х)",
    "full width": "ｎｐ.sum(ｘ)",
    "form feed": "\x0cnp.sum(x)\x0c",
    "names": " + ".join(f"x{place} ** y{place}" for place in range(300)),
    "tabs": "def f(x):\n\treturn x\n        y = 1",
    "unclosed": "np.sum((x",
    "doubling": "\n".join(f"def f{n + 1}(x): return f{n}(x) * f{n}(x)" for n in range(40)) + "\ndef f0(x): return x\nf40(x).sum()",
    "long": "x.T; " * 30000,
    "empty": "",
    "comment": "# np.sum(x)",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_keeps_to_the_limits(name: str) -> None:
    with within(20):
        try:
            reading = read(HOSTILE[name])
            errors = [error for _, found in reading.failed for error in found]
        except MatdiffError as error:
            errors = [error]
    assert all(isinstance(error, MatdiffError) for error in errors)


def test_a_long_sum_is_one_sum() -> None:
    reading = read(" + ".join(["x.T"] * 900))
    question = reading.statements[-1]
    assert isinstance(question, Question) and len(question.expr.args) == 900


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("np.summ(x)", "`summ` is no function that is read; `sum` is"),
        ("sum(x[i]**2 for i in x)", "a loop is not read: write it as a sum over an axis"),
        ("X[:, :, None].T", "arrays with more than two axes are not read"),
        ("np.ones((2, 3, 4)).sum()", "arrays with more than two axes are not read"),
        ("x.T @ [1, 2]", "a list is no array: np.array([...]) is one"),
        ("(z := x).T", "an assignment stands on a line of its own"),
        ("def f(x):\n    return f(x)", "a function that calls itself is not read"),
    ],
)
def test_a_refusal_says_what_is_read(code: str, why: str) -> None:
    (error,) = read(code).failed[0][1]
    assert isinstance(error, UnreadCode) and error.why == why


def test_nothing_is_run(tmp_path: Path) -> None:
    target = tmp_path / "made"
    for code in (
        f"open({str(target)!r}, 'w').write('x')",
        f"def f(x=open({str(target)!r}, 'w')):\n    return x.sum()",
        "1 / 0 * x.T",
    ):
        read(code)
    assert not target.exists()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_end_of_a_line_is_that_of_any_system(end: str) -> None:
    reading = read(end.join(["a = 0.25", "b = 0.5", "np.sum(a * x ** 2) + b * 0.125"]))
    assert reading.statements[-1].remarks[0].read == "a = 1/4; b = 1/2; sum(a x .^ 2) + b * (1/8)"  # type: ignore[union-attr]
    text = end.join(["x = 2 * y", "z = x.foo(1)"])
    (error,) = read(text).failed[0][1]
    assert isinstance(error, UnreadCode) and text[error.span.start : error.span.end] == "x.foo(1)"


def test_carets_stand_under_what_was_pasted() -> None:
    for text, place in [
        ("é = x.sum()\nöß = np.foo(é)", "é"),
        ("β = x.sum()\nx @ (β * np.foo(β))", "np.foo(β)"),
        ("β = 1\ry = = 2\rx.T", "="),
        ("β = 1\r\ny = $ x\r\nx.T", "$"),
    ]:
        (error,) = read(text).failed[0][1]
        assert isinstance(error, UnreadCode | UnexpectedText)
        assert error.span is not None and text[error.span.start : error.span.end] == place


# Printed code


def corpus() -> list[dict[str, Any]]:
    file = Path(__file__).parent / "corpus" / "public.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def test_printed_code_reads_back_to_the_same_value() -> None:
    """All of it but what has loops, three axes, or functions of the module itself that have."""
    done = unread = 0
    for case in corpus():
        answer = matdiff.differentiate(case["expr"], order=0, declarations=case["decl"])
        source = answer.to("numpy")
        try:
            again = matdiff.differentiate(f"{source}\nf\n", order=0, declarations=case["decl"], syntax="numpy")
        except (UnreadCode, TooLarge, UnknownFunction):
            unread += 1
            continue
        random = np.random.default_rng(1)
        inputs: dict[str, Any] = {}
        for name, variable in answer.typed.variables.items():
            rows, columns = (
                dim.substitute({key: matdiff_size(number) for key, number in case["dims"].items()}).value or 3
                for dim in variable.shape
            )
            value = random.uniform(0.2, 0.8, (rows, columns))
            if rows == columns > 1:
                value = value + value.T + 3 * np.eye(rows)
            inputs[name] = float(value[0, 0]) if rows == columns == 1 else value[:, 0] if columns == 1 else value
        header = re.search(r"^def f\((.*)\):", source, re.M)
        assert header
        inputs.update(
            {name: case["dims"].get(name, 3) for name in header[1].split(", ") if name and name.rstrip("_") not in inputs}
        )
        with np.errstate(all="ignore"):
            expected, found = (run(Call(printed, "f", inputs))[0] for printed in (source, again.to("numpy")))
        assert np.allclose(np.squeeze(found), np.squeeze(expected), equal_nan=True), (case["expr"], again.text)
        done += 1
    assert done >= 8 * unread


def matdiff_size(number: int) -> Any:
    from matdiff.language.dims import size

    return size(number)
