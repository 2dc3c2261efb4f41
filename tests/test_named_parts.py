"""Parts of a result that have a name, `p = softmax(...)`: named by habit, the same in every format, and read back."""

from __future__ import annotations

import json
import re

import pytest

from matdiff.api import differentiate
from matdiff.choose.identities import with_sizes
from matdiff.language import make
from matdiff.language.dims import size
from matdiff.language.syntax import Expr
from matdiff.language.text import text

# Expression, variable, order, what is named.
NAMED = [
    ("logsumexp(A x + b)", "x", 2, {"p": "softmax(A x + b)"}),
    ("tr((X^T C X)^-1 A)", "X", 1, {"S": "(X^T C X)^-1"}),
    ("1/2 ||sigmoid(W x + b) - y||^2", "W", 1, {"s": "sigmoid(W x + b)"}),
    ("||A X + X A^T - Q||_F^2", "X", 1, {"M": "A X + X A^T - Q"}),
    ("exp(-||x - y||^2 / 2)", "x", 2, {"w": "exp(-1/2 ||x - y||^2)"}),
    ("(x - mean(x)) / sqrt(mean((x - mean(x)) .^ 2) + epsilon)", "x", 1, {"c": "mean((x - mean(x)) .^ 2) + epsilon"}),
    ("z = W x + b; h = tanh(z); r = V h - y; 1/2 r^T r", "W", 1, {"z": "W x + b", "h": "tanh(z)", "r": "V h - y"}),
]


@pytest.mark.parametrize("expression, variable, order, parts", NAMED, ids=[expression for expression, *_ in NAMED])
def test_every_format_has_the_names(expression: str, variable: str, order: int, parts: dict[str, str]) -> None:
    declarations = ["x: n", "epsilon: scalar"] if "epsilon" in expression else ["X: n x n"] if "A^T" in expression else []
    answer = differentiate(expression, variable, order=order, declarations=declarations)
    assert {part.name: _text(answer, part.name) for part in answer.result.where} == parts
    lines = answer.to("text")
    latex = answer.to("latex")
    for name, part in parts.items():
        assert f"{name} = {part}" in lines
        assert re.search(rf"\b{name}\b}}? = ", latex)
    own = json.loads(answer.to("json"))["results"][-1]
    assert {part["name"]: part["text"] for part in own["where"]} == parts
    # The printed text, definitions and all, is an input that has the same value.
    known = [f"{v.name}: scalar" for v in answer.typed.variables.values() if v.shape[0].is_one and v.shape[1].is_one]
    again = differentiate(answer.text, order=0, declarations=[*declarations, *(d for d in known if d not in declarations)])
    assert again.result.line == answer.result.line


def _text(answer: object, name: str) -> str:
    results = json.loads(answer.to("json"))["results"]  # type: ignore[attr-defined]
    return next(part["text"] for part in results[-1]["where"] if part["name"] == name)


def test_an_identity_in_a_part_says_its_size() -> None:
    """What is around a name does not fix the size of an I in its definition."""
    alone = make.eye(size("m"))
    assert text(with_sizes(alone, named=True)) == "eye(m)"
    assert text(with_sizes(alone)) == "I"
    beside = Expr("+", (make.name("S", (size("m"), size("m"))), alone), shape=(size("m"), size("m")))
    assert text(with_sizes(beside, named=True)) == "S + I"
