"""The points at which --expect, --verify and --prove try formulas: no formula that is right at some only is called right."""

from __future__ import annotations

import sys
import threading

import mpmath
import perturbed
import pytest
from sessions import run

import matdiff
from matdiff.formats.verdicts import check_lines
from matdiff.language.errors import MatdiffError, NotASize, WrongExpected, WrongOption

# (question, by, declarations, what is not the result)
WRONG = [
    ("sum(relu(1 - x))", "x", (), "-ones(n)"),
    ("sum(relu(x - 1000))", "x", (), "zeros(n)"),
    ("sum(log(x)) + alpha^2", "alpha", (), "2 abs(alpha)"),
    ("sum(log(x)) + alpha^2", "alpha", (), "2 sqrt(alpha^2)"),
    ("x^T x", "x", (), "2 x + 1e-16 x"),
    ("x^T x", "x", (), "2 x + 1e-80 A x; A: n x n"),
    ("1e-60 x^T x", "x", (), "3e-60 x"),
    ("x^T x", "x", (), "2 (1 + exp(-200 - x^T x)) x"),
    ("x^T x", "x", (), "(2 + (n-2) (n-3) (n-4) (n-5) (n-6) (n-7) (n-8)) x"),
    ("x^T x", "x", (), "(2 + relu(n - 900)) x"),
    ("||A x||^2", "x", (), "2 A^T A x + (m - n - 2) (m - n - 1) (m - n + 1) (m - n + 2) x"),
    ("tr(X^2)", "X", (), "2 X^T + X^2 - tr(X) X + det(X) I"),
    ("tr(X^2)", "X", (), "2 X^T + X^3 - tr(X) X^2 + 1/2 (tr(X)^2 - tr(X^2)) X - det(X) I"),
    ("x[i]^2", "x", (), "2 x[1] e(i, n)"),
    ("x[i] x[j]", "x", (), "x[j] e(i, n)"),
    ("x[i] x[j]", "x", (), "2 x[i] e(i, n)"),
    ("sum(sqrt(A ones))", "A", ("A: n x n",), "1/2 (1 + step(-A[1,1] - 1)) (1 ./ sqrt(A ones)) ones(n)^T"),
]


@pytest.mark.parametrize(("question", "wrt", "declarations", "wrong"), WRONG)
def test_what_is_right_at_some_points_only_is_not_equal(
    question: str, wrt: str, declarations: tuple[str, ...], wrong: str
) -> None:
    text = "; ".join(reversed(wrong.split("; ")))
    for seed in range(3):
        answer = matdiff.differentiate(question, wrt, declarations=declarations)
        assert answer.expect(answer.text, seed=seed).passed
        verdict = answer.expect(text, seed=seed)
        assert not verdict.passed and verdict.trials
        assert check_lines([verdict], answer)[0].startswith("not equal")
        if ";" not in text:
            assert not perturbed.claiming(answer, text).verify(seed=seed).passed
        assert answer.verify(seed=seed).passed


def test_near_misses_of_published_answers() -> None:
    """A part of what `python tests/perturbed.py` tries."""
    tried, wrong = perturbed.run(30, seed=1)
    assert not wrong, "\n".join(wrong)
    assert sum(tried.values()) - tried["refused"] > 20


def test_verify_is_not_fooled_by_them() -> None:
    tried, wrong = perturbed.run(12, seed=2, verify=True)
    assert not wrong, "\n".join(wrong)
    assert sum(tried.values()) - tried["refused"] > 8


@pytest.mark.parametrize("power", ["7^80", "(sin(gamma) + 40)^25", "(sin(gamma) + 40)^45"])
def test_what_is_lost_beside_a_large_number_is_not_0(power: str) -> None:
    answer = matdiff.differentiate(f"||[{power}; alpha]||", "alpha")
    assert answer.verify().passed
    assert not perturbed.claiming(answer, "0").verify().passed


def test_of_large_arrays_some_entries_are_compared() -> None:
    answer = matdiff.differentiate("tr((A diag(x) A^T)^-1)", "x")
    factor = "(1 + (m - 2) (m - 3) (m - 4) (m - 5) (m - 6) (m - 7) (m - 8))"
    assert not perturbed.claiming(answer, f"{factor} ({answer.text})").verify().passed


@pytest.mark.parametrize("question", ["tanh(W x)", "sum(softplus(100 x))", "logsumexp(30 x)", "sum(gelu(x))"])
def test_digits_that_a_limit_takes_are_no_difference(question: str) -> None:
    answer = matdiff.differentiate(question, "x")
    assert answer.verify().passed
    assert answer.expect(answer.text).passed


def test_equal_formulas_near_a_limit_are_equal() -> None:
    answer = matdiff.differentiate("a^T tanh(20 W x)", "x")
    assert answer.expect("20 W^T (a ./ cosh(20 W x) .^ 2)").passed
    assert not answer.expect("20 W^T (a ./ cosh(20 W x) .^ 2) (1 + 1e-30)").passed


# Proofs


def test_an_identity_of_small_matrices_is_no_proof() -> None:
    answer = perturbed.claiming(matdiff.differentiate("tr(X^2)", "X"), "2 X^T + X^2 - tr(X) X + det(X) I")
    proof = answer.prove()
    assert not proof.passed and proof.decided and proof.sizes == {"n": 2} and proof.elsewhere
    assert check_lines([proof], answer)[0].startswith("DISPROVED: with n = ")
    right = perturbed.claiming(matdiff.differentiate("tr(X^2)", "X"), "X^T + X^T")
    assert right.prove().passed


@pytest.mark.parametrize("question", ["log(0 alpha)", "(alpha - alpha)^-1", "log(-exp(alpha))", "log(-alpha^2)"])
def test_nothing_is_proved_of_what_has_no_value(question: str) -> None:
    try:
        answer = matdiff.differentiate(question, "alpha")
    except MatdiffError:  # refused as it is
        return
    proof = answer.prove()
    assert not proof.passed and not proof.decided
    assert "no point was found where the expression is real and finite" in check_lines([proof], answer)[0]


def test_where_the_formula_has_no_value_the_report_says_so() -> None:
    claimed = perturbed.claiming(matdiff.differentiate("K: skew n; det(K)", "K"), "1/2 det(K) (inv(K)^T - inv(K))")
    report = claimed.verify()
    assert not report.passed and report.undefined
    assert "the result has no real, finite value at n = " in check_lines([report], claimed)[0]
    # Of even size it has.
    assert claimed.verify(sizes={"n": 4}).passed
    proof = claimed.prove()
    assert not proof.passed and not proof.decided and "the result has no real, finite value" in proof.reason


# Sizes


@pytest.mark.parametrize("number", [0, -3, 2.5, "3", True, 10**10])
def test_a_number_that_is_no_size(number: object) -> None:
    answer = matdiff.differentiate("x^T x", "x")
    for check in (answer.verify, answer.prove, lambda sizes: answer.expect("2 x", sizes=sizes)):
        with pytest.raises((NotASize, WrongOption)):
            check(sizes={"n": number})  # type: ignore[operator]


def test_a_size_that_is_too_small_for_an_index() -> None:
    for question, least in (("x[7]^2", 7), ("y: n - 2; x: n; y^T y + x[2]", 3)):
        answer = matdiff.differentiate(question, "x")
        with pytest.raises(NotASize) as caught:
            answer.verify(sizes={"n": 2})
        assert caught.value.least == least
        assert answer.verify(sizes={"n": least}).passed
        assert answer.verify().passed
    outcome = run(["x[7]^2", "--wrt", "x", "--verify", "--size", "n=3"])
    assert (outcome.status, outcome.stdout) == (2, "")
    assert outcome.stderr == "error[E508]: the size n must be at least 7 here, not 3\n"


def test_indices_are_drawn_where_they_are_needed() -> None:
    answer = matdiff.differentiate("x[7]^2", "x")
    assert answer.expect("2 x[7] e(7, n)").passed and not answer.expect("x[7] e(7, n)").passed
    assert answer.prove().passed
    assert matdiff.differentiate("x^T x", "x").expect("2 x + 0 x[9] x").passed
    assert matdiff.differentiate("x[i - 1] x[i + 2]", "x").verify().passed


def test_a_shape_with_values_is_found() -> None:
    answer = matdiff.differentiate("tr(logm(F'F))", "F")
    report = answer.verify()
    assert report.passed and all(sizes["m"] >= sizes["n"] for sizes in report.all_sizes)
    assert answer.expect("2 F inv(F' F)").passed
    assert not answer.expect("F inv(F' F)").passed


@pytest.mark.parametrize("seed", range(4))
def test_a_shape_with_values_at_all_sizes_is_found(seed: int) -> None:
    """With one column too many the smallest eigenvalue of A^T A is simple, with more it is not."""
    report = matdiff.differentiate("eigmin(A'A)", "A").verify(seed=seed)
    assert report.passed and all(sizes["m"] >= sizes["n"] for sizes in report.all_sizes)


# What an expected answer may say


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("x^T A x", "A: symmetric n; 2 A x"),
        ("x^T x", "x: scalar; 2 x"),
        ("x^T x", "x = 0; x"),
        ("x^T x", "n: scalar; 2 x"),
        ("mean(x)", "n = 3; ones / n"),
    ],
)
def test_the_question_says_what_its_names_mean(question: str, expected: str) -> None:
    with pytest.raises(WrongExpected) as caught:
        matdiff.differentiate(question, "x").expect(expected)
    assert [error.code for error in caught.value.errors] == ["E205"]
    assert run([question, "--wrt", "x", "--expect", expected]).status == 3


def test_the_same_may_be_said_again() -> None:
    assert matdiff.differentiate("x^T A x", "x").expect("x: n; A: n x n; B = A + A'; B x").passed
    assert matdiff.differentiate("y = A x; y^T y", "x").expect("y = A x; 2 A' y").passed


NOTATED = [
    ("W^T x", "W", ()),
    ("vec(A X B)", "X", ()),
    ("A X B", "X", ()),
    ("x^T A x", "x", ()),
    ("tr(A S)", "S", ("S: symmetric n",)),
    ("X^-1", "X", ()),
    ("W x", "W", ()),
    ("X .* Y", "X", ()),
]


@pytest.mark.parametrize(("question", "wrt", "declarations"), NOTATED)
def test_what_is_printed_in_a_notation_is_the_answer_in_it(question: str, wrt: str, declarations: tuple[str, ...]) -> None:
    answer = matdiff.differentiate(question, wrt, declarations=declarations)
    for notation in ("kronecker", "differential", "entry", "matrix"):
        shown = answer.in_notation(notation)
        if shown.result.form == "index":
            continue
        verdict = shown.expect(shown.text)
        assert verdict.passed, (notation, shown.text, verdict)
        *parts, line = shown.text.split("; ")
        wrong = shown.expect("; ".join([*parts, f"2 ({line})"]))
        assert not wrong.passed and wrong.finding is not None and wrong.finding.kind == "factor"
        option = [word for declaration in declarations for word in ("--var", declaration)]
        arguments = [question, "--wrt", wrt, *option, "--notation", notation, "-q", "--expect"]
        assert run([*arguments, shown.text]).status == 0


def test_a_notation_decides_what_is_compared() -> None:
    answer = matdiff.differentiate("x^T A x", "x")
    assert answer.in_notation("kronecker").expect("x^T (A + A^T)").passed
    assert not answer.in_notation("kronecker").expect("(A + A^T) x").passed
    assert answer.in_notation("differential").expect("x^T (A + A^T) dx").passed
    # What cannot be read is compared as it is without notation.
    assert answer.in_notation("index").expect("(A + A^T) x").passed
    assert not matdiff.differentiate("W^T x", "W").in_notation("differential").expect("dW^T x + dW^T x").passed


def test_no_slip_is_looked_for_among_indices() -> None:
    assert not matdiff.differentiate("a^T x", "x").expect("a[1] x")
    assert not matdiff.differentiate("x[1]", order=0).expect("x[2]")
    assert not matdiff.differentiate("X[1,2] x", "x").expect("X[2,1] I")


# Digits


def test_threads_and_the_user_keep_their_digits() -> None:
    wrong: list[object] = []

    def work(seed: int) -> None:
        for question, wrt in (("logsumexp(A x + b)", "x"), ("tr(expm(A X))", "X"), ("tanh(W x)", "x")):
            answer = matdiff.differentiate(question, wrt)
            wrong.extend(check for check in (answer.verify(seed=seed), answer.expect(answer.text, seed=seed)) if not check.passed)
            if answer.expect(f"2 {wrt}", seed=seed).passed:
                wrong.append(seed)

    interval, digits = sys.getswitchinterval(), mpmath.mp.dps
    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    sys.setswitchinterval(1e-5)
    mpmath.mp.dps = 23
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert mpmath.mp.dps == 23
        assert not wrong
    finally:
        sys.setswitchinterval(interval)
        mpmath.mp.dps = digits
