"""Derivatives by structured variables: the gradient in the variable's own space, and the two other conventions.

`project` is the orthogonal projection of the plain gradient onto the space in which dX moves, `entries` the partial
derivatives by the free entries (Matrix Cookbook, section 2.8), `ignore` the plain gradient.

The space of an orthogonal matrix turns with it.  A second derivative is the covariant one, the projection of the derivative of
the first; of a scalar it is the Riemannian Hessian (Absil, Mahony and Sepulchre, Optimization Algorithms on Matrix Manifolds,
2008, proposition 5.3.2 and definition 5.5.1).  In terms of the plain derivatives G and H it is the projection of
H[V] - V (Q^T G + G^T Q)/2 (Absil, Mahony and Trumpf, An extrinsic look at the Riemannian Hessian, 2013, section 4.1).
"""

from __future__ import annotations

from matdiff.language.syntax import ratio
from matdiff.tensor import build
from matdiff.tensor.nodes import Index, Tensor

MODES = ("project", "ignore", "entries")


def in_own_space(derivative: Tensor, axis: int, prop: str | None, mode: str, variable: Tensor) -> Tensor:
    """The derivative with the two axes from `axis` on, those of a variable with property `prop`, treated as `mode` says."""
    if prop is None or mode == "ignore":
        return derivative
    if prop in ("symmetric", "spd"):
        if mode == "entries":
            plain, swapped, diagonal = derivative, _swapped(derivative, axis), _diagonal(derivative, axis)
            return build.add([(1, plain), (1, swapped), (-1, diagonal)], derivative.dims)
        return _half(derivative, axis, 1)
    if prop == "skew":
        skewed = _half(derivative, axis, -1)
        return build.scale(2, skewed) if mode == "entries" else skewed
    if prop in ("lower", "upper"):
        mask = build.constant("tril", (), derivative.dims[axis : axis + 2])
        axes = list(range(derivative.order))
        place = (axis, axis + 1) if prop == "lower" else (axis + 1, axis)
        return build.einsum([(derivative, axes), (mask, place)], axes)
    if prop == "orthogonal":
        return _tangent(derivative, axis, variable)
    return derivative


def turns_with_variable(prop: str | None, mode: str) -> bool:
    """Whether the space in which the variable moves is another one at another value, so that earlier derivatives leave it."""
    return prop == "orthogonal" and mode != "ignore"


def curvature(gradient: Tensor, axis: int, variable: Tensor) -> Tensor:
    """V -> -V (Q^T G + G^T Q)/2 at orthogonal Q, whose plain derivative is the last two axes of `gradient`; V has two more axes.

    `axis` is the first of the two.
    """
    axes = list(range(gradient.order))
    row, column = axes[axis], axes[axis + 1]
    outer: list[Index] = [*axes[:axis]]
    turned = [
        build.einsum([(gradient, [*outer, "p", one]), (variable, ("p", other))], [*outer, row, column])
        for one, other in ((row, column), (column, row))
    ]
    half = ratio(-1, 2)
    symmetric = build.add([(half, part) for part in turned], turned[0].dims)
    ends = [*outer, "i", column, "i", row]
    return build.einsum([(symmetric, [*outer, row, column])], ends, {"i": variable.dims[0]})


def _swapped(tensor: Tensor, axis: int) -> Tensor:
    axes = list(range(tensor.order))
    exchanged = [*axes[:axis], axis + 1, axis, *axes[axis + 2 :]]
    return build.einsum([(tensor, axes)], exchanged)


def _half(tensor: Tensor, axis: int, sign: int) -> Tensor:
    half = ratio(1, 2)
    return build.add([(half, tensor), (sign * half, _swapped(tensor, axis))], tensor.dims)


def _diagonal(tensor: Tensor, axis: int) -> Tensor:
    """The entries with equal indices on the two axes, the others zero."""
    axes = [a if a != axis + 1 else axis for a in range(tensor.order)]
    return build.einsum([(tensor, axes)], axes)


def _tangent(tensor: Tensor, axis: int, variable: Tensor) -> Tensor:
    """1/2 (G - Q G^T Q), the projection of G onto the tangent space at orthogonal Q (Edelman, Arias and Smith 1998, eq. 2.53)."""
    axes = list(range(tensor.order))
    inner = [*axes[:axis], "k", "l", *axes[axis + 2 :]]
    reflected = build.einsum([(tensor, inner), (variable, (axis, "l")), (variable, ("k", axis + 1))], axes)
    half = ratio(1, 2)
    return build.add([(half, tensor), (-half, reflected)], tensor.dims)
