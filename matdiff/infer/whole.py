"""`Whole`: a question with all that is declared and defined, and the attempts to give it shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

from matdiff.infer.evidence import Evidence, preferred
from matdiff.infer.shapes import Shaping
from matdiff.language.errors import CircularDefinition, DefinitionShape, MatdiffError
from matdiff.language.kinds import Variable, default_kind, is_greek
from matdiff.language.queries import families, names_in, post_order, shape_of
from matdiff.language.syntax import Expr, Span

# No search may try more changes, or cost more than visiting so many nodes.
MOST_READINGS = 64
SEARCH_NODES = 200_000


class Whole:
    """A question with all that is declared and defined: what is right or wrong is so as a whole.

    failed     the attempt to give it shapes that raised an error, with final sizes
    readings   what `fits.readings_of` has found
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
        self.readings: list[Any] | None = None  # of `search.Reading`

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
        """An attempt in which names have these kinds, also against their declarations.

        Else they have those that the notation tells, or their way of writing, or their spelling.
        """
        declared = {name: variable.shape for name, variable in self.declared.items() if name not in kinds}
        told = {**self.preferred, **self.kinds, **kinds}
        kinds = {name: told.get(name) or default_kind(name) for name in self.free if name not in declared}
        return Shaping(declared, kinds, self.members)

    @cached_property
    def members(self) -> dict[str, Expr]:
        """The first member of each name with indices."""
        return families(self.parts)

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

    # What kinds the names may have that nobody declared

    @property
    def changeable(self) -> tuple[str, ...]:
        """The names whose kind only their spelling says."""
        return tuple(name for name in self.free if name not in self.declared and name not in self.kinds)

    @cached_property
    def evidence(self) -> Evidence:
        """The roles of the names."""
        return Evidence(self.parts, self.definitions)

    @cached_property
    def preferred(self) -> Mapping[str, str]:
        """Kinds that the way of writing tells, against the spelling."""
        names = self.changeable
        return preferred(self.evidence, names) if names else {}

    @property
    def attempts(self) -> int:
        """So many attempts cost no more than a search may."""
        return min(MOST_READINGS, SEARCH_NODES // self.cost)


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
