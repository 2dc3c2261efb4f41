"""Makes of the marks of a formula the tokens that the rules of grammar/latex.lark read.

What is decided here needs to see further than the next mark: which bars open and which close, what is a function and whether its
brackets follow, what a script means.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from matdiff.functions import FUNCTIONS, LINES, NAMES
from matdiff.language.errors import NeedsParentheses, UnexpectedText, UnknownCommand, UnknownFunction, UnspecifiedFunction
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
    is_one,
    named,
    unexpected,
)
from matdiff.read.latex.names import (
    Unit,
    argument_at,
    is_argument,
    is_call,
    letter_of,
    letters_at,
    sizes_in,
    subscript_at,
    unit_at,
    written,
)
from matdiff.read.latex.pieces import ENDS, FUNCTION_LETTERS, INDEXED, NORMS, POSTFIX, SIGNS, Piece, transpose_in
from matdiff.read.latex.scripts import Scripts
from matdiff.read.sums.heads import EXTREMA

if TYPE_CHECKING:
    from matdiff.read.latex.marks import Mark
    from matdiff.read.latex.pieces import Known

# Functions whose value is a number, which nobody transposes.
_NUMBERS = frozenset(("tr", "det", "logdet"))
_EIGENVALUES = {"lambda_max": "eigmax", "lambda_min": "eigmin"}
_CONSTANTS = {"1": "ones", "0": "zeros", "I": "I"}
# What stands between what a function is of and what is given.
_GIVEN = frozenset(("|", "\\mid", "\\vert", ";", "\\|"))


class Formula(Scripts):
    """The marks from `start` to `stop` as tokens, `pieces`.  Raises the errors of reading at the first mark that cannot be read."""

    def __init__(self, marks: Sequence[Mark], start: int, stop: int, known: Known) -> None:
        super().__init__(marks, stop, known)
        place = start
        while place < stop:
            check()
            self._insert(place)
            if place in self.skipped:
                place = self.skipped.pop(place)
            else:
                place = self._read(place)
        self._insert(stop)
        if not self.pieces and start < stop:
            raise unexpected(self.marks[start], "argument")
        if self.open:
            end = self.marks[stop - 1].end
            raise self._unclosed(self.open[-1], Span(end, end))

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
            elif any(piece.type == "MATRIX_OPEN" for piece in self.open):
                raise unexpected(mark, "separator")
        elif command in ("sum", "prod") or text in ("∑", "∏") or (command in EXTREMA and self._text(place + 1) == "_"):
            return self._over(place, {"∑": "sum", "∏": "prod"}.get(text, command))
        elif command in INDEXED:
            raise unexpected(mark, "unread")
        elif text in ("(", "[", "\\{") and self._is_positive_part(mark):
            self._add("CALL", mark, "relu")
            self._open("LPAR", text, mark.start, mark.end)
        elif text in OPENERS and text != "{":
            self._open("ANGLE_OPEN" if OPENERS[text] in ("\\rangle", "⟩") else "LPAR", text, mark.start, mark.end)
        elif text in CLOSERS and text != "}":
            is_angle = text in ("\\rangle", "⟩")
            self._close("ANGLE_OPEN" if is_angle else "LPAR", text, mark.start, mark.end)
            if self._is_positive_part(mark.partner):
                return argument_at(self.marks, place + 1, self.stop)[2]
            if is_angle and self._text(place + 1) == "_":
                first, last, following = argument_at(self.marks, place + 1, self.stop)
                if self._plain(first, last) != ["F"]:
                    raise unexpected(self.marks[place + 1], "subscript")
                return following
        elif text in SIGNS:
            self._add(SIGNS[text], mark)
        elif mark.kind == "NUMBER" and self._goes_with_letter(mark):
            self.pieces[-1].text, self.pieces[-1].end = self.pieces[-1].text + text, mark.end
        elif mark.kind == "NUMBER":
            self._add("NUMBER", mark)
        else:
            return self._name(place)
        return place + 1

    def _goes_with_letter(self, number: Mark) -> bool:
        """`x0` is a name: nobody writes a number behind what it multiplies."""
        before = self.pieces[-1] if self.pieces else None
        is_name = before is not None and before.type == "NAME" and before.end == number.start
        return is_name and before is not None and len(before.text) == 1 and number.text.isdecimal()

    def _is_positive_part(self, opener: Mark) -> bool:
        """`[x]_+` or `[x]^+`, but `(A)^+` may be a pseudoinverse."""
        place = opener.partner.place + 1
        if self._text(place) != "_" and (self._text(place) != "^" or opener.text != "["):
            return False
        first, last, _ = argument_at(self.marks, place, self.stop)
        return self._plain(first, last) == ["+"]

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
        if subscript in NORMS:
            norm.text = NORMS[subscript]
        else:
            self._norm_with(first, last, Span(self.marks[at].start, self.marks[following - 1].end))
        if at == place + 1:
            norm.end = self.marks[following - 1].end
            return following
        self.skipped[at] = following
        return place + 1

    def _norm_with(self, first: int, last: int, span: Span) -> None:
        """The subscript of a norm, a formula: `\\|x\\|_A`, `\\|x\\|_p`.  Raises UnexpectedText."""
        unit = unit_at(self.marks, first, last)
        is_word = unit is not None and unit.next == last and (unit.word or unit.style.startswith("script"))
        text = "_" + "".join(self._plain(first, last))
        if is_word or any(mark.text == "," for mark in self.marks[first:last]) or text == "_0":
            raise UnexpectedText(span=span, text=text, reason="norm")
        self.pieces.append(Piece("NORM_SUBSCRIPT", text, span.start, span.start + 1))
        self.pieces.append(Piece("LBRACE", "{", span.start + 1, span.start + 1))
        self.pieces += Formula(self.marks, first, last, self.known).pieces
        self.pieces.append(Piece("RBRACE", "}", span.end, span.end))

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
        if unit is not None and mark.command == "mathbb" and unit.name[0].isalpha() and unit.name[0] != "I":
            raise unexpected(mark, "unread")
        if unit is not None:
            return self._value(place, unit)
        if mark.command in FONTS and mark.command not in UPRIGHT and self._text(place + 1) == "{":
            opener = self.marks[place + 1]
            closer = opener.partner
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
        if mark.command in ACCENTS or mark.command in FONTS:
            is_bold_word = mark.command in FONTS and FONTS[mark.command] == "bold" and self._text(place + 1) == "{"
            closer = self.marks[place + 1].partner if is_bold_word else None
            word = written(self.marks[place + 2 : closer.place]) if closer is not None else ""
            if closer is not None and len(word) > 1 and letters_at(self.marks, place + 2, closer.place) == word and named(word):
                return named(word), closer.place + 1  # \mathbf{tr}
            if mark.command != "vec" or self._text(place + 1) != "(":
                return "", place
        return named(mark.command), place + 1

    def _apply(self, function: str, place: int, following: int) -> int:
        """A function; with its brackets behind it, it is called, without them it takes the product that follows."""
        name = function
        if self._text(following) in ("^", "_", "'"):
            name, following = self._powered(function, following)
        opens = self._text(following)
        is_called = opens in OPENERS and opens not in ("{", "\\langle", "⟨")
        if is_called and function in _NUMBERS:
            is_called = not self._transpose(self.marks[following].partner.place + 1)  # tr (X - A)^T (X - A)
        start, end = self.marks[place].start, self.marks[following - 1].end
        if opens == "{":
            opener = self.marks[following]
            self.opening[id(opener)] = self.closing[id(opener.partner)] = "LPAR"
            is_called = True
            if self.marks[place].command in WORDS and self._goes_on(opener.partner.place + 1):  # log{x} y
                argument = Span(opener.start, opener.partner.end)
                raise NeedsParentheses(span=Span(start, end), function=function, argument=argument)
        if function in LINES and opens in CLOSERS and self.pieces and self.pieces[-1].type == "COMMA":  # softmax(X, rows)
            self.pieces.append(Piece("LINES", function, start, end))
            return following
        if not is_called and function not in NAMES:
            raise NeedsParentheses(span=Span(start, end), function=function)
        self.pieces.append(Piece("CALL" if is_called else "APPLY", name, start, end))
        return following

    def _powered(self, function: str, place: int) -> tuple[str, int]:
        """`\\log^2`, `\\log_2`: the function with its power or its base, and the place behind it.  Raises UnexpectedText."""
        mark = self.marks[place]
        if function in EXTREMA or mark.text == "'":
            raise unexpected(mark, "indexed" if function in EXTREMA else "function")
        first, last, following = argument_at(self.marks, place, self.stop)
        plain = self._plain(first, last)
        power = "".join(plain)
        if mark.text == "_" and function == "log" and power.isdecimal() and power not in ("0", "1"):
            return f"log_{power}", following
        row = FUNCTIONS.get(NAMES.get(function, function))
        is_clear = row is not None and (row.is_entrywise or row.is_scalar_valued)
        if mark.text == "^" and power == "-1" and "a" + function in NAMES and is_clear:
            return "a" + function, following
        is_number = re.fullmatch(r"[1-9]\d?|-?\d/\d", power) is not None or (power == "-1" and function in _NUMBERS)
        if mark.text == "^" and is_clear and is_number:
            return f"{function}^{power}", following
        raise unexpected(mark, "function")

    def _goes_on(self, place: int) -> bool:
        """Whether a product goes on there."""
        text = self._text(place)
        ends = not text or text in SIGNS or text in CLOSERS or text in BARS or text in ("&", "\\\\")
        return not ends and not named(self.marks[place].command)

    def _transpose(self, place: int) -> str:
        """`T` or `-T` where a transpose or an inverse transpose stands, else nothing."""
        if self._text(place) in POSTFIX:
            return "T"
        if self._text(place) != "^":
            return ""
        first, last, _ = argument_at(self.marks, place, self.stop)
        return transpose_in(self._plain(first, last))

    def _value(self, place: int, unit: Unit) -> int:
        """A name, a constant, or what is called like a function."""
        name, following = unit.name, unit.next
        is_prime = self._text(following) == "'" or self._plain(following, following + 2) in (["^", "'"], ["^", "\\prime"])
        behind = following + 1 + (self._text(following) == "^")
        if is_prime and self._text(behind) in ("(", "[") and not unit.style:
            is_letter = name[0].islower() and (name in FUNCTION_LETTERS or is_call(self.marks, behind))
            if name in self.known.functions or is_letter:
                raise unexpected(self.marks[following], "derivative")  # f'(x)
        if self._text(following) == "^" and "_" not in name:  # x^2_i
            behind = argument_at(self.marks, following, self.stop)[2]
            if self._text(behind) == "_":
                subscript, self.skipped[behind] = subscript_at(self.marks, behind, self.stop)
                name += "_" + subscript
        if name.startswith("delta_") and len(name) > len("delta_i") and name[len("delta_") :].isalpha():
            raise unexpected(self.marks[place], "unread")
        piece = Piece("NAME", name, unit.start, unit.end, unit.style)
        if self._is_constant(piece):
            return following
        if name == "e" and not unit.style and self._text(following) == "^" and "e" not in self.known.names:
            if self._transpose(following) != "T":  # of a vector e there is no inverse
                return self._exponential(piece, following)
        if self._text(following) in ("(", "[", "\\{"):
            return self._before_bracket(piece, unit)
        self.pieces.append(piece)
        return following

    def _before_bracket(self, piece: Piece, unit: Unit) -> int:
        """A name before a bracket: a function, which is called or known by its value, or a factor.  Raises the errors of other functions."""
        name, opener = piece.text, self.marks[unit.next]
        closer = opener.partner.place
        inside = self.marks[unit.next + 1 : closer]
        span = Span(unit.start, unit.end)
        is_function = name in self.known.called and not unit.style and name not in self.known.functions
        called = _EIGENVALUES.get(name, "sigmoid" if name == "sigma" and is_function else "")
        if called == "sigmoid" and self._is_number(unit.next + 1, closer):
            raise UnexpectedText(span=span, text="\\sigma", reason="sigma")
        if called:
            self.pieces.append(Piece("CALL", called, unit.start, unit.end))
            return unit.next
        if self.known.functions.get(name) == written(inside):
            piece.end = self.marks[closer].end
            self.pieces.append(piece)
            return closer + 1
        if opener.text != "\\{":
            if unit.word:
                raise UnknownFunction(span=span, function=name, names=tuple(sorted(self.known.names)))
            if is_function or self._is_given(unit.next + 1, closer) or is_argument(self.marks, unit.next + 1, closer):
                raise UnspecifiedFunction(span=span, function=name, arguments=(written(inside),))
        self.pieces.append(piece)
        return unit.next

    def _is_given(self, start: int, stop: int) -> bool:
        """Whether one name or a list stands there before a bar or a semicolon, as in `p(x|y)`."""
        bar = next((place for place in range(start, stop) if self.marks[place].text in _GIVEN), start)
        return self.marks[start - 1].text == "(" and is_argument(self.marks, start, bar)

    def _is_number(self, start: int, stop: int) -> bool:
        """Whether several Greek letters and numbers stand there and nothing else: `\\sigma(1 - \\rho)` may be a product."""
        letters = [mark for mark in self.marks[start:stop] if letter_of(mark)[0]]
        is_greek = all(mark.kind == "COMMAND" or not mark.text.isascii() for mark in letters)
        has_fonts = any(mark.command in FONTS or mark.command in ACCENTS for mark in self.marks[start:stop])
        return stop - start > 1 and is_greek and not has_fonts and all(letter_of(mark)[0][0].islower() for mark in letters)

    def _is_constant(self, piece: Piece) -> bool:
        """Whether it is the number pi, the identity, or a vector of ones or zeros: then its tokens have been added."""
        stem, _, size = piece.text.partition("_")
        if stem == "pi" and not size and not piece.style:
            self.pieces.append(Piece("CONSTANT", "pi", piece.start, piece.end))
            return True
        is_set = piece.style in ("bold", "script")
        if stem not in _CONSTANTS or not (is_set or (stem == "I" and not size.isdecimal())):
            return False
        constant = _CONSTANTS[stem]
        if not size:
            self.pieces.append(Piece("CONSTANT", constant, piece.start, piece.end))
            return True
        sizes = sizes_in(size, constant)
        if not sizes or len(sizes) > (1 if constant == "I" else 2):
            raise UnexpectedText(span=Span(piece.start, piece.end), text=f"{stem}_{size}", reason="size")
        tokens = [("CALL", "eye" if constant == "I" else constant), ("LPAR", "(")]
        for place, one in enumerate(sizes):
            tokens += [("COMMA", ",")] * (place > 0) + one
        self.pieces += [Piece(type, text, piece.start, piece.end) for type, text in (*tokens, ("RPAR", ")"))]
        return True

    def _exponential(self, piece: Piece, script: int) -> int:
        """`e^{...}`."""
        self.pieces.append(Piece("EXPONENTIAL", "exp", piece.start, piece.end))
        self._argument(script + 1)
        return script + 1
