"""What goes in and out of the process: input bytes as text, results to standard output or a file, colour, encodings, closed pipes.

Results go through `Output` and nothing else, so that standard output holds results only.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from matdiff.formats.registry import FORMATS
from matdiff.language.errors import TooLarge, UnreadableFile
from matdiff.language.spelling import GREEK
from matdiff.limits import CHARACTERS, now

_ASCII = {
    **{letter: name for name, letter in GREEK.items()},
    "×": "x", "∂": "d", "‖": "||", "·": "*", "⊙": ".*", "⊘": "./", "⊗": "(x)", "−": "-", "⟨": "<", "⟩": ">", "½": "1/2", "…": "...",
    "√": "sqrt", "Σ": "sum", "≠": "!=", "≤": "<=", "≥": ">=", "∈": "in", "→": "->", "“": '"', "”": '"', "’": "'", "–": "-",
}  # fmt: skip
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ᵀᵢⱼ", "0123456789-+Tij")
_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


class ClosedPipe(Exception):
    """Whoever reads standard output has stopped reading: nothing more to do, and no reason to complain."""


def uses_color(stream: IO[str] | None, when: str) -> bool:
    """Whether escape sequences may go to this stream: `when`, then NO_COLOR, FORCE_COLOR, TERM=dumb, then whether it is a terminal."""
    if when != "auto":
        return when == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def is_terminal(stream: IO[str] | None) -> bool:
    """A missing or closed stream is no terminal."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def plain(text: str) -> str:
    """The text in ASCII: `∂f/∂W = x aᵀ   (m × n)` as `df/dW = x a^T   (m x n)`, and escapes for what has no spelling."""
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ᵀ]+", lambda match: "^" + match[0].translate(_RAISED), text)
    text = re.sub("[₀₁₂₃₄₅₆₇₈₉]+", lambda match: "_" + match[0].translate(_LOWERED), text)
    text = "".join(_ASCII.get(character, character) for character in text)
    return text.encode("ascii", "backslashreplace").decode("ascii")


def json_plain(text: str) -> str:
    r"""A JSON document in ASCII; only its strings hold other characters, so `\u` escapes are always right."""
    import json

    return re.sub("[^\x00-\x7f]", lambda match: json.dumps(match[0])[1:-1], text)


def encodable(text: str, stream: IO[str], *, json: bool = False) -> str:
    """The text as it is where the stream's encoding can hold it, else its ASCII form."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return json_plain(text) if json else plain(text)
    return text


class Output:
    """Where results go: standard output as they come, or a file that is replaced in one step once everything is known to be good."""

    def __init__(self, path: str | None = None, *, json: bool = False) -> None:
        """`-` is standard output.  Raises `UnreadableFile` for a path that no file can have."""
        self.path, self.json = None if path == "-" else path, json
        self._parts: list[str] = []
        if self.path is not None and (self.path.endswith(("/", os.sep)) or os.path.isdir(self.path)):
            raise UnreadableFile(path=self.path, why="a folder, not a file")

    @property
    def is_terminal(self) -> bool:
        """Whether a person reads it now."""
        return self.path is None and is_terminal(sys.stdout)

    def write(self, text: str) -> None:
        """Write `text` and a newline.

        Raises `ClosedPipe`, or `UnreadableFile` when the disk is full.
        """
        if self.path is not None:
            self._parts.append(text + "\n")
            return
        stream = _standard_output()
        with _writing("standard output"):
            stream.write(encodable(text, stream, json=self.json) + "\n")

    def flush(self) -> None:
        """Send what standard output still holds, so that an error found at the last moment is not lost."""
        if self.path is None and sys.stdout is not None:
            with _writing("standard output"):
                sys.stdout.flush()

    def finish(self) -> None:
        """Put the file in place; on a failure the old file is as it was."""
        if self.path is None:
            self.flush()
            return
        with _writing(self.path):
            _put(self.path, "".join(self._parts))


@contextmanager
def _writing(path: str) -> Iterator[None]:
    """Raises `ClosedPipe`, or `UnreadableFile` where nothing can be written."""
    try:
        yield
    except BrokenPipeError:
        raise ClosedPipe from None
    except (OSError, ValueError) as problem:
        raise UnreadableFile(path=path, why=_reason(problem)) from None


def _standard_output() -> IO[str]:
    if sys.stdout is None:
        raise UnreadableFile(path="standard output", why="it is closed")
    return sys.stdout


def _put(path: str, text: str) -> None:
    """Replace a regular file in one step; what cannot be renamed, a device, a pipe, an open descriptor, is written to."""
    number = _descriptor(path)
    if number is None and (not os.path.exists(path) or stat.S_ISREG(os.stat(path).st_mode)):
        _replace(os.path.realpath(path), text)
        return
    with open(path if number is None else os.dup(number), "w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)


# So many links lead to a file at most.
_MOST_LINKS = 40


def _descriptor(path: str) -> int | None:
    """The number of the descriptor of this process that a path names: /dev/stdout, /dev/fd/3, or a link to such."""
    here = os.path.abspath(path)
    for _ in range(_MOST_LINKS):
        folder, name = os.path.split(here)
        if name.isdecimal() and os.path.realpath(folder) in ("/dev/fd", os.path.realpath("/proc/self/fd")):
            return int(name)
        if not os.path.islink(here):
            break
        here = os.path.join(folder, os.readlink(here))
    return None


def _replace(target: str, text: str) -> None:
    """Write a new file beside the target, under a name that no other process has, and rename it."""
    beside = os.path.join(os.path.dirname(target), f".matdiff-{os.urandom(8).hex()}.part")
    try:
        with open(beside, "x", encoding="utf-8", newline="\n") as part:
            part.write(text)
            if os.path.exists(target):
                os.chmod(beside, os.stat(target).st_mode & 0o777)
        os.replace(beside, target)
    except BaseException:
        if os.path.exists(beside):
            os.unlink(beside)
        raise


def silence(stream: IO[str] | None) -> None:
    """Point the descriptor of a stream that takes no more at the null device: the interpreter flushes once more when it ends."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())  # type: ignore[union-attr]
        os.close(null)
    except (AttributeError, OSError, ValueError):
        if stream is sys.stdout:
            sys.stdout = None
        elif stream is sys.stderr:
            sys.stderr = None


def silence_broken_output() -> None:
    """Give up standard output if it takes no more."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        silence(sys.stdout)


def complain(text: str) -> None:
    """Write to standard error; results already written come first.  Where there is no standard error there is nobody to tell.

    Raises `UnreadableFile` where these results are lost.
    """
    try:
        Output().flush()
    except ClosedPipe:
        silence(sys.stdout)
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(encodable(text, sys.stderr) + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        silence(sys.stderr)


class Progress:
    """A line on standard error about what takes more than a second, for a person who waits; it is gone when that is done."""

    def __init__(self, words: str) -> None:
        self.words, self.width = words, 0

    def __enter__(self) -> Progress:
        self.start = now()
        return self

    def __call__(self, *numbers: int) -> None:
        """Say how far it is."""
        if is_terminal(sys.stderr) and now() - self.start > 1:
            line = self.words.format(*numbers)
            self._write("\r" + line.ljust(self.width))
            self.width = max(self.width, len(line))

    def __exit__(self, *problem: object) -> None:
        if self.width:
            self._write("\r" + " " * self.width + "\r")

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:
            silence(sys.stderr)


def read_path(path: str) -> str:
    """The text of a file.

    Raises `UnreadableFile`, and `TooLarge` past a megabyte without reading on.
    """
    try:
        with open(path, "rb") as file:
            return _decoded(file.read(CHARACTERS + 1), path)
    except (OSError, ValueError) as problem:
        is_missing = isinstance(problem, FileNotFoundError)
        raise UnreadableFile(path=path, why=_reason(problem), is_missing=is_missing, formats=tuple(FORMATS)) from None


def read_standard_input() -> str:
    """The text of standard input.

    Raises as `read_path` does.
    """
    if sys.stdin is None:
        return ""
    try:
        binary = getattr(sys.stdin, "buffer", None)
        if binary is None:
            return sys.stdin.read(CHARACTERS + 1)
        return _decoded(binary.read(CHARACTERS + 1), "standard input")
    except (OSError, ValueError) as problem:
        raise UnreadableFile(path="standard input", why=_reason(problem)) from None


def _decoded(data: bytes, path: str) -> str:
    if len(data) > CHARACTERS:
        raise TooLarge(what="text", limit=CHARACTERS)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data[: problem.start].count(b"\n") + 1
        raise UnreadableFile(path=path, why=f"line {line} is not UTF-8") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _reason(problem: Exception) -> str:
    """The operating system's words, in the style of the other messages."""
    words = (problem.strerror if isinstance(problem, OSError) else None) or str(problem)
    return words[:1].lower() + words[1:]
