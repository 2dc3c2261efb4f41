"""`equation`: the result as sums over the indices that the question sums over, `df/dw = -2 sum_i (y_i - x_i^T w) x_i`."""

from __future__ import annotations

from matdiff.answer.answer import Answer
from matdiff.answer.leftside import arrays_side, output_name
from matdiff.answer.member import held_axes
from matdiff.answer.result import Result
from matdiff.choose.choose import written
from matdiff.choose.identities import with_sizes
from matdiff.language import make
from matdiff.language.queries import post_order, shape_of
from matdiff.language.syntax import Expr
from matdiff.notations.equation import Equation, NoNotation
from matdiff.notations.members import Members, are_positions_told
from matdiff.tensor.held import At


def equation(answer: Answer, result: Result) -> Equation:
    """The derivative by a parameter, or by one member u_k.

    Raises NoNotation where the question has no sums over an index, or where the result is no sum of members.
    """
    indices = answer.typed.indices
    if indices is None or result.turned or result.is_row:
        raise NoNotation
    at = held_axes(answer, result)
    if at.count(None) > 2:
        raise NoNotation
    names = (*answer.typed.variables, *answer.typed.definitions, *answer.typed.sizes_as_numbers)
    context = result.context._replace(recovery=lambda sizes: Members(sizes, indices, at, names))
    chosen = written(result.derived, context)
    if chosen.expr is None:
        raise NoNotation
    parts = tuple(part._replace(expr=with_sizes(part.expr, named=True)) for part in chosen.parts)
    right = with_sizes(chosen.expr)
    by = [letter for letter in at if letter is not None]
    if not all(are_positions_told(expr, indices.held, by) for expr in (right, *(part.expr for part in parts))):
        raise NoNotation  # x_h alone would be a name of its own
    if not any(at) and not any(
        node.op == "over" for expr in (right, *(part.expr for part in parts)) for node in post_order(expr)
    ):
        raise NoNotation  # it is the same in matrices
    return Equation(_left(answer, result, at), right, (), parts)


def _left(answer: Answer, result: Result, at: At) -> Expr:
    letters = [letter for letter in at if letter is not None]
    if not letters:
        return arrays_side(answer, result.plain)
    if not result.order:
        return make.member(output_name(answer.typed), letters, shape_of(answer.typed.expr))
    variable = answer.typed.variables[result.wrt[0]]
    shape = (variable.shape[1], variable.shape[0]) if len(letters) == 1 else variable.shape
    output = make.name(output_name(answer.typed), shape_of(answer.typed.expr))
    return Expr("partial", (output, make.member(variable.name, letters, shape)), 1)
