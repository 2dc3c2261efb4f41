"""One row is enough: functions that no part of matdiff has heard of are used everywhere, by their rows alone."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import jsonschema
import pytest
import running
from mpmath import mpf
from running import Call, needs
from test_formats import PYTHON, Question, answer_of, computes, wanted_function
from test_steps import _check_all

from matdiff.api import Derivative, differentiate
from matdiff.command import cli
from matdiff.command.catalogue import function_rows
from matdiff.functions import Function, extended
from matdiff.numbers.points import Sampler

ROWS = (
    # Elementwise; the second is defined by two functions, the third by a new one.
    Function("swish", "each", rule="(sigmoid(X) + Y .* (1 - sigmoid(X))) .* dX", value="X .* sigmoid(X)", aliases="silu"),
    Function(
        "mish",
        "each",
        rule="(tanh(softplus(X)) + X .* sigmoid(X) .* (1 - tanh(softplus(X)).^2)) .* dX",
        value="X .* tanh(softplus(X))",
        latex=r"\mu",
    ),
    Function("halfswish", "each", rule="(sigmoid(X) + swish(X) .* (1 - sigmoid(X))) .* dX ./ 2", value="swish(X) ./ 2"),
    Function("logit", "each", rule="dX ./ (X .* (1 - X))", value="log(X ./ (1 - X))", condition="0 < {0} < 1"),
    # An elementwise abbreviation.
    Function("cube", "macro", value="X .^ 3"),
    # Of a vector.
    Function("softmin", "func", "n 1 -> n 1", "-(Y .* dX - Y*(Y'*dX))", value="softmax(-X)", range="(0, 1)"),
    Function(
        "normalize",
        "func",
        "n 1 -> n 1",
        "dX / norm(X) - Y*(Y'*dX) / norm(X)",
        value="X / norm(X)",
        condition="{0} != 0",
        letter="v",
    ),
    Function("variance", "macro", "n 1 -> 1 1", value="sum((X - mean(X)).^2) / rows(X)", range="[0, inf)"),
    # Of two vectors.
    Function(
        "cosine",
        "func",
        "n 1, n 1 -> 1 1",
        "Z'*dX / (norm(X) norm(Z)) - Y*(X'*dX) / (X'*X) | X'*dZ / (norm(X) norm(Z)) - Y*(Z'*dZ) / (Z'*Z)",
        value="X'*Z / (norm(X) norm(Z))",
        range="[-1, 1]",
    ),
    # Of a matrix.
    Function("frob2", "func", "m n -> 1 1", "2 (X : dX)", value="X : X", range="[0, inf)", transposition="invariant"),
    Function("gram", "func", "m n -> n n", "dX'*X + X'*dX", value="X'*X"),
    Function("antisym", "macro", "n n -> n n", value="(X - X') / 2", rule="antisym(dX)"),
)
# Calls, and what is declared.
QUESTIONS = [
    ("sum(swish(A X))", ("A: m x n", "X: n")),
    ("b^T silu(X)", ("b: n", "X: n")),
    ("swish(X)", ("X: m x n",)),
    ("b^T mish(X)", ("b: n", "X: n")),
    ("sum(halfswish(X))", ("X: n",)),
    ("sum(B .* logit(sigmoid(X)))", ("B: m x n", "X: m x n")),
    ("sum(B .* cube(X))", ("B: m x n", "X: m x n")),
    ("b^T softmin(A X)", ("A: m x n", "X: n", "b: m")),
    ("normalize(X)", ("X: n",)),
    ("||normalize(X) - b||^2", ("b: n", "X: n")),
    ("variance(A X)", ("A: m x n", "X: n")),
    ("cosine(A X, b)", ("A: m x n", "X: n", "b: m")),
    ("cosine(b, X)^2", ("b: n", "X: n")),
    ("cosine(A X, B X)", ("A: m x n", "B: m x n", "X: n")),
    ("frob2(A X)", ("A: m x n", "X: n x p")),
    ("sqrt(frob2(X) + c^2)", ("X: m x n", "c: scalar")),
    ("tr(B gram(X))", ("B: n x n", "X: m x n")),
    ("tr(B antisym(X) C)", ("B: m x n", "X: n x n", "C: n x m")),
]
# The components of this one agree at random points, but SymPy finds no proof.
NOT_PROVED = ("cosine(A X, B X)",)
# A factor with a number for every small size n = rows(X).
_VANISHING = " * ".join(f"(rows(X) - {number})" for number in range(1, 13))
SCHEMA = Path(__file__).parent / "result.schema.json"
EACH = pytest.mark.parametrize(("call", "declarations"), QUESTIONS, ids=[call for call, _ in QUESTIONS])


@pytest.fixture(autouse=True)
def table() -> Iterator[None]:
    with extended(*ROWS):
        yield


def answer_to(call: str, declarations: tuple[str, ...], order: int = 1) -> Derivative:
    return differentiate(call, "X", order=order, declarations=declarations)


def command(call: str, declarations: tuple[str, ...], *options: str) -> tuple[int, str, str]:
    """The command for the derivative by X."""
    return printed(call, "--wrt", "X", *(f"--var={declaration}" for declaration in declarations), *options)


def printed(*arguments: str) -> tuple[int, str, str]:
    """The exit status and what the command writes."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        status = cli.main(arguments)
    return status, out.getvalue(), err.getvalue()


@EACH
def test_derivatives(call: str, declarations: tuple[str, ...]) -> None:
    assert answer_to(call, declarations).verify().passed
    if answer_to(call, declarations, 0).shape == ():
        assert answer_to(call, declarations, 2).verify().passed


@pytest.mark.parametrize(("call", "declarations"), [each for each in QUESTIONS if each[0] not in NOT_PROVED])
def test_proofs(call: str, declarations: tuple[str, ...]) -> None:
    proof = answer_to(call, declarations).prove()
    assert proof.passed, proof


@EACH
def test_expected_results(call: str, declarations: tuple[str, ...]) -> None:
    """The printed result is read back; a multiple of it is told from it."""
    answer = answer_to(call, declarations)
    if answer.result.form == "matrix":
        assert answer.expect(answer.text).passed
        assert not answer.expect(f"3 ({answer.text})").passed


@EACH
def test_the_command_with_every_check(call: str, declarations: tuple[str, ...]) -> None:
    status, _, verdict = command(call, declarations, "--verify")
    assert status == 0, verdict


@EACH
@pytest.mark.parametrize("format", ["text", "unicode", "latex"])
def test_written_formats(call: str, declarations: tuple[str, ...], format: str) -> None:
    status, out, said = command(call, declarations, "--to", format, "--notation", "all", "--lhs")
    assert status == 0 and out, said


@EACH
def test_json(call: str, declarations: tuple[str, ...]) -> None:
    status, out, _ = command(call, declarations, "--json")
    document = json.loads(out)
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert status == 0 and document["ok"]


@EACH
@pytest.mark.parametrize("method", ["differential", "index"])
def test_steps(call: str, declarations: tuple[str, ...], method: str) -> None:
    assert _check_all(answer_to(call, declarations), method)


def question(call: str, declarations: tuple[str, ...]) -> Question:
    return answer_of(call, declarations, 1, "project", 3)


@EACH
@pytest.mark.parametrize("format", PYTHON)
def test_code(call: str, declarations: tuple[str, ...], format: str) -> None:
    computes(format, question(call, declarations))


@needs("octave-cli")
def test_code_through_octave(tmp_path: Path) -> None:
    asked = [question(*each) for each in QUESTIONS]
    calls = [Call(answer.to("matlab"), wanted_function(answer), inputs) for answer, inputs, _ in asked]
    for (call, _), (_, _, expected), found in zip(QUESTIONS, asked, running.octave(calls, tmp_path), strict=True):
        for actual, wanted in zip(found, expected, strict=True):
            assert running.close(actual.reshape(wanted.shape, order="F"), wanted), call


@needs("tree_sitter_julia")
def test_code_of_julia() -> None:
    import tree_sitter
    import tree_sitter_julia

    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_julia.language()))
    for call, declarations in QUESTIONS:
        source = answer_to(call, declarations).to("julia")
        assert not parser.parse(source.encode()).root_node.has_error, source
        code = "\n".join(line for line in source.splitlines() if not line.startswith('"'))
        assert not any(f"{row.name}(" in code or f"{row.name}.(" in code for row in ROWS), source


def test_code_uses_stable_spellings_within_definitions() -> None:
    """log(X ./ (1 - X)) has none; X .* sigmoid(X) and X .* tanh(softplus(X)) have."""
    assert "_sigmoid" in answer_to("sum(swish(X))", ("X: n",)).to("numpy")
    assert "np.logaddexp(0, " in answer_to("sum(mish(X))", ("X: n",)).to("numpy")
    (far,) = running.numpy(Call(answer_to("sum(swish(X))", ("X: n",)).to("numpy"), "f", {"X": [-800.0, 800.0]}))
    assert float(far) == 800.0


def test_entries_of_more_than_two_axes() -> None:
    """In index notation a definition is written entry by entry."""
    answer = differentiate("mish(A X B)", "X", declarations=["A: m x n", "X: n x p", "B: p x q"])
    assert answer.result.form == "index" and answer.verify().passed
    computes("numpy", answer_of("mish(A X B)", ("A: m x n", "X: n x p", "B: p x q"), 1, "project", 3))


def test_columns_are_used() -> None:
    assert r"\mu\left(" in differentiate("mish(x)", order=0).latex
    assert answer_to("a^T normalize(X)", ("X: n", "a: n")).conditions == ("X != 0",)
    long = differentiate("sum(exp(normalize(A x)) .* log(normalize(A x)) .* b)", "x")
    assert [part.name for part in long.result.where if part.expr.op == "normalize"] == ["v"]
    assert differentiate("sqrt(frob2(X) + 1)", "X").conditions == ()
    assert differentiate("frob2(X^T)", order=0).text == "frob2(X)"
    assert "scipy.linalg.cho_factor" in differentiate("a^T (frob2(X) S + S)^-1 b", "a", declarations="S: spd n").to("numpy")


def test_the_list_of_functions() -> None:
    rows = {names: (shapes, derivative) for names, shapes, derivative, _ in function_rows()}
    assert rows["swish, silu"] == ("elementwise", "(sigmoid(X) + Y .* (1 - sigmoid(X))) .* dX")
    assert rows["variance"] == ("n -> scalar", "is sum((X - mean(X)).^2) / rows(X)")
    status, out, _ = printed("--functions")
    assert status == 0 and "frob2" in out


@pytest.mark.parametrize(
    ("statement", "code", "help"),
    [
        ("swsh(x)", "E201", "swish"),
        ("swish(x, y)", "E202", ""),
        ("swish = 3; x", "E204", "swish_1"),
        ("normalize(t W)", "W616", "row by row"),
    ],
)
def test_mistakes(statement: str, code: str, help: str) -> None:
    status, _, said = printed(statement)
    assert status and code in said
    assert help in said


@pytest.mark.parametrize(
    ("form", "pattern", "rule", "value"),
    [
        # Kinks where no point would be by chance, the last behind another new row; a factor that is 0 at small sizes.
        ("each", "", "step(X - 70) .* dX", "relu(X - 70)"),
        ("func", "n 1 -> 1 1", "step(sum(X) - 90) * sum(dX)", "relu(sum(X) - 90)"),
        ("each", "", "step(-90000 - cube(X)) .* -3 .* X.^2 .* dX", "relu(-90000 - cube(X))"),
        ("func", "n 1 -> 1 1", _VANISHING + " * sum(dX)", _VANISHING + " * sum(X)"),
    ],
)
def test_definitions_are_looked_into_for_points(form: str, pattern: str, rule: str, value: str) -> None:
    """Where the value is not 0 a derivative of 0 is wrong."""
    for written, is_right in ((rule, True), ("0 .* dX" if form == "each" else "0 * sum(dX)", False)):
        with extended(Function("far", form, pattern, written, value=value)):
            assert answer_to("sum(far(X))", ("X: n",)).verify().passed == is_right


def test_exponentials_in_definitions_ask_for_digits() -> None:
    """1 - tanh(z) vanishes among 60 digits where z is large."""
    with extended(Function("steep", "each", rule="100 .* (1 - Y.^2) .* dX", value="tanh(100 .* X)")):
        watch = Sampler(answer_to("sum(steep(X))", ("X: n",)).typed, [], 0, {}).watch
        assert watch.digits({"X": [[mpf(3)]]}, {"n": 1}) == 270


@pytest.mark.parametrize(("one", "other"), list(product(["swish", "normalize", "frob2"], repeat=2)))
def test_with_one_another(one: str, other: str) -> None:
    """A function of a function, and a product of two."""
    for call in (
        f"sum({one}(A {other}(A X)))" if other != "frob2" else f"sum({one}({other}(X) b))",
        f"sum({one}(X)) sum({other}(X))",
    ):
        names = ("A: n x n", "X: n", "b: n")
        used = tuple(name for name in names if name[0] in call.replace("sum", ""))
        assert answer_to(call, used).verify().passed
        computes("numpy", answer_of(call, used, 1, "project", 3))
