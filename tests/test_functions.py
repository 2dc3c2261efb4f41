"""Generated from the function table: every row's shape rule, first and second derivative, spellings and reading back."""

from __future__ import annotations

import growth
import pytest
from mpmath import mp

from matdiff import evaluate
from matdiff.dims import size
from matdiff.errors import NoClosedForm
from matdiff.functions import FUNCTIONS, Function
from matdiff.infer import infer
from matdiff.matrices import Undefined, multiplied, transposed
from matdiff.numerics import OPERATIONS
from matdiff.parse import parse
from matdiff.pipeline import Derivative, differentiate
from matdiff.render.latex import latex
from matdiff.render.text import text
from matdiff.render.unicode import unicode

WORDS = [row for row in FUNCTIONS.values() if row.is_word]


def declared(row: Function, pattern: int = 0) -> tuple[str, list[str]]:
    """A call of the function on variables that fit its pattern: ("kron(X, Z)", ["X: a x b", ...])."""
    if not row.patterns:
        return f"{row.name}(X)", ["X: m x n"]
    names = ("X", "Z", "V", "W")[: row.arity]
    if row.form == "frechet" and FUNCTIONS[row.of].arity == 1:
        names = ("X", "V", "W")[: row.arity]
    declarations = []
    for name, (rows, columns) in zip(names, row.patterns[pattern][0]):
        kind = f"{row.domain} " if row.domain in ("spd", "symmetric") and rows == columns and name == "X" else ""
        shape = "scalar" if (rows, columns) == ("1", "1") else rows if columns == "1" else rows if kind else f"{rows} x {columns}"
        declarations.append(f"{name}: {kind}{shape}")
    return f"{row.name}({', '.join(names)})", declarations


CALLS = [
    pytest.param(row, *declared(row, pattern), id=f"{row.name}-{pattern}")
    for row in WORDS
    for pattern in range(max(1, len(row.patterns)))
]


def checked(answer: Derivative, trials: int = 3) -> None:
    report = evaluate.verify(answer, trials=trials)
    assert report.passed, (answer.text, report)


@pytest.mark.parametrize(("row", "call", "declarations"), CALLS)
def test_first_derivative(row: Function, call: str, declarations: list[str], trials: int) -> None:
    """Of the function itself and inside a scalar, by the argument, at random points of its domain."""
    structure = "ignore" if row.domain == "spd" else "project"
    if row.order == 2:
        with pytest.raises(NoClosedForm):
            differentiate(call, "X", declarations=declarations)
        checked(differentiate(call, "V", declarations=declarations), trials)
        checked(differentiate(call, "W", declarations=declarations), trials)
        return
    checked(differentiate(call, "X", declarations=declarations, structure=structure), trials)
    checked(differentiate(f"sum(exp({call} ./ 10))", "X", declarations=declarations), trials)


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("row", "call", "declarations"), [c for c in CALLS if c.values[0].form != "frechet"])  # type: ignore[attr-defined]
def test_second_derivative(row: Function, call: str, declarations: list[str], trials: int) -> None:
    checked(differentiate(f"sum({call})", "X", order=2, declarations=declarations), trials)


@pytest.mark.parametrize("row", [row for row in WORDS if row.form == "matrix"], ids=lambda row: row.name)
def test_derivative_of_a_trace_is_a_matrix(row: Function) -> None:
    """Of a primary function in closed form."""
    call, _ = declared(row)
    answer = differentiate(f"tr({call})", "X", declarations=["X: spd n", "Z: scalar"], structure="ignore")
    assert answer.result.form == "matrix"
    assert (f"d{row.name}" in answer.text) == (not row.rules)
    checked(answer)


@pytest.mark.parametrize(("row", "call", "declarations"), CALLS)
def test_spellings(row: Function, call: str, declarations: list[str]) -> None:
    """Every style has a spelling, and the text is read back as the same expression."""
    typed = differentiate(call, order=0, declarations=declarations).typed
    again = infer(parse(text(typed.expr))[-1].expr, typed.variables, {}).expr
    assert again.shape == typed.expr.shape
    assert text(again) == text(typed.expr)
    assert unicode(typed.expr) and latex(typed.expr)


@pytest.mark.parametrize("row", [row for row in WORDS if row.aliases], ids=lambda row: row.name)
def test_aliases(row: Function) -> None:
    call, declarations = declared(row)
    for alias in row.aliases:
        renamed = call.replace(row.name, alias, 1)
        assert differentiate(renamed, order=0, declarations=declarations).typed.expr.op == row.name


def test_a_shape_rule_is_checked() -> None:
    """A size that a pattern names twice must agree."""
    declared_sizes = differentiate("kron(A, B)", order=0, declarations=["A: 2 x 3", "B: 4 x 5"]).typed.expr.shape
    assert declared_sizes == (size(8), size(15))


@pytest.mark.slow
def test_second_derivative_of_an_eigenvector_with_ignored_structure() -> None:
    answer = differentiate("a^T eigmaxproj(S) S b", "S", order=2, declarations="S: symmetric n", structure="ignore")
    assert answer.verify().passed


def test_the_root_of_a_singular_matrix_is_refused_at_once() -> None:
    """Where several eigenvalues are 0; an iteration would go on for some millions of calls."""
    column = [[mp.mpf(entry)] for entry in (1, 2, 3, 4)]
    singular = multiplied(column, transposed(column))

    def root() -> None:
        with mp.workdps(40), pytest.raises(Undefined):
            OPERATIONS["sqrtm"](singular)

    assert growth.calls(root) < 200_000


def test_a_pseudoinverse_with_equal_singular_values() -> None:
    assert differentiate("tr(pinv(K) A)", "K", declarations="K: skew 3").verify().passed
