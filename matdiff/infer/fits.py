"""`fits`: whether a question with a change can be read and has consistent sizes.

The change is one of the text, of parts of the expression, or of the kinds of undeclared names.  Readers, soft kinds and proposals all
ask here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from matdiff.infer.shapes import Shaping
from matdiff.infer.variables import declare
from matdiff.language.errors import CircularDefinition, DefinitionShape, Errors, MatdiffError, SumShapes
from matdiff.language.kinds import Variable, default_kind, is_greek
from matdiff.language.queries import bare, names_in, post_order, shape_of
from matdiff.language.statements import Declaration, Definition, Question
from matdiff.language.syntax import Expr, Span
from matdiff.read.parse import parse

if TYPE_CHECKING:
    from matdiff.language.dims import Shape
    from matdiff.language.statements import Statement

MOST_READINGS = 64
# No search may cost more than visiting so many nodes.
SEARCH_NODES = 200_000


class Change(NamedTuple):
    """A change of a question; what it does not name stays.

    parts    nodes of the expression or of a definition, found by identity, and what stands there instead
    kinds    kinds of names instead of those that are declared or that their spelling suggests
    soft     whether a soft reading will do; with a change of a part it would be a second change
    """

    parts: Sequence[tuple[Expr, Expr]] = ()
    kinds: Mapping[str, str] = {}
    soft: bool = True


class Whole:
    """A question with all that is declared and defined: what is right or wrong is so as a whole.

    failed   the attempt to give it shapes that raised an error, with final sizes
    """

    def __init__(
        self,
        expr: Expr,
        declared: Mapping[str, Variable],
        definitions: Mapping[str, Expr],
        wrt: Sequence[str] = (),
        kinds: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`kinds` are those of names that the notation tells, as bold type does.  Raises CircularDefinition."""
        self.expr, self.declared, self.all_definitions, self.wrt, self.kinds = expr, declared, definitions, tuple(wrt), kinds
        self.definitions = ordered_definitions(expr, definitions)
        self.occurrences: dict[str, Expr] = {}
        for part in self.parts:
            for node in names_in(part):
                self.occurrences.setdefault(str(node.value), node)
        self.free = [name for name in self.occurrences if name not in self.definitions]
        self.failed: Shaping | None = None

    @property
    def parts(self) -> tuple[Expr, ...]:
        """The definitions that are used, and the expression."""
        return (*self.definitions.values(), self.expr)

    @property
    def meaning(self) -> Expr:
        """The expression; for a name that is defined, its definition."""
        return self.definitions.get(str(self.expr.value), self.expr) if self.expr.op == "name" else self.expr

    @property
    def cost(self) -> int:
        """The nodes that one attempt visits."""
        return sum(count_nodes(part) for part in self.parts)

    def declared_sizes(self, *, by_user: bool = False) -> set[str]:
        """The names of sizes of declared variables, or only of those whose declaration a person wrote."""
        variables = [one for one in self.declared.values() if not by_user or one.origin == "declared"]
        return {name for variable in variables for dim in variable.shape for name in dim.names}

    def is_fresh(self, name: str) -> bool:
        """Whether it is neither declared nor defined nor a Greek letter, so that it may be two names written as one."""
        return name not in self.declared and name not in self.all_definitions and not is_greek(name)

    def shaping(self, kinds: Mapping[str, str]) -> Shaping:
        """An attempt in which names have these kinds, also against their declarations; else those that their spelling suggests."""
        declared = {name: variable.shape for name, variable in self.declared.items() if name not in kinds}
        told = {**self.kinds, **kinds}
        return Shaping(declared, {name: told.get(name) or default_kind(name) for name in self.free if name not in declared})

    def shaped(self, shaping: Shaping) -> tuple[dict[str, Expr], Expr]:
        """The definitions and the expression with provisional shapes.  Raises an E3xx error."""
        definitions: dict[str, Expr] = {}
        for name, value in self.definitions.items():
            definitions[name] = shaping.define(name, value)
            if name in shaping.declared:
                self._check_definition(name, definitions[name], shaping)
        expr = shaping.typed(self.expr)
        shaping.sizes.settle()
        return definitions, expr

    def _check_definition(self, name: str, definition: Expr, shaping: Shaping) -> None:
        declared = shaping.declared[name]

        def failure() -> MatdiffError:
            return DefinitionShape(variable=name, definition=definition, declared=declared)

        for one, other in zip(shape_of(definition), declared, strict=True):
            shaping.sizes.unify(one, other, (definition,), failure)

    def with_parts(self, parts: Sequence[tuple[Expr, Expr]]) -> Whole:
        """The question with other parts.  Raises CircularDefinition."""
        expr, definitions = self.expr, dict(self.all_definitions)
        for target, replacement in parts:
            definitions = {name: replaced_part(value, target, replacement) for name, value in definitions.items()}
            expr = replaced_part(expr, target, replacement)
        return Whole(expr, self.declared, definitions, self.wrt, self.kinds)

    # Soft kinds

    def soft_kinds(self) -> dict[str, str] | None:
        """The one smallest change of kinds that fits; None when none or several fit."""
        choices = self._choices()
        left = min(MOST_READINGS, SEARCH_NODES // self.cost)
        for size in (1, 2):
            found = []
            for names in combinations(choices, size):
                left -= 1
                if left < 0:
                    break
                kinds = {name: choices[name] for name in names}
                if fits(self, Change(kinds=kinds)) and self._mends_sums(kinds):
                    found.append(kinds)
            if found:
                return found[0] if len(found) == 1 and left >= 0 else None
        return None

    def _choices(self) -> dict[str, str]:
        """What undeclared names may become: Greek ones vectors; Latin ones scalars, where they are terms of sums and no more."""
        added = self._only_added()
        choices = {}
        for name in self.free:
            if name in self.declared or name in self.kinds:
                continue
            if is_greek(name):
                choices[name] = "vector"
            elif name in added and name not in self.wrt and not name[0].isupper():
                choices[name] = "scalar"
        return choices

    def _only_added(self) -> set[str]:
        added: set[str] = set()
        elsewhere: set[str] = set()
        for part in self.parts:
            stack = [(part, False)]
            seen = set()
            while stack:
                node, is_term = stack.pop()
                if (id(node), is_term) in seen:
                    continue
                seen.add((id(node), is_term))
                if node.op == "name":
                    (added if is_term else elsewhere).add(str(node.value))
                    continue
                inside = node.op == "+" or (node.op == "neg" and is_term)
                stack.extend((arg, inside) for arg in node.args)
        return added - elsewhere

    def _mends_sums(self, kinds: Mapping[str, str]) -> bool:
        """Whether every name that became a scalar had to be one in a sum: x^T A x + c, but not a power or product such as (c - 1)^2."""
        for scalar in [name for name, kind in kinds.items() if kind == "scalar"]:
            try:
                self.shaped(self.shaping({name: kind for name, kind in kinds.items() if name != scalar}))
            except SumShapes:
                continue
            except MatdiffError:
                return False
        return True


NOTHING = Change()


def fits(whole: Whole, change: Change = NOTHING) -> bool:
    """Whether the question with the change still has the variables asked for, and has consistent sizes."""
    return shape_with(whole, change) is not None


def shape_with(whole: Whole, change: Change = NOTHING) -> Shape | None:
    """The shape of the question with the change, with provisional sizes; None where it does not fit.

    A name that became a scalar must be added to scalars, not to every entry of an array.
    """
    try:
        changed = whole.with_parts(change.parts) if change.parts else whole
        if not all(name in changed.occurrences for name in changed.wrt):
            return None
        shaping = changed.shaping(change.kinds)
        expr = changed.shaped(shaping)[1]
    except CircularDefinition:
        return None
    except MatdiffError:
        soft = changed.soft_kinds() if change.soft and not change.kinds else None
        return shape_with(changed, Change(kinds=soft)) if soft else None
    is_spread = any(change.kinds.get(str(bare(scalar).value)) == "scalar" for scalar, _ in shaping.broadcasts)
    return None if is_spread else shape_of(expr)


def whole_of(text: str, others: Sequence[Statement] = ()) -> Whole | None:
    """The question that a changed text asks beside other statements; None where it cannot be read, or asks nothing."""
    try:
        known = [statement.name for statement in others if not isinstance(statement, Question)]
        statements = [*others, *parse(text, known=known)]
        question = statements[-1]
        if isinstance(question, Question):
            return Whole(question.expr, *context(statements), kinds=question.kinds)
    except (MatdiffError, Errors):
        pass
    return None


def context(statements: Sequence[Statement]) -> tuple[dict[str, Variable], dict[str, Expr]]:
    """What statements declare and define; the last definition of a name counts.  Raises MatdiffError or Errors."""
    declarations = [statement for statement in statements if isinstance(statement, Declaration)]
    return declare(declarations), {
        statement.name: statement.expr for statement in statements if isinstance(statement, Definition)
    }


# Definitions


def ordered_definitions(expr: Expr, definitions: Mapping[str, Expr]) -> dict[str, Expr]:
    """The definitions the expression needs, each after those it needs.  Raises CircularDefinition."""
    uses: dict[str, list[Expr]] = {}
    wanted = [str(node.value) for node in names_in(expr) if node.value in definitions]
    while wanted:
        name = wanted.pop()
        if name not in uses:
            uses[name] = [node for node in names_in(definitions[name]) if node.value in definitions]
            wanted.extend(str(node.value) for node in uses[name])
    done: dict[str, Expr] = {}
    for first in definitions:
        if first not in uses:
            continue
        path = [(first, iter(uses[first]))]
        while path:
            name, rest = path[-1]
            node = next(rest, None)
            if node is None:
                path.pop()
                done[name] = definitions[name]
                continue
            needed = str(node.value)
            on_path = [step for step, _ in path]
            if needed in on_path:
                raise circle(on_path[on_path.index(needed) :], uses)
            if needed not in done:
                path.append((needed, iter(uses[needed])))
    return done


def circle(names: list[str], uses: Mapping[str, list[Expr]]) -> CircularDefinition:
    """The error for definitions of which each needs the next and the last the first."""
    steps = []
    for name, needed in zip(names, [*names[1:], names[0]], strict=True):
        node = next(node for node in uses[name] if node.value == needed)
        steps.append((name, needed, node.span or Span(0, 0)))
    return CircularDefinition(uses=tuple(steps))


def replaced_part(expr: Expr, target: Expr, replacement: Expr) -> Expr:
    """The expression with one node, found by identity, replaced."""
    new: dict[int, Expr] = {}
    for node in post_order(expr):
        if node is target:
            new[id(node)] = replacement
        elif any(id(arg) in new for arg in node.args):
            new[id(node)] = node.replace(args=tuple([new.get(id(arg), arg) for arg in node.args]))
    return new.get(id(expr), expr)


def count_nodes(expr: Expr) -> int:
    """The number of nodes."""
    return sum(1 for _ in post_order(expr))
