"""`read`: code for NumPy, JAX or PyTorch to statements, by Python's own parser; nothing of it is run.

Code does not say whether `x` is a number, a vector or a matrix, and what `@` and `*` mean rests on it.  So the kinds are searched: those
that the spelling of the names suggests, or the fewest other ones with which everything fits.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from itertools import count
from typing import NamedTuple

from matdiff.language.errors import MatdiffError, ReadAs, SeveralReadings, UnreadCode
from matdiff.language.kinds import default_kind
from matdiff.language.queries import post_order
from matdiff.language.statements import Declaration, Definition, Question, Reading, Statement
from matdiff.language.syntax import Span
from matdiff.language.text import text as canonical
from matdiff.limits import check
from matdiff.read.numpy.arrays import DEPARTURE
from matdiff.read.numpy.asking import Asking
from matdiff.read.numpy.script import Script
from matdiff.read.numpy.slices import Named
from matdiff.read.numpy.translation import Translation, usual_kind
from matdiff.read.numpy.value import Misfit, Size, Unequal

# Readings that are tried at most, and the nodes that all of them may visit.
MOST_READINGS = 400
SEARCH_NODES = 200_000
_MOST_DEPARTURES = 6
# What a departure from the usual kind costs, where that is not DEPARTURE.
_BUNDLE = 3
_UNUSUAL = {
    ("vector", "matrix"): DEPARTURE + 2,
    ("scalar", "matrix"): DEPARTURE + 2,
    ("matrix", "vector"): DEPARTURE + 3,
    ("matrix", "scalar"): DEPARTURE + 2,
}


def read(text: str, *, known: Iterable[str] = (), more: bool = False) -> Reading:
    """The statements of a text in Python; `known` may tell the kinds of names that are declared elsewhere, as a mapping.

    Assignments are definitions; the question is what is returned, or the last expression or assignment.
    """
    result = Reading()
    try:
        result.statements = _Code(text, known, more).statements()
    except MatdiffError as error:
        result.failed.append((0, error.errors))
    return result


class _Attempt(NamedTuple):
    """What was read with some kinds, and what speaks against them; `against` are the names whose spelling does, here and there."""

    cost: int
    statements: tuple[Statement, ...]
    free: Mapping[str, str]
    dims: Mapping[str, tuple[Size, ...]]
    against: tuple[str, ...]


class _Code(Script):
    """A text, and the search for the kinds of its names."""

    def statements(self) -> list[Statement]:
        """The statements with the kinds that fit best.  Raises MatdiffError, SeveralReadings where two fit as well."""
        first: Misfit | None = None
        best: list[_Attempt] = []
        most = min(MOST_READINGS, max(1, SEARCH_NODES // len(self.nodes)))
        order = count()
        queue: list[tuple[int, int, dict[str, str]]] = [(0, next(order), {})]
        seen = {frozenset[tuple[str, str]]()}
        for _ in range(most):
            if not queue or (best and queue[0][0] > best[0].cost):
                break
            check()
            cost, _, kinds = heapq.heappop(queue)
            attempt, misfit, free = self._attempt(kinds, cost)
            first = first or misfit
            if attempt is not None and (not best or attempt.cost < best[0].cost):
                best = [attempt]
            elif attempt is not None and attempt.cost == best[0].cost:
                best.append(attempt)
            for name in free if len(kinds) < _MOST_DEPARTURES else ():
                for kind in ("scalar", "vector", "matrix", "bundle")[: 4 if name in self.unpacked else 3]:
                    other = {**kinds, name: kind}
                    key = frozenset(other.items())
                    if (
                        name in kinds
                        or name in self.declared
                        or name in self.annotated
                        or kind == usual_kind(name)
                        or key in seen
                    ):
                        continue
                    seen.add(key)
                    heapq.heappush(queue, (cost + _cost(name, kind), next(order), other))
        if not best:
            assert first is not None
            raise UnreadCode(span=first.span, why=first.why)
        if len(best) > 1:
            raise SeveralReadings(span=self._question_span(best[0]), readings=tuple(_runnable(one) for one in best[:4]))
        return self._told(best[0])

    def _attempt(self, kinds: Mapping[str, str], cost: int) -> tuple[_Attempt | None, Misfit | None, Mapping[str, str]]:
        dims: dict[str, tuple[Size, ...]] = {}
        told = frozenset({*self.annotated, *self.declared})
        while True:
            check()
            code = Translation(
                self.places, {**self.annotated, **kinds, **self.declared}, told, self.functions, self.imported,
                self.variables, self.own_name, self.library, self.bundles, dims,
            )  # fmt: skip
            try:
                statements = Asking(self, code).read()
            except Misfit as misfit:
                return None, misfit, code.free
            except Named as named:
                dims[named.own] = tuple(Size(name) for name in self._sizes(named.rank, dims))
            except Unequal as unequal:
                for own, sizes in dims.items():
                    dims[own] = tuple(
                        Size(unequal.size.name, unequal.size.plus + one.plus) if one.name == unequal.name else one
                        for one in sizes
                    )
            else:
                free, against = (
                    dict(code.free),
                    tuple(name for name in code.free if name in kinds and kinds[name] != default_kind(name)),
                )
                return _Attempt(cost + code.arrays.all_doubts, tuple(statements), free, dims, against), None, free

    def _sizes(self, many: int, dims: Mapping[str, tuple[Size, ...]]) -> list[str]:
        """New names for sizes."""
        taken = {*self.variables, *self.own_names.values(), *(size.name for sizes in dims.values() for size in sizes)}
        letters = [*"nmpqrs", *(f"n{place}" for place in range(2, 400))]
        return [name for name in letters if name not in taken][:many]

    def _question_span(self, attempt: _Attempt) -> Span:
        questions = [statement for statement in attempt.statements if isinstance(statement, Question)]
        return questions[-1].span if questions else Span(0, len(self.text))

    def _told(self, attempt: _Attempt) -> list[Statement]:
        """The statements, with the kinds that their meaning rests on, and a remark that says how the code was read."""
        kinds = {name: kind for name, kind in attempt.free.items() if name not in self.declared}
        told: list[Statement] = []
        for name, sizes in attempt.dims.items():
            first, nowhere = attempt.statements[0].span, Span(0, 0)
            told.append(Declaration(name, nowhere, tuple(size.expr(nowhere) for size in sizes), None, first))
        for statement in attempt.statements:
            if isinstance(statement, Definition):
                told.append(Definition(statement.name, statement.name_span, statement.expr, statement.span, (), kinds))
            elif isinstance(statement, Question):
                strange = tuple((name, kind) for name, kind in kinds.items() if kind != default_kind(name))
                line, by = (
                    _sized(attempt) + _line(attempt.statements, statement),
                    statement.by if statement.order is not None else (),
                )
                remark = ReadAs(span=statement.span, read=line, by=by, kinds=strange, against=attempt.against)
                told.append(
                    Question(statement.expr, (), statement.span, (), (remark,), kinds, order=statement.order, by=statement.by)
                )
        return told


# Readings


def _cost(name: str, kind: str) -> int:
    usual = usual_kind(name)
    if kind == "bundle":
        return _BUNDLE
    if usual == "scalar" and kind == default_kind(name):
        return 1
    return _UNUSUAL.get((usual, kind), DEPARTURE)


def _line(statements: Iterable[Statement], question: Question) -> str:
    """The question in our own notation, with the definitions that it needs."""
    definitions = {one.name: one.expr for one in statements if isinstance(one, Definition)}
    needed, pending = set[str](), [question.expr]
    while pending:
        for node in post_order(pending.pop()):
            name = str(node.value)
            if node.op == "name" and name in definitions and name not in needed:
                needed.add(name)
                pending.append(definitions[name])
    parts = [f"{name} = {canonical(expr)}" for name, expr in definitions.items() if name in needed]
    if question.expr.op == "name" and question.expr.value in needed and parts[-1].startswith(f"{question.expr.value} = "):
        return "; ".join(parts)
    return "; ".join([*parts, canonical(question.expr)])


def _runnable(attempt: _Attempt) -> str:
    """A reading as a text that can be run."""
    question = [one for one in attempt.statements if isinstance(one, Question)][-1]
    numbers = [f"{name}: scalar" for name, kind in attempt.free.items() if kind == "scalar" and default_kind(name) != "scalar"]
    return "; ".join([*numbers, _sized(attempt) + _line(attempt.statements, question)])


def _sized(attempt: _Attempt) -> str:
    """The declarations that the line needs."""
    return "".join(
        f"{name}: {' x '.join(canonical(size.expr(Span(0, 0))) for size in sizes)}; " for name, sizes in attempt.dims.items()
    )
