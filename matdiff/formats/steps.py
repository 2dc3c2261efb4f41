"""Derivations in print: lines with their laws for text and terminals, `align*` for LaTeX, objects for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matdiff.formats import latex as latex_format
from matdiff.formats import unicode as unicode_format
from matdiff.language import text as text_format
from matdiff.language.dims import Dim
from matdiff.language.printer import show
from matdiff.language.spelling import Style, unicode_size
from matdiff.language.syntax import Expr
from matdiff.steps.derivation import Derivation, Law, Line, Note

# The column of the laws; a longer formula pushes its own law to the right.
_WIDEST = 66


# --- words ----------------------------------------------------------------------------------------------------------------


def law_text(law: Law, style: Style) -> str:
    """`product rule`, `tr(B^T C) = B : C`, `put in dh`."""
    name = rf"\text{{{_in_text(law.name)}}}" if style.latex and law.name else law.name
    parts = [name, show(law.of, style) if law.of else "", _equation(law.equation, style) if law.equation else ""]
    return (r"\ " if style.latex else " ").join(filter(None, parts))


def rule_of(line: Line, style: Style) -> str:
    """The laws of a line in words."""
    return ", ".join(law_text(law, style) for law in line.laws)


def _equation(pair: tuple[Expr, Expr], style: Style) -> str:
    return f"{show(pair[0], style)} = {show(pair[1], style)}"


def _axes(dims: Sequence[Dim], style: Style) -> str:
    """`(n, m, n)`; of a scalar `scalar`."""
    sizes = [str(dim) if style.ascii else unicode_size(dim) for dim in dims]
    return f"({', '.join(sizes)})" if dims else "scalar"


def heading(line: Line, style: Style) -> str:
    """What the chain rule does: `sum over i, the axis of y that both share`."""
    letters: dict[str, list[str]] = {}
    for letter, array in line.summed:
        letters.setdefault(show(array, style), []).append(letter)
    parts = [f"{', '.join(ls)}, the {'axes' if len(ls) > 1 else 'axis'} of {name}" for name, ls in letters.items()]
    added = any(law.name.endswith("added") for law in line.laws)
    if not parts:
        return "add the contributions" if added else rule_of(line, style)
    if added:
        return f"add the contributions, each summed over {'; '.join(parts)}"
    return f"sum over {'; '.join(parts)}" + (" that both share" if len(parts) == 1 else "")


def note_text(note: Note, style: Style) -> str:
    """The remark at the end."""
    axes = " and ".join(
        filter(None, [", ".join(_axes(dims, style) for dims in note.axes[:-1]), *[_axes(d, style) for d in note.axes[-1:]]])
    )
    return {
        "need-not-fit": f"{axes} do not fit as a matrix product and need not: the chain rule sums the shared axes of tensors",
        "matrices": f"{axes}: no factor has more than two axes, so each sum is a product of matrices or vectors",
        "one-at-a-time": "each part is by one variable, the others held; the last line adds them",
        "no-composition": "no value stands between: nothing is composed here, so the derivative is taken in indices",
    }[note.kind]


# --- text and terminal ----------------------------------------------------------------------------------------------------


def lines_of(derivation: Derivation, style: Style) -> list[str]:
    """The derivation, one line an equation, the laws in a column of their own."""
    rows = _numbered(derivation, style) if any(line.number for line in derivation.lines) else _plain(derivation.lines, style)
    column = max((len(formula) for formula, _ in rows if len(formula) <= _WIDEST), default=0) + 3
    found = [
        f"{formula.ljust(column - 1)} {remark}".rstrip() if len(formula) < column else f"{formula}   {remark}".rstrip()
        for formula, remark in rows
    ]
    notes = [f"note: {note_text(note, style)}" for note in derivation.notes]
    return found + (["", *notes] if notes else [])


def _plain(lines: Sequence[Line], style: Style, indent: str = "  ") -> list[tuple[str, str]]:
    """`df = ...`, then `   = ...` while the left side stays the same."""
    rows = []
    before = None
    width = 0
    for line in lines:
        left = show(line.left, style)
        if line.because is not None:
            rows.append(
                (f"{indent}{_equation(line.because, style)}, so {left} = {show(line.right, style)}", rule_of(line, style))
            )
            before = None
            continue
        shown = " " * width if line.left == before else left
        width, before = len(left), line.left
        rows.append((f"{indent}{shown} = {show(line.right, style)}", rule_of(line, style)))
    return rows


def _numbered(derivation: Derivation, style: Style) -> list[tuple[str, str]]:
    """Steps of the chain rule: the values with their derivatives, then what is summed."""
    lines = derivation.lines
    values = [line for line in lines if line.given is not None or (line.number is None and _is_value(lines, line))]
    given_width = max((len(_equation(line.given, style)) for line in values if line.given), default=0)
    left_width = max((len(show(line.left, style)) for line in values), default=0)
    rows: list[tuple[str, str]] = []
    place = 0
    while place < len(lines):
        line = lines[place]
        mark = f"{line.number}." if line.number else ""
        if line in values:
            given = _equation(line.given, style) if line.given else ""
            formula = (
                f"  {mark:3}{given.ljust(given_width)}   {show(line.left, style).ljust(left_width)} = {show(line.right, style)}"
            )
            rows.append((formula, _axes_and_rule(line, style)))
            place += 1
        elif any(law.name.startswith("chain rule") for law in line.laws):
            end = place + 1
            while end < len(lines) and lines[end].number is None:
                end += 1
            rows.append((f"  {mark:3}{heading(line, style)}:", ""))
            group = _plain(lines[place:end], style, " " * 7)
            group[0] = (group[0][0], "")
            group[-1] = (
                group[-1][0],
                ", ".join(filter(None, [f"axes {_axes(line.axes, style)}" if line.axes else "", group[-1][1]])),
            )
            rows += group
            place = end
        else:
            shape = _shape(line.axes, style)
            rows.append((f"  {mark:3}{rule_of(line, style)}   {show(line.left, style)} = {show(line.right, style)}", shape))
            place += 1
    return rows


def _is_value(lines: Sequence[Line], line: Line) -> bool:
    """Whether it is a second derivative of the value of a step before it."""
    place = next(place for place, other in enumerate(lines) if other is line)
    while place and lines[place].number is None:
        place -= 1
    return lines[place].given is not None


def _axes_and_rule(line: Line, style: Style) -> str:
    rule = rule_of(line, style)
    axes = f"axes {_axes(line.axes, style)}" if line.axes else "scalar"
    return axes if rule == "linearity" else f"{axes}, {rule}"


def _shape(axes: Sequence[Dim], style: Style) -> str:
    """`m × n`; of tensors `axes (n, m, n)`."""
    if len(axes) == 2:
        sizes = [str(dim) if style.ascii else unicode_size(dim) for dim in axes]
        return (" x " if style.ascii else " × ").join(sizes)
    return f"axes {_axes(axes, style)}" if axes else "scalar"


# --- LaTeX ----------------------------------------------------------------------------------------------------------------


def latex_steps(derivation: Derivation, style: Style) -> str:
    """One `align*` with the laws beside the lines, and the remarks under it."""
    rows = []
    before = None
    for line in derivation.lines:
        left = "" if line.left == before and line.because is None else show(line.left, style) + " "
        before = line.left
        remarks = [law_text(law, style) for law in line.laws]
        if line.given is not None:
            remarks.insert(0, _equation(line.given, style))
        if line.because is not None:
            remarks.insert(0, r"\text{since } " + _equation(line.because, style))
        beside = " && " + r",\ ".join(remarks) if remarks else ""
        rows.append(f"{left}&= {show(line.right, style)}{beside}")
    body = " \\\\\n  ".join(rows)
    notes = [f"Note: {_in_text(note_text(note, text_format.STYLE))}." for note in derivation.notes]
    return "\n".join([f"\\begin{{align*}}\n  {body}\n\\end{{align*}}", *notes])


def _in_text(words: str) -> str:
    """Words of ours in a LaTeX text."""
    return words.replace("^", r"\textasciicircum{}").replace("_", r"\_").replace("*", r"\textasteriskcentered{}")


# --- JSON -----------------------------------------------------------------------------------------------------------------


def json_steps(derivation: Derivation) -> list[dict[str, Any]]:
    """Every line as `{text, unicode, latex, rule, axes}`; each text is an equation of its own."""
    return [
        {
            "text": _whole(line, text_format.STYLE),
            "unicode": _whole(line, unicode_format.STYLE),
            "latex": _whole(line, latex_format.STYLE),
            "rule": rule_of(line, text_format.STYLE),
            "axes": [str(dim) if dim.value is None else dim.value for dim in line.axes],
        }
        for line in derivation.lines
    ]


def _whole(line: Line, style: Style) -> str:
    own = f"{show(line.left, style)} = {show(line.right, style)}"
    if line.because is None:
        return own
    so = r",\ \text{so}\ " if style.latex else ", so "
    return _equation(line.because, style) + so + own
