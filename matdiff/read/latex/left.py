r"""What stands before a formula and says by what it is differentiated: `\nabla_{x}`, `\frac{\partial f}{\partial x}`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from matdiff.read.latex.marks import FRACTIONS, unexpected
from matdiff.read.latex.names import argument_at, unit_at
from matdiff.read.latex.pieces import TRANSPOSES, Piece

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
    if marks[place].command == "nabla":
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
            wrt = [Piece("NAME", unit.name, unit.start, unit.end, unit.style)]
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
        if last - first != 1 or marks[first].text not in ("2", "3"):
            if is_certain:
                raise unexpected(marks[first], "derivative")
            return None
        order = int(marks[first].text)
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
        wrt += [Piece("NAME", unit.name, unit.start, unit.end, unit.style)] * count
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
