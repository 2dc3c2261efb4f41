r"""`read`: a text in LaTeX to statements.

The rules are those of grammar/latex.lark, which lark reads when the first such text comes.  Bold type tells kinds: a lower-case letter
is a vector, an upper-case one a matrix, and beside them plain letters are numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from lark import Lark, UnexpectedToken

from matdiff.language.errors import (
    DivisionThenProduct,
    EndsEarly,
    MatdiffError,
    ReadAs,
    Remark,
    TooLarge,
    UnexpectedText,
    UnknownCommand,
)
from matdiff.language.kinds import is_greek
from matdiff.language.queries import post_order
from matdiff.language.statements import Declaration, Definition, Question, Reading, Statement
from matdiff.language.syntax import Expr, Span
from matdiff.language.text import text as in_text
from matdiff.limits import CHARACTERS, DEPTH, TOKENS, check
from matdiff.read import parse
from matdiff.read.latex.build import BuilderLatex, Decided, decided
from matdiff.read.latex.drafts import Draft, Sentence, check_defined, drafts_of, is_name_alone, known_in, sentences_of
from matdiff.read.latex.marks import Mark, grouped
from matdiff.read.latex.names import primed
from matdiff.read.latex.pieces import Piece
from matdiff.read.latex.seen import seen
from matdiff.read.latex.sets import Member, is_member, member_at
from matdiff.read.review import circular, depth, divisions, length, repeated, wrong_calls
from matdiff.read.split import PROPERTIES, TERM_ENDS, span_of
from matdiff.read.sums.binding import bound
from matdiff.read.sums.heads import MOST_LETTERS

if TYPE_CHECKING:
    from matdiff.read.lalr import Token

# So many tokens are read between two looks at the clock.
_OFTEN = 64

# A declaration as matdiff writes it, on a line of its own or between semicolons.
_NAMES, _SIZE = r"[A-Za-z]\w*(?:[ \t]*,[ \t]*[A-Za-z]\w*)*", r"[A-Za-z0-9][\w+ ]*?"
_DECLARATION = re.compile(
    rf"(?:(?<=;)|(?<=\n)|\A)\s*{_NAMES}[ \t]*:[ \t]*(?:scalar|{_SIZE}[ \t]+[x×][ \t]+{_SIZE}|(?:{'|'.join(PROPERTIES)})[ \t]+{_SIZE}|[a-z0-9])"
    r"[ \t]*(?=[;\n])"
)
# Suffixes that keep names apart which differ in their type only: bold is the first to get the plain name.
_STYLES = {
    "bold": "bold",
    "bold^": "sup",
    "": "plain",
    "^": "sup",
    "script": "cal",
    "script^": "sup",
    "variant": "var",
    "variant^": "sup",
}


class Names(NamedTuple):
    """The names of a text.

    spelled   by the letter and its type the name in the language
    told      the kinds that the notation or a declaration tells
    declared  the names that are declared, in the text or outside of it
    """

    spelled: dict[tuple[str, str], str]
    told: dict[str, str]
    declared: frozenset[str]


def read(text: str, *, known: Iterable[str] = (), more: bool = False) -> Reading:
    """The statements of `text`, and the errors of the others; see `parse.read`."""
    result, known = Reading(), frozenset(known)
    declared, formulas = _declared(text, result)
    names = known | {one.name for one in declared}
    try:
        marks = primed(grouped(list(seen(_marks(formulas)))))
        sentences = sentences_of(marks)
        whole = known_in(marks, sentences, names)
    except MatdiffError as error:
        result.failed.append((len(result.statements), (error,)))
        return result
    drafts: list[Draft | MatdiffError] = []
    members: list[Member] = []
    pending = -1  # where `A, B \\in` may begin
    for sentence in sentences:
        check()
        try:
            if not sentence.relations and is_member(marks, sentence.start, sentence.stop):
                members.append(member_at(marks, sentence.start if pending < 0 else pending, sentence.stop))
                pending = -1
                continue
            if pending >= 0:
                drafts += drafts_of(marks, Sentence(pending, sentence.start - 1, [], sentence.start - 1), whole)
                pending = -1
            if is_name_alone(marks, sentence) and sentence is not sentences[-1]:
                pending = sentence.start
                continue
            drafts += drafts_of(marks, sentence, whole)
        except MatdiffError as error:
            pending = -1
            if not any(_is_same_command(error, one) for one in drafts):
                drafts.append(error)
    good = [draft for draft in drafts if isinstance(draft, Draft)]
    members += [member for draft in good for member in draft.members]
    spelled, kinds = _spelled(
        [*(piece for draft in good for piece in draft.pieces), *(piece for one in members for piece in one.names)],
        any(draft.has_sums for draft in good),
    )
    for member in members:
        try:
            declared += (found := member.declarations(spelled))
            result.statements += found
        except MatdiffError as error:
            result.failed.append((len(result.statements), (error,)))
    told = {**kinds, **{one.name: one.kind for one in declared}}
    known_names = Names(spelled, told, names | {one.name for one in declared})
    defined = {(draft.name.text, draft.name.style) for draft in good if draft.name is not None}
    settled: list[tuple[Draft, Settled]] = []
    for draft in reversed(good[1:]):  # a definition may stand behind its use
        if draft.name is not None:
            with suppress(MatdiffError):
                _settled(text, draft, known_names)
    for one in sorted(drafts, key=lambda draft: isinstance(draft, Draft) and draft.name is None):  # definitions first
        try:
            if isinstance(one, MatdiffError):
                raise one
            check_defined(one, defined)
            settled.append((one, _settled(text, one, known_names)))
        except MatdiffError as error:
            result.failed.append((len(result.statements), (error,)))
    result.statements += _statements(settled, spelled, kinds, more)
    if not sentences and not more and not result.failed:
        result.failed.append((0, (EndsEarly(span=Span(0, 0), after=""),)))
    errors = (*repeated(text, result.statements), *circular(result.statements))
    if errors:
        result.failed.append((len(result.statements), errors))
    return result


def _is_same_command(error: MatdiffError, other: object) -> bool:
    return isinstance(error, UnknownCommand) and isinstance(other, UnknownCommand) and error.command == other.command


def _declared(text: str, result: Reading) -> tuple[list[Declaration], str]:
    """The declarations in matdiff's own notation, and the text with blanks in their place."""
    found = list(_DECLARATION.finditer(text)) if len(text) <= CHARACTERS else []
    if not found:
        return [], text
    kept, formulas, end = [], [], 0
    for match in found:
        kept += [" " * (match.start() - end - 1), "\n" if match.start() else "", match[0]]
        formulas += [text[end : match.start()], " " * len(match[0])]
        end = match.end()
    reading = parse.read("".join(kept), more=True)
    result.statements += reading.statements
    result.failed += reading.failed
    declared = [statement for statement in reading.statements if isinstance(statement, Declaration)]
    return declared, "".join([*formulas, text[end:]])


# Marks and sentences


def _marks(text: str) -> list[Mark]:
    """Every mark but blanks and comments.  Raises TooLarge."""
    if len(text) > CHARACTERS:
        raise TooLarge(what="text", limit=CHARACTERS)
    marks: list[Mark] = []
    state = _load_parser().parse_interactive(text, start="lexeme")
    for token in _in_time(state.lexer_thread.lex(state.parser_state)):
        written = "\\ " if token[1:].isspace() else str(token)  # a new line behind a backslash is a space like any other
        marks.append(Mark(token.type, written, token.start_pos, token.end_pos))
        if len(marks) > TOKENS:
            raise TooLarge(what="tokens", limit=TOKENS)
    return marks


# Statements


class Settled(NamedTuple):
    """What a draft says with names and kinds: its expression, that in its other forms, what is expected, and remarks."""

    expr: Expr
    forms: tuple[Expr, ...]
    expected: tuple[str, ...]
    remarks: list[Remark]


def _spelled(pieces: Sequence[Piece], has_sums: bool) -> tuple[dict[tuple[str, str], str], dict[str, str]]:
    """How the names are called, and the kinds that bold type tells."""
    styles: dict[str, set[str]] = {}
    for piece in (piece for piece in pieces if piece.type == "NAME"):
        styles.setdefault(piece.text, set()).add(piece.style)
    spelled: dict[tuple[str, str], str] = {}
    kinds: dict[str, str] = {}
    # Bold capitals say that plain ones are numbers, bold small letters that plain small ones are.
    of_matrices = _in_roles_of_matrices(pieces)
    bold = {name[0].isupper() for name, found in styles.items() if "bold" in found or "bold^" in found}
    for name, found in styles.items():
        for place, style in enumerate(sorted(found, key=list(_STYLES).index)):
            called = spelled[name, style] = f"{name}_{_STYLES[style]}" if place else name
            style = style.rstrip("^")
            if style == "bold":
                kinds[called] = "matrix" if name[0].isupper() else "vector"
                if name[0].islower() and (name, style) in of_matrices:
                    kinds[called] = "matrix"
            elif style == "" and name[0].isupper() in bold and not is_greek(name) and len(name.partition("_")[0]) == 1:
                kinds[called] = "scalar"
    for called, kind in list(kinds.items()) if has_sums else ():
        stem, _, letters = called.rpartition("_")  # x_i of a sum is a member of x
        if stem and letters.isalpha() and len(letters) <= MOST_LETTERS:
            kinds.setdefault(stem, kind)
    return spelled, kinds


def _in_roles_of_matrices(pieces: Sequence[Piece]) -> set[tuple[str, str]]:
    """Names that are traced, inverted or contracted by a colon, as bold small letters are in mechanics."""
    found: set[tuple[str, str]] = set()
    for place, piece in enumerate(pieces):
        before = [one.text if one.type in ("CALL", "APPLY") else one.type for one in pieces[max(place - 2, 0) : place]]
        after = [one.type if one.type != "NUMBER" else one.text for one in pieces[place + 1 : place + 5]]
        is_argument = before[-1:] in (["tr"], ["det"]) or (before in (["tr", "LPAR"], ["det", "LPAR"]) and after[:1] == ["RPAR"])
        is_inverted = after[:1] == ["INVERSE_TRANSPOSE"] or after == ["CARET", "LBRACE", "MINUS", "1"]
        if piece.type == "NAME" and (is_argument or is_inverted or "COLON" in (*before[-1:], *after[:1])):
            found.add((piece.text, piece.style))
    return found


def _settled(text: str, draft: Draft, names: Names) -> Settled:
    """The draft with its names and kinds; the kind of a name that it defines is added to `told`.  Raises what the rules raise."""
    *others, (expr, kind, noted) = [_decided(form, names) for form in draft.forms]
    forms = [form.expr for form in others if not _is_only_name(form.expr, expr)]
    expected = tuple(in_text(_decided(form, names).expr) for form in draft.expected)
    spelled, told, _ = names
    remarks = [*draft.remarks, *noted, *_divided(text, expr)]
    shown, wrt = in_text(expr), tuple(str(piece.token(spelled)) for piece in draft.wrt or draft.by)
    if draft.name is not None:
        name = str(draft.name.token(spelled))
        told[name], shown, wrt = kind, f"{name} = {shown}", ()
    remarks.append(ReadAs(span=draft.span, read=shown, by=wrt))
    return Settled(expr, tuple(forms), expected, remarks)


def _is_only_name(form: Expr, expr: Expr) -> bool:
    """Whether a form, such as e' e, is made of one name that the formula behind it does not have."""
    names, others = ({str(node.value) for node in post_order(one) if node.op == "name"} for one in (form, expr))
    return len(names) == 1 and len(others) > 1 and not names & others


def _decided(pieces: Sequence[Piece], names: Names) -> Decided:
    """The expression, its kind, and what it was taken as.  Raises what the rules raise."""
    parsed = _formula([piece.token(names.spelled) for piece in pieces])
    if depth(parsed) > DEPTH:
        raise TooLarge(what="depth", limit=DEPTH, span=parsed.span)
    made = decided(bound(parsed, names.declared), names.told)
    for error in wrong_calls(made.expr):
        raise error
    if length(made.expr) > TOKENS:
        raise TooLarge(what="tokens", limit=TOKENS, span=made.expr.span)
    return made


def _statements(
    settled: Sequence[tuple[Draft, Settled]], spelled: dict[tuple[str, str], str], kinds: dict[str, str], more: bool
) -> Iterator[Statement]:
    """Definitions, then questions.  The last definition is asked for itself where no formula uses it."""
    definitions: list[tuple[Draft, Definition]] = []
    questions: list[Question] = []
    for draft, said in settled:
        if draft.name is not None:
            name = draft.name.token(spelled)
            made = Definition(str(name), span_of(name), said.expr, draft.span, said.remarks, kinds, said.forms)
            definitions.append((draft, made))
            yield made
            continue
        wrt = [piece.token(spelled) for piece in draft.wrt]
        names, places = tuple(map(str, wrt)), tuple(map(span_of, wrt))
        by = tuple(str(piece.token(spelled)) for piece in draft.by)
        order = draft.order or None
        question = Question(said.expr, names, draft.span, places, said.remarks, kinds, order, by, said.forms, said.expected)
        questions.append(question)
    used = {str(node.value) for _, said in settled for node in post_order(said.expr) if node.op == "name"}
    free = [(draft, one) for draft, one in definitions if one.name not in used]
    last = max((draft.span.start for draft, _ in settled), default=0)
    is_asked = not questions or (free and free[-1][0].span.start == last)
    if definitions and is_asked and not more:
        draft, one = (free or definitions)[-1]
        wrt = [piece.token(spelled) for piece in draft.wrt]
        by = tuple(name for name in (str(piece.token(spelled)) for piece in draft.by) if name in used)
        asked = Expr("name", (), one.name, span=one.name_span)
        questions.append(Question(asked, tuple(map(str, wrt)), draft.span, tuple(map(span_of, wrt)), (), kinds, None, by))
    yield from questions


def _divided(text: str, expr: Expr) -> Iterator[Remark]:
    """Of what divisions may be taken for another, those with a slash."""
    for remark in divisions(text, expr):
        assert isinstance(remark, DivisionThenProduct)
        if text[remark.division.start] != "\\":
            yield remark


# The parser


def _formula(tokens: Iterable[Token]) -> Expr:
    """What `BuilderLatex` makes of the tokens.  Raises EndsEarly, UnexpectedText, or what the rules raise."""
    state: Any = _load_parser().parse_interactive(start="formula")
    previous: Token | None = None
    try:
        for token in _in_time(tokens):
            state.feed_token(token)
            previous = token
        made: Expr = state.feed_eof()
    except UnexpectedToken as error:
        raise _syntax_error(None if error.token.type == "$END" else cast("Token", error.token), previous) from None
    return made


_AnyToken = TypeVar("_AnyToken")


def _in_time(tokens: Iterable[_AnyToken]) -> Iterator[_AnyToken]:
    """The tokens, with a look at the clock now and then."""
    for place, token in enumerate(tokens):
        if place % _OFTEN == 0:
            check()
        yield token


def _syntax_error(token: Token | None, previous: Token | None) -> MatdiffError:
    after = "" if previous is None else str(previous)
    if token is None:
        end = span_of(previous).end if previous is not None else 0
        return EndsEarly(span=Span(end, end), after=after)
    if token.type == "COMMA":
        reason = "separator"
    elif previous is not None and (previous.type in TERM_ENDS or previous.type.endswith(("CLOSE", "RBRACE"))):
        reason = "after-term"
    else:
        reason = "term-before"
    return UnexpectedText(span=span_of(token), text=str(token), after=after, reason=reason)


_parser: Lark | None = None


def _load_parser() -> Lark:
    """The parser, made when the first text in LaTeX comes."""
    global _parser
    if _parser is None:
        grammar = parse.read_grammar("latex.lark").decode()
        _parser = Lark(grammar, parser="lalr", lexer="basic", start=["formula", "lexeme"], transformer=BuilderLatex())
    return _parser
