"""A diagnostic, and how it is drawn: the message, the line of the text with carets and labels below it, help and notes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matdiff.language.syntax import Span

if TYPE_CHECKING:
    from matdiff.language.dims import Shape

# A longer source line is cut out around its labels.
LONGEST_LINE = 120
_CONTEXT = 30
_COLOURS = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "note": "\x1b[1;36m", "help": "\x1b[1;32m", "gutter": "\x1b[34m"}
_RESET = "\x1b[0m"
# Control characters and those that change the direction of text never reach a terminal.
UNSAFE = dict.fromkeys(
    [*range(32), *range(127, 160), 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)], "\N{REPLACEMENT CHARACTER}"
)
UNSAFE[9] = " "


class Label:
    """A part of the text with a few words; `primary` is where to change something, the others are what it conflicts with."""

    __slots__ = ("primary", "shape", "span", "text")

    def __init__(self, span: Span, text: str = "", *, primary: bool = True, shape: Shape | None = None) -> None:
        self.span, self.text, self.primary, self.shape = span, text, primary, shape


def _one_line(text: str) -> str:
    """A statement of several lines as one that can be typed: a newline in brackets is a blank, and comments end with their line."""
    return re.sub(r"(?:[^\S\n]*(?:#[^\n]*)?\n\s*)+", " ", text).translate(UNSAFE)


class Help:
    """What to type instead: `replacement` is the whole corrected statement; `line` is how it is printed."""

    __slots__ = ("line", "message", "replacement")

    def __init__(self, message: str, replacement: str | None = None, line: str | None = None) -> None:
        self.message, self.replacement = message, None if replacement is None else _one_line(replacement)
        self.line = _one_line(line) if line else message if replacement is None else f"{message}:  {self.replacement}"


# The words for an error: the message, the labels and the notes; what is proposed is tried elsewhere.
Words = tuple[str, Sequence[Label], Sequence[str]]
Wording = Callable[[Any, str], Words]
# The words for what no change of the text mends: the message, the labels, what to do instead, and the notes.
Advice = tuple[str, Sequence[Label], Sequence[Help], Sequence[str]]


def plain(message: str, *notes: str, also: Mapping[str, str] | None = None, **labels: str) -> Wording:
    """Words in which `{0.name}` is the field `name` of the error; `labels`, and after them `also` as secondary, by the field of the span."""

    def words(error: Any, text: str) -> Words:
        places = [(getattr(error, field), words, True) for field, words in labels.items()]
        places += [(getattr(error, field), words, False) for field, words in (also or {}).items()]
        shown = [Label(span, words.format(error), primary=primary) for span, words, primary in places if span is not None]
        return message.format(error), shown, [note.format(error) for note in notes]

    return words


class Diagnostic:
    """An error or remark in words.  severity: "error", "warning" or "note".

    readings   of an error that asks which reading is meant: whole lines that run, with the shapes of their values
    """

    __slots__ = ("code", "help", "labels", "message", "name", "notes", "readings", "severity")

    def __init__(
        self,
        severity: str,
        code: str,
        name: str,
        message: str,
        labels: Sequence[Label] = (),
        help: Sequence[Help] = (),
        notes: Sequence[str] = (),
        readings: Sequence[tuple[str, Shape]] = (),
    ) -> None:
        self.severity, self.code, self.name, self.message = severity, code, name, message
        self.labels, self.help, self.notes = tuple(labels), tuple(help), tuple(notes)
        self.readings = tuple(readings)

    def to_dict(self, text: str) -> dict[str, object]:
        """The diagnostic as JSON data; spans count code points of `text`, lines and columns start at 1."""
        labels: list[dict[str, object]] = []
        for label in self.labels:
            line, column = line_and_column(text, label.span.start)
            span = {"start": label.span.start, "end": label.span.end, "line": line, "column": column}
            labels.append({"span": span, "text": label.text, "primary": label.primary})
            if label.shape is not None:
                sides = [side for side in label.shape if not side.is_one]
                labels[-1]["shape"] = [side.value if side.value is not None else str(side) for side in sides]
        return {
            "severity": self.severity,
            "code": self.code,
            "name": self.name,
            "message": self.message,
            "labels": labels,
            "help": [{"message": help.message or help.line, "replacement": help.replacement} for help in self.help],
            "notes": list(self.notes),
        }


def line_and_column(text: str, position: int) -> tuple[int, int]:
    """Both from 1."""
    before = text[:position]
    return before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1


def safe(text: str) -> str:
    """Without characters that a terminal obeys instead of showing."""
    return text.translate(UNSAFE)


def width(text: str) -> int:
    """Columns on a terminal: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    return sum(0 if category(c) in ("Mn", "Me", "Cf") else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def render(diagnostic: Diagnostic, text: str, path: str | None = None, colour: bool = False, first_line: int = 1) -> str:
    """The diagnostic as it is printed, without a newline at the end.

    text         what the spans count
    path         shown with line and column; a text of one line without a path is shown alone
    first_line   the number of the first line of `text` in its file
    """

    def paint(kind: str, words: str) -> str:
        return f"{_COLOURS[kind]}{words}{_RESET}" if colour else words

    lines = [
        paint(diagnostic.severity, f"{diagnostic.severity}[{diagnostic.code}]") + f": {safe(_shortened(diagnostic.message))}"
    ]
    source = text.splitlines() or [""]
    numbered = path is not None or len(source) > 1
    groups: dict[int, list[Label]] = {}
    for label in sorted(diagnostic.labels, key=lambda label: label.span.start):
        groups.setdefault(min(line_and_column(text, label.span.start)[0], len(source)) - 1, []).append(label)
    gutter = max((len(str(first_line + line)) for line in groups), default=1)
    if numbered and groups:
        primary = next((label for label in diagnostic.labels if label.primary), diagnostic.labels[0])
        line, column = line_and_column(text, primary.span.start)
        place = f"{path or '<text>'}:{first_line + line - 1}:{column}"
        lines += [paint("gutter", " " * gutter + "-->") + f" {safe(place)}", paint("gutter", " " * (gutter + 1) + "|")]
    for line, labels in sorted(groups.items()):
        start = sum(len(before) for before in text.splitlines(keepends=True)[:line])
        drawn = _draw(source[line], start, labels)
        for row, content in enumerate(drawn):
            if not numbered:
                lines.append("    " + content)
            else:
                number = str(first_line + line) if row == 0 else ""
                lines.append((paint("gutter", f"{number:>{gutter}} |") + " " + content).rstrip())
    lines += [paint("help", "help") + f": {safe(help.line)}" for help in diagnostic.help]
    lines += [paint("note", "note") + f": {safe(_shortened(note))}" for note in diagnostic.notes]
    return "\n".join(lines)


def _draw(line: str, start: int, labels: list[Label]) -> list[str]:
    """The line, the row of carets with the last label's words, and the words of the others hanging below.

    `start` is the position of the line in the text.
    """
    line, start = _cut(line, start, labels)
    places: list[tuple[int, int, Label]] = []
    for label in labels:
        first = min(max(label.span.start - start, 0), len(line))
        last = min(max(label.span.end - start, first), len(line))
        column = width(safe(line[:first]))
        places.append((column, max(1, width(safe(line[first:last]))), label))
    marks: list[str] = []
    # The primary carets are drawn last, over those of a label that holds them.
    for column, length, label in sorted(places, key=lambda place: place[2].primary):
        marks += [" "] * (column + length - len(marks))
        marks[column : column + length] = ("^" if label.primary else "-") * length
    rows = ["".join(marks)]
    hanging = [place for place in places if place[2].text]
    if hanging and hanging[-1] is places[-1] and not any(c > hanging[-1][0] for c, _, _ in places[:-1]):
        rows[0] += " " + safe(hanging.pop()[2].text)
    while hanging:
        stems = sorted({column for column, _, _ in hanging})
        column, _, label = hanging.pop()
        if len(rows) == 1:
            rows.append(_stems(stems))
        below = _stems([stem for stem in stems if stem < column])
        rows.append(f"{below:<{column}}{safe(label.text)}")
    return [safe(line).rstrip(), *rows]


def _stems(columns: Sequence[int]) -> str:
    row = ""
    for column in columns:
        row = f"{row:<{column}}|"
    return row


def _shortened(words: str) -> str:
    """Words that hold a very long name or list, with dots in the middle."""
    half = 2 * LONGEST_LINE
    return words if len(words) <= 3 * half else f"{words[:half]} ... {words[-half:]}"


def _cut(line: str, start: int, labels: list[Label]) -> tuple[str, int]:
    """A window on a long line, with dots where something is left out."""
    if len(line) <= LONGEST_LINE:
        return line, start
    first = max(0, min(label.span.start for label in labels) - start - _CONTEXT)
    last = min(
        len(line), max(first + LONGEST_LINE, min(max(label.span.end for label in labels) - start, first + 2 * LONGEST_LINE))
    )
    before = "..." if first else ""
    return before + line[first:last] + ("..." if last < len(line) else ""), start + first - len(before)
