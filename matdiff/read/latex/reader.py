r"""`read`: a text in LaTeX to statements.

The rules are those of grammar/latex.lark, which lark reads when the first such text comes.  Bold type tells kinds: a lower-case letter
is a vector, an upper-case one a matrix, and beside them plain letters are numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from lark import Lark, UnexpectedToken

from matdiff.functions import RESERVED
from matdiff.language.errors import (
    DivisionThenProduct,
    EndsEarly,
    MatdiffError,
    ReadAs,
    Remark,
    ReservedName,
    TooLarge,
    UnexpectedText,
)
from matdiff.language.kinds import is_greek
from matdiff.language.statements import Declaration, Definition, Question, Reading, Statement
from matdiff.language.syntax import Expr, Span
from matdiff.language.text import text as in_text
from matdiff.limits import CHARACTERS, DEPTH, TOKENS, check
from matdiff.read import parse
from matdiff.read.latex.build import BuilderLatex, decided
from matdiff.read.latex.left import Derivative, derivative_at
from matdiff.read.latex.marks import FONTS, OPENERS, UPRIGHT, Mark, cleaned, named, unexpected
from matdiff.read.latex.names import is_list, unit_at, written
from matdiff.read.latex.pieces import TRANSPOSES, Known, Piece
from matdiff.read.latex.tokens import Formula
from matdiff.read.review import circular, depth, divisions, repeated, wrong_calls
from matdiff.read.split import PROPERTIES, TERM_ENDS, span_of

if TYPE_CHECKING:
    from matdiff.read.lalr import Token

_RELATIONS = frozenset(("=", "\\coloneqq", "\\triangleq", "\\equiv", "\\doteq"))
# Behind one of these, or before one, a new line goes on with the formula.
_GOES_ON = frozenset((*_RELATIONS, "+", "-", "\\cdot", "\\times", "\\odot", "\\otimes", "\\circ", "/", "*"))
_SEPARATORS = frozenset((",", ";", "."))
# A declaration as matdiff writes it, on a line of its own or between semicolons.
_NAMES, _SIZE = r"[A-Za-z]\w*(?:[ \t]*,[ \t]*[A-Za-z]\w*)*", r"[A-Za-z0-9][\w+ ]*?"
_DECLARATION = re.compile(
    rf"(?:(?<=;)|(?<=\n)|\A)\s*{_NAMES}[ \t]*:[ \t]*(?:scalar|{_SIZE}[ \t]+[x×][ \t]+{_SIZE}|(?:{'|'.join(PROPERTIES)})[ \t]+{_SIZE}|[a-z0-9])"
    r"[ \t]*(?=[;\n])"
)
# Suffixes that keep names apart which differ in their type only: bold is the first to get the plain name.
_STYLES = {"bold": "bold", "": "plain", "script": "cal", "variant": "var"}


class _Sentence(NamedTuple):
    """One statement: the marks of its sides between the relations, and those of the names behind `wrt`."""

    start: int
    stop: int
    relations: list[int]
    wrt: int

    @property
    def sides(self) -> list[tuple[int, int]]:
        starts = [self.start, *(place + 1 for place in self.relations)]
        return list(zip(starts, [*self.relations, self.wrt]))


class _Draft(NamedTuple):
    """A statement before names and kinds are settled.

    formula   the tokens of what is asked or defined; `name` the defined name; `wrt` the variables
    """

    span: Span
    formula: list[Piece]
    name: Piece | None
    wrt: list[Piece]
    order: int
    remarks: Sequence[Remark] = ()


def read(text: str, *, known: Iterable[str] = (), more: bool = False) -> Reading:
    """The statements of `text`, and the errors of the others; see `parse.read`."""
    result, known = Reading(), frozenset(known)
    declared = _declared(text, result)
    names = known | {one.name for one in declared}
    try:
        marks = cleaned(_marks(_DECLARATION.sub(lambda found: " " * len(found[0]), text)))
        sentences = _sentences(marks)
        whole = _known(marks, sentences, names)
    except MatdiffError as error:
        result.failed.append((len(result.statements), (error,)))
        return result
    drafts: list[_Draft | MatdiffError] = []
    for sentence in sentences:
        check()
        try:
            drafts += _drafts(marks, sentence, whole)
        except MatdiffError as error:
            drafts.append(error)
    spelled, kinds = _spelled([draft for draft in drafts if isinstance(draft, _Draft)])
    told = {**kinds, **{one.name: one.kind for one in declared}}
    for draft in drafts:
        try:
            if isinstance(draft, MatdiffError):
                raise draft
            result.statements += _statements(text, draft, spelled, kinds, told, draft is drafts[-1] and not more)
        except MatdiffError as error:
            result.failed.append((len(result.statements), (error,)))
    if not sentences and not more and not result.failed:
        result.failed.append((0, (EndsEarly(span=Span(0, 0), after=""),)))
    errors = (*repeated(text, result.statements), *circular(result.statements))
    if errors:
        result.failed.append((len(result.statements), errors))
    return result


def _declared(text: str, result: Reading) -> list[Declaration]:
    """The declarations in matdiff's own notation, which stand before all formulas."""
    found = list(_DECLARATION.finditer(text)) if len(text) <= CHARACTERS else []
    if not found:
        return []
    kept, end = [], 0
    for match in found:
        kept += [" " * (match.start() - end - 1), "\n" if match.start() else "", match[0]]
        end = match.end()
    reading = parse.read("".join(kept), more=True)
    result.statements += reading.statements
    result.failed += reading.failed
    return [statement for statement in reading.statements if isinstance(statement, Declaration)]


# Marks and sentences


def _marks(text: str) -> list[Mark]:
    """Every mark but blanks and comments.  Raises TooLarge."""
    if len(text) > CHARACTERS:
        raise TooLarge(what="text", limit=CHARACTERS)
    marks: list[Mark] = []
    state = _load_parser().parse_interactive(text, start="lexeme")
    for token in state.lexer_thread.lex(state.parser_state):
        if len(marks) % 64 == 0:
            check()
        marks.append(Mark(token.type, str(token), token.start_pos, token.end_pos))
        if len(marks) > TOKENS:
            raise TooLarge(what="tokens", limit=TOKENS)
    return marks


def _sentences(marks: Sequence[Mark]) -> list[_Sentence]:
    """Statements at separators and new lines outside of brackets."""
    found: list[_Sentence] = []
    start, place, wrt, relations = 0, 0, -1, list[int]()

    def end(stop: int) -> None:
        nonlocal wrt, relations
        if stop > start:
            found.append(_Sentence(start, stop, relations, stop if wrt < 0 else wrt))
        wrt, relations = -1, []

    while place < len(marks):
        mark = marks[place]
        if mark.partner is not None and (mark.text in OPENERS or mark.kind == "BEGIN"):
            place = mark.partner.place
        elif mark.kind == "WRT" and wrt < 0:
            wrt = place
        elif mark.text in _RELATIONS:
            relations.append(place)
        elif (mark.text in _SEPARATORS and (wrt < 0 or mark.text == ";")) or (mark.command == "\\" and _breaks(marks, place)):
            end(place)
            start = place + 1
        place += 1
    end(len(marks))
    return found


def _breaks(marks: Sequence[Mark], place: int) -> bool:
    """Whether the new line begins another formula."""
    before = marks[place - 1].text if place else ""
    after = marks[place + 1].text if place + 1 < len(marks) else ""
    return before not in _GOES_ON and after not in _GOES_ON


def _known(marks: Sequence[Mark], sentences: Sequence[_Sentence], names: Iterable[str]) -> Known:
    """What the whole text says of its letters."""
    functions: dict[str, str] = {}
    for sentence in sentences:
        start, stop = sentence.sides[0]
        unit = unit_at(marks, start, stop) if sentence.relations else None
        if unit is not None and unit.next < stop and marks[unit.next].text == "(":
            functions[unit.name] = written(marks[unit.next + 1 : stop - 1])
    found, is_called = set(names), "sigma" not in names
    upright_until = -1
    for place, mark in enumerate(marks):
        following = marks[place + 1] if place + 1 < len(marks) else None
        if mark.command in UPRIGHT and following is not None and following.partner is not None:
            upright_until = following.partner.place
        if mark.text in ("\\sigma", "σ"):
            is_called = is_called and following is not None and following.text in ("(", "[")
        elif mark.text == "e" and place > upright_until and not _in_function(marks, place):
            is_power = following is not None and following.text == "^"
            argument = [one.text for one in marks[place + 2 : place + 5] if one.text != "{" and one.command not in FONTS]
            if not is_power or (argument and argument[0] in TRANSPOSES):
                found.add("e")
    return Known(functions, found, is_called)


def _in_function(marks: Sequence[Mark], place: int) -> bool:
    """Whether the letter belongs to the name of a function that is written without its backslash."""
    first = last = place
    while first and marks[first - 1].kind == "LETTER" and marks[first - 1].end == marks[first].start:
        first -= 1
    while last + 1 < len(marks) and marks[last + 1].kind == "LETTER" and marks[last + 1].start == marks[last].end:
        last += 1
    return bool(named("".join(mark.text for mark in marks[first : last + 1])))


# Statements


def _drafts(marks: Sequence[Mark], sentence: _Sentence, known: Known) -> list[_Draft]:
    """The statement of a sentence.  Of a chain of equal formulas the last is the one that counts; the others must be readable too."""
    sides, span = sentence.sides, Span(marks[sentence.start].start, marks[sentence.stop - 1].end)
    wrt = _variables(marks, sentence)
    first_start, first_stop = sides[0]
    derivative = derivative_at(marks, first_start, first_stop)
    if derivative is not None:
        return [_asked(marks, sentence, derivative, known, span)]
    if any(start == stop for start, stop in sides):
        empty = next(stop for start, stop in sides if start == stop)
        if empty in sentence.relations:
            raise unexpected(marks[empty], "term-before" if empty == sentence.start else "equals")
        end = marks[sentence.wrt - 1].end
        raise EndsEarly(span=Span(end, end), after=marks[sentence.wrt - 1].text)
    name = _defined(marks, first_start, first_stop, known) if sentence.relations else None
    formulas = [Formula(marks, *side, known) for side in (sides[1:] if name is not None else sides)]
    return [_Draft(span, formulas[-1].pieces, name, wrt, 0, formulas[-1].remarks)]


def _variables(marks: Sequence[Mark], sentence: _Sentence) -> list[Piece]:
    """The names behind `wrt`.  Raises UnexpectedText."""
    found: list[Piece] = []
    place = sentence.wrt + 1
    while sentence.wrt < sentence.stop:
        unit = unit_at(marks, place, sentence.stop)
        if unit is None:
            raise unexpected(marks[min(place, sentence.stop - 1)], "wrt")
        found.append(Piece("NAME", unit.name, unit.start, unit.end, unit.style))
        if unit.next == sentence.stop:
            break
        if marks[unit.next].text != ",":
            raise unexpected(marks[unit.next], "wrt")
        place = unit.next + 1
    return found


def _defined(marks: Sequence[Mark], start: int, stop: int, known: Known) -> Piece | None:
    """The name on a left side, `L` or `f(x)`, or None where another form of the formula stands there.  Raises ReservedName."""
    unit = unit_at(marks, start, stop)
    if unit is None or (unit.next != stop and known.functions.get(unit.name) != written(marks[unit.next + 1 : stop - 1])):
        return None
    if unit.next != stop:
        inside = marks[unit.next + 1 : stop - 1]
        partner = marks[unit.next].partner
        argument = unit_at(marks, unit.next + 1, stop - 1)
        is_call = partner is marks[stop - 1] and (is_list(inside) or (argument is not None and argument.next == stop - 1))
        if not is_call or (unit.word and named(unit.name)):
            return None
    if named(unit.name) or unit.name in RESERVED:
        raise ReservedName(span=Span(unit.start, unit.end), reserved=unit.name)
    return Piece("NAME", unit.name, unit.start, unit.end, unit.style)


def _asked(marks: Sequence[Mark], sentence: _Sentence, derivative: Derivative, known: Known, span: Span) -> _Draft:
    """A question whose left side says by what is differentiated.  Raises UnexpectedText, EndsEarly."""
    if sentence.wrt < sentence.stop:
        raise unexpected(marks[sentence.wrt], "wrt")
    for place in sentence.relations:
        if [mark.text for mark in marks[place + 1 : sentence.stop]] != ["?"]:
            raise unexpected(marks[place], "answer")
    _, stop = sentence.sides[0]
    start, end = derivative.operand or (derivative.next, stop)
    if derivative.operand is not None and derivative.next < stop:
        raise unexpected(marks[derivative.next], "derivative")
    if start == end:
        last = marks[end - 1].end
        raise EndsEarly(span=Span(last, last), after=marks[end - 1].text)
    formula = Formula(marks, start, end, known)
    if derivative.operand is None:
        _check_operand(formula.pieces)
    return _Draft(span, formula.pieces, None, derivative.wrt, derivative.order, formula.remarks)


def _check_operand(pieces: Sequence[Piece]) -> None:
    """What stands behind an operator is one product, or all of it stands in brackets.  Raises UnexpectedText."""
    level, closed = 0, False
    for place, piece in enumerate(pieces):
        level -= piece.type in ("RPAR", "RBRACE", "MATRIX_CLOSE") or piece.type.endswith("_CLOSE")
        is_script = piece.type in ("CARET", "DOT_CARET", "TRANSPOSE", "INVERSE_TRANSPOSE", "LBRACE", "RBRACE")
        if level == 0 and place and (piece.type in ("PLUS", "MINUS") or (closed and not is_script)):
            raise UnexpectedText(span=Span(piece.start, piece.end), text=piece.text, reason="derivative")
        closed = closed or (level == 0 and piece.type == "RPAR" and pieces[0].type == "LPAR")
        level += piece.type in ("LPAR", "LBRACE") or piece.type.endswith("_OPEN")


def _spelled(drafts: Sequence[_Draft]) -> tuple[dict[tuple[str, str], str], dict[str, str]]:
    """How the names are called, and the kinds that bold type tells."""
    styles: dict[str, set[str]] = {}
    for draft in drafts:
        for piece in (*draft.formula, *([draft.name] if draft.name is not None else []), *draft.wrt):
            if piece.type == "NAME":
                styles.setdefault(piece.text, set()).add(piece.style)
    spelled: dict[tuple[str, str], str] = {}
    kinds: dict[str, str] = {}
    # Bold capitals say that plain ones are numbers, bold small letters that plain small ones are.
    bold = {name[0].isupper() for name, found in styles.items() if "bold" in found}
    for name, found in styles.items():
        for place, style in enumerate(sorted(found, key=list(_STYLES).index)):
            called = spelled[name, style] = f"{name}_{_STYLES[style]}" if place else name
            if style == "bold":
                kinds[called] = "matrix" if name[0].isupper() else "vector"
            elif style == "" and name[0].isupper() in bold and not is_greek(name) and len(name.partition("_")[0]) == 1:
                kinds[called] = "scalar"
    return spelled, kinds


def _statements(
    text: str, draft: _Draft, spelled: dict[tuple[str, str], str], kinds: dict[str, str], told: dict[str, str], last: bool
) -> list[Statement]:
    """A definition or a question; a definition that ends the text is a question too.  Raises what the rules raise."""
    tokens = [piece.token(spelled) for piece in draft.formula]
    parsed = _formula(tokens)
    if depth(parsed) > DEPTH:
        raise TooLarge(what="depth", limit=DEPTH, span=parsed.span)
    expr, kind = decided(parsed, told)
    for error in wrong_calls(expr):
        raise error
    wrt = [piece.token(spelled) for piece in draft.wrt]
    name = draft.name.token(spelled) if draft.name is not None else None
    remarks = [*draft.remarks, *_divided(text, expr)]
    shown = in_text(expr) if name is None else f"{name} = {in_text(expr)}"
    remarks.append(ReadAs(span=draft.span, read=shown, by=tuple(map(str, wrt))))
    places = tuple(map(span_of, wrt))
    if name is None:
        return [Question(expr, tuple(map(str, wrt)), draft.span, places, remarks, kinds, draft.order or None)]
    definition = Definition(str(name), span_of(name), expr, draft.span, remarks, kinds)
    told[str(name)] = kind
    if not last:
        return [definition]
    asked = Expr("name", (), definition.name, span=definition.name_span)
    return [definition, Question(asked, tuple(map(str, wrt)), draft.span, places, (), kinds, draft.order or None)]


def _divided(text: str, expr: Expr) -> Iterator[Remark]:
    """Of what divisions may be taken for another, those with a slash."""
    for remark in divisions(text, expr):
        assert isinstance(remark, DivisionThenProduct)
        if text[remark.division.start] != "\\":
            yield remark


# The parser


def _formula(tokens: Sequence[Token]) -> Expr:
    """What `BuilderLatex` makes of the tokens.  Raises EndsEarly, UnexpectedText, or what the rules raise."""
    state: Any = _load_parser().parse_interactive(start="formula")
    previous: Token | None = None
    try:
        for place, token in enumerate(tokens):
            if place % 64 == 0:
                check()
            state.feed_token(token)
            previous = token
        made: Expr = state.feed_eof()
    except UnexpectedToken:
        following = tokens[0] if previous is None else next((one for one in tokens[_place(tokens, previous) + 1 :]), None)
        raise _syntax_error(following, previous) from None
    return made


def _place(tokens: Sequence[Token], token: Token) -> int:
    return next(place for place, one in enumerate(tokens) if one is token)


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
        reason = "term-before" if previous is None or not after.isalpha() else "term"
    return UnexpectedText(span=span_of(token), text=str(token), after=after, reason=reason)


_parser: Lark | None = None


def _load_parser() -> Lark:
    """The parser, made when the first text in LaTeX comes."""
    global _parser
    if _parser is None:
        grammar = parse.read_grammar("latex.lark").decode()
        _parser = Lark(grammar, parser="lalr", lexer="basic", start=["formula", "lexeme"], transformer=BuilderLatex())
    return _parser
