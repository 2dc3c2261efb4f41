"""The differentials and definitions of the function table, parsed, and typed for the arguments of a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from matdiff.functions import FUNCTIONS, Function
from matdiff.infer.infer import Typed, infer
from matdiff.language.dims import SCALAR, Dim, Shape, size
from matdiff.language.kinds import Variable
from matdiff.language.make import SCALAR_OPERATORS
from matdiff.language.queries import post_order, shape_of
from matdiff.language.syntax import Expr
from matdiff.read.parse import Question, parse

# The names of the arguments in the table.
ARGUMENTS = ("X", "Z")
WITHOUT_INVERSE = -1
# What is known of each name of a rule: whether it has one row, and whether it has one column.
Kinds = tuple[tuple[str, bool, bool], ...]

_ENTRYWISE = ((("m", "n"),), ("m", "n"))


@cache
def rule_expr(rule: str) -> Expr:
    """A rule or definition, parsed."""
    question = parse(rule)[0]
    assert isinstance(question, Question)
    return question.expr


def kinds_of(shapes: Mapping[str, Shape]) -> Kinds:
    """The kinds of names with these shapes; what has more axes than a matrix is of the kind of one."""
    return tuple((name, rows.is_one, all(dim.is_one for dim in columns)) for name, (rows, *columns) in shapes.items())


@cache
def typed_rule(row: Function, kinds: Kinds, place: int) -> Typed:
    """A differential of a row: for the argument at this place, or of an abbreviation for the pattern at this place.

    At the place WITHOUT_INVERSE stands that for a matrix that need not have one.

    `kinds` are those of X, Y, dX, ...; its sizes are those of the row's pattern.
    """
    rule = row.singular if place == WITHOUT_INVERSE else row.rules[place]
    return _typed(row, rule, place if row.form == "macro" else 0, kinds)


@cache
def typed_on_scalar(row: Function, kinds: Kinds) -> Typed:
    """What a row is of numbers, where it says so."""
    return _typed(row, row.on_scalar, row.variant([True] * 2 * len(kinds)), kinds)


@cache
def typed_call(row: Function, kinds: Kinds) -> Typed:
    """A row applied to an argument of these kinds, with the sizes of the pattern that fits."""
    return _typed(row, row.call(ARGUMENTS[0]), row.variant([one for _, *ones in kinds for one in ones]), kinds)


@cache
def typed_value(row: Function, kinds: Kinds) -> Typed:
    """The definition of a row for arguments of these kinds, with the sizes of the pattern that fits."""
    place = row.variant([one for _, *ones in kinds for one in ones])
    return _typed(row, _value(row, place), place, kinds)


def _value(row: Function, place: int) -> str:
    """The definition for the pattern at this place."""
    return row.values[min(place, len(row.values) - 1)]


def _typed(row: Function, rule: str, place: int, kinds: Kinds) -> Typed:
    inputs, output = row.patterns[place] if row.patterns else _ENTRYWISE
    places = {name: position for position, name in enumerate(ARGUMENTS)}
    declared = {}
    missing = {"1"}
    for name, *ones in kinds:
        letters = output if name in ("Y", "dY") else inputs[places[name.removeprefix("d")]]
        missing.update(letter for letter, one in zip(letters, ones) if one)
        rows, columns = (size(1 if one or letter == "1" else letter) for one, letter in zip(ones, letters))
        kind = "matrix" if not columns.is_one else "scalar" if rows.is_one else "vector"
        declared[name] = Variable(name, kind, (rows, columns), None, "declared")
    return infer(_with_ones(rule_expr(rule), missing), declared, {}, soft=False)


def _with_ones(rule: Expr, letters: set[str]) -> Expr:
    """The rule with 1 for these sizes, as in eye(n)."""
    done: dict[int, Expr] = {}
    for node in post_order(rule):
        args = tuple(done[id(arg)] for arg in node.args)
        if node.op in ("I", "ones", "zeros"):
            args = tuple(Expr("number", (), 1) if arg.op == "name" and arg.value in letters else arg for arg in args)
        done[id(node)] = node.replace(args=args)
    return done[id(rule)]


def sizes_in(typed: Typed, shapes: Mapping[str, Shape]) -> dict[str, Dim]:
    """What the size names of a rule stand for when its names have these shapes."""
    sizes: dict[str, Dim] = {}
    for name, shape in shapes.items():
        if name in typed.variables:
            sizes.update({generic.name: dim for generic, dim in zip(typed.variables[name].shape, shape) if generic.name})
    return sizes


def expanded(call: Expr) -> Expr:
    """What a typed call of a row with a definition stands for; between scalars with the operators of scalars."""
    return put_in(call, typed_value)


def expanded_on_scalar(call: Expr) -> Expr | None:
    """What a typed call stands for where its arguments are numbers; None where they are none, or the row says nothing of that."""
    row = FUNCTIONS.get(call.op)
    if row is None or not row.on_scalar or any(shape_of(arg) != SCALAR for arg in call.args):
        return None
    return put_in(call, typed_on_scalar)


def put_in(call: Expr, typed_of: Callable[[Function, Kinds], Typed]) -> Expr:
    """What the row of a call says of arguments of their kinds, with them put in."""
    values = dict(zip(ARGUMENTS, call.args))
    shapes = {name: value.shape or SCALAR for name, value in values.items()}
    typed = typed_of(FUNCTIONS[call.op], kinds_of(shapes))
    return substituted(typed.expr, values, sizes_in(typed, shapes), _remade)


def substituted(
    expr: Expr, names: Mapping[str, Expr], sizes: dict[str, Dim], remade: Callable[[Expr, tuple[Expr, ...], Shape], Expr]
) -> Expr:
    """The expression of a rule with expressions for its names and sizes for its size names.

    `remade(node, args, shape)` is the operation of a node on other arguments.
    """
    done: dict[int, Expr] = {}
    for node in post_order(expr):
        if node.shape is None:
            done[id(node)] = node
        elif node.op == "name" and str(node.value) in names:
            done[id(node)] = names[str(node.value)]
        else:
            shape = node.shape[0].substitute(sizes), node.shape[1].substitute(sizes)
            is_sized = node.op in ("I", "ones", "zeros")
            args = tuple(done[id(arg)] for arg in node.args)
            done[id(node)] = Expr(node.op, (), shape=shape) if is_sized else remade(node, args, shape)
    return done[id(expr)]


def _remade(node: Expr, args: tuple[Expr, ...], shape: Shape) -> Expr:
    op = SCALAR_OPERATORS.get(node.op, node.op) if shape == SCALAR else node.op
    return Expr(op, args, node.value, shape=shape)


def is_euclidean(call: Expr) -> bool:
    """Whether a typed call is by its definition the root of the sum of the squares of all entries."""
    if call.op not in FUNCTIONS or len(call.args) != 1:  # I of a size is no call, and a size has no shape
        return False
    return is_euclidean_norm(call.op, [dim.is_one for dim in shape_of(call.args[0])])


def is_euclidean_norm(function: str, ones: Sequence[bool]) -> bool:
    """The same of a function for an argument of which it is known whether rows and columns are 1."""
    row = FUNCTIONS.get(function)
    if row is None or not row.values:
        return False
    root = rule_expr(_value(row, row.variant(ones)))
    return root.op == "sqrt" and root.args[0].op == ":" and root.args[0].args[0] == root.args[0].args[1]
