"""What a text consists of: declarations, definitions and questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, Union

from matdiff.language.errors import MatdiffError, Remark
from matdiff.language.syntax import Expr, Span


class Declaration(NamedTuple):
    """`W: m x n`.

    rows, cols   sizes as `Expr` or None for a scalar
    kind         "scalar", "vector" or "matrix"
    property     "symmetric" and the like, or None
    in_option    it was given with `--var`, so its spans are no places of the text
    """

    name: str
    name_span: Span
    rows: Expr | None
    cols: Expr | None
    kind: str
    property: str | None
    span: Span
    in_option: bool = False

    def __repr__(self) -> str:
        return f"Declaration({self.name}, {self.property or self.kind}, {self.rows}, {self.cols})"


class Definition(NamedTuple):
    """`y = W^T x`; `kinds` are those of names that the notation tells, as bold type does."""

    name: str
    name_span: Span
    expr: Expr
    span: Span
    remarks: Sequence[Remark] = ()
    kinds: Mapping[str, str] = MappingProxyType({})

    def __repr__(self) -> str:
        return f"Definition({self.name}, {self.expr})"


class Question(NamedTuple):
    """An expression statement with the names of its `wrt` suffix, if any; `kinds` as in a definition."""

    expr: Expr
    wrt: tuple[str, ...]
    span: Span
    wrt_spans: tuple[Span, ...] = ()
    remarks: Sequence[Remark] = ()
    kinds: Mapping[str, str] = MappingProxyType({})

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
