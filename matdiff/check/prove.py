"""`prove`: a result is exactly the derivative of its input, component by component, at small sizes.

SymPy differentiates every component of the input by every entry of the variables; the printed result, in matrix and in index
notation, is evaluated on the same symbols, and the difference is shown to be identically zero (`identity`).  Where that does
not succeed, a point where the difference is not zero disproves; without one the question is not decided, and the answer is no.
What is proved at small sizes is compared at others by numbers, and nothing is proved of an expression that has no real value.
Importing this module loads SymPy.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import product
from math import inf, prod
from random import Random
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal

import sympy

from matdiff.check.comparison import parts_of
from matdiff.check.components import Array, Components, Entry
from matdiff.check.identity import Letters, is_zero
from matdiff.check.verify import verify
from matdiff.derive.directions import SOLVE
from matdiff.derive.structure import turns_with_variable
from matdiff.language.dims import SCALAR
from matdiff.language.queries import shape_of
from matdiff.limits import check, is_real_time, remaining
from matdiff.numbers.axes import Place, axes_kept, number_of_dim, stored_size
from matdiff.numbers.matrices import Undefined, added, difference, entry_at, transposed
from matdiff.numbers.points import sample
from matdiff.numbers.precision import mp
from matdiff.numbers.sample import in_space, with_property
from matdiff.numbers.trial_sizes import TrialSizes, fixed_sizes
from matdiff.numbers.values import Entries, Evaluation, Inexpressible

if TYPE_CHECKING:
    from types import FrameType

    from matdiff.answer.answer import Answer
    from matdiff.answer.result import Result
    from matdiff.derive.directions import Along
    from matdiff.language.kinds import Variable

Progress = Callable[[int, int], None]
Pair = tuple[int, int]

# More components than this are not compared.
MOST_COMPONENTS = 4000
# An alarm after 0 seconds would be none.
_SHORTEST = 1e-4
# Seconds for the exact comparison of one component, and for SymPy's `simplify`, which is tried last.
_SECONDS, _SECONDS_TO_SIMPLIFY = 20.0, 5.0
_POINTS = 12
# So many orders of the sizes are tried: inv(X^T X) needs an X that is no wider than tall.
_MOST_SHAPES = 6
_DIGITS = 50


class Proof:
    """What the exact comparison found.

    passed      proved
    decided     proved or disproved; where not, `reason` says why, also of a disproof elsewhere
    components  how many were compared
    sizes       what the size names stood for
    wrong       of a disproof at these sizes: (axes of the entry, counted from 1; the derivative; what the result says), else None
    elsewhere   the sizes at which numbers disprove what is right at these, else None
    """

    kind: Literal["prove"] = "prove"

    def __init__(self, sizes: dict[str, int]) -> None:
        self.passed = self.decided = False
        self.components, self.sizes, self.reason = 0, sizes, ""
        self.wrong: tuple[Place, str, str] | None = None
        self.elsewhere: dict[str, int] | None = None

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        verdict = "proved" if self.passed else "disproved" if self.decided else f"not decided: {self.reason}"
        return f"<Proof {verdict}, {self.components} components, sizes {self.sizes}>"


def prove(answer: Answer, sizes: Mapping[str, int] | None = None, progress: Progress | None = None) -> Proof:
    """Prove every result of an answer at one choice of sizes; `sizes` fixes size names, `progress` is told (done, all).

    What is proved at one size may be an accident of small matrices; so it is compared with numbers at others, and at one that is
    larger than such an accident needs (see `trial_sizes`).
    """
    answer = answer.plain
    reasons, fixed = [], fixed_sizes(answer.typed, sizes)
    for chosen in TrialSizes([answer.typed], fixed).small(_MOST_SHAPES):
        proof = Proof(chosen)
        with mp.workdps(_DIGITS):
            if sample(answer.typed, 0, chosen) is None:
                reasons.append("no point was found where the expression is real and finite")
                continue
        try:
            with _alarm(remaining()):
                _compare(answer, proof, progress)
                if proof.passed:
                    _compare_elsewhere(answer, proof, fixed)
        except (ZeroDivisionError, Undefined):
            reasons.append("the expression has no value at the sizes that were tried")
            continue
        except _Expired:
            check()
            proof.passed = proof.decided = False
            proof.reason = "the time is over"
        return proof
    proof = Proof(fixed)
    proof.reason = reasons[0] if reasons else "the sizes do not fit the indices"
    return proof


def _compare_elsewhere(answer: Answer, proof: Proof, fixed: Mapping[str, int]) -> None:
    """Take a proof back that does not hold, by numbers, at other sizes and points."""
    report = verify(answer, sizes=fixed)
    if report.passed:
        return
    there = ", ".join(f"{name} = {size}" for name, size in report.sizes.items())
    proof.passed, proof.decided = False, bool(report.trials) and not report.undefined
    if proof.decided:
        proof.elsewhere = report.sizes
        proof.reason = f"with {there} it is not the derivative" if there else "at a random point it is not the derivative"
    elif report.undefined:
        proof.reason = f"the result has no real, finite value{there and ' with ' + there} where the input has one"
    else:
        proof.reason = "no point was found where the expression is real and finite"


def _compare(answer: Answer, proof: Proof, progress: Progress | None) -> None:
    """Fill in the proof.  Raises ZeroDivisionError or Undefined where something has no value at its sizes."""
    point = _Symbols(answer, proof.sizes)
    total = sum(prod(number_of_dim(dim, proof.sizes) for dim in result.tensor.dims) for result in answer.results)
    if total > MOST_COMPONENTS:
        proof.reason = f"{total} components are too many"
        return
    letters = Letters()
    try:
        value = Evaluation(point.free, proof.sizes, answer.typed.definitions, Components()).value(answer.typed.expr)
        for result in answer.results:
            for place, derivative, notations in _components(answer, result, value, point, proof.sizes):
                check()
                if progress is not None:
                    progress(proof.components, total)
                for printed in notations:
                    if not _settle(derivative, printed, place, letters, proof):
                        return
                proof.components += 1
    except Inexpressible as problem:
        proof.reason = f"{problem} has no components in elementary functions"
    except RecursionError:
        proof.reason = "the components are nested too deep"
    else:
        proof.passed = proof.decided = True


class _Symbols:
    """Variables as arrays of symbols.

    free    every entry a symbol of its own, so that it can be differentiated by
    held    the same with what is declared: a symmetric matrix has equal symbols, an orthogonal one is a Cayley transform
    along   what stands for each direction while differentiating: it stays, even where a direction is one of the variables
    """

    def __init__(self, answer: Answer, sizes: Mapping[str, int]) -> None:
        self.typed, self.structure = answer.typed, answer.asked.structure
        moving = {name for result in answer.results for name in result.wrt}
        typed = self.typed
        self.free: dict[str, Array] = {}
        self.held: dict[str, Array] = {}
        for variable in typed.variables.values():
            rows, columns = stored_size(variable.shape, sizes)
            entries = [[_symbol(variable.name, i, j, rows, columns) for j in range(columns)] for i in range(rows)]
            self.held[variable.name] = _structured(variable, entries)
            self.free[variable.name] = entries if variable.name in moving else self.held[variable.name]
        pairs = ((self.free[name], self.held[name]) for name in moving)
        self.holding = {x: y for free, held in pairs for x, y in _entry_pairs(free, held) if x != y}
        self.along: dict[tuple[str, str], Array] = {}
        for name, to in {pair for result in answer.results if result.along for pair in _moves(answer, result.along)}:
            self.along[name, to] = [[sympy.Dummy() for _ in row] for row in self.held[to]]
            tangent = self._in_space(name, self.held[name], self.held[to]) if name and self.turns(name) else self.held[to]
            self.holding.update(_entry_pairs(self.along[name, to], tangent))

    def hold(self, expr: Entry) -> Entry:
        """The expression with the structure of the variables put in."""
        return expr.subs(self.holding, simultaneous=True) if self.holding else expr

    def moved(self, expr: Entry, name: str, place: Pair) -> Entry:
        """The derivative in the direction in which an entry of a variable moves."""
        free = self.free[name]
        return sympy.Add(*(weight * sympy.diff(expr, free[i][j]) for (i, j), weight in self._moving(name, place)))

    def derivative(self, expr: Entry, names: Sequence[str], places: Sequence[Pair]) -> Entry:
        """The derivative in the directions in which entries of variables move; where these turn, the covariant one."""
        if not names:
            return expr
        *others, name = names
        if not (name in others and self.turns(name)):
            return self.moved(self.derivative(expr, others, places[:-1]), name, places[-1])
        if len(names) > 2:
            raise Inexpressible("the third derivative by an orthogonal matrix")
        first = self._moving(name, places[0])
        return sympy.Add(*(weight * self.moved(self.moved(expr, name, at), name, places[1]) for at, weight in first))

    def moved_along(self, expr: Entry, name: str, direction: str) -> Entry:
        """The derivative while a variable moves along a direction."""
        rows = enumerate(self.along[name, direction])
        return sympy.Add(*(x * self.moved(expr, name, (i, j)) for i, row in rows for j, x in enumerate(row)))

    def _moving(self, name: str, place: Pair) -> list[tuple[Pair, Entry]]:
        """Where a variable moves with an entry of the derivative, and how far."""
        free = self.free[name]
        entry = [[sympy.Integer(int((i, j) == place)) for j in range(len(free[0]))] for i in range(len(free))]
        way = self._in_space(name, free, entry)
        return [((i, j), weight) for i, row in enumerate(way) for j, weight in enumerate(row) if weight != 0]

    def _in_space(self, name: str, at: Array, direction: Array) -> Array:
        return in_space(self.typed.variables[name].property, self.structure, at, direction, Components.operations["*"])

    def turns(self, name: str) -> bool:
        """Whether the space in which a variable moves depends on its value."""
        return turns_with_variable(self.typed.variables[name].property, self.structure)


def _entry_pairs(one: Array, other: Array) -> Iterator[tuple[Entry, Entry]]:
    for first, second in zip(one, other, strict=True):
        yield from zip(first, second, strict=True)


def _symbol(name: str, i: int, j: int, rows: int, columns: int) -> Any:
    """X[1,2], x[1], or the name of a number."""
    if rows == columns == 1:
        return sympy.Symbol(name)
    place = f"{i + 1},{j + 1}" if rows > 1 and columns > 1 else str(max(i, j) + 1)
    return sympy.Symbol(f"{name}[{place}]")


def _structured(variable: Variable, entries: Array) -> Array:
    prop, size = variable.property, len(entries)
    if prop in ("symmetric", "spd"):
        return [[entries[min(i, j)][max(i, j)] for j in range(size)] for i in range(size)]
    if prop in ("skew", "orthogonal"):
        upper = [[x if i < j else 0 * x for j, x in enumerate(row)] for i, row in enumerate(entries)]
        skew = difference(upper, transposed(upper))
        return skew if prop == "skew" else _cayley(skew)
    return entries if prop is None else with_property(prop, entries)


def _cayley(skew: Array) -> Array:
    """(I - K)(I + K)^-1 for skew K: almost every rotation, in rational functions."""
    operations = Components.operations
    one = [[sympy.Integer(int(i == j)) for j in range(len(skew))] for i in range(len(skew))]
    return operations["*"](difference(one, skew), operations["inv"](added(one, skew)))


def _components(
    answer: Answer, result: Result, value: Array, point: _Symbols, sizes: Mapping[str, int]
) -> Iterator[tuple[Place, Entry, set[Entry]]]:
    """Every component: (its axes, the derivative, what the result says in index and in matrix notation)."""
    typed = answer.typed
    printed = Evaluation(point.held, sizes, parts_of(result), Components())
    entries = Entries(printed)
    matrix = printed.value(result.expr) if result.form == "matrix" else None
    letters = [axis[3] for axis in (result.axes[::-1] if result.turned else result.axes)]
    value, wrt = _applied(answer, result, value, point)
    arrays = (value, *(point.free[name] for name in wrt))
    outputs, *variables = ([*product(range(len(array)), range(len(array[0])))] for array in arrays)
    output_shape = SCALAR if result.along and result.along.kind == "vjp" else shape_of(typed.expr)
    shapes = [output_shape, *(typed.variables[name].shape for name in wrt)]
    for places in product(*variables):
        for output in outputs:
            derivative = point.hold(point.derivative(value[output[0]][output[1]], wrt, places))
            axes = axes_kept(shapes, (output, *places), sizes)
            at = dict(zip(letters, axes, strict=True))
            shown = entries.value(result.expr, at) if matrix is None else entry_at(matrix, axes[::-1] if result.turned else axes)
            yield axes, derivative, {entries.value(result.index_expr, at), shown}


def _moves(answer: Answer, along: Along) -> list[tuple[str, str]]:
    """Each variable with the direction along which it moves; the direction of the output has none."""
    return [("", along.names[0])] if along.kind == "vjp" else list(zip(answer.wrt, along.names, strict=True))


def _applied(answer: Answer, result: Result, value: Array, point: _Symbols) -> tuple[Array, tuple[str, ...]]:
    """What remains to be differentiated by single entries, and by which variables, once the directions are put in.

    The output weighted by u (vjp), or its change when the variables move along v (hvp, jvp): `directions` in components.
    """
    if result.along is None:
        return value, result.wrt
    kind, names = result.along
    if kind == "vjp":
        return Components.operations[":"](point.along["", names[0]], value), result.wrt
    if kind == SOLVE:
        raise Inexpressible("the inverse of a Hessian")
    pairs = list(zip(answer.wrt, names, strict=True))
    changes = [[sympy.Add(*(point.moved_along(entry, *pair) for pair in pairs)) for entry in row] for row in value]
    return changes, () if kind == "jvp" else result.wrt


def _settle(derivative: Entry, printed: Entry, place: Place, letters: Letters, proof: Proof) -> bool:
    """Whether the two are proved to be equal; else the proof holds what was found."""
    rest = derivative - printed
    if rest == 0:
        return True
    answer = _within(_SECONDS, lambda: is_zero(rest, letters))
    if answer is None:
        answer = _within(_SECONDS_TO_SIMPLIFY, lambda: True if sympy.simplify(rest) == 0 else None)
    if answer:
        return True
    if answer is False or _differs_somewhere(rest):
        proof.decided = True
        proof.wrong = tuple(k + 1 for k in place), str(derivative), str(printed)
    else:
        proof.reason = "equal at random points with 50 digits, but no proof was found"
    return False


def _differs_somewhere(rest: Entry) -> bool:
    """Whether it is a real number that is not zero for some rational values of the symbols."""
    random = Random(0)
    symbols = sorted(rest.free_symbols, key=str)
    for attempt in range(_POINTS):
        low, high = ((20, 190), (-200, 200), (2, 95))[attempt % 3]
        values = {symbol: sympy.Rational(random.randint(low, high), 100) for symbol in symbols}
        try:
            number = sympy.N(rest.subs(values), _DIGITS, maxn=4 * _DIGITS)
        except (ZeroDivisionError, ValueError, TypeError):
            continue
        if number.is_number and number.is_finite and abs(sympy.im(number)) < 1e-30 and abs(sympy.re(number)) > 1e-20:
            return True
    return False


class _Expired(Exception):
    """The time for a comparison is over."""


def _within(seconds: float, decide: Callable[[], bool | None]) -> bool | None:
    """What `decide` finds within the time, else None."""
    try:
        with _alarm(min(seconds, remaining())):
            return decide()
    except _Expired:
        check()
        return None


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raise `_Expired` in the block after the time; an outer block that ends later still holds.

    Where there are no such signals, or not for this thread or this clock, never.
    """
    is_heard = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread() and is_real_time()
    if seconds == inf or not is_heard:
        yield
        return

    def expire(number: int, frame: FrameType | None) -> None:
        raise _Expired

    outer, _ = signal.getitimer(signal.ITIMER_REAL)
    end = monotonic() + outer
    before = signal.signal(signal.SIGALRM, expire)
    try:
        signal.setitimer(signal.ITIMER_REAL, max(seconds, _SHORTEST))
        yield
    finally:
        # Off first: an alarm that nobody hears ends the process.
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if outer:
            signal.setitimer(signal.ITIMER_REAL, max(end - monotonic(), _SHORTEST))
