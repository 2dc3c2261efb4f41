"""Every law: its equation holds numerically, it is found wherever its left side stands, and a problem needs it.

The equations are those of `equations` and of `render.stable`, and the first words of the docstrings of the laws in Python.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from mpmath import mp

from matdiff import equations, index, simplify
from matdiff.api import differentiate
from matdiff.evaluate import Undefined
from matdiff.infer import Typed, infer
from matdiff.lower import rule_expr
from matdiff.matching import Law
from matdiff.nodes import Tensor
from matdiff.parse import parse_declaration
from matdiff.render import stable
from matdiff.sample import MANNERS, draw_sizes, draw_values
from matdiff.values import evaluate
from matdiff.variables import declare

LAWS = tuple(dict.fromkeys((*simplify.PRODUCT_LAWS, *simplify.APPLY_LAWS, *simplify.SUM_LAWS)))
LINES = (*equations.LAWS, *equations.lines_of(stable.EQUATIONS))


def name_of(law: Callable[..., Any]) -> str:
    """An equation, or the name of a law in Python."""
    return law.line if isinstance(law, Law) else law.__name__


PYTHON = {name_of(law): law for law in LAWS if not isinstance(law, Law)}
# What the docstrings begin with.
EXAMPLES = {name: found[1] for name, law in PYTHON.items() if (found := re.match("`([^`]*)`", law.__doc__ or ""))}
# Laws about arrays with more than two axes, which no formula of the language is.
WITHOUT_EQUATION = {"expand_large_group"}


def test_laws_in_python_say_which_equation_they_apply() -> None:
    assert PYTHON.keys() - EXAMPLES.keys() == WITHOUT_EQUATION


# --- they hold ------------------------------------------------------------------------------------------------------------

# What the names of the equations are declared to be; a law of entries is tried with arrays too.
KINDS = ("scalar", "n", "1 x n", "m x n")
# What the names in docstrings are.
EXAMPLE_DECLARATIONS = "x, y: n; z: m; A, B: n x n; S: spd n; alpha, beta: scalar"


def typed_sides(line: str, declarations: str) -> list[Typed]:
    variables = declare(parse_declaration(declarations))
    return [infer(rule_expr(side), variables, {}, soft=False) for side in line.split(" = ")]


def readings(line: str) -> Iterator[str]:
    """The declarations with which an equation of a table is tried."""
    if not re.search(r"\bx\b", line):
        yield equations.DECLARATIONS
        return
    for kind in KINDS:
        yield f"x: {kind}; a, b: scalar"


def distances(left: Typed, right: Typed) -> Iterator[Any]:
    """How far the sides are apart, at points of every manner where both are defined."""
    for seed, manner in product(range(3), MANNERS):
        sizes = draw_sizes(left, seed, draw_sizes(right, seed, {}))
        variables = {**left.variables, **right.variables}
        values = draw_values(variables.values(), sizes, seed, manner)
        try:
            one, other = (evaluate(side.expr, values, sizes) for side in (left, right))
        except Undefined:
            continue
        if (len(other), len(other[0])) == (1, 1):
            other = [other[0] * len(one[0])] * len(one)
        yield max(abs(a - b) / max(1, abs(a)) for x, y in zip(one, other, strict=True) for a, b in zip(x, y, strict=True))


@pytest.mark.parametrize("line", LINES)
def test_an_equation_holds(line: str) -> None:
    for declarations in readings(line):
        left, right = typed_sides(line, declarations)
        with mp.workdps(30):
            found = list(distances(left, right))
        assert found, "no point"
        assert max(found) < 1e-15, declarations


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_equation_of_a_law_in_python_holds(name: str) -> None:
    left, right = typed_sides(EXAMPLES[name], EXAMPLE_DECLARATIONS)
    with mp.workdps(30):
        found = list(distances(left, right))
    assert found, "no point"
    assert max(found) < 1e-15


# --- they are found -------------------------------------------------------------------------------------------------------

DECLARATIONS = ["x, y, w: n", "A, B: n x n", "C: m x n", "Q: orthogonal n", "alpha, beta: scalar"]
# What the names of an equation are tried with.
ARGUMENTS = {
    "x": ("x", "A x", "-2 x", "x .* y", "y^T x", "1 - y .* (A x)", "C", "x y^T"),
    "v": ("x", "-2 x", "A x - y", "alpha A x"),
    "c": ("alpha", "x^T y", "2 / (1 + alpha)"),
    "X": ("A", "A + B", "A B", "A^T A"),
    "Q": ("Q",),
    "a": ("2", "-1/2"),
    "b": ("3", "-2"),
}
# With these, the side that is simpler is another one.
TURNED = {"sigmoid(-x) .* sigmoid(x) = (1 - sigmoid(x)) .* sigmoid(x)": ("-2 x",)}


def instances(line: str) -> Iterator[tuple[str, str]]:
    """The sides of an equation with arguments for the names in them."""
    names = [name for name in ARGUMENTS if re.search(rf"\b{name}\b", line)]
    for values in product(*(ARGUMENTS[name] for name in names)):
        if not set(values) & set(TURNED.get(line, ())):
            left, right = line.split(" = ")
            yield _with_names(left, dict(zip(names, values))), _with_names(right, dict(zip(names, values)))


def _with_names(side: str, given: dict[str, str]) -> str:
    return re.sub(r"\b\w+\b", lambda word: f"({given[word[0]]})" if word[0] in given else word[0], side)


def tensor_of(text: str) -> Tensor:
    return differentiate(text, order=0, declarations=DECLARATIONS).result.tensor


@pytest.mark.parametrize("line", equations.LAWS)
def test_an_equation_is_found(line: str) -> None:
    """Whatever its names stand for, alone and among other factors, in whatever order they are multiplied."""
    for left, right in instances(line):
        if line in equations.lines_of(equations.CONSTANTS):
            forms = ["{} .* cosh(x)"]
        elif line in equations.lines_of(equations.MATRICES) + equations.of_diagonals():
            forms = ["{}", "B ({}) A x", "x^T ({})"]
        elif line in equations.lines_of(equations.VECTORS):
            forms = ["{}", "alpha ({})"]
        else:
            forms = ["{}", "alpha ({})", "cosh(alpha) .* {}", "{} .* cosh(alpha)"]
        for form in forms:
            sides = [form.format(side) for side in (left, right)]
            made = tensor_of(f"({sides[0]}) - ({sides[1]})")
            assert index.number_of(made) == 0, sides


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_law_in_python_is_found(name: str) -> None:
    left, right = EXAMPLES[name].split(" = ")
    declarations = EXAMPLE_DECLARATIONS.split("; ")
    made = differentiate(f"({left}) - ({right})", order=0, declarations=declarations).result.tensor
    assert index.number_of(made) == 0


# --- they are needed ------------------------------------------------------------------------------------------------------


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Switches one law off."""

    def off(name: str) -> None:
        for table in ("PRODUCT_LAWS", "APPLY_LAWS", "SUM_LAWS"):
            laws = getattr(simplify, table)
            monkeypatch.setattr(simplify, table, tuple(law for law in laws if name_of(law) != name))

    return off
