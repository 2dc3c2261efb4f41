"""Nothing that can be typed breaks the program: hostile inputs end soon, with an answer or with a diagnostic, never in a traceback."""

from __future__ import annotations

import json
import re
from pathlib import Path

import growth
import pytest

import matdiff
from matdiff import limits
from matdiff.command.cli import main
from matdiff.language.errors import Errors, MatdiffError, TooLarge
from matdiff.mistakes.wording.advice import _LIMITS
from matdiff.mistakes.words import diagnose, diagnose_all, render

BAD = Path(__file__).parent / "corpus" / "bad.jsonl"
LANGUAGE = Path(__file__).parent.parent / "docs" / "language.md"

# What somebody could type to break it, and the variable.
NASTY = {
    "brackets": ("(" * 5000 + "x" + ")" * 5000, "x"),
    "open brackets": ("(" * 9000, "x"),
    "square brackets": ("[" * 9000, "x"),
    "bars": ("||" * 4001, "x"),
    "minus signs": ("-" * 9000 + "x", "x"),
    "transposes": ("x" + "'" * 9000, "x"),
    "quotients": ("c/" * 4000 + "c", "c"),
    "powers": ("c" + "^2" * 4000, "c"),
    "functions": ("sin(" * 2000 + "c" + ")" * 2000, "c"),
    "blocks": ("[" * 150 + "x, x" + "]" * 150, "x"),
    "a long sum": ("+".join(["x"] * 5000), "x"),
    "a sum of many names": ("+".join(f"x{place}" for place in range(1500)), "x0"),
    "a long product": (" ".join(["c"] * 5000), "c"),
    "a long product of matrices": (" ".join(["A"] * 4000) + " x", "x"),
    "a product of sums": (" ".join(["(A+B)"] * 1500) + " x", "A"),
    "inverses that cancel": (" ".join(["inv(A) A"] * 400) + " x", "x"),
    "a huge exponent": ("1e999999 x", "x"),
    "a huge power": ("2^(10^9) x", "x"),
    "a tower": ("2^(9^(9^(9^9))) x", "x"),
    "a high power of a matrix": ("tr(X^1000000)", "X"),
    "a power just written out": ("tr(X^64)", "X"),
    "a whole power and a half": ("tr(X^2.5)", "X"),
    "products of products": ("kron(" * 60 + "A" + ", A)" * 60, "A"),
    "definitions that double": ("; ".join(f"y{n + 1} = y{n} + y{n}" for n in range(300)) + "; y300", "y0"),
    "definitions that square": ("; ".join(f"Y{n + 1} = Y{n} Y{n}" for n in range(40)) + "; tr(Y40)", "Y0"),
    "digits": ("9" * 9000 + " x", "x"),
    "dots": ("." * 9000, "x"),
    "semicolons": (";" * 9000, "x"),
    "commas": ("tr(" + "," * 9000 + ")", "x"),
    "a name of a million letters": ("a" * 10**6, "a"),
    "too many letters": ("a" * (10**6 + 1), "a"),
    "too many tokens": ("a " * 200_001, "a"),
    "a null character": ("x\0^T y", "x"),
    "lone surrogates": ("x \ud800 y", "x"),
    "bidirectional marks": ("x\u202e^T \u2066y\u2069", "x"),
    "invisible characters": ("x\u200b^T\ufeff y", "x"),
    "look-alike letters": ("\u0445^T \u0410 \u0445", "x"),
    "combining characters": ("x" + "\u0301" * 5000, "x"),
    "terminal escapes": ("x \x1b[31;1m y \x1b]0;title\x07 \x9b2J", "x"),
    "controls": ("".join(map(chr, range(32))) + "x\x7f\x80\x85\u2028", "x"),
    "markup": ("[red]x[/red] [link=file:///]", "x"),
    "TeX": ("\\input{/etc/passwd} \\write18{x} x", "x"),
    "TeX alone": ("\\" * 5000, "x"),
    "format strings": ("%s%n {0} {x!r} $(id) `id` x", "x"),
    "Python": ("__import__('os').system('id')", "x"),
}
PYTHON_NAMES = [
    "lambda",
    "import_",
    "f",
    "np",
    "input",
    "print",
    "eval",
    "exec",
    "class_",
    "self",
    "df_dx",
    "np_linalg",
    "d",
    "e",
    "K",
]
# The time is looked at at least so often, in seconds of `growth.Work`.
OFTEN = 0.1


@pytest.mark.parametrize("what", NASTY)
def test_hostile_input_gets_an_answer_or_a_diagnostic(what: str) -> None:
    text, variable = NASTY[what]
    with growth.Work() as work, limits.timed_by(work.seconds):
        try:
            assert matdiff.differentiate(text, variable, timeout=2).text
            allowed = 2.0
        except (Errors, MatdiffError) as problem:
            allowed = work.seconds() + limits.HELP_TIME
            assert allowed <= 2 + limits.HELP_TIME + OFTEN
            for found in diagnose_all(problem, text):
                drawn = render(found, text)
                assert found.code in drawn
                assert not re.search("[\0-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", drawn)
    assert work.seconds() < allowed + OFTEN


@pytest.mark.parametrize("name", PYTHON_NAMES)
@pytest.mark.parametrize("format", ["text", "numpy", "jax", "torch", "julia", "matlab", "latex", "json"])
def test_names_of_other_languages_are_names(name: str, format: str) -> None:
    written = matdiff.differentiate(f"{name}: n; {name}^T A x", name).to(format)
    assert written
    if format in ("numpy", "jax", "torch"):
        compile(written, name, "exec")


@pytest.mark.parametrize("text", ["-----x", "--x", "- - x", "-x"])
def test_signs_are_no_options(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([text, "--wrt", "x"]) == 0
    assert capsys.readouterr().out in ("-I\n", "I\n")


def test_the_time_of_an_answer_ends(capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(["(A + B)"] * 400) + " x"
    with growth.Work() as work, limits.timed_by(work.seconds):
        assert main([text, "-w", "A", "--timeout", "0.2"]) == 4
        assert work.seconds() < 0.4 + OFTEN  # to read it and to answer
        with pytest.raises(TooLarge) as caught:
            matdiff.differentiate(text, "A", timeout=0.2)
        assert work.seconds() < 0.6 + 2 * OFTEN
    told = capsys.readouterr().err
    assert "error[E405]: this takes more than 0.2 seconds" in told
    assert "--timeout" in told
    assert caught.value.limit == 0.2


def test_without_time_to_look_for_help_there_is_still_a_diagnostic(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("matdiff.mistakes.words.HELP_TIME", -1)
    for line in BAD.read_text(encoding="utf-8").splitlines():
        assert main(json.loads(line)["argv"]) in (2, 3)
        assert "error[E" in capsys.readouterr().err


def test_clocks_nest() -> None:
    with limits.within(1000):
        with pytest.raises(TooLarge), limits.within(-1):
            limits.check()
        limits.check()
    with pytest.raises(TooLarge), limits.within(-1), limits.within(1000):
        limits.check()
    limits.check()


def test_what_an_answer_is_made_of_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matdiff.tensor.nodes.FACTORS", 500)
    assert matdiff.differentiate("tr(X^5)", "X").text == "5 (X^4)^T"
    with pytest.raises(TooLarge) as caught:
        matdiff.differentiate("a^T X^40 b", "X")
    assert caught.value.what == "factors"


@pytest.mark.parametrize("what", _LIMITS)
def test_every_limit_says_which_one_and_what_to_do(what: str) -> None:
    found = diagnose(TooLarge(what=what, limit=1234), "x")
    assert "1,234" in found.message or what == "stack"
    assert found.help


def test_the_limits_in_the_documents_are_those_of_the_program() -> None:
    section = LANGUAGE.read_text(encoding="utf-8").partition("## Limits")[2].partition("\n## ")[0]
    stated = [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*(?![\d\w])", section)]
    for limit in (
        *(limits.CHARACTERS, limits.TOKENS, limits.NESTING, limits.DEPTH, limits.DIGITS, limits.DECIMAL_EXPONENT),
        *(limits.SIZE_PARTS, limits.SIZE_BITS, limits.AXES, limits.FACTORS, limits.TIME, limits.HELP_TIME, limits.WRITTEN_POWER),
    ):
        assert limit in stated


def test_a_batch_goes_on_after_a_limit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("x^T x\n" + "(" * 300 + "x" + ")" * 300 + "\nx^T A x\n" + "1e9999 x\n", encoding="utf-8")
    assert main(["-f", str(path), "-w", "x"]) == 4
    captured = capsys.readouterr()
    assert captured.out == "2 x\n(A + A^T) x\n"
    assert captured.err.count("error[E405]") == 2


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "bytes"
    for data in (b"x^T \xff x", b"\xfe\xff\x00x", bytes(range(256)), b"\xed\xa0\x80 x", b"x\xc0\x80"):
        path.write_bytes(data)
        assert main(["-f", str(path), "-w", "x"]) in (2, 3)
