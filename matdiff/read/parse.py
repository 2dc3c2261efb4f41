"""`parse`: text to statements.

The grammar is grammar/matdiff.lark.  Tables made from it at build time are used if they are there and fit (`lalr`), because
importing lark takes a third of the start-up time; otherwise lark reads the grammar.  Both give the same results.
"""

from __future__ import annotations

import os
import sys
import zlib
from typing import TYPE_CHECKING, Any

from matdiff.language.errors import BadDeclaration, EndsEarly, Errors, IndexSum, MatdiffError, TooLarge, UnexpectedText
from matdiff.language.statements import Declaration, Definition, Question, Reading, Statement
from matdiff.language.syntax import Expr, Span
from matdiff.limits import CHARACTERS, DEPTH, NESTING, TOKENS, check
from matdiff.read.build import Builder, Shape
from matdiff.read.declare import check_sizes, classify_declaration
from matdiff.read.habits import plain
from matdiff.read.heads import defined, head, objective
from matdiff.read.lalr import Parser, Tables, Token, Unexpected
from matdiff.read.review import circular, declared_late, depth, divisions, factors, repeated, words, wrong_calls
from matdiff.read.split import CLOSERS, TERM_ENDS, Sentence, span_of, split_statements
from matdiff.read.sums.binding import bound, is_indexed
from matdiff.read.tokens import add_unknown_functions, classify_expression, names_of, normal_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
    result, known = Reading(), tuple(known)
    try:
        sentences = split_statements(tokens_of(text))
    except TooLarge as error:
        result.failed.append((0, (error,)))
        return result
    for sentence in sentences:
        defined(sentence)
    names = names_of(sentences, known)
    earlier = [sentence for sentence in sentences[:-1] if sentence.looks_like_declaration]
    sizes = {str(token) for sentence in earlier for token in sentence.after_colon if token.type == "NAME"}
    asking = next((sentence for sentence in reversed(sentences) if not sentence.is_surely_declaration(sizes)), None)
    is_explained = asking is not None and asking.is_definition and _is_used(asking, sentences)
    if is_explained and all(one.is_definition for one in sentences if one not in earlier):
        asking = next((one for one in reversed(sentences) if one.is_definition and not _is_used(one, sentences)), asking)
    for sentence in sentences:
        check()
        last = sentence is asking and not more and not (is_explained and sentence is sentences[-1])
        if sentence.is_surely_declaration(sizes) or (sentence.looks_like_declaration and not last):
            declarations, errors = _read_declaration(sentence, in_option=False)
            result.statements += declarations
        else:
            declared = {*known, *(one.name for one in result.statements if not isinstance(one, Question))}
            statements, errors = _read_expression(text, sentence, names, declared, last)
            result.statements += statements
        if errors:
            result.failed.append((len(result.statements), errors))
    if not sentences and not more:
        result.failed.append((0, (EndsEarly(span=Span(0, 0), after=""),)))
    errors = (*repeated(text, result.statements), *circular(result.statements), *declared_late(text, result.statements))
    if errors:
        result.failed.append((len(result.statements), errors))
    if is_explained and not result.failed:  # `tr(H); H = X^T X`
        result.statements.sort(key=lambda statement: isinstance(statement, Question))
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


def _is_used(definition: Sentence, sentences: list[Sentence]) -> bool:
    """Whether another statement needs a definition, so that the definition itself asks nothing."""
    others = [one.tokens[2:] if one.is_definition else one.tokens for one in sentences if one is not definition]
    name = normal_name(definition.tokens[0])
    return any(token.type == "NAME" and normal_name(token) == name for tokens in others for token in tokens)


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
    span = Span(span_of(sentence.tokens[0]).start, sentence.end)
    return [
        Declaration(normal_name(name), span_of(name), shape.sizes, shape.property, span, in_option) for name in shape.names
    ], ()


def _read_expression(
    text: str, sentence: Sentence, names: frozenset[str], declared: set[str], last: bool
) -> tuple[list[Statement], tuple[MatdiffError, ...]]:
    """A definition or a question; a definition that ends the text is a question too."""
    start = span_of(sentence.tokens[0]).start if sentence.tokens else 0
    asked = head(sentence, declared)
    sentence.parameter = objective(sentence, declared) if asked is None and not sentence.is_definition else sentence.parameter
    if not sentence.broken:
        plain(sentence, text, declared)
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
    try:
        check()
        has_sums = any(token.type == "SUM_OVER" for token in sentence.tokens)
        expr = bound(expr, declared) if has_sums or is_indexed(expr, declared) else expr
    except IndexSum as error:
        return [], (*sentence.errors, error)
    sentence.errors += wrong_calls(expr)
    if sentence.errors:
        return [], tuple(sentence.errors)
    remarks = [
        *sentence.remarks,
        *divisions(text, expr),
        *(word for word in words(text, expr) if word.word not in declared),
        *factors(text, expr),
    ]
    span = Span(start, sentence.end)
    if asked is not None:
        wrt = [asked.wrt]
    by = () if sentence.parameter is None else (normal_name(sentence.parameter),)
    if not is_definition:
        order = None if asked is None else asked.order
        return [Question(expr, tuple(map(normal_name, wrt)), span, tuple(map(span_of, wrt)), remarks, order=order, by=by)], ()
    name = sentence.tokens[0]
    definition = Definition(normal_name(name), span_of(name), expr, span, remarks)
    if not last:
        return [definition], ()
    value = Expr("name", (), definition.name, span=definition.name_span)
    return [definition, Question(value, tuple(map(normal_name, wrt)), span, tuple(map(span_of, wrt)), by=by)], ()


# The parser

# So many tokens are read between two looks at the clock.
_OFTEN = 64


def tokens_of(text: str) -> list[Token]:
    """Every token but blanks and comments.  Raises `TooLarge`."""
    if len(text) > CHARACTERS:
        raise TooLarge(what="text", limit=CHARACTERS)
    tokens: list[Token] = []
    for token in _in_time(_load_parser().tokens(text)):
        tokens.append(token)
        if len(tokens) > TOKENS:
            raise TooLarge(what="tokens", limit=TOKENS)
    return tokens


def _in_time(tokens: Iterable[Token]) -> Iterator[Token]:
    for place, token in enumerate(tokens):
        if place % _OFTEN == 0:
            check()
        yield token


def _feed(sentence: Sentence, start: str) -> Any:
    """What `Builder` makes of the statement.  Raises `EndsEarly` or `UnexpectedText`, or what the rules raise."""
    try:
        return _load_parser().read(_in_time(sentence.tokens), start)
    except Unexpected as error:
        unexpected, previous = error.token, error.previous
    raise _syntax_error(unexpected, previous)


def _syntax_error(token: Token | None, previous: Token | None) -> MatdiffError:
    after = "" if previous is None else str(previous)
    ends_term = previous is not None and previous.type in TERM_ENDS
    if token is None:
        end = span_of(previous).end if previous is not None else 0
        return EndsEarly(span=Span(end, end), after=after)
    if token.type in ("EQUALS", "WRT", "COMMA", "SEMICOLON"):
        reason = {"EQUALS": "equals", "WRT": "wrt"}.get(token.type, "separator")
    elif ends_term:
        reason = "after-term"
    else:
        reason = "term-before" if previous is None or previous.type not in CLOSERS else "term"
    return UnexpectedText(span=span_of(token), text=str(token), after=after, reason=reason)


_parser: Parser | LarkParser | None = None


def _load_parser() -> Parser | LarkParser:
    """The parser by the tables made at build time if they fit the grammar that is here, else one made now by lark."""
    global _parser
    if _parser is None:
        grammar = read_grammar("matdiff.lark")
        _parser = _generated_parser(grammar) or _lark_parser(grammar)
    return _parser


def read_grammar(name: str) -> bytes:
    """A grammar, through the loader of the package, which knows it in an archive too; that of a checkout stands beside the package.

    (`importlib.resources` asks the same loader, and takes longer to load than everything else that reading needs.)
    """
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    loader = sys.modules[__name__].__loader__
    for folder in (package, os.path.dirname(package)):
        try:
            return loader.get_data(os.path.join(folder, "grammar", name))  # type: ignore[no-any-return, union-attr]
        except OSError:
            continue
    raise FileNotFoundError(f"{name} is missing from the installation")


def _generated_parser(grammar: bytes) -> Parser | None:
    try:
        from matdiff.read import _grammar
    except ImportError:
        return None
    if zlib.crc32(grammar) != _grammar.CHECKSUM:
        return None
    rules, states, starts = _grammar.RULES, _grammar.STATES, _grammar.STARTS
    return Parser(Tables(_grammar.PATTERN, frozenset(_grammar.IGNORED), rules, states, starts), Builder())


def _lark_parser(grammar: bytes) -> LarkParser:
    from lark import Lark, UnexpectedToken

    parser = Lark(grammar.decode(), parser="lalr", lexer="basic", start=list(_STARTS), transformer=Builder())
    return LarkParser(parser, UnexpectedToken)


class LarkParser:
    """The same as `lalr.Parser`, by a parser of lark, which raises `unexpected`."""

    def __init__(self, parser: Any, unexpected: Any) -> None:
        self.parser, self.unexpected = parser, unexpected

    def tokens(self, text: str) -> Iterator[Token]:
        state = self.parser.parse_interactive(text, start="lexeme")
        yield from state.lexer_thread.lex(state.parser_state)

    def read(self, tokens: Iterable[Token], start: str) -> Any:
        state = self.parser.parse_interactive(start=start)
        previous: Token | None = None
        try:
            for token in tokens:
                state.feed_token(token)
                previous = token
            return state.feed_eof(previous)
        except self.unexpected as error:
            raise Unexpected(None if error.token.type == "$END" else error.token, previous) from None
