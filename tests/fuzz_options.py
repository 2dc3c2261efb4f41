"""`make fuzz`: random command lines, every one of which must end in an answer or in a diagnostic.

    python tests/fuzz_options.py --count 20000 --seed 0     run the seeds from 0 on
    python tests/fuzz_options.py --seed 12345               show one of them with everything

A command line is some options of the command with good, wrong, hostile, glued or missing values, in any order around an expression
of the corpus, which may be mutated and may come as argument, file or standard input.  It runs in this process in a directory of its
own.  Bad is: an exception, an unknown exit status, a bug told, JSON that is none, a failure of which nothing is told, a file left
by a run that failed, Python that does not compile, LaTeX whose brackets do not match, a character that does not print, more
processor time than `SECONDS`.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import os
import re
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import process_time
from types import FrameType
from typing import Any, NamedTuple
from unittest import mock

import click
import jsonschema
from fuzz_input import CORPUS, UNPRINTABLE, Bad, made, texts

from matdiff.command.cli import COMMAND, _wants_json, main
from matdiff.language.errors import MatdiffError

SCHEMA = json.loads((Path(__file__).parent / "result.schema.json").read_text(encoding="utf-8"))
STATUSES = (0, 1, 2, 3, 4)
SECONDS = 5.0
# Processor time after which a command line is given up.
HANGS = 30
COLORS = re.compile(r"\x1b\[[\d;]*m")
PYTHON = ("numpy", "jax", "torch", "sympy")
# Files that a command line may name, beside the input itself.
OLD = "old.txt"
HOSTILE = [
    "", " ", "-", "--", "---", "=", ",", ",,", "a=b=c", "x,", "\x1b[31mred", "\u202e", "\x9b", "\x7f", "\udcff", "é", "λ", "😀",
    "%s", "{0}", "$(id)", "`id`", "[red]", "\\input{x}", '"""', "'", "\n", "x\ny", "9" * 40, "1e999", "-1", "0", "1.5", "A" * 5000,
    "(" * 300, "None", "__import__('os')", "x^T x", ": m x n", "*", "~", "#", "@file", "all,all", "NAN",
]  # fmt: skip
# Words and values by option; `choice`s and flags speak for themselves.
VALUES = {
    "wrt": ["all", "x", "X", "A", "x,A", "β"],
    "order": ["0", "1", "2", "3"],
    "hvp": ["v", "V", "x", "v,w", "A"],
    "jvp": ["v", "V", "x", "v,w"],
    "vjp": ["u", "U", "x"],
    "var": ["x: n", "X: n x n", "X: symmetric n", "A: m x n", "v: n", "S: spd n", "c: scalar", "A, B: n x n"],
    "file": ["input", "-", "missing", ".", OLD],
    "style": ["bold=no", "transpose=T", "bold=yes,transpose=prime"],
    "output": ["out.txt", "missing/out.txt", ".", OLD, "input"],
    "expected": ["x", "2 A x", "A^T", "0", "x x^T", "A +", "y"],
    "size": ["n=3", "m=2,n=5", "n=1", "n=1000", "k=2", "m=1"],
    "seed": ["0", "1", "123456789"],
    "explain": ["layout", "E301", "notation", "nothing"],
    "timeout": ["1", "0.5", ".01"],
}  # fmt: skip
# A traceback is asked for, and ends a run as no other option does.
LEFT_OUT = ("debug",)


class Line(NamedTuple):
    """A command line, what its files and standard input hold, and what its streams are."""

    words: list[str]
    files: dict[str, bytes]
    stdin: bytes
    terminal: bool
    encoding: str


@cache
def cases() -> list[dict[str, Any]]:
    """The published derivatives."""
    return [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines() if line.strip()]


def options() -> list[click.Option]:
    """All that the command has, but those of `LEFT_OUT`."""
    return [one for one in COMMAND.params if isinstance(one, click.Option) and one.name not in LEFT_OUT]


def good_values(one: click.Option, case: dict[str, Any]) -> list[str]:
    """Values of an option that make sense."""
    if isinstance(one.type, click.Choice):
        return list(one.type.choices)
    own = {"wrt": [*case["wrt"], ",".join(case["wrt"])], "var": case["decl"], "file": ["input"]}
    return [*own.get(str(one.name), []) * 3, *VALUES[str(one.name)]]


def value_of(one: click.Option, case: dict[str, Any], random: Random) -> str:
    """A value: good, another option's, or hostile."""
    manner = random.random()
    if manner < 0.9:
        return random.choice(good_values(one, case))
    if manner < 0.95:
        other = random.choice([other for other in options() if not other.is_flag])
        return random.choice(good_values(other, case))
    return random.choice(HOSTILE)


def spelled(one: click.Option, case: dict[str, Any], random: Random, careful: bool) -> list[str]:
    """An option with its value, in one of the ways to write it; `careful` people make no mistakes."""
    name = random.choice([*one.opts, *one.secondary_opts])
    if careful:
        return [name] if one.is_flag else [name, random.choice(good_values(one, case))]
    manner = random.random()
    if one.is_flag:
        return [f"{name}={random.choice(HOSTILE)}"] if manner < 0.04 else [name]
    value = value_of(one, case, random)
    if manner < 0.04:
        return [name]
    if manner < 0.2:
        return [f"{name}={value}"] if name.startswith("--") else [f"{name}{value}"] if manner < 0.06 else [name, value]
    return [name, value]


def line_of(seed: int) -> Line:
    """The command line of a seed."""
    random = Random(seed)
    case = random.choice(cases())
    text, variables = case["expr"], list(case["wrt"])
    parts: list[list[str]] = []
    careful = random.random() < 0.6
    if not careful and random.random() < 0.3:
        text, variable = made(seed, texts())
        variables = [variable]
    else:
        parts += [["--var", declaration] for declaration in case["decl"]]
    if careful or random.random() < 0.8:
        parts += [["--wrt", name] for name in variables]
    chosen = [one for one in options() if one.name not in ("explain", "functions", "version", "help") or random.random() < 0.05]
    for one in random.choices(chosen, k=random.choice([0, 1, 1, 2, 2, 3, 4, 8])):
        parts.append(spelled(one, case, random, careful))
    if random.random() < 0.1 and parts:
        parts.append(random.choice(parts))
    manner, stdin, files = random.random() * (0.9 if careful else 1), b"", {OLD: b"x^T x wrt x\n"}
    data = text.encode("utf-8", "surrogatepass")
    if not careful and random.random() < 0.2:
        data += b"\n" + random.choice(cases())["expr"].encode() + random.choice([b"", b"\n", b" wrt x\n", b"\xff\n"])
    if manner < 0.7:
        parts.append([text.replace("\0", "")])
    elif manner < 0.8:
        parts.append(["--file", "input"])
    elif manner < 0.9:
        stdin = data
    elif manner < 0.95:
        parts.append(text.replace("\0", "").split() or [""])
    files["input"] = data
    random.shuffle(parts)
    words = ["--timeout", "1", *(_harmless(word) for part in parts for word in part)]
    encoding = random.choice(["utf-8", "utf-8", "ascii", "cp1252"])
    return Line([*_contained(words)], files, stdin, random.random() < 0.3, encoding)


def _harmless(word: str) -> str:
    """The word as an argument that a system can hand on."""
    return (
        word.replace("\0", "")
        .encode("utf-8", "replace" if re.search("[\ud800-\udc7f\udd00-\udfff]", word) else "surrogateescape")
        .decode("utf-8", "surrogateescape")
    )


def _contained(words: list[str]) -> Iterator[str]:
    """The words, in which no output leaves the directory."""
    for before, word in zip(["", *words], words):
        name, equals, value = word.partition("=")
        if before in ("-o", "--output") and _leaves(word):
            yield "out.txt"
        elif name == "--output" and _leaves(value):
            yield f"{name}{equals}out.txt"
        else:
            yield word


def _leaves(path: str) -> bool:
    return os.path.isabs(path) or ".." in path


# --- running ---------------------------------------------------------------------------------------------------------------


class Hangs(BaseException):
    """A command line takes so long that it is given up; no handler of errors is meant to see it."""


class _Stream(io.TextIOWrapper):
    """A stream of bytes that says whether it is a terminal."""

    terminal = False

    def isatty(self) -> bool:
        return self.terminal


def _stream(data: bytes, terminal: bool, encoding: str = "utf-8") -> _Stream:
    stream = _Stream(io.BytesIO(data), encoding=encoding, newline="\n")
    stream.terminal = terminal
    return stream


class Outcome(NamedTuple):
    """What a run left: its status (or an exception), what it wrote, the files that changed, and its processor time."""

    status: int | None
    crash: str
    stdout: str
    stderr: str
    changed: list[str]
    seconds: float


@contextmanager
def _given_up_after(seconds: int) -> Iterator[None]:
    def give_up(number: int, frame: FrameType | None) -> None:
        raise Hangs

    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def played(line: Line, clock: Callable[[], float] = process_time) -> Outcome:
    """Run a command line in a directory of its own, timed by the clock."""
    home, status, crash = os.getcwd(), None, ""
    stdout, stderr = (_stream(b"", line.terminal, line.encoding) for _ in range(2))
    environment = {"NO_COLOR": "", "FORCE_COLOR": "", "CLICOLOR_FORCE": "", "COLUMNS": "80", "TERM": "xterm"}
    with TemporaryDirectory() as folder:
        for name, data in line.files.items():
            (Path(folder) / name).write_bytes(data)
        os.chdir(folder)
        start = clock()
        try:
            with (
                mock.patch.dict(os.environ, environment),
                mock.patch.object(sys, "stdin", _stream(line.stdin, not line.stdin)),
                mock.patch.object(sys, "stdout", stdout),
                mock.patch.object(sys, "stderr", stderr),
                _given_up_after(HANGS),
            ):
                status = main(line.words)
        except Hangs:
            crash = "Hangs\n" + traceback.format_exc(limit=-8)
        except BaseException:
            crash = traceback.format_exc(limit=-12)
        finally:
            os.chdir(home)
        seconds = clock() - start
        after = {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.is_file()}
    changed = sorted(name for name in {*after, *line.files} if after.get(name) != line.files.get(name))
    shown = []
    for stream in (stdout, stderr):
        stream.flush()
        raw = stream.buffer
        assert isinstance(raw, io.BytesIO)
        shown.append(raw.getvalue().decode(line.encoding))
    return Outcome(status, crash, *shown, changed, seconds)


# --- what must hold --------------------------------------------------------------------------------------------------------


def wrong_with(line: Line, outcome: Outcome) -> Bad | None:
    """What is wrong with an outcome."""
    told = outcome.stdout + outcome.stderr
    if outcome.crash:
        return Bad(outcome.crash.strip().splitlines()[-1][:80], outcome.crash)
    if outcome.status not in STATUSES or "error[E700]" in told or '"E700"' in told or "Traceback" in told:
        return Bad(f"status {outcome.status}", told[-1500:])
    if outcome.seconds > SECONDS:
        return Bad("slow", f"{outcome.seconds:.1f} s\n{told[:500]}")
    if outcome.status >= 2 and outcome.changed:
        return Bad("a file is left", f"{outcome.changed}\n{told[-1500:]}")
    if any(name not in ("out.txt", *line.files, *_names(line)) for name in outcome.changed):
        return Bad("another file", str(outcome.changed))
    if outcome.status >= 2 and not (outcome.stderr.strip() or outcome.stdout.lstrip().startswith("{")):
        return Bad("silent", outcome.stdout[-1500:])
    return _unprintable(line, told) or _wrong_format(line, outcome)


def _names(line: Line) -> list[str]:
    """What the words may name as output."""
    return [part for word in line.words for part in (word, word.partition("=")[2])]


def _unprintable(line: Line, told: str) -> Bad | None:
    if line.terminal or "always" in " ".join(line.words):
        told = COLORS.sub("", told)
    if line.terminal:  # progress
        told = re.sub("\r[^\r\n]*(?=\r|$)", "", told).replace("\r", "")
    shown = UNPRINTABLE.search(told)
    return Bad("unprintable", f"{shown[0]!r} in {told[max(0, shown.start() - 200) :][:400]!r}") if shown else None


def _chosen(words: Iterable[str]) -> dict[str, Any]:
    """The options as the command reads them; {} where it refuses them."""
    try:
        with COMMAND.make_context("matdiff", list(words)) as context:
            return context.params
    except (click.ClickException, click.exceptions.Exit, MatdiffError):
        return {}


def _wrong_format(line: Line, outcome: Outcome) -> Bad | None:
    """What is wrong with what was printed in the format asked for."""
    if {"-h", "--help", "-V", "--version"} & set(line.words):
        return None
    chosen = _chosen(line.words)
    if chosen and (chosen["functions"] or chosen["explain"] is not None):
        return None
    asked = {name for name in ("latex", "json") if chosen.get(name)} | ({chosen["format"]} if chosen.get("format") else set())
    if asked == {"json"} or (not chosen and _wants_json(line.words)):
        return _wrong_json(line, outcome)
    if outcome.status not in (0, 1) or not outcome.stdout:
        return None
    if asked & {*PYTHON}:
        try:
            ast.parse(outcome.stdout)
            compile(outcome.stdout, "printed", "exec")
        except (SyntaxError, ValueError) as problem:
            return Bad("Python", f"{problem}\n{outcome.stdout[:3000]}")
    if asked == {"latex"}:
        bare = re.sub(r"\\[\\{}]", "", outcome.stdout)
        lefts, rights = (len(re.findall(rf"\\{side}\b", bare)) for side in ("left", "right"))
        if bare.count("{") != bare.count("}") or lefts != rights:
            return Bad("LaTeX", outcome.stdout[:3000])
    return None


def _wrong_json(line: Line, outcome: Outcome) -> Bad | None:
    decoder, rest = json.JSONDecoder(), outcome.stdout
    try:
        while rest.strip():
            document, end = decoder.raw_decode(rest.lstrip())
            jsonschema.validate(document, SCHEMA)
            if not line.terminal and "\n" in rest.lstrip()[:end]:
                return Bad("JSON", f"a document on several lines: {rest[:500]}")
            rest = rest.lstrip()[end:]
    except (ValueError, jsonschema.ValidationError) as problem:
        return Bad("JSON", f"{str(problem)[:1000]}\n{outcome.stdout[:2000]}")
    return None


# --- the search ------------------------------------------------------------------------------------------------------------


def tried(seed: int, clock: Callable[[], float] = process_time) -> tuple[Outcome, Bad | None]:
    """Run the command line of a seed; a slow one twice, for what is loaded once takes its time."""
    line = line_of(seed)
    outcome = played(line, clock)
    found = wrong_with(line, outcome)
    if found is not None and found.kind == "slow":
        outcome = played(line, clock)
        found = wrong_with(line, outcome)
    return outcome, found


def shown(seed: int) -> str:
    """The command line of a seed for people."""
    line = line_of(seed)
    return f"{line.words!r}\n  input {line.files['input'][:200]!r}, standard input {line.stdin[:200]!r}, terminal {line.terminal}"


def run(seeds: Iterable[int]) -> tuple[Counter[int | None], list[tuple[int, Bad]]]:
    """How many ended in each status, and the bad ones."""
    statuses, bad = Counter[int | None](), []
    for count, seed in enumerate(seeds, 1):
        outcome, found = tried(seed)
        statuses[outcome.status] += 1
        if found is not None:
            bad.append((seed, found))
            print(f"seed {seed}: {found.kind}\n  {shown(seed)}\n  {found.detail[-1500:]}", flush=True)
        if count % 1000 == 0:
            print(f"{count} command lines, {len(bad)} bad", file=sys.stderr, flush=True)
    return statuses, bad


def command() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    if asked.count is None:
        outcome, _ = tried(asked.seed)
        print(f"{shown(asked.seed)}\nstatus {outcome.status}\n{outcome.stdout}\n{outcome.stderr}")
    count = asked.count or 1
    print(f"python tests/fuzz_options.py --count {count} --seed {asked.seed}", flush=True)
    statuses, bad = run(range(asked.seed, asked.seed + count))
    print(f"{count} command lines, {len(bad)} bad; " + ", ".join(f"status {key}: {n}" for key, n in statuses.most_common()))
    for kind, times in Counter(found.kind for _, found in bad).most_common():
        print(f"  {times} x {kind}: seed {next(seed for seed, found in bad if found.kind == kind)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(command())
