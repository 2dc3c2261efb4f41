"""Wrong answers that are nearly right, and right ones that look wrong: what --expect, --verify and --prove say of them.

    python tests/perturbed.py --count 2000 --seed 0

The right answers are those to the questions of the corpus.  A wrong one differs from it by a factor that is 1 on one side of a kink or
for one sign, or nearly 1, or 1 at small sizes, or by an equation that small matrices satisfy.  Whether the factor ever differs from 1
where the question has a value is tried at points of its own, of all scales, so that no factor is called wrong that is none.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from copy import copy
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import matdiff
from matdiff.api import Derivative
from matdiff.check.read import read_expected
from matdiff.choose.naming import Part
from matdiff.infer.infer import infer
from matdiff.language.errors import Errors, MatdiffError
from matdiff.numbers.matrices import Undefined
from matdiff.numbers.precision import mp
from matdiff.numbers.sample import MANNERS, draw_entries, made
from matdiff.numbers.values import evaluate
from matdiff.read.parse import Question, parse
from matdiff.steps.build import entry

CORPUS = Path(__file__).parent / "corpus" / "public.jsonl"
# At so many points a factor is looked at before it is taken for 1.
POINTS = 120


class Perturbed(NamedTuple):
    """A factor for an answer, or a term beside it; `kind` says what it is, `is_right` whether it changes nothing."""

    kind: str
    factor: str
    term: str = ""
    is_right: bool = False

    def text(self, line: str) -> str:
        *parts, result = line.split("; ")
        whole = f"({self.factor}) ({result})" if self.factor else f"{result} + {self.term}"
        return "; ".join([*parts, whole])


@cache
def cases() -> list[dict[str, Any]]:
    return [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines() if line.strip()]


@cache
def answer_of(number: int) -> Derivative | None:
    """The answer to a question of the corpus with at most two axes and another value than 0, else None."""
    case = cases()[number]
    try:
        answer = matdiff.differentiate(
            case["expr"],
            list(dict.fromkeys(case["wrt"])),
            order=len(case["wrt"]),
            declarations=case["decl"],
            structure=case.get("structure") or "project",
            timeout=20,
        )
    except (MatdiffError, Errors):
        return None
    if len(answer.results) > 1 or answer.result.form != "matrix" or len(answer.result.text) > 300:
        return None
    return None if answer.result.text == "0" or answer.result.text.startswith("zeros") else answer


def _scalars(answer: Derivative) -> Iterator[str]:
    for variable in answer.typed.variables.values():
        name = variable.name
        if variable.kind == "scalar":
            yield name
        elif variable.kind == "vector":
            yield from (f"{name}[1]", f"sum({name})", f"{name}[2]")
        elif variable.shape[0] == variable.shape[1]:
            yield from (f"tr({name})", f"{name}[1,1]", f"sum({name})", f"det({name})")
        else:
            yield from (f"sum({name})", f"{name}[1,1]")


def perturbations(answer: Derivative) -> Iterator[Perturbed]:
    """All that are tried of one answer."""
    for s in _scalars(answer):
        for c in ("", " - 1", " + 1", " - 3", " + 8", " - 50", " + 700"):
            yield Perturbed("kink", f"1 + relu({s}{c})")
            yield Perturbed("kink", f"1 + step(-{s}{c})")
        yield Perturbed("kink", f"1 + relu(({s})^2 - 400)")
        yield Perturbed("kink", f"1 + relu(1/900 - ({s})^2)")
        yield Perturbed("sign", f"sign({s})")
        yield Perturbed("sign", f"abs({s}) / ({s})")
        yield Perturbed("sign", f"sqrt(({s})^2) / ({s})")
        yield Perturbed("sign", f"norm({s}) / ({s})")
        yield Perturbed("sign", f"1 + abs({s}) - ({s})")
        yield Perturbed("sign", f"1 + ({s}) + norm({s})")
        for c in ("1e-12", "1e-16", "1e-21", "1e-30", "1e-45", "1e-80"):
            yield Perturbed("small", f"1 + {c} {s}")
        yield Perturbed("small", f"1 + exp(-100 - ({s})^2)")
        yield Perturbed("small", f"1 + exp(-1000 ({s})^2)")
        for right in (
            f"1 + relu({s}) - ({s})/2 - abs({s})/2",
            f"1 + sin({s})^2 + cos({s})^2 - 1",
            f"sqrt(({s})^2) / abs({s})",
            f"1 + abs({s}) - sign({s}) ({s})",
            f"exp(log(1 + ({s})^2)) / (1 + ({s})^2)",
            f"tanh({s}) (1 + exp(-2 ({s}))) / (1 - exp(-2 ({s})))",
        ):
            yield Perturbed("right", right, is_right=True)
    for c in ("1e-12", "1e-16", "1e-20", "1e-28", "1e-40"):
        yield Perturbed("small", f"1 + {c}")
    for n in _free_sizes(answer):
        for zeros in ((2, 3), (2, 3, 4, 5), range(2, 9), range(3, 12), (3, 4, 5, 12), (4, 6)):
            yield Perturbed("size", "1 + " + " ".join(f"({n} - {zero})" for zero in zeros))
        yield Perturbed("size", f"1 + relu({n} - 9)")
        yield Perturbed("right", f"1 + relu({n}) - {n}", is_right=True)
    yield from _identities(answer)
    yield Perturbed("right", "1", is_right=True)


def _free_sizes(answer: Derivative) -> list[str]:
    names = [dim.name for dim in answer.recovery.sizes if dim.name is not None]
    return [name for name in names if name not in answer.typed.variables]


def _identities(answer: Derivative) -> Iterator[Perturbed]:
    """Equations of Cayley and Hamilton, which hold at one size and below."""
    for variable in answer.typed.variables.values():
        x, (rows, columns) = variable.name, variable.shape
        if rows != columns or rows.is_one or rows.name is None or variable.property not in (None, "symmetric", "lower"):
            continue
        if answer.result.shape == (rows, columns):
            yield Perturbed("identity", "", f"{x}^2 - tr({x}) {x} + det({x}) I")
            third = f"{x}^3 - tr({x}) {x}^2 + 1/2 (tr({x})^2 - tr({x}^2)) {x} - det({x}) I"
            yield Perturbed("identity", "", third)
        yield Perturbed("identity", f"1 + tr({x}^2) - tr({x})^2 + 2 det({x})")
        yield Perturbed("identity", f"1 + tr({x}^3) - 3/2 tr({x}) tr({x}^2) + 1/2 tr({x})^3 - 3 det({x})")


def is_different(answer: Derivative, factor: str, seed: int) -> bool:
    """Whether the factor is another number than 1 at some point where the question and the factor have values."""
    random = Random(repr((factor, seed)))
    (question,) = (statement for statement in parse(factor, known=answer.typed.variables) if isinstance(statement, Question))
    typed = infer(question.expr, answer.typed.variables, {}, soft=False)
    names = {name for dim in answer.typed.dims_and_indices()[0] for name in dim.names}
    variables = list(answer.typed.variables.values())
    for attempt in range(POINTS):
        sizes = dict.fromkeys(answer.typed.dims_and_indices()[1], 1) | {name: random.randint(2, 4) for name in sorted(names)}
        scales = dict.fromkeys(answer.typed.variables, 10 ** random.uniform(-2, 3))
        manner = "normal" if attempt % 3 == 0 else random.choice(MANNERS)
        with mp.workdps(130):
            values = made(variables, draw_entries(variables, sizes, (seed, attempt), manner, scales))
            try:
                evaluate(answer.typed.expr, values, sizes, answer.typed.definitions)
                number = evaluate(typed.expr, values, sizes, {})[0][0]
                evaluate(answer.result.expr, values, sizes, {part.name: part.expr for part in answer.result.where})
            except (Undefined, KeyError):
                continue
            if abs(number - 1) > mp.mpf(10) ** -110:
                return True
    return False


def claiming(answer: Derivative, line: str) -> Derivative:
    """The answer with another result, which is what `line` says, in both notations: no right one beside it tells how large it is."""
    result = copy(answer.result)
    result.plain = result
    shape = answer.result.expr.shape
    typed = read_expected(answer, line, shape, result)
    result.expr = typed.expr
    result.index_expr = entry(typed.expr, [letter for _, _, _, letter in result.axes])
    result.where = tuple(Part(name, expr, answer.result.tensor) for name, expr in typed.definitions.items())
    claimed = copy(answer)
    claimed.results = [result]
    return claimed


def judged(answer: Derivative, perturbed: Perturbed, seed: int, verify: bool = False) -> str | None:
    """What is wrong with the verdict of --expect or --verify, or None.  Raises Errors for a text that is no expression here."""
    line = perturbed.text(answer.result.line)
    verdict = claiming(answer, line).verify(seed=seed) if verify else answer.expect(line, seed=seed)
    if perturbed.is_right:
        return None if verdict.passed else f"a false no: {verdict}"
    if not verdict.passed:
        return None
    if perturbed.kind in ("kink", "sign") and not is_different(answer, perturbed.factor, seed):
        return None
    return f"a false yes: {verdict}"


def drawn(count: int, seed: int) -> Iterator[tuple[int, Perturbed]]:
    """So many (number of the question, perturbation), each kind alike."""
    random = Random(seed)
    while count:
        number = random.randrange(len(cases()))
        answer = answer_of(number)
        if answer is not None:
            by_kind: dict[str, list[Perturbed]] = {}
            for perturbed in perturbations(answer):
                by_kind.setdefault(perturbed.kind, []).append(perturbed)
            yield number, random.choice(by_kind[random.choice(sorted(by_kind))])
            count -= 1


def run(count: int, seed: int, verify: bool = False) -> tuple[Counter[str], list[str]]:
    """How many of each kind were tried, and what is wrong."""
    tried: Counter[str] = Counter()
    wrong = []
    for number, perturbed in drawn(count, seed):
        answer = answer_of(number)
        assert answer is not None
        try:
            problem = judged(answer, perturbed, seed, verify)
        except (MatdiffError, Errors):  # det(X) of an X that is not square, and the like
            tried["refused"] += 1
            continue
        except Exception as bug:
            problem = f"crashed: {bug!r}"
        tried[perturbed.kind] += 1
        if problem is not None:
            case: Mapping[str, Any] = cases()[number]
            wrong.append(f"{case['id']}: {case['expr']} by {case['wrt']}: {perturbed.text(answer.result.line)}\n    {problem}")
    return tried, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--verify", action="store_true", help="ask --verify about a result that is the perturbed one")
    options = parser.parse_args()
    tried, wrong = run(options.count, options.seed, options.verify)
    print(*wrong, sep="\n")
    print(f"{sum(tried.values())} tried ({', '.join(f'{kind}: {n}' for kind, n in sorted(tried.items()))}), {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
