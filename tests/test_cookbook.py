"""The identities of the Matrix Cookbook in tests/cases/cookbook.md: the answer has the value and at most the length of the book's."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from mathematics import check_same
from sessions import run

CASES = Path(__file__).parent / "cases" / "cookbook.md"
_IDENTITY = re.compile(r"^### (eq\. .*)\n(?:(?!^#).*\n)*?^Book: `(.*)`\n\n```console\n\$ matdiff (.*) \| cat\n", re.MULTILINE)
_TOKEN = re.compile(r"[A-Za-z][A-Za-z0-9_]*|\d+\.?\d*|\|\||\.[*/^]|[-+*/^@':=]")
# Answers that are right and longer than the book's.
LONGER = ("eq. (63)",)
IDENTITIES = [pytest.param(*found, id=found[0]) for found in _IDENTITY.findall(CASES.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(("equation", "book", "command"), IDENTITIES)
def test_it_is_the_formula_of_the_book(equation: str, book: str, command: str) -> None:
    (derivative,) = run(shlex.split(command)).answers
    check_same(derivative, book)


@pytest.mark.parametrize(("equation", "book", "command"), IDENTITIES)
def test_it_is_no_longer_than_in_the_book(equation: str, book: str, command: str, request: pytest.FixtureRequest) -> None:
    if equation in LONGER:
        request.applymarker(pytest.mark.xfail(strict=True, reason="a common factor is not taken out yet"))
    (derivative,) = run(shlex.split(command)).answers
    assert length(derivative.result.line) <= length(book), (derivative.result.line, book)


def length(text: str) -> int:
    """Names, numbers and operators; brackets are free."""
    return len(_TOKEN.findall(text))


def test_the_sections_are_complete() -> None:
    """Every equation from (33) to (144) has a session or a sentence that says why not."""
    text = CASES.read_text(encoding="utf-8")
    numbers = {
        int(number) for heading in re.findall(r"^### (eq\..*)$", text, re.MULTILINE) for number in re.findall(r"\d+", heading)
    }
    for first, last in re.findall(r"^Eqs?\. \((\d+)\)(?: (?:and|to) \((\d+)\))?", text, re.MULTILINE):
        numbers.update(range(int(first), int(last or first) + 1))
    assert set(range(33, 145)) <= numbers
    assert text.count("\n### ") >= 68
