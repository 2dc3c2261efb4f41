"""Errors and remarks as objects: one base class, fields, equality, copies, other processes, and what they print."""

from __future__ import annotations

import ast
import copy
import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from sessions import run

import matdiff
from matdiff.language import errors
from matdiff.language.dims import size
from matdiff.language.errors import Errors, MatdiffError, Problem, TooLarge, WrongExpected
from matdiff.language.syntax import Expr, Span
from matdiff.limits import DEPTH

PACKAGE = Path(matdiff.__file__).parent
X = Expr("name", (), "X", span=Span(0, 1), shape=(size("m"), size("n")))
DEEP = X
for _ in range(DEPTH):
    DEEP = Expr("'", (DEEP,), span=Span(0, 1), shape=X.shape)
FIX = errors.Fix("transpose", X, Expr("'", (X,)), (errors.Fix("inner", X, X),), X)
# A value for every type that a field has.
VALUES = {
    "Span": Span(0, 1), "Expr": DEEP, "Dim": size("n"), "Shape": (size("m"), size("n")), "Fix": FIX, "str": "X", "int": 2, "float": 1.5,
    "bool": True, "object": 3, "tuple[str, ...]": ("X", "Y"), "tuple[Fix, ...]": (FIX, FIX), "Sequence[str]": ("X",),
    "tuple[SizeReason, ...]": (errors.SizeReason("X", 0, "m", Span(0, 1)),), "tuple[Span, ...]": (Span(0, 1),),
    "tuple[tuple[str, str, Span], ...]": (("X", "Y", Span(0, 1)),), "tuple[tuple[str, str], ...]": (("n", "scalar"),),
    "tuple[tuple[str, str, Shape], ...]": (("X", "matrix", X.shape),),
    "tuple[tuple[str, Expr], ...]": (("y", X),), "tuple[tuple[str, str, str], ...]": (("x_i", "row i", "x"),),
    "tuple[tuple[str, ...], ...]": (("X",),), "tuple[Span, str]": (Span(0, 1), "m"), "Rational": 2,
    "Remark": errors.SoftKind(span=Span(0, 1), variable="x", kind="scalar"),
    "tuple[MatdiffError, ...]": (TooLarge(what="time", limit=1.0), errors.DivisionByZero(span=Span(0, 1))),
}  # fmt: skip
# Keys of tables of words.
KEYS = {
    (errors.WrongOption, "problem"): "value", (errors.OwnSpace, "structure"): "project", (errors.OwnSpace, "property"): "symmetric",
    (errors.TooLarge, "what"): "time", (errors.BadDirection, "problem"): "count",
}  # fmt: skip


def _kinds(kind: type[Problem]) -> list[type[Problem]]:
    return [kind, *(below for child in kind.__subclasses__() for below in _kinds(child))]


KINDS = [kind for kind in _kinds(Problem) if kind not in (Errors, WrongExpected) and kind.code]


def _annotations(kind: type[Problem]) -> dict[str, str]:
    return {field: words for base in reversed(kind.__mro__[:-1]) for field, words in getattr(base, "__annotations__", {}).items()}


def _made(kind: type[Problem]) -> Problem:
    """One with a value in every field; its source is not known."""
    words = {field: words for field, words in _annotations(kind).items() if field in kind.fields and field not in Problem.fields}
    return kind(**{field: KEYS.get((kind, field)) or VALUES[text.removesuffix(" | None")] for field, text in words.items()})


SEVERAL: list[Callable[[], Problem]] = [
    lambda: Errors([errors.DivisionByZero(span=Span(0, 1)), TooLarge(what="time", limit=1.0)]),
    lambda: WrongExpected([errors.DivisionByZero(span=Span(2, 3))], "x/0"),
]


def _same(one: Problem, other: Problem) -> None:
    assert type(one) is type(other)
    assert one == other and hash(one) == hash(other) and one is not other
    assert (str(one), one.code, one.name, one.severity) == (str(other), other.code, other.name, other.severity)
    if isinstance(one, MatdiffError) and isinstance(other, MatdiffError):
        assert one.exit_status == other.exit_status
        assert [error.code for error in one.errors] == [error.code for error in other.errors]


@pytest.mark.parametrize("make", [*(lambda kind=kind: _made(kind) for kind in KINDS), *SEVERAL], ids=lambda make: make().name)
def test_every_problem_is_copied_pickled_and_compared(make: Callable[[], Problem]) -> None:
    """The deepest nest that is read included, for which Python's stack is too short."""
    problem = make()
    for other in (
        copy.copy(problem),
        copy.deepcopy(problem),
        make(),
        *(pickle.loads(pickle.dumps(problem, n)) for n in range(2, 6)),
    ):
        _same(problem, other)
    assert repr(problem).startswith(type(problem).__name__)
    changed = copy.copy(problem)
    changed.source = "another text"
    assert changed != problem


def test_a_field_that_differs_is_a_difference() -> None:
    for kind in KINDS:
        problem = _made(kind)
        for field in kind.fields:
            if field not in kind.aids:
                changed = copy.copy(problem)
                setattr(changed, field, None)
                assert changed != problem, (kind.__name__, field)


def test_only_declared_fields_can_be_given() -> None:
    with pytest.raises(TypeError, match="has no field"):
        errors.DivisionByZero(span=Span(0, 1), bogus=1)
    with pytest.raises(TypeError, match="needs the field"):
        errors.DivisionByZero()


def test_nothing_writes_past_the_fields() -> None:
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.Attribute) and node.attr == "__dict__"), path.name
            assert not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "vars"), path.name


def test_every_error_has_one_base() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert Errors in kinds
    assert all(issubclass(kind, matdiff.MatdiffError) for kind in kinds)


# What they print

CASES = [
    json.loads(line) for line in (Path(__file__).parent / "corpus" / "bad.jsonl").read_text(encoding="utf-8").splitlines() if line
]
ASKED = [
    case for case in CASES if all(word in ("--wrt", "--var") for word in case["argv"][1:] if word.startswith("--")) and case["argv"][0]
]  # fmt: skip


def _refused(expression: str, options: list[str]) -> MatdiffError:
    pairs = list(zip(options[::2], options[1::2], strict=True))
    names = [value for option, value in pairs if option == "--wrt"]
    with pytest.raises(matdiff.MatdiffError) as caught:
        matdiff.differentiate(expression, names, declarations=[value for option, value in pairs if option == "--var"])
    return caught.value


@pytest.mark.parametrize("case", ASKED, ids=lambda case: case["id"])
def test_an_error_prints_what_the_command_prints(case: dict[str, object]) -> None:
    expression, *options = case["argv"]  # type: ignore[misc]
    outcome = run([expression, *options])
    error = _refused(expression, options)
    assert str(error) + "\n" == outcome.stderr
    assert error.exit_status == outcome.status
    _same(error, pickle.loads(pickle.dumps(error)))


def test_a_single_error_is_raised_itself() -> None:
    for text, kind in (("tr(A", errors.UnclosedBracket), ("x y", errors.ProductSizes), ("", errors.EndsEarly)):
        assert type(_refused(text, ["--wrt", "x"])) is kind
    several = _refused("x / 0 + logdte(X)", ["--wrt", "x"])
    assert type(several) is Errors
    assert {error.code for error in several.errors} == {"E309", "E201"}
    assert several.code == several.errors[0].code
    assert str(several).count("error[") == 2
    with pytest.raises(errors.BadDeclaration) as caught:
        matdiff.differentiate("x^T x", "x", declarations=["x: n", "A: 0 x n"])
    assert "A: 0 x n" in str(caught.value)


def test_no_time_is_a_limit() -> None:
    with pytest.raises(TooLarge, match="this takes more than 0 seconds"):
        matdiff.differentiate("x^T A x", "x", timeout=0)
    assert matdiff.differentiate("x^T A x", "x", timeout=None).text == "(A + A^T) x"


def test_remarks_print_too() -> None:
    answer = matdiff.differentiate("(y - X beta)^T (y - X beta)", "beta")
    shown = run(["(y - X beta)^T (y - X beta)", "--wrt", "beta"]).stderr
    assert "".join(f"{remark}\n" for remark in answer.remarks) == shown
    _same(answer.remarks[0], pickle.loads(pickle.dumps(answer.remarks[0])))


@pytest.mark.parametrize(("text", "names"), [("x^T A x", "x"), ("y = W^T x; a^T y", "W"), ("S: spd n; logdet(S)", "S")])
def test_answers_are_pickled_and_copied(text: str, names: str) -> None:
    """And can do afterwards what they could before."""
    answer = matdiff.differentiate(text, names)
    for other in (pickle.loads(pickle.dumps(answer)), copy.copy(answer), copy.deepcopy(answer)):
        assert other.text == answer.text
        assert [other.to(name) for name in ("numpy", "json", "latex")] == [answer.to(name) for name in ("numpy", "json", "latex")]
        assert other.in_notation("all").text == answer.in_notation("all").text
        assert repr(other.steps()) == repr(answer.steps())
        assert other.verify().passed and other.expect(answer.text).passed


def _of_a_worker(text: str) -> str:
    return matdiff.differentiate(text, "x").text


@pytest.mark.slow
def test_a_pool_of_processes_hands_errors_on() -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        asked = [pool.submit(_of_a_worker, text) for text in ("x^T x", "x y", "tr(A", "x / 0 + logdte(X)")]
        assert asked[0].result(60) == "2 x"
        for future, text in zip(asked[1:], ("x y", "tr(A", "x / 0 + logdte(X)")):
            _same(_refused(text, ["--wrt", "x"]), future.exception(60))  # type: ignore[arg-type]


@pytest.mark.slow
def test_an_error_is_read_by_another_process() -> None:
    """Hashes of strings differ there; an expression in it still equals one that is made there."""
    error = _refused("x y", ["--wrt", "x"])
    program = (
        "import pickle, sys; e = pickle.loads(sys.stdin.buffer.read()); from matdiff.language.syntax import Expr;"
        "print(e.left == Expr('name', (), 'x'), hash(e.left) == hash(Expr('name', (), 'x'))); print(e)"
    )
    done = subprocess.run([sys.executable, "-c", program], input=pickle.dumps(error), capture_output=True, check=True)
    assert done.stdout.decode() == f"True True\n{error}\n"


# Arguments from Python

ANSWER = matdiff.differentiate("x^T A x", "x")


@pytest.mark.parametrize(
    ("call", "message", "options"),
    [
        (lambda: matdiff.differentiate("x^T x", "x", order=4), "`order` takes a whole number from 0 to 3, not `4`", "--order 4"),
        (
            lambda: matdiff.differentiate("x^T x", "x", order=-1),
            "`order` takes a whole number from 0 to 3, not `-1`",
            "--order -1",
        ),
        (
            lambda: matdiff.differentiate("x^T x", "x", structure="bogus"),
            "`structure` takes project, ignore or entries, not `bogus`",
            "--structure bogus",
        ),
        (
            lambda: matdiff.differentiate("x^T x", "x", layout="bogus"),
            "`layout` takes gradient, numerator or denominator, not `bogus`",
            "--layout bogus",
        ),
        (
            lambda: ANSWER.in_notation("bogus"),
            "`notation` takes auto, matrix, sum, index, entry, frobenius, kronecker, differential or all, not `bogus`",
            "--notation bogus",
        ),
        (lambda: ANSWER.steps("bogus"), "`method` takes differential, chain or index, not `bogus`", "--method bogus"),
        (
            lambda: ANSWER.to("bogus"),
            "`format` takes ascii, jax, json, julia, latex, matlab, numpy, sympy, text, torch or unicode, not `bogus`",
            "",
        ),
        (lambda: ANSWER.to("latex", math="bogus"), "`math` takes none, inline, display or align, not `bogus`", "--math bogus"),
        (lambda: ANSWER.to("latex", bogus=1), "no such option `bogus`", ""),
        (
            lambda: ANSWER.to("latex", style={"bold": "maybe"}),
            "`style` takes bold=yes, bold=no, transpose=top, transpose=T or transpose=prime, not `bold=maybe`",
            "--style bold=maybe",
        ),
        (lambda: ANSWER.to("numpy", math="align"), "math is written as latex, not as numpy", "--math align --to numpy"),
        (lambda: ANSWER.to("json", lhs=True), None, "--json --lhs"),
        (lambda: ANSWER.verify(sizes={"n": 0}), None, "--verify --size n=0"),
        (lambda: ANSWER.verify(sizes={"n": 1000}), None, "--verify --size n=1000"),
        (lambda: ANSWER.verify(seed=-1), "`seed` takes a whole number from 0 on, not `-1`", "--verify --seed -1"),
        (lambda: ANSWER.expect("x", seed=-1), "`seed` takes a whole number from 0 on, not `-1`", ""),
        (
            lambda: matdiff.differentiate("x^T x", "x", hvp="v", jvp="v"),
            "only one of these at a time: hvp and jvp",
            "--hvp v --jvp v",
        ),
        (
            lambda: matdiff.differentiate("x^T x", "x", hvp="v", order=3),
            "only one of these at a time: hvp and order=3",
            "--hvp v --order 3",
        ),
        (
            lambda: matdiff.differentiate("x^T x", "x", timeout=float("nan")),
            "`timeout` takes a number of seconds from 0 on, not `nan`",
            "--timeout nan",
        ),
    ],
)
def test_python_refuses_what_the_command_refuses(call: Callable[[], object], message: str | None, options: str) -> None:
    with pytest.raises(errors.WrongOption) as caught:
        call()
    assert message is None or str(caught.value).startswith(f"error[E505]: {message}")
    outcome = run(["x^T A x", "-w", "x", *options.split()])
    if options:
        assert outcome.status == caught.value.exit_status == 2
        assert "E505" in outcome.stderr + outcome.stdout


def test_what_is_meant_is_proposed() -> None:
    with pytest.raises(MatdiffError, match='did you mean "numerator"'):
        matdiff.differentiate("x^T x", "x", layout="numeratr")


def test_names_have_their_one_spelling() -> None:
    for name in ("λ", "lambda"):
        assert matdiff.differentiate("λ x^T x", name).text == "x^T x"
    assert matdiff.differentiate("β₁^T A x", "β₁", declarations="β₁: n").text == "A x"
    assert len(matdiff.differentiate("x^T A x", "x, A").results) == 2
    with pytest.raises(errors.NotAName):
        matdiff.differentiate("x^T A x", "A x")
    with pytest.raises(errors.NotAName):
        matdiff.differentiate("x^T A x", "x", hvp="v = 1")


def test_methods_print_the_diagnostic() -> None:
    with pytest.raises(WrongExpected) as wrong:
        ANSWER.expect("2 A (")
    assert "    2 A (\n" in str(wrong.value)
    with pytest.raises(errors.NoSteps) as none:
        matdiff.differentiate("x^T A x", "x", order=0).steps()
    assert str(none.value) + "\n" == run(["x^T A x", "-w", "x", "--order", "0", "--steps"]).stderr
    with pytest.raises(errors.NotASize) as strange:
        ANSWER.verify(sizes={"k": 3})
    assert str(strange.value).startswith("error[E508]: ")
