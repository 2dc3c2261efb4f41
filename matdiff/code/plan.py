"""The plan of a computation: what is computed from what, with every common part once, and nothing of how it is spelled.

A `Node` is an operation on arrays.  Vectors and rows are arrays with one axis.  The operations:

    variable (name, kind)   number (value)   pi   size (dim)   place (index)      leaves; in brackets their `data`
    add (signs)   neg   times   over   power                                      entry by entry, arrays broadcast
    spread_columns   spread_rows          a vector where it broadcasts along the columns or rows of a matrix
    column   row   single                 a vector or number as an array with two axes
    product                               of matrices, vectors and rows as in `@`   outer   inner (all entries)
    transpose   trace   diagonal   diagonal_matrix   total   sum_axis (axis)   matrix_power (exponent)
    eye   ones   zeros   full             the sizes are parts
    commutation                           K(m, n), of the sizes m, n and m n
    tile_columns   tile_rows              a vector as every column or row of a matrix
    at (pattern)   unit                   entries, rows, columns; a unit vector
    kron   vec   unvec   block (width)   flat
    inverse   solve                       A X = B
    cholesky   cholesky_solve   cholesky_half_logdet   cholesky_inverse   lu   lu_solve   lu_solve_transposed   lu_logdet   lu_inverse
    largest                               the larger of two, entry by entry
    row_max                               the largest entry of each row
    apply (row of the function table)
    each (row of the function table)      of every matrix that the last two axes of an array hold
    frechet, slope (row of the function)  the derivative of a matrix function in given directions, and in all
    einsum (letters of the operands, letters of the result)   pairing     index notation
    diagonals (axes)                      an array of zeros with this value on diagonals; the sizes of the axes it lacks are parts
    row_result                            a result that is a row in mathematics
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from fractions import Fraction
from typing import Any

from matdiff.language.dims import Dim
from matdiff.language.syntax import Rational

Axes = tuple[Dim, ...]


class Node:
    """An operation on `parts`; `shape` are the axes of its value.  Equal nodes of a plan are one object.

    varies   whether an argument of the function enters, so that a library may take it for an array
    """

    __slots__ = ("data", "op", "parts", "shape", "varies")

    def __init__(self, op: str, parts: tuple[Node, ...], shape: Axes, data: Any) -> None:
        self.op, self.parts, self.shape, self.data = op, parts, shape, data
        self.varies: bool = op == "variable" or any(part.varies for part in parts)

    def __repr__(self) -> str:
        inside = ", ".join(map(repr, self.parts))
        return f"{self.op}{'' if self.data is None else f'<{self.data}>'}{f'({inside})' if inside else ''}"


class Plan:
    """Makes nodes.  `names` are names that some nodes have in the formulas, for where one is needed."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, tuple[Node, ...], Axes, Hashable], Node] = {}
        self.names: dict[Node, str] = {}
        self.one = self.number(1)

    def make(self, op: str, *parts: Node, shape: Axes = (), data: Hashable = None) -> Node:
        """The node of an operation."""
        key = (op, parts, shape, data)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = Node(op, parts, shape, data)
        return found

    def number(self, value: Hashable) -> Node:
        """An exact number."""
        return self.make("number", data=value)

    def size(self, dim: Dim) -> Node:
        """A size: the number n."""
        value = dim.value
        return self.number(value) if value is not None else self.make("size", data=dim)

    # Laws that every format wants.

    def times(self, left: Node, right: Node) -> Node:
        """The product, entry by entry; 1 is no factor, numbers come first and are multiplied out."""
        if left is self.one or right is self.one:
            return right if left is self.one else left
        if right.op == "number" and left.op != "number":
            left, right = right, left
        if left.op == "number" and right.op == "number":
            return self.number(_whole(left.data * right.data))
        if left.op == "number" and right.op == "times" and right.parts[0].op == "number":
            return self.times(self.times(left, right.parts[0]), right.parts[1])
        if left.op == "number" and left.data == -1:
            return self.negated(right)
        if left.op == "neg" or right.op == "neg":
            inner = [part.parts[0] if part.op == "neg" else part for part in (left, right)]
            product = self.times(*inner)
            return product if left.op == right.op else self.negated(product)
        if left.op == "over" and left.parts[0] is self.one:
            return self.over(right, left.parts[1])
        return self.make("times", left, right, shape=_wider(left, right))

    def over(self, left: Node, right: Node) -> Node:
        """The quotient, entry by entry."""
        if right is self.one:
            return left
        if left.op == "number" and right.op == "number" and right.data != 0:
            return self.number(_whole(Fraction(left.data) / right.data))
        if left.op == "neg":
            return self.negated(self.over(left.parts[0], right))
        return self.make("over", left, right, shape=_wider(left, right))

    def negated(self, node: Node) -> Node:
        """Minus the node."""
        if node.op == "number":
            return self.number(-node.data)
        if node.op == "times" and node.parts[0].op == "number":
            return self.times(self.number(-node.parts[0].data), node.parts[1])
        return node.parts[0] if node.op == "neg" else self.make("neg", node, shape=node.shape)

    def transposed(self, node: Node) -> Node:
        """The transpose of a matrix."""
        if node.op == "transpose":
            return node.parts[0]
        if is_symmetric(node):
            return node
        return self.make("transpose", node, shape=node.shape[::-1])

    def summed(self, parts: Sequence[Node], signs: Sequence[str], shape: Axes) -> Node:
        """The sum with signs "+" and "-"."""
        return self.make("add", *parts, shape=shape, data=tuple(signs))


def _whole(value: Rational) -> Rational:
    return value.numerator if value.denominator == 1 else value


def is_negative(node: Node) -> bool:
    """Whether a node is written with a minus sign: -x, -2 x."""
    if node.op == "times":
        node = node.parts[0]
    return node.op == "neg" or (node.op == "number" and node.data < 0)


def _wider(left: Node, right: Node) -> Axes:
    """The axes of arrays that broadcast."""
    if len(left.shape) != len(right.shape):
        return max(left.shape, right.shape, key=len)
    return tuple(b if a.is_one else a for a, b in zip(left.shape, right.shape, strict=True))


def is_symmetric(node: Node) -> bool:
    """Whether a matrix surely equals its transpose: declared so, the identity, a diagonal, a sum or multiple of such."""
    if node.op == "variable":
        return node.data[2] in ("symmetric", "spd", "diagonal")
    if node.op in ("eye", "diagonal_matrix"):
        return True
    if node.op == "product" and len(node.shape) == 2:
        left, right = node.parts
        return (left.op == "transpose" and left.parts[0] is right) or (right.op == "transpose" and right.parts[0] is left)
    if node.op == "outer":
        return node.parts[0] is node.parts[1]
    if node.op in ("add", "neg") or (node.op in ("times", "over") and not all(part.shape for part in node.parts)):
        return all(len(part.shape) != 1 and (not part.shape or is_symmetric(part)) for part in node.parts)
    return False
