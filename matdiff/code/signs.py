"""What is surely known of the numbers a node stands for: the interval its entries lie in, and whether a matrix is definite."""

from __future__ import annotations

from matdiff.code.plan import Node
from matdiff.functions import FUNCTIONS

Interval = tuple[float, float]
INFINITY = float("inf")
ANY: Interval = (-INFINITY, INFINITY)


def interval(node: Node) -> Interval:
    """An interval that holds every entry."""
    if node.op == "number":
        return float(node.data), float(node.data)
    if node.op in ("size", "pi"):
        return 1, INFINITY
    if node.op == "apply":
        return FUNCTIONS[str(node.data)].bounds
    if node.op in ("ones", "unit", "eye", "zeros"):
        return 0, 1
    if node.op in ("spread_columns", "spread_rows", "column", "row", "transpose", "tile_columns", "tile_rows", "diagonal"):
        return interval(node.parts[0])
    if node.op == "neg":
        low, high = interval(node.parts[0])
        return -high, -low
    if node.op == "add":
        return _sum(node)
    if node.op == "inner" or (node.op == "product" and not node.shape):
        return (0, INFINITY) if node.parts[0] is node.parts[1] else ANY
    if node.op in ("times", "over"):
        return _product(node)
    if node.op == "power" and node.parts[1].op == "number" and isinstance(node.parts[1].data, int):
        return (0, INFINITY) if node.parts[1].data % 2 == 0 or interval(node.parts[0])[0] >= 0 else ANY
    return ANY


def _sum(node: Node) -> Interval:
    low = high = 0.0
    for sign, part in zip(node.data, node.parts, strict=True):
        below, above = interval(part)
        low, high = (low + below, high + above) if sign == "+" else (low - above, high - below)
    return low, high


def _product(node: Node) -> Interval:
    """Only the sign matters, and that a factor in [0, 1] does not make a product of such larger than 1."""
    left, right = node.parts
    if left is right and node.op == "times":
        return 0, INFINITY
    (a, b), (c, d) = interval(left), interval(right)
    if a >= 0 and c >= 0:
        return 0, (1 if b <= 1 and d <= 1 and node.op == "times" else INFINITY)
    if b <= 0 and d <= 0:
        return 0, INFINITY
    if (a >= 0 and d <= 0) or (b <= 0 and c >= 0):
        return -INFINITY, 0
    return ANY


def is_nonnegative(node: Node) -> bool:
    """Whether no entry can be below zero."""
    return interval(node)[0] >= 0


def definiteness(node: Node) -> int:
    """2 for a matrix that is surely symmetric positive definite, 1 for semidefinite, 0 where nothing is known."""
    if node.op == "variable":
        return 2 if node.data[2] == "spd" else 0
    if node.op == "eye":
        return 2
    if node.op == "diagonal_matrix":
        return 1 if is_nonnegative(node.parts[0]) else 0
    if node.op == "product" and len(node.shape) == 2:
        left, right = node.parts
        return int((left.op == "transpose" and left.parts[0] is right) or (right.op == "transpose" and right.parts[0] is left))
    if node.op in ("times", "over"):
        return _scaled(node)
    if node.op == "add":
        if "-" in node.data or any(part.shape != node.shape for part in node.parts):
            return 0
        known = [definiteness(part) for part in node.parts]
        return max(known) if min(known) else 0
    if node.op == "kron":
        return min(map(definiteness, node.parts))
    return 0


def _scaled(node: Node) -> int:
    """A positive number times a definite matrix; a number that may be zero makes it semidefinite."""
    number, matrix = node.parts if node.op == "times" else node.parts[::-1]
    if number.shape or not matrix.shape:
        return 0
    low = interval(number)[0]
    return (
        definiteness(matrix) if low > 0 or (node.op == "over" and low >= 0) else min(1, definiteness(matrix)) if low == 0 else 0
    )
