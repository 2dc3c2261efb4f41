r"""The marks of a LaTeX text: letters, signs and commands.

`grouped` finds which bracket belongs to which and leaves out braces that say nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from matdiff.functions import NAMES
from matdiff.language.errors import TooLarge, UnclosedBracket, UnexpectedText
from matdiff.language.syntax import Span
from matdiff.limits import NESTING
from matdiff.read.tokens import GREEK

GREEK_WORDS = frozenset(GREEK.values())
VARIANTS = {name: name[3:] for name in ("varepsilon", "vartheta", "varphi", "varrho", "varsigma", "varpi", "varkappa")}
_BOLD = frozenset(("mathbf", "boldsymbol", "bm", "pmb", "bold", "textbf", "mathbfit", "symbf", "bf", "vec"))
# Fonts that are switched on for the rest of a group.
_SWITCHES = frozenset("rm bf it sf tt cal".split())
_SCRIPT = frozenset(("cal", "mathcal", "mathscr", "mathfrak", "mathbb", "mathbbm", "mathds"))
UPRIGHT = frozenset(
    "mathrm mathsf mathit mathtt mathup mathnormal text textrm textit textsf texttt textup textnormal operatorname mbox rm it sf tt".split()
)
FONTS = {
    **dict.fromkeys(_BOLD, "bold"),
    **dict.fromkeys(_SCRIPT, "script"),
    **dict.fromkeys(UPRIGHT, ""),
}
ACCENTS = {
    **{name: name for name in ("hat", "tilde", "bar", "dot", "ddot", "check", "breve", "overline", "underline")},
    "widehat": "hat", "widetilde": "tilde", "acute": "acute", "grave": "grave",
}  # fmt: skip
FRACTIONS = frozenset(("frac", "dfrac", "tfrac", "cfrac"))
# The names that functions have in LaTeX, where they are not those of the table.
_FUNCTIONS = {"Tr": "tr", "trace": "tr", "Det": "det", "Vec": "vec", "Diag": "diag", "ReLU": "relu", "arctan": "atan"}
# What is called like a function but is no row of the table.
_CALLED = frozenset(("rows", "cols", "unvec"))
# Functions that LaTeX knows or that papers define as words: braces behind them only group.
WORDS = frozenset("log ln exp det tr Tr trace Det diag Diag vec max min sin cos tan sinh cosh tanh arcsin arccos arctan".split())
OPENERS = {
    "(": ")",
    "[": "]",
    "{": "}",
    "\\{": "\\}",
    "\\lbrace": "\\rbrace",
    "\\lbrack": "\\rbrack",
    "\\langle": "\\rangle",
    "⟨": "⟩",
}
CLOSERS = frozenset(OPENERS.values())
BARS = {
    **dict.fromkeys(("||", "‖", "\\|", "\\Vert", "\\lVert", "\\rVert", "\\parallel"), "NORM"),
    **dict.fromkeys(("|", "\\vert", "\\lvert", "\\rvert"), "BAR"),
}


class Mark:
    """A sign, letter or command of the text; `side` is what \\left and its like say.

    `partner` of a bracket is the other one, once brackets are matched, of anything else itself.
    """

    __slots__ = ("end", "kind", "partner", "place", "side", "start", "text")

    def __init__(self, kind: str, text: str, start: int, end: int) -> None:
        self.kind, self.text, self.start, self.end = kind, text, start, end
        self.partner = self
        self.side, self.place = "", 0

    @property
    def command(self) -> str:
        """The name of a command, else nothing."""
        return self.text[1:] if self.kind == "COMMAND" else ""

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


def unexpected(mark: Mark, reason: str = "after-term", text: str = "") -> UnexpectedText:
    """The error for a mark that cannot stand where it stands."""
    return UnexpectedText(span=mark.span, text=text or mark.text, reason=reason)


# Marks: what only spaces is left out, brackets get their partners


def grouped(marks: Sequence[Mark]) -> list[Mark]:
    """The marks with their places and partners, without braces that say nothing.  Raises UnclosedBracket, UnexpectedText, TooLarge."""
    marks = list(marks)
    for place, (opener, switch) in enumerate(zip(marks, marks[1:])):
        if opener.text == "{" and switch.command in _SWITCHES:  # {\\bf x} is \\bf{x}
            marks[place : place + 2] = [switch, opener]
    marks = _matched(marks)
    owned = _owned(marks)
    dropped: set[int] = set()
    for mark in marks:
        if mark.text == "{" and id(mark) not in owned:
            following = marks[mark.partner.place + 1] if mark.partner.place + 1 < len(marks) else None
            raised = following is not None and following.text in ("^", "_", "'")
            if raised and not is_one(marks[mark.place + 1 : mark.partner.place]):
                raise unexpected(mark, "group", "{")
            dropped |= {id(mark), id(mark.partner)}
    return placed([mark for mark in marks if id(mark) not in dropped])


def placed(marks: list[Mark]) -> list[Mark]:
    """The marks, which know their places."""
    for place, mark in enumerate(marks):
        mark.place = place
    return marks


def outside(marks: Sequence[Mark]) -> Iterator[Mark]:
    """The marks that stand in no brackets, and the brackets that open there."""
    end = 0
    for mark in marks:
        if mark.place >= end:
            yield mark
            end = mark.partner.place + 1


def _matched(marks: list[Mark]) -> list[Mark]:
    """Brackets with their partners.  Raises UnclosedBracket, UnexpectedText, TooLarge."""
    opened: list[Mark] = []
    for mark in placed(marks):
        if (mark.text in OPENERS and mark.kind != "END") or mark.kind == "BEGIN":
            opened.append(mark)
            if len(opened) > NESTING:
                raise TooLarge(what="nesting", limit=NESTING, span=mark.span)
        elif mark.text in CLOSERS or mark.kind == "END":
            if not opened:
                raise unexpected(mark, "closing")
            opener = opened.pop()
            if closer_of(opener) != (f"\\end{{{mark.text}}}" if mark.kind == "END" else mark.text):
                raise _unclosed(opener, mark.span, mark.text)
            opener.partner, mark.partner = mark, opener
    if opened:
        raise _unclosed(opened[-1], Span(marks[-1].end, marks[-1].end))
    return marks


def closer_of(opener: Mark) -> str:
    """What closes a bracket."""
    return f"\\end{{{opener.text}}}" if opener.kind == "BEGIN" else OPENERS[opener.text]


def _unclosed(opener: Mark, end: Span, found: str = "") -> UnclosedBracket:
    text = f"\\begin{{{opener.text}}}" if opener.kind == "BEGIN" else opener.text
    return UnclosedBracket(
        span=opener.span, opener=text, closer=closer_of(opener), end=end, missing=closer_of(opener), found=found
    )


def _owned(marks: Sequence[Mark]) -> set[int]:
    """The braces that are the argument of a command or a script."""
    owned: set[int] = set()
    for place, mark in enumerate(marks):
        arguments = 2 if mark.command in FRACTIONS else 1 if _takes_argument(mark) else 0
        place += 1
        if mark.command == "sqrt" and place < len(marks) and marks[place].text == "[":
            place = marks[place].partner.place + 1
        for _ in range(arguments):
            if place < len(marks) and marks[place].text == "{":
                owned.add(id(marks[place]))
                place = marks[place].partner.place
            place += 1
    return owned


def _takes_argument(mark: Mark) -> bool:
    return (
        mark.text in ("^", "_")
        or mark.command in FONTS
        or mark.command in ACCENTS
        or mark.command == "sqrt"
        or bool(named(mark.command))
    )


def is_one(marks: Sequence[Mark]) -> bool:
    """Whether a script behind these marks can only belong to all of them: one name, or one pair of brackets or bars."""
    script = _first_script(marks)
    if script is not None:  # {x_i}^T, where the scripts follow one another
        return bool(script) and is_one(marks[:script])
    if len(marks) <= 1:
        return True
    first, last = marks[0], marks[-1]
    if first.partner is last or (first.text in BARS and last.text in BARS and _bars_between(marks) == 2):
        return True
    place = 0
    while place < len(marks) and (marks[place].command in FONTS or marks[place].command in ACCENTS):
        place += 1
    return 0 < place < len(marks) and marks[place].partner is last


def _first_script(marks: Sequence[Mark]) -> int | None:
    """The place of the first script outside of brackets, where only scripts follow."""
    found, script = None, False
    for mark in outside(marks):
        if mark.text in ("^", "_"):
            found = mark.place - marks[0].place if found is None else found
        elif found is not None and mark.text != "'" and not script:
            return None
        script = mark.text in ("^", "_")
    return found


def _bars_between(marks: Sequence[Mark]) -> int:
    return sum(mark.text in BARS for mark in marks)


def named(word: str) -> str:
    """The function that a word names, or nothing."""
    word = _FUNCTIONS.get(word, word)
    return word if (word.isalnum() and word in NAMES) or word in _CALLED else ""
