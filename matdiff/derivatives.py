"""The value of a question in index form, and its derivatives by variables, structured ones included, and along directions.

A structured variable is differentiated as if it had no structure, and the derivative projected; then its structure is put in
again.  A diagonal D needs no projection: as diag(d) with a free d it has no entries but those that may move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matdiff.asked import Asked
from matdiff.derive import derive
from matdiff.directions import Applied, applied
from matdiff.errors import TooManyAxes
from matdiff.index import symbol
from matdiff.infer import Typed
from matdiff.kinds import Variable
from matdiff.limits import AXES
from matdiff.lower import axes_of, lower, property_of, variable_tensor
from matdiff.nodes import Tensor
from matdiff.simplify import rebuild_all, simplify
from matdiff.structure import in_own_space


class Value(NamedTuple):
    """output    the value of the expression, in which the variables asked for have no structure
    restored  each of these variables -> itself with its structure
    defined   the values of the definitions, with structure -> their names
    """

    output: Tensor
    restored: dict[Tensor, Tensor]
    defined: dict[Tensor, str]


def value_of(typed: Typed, wrt: Sequence[str], structure: str) -> Value:
    """The value of a typed expression, to be differentiated by the variables `wrt`."""
    free = frozenset(name for name in wrt if _is_free(typed.variables[name], structure))
    lowered, definitions = lower(typed, free)
    output = simplify(lowered)
    restored = {_symbol(typed, name, structure): variable_tensor(typed.variables[name]) for name in free}
    values = rebuild_all(map(simplify, definitions.values()), restored)
    return Value(output, restored, dict(zip(values, definitions)))


def derivatives(
    value: Value, typed: Typed, asked: Asked, wrt: Sequence[str], directions: Mapping[str, Variable]
) -> list[Applied]:
    """What is asked: every block of the derivative, or the derivative applied to directions."""

    def by(tensor: Tensor, *names: str) -> Tensor:
        return derivative(tensor, names, typed, asked.structure)

    if asked.along is not None:
        return applied(asked.along, value.output, wrt, directions, by)
    return [Applied(names, by(value.output, *names)) for names in asked.blocks(wrt)]


def derivative(output: Tensor, wrt: Sequence[str], typed: Typed, structure: str) -> Tensor:
    """`output` differentiated by each variable in turn, each derivative in the variable's own space and simplified.

    Raises TooManyAxes.
    """
    tensor = output
    for name in wrt:
        variable, axis = _symbol(typed, name, structure), tensor.order
        if axis + variable.order > AXES:
            raise TooManyAxes(axes=axis + variable.order, limit=AXES, order=len(wrt))
        plain = derive(tensor, variable)
        prop = typed.variables[name].property if _is_free(typed.variables[name], structure) and variable.order == 2 else None
        tensor = simplify(in_own_space(plain, axis, prop, structure, variable))
    return tensor


def _is_free(variable: Variable, structure: str) -> bool:
    """Whether a structured variable is differentiated as if it had no structure."""
    return variable.property is not None and (variable.property != "diagonal" or structure == "ignore")


def _symbol(typed: Typed, name: str, structure: str) -> Tensor:
    """The node of a variable by which to differentiate."""
    variable = typed.variables[name]
    dims = axes_of(variable.shape)
    return symbol(name, dims, None if len(dims) == 2 and _is_free(variable, structure) else property_of(variable))
