"""`infer`: give every node of an expression its shape, and every variable its kind and sizes.

Declarations win; other names get the kind their way of writing or their spelling suggests; sizes follow by unification.  Where these
kinds do not fit, the reading with the fewest departures is taken, if it is the only one; see `search`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Union

from matdiff.functions import row_of
from matdiff.infer.fits import of_summed, reading_of
from matdiff.infer.glued import as_products, other_groupings, split
from matdiff.infer.remarks import finish, is_one_matrix, remarks_on
from matdiff.infer.unify import joined
from matdiff.infer.variables import declare
from matdiff.infer.whole import Whole, ordered_definitions
from matdiff.language.dims import SCALAR, size
from matdiff.language.errors import (
    ArgumentSizes,
    BlockSizes,
    Clash,
    ElementwiseShapes,
    EntrywiseFunction,
    Fix,
    GluedNames,
    GroupedProduct,
    IndexRange,
    IndexSizes,
    MarkRead,
    MatdiffError,
    NotationRead,
    NotSquare,
    NumberSummed,
    ProductSizes,
    SizeReason,
    SumShapes,
    UndecidedSizes,
    UnknownVariable,
)
from matdiff.language.kinds import Variable, declared_kind, default_kind
from matdiff.language.queries import bare, is_scalar, names_in, ones_of, post_order, shape_of, sizes_in
from matdiff.language.syntax import EULER, Expr, Span
from matdiff.limits import check

__all__ = ["Typed", "declare", "infer"]

if TYPE_CHECKING:
    from matdiff.infer.search import Reading
    from matdiff.infer.shapes import Shaping
    from matdiff.language.dims import Dim
    from matdiff.language.errors import Remark
    from matdiff.language.queries import Indices
    from matdiff.read.parse import Declaration


class Typed:
    """An expression whose nodes all have a shape (the size arguments of `ones(n)` and the indices of `X[i,j]` are no nodes here).

    variables    by name, in order of first appearance
    definitions  the definitions it uses, typed, in dependency order
    remarks      W6xx
    counted      names of sizes that stood as numbers where it was made of sums
    ranges       the sizes over which the indices of sums run; sums are read as matrices before anything else is asked
    indices      how they were written, where it was made of sums
    """

    __slots__ = ("counted", "definitions", "expr", "indices", "ranges", "remarks", "variables")

    def __init__(
        self, expr: Expr, variables: dict[str, Variable], definitions: dict[str, Expr], remarks: tuple[Remark, ...]
    ) -> None:
        self.expr, self.variables, self.definitions, self.remarks = expr, variables, definitions, remarks
        self.ranges: Mapping[Hashable, Dim] = {}
        self.counted: tuple[str, ...] = ()
        self.indices: Indices | None = None

    def beside(self, variables: Mapping[str, Variable]) -> Typed:
        """The same with more variables, which the expression does not have."""
        beside = Typed(self.expr, {**self.variables, **variables, **self.variables}, self.definitions, self.remarks)
        beside.counted, beside.indices = self.counted, self.indices
        return beside

    @property
    def size_names(self) -> set[str]:
        """The names of sizes in the shapes of the variables."""
        return {name for variable in self.variables.values() for dim in variable.shape for name in dim.names}

    @property
    def sizes_as_numbers(self) -> tuple[str, ...]:
        """The names of sizes that stand as numbers in it."""
        return tuple(dict.fromkeys((*self.counted, *sizes_in((*self.definitions.values(), self.expr)))))

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
    expr: Expr,
    declarations: Declarations,
    definitions: Mapping[str, Expr],
    *,
    wrt: Sequence[str] = (),
    kinds: Mapping[str, str] = MappingProxyType({}),
    soft: bool = True,
) -> Typed:
    """The expression with all shapes; `kinds` are those of names that the notation tells.

    A name of `wrt` that is a definition is a free variable with the shape of its value.
    Raises UnknownVariable, CircularDefinition, BadDeclaration and the like, or an E3xx error; what is found wrong in the whole question
    carries it as `whole`, from which proposals are made.
    """
    declared = declarations if isinstance(declarations, Mapping) else declare(declarations)
    whole = Whole(expr, declared, definitions, wrt, kinds)
    powers = [node for part in whole.parts for node in post_order(part) if node.value == EULER and node.op == "exp"]
    if powers:
        return _with_powers(whole, powers, soft)
    for name in whole.wrt:
        if name not in whole.occurrences:
            unknown = UnknownVariable(variable=name, names=tuple(whole.occurrences), expr=expr)
            unknown.whole = whole
            raise unknown
    reading = None
    try:
        typed = read(whole, {})
    except MatdiffError as error:
        error.whole = whole
        fix = split(whole) if soft and error.code.startswith("E3") else None
        if fix is not None and fix.name is not None and fix.name.span is not None:
            return _as_products(whole, None, fix, fix.name.span)
        reading = reading_of(whole) if soft and error.code.startswith("E3") else None
        if reading is None:
            raise
        typed = departed(whole, reading, {})
    if soft and reading is None:
        typed = _with_members_as_rows(whole, typed)
    if soft and whole.evidence.may_be_likelier(whole.changeable, typed.variables):
        from matdiff.infer.search import likelier  # most questions mean what they spell

        kinds = likelier(whole, typed.definitions, typed.expr, typed.variables, reading)
        if kinds:
            return departed(whole, reading, kinds)
    check()
    if soft:
        _ask_of_summed_numbers(whole, typed)
        typed.remarks = (*typed.remarks, *_groupings(whole))
    if reading is not None:
        return typed
    fix = split(whole) if soft else None
    if fix is not None and fix.name is not None and fix.name.span is not None:  # in the text of a person
        return _as_products(whole, typed, fix, fix.name.span)
    return typed


def _with_members_as_rows(whole: Whole, typed: Typed) -> Typed:
    """The question in which X_i is row i of a matrix, not a matrix of a family, where it is a number only so, as a loss is."""
    arrays = [name for name in whole.changeable if name in whole.evidence.families - whole.evidence.entries]
    rows = {name: "vector" for name in arrays if name in typed.variables and typed.variables[name].kind == "tensor"}
    if not rows or is_scalar(typed.expr):
        return typed
    try:
        found = read(whole, rows)
    except MatdiffError:
        return typed
    return found if is_scalar(found.expr) else typed


def _with_powers(whole: Whole, powers: Sequence[Expr], soft: bool) -> Typed:
    """The question in which e^A is the exponential of a matrix, of one that is no product of several, and e^x that of each entry."""

    def read_with(function: Mapping[Span | None, str]) -> Typed:
        changed = whole
        for node in reversed(powers):  # the outer ones first
            changed = changed.with_parts([(node, Expr(function.get(node.span, "exp"), node.args, span=node.span))])
        return infer(changed.expr, changed.declared, changed.all_definitions, wrt=whole.wrt, kinds=whole.kinds, soft=soft)

    typed = read_with({})
    nodes = [node for part in (*typed.definitions.values(), typed.expr) for node in post_order(part) if node.op == "exp"]
    spans = {node.span for node in powers}
    arrays = [node for node in nodes if node.span in spans and ones_of(node) == (False, False)]
    matrices: dict[Span | None, str] = {node.span: "expm" for node in arrays if is_one_matrix(node.args[0])}
    if matrices:
        try:
            typed = read_with(matrices)
        except MatdiffError:
            matrices = {}
    remarks = [NotationRead(span=span, meant="the exponential of a matrix, expm") for span in matrices if span is not None]
    told = {remark.span for remark in typed.remarks if isinstance(remark, EntrywiseFunction)}
    others = [node for node in arrays if node.span not in matrices and node.span not in told and node.span is not None]
    entrywise = [EntrywiseFunction(span=n.span, function="exp", argument=n.args[0].span, matrix_function="expm") for n in others]
    typed.remarks = (*typed.remarks, *remarks, *entrywise)
    return typed


def _as_products(whole: Whole, typed: Typed | None, fix: Fix, span: Span) -> Typed:
    """The question with its names that are written together split; as it is, if it fits, with a remark, where only so it is a number."""
    changed = as_products(whole, fix)
    products = infer(changed.expr, changed.declared, changed.all_definitions, wrt=whole.wrt, kinds=whole.kinds)
    is_meant = typed is None or is_scalar(products.expr) or not is_scalar(typed.expr)
    meant = products if typed is None or is_meant else typed
    meant.remarks = (
        GluedNames(span=span, variable=str(fix.name.value) if fix.name else "", fix=fix, split=is_meant),
        *meant.remarks,
    )
    return meant


def _ask_of_summed_numbers(whole: Whole, typed: Typed) -> None:
    """Raises NumberSummed where the sum or mean of a number is taken whose names may be vectors."""
    for part in (*typed.definitions.values(), typed.expr):
        for node in post_order(part):
            if node.span is None or not row_of(node.op).statistic or not is_scalar(node.args[0]):
                continue
            inside = list(post_order(node.args[0]))
            names = tuple(dict.fromkeys(str(name.value) for name in inside if name.op == "name"))
            is_number = all(is_scalar(one) for one in inside if one.shape is not None)
            if names and is_number and all(name in whole.changeable for name in names):
                error = NumberSummed(span=node.span, function=node.op, argument=node.args[0], names=names)
                error.whole = whole
                whole.readings = of_summed(whole, names)
                raise error


def _groupings(whole: Whole) -> Iterator[GroupedProduct]:
    for fix in other_groupings(whole):
        product = fix.target.args[-1].span
        if fix.target.span is not None and product is not None:
            yield GroupedProduct(span=fix.target.span, product=product, fix=fix)


def departed(whole: Whole, reading: Reading | None, kinds: Mapping[str, str]) -> Typed:
    """The question read with departures from its spelling, each of them a remark, and with these kinds of more names."""
    if reading is None:
        return read(whole, kinds)
    from matdiff.infer.search import marked  # what reading_of has loaded

    typed = read(marked(whole, reading.marks)[0], {**reading.kinds, **kinds})
    fixes = [Fix("", mark.node, mark.made(mark.node)) for mark in reading.marks]
    marks = [MarkRead(span=fix.target.span, way=mark.way, fix=fix) for mark, fix in zip(reading.marks, fixes) if fix.target.span]
    typed.remarks = (*typed.remarks, *marks)
    return typed


def read(whole: Whole, kinds: Mapping[str, str]) -> Typed:
    """The question with shapes for these kinds of undeclared names, or those of their spelling.  Raises an E3xx error."""
    shaping = whole.shaping(kinds)
    try:
        definitions, expr = whole.shaped(shaping)
    except MatdiffError as error:
        whole.failed = shaping
        _finish(whole, shaping)
        _complete(error, whole, shaping)
        raise
    invented = _finish(whole, shaping)
    sizes = _sizes_as_numbers(whole, shaping)
    if sizes:
        return _with_sizes(whole, sizes, kinds)
    check()
    kept, named = definitions, set(whole.occurrences)
    if any(name in definitions for name in whole.wrt):
        kept = ordered_definitions(expr, {name: value for name, value in definitions.items() if name not in whole.wrt})
        named = {str(node.value) for part in (*kept.values(), expr) for node in names_in(part)}
    variables = {name: _variable(whole, name, shaping, kinds) for name in whole.occurrences if name in named and name not in kept}
    typed = Typed(expr, variables, kept, remarks_on(shaping, _departures(whole, shaping), whole.occurrences, invented))
    typed.ranges = {index: shaping.sizes.resolve(dim) for index, dim in shaping.ranges.known.items()}
    return typed


def _sizes_as_numbers(whole: Whole, shaping: Shaping) -> dict[str, Expr]:
    """The undeclared names that are numbers and the names of sizes, each with the place where it stands first."""
    sizes = whole.declared_sizes(by_user=True) | shaping.size_names
    free = [name for name in whole.free if name not in whole.declared and name not in whole.wrt]
    return {name: whole.occurrences[name] for name in free if name in sizes and shaping.kinds.get(name) == "scalar"}


def _with_sizes(whole: Whole, sizes: Mapping[str, Expr], kinds: Mapping[str, str]) -> Typed:
    """The question in which these names are those of sizes, with a remark for each."""
    nodes = [node for part in whole.parts for node in names_in(part) if node.value in sizes]
    parts = [(node, Expr("size", (), node.value, span=node.span)) for node in {id(node): node for node in nodes}.values()]
    typed = read(whole.with_parts(parts), {name: kind for name, kind in kinds.items() if name not in sizes})
    for name, node in sizes.items():
        axis = next(((v.name, axis) for v in typed.variables.values() for axis in (0, 1) if v.shape[axis] == size(name)), None)
        meant = f"the size {name}" if axis is None else f"the number of {('rows', 'columns')[axis[1]]} of {axis[0]}"
        if node.span is not None:
            typed.remarks = (*typed.remarks, NotationRead(span=node.span, meant=meant))
    return typed


def _departures(whole: Whole, shaping: Shaping) -> dict[str, str]:
    """The kinds that undeclared names have against their spelling."""
    kinds = {name: shaping.kinds[name] for name in whole.changeable if name in shaping.kinds}
    return {name: kind for name, kind in kinds.items() if kind != default_kind(name) and name not in whole.evidence.families}


# Sizes in errors: final ones, and where they come from


def _complete(error: MatdiffError, whole: Whole, shaping: Shaping) -> None:
    """Final sizes in the error, and the reasons why those that clash are what they are."""
    if isinstance(error, (UndecidedSizes, IndexSizes)):
        error.left, error.right = shaping.sizes.resolve(error.left), shaping.sizes.resolve(error.right)
    elif isinstance(error, IndexRange):
        error.size = shaping.sizes.resolve(error.size)
    elif isinstance(error, Clash):
        clash = _clashing(error)
        error.reasons = tuple(_reasons(clash, whole, shaping))
        if not isinstance(error, NotSquare):
            declared = whole.declared_sizes(by_user=True)
            used = [name for operand, axis in clash for name in shape_of(operand)[axis].names]
            error.rigid = tuple(dict.fromkeys(name for name in used if name in declared))


def _clashing(error: MatdiffError) -> list[tuple[Expr, int]]:
    """The operands of an error and their axes whose sizes differ; a size 1 is another kind, not another size."""
    if isinstance(error, NotSquare):
        sides = [((error.argument, 0), (error.argument, 1))]
    elif isinstance(error, ProductSizes):
        sides = [((error.left, 1), (error.right, 0))]
    elif isinstance(error, BlockSizes):
        sides = [((error.left, error.axis), (error.right, error.axis))]
    else:
        assert isinstance(error, (SumShapes, ElementwiseShapes, ArgumentSizes))
        sides = [((error.left, axis), (error.right, axis)) for axis in (0, 1)]
    sizes = [[(shape_of(operand)[axis], (operand, axis)) for operand, axis in pair] for pair in sides]
    return [side for pair in sizes if pair[0][0] != pair[1][0] and not any(dim.is_one for dim, _ in pair) for _, side in pair]


def _reasons(clash: Sequence[tuple[Expr, int]], whole: Whole, shaping: Shaping) -> Iterator[SizeReason]:
    """Where undeclared variables got the sizes that clash."""
    seen = set()
    for operand, side in clash:
        size, inside = shape_of(operand)[side], bare(operand)
        for node in names_in(operand):
            name = str(node.value)
            if name in whole.declared or name in whole.definitions:
                continue
            for axis, dim in enumerate(shaping.shapes[name]):
                place = shaping.sizes.origin(dim)
                is_side = axis == (1 - side if operand.op == "'" else side) or node is not inside
                if place and is_side and (name, axis) not in seen and shaping.sizes.resolve(dim) == size:
                    seen.add((name, axis))
                    yield SizeReason(name, axis, str(size), joined(place))


def _finish(whole: Whole, shaping: Shaping) -> set[str]:
    """Final names for the sizes; returns those that nobody gave."""
    check()
    return finish(shaping, whole.free, {*whole.declared_sizes(), *shaping.size_names, *whole.occurrences})


def _variable(whole: Whole, name: str, shaping: Shaping, kinds: Mapping[str, str]) -> Variable:
    shape = tuple(shaping.sizes.resolve(dim) for dim in shaping.shapes[name])
    if name in whole.declared:
        variable = whole.declared[name]
        return Variable(name, variable.kind, shape, variable.property)
    origin = "default" if shape == SCALAR and name not in kinds and name not in whole.definitions else "inferred"
    return Variable(name, declared_kind(shape), shape, None, origin)
