"""`by_member`: the derivative by one member u_k of a family with its index as a position, for code that takes it as a parameter."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from copy import copy

from matdiff.answer.answer import Answer
from matdiff.answer.result import Result
from matdiff.choose.choose import written
from matdiff.choose.naming import Part, needed
from matdiff.language import make
from matdiff.language.dims import ONE, SCALAR, Dim
from matdiff.language.queries import post_order, shape_of
from matdiff.language.syntax import Expr
from matdiff.laws.simplify import simplify
from matdiff.recover.recover import Recovery
from matdiff.tensor import build
from matdiff.tensor.held import At, Holding, NotHeld
from matdiff.tensor.lower import axes_of
from matdiff.tensor.nodes import entered


def held_axes(answer: Answer, result: Result) -> At:
    """The letters at which the axes of a result are held: those of the value of an array, or of the member by which is differentiated."""
    indices = answer.typed.indices
    output = axes_of(shape_of(answer.typed.expr))
    is_of_number = result.along is None and not output  # else the members are columns
    asked = {family: name for name, family in answer.asked.members} if is_of_number else {}
    own = indices.axes if indices is not None and not result.order else ()
    at: list[str | None] = [*own, *[None] * len(output)][: len(output)]
    for name in result.wrt:
        axes = axes_of(answer.typed.variables[name].shape)
        letters = asked[name].rpartition("_")[2] if name in asked and len(result.wrt) == 1 else ""
        at += [*letters, *[None] * len(axes)][: len(axes)]
    return tuple(at)


def by_member(answer: Answer, result: Result) -> Result:
    """The result for one member, `2 (lambda u_k - v^T (r_k - v u_k))` with u_k = u[k,:]^T, where k is an "index" of code, from 0 or from 1.

    What cannot be written so is that row of the result: conditions on indices, functions of whole families, and exponentials, which
    are stable only beside those by which they are divided.  The result itself where it is by no member, or has no matrix notation.
    """
    at = held_axes(answer, result)
    if not result.order or not any(at) or not result.is_matrix or result.turned:
        return result
    taken = {*answer.typed.variables, *answer.typed.definitions, *answer.typed.number_names()}
    positions = answer.typed.indices.held if answer.typed.indices is not None else frozenset[str]()
    places = {
        letter: Expr("name", (), letter) if letter in positions else Expr("index", (), _free(letter, taken))
        for letter in at
        if letter is not None
    }
    shown = copy(result)
    shown.wrt = tuple(name for name, family in answer.asked.members if family in result.wrt)
    with entered(answer.session):
        found = _in_members(answer, result, at, places)
        if found is None or any(
            node.op == "exp" for expr in (found[0], *(p.expr for p in found[1])) for node in post_order(expr)
        ):
            shown.expr = shown.value_expr = _picked(result.value_expr, at, places)
        else:
            shown.expr = shown.value_expr = found[0]
            shown.where = needed(found[1], found[0])
        held = build.filled(1, [dim for dim, letter in zip(result.tensor.dims, at) if letter is None])
    shown.tensor = held  # for its axes
    return shown


def _in_members(answer: Answer, result: Result, at: At, places: Mapping[str, Expr]) -> tuple[Expr, list[Part]] | None:
    """The formula with names for the members, and these as parts; None where there is none."""
    assert answer.typed.indices is not None
    holding = Holding(answer.typed.indices.letters)
    try:
        held = simplify(holding.hold(result.derived, at))
    except NotHeld:
        return None
    taken = {*result.context.taken, *(part.name for part in result.parts)}
    members: list[Part] = []
    for tensor, (of, letters) in holding.members.items():
        if of.name not in answer.typed.variables:
            return None  # a condition
        array = make.name(of.name, answer.typed.variables[of.name].shape)
        name = _free(f"{of.name}_{''.join(letter or '' for letter in letters)}", taken)
        taken.add(name)  # the row and the column k of K have names of their own
        members.append(Part(name, _picked(array, letters, places), tensor))

    def recovery(sizes: dict[Dim, Expr]) -> Recovery:
        found = Recovery(sizes)
        for part in members:
            found.name(part.tensor, part.name, part.expr)
        return found

    names = (*result.context.taken, *(part.name for part in members))
    chosen = written(held, result.context._replace(recovery=recovery, taken=names))
    return None if chosen.expr is None else (chosen.expr, [*members, *chosen.parts])


def _picked(array: Expr, at: At, places: Mapping[str, Expr]) -> Expr:
    """The entry, or the row or column as a column, of an array at the positions of these letters."""
    rows, columns = shape_of(array)
    chosen = [places[letter] if letter is not None else Expr("all") for letter in at]
    if len(at) == 1 or at[0] is not None is not at[1]:
        return make.call("at", array, *chosen, shape=SCALAR)
    if at[0] is None:
        return make.call("at", array, *chosen, shape=(rows, ONE))
    return make.transposed(make.call("at", array, *chosen, shape=(ONE, columns)))


def _free(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name += "_"
    return name
