"""Names written together: the products are proposed, all of them at once, where they are made of names of the expression and fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import matdiff
from matdiff.command.cli import main
from matdiff.language.errors import Errors, GluedNames, MatdiffError, SoftKind
from matdiff.mistakes.diagnostic import Diagnostic
from matdiff.mistakes.words import diagnose, diagnose_all

BAD = [json.loads(line) for line in (Path(__file__).parent / "corpus" / "bad.jsonl").read_text(encoding="utf-8").splitlines()]


def refused(text: str, wrt: str) -> list[Diagnostic]:
    """What is said of a text that must not have a derivative."""
    with pytest.raises((Errors, MatdiffError)) as caught:
        matdiff.differentiate(text, wrt)
    assert isinstance(caught.value, (Errors, MatdiffError))
    return diagnose_all(caught.value, text)


@pytest.mark.parametrize(
    ("text", "wrt", "meant"),
    [
        ("x'Ax", "x", "x'A x"),
        ("xᵀAx", "x", "xᵀA x"),
        ("tr(X'AX) - 2 tr(BX)", "X", "tr(X'A X) - 2 tr(B X)"),
        ("tr(X'AXB) + tr(CX)", "X", "tr(X'A X B) + tr(C X)"),
        ("J = x'Qx + u'Ru", "u", "J = x'Q x + u'R u"),
        ("A'P + PA", "P", "A'P + P A"),
        ("x'Ax + mu'x", "x", "x'A x + mu'x"),
        ("||Xbeta - y||^2 + lambda beta'beta", "beta", "||X beta - y||^2 + lambda beta'beta"),
        ("1/2 (Ax - b)'(Ax - b) + lambda x'x", "x", "1/2 (A x - b)'(A x - b) + lambda x'x"),
    ],
)
def test_names_of_the_text_written_together_are_a_product(text: str, wrt: str, meant: str) -> None:
    found = matdiff.differentiate(text, wrt)
    (remark,) = [one for one in found.remarks if isinstance(one, GluedNames)]
    assert remark.departs
    assert [help.replacement for help in diagnose(remark, text).help] == [meant]
    assert found.text == matdiff.differentiate(meant, wrt).text


def test_a_name_stays_one_where_only_so_the_question_is_a_number() -> None:
    found = matdiff.differentiate("x' Px x", "x")
    assert found.text == "(Px + Px^T) x"
    assert [remark.departs for remark in found.remarks] == [False]


@pytest.mark.parametrize(
    ("text", "wrt", "meant"),
    [
        ("trace((I-KH)P(I-KH)' + KRK')", "K", "trace((I-K H)P(I-K H)' + K R K')"),
        ("||Xbeta - y||^2", "beta", "||X beta - y||^2"),
        ("||Ax - b||^2 + ||Cx - d||^2", "x", "||A x - b||^2 + ||C x - d||^2"),
    ],
)
def test_a_correction_splits_all_of_them(text: str, wrt: str, meant: str) -> None:
    (diagnostic,) = refused(text, wrt)
    assert diagnostic.help[0].replacement == meant
    assert matdiff.differentiate(meant, wrt).text


@pytest.mark.parametrize(
    ("text", "wrt", "declarations"),
    [
        ("dx^T A dx + x^T x", "x", ()),
        ("x^T Ab", "x", ()),
        ("x^T Ax", "x", ("Ax: n",)),
        ("Ax = A x; x^T Ax", "x", ()),
        ("||Wx||^2", "Wx", ()),
        ("II x", "x", ()),
    ],
)
def test_other_names_of_several_letters_are_left_alone(text: str, wrt: str, declarations: tuple[str, ...]) -> None:
    remarks = matdiff.differentiate(text, wrt, declarations=declarations).remarks
    assert not [remark for remark in remarks if isinstance(remark, GluedNames)]


@pytest.mark.parametrize(
    "case",
    [case for case in BAD if not any(";" in word or "-" in word[:1] for word in case["argv"][:1])],
    ids=lambda case: case["id"],
)
def test_help_is_the_same_in_a_later_line(case: dict[str, list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is proposed does not depend on where in a file the statement stands."""
    text, *options = case["argv"]
    main([text, *options, "--json"])
    alone = json.loads(capsys.readouterr().out.splitlines()[-1])["diagnostics"]
    (tmp_path / "text").write_text(f"# a comment\n\n{text}\n", encoding="utf-8")
    main(["--file", str(tmp_path / "text"), *options, "--json"])
    later = json.loads(capsys.readouterr().out.splitlines()[-1])["diagnostics"]
    assert [one["help"] for one in later] == [one["help"] for one in alone]


@pytest.mark.parametrize(
    ("text", "wrt", "names"),
    [
        ("1/n ||X w - y||^2", "w", "n"),
        ("n/2 logdet(L) - 1/2 tr(L S)", "L", "n"),
        ("w'w/2 + C*sum(relu(1 - y.*(X*w + b)))", "w", "C"),
        ("-n/2 log(sigma^2) - ||y - X beta||^2/(2 sigma^2)", "beta", "n"),
        ("expm(A t) x0", "x0", "t"),
        ("C (s I - A)^-1 B", "A", "s"),
        ("(1-t) x + t y", "x", "t"),
        ("c x + y", "x", "c"),
    ],
)
def test_names_that_must_be_numbers(text: str, wrt: str, names: str) -> None:
    found = matdiff.differentiate(text, wrt)
    told = {remark.variable: remark.kind for remark in found.remarks if isinstance(remark, SoftKind)}
    assert told[names] == "scalar"
    assert found.text.rpartition("; ")[2] == matdiff.differentiate(f"{names}: scalar; {text}", wrt).text.rpartition("; ")[2]


@pytest.mark.parametrize("text", ["x y", "x^2 + b"])
def test_other_names_stay_vectors(text: str) -> None:
    assert "scalar;" not in (refused(text, "x" if "x" in text else "p")[0].help[0].replacement or "")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("x^Tlog(x)", "x^T log(x)"),
        ("tr(A Bdiag(x))", "tr(A B diag(x))"),
        ("(x - X b)^TOmega^-1 (x - X b)", "(x - X b)^T Omega^-1 (x - X b)"),
        ("a^T XX^T a + X[1,1]", "a^T X X^T a + X[1,1]"),
        ("alphasoftplus(x)", "alpha softplus(x)"),
        ("sum(G .* (XW)) + tr(X) + tr(W)", "sum(G .* (X W)) + tr(X) + tr(W)"),
    ],
)
def test_functions_and_transposes(text: str, meant: str) -> None:
    try:
        diagnostics = [
            diagnose(remark, text)
            for remark in matdiff.differentiate(text, "X" if "X" in text and "b" not in text else "x").remarks
        ]
    except (Errors, MatdiffError) as problem:
        diagnostics = diagnose_all(problem, text)
    assert [help.replacement for help in diagnostics[0].help][:1] == [meant]


@pytest.mark.parametrize(
    ("text", "wrt", "meant"),
    [
        ("sum(sigma(W x + b))", "W", "sum(sigmoid(W x + b))"),
        ("A(x + b)", "x", None),
    ],
)
def test_words_that_are_factors_here(text: str, wrt: str, meant: str | None) -> None:
    (remark,) = matdiff.differentiate(text, wrt).remarks
    diagnostic = diagnose(remark, text)
    assert (diagnostic.code, [help.replacement for help in diagnostic.help]) == ("W614", [meant] if meant else [])


@pytest.mark.parametrize(
    ("text", "wrt", "meant"),
    [
        ("min_x ||A x - b||^2", "", "||A x - b||^2 wrt x"),
        ("argmin_w ||X w - y||^2", "", "||X w - y||^2 wrt w"),
        ("minimize ||A x - b||^2", "x", "||A x - b||^2 wrt x"),
    ],
)
def test_words_in_front_are_left_out(text: str, wrt: str, meant: str) -> None:
    found = matdiff.differentiate(text, *wrt.split())
    assert [remark.departs for remark in found.remarks] == [True]
    assert found.text == matdiff.differentiate(meant).text


@pytest.mark.parametrize("text", ["sigma (x + y)", "sigma(x + y) + sigma y", "sigma: scalar; sigma(x + y)", "alpha(x + y)"])
def test_factors_that_are_meant(text: str) -> None:
    assert not matdiff.differentiate(text, "x").remarks


@pytest.mark.parametrize("text", ["x^T A x --latex", "x^T A x --wrt x", "x^T A x --steps"])
def test_an_option_inside_of_the_quotes(text: str) -> None:
    (diagnostic,) = refused(text, "x")
    assert [help.message for help in diagnostic.help] == [f"matdiff 'x^T A x' {text[8:]}"]
