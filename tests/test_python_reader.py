"""Code for NumPy is read as NumPy runs it: the same value and the same shape, at random arrays; and nothing of it is run."""

from __future__ import annotations

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
from matdiff.language.errors import MatdiffError, SeveralReadings, TooLarge, UnknownFunction, UnreadCode
from matdiff.language.statements import Definition, Question
from matdiff.language.text import text as canonical
from matdiff.limits import within
from matdiff.read.python import read
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
    if subscripts.isalpha() and len(names) > 1:
        subscripts += ""
    inputs = arrays()
    code = f'np.einsum("{subscripts}", {", ".join(names)})'
    assert_same(value_of(code, inputs), eval(code, {"np": np, **inputs}))


def assert_same(found: Any, expected: Any) -> None:
    """The same numbers and shape; a matrix with one row or column is a vector or a number here."""
    expected, found = np.asarray(expected, float), np.asarray(found, float)
    if 1 in expected.shape:
        expected, found = expected.squeeze(), found.squeeze()
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-12)
