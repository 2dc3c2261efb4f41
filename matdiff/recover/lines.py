"""Functions of every row or column, in matrix notation: what `softmax(X, rows)` is by its definition, and its differential.

What is said of a vector is lifted to the rows (`tensor.lift`) and recovered, so that nobody needs to write it down twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from matdiff.functions import FUNCTIONS, Function, lifted
from matdiff.infer.infer import Typed
from matdiff.infer.rules import Kinds, put_in
from matdiff.language import make
from matdiff.language.dims import Shape, size
from matdiff.language.kinds import Variable, declared_kind
from matdiff.language.queries import ones_of
from matdiff.language.syntax import Expr
from matdiff.recover.recover import Recovery, size_expressions
from matdiff.tensor import build
from matdiff.tensor.lift import Lift, lifted_differential
from matdiff.tensor.lower import axes_of, variable_tensor
from matdiff.tensor.nodes import Session, Tensor, entered


def by_rows(call: Expr) -> Expr:
    """f(X, cols) as f(X^T, rows)^T; what is of rows already, as it is."""
    row = FUNCTIONS[call.op]
    if row.along == "rows":
        return call
    turned = make.transposed(call.args[0])
    assert call.shape is not None
    return make.transposed(make.call(lifted(row.of, "rows"), turned, shape=call.shape[::-1]))


def written_out(call: Expr) -> Expr:
    """A typed f(X, rows) or f(X, cols) by the definition of f; where it has none, and does nothing but move entries, by products.

    Largest entries have neither, and stay what they are.
    """
    return put_in(call, typed_definition)


@cache
def typed_definition(row: Function, kinds: Kinds) -> Typed:
    """The same of X of this kind."""
    variables = _declared(kinds)
    ((name, variable),) = variables.items()
    shape = _shape_of_value(row, variable.shape)
    call = make.call(row.name, make.name(name, variable.shape), shape=shape)
    with entered(Session()):
        value = Lift({name: variable_tensor(variable)}).definition(call)
        return Typed(_recovered(value, shape, variables), variables, {}, ())


@cache
def typed_differential(row: Function, kinds: Kinds) -> Typed:
    """The differential of a function of every row or column, by X, Y and dX of these kinds."""
    variables = _declared(kinds)
    with entered(Session()):
        values = {name: variable_tensor(variable) for name, variable in variables.items()}
        if row.along == "cols":
            values = {name: _turned(value) for name, value in values.items()}
        value = lifted_differential(row, values)
        if row.along == "cols":
            value = _turned(value)
        return Typed(_recovered(value, variables["Y"].shape, variables), variables, {}, ())


def _turned(value: Tensor) -> Tensor:
    return build.transpose(value) if value.order == 2 else value


def _declared(kinds: Kinds) -> dict[str, Variable]:
    """Variables of these kinds, with m rows and n columns."""
    shapes = {name: (size(1 if row else "m"), size(1 if column else "n")) for name, row, column in kinds}
    return {name: Variable(name, declared_kind(shape), shape, None, "declared") for name, shape in shapes.items()}


def _shape_of_value(row: Function, shape: Shape) -> Shape:
    _, output = row.patterns[0]
    rows, columns = (size(1) if letter == "1" else dim for letter, dim in zip(output, shape))
    return rows, columns


def _recovered(value: Tensor, shape: Shape, variables: Mapping[str, Variable]) -> Expr:
    """The value in matrix notation, in a row where that is its shape."""
    recovery = Recovery(size_expressions(variables.values()))
    recovery.writer.has_lines = False
    expr = recovery.expr(value)
    is_turned = len(axes_of(shape)) == 1 and ones_of(expr) != (shape[0].is_one, shape[1].is_one)
    return recovery.writer.transposed(expr) if is_turned else expr
