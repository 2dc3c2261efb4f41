"""`lower` and `lowering_of`: a typed question as tensors."""

from __future__ import annotations

from collections.abc import Iterable

from matdiff.infer.infer import Typed
from matdiff.language.dims import Dim
from matdiff.language.queries import sizes_of_indices
from matdiff.language.syntax import Expr
from matdiff.tensor.lower import Lowering, variable_tensor
from matdiff.tensor.nodes import Index, Tensor


def lower(typed: Typed, free: frozenset[str] = frozenset()) -> tuple[Tensor, dict[str, Tensor]]:
    """The value of the typed expression, and those of its definitions; see `lowering_of`."""
    lowering = lowering_of(typed, free)
    return lowering.value(typed.expr), {name: lowering.values[name] for name in typed.definitions}


def lowering_of(typed: Typed, free: frozenset[str] = frozenset()) -> Lowering:
    """What lowers the typed expression: it knows the variables and the definitions.

    Variables in `free` are lowered as if nothing were known of their structure.
    """
    values = {name: variable_tensor(variable, name not in free) for name, variable in typed.variables.items()}
    lowering = lowering_with(values, (*typed.definitions.values(), typed.expr))
    for name, definition in typed.definitions.items():
        lowering.values[name] = lowering.value(definition)
    return lowering


def lowering_with(values: dict[str, Tensor], exprs: Iterable[Expr]) -> Lowering:
    """What lowers these expressions, in which names have these values."""
    ranges: dict[Index, Dim] = {index: dim for expr in exprs for index, dim in sizes_of_indices(expr).items()}
    if not ranges:
        return Lowering(values)
    from matdiff.tensor.lift import Lift  # few questions have indices

    return Lift(values, ranges, multiplied_out=False)
