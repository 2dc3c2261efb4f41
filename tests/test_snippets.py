"""Code as it stands in notebooks and libraries is run, and has the value and the derivative that this program gives it."""

from __future__ import annotations

import ast
import inspect
import math
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
import scipy.linalg
import scipy.special
from running import given, module

import matdiff
from matdiff.language.errors import MatdiffError, SeveralReadings

SIZES = {"n": 5, "p": 3, "k": 2, "m": 4, "b": 2}
# What the text does but to ask for a derivative.
ASKING = ("grad(", "backward", "hessian(", ".grad", "grad_fn")
Inputs = dict[str, Any]


class Snippet(NamedTuple):
    """A snippet of the corpus; `oracle` is its value, where the last line asks for a derivative."""

    name: str
    library: str
    verdict: str
    variable: str
    arrays: str
    oracle: str
    code: str


def snippets() -> list[Snippet]:
    text = (Path(__file__).parent / "corpus" / "snippets.txt").read_text(encoding="utf-8")
    found = []
    for part in re.split("^### ", text, flags=re.M)[1:]:
        head, _, code = part.partition("\n")
        first, variable, arrays, *oracle = (field.strip() for field in head.split("|"))
        found.append(Snippet(*first.split(), variable, arrays, *(oracle or [""]), code.rstrip("\n")))  # type: ignore[call-arg]
    return found


SNIPPETS = snippets()


def inputs_of(snippet: Snippet) -> Inputs:
    random, made = np.random.default_rng(1), dict[str, Any]()
    for item in snippet.arrays.split():
        name, _, sizes = item.partition(":")
        if sizes.startswith("#"):
            made[name] = SIZES[sizes[1:]]
            continue
        shape = [int(size) if size.isdigit() else SIZES[size] for size in sizes.rstrip("+%!").split(",") if size]
        array = random.normal(size=shape)
        if sizes.endswith("+"):
            array = random.uniform(0.3, 1.5, shape)
        elif sizes.endswith("%"):
            array = random.uniform(0.1, 0.9, shape)
        elif sizes.endswith("!"):
            array = array @ array.T + 2 * np.eye(shape[0])
        made[name] = array if shape else float(array)
    return made


def namespace(library: str, inputs: Inputs) -> dict[str, Any]:
    names: dict[str, Any] = {"np": np, "math": math, "scipy": scipy, **inputs}
    if library == "torch":
        torch = pytest.importorskip("torch")
        names.update(torch=torch, F=torch.nn.functional, nn=torch.nn)
        names.update(
            {
                name: value if isinstance(value, int) else torch.tensor(value, dtype=torch.float64)
                for name, value in inputs.items()
            }
        )
    elif library == "jax":
        jax = pytest.importorskip("jax")
        jax.config.update("jax_enable_x64", True)
        names.update(jax=jax, jnp=jax.numpy)
        names.update({name: value if isinstance(value, int) else jax.numpy.asarray(value) for name, value in inputs.items()})
    return names


def executed(snippet: Snippet, inputs: Inputs) -> np.ndarray:
    """The value of the last line; of a function that stands there with these inputs."""
    names = namespace(snippet.library, inputs)
    before, body = dict(names), ast.parse(snippet.code).body
    if snippet.oracle:
        defining = (ast.FunctionDef, ast.Import, ast.ImportFrom)
        body = [one for one in body if isinstance(one, defining) or not any(word in ast.unparse(one) for word in ASKING)]
        exec(compile(ast.Module(body, []), "snippet", "exec"), names)
        value = eval(snippet.oracle, names)
    elif isinstance(body[-1], ast.Expr):
        exec(compile(ast.Module(body[:-1], []), "snippet", "exec"), names)
        value = eval(compile(ast.Expression(body[-1].value), "snippet", "eval"), names)
    else:
        exec(compile(ast.Module(body, []), "snippet", "exec"), names)
        last: Any = body[-1]
        value = names[
            last.name
            if isinstance(last, ast.FunctionDef)
            else (last.targets[0] if isinstance(last, ast.Assign) else last.target).id
        ]
    if callable(value):
        itself = SimpleNamespace(**{name: before[name] for name in inputs})
        parameters = inspect.signature(value).parameters
        value = value(
            **{name: itself if name == "self" else before[name] for name in parameters if name == "self" or name in inputs}
        )
    value = value[0] if isinstance(value, tuple) else value
    return np.asarray(value.detach() if hasattr(value, "detach") else value, float)


def defaults(code: str) -> Inputs:
    functions = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.FunctionDef)]
    pairs = [pair for one in functions for pair in zip(reversed(one.args.args), reversed(one.args.defaults))]
    return {argument.arg: value.value for argument, value in pairs if isinstance(value, ast.Constant)}


def called(answer: matdiff.Derivative, snippet: Snippet, inputs: Inputs) -> np.ndarray:
    """What the printed code gives; the function of the highest derivative."""
    names = module(answer.to("numpy"))
    function = next((value for name, value in names.items() if re.match(r"d2?f_d", name)), names["f"])
    known = {**SIZES, **defaults(snippet.code), **inputs}
    return np.asarray(function(**{name: known[given(name, known)] for name in inspect.signature(function).parameters}), float)


def differences(snippet: Snippet, inputs: Inputs, variable: str, order: int) -> np.ndarray:
    """Central differences of the text itself."""
    if order == 0:
        return executed(snippet, inputs)
    start, step = np.asarray(inputs[variable], float), 1e-6 if order == 1 else 1e-4
    parts = []
    for place in np.ndindex(start.shape):
        sides = []
        for sign in (1, -1):
            moved = start.copy()
            moved[place] += sign * step
            sides.append(differences(snippet, {**inputs, variable: moved if moved.ndim else float(moved)}, variable, order - 1))
        parts.append((sides[0] - sides[1]) / (2 * step))
    result = np.stack(parts, axis=-1).reshape(parts[0].shape + start.shape)
    return result


def assert_near(found: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    found, expected = found.squeeze(), expected.squeeze()
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("snippet", [one for one in SNIPPETS if one.verdict == "right"], ids=lambda snippet: snippet.name)
def test_a_snippet_is_what_it_computes(snippet: Snippet) -> None:
    variable, _, mode = snippet.variable.partition("=")
    inputs, asked = inputs_of(snippet), None if mode else variable
    value = matdiff.differentiate(snippet.code, asked, order=0)
    assert_near(called(value, snippet, inputs), executed(snippet, inputs), 1e-7)
    derivative = matdiff.differentiate(snippet.code, asked)
    order = 2 if mode == "hess" else 1
    assert_near(called(derivative, snippet, inputs), differences(snippet, inputs, variable, order), 2e-5 if order == 1 else 2e-3)


@pytest.mark.parametrize("snippet", [one for one in SNIPPETS if one.verdict != "right"], ids=lambda snippet: snippet.name)
def test_what_cannot_be_told_or_read_is_refused(snippet: Snippet) -> None:
    with pytest.raises(MatdiffError) as caught:
        matdiff.differentiate(snippet.code, snippet.variable)
    assert isinstance(caught.value, SeveralReadings) == (snippet.verdict == "asked")
