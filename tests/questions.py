"""Questions whose code is run in every format: each kind of value by each kind of variable, and what formats spell differently."""

from __future__ import annotations

from typing import Any, NamedTuple

import matdiff
from matdiff.api import Derivative
from matdiff.language.errors import Errors, MatdiffError

# Expression, variables, declarations.
QUESTIONS = """
x^T A x @ x
x^T A x @ A
x^T y @ x
x^T y @ x,y
a^T W^T x @ W
W^T x @ W
W x @ x
W x @ x,W
x y^T @ x
x softplus(3) @ x
alpha softplus(3) + log(2) alpha @ alpha
ones(n) (x^T x) @ x
ones(n) alpha @ alpha @ alpha: scalar
alpha^2 I + x x^T @ alpha @ alpha: scalar; x: n
r A @ r @ r: 1 x n; A: n x m
r A r^T @ r @ r: 1 x n; A: n x n
x r @ r @ r: 1 x n; x: m
(r + 2) .* r @ r @ r: 1 x n
tr(A X B) @ X
A X B @ X
X^2 @ X
X^T X @ X
tr(X^-1) @ X
X^-1 b @ X
a^T X^-1 b @ X
logdet(X) @ X
det(X) @ X
tr(adj(X)) @ X
tr(A X^3) @ X
1/2 logdet(S) + x^T S^-1 x @ S @ S: spd n
n/2 logdet(S) @ S @ S: spd n; n: scalar
x^T S x @ S @ S: symmetric n
x^T D x @ D @ D: diagonal n
x^T L y @ L @ L: lower n
x^T K y @ K @ K: skew n
tr(A^T Q) @ Q @ Q: orthogonal n
tr(expm(X) A) @ X
tr(logm(S)) @ S @ S: spd n
tr(sqrtm(S) A) @ S @ S: spd n
kron(A, B) @ A @ A: m x n; B: p x q
kron(A^T, B) @ A @ A: m x n; B: p x q
sum(kron(A^T, B^T) .* C) @ A @ A: m x n; B: p x q; C: n q x m p
kron(x, y) @ x
x^T kron(a, b) @ x
vec(A X B) @ X
vec(X)^T vec(A) @ X @ X: m x n; A: m x n
unvec(A x, 2, n) @ x @ A: 2 n x m; x: m
[q0^2, q0*q1; q1, q0] @ q0 @ q0, q1: scalar
[1, q0; -2, 3] @ q0 @ q0: scalar
[x; alpha] @ alpha @ x: n; alpha: scalar
[x^T A, alpha; y^T, 2] @ x @ A: n x m; x: n; y: m; alpha: scalar
[x; y]^T [x; y] @ x
[A, x; x^T, 1] @ x @ A: n x n; x: n
[1, 2; 3, 4] .^ (-2) alpha @ alpha @ alpha: scalar
X[1,:] X[:,1] @ X @ X: n x n
X[:,1] @ X
x[1]^2 @ x
X[i,j]^2 @ X
x[k] alpha @ x
e(1,2)^T X e(2,3) @ X @ X: 2 x 3
sum(x) / numel(x) @ x
mean(x) x @ x
||A x - b||^2 @ x
||A x - b|| @ x
||X||_F @ X
norm1(X) @ X
norm2(X) @ X
maxnorm(x) @ x
nucnorm(X) @ X
sum(abs(x)) + max(x) - min(x) @ x
logsumexp(A x + b) @ x
softmax(A x) @ x
y^T log(softmax(W x + b)) @ W
sum(softplus(X w)) - y^T X w @ w
tanh(W x + b) @ b
a^T tanh(W x + b) @ W
sum(tanh(X W) .* Y) @ W
p = softmax(W x); W^T p @ x
h = tanh(V x); c^T h + h^T h @ x
diag(x) A diag(x) @ x
diag(A X) @ X @ A: n x m; X: m x n
diag(A) @ A
tr(diag(x) A) @ x
x ./ y @ x,y
x .^ alpha @ alpha @ x: n; alpha: scalar
x .^ y @ y
alpha ./ x @ x @ alpha: scalar
A / alpha + alpha A @ alpha @ alpha: scalar
alpha^beta @ alpha @ alpha, beta: scalar
exp(-alpha x^T x) @ x @ alpha: scalar
cumsum(x) @ x
tril(X) x @ X
A .* (x y^T) @ x
ones(m) ones(n)^T .* X @ X
sum(X) x @ X
sum(relu(A x - b)) @ x
eigmax(S) @ S @ S: symmetric n
x^T x / (1 + x^T x) @ x
tr(pinv(X) A) @ X
pinv(x) y @ x
(x^T x) I + A @ x @ A: n x n
zeros(n) + x @ x @ x: n
3 + 0 alpha @ alpha @ alpha: scalar; beta: scalar
gelu(x) + erf(x) @ x
sum(log(1 + exp(-y .* (X w)))) @ w
tr(X) I + X @ X @ X: n x n
alpha @ alpha @ alpha: scalar
x @ x
X @ X
K(2, 3) vec(X) @ X @ X: 2 x 3
t x .^ t @ x @ x: n; t: scalar
sum(sigmoid(x) .* log(sigmoid(x)) + (1 - sigmoid(x)) .* log(1 - sigmoid(x))) @ x
sum(log(exp(S) ones)) @ S @ S: m x n
sum(Y .* (exp(S) ./ (exp(S) ones ones^T))) @ S @ S: m x n
log(exp(x^T y) + exp(x^T z)) @ x
"""


class Asked(NamedTuple):
    """An expression, and what is wanted of it: an order, or directions."""

    expression: str
    wrt: tuple[str, ...]
    declarations: tuple[str, ...]
    wanted: tuple[tuple[str, Any], ...]

    def answer(self) -> Derivative | None:
        """The answer; None where there is none, such as a product with the Hessian of a vector, or too many axes."""
        try:
            return matdiff.differentiate(self.expression, self.wrt, declarations=self.declarations, **dict(self.wanted))
        except (MatdiffError, Errors):
            assert self.wanted != (("order", 1),), f"{self.expression} has no derivative"
            return None


def asked() -> list[Asked]:
    """Everything that is asked of every expression."""
    found = []
    for line in QUESTIONS.strip().splitlines():
        expression, names, *more = (part.strip() for part in line.split(" @ "))
        wrt = tuple(names.split(","))
        declarations = tuple(part.strip() for part in more[0].split(";")) if more else ()
        directions = tuple(f"v_{name}" for name in wrt)
        for wanted in (("order", 1), ("order", 2), ("hvp", directions), ("jvp", directions), ("vjp", "u_u")):
            found.append(Asked(expression, wrt, declarations, (wanted,)))
    return found
