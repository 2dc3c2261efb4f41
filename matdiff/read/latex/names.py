"""Names: a letter with its fonts, accents and subscripts, and the words and lists that marks are."""

from __future__ import annotations

from collections.abc import Sequence

from matdiff.read.latex.marks import (
    ACCENTS,
    BARS,
    CLOSERS,
    FONTS,
    GREEK_WORDS,
    UPRIGHT,
    VARIANTS,
    Mark,
    outside,
    placed,
    unexpected,
)
from matdiff.read.latex.pieces import Piece
from matdiff.read.tokens import GREEK

# More letters than the name of a function has.
_LONGEST = 16
_SUBSCRIPT_SIGNS = {
    "+": "plus", "-": "minus", "*": "star", "\\ast": "star", "\\star": "star", "'": "prime", "\\prime": "prime", "|": "given",
    "\\mid": "given", "\\vert": "given", "\\infty": "inf", "\\perp": "perp", "\\parallel": "par",
}  # fmt: skip
_PRIMES = frozenset(("'", "\\prime"))
# What may stand behind `x - x'`.
_BEHIND = frozenset((",", ";", "+", "-", "=", "&", "\\\\", *CLOSERS))
# What only parts the subscripts.
_PARTING = frozenset((",", "_", ":", "(", ")", "\\cdot", "\\times", "\\to", "\\rightarrow", "/"))


class Unit:
    """A letter with its fonts, accents and subscripts; `word` is what a word in upright type says."""

    __slots__ = ("end", "name", "next", "start", "style", "word")

    def __init__(self, name: str, style: str, word: bool, start: int, end: int, next: int) -> None:
        self.name, self.style, self.word, self.start, self.end, self.next = name, style, word, start, end, next

    @property
    def piece(self) -> Piece:
        """Its token."""
        return Piece("NAME", self.name, self.start, self.end, self.style)


def unit_at(marks: Sequence[Mark], place: int, stop: int, bold: bool = False) -> Unit | None:
    """The letter or the word that begins at `place`, with its subscripts; None where something else does.  Raises UnexpectedText."""
    start, style, word = place, "bold" if bold else "", False
    closers: list[Mark] = []
    accents: list[str] = []
    stem = ""
    while place < stop and not stem:
        mark = marks[place]
        command = mark.command
        if command in FONTS or command in ACCENTS:
            if command in ACCENTS:
                accents.append(ACCENTS[command])
            elif FONTS[command]:
                style = FONTS[command]
            place += 1
            word = word or command in UPRIGHT
            if place < stop and marks[place].text == "{":
                closers.append(marks[place].partner)
                place += 1
        else:
            stem, variant = letter_of(mark)
            if not stem and not (closers or start != place):
                return None
            style = style or variant
            if mark.kind == "NUMBER" and place != start:
                stem = mark.text
            if not stem:
                return None
            place += 1
    last = closers[-1].place if closers else place
    while word and closers and place < last and marks[place].kind in ("LETTER", "NUMBER", "WRT"):
        if marks[place].start != marks[place - 1].end:
            raise unexpected(marks[place], "prose")
        stem += marks[place].text
        place += 1
    name, was = "_".join([stem, *reversed(accents)]), place
    while closers and place < stop:
        if marks[place] is closers[-1]:
            closers.pop()
            place += 1
        elif marks[place].text == "_" and was == place:
            subscript, place = subscript_at(marks, place, stop)
            name += "_" + subscript
        else:
            return None
    if not stem or closers:
        return None
    if place < stop and marks[place].text == "_":
        subscript, place = subscript_at(marks, place, stop)
        name += "_" + subscript
    if place < stop and marks[place].kind == "PRIME":
        name, place = name + "_prime", place + 1
    label, place = label_at(marks, place, stop, name)
    if label and label[1:] not in ("star", "plus", "minus"):
        style += "^"
    if label and place < stop and marks[place].text == "_":
        subscript, place = subscript_at(marks, place, stop)
        name += "_" + subscript
    name += label
    return Unit(name, style, word and len(stem) > 1, marks[start].start, marks[place - 1].end, place)


def letter_of(mark: Mark) -> tuple[str, str]:
    """The name of a letter, and the style of a variant such as \\varepsilon."""
    if mark.kind == "LETTER":
        return GREEK.get(mark.text, mark.text), ""
    command = mark.command
    if command in VARIANTS:
        return VARIANTS[command], "variant"
    return (command, "") if command in GREEK_WORDS or command == "ell" else ("", "")


def subscript_at(marks: Sequence[Mark], place: int, stop: int) -> tuple[str, int]:
    """What the `_` at `place` adds to a name, and the place behind it.  Raises UnexpectedText."""
    first, last, following = argument_at(marks, place, stop)
    return _subscript(marks, first, last, marks[place]), following


def _subscript(marks: Sequence[Mark], first: int, last: int, script: Mark) -> str:
    """What the marks between add to a name.  Raises UnexpectedText."""
    parts: list[str] = []
    for mark in marks[first:last]:
        letter = letter_of(mark)[0] or (mark.text if mark.kind in ("NUMBER", "WRT") else "")
        if letter:
            parts[len(parts) - 1 :] = [(parts[-1] if parts else "") + letter]
        elif mark.command in ("max", "min"):
            parts.append(mark.command)
        elif mark.text in _PARTING:
            parts.append("")
        elif mark.command in ACCENTS:
            parts += [ACCENTS[mark.command], ""]
        elif mark.text in _SUBSCRIPT_SIGNS:
            parts += [_SUBSCRIPT_SIGNS[mark.text], ""]
        elif mark.text not in "{}" and mark.command not in FONTS:
            raise unexpected(mark, "subscript")
    joined = "_".join(part for part in parts if part)
    if not joined.replace("_", "").isalnum() or not joined.isascii():
        raise unexpected(script, "subscript")
    return joined


def label_at(marks: Sequence[Mark], place: int, stop: int, name: str) -> tuple[str, int]:
    """What a superscript that is no power adds to a name, `x^{(k)}` or `x^*`, and the place behind it."""
    if place + 1 >= stop or marks[place].text != "^":
        return "", place
    first, last, following = argument_at(marks, place, stop)
    inside = [mark.text for mark in marks[first:last]]
    if inside == ["-"] and marks[place + 1].text == "{":  # P_k^{-}
        return "_minus", following
    if inside == ["+"] and marks[place + 1].text == "{" and name[0].islower():
        return "_plus", following
    if inside == ["\\star"] or (inside in (["*"], ["\\ast"]) and name[0].islower()):  # of matrices it may be the adjoint
        return "_star", following
    closer = marks[first].partner if last > first + 2 and name != "e" else None
    if closer is not marks[last - 1] or marks[first].text not in ("(", "[", "\\langle") or last - first > _LONGEST:
        return "", place
    parts = [letter_of(mark)[0] or (mark.text if mark.kind == "NUMBER" else "") for mark in marks[first + 1 : last - 1]]
    if not all(part or mark.text in _SUBSCRIPT_SIGNS for part, mark in zip(parts, marks[first + 1 : last - 1])):
        return "", place
    return "_" + _subscript(marks, first + 1, last - 1, marks[place]), following


def argument_at(marks: Sequence[Mark], place: int, stop: int) -> tuple[int, int, int]:
    """Where the argument of the mark at `place` begins and ends, without its braces, and the place behind it.  Raises UnexpectedText."""
    if place + 1 >= stop:
        raise unexpected(marks[place], "argument")
    following = marks[place + 1]
    if following.text == "{":
        return place + 2, following.partner.place, following.partner.place + 1
    if following.command in FONTS and place + 2 < stop:
        end = (marks[place + 2].partner.place if marks[place + 2].text == "{" else place + 2) + 1
        return place + 1, end, end
    return place + 1, place + 2, place + 2


def is_list(marks: Sequence[Mark]) -> bool:
    """Whether a comma stands outside of brackets."""
    return any(mark.text == "," for mark in outside(marks))


def written(marks: Sequence[Mark]) -> str:
    """The marks as one text, without fonts and braces."""
    return "".join(plain(marks))


def plain(marks: Sequence[Mark]) -> list[str]:
    """The texts of marks without fonts and braces."""
    return [mark.text for mark in marks if mark.text not in "{}" and mark.command not in FONTS]


def is_call(marks: Sequence[Mark], place: int) -> bool:
    """Whether one name or a list stands in the brackets at `place`."""
    return is_argument(marks, place + 1, marks[place].partner.place)


def is_argument(marks: Sequence[Mark], start: int, stop: int) -> bool:
    """Whether one name or a list stands there, as behind the name of a function."""
    unit = unit_at(marks, start, stop)
    return (unit is not None and unit.next == stop) or is_list(marks[start:stop])


def letters_at(marks: Sequence[Mark], place: int, stop: int) -> str:
    """The letters from `place` on that stand together, as many as the longest word that is looked for has."""
    word, end = "", marks[place].start
    for mark in marks[place : min(stop, place + _LONGEST)]:
        if mark.kind != "LETTER" or mark.start != end or not mark.text.isascii():
            break
        word, end = word + mark.text, mark.end
    return word


def primed(marks: Sequence[Mark]) -> list[Mark]:
    """The marks, with a kind of their own for the primes of names that stand beside the same name without one.

    `k(x, x')` and `x - x'` have two names; else a prime is a transpose.
    """
    if not any(mark.text in _PRIMES for mark in marks):
        return list(marks)
    found: set[str] = set()
    ends: dict[int, tuple[str, int]] = {}  # where the prime of a name is, with the name and the place behind it
    before: tuple[str, int] = "", -1
    place = 0
    while place < len(marks):
        unit = unit_at(marks, place, len(marks))
        if unit is None:
            place += 1
            continue
        behind = _prime_end(marks, unit.next)
        if behind and unit.name[0].islower():
            ends[unit.next] = unit.name, behind
            is_pair = before == (unit.name, place - 1) and marks[place - 1].text in (",", "+", "-", ";")
            if is_pair and (behind == len(marks) or marks[behind].text in _BEHIND or marks[behind].text in BARS):
                found.add(unit.name)
        before = unit.name, unit.next
        place = unit.next
    made: list[Mark] = []
    place = 0
    while place < len(marks):
        name, behind = ends.get(place, ("", 0))
        if name in found:
            made.append(Mark("PRIME", "'", marks[place].start, marks[behind - 1].end))
            place = behind
        else:
            made.append(marks[place])
            place += 1
    return placed(made)


def _prime_end(marks: Sequence[Mark], place: int) -> int:
    """The place behind a prime, 0 where none stands."""
    if place < len(marks) and marks[place].text == "'":
        return place + 1
    if place + 1 >= len(marks) or marks[place].text != "^":
        return 0
    first, last, following = argument_at(marks, place, len(marks))
    return following if [mark.text for mark in marks[first:last]] == ["\\prime"] else 0


# Letters that in the subscript of an identity are its size: I_c is a name.
_SIZES = frozenset("dklmnpqrDKLMNPQRT")


def sizes_in(subscript: str, constant: str) -> list[list[tuple[str, str]]]:
    """The sizes that the subscript of an identity or of ones says, as tokens: `n`, `m_n`, `N_r`, `n_plus_1`; nothing where it is a label."""
    parts = subscript.split("_")
    if len(parts) == 2 and parts[0] in _SIZES and parts[1] == parts[0]:
        return [[("NAME", parts[0])]]
    if len(parts) == 2 and constant != "I" and set(parts) <= _SIZES and parts[0].isupper() == parts[1].isupper():
        return [[("NAME", part)] for part in parts]
    if len(parts) == 3 and parts[1] in ("plus", "minus") and parts[0] in _SIZES and parts[2].isdecimal():
        return [[("NAME", parts[0]), ("PLUS", "+") if parts[1] == "plus" else ("MINUS", "-"), ("NUMBER", parts[2])]]
    if len(parts) == 1 and len(subscript) == 2 and set(subscript) <= _SIZES:
        return [[("NAME", letter) for letter in subscript]]
    if parts[0].isdecimal():
        return [[("NUMBER", subscript)]] if len(parts) == 1 else []
    return [[("NAME", subscript)]] if parts[0] in _SIZES and len(parts) < 3 else []
