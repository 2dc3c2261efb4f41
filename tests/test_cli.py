"""The command as scripts and people meet it: inputs, exit statuses, formats, streams, colour, encodings, interruptions."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from sessions import run

from matdiff.answer.result import Result
from matdiff.command import cli, explain
from matdiff.language import errors
from matdiff.read.split import PROPERTIES

SCHEMA = json.loads((Path(__file__).parent / "result.schema.json").read_text(encoding="utf-8"))
ROOT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-m", "matdiff"]
QUESTION = ["a^T W^T x", "--wrt", "W"]


def process(
    *arguments: str, stdin: bytes | None = b"", stdout: int = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """The real thing, with bytes."""
    return subprocess.run(
        [*COMMAND, *arguments], input=stdin, stdout=stdout, stderr=subprocess.PIPE, env={**os.environ, **environment}
    )


def documents(*arguments: str, stdin: str | None = None) -> list[dict[str, object]]:
    """The JSON documents of a run, each valid by the schema."""
    outcome = run([*arguments, "--json"], stdin)
    assert outcome.stderr == ""
    found = [json.loads(line) for line in outcome.stdout.splitlines()]
    for document in found:
        jsonschema.validate(document, SCHEMA)
    assert outcome.status == max(document["exit_code"] for document in found)
    return found


# Where expressions come from


@pytest.mark.parametrize(
    "arguments", [["-w^T x", "-w", "w"], ["-w", "w", "-w^T x"], ["--wrt=w", "--", "-w^T x"], ["-v^T x", "--wrt", "x"]]
)
def test_an_expression_may_start_with_a_minus(arguments: list[str]) -> None:
    outcome = run(arguments)
    assert (outcome.status, outcome.stderr) == (0, "")


def test_a_minus_and_a_function() -> None:
    assert run(["-logdet(X)"]).stdout == "-X^-T\n"
    assert run(["--x^T x", "-w", "x"]).stdout == "2 x\n"


def test_standard_input_is_read_only_when_nothing_else_is_given() -> None:
    assert run(QUESTION, "tr(A) wrt A\n").stdout == "x a^T\n"
    assert run([], "tr(A) wrt A\n").stdout == "I\n"
    assert run(["-"], "tr(A) wrt A\n").stdout == "I\n"
    assert run(["--file", "-"], "tr(A) wrt A\n").stdout == "I\n"


def test_a_file_is_read_before_the_expression(tmp_path: Path) -> None:
    path = tmp_path / "shared.txt"
    path.write_text("# shared\nX: m x n; y: m\nr = y - X w\n", encoding="utf-8")
    assert run(["--file", str(path), "r^T r", "-w", "w"]).stdout == "r = y - X w; -2 X^T r\n"


def test_a_bad_statement_does_not_stop_the_others() -> None:
    outcome = run(["--wrt", "x"], "x^T A x\ntr(A x\na^T x\n")
    assert outcome.stdout == "(A + A^T) x\na\n"
    assert outcome.status == 3
    assert "2:3" in outcome.stderr
    found = documents("--wrt", "x", stdin="x^T A x\ntr(A x\na^T x\n")
    assert [(document["ok"], document["input"]["line"]) for document in found] == [(True, 1), (False, 2), (True, 3)]
    label = found[1]["diagnostics"][0]["labels"][0]
    assert label["span"] == {"start": 2, "end": 3, "line": 2, "column": 3}


def test_windows_line_ends_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "dos.txt"
    path.write_bytes("\ufeffx^T x wrt x\r\ntr(A) wrt A\r\n".encode())
    assert run(["--file", str(path)]).stdout == "2 x\nI\n"


def test_wrt_in_its_spellings() -> None:
    question = "(y - X beta)^T (y - X beta)"
    once = run([question, "--wrt", "beta", "-q"]).stdout
    assert once == run([question, "--wrt", "β", "-q"]).stdout == "-2 X^T (y - X beta)\n"
    assert run([question, "-w", "beta, y", "-q"]).stdout == run([question, "-w", "beta", "-w", "y", "-q"]).stdout
    assert len(run([question, "-w", "all", "-q"]).stdout.splitlines()) == 3


# Exit statuses


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (["a^T W^T x"], 2, "E401"),
        (["x^T", "A", "x", "--wrt", "x"], 2, "E501"),
        (["--file", "no such file"], 2, "E502"),
        (["||A x||^2", "--wrt", "A x"], 2, "E504"),
        (["x^T x", "--wtr", "x"], 2, "E505"),
        (["x^T x", "--order", "9"], 2, "E505"),
        (["x^T x", "--wrt"], 2, "E505"),
        (["x^T x", "-wx"], 2, "E505"),
        (["x^T x", "--latex", "--to", "numpy"], 2, "E505"),
        (["x^T x", "--size", "n=x"], 2, "E505"),
        (["a^T x", "--wrt", "X"], 2, "E203"),
        (["tr(A X", "--wrt", "X"], 3, "E102"),
        (["", "--wrt", "x"], 3, "E103"),
        (["x y", "--wrt", "x"], 3, "E301"),
        (["(" * 5000 + "x" + ")" * 5000], 4, "E405"),
    ],
)
def test_mistakes(arguments: list[str], status: int, code: str) -> None:
    outcome = run(arguments)
    assert outcome.status == status
    assert outcome.stdout == ""
    assert outcome.stderr.startswith(f"error[{code}]: ")
    if "--latex" not in arguments:
        (document,) = documents(*arguments)
        assert document["ok"] is False
        assert document["diagnostics"][0]["code"] == code


def test_did_you_mean_an_option() -> None:
    assert "--wrt" in run(["x^T x", "--wtr", "x"]).stderr.splitlines()[1]


def test_a_bug_is_reported_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object, **options: object) -> None:
        raise ZeroDivisionError("made for this test")

    monkeypatch.setattr("matdiff.pipeline.solve", broken)
    outcome = run(QUESTION)
    assert (outcome.status, outcome.stdout) == (70, "")
    assert outcome.stderr.startswith("error[E700]: a bug in matdiff: ZeroDivisionError: made for this test")
    (document,) = documents(*QUESTION)
    assert document["exit_code"] == 70
    with pytest.raises(ZeroDivisionError):
        run([*QUESTION, "--debug"])


def test_verify_says_no_with_status_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run([*QUESTION, "--verify"]).status == 0
    original = Result.__init__

    def wrong(self: object, writing: object, wrt: tuple[str, ...], tensor: object, *rest: object) -> None:
        from matdiff.tensor import build

        original(self, writing, wrt, build.scale(2, tensor), *rest)

    monkeypatch.setattr("matdiff.answer.result.Result.__init__", wrong)
    outcome = run([*QUESTION, "--verify"])
    assert outcome.status == 1
    assert "verif" in outcome.stderr
    (document,) = documents(*QUESTION, "--verify")
    assert document["results"][0]["check"]["passed"] is False


# Formats and streams


def test_a_pipe_gets_results_only() -> None:
    done = process(*QUESTION)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"x a^T\n", b"")


def test_remarks_go_to_standard_error_and_quiet_silences_them() -> None:
    arguments = ["(y - X beta)^T (y - X beta)", "--wrt", "beta"]
    assert "W601" in run(arguments).stderr
    assert run([*arguments, "-q"]).stderr == ""


def test_json_documents_are_valid() -> None:
    (document,) = documents(*QUESTION)
    assert document["results"][0]["text"] == "x a^T"
    assert len(documents("--wrt", "x", stdin="x^T x\nx^T A x\n")) == 2
    for arguments in (
        ["W^T x", "-w", "W"],
        ["x^T A x", "-w", "x", "-w", "A", "--order", "2"],
        ["S: symmetric n; logdet(S)"],
        ["3: 4"],
        ["sum(abs(x))", "--verify"],
    ):
        documents(*arguments)


def test_output_replaces_the_file_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "grad.tex"
    assert run([*QUESTION, "--latex", "-o", str(path)]).stdout == ""
    before = path.read_text(encoding="utf-8")
    assert before.endswith("\n")
    path.chmod(0o640)
    assert run(["tr(A", "--latex", "-o", str(path)]).status == 3
    assert path.read_text(encoding="utf-8") == before
    assert run(["x^T x", "--latex", "-o", str(path)]).status == 0
    assert path.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == ["grad.tex"]
    assert run([*QUESTION, "-o", str(tmp_path / "none" / "x")]).status == 2


@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])
def test_output_to_a_descriptor_is_written_to_what_it_is(path: str, tmp_path: Path) -> None:
    """Standard output that is a file keeps what stands in it; only a regular file is replaced."""
    if path != "link" and not os.path.exists(os.path.dirname(path)):
        pytest.skip(f"this system has no {path}")
    (tmp_path / "link").symlink_to("/dev/stdout")
    command = f"echo before; {sys.executable} -m matdiff 'a^T W^T x' --wrt W -o {path}; echo behind"
    with open(tmp_path / "out.txt", "wb") as out:
        subprocess.run(["sh", "-c", command], stdout=out, cwd=tmp_path, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert (tmp_path / "out.txt").read_text() == "before\nx a^T\nbehind\n"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["link", "out.txt"]


def test_output_to_a_pipe_is_written_through(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    done = subprocess.run([*COMMAND, *QUESTION, "-o", f"/dev/fd/{writer}"], pass_fds=[writer], capture_output=True)
    os.close(writer)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert os.read(reader, 100) == b"x a^T\n"
    os.close(reader)
    path = tmp_path / "named"
    os.mkfifo(path)
    reading = subprocess.Popen(["cat", str(path)], stdout=subprocess.PIPE)
    assert run([*QUESTION, "-o", str(path)]).status == 0
    assert reading.communicate(timeout=60)[0] == b"x a^T\n"
    assert path.is_fifo()


def test_output_follows_a_link_to_a_file(tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("old\n")
    (tmp_path / "link").symlink_to("file.txt")
    assert run([*QUESTION, "-o", str(tmp_path / "link")]).status == 0
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file.txt").read_text() == "x a^T\n"


def test_a_part_of_another_process_with_the_same_number_is_not_met(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two containers that share a folder have the same process numbers: both parts are there at once."""
    met: list[str] = []
    replace = os.replace

    def slowly(part: str, target: str) -> None:
        met.append(part)
        if len(met) == 1:
            assert run(["x^T x", "-o", str(tmp_path / "grad.txt")]).status == 0
        replace(part, target)

    monkeypatch.setattr(os, "replace", slowly)
    assert run([*QUESTION, "-o", str(tmp_path / "grad.txt")]).status == 0
    assert len({*met}) == 2
    assert (tmp_path / "grad.txt").read_text() == "x a^T\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["grad.txt"]


@pytest.mark.parametrize("path", ["new/", ".", "/", "missing/x"])
def test_a_path_that_is_no_file_is_one_error(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = run([*QUESTION, "-o", path])
    assert (outcome.status, outcome.stdout) == (2, "")
    assert outcome.stderr.startswith(f"error[E502]: {path}: ")
    assert len(outcome.stderr.splitlines()) == 1
    assert not [*tmp_path.iterdir()]


def test_output_to_a_dash_is_standard_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run([*QUESTION, "-o", "-"]).stdout == "x a^T\n"
    assert not [*tmp_path.iterdir()]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a full device")
@pytest.mark.parametrize(
    "arguments",
    [[*QUESTION], [*QUESTION, "--json"], ["x y", "--wrt", "x", "--json"], ["--bogus", "--json"], ["--help"], ["--functions"],
     ["(y - X beta)^T (y - X beta)", "--wrt", "beta"]],
)  # fmt: skip
def test_a_full_device_is_one_error(arguments: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        done = process(*arguments, stdout=full.fileno())
        assert done.returncode == 2
        assert done.stderr.decode().splitlines() == ["error[E502]: standard output: no space left on device"]
        status = 3 if arguments == ["x y", "--wrt", "x", "--json"] else 2 if arguments[0] == "--bogus" else 0
        shown = subprocess.run([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=full, timeout=60)
        assert shown.returncode == status
        assert shown.stdout
        neither = subprocess.run([*COMMAND, *arguments], stdout=full, stderr=full, timeout=60)
        assert neither.returncode == 2


def test_a_full_disk_is_an_error(tmp_path: Path) -> None:
    """A disk on which no file may grow, as every system has them, leaves nothing half-written; Linux also has a full device."""
    import resource

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    for arguments in ([], ["-o", str(tmp_path / "grad.txt")]):
        with open(tmp_path / "printed.txt", "wb") as printed:
            command = [*COMMAND, *QUESTION, *arguments]
            done = subprocess.run(command, stdout=printed, stderr=subprocess.PIPE, preexec_fn=fill, check=False)
        assert done.returncode == 2
        assert done.stderr.startswith(b"error[E502]: ")
        assert [(path.name, path.stat().st_size) for path in tmp_path.iterdir()] == [("printed.txt", 0)]
    if sys.platform == "linux":
        with open("/dev/full", "wb") as full:
            assert process(*QUESTION, stdout=full.fileno()).returncode == 2
        assert run([*QUESTION, "-o", "/dev/full"]).status == 2


@pytest.mark.slow
def test_a_closed_pipe_is_no_error() -> None:
    lines = b"x^T x wrt x\n" * 300
    for arguments in ([], ["--json"], ["--to", "latex"]):
        reader, writer = os.pipe()
        os.close(reader)
        done = process(*arguments, stdin=lines, stdout=writer)
        os.close(writer)
        assert (done.returncode, done.stderr) == (0, b"")
    for arguments in (["--help"], ["--functions"]):
        reader, writer = os.pipe()
        os.close(reader)
        assert process(*arguments, stdout=writer).returncode == 0
        os.close(writer)


@pytest.mark.slow
def test_missing_streams_are_survived() -> None:
    shell = f"{sys.executable} -m matdiff 'a^T W^T x' --wrt W"
    assert subprocess.run(["sh", "-c", f"{shell} <&-"], capture_output=True).stdout == b"x a^T\n"
    assert subprocess.run(["sh", "-c", f"{shell} >&-"], capture_output=True).returncode == 2
    assert subprocess.run(["sh", "-c", f"{shell} 2>&-"], capture_output=True).returncode == 0
    assert subprocess.run(["sh", "-c", f"{sys.executable} -m matdiff 'x y' -w x 2>&-"], capture_output=True).returncode == 3
    for words in ("'x y' -w x --json", "--bogus --json", "'x^T x' --json"):
        done = subprocess.run(["sh", "-c", f"{sys.executable} -m matdiff {words} >&-"], capture_output=True)
        assert (done.returncode, done.stderr) == (2, b"error[E502]: standard output: it is closed\n")
        assert subprocess.run(["sh", "-c", f"{sys.executable} -m matdiff {words} <&- >&- 2>&-"]).returncode == 2


@pytest.mark.slow
def test_other_encodings_get_ascii() -> None:
    arguments = ["a^T W x", "--wrt", "W", "--var", "W: m x n", "--var", "x: m"]
    for encoding in ("cp1252", "ascii", "utf-8"):
        done = process(*arguments, PYTHONIOENCODING=encoding)
        assert done.returncode == 3
        assert "cannot multiply W (m" in done.stderr.decode(encoding)
        document = json.loads(process(*arguments, "--json", PYTHONIOENCODING=encoding).stdout.decode(encoding))
        assert document["diagnostics"][0]["message"] == "cannot multiply W (m × n) by x (size m)"
        assert process(*QUESTION, "--to", "latex", PYTHONIOENCODING=encoding).stdout.decode(encoding).startswith(r"\mathbf{x}")


@pytest.mark.slow
def test_colour_only_where_it_is_wanted() -> None:
    wrong = ["x y", "--wrt", "x"]
    plain = {"NO_COLOR": "", "FORCE_COLOR": "", "CLICOLOR_FORCE": "", "TERM": "xterm"}
    assert b"\x1b" not in process(*wrong, **plain).stderr
    assert b"\x1b" in process(*wrong, **{**plain, "FORCE_COLOR": "1"}).stderr
    assert b"\x1b" not in process(*wrong, **{**plain, "FORCE_COLOR": "1", "NO_COLOR": "1"}).stderr
    assert b"\x1b" in process(*wrong, "--color", "always", **{**plain, "NO_COLOR": "1"}).stderr
    assert b"\x1b" not in process(*wrong, "--color", "never", **{**plain, "FORCE_COLOR": "1"}).stderr
    assert process(*QUESTION, "--color", "always").stdout == b"x a^T\n"


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """What a real pseudo-terminal shows."""
    import pty

    master, slave = pty.openpty()
    done = subprocess.Popen([*COMMAND, *arguments], stdin=slave, stdout=slave, stderr=slave, env={**os.environ, **environment})
    os.close(slave)
    shown = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(master)
    assert done.wait() == 0
    return shown.decode("utf-8").replace("\r\n", "\n")


@pytest.mark.slow
def test_a_terminal_gets_the_whole_picture() -> None:
    shown = on_a_terminal(*QUESTION, NO_COLOR="1", TERM="xterm", COLUMNS="20")
    assert "\x1b" not in shown
    assert shown.startswith("∂f/∂W = x aᵀ   (m × n)\n")
    assert "a: n   W: m × n   x: m" in shown
    assert "\x1b[" in on_a_terminal(*QUESTION, NO_COLOR="", TERM="xterm")
    assert "\x1b[" not in on_a_terminal(*QUESTION, NO_COLOR="", TERM="dumb")


@pytest.mark.slow
def test_interruption_ends_with_130(tmp_path: Path) -> None:
    # A pipe with a name is opened when both sides are there: then the program waits for what it is to read.
    os.mkfifo(tmp_path / "input")
    # A shell ignores interruptions for what it starts in the background, and its children inherit that.
    heard = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)  # noqa: E731
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    done = subprocess.Popen([*COMMAND, "-f", str(tmp_path / "input")], **pipes, preexec_fn=heard)
    with open(tmp_path / "input", "wb"):
        done.send_signal(signal.SIGINT)
        output, complaint = done.communicate()
    assert done.returncode == 130
    assert output == b""
    assert b"Traceback" not in complaint


def test_the_same_command_prints_the_same_bytes() -> None:
    arguments = ["logsumexp(A x + b) + x^T S x", "--wrt", "all", "--json"]
    first = process(*arguments, PYTHONHASHSEED="1").stdout
    assert first == process(*arguments, PYTHONHASHSEED="2").stdout
    assert first


# Help


def test_help_shows_examples_first_and_every_option() -> None:
    text = run(["--help"]).stdout
    assert text.index("Examples:") < text.index("What to differentiate:") < text.index("Exit status:")
    assert all(len(line) <= 80 for line in text.splitlines())
    for _, options in cli.GROUPS:
        for option in options:
            assert all(name in text for name in option.opts)
    assert run(["-h"]).stdout == text


def test_version_and_functions() -> None:
    assert run(["-V"]).stdout == run(["--version"]).stdout == f"matdiff {cli.VERSION}\n"
    assert "logdet" in run(["--functions"]).stdout


def test_shapes() -> None:
    lines = run(["a^T W^T x", "--shapes"]).stdout.splitlines()
    assert lines[0].split() == ["a^T", "W^T", "x", "scalar"]
    assert any(line.split() == ["W", "matrix", "m", "x", "n"] for line in lines)
    assert run(["a^T W^T x", "--shapes", "--to", "ascii"], terminal=True).stdout.splitlines() == lines
    assert run(["a^T W^T x", "--shapes", "--to", "unicode"]).stdout == run(["a^T W^T x", "--shapes"], terminal=True).stdout


@pytest.mark.parametrize(
    "arguments",
    [
        *(["tr(A X)", "--wrt", "X", "--var", f"X: {name} n"] for name in PROPERTIES),
        ["A X B", "--wrt", "X", "--order", "2"],
        ["logsumexp(A x)", "--wrt", "x", "--hessian"],
        ["x^T A", "--order", "0"],
        ["tr(I) x", "--wrt", "x"],
        *(["h = tanh(W x); h^T h", "--wrt", "W", "--method", name] for name in ("differential", "chain", "index")),
    ],
)
def test_every_kind_of_document_is_valid(arguments: list[str]) -> None:
    (document,) = documents(*arguments)
    assert document["ok"]


def test_layout_changes_the_formula_and_not_the_code() -> None:
    """PRODUCT: a layout changes only how results are shown."""
    plain, turned = (run(["x^T A x", "--wrt", "x", "--to", "numpy", *more]).stdout for more in ([], ["--layout", "numerator"]))
    assert turned == plain
    assert run(["x^T A x", "--wrt", "x", "--layout", "numerator"]).stdout == "x^T (A + A^T)\n"
    assert run(["A x", "--wrt", "x", "--layout", "denominator"]).stdout == "A^T\n"
    assert run(["A x", "--wrt", "x", "--layout", "numerator"]).stdout == "A\n"


# Pages


def test_a_page_is_markdown_in_a_pipe_and_drawn_on_a_terminal() -> None:
    piped, drawn = run(["--explain", "layout"]), run(["--explain", "LAYOUT"], terminal=True)
    assert piped.stdout.startswith("# Layout: ")
    assert "| vector y (p) | scalar t | p | 1 x p | p |" in piped.stdout
    assert "`--to numpy`" in piped.stdout and "`" not in drawn.stdout
    assert "\x1b" not in drawn.stdout
    assert max(map(len, drawn.stdout.splitlines())) <= 80


@pytest.mark.parametrize("topic", explain.topics())
def test_every_page_has_a_title_and_only_mentions_pages_that_exist(topic: str) -> None:
    text = explain.page(topic)
    assert text.startswith("# ") and text.splitlines()[1] == ""
    for other in re.findall(r"--explain (?!symetric)(\w+)", text):
        assert other in explain.topics()


def _codes() -> list[str]:
    found = {kind.code for kind in vars(errors).values() if isinstance(kind, type) and getattr(kind, "code", "")}
    # Those of the command itself.
    return sorted(found | {"E505", "E700"})


@pytest.mark.parametrize("code", _codes())
def test_every_code_has_a_page_with_a_wrong_and_a_right_example(code: str) -> None:
    text = explain.page(code)
    assert text.startswith(f"# {code}: ")
    wrong, _, right = text.partition("\nWrong")[2].partition("\nRight")
    assert f"[{code}]" in wrong or code in ("E403", "E506")
    assert right
    assert "[E" not in right


def test_every_page_of_a_code_is_that_of_a_message() -> None:
    assert [topic for topic in explain.topics() if topic[0].isupper()] == _codes()


def test_misspelt_codes() -> None:
    assert "did you mean --explain E301?" in run(["--explain", "E3011"]).stderr
    assert run(["--explain", "e301"]).stdout == run(["--explain", "E301"]).stdout


def test_an_unknown_page() -> None:
    outcome = run(["--explain", "symetric"])
    assert (outcome.status, outcome.stdout) == (2, "")
    assert "did you mean --explain symmetric?" in outcome.stderr
    assert "topics: chain, layout, notation, structure, symmetric; and the code of every message" in outcome.stderr


def test_explain_alone_lists_every_page(tmp_path: Path) -> None:
    outcome = run(["--explain"])
    assert outcome.status == 0
    listed = re.findall(r"^- `(\w+)`: \S", outcome.stdout, re.MULTILINE)
    assert listed == explain.topics()
    assert "E301" in run(["--explain"], terminal=True).stdout
    path = tmp_path / "pages.md"
    assert run(["-o", str(path), "--explain"]).status == 0
    assert path.read_text(encoding="utf-8") == outcome.stdout


@pytest.mark.parametrize(
    ("words", "first", "second"),
    [
        (["--functions", "--explain"], "--explain", "--functions"),
        (["x^T x", "--explain", "E301"], "--explain", "an expression"),
        (["--functions", "x^T x"], "--functions", "an expression"),
        (["--explain", "E301", "--json"], "--explain", "--json"),
        (["--to", "numpy", "--functions"], "--functions", "--to"),
        (["--explain", "--wrt", "x"], "--explain", "--wrt"),
        (["--functions", "--verify"], "--functions", "--verify"),
        (["--functions", "--file", "losses.txt"], "--functions", "--file"),
    ],
)
def test_a_page_and_an_answer_are_two_questions(words: list[str], first: str, second: str) -> None:
    if "--json" in words:
        assert documents(*words)[0]["exit_code"] == 2
        return
    outcome = run(words)
    assert (outcome.status, outcome.stdout) == (2, "")
    assert outcome.stderr.startswith(f"error[E505]: {first} and {second} are two questions; ask one at a time\n")


@pytest.mark.parametrize("module", ["errors", "pipeline", "cli", "batch", "click"])
def test_an_interruption_while_modules_are_loaded_is_silent(module: str) -> None:
    """The interruption comes when a module is looked for, whichever it is; the first lines of the command already expect it."""
    program = f"""
import sys
from matdiff.__main__ import main

class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name.endswith({module!r}):
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupts())
sys.exit(main())
"""
    done = subprocess.run([sys.executable, "-c", program, "x^T x"], capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_the_package_loads_nothing_by_itself() -> None:
    program = "import sys; before = {*sys.modules}; import matdiff; print(*sorted({*sys.modules} - before))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "matdiff\n"
