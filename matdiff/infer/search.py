"""`readings`: the kinds of undeclared names, and the marks, with the fewest departures from what is written that fit.

A search by cost.  Where one attempt fails, what is at fault is under one node, so only names and marks under it are changed next: each
smallest reading is met on such a way.  The number of attempts is bounded, and nothing in it depends on a clock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

from matdiff.functions import FUNCTIONS, lifted
from matdiff.infer.evidence import LABELS, POSSIBLE, USUAL, VECTOR_LETTERS
from matdiff.infer.whole import Whole
from matdiff.language.errors import DivisionKind, MatdiffError, PowerKind, ProductSizes, SumShapes, TooLarge, WrongKind
from matdiff.language.kinds import default_kind, is_greek, is_usual_number, stem
from matdiff.language.queries import bare, constant, is_scalar, names_in, ones_of, post_order, rebuilt, unsigned, values_of
from matdiff.language.syntax import Expr

if TYPE_CHECKING:
    from matdiff.infer.shapes import Shaping
    from matdiff.language.kinds import Variable

# No reading that costs more is looked for.
HIGHEST_COST = 10
# What a mark may mean is told apart even where the other meaning makes a number of one more name.
OTHER_MARK = 2
# So many readings are told.
MOST_TOLD = 5


class Mark(NamedTuple):
    """What a mark is read as: the node that is written, and what a node with these arguments becomes.

    way     "entries" and "inner" of a power or product, "outer" of a product, "quotient" of a product that begins with a quotient,
            "rows" of a function of vectors; "to_rows" and "to_columns" of a sum of vectors and a matrix
    place   of the left one of two factors; of a quotient the last factor that it divides by
    rows    of a sum the terms that are rows, and `columns` those that are columns
    """

    node: Expr
    way: str
    place: int = 0
    rows: tuple[int, ...] = ()
    columns: tuple[int, ...] = ()

    @property
    def is_told(self) -> bool:
        """Whether what is written says so itself, where nothing else fits."""
        return self.way in ("quotient", "rows", "to_rows", "to_columns") or (self.way == "entries" and self.node.op == "^")

    def made(self, node: Expr) -> Expr:
        """The node as it is read."""
        if node.op == "^":
            base = node.args[0]
            if self.way == "entries":
                return Expr(".^", node.args, span=node.span)
            return Expr("*", (Expr("'", (base,), span=base.span), base), span=node.span)
        if node.op == "+":
            return Expr("+", tuple([self._term(place, term) for place, term in enumerate(node.args)]), span=node.span)
        if self.way == "rows":
            return Expr(lifted(node.op, "rows"), node.args, span=node.span)
        if self.way == "quotient":
            quotient, *divisors = node.args[: self.place + 1]
            above, below = quotient.args
            divided = Expr("/", (above, Expr("*", (below, *divisors), span=below.span)), span=quotient.span)
            rest = node.args[self.place + 1 :]
            return Expr("*", (divided, *rest), span=node.span) if rest else divided
        before, (left, right), after = (
            node.args[: self.place],
            node.args[self.place : self.place + 2],
            node.args[self.place + 2 :],
        )
        if self.way == "entries":
            factors: tuple[Expr, ...] = (Expr(".*", (left, right), span=node.span),)
        elif self.way == "inner":
            factors = (Expr("'", (left,), span=left.span), right)
        else:
            factors = (left, Expr("'", (right,), span=right.span))
        whole = (*before, *factors, *after)
        return whole[0] if len(whole) == 1 else Expr("*", whole, span=node.span)

    def _term(self, place: int, term: Expr) -> Expr:
        """A term of a sum: of a vector the matrix whose rows, or columns, are all this vector."""
        if place not in self.rows + self.columns:
            return term
        vector, ones = unsigned(term), Expr("ones", span=term.span)
        if place in self.rows:
            factors = ones, vector
        elif self.way == "to_rows":
            factors = ones, Expr("'", (vector,), span=vector.span)
        else:
            factors = vector, Expr("'", (ones,), span=vector.span)
        spread = Expr("*", factors, span=vector.span)
        return Expr("neg", (spread,), span=term.span) if term.op == "neg" else spread


class Reading(NamedTuple):
    """Kinds of names against their spelling, and marks, by the node that is written, read as others."""

    kinds: Mapping[str, str] = {}
    marks: tuple[Mark, ...] = ()
    cost: int = 0


class _Attempt:
    """A reading tried: `shaping` with `expr`, or the node at fault as it is written."""

    def __init__(self, whole: Whole, reading: Reading) -> None:
        self.changed, self.written = marked(whole, reading.marks)
        self.shaping: Shaping = self.changed.shaping(reading.kinds)
        self.error: MatdiffError | None = None
        try:
            self.definitions, self.expr = self.changed.shaped(self.shaping)
        except TooLarge:
            raise
        except MatdiffError as error:
            self.error = error


def readings(whole: Whole) -> list[Reading]:
    """The readings of the lowest cost that fit, at most `MOST_TOLD` and one more, in the order of the text.

    None at all where the search ends before it is known that there are no others.
    """
    queue: list[tuple[int, int, Reading]] = [(0, 0, Reading())]
    met: set[tuple[frozenset[tuple[str, str]], frozenset[tuple[int, str, int]]]] = set()
    found: list[Reading] = []
    left = max(1, whole.attempts)
    while queue:
        cost, _, reading = heappop(queue)
        if found and cost > found[0].cost + (OTHER_MARK if found[0].marks else 0):
            break
        if not left:
            return []
        left -= 1
        attempt = _Attempt(whole, reading)
        if attempt.error is None:
            is_longer = any(one.marks == reading.marks and one.cost < cost for one in found)
            if not is_longer and is_sensible(whole, attempt.shaping, attempt.expr, reading):
                found.append(reading)
            if len(found) > MOST_TOLD:
                break
            continue
        if attempt.shaping.culprit is None or not attempt.error.code.startswith("E3"):
            continue
        for more, kinds, marks in _changes(whole, attempt, reading):
            key = frozenset(kinds.items()), frozenset((id(mark.node), mark.way, mark.place) for mark in marks)
            if key not in met and cost + more <= HIGHEST_COST:
                met.add(key)
                heappush(queue, (cost + more, len(met), Reading(kinds, marks, cost + more)))
    return found


def marked(whole: Whole, marks: tuple[Mark, ...]) -> tuple[Whole, dict[int, Expr]]:
    """The question with its marks read so, and for every node of it the one that is written."""
    by_node = {id(mark.node): mark for mark in marks}
    written: dict[int, Expr] = {}
    if not marks:
        return whole, written

    def change(node: Expr, again: Expr) -> Expr:
        made = by_node[id(node)].made(again) if id(node) in by_node else again
        written.setdefault(id(made), node)
        return made

    definitions = {name: rebuilt(value, change) for name, value in whole.all_definitions.items()}
    return Whole(rebuilt(whole.expr, change), whole.declared, definitions, whole.wrt, whole.kinds), written


def _changes(whole: Whole, attempt: _Attempt, reading: Reading) -> Iterator[tuple[int, dict[str, str], tuple[Mark, ...]]]:
    """What else to try where an attempt failed: one more name or mark under the node at fault."""
    assert attempt.shaping.culprit is not None and attempt.error is not None
    node, args = attempt.shaping.culprit
    names = list(dict.fromkeys(str(name.value) for name in _below(whole, node)))
    for name in names:
        if name not in whole.changeable or name in reading.kinds:
            continue
        now = whole.preferred.get(name) or default_kind(name)
        for kind, cost in whole.evidence.choices(name, whole.wrt).items():
            if kind != now:
                yield cost, {**reading.kinds, name: kind}, reading.marks
    original = attempt.written.get(id(node), node)
    if any(mark.node is original for mark in reading.marks):
        return
    for mark in _marks(whole, attempt.error, original, args):
        yield POSSIBLE, dict(reading.kinds), (*reading.marks, mark)
    for mark in _longer_quotients(attempt, node):
        if all(mark.node is not other.node for other in reading.marks):
            yield USUAL, dict(reading.kinds), (*reading.marks, mark)


def _longer_quotients(attempt: _Attempt, quotient: Expr) -> Iterator[Mark]:
    """`a / x^T x`: the product that begins with a quotient which does not fit, with more factors below."""
    if not isinstance(attempt.error, DivisionKind):
        return
    for part in attempt.changed.parts:
        for node in post_order(part):
            if node.op == "*" and node.args[0] is quotient:
                original = attempt.written.get(id(node), node)
                yield from (Mark(original, "quotient", place) for place in range(1, min(len(node.args), MOST_TOLD)))
                return


def _below(whole: Whole, node: Expr) -> Iterator[Expr]:
    """The names under a node, in the definitions of those that have one too."""
    seen: set[str] = set()
    pending = [node]
    while pending:
        for name in names_in(pending.pop(0)):
            definition = whole.definitions.get(str(name.value))
            if definition is None:
                yield name
            elif name.value not in seen:
                seen.add(str(name.value))
                pending.append(definition)


def _marks(whole: Whole, error: MatdiffError, node: Expr, args: tuple[Expr, ...]) -> Iterator[Mark]:
    """What the mark of a node may mean for vectors: a power or product of columns, a sum with a matrix, a function of each row."""
    if isinstance(error, PowerKind) and node.op == "^" and error.culprit is args[0] and _is_column(args[0]):
        exponent = constant(args[1])
        if exponent is not None:
            yield from (Mark(node, "inner"),) if exponent == 2 else ()
            yield Mark(node, "entries")
    elif isinstance(error, ProductSizes) and node.op == "*" and _is_column(error.left) and _is_column(error.right):
        place = next((place for place, arg in enumerate(args) if arg is error.left), None)
        if place is not None and place + 1 < len(args) and args[place + 1] is error.right:
            yield from (Mark(node, way, place) for way in ("inner", "outer", "entries"))
    elif isinstance(error, SumShapes) and node.op == "+":
        yield from _with_vectors(whole, node, args)
    elif isinstance(error, WrongKind) and error.expected == "vector":
        row = FUNCTIONS.get(node.op)
        if (
            row is not None
            and row.form == "func"
            and row.takes_vectors
            and not row.statistic
            and ones_of(args[0]) == (False, False)
        ):
            yield Mark(node, "rows")


def _with_vectors(whole: Whole, node: Expr, terms: tuple[Expr, ...]) -> Iterator[Mark]:
    """A matrix and vectors added: a row to each of its rows, a column with a name to its rows or its columns.

    Not to a matrix that may be two names written as one: the product Ax is a vector.
    """
    matrices = [unsigned(term) for term in terms if ones_of(term) == (False, False)]
    names = [str(bare(one).value) for one in matrices if bare(one).op == "name"]
    if not matrices or any(len(name) > 1 and whole.is_fresh(name) for name in names):
        return
    rows = tuple([place for place, term in enumerate(terms) if ones_of(term) == (True, False)])
    columns = tuple([place for place, term in enumerate(terms) if _is_column(term)])
    if all(unsigned(terms[place]).op == "name" for place in columns):
        yield from (Mark(node, way, 0, rows, columns) for way in (("to_rows", "to_columns") if columns else ("to_rows",)))


def _is_column(expr: Expr) -> bool:
    return ones_of(expr) == (False, True)


# What nobody means


def is_sensible(whole: Whole, shaping: Shaping, expr: Expr, reading: Reading) -> bool:
    """Whether nothing in it is what nobody writes.

    A name that became a number is not added to every entry of an array, and nothing that departs makes a number of what is summed or
    of an operand of `.*`.
    """
    changed = {name for name, kind in reading.kinds.items() if kind == "scalar" != default_kind(name)}
    if any(bare(scalar).value in changed for scalar, _ in shaping.broadcasts if bare(scalar).op == "name"):
        return False
    if not reading.cost:
        return True
    for node in shaping.nodes:
        row = FUNCTIONS.get(node.op)
        is_of_arrays = row is not None and (row.statistic or node.op in ("tr", "det", "logdet"))
        if is_of_arrays and is_scalar(node.args[0]):
            return False
        if node.op == ":" and any(name.value in changed for arg in node.args if is_scalar(arg) for name in names_in(arg)):
            return False
        if node.op in (".*", "./") and not is_scalar(node):
            numbers = [arg for arg in node.args if is_scalar(arg)]
            if any(name.value in changed or reading.marks for arg in numbers for name in names_in(arg)):
                return False
    return True


# What is likelier than a spelling that fits


def likelier(
    whole: Whole, definitions: Mapping[str, Expr], expr: Expr, variables: Mapping[str, Variable], reading: Reading | None
) -> dict[str, str]:
    """Kinds for names whose spelling fits, but is not what people mean; none where nothing is.

    definitions, expr   with shapes, and `variables` what its names are, in this reading or as it is spelled

    A Greek name added to a vector is a vector.  A name that only stands among what is computed to be numbers is a number, where
    nothing else fixes its size.
    """
    changed, known = (whole, {}) if reading is None else (marked(whole, reading.marks)[0], reading.kinds)
    names = {name: variables[name] for name in whole.changeable if name in variables and name not in known}
    among = AmongNumbers(whole, definitions, expr, variables)
    numbers = dict.fromkeys(among.found(names), "scalar")
    nodes = [node for part in (*definitions.values(), expr) for node in post_order(part) if node.shape is not None]
    arrays = [node for node in nodes if not (numbers and among.is_number(node))]
    vectors = dict.fromkeys(_added_to_vectors(arrays, names), "vector")
    each = [{name: "vector"} for name in vectors]
    tries: list[dict[str, str]] = [{**numbers, **kinds} for kinds in ([vectors, *each, {}] if numbers else [])] + [vectors, *each]
    for kinds in tries[: whole.attempts]:
        if not kinds:
            continue
        try:
            other = changed.shaped(changed.shaping({**known, **kinds}))[1]
        except TooLarge:
            raise
        except MatdiffError:
            continue
        if kinds.keys() & numbers.keys() or ones_of(other) == ones_of(expr):
            return kinds
    return {}


def _added_to_vectors(nodes: Sequence[Expr], names: Collection[str]) -> list[str]:
    """The Greek numbers among the names that are added to every entry of a vector."""
    sums = [node for node in nodes if node.op == "+" and _is_column(node)]
    added = [str(bare(term).value) for node in sums for term in node.args if bare(term).op == "name" and is_scalar(term)]
    return list(dict.fromkeys(name for name in added if is_greek(name) and name in names))


# So often is looked what else is no number because something else is none.
_MOST_ROUNDS = 6


class AmongNumbers:
    """The names that are numbers because all they stand beside is one, some of it computed of arrays: m in 1/2 m v^T v."""

    def __init__(self, whole: Whole, definitions: Mapping[str, Expr], expr: Expr, variables: Mapping[str, Variable]) -> None:
        self.whole, self.variables = whole, variables
        self.parts = [*definitions.items(), ("", expr)]
        self.candidates: set[str] = set()
        self._numbers: dict[int, bool] = {}
        self._computed: dict[int, bool] = {}
        self._defined: dict[str, tuple[bool, bool]] = {}

    def found(self, names: Mapping[str, Variable]) -> list[str]:
        """These names, in their order."""
        self.candidates = self.whole.evidence.unbound(names, self.variables)
        for _ in range(_MOST_ROUNDS):
            for name, part in self.parts:
                for node in post_order(part):
                    if node.shape is not None:
                        self._note(node)
                self._defined[name] = self._numbers[id(part)], self._computed[id(part)]
            dropped = self._among_arrays() or self._doubtful()
            self.candidates -= dropped
            if not dropped or not self.candidates:
                return [name for name in names if name in self.candidates]
        self.candidates = set()
        return []

    def is_number(self, node: Expr) -> bool:
        """Whether a node is one if the names found are."""
        return self._numbers[id(node)]

    def _note(self, node: Expr) -> None:
        """Whether a node is a number if the candidates are, and whether arrays are in it all the same."""
        args = values_of(node)
        if node.op == "name":
            is_number, is_computed = self._defined.get(str(node.value), (False, False))
            is_candidate = node.value in self.candidates
            self._numbers[id(node)] = is_number or is_candidate or is_scalar(node)
            self._computed[id(node)] = is_computed or not (is_candidate or is_scalar(node))
            return
        self._computed[id(node)] = node.op != "at" and any(self._computed[id(arg)] for arg in args)
        if node.op == "*":
            rest = [arg for arg in args if not self._numbers[id(arg)]]
            is_number = not rest or (ones_of(rest[0])[0] and ones_of(rest[-1])[1])
        else:
            row = FUNCTIONS.get(node.op)
            is_entrywise = node.op in ("+", "neg", "/", "^", ".*", "./", ".^") or (row is not None and row.is_entrywise)
            is_number = bool(args) and is_entrywise and all(self._numbers[id(arg)] for arg in args)
        self._numbers[id(node)] = is_number or is_scalar(node)

    def _nodes(self) -> Iterator[tuple[Expr, list[Expr]]]:
        """The nodes, each with those of its arguments that are numbers only if the candidates are."""
        for _, part in self.parts:
            for node in post_order(part):
                if node.shape is None:
                    continue
                yield node, [arg for arg in values_of(node) if self._numbers[id(arg)] and not is_scalar(arg)]

    def _names_in(self, exprs: Sequence[Expr]) -> set[str]:
        return {str(name.value) for expr in exprs for name in names_in(expr)} & self.candidates

    def _among_arrays(self) -> set[str]:
        """Candidates that stand beside what is no number."""
        return {name for node, args in self._nodes() if not self._numbers[id(node)] for name in self._names_in(args)}

    def _doubtful(self) -> set[str]:
        """Candidates that stand beside nothing that is computed, and letters of vectors of which nothing says that they are numbers."""
        beside: set[str] = set()
        shifted: set[str] = set()
        inside: set[str] = set()
        outer: set[str] = set()
        for node, args in self._nodes():
            row = FUNCTIONS.get(node.op)
            if node.op == "+" and any(constant(arg) is not None for arg in node.args):
                shifted |= self._names_in(args)
            elif row is not None and row.is_entrywise:
                inside |= self._names_in(args)
            if node.op in ("*", "+") or (node.op == "/" and node.args[0].op != "name"):
                for arg in args:
                    if any(self._computed[id(other)] for other in values_of(node) if other is not arg):
                        beside |= self._names_in([arg])
            if node.op == "*":
                pairs = list(zip(node.args, node.args[1:]))
                outer |= self._names_in([one for one, other in pairs if other.op == "'" and bare(other).op == "name"])
                outer |= self._names_in([other for one, other in pairs if not self._numbers[id(one)]])
        told = {name for name in self.candidates if name in shifted or (name in inside and stem(name) in LABELS)}
        vectors = {name for name in self.candidates if self._is_vector(name, name in outer)}
        return (self.candidates - beside) | (vectors - told)

    def _is_vector(self, name: str, is_outer: bool) -> bool:
        """Whether a name is a vector unless something tells otherwise: by its letter, or beside an array, a b^T x."""
        if is_outer:
            return name[0].islower() and not is_usual_number(name)
        return stem(name) in VECTOR_LETTERS - LABELS or (
            stem(name) in VECTOR_LETTERS and (stem(name) == "y" or name in self.whole.wrt)
        )
