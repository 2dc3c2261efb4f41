"""The shapes of what has indices: members x_i of families, entries a_ij, and arrays that are written by their entries."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from matdiff.language.dims import ONE, SCALAR, Dim, Shape
from matdiff.language.errors import NotLifted, UndecidedSizes
from matdiff.language.queries import is_scalar

if TYPE_CHECKING:
    from matdiff.infer.shapes import Shaping
    from matdiff.language.syntax import Expr


def opened(shaping: Shaping, indices: tuple[Expr, ...]) -> None:
    """Give the indices of a sum their ranges: the size up to which they run, where that is written."""
    for index in indices:
        shaping.ranges[str(index.value)] = shaping.size(index.args[0]) if index.args else shaping.sizes.invent()


def member(shaping: Shaping, expr: Expr) -> Shape:
    """x_i, a row of the matrix x or an entry of the vector x, and a_ij: one index runs over the first axis, two over both."""
    name, axes = str(expr.value), [_range(shaping, index) for index in expr.args]
    if len(axes) > 2 or shaping.kinds.get(name) == "matrix":
        raise NotLifted(span=expr.span, operation="")
    is_vector = len(axes) == 1 and shaping.kinds.get(name) == "vector"
    if name not in shaping.shapes and name not in shaping.declared:
        shaping.shapes[name] = axes[0], axes[1] if len(axes) > 1 else shaping.sizes.invent() if is_vector else ONE
    shape = shaping.shapes.setdefault(name, shaping.declared.get(name, SCALAR))
    for one, other in zip(axes, shape):
        shaping.sizes.unify(one, other, (expr,), partial(UndecidedSizes, left=one, right=other, span=expr.span))
    return (shape[1] if len(axes) == 1 else ONE), ONE


def array(shaping: Shaping, expr: Expr, entry: Expr) -> Shape:
    """y[i] = ... and Y[i,k] = ..., where the entry is a number."""
    axes = [_range(shaping, index) for index in expr.args[1:]]
    if not is_scalar(entry) or len(axes) > 2:
        raise NotLifted(span=expr.span, operation="")
    return axes[0], axes[1] if len(axes) > 1 else ONE


def _range(shaping: Shaping, index: Expr) -> Dim:
    return shaping.ranges.setdefault(str(index.value), shaping.sizes.invent())
