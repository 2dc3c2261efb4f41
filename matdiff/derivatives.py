"""The value of a question in index form, and its derivatives by variables, structured ones included, and along directions.

A structured variable is differentiated as if it had no structure, and the derivative projected; then its structure is put in
again.  A diagonal D needs no projection: as diag(d) with a free d it has no entries but those that may move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matdiff.asked import Asked
from matdiff.derive import derive
from matdiff.directions import Applied, Curved, applied
from matdiff.errors import TooManyAxes
from matdiff.index import add, symbol
from matdiff.infer import Typed
from matdiff.kinds import Variable
from matdiff.limits import AXES
from matdiff.lower import axes_of, free_property, lowering_of, property_of, variable_tensor
from matdiff.nodes import Tensor
from matdiff.simplify import rebuild_all, simplify
from matdiff.structure import curvature, in_own_space, turns_with_variable
from matdiff.symmetric import refuse_asymmetric
from matdiff.undefined import refuse_undefined


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
    lowering = lowering_of(typed, free)
    refuse_undefined((*typed.definitions.values(), typed.expr), lowering)
    refuse_asymmetric(typed)
    output = simplify(lowering.value(typed.expr))
    restored = {_symbol(typed, name, structure): variable_tensor(typed.variables[name]) for name in free}
    values = rebuild_all((simplify(lowering.values[name]) for name in typed.definitions), restored)
    return Value(output, restored, dict(zip(values, typed.definitions)))


def derivatives(
    value: Value, typed: Typed, asked: Asked, wrt: Sequence[str], directions: Mapping[str, Variable]
) -> list[Applied]:
    """What is asked: every block of the derivative, or the derivative applied to directions."""

    def by(tensor: Tensor, *names: str) -> Tensor:
        return derivative(tensor, names, typed, asked.structure)

    if asked.along is not None:
        return applied(asked.along, value.output, wrt, directions, by, _curved(typed, wrt, asked.structure))
    return [Applied(names, by(value.output, *names)) for names in asked.blocks(wrt)]


def derivative(output: Tensor, wrt: Sequence[str], typed: Typed, structure: str) -> Tensor:
    """`output` differentiated by each variable in turn, each derivative in the variable's own space and simplified.

    Raises TooManyAxes.
    """
    tensor = plain = output
    before: list[tuple[str, int]] = []
    for name in wrt:
        variable, axis = _symbol(typed, name, structure), tensor.order
        if axis + variable.order > AXES:
            raise TooManyAxes(axes=axis + variable.order, limit=AXES, order=len(wrt))
        prop = typed.variables[name].property if _is_free(typed.variables[name], structure) and variable.order == 2 else None
        turns = turns_with_variable(prop, structure)
        again = [first for other, first in before if other == name and turns]
        if len(again) == 1 and before[-1] == (name, again[0]):
            curved = curvature(plain, again[0], variable)
            tensor = add([(1, derive(plain, variable)), (1, curved)], curved.dims)
        else:
            tensor = derive(tensor, variable)
            tensor = plain = simplify(tensor) if turns else tensor
        for first in (axis, *again):
            tensor = simplify(in_own_space(tensor, first, prop, structure, variable))
        before.append((name, axis))
    return tensor


def _curved(typed: Typed, names: Sequence[str], structure: str) -> dict[str, Curved]:
    """The variables whose space turns with them, each with its node while differentiating and what it is then."""
    found = {}
    for name in names:
        variable = typed.variables[name]
        prop = variable.property
        if prop is not None and len(axes_of(variable.shape)) == 2 and turns_with_variable(prop, structure):
            found[name] = Curved(_symbol(typed, name, structure), variable_tensor(variable), prop)
    return found


def _is_free(variable: Variable, structure: str) -> bool:
    """Whether a structured variable is differentiated as if it had no structure."""
    return variable.property is not None and (variable.property != "diagonal" or structure == "ignore")


def _symbol(typed: Typed, name: str, structure: str) -> Tensor:
    """The node of a variable by which to differentiate."""
    variable = typed.variables[name]
    dims = axes_of(variable.shape)
    is_free = len(dims) == 2 and _is_free(variable, structure)
    return symbol(name, dims, free_property(variable) if is_free else property_of(variable))
