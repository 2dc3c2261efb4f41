"""Whether a question with a change fits: of its text, of a part of it, of the kind of a name."""

from __future__ import annotations

import pytest

from matdiff.infer.fits import Change, fits, shape_with, whole_of
from matdiff.infer.whole import Whole
from matdiff.language.dims import SCALAR
from matdiff.language.syntax import Expr
from matdiff.read.parse import parse, parse_declaration


def whole(text: str, *declared: str) -> Whole:
    found = whole_of(text, [one for each in declared for one in parse_declaration(each)])
    assert found is not None, "it can be read"
    return found


@pytest.mark.parametrize(
    ("text", "declared", "expected"),
    [
        ("x^T A x", (), True),
        ("x A x", (), False),
        ("A x", ("A: m x n", "x: m"), False),
        ("A^T x", ("A: m x n", "x: m"), True),
        ("y = A x; y^T y", (), True),
        ("f = x^T x", (), True),
        ("c + x^T x", (), True),
        ("c + x^T x", ("c: n", "x: n"), False),
    ],
)
def test_a_text(text: str, declared: tuple[str, ...], expected: bool) -> None:
    assert fits(whole(text, *declared)) is expected


@pytest.mark.parametrize("text", ["", "(x", "x: m x n", "y = y + x", "x^T ^"])
def test_what_asks_nothing_or_cannot_be_read(text: str) -> None:
    assert whole_of(text) is None


def test_a_part() -> None:
    question = whole("y = x A; y")
    product = question.definitions["y"]
    turned = Expr("*", product.args[::-1])
    assert not fits(question)
    assert fits(question, Change(parts=[(product, turned)]))
    assert not fits(question, Change(parts=[(product, product.replace())]))


def test_a_part_that_makes_a_circle() -> None:
    question = whole("y = x; z = y; z^T z")
    assert not fits(question, Change(parts=[(question.definitions["y"], Expr("name", value="z"))]))


def test_a_variable_asked_for_stays() -> None:
    (question,) = parse("x^T A x")
    expr = question.expr  # type: ignore[union-attr]
    asked = Whole(expr, {}, {}, ("A",))
    without = Expr("*", (expr.args[0], expr.args[2]))
    assert fits(asked)
    assert not fits(asked, Change(parts=[(expr, without)]))


@pytest.mark.parametrize(
    ("text", "declared", "kinds", "expected"),
    [
        ("||x||^2 / t", (), {"t": "scalar"}, True),
        ("||x||^2 / t", ("t: n",), {"t": "scalar"}, True),
        ("x^T x + b", ("b: n",), {"b": "scalar"}, True),
        ("x^T A x", ("A: m x n",), {"x": "vector"}, False),
        ("A x + c", ("A: m x n",), {"c": "scalar"}, False),
    ],
)
def test_a_kind(text: str, declared: tuple[str, ...], kinds: dict[str, str], expected: bool) -> None:
    """Also against a declaration; a name that became a scalar is not added to every entry of an array."""
    assert fits(whole(text, *declared), Change(kinds=kinds)) is expected


def test_a_soft_reading_is_one_change() -> None:
    question = whole("1/n ||A x - y||^2")
    assert fits(question)
    assert not fits(question, Change(soft=False))


def test_the_shape() -> None:
    assert shape_with(whole("x^T A x")) == SCALAR
    assert shape_with(whole("x A x")) is None
