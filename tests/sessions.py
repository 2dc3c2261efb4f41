"""Console sessions in Markdown: find them, play them, compare them, check their mathematics, rewrite them.

A session is a block fenced with ```console.  Its lines that start with `$ ` are commands, the others what they print.
Commands are run in this process by a very small shell: `matdiff`, `python -m matdiff`, `printf`, `echo`, `cat` and `head`, joined by
`|`, `;`, `>` and `2>&1`.  The end of a pipeline is a terminal of 80 columns without colour, everything before it a pipe.

    python tests/sessions.py --play README.md             type the sessions and show what happens
    python tests/sessions.py --rewrite tests/cases/*.md   put in what the program prints now, if its mathematics is right
    python tests/sessions.py --table docs/language.md     write the table of functions from the rows
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from mathematics import check_answer

from matdiff import pipeline
from matdiff.answer.answer import Answer
from matdiff.api import Derivative
from matdiff.command import cli
from matdiff.command.catalogue import function_table

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Step:
    """One command with the output that the document shows."""

    def __init__(self, command: str, expected: str, line: int) -> None:
        self.command, self.expected, self.line = command, expected, line


class Session:
    """One block: its steps run in order, in a directory of their own."""

    def __init__(self, text: str, line: int, title: str) -> None:
        self.text, self.line, self.title = text, line, title
        self.steps = list(_steps(text, line))

    def with_outputs(self, outputs: list[str]) -> str:
        """The block with other outputs."""
        return "".join(f"$ {step.command}\n{output}" for step, output in zip(self.steps, outputs, strict=True))


def _steps(text: str, line: int) -> Iterator[Step]:
    command, expected, start = None, "", line
    for offset, row in enumerate(text.splitlines(keepends=True)):
        if row.startswith("$ "):
            if command is not None:
                yield Step(command, expected, start)
            command, expected, start = row[2:].rstrip("\n"), "", line + offset
        elif command is not None:
            expected += row
        else:
            raise ValueError(f"line {line + offset}: a session starts with a command, `$ ...`")
    if command is not None:
        yield Step(command, expected, start)


def sessions_of(path: Path) -> list[Session]:
    """The sessions of a Markdown file, each with the heading above it."""
    text = path.read_text(encoding="utf-8")
    sessions = []
    for match in _BLOCK.finditer(text):
        headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", text[: match.start()], flags=re.M | re.S), re.MULTILINE)
        line = text[: match.start(1)].count("\n") + 1
        sessions.append(Session(match[1], line, headings[-1] if headings else path.stem))
    return sessions


def parameters(paths: Iterable[Path]) -> list[object]:
    """Every session of the files as a parameter of a test, named by its file, line and heading."""
    return [
        pytest.param(session, id=f"{path.stem}:{session.line} {session.title}"[:100])
        for path in paths
        for session in sessions_of(path)
    ]


# The shell


class _Stream(io.StringIO):
    """A text stream that says whether it is a terminal."""

    encoding = "utf-8"  # type: ignore[assignment]

    def __init__(self, text: str = "", *, terminal: bool = False) -> None:
        super().__init__(text)
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


class Outcome:
    """What a run of the command left: its exit status, what it wrote, and the answers that it printed, as objects."""

    def __init__(self, status: int, stdout: str, stderr: str, answers: list[Derivative]) -> None:
        self.status, self.stdout, self.stderr, self.answers = status, stdout, stderr, answers


def run(arguments: list[str], stdin: str | None = None, *, terminal: bool = False) -> Outcome:
    """Run `matdiff` in this process; `terminal`: standard output and error are one terminal, and both are in `stdout`."""
    stdout = _Stream(terminal=terminal)
    stderr = stdout if terminal else _Stream()
    standard_input = _Stream(stdin or "", terminal=stdin is None)
    environment = {"NO_COLOR": "1", "COLUMNS": "80", "TERM": "xterm"}
    answers: list[Derivative] = []
    solve = pipeline.solve

    def recorded(*positional: Any, **named: Any) -> Answer:
        answer = solve(*positional, **named)
        answers.append(Derivative(answer))
        return answer

    with (
        mock.patch.object(pipeline, "solve", recorded),
        mock.patch.dict(os.environ, environment),
        mock.patch.object(sys, "stdin", standard_input),
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
    ):
        status = cli.main(arguments)
    return Outcome(status, stdout.getvalue(), "" if terminal else stderr.getvalue(), answers)


class Shell:
    """Runs command lines; remembers the last exit status, as `$?`.  `watch` is given every answer of a call of matdiff that ended well."""

    def __init__(self, watch: Callable[[Derivative], None] | None = None) -> None:
        self.status, self.watch = 0, watch

    def run(self, line: str) -> str:
        """What a terminal shows."""
        return "".join(self._pipeline(pipeline) for pipeline in _split(_words(line), ";"))

    def _pipeline(self, words: list[str]) -> str:
        target = None
        if ">" in words:
            place = words.index(">")
            target = words[place + 1]
            words = words[:place] + words[place + 2 :]
        shown, data = "", None
        commands = _split(words, "|")
        for number, command in enumerate(commands):
            last = number == len(commands) - 1
            both = "2>&1" in command
            output, complaints = self._command([word for word in command if word != "2>&1"], data, last and target is None)
            shown += "" if both else complaints
            data = output + (complaints if both else "")
        if target is not None:
            Path(target).write_text(data or "", encoding="utf-8")
            return shown
        return shown + (data or "")

    def _command(self, words: list[str], stdin: str | None, terminal: bool) -> tuple[str, str]:
        words = [word.replace("$?", str(self.status)) for word in words]
        program, *arguments = words
        if words[:3] == ["python", "-m", "matdiff"]:
            program, arguments = "matdiff", words[3:]
        if program == "matdiff":
            outcome = run(arguments, stdin, terminal=terminal)
            self.status = outcome.status
            if self.watch is not None and self.status == 0:
                for answer in outcome.answers:
                    self.watch(answer)
            # A line of progress is written over, however many of them there were.
            return (re.sub(r"[^\n]*\r", "", outcome.stdout) if terminal else outcome.stdout), outcome.stderr
        self.status = 0
        if program == "printf" and arguments[0] == "%s\\n":
            return "".join(f"{argument}\n" for argument in arguments[1:]), ""
        if program == "echo":
            return " ".join(arguments) + "\n", ""
        if program == "cat":
            return "".join(Path(name).read_text(encoding="utf-8") for name in arguments) if arguments else stdin or "", ""
        if program == "head" and arguments[0] == "-n":
            return "".join((stdin or "").splitlines(keepends=True)[: int(arguments[1])]), ""
        if program == "tail" and arguments[0] == "-n":
            return "".join((stdin or "").splitlines(keepends=True)[-int(arguments[1]) :]), ""
        raise ValueError(f"the shell of the sessions has no command {shlex.join(words)!r}")


def _words(line: str) -> list[str]:
    """The words and operators of a line.  A comment after ` # ` is for the reader."""
    lexer = shlex.shlex(line.replace("2>&1", " 2>&1 "), posix=True, punctuation_chars="|;>")
    lexer.whitespace_split, lexer.commenters, lexer.escapedquotes = True, "", ""
    return list(_rejoined(list(lexer)))


def _rejoined(words: list[str]) -> Iterator[str]:
    """`2>&1` was cut at its `>`."""
    rest = iter(words)
    for word in rest:
        if word == "2":
            following = [next(rest, ""), next(rest, "")]
            yield from ["2>&1"] if following == [">", "&1"] else [word, *filter(None, following)]
        else:
            yield word


def _split(words: list[str], operator: str) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for word in words:
        if word == operator:
            parts.append([])
        else:
            parts[-1].append(word)
    return [part for part in parts if part]


def outputs_of(session: Session, shell: Shell | None = None) -> list[str]:
    """What each step prints now; files that a step writes are seen by the following ones."""
    shell = shell or Shell()
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        try:
            return [shell.run(step.command) for step in session.steps]
        finally:
            os.chdir(before)


def outputs_now(session: Session, trials: int = 3) -> list[str]:
    """What each step prints now, with its mathematics checked at so many points."""
    return outputs_of(session, Shell(watch=partial(check_answer, trials=trials)))


# The table of functions

_TABLE = re.compile(r"(?<=<!-- functions -->\n).*?(?=<!-- end of functions -->)", re.DOTALL)


def with_table(text: str, table: str) -> str:
    """The document with the table between its two marks."""
    return _TABLE.sub(lambda _: f"\n{table}\n", text)


# The commands of the Makefile


def play(path: Path) -> None:
    """Type the sessions of a document one after the other, with what they print now."""
    for session in sessions_of(path):
        print(f"\n# {session.title}\n")
        print(session.with_outputs(outputs_of(session)), end="")


def rewrite(path: Path) -> list[str]:
    """Replace the outputs; a session whose mathematics is wrong is left as it is and told of."""
    text = path.read_text(encoding="utf-8")
    problems = []
    for session in sessions_of(path):
        try:
            outputs = outputs_now(session)
        except AssertionError as problem:
            problems.append(f"{path}:{session.line}: {problem}")
            continue
        text = text.replace(f"```console\n{session.text}```", f"```console\n{session.with_outputs(outputs)}```", 1)
    if text != path.read_text(encoding="utf-8"):
        path.write_text(text, encoding="utf-8")
        print(f"rewrote {path}")
    return problems


def main() -> int:
    """One action and its files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--play", action="store_true")
    action.add_argument("--rewrite", action="store_true")
    action.add_argument("--table", action="store_true")
    parser.add_argument("paths", nargs="+", type=Path)
    options = parser.parse_args()
    problems: list[str] = []
    for path in options.paths:
        if options.play:
            play(path)
        elif options.rewrite:
            problems += rewrite(path)
        else:
            path.write_text(with_table(path.read_text(encoding="utf-8"), function_table()), encoding="utf-8")
    print(*problems, sep="\n", file=sys.stderr, end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
