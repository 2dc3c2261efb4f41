"""The value of a question in index form, and its derivatives by variables, structured ones included, and along directions.

A structured variable is differentiated as if it had no structure, and the derivative projected; then its structure is put in
again.  A diagonal D needs no projection: as diag(d) with a free d it has no entries but those that may move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matdiff.derive.asked import Asked
from matdiff.derive.directions import Applied, applied
from matdiff.derive.spaces import curved_variables, derivative, is_free, node_of
from matdiff.derive.symmetric import refuse_asymmetric
from matdiff.derive.undefined import refuse_undefined
from matdiff.infer.infer import Typed
from matdiff.language.kinds import Variable
from matdiff.laws.simplify import rebuild_all, simplify
from matdiff.tensor.lift import lowering_of
from matdiff.tensor.lower import variable_tensor
from matdiff.tensor.nodes import Tensor


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
    free = frozenset(name for name in wrt if is_free(typed.variables[name], structure))
    lowering = lowering_of(typed, free)
    refuse_undefined((*typed.definitions.values(), typed.expr), lowering)
    refuse_asymmetric(typed)
    output = simplify(lowering.value(typed.expr))
    restored = {node_of(typed, name, structure): variable_tensor(typed.variables[name]) for name in free}
    values = rebuild_all((simplify(lowering.values[name]) for name in typed.definitions), restored)
    return Value(output, restored, dict(zip(values, typed.definitions)))


def derivatives(
    value: Value, typed: Typed, asked: Asked, wrt: Sequence[str], directions: Mapping[str, Variable]
) -> list[Applied]:
    """What is asked: every block of the derivative, or the derivative applied to directions."""

    def by(tensor: Tensor, *names: str) -> Tensor:
        return derivative(tensor, names, typed, asked.structure)

    if asked.along is not None:
        return applied(asked.along, value.output, wrt, directions, by, curved_variables(typed, wrt, asked.structure))
    return [Applied(names, by(value.output, *names)) for names in asked.blocks(wrt)]
