"""What a formula needs (X invertible, x > 0) and where it has no derivative, read off the rows of the functions in the input."""

from __future__ import annotations

from matdiff.errors import NotSmooth, Remark
from matdiff.functions import FUNCTIONS
from matdiff.infer import Typed
from matdiff.render.text import text
from matdiff.syntax import Expr
from matdiff.walk import post_order


def _parts(typed: Typed) -> list[Expr]:
    return [part for root in (*typed.definitions.values(), typed.expr) for part in post_order(root)]


def conditions_of(typed: Typed) -> tuple[str, ...]:
    """The conditions of the functions in the input, each once, in its order: ("X invertible", "||x|| != 0")."""
    found: dict[str, None] = {}
    smooth = {id(part.args[0]) for part in _parts(typed) if part.op == "^" and _is_even(part.args[1])}
    for part in _parts(typed):
        if part.op in ("norm", "norm2") and id(part) in smooth:  # ||x||^2 has a derivative everywhere
            continue
        row = FUNCTIONS.get("inv" if _is_inverse_power(part) else part.op)
        if row is not None and row.condition:
            found[row.condition.format(text(part.args[0]))] = None
    return tuple(found)


def _is_even(exponent: Expr) -> bool:
    return isinstance(exponent.value, int) and exponent.value % 2 == 0


def _is_inverse_power(part: Expr) -> bool:
    """A negative power of a matrix; of a scalar it is a quotient."""
    if part.op != "^" or part.shape is None or part.shape[1].is_one:
        return False
    exponent = part.args[1]
    return exponent.op == "neg" or (exponent.op == "number" and not isinstance(exponent.value, str) and (exponent.value or 0) < 0)


def smoothness_of(typed: Typed) -> list[Remark]:
    """A remark for every function that has points without a derivative."""
    found: dict[str, Remark] = {}
    for part in _parts(typed):
        row = FUNCTIONS.get(part.op)
        if row is not None and row.at and part.op not in found:
            found[part.op] = NotSmooth(span=part.span, function=part.op, at=row.at, used=row.note)
    return list(found.values())
