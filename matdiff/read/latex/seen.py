r"""What of the marks of a text is seen: not what only spaces and sizes, and prose only where it joins formulas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from matdiff.language.errors import UnclosedBracket, UnexpectedText, UnknownCommand
from matdiff.language.syntax import Span
from matdiff.limits import check
from matdiff.read.latex.marks import FONTS, FRACTIONS, Mark, unexpected
from matdiff.read.latex.pieces import TRANSPOSES

# Commands that say how much space there is, or how large a sign is.
_SPACES = frozenset(
    ", ; : ! > quad qquad displaystyle textstyle scriptstyle scriptscriptstyle limits nolimits nonumber notag "
    "thinspace medspace thickspace negthinspace enspace strut mathstrut hfill allowbreak allowdisplaybreaks middle "
    "mathop mathrel mathbin mathord boxed ensuremath substack hline centering par noindent smallskip medskip big "
    "Big bigg Bigg".split()
) | {" "}
_SIZED = {
    **dict.fromkeys(("left", "bigl", "Bigl", "biggl", "Biggl"), "open"),
    **dict.fromkeys(("right", "bigr", "Bigr", "biggr", "Biggr"), "close"),
    **dict.fromkeys(("middle", "bigm", "Bigm", "biggm", "Biggm"), "middle"),
}
# Commands with an argument that is no part of the formula.
_UNSEEN = frozenset("label tag hspace vspace phantom hphantom vphantom color textcolor cite ref eqref setlength mspace".split())
_MATRICES = frozenset(("matrix", "bmatrix", "pmatrix", "Bmatrix", "smallmatrix", "vmatrix", "array"))
_DISPLAYS = frozenset(
    "equation dmath align aligned alignat gather gathered split multline eqnarray displaymath math flalign alignedat subequations".split()
)
# Words between formulas that only join them.
JOINING = frozenset("where with and for let here then so thus hence now when given".split())
_TEXTS = frozenset("text textrm mbox textit textnormal intertext shortintertext hbox".split())
_UNITS = frozenset("pt ex em mm cm in mu bp jot baselineskip".split())
# What is set above or below another sign and only comments it.
_ABOVE = frozenset(("overset", "stackrel"))
_NABLAS = (["{", "\\nabla"], ["\\nabla", "_"], ["\\nabla", "^"])
_BRACES = frozenset(("underbrace", "overbrace", "underbracket", "overbracket"))


def seen(marks: Sequence[Mark]) -> Iterator[Mark]:
    """The marks that are part of the formulas.  Raises UnclosedBracket, UnexpectedText, UnknownCommand."""
    marks = _with_fractions(list(_rearranged(marks)))
    dollars = any(mark.text == "$" for mark in marks)
    inside, place, size = not dollars, 0, ""
    matrices: list[str] = []
    while place < len(marks):
        check()
        mark = marks[place]
        place += 1
        word = mark.command
        following = marks[place].text if place < len(marks) else ""
        if mark.text == "$":
            if following == "$":
                place += 1
            inside = not inside
        elif not inside and mark.kind == "LETTER":
            word, end = _word_at(marks, place - 1)
            if word.lower() not in JOINING:
                raise UnexpectedText(span=Span(mark.start, marks[end - 1].end), text=word, reason="prose")
            yield Mark("SYMBOL", ";", mark.start, marks[end - 1].end)
            place = end
        elif not inside and mark.kind != "WRT" and mark.text not in (".", ",", ";", ":"):
            raise unexpected(mark, "prose")
        elif not inside and mark.text == ":":
            yield Mark("SYMBOL", ";", mark.start, mark.end)
        elif word in _TEXTS and following == "{" and (place < 2 or marks[place - 2].text != "_"):
            end = _argument(marks, place)[1]
            if _is_joining(marks, place + 1, end - 1):
                yield Mark("SYMBOL", ";", mark.start, marks[end - 1].end)
                place = end
            else:
                yield mark
        elif word in _SIZED:
            size = _SIZED[word]
            if following == ".":
                place, size = place + 1, ""
        elif word in ("quad", "qquad", "hfill") and (end := _numbered(marks, place)):
            place = end
        elif mark.text == ":" and following == "=":
            continue
        elif word in _SPACES or mark.text == "~" or word in ("[", "]", "(", ")"):
            continue
        elif word in ("eqno", "leqno"):
            place = _numbered(marks, place) or place
        elif word == "\\" and following == "[" and (end := _distance_end(marks, place)):
            place = end
            yield mark
        elif word in _UNSEEN:
            place = _argument(marks, place + (following == "*"))[1]
        elif word in ("begin", "end"):
            name, place = _argument(marks, place)
            kind = name.rstrip("*")
            if kind in _MATRICES:
                if kind == "array" and word == "begin":
                    place = _argument(marks, place)[1]
                matrices[len(matrices) :] = [kind] if word == "begin" else []
                if word == "end" and matrices:
                    matrices.pop()
                yield Mark(word.upper(), kind, mark.start, marks[place - 1].end)
            elif kind not in _DISPLAYS:
                raise UnknownCommand(span=Span(mark.start, marks[place - 1].end), command=f"\\{word}{{{name}}}")
        elif mark.text == "&" and not matrices:
            continue
        elif word.startswith("operatorname"):
            place += following == "*"
            yield Mark(mark.kind, "\\operatorname", mark.start, mark.end)
        else:
            if word in ("lVert", "lvert", "rVert", "rvert"):
                size = "open" if word[0] == "l" else "close"
            mark.side, size = size, ""
            yield mark


def _argument(marks: Sequence[Mark], place: int) -> tuple[str, int]:
    """What stands in the braces at `place`, and the place behind them.  Raises UnexpectedText."""
    if place >= len(marks) or marks[place].text != "{":
        raise unexpected(marks[min(place, len(marks)) - 1])
    depth, start = 0, place
    for place in range(start, len(marks)):
        depth += {"{": 1, "}": -1}.get(marks[place].text, 0)
        if not depth:
            return "".join(mark.text for mark in marks[start + 1 : place]), place + 1
    raise UnclosedBracket(span=marks[start].span, opener="{", closer="}", end=Span(marks[-1].end, marks[-1].end), missing="}")


def _rearranged(marks: Sequence[Mark]) -> Iterator[Mark]:
    """Without comments on signs: `\\overset{!}{=}` is `=`, `\\underbrace{x}_{y}` is x; `\\underset{x}{\\min}` is `\\min_{x}`."""
    place, skipped, moved = 0, dict[int, int](), dict[int, list[Mark]]()
    while place < len(marks):
        check()
        yield from moved.pop(place, ())
        if place in skipped:
            place = skipped.pop(place)
            continue
        mark = marks[place]
        place += 1
        if mark.command in _ABOVE:
            place = _argument(marks, place)[1]
        elif mark.command == "underset":
            end = _argument(marks, place)[1]
            behind = _argument(marks, end)[1] if end < len(marks) and marks[end].text == "{" else end + 1
            under = [Mark("SYMBOL", "_", mark.start, mark.end), *marks[place:end]]
            moved[min(behind, len(marks))] = under
            place = end
        elif mark.command in FONTS and [one.text for one in marks[place : place + 2]] in _NABLAS:
            continue
        elif mark.command in FRACTIONS and place < len(marks) and marks[place].text.isdecimal() and len(marks[place].text) == 2:
            digits, place = marks[place], place + 1  # \\frac12
            yield mark
            yield Mark("NUMBER", digits.text[0], digits.start, digits.start + 1)
            yield Mark("NUMBER", digits.text[1], digits.start + 1, digits.end)
        elif mark.text == "^" and place < len(marks) and marks[place].text == "{":
            yield mark
            split = _label_end(marks, place)
            if split:  # x^{(k)\\top} is x^{(k)}^{\\top}
                yield from marks[place:split]
                yield Mark("SYMBOL", "}", marks[split].start, marks[split].start)
                yield Mark("SYMBOL", "^", marks[split].start, marks[split].start)
                yield Mark("SYMBOL", "{", marks[split].start, marks[split].start)
                place = split
        elif mark.command in _BRACES:
            end = _argument(marks, place)[1]
            if end < len(marks) and marks[end].text in ("_", "^"):
                skipped[end] = _argument(marks, end + 1)[1]
        else:
            yield mark
    yield from moved.pop(place, ())


def _with_fractions(marks: list[Mark]) -> list[Mark]:
    """`{a \\over b}` as `{\\frac{a}{b}}`."""
    if not any(mark.command == "over" for mark in marks):
        return marks
    made: list[Mark] = []
    open: list[list[int]] = []  # where groups begin, and where an \\over stands in them
    for mark in marks:
        if mark.text == "{":
            open.append([len(made)])
        elif mark.command == "over" and open and len(open[-1]) == 1:
            open[-1].append(len(made))
        elif mark.text == "}" and open:
            start, *over = open.pop()
            if over:
                bar = made[over[0]]
                above, below = made[start + 1 : over[0]], made[over[0] + 1 :]
                brace = [Mark("SYMBOL", text, bar.start, bar.end) for text in "{}"]
                made[start + 1 :] = [Mark("COMMAND", "\\frac", bar.start, bar.end), *(brace[0], *above, brace[1])]
                made += [Mark("SYMBOL", "{", bar.start, bar.end), *below, Mark("SYMBOL", "}", bar.start, bar.end)]
        made.append(mark)
    return made


def _label_end(marks: Sequence[Mark], place: int) -> int:
    """Where the transpose behind a label begins in the braces at `place`, 0 where there is none."""
    end = _argument(marks, place)[1] - 1
    inside = [mark.text for mark in marks[place + 1 : end]]
    label = (
        1
        if inside[:1] in (["*"], ["\\star"], ["\\ast"])
        else inside.index(")") + 1
        if inside[:1] == ["("] and ")" in inside
        else 0
    )
    rest = [text for text in inside[label:] if text not in ("{", "}", "\\,", "\\!") and text[1:] not in FONTS]
    return place + 1 + label if label and len(rest) == 1 and rest[0] in TRANSPOSES else 0


def _distance_end(marks: Sequence[Mark], place: int) -> int:
    """The place behind `[2pt]`, as it stands behind a new line, 0 where something else stands."""
    end = next((at for at in range(place, min(len(marks), place + 8)) if marks[at].text == "]"), place)
    inside = "".join(mark.text for mark in marks[place + 1 : end])
    return end + 1 if inside.lstrip("-+.0123456789\\") in _UNITS else 0


def _numbered(marks: Sequence[Mark], place: int) -> int:
    """The place behind the number of an equation, `(3.2)`, 0 where something else stands or goes on."""
    while place < len(marks) and marks[place].command in _SPACES:
        place += 1
    if place >= len(marks) or marks[place].text != "(":
        return 0
    end = next((at for at in range(place, min(len(marks), place + 6)) if marks[at].text == ")"), 0)
    inside = "".join(mark.text for mark in marks[place + 1 : end])
    if not end or not inside[:1].isalnum() or not any(letter.isdigit() for letter in inside):
        return 0
    if not inside.replace(".", "").replace("-", "").isalnum():
        return 0
    ends = (
        end + 1 == len(marks)
        or marks[end + 1].text in ("$", "\\]", "\\\\", "\\end", ")")
        or marks[end + 1].command in ("label", "tag")
    )
    return end + 1 if ends else 0


def _word_at(marks: Sequence[Mark], place: int) -> tuple[str, int]:
    """The letters that stand together, and the place behind them."""
    word, end = marks[place].text, place + 1
    while end < len(marks) and marks[end].kind == "LETTER" and marks[end].start == marks[end - 1].end:
        word, end = word + marks[end].text, end + 1
    return word, end


def _is_joining(marks: Sequence[Mark], place: int, stop: int) -> bool:
    """Whether only words that join formulas, and signs that end them, stand there."""
    while place < stop:
        if marks[place].kind == "LETTER":
            word, place = _word_at(marks, place)
            if word.lower() not in JOINING:
                return False
        elif marks[place].text in (",", ".", ";", ":", "~") or marks[place].command in _SPACES:
            place += 1
        else:
            return False
    return True
