"""Derivations: every line of every derivation is true by numbers, and derivations are as long as on a board."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from derivations import Undefined, check, law_error

import matdiff
from matdiff.functions import FUNCTIONS
from matdiff.render.text import text
from matdiff.steps import METHODS, derivation
from matdiff.steps.laws import laws

CORPUS = [
    json.loads(line)
    for line in (Path(__file__).parent / "corpus" / "public.jsonl").read_text(encoding="utf-8").splitlines()
    if line.strip()
]
MOST_LINES = 14


def _answer(case: dict[str, Any]) -> matdiff.pipeline.Derivative:
    names = list(dict.fromkeys(case["wrt"]))
    return matdiff.differentiate(case["expr"], names, declarations=case["decl"], structure=case.get("structure") or "project")
