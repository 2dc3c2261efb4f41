"""Code for a Hessian with structure has `solve`, which gives the x with H x = v, and no Hessian is made for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import running
from corpus.test_corpus import REASONS, _lines
from running import Call, needs

import matdiff
from matdiff.api import Derivative
from matdiff.pipeline import operators

# The expression, the variable and what is declared.
SOLVED = [
    ("sum(exp(x))", "x", ()),
    ("1/2 x^T x + sum(log(x))", "x", ()),
    ("x^T D x + (a^T x)^2", "x", ("D: diagonal n",)),
    ("||x||^4", "x", ()),
    ("||x - y||^2 + log(1 + exp(a^T x)) + (c^T x)^2", "x", ()),
    ("||Y - X W||^2", "W", ("X: m x q", "W: q x p")),
    ("||A W B||^2", "W", ("A: n x n", "W: n x m")),
    ("sum(W .^ 4 .* C)", "W", ()),
    ("-logdet(W)", "W", ()),
    ("tr(W W) + gamma tr(W W)", "W", ("gamma: scalar",)),
    ("tr(W^T A W) + gamma ||W||^2", "W", ("A: spd n", "gamma: scalar")),
    ("||W v - y||^2 + ||W||^2", "W", ()),
    ("tr(W^T A W B)", "W", ("A: spd n",)),
]
# The Hessian has no structure, is of less than full rank at every point, or needs an equation of another kind.
DENSE = [
    ("log(sum(exp(x)))", "x", ()),
    ("(a^T x)^2", "x", ()),
    ("log(sum(exp(A x)))", "x", ()),
    ("||W v - y||^2", "W", ()),
    ("tr(W^T A W) + tr(W B W^T)", "W", ()),
    ("sum(softplus(X W))", "W", ()),
    ("tr(A W)", "W", ()),
    ("x^T A x", "x", ()),
    ("b^T X^T X c", "X", ()),
    ("c^3", "c", ("c: scalar",)),
]
SIZES = {"m": 4, "n": 5, "p": 7, "q": 3, "k": 2}


def hessian(expression: str, wrt: str, declarations: tuple[str, ...]) -> Derivative:
    return matdiff.differentiate(expression, wrt, order=2, declarations=declarations)


def values(answer: Derivative, wrt: str) -> dict[str, Any]:
    """Numbers for every variable, structure kept, well away from singular points; V and v are directions."""
    random = np.random.default_rng(3)
    found: dict[str, Any] = {}
    for name, variable in answer.typed.variables.items():
        shape = [1 if dim.is_one else SIZES[str(dim)] for dim in variable.shape]
        array = random.uniform(0.5, 1.5, size=shape)
        if shape[0] == shape[1] > 1:
            array = np.diag(np.diag(array)) if variable.property == "diagonal" else array @ array.T + np.eye(shape[0])
        found[name] = array.reshape([size for size in shape if size > 1])
    direction = random.normal(size=np.shape(found[wrt]))
    return {**found, "v" if direction.ndim == 1 and "v" not in found else "V": direction}


@pytest.mark.parametrize(
    "format", ["numpy", *(pytest.param(name, marks=[needs(name), pytest.mark.sampled(5)]) for name in ("jax", "torch"))]
)
@pytest.mark.parametrize(("expression", "wrt", "declarations"), SOLVED)
def test_the_hessian_of_the_solution_is_the_right_side(
    expression: str, wrt: str, declarations: tuple[str, ...], format: str
) -> None:
    answer = hessian(expression, wrt, declarations)
    inputs = values(answer, wrt)
    direction = "V" if "V" in inputs else "v"
    source = answer.to(format)
    (solved,) = running.IN_PROCESS[format](Call(source, f"solve_{wrt}", inputs))
    (dense,) = running.IN_PROCESS[format](Call(source, f"d2f_d{wrt}2", inputs))
    assert running.close(np.tensordot(dense, solved, np.ndim(solved)), inputs[direction])
    (applied,) = running.IN_PROCESS[format](Call(source, f"hvp_{wrt}", {**inputs, direction: solved}))
    assert running.close(applied, inputs[direction])


@needs("octave-cli")
def test_solutions_through_octave(tmp_path: Any) -> None:
    answers = [(hessian(*case), case[1]) for case in SOLVED]
    calls = [Call(answer.to("matlab"), f"solve_{wrt}", values(answer, wrt)) for answer, wrt in answers]
    for (answer, wrt), call, (found,) in zip(answers, calls, running.octave(calls, tmp_path), strict=True):
        (wanted,) = running.numpy(Call(answer.to("numpy"), f"solve_{wrt}", call.inputs))
        assert running.close(found.reshape(wanted.shape, order="F"), wanted), call.source


@pytest.mark.parametrize(("expression", "wrt", "declarations"), DENSE)
def test_without_structure_there_is_no_solve(expression: str, wrt: str, declarations: tuple[str, ...]) -> None:
    assert "def solve_" not in hessian(expression, wrt, declarations).to("numpy")


def test_nothing_dense_is_made() -> None:
    for expression, wrt, declarations in SOLVED:
        source = hessian(expression, wrt, declarations).to("numpy")
        body = source[source.index("def solve_") :]
        assert "kron(" not in body and "np.linalg.inv(" not in body and "einsum" not in body


@pytest.mark.slow
def test_published_functions() -> None:
    """Wherever a solve comes with the Hessian of a published function, the Hessian takes it back."""
    count = 0
    for case in _lines("public.jsonl"):
        if case["id"] in REASONS or len(case["wrt"]) != 1 or case["kind"].split()[0] != "scalar" or case.get("structure"):
            continue
        wrt, inputs = case["wrt"][0], dict(case["points"][0]["inputs"])
        answer = matdiff.differentiate(case["expr"], wrt, order=2, declarations=case["decl"])
        source = answer.to("numpy")
        if "def solve_" not in source:
            continue
        direction = next(name for operator in operators(answer) for name in operator.introduced)
        (dense,) = running.numpy(Call(source, f"d2f_d{wrt}2", inputs))
        if np.linalg.cond(np.reshape(dense, (np.size(inputs[wrt]), -1))) > 1e8:
            continue  # (X^T X)^-1 V for an X with more columns than rows
        inputs[direction] = np.random.default_rng(0).normal(size=np.shape(inputs[wrt]))
        (solved,) = running.numpy(Call(source, f"solve_{wrt}", inputs))
        (applied,) = running.numpy(Call(source, f"hvp_{wrt}", {**inputs, direction: solved}))
        assert running.close(applied, inputs[direction], 1e-5), case["id"]
        count += 1
    assert count >= 10


@pytest.mark.parametrize(("expression", "wrt", "declarations"), SOLVED)
def test_the_formula_of_the_solution(expression: str, wrt: str, declarations: tuple[str, ...]) -> None:
    found = [Derivative(operator) for operator in operators(hessian(expression, wrt, declarations))]
    assert [operator.result.name for operator in found] == ["hvp", "solve"]
    assert all(operator.verify().passed for operator in found)
