"""Moves errors and remarks from one text to another: the spans of a long text become those of the few lines that are shown."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import TypeVar

from matdiff.errors import Fix, MatdiffError, Remark, SizeReason
from matdiff.syntax import Expr, Span

Problem = TypeVar("Problem", bound=MatdiffError | Remark)


def spans_of(problem: MatdiffError | Remark) -> list[Span]:
    """All spans in its fields, those of expressions included."""
    return list(_spans(tuple(vars(problem).values())))


def relocated(problem: Problem, by: int) -> Problem:
    """A copy whose spans start `by` code points later."""
    if not by:
        return problem
    new: Problem = object.__new__(type(problem)) if isinstance(problem, Remark) else type(problem).__new__(type(problem))
    # A field called start or end is a place in the text too.
    places = {field: value + by for field, value in vars(problem).items() if field in ("start", "end") and isinstance(value, int)}
    new.__dict__.update({field: _moved(value, by) for field, value in vars(problem).items()} | places)
    return new


def _spans(value: object) -> Iterator[Span]:
    if isinstance(value, Span):
        yield value
    elif isinstance(value, Expr) and value.span is not None:
        yield value.span
    elif isinstance(value, tuple):
        for part in value:
            yield from _spans(part)


def _moved(value: object, by: int) -> object:
    if isinstance(value, Span):
        return Span(value.start + by, value.end + by)
    if isinstance(value, Expr):
        return _moved_expr(value, by)
    if isinstance(value, tuple):
        return tuple(_moved(part, by) for part in value)
    if isinstance(value, (Fix, SizeReason)):
        moved = copy(value)
        for field in value.__slots__:
            setattr(moved, field, _moved(getattr(value, field), by))
        return moved
    return value


def _moved_expr(expr: Expr, by: int) -> Expr:
    span = None if expr.span is None else Span(expr.span.start + by, expr.span.end + by)
    return Expr(expr.op, tuple(_moved_expr(arg, by) for arg in expr.args), expr.value, span, expr.shape)
