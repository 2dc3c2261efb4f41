"""The list of functions for readers: `--functions` and the table in the documentation, both made from the rows."""

from __future__ import annotations

from matdiff.functions import FUNCTIONS, Function
from matdiff.infer.rules import ARGUMENTS

HEADINGS = ("function", "shapes", "derivative", "remark")


def function_rows() -> list[tuple[str, str, str, str]]:
    """For every row its names, its shapes, its differential or definition, and where it is not smooth or what it needs."""
    return [
        (_names(row), _shapes(row), _derivative(row), _remark(row)) for row in FUNCTIONS.values() if row.is_word and not row.along
    ]


def function_list() -> str:
    """The rows as aligned columns of plain text."""
    rows = [HEADINGS, *function_rows()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS) - 1)]
    return "\n".join("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[-1]]).rstrip() for row in rows)


def drawn_functions(color: bool) -> str:
    """The rows as a table that fits the terminal, through rich; nothing in a cell is taken for markup."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold" if color else "")
    for heading in HEADINGS:
        table.add_column(heading, overflow="fold")
    for row in function_rows():
        table.add_row(*map(Text, row))
    console = Console(markup=False, highlight=False, emoji=False, no_color=not color, color_system="auto" if color else None)
    with console.capture() as drawn:
        console.print(table)
    return drawn.get().removesuffix("\n")


def function_table() -> str:
    """The rows as a Markdown table."""
    rows = [HEADINGS, ("---",) * len(HEADINGS), *(tuple(_code(cell) for cell in row[:3]) + (row[3],) for row in function_rows())]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _code(cell: str) -> str:
    return f"`{cell}`" if cell else ""


def _names(row: Function) -> str:
    return ", ".join((row.name, *row.aliases))


def _shapes(row: Function) -> str:
    """`n x n -> scalar`; several where the function has several."""
    if not row.patterns:
        return "elementwise"
    return "; ".join(f"{', '.join(map(_shape, operands))} -> {_shape(result)}" for operands, result in row.patterns)


def _shape(pair: tuple[str, str]) -> str:
    letters = {"i": "m", "j": "n", "k": "p", "l": "q"}
    rows, columns = ("".join(letters.get(letter, letter) for letter in size).replace("*", " ") for size in pair)
    if columns != "1":
        return f"{rows} x {columns}"
    return "scalar" if rows == "1" else rows


def _derivative(row: Function) -> str:
    if row.form == "op":
        return "linear"
    if row.form == "macro":
        return "is " + ", ".join(dict.fromkeys(row.values))
    if row.form == "matrix":
        args = ", ".join(ARGUMENTS[: row.arity])
        return f"d{row.name}({args}, dX)" + (f"; of the trace: tr({row.rules[0]} dX)" if row.rules else "")
    return row.rules[0] if row.rules else row.meaning


def _remark(row: Function) -> str:
    parts = [
        f"where {row.at}: {row.note}" if row.at else row.note,
        *dict.fromkeys(condition.format("X") for condition in row.conditions),
        "also of rows and cols" if row.takes_vectors else "",
    ]
    return "; ".join(part for part in parts if part)
