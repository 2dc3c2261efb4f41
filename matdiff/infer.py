"""`infer`: give every node of an expression its shape, and every variable its kind and sizes.

Declarations win; other names get the kind their spelling suggests; sizes follow by unification.  Where the suggested kinds do
not fit, a lowercase Greek name may become a vector and an added lowercase Latin name a scalar, if just one such reading fits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Union

from matdiff.dims import SCALAR
from matdiff.errors import (
    ArgumentSizes,
    BlockSizes,
    CircularDefinition,
    Clash,
    DefinitionShape,
    DivisionKind,
    ElementwiseShapes,
    Fix,
    GluedNames,
    IndexRange,
    MatdiffError,
    NotSquare,
    ProductSizes,
    SizeReason,
    SumShapes,
    UndecidedSizes,
    UnknownVariable,
)
from matdiff.parts import bare, names_in, shape_of
from matdiff.remarks import finish, remarks_on
from matdiff.shapes import Shaping
from matdiff.syntax import Expr, Span
from matdiff.unify import Sizes, joined
from matdiff.variables import SCALAR_LETTERS, Variable, declare, default_kind, is_greek, kind_of
from matdiff.walk import post_order

__all__ = ["Typed", "Variable", "declare", "infer"]

if TYPE_CHECKING:
    from matdiff.dims import Dim
    from matdiff.errors import Remark
    from matdiff.parse import Declaration

MOST_READINGS = 64
# No search may cost more than visiting so many nodes.
SEARCH_NODES = 200_000


class Typed:
    """An expression whose nodes all have a shape (the size arguments of `ones(n)` and the indices of `X[i,j]` are no nodes here).

    variables    by name, in order of first appearance
    definitions  the definitions it uses, typed, in dependency order
    remarks      W6xx
    """

    __slots__ = ("definitions", "expr", "remarks", "variables")

    def __init__(
        self, expr: Expr, variables: dict[str, Variable], definitions: dict[str, Expr], remarks: tuple[Remark, ...]
    ) -> None:
        self.expr, self.variables, self.definitions, self.remarks = expr, variables, definitions, remarks

    @property
    def size_names(self) -> set[str]:
        """The names of sizes in the shapes of the variables."""
        return {name for variable in self.variables.values() for dim in variable.shape for name in dim.names}

    def dims_and_indices(self) -> tuple[list[Dim], list[str]]:
        """All sizes in the expression and its definitions, and the names that stand as an index in it."""
        dims = [dim for variable in self.variables.values() for dim in variable.shape]
        indices = []
        for root in (*self.definitions.values(), self.expr):
            for node in post_order(root):
                if node.shape is not None:
                    dims += shape_of(node)
                places = node.args[1:] if node.op == "at" else node.args[:1] if node.op == "e" else ()
                indices += [str(part.value) for place in places for part in post_order(place) if part.op == "name"]
        return list(dict.fromkeys(dims)), list(dict.fromkeys(indices))

    def number_names(self) -> tuple[str, ...]:
        """The names that stand for whole numbers, sizes first: what a choice of sizes may choose."""
        dims, indices = self.dims_and_indices()
        return tuple(dict.fromkeys([*(name for dim in dims for name in dim.names), *indices]))


Declarations = Union[Mapping[str, Variable], Sequence["Declaration"]]


def infer(
    expr: Expr, declarations: Declarations, definitions: Mapping[str, Expr], *, wrt: Sequence[str] = (), soft: bool = True
) -> Typed:
    """The expression with all shapes.

    A name of `wrt` that is a definition is a free variable with the shape of its value.
    Raises UnknownVariable, CircularDefinition, BadDeclaration and the like, or an E3xx error with the corrections that fit.
    """
    declared = declarations if isinstance(declarations, Mapping) else declare(declarations)
    statement = Statement(expr, declared, definitions, tuple(wrt))
    statement.check_wrt()
    try:
        plain = statement.read({})
        return statement.with_glued_names(plain) if soft else plain
    except MatdiffError as error:
        if soft and error.code.startswith("E3"):
            reading = statement.only_soft_reading()
            if reading is not None:
                return reading
        statement.explain(error)
        raise


class Statement:
    """An expression with what is declared and defined; it can be read with different kinds for its undeclared names."""

    def __init__(
        self, expr: Expr, declared: Mapping[str, Variable], definitions: Mapping[str, Expr], wrt: tuple[str, ...]
    ) -> None:
        self.expr, self.declared, self.wrt, self.all_definitions = expr, declared, wrt, definitions
        self.definitions = ordered_definitions(expr, definitions)
        self.declared_sizes = {name for variable in declared.values() for dim in variable.shape for name in dim.names}
        self.occurrences: dict[str, Expr] = {}
        for part in (*self.definitions.values(), expr):
            for node in names_in(part):
                self.occurrences.setdefault(str(node.value), node)
        self.free = [name for name in self.occurrences if name not in self.definitions]
        self.failed: Shaping | None = None

    # Reading

    def read(self, changes: Mapping[str, str]) -> Typed:
        """Shapes for the default kinds with the given changes.  Raises an E3xx error."""
        shaping, definitions, expr = self._shaped(changes)
        invented = self._finish(shaping)
        kept, named = definitions, set(self.occurrences)
        if any(name in definitions for name in self.wrt):
            kept = ordered_definitions(expr, {name: value for name, value in definitions.items() if name not in self.wrt})
            named = {str(node.value) for part in (*kept.values(), expr) for node in names_in(part)}
        variables = {
            name: self._variable(name, shaping, changes) for name in self.occurrences if name in named and name not in kept
        }
        return Typed(expr, variables, kept, remarks_on(shaping, changes, self.occurrences, invented))

    def _finish(self, shaping: Shaping) -> set[str]:
        return finish(shaping, self.free, {*self.declared_sizes, *shaping.size_names, *self.occurrences})

    def _shaped(self, changes: Mapping[str, str]) -> tuple[Shaping, dict[str, Expr], Expr]:
        kinds = {name: changes.get(name) or default_kind(name) for name in self.free if name not in self.declared}
        shaping = self.failed = Shaping({name: variable.shape for name, variable in self.declared.items()}, kinds)
        definitions: dict[str, Expr] = {}
        for name, value in self.definitions.items():
            definitions[name] = shaping.define(name, value)
            if name in self.declared:
                self._check_definition(name, definitions[name], shaping.sizes)
        expr = shaping.typed(self.expr)
        shaping.sizes.settle()
        self.failed = None
        return shaping, definitions, expr

    def _check_definition(self, name: str, definition: Expr, sizes: Sizes) -> None:
        declared = self.declared[name].shape

        def failure() -> MatdiffError:
            return DefinitionShape(variable=name, definition=definition, declared=declared)

        for one, other in zip(shape_of(definition), declared, strict=True):
            sizes.unify(one, other, (definition,), failure)

    def _variable(self, name: str, shaping: Shaping, changes: Mapping[str, str]) -> Variable:
        rows, columns = (shaping.sizes.resolve(dim) for dim in shaping.shapes[name])
        shape = rows, columns
        if name in self.declared:
            variable = self.declared[name]
            return Variable(name, variable.kind, shape, variable.property)
        origin = "default" if shape == SCALAR and name not in changes and name not in self.definitions else "inferred"
        return Variable(name, kind_of(shape), shape, None, origin)

    # Other readings

    def only_soft_reading(self) -> Typed | None:
        """The one smallest change of kinds that fits; None when none or several fit."""
        choices = self._choices()
        cost = sum(count_nodes(part) for part in (*self.definitions.values(), self.expr))
        left = min(MOST_READINGS, SEARCH_NODES // cost)
        failed = self.failed
        for size in (1, 2):
            found = []
            for names in combinations(choices, size):
                left -= 1
                if left < 0:
                    break
                changes = {name: choices[name] for name in names}
                if self._reads(changes) and self._mends_sums(changes):
                    found.append(changes)
            if found:
                self.failed = failed
                return self.read(found[0]) if len(found) == 1 and left >= 0 else None
        self.failed = failed
        return None

    def _choices(self) -> dict[str, str]:
        """What undeclared names may become: Greek ones vectors; Latin ones scalars, where they are terms of sums and no more."""
        added = self._only_added()
        choices = {}
        for name in self.free:
            if name in self.declared:
                continue
            if is_greek(name):
                choices[name] = "vector"
            elif name in added and name not in self.wrt and not name[0].isupper():
                choices[name] = "scalar"
        return choices

    def _only_added(self) -> set[str]:
        added: set[str] = set()
        elsewhere: set[str] = set()
        for part in (*self.definitions.values(), self.expr):
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

    def _reads(self, changes: Mapping[str, str]) -> bool:
        """Whether it fits; a name that became a scalar must be added to scalars, not to every entry of an array."""
        try:
            shaping, _, _ = self._shaped(changes)
        except MatdiffError:
            return False
        return not any(changes.get(str(bare(scalar).value)) == "scalar" for scalar, _ in shaping.broadcasts)

    def _mends_sums(self, changes: Mapping[str, str]) -> bool:
        """Whether every name that became a scalar had to be one in a sum: x^T A x + c, but not a power or product such as (c - 1)^2."""
        for scalar in [name for name, kind in changes.items() if kind == "scalar"]:
            try:
                self._shaped({name: kind for name, kind in changes.items() if name != scalar})
            except SumShapes:
                continue
            except MatdiffError:
                return False
        return True

    # Errors

    def check_wrt(self) -> None:
        """Raise UnknownVariable for a name of `wrt` that does not occur."""
        for name in self.wrt:
            if name not in self.occurrences:
                from matdiff.corrections import split_names  # needed only where something is wrong

                names = tuple(self.occurrences)
                glued = [node for node in self.occurrences.values() if name in str(node.value) and node.value != name]
                fixes = [
                    fix
                    for fix in (self._split(), *split_names(glued, self._is_fresh))
                    if fix is not None
                    and any(part.value == name for one in (fix, *fix.others) for part in names_in(one.replacement))
                    and self._fits(fix)
                ]
                raise UnknownVariable(variable=name, names=names, expr=self.expr, fixes=tuple(fixes[:1]))

    def _split(self) -> Fix | None:
        """All names that are written together of names that are used elsewhere, split, if that fits."""
        known = frozenset(name for name in (*self.occurrences, *self.wrt) if len(name) == 1 or not self._is_fresh(name))
        parts = [*self.definitions.values(), self.expr]
        names = [node for part in parts for node in names_in(part) if len(str(node.value)) > 1 and node.value not in self.wrt]
        if not names:
            return None
        from matdiff.corrections import split_all  # needed only where a name has several letters

        fix = split_all(parts, [node for node in names if self._is_fresh(str(node.value))], known)
        return fix if fix is not None and self._fits(fix) else None

    def with_glued_names(self, reading: Typed) -> Typed:
        """The reading with a remark on names that are perhaps products, where the products fit too."""
        fix = self._split()
        if fix is not None and fix.name is not None and fix.name.span is not None:  # in the text of a person
            remark = GluedNames(span=fix.name.span, variable=str(fix.name.value), fix=fix)
            reading.remarks = (*reading.remarks, remark)
        return reading

    def explain(self, error: MatdiffError) -> None:
        """Add to the error what makes it understandable: final sizes, where they come from, and corrections that fit."""
        shaping = self.failed
        if shaping is None:
            return
        self._finish(shaping)
        if isinstance(error, UndecidedSizes):
            error.left, error.right = shaping.sizes.resolve(error.left), shaping.sizes.resolve(error.right)
        if isinstance(error, IndexRange):
            error.size = shaping.sizes.resolve(error.size)
        if isinstance(error, Clash):
            clash = clashing(error)
            used = [name for operand, axis in clash for name in shape_of(operand)[axis].names]
            error.rigid = tuple(dict.fromkeys(name for name in used if name in self.declared_sizes))
            error.reasons = tuple(self._reasons(clash, shaping))
        cost = sum(count_nodes(part) for part in (*self.definitions.values(), self.expr))
        if error.code.startswith("E3"):
            failed = self.failed
            error.split = self._split()
            is_kind = error.split is None and not isinstance(error, UndecidedSizes)
            found = self._scalars_that_fit(cost) if is_kind else ()
            # A power or product of other names hardly makes numbers of them.
            error.scalars = found if set(found) <= SCALAR_LETTERS or isinstance(error, (SumShapes, DivisionKind)) else ()
            self.failed = failed
        is_small = cost < SEARCH_NODES // MOST_READINGS
        if isinstance(error, Clash) and error.split is None and shaping.culprit is not None and is_small:
            from matdiff.corrections import corrections  # needed only where something is wrong

            culprit, args = shaping.culprit
            error.fixes = corrections(error, culprit, args, self._fits, self._is_fresh)

    def _scalars_that_fit(self, cost: int) -> tuple[str, ...]:
        """The fewest undeclared names, not of `wrt`, that would have to be scalars, if there is just one such choice."""
        names = [name for name in self.free if name not in self.declared and name not in self.wrt and not is_greek(name)]
        greek: list[dict[str, str]] = [
            {},
            *({name: "vector"} for name in self.free if is_greek(name) and name not in self.declared),
        ]
        left = min(MOST_READINGS, SEARCH_NODES // cost)
        for size in (1, 2):
            found = []
            for chosen in combinations(names, size):
                for changes in greek:
                    left -= 1
                    if left < 0:
                        return ()
                    if self._reads({**dict.fromkeys(chosen, "scalar"), **changes}):
                        found.append(chosen)
                        break
            usual = [chosen for chosen in found if set(chosen) <= SCALAR_LETTERS] or found
            if usual:
                return usual[0] if len(usual) == 1 else ()
        return ()

    def _reasons(self, clash: list[tuple[Expr, int]], shaping: Shaping) -> Iterator[SizeReason]:
        """Where undeclared variables got the sizes that clash."""
        seen = set()
        for operand, side in clash:
            size = shape_of(operand)[side]
            whole = bare(operand)
            for node in names_in(operand):
                name = str(node.value)
                if name in self.declared or name in self.definitions:
                    continue
                for axis, dim in enumerate(shaping.shapes[name]):
                    place = shaping.sizes.origin(dim)
                    is_side = axis == (1 - side if operand.op == "'" else side) or node is not whole
                    if place and is_side and (name, axis) not in seen and shaping.sizes.resolve(dim) == size:
                        seen.add((name, axis))
                        yield SizeReason(name, axis, str(size), joined(place))

    def _is_fresh(self, name: str) -> bool:
        return name not in self.declared and name not in self.all_definitions and not is_greek(name)

    def _fits(self, fix: Fix) -> bool:
        expr, definitions = self.expr, dict(self.all_definitions)
        for one in (fix, *fix.others):
            definitions = {name: replaced(value, one.target, one.replacement) for name, value in definitions.items()}
            expr = replaced(expr, one.target, one.replacement)
        try:
            changed = Statement(expr, self.declared, definitions, ())
        except CircularDefinition:
            return False
        fits = changed._reads({}) or (fix.what == "split-name" and changed.only_soft_reading() is not None)
        return fits and all(name in changed.occurrences for name in self.wrt)


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


def clashing(error: MatdiffError) -> list[tuple[Expr, int]]:
    """The operands of an error and their axes whose sizes differ; a size 1 is another kind, not another size."""
    if isinstance(error, NotSquare):
        sides = [((error.argument, 0), (error.argument, 1))]
    elif isinstance(error, ProductSizes):
        sides = [((error.left, 1), (error.right, 0))]
    elif isinstance(error, BlockSizes):
        sides = [((error.left, error.axis), (error.right, error.axis))]
    elif isinstance(error, (SumShapes, ElementwiseShapes, ArgumentSizes)):
        sides = [((error.left, axis), (error.right, axis)) for axis in (0, 1)]
    else:
        sides = []
    sizes = [[(shape_of(operand)[axis], (operand, axis)) for operand, axis in pair] for pair in sides]
    return [side for pair in sizes if pair[0][0] != pair[1][0] and not any(dim.is_one for dim, _ in pair) for _, side in pair]


def replaced(expr: Expr, target: Expr, replacement: Expr) -> Expr:
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
