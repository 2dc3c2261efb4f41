"""`make fuzz`: random expressions, every answer against numbers; what is wrong is made small.

    python tests/fuzz.py --count 5000 --seed 0 --jobs 2     run the seeds from 0 on
    python tests/fuzz.py --seed 12345                       show one of them with everything

The referee shares no rule with the symbolic stages: it computes the input and the printed answer, as read back by the parser,
with mpmath, and compares the derivative along random directions of the variables with central differences of the input.
"""

from __future__ import annotations

import argparse
import inspect
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from multiprocessing import Pool
from random import Random
from typing import Any, NamedTuple

from expressions import Case, Generator, smaller

from matdiff.answer.result import Result
from matdiff.api import Derivative, differentiate
from matdiff.infer.infer import Typed, infer
from matdiff.language.errors import Errors, MatdiffError
from matdiff.language.queries import shape_of
from matdiff.numbers.axes import number_of_dim
from matdiff.numbers.matrices import Matrix, Undefined, added, checked, scaled, size_of
from matdiff.numbers.precision import mp
from matdiff.numbers.sample import draw_values, in_space
from matdiff.numbers.values import Evaluation, evaluate_tensor
from matdiff.read.parse import Definition, Question, parse

MANNERS = ("normal", "positive", "unit", "dominant", "fraction", "above one")
STEP_DIGITS = 12
TOLERANCE = 1e-9
SLOW = 2.0  # seconds
LONG = 20_000  # characters
STOP = 20.0
# So long the referee may take.
PATIENCE = 4.0
# Values beyond this leave no digits to compare.
LARGEST = 1e15
UNUSABLE = ("no point", "refused", "no value", "kink", "rough", "too long")
BAD = ("wrong", "unreadable", "crashed", "slow", "code")
# In index notation so many entries are compared; computing one may need a sum over all others.
ENTRIES = 8


class Verdict(NamedTuple):
    """What became of a case: "right", one of `UNUSABLE`, or one of `BAD`.

    kind     "no point": nowhere real and finite; "no value": the answer has none at the point; "kink": no derivative there;
             "rough": the numerical one is inexact; "too long": it took the referee too long
    detail   the code of the error, the printed line and numbers, or the traceback
    """

    kind: str
    detail: str = ""
    seconds: float = 0.0


class Stopped(Exception):
    """Took longer than `STOP`."""


class _Wrong(Exception):
    """A comparison failed."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind, self.detail = kind, detail


def _stop(*_: object) -> None:
    raise Stopped


def limited(case: Case, seed: object, **more: bool) -> Verdict:
    """`judge` with a limit of processor time, whatever else the machine does."""
    signal.signal(signal.SIGPROF, _stop)
    signal.setitimer(signal.ITIMER_PROF, STOP)
    try:
        return judge(case, seed, **more)
    except Stopped:  # between two stages
        return Verdict("too long")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _innermost() -> str:
    return "".join(traceback.format_tb(sys.exc_info()[2])[-3:])


def judge(case: Case, seed: object, code: bool = False) -> Verdict:
    """Differentiate and compare; `code` also runs the generated NumPy code."""
    start = time.process_time()
    try:
        answer = differentiate(
            case.source, case.wrt or None, order=case.order, declarations=case.declarations, structure=case.structure
        )
        lines = [result.line for result in answer.results]
    except (MatdiffError, Errors) as error:
        return Verdict("refused", error.code if isinstance(error, MatdiffError) else ", ".join(e.code for e in error.errors))
    except Stopped:
        return Verdict("slow", f"stopped after {STOP} s in\n{_innermost()}", STOP)
    except Exception:
        return Verdict("crashed", traceback.format_exc(limit=-3))
    seconds = time.process_time() - start
    if signal.getitimer(signal.ITIMER_PROF)[0]:
        signal.setitimer(signal.ITIMER_PROF, PATIENCE)
    try:
        verdict = _compare(answer, lines, case, seed, code)
    except _Wrong as problem:
        verdict = Verdict(problem.kind, problem.detail)
    except Stopped:
        verdict = Verdict("too long")
    except Exception:
        verdict = Verdict("crashed", f"{lines}\n{traceback.format_exc(limit=-3)}")
    if verdict.kind not in ("wrong", "unreadable", "crashed", "code") and seconds > SLOW:
        # A page of formula takes its time; it is counted, but nobody would want it sooner.
        verdict = Verdict("slow" if sum(map(len, lines)) < LONG else "long", f"{seconds:.1f} s")
    return verdict._replace(seconds=seconds)


def _compare(answer: Derivative, lines: list[str], case: Case, seed: object, code: bool) -> Verdict:
    sizes = {name: number for name, number in case.sizes if not name.startswith("=")}
    random = Random(repr(seed))
    with mp.workdps(_digits(case.order)):
        values = _point(answer.typed, sizes, seed)
        if values is None:
            return Verdict("no point")
        for result, line in zip(answer.results, lines, strict=True):
            found = check(answer, result, line, values, sizes, random)
            if found is not None:
                return found
        if code:
            _check_code(answer, values, sizes)
    return Verdict("right")


def _digits(order: int) -> int:
    return 30 + (STEP_DIGITS + 2) * max(order, 1)


def _point(typed: Typed, sizes: Mapping[str, int], seed: object) -> dict[str, Matrix] | None:
    """Values of the variables where the input is real, finite and not huge."""
    for manner in MANNERS:
        values = draw_values(typed.variables.values(), sizes, seed, manner)
        try:
            value = checked(Evaluation(values, sizes, typed.definitions).value(typed.expr))
        except (Undefined, ZeroDivisionError, OverflowError, ValueError):
            continue
        if all(abs(entry) < LARGEST for row in value for entry in row):
            return values
    return None


# --- one result -----------------------------------------------------------------------------------------------------------


def check(
    answer: Derivative, result: Result, line: str, values: Mapping[str, Matrix], sizes: Mapping[str, int], random: Random
) -> Verdict | None:
    """Compare one result at one point; None when it is right.  Raises _Wrong."""
    entrywise = result.form == "index"
    directions, weights = [], []
    for name in result.wrt:
        rows, columns = size_of(values[name])
        # One entry in index notation, else all of them at once with random weights.
        place = random.randrange(rows), random.randrange(columns)
        weight = [
            [mp.mpf((i, j) == place) if entrywise else mp.mpf(random.uniform(-1, 1)) for j in range(columns)] for i in range(rows)
        ]
        weights.append(weight)
        directions.append(weight)
    expected = along(answer, result.wrt, values, sizes, directions)
    if expected is None:
        return Verdict("no point")
    try:
        found = _entries(result, line, answer, values, sizes, weights, random, expected)
    except (Undefined, ZeroDivisionError) as problem:
        return Verdict("no value", f"{line}  ({problem})")
    shown = {place: expected[place[0]][place[1]] for place in found}
    scale = max([mp.mpf(10) ** -10, *(abs(x) for x in (*shown.values(), *found.values()))])
    worst = max((abs(shown[place] - found[place]) for place in found), default=mp.mpf(0))
    if worst <= TOLERANCE * scale:
        return None
    smooth = _is_smooth(answer, result.wrt, values, sizes, directions, expected)
    if smooth is not None:
        return Verdict(smooth)
    places = [place for place in found if abs(shown[place] - found[place]) > TOLERANCE * scale][:4]
    entries = ", ".join(f"{place}: {mp.nstr(found[place], 8)} for {mp.nstr(shown[place], 8)}" for place in places)
    kind = "wrong"
    if not entrywise and _own_value_is_right(result, values, sizes, weights, expected, answer):
        kind = "unreadable"
    raise _Wrong(kind, f"by {', '.join(result.wrt)}: {line}\n    {entries}")


def along(
    answer: Derivative,
    wrt: Sequence[str],
    values: Mapping[str, Matrix],
    sizes: Mapping[str, int],
    directions: Sequence[Matrix],
    step_digits: int = STEP_DIGITS,
    sides: Sequence[tuple[int, int]] | None = None,
) -> Matrix | None:
    """The input differentiated numerically along a direction of each variable, within its space; None where it has no value.

    Where the space turns with the variable, earlier derivatives are of tangent directions wherever they are taken: the covariant ones.
    `sides` are the two ends of the difference for each variable, in steps; None is central.
    """
    typed, step = answer.typed, mp.mpf(10) ** -step_digits
    properties = [typed.variables[name].property for name in wrt]

    def slope(at: Mapping[str, Matrix], directions: Sequence[Matrix]) -> Matrix:
        if not directions:
            return checked(Evaluation(at, sizes, typed.definitions).value(typed.expr))
        last = len(directions) - 1
        here = [
            in_space(prop, answer.asked.structure, at[name], direction) if prop == "orthogonal" or place == last else direction
            for place, (name, prop, direction) in enumerate(zip(wrt, properties, directions, strict=False))
        ]
        name, direction = wrt[last], here.pop()
        behind, ahead = sides[last] if sides is not None else (-1, 1)
        ends = [slope({**at, name: added(at[name], scaled(side * step, direction))}, here) for side in (ahead, behind)]
        return scaled(1 / ((ahead - behind) * step), added(ends[0], scaled(-1, ends[1])))

    try:
        return slope(values, directions)
    except (Undefined, ZeroDivisionError, OverflowError, ValueError):
        return None


def _is_smooth(
    answer: Derivative,
    wrt: Sequence[str],
    values: Mapping[str, Matrix],
    sizes: Mapping[str, int],
    directions: Sequence[Matrix],
    expected: Matrix,
) -> str | None:
    """Why the numerical derivative cannot be trusted, or None: "kink" if the sides differ, "rough" if a smaller step differs."""

    def differs(other: Matrix | None, tolerance: float) -> bool:
        if other is None:
            return True
        scale = max([mp.mpf(10) ** -10, *(abs(x) for row in (*expected, *other) for x in row)])
        pairs = zip((x for row in expected for x in row), (x for row in other for x in row), strict=True)
        return any(abs(x - y) > tolerance * scale for x, y in pairs)

    with mp.workdps(mp.dps + 9):  # a value decided by rounding, as argmax of equal entries is
        if differs(along(answer, wrt, values, sizes, directions), TOLERANCE):
            return "rough"
    for sides in product([(0, 1), (-1, 0), (1, 2)], repeat=len(wrt)):
        if differs(along(answer, wrt, values, sizes, directions, sides=sides), 1e-5):
            return "kink"
    with mp.workdps(mp.dps + 20 * len(wrt)):
        return "rough" if differs(along(answer, wrt, values, sizes, directions, STEP_DIGITS + 8), TOLERANCE) else None


def _entries(
    result: Result,
    line: str,
    answer: Derivative,
    values: Mapping[str, Matrix],
    sizes: Mapping[str, int],
    weights: Sequence[Matrix],
    random: Random,
    expected: Matrix,
) -> dict[tuple[int, int], Any]:
    """The entries (row, column) of the output's derivative along the weights, from the printed result."""
    outputs = list(product(range(len(expected)), range(len(expected[0]))))
    if result.form == "index":
        chosen = random.sample(outputs, min(len(outputs), ENTRIES))
        parts = {part.name: part.expr for part in result.where}
        return _indexed(result, result.expr, answer, values, sizes, weights, chosen, parts)
    matrix = read_back(line, answer, result, values, sizes)
    _check_size(matrix, result, line, sizes)
    return {place: _contracted(result, answer, matrix, sizes, weights, place) for place in outputs}


def _check_size(matrix: Matrix, result: Result, line: str, sizes: Mapping[str, int]) -> None:
    """The value has the axes of the result; a scalar stands for an array of equal entries."""
    lengths = [number_of_dim(dim, sizes) for _, _, dim, _ in result.axes]
    rows, columns = size_of(matrix)
    if (rows, columns) != (1, 1) and sorted([*lengths, 1, 1][: max(2, len(lengths))]) != sorted((rows, columns)):
        raise _Wrong("unreadable", f"by {', '.join(result.wrt)}: {line}\n    is {rows} x {columns}, not {lengths}")


def read_back(line: str, answer: Derivative, result: Result, values: Mapping[str, Matrix], sizes: Mapping[str, int]) -> Matrix:
    """The value of the printed line, read with the same declarations."""
    try:
        statements = parse(line, known=list(answer.typed.variables))
        definitions = {s.name: s.expr for s in statements if isinstance(s, Definition)}
        question = next(s for s in statements if isinstance(s, Question))
        typed = infer(question.expr, answer.typed.variables, definitions, soft=False)
    except (MatdiffError, Errors) as error:
        raise _Wrong("unreadable", f"by {', '.join(result.wrt)}: {line}\n    {error}") from None
    # `I` alone has no size of its own; it has that of the result.
    known = dict(sizes)
    fixed = typed.size_names
    for read, dim in zip(shape_of(typed.expr), shape_of(result.expr), strict=True):
        if read.name is not None and read.name not in fixed and f"{read.name})" not in line:
            known[read.name] = number_of_dim(dim, sizes)
    try:
        return checked(Evaluation(values, known, typed.definitions).value(typed.expr))
    except KeyError as name:
        raise _Wrong("unreadable", f"by {', '.join(result.wrt)}: {line}\n    the size {name} is not fixed") from None


def _contracted(
    result: Result,
    answer: Derivative,
    matrix: Matrix,
    sizes: Mapping[str, int],
    weights: Sequence[Matrix],
    output: tuple[int, int],
) -> Any:
    """One entry of the output: the result, a value of at most two axes, times the weights of the variables."""
    total = mp.mpf(0)
    lengths = [number_of_dim(dim, sizes) for _, _, dim, _ in result.axes]
    fixed = [index for index, dim in zip(output, shape_of(answer.typed.expr), strict=True) if not dim.is_one]
    for rest in product(*(range(length) for length in lengths[len(fixed) :])):
        place = (*fixed, *rest)
        if size_of(matrix) == (1, 1):
            value = matrix[0][0]
        elif len(place) == 2:
            value = matrix[place[0]][place[1]]
        else:
            value = matrix[place[0]][0] if len(matrix[0]) == 1 else matrix[0][place[0]]
        total += value * _weight(result, answer, weights, rest)
    return total


def _weight(result: Result, answer: Derivative, weights: Sequence[Matrix], rest: tuple[int, ...]) -> Any:
    """The product of the weights at these indices of the variables."""
    total, left = mp.mpf(1), list(rest)
    for name, weight in zip(result.wrt, weights, strict=True):
        row, column = (0 if dim.is_one else left.pop(0) for dim in answer.typed.variables[name].shape)
        total *= weight[row][column]
    return total


def _indexed(
    result: Result,
    expr: Any,
    answer: Derivative,
    values: Mapping[str, Matrix],
    sizes: Mapping[str, int],
    weights: Sequence[Matrix],
    outputs: Sequence[tuple[int, int]],
    parts: Mapping[str, Any],
) -> dict[tuple[int, int], Any]:
    """The same from index notation, at one entry of the variables."""
    letters = [(letter, number_of_dim(dim, sizes)) for _, _, dim, letter in result.axes]
    tail: list[int] = []
    for name, weight in zip(result.wrt, weights, strict=True):
        place = next((i, j) for i, row in enumerate(weight) for j, entry in enumerate(row) if entry)
        tail += [index for index, dim in zip(place, answer.typed.variables[name].shape, strict=True) if not dim.is_one]
    kept = {
        place: (*(index for index, dim in zip(place, shape_of(answer.typed.expr), strict=True) if not dim.is_one), *tail)
        for place in outputs
    }
    found = evaluate_tensor(expr, letters, values, sizes, list(kept.values()), parts)
    return {place: found[at] for place, at in kept.items()}


def _own_value_is_right(
    result: Result,
    values: Mapping[str, Matrix],
    sizes: Mapping[str, int],
    weights: Sequence[Matrix],
    expected: Matrix,
    answer: Derivative,
) -> bool:
    """Whether the result is right but not what is read from its print."""
    parts = {part.name: part.expr for part in result.where}
    try:
        matrix = checked(Evaluation(values, sizes, parts).value(result.expr))
    except (Undefined, KeyError, ZeroDivisionError):
        return False
    scale = max([mp.mpf(10) ** -10, *(abs(x) for row in expected for x in row)])
    return all(
        abs(_contracted(result, answer, matrix, sizes, weights, (i, j)) - entry) <= TOLERANCE * scale
        for i, row in enumerate(expected)
        for j, entry in enumerate(row)
    )


# --- the generated code ---------------------------------------------------------------------------------------------------


def _check_code(answer: Derivative, values: Mapping[str, Matrix], sizes: Mapping[str, int]) -> None:
    """The NumPy functions of all results give the entries of the index notation.  Raises _Wrong."""
    import warnings

    import numpy as np

    module: dict[str, Any] = {}
    text = answer.to("numpy")
    arrays = {}
    for name, variable in answer.typed.variables.items():
        array = np.array([[float(x) for x in row] for row in values[name]])
        kept = tuple(0 if dim.is_one else slice(None) for dim in variable.shape)
        arrays[name] = array[kept]

    def called(function: Callable[..., Any], scale: float) -> Any:
        """The value at the point; sizes that no array has are parameters where they are needed."""
        names = inspect.signature(function).parameters
        return np.asarray(function(*(arrays[name] * scale if name in arrays else sizes[name] for name in names)))

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            exec(text, module)
            functions = [value for name, value in module.items() if name[0] == "d" and callable(value)]
            found = [called(function, 1.0) for function in functions]
        except np.linalg.LinAlgError:
            return
        except Stopped:
            raise
        except Exception:
            raise _Wrong("code", f"{text}\n{traceback.format_exc(limit=-2)}") from None
    for result, array, function in zip(answer.results, found, functions):
        lengths = [number_of_dim(dim, sizes) for _, _, dim, _ in result.axes]
        if list(array.shape) != lengths:
            raise _Wrong("code", f"{text}\n    {function.__name__} has shape {array.shape} for {tuple(lengths)}")
        letters = [(letter, length) for (_, _, _, letter), length in zip(result.axes, lengths, strict=True)]
        places = list(product(*(range(length) for length in lengths)))
        places = Random(0).sample(places, min(len(places), 3))
        parts = {part.name: part.expr for part in result.where}
        try:
            meant = evaluate_tensor(result.index_expr, letters, values, sizes, places, parts)
        except (Undefined, ZeroDivisionError):
            continue
        scale = max(1.0, float(np.max(np.abs(array), initial=0)), *(abs(float(x)) for x in meant.values()))
        for place, number in meant.items():
            if abs(array).max() > 1e9:  # too large for its digits
                continue
            if not np.isfinite(array[place]) or abs(float(array[place]) - float(number)) > 1e-6 * scale:
                moved = called(function, 1 + 1e-11)
                if np.isfinite(moved).all() and abs(moved - array).max() < 1e-7 * scale:
                    raise _Wrong("code", f"{text}\n    {place}: {array[place]} for {mp.nstr(number, 8)}")


# --- many cases -----------------------------------------------------------------------------------------------------------


def shrunk(case: Case, seed: object, verdict: Verdict, judged: Callable[..., Verdict] = limited, tries: int = 400) -> Case:
    """A smaller case with the same kind of verdict."""
    code = verdict.kind == "code"
    most = case.body.count + sum(tree.count for _, tree in case.definitions) + 1
    left = tries
    while left > 0:
        for candidate in smaller(case):
            if left <= 0 or not set(candidate.wrt) <= set(candidate.names):
                continue
            left -= 1
            found = judged(candidate, seed, code=code)
            if found.kind == verdict.kind and (verdict.kind != "crashed" or _last(found) == _last(verdict)):
                case = candidate
                break
        else:
            break
        if most <= 0:
            break
    return case


def _last(verdict: Verdict) -> str:
    return verdict.detail.strip().splitlines()[-1].split(":")[0]


def run(seed: int) -> tuple[int, Verdict, str, str]:
    """One seed: its verdict, the command, and the command of the smallest bad case found from it."""
    case = Generator(seed).case()
    verdict = limited(case, seed, code=seed % 16 == 0)
    small = ""
    if verdict.kind in BAD:
        smallest = shrunk(case, seed, verdict) if verdict.kind != "slow" else case  # each try would take as long
        again = limited(smallest, seed, code=verdict.kind == "code")
        small = f"{smallest.command}\n    {again.detail}"
    elif verdict.kind in ("refused", "no value"):
        small = verdict.detail
    return seed, verdict, case.command, small


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit status is 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description="Random expressions against numbers.")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, default=None, help="how many seeds; without it, one, with everything about it")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--refusals", action="store_true", help="print what was refused or had no value, too")
    options = parser.parse_args(arguments)
    if options.count is None:
        return show(options.seed)
    start = time.perf_counter()
    kinds: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    for seed, verdict, command, small in _all(range(options.seed, options.seed + options.count), options.jobs):
        kinds[verdict.kind] += 1
        if verdict.kind == "refused":
            codes[verdict.detail] += 1
        if verdict.kind in BAD or (options.refusals and verdict.kind in ("refused", "no value")):
            print(f"seed {seed}: {verdict.kind}\n  {command}\n  {small}", flush=True)
    usable = options.count - sum(kinds[kind] for kind in UNUSABLE)
    bad = sum(kinds[kind] for kind in BAD)
    print(f"\nran {options.count} ({time.perf_counter() - start:.0f} s), usable {usable}, bad {bad}")
    print(", ".join(f"{kind} {kinds[kind]}" for kind in sorted(kinds)))
    if codes:
        print("refused: " + ", ".join(f"{code} {count}" for code, count in codes.most_common()))
    return 1 if bad else 0


def _all(seeds: Sequence[int], jobs: int) -> Iterator[tuple[int, Verdict, str, str]]:
    if jobs == 1:
        yield from map(run, seeds)
        return
    with Pool(jobs) as pool:
        yield from pool.imap_unordered(run, seeds, chunksize=20)


def show(seed: int) -> int:
    """Everything about one seed."""
    case = Generator(seed).case()
    print(case.command)
    _, verdict, _, small = run(seed)
    print(f"{verdict.kind}, {verdict.seconds:.3f} s\n{verdict.detail}")
    if verdict.kind in BAD:
        print(f"smaller: {small}")
    else:
        try:
            print(
                differentiate(
                    case.source, case.wrt or None, order=case.order, declarations=case.declarations, structure=case.structure
                )
            )
        except (MatdiffError, Errors) as error:
            print(error)
    return verdict.kind in BAD


if __name__ == "__main__":
    sys.exit(main())
