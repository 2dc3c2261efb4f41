"""`parse`: text to statements.

The grammar is grammar/matdiff.lark.  A parser generated from it at build time is used if it is there and fits, because
importing lark takes a third of the start-up time; otherwise lark reads the grammar.  Both give the same results.
"""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING, Any, Union

from matdiff.compose import Compose, Shape
from matdiff.declare import check_sizes, classify_declaration
from matdiff.errors import (
    BadDeclaration,
    CircularDefinition,
    DeclaredTwice,
    DivisionByZero,
    DivisionThenProduct,
    EndsEarly,
    Errors,
    MatdiffError,
    Remark,
    TooLarge,
    UnexpectedText,
    WrongArity,
)
from matdiff.functions import FUNCTIONS
from matdiff.scan import (
    CLOSERS,
    MAX_NESTING,
    TERM_ENDS,
    Sentence,
    classify_expression,
    names_of,
    normal_name,
    span_of,
    split_statements,
)
from matdiff.syntax import Expr, Span
from matdiff.walk import post_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lark import Token

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


Statement = Union[Declaration, Definition, Question]


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
            declarations, errors = _read_declaration(sentence, in_option=False)
            result.statements += declarations
        else:
            statements, errors = _read_expression(text, sentence, names, last)
            result.statements += statements
        if errors:
            result.failed.append((len(result.statements), errors))
    if not sentences and not more:
        result.failed.append((0, (EndsEarly(span=Span(0, 0), after=""),)))
    errors = (*_repeated(text, result.statements), *_circular(result.statements))
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
        statements, found = _read_declaration(sentence, in_option=True)
        declarations += statements
        errors += found
    if errors:
        raise Errors(errors)
    return declarations


# The two kinds of statements


def _read_declaration(sentence: Sentence, in_option: bool) -> tuple[list[Declaration], tuple[MatdiffError, ...]]:
    if sentence.broken:
        return [], tuple(sentence.errors)
    error = classify_declaration(sentence, in_option)
    if error is None and not sentence.errors:
        try:
            shape: Shape = _feed(sentence, "declaration")
        except MatdiffError as problem:
            error = problem
            if isinstance(problem, (EndsEarly, UnexpectedText)):
                error = BadDeclaration(span=problem.span, problem="syntax", in_option=in_option)
        else:
            error = check_sizes(shape, in_option)
    if error is not None or sentence.errors:
        return [], (*sentence.errors, *([error] if error is not None else []))
    kind = "scalar" if shape.rows is None else "vector" if shape.cols is None else "matrix"
    span = Span(span_of(sentence.tokens[0]).start, sentence.end)
    return [
        Declaration(normal_name(name), span_of(name), shape.rows, shape.cols, kind, shape.property, span) for name in shape.names
    ], ()


def _read_expression(
    text: str, sentence: Sentence, names: frozenset[str], last: bool
) -> tuple[list[Statement], tuple[MatdiffError, ...]]:
    """A definition or a question; a definition that ends the text is a question too."""
    if not sentence.broken:
        classify_expression(sentence, names)
    if sentence.broken:
        return [], tuple(sentence.errors)
    is_definition = sentence.is_definition
    try:
        expr, wrt = _feed(sentence, "definition") if is_definition else _feed(sentence, "question")
    except MatdiffError as error:
        return [], (*sentence.errors, error)
    if len(sentence.tokens) > MAX_NESTING and _depth(expr) > MAX_DEPTH:
        return [], (TooLarge(what="depth", limit=MAX_DEPTH, span=expr.span),)
    sentence.errors += _wrong_calls(expr)
    if sentence.errors:
        return [], tuple(sentence.errors)
    remarks = [*sentence.remarks, *_divisions(text, expr)]
    span = Span(span_of(sentence.tokens[0]).start, sentence.end)
    if not is_definition:
        return [Question(expr, tuple(map(normal_name, wrt)), span, tuple(map(span_of, wrt)), remarks)], ()
    name = sentence.tokens[0]
    definition = Definition(normal_name(name), span_of(name), expr, span, remarks)
    if not last:
        return [definition], ()
    return [
        definition,
        Question(
            Expr("name", (), definition.name, span=definition.name_span),
            tuple(map(normal_name, wrt)),
            span,
            tuple(map(span_of, wrt)),
        ),
    ], ()


def _depth(expr: Expr) -> int:
    depths: dict[int, int] = {}
    for node in post_order(expr):
        depths[id(node)] = 1 + max((depths[id(argument)] for argument in node.args), default=0)
    return depths[id(expr)]


def _wrong_calls(expr: Expr) -> Iterator[MatdiffError]:
    """Calls with the wrong number of arguments, and divisions by the number 0."""
    for node in post_order(expr):
        row = FUNCTIONS.get(node.op)
        expected = row.arity if row is not None and row.is_word else {"rows": 1, "cols": 1, "e": 2}.get(node.op)
        if node.op == "'" or node.op == "at" or expected is None:
            expected = 1 if node.op == "'" else None
        if expected is not None and len(node.args) != expected:
            yield WrongArity(span=node.span, function=node.op, expected=expected, got=len(node.args), call=node)
        if node.op in ("/", "./") and node.args[1].op == "number" and node.args[1].value == 0:
            yield DivisionByZero(span=node.args[1].span)


def _divisions(text: str, expr: Expr) -> Iterator[Remark]:
    """`a / b c`, which is (a / b) c, may be meant as a / (b c); not when its spacing says so (`1/n x`) or with numbers only."""
    for node in post_order(expr):
        if node.op != "*":
            continue
        for position, (factor, following) in enumerate(zip(node.args, node.args[1:])):
            if factor.op != "/" or not _is_juxtaposed(text, factor, following):
                continue
            numerator, denominator = factor.args
            tight = (
                text[numerator.span.end : denominator.span.start] == "/" and text[factor.span.end : following.span.start] != ""
            )
            in_parentheses = factor.span.end != denominator.span.end
            if tight or in_parentheses or (numerator.op == denominator.op == "number"):
                continue
            end = position + 1
            while end + 1 < len(node.args) and _is_juxtaposed(text, node.args[end], node.args[end + 1]):
                end += 1
            yield DivisionThenProduct(
                division=factor.span,
                numerator=numerator.span,
                denominator=denominator.span,
                product=Span(factor.span.start, node.args[end].span.end),
            )


def _is_juxtaposed(text: str, left: Expr, right: Expr) -> bool:
    assert left.span is not None and right.span is not None
    return not text[left.span.end : right.span.start].strip()


# What statements say about one another


def _repeated(text: str, statements: list[Statement]) -> Iterator[MatdiffError]:
    """A name declared or defined twice."""
    for kind in (Declaration, Definition):
        first: dict[str, Declaration | Definition] = {}
        for statement in statements:
            if not isinstance(statement, kind):
                continue
            earlier = first.setdefault(statement.name, statement)
            if earlier is not statement:
                yield DeclaredTwice(
                    variable=statement.name,
                    first=earlier.span,
                    second=statement.span,
                    first_text=_meaning(text, earlier),
                    second_text=_meaning(text, statement),
                )


def _meaning(text: str, statement: Declaration | Definition) -> str:
    """`m × n`, or the definition."""
    written = text[statement.span.start : statement.span.end]
    if isinstance(statement, Definition):
        return written.partition("=")[2].strip()
    return written.partition(":")[2].replace(" x ", " × ").strip()


def _circular(statements: list[Statement]) -> Iterator[MatdiffError]:
    """Definitions that need each other; every circle is told once."""
    uses: dict[str, dict[str, Span]] = {}
    for statement in statements:
        if isinstance(statement, Definition):
            names = uses.setdefault(statement.name, {})
            for node in post_order(statement.expr):
                if node.op == "name":
                    names.setdefault(str(node.value), node.span)
    done: set[str] = set()
    for start in uses:
        path, pending = [start], [iter(uses[start])]
        while pending and start not in done:
            name = next((n for n in pending[-1] if n in uses and n not in done), None)
            if name is None:
                done.add(path.pop())
                pending.pop()
            elif name in path:
                circle = path[path.index(name) :]
                yield CircularDefinition(uses=tuple((n, m, uses[n][m]) for n, m in zip(circle, [*circle[1:], name])))
                done.update(path)
            else:
                path.append(name)
                pending.append(iter(uses[name]))


# The generated parser


def tokens_of(text: str) -> list[Token]:
    """Every token but blanks and comments.  Raises `TooLarge`."""
    if len(text) > MAX_TEXT:
        raise TooLarge(what="text", limit=MAX_TEXT)
    state = _load_parser().parse_interactive(text, start="lexeme")
    tokens: list[Token] = []
    for token in state.lexer_thread.lex(state.parser_state):
        tokens.append(token)
        if len(tokens) > MAX_TOKENS:
            raise TooLarge(what="tokens", limit=MAX_TOKENS)
    return tokens


def _feed(sentence: Sentence, start: str) -> Any:
    """What `Compose` makes of the statement.  Raises `EndsEarly` or `UnexpectedText`, or what the rules raise."""
    state = _load_parser().parse_interactive(start=start)
    previous: Token | None = None
    try:
        for token in sentence.tokens:
            state.feed_token(token)
            previous = token
        return state.feed_eof(previous)
    except MatdiffError:
        raise
    except Exception as error:
        # The generated module and lark each have an UnexpectedToken of their own.
        unexpected: Token | None = getattr(error, "token", None)
        if unexpected is None:
            raise
    raise _syntax_error(unexpected, previous)


def _syntax_error(token: Token, previous: Token | None) -> MatdiffError:
    after = "" if previous is None else str(previous)
    ends_term = previous is not None and previous.type in TERM_ENDS
    if token.type == "$END":
        end = span_of(previous).end if previous is not None else 0
        return EndsEarly(span=Span(end, end), after=after)
    if token.type in ("EQUALS", "WRT", "COMMA", "SEMICOLON"):
        reason = {"EQUALS": "equals", "WRT": "wrt"}.get(token.type, "separator")
    elif ends_term:
        reason = "after-term"
    else:
        reason = "term-before" if previous is None or previous.type not in CLOSERS else "term"
    return UnexpectedText(span=span_of(token), text=str(token), after=after, reason=reason)


_parser: Any = None


def _load_parser() -> Any:
    """The parser generated from the grammar at build time if it fits the grammar that is here, else one made now by lark."""
    global _parser
    if _parser is None:
        grammar = _read_grammar()
        _parser = _generated_parser(grammar) or _lark_parser(grammar)
    return _parser


def _read_grammar() -> bytes:
    here = os.path.dirname(os.path.abspath(__file__))
    for folder in (os.path.join(here, "grammar"), os.path.join(os.path.dirname(here), "grammar")):
        path = os.path.join(folder, "matdiff.lark")
        if os.path.exists(path):
            with open(path, "rb") as file:
                return file.read()
    raise FileNotFoundError("matdiff.lark is missing from the installation")


def _generated_parser(grammar: bytes) -> Any:
    try:
        from matdiff import _grammar
    except ImportError:
        return None
    return _grammar.Lark_StandAlone(transformer=Compose()) if _grammar.CHECKSUM == zlib.crc32(grammar) else None


def _lark_parser(grammar: bytes) -> Any:
    from lark import Lark

    return Lark(grammar.decode(), parser="lalr", lexer="basic", start=list(_STARTS), transformer=Compose())
