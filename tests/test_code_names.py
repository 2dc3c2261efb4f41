"""Names in generated code: whatever variables, sizes and positions are called, and however many statements there are, it runs."""

from __future__ import annotations

import ast
import builtins
import json
import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import running
from questions import asked
from running import Call, needs
from sessions import run

import matdiff
from matdiff.code.language import Language
from matdiff.code.module import LANGUAGES

PYTHON = [pytest.param(name, marks=needs(name)) for name in running.IN_PROCESS]
# Of so many questions one is looked at.
EVERY = 7
# Modules, builtins, functions of the module, our own helpers, names that the code gives to something.
HOSTILE = (
    "np", "f", "t0", "x", "point", "df_dt0", "math", "torch", "sp", "lambda", "sum_", "sum__", "e", "n", "t", "df_dx", "solve", "hvp_x",
    "sqrtm_", "softmax_", "logsumexp_", "einsum_", "value", "value_", "result", "derivative", "derivatives", "len", "list", "int", "jax",
    "jnp", "scipy", "along", "beside", "end", "function", "s", "S", "T", "d", "i", "j", "I_", "functions", "f_and_df_dt0", "largest",
)  # fmt: skip


def language(format: str) -> type[Language]:
    module, _, name = LANGUAGES[format].partition(":")
    found: type[Language] = getattr(import_module(f"matdiff.code.languages.{module}"), name)
    return found


def hostile(format: str) -> tuple[Call, int]:
    """A function whose variables have all these names, and those of the helpers that can be names, and uses some helpers."""
    helpers = [name for name in language(format).helpers if name[0].isalpha()]
    names = list(dict.fromkeys([*HOSTILE, *helpers]))
    source = " + ".join(f"{name}^T {name}" for name in names) + " + logsumexp(t0) + sum(softplus(np)) + sum(relu(f))"
    answer = matdiff.differentiate(source, "t0", declarations=[f"{name}: n_n" for name in names])
    source = answer.to(format)
    signature = re.search(r"(f_and_df_dt0_?)\((.*)\)", source if format != "matlab" else source.partition("end")[2])
    assert signature
    parameters = signature[2].split(", ")
    assert len(set(parameters)) == len(names)
    return Call(source, signature[1], {name: [float(place), 1.0] for place, name in enumerate(parameters)}), len(names)


def agrees(found: list[np.ndarray], count: int) -> bool:
    inputs = {name: np.array([place, 1.0]) for place, name in enumerate(HOSTILE)}
    t0, soft = inputs["t0"], np.exp(inputs["t0"]) / np.exp(inputs["t0"]).sum()
    value = sum(place**2 + 1 for place in range(count)) + np.log(np.exp(t0).sum())
    value += np.log1p(np.exp(inputs["np"])).sum() + inputs["f"].sum()
    return running.close(found[0], value) and running.close(found[1].ravel(), 2 * t0 + soft)


@pytest.mark.parametrize("format", PYTHON)
def test_variables(format: str) -> None:
    call, count = hostile(format)
    assert agrees(running.IN_PROCESS[format](call), count)


@needs("octave-cli")
def test_variables_through_octave(tmp_path: Path) -> None:
    call, count = hostile("matlab")
    ((value, slope),) = running.octave([call], tmp_path)
    assert agrees([value, slope], count)


@pytest.mark.parametrize("format", PYTHON)
@pytest.mark.parametrize("size", ["np", "f", "lambda", "torch", "t0", "A", "math", "len", "sp", "scipy", "df_dx", "point"])
def test_sizes(size: str, format: str) -> None:
    """Those that are read off the arguments, and those that no argument has."""
    answer = matdiff.differentiate(f"rows(x) x^T A x + sum(A x) + sum(ones({size}))", "x", declarations=[f"x: {size}"])
    inputs = {"x": [1.0, 2.0], "A": [[1.0, 0.0], [0.0, 3.0]]}
    value, slope = running.IN_PROCESS[format](Call(answer.to(format), "f_and_df_dx", inputs))
    assert running.close(value, 2 * 13 + 7 + 2) and running.close(slope.ravel(), [2 * 2 + 1, 2 * 12 + 3])


@pytest.mark.parametrize("format", PYTHON)
@pytest.mark.parametrize("index", ["np", "f", "lambda", "torch", "t0", "k"])
def test_positions(index: str, format: str) -> None:
    answer = matdiff.differentiate(f"x[{index}] x^T x", "x")
    inputs = {"x": [1.0, 2.0], index: 2}
    value, slope = running.IN_PROCESS[format](Call(answer.to(format), "f_and_df_dx", inputs))
    assert running.close(value, 10.0) and running.close(slope.ravel(), [4.0, 13.0])


@pytest.mark.parametrize("format", PYTHON)
def test_a_number_that_is_a_position_too(format: str) -> None:
    answer = matdiff.differentiate("k x[k]", "x", declarations=["k: scalar"])
    value, slope = running.IN_PROCESS[format](Call(answer.to(format), "f_and_df_dx", {"k": 2, "x": [1.0, 3.0]}))
    assert running.close(value, 6.0) and running.close(slope.ravel(), [0.0, 2.0])


@pytest.mark.parametrize("format", ["numpy", "jax", "torch", "sympy"])
def test_what_is_not_local_is_reserved(format: str) -> None:
    """No parameter can stand in the way of what a function uses."""
    spoken = language(format)
    known = spoken.reserved | spoken.helpers.keys()
    for one in asked()[::EVERY]:
        answer = one.answer()
        if answer is None:
            continue
        for node in ast.parse(answer.to(format)).body:
            if not isinstance(node, ast.FunctionDef) or node.name in spoken.helpers:
                continue
            names = [part for part in ast.walk(node) if isinstance(part, ast.Name)]
            own = {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}
            own |= {part.id for part in names if isinstance(part.ctx, ast.Store)}
            used = {part.id for part in names} - own
            assert used <= known, used - known
            assert not used & set(dir(builtins)) - known


@pytest.mark.parametrize("format", ["julia", "matlab"])
def test_what_is_called_is_reserved(format: str) -> None:
    """The same where there is no parser at hand: of what stands before a bracket."""
    spoken = language(format)
    known = spoken.reserved | spoken.helpers.keys()
    for one in asked()[::EVERY]:
        answer = one.answer()
        if answer is None:
            continue
        source = answer.to(format)
        for name, helper in spoken.helpers.items():
            source = source.replace(helper, name)
        for line in source.splitlines():
            if line.startswith("  ") and "struct(" not in line:
                called = set(re.findall(r"(?<![\w.])([A-Za-z_]\w*)\.?\(", re.sub(r"'[^']*'|\"[^\"]*\"", "", line)))
                own = set(answer.typed.variables) | set(re.findall(r"\bt\d+\b|\bp\b", line))
                assert called - own <= known, (called - own - known, line)


# Several statements


TWO = "x^T x wrt x\nlogsumexp(A x) wrt x\nn x^T x wrt x\n"


@pytest.mark.parametrize("format", PYTHON)
def test_statements_of_a_file_are_one_module(format: str) -> None:
    outcome = run(["--to", format, "--var", "n: scalar"], stdin=TWO)
    assert not outcome.status, outcome.stderr
    tree = ast.parse(outcome.stdout)
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    imports = [number for number, node in enumerate(tree.body) if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert len(names) == len(set(names)) and imports == list(range(len(imports)))
    found = running.IN_PROCESS[format](Call(outcome.stdout, "df_3_dx", {"x": [1.0, 2.0], "n": 3.0}))[0]
    assert running.close(found.ravel(), [6.0, 12.0])
    assert {"f_1", "df_1_dx", "f_1_and_df_1_dx", "f_2", "df_2_dx", "f_3", "f_3_and_df_3_dx"} <= set(names)


def test_a_file_and_a_pipe_give_the_same_module(tmp_path: Path) -> None:
    text, options = "x^T x\nx^T A x\n", ["-w", "x", "--to", "numpy"]
    (tmp_path / "two.txt").write_text(text, encoding="utf-8")
    outcome = run(["-f", str(tmp_path / "two.txt"), *options])
    assert not outcome.status and outcome.stdout == run(options, stdin=text).stdout
    assert outcome.stdout.count("def df_1_dx(x)") == outcome.stdout.count("def df_2_dx(x, A)") == 1


@needs("octave-cli")
def test_statements_of_a_file_through_octave(tmp_path: Path) -> None:
    outcome = run(["--to", "matlab", "--var", "n: scalar"], stdin=TWO)
    ((found,),) = running.octave([Call(outcome.stdout, "df_3_dx", {"x": [1.0, 2.0], "n": 3.0})], tmp_path)
    assert running.close(found.ravel(), [6.0, 12.0])


def test_other_formats_of_several_statements() -> None:
    aligned = run(["--latex", "--math", "align"], stdin="x^T x wrt x\nx^T A x wrt x\n").stdout
    assert aligned.count("\\begin{align*}") == aligned.count("\\end{align*}") == 1 and aligned.count("&=") == 2
    lines = run(["--json"], stdin="x^T x wrt x\nx^T A x wrt x\n").stdout.splitlines()
    assert [json.loads(line)["results"][0]["text"] for line in lines] == ["2 x", "(A + A^T) x"]
    julia = run(["--to", "julia"], stdin=TWO).stdout
    assert julia.count("using LinearAlgebra") == 1 and julia.count("function df_2_dx") == 1


def test_a_statement_that_is_wrong_leaves_the_others() -> None:
    outcome = run(["--to", "numpy"], stdin="x^T x wrt x\nA (x wrt x\n")
    assert outcome.status == 3 and "def f(x)" in outcome.stdout and "error[" in outcome.stderr
