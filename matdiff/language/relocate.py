"""Moves errors and remarks from one text to another: the spans of a long text become those of the few lines that are shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from matdiff.language.errors import Fix, MatdiffError, Remark, SizeReason
from matdiff.language.queries import post_order
from matdiff.language.syntax import Expr, Span

Problem = TypeVar("Problem", bound=MatdiffError | Remark)

# Fields that are a place in the text, not a span.
_PLACES = ("start", "end")


def spans_of(problem: MatdiffError | Remark) -> list[Span]:
    """All spans in its fields, those of expressions included."""
    return list(_spans(tuple(problem.values().values())))


def relocated(problem: Problem, by: int) -> Problem:
    """A copy whose spans start `by` code points later."""
    if not by:
        return problem
    values, moved = problem.values(), _Moved(by)
    # A field called start or end is a place in the text too.
    places = {field: value + by for field, value in values.items() if field in ("start", "end") and isinstance(value, int)}
    return type(problem)(**{field: moved(value) for field, value in values.items()} | places)


def _spans(value: object) -> Iterator[Span]:
    if isinstance(value, Span):
        yield value
    elif isinstance(value, Expr) and value.span is not None:
        yield value.span
    elif isinstance(value, tuple):
        for part in value:
            yield from _spans(part)
    elif isinstance(value, Remark):
        yield from spans_of(value)


def moved(value: object, by: int) -> Any:
    """The value with all spans in it moved."""
    return _Moved(by)(value)


class _Moved:
    """Moves values; what is one expression in several places stays one."""

    def __init__(self, by: int) -> None:
        self.by = by
        self.moved: dict[int, Expr] = {}

    def __call__(self, value: Any) -> Any:
        if isinstance(value, Span):
            return Span(value.start + self.by, value.end + self.by)
        if isinstance(value, Expr):
            return self.expr(value)
        if isinstance(value, tuple):
            return tuple(map(self, value))
        if isinstance(value, Remark):
            return relocated(value, self.by)
        if isinstance(value, (Fix, SizeReason)):
            return type(value)(**{field: self(getattr(value, field)) for field in value.__slots__})
        return value

    def expr(self, expr: Expr) -> Expr:
        for node in post_order(expr):
            if id(node) not in self.moved:
                span = node.span and Span(node.span.start + self.by, node.span.end + self.by)
                args = tuple([self.moved[id(arg)] for arg in node.args])
                self.moved[id(node)] = Expr(node.op, args, node.value, span, node.shape)
        return self.moved[id(expr)]
