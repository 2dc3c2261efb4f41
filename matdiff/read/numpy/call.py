"""`Call`: a call with its arguments, each of which is read once, or refused."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Protocol

from matdiff.language.errors import UnreadCode
from matdiff.language.syntax import Expr, Span
from matdiff.read.numpy.value import Misfit, Value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matdiff.read.numpy.arrays import Arrays

# Keywords that say nothing about the value.
_SILENT = ("dtype", "device", "requires_grad", "hermitian", "assume_a", "check_finite", "optimize", "inplace")


class Code(Protocol):
    """What a call asks the code about that it stands in; see `translation.Translation`."""

    arrays: Arrays

    @property
    def names(self) -> Mapping[str, Value]: ...
    def value(self, node: ast.expr) -> Value: ...
    def unread(self, node: ast.AST, why: str) -> UnreadCode: ...
    def operated(self, sign: str, left: Value, right: Value, span: Span) -> Value: ...
    def held_fixed(self, node: ast.expr) -> Value: ...
    def cut(self, array: Value, axis: int, part: ast.Slice, span: Span) -> Value: ...
    def size(self, node: ast.expr | None) -> tuple[Expr, ...]: ...
    def with_axis(self, value: Value, *, first: bool, span: Span) -> Value: ...
    def turned_on_the_left(self, node: ast.expr | None, value: Value) -> None: ...


class Call:
    """A call; the object of a method is its first argument.

    library   "numpy", "scipy", "jax" or "torch", or empty where nothing tells
    module    the path of the module that the function is of, or empty where it is a method
    """

    def __init__(
        self,
        code: Code,
        name: str,
        library: str,
        args: list[ast.expr],
        keywords: dict[str, ast.expr],
        span: Span,
        module: str = "",
    ) -> None:
        self.code, self.name, self.library, self.args, self.keywords, self.span = code, name, library, args, keywords, span
        self.module = module
        self.used = {keyword for keyword in keywords if keyword in _SILENT}
        self.places: set[int] = set()

    def node(self, place: int, *names: str) -> ast.expr | None:
        """The argument at a place or with one of these names."""
        for name in names:
            if name in self.keywords:
                self.used.add(name)
                return self.keywords[name]
        if 0 <= place < len(self.args):
            self.places.add(place)
            return self.args[place]
        return None

    def value(self, place: int = 0, *names: str) -> Value:
        node = self.node(place, *names)
        if node is None:
            raise self.refused(f"`{self.name}` takes another argument")
        return self.code.value(node)

    def matrix(self, place: int = 0, *names: str) -> Value:
        value = self.value(place, *names)
        if value.rank != 2:
            raise Misfit(value.span, f"`{self.name}` takes a matrix, and this is {value.kind}")
        return value

    def literal(self, place: int, *names: str, default: object = None) -> object:
        """A number, text or None that is written out; `default` where it is not given."""
        node = self.node(place, *names)
        if node is None:
            return default
        sign = 1
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            node, sign = node.operand, -1
        if isinstance(node, ast.Constant):
            return -node.value if sign < 0 and isinstance(node.value, (int, float)) else node.value
        if isinstance(node, ast.Attribute) and node.attr == "inf":
            return "inf" if sign > 0 else "-inf"
        if isinstance(node, (ast.Tuple, ast.List)):
            return tuple(part.value if isinstance(part, ast.Constant) else None for part in node.elts)
        if isinstance(node, ast.Call) and ast.unparse(node) == "float('inf')":
            return "inf"
        raise self.refused("this has to be written out", node)

    def axis(self, value: Value, place: int = 1, default: int | None = None) -> int | None:
        """The axis, counted from 0; None for all entries."""
        axis = self.literal(place, "axis", "dim", default=default)
        if axis is None or (isinstance(axis, tuple) and set(axis) == set(range(value.rank))):
            return None
        if isinstance(axis, bool) or not isinstance(axis, int):
            raise self.refused("an axis is a number here")
        if not -value.rank <= axis < value.rank:
            raise Misfit(self.span, f"there is no axis {axis} of {value.kind}")
        return axis % value.rank

    @property
    def keeps(self) -> bool:
        keep = self.literal(-1, "keepdims", "keepdim", default=False)
        if not isinstance(keep, bool):
            raise self.refused("keepdims is True or False")
        return keep

    def refused(self, why: str, node: ast.expr | None = None) -> UnreadCode:
        return self.code.unread(node, why) if node is not None else UnreadCode(span=self.span, why=why)

    def finish(self) -> None:
        """Refuse what has not been looked at."""
        for name, node in self.keywords.items():
            if name not in self.used:
                raise self.refused(f"`{name}=` of `{self.name}` is not read", node)
        for place, node in enumerate(self.args):
            if place not in self.places:
                raise self.refused(f"this argument of `{self.name}` is not read", node)
