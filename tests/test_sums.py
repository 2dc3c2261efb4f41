"""Sums over an index: the question in matrices has the value of the sum written out term by term, and the printed derivative is true."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import running
from mathematics import _equal, check_answer, declaration, usable_sizes
from sessions import run
from written_out import check_reading

import matdiff
from matdiff.check import verify
from matdiff.language.dims import Shape
from matdiff.language.errors import IndexSizes, IndexSum, NoSteps, NotLifted, SumRead, TooManyAxes, WrongExpected, WrongKind
from matdiff.language.queries import shape_of
from matdiff.notations.names import CHOICES
from matdiff.numbers.axes import number_of_dim
from matdiff.numbers.precision import mp
from matdiff.steps.derivations import METHODS
from matdiff.tensor.lower import axes_of

# The text, the variable, and the derivative as it is printed.
SUMS = {
    "sum_i (y_i - w^T x_i)^2": ("w", "-2 sum_i (y_i - w^T x_i) x_i"),
    "sum_i log(1 + exp(-y_i w^T x_i))": ("w", "-sum_i y_i sigmoid(-y_i w^T x_i) x_i"),
    "1/n sum_{i=1}^n log(1 + exp(-y_i x_i^T w)) + lambda/2 ||w||^2": (
        "w",
        "lambda w - 1/n sum_{i=1}^n y_i sigmoid(-y_i x_i^T w) x_i",
    ),
    "mean_i log(1 + exp(-y_i w^T x_i))": ("w", "-mean_i y_i sigmoid(-y_i w^T x_i) x_i"),
    "sum_{i=1}^n max(0, 1 - y_i (w^T x_i + b))": ("w", "-sum_{i=1}^n y_i step(1 - y_i (w^T x_i + b)) x_i"),
    "sum_ij a_ij x_i y_j": ("x", "a: m x n; y: n; a y"),
    "∑_{i,j} a_{ij} x_i y_j": ("y", "a: m x n; x: m; a^T x"),
    "sum[i,j] A[i,j] x[i] x[j]": ("x", "(A + A^T) x"),
    "sum_i sum_j K_ij (x_i - x_j)^2": ("x", None),
    "sum_i ||x_i - m||^2": ("m", "x: n x p; -2 sum_i (x_i - m)"),
    "sum_i ||x_i - c||": ("c", "-sum_i (x_i - c) / ||x_i - c||"),
    "-n/2 log det Sigma - 1/2 sum_{i=1}^n (x_i - mu)^T Sigma^-1 (x_i - mu)": (
        "mu",
        "mu: m; x: n x m; 1/2 (Sigma^-1 + Sigma^-T) sum_{i=1}^n (x_i - mu)",
    ),
    "-n/2 log det Sigma - 1/2 sum_i (x_i - mu)^T Sigma^-1 (x_i - mu)": (
        "Sigma",
        "1/2 (Sigma^-T (sum_i (x_i - mu) (x_i - mu)^T) Sigma^-T - n Sigma^-T)",
    ),
    "Sigma: spd p; -n/2 log det Sigma - 1/2 sum_{i=1}^n (x_i - mu)^T Sigma^-1 (x_i - mu)": (
        "Sigma",
        "1/2 (Sigma^-1 (sum_{i=1}^n (x_i - mu) (x_i - mu)^T) Sigma^-1 - n Sigma^-1)",
    ),
    "sum_ij alpha_i alpha_j exp(-||x_i - x_j||^2/(2 l^2))": (
        "l",
        "1/l^3 sum_{i,j} alpha_i alpha_j exp(-||x_i - x_j||^2 / (2 l^2)) ||x_i - x_j||^2",
    ),
    "sum_{i<j} w_ij exp(-gamma ||x_i - x_j||^2)": (
        "gamma",
        "-sum_{i < j} w_ij exp(-gamma ||x_i - x_j||^2) ||x_i - x_j||^2",
    ),
    "sum_{i != j} alpha_i alpha_j exp(-gamma ||x_i - x_j||^2)": (
        "gamma",
        "-sum_{i != j} alpha_i alpha_j exp(-gamma ||x_i - x_j||^2) ||x_i - x_j||^2",
    ),
    "m = mean_i x_i; 1/(n-1) sum_i (x_i - m)^2": ("x", None),
    "sum_{i,j} (r_{ij} - u_i^T v_j)^2 + lambda sum_j ||v_j||^2": ("v", None),
    "-sum_i y_i log p_i": ("p", "-y ./ p"),
    "sum_i (y_i log p_i + (1 - y_i) log(1 - p_i))": ("p", None),
    "sum_i (y_i log sigmoid(w^T x_i) + (1 - y_i) log(1 - sigmoid(w^T x_i)))": ("w", "sum_i (y_i - sigmoid(w^T x_i)) x_i"),
    "1/n sum_{i=1}^n (exp(w^T x_i) - y_i w^T x_i)": ("w", "1/n sum_{i=1}^n (exp(w^T x_i) - y_i) x_i"),
    "sum_i w_i (a_i^T x - b_i)^2": ("x", "2 sum_i w_i (a_i^T x - b_i) a_i"),
    "sum_i x_i^T A x_i": ("A", "sum_i x_i x_i^T"),
    "sum_i (x_i - mu)(x_i - mu)^T": ("mu", None),
    "1/2 sum_i ||x_i - W z_i||^2": ("W", "-sum_i (x_i - W z_i) z_i^T"),
    "sum_i ||x_i - W W^T x_i||^2": ("W", None),
    "||sum_i alpha_i x_i||^2": ("alpha", "alpha: m; x: m x n; 2 x x^T alpha"),
    "log sum_k exp(a_k^T x)": ("x", "(sum_k exp(a_k^T x) a_k) / (sum_k exp(a_k^T x))"),
    "-log sigmoid(c^T v) - sum_k log sigmoid(-u_k^T v)": (
        "v",
        "sum_k (1 - sigmoid(-u_k^T v)) u_k - (1 - sigmoid(c^T v)) c",
    ),
    "sum_i delta_i (beta^T x_i - log sum_j r_ij exp(beta^T x_j))": (
        "beta",
        "sum_i delta_i (x_i - (sum_j r_ij exp(beta^T x_j) x_j) / (sum_j r_ij exp(beta^T x_j)))",
    ),
    "sum_i log sum_k pi_k exp(-1/2 ||x_i - mu_k||^2)": ("x", None),
    "sum_i softmax(W x_i)": ("W", None),
    "sum_i logsumexp(W x_i)": ("W", "sum_i softmax(W x_i) x_i^T"),
    "sum_i (y_i - sum_j x_ij beta_j)^2": ("beta", "y: m; x: m x n; beta: n; -2 x^T (y - x beta)"),
    "sum_i lambda_i log lambda_i": ("lambda", "lambda: n; 1 + log(lambda)"),
    "sum_i w_i x_i / sum_j w_j": ("w", None),
    "sum_i c_i x_i x_i^T": ("c", None),
    "sum_{i=1}^n c x_i": ("x", None),
    "y_i = sum_j A_ij x_j": ("x", "A"),
    "Y[i,k] = sum_j A[i,j] B[j,k]": ("A", None),
    "y[i] = sum_j exp(A[i,j] x[j])": ("x", "A .* exp(A diag(x))"),
    "sum_i |x_i|": ("x", None),
    "sum_i w_i vec(x_i x_i^T)": ("w", None),
    "x: m x n; sum_i kron(x_i, x_i)": ("x", None),
    "x: m x n; sum_i kron(w, x_i)": ("w", None),
    "sum_i y_i x_i[2]": ("x", "y e(2, n)^T"),
    "sum_i x_i[1] / x_i[2]": ("x", None),
    "x: m x n; c: n; sum_i c^T cumsum(x_i)": ("x", None),
    "sum_i y_i c^T tril(x_i x_i^T) c": ("y", None),
    "x: m x n; a: n; sum_i a^T triu(x_i)": ("x", None),
    "x: m x n; a: n; sum_i y_i a^T tril(x_i)": ("y", "x a"),
    "sum_i a_i unvec(x_i, 2, 3)": ("a", None),
    "r = b^T A; sum_i (r x_i)^2": ("x", None),
    "c = A b; sum_i (c^T x_i)^2": ("A", None),
    "B = A^T A; sum_i x_i^T B x_i": ("x", None),
    "sum_i <a_i, b_i>": ("a", None),
    "sum_i tr(A) x_i^2": ("x", "2 tr(A) x"),
    "sum_i a_ii": ("a", None),
    "sum_i norm1(x_i)": ("x", None),
    "sum_i x_i^T y_i / (||x_i|| ||y_i||)": ("x", None),
    "sum_i tanh(v^T tanh(W x_i + b))": ("b", None),
    "sum_{i != j} x_i x_j": ("x", "2 (ones(n, n) - I) x"),
    "sum_{i<j} (x_i - x_j)^2": ("x", None),
    "sum_i sum_{j != i} A_ij x_j x_i": ("x", None),
    "sum_{i≠j} x_i^T x_j": ("x", None),
    "sum_{i<j} w_ij ||x_i - x_j||^2": ("x", None),
    "sum_j a_ij x_j": ("a", None),
    "-2 sum_j (r_kj - u_k^T v_j) v_j": ("u", None),
    "x: n x 2; y: n; sum_i (y_i - w^T x_i)^2": ("w", None),
    "sum_i (A x)[i]^2": ("x", "2 A^T A x"),
    "sum_ij (A B)[i,j] log((A B)[i,j])": ("A", None),
    "sum_i A[i,1] x_i": ("x", "A[:,1]"),
    "sum_i exp(X[i,:] b)": ("b", "X^T exp(X b)"),
    'einsum("ij,j->i", A, x)': ("x", "A"),
    'einsum("ij, jk", A, B)': ("A", None),
    'einsum("ii", A B)': ("A", "B^T"),
    'einsum("ii->i", A) .* x': ("A", None),
    'sum(exp(einsum("ji", A)))': ("A", "exp(A)"),
    'einsum("i,ij,j->", x, A, x)': ("x", "(A + A^T) x"),
    'sum(exp(einsum("ij,j->i", A, tanh(x))))': ("x", None),
    'einsum("i,j->ij", x, y) z': ("x", None),
    'einsum(",i->i", c, x)': ("x", "c I"),
    'y = einsum("ij,j->i", A, x); y^T y': ("x", "2 A^T A x"),
    'sum_k einsum("i,i->", x_k, w)^2': ("w", None),
    'sum_k c^T einsum("i,i->i", x_k, w)': ("w", None),
    "x: n; sum_i a^T x_i": ("a", "(sum_i x_i) I"),
    "sum_{i<j} log(1 + exp(-w^T (x_i - x_j)))": ("w", None),
    # Members outside of sums are held.
    "-log(exp(z_i^T z_j / tau) / sum_k exp(z_i^T z_k / tau))": ("z", None),
    "-log(exp(z_i^T z_j / tau) / sum_{k != i} exp(z_i^T z_k / tau))": ("z_i", None),
    "-log(exp(-||A x_i - A x_j||^2) / sum_{k != i} exp(-||A x_i - A x_k||^2))": ("A", None),
    "exp(w_c^T x) / sum_k exp(w_k^T x)": (
        "x",
        "exp(w_c^T x) (w_c - (sum_k exp(w_k^T x) w_k) / (sum_k exp(w_k^T x))) / (sum_k exp(w_k^T x))",
    ),
    "tau: scalar; -log(exp(z_i^T z_j / tau) / sum_{k != i} exp(z_i^T z_k / tau))": (
        "tau",
        "(z_i^T z_j - (sum_{k != i} exp(z_k^T z_i / tau) z_k^T z_i) / (sum_{k != i} exp(z_k^T z_i / tau))) / tau^2",
    ),
    "w_y^T x - log sum_k exp(w_k^T x)": ("w", "w: m x n; (e(y, m) - softmax(w x)) x^T"),
    "x_i^T b - log sum_{j in R(i)} exp(x_j^T b)": ("b", None),
    "x_i^T b - log sum_{i<j} exp(x_j^T b)": ("b", None),
    "log(x_i^T x_i) - sum_{k != i} x_k^T x_i": ("x", None),
    "||x_i - sum_{j in N(i)} w_ij x_j||^2": ("w", None),
    "sum_{j in N(i)} x_j": ("x", "N[i,:]^T"),
    "y_i: scalar; (y_i - sum_{k != i} A_ik x_k)^2": ("x", None),
    "x_k y_k - sum_i x_i y_i^2": ("x", "y[k] e(k, n) - y .^ 2"),
    # Terms that are left out need no value.
    "sum_{i<j} (||x_i - x_j|| - a_ij)^2 / a_ij": ("x", None),
    "sum_{i<j} (||x_i - x_j|| - a_ij)^2": ("x", None),
    "sum_{i != j} 1 / ||x_i - x_j||": ("x", None),
    "sum_{i != j} 1 / ||x_i - x_j||^2": ("x", None),
    "sum_{i<j} log ||x_i - x_j||": ("x", None),
    "sum_{i != j} log(x_i - x_j + a_ij)": ("x", None),
    "sum_{i != j} a_ij / (x_i - x_j)": ("x", None),
    "sum_{i<j} asin(a_ij)": ("a", None),
    "sum_{i != j} x_i / a_ij": ("a", None),
    "sum_{i<j} sqrt(a_ij) / (1 + sqrt(a_ij))": ("a", None),
    "sum_{i<j} |x_i - x_j|^p": ("x", None),
    "sum_i log sum_{j != i} 1 / ||x_i - x_j||": ("x", None),
    "log sum_{k != i} 1 / ||x_i - x_k|| - c^T x_i": ("x", None),
    "mean_{i != j} x_i x_j": ("x", None),
    "prod_{1 <= i < j <= n} (x_j - x_i)": ("x", None),
    "sum_{i,j=1}^n A_ij x_i x_j / n": ("x", None),
    "sum_{i=1}^n sum_{j=i+1}^n 1 / (x_i - x_j)": ("x", None),
    "sum_i sum_{j>i} log(a_ij)": ("a", None),
    "log(x_i^T x_i) - sum_{k=1,k != i}^n x_k^T x_i": ("x", None),
    "mean_{i<j} ||x_i - x_j||": ("x", None),
    # Products and extrema.
    "prod_i x_i": ("x", "prod(x) ./ x"),
    "prod_{i=1}^n (1 + a_i x_i)": ("x", None),
    "x: scalar; ∏_{i=1}^n (1 + a_i x)": ("x", None),
    "log prod_i p_i": ("p", "1 ./ p"),
    "prod_{i<j} (x_i - x_j)": ("x", None),
    "prod_{i in S} x_i": ("x", None),
    "prod_ij a_ij": ("a", None),
    "max_i |x_i|": ("x", "argmax(abs(x)) .* sign(x)"),
    "max_i (w^T x_i)": ("w", "x: m x n; x^T argmax(x w)"),
    "min_{i} ||c - x_i||^2": ("c", None),
    "max_{i,j} a_ij x_i": ("x", None),
    "sum_i min_k ||x_i - mu_k||^2": ("mu", None),
    "sum_i max_j a_ij x_j": ("x", None),
    "mean_i (max_k w_k^T x_i - v^T x_i)": ("w", None),
    "sum_i log max_k (1 + exp(w_k^T x_i))": ("w", None),
    # Sets.
    "sum_{(i,j) in Omega} (r_ij - u_i^T v_j)^2": (
        "u",
        "r: m x n; u: m x p; v: n x p; Omega: m x n; -2 ((r - u v^T) .* Omega) v",
    ),
    "∑_{i∈S} (y_i - w^T x_i)^2": ("w", None),
    "1/|S| sum_{i in S} log p_i": ("p", None),
    "mean_{i in S} (y_i - w^T x_i)^2": ("w", None),
    "sum_i ||x_i - mean_{j in N(i)} x_j||^2": ("x", None),
    "sum_{(i,j) in E} w_ij / ||x_i - x_j||": ("x", None),
    "sum_i (x_i - 1/|N(i)| sum_{j in N(i)} x_j)^2": ("x", None),
    "1/|N_i| sum_{j in N_i} tanh(w^T x_j)": ("w", None),
}

# Where only rows of a matrix make a number of it, X_i is one.
SUMS.update(
    {
        "sum_i log(1 + exp(w^T X_i))": ("w", "X: m x n; sum_i sigmoid(w^T X_i) X_i"),
        "mean_i (y_i - X_i^T w)^2": ("w", "-2 mean_i (y_i - X_i^T w) X_i"),
        "sum_i tanh(a^T X_i) + b^T X_i": ("a", None),
    }
)

# Arrays with more axes and families of matrices: what has no matrix notation stays in indices.
ARRAYS = {
    "sum_{ijk} T_{ijk} a_i b_j c_k": ("b", "sum[i,j] T[i,k,j] a[i] c[j]"),
    "sum_{ijk} T[i,j,k] a[i] b[j] c[k]": ("T", "a[k] b[l] c[q]"),
    "T: m x n x p; sum_ijk T_ijk^2": ("T", "2 T[k,l,q]"),
    "T: m x n x p; S: m x n x p; 1/2 sum_ijk (T_ijk - S_ijk)^2": ("T", "T[k,l,q] - S[k,l,q]"),
    "sum_{i,j,k} (T[i,j,k] - sum_r A[i,r] B[j,r] C[k,r])^2": ("A", None),
    "sum_ijk (T_ijk - sum_abc G_abc U_ia V_jb W_kc)^2": ("G", None),
    "sum_k tr(A_k X B_k)": ("X", "sum_k A_k^T B_k^T"),
    "sum_k w_k tr(A_k X)": ("w", "sum[i,j] A[k,i,j] X[j,i]"),
    "sum_k (b_k - tr(A_k X))^2": ("X", None),
    "-sum_k y_k log(tr(A_k X)) + sum_k tr(A_k X)": ("X", None),
    "sum_k x^T A_k x": ("x", None),
    "log sum_k pi_k exp(-1/2 (x - mu_k)^T S_k (x - mu_k))": ("x", None),
    "sum_k c_k exp(-1/2 (x - mu_k)^T S_k (x - mu_k))": ("mu", None),
    "sum_i (x - a_i)^T W_i (x - a_i)": ("x", "a: m x n; W: m x n x n; sum_i (W_i + W_i^T) (x - a_i)"),
    "sum_k log(x^T A_k x)": ("x", None),
    "sum_k ||A_k x - b_k||^2": ("x", None),
    "sum_k A_k X A_k^T": ("X", "sum[q] A[q,i,k] A[q,j,l]"),
    "sum_k c_k A_k": ("c", "A[k,i,j]"),
    "tr(sum_k B_k X)": ("X", "sum_k B_k^T"),
    "sum_{ijkl} G_{ijkl} A_ij B_kl": ("A", "sum[i,j] G[k,l,i,j] B[i,j]"),
    "Y[i,k] = sum_j T[i,j,k] x[j]": ("x", "T[i,k,j]"),
    "Y[i,j,k] = A[i,j] x[k]": ("x", None),
    "Y[i,k,l] = sum_j T[i,j,k] M[j,l]; sum_ikl Y[i,k,l]^2": ("M", None),
    "Y[b,i,k] = sum_j A[b,i,j] B[b,j,k]": ("B", None),
    "R[i,j] = sum_k T_{ijk} x_k; tr(R^T R)": ("x", None),
    "X_{ij} = sum_k A_ik B_kj; sum_ij X_ij^2": ("A", "2 A B B^T"),
    "sum_ijk log(1 + exp(T_ijk u_i v_j w_k))": ("u", None),
    "sum_{i,j,k} A_ij A_jk A_ki": ("A", "3 (A^2)^T"),
    "S: m x m x n; sum_ij S_iij x_j": ("x", "sum[i] S[i,i,k]"),
    "Y[k,i] = sum_j T[i,j,k] x[j]": ("x", "T[j,k,i]"),
    "Y[k,i] = sum_j T[i,j,k] x[j]; sum_ki c_k Y[k,i]^2": ("x", None),
    'exp(einsum("ijk,j->ki", T, x))': ("x", None),
    "sum_i log(sum_k exp(sum_j T_ijk x_j))": ("x", None),
    "log(sum_{i,k} exp(sum_j T_ijk x_j))": ("x", None),
    "sum_i (log sum_k exp(sum_j T_ijk x_j) - sum_jk y_ik T_ijk x_j)": ("x", None),
    # Functions of the matrices of a family.
    "sum_k log det(A_k X A_k^T)": ("X", "sum_k A_k^T (A_k X A_k^T)^-T A_k"),
    "sum_k c_k tr(A inv(X + c_k B_k))": ("X", "-sum_k c_k (X + c_k B_k)^-T A^T (X + c_k B_k)^-T"),
    "sum_k (x_k^T S_k^-1 x_k + log det S_k)": ("S", None),
    "sum_i log sum_k w_k det(S_k)^(-1/2) exp(-1/2 (x_i - mu_k)^T S_k^-1 (x_i - mu_k))": ("mu", None),
    "sum_k tr(pinv(X B_k))": ("X", None),
    "sum_i inv(A + x_i x_i^T)": ("x", None),
    "sum_{i != j} logdet(A + x_i x_j^T)": ("A", None),
    "sum_k tr(S_k^-2 A)": ("A", None),
    "sum_k c_k tr(A_k^0 X A_k^2)": ("A", None),
    "x: m x n; sum_k prod(x_k)": ("x", None),
    "sum_k inv(c_k) x_k": ("c", None),
    # Functions of the rows of matrices of a family, and of vectors with two indices.
    "sum_b tr(G_b^T softmax(Q_b K_b^T / tau, rows) V_b)": ("K", None),
    "sum_b sum(softmax(X_b W, rows) .* Y_b)": (
        "W",
        "sum_b X_b^T (Y_b .* softmax(X_b W, rows) - diag(sum(Y_b .* softmax(X_b W, rows), rows)) softmax(X_b W, rows))",
    ),
    "sum_b logsumexp(X_b w)": ("w", "sum_b X_b^T softmax(X_b w)"),
    "sum_b norm(X_b w)": ("w", "(sum_b X_b^T X_b / ||X_b w||) w"),
    "sum_b sum(norm(X_b W, rows))": ("W", None),
    "sum_ij logsumexp(x_i + y_j + w)": ("w", None),
    "sum_i max_k sum_j T_ijk x_j": ("x", None),
    "sum_i min_k sum_j T_ijk x_j": ("x", None),
    "x: m x n; y: p x n; sum_ij c_j^T softmax(cumsum(x_i + y_j))": ("x", None),
    "sum_b sum(max(X_b W, rows))": ("W", None),
    "x: m x n; sum_k a^T max(x_k y^T, rows)": ("y", None),
    "Y[k] = sum_l exp(sum_i S[i,k,i] + x_l - x_l)": ("S", None),
}
SUMS.update(ARRAYS)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("text", SUMS)
def test_the_sum_written_out_has_the_same_value_and_the_derivative_is_true(text: str) -> None:
    variable, printed = SUMS[text]
    answer = matdiff.differentiate(text, variable)
    if printed is not None:
        assert answer.text == printed
    check_answer(answer)
    check_reading(text, answer)
    check_note(answer)


def check_note(answer: matdiff.Derivative) -> None:
    """The question as the note says that it is read has the same value."""
    (note,) = (str(remark) for remark in answer.typed.remarks if isinstance(remark, SumRead))
    read = note.partition("`")[2].rpartition("`")[0].splitlines()[0]
    declared = [declaration(variable) for variable in answer.typed.variables.values()]
    again = matdiff.differentiate(read, order=0, declarations=declared).typed
    sizes = usable_sizes(answer, 0)
    with mp.workdps(30):
        values = verify.sample(answer.typed, 0, sizes)
        assert values is not None
        meant, found = (verify.evaluate(typed.expr, values, sizes, typed.definitions) for typed in (answer.typed, again))
        assert _equal(meant, found)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("prod_i A x_i", WrongKind),
        ("sum_i prod_j a_ij", NotLifted),
        ("max_{i != j} a_ij", IndexSum),
        ("sum_{i,j in S} x_i x_j", IndexSum),
        ("sum_{i in S}^n x_i", IndexSum),
        ("sum_{j=i+1}^n x_j", IndexSum),
        ("sum_{j>i} x_j", IndexSum),
        ("sum_i i x_i", IndexSum),
        ("sum_i log softmax(W x_i)[y_i]", IndexSum),
        ("sum_i W[y_i,:] x_i", IndexSum),
        ("sum_i x_i^i", IndexSum),
        ("sum_i (A x)[i+1]", IndexSum),
        ('einsum("...j,j", A, x)', IndexSum),
        ('einsum("ij,j->i", A)', IndexSum),
        ('einsum("ij,j->k", A, x)', IndexSum),
        ('einsum("ij,j->ii", A, x)', IndexSum),
        ('einsum("i1,1", A, x)', IndexSum),
        ('A: m x n; einsum("i,i->", A, A)', WrongKind),
        ('x: n; einsum("ij,j->i", x, x)', WrongKind),
        ('A: 2 x 4; x: 3; einsum("ij,j->i", A, x)', IndexSizes),
        ('A: m x n; einsum(",i->i", A, x)', NotLifted),
        ("sum_k a_k^T expm(S_k) c", NotLifted),
        ("sum_k eigmax(S_k)", NotLifted),
        ("x: m x n; sum_k pinv(x_k) x_k", NotLifted),
        ("sum_i (x_{i+1} - x_i)^2", IndexSum),
        ("sum_i sum_{i != i} x_i", IndexSum),
        ("sum_i c", IndexSum),
        ("sum_ij x_i", IndexSum),
    ],
)
def test_what_is_not_read_is_refused(text: str, error: type[Exception]) -> None:
    with pytest.raises(Exception) as caught:
        matdiff.differentiate(text, order=0)
    found = getattr(caught.value, "errors", None) or [caught.value]
    assert isinstance(found[0], error)
    outcome = run([text, "--order", "0"])
    assert outcome.status == 3
    assert len([line for line in outcome.stderr.splitlines() if line.startswith("error")]) == 1


def test_a_member_by_which_is_differentiated() -> None:
    outcome = run(["sum_{i,j} (r_{ij} - u_i^T v_j)^2", "--wrt", "u_k"])
    assert outcome.stdout.endswith("-2 sum_j (r_kj - u_k^T v_j) v_j\n")
    assert "the derivative by u_k is row k of that by u" in outcome.stderr


# The text, the member, and the derivative by it.
MEMBERS = {
    "sum_{i,j} (r_ij - u_i^T v_j)^2 + lambda sum_i ||u_i||^2": ("u_k", "2 (lambda u_k - sum_j (r_kj - u_k^T v_j) v_j)"),
    "1/2 sum_{i,j} w_ij (r_ij - u_i^T v_j)^2": ("v_l", "-sum_i w_il (r_il - u_i^T v_l) u_i"),
    "sum_{i,k} z_ik ||x_i - mu_k||^2": ("mu_k", "2 sum_i z_ik (mu_k - x_i)"),
    "sum_{i=1}^n sum_{k=1}^K z_ik ||x_i - mu_k||^2": ("mu_j", "2 sum_{i=1}^n z_ij (mu_j - x_i)"),
    "sum_i log sum_k pi_k exp(-1/2 ||x_i - mu_k||^2)": (
        "mu_k",
        "pi_k sum_i exp(-1/2 ||x_i - mu_k||^2) (x_i - mu_k) / (sum_j pi_j exp(-1/2 ||x_i - mu_j||^2))",
    ),
    "sum_i (log sum_k pi_k exp(-1/2 ||x_i - mu_k||^2))": (
        "pi_k",
        "sum_i exp(-1/2 ||x_i - mu_k||^2) / (sum_j pi_j exp(-1/2 ||x_i - mu_j||^2))",
    ),
    "sum_i log sum_k exp(w_k^T x_i)": ("w_j", "sum_i exp(w_j^T x_i) x_i / (sum_k exp(w_k^T x_i))"),
    "sum_i alpha_i - 1/2 sum_{i,j} alpha_i alpha_j y_i y_j x_i^T x_j": ("alpha_k", "1 - y_k sum_i alpha_i y_i x_i^T x_k"),
    "sum_i (y_i - sum_j x_ij beta_j)^2": ("beta_k", "-2 sum_i x_ik (y_i - sum_j x_ij beta_j)"),
    "sum_i ||x_i - m||^2": ("x_k", "2 (x_k - m)"),
    "sum_i x_i^T A x_i": ("x_k", "(A + A^T) x_k"),
    "sum_i ||x_i - W z_i||^2": ("z_i", "-2 W^T (x_i - W z_i)"),
    "-log sigmoid(c^T v) - sum_k log sigmoid(-u_k^T v)": ("u_j", "(1 - sigmoid(-u_j^T v)) v"),
    "sum_{i,j} K_ij (x_i - x_j)^2": ("x_k", "2 (sum_j K_kj (x_k - x_j) + sum_i K_ik (x_k - x_i))"),
    "sum_i (v^T x_i)^2 + sum_{i != j} x_i^T x_j": ("x_k", "2 ((v v^T - I) x_k + sum_i x_i)"),
    "sum_{i<j} w_ij ||x_i - x_j||^2": ("x_k", None),
    "sum_{(i,j) in Omega} (r_ij - u_i^T v_j)^2": ("u_k", "-2 sum_j Omega_kj (r_kj - u_k^T v_j) v_j"),
    "(y_i - sum_k A_ik x_k)^2": ("x_k", "-2 A_ik (y_i - sum_j A_ij x_j)"),
    "sum_i c_i x_i x_i^T": ("c_k", None),
    "sum_k ||A_k x - b_k||^2": ("A_l", "2 (A_l x - b_l) x^T"),
    "sum_k det(S_k)": ("S_l", "det(S_l) S_l^-T"),
    "sum_b tr(G_b^T softmax(Q_b K_b^T / tau, rows) V_b)": (
        "Q_b",
        "((G_b V_b^T) .* softmax(Q_b K_b^T / tau, rows) - "
        "diag(sum(G_b .* (softmax(Q_b K_b^T / tau, rows) V_b), rows)) softmax(Q_b K_b^T / tau, rows)) K_b / tau",
    ),
    "sum_k (x_k^T S_k^-1 x_k + log det S_k)": ("S_k", "(I - S_k^-T x_k x_k^T) S_k^-T"),
    "sum_i log sum_k w_k det(S_k)^(-1/2) exp(-1/2 (x_i - mu_k)^T S_k^-1 (x_i - mu_k))": (
        "S_k",
        "w_k (S_k^-T (sum_i exp(-1/2 (x_i - mu_k)^T S_k^-1 (x_i - mu_k)) (x_i - mu_k) (x_i - mu_k)^T / (sum_j w_j exp(-1/2 "
        "(x_i - mu_j)^T S_j^-1 (x_i - mu_j)) / sqrt(det(S_j)))) S_k^-T - (sum_i exp(-1/2 (x_i - mu_k)^T S_k^-1 (x_i - mu_k)) / "
        "(sum_j w_j exp(-1/2 (x_i - mu_j)^T S_j^-1 (x_i - mu_j)) / sqrt(det(S_j)))) S_k^-T) / (2 sqrt(det(S_k)))",
    ),
}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("text", MEMBERS)
def test_the_derivative_by_a_member_holds_its_index(text: str) -> None:
    variable, printed = MEMBERS[text]
    answer = matdiff.differentiate(text, variable)
    assert printed is None or answer.result.formula == printed
    assert (answer.result.form == "sum") == (printed is not None)
    check_answer(answer)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("text", MEMBERS)
def test_code_by_a_member_gives_that_row(text: str) -> None:
    """The function of the index k, from 0, is row k of the derivative by the whole family."""
    variable, _ = MEMBERS[text]
    answer = matdiff.differentiate(text, variable)
    whole = matdiff.differentiate(text, answer.wrt[0])
    one, all_of_them = (running.module(shown.to("numpy")) for shown in (answer, whole))
    sizes = usable_sizes(answer, 0)
    drawn = verify.sample(answer.typed, 0, sizes)
    assert drawn is not None
    values = [_array(drawn[name], variable.shape, sizes) for name, variable in answer.typed.variables.items()]
    values += [sizes[position] for position in dict.fromkeys(answer.typed.dims_and_indices()[1])]
    rows = all_of_them[f"df_d{answer.wrt[0]}"](*values)
    if not whole.result.is_matrix:
        assert whole.to("numpy") == answer.to("numpy")  # by the family
        return
    for index, row in enumerate(rows):
        np.testing.assert_allclose(one[f"df_d{variable}"](*values, index), row, rtol=1e-9, atol=1e-9)
    assert f"function df_d{variable}(" in answer.to("julia")
    assert f", {variable[-1]})" in answer.to("julia")


def _array(rows: list[list[Any]], shape: Shape, sizes: dict[str, int]) -> Any:
    """The entries as an array with these axes."""
    return np.array(rows, float).reshape([number_of_dim(dim, sizes) for dim in axes_of(shape)])


def test_code_by_a_member_calculates_that_row_alone() -> None:
    code = matdiff.differentiate("sum_{i,j} (r_ij - u_i^T v_j)^2", "u_k").to("numpy")
    assert "def df_du_k(r, u, v, k):" in code
    assert "return 2 * (v.T @ (v @ u[k, :] - r[k, :]))" in code
    assert "result = 2 * (v' * (v * u(k, :)' - r(k, :)'));" in matdiff.differentiate("sum_{i,j} (r_ij - u_i^T v_j)^2", "u_k").to(
        "matlab"
    )


def test_a_sum_has_every_notation_and_format() -> None:
    answer = matdiff.differentiate("1/n sum_{i=1}^n (y_i - w^T x_i)^2", "w")
    assert answer.result.form == "sum"
    assert answer.latex == (r"-\frac{2}{n} \sum_{i=1}^{n} \left(y_{i} - \mathbf{w}^{\top} \mathbf{x}_{i}\right) \mathbf{x}_{i}")
    assert answer.unicode == "-2/n Σ_{i=1}^n (y_i - wᵀ x_i) x_i"
    assert answer.in_notation("matrix").text == "y: n; x: n x m; -2 x^T (y - x w) / n"
    assert answer.in_notation("matrix").in_notation("sum").text == answer.text
    assert "sum" not in answer.to("numpy").partition("def df_dw")[2]
    document = json.loads(answer.to("json"))["results"][0]
    assert (document["form"], document["matrix"]["text"]) == ("sum", "-2 x^T (y - x w) / n")
    assert answer.prove().passed
    assert answer.steps()[0].lines
    terminal = run(["sum_i (y_i - w^T x_i)^2", "--wrt", "w"], terminal=True).stdout
    assert "in matrices: ∂f/∂w = -2 xᵀ (y - x w)   (x has the rows x_iᵀ)" in terminal


SCHEMA = json.loads((Path(__file__).parent / "result.schema.json").read_text(encoding="utf-8"))


@pytest.mark.sampled(5)
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("text", [*SUMS, *MEMBERS])
def test_every_sum_is_shown_in_every_way(text: str, order: int) -> None:
    """Every notation as JSON, LaTeX and text with its left side, every derivation that there is; none of them fails."""
    variable, _ = {**SUMS, **MEMBERS}[text]
    try:
        answer = matdiff.differentiate(text, variable, order=order)
    except TooManyAxes:
        assert order == 2
        return
    for notation in CHOICES:
        shown = answer.in_notation(notation)
        jsonschema.validate(json.loads(shown.to("json")), SCHEMA)
        assert all(shown.to(format, lhs=True) for format in ("text", "latex", "unicode"))
    for method in METHODS:
        with suppress(NoSteps):
            assert all(derivation.lines for derivation in answer.steps(method))


def test_what_is_not_the_derivative_is_no_sum_of_members() -> None:
    answer = matdiff.differentiate("sum_{i,j} (r_ij - u_i^T v_j)^2", "u_k")
    for wrong in ("-2 sum_j (r_kj + u_k^T v_j) v_j", "-2 sum_j (r_jk - u_k^T v_j) v_j", "-sum_j (r_kj - u_k^T v_j) v_j"):
        try:
            assert not answer.expect(wrong).passed
        except WrongExpected:
            assert "r_jk" in wrong  # r has other sizes


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("w_hh^T x_0 - sum_k a_k x_k", ["w_hh", "x_0", "a", "x"]),
        ("z_i = A b; z_i^T z_i - sum_k z_k^T b", ["A", "b", "z"]),
        ("z_i: n; z: m x n; z_i^T z_i - sum_k z_k^T b", ["z_i", "z", "b"]),
        ("x_i^T x_i - sum_{k,l} x_kl", ["x_i", "x"]),
    ],
)
def test_a_name_that_no_sum_binds_stays_one_where_it_is_no_member(text: str, names: list[str]) -> None:
    answer = matdiff.differentiate(text, names[-1])
    assert list(answer.typed.variables) == names
    check_answer(answer)


# The array a is 0 outside of the terms of the sum, and E holds the pairs i < j.
APART = [
    "sum_{i<j} (||x_i - x_j|| - a_ij)^2 / a_ij",
    "sum_{(i,j) in E} log(a_ij) / ||x_i - x_j||",
    "sum_{i != j} x_i / a_ij",
]


def apart(text: str, order: int, language: str, beside: float = 0) -> list[running.Call]:
    """The value and the derivative by x, where a has the entries `beside` outside of the sum."""
    answer = matdiff.differentiate(text, "x", order=order)
    draw, count = np.random.default_rng(0), 4
    is_over = 1 - np.eye(count) if "!=" in text else np.triu(np.ones((count, count)), 1)
    lengths = draw.uniform(1, 2, (count, count))
    known = {"a": np.where(is_over, lengths, beside), "E": is_over}
    shapes = {name: (count, 2) if one.kind == "matrix" else (count,) for name, one in answer.typed.variables.items()}
    inputs = {name: known.get(name, draw.normal(size=shape)) for name, shape in shapes.items()}
    function = "df_dx" if order == 1 else "d2f_dx2"
    return [running.Call(answer.to(language), name, inputs) for name in ("f", function)]


def check_apart(found: list[list[np.ndarray]], text: str, order: int) -> None:
    """The same as with other numbers where the sum has no terms, and these are numbers."""
    for own, call in zip(found, apart(text, order, "numpy", beside=7.0), strict=True):
        expected = running.numpy(call)[0]
        assert np.isfinite(own[0]).all()
        np.testing.assert_allclose(np.reshape(own[0], np.shape(expected)), expected, atol=1e-12)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("text", APART)
@pytest.mark.parametrize("language", running.IN_PROCESS)
def test_code_has_values_where_what_is_left_out_has_none(language: str, text: str, order: int) -> None:
    with np.errstate(all="raise"):
        check_apart([running.IN_PROCESS[language](call) for call in apart(text, order, language)], text, order)


@running.needs("octave-cli")
def test_code_has_values_where_what_is_left_out_has_none_in_octave(tmp_path: Path) -> None:
    questions = [(text, order) for text in APART for order in (1, 2)]
    calls = [call for text, order in questions for call in apart(text, order, "matlab")]
    found = running.octave(calls, tmp_path)
    for place, (text, order) in enumerate(questions):
        check_apart(found[2 * place : 2 * place + 2], text, order)


HEADS = {
    **{word: word for word in ("sum", "mean", "prod", "max", "min")},
    "Sum": "sum",
    "SUM": "sum",
    "∑": "sum",
    "Σ": "sum",
    "avg": "mean",
    "∏": "prod",
    "Π": "prod",
}


@pytest.mark.parametrize("head", HEADS)
def test_subscripts_and_brackets_are_read_alike(head: str) -> None:
    def answer(text: str) -> str:
        return matdiff.differentiate(text, "c").text

    of_one, of_two = answer(f"f = {HEADS[head]}_i x_i c; f^2"), answer(f"{HEADS[head]}_ij exp(A_ij) + c {HEADS[head]}_k a_k")
    for member, entry, letter in (("x_i", "A_ij", "a_k"), ("x[i]", "A[i,j]", "a[k]")):
        for index in ("_i", "_{i}", "[i]"):
            assert answer(f"f = {head}{index} {member} c; f^2") == of_one
        for indices, index in (("_{i,j}", "_k"), ("[i,j]", "[k]")):
            assert answer(f"{head}{indices} exp({entry}) + c {head}{index} {letter}") == of_two


@pytest.mark.parametrize(
    ("text", "variable", "derivative"),
    [
        ("L_w = sum_i (w^T x_i)^2; L_w^2", "w", "L_w = sum_i (w^T x_i)^2; 4 L_w sum_i (w^T x_i) x_i"),
        ("f_p = sum_i p_i^2; f_p", "p", "2 p"),
        ("E_s = sum_i s_i^2; E_s", "s", "2 s"),
        ("delta: n x n; sum_{i,j} delta[i,j]^2", "delta", "2 delta"),
        ("D[i,j]^2", "D", "2 D[i,j] e(i, m) e(j, n)^T"),
        ("x_k: scalar; sum_i (x_i - x_k)^2", "x_k", "-2 sum_i (x_i - x_k)"),
        ("x_k: scalar; \\sum_i (x_i - x_k)^2", "x", "2 (x - x_k)"),
        ("sum_{i != j} a_ij x_i / sum_{i != j} a_ij", "x", "a: n x n; diag(a (ones(n, n) - I)) / tr(a (ones(n, n) - I))"),
    ],
)
def test_names_beside_sums(text: str, variable: str, derivative: str) -> None:
    answer = matdiff.differentiate(text, variable)
    assert answer.text == derivative
    check_answer(answer)


def test_a_maximum_over_an_index_and_a_minimum_by_a_variable_are_told_apart() -> None:
    assert matdiff.differentiate("min_w sum_i (y_i - w^T x_i)^2").wrt == ("w",)
    assert matdiff.differentiate("max_i |x_i|", order=0).text == "max(abs(x))"
    assert run(["argmin_i x_i"]).status == 2


LATEX = {
    r"\frac{1}{2n} \sum_{i=1}^n (y_i - \mathbf{w}^\top \mathbf{x}_i)^2": "1/(2n) sum_{i=1}^n (y_i - w^T x_i)^2",
    r"\sum_{i=1}^{n} \log\left(1+e^{-y_i \mathbf{w}^{\top}\mathbf{x}_i}\right)": "sum_{i=1}^n log(1 + exp(-y_i w^T x_i))",
    r"\sum_{i=1}^{m}\sum_{j=1}^{n} a_{ij}\, x_i\, y_j": "sum_{i=1}^m sum_{j=1}^n a_ij x_i y_j",
    r"\log \sum_{k=1}^K \exp(\mathbf{a}_k^\top \mathbf{x})": "log sum_{k=1}^K exp(a_k^T x)",
    r"\sum_{i \neq j} x_i x_j": "sum_{i != j} x_i x_j",
    r"\sum_{n=1}^{N} \left\{ t_n - \mathbf{w}^T \boldsymbol{\phi}_n \right\}^2": "phi: N x p; sum_{n=1}^N (t_n - w^T phi_n)^2",
    r"-\sum\limits_k \pi_k \ln \pi_k": "-sum_k pi_k log(pi_k)",
    r"\sum_{(i,j)\in\Omega} (r_{ij} - u_i^\top v_j)^2": "sum_{(i,j) in Omega} (r_ij - u_i^T v_j)^2",
    r"\frac{1}{|\mathcal{S}|} \sum_{i \in \mathcal{S}} (y_i - w^T x_i)^2": "1/|S| sum_{i in S} (y_i - w^T x_i)^2",
    r"\frac1N \sum_{i=1}^N \| x_i - \sum_{j \in \mathcal{N}(i)} w_{ij} x_j\|^2": (
        "1/N sum_{i=1}^N ||x_i - sum_{j in N_cal(i)} w_ij x_j||^2"
    ),
    r"-\log \frac{\exp(-\|Ax_i - Ax_j\|^2)}{\sum_{k \ne i} \exp(-\|Ax_i - Ax_k\|^2)}": (
        "-log(exp(-||A x_i - A x_j||^2) / sum_{k != i} exp(-||A x_i - A x_k||^2))"
    ),
    r"\sum_{i<j} \frac{(\|x_i - x_j\| - a_{ij})^2}{a_{ij}}": "sum_{i<j} (||x_i - x_j|| - a_ij)^2 / a_ij",
    r"\prod_{1 \le i<j \leq n} (x_j - x_i)": "prod_{i<j} (x_j - x_i)",
    r"\frac{1}{n^2} \sum_{i,j=1}^n A_{ij} x_i x_j": "1/n^2 sum_{i,j=1}^n A_ij x_i x_j",
    r"\sum_{i=1}^n \sum_{j=i+1}^{n} \frac{1}{\|x_i - x_j\|}": "sum_{i<j} 1/||x_i - x_j||",
    r"x_i^T b - \log \sum_{k=1, k \neq i}^n \exp(x_k^T b)": "x_i^T b - log sum_{k != i} exp(x_k^T b)",
    r"\prod_{i=1}^n (1 + a_i x_i)": "prod_{i=1}^n (1 + a_i x_i)",
    r"\frac{1}{|\mathcal{N}_i|} \sum_{j \in \mathcal{N}_i} \tanh(w^T x_j)": "1/|N(i)| sum_{j in N(i)} tanh(w^T x_j)",
    r"\max_{1 \le i \le n} |x_i|": "max_i |x_i|",
    r"\max_{i=1,\dots,n} |x_i|": "max_i |x_i|",
    r"\max_{i=1}^n |x_i|": "max_i |x_i|",
    r"\max_i |x_i|": "max_i |x_i|",
    r"1 + \min_k \|c - x_k\|^2": "1 + min_k ||c - x_k||^2",
    r"\max_w \sum_i \log w_i": "sum_i log w_i",
    r"\tfrac12 \sum_{i,j} (R_{ij} - \mathbf{u}_i^\top \mathbf{v}_j)^2 + \lambda \sum_i \|\mathbf{u}_i\|^2": (
        "1/2 sum_{i,j} (R_ij - u_i^T v_j)^2 + lambda sum_i ||u_i||^2"
    ),
}


@pytest.mark.parametrize("text", LATEX)
def test_sums_in_latex(text: str) -> None:
    read, meant = matdiff.differentiate(text, order=0), matdiff.differentiate(LATEX[text], order=0)
    check_reading(LATEX[text], read)
    assert read.typed.variables.keys() == meant.typed.variables.keys()


def test_the_size_up_to_which_a_sum_runs_is_printed_by_its_name() -> None:
    answer = matdiff.differentiate("-1/N sum_{n=1}^N (t_n log y_n + (1 - t_n) log(1 - y_n))", "y")
    assert "/ N" in answer.text
    assert "rows(" not in answer.text
    assert "N = t.shape[0]" in answer.to("numpy")


# Questions whose derivatives are tensors.
TENSORS = {
    "W^T x": "W",
    "A X B": "X",
    "inv(X)": "X",
    "x x^T": "x",
    "softmax(W x)": "W",
    "sigmoid(W x)": "W",
    "diag(x) A": "x",
    "X^2": "X",
    "x .* (A x)": "A",
    **{text: variable for text, (variable, _) in ARRAYS.items()},
}


@pytest.mark.parametrize("text", TENSORS)
def test_index_notation_reads_back(text: str) -> None:
    """What is printed is what is expected, and where it says itself that it is index notation it has this value alone too."""
    answer = matdiff.differentiate(text, TENSORS[text])
    result = answer.result
    (verdict,) = answer.expect([result.formula])
    assert verdict.passed
    (doubled,) = answer.expect([f"2 ({result.text})"])
    assert not doubled.passed
    letters = [letter for *_, letter in result.full_axes]
    declared = [declaration(variable) for variable in answer.typed.variables.values()]
    again = matdiff.differentiate(result.formula, order=0, declarations=declared).typed
    if result.form != "index" or len(shape_of(again.expr)) < max(len(letters), 2):
        return  # X[i,k] Y[l,j] alone is about entries at positions
    if again.variables.keys() - answer.typed.variables.keys():
        return  # x_k alone is a name of its own
    sizes = usable_sizes(answer, 0)
    with mp.workdps(30):
        values = verify.sample(answer.typed, 0, sizes)
        assert values is not None
        axes = [(letter, number_of_dim(dim, sizes)) for *_, dim, letter in result.full_axes]
        parts = {part.name: part.expr for part in result.where}
        meant = list(verify.evaluate_tensor(result.index_expr, axes, values, sizes, None, parts).values())
        # What only a delta has takes its size from the result.
        own = {dim.name: size for dim, (_, size) in zip(shape_of(again.expr), axes) if dim.name is not None}
        rows = verify.evaluate(again.expr, values, {**own, **sizes}, again.definitions)
        assert _equal([meant], [[entry for row in rows for entry in row]])


def test_the_letters_of_an_einsum_are_printed_in_the_order_of_its_axes() -> None:
    answer = matdiff.differentiate('x^T einsum("ijk,k->ji", T, y) x', "y")
    assert "einsum" not in answer.text
    assert (
        matdiff.differentiate('einsum("ba,c->cab", A, x)', "x").text == matdiff.differentiate("Y[i,j,k] = A[k,j] x[i]", "x").text
    )
