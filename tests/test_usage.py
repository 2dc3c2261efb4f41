"""Wrong uses of options: what was probably meant is proposed, and it works."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import matdiff
from matdiff.command import usage
from matdiff.command.cli import COMMAND, main
from matdiff.language.errors import NotASize


def told(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """The lines of the diagnostic; the command must have failed with status 2."""
    capsys.readouterr()
    assert main(list(words)) == 2
    return capsys.readouterr().err.splitlines()


def test_no_habit_is_a_spelling_of_ours() -> None:
    ours = COMMAND.options()
    values = {value for one in COMMAND.params if hasattr(one.type, "choices") for value in one.type.choices}
    assert not [word for words in usage._OPTIONS.values() for word in words.split() if f"--{word}" in ours]
    assert not [word for words in usage._VALUES.values() for word in words.split() if word in values]


@pytest.mark.parametrize("table", [usage._OPTIONS, usage._VALUES])
def test_no_habit_means_two_things(table: dict[str, str]) -> None:
    words = " ".join(table.values()).split()
    assert len(words) == len(set(words))


@pytest.mark.parametrize(("meant", "habit"), [(meant, words.split()[0]) for meant, words in usage._OPTIONS.items()])
def test_habits_of_options(meant: str, habit: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "x^T x", f"--{habit}") == [f"error[E505]: no such option `--{habit}`", f"help: did you mean `{meant}`?"]
    words = meant.split()
    option = COMMAND.options()[words[0]]
    assert len(words) == 1 or not option.is_flag


@pytest.mark.parametrize(("meant", "habit"), [(meant, word) for meant, words in usage._VALUES.items() for word in words.split()])
def test_habits_of_values(meant: str, habit: str, capsys: pytest.CaptureFixture[str]) -> None:
    owner = next(max(one.opts, key=len) for one in COMMAND.params if hasattr(one.type, "choices") and meant in one.type.choices)
    *_, help = told(capsys, "x^T x", owner, habit)
    assert help == f"help: did you mean `{owner} {meant}`?"
    *_, help = told(capsys, "x^T x", f"--{habit}") if habit.isalpha() else [help]
    assert re.fullmatch(r"help: did you mean `--[\w -]+`\?", help)


@pytest.mark.parametrize(
    ("words", "message", "meant"),
    [
        (["--wtr", "x"], "no such option `--wtr`", "--wrt"),
        (["--notaton", "index"], "no such option `--notaton`", "--notation"),
        (["-wrt", "x"], "no such option `-wrt`", "--wrt"),
        (["-latex"], "no such option `-latex`", "--latex"),
        (["-wx"], "no such option `-wx`", "-w x"),
        (["-Hq"], "no such option `-Hq`", "-H -q"),
        (["--numpy"], "no such option `--numpy`", "--to numpy"),
        (["--numerator"], "no such option `--numerator`", "--layout numerator"),
        (["--symmetric"], "no such option `--symmetric`", "--var 'A: symmetric n'"),
        (["--layout", "latex"], "`--layout` takes gradient, numerator or denominator, not `latex`", "--to latex"),
        (["--layout", "Numerator"], "`--layout` takes gradient, numerator or denominator, not `Numerator`", "--layout numerator"),
        (
            ["--structure", "symmetric"],
            "`--structure` takes project, ignore or entries, not `symmetric`",
            "--var 'A: symmetric n'",
        ),
        (["--size", "n: 3"], "`--size` takes a name and its value, such as m=3, not `n: 3`", "--size n=3"),
        (["--size", "n=x"], "`--size` takes a whole number from 1 to 1,000,000,000, not `n=x`", None),
        (["--order", "9"], "`--order` takes a whole number from 0 to 3, not `9`", None),
        (["--order", "two"], "`--order` takes a whole number from 0 to 3, not `two`", None),
        (["--seed", "x"], "`--seed` takes a whole number from 0 on, not `x`", None),
        (["--timeout", "long"], "`--timeout` takes a number of seconds from 0 on, not `long`", None),
        (["--timeout", "nan"], "`--timeout` takes a number of seconds from 0 on, not `nan`", None),
        (["--xyzzy"], "no such option `--xyzzy`", None),
        (
            ["--latex", "--style", "transpose=t"],
            "`--style` takes bold=yes, bold=no, transpose=top, transpose=T or transpose=prime, not `transpose=t`",
            "--style transpose=T",
        ),
    ],
)
def test_slips(words: list[str], message: str, meant: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    first, help = told(capsys, "x^T x", *words)
    assert first == f"error[E505]: {message}"
    assert help == (f"help: did you mean `{meant}`?" if meant else "help: `matdiff --help` lists the options")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        *((["--hessian", "--order", order], f"only one of these at a time: --hessian and --order {order}") for order in "013"),
        *(
            ([f"--{kind}", "v", *more], f"only one of these at a time: --{kind} and {' '.join(more)}")
            for kind in ("hvp", "jvp", "vjp")
            for more in (["--order", "0"], ["--order", "2"], ["--hessian"])
        ),
        (["--hvp", "v", "--vjp", "u"], "only one of these at a time: --hvp and --vjp"),
        (["--steps", "--notation", "index"], "--steps and --notation are two questions; ask one at a time"),
        (["--method", "chain", "--notation", "all"], "--method and --notation are two questions; ask one at a time"),
        *(
            (["--shapes", *more], f"--shapes and {more[0]} are two questions; ask one at a time")
            for more in (
                ["--steps"],
                ["--method", "index"],
                ["--notation", "index"],
                ["--verify"],
                ["--prove"],
                ["--expect", "x"],
            )
        ),
        (["--shapes", "--latex"], "--shapes is written as text, ascii or unicode, not as latex"),
        *(
            ([*more, "--to", "torch"], f"{more[0]} is written as text, ascii, unicode, latex or json, not as torch")
            for more in (["--steps"], ["--method", "index"], ["--notation", "index"])
        ),
        *(
            (["--shapes", *more], f"--shapes and {more[0]} are two questions; ask one at a time")
            for more in (["--hessian"], ["--order", "2"], ["--jvp", "v"], ["--layout", "numerator"], ["--lhs"], ["--no-lhs"])
        ),
        *(
            ([*more, "--to", format], f"{more[0]} is written as latex, not as {format}")
            for more in (["--math", "align"], ["--style", "bold=no"])
            for format in ("text", "unicode", "numpy", "matlab")
        ),
        *(
            (["--latex", "--steps", *more], f"{more[0]} and --steps are two questions; ask one at a time")
            for more in (["--math", "inline"], ["--no-lhs"])
        ),
        (["--seed", "3"], "--seed says something only with --verify or --expect"),
        (["--seed", "3", "--prove"], "--seed says something only with --verify or --expect"),
        (["--size", "n=3"], "--size says something only with --verify, --prove, --expect or a format of code"),
        (["--size", "n=3", "--latex"], "--size says something only with --verify, --prove, --expect or a format of code"),
        (["--output", ""], "`--output` takes the path of a file, not ``"),
        (["--file", ""], "`--file` takes the path of a file, not ``"),
    ],
)
def test_what_contradicts_is_refused(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "x^T x", *words)[0] == f"error[E505]: {message}"


def test_what_says_the_same_twice_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        ["-H", "--order", "2"],
        ["--jvp", "v", "--order", "1"],
        ["--latex", "--to", "latex"],
        ["--steps", "--method", "index"],
        ["--math", "none", "--seed", "0", "--notation", "auto", "--layout", "gradient", "--to", "numpy"],
        ["--size", "n=3", "--to", "torch"],
        ["--latex", "--steps", "--lhs"],
        ["--no-lhs", "--latex", "--math", "align", "--style", "bold=no"],
    ):
        assert main(["x^T x", "-w", "x", *words]) == 0
        assert not capsys.readouterr().err


@pytest.mark.parametrize("more", [["--verify"], ["--prove"], ["--expect", "2 x"], ["--to", "numpy"]])
@pytest.mark.parametrize("size", ["n=5", "3=5", "x=3", "k=3", "m=2,k=3"])
def test_only_sizes_that_occur_can_be_chosen(size: str, more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    if size == "n=5":  # a number here, a name there
        assert main(["x^T A x", "-w", "x", "--size", size, "--verify"]) == 0
        assert " n = 5," in capsys.readouterr().err
    name = size.split(",")[-1][0]
    lines = told(capsys, "A: 3 x 3; x^T A x", "-w", "x", "--size", size, *more)
    assert lines == [
        f"error[E508]: `{'m' if size[0] == 'm' else name}` is not the name of a size here",
        "note: every size is a number",
    ] + (["error[E508]: `k` is not the name of a size here", "note: every size is a number"] if size[0] == "m" else [])


def test_a_size_need_not_occur_in_every_question(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["A x; x^T b", "-w", "x", "--size", "m=5", "--verify"]) == 0
    first, second = capsys.readouterr().err.splitlines()
    assert " m = 5," in first and " m = " not in second
    assert told(capsys, "A x; x^T b", "-w", "x", "--size", "k=5", "--verify")[-1] == "note: sizes: m, n"
    with pytest.raises(NotASize):
        matdiff.differentiate("x^T x").verify(sizes={"k": 3})


def test_an_option_without_its_value_says_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "x^T x", "--wrt") == [
        "error[E505]: `--wrt` needs a value",
        "help: --wrt NAME: Variable; repeat it for several, or `all`.",
    ]


def test_a_slip_before_the_expression(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "-wrt", "x", "x^T x")[-1] == "help: did you mean `--wrt`?"
    assert main(["-x", "--wrt", "x"]) == 0


@pytest.mark.parametrize(
    ("words", "help"),
    [
        (["x^T", "A", "x"], "quote it:  matdiff 'x^T A x'"),
        (["x'", "A", "x"], 'quote it:  matdiff "x\' A x"'),
        (["x^T x", "x"], "differentiate by it:  matdiff 'x^T x' --wrt x"),
        (["x^T x", "wrt", "x"], "quote it:  matdiff 'x^T x wrt x'"),
        (["‘x^T", "A", "x’"], "quote it:  matdiff 'x^T A x'"),
    ],
)
def test_several_words(words: list[str], help: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, *words)[-1] == f"help: {help}"
    proposed = shlex.split(help.split("matdiff ")[1])
    assert main([*proposed, *([] if "wrt" in help else ["--wrt", "x"])]) == 0


@pytest.mark.parametrize(
    ("words", "message", "help"),
    [
        (["--var", "W:", "m", "x", "n"], "the value of `--var` must be one argument, got 4", "quote it:  --var 'W: m x n'"),
        (["--var", "A: n x n", "x: n"], "`--var` takes one value at a time", "repeat it:  --var 'A: n x n' --var 'x: n'"),
        (["--wrt", "x", "A"], "`--wrt` takes one value at a time", "repeat it:  --wrt x --wrt A"),
        (["--size", "m=3", "n=4"], "`--size` takes one value at a time", "repeat it:  --size m=3 --size n=4"),
        (["--steps", "3"], "`--steps` takes no value, got `3`", "write `--steps` alone"),
        (["--latex", "out.tex"], "`--latex` takes no value, got `out.tex`", "write it to a file: --latex -o out.tex"),
    ],
)
def test_words_behind_an_option(words: list[str], message: str, help: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "x^T A x", *words) == [f"error[E501]: {message}", f"help: {help}"]


@pytest.mark.parametrize(
    "flag", ["--latex=out.tex", "--json=1", "--steps=3", "--hessian=x", "--help=1", "--quiet=yes", "--lhs=x"]
)
def test_a_flag_takes_no_value(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    name = flag.partition("=")[0]
    assert told(capsys, "x^T x", flag) == [f"error[E505]: `{name}` takes no value", f"help: write `{name}` alone"]


def test_a_mistake_is_told_although_the_document_goes_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "answer.json"
    assert main(["x^T A x +", "--wrt", "x", "--json", "-o", str(path)]) == 3
    assert capsys.readouterr().err.startswith("error[E103]")
    assert not path.exists()


def test_help_without_dashes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help"]) == 0
    assert capsys.readouterr().out.startswith("Usage: matdiff")


def test_a_file_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "losses.txt").write_text("x^T x")
    monkeypatch.chdir(tmp_path)
    missing = "no such file or directory"
    assert told(capsys, "-f", "loses.txt") == [f"error[E502]: loses.txt: {missing}", "help: did you mean losses.txt?"]
    path = f"{tmp_path}/loses.txt"
    assert told(capsys, "-f", path) == [f"error[E502]: {path}: {missing}", f"help: did you mean {tmp_path}/losses.txt?"]
    assert told(capsys, "-f", "latex") == [f"error[E502]: latex: {missing}", "help: did you mean `--to latex`?"]
    assert told(capsys, "-f", "x^T x") == [
        f"error[E502]: x^T x: {missing}",
        "help: an expression takes no option: matdiff 'x^T x'",
    ]
    assert told(capsys, "-f", "nothing") == [f"error[E502]: nothing: {missing}"]
    assert told(capsys, "-f", "other.txt") == [f"error[E502]: other.txt: {missing}"]
    assert told(capsys, "-f", "no/loses.txt") == [f"error[E502]: no/loses.txt: {missing}"]


@pytest.mark.parametrize("more", [["--lhs"], ["--no-lhs"], ["--math", "display"], ["--style", "bold=no"]])
def test_json_takes_no_option_of_other_formats(more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["x^T x", "--json", *more]) == 2
    assert "E505" in capsys.readouterr().out


def test_quiet_json_has_no_remarks(capsys: pytest.CaptureFixture[str]) -> None:
    for more, found in ([], True), (["--quiet"], False):
        assert main(["(y - X beta)^T (y - X beta)", "--wrt", "beta", "--json", *more]) == 0
        assert ("W601" in capsys.readouterr().out) == found


@pytest.mark.parametrize("text", ["all^T A x", "all^T A x wrt all"])
def test_all_is_every_variable_even_where_one_is_called_so(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([text, "--wrt", "all"]) == 0
    shown = capsys.readouterr()
    assert shown.out == "A x\nall x^T\nA^T all\n"
    assert "warning[W615]: `all` means every variable, `all`, `A`, `x`, not only the one called so" in shown.err
    assert main(["all^T all", "--wrt", "all"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["all^T A x", "--wrt", "all", "--wrt", "x"]) == 0
    assert capsys.readouterr() == ("A x\nA^T all\n", "")
