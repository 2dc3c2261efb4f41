"""Runs generated modules: in this process where they are Python, through Octave where they are MATLAB."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

# JAX shows as many devices as it is told before it starts.
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy as np
import pytest

Inputs = Mapping[str, Any]


class Call(NamedTuple):
    """A function of a module, and what it is called with."""

    source: str
    function: str
    inputs: Inputs


def numpy(call: Call) -> list[np.ndarray]:
    """The results of the call; one for a function that returns no tuple."""
    return _python(call, lambda value: np.asarray(value, float) if np.ndim(value) else float(value), np.asarray)


def _is_size(parameter: str, call: Call) -> bool:
    """Whether a parameter takes a whole number: a size or a position."""
    return isinstance(call.inputs[given(parameter, call.inputs)], int)


def jax(call: Call) -> list[np.ndarray]:
    """Compiled, which is quicker than one operation after another."""
    import jax

    jax.config.update("jax_enable_x64", True)

    def compiled(function: Any) -> Any:
        return jax.jit(
            function, static_argnames=[name for name in inspect.signature(function).parameters if _is_size(name, call)]
        )

    return _python(call, lambda value: jax.numpy.asarray(value, float), np.asarray, compiled)


def torch(call: Call) -> list[np.ndarray]:
    import torch

    return _python(call, lambda value: torch.tensor(value, dtype=torch.float64) if np.ndim(value) else float(value), np.asarray)


def sympy(call: Call) -> list[np.ndarray]:
    """Vectors are matrices with one column there, and rows matrices with one row."""
    import sympy

    def array(value: Any) -> np.ndarray:
        numbers = np.array(value.tolist() if hasattr(value, "tolist") else value, float)
        return numbers.ravel() if numbers.ndim == 2 and 1 in numbers.shape else numbers

    def given(value: Any) -> Any:
        kinds = (sympy.Float, sympy.Matrix, sympy.Matrix)
        return kinds[np.ndim(value)](value) if np.ndim(value) < 3 else sympy.Array(value.tolist())

    return _python(call, given, array)


def module(source: str) -> dict[str, Any]:
    """The names that a module of Python defines."""
    names: dict[str, Any] = {}
    exec(compile(source, "generated", "exec"), names)
    return names


def _python(call: Call, into: Callable[[Any], Any], back: Callable[[Any], Any], prepared: Any = None) -> list[np.ndarray]:
    function = module(call.source)[call.function]
    parameters = inspect.signature(function).parameters
    values = {name: value if isinstance(value, int) else into(value) for name, value in call.inputs.items()}
    if prepared is not None:
        function = prepared(function)
    found = function(**{name: values[given(name, values)] for name in parameters})
    return [back(part) for part in (found if isinstance(found, tuple) else (found,))]


def given(parameter: str, values: Mapping[str, Any]) -> str:
    """The variable that a parameter is: `lambda_` is `lambda`."""
    while parameter not in values:
        assert parameter.endswith("_"), f"{parameter} is no variable of {sorted(values)}"
        parameter = parameter[:-1]
    return parameter


def octave(calls: Sequence[Call], directory: Path) -> list[list[np.ndarray]]:
    """All calls in one run of Octave."""
    lines = ["1;"]
    for place, call in enumerate(calls):
        folder = directory / str(place)
        folder.mkdir()
        (folder / "derivatives.m").write_text(call.source, encoding="utf-8")
        signature = re.search(rf"^function (.*) = {call.function}\((.*)\)$", call.source, re.MULTILINE)
        assert signature, f"no function {call.function}"
        names = [name for name in signature[2].split(", ") if name]
        outputs = ["a", "b"][: signature[1].count(",") + 1]
        arguments = ", ".join(_octave_literal(call.inputs[given(name, call.inputs)]) for name in names)
        lines.append(f"cd('{folder}'); clear derivatives; m = derivatives();")
        lines.append(f"try; [{', '.join(outputs)}] = m.{call.function}({arguments});")
        lines += [
            f"printf('%d|', {place}); printf('%d ', size({name})); printf('|'); printf('%.17g ', {name}); printf('\\n');"
            for name in outputs
        ]
        lines.append(f"catch problem; printf('%d||%s\\n', {place}, problem.message); end")
    script = directory / "run.m"
    script.write_text("\n".join(lines), encoding="utf-8")
    done = subprocess.run(["octave-cli", "--norc", "--quiet", str(script)], capture_output=True, text=True)
    assert not done.returncode, done.stderr
    found: list[list[np.ndarray]] = [[] for _ in calls]
    for line in done.stdout.splitlines():
        place, sizes, numbers = line.split("|")
        assert sizes, f"{calls[int(place)].function}: {numbers}\n{calls[int(place)].source}"
        array = np.array([float(number) for number in numbers.split()])
        found[int(place)].append(array.reshape([int(size) for size in sizes.split()], order="F"))
    return found


def _octave_literal(value: Any) -> str:
    array = np.asarray(value, float)
    if array.ndim == 0:
        return repr(float(array))
    if array.ndim > 2:
        return f"reshape({_octave_literal(array.ravel(order='F'))}, [{', '.join(map(str, array.shape))}])"
    rows = array[:, None] if array.ndim == 1 else array
    return "[" + "; ".join(", ".join(map(repr, row)) for row in rows.tolist()) + "]"


IN_PROCESS: dict[str, Callable[[Call], list[np.ndarray]]] = {"numpy": numpy, "jax": jax, "torch": torch, "sympy": sympy}


def needs(tool: str) -> pytest.MarkDecorator:
    """The test is skipped where the package or program is missing; in `make check` it fails (see conftest.py)."""
    return pytest.mark.needs(tool)


def compile_latex(body: str, directory: Path) -> None:
    """pdfLaTeX accepts it, with nothing but amsmath and what that loads."""
    document = f"\\documentclass{{article}}\n\\usepackage{{amsmath}}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"
    (directory / "printed.tex").write_text(document, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "printed.tex"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


def close(actual: np.ndarray, expected: Any, tolerance: float = 1e-7) -> bool:
    """Equal numbers and axes; where the language has matrices only, axes of length 1 do not count."""
    wanted = np.asarray(expected, float)
    return bool(np.all(np.abs(actual - wanted) <= tolerance * (1 + np.max(np.abs(wanted), initial=0))))
