"""Sums over an index: the question in matrices has the value of the sum written out term by term, and the printed derivative is true."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import pytest
from mathematics import _equal, check_answer, usable_sizes
from sessions import run

import matdiff
from matdiff.check import verify
from matdiff.infer.infer import infer
from matdiff.language.dims import shape_of_axes
from matdiff.language.errors import IndexSum, NotLifted
from matdiff.language.kinds import Variable, declared_kind
from matdiff.language.queries import post_order
from matdiff.language.statements import Definition, Question
from matdiff.language.syntax import Expr
from matdiff.numbers.axes import number_of_dim
from matdiff.numbers.precision import mp
from matdiff.read.parse import parse

# The text, the variable, and the derivative as it is printed.
SUMS = {
    "sum_i (y_i - w^T x_i)^2": ("w", "y: m; x: m x n; -2 x^T (y - x w)"),
    "sum_i log(1 + exp(-y_i w^T x_i))": ("w", "y: m; x: m x n; -x^T (y .* sigmoid(-y .* (x w)))"),
    "1/n sum_{i=1}^n log(1 + exp(-y_i x_i^T w)) + lambda/2 ||w||^2": ("w", None),
    "mean_i log(1 + exp(-y_i w^T x_i))": ("w", None),
    "sum_{i=1}^n max(0, 1 - y_i (w^T x_i + b))": ("w", None),
    "sum_ij a_ij x_i y_j": ("x", "a: m x n; y: n; a y"),
    "∑_{i,j} a_{ij} x_i y_j": ("y", "a: m x n; x: m; a^T x"),
    "sum[i,j] A[i,j] x[i] x[j]": ("x", "(A + A^T) x"),
    "sum_i sum_j K_ij (x_i - x_j)^2": ("x", None),
    "sum_i ||x_i - m||^2": ("m", None),
    "sum_i ||x_i - c||": ("c", None),
    "-n/2 log det Sigma - 1/2 sum_{i=1}^n (x_i - mu)^T Sigma^-1 (x_i - mu)": ("mu", None),
    "-n/2 log det Sigma - 1/2 sum_i (x_i - mu)^T Sigma^-1 (x_i - mu)": ("Sigma", None),
    "sum_ij alpha_i alpha_j exp(-||x_i - x_j||^2/(2 l^2))": ("l", None),
    "m = mean_i x_i; 1/(n-1) sum_i (x_i - m)^2": ("x", None),
    "sum_{i,j} (r_{ij} - u_i^T v_j)^2 + lambda sum_j ||v_j||^2": ("v", None),
    "-sum_i y_i log p_i": ("p", "-y ./ p"),
    "sum_i (y_i log p_i + (1 - y_i) log(1 - p_i))": ("p", None),
    "sum_i w_i (a_i^T x - b_i)^2": ("x", None),
    "sum_i x_i^T A x_i": ("A", "x: m x n; x^T x"),
    "sum_i (x_i - mu)(x_i - mu)^T": ("mu", None),
    "1/2 sum_i ||x_i - W z_i||^2": ("W", "x: m x n; z: m x p; -(x - z W^T)^T z"),
    "||sum_i alpha_i x_i||^2": ("alpha", "alpha: m; x: m x n; 2 x x^T alpha"),
    "log sum_k exp(a_k^T x)": ("x", "a: m x n; a^T softmax(a x)"),
    "sum_i softmax(W x_i)": ("W", None),
    "sum_i logsumexp(W x_i)": ("W", None),
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
    "x: n x 2; y: n; sum_i (y_i - w^T x_i)^2": ("w", None),
}

# Arrays with more axes and families of matrices: what has no matrix notation stays in indices.
ARRAYS = {
    "sum_{ijk} T_{ijk} a_i b_j c_k": ("b", "sum[i,j] T[i,k,j] a[i] c[j]"),
    "sum_{ijk} T[i,j,k] a[i] b[j] c[k]": ("T", "a[k] b[l] c[q]"),
    "T: m x n x p; sum_ijk T_ijk^2": ("T", "2 T[k,l,q]"),
    "T: m x n x p; S: m x n x p; 1/2 sum_ijk (T_ijk - S_ijk)^2": ("T", "T[k,l,q] - S[k,l,q]"),
    "sum_{i,j,k} (T[i,j,k] - sum_r A[i,r] B[j,r] C[k,r])^2": ("A", None),
    "sum_ijk (T_ijk - sum_abc G_abc U_ia V_jb W_kc)^2": ("G", None),
    "sum_k tr(A_k X B_k)": ("X", "sum[i,j] A[i,j,k] B[i,l,j]"),
    "sum_k w_k tr(A_k X)": ("w", "sum[i,j] A[k,i,j] X[j,i]"),
    "sum_k (b_k - tr(A_k X))^2": ("X", None),
    "-sum_k y_k log(tr(A_k X)) + sum_k tr(A_k X)": ("X", None),
    "sum_k x^T A_k x": ("x", None),
    "sum_k log(x^T A_k x)": ("x", None),
    "sum_k ||A_k x - b_k||^2": ("x", None),
    "sum_k A_k X A_k^T": ("X", "sum[q] A[q,i,k] A[q,j,l]"),
    "sum_k c_k A_k": ("c", "A[k,i,j]"),
    "tr(sum_k B_k X)": ("X", "sum[i] B[i,l,k]"),
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


def check_reading(text: str, answer: matdiff.Derivative) -> None:
    """The question as it is asked has the value of the sum written out term by term."""
    typed = answer.typed
    sizes = usable_sizes(answer, 0)
    with mp.workdps(30):
        values = verify.sample(typed, 0, sizes)
        assert values is not None
        written = _WrittenOut(text, typed.variables, sizes, values)
        meant = verify.evaluate(written.typed.expr, written.values, sizes, written.typed.definitions)
        assert _equal(meant, verify.evaluate(typed.expr, values, sizes, typed.definitions))


class _WrittenOut:
    """The typed question in which each sum is a sum of terms, and every member of a family a variable of its own."""

    def __init__(self, text: str, variables: Any, sizes: dict[str, int], values: Any) -> None:
        statements = parse(text)
        self.variables, self.sizes, self.values = dict(variables), sizes, dict(values)
        self.parts = {one.name: one.expr for one in statements if isinstance(one, Definition)}
        (question,) = (one for one in statements if isinstance(one, Question))
        self.ranges: dict[str, int] = {}
        for node in (node for part in (*self.parts.values(), question.expr) for node in post_order(part)):
            if node.op == "name" and node.args and node.value in variables:
                for index, dim in zip(node.args, variables[str(node.value)].shape):
                    self.ranges[str(index.value)] = number_of_dim(dim, sizes)
            elif node.op == "name" and node.args:
                for index, own in zip(node.args, self.parts[str(node.value)].args[1:]):
                    self.ranges[str(index.value)] = self.ranges[str(own.value)]
            elif node.op == "over":
                self.ranges.update(
                    (str(index.value), sizes.get(str(index.args[0].value), 2))
                    for index in node.args[1:]
                    if index.op == "index" and index.args
                )
        whole = {name: self.expanded(part, {}) for name, part in self.parts.items() if self._is_matrix(part)}
        expr = self.expanded(question.expr, {})
        numbers = {name: Expr("number", (), number) for name, number in sizes.items() if name not in variables}
        both = {name: _with_sizes(part, numbers) for name, part in whole.items()}
        self.typed = infer(_with_sizes(expr, numbers), self.variables, both, soft=True)

    def _is_matrix(self, part: Expr) -> bool:
        return part.op != "over" or part.value != "array" or len(part.args) < 4

    def expanded(self, expr: Expr, at: dict[str, int]) -> Expr:
        if expr.op == "name" and expr.args:
            return self._member(str(expr.value), [at[str(index.value)] for index in expr.args])
        if expr.op == "name" and expr.value in self.parts and not self._is_matrix(self.parts[str(expr.value)]):
            return self.expanded(self.parts[str(expr.value)], at)
        if expr.op != "over":
            return expr.replace(args=tuple(self.expanded(arg, at) for arg in expr.args)) if expr.args else expr
        indices = [str(index.value) for index in expr.args[1:] if index.op == "index"]
        rows = [range(1, self.ranges[index] + 1) for index in indices]
        places = [{**at, **dict(zip(indices, place))} for place in product(*rows)]
        for condition in (part for part in expr.args[1:] if part.op == "condition"):
            one, other = (str(index.value) for index in condition.args)
            places = [p for p in places if p[one] < p[other] or (condition.value == "!=" and p[one] > p[other])]
        terms = [self.expanded(expr.args[0], place) for place in places]
        if expr.value == "array":
            return Expr("block", tuple(terms), prod(map(len, rows[1:])))
        total = Expr("+", tuple(terms)) if len(terms) > 1 else terms[0]
        return Expr("/", (total, Expr("number", (), len(terms)))) if expr.value == "mean" else total

    def _member(self, name: str, places: list[int]) -> Expr:
        """The member, or entry, as a variable of its own; one of an array that is defined by its entries is what it is defined as."""
        if name not in self.variables:
            body, *indices = self.parts[name].args
            return self.expanded(body, {str(index.value): place for index, place in zip(indices, places)})
        member = "_".join([name, *map(str, places), "member"])
        if member not in self.variables:
            shape = self.variables[name].shape
            rest = shape_of_axes([dim for dim in shape[len(places) :] if not dim.is_one])
            sizes = [number_of_dim(dim, self.sizes) for dim in shape]
            entries = [entry for row in self.values[name] for entry in row]
            count = prod(sizes[len(places) :])
            first = sum((place - 1) * prod(sizes[axis + 1 :]) for axis, place in enumerate(places))
            columns = number_of_dim(rest[1], self.sizes)
            found = entries[first : first + count]
            self.values[member] = [found[start : start + columns] for start in range(0, count, columns)]
            self.variables[member] = Variable(member, declared_kind(rest), rest)
        return Expr("name", (), member)


def _with_sizes(expr: Expr, numbers: dict[str, Expr]) -> Expr:
    if expr.op == "name" and expr.value in numbers:
        return numbers[str(expr.value)]
    return expr.replace(args=tuple(_with_sizes(arg, numbers) for arg in expr.args)) if expr.args else expr


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("prod_i x_i", IndexSum),
        ("mean_{i != j} x_i x_j", IndexSum),
        ("sum_{i<j} (||x_i - x_j|| - a_ij)^2", NotLifted),
        ("sum_{i != j} x_i / a_ij", NotLifted),
        ("sum_i i x_i", IndexSum),
        ("sum_i x_i^i", IndexSum),
        ("sum_j A_ij x_j", IndexSum),
        ("sum_i A[i,1] x_i", IndexSum),
        ("sum_k log det(A_k X A_k^T)", NotLifted),
        ("sum_i inv(A + x_i x_i^T)", NotLifted),
        ("sum_i (x_{i+1} - x_i)^2", IndexSum),
        ("log(x_i^T x_i) - sum_{k != i} x_k^T x_i", IndexSum),
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
    assert outcome.stdout.endswith("-2 (r - u v^T) v\n")
    assert "the derivative by u_k is that row of the derivative by u" in outcome.stderr


def test_a_name_that_no_sum_binds_stays_one() -> None:
    answer = matdiff.differentiate("-log(exp(z_i^T z_j / tau) / sum_k exp(z_i^T z_k / tau))", "z_i")
    assert list(answer.typed.variables) == ["z_i", "z_j", "tau", "z"]
    check_answer(answer)


LATEX = {
    r"\frac{1}{2n} \sum_{i=1}^n (y_i - \mathbf{w}^\top \mathbf{x}_i)^2": "1/(2n) sum_{i=1}^n (y_i - w^T x_i)^2",
    r"\sum_{i=1}^{n} \log\left(1+e^{-y_i \mathbf{w}^{\top}\mathbf{x}_i}\right)": "sum_{i=1}^n log(1 + exp(-y_i w^T x_i))",
    r"\sum_{i=1}^{m}\sum_{j=1}^{n} a_{ij}\, x_i\, y_j": "sum_{i=1}^m sum_{j=1}^n a_ij x_i y_j",
    r"\log \sum_{k=1}^K \exp(\mathbf{a}_k^\top \mathbf{x})": "log sum_{k=1}^K exp(a_k^T x)",
    r"\sum_{i \neq j} x_i x_j": "sum_{i != j} x_i x_j",
    r"\sum_{n=1}^{N} \left\{ t_n - \mathbf{w}^T \boldsymbol{\phi}_n \right\}^2": "phi: N x p; sum_{n=1}^N (t_n - w^T phi_n)^2",
    r"-\sum\limits_k \pi_k \ln \pi_k": "-sum_k pi_k log(pi_k)",
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
