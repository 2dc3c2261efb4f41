"""What a text consists of: declarations, definitions and questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Union

from matdiff.language.errors import MatdiffError, Remark
from matdiff.language.syntax import Expr, Span


class Declaration:
    """`W: m x n`.

    sizes        none for a scalar, one for a vector, two for a matrix, more for an array with as many axes
    property     "symmetric" and the like, or None
    in_option    it was given with `--var`, so its spans are no places of the text
    """

    __slots__ = ("in_option", "name", "name_span", "property", "sizes", "span")

    def __init__(
        self,
        name: str,
        name_span: Span,
        sizes: tuple[Expr, ...],
        property: str | None,
        span: Span,
        in_option: bool = False,
    ) -> None:
        self.name, self.name_span, self.span, self.in_option = name, name_span, span, in_option
        self.sizes, self.property = sizes, property

    @property
    def kind(self) -> str:
        """The kind that the number of its sizes says."""
        return ("scalar", "vector", "matrix", "tensor")[min(len(self.sizes), 3)]

    def __repr__(self) -> str:
        return f"Declaration({self.name}, {self.property}, {self.sizes})"


class Definition:
    """`y = W^T x`; `kinds` are those of names that the notation tells, as bold type does, `forms` what it is said to equal."""

    __slots__ = ("expr", "forms", "kinds", "name", "name_span", "remarks", "span")

    def __init__(
        self,
        name: str,
        name_span: Span,
        expr: Expr,
        span: Span,
        remarks: Iterable[Remark] = (),
        kinds: Mapping[str, str] = MappingProxyType({}),
        forms: tuple[Expr, ...] = (),
    ) -> None:
        self.name, self.name_span, self.expr, self.span, self.forms = name, name_span, expr, span, forms
        self.remarks, self.kinds = tuple(remarks), dict(kinds)

    def __repr__(self) -> str:
        return f"Definition({self.name}, {self.expr})"


class Question:
    """An expression statement with the names of its `wrt` suffix, if any; `kinds` as in a definition.

    order   of the derivative that it asks for itself, as `d^2/dx^2 f` does, or None
    by      the parameter of the function that it is the value of, if that has just one: the variable, unless another one is asked for
    forms   what the expression is said to equal
    expected   what the derivative is said to be, in matdiff's own notation
    """

    __slots__ = ("by", "expected", "expr", "forms", "kinds", "order", "remarks", "span", "wrt", "wrt_spans")

    def __init__(
        self,
        expr: Expr,
        wrt: tuple[str, ...],
        span: Span,
        wrt_spans: tuple[Span, ...] = (),
        remarks: Iterable[Remark] = (),
        kinds: Mapping[str, str] = MappingProxyType({}),
        order: int | None = None,
        by: tuple[str, ...] = (),
        forms: tuple[Expr, ...] = (),
        expected: tuple[str, ...] = (),
    ) -> None:
        self.expr, self.wrt, self.span, self.wrt_spans, self.order, self.by = expr, wrt, span, wrt_spans, order, by
        self.forms, self.expected = forms, expected
        self.remarks, self.kinds = tuple(remarks), dict(kinds)

    def __repr__(self) -> str:
        return f"Question({self.expr}, wrt={', '.join(self.wrt)})"


Statement = Union[Declaration, Definition, Question]


class Reading:
    """What could be read of a text: the good statements in order, and the errors of the others.

    failed   for every bad statement its errors and the number of good statements before it
    """

    __slots__ = ("failed", "statements")

    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self.failed: list[tuple[int, tuple[MatdiffError, ...]]] = []
