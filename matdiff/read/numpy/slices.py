"""Entries and slices, counted from 0 or from the end there and from 1 here; what is counted from the end needs the size's name."""

from __future__ import annotations

import ast

from matdiff.language.queries import post_order
from matdiff.language.syntax import Expr, Span
from matdiff.read.numpy.inlined import Inlined
from matdiff.read.numpy.source import whole_number
from matdiff.read.numpy.value import Misfit, Size, Value, number, turned


class Named(Exception):
    """A variable needs names for its sizes."""

    def __init__(self, own: str, rank: int) -> None:
        self.own, self.rank = own, rank


def _place(node: ast.expr | None, size: Size | None, default: Size, span: Span) -> Size:
    """A bound of a slice, from 0 on."""
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return default
    value = whole_number(node)
    if value is None:
        raise Misfit(span, "the bounds of a slice are whole numbers here")
    if value >= 0:
        return Size("", value)
    if size is None:
        raise Misfit(span, "from the end of what? give this array a name before it is cut")
    return Size(size.name, size.plus + value)


def _selected(low: Size, high: Size, size: Size, span: Span) -> tuple[Expr, Size]:
    """The matrix that takes the entries from `low` to before `high` of so many, and their number."""
    count, rest = high.less(low), size.less(high)
    if count is None or rest is None or (not count.name and count.plus < 1) or (not rest.name and rest.plus < 0):
        raise Misfit(span, "this slice is empty, or its size cannot be told")
    parts = [Expr("I", (count.expr(span),), span=span)]
    if not low.is_zero:
        parts.insert(0, Expr("zeros", (count.expr(span), low.expr(span)), span=span))
    if not rest.is_zero:
        parts.append(Expr("zeros", (count.expr(span), rest.expr(span)), span=span))
    expr = Expr("block", tuple(parts), len(parts), span=span) if len(parts) > 1 else parts[0]
    return expr, count


def _index_of(node: ast.expr, size: Size | None, span: Span) -> Expr | None:
    """One index, from 1 on; None where it is another thing."""
    value = whole_number(node)
    if value is None:
        return None
    if value >= 0:
        return number(value + 1, span)
    if size is None:
        raise Misfit(span, "counted from the end of what? give this array a name first")
    return Size(size.name, size.plus + value + 1).expr(span)


def _cut(array: Value, axis: int, node: ast.Slice, size: Size | None, span: Span) -> tuple[Value, Size]:
    """x[1:], X[:, :-1]: the product with a matrix of zeros and ones."""
    if node.step is not None and whole_number(node.step) != 1:
        raise Misfit(span, "a slice with steps is not read")
    if size is None:
        raise Misfit(span, "the size of this is not known: cut the variables that it is made of")
    low = _place(node.lower, size, Size("", 0), span)
    if _place(node.upper, size, size, span).less(low) == Size("", 1):  # one entry, which is stretched
        first = Size(low.name, low.plus + 1).expr(span)
        if array.rank == 1:
            return Value(Expr("at", (array.expr, first), span=span), (True,)), Size("", 1)
        places, whole = (first, Expr("all", span=span)), array.ones[1 - axis]
        expr = Expr("at", (array.expr, *(places if axis == 0 else places[::-1])), span=span)
        return Value(expr, (True, whole) if axis == 0 else (whole, True)), Size("", 1)
    matrix, count = _selected(low, _place(node.upper, size, size, span), size, span)
    if axis == 0:
        return Value(Expr("*", (matrix, array.expr), span=span), array.ones), count
    return Value(Expr("*", (array.expr, Expr("'", (matrix,), span=span)), span=span), array.ones), count


class Entries(Inlined):
    """What `Translation` does with square brackets."""

    dims: dict[str, tuple[Size, ...]]
    declared: frozenset[str]
    free: dict[str, str]

    def entry(self, array: Value, places: list[ast.expr], span: Span) -> Value:
        """x[0], X[:, 0], X[0], X[0, 1], x[:, None]; counted from 0 there and from 1 here."""
        self.arrays.fixed(array)
        if len(places) == 2 and array.rank == 1:
            new = [place for place, part in enumerate(places) if _is_new_axis(part)]
            if len(new) == 1 and _is_all(places[1 - new[0]]):
                return self.with_axis(array, first=new[0] == 0, span=span)
        if len(places) == 1 and array.rank == 1 and _is_new_axis(places[0]):
            return self.with_axis(array, first=True, span=span)
        if not 0 < len(places) <= array.rank or any(array.ones):
            many = sum(map(_is_new_axis, places)) + array.rank > 2
            raise Misfit(
                span, "arrays with more than two axes are not read" if many else f"{len(places)} indices of {array.kind}"
            )
        for axis, part in enumerate(places):
            if isinstance(part, ast.Slice) and not _is_all(part):
                array = self.cut(array, axis, part, span)
                places = [ast.Slice() if place == axis else other for place, other in enumerate(places)]
        indices = [self._index(place, array, axis) for axis, place in enumerate(places)]
        if array.rank == 1:
            return array if indices[0].op == "all" else Value(Expr("at", (array.expr, indices[0]), span=span))
        indices += [Expr("all", span=span)] * (2 - len(indices))
        rows, columns = (index.op == "all" for index in indices)
        if rows and columns:
            return array
        taken = Expr("at", (array.expr, *indices), span=span)
        if columns:
            return Value(turned(taken, span), (False,), turned=taken)
        return Value(taken, (False,) if rows else ())

    def cut(self, array: Value, axis: int, part: ast.Slice, span: Span) -> Value:
        """x[1:], X[:, :-1]."""
        self.arrays.fixed(array)
        dims = self.dims_of(array)
        result, count = _cut(array, axis, part, dims[axis] if dims else None, span)
        result.dims = tuple(count if place == axis else size for place, size in enumerate(dims))
        return result

    def dims_of(self, array: Value) -> tuple[Size, ...]:
        """The names of the sizes of a variable, or of what is made of it entry by entry.  Raises Named."""
        names = [str(node.value) for node in post_order(array.expr) if node.op == "name"]
        for own in [*names, *sorted(array.uses)] if not array.dims else ():
            is_new = own in self.free and own not in self.declared and own not in self.dims
            if is_new and self.free[own] != "scalar":
                raise Named(own, 1 if self.free[own] == "vector" else 2)
        return array.dims

    def _index(self, node: ast.expr, array: Value, axis: int) -> Expr:
        if _is_all(node):
            return Expr("all", span=self.span(node))
        is_last = isinstance(node, ast.UnaryOp)
        index = _index_of(node, (self.dims_of(array) or (None, None))[axis] if is_last else None, self.span(node))
        if index is None:
            raise self.unread(node, "an index is a whole number, or a slice")
        return index

    def with_axis(self, value: Value, *, first: bool, span: Span) -> Value:
        """A vector as a matrix with one row or one column."""
        if first:
            return Value(value.across(span), (True, *value.ones), turned=value.expr, is_loose=value.is_loose)
        return Value(value.expr, (*value.ones, True), turned=value.turned, is_loose=value.is_loose)


def _is_all(node: ast.expr) -> bool:
    return isinstance(node, ast.Slice) and node.lower is None and node.upper is None and node.step is None


def _is_new_axis(node: ast.expr) -> bool:
    return (isinstance(node, ast.Constant) and node.value is None) or (isinstance(node, ast.Attribute) and node.attr == "newaxis")
