"""`lower` and `lowering_of`: a typed question as tensors."""

from __future__ import annotations

from collections.abc import Mapping

from matdiff.infer.infer import Typed
from matdiff.tensor.lower import Lowering, variable_tensor
from matdiff.tensor.nodes import Tensor


def lower(typed: Typed, free: frozenset[str] = frozenset()) -> tuple[Tensor, dict[str, Tensor]]:
    """The value of the typed expression, and those of its definitions; see `lowering_of`."""
    lowering = lowering_of(typed, free)
    return lowering.value(typed.expr), {name: lowering.values[name] for name in typed.definitions}


def lowering_of(typed: Typed, free: frozenset[str] = frozenset()) -> Lowering:
    """What lowers the typed expression: it knows the variables and the definitions.

    Variables in `free` are lowered as if nothing were known of their structure.
    """
    lowering = lowering_with({name: variable_tensor(v, name not in free) for name, v in typed.variables.items()}, typed)
    for name, definition in typed.definitions.items():
        lowering.values[name] = lowering.value(definition)
    return lowering


def lowering_with(values: Mapping[str, Tensor], typed: Typed) -> Lowering:
    """What lowers expressions of the typed question in which names have these values."""
    if not typed.ranges:
        return Lowering(dict(values))
    from matdiff.tensor.lift import Lift  # few questions have indices

    return Lift(dict(values), typed.ranges, multiplied_out=False)
