"""`make mistakes`: the expressions of the corpus, broken in one place, and what the diagnostics say.

    python tests/mutations.py                              the table
    python tests/mutations.py --show transpose --seed 3    examples where the first help is not the original

For each kind of mistake: how many broken expressions are refused (others are right in another way, or cannot be told from right ones),
how often a label stands at the broken place, and how often the first suggestion, or one of them, is the original expression.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

import matdiff
from matdiff.functions import NAMES
from matdiff.language.errors import Errors, MatdiffError
from matdiff.language.syntax import Expr
from matdiff.mistakes.diagnostic import Diagnostic
from matdiff.mistakes.words import diagnose_all
from matdiff.read.parse import Question, parse

CORPUS = Path(__file__).parent / "corpus" / "public.jsonl"
KINDS = ("transpose", "bracket", "swap", "glue", "misspell")
# A caret so near is at the place: it may stand on the operand beside what is missing.
NEAR = 4


class Broken(NamedTuple):
    """An expression with one mistake at `place`."""

    original: str
    text: str
    place: int


class Seen(NamedTuple):
    """What a diagnostic did for a mistake."""

    near: bool
    first: bool
    among: bool
    diagnostic: Diagnostic


def broken(kind: str, expr: str) -> Iterator[Broken]:
    """All ways to make this mistake once."""
    if kind == "transpose":
        found = [(match.span(), "") for match in re.finditer(r"\^T\b|'", expr)]
    elif kind == "bracket":
        found = [(match.span(), "") for match in re.finditer(r"[()\[\]]|\|\|", expr)]
    elif kind == "swap":
        found = [
            (match.span(), f"{match[2]} {match[1]}")
            for match in re.finditer(r"(?<![\w^.])([A-Za-z]+) ([A-Za-z]+)(?![\w(^.'])", expr)
        ]
    elif kind == "glue":
        found = [(match.span(), "") for match in re.finditer(r"(?<=\w) (?=[A-Za-z])", expr)]
    else:
        found = []
        for match in re.finditer(r"[a-z_0-9]{3,}(?=\()", expr):
            name, middle = match[0], len(match[0]) // 2
            slips = (
                name[:middle] + name[middle + 1 :],
                name[:-2] + name[-1] + name[-2],
                name[:middle] + name[middle] + name[middle:],
            )
            found += [(match.span(), slip) for slip in slips if slip not in NAMES and slip != name]
    for (start, end), instead in found:
        yield Broken(expr, expr[:start] + instead + expr[end:], start)


def meaning(text: str) -> Expr | None:
    """The expression that a text is read as."""
    try:
        return next((statement.expr for statement in reversed(parse(text)) if isinstance(statement, Question)), None)
    except Errors:
        return None


def seen(case: dict[str, object], mistake: Broken) -> Seen | None:
    """What is said about a mistake; None where it is none."""
    wrt, declarations = case["wrt"], case["decl"]
    assert isinstance(wrt, list)
    assert isinstance(declarations, list)
    try:
        matdiff.differentiate(mistake.text, wrt, declarations=declarations, order=0)
    except (Errors, MatdiffError) as problem:
        found = diagnose_all(problem, mistake.text)
    else:
        return None
    original = meaning(mistake.original)
    fits = [help.replacement is not None and meaning(help.replacement) == original for one in found for help in one.help]
    near = any(label.span.start - NEAR <= mistake.place <= label.span.end + NEAR for one in found for label in one.labels)
    return Seen(near, fits[:1] == [True], any(fits), found[0])


def measure(kind: str, cases: list[dict[str, object]]) -> tuple[Counter[str], list[tuple[Broken, Seen]]]:
    """How many mistakes of a kind there are, and how well they are told; those that are not."""
    counts: Counter[str] = Counter()
    missed = []
    for case in cases:
        for mistake in broken(kind, str(case["expr"])):
            counts["broken"] += 1
            said = seen(case, mistake)
            if said is None:
                continue
            counts["refused"] += 1
            counts["near"] += said.near
            counts["first"] += said.first
            counts["among"] += said.among
            if not said.first:
                missed.append((mistake, said))
    return counts, missed


def corpus() -> list[dict[str, object]]:
    """The cases that are right as they stand."""
    cases = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    return [
        case for case in cases if meaning(case["expr"]) is not None and seen(case, Broken(case["expr"], case["expr"], 0)) is None
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", choices=KINDS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=12)
    asked = parser.parse_args()
    cases = corpus()
    print(f"{'mistake':10} {'broken':>7} {'refused':>8} {'at the place':>13} {'first help':>11} {'any help':>9}")
    for kind in [asked.show] if asked.show else KINDS:
        counts, missed = measure(kind, cases)
        refused = counts["refused"] or 1
        shares = [f"{100 * counts[name] / refused:.1f} %" for name in ("near", "first", "among")]
        print(f"{kind:10} {counts['broken']:7} {counts['refused']:8} {shares[0]:>13} {shares[1]:>11} {shares[2]:>9}", flush=True)
        if asked.show:
            for mistake, said in Random(asked.seed).sample(missed, min(asked.count, len(missed))):
                print(f"\n{mistake.original}\n{mistake.text}\n  {said.diagnostic.code} {said.diagnostic.message}")
                print("\n".join(f"  help: {help.line}" for help in said.diagnostic.help))
    return 0


if __name__ == "__main__":
    sys.exit(main())
