"""`parse`: text to statements.

The grammar is grammar/matdiff.lark.  A parser generated from it at build time is used if it is there and fits, because
importing lark takes a third of the start-up time; otherwise lark reads the grammar.  Both give the same results.
"""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING, Any

from matdiff.declare import check_sizes, classify_declaration
from matdiff.errors import (
    BadDeclaration,
    EndsEarly,
    Errors,
    MatdiffError,
    TooLarge,
    UnexpectedText,
)
from matdiff.formulate import Formulate, Shape
from matdiff.limits import CHARACTERS, DEPTH, NESTING, TOKENS, check
from matdiff.review import circular, depth, divisions, repeated, wrong_calls
from matdiff.scan import (
    CLOSERS,
    TERM_ENDS,
    Sentence,
    add_unknown_functions,
    classify_expression,
    names_of,
    normal_name,
    span_of,
    split_statements,
)
from matdiff.statements import Declaration, Definition, Question, Reading, Statement
from matdiff.syntax import Expr, Span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lark import Token

__all__ = ["Declaration", "Definition", "Question", "Reading", "Statement", "parse", "parse_declaration", "read", "tokens_of"]

_STARTS = ("question", "definition", "declaration", "lexeme")


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
        check()
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
    errors = (*repeated(text, result.statements), *circular(result.statements))
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
    if sentence.broken:
        add_unknown_functions(sentence, names)
    else:
        classify_expression(sentence, names)
    if sentence.broken:
        return [], tuple(sentence.errors)
    is_definition = sentence.is_definition
    try:
        expr, wrt = _feed(sentence, "definition") if is_definition else _feed(sentence, "question")
    except MatdiffError as error:
        return [], (*sentence.errors, error)
    if len(sentence.tokens) > NESTING and depth(expr) > DEPTH:
        return [], (TooLarge(what="depth", limit=DEPTH, span=expr.span),)
    sentence.errors += wrong_calls(expr)
    if sentence.errors:
        return [], tuple(sentence.errors)
    remarks = [*sentence.remarks, *divisions(text, expr)]
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


# The generated parser


def tokens_of(text: str) -> list[Token]:
    """Every token but blanks and comments.  Raises `TooLarge`."""
    if len(text) > CHARACTERS:
        raise TooLarge(what="text", limit=CHARACTERS)
    state = _load_parser().parse_interactive(text, start="lexeme")
    tokens: list[Token] = []
    for token in state.lexer_thread.lex(state.parser_state):
        check()
        tokens.append(token)
        if len(tokens) > TOKENS:
            raise TooLarge(what="tokens", limit=TOKENS)
    return tokens


def _feed(sentence: Sentence, start: str) -> Any:
    """What `Formulate` makes of the statement.  Raises `EndsEarly` or `UnexpectedText`, or what the rules raise."""
    state = _load_parser().parse_interactive(start=start)
    previous: Token | None = None
    try:
        for token in sentence.tokens:
            check()
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
    return _grammar.Lark_StandAlone(transformer=Formulate()) if _grammar.CHECKSUM == zlib.crc32(grammar) else None


def _lark_parser(grammar: bytes) -> Any:
    from lark import Lark

    return Lark(grammar.decode(), parser="lalr", lexer="basic", start=list(_STARTS), transformer=Formulate())
