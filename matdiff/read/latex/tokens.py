"""Makes of the marks of a formula the tokens that the rules of grammar/latex.lark read.

What is decided here needs to see further than the next mark: which bars open and which close, what is a function and whether its
brackets follow, what a script means.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matdiff.functions import NAMES
from matdiff.language.errors import NeedsParentheses, UnclosedBracket, UnexpectedText, UnknownCommand, UnknownFunction
from matdiff.language.syntax import Span
from matdiff.limits import check
from matdiff.read.latex.marks import (
    ACCENTS,
    BARS,
    CLOSERS,
    FONTS,
    FRACTIONS,
    GREEK_WORDS,
    OPENERS,
    UPRIGHT,
    WORDS,
    Unit,
    argument_at,
    is_argument,
    is_one,
    letter_of,
    letters_at,
    named,
    subscript_at,
    unexpected,
    unit_at,
    written,
)
from matdiff.read.latex.pieces import CLOSING, ENDS, EXTREMA, INDEXED, NORMS, POSTFIX, SIGNS, TRANSPOSES, Piece

if TYPE_CHECKING:
    from matdiff.read.latex.marks import Mark
    from matdiff.read.latex.pieces import Known

# Functions whose value is a number, which nobody transposes.
_NUMBERS = frozenset(("tr", "det", "logdet"))
_EIGENVALUES = {"lambda_max": "eigmax", "lambda_min": "eigmin"}
_CONSTANTS = {"1": "ones", "0": "zeros", "I": "I"}


class Formula:
    """The marks from `start` to `stop` as tokens, `pieces`.  Raises the errors of reading at the first mark that cannot be read."""

    def __init__(self, marks: Sequence[Mark], start: int, stop: int, known: Known) -> None:
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
        place = start
        while place < stop:
            check()
            self._insert(place)
            if place in self.skipped:
                place = self.skipped.pop(place)
            else:
                place = self._read(place)
        self._insert(stop)
        if self.open:
            end = self.marks[stop - 1].end
            raise self._unclosed(self.open[-1], Span(end, end))

    def _insert(self, place: int) -> None:
        for type in self.before.pop(place, ()):
            at = self.marks[place - 1].end
            if type == "LBRACE":
                self._open(type, "{", at, at)
            else:
                self._close("LBRACE", "}", at, at)

    # Tokens

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

    def _read(self, place: int) -> int:
        """Add what begins at `place`; the place behind it."""
        mark = self.marks[place]
        text, command = mark.text, mark.command
        if id(mark) in self.closing:
            what = self.closing.pop(id(mark))
            if what == "bold":
                self.bold.pop()
            elif what:
                self._close(what, text, mark.start, mark.end)
        elif id(mark) in self.opening:
            self._open(self.opening[id(mark)], text, mark.start, mark.end)
        elif command in FRACTIONS:
            return self._fraction(place)
        elif command == "sqrt":
            return self._root(place)
        elif text == "^":
            return self._script(place)
        elif text in POSTFIX:
            if self.pieces and self.pieces[-1].type == "TRANSPOSE":
                raise unexpected(mark, "script")
            self._add("TRANSPOSE", mark)
        elif text in BARS:
            return self._bar(place)
        elif mark.kind == "BEGIN":
            self._open("MATRIX_OPEN", text, mark.start, mark.end)
        elif mark.kind == "END":
            if self.pieces[-1].type == "NEXT_ROW":
                self.pieces.pop()
            self._close("MATRIX_OPEN", text, mark.start, mark.end)
        elif text == "&" or command == "\\":
            if self.open and self.open[-1].type == "MATRIX_OPEN":
                self._add("NEXT_CELL" if text == "&" else "NEXT_ROW", mark)
            elif self.open:
                raise unexpected(mark, "separator")
        elif command in INDEXED or (command in EXTREMA and self._text(place + 1) == "_") or command == "arg":
            raise unexpected(mark, "indexed")
        elif text in OPENERS and text != "{":
            self._open("ANGLE_OPEN" if OPENERS[text] in ("\\rangle", "⟩") else "LPAR", text, mark.start, mark.end)
        elif text in CLOSERS and text != "}":
            is_angle = text in ("\\rangle", "⟩")
            self._close("ANGLE_OPEN" if is_angle else "LPAR", text, mark.start, mark.end)
            if is_angle and self._text(place + 1) == "_":
                first, last, following = argument_at(self.marks, place + 1, self.stop)
                if self._plain(first, last) != ["F"]:
                    raise unexpected(self.marks[place + 1], "subscript")
                return following
        elif text in SIGNS:
            self._add(SIGNS[text], mark)
        elif mark.kind == "NUMBER":
            self._add("NUMBER", mark)
        else:
            return self._name(place)
        return place + 1

    def _plain(self, first: int, last: int) -> list[str]:
        """The texts of marks without fonts and braces."""
        return [mark.text for mark in self.marks[first:last] if mark.text not in "{}" and mark.command not in FONTS]

    # Fractions, roots and scripts

    def _fraction(self, place: int) -> int:
        self._add("FRACTION", self.marks[place])
        following = self._argument(place + 1)
        mark = self.marks[following - 1]
        digits = mark.text[1:] if mark.kind == "NUMBER" and following == place + 2 else ""
        if digits:  # \frac12
            if len(digits) > 1 or not mark.text.isdecimal():
                raise unexpected(mark, "argument")
            cut = mark.start + 1
            types = (
                ("LBRACE", "{"),
                ("NUMBER", mark.text[0]),
                ("RBRACE", "}"),
                ("LBRACE", "{"),
                ("NUMBER", digits),
                ("RBRACE", "}"),
            )
            for position, (type, text) in enumerate(types):
                start = mark.start if position < 2 else cut if position < 5 else mark.end
                self.pieces.append(Piece(type, text, start, start + (type == "NUMBER")))
            del self.before[place + 1], self.before[place + 2]
            return place + 2
        self._argument(following)
        return place + 1

    def _root(self, place: int) -> int:
        self._add("ROOT", self.marks[place])
        if self._text(place + 1) != "[":
            self._argument(place + 1)
            return place + 1
        opener = self.marks[place + 1]
        closer, degree = opener.partner, self.marks[place + 2]
        if closer is None or closer.place != place + 3 or degree.kind != "NUMBER":
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
        if mark.text == "{" and mark.partner is not None:
            self.opening[id(mark)] = "LBRACE"
            self.closing[id(mark.partner)] = "LBRACE"
            return mark.partner.place + 1
        if mark.kind != "NUMBER" and not letter_of(mark)[0]:
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
        plain = self._plain(first, last)
        span = Span(mark.start, self.marks[following - 1].end)
        if len(plain) == 1 and plain[0] in TRANSPOSES:
            self.pieces.append(Piece("TRANSPOSE", "T", span.start, span.end))
            return following
        if len(plain) == 2 and plain[0] == "-" and plain[1] in TRANSPOSES:
            self.pieces.append(Piece("INVERSE_TRANSPOSE", "-T", span.start, span.end))
            return following
        if not plain or plain in (["*"], ["\\ast"], ["\\star"], ["+"], ["-"], ["H"]) or (plain[0] == "(" and plain[-1] == ")"):
            raise UnexpectedText(span=span, text="^" + "".join(plain), reason="script")
        is_elementwise = plain[0] in ("\\circ", "\\odot") and len(plain) > 1
        self._add("DOT_CARET" if is_elementwise else "CARET", mark, ".^" if is_elementwise else "^")
        opener = self.marks[first - 1]
        if opener.text == "{" and opener.partner is not None:
            self._open("LBRACE", "{", opener.start, opener.end)
            self.closing[id(opener.partner)] = "LBRACE"
            return first + is_elementwise
        argument = self.marks[last - 1]
        if argument.kind == "NUMBER" and len(argument.text) > 1:
            raise unexpected(argument, "digits")
        self._open("LBRACE", "{", mark.end, mark.end)
        self.before.setdefault(following, []).append("RBRACE")
        return first

    # Bars

    def _bar(self, place: int) -> int:
        mark = self.marks[place]
        kind, side = BARS[mark.text], mark.side
        within = self.open[-1].type if self.open else ""
        ends = bool(self.pieces) and self.pieces[-1].type in ENDS
        if side == "middle":
            raise unexpected(mark)
        if mark.text == "||" and within == "BAR_OPEN" and ends:  # |a||b|
            middle = mark.start + 1
            self._close("BAR_OPEN", "|", mark.start, middle)
            self._open("BAR_OPEN", "|", middle, mark.end)
            return place + 1
        if side != "close" and (side == "open" or within != f"{kind}_OPEN" or not ends):
            self._open(f"{kind}_OPEN", mark.text, mark.start, mark.end)
            return place + 1
        self._close(f"{kind}_OPEN", mark.text, mark.start, mark.end)
        if kind == "BAR":
            return place + 1
        norm, at = self.pieces[-1], place + 1
        norm.text = "norm"
        if self._text(at) == "^":
            at = argument_at(self.marks, at, self.stop)[2]
        if self._text(at) != "_":
            return place + 1
        first, last, following = argument_at(self.marks, at, self.stop)
        subscript = "".join(self._plain(first, last))
        if subscript not in NORMS:
            raise UnexpectedText(
                span=Span(self.marks[at].start, self.marks[following - 1].end), text=f"_{subscript}", reason="norm"
            )
        norm.text = NORMS[subscript]
        if at == place + 1:
            norm.end = self.marks[following - 1].end
            return following
        self.skipped[at] = following
        return place + 1

    # Names and functions

    def _name(self, place: int) -> int:
        mark = self.marks[place]
        function, following = self._function(place)
        if function:
            return self._apply(function, place, following)
        word = letters_at(self.marks, place, self.stop) if mark.kind == "LETTER" else ""
        if word in GREEK_WORDS and len(word) > 2 and self._starts_word(place):  # beta without its backslash
            end = self.marks[place + len(word) - 1].end
            return self._value(place, Unit(word, "", True, mark.start, end, place + len(word)))
        if len(word) > 3 and word.islower() and self._starts_word(place):
            span = Span(mark.start, self.marks[place + len(word) - 1].end)
            raise UnexpectedText(span=span, text=word, reason="word")
        unit = unit_at(self.marks, place, self.stop, bool(self.bold))
        if unit is not None and mark.command == "mathbb" and unit.name[0].isalpha():
            raise unexpected(mark, "indexed")
        if unit is not None:
            return self._value(place, unit)
        if mark.command in FONTS and mark.command not in UPRIGHT and self._text(place + 1) == "{":
            opener = self.marks[place + 1]
            closer = opener.partner
            assert closer is not None
            raised = self._text(closer.place + 1) in ("^", "_", "'")
            if raised and not is_one(self.marks[place + 2 : closer.place]):
                raise unexpected(opener, "group")
            is_bold = FONTS[mark.command] == "bold"
            self.closing[id(closer)] = "bold" if is_bold else ""
            self.bold += [mark] if is_bold else []
            return place + 2
        if mark.command in FONTS or mark.command in ACCENTS:
            raise unexpected(mark, "group")
        if mark.text == "_":
            raise unexpected(mark, "subscript")
        if mark.command in ("partial", "nabla"):
            raise unexpected(mark, "derivative")
        if mark.command:
            raise UnknownCommand(span=mark.span, command=mark.text)
        raise unexpected(mark, "equals" if mark.text == "=" else "after-term")

    def _starts_word(self, place: int) -> bool:
        before = self.marks[place - 1] if place else None
        return before is None or before.kind != "LETTER" or before.end != self.marks[place].start

    def _function(self, place: int) -> tuple[str, int]:
        """The function of the table whose name begins at `place`, or nothing, and the place behind its name."""
        mark = self.marks[place]
        if mark.kind == "LETTER":
            word = letters_at(self.marks, place, self.stop)
            following = place + len(word)
            is_called = self._text(following) in OPENERS or self._text(following) in BARS
            is_word = is_called and len(word) > (1 if self._starts_word(place) else 2)
            return (named(word) if is_word else ""), following
        if mark.command in UPRIGHT:
            unit = unit_at(self.marks, place, self.stop)
            return (named(unit.name), unit.next) if unit is not None and unit.word else ("", place)
        if mark.command == "vec" and self._text(place + 1) != "(":
            return "", place
        return named(mark.command), place + 1

    def _apply(self, function: str, place: int, following: int) -> int:
        """A function; with its brackets behind it, it is called, without them it takes the product that follows."""
        script = self._text(following)
        if script in ("^", "_", "'"):
            raise unexpected(self.marks[following], "indexed" if function in EXTREMA else "function")
        opener = self.marks[following] if following < self.stop else None
        is_called = opener is not None and opener.text in OPENERS and opener.text not in ("{", "\\langle", "⟨")
        if is_called and opener is not None and opener.partner is not None and function in _NUMBERS:
            is_called = not self._is_transposed(opener.partner.place + 1)  # tr (X - A)^T (X - A)
        start, end = self.marks[place].start, self.marks[following - 1].end
        if opener is not None and opener.text == "{" and opener.partner is not None:
            self.opening[id(opener)] = self.closing[id(opener.partner)] = "LPAR"
            is_called = True
            if self.marks[place].command in WORDS and self._goes_on(opener.partner.place + 1):  # log{x} y
                argument = Span(opener.start, opener.partner.end)
                raise NeedsParentheses(span=Span(start, end), function=function, argument=argument)
        if not is_called and function not in NAMES:
            raise NeedsParentheses(span=Span(start, end), function=function)
        self.pieces.append(Piece("CALL" if is_called else "APPLY", function, start, end))
        return following

    def _goes_on(self, place: int) -> bool:
        """Whether a product goes on there."""
        text = self._text(place)
        ends = not text or text in SIGNS or text in CLOSERS or text in BARS or text in ("&", "\\\\")
        return not ends and not named(self.marks[place].command)

    def _is_transposed(self, place: int) -> bool:
        if self._text(place) in POSTFIX:
            return True
        if self._text(place) != "^":
            return False
        first, last, _ = argument_at(self.marks, place, self.stop)
        plain = self._plain(first, last)
        return bool(plain) and plain[-1] in TRANSPOSES

    def _value(self, place: int, unit: Unit) -> int:
        """A name, a constant, or what is called like a function."""
        name, following = unit.name, unit.next
        if self._text(following) == "^" and "_" not in name:  # x^2_i
            behind = argument_at(self.marks, following, self.stop)[2]
            if self._text(behind) == "_":
                subscript, self.skipped[behind] = subscript_at(self.marks, behind, self.stop)
                name += "_" + subscript
        if name.startswith("delta_") and len(name) > len("delta_i") and name[len("delta_") :].isalpha():
            raise unexpected(self.marks[place], "indexed")
        piece = Piece("NAME", name, unit.start, unit.end, unit.style)
        if self._is_constant(piece):
            return following
        if name == "e" and not unit.style and self._text(following) == "^" and "e" not in self.known.names:
            if not self._is_transposed(following):
                return self._exponential(piece, following)
        opener = self.marks[following] if following < self.stop else None
        if opener is not None and opener.text in ("(", "[", "\\{") and opener.partner is not None:
            closer = opener.partner.place
            inside = self.marks[following + 1 : closer]
            called = _EIGENVALUES.get(name, "sigmoid" if name == "sigma" and self.known.is_called else "")
            if called:
                self.pieces.append(Piece("CALL", called, unit.start, unit.end))
                return following
            if self.known.functions.get(name) == written(inside):
                piece.end = self.marks[closer].end
                self.pieces.append(piece)
                return closer + 1
            if opener.text != "\\{" and (unit.word or is_argument(self.marks, following + 1, closer)):
                known = tuple(sorted(self.known.names))
                raise UnknownFunction(span=Span(unit.start, unit.end), function=name, names=known)
        self.pieces.append(piece)
        return following

    def _is_constant(self, piece: Piece) -> bool:
        """Whether it is the number pi, the identity, or a vector of ones or zeros: then its tokens have been added."""
        stem, _, size = piece.text.partition("_")
        if stem == "pi" and not size and not piece.style:
            self.pieces.append(Piece("CONSTANT", "pi", piece.start, piece.end))
            return True
        is_set = piece.style in ("bold", "script")
        if stem not in _CONSTANTS or not (is_set or (stem == "I" and not size.isdecimal())) or len(size) > 1:
            return False
        constant = _CONSTANTS[stem]
        if not size:
            self.pieces.append(Piece("CONSTANT", constant, piece.start, piece.end))
            return True
        start, end = piece.start, piece.end
        kind = "NUMBER" if size.isdecimal() else "NAME"
        for type, text in (("CALL", "eye" if constant == "I" else constant), ("LPAR", "("), (kind, size), ("RPAR", ")")):
            self.pieces.append(Piece(type, text, start, end))
        return True

    def _exponential(self, piece: Piece, script: int) -> int:
        """`e^{...}`."""
        self.pieces.append(Piece("EXPONENTIAL", "exp", piece.start, piece.end))
        self._argument(script + 1)
        return script + 1
