"""Derivatives by the variables of a question, each in the space in which the variable moves (`structure`)."""

from __future__ import annotations

from collections.abc import Sequence

from matdiff.derive.directions import Curved
from matdiff.derive.structure import curvature, in_own_space, turns_with_variable
from matdiff.derive.sweep import derive
from matdiff.infer.infer import Typed
from matdiff.language.errors import TooManyAxes
from matdiff.language.kinds import Variable
from matdiff.laws.simplify import simplify
from matdiff.limits import AXES
from matdiff.tensor import build
from matdiff.tensor.build import symbol
from matdiff.tensor.lower import axes_of, free_property, property_of, variable_tensor
from matdiff.tensor.nodes import Tensor


def derivative(output: Tensor, names: Sequence[str], typed: Typed, structure: str) -> Tensor:
    """`output` differentiated by each variable in turn, each derivative in the variable's own space and simplified."""
    tensor = plain = output
    before: list[tuple[str, int]] = []
    for name in names:
        variable, axis = node_of(typed, name, structure), tensor.order
        if axis + variable.order > AXES:
            raise TooManyAxes(axes=axis + variable.order, limit=AXES, order=len(names))
        prop = typed.variables[name].property if is_free(typed.variables[name], structure) and variable.order == 2 else None
        turns = turns_with_variable(prop, structure)
        again = [first for other, first in before if other == name and turns]
        if len(again) == 1 and before[-1] == (name, again[0]):
            curved = curvature(plain, again[0], variable)
            tensor = build.add([(1, derive(plain, variable)), (1, curved)], curved.dims)
        else:
            tensor = derive(tensor, variable)
            tensor = plain = simplify(tensor) if turns else tensor
        for first in (axis, *again):
            tensor = simplify(in_own_space(tensor, first, prop, structure, variable))
        before.append((name, axis))
    return tensor


def curved_variables(typed: Typed, names: Sequence[str], structure: str) -> dict[str, Curved]:
    """The variables whose space turns with them, each with its node while differentiating and what it is then."""
    found = {}
    for name in names:
        variable = typed.variables[name]
        prop = variable.property
        if prop is not None and len(axes_of(variable.shape)) == 2 and turns_with_variable(prop, structure):
            found[name] = Curved(node_of(typed, name, structure), variable_tensor(variable), prop)
    return found


def is_free(variable: Variable, structure: str) -> bool:
    """Whether a structured variable is differentiated as if it had no structure, and the derivative projected afterwards.

    A diagonal D needs no projection: as diag(d) with a free d it has no entries but those that may move.
    """
    return variable.property is not None and (variable.property != "diagonal" or structure == "ignore")


def node_of(typed: Typed, name: str, structure: str) -> Tensor:
    """The node of a variable by which to differentiate."""
    variable = typed.variables[name]
    dims = axes_of(variable.shape)
    without = len(dims) == 2 and is_free(variable, structure)
    return symbol(name, dims, free_property(variable) if without else property_of(variable))
