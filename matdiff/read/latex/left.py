r"""What stands before a formula and says by what it is differentiated: `\nabla_{x}`, `\frac{\partial f}{\partial x}`, `\min_{x}`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from matdiff.read.latex.marks import FRACTIONS, UPRIGHT, unexpected
from matdiff.read.latex.names import argument_at, unit_at, written
from matdiff.read.latex.pieces import TRANSPOSES, Piece
from matdiff.read.latex.sets import MEMBER, Member, member_at

if TYPE_CHECKING:
    from matdiff.read.latex.marks import Mark


class Derivative(NamedTuple):
    """The variables, how often is differentiated (0 where it is not said), what stands in the numerator, and the place behind."""

    wrt: list[Piece]
    order: int
    operand: tuple[int, int] | None
    next: int


def derivative_at(marks: Sequence[Mark], place: int, stop: int) -> Derivative | None:
    """The operator that begins at `place`, or None.  Raises UnexpectedText where it begins like one and is none that can be read."""
    if place >= stop:
        return None
    is_sub = place + 1 < stop and marks[place].command == "partial" and marks[place + 1].text == "_"  # \\partial_x
    if marks[place].command == "nabla" or is_sub:
        return _nabla(marks, place, stop)
    if marks[place].command in FRACTIONS and place + 1 < stop and marks[place + 1].text == "{":
        above = argument_at(marks, place, stop)
        if above[2] >= stop:
            return None
        below = argument_at(marks, above[2] - 1, stop)
        return _quotient(marks, above[0], above[1], below[0], below[1], below[2])
    if marks[place].command == "partial":
        slash = next((at for at in range(place, stop) if marks[at].text == "/"), -1)
        if slash < 0:
            return None
        end = _variable_end(marks, slash + 1, stop)
        return _quotient(marks, place, slash, slash + 1, end, end)
    return None


def primed_at(marks: Sequence[Mark], place: int, stop: int, functions: Collection[str]) -> Derivative | None:
    """`f'(x)` of a function that the text defines."""
    unit = unit_at(marks, place, stop)
    if unit is None or unit.name not in functions:
        return None
    order, at = 0, unit.next
    while at < stop and marks[at].text == "'":
        order, at = order + 1, at + 1
    closer = marks[at].partner if at < stop and marks[at].text == "(" else None
    argument = unit_at(marks, at + 1, stop) if order and closer is not None and closer.place == stop - 1 else None
    if argument is None or argument.next != stop - 1:
        return None
    return Derivative([argument.piece], order if order > 1 else 0, (place, unit.next), stop)


def _nabla(marks: Sequence[Mark], place: int, stop: int) -> Derivative:
    following, order, wrt = place + 1, 0, list[Piece]()
    while following < stop and marks[following].text in ("^", "_"):
        first, last, after = argument_at(marks, following, stop)
        if marks[following].text == "^":
            order = _order(marks, first, last)
        else:
            unit = unit_at(marks, first, last)
            if unit is None or unit.next != last:
                raise unexpected(marks[first], "derivative")
            wrt = [unit.piece]
        following = after
    return Derivative(wrt, order, None, following)


def _order(marks: Sequence[Mark], first: int, last: int) -> int:
    if last - first != 1 or marks[first].text not in ("2", "3"):
        raise unexpected(marks[first], "derivative")
    return int(marks[first].text)


def _quotient(marks: Sequence[Mark], start: int, end: int, below: int, stop: int, following: int) -> Derivative | None:
    """`\\partial^2 f` over `\\partial x \\partial x^T`; None if it is another quotient."""
    partial = _change(marks, start, end)
    if partial is None or _change(marks, below, stop) is None:
        return None
    is_certain = marks[start].command == "partial"
    order = 0
    if partial < end and marks[partial].text == "^":
        first, last, partial = argument_at(marks, partial, end)
        if not is_certain and marks[first].text not in ("2", "3"):
            return None
        order = _order(marks, first, last)
    wrt: list[Piece] = []
    place: int | None = below
    while place is not None and place < stop:
        place = _change(marks, place, stop)
        unit = unit_at(marks, place, stop) if place is not None else None
        if unit is None:
            if is_certain:
                raise unexpected(marks[below], "derivative")
            return None
        count, place = 1, unit.next
        if place < stop and marks[place].text == "^":
            first, last, place = argument_at(marks, place, stop)
            texts = [mark.text for mark in marks[first:last]]
            count = int(texts[0]) if texts in (["2"], ["3"]) else 1 if texts[-1:] and texts[-1] in TRANSPOSES else 0
            if not count:
                raise unexpected(marks[first], "derivative")
        elif place < stop and marks[place].text == "'":
            place += 1
        wrt += [unit.piece] * count
    names = {(piece.text, piece.style) for piece in wrt}
    if len(wrt) != max(order, 1) or len(names) > 1:
        raise unexpected(marks[below], "derivative")
    return Derivative(wrt[:1], order, (partial, end) if partial < end else None, following)


def _change(marks: Sequence[Mark], place: int, stop: int) -> int | None:
    r"""The place behind `\partial`, `d` or `\mathrm{d}`, or None where something else stands."""
    if place >= stop:
        return None
    if marks[place].command == "partial" or marks[place].text == "d":
        return place + 1
    unit = unit_at(marks, place, stop) if marks[place].command in ("mathrm", "rm", "operatorname") else None
    return unit.next if unit is not None and unit.name == "d" else None


def _variable_end(marks: Sequence[Mark], place: int, stop: int) -> int:
    """The place behind the variable of a denominator without brackets."""
    start = _change(marks, place, stop)
    unit = unit_at(marks, start, stop) if start is not None else None
    return unit.next if unit is not None else stop


_EXTREMA = frozenset("min max argmin argmax minimize maximize minimise maximise".split())


class Extrema(NamedTuple):
    r"""What `\min_x` or `\arg\max_{x \in \mathbb{R}^n}` says: where the formula begins, the variables, and what is declared.

    of_place   whether the left side is the name of a place, not of a value
    """

    start: int
    by: list[Piece]
    members: list[Member]
    of_place: bool


def extrema_at(marks: Sequence[Mark], place: int, stop: int) -> Extrema | None:
    """The extrema in front of a formula, or None.  Raises UnexpectedText."""
    by: list[Piece] = []
    members: list[Member] = []
    of_place = False
    while place < stop:
        word, following = _extremum(marks, place, stop)
        if word not in _EXTREMA or following >= stop or marks[following].text != "_":
            break
        of_place = of_place or word.startswith("arg")
        first, last, behind = argument_at(marks, following, stop)
        if "".join(mark.text for mark in marks[first : first + 2])[-1:] == "=" or marks[first].text == "1":  # \max_{i=1}^n
            break
        place = behind
        while first < last:
            comma = next((at for at in range(first, last) if marks[at].text == ","), last)
            unit = unit_at(marks, first, comma)
            if unit is not None and unit.next < comma and marks[unit.next].text in MEMBER:
                members.append(member_at(marks, first, comma))
                by += members[-1].names
            elif unit is not None and unit.next == comma:
                by.append(unit.piece)
            else:
                raise unexpected(
                    marks[first], "constraint" if unit is not None and "=" not in written(marks[first:last]) else "indexed"
                )
            first = comma + 1
    return Extrema(place, by, members, of_place) if by else None


def _extremum(marks: Sequence[Mark], place: int, stop: int) -> tuple[str, int]:
    """The word that may name an extremum, and the place behind it."""
    word = marks[place].command
    if word == "arg" and place + 1 < stop:
        return "arg" + marks[place + 1].command, place + 2
    if word in UPRIGHT and place + 1 < stop and marks[place + 1].text == "{":
        closer = marks[place + 1].partner
        return written(marks[place + 2 : closer.place]).replace("\\", ""), closer.place + 1
    return word, place + 1
