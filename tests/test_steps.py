"""Derivations: every line of every derivation is true by numbers, and derivations are as long as on a board."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from derivations import Undefined, check, law_error
from running import compile_latex, needs
from sessions import run

import matdiff
from matdiff.api import Derivative
from matdiff.choices import CHOICES
from matdiff.functions import FUNCTIONS
from matdiff.language import make
from matdiff.language.dims import Shape, size
from matdiff.language.syntax import Expr
from matdiff.language.text import text
from matdiff.notations.linear import Dyad, Mask, Sides, Turn
from matdiff.numbers.sample import MANNERS
from matdiff.steps.derivations import METHODS, Law
from matdiff.steps.frobenius import law_of_map, meanings
from matdiff.steps.laws import has_rule, is_matrix_function, law_of, law_of_adjoint, law_of_trace, laws

CORPUS = [
    json.loads(line)
    for line in (Path(__file__).parent / "corpus" / "public.jsonl").read_text(encoding="utf-8").splitlines()
    if line.strip()
]
# The longest derivation of the corpus has so many lines; most have 3 to 6.
MOST_LINES = 16
USUAL_LINES = 7
FUZZ = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"


def _answer(case: dict[str, Any]) -> Derivative:
    names = list(dict.fromkeys(case["wrt"]))
    return matdiff.differentiate(case["expr"], names, declarations=case["decl"], structure=case.get("structure") or "project")


def _check_all(answer: Derivative, method: str) -> int:
    """Try every line of every result; the number of lines."""
    return sum(check(answer, result, found) for result, found in zip(answer.results, answer.steps(method), strict=True))


def test_the_option_takes_every_method() -> None:
    assert CHOICES["method"] == METHODS


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_the_corpus_has_short_derivations_that_end_with_the_result(method: str) -> None:
    lengths: Counter[int] = Counter()
    for case in CORPUS:
        answer = _answer(case)
        for result, found in zip(answer.results, answer.steps(method), strict=True):
            assert found.lines[-1].right == result.expr, case["id"]
            for before, line in zip(found.lines, found.lines[1:]):
                repeated = (before.left, text(before.right)) == (line.left, text(line.right))
                assert not repeated, (case["id"], text(line.right))
            assert all(line.laws or line.because for line in found.lines), case["id"]
            lengths[len(found.lines)] += 1
    assert max(lengths) <= MOST_LINES
    usual = sum(count for length, count in lengths.items() if length <= USUAL_LINES)
    assert usual > 0.9 * lengths.total(), lengths


# Every case is tried by `make fuzz`; these are spread over all sources.
@pytest.mark.sampled(4)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in CORPUS[:: 1 if FUZZ else 12]])
def test_every_line_is_true(case: dict[str, Any], method: str) -> None:
    assert _check_all(_answer(case), method)


EXAMPLES = [
    ("y = W^T x; z = a^T y; z", "W", []),
    ("Y = W^T X; z = A : Y; z", "W", []),
    ("h = tanh(W x + b); y = V h + c; ||y - t||^2", "W", []),
    ("u = A x; v = u .* u; u^T v", "x", []),
    ("u = A x; s = u^T u; s + sum(exp(u))", "x", []),
    ("a = x; b = a .* a; c = a .* b; sum(a .* b .* c)", "x", []),
    ("Y = B S; tr(Y Y^T)", "S", ["S: symmetric n"]),
    ("tr(A S B S)", "S", ["S: symmetric n"]),
    ("x^T D x", "D", ["D: diagonal n"]),
    ("tr(A Q)", "Q", ["Q: orthogonal n"]),
    ("tr(A L B L)", "L", ["L: lower n"]),
    ("tr(A K B K)", "K", ["K: skew n"]),
    ("kron(A, X) b", "X", []),
    ("a^T vec(X)", "X", []),
    ("[x; 2 x]^T c", "x", []),
    ("X[1,2] X[:,1]", "X", []),
    ("x^T A", "x", []),
    ("sum(cumsum(x) .^ 3)", "x", []),
    ("alpha^alpha", "alpha", []),
    ("x .^ x", "x", []),
    ("tr(X^-2 A)", "X", []),
    ("tr(logm(X) A)", "X", ["X: spd n"]),
    ("adj(X)", "X", []),
    ("X X^T", "X", []),
    ("sum(X) X", "X", []),
    ("1 + exp(alpha x)", "alpha", []),
    ("Y = W^T X; z = A : Y; z", "W", []),
    ("H = tanh(W X); Z = V H'; ||Z - C||^2", "W", []),
    ("Y = X^T; Z = (A Y B + C Y D) ./ 2; alpha tr(Z)", "X", []),
    ("Y = X^T A X; tr(Y^T B)", "X", []),
    ("Y = A tr(X B); Z = Y ./ C; sum(exp(Z))", "X", []),
    ("y = diag(X); Y = b y^T; tr(Y)", "X", []),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("expression", "variable", "declarations"), EXAMPLES)
def test_every_line_of_an_example_is_true(expression: str, variable: str, declarations: list[str], method: str) -> None:
    assert _check_all(matdiff.differentiate(expression, variable, declarations=declarations), method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("structure", ["project", "ignore", "entries"])
def test_structures_have_their_own_last_line(structure: str, method: str) -> None:
    answer = matdiff.differentiate("tr(A S) + x^T S x", "S", declarations="S: symmetric n", structure=structure)
    assert _check_all(answer, method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("layout", ["numerator", "denominator"])
@pytest.mark.parametrize("expression", ["x^T A x", "exp(A x)"])
def test_layouts_turn_the_last_line(expression: str, layout: str, method: str) -> None:
    assert _check_all(matdiff.differentiate(expression, "x", layout=layout), method)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("expression", "variable"),
    [
        ("x^T A x", "x"),
        ("logsumexp(A x + b)", "x"),
        ("u = A x - b; u^T u", "x"),
        ("sum(exp(x) .* y)", ["x", "y"]),
        ("alpha^3", "alpha"),
        ("x^T X x", ["x", "X"]),
        ("logdet(X)", "X"),
        ("tr(A expm(X))", "X"),
    ],
)
def test_hessians(expression: str, variable: str | list[str], method: str) -> None:
    assert _check_all(matdiff.differentiate(expression, variable, order=2), method)


# --- laws -----------------------------------------------------------------------------------------------------------------


def _all_laws() -> list[Law]:
    """The table, and those that come from the rows of functions."""
    found = laws() + _laws_of_contractions()
    for name, row in FUNCTIONS.items():
        patterns = row.patterns or ((((letter, other),), (letter, other)) for letter, other in ("mn", "m1", "11"))
        for inputs, output in patterns:
            args = tuple(make.name(text, _sizes(pair)) for text, pair in zip("XZVW", inputs))
            value = Expr(name, args, shape=_sizes(output))
            if has_rule(value):
                found.append(law_of(value))
            elif is_matrix_function(name):
                found.append(law_of(value))
                found += [law_of_trace(value)] if row.rules else []
                found += [law_of(value, 1)] if row.arity > 1 else []
            elif row.form == "frechet" and row.order == 1:
                found.append(law_of_adjoint(value))
    return found


def _laws_of_contractions() -> list[Law]:
    """What a matrix becomes when it meets each kind of map, and what E and F are."""
    square = _sizes(("n", "n"))
    letters = {"E": "E", "F": "F"}
    one = (make.name("B", square),)
    sides = [Sides(left, right, square) for left in ((), one) for right in ((), one)]
    maps = [*sides, Turn(square), Mask(*one, False, square), Mask(*one, True, square), Dyad(*one, *one, square)]
    return [*(law_of_map(map_, letters) for map_ in maps), *meanings(letters)]


def _sizes(pair: tuple[str, str]) -> Shape:
    rows, columns = (size(1 if letter == "1" else letter) for letter in pair)
    return rows, columns


@pytest.mark.parametrize("law", [pytest.param(law, id=" = ".join(map(text, law.equation or ()))) for law in _all_laws()])
def test_laws_hold(law: Law) -> None:
    for manner in MANNERS:
        try:
            assert law_error(law, manner) < 1e-9
        except Undefined:
            continue
        return
    pytest.fail("no point was found")


# --- print ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_json(method: str) -> None:
    document = json.loads(run(["x^T S x + a^T x", "--wrt", "x, S", "--method", method, "--json"]).stdout)
    for result in document["results"]:
        assert result["method"] == method
        assert result["steps"][-1]["text"].endswith(f" = {result['text']}")
        assert result["steps"][-1]["latex"].endswith(f" = {result['latex']}")


def test_the_default_method_depends_on_definitions() -> None:
    assert [steps.method for steps in matdiff.differentiate("x^T A x", "x").steps()] == ["differential"]
    assert [steps.method for steps in matdiff.differentiate("y = A x; y^T y", "x").steps()] == ["chain"]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["x^T A x", "-w", "x", "--steps", "--to", "numpy"], 2),
        (["x^T A x", "--order", "0", "--steps"], 4),
        (["X X^T", "-w", "X", "--order", "2", "--steps"], 4),
        (["x^T A x", "-w", "x", "--method", "magic"], 2),
    ],
)
def test_what_has_no_steps_is_an_error(arguments: list[str], status: int) -> None:
    outcome = run(arguments)
    assert (outcome.status, outcome.stdout) == (status, "")
    assert "error" in outcome.stderr


def test_latex_is_balanced() -> None:
    for method in METHODS:
        printed = run(["h = tanh(W x + b); ||h - t||^2", "-w", "W", "--method", method, "--latex"]).stdout
        assert printed.count(r"\begin{align*}") == printed.count(r"\end{align*}") == 1
        assert printed.count("{") == printed.count("}")
        assert len(re.findall(r"\\left\b", printed)) == len(re.findall(r"\\right\b", printed))


@pytest.mark.slow
@needs("pdflatex")
def test_latex_compiles(tmp_path: Path) -> None:
    parts = []
    for expression, variable, declarations in EXAMPLES:
        more = [word for declaration in declarations for word in ("--var", declaration)]
        parts += [run([expression, "--wrt", variable, "--method", method, "--latex", *more]).stdout for method in METHODS]
    compile_latex("\n\n".join(parts), tmp_path)
