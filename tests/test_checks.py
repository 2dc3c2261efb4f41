"""`--expect` and `--prove`: a yes is right, a no is explained by something true, and nothing wrong is ever called equal or proved."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from random import Random

import growth
import jsonschema
import pytest
import sympy
from sessions import run

import matdiff
from matdiff import limits
from matdiff.check import prove, verify
from matdiff.check.identity import Letters, is_zero
from matdiff.formats.verdicts import _WORDS, check_lines, ratio_of
from matdiff.language.errors import HowManyExpected, WrongExpected

SCHEMA = json.loads((Path(__file__).parent / "result.schema.json").read_text(encoding="utf-8"))

QUESTIONS = [
    ("x^T A x", "x", ()),
    ("||A x - b||^2 + lambda ||x||^2", "x", ()),
    ("logdet(X)", "X", ()),
    ("logdet(S)", "S", ("S: spd n",)),
    ("tr(A X B X^T)", "X", ()),
    ("softmax(A x)", "x", ()),
    ("sum(tanh(W x))", "W", ()),
    ("x^T A", "x", ()),
    ("alpha x^T", "alpha", ()),
    ("r A r^T", "r", ("r: 1 x n",)),
    ("norm(x)", "x", ()),
    ("mean(x)", "x", ()),
    ("a^T X^-1 b", "X", ()),
    ("tr(A D)", "D", ("D: diagonal n",)),
    ("alpha^3 x^T x", "alpha", ()),
    ("logsumexp(A x)", "x", ()),
]


@pytest.mark.parametrize(("question", "wrt", "declarations"), QUESTIONS)
def test_a_result_equals_itself_and_nothing_beside_it(question: str, wrt: str, declarations: tuple[str, ...]) -> None:
    for order, layout in ((1, "gradient"), (1, "numerator"), (1, "denominator"), (2, "gradient")):
        answer = matdiff.differentiate(question, wrt, order=order, declarations=declarations, layout=layout)
        if len(answer.shape) > 2:
            continue
        *parts, result = answer.text.split("; ")
        assert answer.expect(answer.text).passed
        for wrong in (f"2 ({result})", f"-({result})", f"1001/1000 ({result})", f"({result}) + ({result})"):
            if result.startswith("zeros") or result == "0":
                continue
            verdict = answer.expect("; ".join([*parts, wrong]))
            assert not verdict.passed
            assert verdict.finding is not None and verdict.finding.kind in ("factor", "number"), verdict
            assert verdict.max_relative_error > 1e-4


@pytest.mark.parametrize(("question", "wrt", "declarations"), QUESTIONS)
def test_results_are_proved_and_wrong_ones_disproved(question: str, wrt: str, declarations: tuple[str, ...]) -> None:
    answer = matdiff.differentiate(question, wrt, declarations=declarations)
    assert answer.prove().passed
    other = matdiff.differentiate(f"3/2 ({question})", wrt, declarations=declarations).result
    answer.result.expr = other.expr
    proof = answer.prove()
    assert proof.decided and not proof.passed
    assert proof.wrong is not None
    assert check_lines([proof], answer)[0].startswith("DISPROVED: component")


def test_the_index_form_is_proved_too() -> None:
    answer = matdiff.differentiate("x^T A x", "x")
    answer.result.index_expr = matdiff.differentiate("3 x^T A x", "x").result.index_expr
    proof = answer.prove()
    assert (proof.passed, proof.decided) == (False, True)


# What an explanation may say: one example of each kind, and the words for it

EXAMPLES = {
    "equal": ("logdet(X)", "X", "X^-1", "is the transpose of the result X^-T"),
    "factor": ("||x||^2", "x", "x", "a factor 2 is missing"),
    "scalar": ("mean((A x - b).^2)", "x", "2 A^T (A x - b)", "is 1 / rows(A) times"),
    "number": ("x^T x", "x", "2.000001 x", "is 0.9999995 times 2.000001 x"),
    "structure": ("S: symmetric n; tr(A S)", "S", "A^T", "A^T is right with --structure ignore"),
    "symmetric part": ("S: symmetric n; tr(A S) / 2", "S", "A", "is 1/4 (G + G^T) with G = A"),
    "missing": ("a^T x + b^T x", "x", "a", "a term is missing: b"),
    "extra": ("a^T x + b^T x", "x", "a + b + x", "a term is too much: x"),
    "coefficient": ("a^T x + b^T x", "x", "a + 2 b", "the term 2 b must be taken 1/2 times"),
    "term": ("a^T x + b^T x", "x", "a + b .* b", "the term b .* b must be b"),
    "edit": ("D: diagonal m; (A x - b)^T D (A x - b)", "x", "2 A^T (A x - b)", "A x - b must be D (A x - b)"),
    "variable": ("a^T x", "x", "x", "x is the derivative by a"),
    "outer": ("sum(exp(A x))", "x", "exp(A x)", "A^T is missing in front; the result is A^T (exp(A x))"),
    "made": ("exp(x)", "x", "exp(x)", "is diag of exp(x)"),
    "makes": ("softmax(x)", "x", "p = softmax(x); p .* (1 - p)", "is the diagonal of the result"),
    "shape": ("a^T W x", "W", "x", "x is a vector (n), the result a x^T is a matrix (m × n)"),
    "tensor": ("W x", "W", "x^T", "x^T is a row (1 × n), the result is a tensor with 3 axes (m, m, n)"),
    "difference": ("tr(A X B X)", "X", "2 A^T X^T B^T", "the result minus 2 A^T X^T B^T is (A X B - B X A)^T"),
    "point": ("sum(exp(x))", "x", "cos(x)", "they differ most in entry ["),
    "undefined": ("sum(-exp(x))", "x", "log(-exp(x))", "log(-exp(x)) has no real, finite value"),
    "no point": ("log(-exp(alpha))", "alpha", "alpha", "no point was found"),
}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_every_kind_of_difference_is_found_and_worded(kind: str) -> None:
    question, wrt, expected, words = EXAMPLES[kind]
    answer = matdiff.differentiate(question, wrt)
    verdict = answer.expect(expected)
    assert not verdict.passed and verdict.finding is not None
    assert verdict.finding.kind == kind, verdict.finding
    assert words in "\n".join(check_lines([verdict], answer))
    assert ratio_of(verdict.finding)


def test_every_kind_has_an_example() -> None:
    assert set(EXAMPLES) == set(_WORDS)


# How an expected expression is read


@pytest.mark.parametrize(
    ("question", "wrt", "expected"),
    [
        ("tr(X)", "X", "I"),
        ("sum(x)", "x", "ones"),
        ("sum(X)", "X", "ones(m, n)"),
        ("sum(x)", "x", "ones(n)"),
        ("a^T b + 0 x^T x", "x", "0"),
        ("mean(x)", "x", "1/n ones"),
        ("mean(X)", "X", "ones(m, n) / (m n)"),
        ("y = A x; y^T y", "x", "2 A^T y"),
        ("logsumexp(A x + b)", "x", "q = A x + b; A^T softmax(q)"),
        ("lambda ||x||^2", "x", "2 λ x"),
        ("x^T A x", "x", "B = A + A^T; B x"),
        ("Z: n x k; x: n; x^T x", "x", "2 x + 0 Z ones"),
    ],
)
def test_the_names_and_sizes_of_the_question_hold(question: str, wrt: str, expected: str) -> None:
    assert matdiff.differentiate(question, wrt).expect(expected).passed


def test_the_named_parts_of_a_result_may_be_used() -> None:
    answer = matdiff.differentiate("logsumexp(A x + b)", "x", order=2)
    assert answer.text == "p = softmax(A x + b); A^T (diag(p) - p p^T) A"
    assert answer.expect("A^T (diag(p) - p p^T) A").passed


def test_values_are_compared_too() -> None:
    answer = matdiff.differentiate("A: n x n; tr(A B)", order=0)
    assert answer.expect("tr(B A)").passed
    assert answer.expect("sum(A .* B^T)").passed
    assert not answer.expect("tr(A) tr(B)").passed


def test_fixed_sizes_and_the_seed_reach_the_comparison() -> None:
    answer = matdiff.differentiate("x^T A x", "x")
    verdict = answer.expect("2 A x", seed=7, sizes={"n": 5})
    assert (verdict.seed, verdict.sizes) == (7, {"n": 5})
    # At size 1 every matrix is symmetric.
    assert answer.expect("2 A x", sizes={"n": 1}).passed


@pytest.mark.parametrize(
    ("expected", "code", "marked"),
    [("2 A (", "E102", ""), ("2 B x", "E203", "B"), ("2 x x", "E301", "x"), ("A: n", "E303", ""), ("2 A x wrt x", "E101", "x")],
)
def test_a_mistake_is_shown_in_the_expected_expression(expected: str, code: str, marked: str) -> None:
    with pytest.raises(WrongExpected) as caught:
        matdiff.differentiate("x^T A x", "x").expect(expected)
    assert caught.value.text == expected
    outcome = run(["x^T A x", "--wrt", "x", "--expect", expected])
    assert outcome.status in (2, 3)
    assert outcome.stdout == ""
    assert code in outcome.stderr
    assert f"    {expected}".rstrip() in outcome.stderr
    (document,) = map(json.loads, run(["x^T A x", "--wrt", "x", "--expect", expected, "--json"]).stdout.splitlines())
    jsonschema.validate(document, SCHEMA)
    assert document["input"]["text"] == expected
    for label in document["diagnostics"][0]["labels"]:
        assert expected[label["span"]["start"] : label["span"]["end"]].startswith(marked)


def test_one_expected_expression_for_each_result() -> None:
    answer = matdiff.differentiate("a^T x", ["a", "x"])
    assert [verdict.passed for verdict in answer.expect(["x", "x"])] == [True, False]
    with pytest.raises(HowManyExpected):
        answer.expect("x")
    outcome = run(["a^T x", "--wrt", "a", "--wrt", "x", "--expect", "x"])
    assert outcome.status == 2
    assert "give --expect once for each, in this order: by `a`, then by `x`" in outcome.stderr
    outcome = run(["a^T x", "--wrt", "a", "--wrt", "x", "--expect", "x", "--expect", "a"])
    assert (outcome.status, outcome.stdout) == (0, "x\na\n")
    assert outcome.stderr.startswith("df/da: equal: x is the result\n")
    assert "\ndf/dx: equal: a is the result\n" in outcome.stderr
    assert run(["a^T x", "--wrt", "a", "--expect", "x", "--expect", "x"]).status == 2


def test_each_notation_of_a_result_is_told_the_verdict_on_it() -> None:
    arguments = ["A x", "-w", "x,A", "--notation", "all", "--expect", "A", "--expect", "x"]
    (document,) = map(json.loads, run([*arguments, "--json"]).stdout.splitlines())
    for result in document["results"]:
        assert result["check"]["expected"] == {"x": "A", "A": "x"}[result["wrt"][0]]
    lines = run(arguments, terminal=True).stdout.splitlines()
    assert lines[0].startswith("dy/dx: equal: ") and lines[2].startswith("dy[i]/dA[k,l]: not equal: ")


def test_steps_are_shown_beside_a_verdict() -> None:
    shown = run(["x^T x", "-w", "x", "--steps", "--expect", "2 x"], terminal=True).stdout
    assert "df = (∂f/∂x)ᵀ dx, so ∂f/∂x = 2 x" in shown and "equal: 2 x is the result" in shown


def test_comparing_leaves_the_answer_as_it_was() -> None:
    answer = matdiff.differentiate("x^T A x", "x")
    matdiff.differentiate("logdet(X)", "X")
    before = answer.to("json")
    answer.expect("2 A x")
    answer.prove()
    assert answer.to("json") == before
    assert answer.expect("A x + A^T x").passed


# What programs read


def test_the_json_of_checks() -> None:
    def checks(*arguments: str) -> list[dict[str, object]]:
        outcome = run([*arguments, "--json"])
        (document,) = map(json.loads, outcome.stdout.splitlines())
        jsonschema.validate(document, SCHEMA)
        assert (document["ok"], document["exit_code"]) == (outcome.status == 0, outcome.status)
        return [{key: value for key, value in result["check"].items() if key != "sizes"} for result in document["results"]]

    (check,) = checks("x^T A x", "--wrt", "x", "--expect", "4 A x + 0 x")
    assert check["ratio"] == "factor 1/2, A symmetric"
    assert check["expected"] == "4 A x + 0 x"
    first, second = checks("a^T x", "--wrt", "a", "--wrt", "x", "--expect", "x", "--expect", "2 x")
    assert (first["passed"], first["ratio"], second["passed"]) == (True, None, False)
    assert checks("x^T x", "--wrt", "x", "--prove") == [
        {"kind": "prove", "passed": True, "decided": True, "components": 2, "reason": None}
    ]
    (check,) = checks("tr(expm(X))", "--wrt", "X", "--prove")
    assert (check["passed"], check["decided"]) == (False, False)
    outcome = run(["x^T x", "--wrt", "x", "--prove", "--verify", "--expect", "x", "--json"])
    kinds = [check["kind"] for check in json.loads(outcome.stdout)["results"][0]["checks"]]
    assert (outcome.status, kinds) == (1, ["verify", "prove", "expect"])


def test_a_passed_check_is_silent_when_asked_to_be() -> None:
    assert run(["x^T x", "--wrt", "x", "--expect", "2 x", "--prove", "-q"]).stderr == ""
    assert run(["x^T x", "--wrt", "x", "--expect", "x", "-q"]).stderr.startswith("not equal: a factor 2 is missing")


def test_a_verification_ends_with_the_time() -> None:
    with growth.Work() as work, limits.timed_by(work.seconds):
        outcome = run(["X (X^T X)^-1 X^T", "--var", "X: m x n", "--wrt", "X", "-H", "--verify", "--timeout", "1"])
    assert (outcome.status, outcome.stdout) == (4, "") and outcome.stderr.startswith("error[E405]: ")
    assert work.seconds() < 1.1


def test_a_proof_ends_with_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where one component alone takes longer and never looks at the clock: the alarm that was set ends it."""
    now, alarms, ended = [0.0], [], []

    def longwinded(*_: object) -> bool:
        assert 0 < alarms[-1] <= 1
        now[0] += 1.5
        signal.raise_signal(signal.SIGALRM)
        ended.append(True)
        return True

    monkeypatch.setattr(prove, "is_zero", longwinded)
    monkeypatch.setattr(prove, "is_real_time", lambda: True)
    monkeypatch.setattr(signal, "setitimer", lambda which, seconds: alarms.append(seconds))
    before = signal.getsignal(signal.SIGALRM)
    with limits.timed_by(lambda: now[0]):
        outcome = run(["x / (1 + x)", "--wrt", "x", "--var", "x: scalar", "--prove", "--timeout", "1"])
    assert (outcome.status, outcome.stdout, ended) == (4, "", []) and outcome.stderr.startswith("error[E405]: ")
    assert (alarms[-1], signal.getsignal(signal.SIGALRM)) == (0, before)


def test_slips_of_long_vectors_are_looked_for_in_little_time() -> None:
    options = ["--var", "A: m x n", "--wrt", "x", "--size", "m=1", "--size", "n=1000", "--expect", "x", "--timeout", "20"]
    outcome = run(["exp(sin(A x))", *options])
    assert outcome.status == 1 and outcome.stderr.startswith("not equal: ")


def test_progress_is_shown_to_those_who_wait() -> None:
    times = iter(range(10**6))
    with limits.timed_by(lambda: next(times)):
        drawn = run(["tr(A X)", "--wrt", "X", "--prove", "--timeout", "0"], terminal=True).stdout
    assert "\rproving: 1 of 6 components" in drawn
    line = "proving: 5 of 6 components"
    assert f"\r{line}\r{' ' * len(line)}\r" in drawn
    assert "proving" not in run(["tr(A X)", "--wrt", "X", "--prove"]).stderr


# Identities


X, Y, T = sympy.symbols("x y t")


@pytest.mark.parametrize(
    "expr",
    [
        (X + Y) ** 2 - X**2 - 2 * X * Y - Y**2,
        1 / (1 + 1 / X) - X / (X + 1),
        sympy.sqrt(X + Y) ** 3 - (X + Y) * sympy.sqrt(Y + X),
        1 / (sympy.sqrt(X) - 1) - (sympy.sqrt(X) + 1) / (X - 1),
        sympy.exp(X + Y) - sympy.exp(X) * sympy.exp(Y),
        sympy.exp(X / 2) ** 2 - sympy.exp(X),
        sympy.exp(X) - sympy.exp(X / 3) ** 3,
        sympy.sin(X) ** 2 + sympy.cos(X) ** 2 - 1,
        1 - sympy.tanh(X) ** 2 - sympy.diff(sympy.tanh(X), X),
        sympy.tan(X) * sympy.cos(X) - sympy.sin(X),
        sympy.cosh(X) ** 2 - sympy.sinh(X) ** 2 - 1,
        X ** (T - 1) * X - X**T,
        sympy.log(X**2 + 2 * X * Y + Y**2) - sympy.log((X + Y) ** 2),
        sympy.sqrt(1 + sympy.sqrt(X)) ** 4 - 1 - 2 * sympy.sqrt(X) - X,
    ],
)
def test_identities_are_proved(expr: sympy.Expr) -> None:
    assert is_zero(expr, Letters()) is True


@pytest.mark.parametrize(
    ("expr", "answer"),
    [
        (X - Y, False),
        (1 / X - X, False),
        (sympy.sqrt(X**2) - X, None),
        (sympy.log(X * Y) - sympy.log(X) - sympy.log(Y), None),
        (sympy.exp(X) - 1, None),
        (sympy.sin(X) - sympy.cos(X), None),
        (sympy.sqrt(X * Y) - sympy.sqrt(X) * sympy.sqrt(Y), None),
    ],
)
def test_what_is_no_identity_is_never_proved(expr: sympy.Expr, answer: bool | None) -> None:
    assert is_zero(expr, Letters()) is answer


@pytest.mark.parametrize("most", [2, 3, 6, 20])
@pytest.mark.parametrize("size", [2, 5, 40])
def test_of_large_arrays_some_entries_are_compared(size: int, most: int) -> None:
    """However little work is left; with none, each result would be right."""
    entries = [[(i, j) for i in range(size) for j in range(size)]] * 2
    assert verify._chosen(entries, Random(0), most)
