"""Declarations: sizes and properties as people write them are read or told, and what is proposed works."""

from __future__ import annotations

import pytest

import matdiff
from matdiff.infer.variables import declared_variable, described
from matdiff.language.errors import DeclaredLate, Errors, MatdiffError
from matdiff.mistakes.words import diagnose, diagnose_all
from matdiff.read.parse import Declaration, Question, parse, parse_declaration


def meaning(text: str) -> str:
    """`n × k`, `n`, `scalar`, `symmetric n`."""
    (declaration, *_) = parse_declaration(text)
    return described(declared_variable(declaration))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A: 3x4", "3 × 4"),
        ("A: nxn", "n × n"),
        ("A: mXn", "m × n"),
        ("A: 3xn", "3 × n"),
        ("A: nx3", "n × 3"),
        ("A: m1xm2", "m1 × m2"),
        ("A: m x n", "m × n"),
        ("X: row x col", "row × col"),
        ("x: max", "max"),
        ("x: X", "X"),
        ("v: m*n", "m n"),
        ("c: 1x1", "scalar"),
        ("real: n x n", "n × n"),
    ],
)
def test_sizes(text: str, expected: str) -> None:
    assert meaning(text) == expected


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("S: n x n symmetric", "S: symmetric n"),
        ("X, Y: n x n symmetric", "X, Y: symmetric n"),
        ("S: symmetric positive definite n", "S: spd n"),
        ("S: psd n", "S: spd n"),
        ("S: sym n", "S: symmetric n"),
        ("S: symetric n", "S: symmetric n"),
        ("A: n x n invertible", "A: n x n"),
        ("A: real m x n", "A: m x n"),
        ("A: matrix", "A: m x n"),
        ("A: square n", "A: n x n"),
        ("x: vector n", "x: n"),
        ("x: row n", "x: 1 x n"),
        ("x: real", "x: scalar"),
        ("lambda: positive scalar", "lambda: scalar"),
        ("lambda: positive", "lambda: scalar"),
        ("A is symmetric", "A: symmetric n"),
        ("symmetric A", "A: symmetric n"),
        ("scalar c", "c: scalar"),
        ("A m x n", "A: m x n"),
        ("A = m x n", "A: m x n"),
        ("let A: m x n", "A: m x n"),
        ("A: m * m", "A: m x m"),
        ("A: 3 by 4", "A: 3 x 4"),
        ("A: n-by-n", "A: n x n"),
        ("A: (m, n)", "A: m x n"),
        ("A: [m, n]", "A: m x n"),
        ("x: R^n", "x: n"),
        ("x ∈ R^n", "x: n"),
        (r"A \in \mathbb{R}^{m \times n}", "A: m x n"),
    ],
)
def test_what_was_meant(text: str, meant: str) -> None:
    with pytest.raises(Errors) as refused:
        parse_declaration(text)
    (diagnostic,) = diagnose_all(refused.value, text)
    assert diagnostic.code == "E206"
    assert [help.replacement for help in diagnostic.help] == [meant]
    assert parse_declaration(meant)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("A: m x n; A", [Declaration, Question]),
        ("A : B", [Question]),
        ("A: B", [Question]),
        ("a : b", [Question]),
        ("x: n", [Question]),
        ("A: m x n; x: n", [Declaration, Declaration]),
        ("A : b x^T", [Question]),
    ],
)
def test_frobenius_products_and_declarations(text: str, kinds: list[type]) -> None:
    assert list(map(type, parse(text))) == kinds


@pytest.mark.parametrize("text", ["A: m x n", "A: n x n\nx: n", "c: scalar", "S: symmetric n", "x: 3"])
def test_declarations_alone_are_no_expression(text: str) -> None:
    with pytest.raises(MatdiffError, match=r"E103|no expression"):
        matdiff.differentiate(text, "x")


@pytest.mark.parametrize(
    ("text", "ordered"),
    [
        ("x^T A x; A: symmetric n", "A: symmetric n; x^T A x"),
        ("y = A x; y^T y; x: 3", "x: 3; y = A x; y^T y"),
    ],
)
def test_a_declaration_behind_its_use(text: str, ordered: str) -> None:
    with pytest.raises(Errors) as refused:
        parse(text)
    (error,) = refused.value.errors
    assert isinstance(error, DeclaredLate)
    (help,) = diagnose(error, text).help
    assert help.replacement == ordered
    assert matdiff.differentiate(ordered, "x").text


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("x^T x\n + y^T x", 1),
        ("x^T x +\ny^T x", 1),
        ("x^T x # a comment\n+ y^T x", 1),
        ("y =\nA x", 2),
        ("x^T x\n  - y^T x", 1),
        ("x^T x\n-y^T x", 2),
        ("x^T x\n\n+ y^T x", 2),
        ("x^T x\ny^T x", 2),
    ],
)
def test_lines_that_go_on(text: str, count: int) -> None:
    assert len(parse(text)) == count
