"""Generated code at large values: every law holds, and what is computed is what the formula says, where that is finite."""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import running
from mathematics import usable_sizes
from running import Call, needs

import matdiff
from matdiff.api import Derivative
from matdiff.check import verify
from matdiff.code.module import function_name
from matdiff.code.stable.stable import STABLE, stable
from matdiff.laws.equations import DEFINITIONS, lines_of
from matdiff.numbers.axes import number_of_dim
from matdiff.numbers.precision import mp

LINES = [*lines_of(DEFINITIONS), *lines_of(STABLE)]


def _shapes(line: str) -> list[str]:
    """x and y are vectors, but numbers beside a determinant and an exponent of a number."""
    scalar = "det(" in line
    y = "scalar" if scalar else "m" if "diag(y)^-1 exp" in line else "n"
    matrix = "spd n" if scalar else "m x n"
    names = {"x": "scalar" if scalar else "n", "y": y, "v": "n", "u": "n", "c": "scalar", "X": matrix, "Y": matrix}
    return [f"{name}: {shape}" for name, shape in names.items()]


@pytest.mark.parametrize("line", LINES)
def test_a_law_holds_and_is_used(line: str) -> None:
    """At a random point, and what stands on its left side is put otherwise."""
    left, right = line.split(" = ")
    declarations = _shapes(line)
    names = [text for text in declarations if re.search(rf"\b{text[0]}\b", left)]
    one = matdiff.differentiate(left, order=0, declarations=names)
    other = matdiff.differentiate(f"{right} + 0 ({left})", order=0, declarations=names)
    sizes = usable_sizes(one, 1)
    values = verify.sample(one.typed, 1, sizes)
    assert values is not None
    wanted = verify.evaluate(one.typed.expr, values, sizes)
    found = verify.evaluate(other.typed.expr, values, sizes)
    assert all(abs(a - b) < 1e-20 * (1 + abs(a)) for a, b in zip(itertools.chain(*wanted), itertools.chain(*found), strict=True))
    rewritten = stable(one.typed.expr)
    assert rewritten != one.typed.expr
    assert rewritten.shape == one.typed.expr.shape


# Expression, variable, declarations; the variable is made large.
OBJECTIVES = [
    ("-y^T log(sigmoid(X w)) - (1 - y)^T log(1 - sigmoid(X w))", "w", ()),
    ("s = sigmoid(X w); -y^T log(s) - (1 - y)^T log(1 - s)", "w", ()),
    ("-y^T log(softmax(W x + b))", "W", ()),
    ("-log(softmax(W x)[2])", "x", ()),
    ("-log(exp(x)[2] / sum(exp(x)))", "x", ()),
    ("p = exp(x) / sum(exp(x)); -y^T log(p)", "x", ()),
    ("softmax(x)^T log(softmax(x))", "x", ()),
    ("sum(log(exp(S) ones))", "S", ("S: m x n",)),
    ("sum(log(ones^T exp(S)))", "S", ("S: m x n",)),
    ("-sum(Y .* log(diag(exp(S) ones)^-1 exp(S)))", "S", ("S: m x n",)),
    ("-sum(Y .* log(exp(S) ./ (exp(S) ones ones^T)))", "S", ("S: m x n",)),
    ("P = exp(S) ./ (exp(S) ones ones^T); -tr(Y^T log(P))", "S", ("S: m x n",)),
    ("tr(A^T (exp(S) ./ (exp(S) ones ones^T)))", "S", ("S: m x n",)),
    ("tr(A^T diag(exp(S) ones)^-1 exp(S))", "S", ("S: m x n",)),
    ("-sum(Y .* log(softmax(S, rows)))", "S", ("S: m x n",)),
    ("tr(A^T softmax(S, cols))", "S", ("S: m x n",)),
    ("sum(logsumexp(S, rows) .* logsumexp(S, cols)^T)", "S", ("S: n x n",)),
    ("sum(log(exp(X W) ones)) - sum(Y .* (X W))", "W", ()),
    ("-sum(log(diag(exp(S)) ./ (exp(S) ones)))", "S", ("S: n x n",)),
    ("sum(log(exp(-D / t) ones))", "D", ("D: n x n", "t: scalar")),
    ("log(a^T exp(x))", "x", ()),
    ("log(mean(exp(x)))", "x", ()),
    ("a^T exp(x) / sum(exp(x))", "x", ()),
    ("sum(log(1 + exp(-y .* (X w))))", "w", ()),
    ("sum(log(ones(n) + exp(x)))", "x", ("x: n",)),
    ("sum(log(2 + exp(x)))", "x", ()),
    ("sum(log(exp(x) - 1))", "x", ()),
    ("sum(log1p(exp(x)))", "x", ()),
    ("sum(exp(x) ./ (1 + exp(x)))", "x", ()),
    ("sum(log(exp(x) + exp(y) + exp(z)))", "x", ()),
    ("sum(log(exp(x) + exp(-x)))", "x", ()),
    ("sum((exp(x) - exp(-x)) ./ (exp(x) + exp(-x)))", "x", ()),
    ("sum(log(cosh(x)))", "x", ()),
    ("sum(sinh(x) ./ cosh(x))", "x", ()),
    ("sum(log(1 - tanh(x) .^ 2))", "x", ()),
    ("log(exp(x^T y) + exp(x^T z))", "x", ()),
    ("log(exp(x^T y) / (exp(x^T y) + exp(x^T z)))", "x", ()),
    ("sum(tanh(x))", "x", ()),
    ("sum(softplus(x))", "x", ()),
    ("logsumexp(A x + b)", "x", ()),
    ("||A x - b||", "x", ()),
]
# Of so many objectives one is run, unless everything must run.
PART = {"numpy": 1, "torch": 2, "jax": 12, "matlab": 4}
UNSCALED = ("y", "Y", "a", "A", "t", "X", "v_v")


def points(number: int, scale: float) -> Iterator[tuple[Derivative, dict[str, Any], dict[str, np.ndarray]]]:
    """The answers for the gradient and for the Hessian times a vector, inputs with entries up to `scale` of both signs, and the values."""
    expression, wrt, declarations = OBJECTIVES[number]
    for along in ({}, {"hvp": "v_v"}):
        answer = matdiff.differentiate(expression, wrt, declarations=declarations, **along)
        typed = answer.typed
        sizes = usable_sizes(answer, 3)
        values = verify.sample(typed, 3, sizes)
        assert values is not None
        largest = max(abs(entry) for row in values[wrt] for entry in row)
        sign = 1 if "- 1)" in expression or "- 1;" in expression else -1
        turned = [
            [(1 if (i + j) % 2 else sign) * abs(x) / largest for j, x in enumerate(row)] for i, row in enumerate(values[wrt])
        ]
        values = {
            **values,
            wrt: turned,
            **{name: [[abs(x) for x in row] for row in values[name]] for name in {"a"} & values.keys()},
        }
        values = {
            name: [[mp.mpf(float(x if name in UNSCALED and name != wrt else scale * x)) for x in row] for row in matrix]
            for name, matrix in values.items()
        }
        inputs = {}
        for name, matrix in values.items():
            numbers = np.array(matrix, float)
            inputs[name] = numbers.reshape([n for n, dim in zip(numbers.shape, typed.variables[name].shape) if not dim.is_one])
            inputs[name] = inputs[name] if inputs[name].shape else float(inputs[name])
        yield answer, inputs, _exact(answer, values, sizes)


def _exact(answer: Derivative, values: Any, sizes: Any) -> dict[str, np.ndarray]:
    """With so many digits that 1 - sigmoid(x) has some left."""
    with mp.workdps(1500):
        ((value,),) = verify.evaluate(answer.typed.expr, values, sizes, answer.typed.definitions)
        result = answer.result
        letters = [(letter, number_of_dim(dim, sizes)) for *_, dim, letter in result.axes]
        entries = list(itertools.product(*(range(size) for _, size in letters)))
        parts = {part.name: part.expr for part in result.where}
        found = verify.evaluate_tensor(result.index_expr, letters, values, sizes, entries, parts)
    array = np.array([float(found[entry]) for entry in entries]).reshape([size for _, size in letters])
    return {"f": np.array(float(value)), function_name(result): array}


def close(actual: np.ndarray, wanted: np.ndarray) -> bool:
    """Finite and right to rounding; what is smaller than 1e-12 is as good as nothing."""
    return bool(np.all(np.isfinite(actual)) and np.all(np.abs(actual - wanted) <= 1e-9 * np.max(np.abs(wanted)) + 1e-12))


@pytest.fixture(autouse=True)
def any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """The numbers in between may be as large as they are."""
    monkeypatch.setattr("matdiff.numbers.matrices._ROUNDING", -(10**7))


@pytest.mark.parametrize(
    ("format", "number"),
    [
        pytest.param(name, n, marks=[needs(name), pytest.mark.sampled(PART[name])])
        for name in ("numpy", "torch", "jax")
        for n in range(len(OBJECTIVES))
    ],
)
@pytest.mark.parametrize("scale", [1.0, 30.0, 800.0])
def test_code_at_large_values(format: str, number: int, scale: float) -> None:
    for answer, inputs, expected in points(number, scale):
        call = Call(answer.to(format), f"f_and_{function_name(answer.result)}", inputs)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = running.IN_PROCESS[format](call)
        for actual, wanted in zip(found, expected.values(), strict=True):
            assert close(actual, wanted), (OBJECTIVES[number], actual, wanted, call.source)


@needs("octave-cli")
def test_octave_at_large_values(tmp_path: Any, whole: bool) -> None:
    asked = [point for number in range(0, len(OBJECTIVES), 1 if whole else PART["matlab"]) for point in points(number, 800.0)]
    calls = [Call(answer.to("matlab"), f"f_and_{function_name(answer.result)}", inputs) for answer, inputs, _ in asked]
    for (_, _, expected), call, found in zip(asked, calls, running.octave(calls, tmp_path), strict=True):
        for actual, wanted in zip(found, expected.values(), strict=True):
            assert close(actual.reshape(wanted.shape, order="F"), wanted), call.source


def test_a_shift_is_made_for_each_entry() -> None:
    """Not by the largest of all, beside which the others would vanish."""
    answer = matdiff.differentiate("sum(exp(X) ./ (exp(X) + exp(Z)))", "X", declarations=["X, Z: m x n"])
    inputs = {"X": np.array([[1000.0, -1000.0]]), "Z": np.array([[999.0, -1001.0]])}
    value = running.numpy(Call(answer.to("numpy"), "f", inputs))[0]
    assert running.close(value, 2 / (1 + np.exp(-1)))


def test_what_needs_no_shift_stays() -> None:
    for expression in ("sum(exp(x))", "a^T exp(-x)", "sum(x ./ exp(y))", "exp(-1/2 x^T x)"):
        assert "max" not in matdiff.differentiate(expression, "x").to("numpy")
