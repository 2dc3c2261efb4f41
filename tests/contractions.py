"""Formulas with the fourth-order tensors E and F as arrays: both are built, nothing else is assumed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from matdiff.language.dims import SCALAR
from matdiff.language.queries import post_order, shape_of
from matdiff.language.syntax import Expr
from matdiff.numbers.axes import number_of_dim

_TENSORS = ("isotropic", "dyad", "contract", "partial")


def contraction(
    expr: Expr, sizes: Mapping[str, int], matrix: Callable[[Expr], Any], tensor: Callable[[Expr], Any], first: bool = False
) -> Any:
    """The value, with four axes; with `first`, it may be a matrix that is contracted with such, and has two.

    `matrix` evaluates what is in matrix notation, `tensor` anything else that has four axes: dexpm(X), dY/dX.
    """

    def value(part: Expr) -> Any:
        return contraction(part, sizes, matrix, tensor)

    if expr.op == "isotropic":
        rows, columns = (number_of_dim(dim, sizes) for dim in shape_of(expr))
        if str(expr.value)[0] == "E":
            return np.einsum("ik,jl->ijkl", np.eye(rows), np.eye(columns))
        return np.einsum("il,jk->ijkl", np.eye(columns), np.eye(rows))
    if expr.op == "+":
        return sum(map(value, expr.args))
    if expr.op == "neg":
        return -value(expr.args[0])
    if expr.op == "contract":
        head, *rest = expr.args
        total = value(head) if not first or is_tensor(head) else matrix(head)
        for part in rest:
            total = np.tensordot(total, value(part) if is_tensor(part) else matrix(part), 2)
        return total
    if expr.op == "dyad":
        return np.einsum("ij,kl->ijkl", *map(matrix, expr.args))
    if expr.op == "/":
        return value(expr.args[0]) / matrix(expr.args[1])[0, 0]
    if expr.op == ".*":
        return matrix(expr.args[0])[:, :, None, None] * value(expr.args[1])
    if expr.op == "./":
        return value(expr.args[0]) / matrix(expr.args[1])[:, :, None, None]
    if expr.op == "*":
        place = next(place for place, arg in enumerate(expr.args) if is_tensor(arg))
        total = value(expr.args[place])
        for arg in reversed(expr.args[:place]):
            factor = matrix(arg)
            total = factor[0, 0] * total if shape_of(arg) == SCALAR else np.einsum("ip,pjkl->ijkl", factor, total)
        for arg in expr.args[place + 1 :]:  # (E B^T)_ijkl = E_ijkp (B^T)_pl = d_ik B_lj
            total = np.einsum("ijkp,pl->ijkl", total, matrix(arg))
        return total
    return tensor(expr)


def is_tensor(expr: Expr) -> bool:
    """Whether a tensor of order four stands in the formula, outside the arguments of functions."""
    return any(node.op in _TENSORS for node in post_order(expr))
