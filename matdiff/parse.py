"""`parse`: text to statements.

The grammar is grammar/matdiff.lark.  A parser generated from it at build time is used if it is there and fits, because
importing lark takes a third of the start-up time; otherwise lark reads the grammar.  Both give the same results.
"""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING, Any

from matdiff.declare import BY, read_declaration
from matdiff.errors import (
    CircularDefinition,
    DeclaredTwice,
    EndsEarly,
    Errors,
    MatdiffError,
    Remark,
    TooLarge,
    UnexpectedText,
)
from matdiff.formulate import Formulate
from matdiff.scan import (
    CLOSERS,
    MAX_NESTING,
    OPENERS,
    TERM_ENDS,
    Sentence,
    check_name,
    classify_expression,
    names_of,
    normal_name,
    span_of,
    split_statements,
)
from matdiff.syntax import Span
from matdiff.walk import post_order

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lark import Token

    from matdiff.syntax import Expr

MAX_TEXT = 1_000_000
MAX_TOKENS = 200_000
# Levels of an expression, several of which can come from one bracket: -(a (b c)^2).
MAX_DEPTH = 5 * MAX_NESTING

_STARTS = ("question", "definition", "declaration", "lexeme")


class Declaration:
    """`W: m x n`.  rows, cols: sizes as `Expr` or None for a scalar; kind "scalar", "vector" or "matrix"; property or None."""

    __slots__ = ("cols", "kind", "name", "name_span", "property", "rows", "span")

    def __init__(
        self, name: str, name_span: Span, rows: Expr | None, cols: Expr | None, kind: str, property: str | None, span: Span
    ) -> None:
        self.name, self.name_span, self.span = name, name_span, span
        self.rows, self.cols, self.kind, self.property = rows, cols, kind, property

    def __repr__(self) -> str:
        return f"Declaration({self.name}, {self.property or self.kind}, {self.rows}, {self.cols})"


class Definition:
    """`y = W^T x`."""

    __slots__ = ("expr", "name", "name_span", "remarks", "span")

    def __init__(self, name: str, name_span: Span, expr: Expr, span: Span, remarks: Iterable[Remark] = ()) -> None:
        self.name, self.name_span, self.expr, self.span, self.remarks = name, name_span, expr, span, tuple(remarks)

    def __repr__(self) -> str:
        return f"Definition({self.name}, {self.expr})"


class Question:
    """An expression statement with the names of its `wrt` suffix, if any."""

    __slots__ = ("expr", "remarks", "span", "wrt", "wrt_spans")

    def __init__(
        self, expr: Expr, wrt: tuple[str, ...], span: Span, wrt_spans: tuple[Span, ...] = (), remarks: Iterable[Remark] = ()
    ) -> None:
        self.expr, self.wrt, self.span, self.wrt_spans, self.remarks = expr, wrt, span, wrt_spans, tuple(remarks)

    def __repr__(self) -> str:
        return f"Question({self.expr}, wrt={', '.join(self.wrt)})"


Statement = Declaration | Definition | Question if TYPE_CHECKING else object


class Reading:
    """What could be read of a text: the good statements in order, and the errors of the others.

    failed   for every bad statement its errors and the number of good statements before it
    """

    __slots__ = ("failed", "statements")

    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self.failed: list[tuple[int, tuple[MatdiffError, ...]]] = []


def parse(text: str, *, known: Iterable[str] = (), more: bool = False) -> list[Statement]:
    """The statements of `text`.

    known   names declared elsewhere, which therefore are no misspelt functions
    more    other statements follow this text, so that its last one may be a declaration too

    Raises `Errors` with all that is wrong.
    """
    reading = read(text, known=known, more=more)
    if reading.failed:
        raise Errors([error for _, errors in reading.failed for error in errors])
    return reading.statements


def read(text: str, *, known: Iterable[str] = (), more: bool = False) -> Reading:
    """Like `parse`, but a bad statement does not hide the good ones."""
    result = Reading()
    try:
        sentences = split_statements(tokens_of(text))
    except TooLarge as error:
        result.failed.append((0, (error,)))
        return result
    names = names_of(sentences, known)
    for sentence in sentences:
        last = sentence is sentences[-1] and not more
        if sentence.looks_like_declaration and not last:
            statements, errors = _read_declaration(text, sentence, in_option=False)
        else:
            statements, errors = _read_expression(sentence, names, last)
        result.statements += statements
        if errors:
            result.failed.append((len(result.statements), errors))
    if not sentences and not more:
        result.failed.append((0, (EndsEarly(span=Span(0, 0), after=""),)))
    errors = tuple(_inconsistencies(result.statements))
    if errors:
        result.failed.append((len(result.statements), errors))
    return result


def parse_declaration(text: str) -> list[Declaration]:
    """The declarations of one `--var`, such as `W: m x n` or `a, b: n`.  Raises `Errors`."""
    declarations: list[Declaration] = []
    errors: list[MatdiffError] = []
    try:
        sentences = split_statements(tokens_of(text))
    except TooLarge as error:
        raise Errors([error]) from None
    for sentence in sentences or [Sentence()]:
        statements, found = _read_declaration(text, sentence, in_option=True)
        declarations += statements
        errors += found
    if errors:
        raise Errors(errors)
    return declarations


# The two kinds of statements


def _read_declaration(text: str, sentence: Sentence, in_option: bool) -> tuple[list[Declaration], tuple[MatdiffError, ...]]:
    if sentence.broken:
        return [], tuple(sentence.errors)
    try:
        shape = read_declaration(text, sentence, in_option)
        for name in shape.names:
            check_name(sentence, name)
        rows, cols = shape.rows, shape.cols
        if sentence.errors:
            return [], tuple(sentence.errors)
        for size in shape.sizes:
            _feed(size, "size")
    except MatdiffError as error:
        return [], (*sentence.errors, error)
    return [], ()
