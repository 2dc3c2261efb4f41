"""The left side of a result: `∂f/∂W`, `∂²f/∂x∂xᵀ`, `∂y_i/∂W_kl`, in any style."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matdiff.formula import shape_of
from matdiff.render.printer import Style
from matdiff.render.spelling import kind_of, superscript

if TYPE_CHECKING:
    from matdiff.infer import Typed
    from matdiff.pipeline import Derivative, Result

_NAMES = {"scalar": ("f", "g", "h"), "vector": ("y", "z", "u"), "row": ("y", "z", "u"), "matrix": ("Y", "Z", "F")}


def output_name(typed: Typed) -> str:
    """What to call the value: the definition that the expression is, else f, y or Y by its kind, beside the names in use."""
    if typed.expr.op == "name":
        return str(typed.expr.value)
    taken = {*typed.variables, *typed.definitions}
    names = _NAMES[kind_of(shape_of(typed.expr))]
    return next((name for name in names if name not in taken), names[0] + "_0")


def left_side(answer: Derivative, result: Result, style: Style) -> str:
    """What the result is, without `=`: entries in index notation, whole arrays else."""
    typed = answer.typed
    output = output_name(typed)
    if not result.order:
        return style.name(output, kind_of(shape_of(typed.expr)) != "scalar")
    if result.form == "index":
        above, *below = _entries(result, output, style)
    else:
        above = style.name(output, kind_of(shape_of(typed.expr)) != "scalar")
        below = _arrays(answer, result, style)
    return _quotient(above, below, result.order, style)


def _quotient(above: str, below: list[str], order: int, style: Style) -> str:
    if style.latex:
        power = f"^{{{order}}}" if order > 1 else ""
        changes = r" \partial ".join(below)
        return rf"\frac{{\partial{power} {above}}}{{\partial {changes}}}"
    if style.ascii:
        return f"d{order if order > 1 else ''}{above}/d" + " d".join(below)
    return f"∂{superscript(order) if order > 1 else ''}{above}/∂" + "∂".join(below)


def _arrays(answer: Derivative, result: Result, style: Style) -> list[str]:
    """The variables: `x`, `xᵀ` for the second axis of a Hessian, `λ²` for a number taken twice."""
    kinds = [kind_of(answer.typed.variables[name].shape) for name in result.wrt]
    shown = [style.name(name, kind != "scalar") for name, kind in zip(result.wrt, kinds, strict=True)]
    if result.order > 1 and set(kinds) == {"scalar"} and len(set(result.wrt)) == 1:
        power = str(result.order)
        return [shown[0] + (power if style.ascii else style.superscript(power, result.order))]
    if result.order == 2 and kinds == ["vector", "vector"]:
        shown[1] = style.transpose % shown[1]
    return shown


def _entries(result: Result, output: str, style: Style) -> list[str]:
    """The output and the variables, each with the letters of its axes."""
    letters = [axis[3] for axis in result.axes]
    counts = _axis_counts(result)
    shown = []
    for name, count in zip((output, *result.wrt), counts, strict=True):
        mine, letters = letters[:count], letters[count:]
        array = style.name(name, bool(mine) and style.bold_entries)
        shown.append(style.subscript(array, True, mine) if mine else array)
    return shown


def _axis_counts(result: Result) -> list[int]:
    """How many axes the output and each variable have: an axis numbered 0 or of another array starts a new one."""
    outputs = result.tensor.order - sum(1 for axis in result.axes if axis[0] != "output")
    counts = [outputs]
    rest = list(result.axes[outputs:])
    for name in result.wrt:
        count = 0
        while count < len(rest) and rest[count][0] == name and (count == 0 or rest[count][1] > rest[count - 1][1]):
            count += 1
        counts.append(count)
        rest = rest[count:]
    return counts
