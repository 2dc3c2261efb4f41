"""Every notation of every published derivative has the value of its index form."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import numpy as np
import pytest
from contractions import contraction
from mathematics import usable_sizes
from running import compile_latex, needs
from sessions import run

import matdiff
from matdiff.answer.result import Result
from matdiff.api import Derivative
from matdiff.check import verify
from matdiff.language.queries import post_order, shape_of
from matdiff.language.syntax import Expr
from matdiff.language.text import text
from matdiff.notations.change import Change
from matdiff.notations.notate import NOTATIONS, NoNotation, equation_of
from matdiff.numbers.axes import number_of_dim
from matdiff.numbers.precision import mp

SCHEMA = json.loads((Path(__file__).parent / "result.schema.json").read_text(encoding="utf-8"))
CASES = [
    json.loads(line) for line in (Path(__file__).parent / "corpus" / "public.jsonl").read_text(encoding="utf-8").splitlines()
]
TRICKY = [
    {"id": id, "expr": expr, "wrt": wrt.split(), "decl": decl}
    for id, expr, wrt, decl in (
        ("seed-vector", "W^T x", "W", []),
        ("seed-matrix", "W^T X", "W", []),
        ("seed-scalar", "z = A : (W^T X); z", "W", []),
        ("both", "X A X^T B + tr(C X) X", "X", ["X: n x n"]),
        ("hadamard", "(A X) .* exp(X B) ./ (1 + X .* X)", "X", ["X: n x n"]),
        ("diagonals", "diag(X) x^T + diag(X x)", "X", ["X: n x n"]),
        ("triangles", "tril(X) X[:,1] X[2,:]", "X", ["X: n x n"]),
        ("functions", "expm(A X)", "X", []),
        ("row", "x^T X", "X", []),
        ("row variable", "X: 1 x n; X A", "X", []),
        ("outer", "x x^T A", "x", []),
        ("hessian", "tr(X^T A X B)", "X X", []),
        ("hessian-inverse", "logdet(X)", "X X", []),
        ("mixed", "x^T W^T W x", "x W", []),
        ("third", "(a^T x)^3", "x x x", []),
        ("constant", "tr(A X)", "X X", []),
        ("definitions", "p = softmax(A x); p p^T", "x", []),
        ("names", "E X F + dX", "X", ["X: n x n", "dX: n x n"]),
        ("symmetric", "S A S", "S", ["S: symmetric n"]),
        ("kron", "kron(X, Y X)", "X", []),
        ("kron with a vector", "kron(x, X) + kron(X, x)", "X", []),
        ("kron with a row", "kron(X, x^T)", "X", []),
        ("vec", "vec(X^T X) + vec(A X)", "X", ["X: n x n"]),
    )
]
MOST_ENTRIES = 3000


def answer_of(case: dict[str, Any]) -> Derivative:
    return matdiff.differentiate(
        case["expr"],
        list(dict.fromkeys(case["wrt"])),
        order=len(case["wrt"]),
        declarations=case["decl"],
        structure=case.get("structure") or "project",
    )


class Point:
    """A result at random values: its whole tensor, and what matrix notation evaluates to."""

    def __init__(self, answer: Derivative, result: Result) -> None:
        self.answer, self.result = answer, result
        self.sizes = usable_sizes(answer, 1)
        values = verify.sample(answer.typed, 1, self.sizes)
        assert values is not None
        self.values = dict(values)
        self.parts = {part.name: part.expr for part in result.parts}
        self.change = Change(answer, result)
        self.dims = [number_of_dim(dim, self.sizes) for dim in result.tensor.dims]
        random = Random(1)
        self.moves = {}
        for name, leaf in self.change.leaves.items():
            rows, columns = (number_of_dim(dim, self.sizes) for dim in shape_of(leaf))
            self.moves[name] = np.array([[random.gauss(0, 1) for _ in range(columns)] for _ in range(rows)])
            self.values[str(leaf.value)] = [[mp.mpf(x) for x in row] for row in self.moves[name].tolist()]

    def tensor(self) -> Any:
        letters = [(letter, number_of_dim(dim, self.sizes)) for *_, dim, letter in self.result.full_axes]
        found = verify.evaluate_tensor(self.result.index_expr, letters, self.values, self.sizes, None, self.parts)
        tensor = np.zeros(self.dims)
        for place, number in found.items():
            tensor[place] = float(number)
        return tensor

    def matrix(self, expr: Expr, **places: int) -> Any:
        value = verify.evaluate(self.named(expr), self.values, {**self.sizes, **places}, self.parts)
        return np.array([[float(x) for x in row] for row in value])

    def named(self, expr: Expr) -> Expr:
        """`dX` as the name that has a value."""
        done: dict[int, Expr] = {}
        for node in post_order(expr):
            if node.op == "differential":
                done[id(node)] = self.change.leaves[str(node.value)]
            else:
                args = tuple(done[id(arg)] for arg in node.args)
                done[id(node)] = node if args == node.args else node.replace(args=args)
        return done[id(expr)]

    def contraction(self, expr: Expr) -> Any:
        """A formula of Frobenius notation as an array with four axes."""
        if expr.op == "number":
            return np.full(self.dims, float(str(expr.value)))
        return contraction(expr, self.sizes, self.matrix, self.slope)

    def slope(self, expr: Expr) -> Any:
        """dexpm(X) as an array: its value in every direction."""
        n = number_of_dim(shape_of(expr)[0], self.sizes)
        found = np.zeros((n, n, n, n))
        leaf = Expr("name", (), "direction", shape=shape_of(expr))
        for p, q in itertools.product(range(n), repeat=2):
            self.values["direction"] = [[mp.mpf((i, j) == (p, q)) for j in range(n)] for i in range(n)]
            found[:, :, p, q] = self.matrix(Expr(expr.op, (*expr.args, leaf), shape=shape_of(expr)))
        return found


def check(answer: Derivative, result: Result, notation: str) -> None:
    """The equation in this notation has the value of the index form.  Raises NoNotation where there is none."""
    equation = equation_of(answer, result, notation)
    point = Point(answer, result)
    if np.prod(point.dims) > MOST_ENTRIES:
        return
    tensor, counts = point.tensor(), point.change.counts
    kept = counts[-1] if result.wrt else 0
    lead = len(point.dims) - kept
    if notation == "differential":
        for name, count in reversed(list(zip(result.wrt, counts[1:]))):
            move = point.moves[name]
            tensor = np.tensordot(tensor, move.reshape(tensor.shape[tensor.ndim - count :]), count)
        close(point.matrix(equation.right), tensor)
    elif notation == "entry":
        for place in itertools.islice(itertools.product(*map(range, point.dims[:lead])), 0, None, 7):
            letters = [letter for *_, letter in result.full_axes[:lead]]
            close(point.matrix(equation.right, **{letter: i + 1 for letter, i in zip(letters, place)}), tensor[place])
    elif notation == "kronecker":
        stacked = tensor.reshape([*point.dims[:lead], -1], order="F") if kept else tensor[..., None]
        close(point.matrix(equation.right), stacked.reshape(-1, stacked.shape[-1], order="F"))
    elif notation == "frobenius":
        if result.is_matrix or result.form == "matrix":
            close(point.matrix(equation.right), tensor)
        else:
            close(point.contraction(equation.right), tensor)
    elif notation == "matrix":
        close(point.matrix(equation.right), tensor)
    else:
        assert notation == "index" and equation.right == result.index_expr


def close(found: Any, expected: Any) -> None:
    """Equal numbers; sizes 1 do not count, and one number stands for an array of equal ones."""
    found, expected = np.squeeze(np.asarray(found)), np.squeeze(np.asarray(expected))
    if found.shape != expected.shape and found.size == 1:
        found = np.full(expected.shape, found)
    assert found.shape == expected.shape
    assert np.allclose(found, expected, rtol=1e-9, atol=1e-9 * (1 + np.max(np.abs(expected), initial=0)))


def forms_of(case: dict[str, Any]) -> dict[str, str]:
    """Check every notation; the printed form of those that there are."""
    answer = answer_of(case)
    result = next(r for r in answer.results if list(r.wrt) == case["wrt"])
    found = {}
    for notation in NOTATIONS:
        try:
            check(answer, result, notation)
        except NoNotation:
            continue
        found[notation] = text(equation_of(answer, result, notation).right)
    return found


@pytest.mark.parametrize("case", TRICKY, ids=lambda case: case["id"])
def test_every_notation_is_true(case: dict[str, Any]) -> None:
    assert {"index", "differential"} <= forms_of(case).keys()


@pytest.mark.sampled(2)
@pytest.mark.parametrize("case", CASES[::6], ids=lambda case: case["id"])
def test_every_notation_of_published_derivatives_is_true(case: dict[str, Any]) -> None:
    assert {"index", "differential"} <= forms_of(case).keys()


@pytest.mark.parametrize("expression", ["W^T X", "tr(W^T W A)", "kron(W, B)", "expm(W A)"])
@pytest.mark.parametrize("order", ["1", "2"])
def test_json_of_every_notation(expression: str, order: str) -> None:
    """Each result says its notation, its own axes and how it reads in every style."""
    outcome = run([expression, "--wrt", "W", "--order", order, "--notation", "all", "--json"])
    document = json.loads(outcome.stdout)
    jsonschema.validate(document, SCHEMA)
    forms = [result["form"] for result in document["results"]]
    assert len(set(forms)) == len(forms)
    assert {"index", "differential"} <= set(forms)
    for result in document["results"]:
        assert result["text"] and result["unicode"] and result["latex"] and result["axes"]


def test_auto_says_what_it_chose_and_what_is_next_best() -> None:
    shown = run(["W^T X", "--wrt", "W"], terminal=True).stdout
    assert "∂Y_ij/∂W_kl" in shown
    assert "as a matrix: ∂vec(Y)/∂vec(W)ᵀ" in shown


@pytest.mark.slow
@needs("pdflatex")
def test_latex_of_every_notation_compiles(tmp_path: Path) -> None:
    parts = []
    for case in TRICKY:
        arguments = [word for variable in case["wrt"][:1] for word in ("--wrt", variable)]
        arguments += [word for declaration in case["decl"] for word in ("--var", declaration)]
        arguments += ["--order", str(len(case["wrt"])), "--notation", "all", "--latex", "--lhs", "--math", "display"]
        if len(set(case["wrt"])) == 1:
            outcome = run([case["expr"], *arguments])
            assert outcome.status == 0, outcome.stderr
            parts.append(outcome.stdout)
    compile_latex("\n\n".join(parts), tmp_path)
