"""What makes tokens of sums, fractions, roots and scripts; `tokens.Formula` builds on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matdiff.language.errors import NotationRead, Remark, UnclosedBracket, UnexpectedText
from matdiff.language.spelling import GREEK
from matdiff.language.syntax import Span
from matdiff.read.latex.marks import FONTS, OPENERS, unexpected
from matdiff.read.latex.names import argument_at, letter_of, plain
from matdiff.read.latex.pieces import ADJOINTS, CLOSING, Piece, transpose_in
from matdiff.read.sums.heads import bounds_in, may_hold, up_to

if TYPE_CHECKING:
    from matdiff.read.latex.marks import Mark
    from matdiff.read.latex.pieces import Known

_TRANSPOSES = {"T": "TRANSPOSE", "-T": "INVERSE_TRANSPOSE"}
# The signs of conditions on indices as the plain language has them.
_CONDITIONS = {
    **dict.fromkeys(("\\neq", "\\ne"), "!="), **dict.fromkeys(("\\le", "\\leq", "\\leqslant"), "<="),
    **dict.fromkeys(("\\dots", "\\ldots", "\\cdots"), "..."), "\\lt": "<", "\\gt": ">", "\\in": "∈",
}  # fmt: skip


class Scripts:
    """The marks of a text up to `stop`, and the tokens that have been made of them, `pieces`."""

    def __init__(self, marks: Sequence[Mark], stop: int, known: Known) -> None:
        self.marks, self.stop, self.known = marks, stop, known
        self.pieces: list[Piece] = []
        self.open: list[Piece] = []
        # Braces that group the argument of a command, and what is to be done where they close.
        self.opening: dict[int, str] = {}
        self.closing: dict[int, str] = {}
        # Tokens to add before a place, and places where the marks up to another have been read already.
        self.before: dict[int, list[str]] = {}
        self.skipped: dict[int, int] = {}
        self.bold: list[Mark] = []
        self.remarks: list[Remark] = []

    # Tokens

    def _insert(self, place: int) -> None:
        """Add the braces around an argument that has none."""
        for type in self.before.pop(place, ()):
            at = self.marks[place - 1].end
            if type == "LBRACE":
                self._open(type, "{", at, at)
            else:
                self._close("LBRACE", "}", at, at)

    def _add(self, type: str, mark: Mark, text: str = "", style: str = "") -> None:
        self.pieces.append(Piece(type, text or mark.text, mark.start, mark.end, style))

    def _open(self, type: str, text: str, start: int, end: int) -> None:
        piece = Piece(type, text, start, end)
        self.open.append(piece)
        self.pieces.append(piece)

    def _close(self, opener: str, text: str, start: int, end: int) -> None:
        if not self.open:
            raise UnexpectedText(span=Span(start, end), text=text, reason="closing")
        if self.open[-1].type != opener:
            raise self._unclosed(self.open[-1], Span(start, end), text)
        self.open.pop()
        self.pieces.append(Piece(CLOSING[opener], text, start, end))

    def _unclosed(self, opener: Piece, end: Span, found: str = "") -> UnclosedBracket:
        closer = OPENERS.get(opener.text, opener.text)
        span = Span(opener.start, opener.end)
        return UnclosedBracket(span=span, opener=opener.text, closer=closer, end=end, missing=closer, found=found)

    def _text(self, place: int) -> str:
        return self.marks[place].text if place < self.stop else ""

    def _plain(self, first: int, last: int) -> list[str]:
        return plain(self.marks[first:last])

    # Fractions, roots and scripts

    def _over(self, place: int, kind: str) -> int:
        """`\\sum_{i=1}^n`, with its scripts in either order, `\\prod_i`, `\\max_i`, `\\sum_{(i,j) \\in \\Omega}`."""
        mark = self.marks[place]
        below, above, following = "", "", place + 1
        while following < self.stop and self.marks[following].text in ("_", "^"):
            is_below = self.marks[following].text == "_"
            first, last, behind = argument_at(self.marks, following, self.stop)
            said = "".join(map(self._bound, range(first, last)))
            below, above, following = (said, above, behind) if is_below else (below, said, behind)
        bounds = bounds_in(below)
        if above:
            bounds = up_to(bounds, above) if above.isalnum() else {}
        if not bounds or not may_hold(kind, bounds):
            raise unexpected(mark, "indexed")
        text = " ".join([kind, *(f"{index}={upper}" for index, upper in bounds.items())])
        self.pieces.append(Piece("SUM_OVER", text, mark.start, self.marks[following - 1].end))
        return following

    def _bound(self, place: int) -> str:
        """A mark below a sum as the plain language has it.

        A set with a calligraphic letter has a name of its own where the plain letter stands too.
        """
        mark = self.marks[place]
        if mark.text in "{}" or mark.command in FONTS:
            return ""
        is_told = mark.kind == "LETTER" and self._is_set_in_type(place) and self._stands_plain(mark.text)
        name = mark.text.lstrip("\\")
        return _CONDITIONS.get(mark.text, name if name in GREEK else mark.text) + ("_cal" if is_told else "")

    def _stands_plain(self, letter: str) -> bool:
        return not all(self._is_set_in_type(at) for at, mark in enumerate(self.marks) if mark.text == letter)

    def _is_set_in_type(self, place: int) -> bool:
        return place > 1 and self.marks[place - 1].text == "{" and FONTS.get(self.marks[place - 2].command) == "script"

    def _fraction(self, place: int) -> int:
        self._add("FRACTION", self.marks[place])
        self._argument(self._argument(place + 1))
        return place + 1

    def _root(self, place: int) -> int:
        self._add("ROOT", self.marks[place])
        if self._text(place + 1) != "[":
            self._argument(place + 1)
            return place + 1
        opener = self.marks[place + 1]
        closer, degree = opener.partner, self.marks[place + 2]
        if closer.place != place + 3 or degree.kind != "NUMBER":
            raise unexpected(degree, "argument")
        self._add("LSQB", opener)
        self._add("NUMBER", degree)
        self._add("RSQB", closer)
        self._argument(place + 4)
        return place + 4

    def _argument(self, place: int) -> int:
        """Note that the argument of a command begins at `place`; the place behind it."""
        if place >= self.stop:
            raise unexpected(self.marks[self.stop - 1], "argument")
        mark = self.marks[place]
        if mark.text == "{":
            self.opening[id(mark)] = "LBRACE"
            self.closing[id(mark.partner)] = "LBRACE"
            return mark.partner.place + 1
        is_digit = mark.kind == "NUMBER" and len(mark.text) == 1
        if not is_digit and not letter_of(mark)[0]:
            raise unexpected(mark, "argument")
        self.before.setdefault(place, []).append("LBRACE")
        self.before.setdefault(place + 1, []).append("RBRACE")
        return place + 1

    def _script(self, place: int) -> int:
        """A transpose or a power."""
        mark = self.marks[place]
        first, last, following = argument_at(self.marks, place, self.stop)
        if self._text(first) == "-" and following == first + 1 and following < self.stop:  # A^-1
            last = following = following + 1
        script = self._plain(first, last)
        span = Span(mark.start, self.marks[following - 1].end)
        is_adjoint = script[-1:] != ["H"] or "H" not in self.known.names
        adjoint = transpose_in([*script[:-1], "T"]) if is_adjoint and ADJOINTS.intersection(script[-1:]) else ""
        if adjoint:
            self.remarks.append(NotationRead(span=span, meant=f"^{adjoint}"))
        transpose = adjoint or transpose_in(script)
        if transpose:
            self.pieces.append(Piece(_TRANSPOSES[transpose], transpose, span.start, span.end))
            return following
        if not script or script in (["*"], ["\\ast"], ["\\star"], ["+"], ["-"]) or (script[0] == "(" and script[-1] == ")"):
            raise UnexpectedText(span=span, text="^" + "".join(script), reason="script")
        is_elementwise = script[0] in ("\\circ", "\\odot") and len(script) > 1
        self._add("DOT_CARET" if is_elementwise else "CARET", mark, ".^" if is_elementwise else "^")
        opener = self.marks[first - 1]
        if opener.text == "{":
            self._open("LBRACE", "{", opener.start, opener.end)
            self.closing[id(opener.partner)] = "LBRACE"
            return first + is_elementwise
        argument = self.marks[last - 1]
        if argument.kind == "NUMBER" and len(argument.text) > 1:
            raise unexpected(argument, "digits")
        self._open("LBRACE", "{", mark.end, mark.end)
        self.before.setdefault(following, []).append("RBRACE")
        return first
