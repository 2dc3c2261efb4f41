r"""Declarations as papers write them: `X \in \mathbb{R}^{m \times n}`, `A \in \mathbb{S}_{++}^n`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matdiff.language.errors import MatdiffError, UnexpectedText
from matdiff.language.queries import rebuilt
from matdiff.language.statements import Declaration
from matdiff.language.syntax import Expr, Span
from matdiff.read import parse
from matdiff.read.latex.marks import FONTS, Mark, outside, unexpected
from matdiff.read.latex.names import argument_at, unit_at, written
from matdiff.read.latex.pieces import Piece

MEMBER = frozenset(("\\in", "∈"))
_REALS = frozenset(("R", "\\R", "\\reals", "\\Reals", "\\RR", "\\Re", "ℝ"))
# Of these a member says nothing of a kind that is not known.
_COUNTS = frozenset(("N", "Z", "\\N", "\\Z", "\\NN", "\\ZZ", "ℕ", "ℤ"))
_GROUPS = {"O": "orthogonal", "SO": "orthogonal", "Sym": "symmetric", "SPD": "spd"}


class Member(NamedTuple):
    """Names and what a set says of them, in the words of a declaration; nothing where it says nothing."""

    names: list[Piece]
    spec: str
    span: Span
    sizes: Span

    def declarations(self, spelled: dict[tuple[str, str], str]) -> list[Declaration]:
        """What is declared.  Raises MatdiffError."""
        if not self.spec:
            return []
        found = []
        for piece in self.names:
            name = spelled.get((piece.text, piece.style), piece.text)
            try:
                (one,) = parse.parse_declaration(f"{name}: {self.spec}")
            except MatdiffError:
                raise UnexpectedText(span=self.sizes, text=self.spec, reason="set") from None
            sizes = tuple(_placed(part, self.sizes) for part in one.sizes)
            found.append(Declaration(name, Span(piece.start, piece.end), sizes, one.property, self.span))
        return found


def _placed(size: Expr, span: Span) -> Expr:
    """The size with this span for all its parts."""
    return rebuilt(size, lambda _, node: node.replace(span=span))


def is_member(marks: Sequence[Mark], start: int, stop: int) -> bool:
    """Whether a sentence declares names."""
    return any(mark.text in MEMBER for mark in outside(marks[start:stop]))


def member_at(marks: Sequence[Mark], start: int, stop: int) -> Member:
    """The names from `start` on, and the set behind them.  Raises UnexpectedText."""
    names: list[Piece] = []
    place = start
    while place < stop:
        unit = unit_at(marks, place, stop)
        if unit is None or unit.next >= stop or marks[unit.next].text not in (",", *MEMBER):
            raise unexpected(marks[place], "member")
        names.append(unit.piece)
        place = unit.next + 1
        if marks[unit.next].text in MEMBER:
            break
    if place >= stop:
        raise unexpected(marks[stop - 1], "member")
    span, sizes = Span(marks[start].start, marks[stop - 1].end), Span(marks[place].start, marks[stop - 1].end)
    return Member(names, _spec(marks, place, stop, sizes), span, sizes)


def _spec(marks: Sequence[Mark], place: int, stop: int, span: Span) -> str:
    """What a set declares.  Raises UnexpectedText."""
    letter, following = _letter(marks, place, stop)
    signs, sizes = "", list[str]()
    while following < stop and marks[following].text in ("^", "_"):
        first, last, following = argument_at(marks, following, stop)
        inside = "".join(mark.text for mark in marks[first:last])
        if set(inside) <= set("+-*") or inside[0] in "><" or inside in ("\\geq0", "\\ge0"):
            signs += inside
        elif not sizes:
            sizes = _sizes(marks, first, last)
    if letter in _GROUPS and following < stop and marks[following].text == "(":
        if marks[following].partner is marks[stop - 1]:
            return f"{_GROUPS[letter]} {' '.join(_sizes(marks, following + 1, stop - 1))}"
    known = letter in _REALS or letter in _COUNTS or letter in ("S", "[", "(", "\\{")
    if following < stop or not known or len(sizes) > 2 or (letter == "S" and not sizes):
        raise UnexpectedText(span=span, text=marks[place].text, reason="complex" if letter == "C" else "set")
    if letter == "S":
        return f"{'spd' if signs == '++' else 'symmetric'} {sizes[0]}"
    if letter in _COUNTS and not sizes:
        return ""
    if len(sizes) == 2 and sizes[1] == "1":
        sizes.pop()
    return " x ".join(sizes) or "scalar"


def _letter(marks: Sequence[Mark], place: int, stop: int) -> tuple[str, int]:
    """What a set is called, or the bracket that opens it, and the place behind it."""
    mark = marks[place]
    if mark.text in ("[", "(", "\\{") and mark.partner.place < stop:
        return mark.text, mark.partner.place + 1
    if mark.command in FONTS and place + 1 < stop:
        first, last, following = argument_at(marks, place, stop)
        return written(marks[first:last]), following
    end = place + 1
    while end < stop and mark.kind == marks[end].kind == "LETTER" and marks[end].start == marks[end - 1].end:
        end += 1
    return written(marks[place:end]), end


def _sizes(marks: Sequence[Mark], first: int, last: int) -> list[str]:
    """Sizes between crosses, as matdiff writes them.  Raises UnexpectedText."""
    found, place = [""], first
    while place < last:
        mark = marks[place]
        unit = unit_at(marks, place, last)
        if mark.text in ("\\times", "×"):
            found.append("")
        elif unit is not None:
            found[-1] += f" {unit.name}"
            place = unit.next
            continue
        elif mark.kind == "NUMBER" or mark.text in ("+", "-", "(", ")"):
            found[-1] += f" {mark.text}"
        elif mark.text not in "{}":
            raise unexpected(mark, "set")
        place += 1
    return [size.strip().replace("( ", "(").replace(" )", ")") for size in found]
