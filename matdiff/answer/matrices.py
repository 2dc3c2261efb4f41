"""`in_matrices`: a question with sums over an index as the same question about matrices, which is then asked like any other.

The sum is lowered with its indices as axes and recovered: sum_i (y_i - w^T x_i)^2 is ||y - x w||^2, with x the matrix whose rows
are the x_i.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from matdiff.infer.infer import Typed
from matdiff.infer.unify import is_open
from matdiff.language.errors import IndexSum, NotLifted, SumRead
from matdiff.language.queries import families, indices_of, letter_of, ones_of, post_order, shape_of
from matdiff.laws.simplify import simplify
from matdiff.recover.graph import Irreducible
from matdiff.recover.recover import Recovery, size_expressions
from matdiff.tensor import build
from matdiff.tensor.lift import Lift
from matdiff.tensor.lower import axes_of, variable_tensor
from matdiff.tensor.nodes import Session, Tensor, entered

if TYPE_CHECKING:
    from matdiff.language.kinds import Variable
    from matdiff.language.syntax import Expr


def in_matrices(typed: Typed, members: tuple[tuple[str, str], ...] = ()) -> Typed:
    """The typed question without sums over an index.  Raises NotLifted where it has no matrix notation.

    members   those by which is differentiated, each with its family: the derivative by a member is a row of that by its family
    """
    parts = (*typed.definitions.values(), typed.expr)
    _check_ranges(typed, parts)
    with entered(Session()):
        values: dict[str, Tensor] = {name: variable_tensor(variable) for name, variable in typed.variables.items()}
        lift = Lift(values, typed.ranges)
        recovery = Recovery(size_expressions(typed.variables.values(), named=typed.sizes_as_numbers))
        definitions = {}
        for name, value in typed.definitions.items():
            if ones_of(value) == (True, False):  # a row, which as a tensor is no other than a column, has no name there
                values[name] = lift.value(value)
                continue
            definitions[name] = _recovered(value, lift, recovery)
            values[name] = build.symbol(name, axes_of(shape_of(value)))
        expr = _recovered(typed.expr, lift, recovery)
    first = next(node for part in parts for node in post_order(part) if node.op == "over")
    known = families(parts)
    remark = SumRead(
        span=first.span,
        read=expr,
        definitions=tuple(definitions.items()),
        members=tuple(_member(node, typed.variables[name]) for name, node in known.items()),
        by=members,
        apart=tuple(name for name in typed.variables if name.rpartition("_")[0] in known),
    )
    plain = Typed(expr, typed.variables, definitions, (remark, *typed.remarks))
    plain.counted, plain.indices = typed.sizes_as_numbers, indices_of(parts)
    return plain


def _member(node: Expr, array: Variable) -> tuple[str, str, str]:
    """A member as it is written, what it is of its array, and the array."""
    letters = [letter_of(index) for index in node.args]
    place = f"entry {', '.join(letters)}" if len(letters) > 1 or array.shape[1].is_one else f"row {letters[0]}"
    return f"{array.name}_{''.join(letters)}", place, array.name


def _recovered(expr: Expr, lift: Lift, recovery: Recovery) -> Expr:
    tensor = simplify(lift.value(expr))
    try:
        return recovery.expr(tensor)
    except Irreducible:
        raise NotLifted(span=expr.span, operation="") from None


def _check_ranges(typed: Typed, parts: Iterable[Expr]) -> None:
    """Raises IndexSum for an index of which nothing tells the size."""
    for node in (node for part in parts for node in post_order(part) if node.op == "over"):
        for index in node.args[1:]:
            if index.op == "index" and is_open(typed.ranges[str(index.value)]):
                letter = letter_of(index)
                raise IndexSum(span=index.span or node.span, written=letter, problem="range", index=letter)
