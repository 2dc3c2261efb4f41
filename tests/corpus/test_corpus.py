"""Published derivatives: the printed NumPy code, run, gives the published values; bad input is refused with a label at the place."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sessions import run

import matdiff

HERE = Path(__file__).parent


def _lines(name: str) -> list[Any]:
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines() if line.strip()]


def _reasons() -> dict[str, str]:
    lines = (HERE / "unsupported.txt").read_text(encoding="utf-8").splitlines()
    return {line.split()[0]: line.partition(" ")[2].strip() for line in lines if line.strip() and not line.startswith("#")}


REASONS = _reasons()


def _cases(name: str) -> list[Any]:
    return [
        pytest.param(
            case,
            id=case["id"],
            marks=[pytest.mark.xfail(reason=REASONS[case["id"]], strict=True)] if case["id"] in REASONS else [],
        )
        for case in _lines(name)
    ]


def test_the_list_of_unsupported_cases_names_cases() -> None:
    assert set(REASONS) <= {case["id"] for name in ("public.jsonl", "bad.jsonl") for case in _lines(name)}


@pytest.mark.parametrize("case", _cases("public.jsonl"))
def test_published_derivative(case: dict[str, Any]) -> None:
    wrt = case["wrt"]
    derivative = matdiff.differentiate(
        case["expr"],
        list(dict.fromkeys(wrt)),
        order=len(wrt),
        declarations=case["decl"],
        structure=case.get("structure") or "project",
    )
    module: dict[str, Any] = {}
    exec(compile(derivative.to("numpy"), case["id"], "exec"), module)
    function = module[_function_name(wrt)]
    for point in case["points"]:
        expected = np.asarray(point["derivative"], float)
        actual = _call(function, point["inputs"])
        assert actual.shape == expected.shape
        assert np.max(np.abs(actual - expected) / (1 + np.max(np.abs(expected), initial=0)), initial=0) < 1e-7


def _function_name(wrt: list[str]) -> str:
    if len(wrt) == 1:
        return f"df_d{wrt[0]}"
    return f"d2f_d{wrt[0]}2" if wrt[0] == wrt[1] else f"d2f_d{wrt[0]}_d{wrt[1]}"


def _call(function: Any, inputs: dict[str, Any]) -> Any:
    """Call it with the inputs it wants; `lambda` is the parameter `lambda_`."""
    values = {name: np.asarray(value, float) if isinstance(value, list) else float(value) for name, value in inputs.items()}
    names = inspect.signature(function).parameters
    return np.asarray(function(**{name: values[name if name in values else name.rstrip("_")] for name in names}))


@pytest.mark.parametrize("case", _cases("bad.jsonl"))
def test_bad_input_is_refused_at_the_place(case: dict[str, Any]) -> None:
    arguments = case["argv"]
    outcome = run(arguments)
    assert outcome.status in (2, 3, 4)
    assert outcome.stdout == ""
    assert "error" in outcome.stderr
    document = run([*arguments, "--json"])
    assert document.status == outcome.status
    assert document.stderr == ""
    diagnostics = json.loads(document.stdout)["diagnostics"]
    span, text = case.get("span"), arguments[0]
    if case["kind"] in ("shape", "nonsquare", "syntax", "unknown-function") and span and span in text:
        start = text.index(span)
        spans = [label["span"] for label in diagnostics[0]["labels"]]
        assert any(s["start"] < start + len(span) + 1 and max(s["end"], s["start"] + 1) > start - 1 for s in spans)
