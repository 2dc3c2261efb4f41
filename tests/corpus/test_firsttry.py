"""What people type or paste first: the printed NumPy code gives the derivative that is meant, and of two meanings it is asked which."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sessions import Outcome, run

HERE = Path(__file__).parent
CASES = [json.loads(line) for line in (HERE / "firsttry.jsonl").read_text(encoding="utf-8").splitlines()]
REASONS = {
    words[0]: words[2]
    for words in (line.partition(" ") for line in (HERE / "not_read.txt").read_text(encoding="utf-8").splitlines())
    if words[0] not in ("", "#")
}


def _marked(case: dict[str, Any]) -> Any:
    reason = REASONS.get(case["id"])
    return pytest.param(case, id=case["id"], marks=[pytest.mark.xfail(reason=reason, strict=True)] if reason else [])


def test_the_list_of_what_is_not_read_names_cases() -> None:
    assert REASONS.keys() <= {case["id"] for case in CASES}


@pytest.mark.parametrize("case", [_marked(case) for case in CASES])
def test_what_is_typed_first(case: dict[str, Any], tmp_path: Path) -> None:
    if case["expected"] == "ask":
        assert _asks(case)
        return
    outcome = _asked(case, tmp_path)
    assert outcome.status == 0, outcome.stderr
    meanings = [case["points"], *(other["points"] for other in case.get("also", []))]
    assert any(_gives(outcome.stdout, case, points) for points in meanings), outcome.stdout


def _asked(case: dict[str, Any], folder: Path) -> Outcome:
    """The text where the person has it: in an argument, in a file, or on standard input."""
    kind, _, name = case.get("via", "arg").partition(":")
    arguments = [*case["args"], "--to", "numpy"]
    if kind == "stdin":
        return run(arguments, stdin=case["text"])
    if kind == "file":
        file, _, function = name.partition(":")
        (folder / file).write_text(case["text"], encoding="utf-8")
        return run(["--file", f"{folder / file}{':' if function else ''}{function}", *arguments])
    return run([case["text"], *arguments])


def _asks(case: dict[str, Any]) -> bool:
    """Whether at least two of the readings that are shown are readings of the case, and no question is answered."""
    outcome = run([case["text"], *case["args"], "--json"])
    (error, *_) = json.loads(outcome.stdout)["diagnostics"]
    assert outcome.status == 3
    assert len(error["readings"]) <= 5
    printed = [run([reading["text"], *case["args"], "--to", "numpy"]).stdout for reading in error["readings"]]
    return sum(any(code and _gives(code, case, reading["points"]) for code in printed) for reading in case["readings"]) >= 2


def _gives(code: str, case: dict[str, Any], points: list[Any]) -> bool:
    """Whether the functions of a module are the derivatives at all points; of a member of a family, by one of them or by all."""
    module: dict[str, Any] = {}
    exec(compile(code, case["id"], "exec"), module)
    for key in case["keys"]:
        function = next(_functions(module, case, key), None)
        if function is None:
            return False
        for point in points:
            try:
                got = _called(function, case, point["inputs"])
            except (KeyError, ValueError):  # it asks for what the person does not have, or for another shape
                return False
            want = np.asarray(point["derivative"][",".join(key)], float)
            members = [want[1], want[0]] if len(key) == 1 and key[0] in case["member"] else []
            if not any(_is_near(got, one) for one in (want, *members)):
                return False
    return True


def _is_near(got: Any, want: Any) -> bool:
    return bool(got.shape == want.shape and np.all(np.abs(got - want) < 1e-7 * (1 + np.max(np.abs(want), initial=0))))


def _functions(module: dict[str, Any], case: dict[str, Any], key: list[str]) -> Iterator[Any]:
    """The derivative by the variables of the key, under any name of the function and any spelling of the variables."""
    first, second = ["|".join(map(re.escape, _spellings(case, name))) for name in (key[0], key[-1])]
    pattern = rf"d\w*?_d({first})" if len(key) == 1 else rf"d2\w*?_d({first})(_?2|_d({second}))"
    yield from (value for name, value in module.items() if "_and_" not in name and re.fullmatch(pattern, name))


def _spellings(case: dict[str, Any], name: str) -> list[str]:
    names = [name, *([case["member"][name]] if name in case["member"] else [])]
    return [other for one in names for other in (one, one + "_", *(a for a, own in case["aliases"].items() if own == one))]


def _called(function: Any, case: dict[str, Any], inputs: dict[str, Any]) -> Any:
    """Raises KeyError if it asks for what the person does not have."""
    values = {name: np.asarray(value, float) if isinstance(value, list) else value for name, value in inputs.items()}
    values |= {alias: values[own] for alias, own in case["aliases"].items() if own in values}
    arguments = {}
    for name, parameter in inspect.signature(function).parameters.items():
        found = name if name in values else name.rstrip("_")
        if found in values or parameter.default is inspect.Parameter.empty:
            arguments[name] = values[found]
    with np.errstate(all="ignore"):
        return np.asarray(function(**arguments))
