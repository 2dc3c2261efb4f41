"""Random command lines end in an answer or in a diagnostic; `make fuzz` tries many more."""

from __future__ import annotations

import click
import pytest
from fuzz_options import LEFT_OUT, OLD, SECONDS, VALUES, Line, Outcome, options, played, shown, tried, wrong_with

from matdiff.command.cli import COMMAND

PARTS = 24
COUNT = 240


def still() -> float:
    """A clock that stands: what takes too long is found by `make fuzz`."""
    return 0


@pytest.mark.sampled(3)
@pytest.mark.parametrize("part", range(PARTS))
def test_command_lines(part: int) -> None:
    """By the clock of all tests, which goes on by looks: whatever a `--timeout` ends is as good as an answer."""
    for seed in range(part, COUNT, PARTS):
        _, bad = tried(seed, still)
        assert bad is None, f"python tests/fuzz_options.py --seed {seed}\n{shown(seed)}\n{bad}"


@pytest.mark.parametrize("words", [["--explain", "E301"], ["--functions"], ["x^T x"], ["x y"]])
def test_a_terminal_without_unicode(words: list[str]) -> None:
    line = Line(words, {OLD: b"", "input": b""}, b"", True, "ascii")
    assert wrong_with(line, played(line)) is None


def test_every_option_is_tried() -> None:
    with_values = {one.name for one in options() if not one.is_flag and not isinstance(one.type, click.Choice)}
    assert with_values == VALUES.keys()
    assert {one.name for one in COMMAND.params if isinstance(one, click.Option)} == {one.name for one in options()} | {*LEFT_OUT}


FINE = Outcome(0, "", "2 x\n", "", [], 0.1)
FAULTS = {
    "ValueError: no": ([], FINE._replace(status=None, crash="Traceback\nValueError: no\n")),
    "status 5": ([], FINE._replace(status=5)),
    "status 2": ([], FINE._replace(status=2, stderr="error[E700]: a bug in matdiff\n")),
    "slow": ([], FINE._replace(seconds=SECONDS + 1)),
    "a file is left": ([], FINE._replace(status=3, stderr="error\n", changed=["out.txt"])),
    "another file": ([], FINE._replace(changed=["out.txt.17.part"])),
    "silent": ([], FINE._replace(status=4, stdout="")),
    "unprintable": ([], FINE._replace(stderr="note: \u202e\n")),
    "JSON": (["--json"], FINE),
    "Python": (["--to", "jax"], FINE._replace(stdout="def f(x:\n")),
    "LaTeX": (["--latex"], FINE._replace(stdout=r"\left(x\right) \mathbf{x" + "\n")),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_every_fault_is_seen(kind: str) -> None:
    words, outcome = FAULTS[kind]
    line = Line(["x^T x", *words], {OLD: b"", "input": b""}, b"", False, "utf-8")
    found = wrong_with(line, outcome)
    assert found is not None and found.kind == kind


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ([], FINE),
        (["-o", "a.txt"], FINE._replace(stdout="", changed=["a.txt"])),
        (["--color", "always"], FINE._replace(status=3, stderr="\x1b[31merror\x1b[0m\n")),
        (["--latex"], FINE._replace(stdout="\\left\\{ x \\right\\}\n")),
    ],
)
def test_nothing_else_is(words: list[str], outcome: Outcome) -> None:
    assert wrong_with(Line(["x^T x", *words], {OLD: b"", "input": b""}, b"", False, "utf-8"), outcome) is None
