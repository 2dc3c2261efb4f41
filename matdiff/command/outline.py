"""`--shapes`: the inferred shape of every part of an expression, the whole first and its variables last."""

from __future__ import annotations

from collections.abc import Iterator

from matdiff.formats.unicode import unicode
from matdiff.infer.infer import Typed
from matdiff.language.kinds import kind_of
from matdiff.language.queries import shape_of
from matdiff.language.spelling import matrix_size, unicode_size
from matdiff.language.syntax import Expr
from matdiff.language.text import text


def outline(typed: Typed, *, fancy: bool) -> str:
    """One line for every different part, in aligned columns; `fancy` is Unicode for a terminal, else ASCII."""
    parts: dict[Expr, None] = {}
    for root in (typed.expr, *reversed(typed.definitions.values())):
        parts.update(dict.fromkeys(_parts(root)))
    names = [part for part in parts if part.op == "name"]
    ordered = [*(part for part in parts if part.op != "name"), *names]
    rows = [((unicode if fancy else text)(part), *_described(part, fancy)) for part in ordered]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    return "\n".join(f"{part:<{widths[0]}}   {kind:<{widths[1]}}   {size}".rstrip() for part, kind, size in rows)


def _parts(expr: Expr) -> Iterator[Expr]:
    """From the outside in; of a long product also what is multiplied first.  Numbers and the like need no line."""
    if not expr.args and expr.op != "name":
        return
    yield expr
    for count in range(len(expr.args) - 1, 1, -1):
        if expr.op == "*":
            yield _product(expr.args[:count])
    for arg in expr.args:
        yield from _parts(arg)


def _product(factors: tuple[Expr, ...]) -> Expr:
    matrices = [factor for factor in factors if kind_of(shape_of(factor)) != "scalar"] or [factors[0]]
    return Expr("*", factors, shape=(shape_of(matrices[0])[0], shape_of(matrices[-1])[1]))


def _described(part: Expr, fancy: bool) -> tuple[str, str]:
    """`vector`, `n`; a scalar has no size."""
    shape = shape_of(part)
    kind = kind_of(shape)
    if kind == "scalar":
        return kind, ""
    if kind in ("vector", "row"):
        dim = shape[0] if kind == "vector" else shape[1]
        return kind, unicode_size(dim) if fancy else str(dim)
    return kind, matrix_size(shape) if fancy else matrix_size(shape, " x ")
