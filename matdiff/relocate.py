"""Moves errors and remarks from one text to another: the spans of a long text become those of the few lines that are shown."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import Any, TypeVar

from matdiff.errors import Fix, MatdiffError, Remark, SizeReason
from matdiff.syntax import Expr, Span

Problem = TypeVar("Problem", bound=MatdiffError | Remark)

# Fields that are a place in the text, not a span.
_PLACES = ("start", "end")


def spans_of(problem: MatdiffError | Remark) -> list[Span]:
    """All spans in its fields, those of expressions included."""
    return list(_spans(tuple(vars(problem).values())))


def relocated(problem: Problem, by: int) -> Problem:
    """A copy whose spans start `by` code points later."""
    if not by:
        return problem
    new: Problem = object.__new__(type(problem)) if isinstance(problem, Remark) else type(problem).__new__(type(problem))
    for field, value in vars(problem).items():
        setattr(new, field, value + by if field in _PLACES and isinstance(value, int) else moved(value, by))
    return new


def _spans(value: object) -> Iterator[Span]:
    if isinstance(value, Span):
        yield value
    elif isinstance(value, Expr) and value.span is not None:
        yield value.span
    elif isinstance(value, tuple):
        for part in value:
            yield from _spans(part)


def moved(value: Any, by: int) -> Any:
    """The value with all spans in it moved."""
    if isinstance(value, Span):
        return Span(value.start + by, value.end + by)
    if isinstance(value, Expr):
        return _moved_expr(value, by)
    if isinstance(value, tuple):
        return tuple(moved(part, by) for part in value)
    if isinstance(value, (Fix, SizeReason)):
        new = copy(value)
        for field in value.__slots__:
            setattr(new, field, moved(getattr(value, field), by))
        return new
    return value


def _moved_expr(expr: Expr, by: int) -> Expr:
    span = None if expr.span is None else Span(expr.span.start + by, expr.span.end + by)
    return Expr(expr.op, tuple(_moved_expr(arg, by) for arg in expr.args), expr.value, span, expr.shape)
