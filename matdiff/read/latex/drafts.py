"""Sentences, where the statements of a text begin and end, and drafts: what a sentence says, before names and kinds are settled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from matdiff.functions import RESERVED
from matdiff.language.errors import EndsEarly, MatdiffError, ReservedName, UnexpectedText, UnspecifiedFunction
from matdiff.language.syntax import Span
from matdiff.read.latex.left import Derivative, derivative_at, extrema_at, primed_at
from matdiff.read.latex.marks import FONTS, OPENERS, UPRIGHT, named, outside, unexpected
from matdiff.read.latex.names import argument_at, is_list, letter_of, plain, unit_at, written
from matdiff.read.latex.pieces import FUNCTION_LETTERS, Known, Piece, transpose_in
from matdiff.read.latex.tokens import Formula

if TYPE_CHECKING:
    from matdiff.language.errors import Remark
    from matdiff.read.latex.marks import Mark
    from matdiff.read.latex.sets import Member

RELATIONS = frozenset(("=", "\\coloneqq", "\\triangleq", "\\equiv", "\\doteq"))
# Behind one of these, or before one, a new line goes on with the formula.
_GOES_ON = frozenset((*RELATIONS, "+", "-", "\\cdot", "\\times", "\\odot", "\\otimes", "\\circ", "/", "*"))
_SEPARATORS = frozenset((",", ";", "."))
_UNEQUAL = frozenset((">", "<", "\\ge", "\\geq", "\\le", "\\leq", "\\ne", "\\neq", "≥", "≤", "≠", "\\geqslant", "\\leqslant"))
_OTHER_RELATIONS = _UNEQUAL | {
    *("\\approx", "\\propto", "\\sim", "\\simeq", "\\cong", "\\succ", "\\succeq", "\\prec", "\\preceq", "\\ll", "\\gg"),
    *(
        "\\to",
        "\\rightarrow",
        "\\mapsto",
        "\\longrightarrow",
        "\\leftarrow",
        "\\Rightarrow",
        "\\implies",
        "\\iff",
        "\\perp",
        "≈",
        "∝",
        "→",
    ),
}


class Sentence(NamedTuple):
    """One statement: the marks of its sides between the relations, and those of the names behind `wrt`."""

    start: int
    stop: int
    relations: list[int]
    wrt: int

    @property
    def sides(self) -> list[tuple[int, int]]:
        starts = [self.start, *(place + 1 for place in self.relations)]
        return list(zip(starts, [*self.relations, self.wrt]))


def sentences_of(marks: Sequence[Mark]) -> list[Sentence]:
    """Statements at separators and new lines outside of brackets."""
    found: list[Sentence] = []
    start, wrt, relations = 0, -1, list[int]()

    def end(stop: int) -> None:
        nonlocal wrt, relations
        if stop > start:
            found.append(Sentence(start, stop, relations, stop if wrt < 0 else wrt))
        wrt, relations = -1, []

    for mark in outside(marks):
        if mark.kind == "WRT" and wrt < 0:
            wrt = mark.place
        elif mark.text in RELATIONS:
            relations.append(mark.place)
        elif (mark.text in _SEPARATORS and (wrt < 0 or mark.text == ";")) or (
            mark.command == "\\" and _breaks(marks, mark.place)
        ):
            end(mark.place)
            start = mark.place + 1
    end(len(marks))
    return found


def is_name_alone(marks: Sequence[Mark], sentence: Sentence) -> bool:
    """Whether a name and a comma stand there, as in `A, B \\in`."""
    if sentence.relations or sentence.wrt != sentence.stop or sentence.stop >= len(marks) or marks[sentence.stop].text != ",":
        return False
    unit = unit_at(marks, sentence.start, sentence.stop)
    return unit is not None and unit.next == sentence.stop


def _breaks(marks: Sequence[Mark], place: int) -> bool:
    """Whether the new line begins another formula."""
    before = marks[place - 1].text if place else ""
    after = marks[place + 1].text if place + 1 < len(marks) else ""
    return before not in _GOES_ON and after not in _GOES_ON


def known_in(marks: Sequence[Mark], sentences: Sequence[Sentence], names: Iterable[str]) -> Known:
    """What the whole text says of its letters."""
    functions: dict[str, str] = {}
    for start, stop in [side for sentence in sentences for side in sentence.sides[:-1]]:
        unit = unit_at(marks, start, stop) if start < stop else None
        if unit is not None and unit.next < stop and marks[unit.next].text == "(":
            functions[unit.name] = written(marks[unit.next + 1 : stop - 1])
    found, not_called, called = set(names), set(names), set[str]()
    styled_until = -1
    for place, mark in enumerate(marks):
        following = marks[place + 1] if place + 1 < len(marks) else None
        if mark.command in FONTS and following is not None and (mark.command in UPRIGHT or FONTS[mark.command]):
            styled_until = following.partner.place
        letter = letter_of(mark)[0]
        if letter in FUNCTION_LETTERS:
            is_called = (
                following is not None and following.text in ("(", "[") and place > styled_until and not _in_function(marks, place)
            )
            (called if is_called else not_called).add(letter)
        elif letter == "e" and place > styled_until and not _in_function(marks, place):
            is_power = following is not None and following.text == "^" and place + 2 < len(marks)
            first, last, _ = argument_at(marks, place + 1, len(marks)) if is_power else (0, 0, 0)
            if not is_power or transpose_in(plain(marks[first:last])) == "T":
                found.add("e")
    return Known(functions, found, called - not_called)


def _in_function(marks: Sequence[Mark], place: int) -> bool:
    """Whether the letter belongs to the name of a function that is written without its backslash."""
    first = last = place
    while first and marks[first - 1].kind == "LETTER" and marks[first - 1].end == marks[first].start:
        first -= 1
    while last + 1 < len(marks) and marks[last + 1].kind == "LETTER" and marks[last + 1].start == marks[last].end:
        last += 1
    return bool(named("".join(mark.text for mark in marks[first : last + 1])))


# Drafts


class Draft(NamedTuple):
    """A statement.

    forms      the tokens of what is asked or defined, in its several forms, the last of which counts
    name, by   the name that is defined, and its parameters where it is a function, or what an extremum is taken over
    wrt        the variables that the sentence names
    expected   what is said to be the derivative
    members    what the sentence declares beside
    """

    span: Span
    forms: list[list[Piece]]
    name: Piece | None = None
    wrt: Sequence[Piece] = ()
    order: int = 0
    remarks: Sequence[Remark] = ()
    by: Sequence[Piece] = ()
    expected: Sequence[list[Piece]] = ()
    members: Sequence[Member] = ()

    @property
    def has_sums(self) -> bool:
        """Whether there are sums over an index in it."""
        return any(piece.type == "SUM_OVER" for form in (*self.forms, *self.expected) for piece in form)

    @property
    def pieces(self) -> list[Piece]:
        """All tokens but those of members."""
        found = [*self.wrt, *self.by, *([self.name] if self.name is not None else [])]
        found += [piece for form in (*self.forms, *self.expected) for piece in form]
        return found


def drafts_of(marks: Sequence[Mark], sentence: Sentence, known: Known) -> list[Draft]:
    """The statements of a sentence.  Of a chain of equal formulas the last is the one that counts; the others are its forms."""
    sides, span = sentence.sides, Span(marks[sentence.start].start, marks[sentence.stop - 1].end)
    if _is_condition(marks, sentence):
        return []
    _check_relations(marks, sentence)
    wrt = _variables(marks, sentence)
    _check_sides(marks, sentence)
    if derivative_at(marks, *sides[0]) is not None or primed_at(marks, *sides[0], known.functions) is not None:
        return [_asked(marks, sentence, known, span)]
    names: list[tuple[Piece, list[Piece]]] = []
    forms: list[tuple[int, int]] = []
    for side in sides[:-1]:
        name = _defined(marks, *side, known)
        if name is not None:
            names.append(name)
        elif not _is_label(marks, *side, sides[-1]):
            forms.append(side)
    start, by = sides[-1][0], list[Piece]()
    members: Sequence[Member] = ()
    extrema = extrema_at(marks, *sides[-1])
    if extrema is not None:
        start, by, members = extrema.start, extrema.by, extrema.members
        names = [] if extrema.of_place else names
    made = [Formula(marks, *side, known) for side in (*forms, (start, sides[-1][1]))]
    if extrema is not None and not extrema.of_place and not _has_names(made[-1].pieces, by):  # \\max_i |x_i|
        made[-1], by, members = Formula(marks, *sides[-1], known), [], ()
    formulas, remarks = [one.pieces for one in made], made[-1].remarks
    if not _has_names(formulas[-1], by):
        raise unexpected(marks[sides[-1][0]], "indexed")
    drafts = [Draft(span, formulas, name, wrt, 0, remarks, by or own, (), members) for name, own in names]
    return drafts or [Draft(span, formulas, None, wrt, 0, remarks, by, (), members)]


def _check_sides(marks: Sequence[Mark], sentence: Sentence) -> None:
    """Raises UnexpectedText, EndsEarly where nothing stands beside a relation."""
    for start, stop in sentence.sides:
        if start == stop and stop in sentence.relations:
            raise unexpected(marks[stop], "term-before" if stop == sentence.start else "equals")
        if start == stop:
            end = marks[sentence.wrt - 1].end
            raise EndsEarly(span=Span(end, end), after=marks[sentence.wrt - 1].text)


def _check_relations(marks: Sequence[Mark], sentence: Sentence) -> None:
    """Raises UnexpectedText for a relation that is no equality, outside of brackets."""
    for mark in outside(marks[sentence.start : sentence.stop]):
        if mark.text in _OTHER_RELATIONS and marks[mark.place - 1].text not in ("^", "_"):
            raise unexpected(mark, "relation")


def _has_names(pieces: Sequence[Piece], names: Sequence[Piece]) -> bool:
    """Whether names stand in a formula, alone or with a subscript; what an extremum is taken over is an index where it does not."""
    used = {(text, piece.style) for piece in pieces for text in (piece.text, piece.text.rpartition("_")[0])}
    return all((name.text, name.style) in used for name in names)


def _is_condition(marks: Sequence[Mark], sentence: Sentence) -> bool:
    """`\\lambda > 0`, which says nothing of kinds."""
    unit = unit_at(marks, sentence.start, sentence.stop)
    if unit is not None and not sentence.relations and unit.next < sentence.stop and marks[unit.next].text in (":", "\\colon"):
        return any(mark.text in ("\\to", "\\rightarrow", "→") for mark in marks[unit.next : sentence.stop])  # f: R^n -> R
    if unit is None or sentence.relations or unit.next + 2 != sentence.stop:
        return False
    return marks[unit.next].text in _UNEQUAL and marks[unit.next + 1].kind == "NUMBER"


def _variables(marks: Sequence[Mark], sentence: Sentence) -> list[Piece]:
    """The names behind `wrt`.  Raises UnexpectedText."""
    found: list[Piece] = []
    place = sentence.wrt + 1
    while sentence.wrt < sentence.stop:
        unit = unit_at(marks, place, sentence.stop)
        if unit is None:
            raise unexpected(marks[min(place, sentence.stop - 1)], "wrt")
        found.append(unit.piece)
        if unit.next == sentence.stop:
            break
        if marks[unit.next].text != ",":
            raise unexpected(marks[unit.next], "wrt")
        place = unit.next + 1
    return found


def _defined(marks: Sequence[Mark], start: int, stop: int, known: Known) -> tuple[Piece, list[Piece]] | None:
    """The name on a left side, `L` or `f(x)`, and its one parameter; None where something else stands there.  Raises ReservedName."""
    unit = unit_at(marks, start, stop)
    if unit is None or (unit.next != stop and known.functions.get(unit.name) != written(marks[unit.next + 1 : stop - 1])):
        return None
    by: list[Piece] = []
    if unit.next != stop:
        inside = marks[unit.next + 1 : stop - 1]
        argument = unit_at(marks, unit.next + 1, stop - 1)
        is_one = argument is not None and argument.next == stop - 1
        if marks[unit.next].partner is not marks[stop - 1] or not (is_list(inside) or is_one) or (unit.word and named(unit.name)):
            return None
        by = [argument.piece] if argument is not None and is_one else []
    if named(unit.name) or unit.name in RESERVED:
        raise ReservedName(span=Span(unit.start, unit.end), reserved=unit.name)
    return unit.piece, by


def _is_label(marks: Sequence[Mark], start: int, stop: int, last: tuple[int, int]) -> bool:
    """`\\ln p(\\mathbf{t}|\\alpha)`, `D_{KL}(q\\|p)`, `\\hat\\sigma^2`: the name of a value, which is no formula.

    A square is one where its name does not stand in the formula behind.
    """
    place = start
    while place < stop and (marks[place].text == "-" or (marks[place].command and named(marks[place].command))):
        place += 1
    place += place < stop and marks[place].command == "Pr"
    unit = unit_at(marks, place, stop) if place < stop else None
    if unit is not None and unit.next + 1 < stop and marks[unit.next].text == "^":
        _, _, behind = argument_at(marks, unit.next, stop)
        others = [unit_at(marks, at, last[1]) for at in range(*last)]
        is_square = marks[behind - 1].kind == "NUMBER" or marks[behind - 1].text == "}"
        if behind == stop and is_square:
            return all(other is None or other.name != unit.name for other in others)
    place = unit.next if unit is not None else place
    opener = marks[place] if place < stop else None
    is_call = opener is not None and opener.text in ("(", "[", "\\{") and opener.text in OPENERS
    if not is_call or opener is None or opener.partner is not marks[stop - 1] or (unit is not None and named(unit.name)):
        return False
    return unit is not None or marks[place - 1].command == "Pr"


def _asked(marks: Sequence[Mark], sentence: Sentence, known: Known, span: Span) -> Draft:
    """A question that a left side asks: `\\nabla_x f`, and what is said to be its answer.  Raises UnexpectedText, EndsEarly."""
    if sentence.wrt < sentence.stop:
        raise unexpected(marks[sentence.wrt], "wrt")
    forms: list[Formula] = []
    expected: list[list[Piece]] = []
    asked: Derivative | None = None
    for start, stop in sentence.sides:
        if [mark.text for mark in marks[start:stop]] == ["?"]:
            continue
        derivative = derivative_at(marks, start, stop) or primed_at(marks, start, stop, known.functions)
        if derivative is None:
            expected.append(Formula(marks, start, stop, known).pieces)
            continue
        if asked is not None and [(one.text, one.style) for one in asked.wrt] != [
            (one.text, one.style) for one in derivative.wrt
        ]:
            raise unexpected(marks[start], "derivative")
        formula, by = _operand(marks, derivative, stop, known)
        derivative = derivative._replace(wrt=derivative.wrt or by)
        forms.append(formula)
        asked = derivative
    assert asked is not None
    forms = [one for one in forms if len(one.pieces) > 1] or forms[:1]  # of a formula and its name the formula
    remarks = forms[-1].remarks
    return Draft(span, [one.pieces for one in forms], None, asked.wrt, asked.order, remarks, (), expected)


def _operand(marks: Sequence[Mark], derivative: Derivative, stop: int, known: Known) -> tuple[Formula, list[Piece]]:
    """What is differentiated, and the parameter of a function that stands there.  Raises UnexpectedText, EndsEarly."""
    start, end = derivative.operand or (derivative.next, stop)
    if derivative.operand is not None and derivative.next < stop:
        raise unexpected(marks[derivative.next], "evaluated" if marks[derivative.next].text in ("|", "\\vert") else "derivative")
    if start == end:
        last = marks[end - 1].end
        raise EndsEarly(span=Span(last, last), after=marks[end - 1].text)
    unit = unit_at(marks, start, end)
    try:
        formula = Formula(marks, start, end, known)
    except UnspecifiedFunction as error:
        if unit is None or error.span != Span(unit.start, unit.end):
            raise
        raise _undefined(unit.piece) from None
    if derivative.operand is None:
        _check_operand(formula.pieces)
    is_call = unit is not None and unit.next < end and marks[unit.next].partner is marks[end - 1] and unit.name in known.functions
    argument = unit_at(marks, unit.next + 1, end - 1) if unit is not None and is_call else None
    return formula, [argument.piece] if argument is not None and argument.next == end - 1 else []


def _undefined(piece: Piece) -> MatdiffError:
    return UnexpectedText(span=Span(piece.start, piece.end), text=piece.text, reason="undefined")


def check_defined(draft: Draft, defined: set[tuple[str, str]]) -> None:
    """Raises UnexpectedText where the derivative of a name is asked for that nothing defines."""
    form = draft.forms[-1]
    is_name = draft.name is None and draft.wrt and len(form) == 1 and form[0].type == "NAME"
    if is_name and (form[0].text, form[0].style) not in {*defined, *((one.text, one.style) for one in draft.wrt)}:
        raise _undefined(form[0])


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
