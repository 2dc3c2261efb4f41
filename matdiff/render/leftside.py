"""The left side of a result: `∂f/∂W`, `∂²f/∂x∂xᵀ`, `∂y_i/∂W_kl`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matdiff.dims import SCALAR, Shape
from matdiff.formula import shape_of
from matdiff.render.spelling import kind_of
from matdiff.syntax import Expr

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


def left_side(answer: Derivative, result: Result) -> Expr:
    """What the result is: entries in index notation, whole arrays else.  `show` prints it in any style."""
    if result.left is not None:
        return result.left
    return entries_side(answer, result) if result.form == "index" else arrays_side(answer, result)


def arrays_side(answer: Derivative, result: Result) -> Expr:
    """`df/dW`, of whole arrays."""
    output = _output(answer)
    return Expr("partial", (output, *_arrays(answer, result)), result.order) if result.order else output


def entries_side(answer: Derivative, result: Result, held: int | None = None) -> Expr:
    """`dy[i]/dW[k,l]`; with `held` only the first so many axes have their letters: `dy[i]/dW`."""
    output = _output(answer)
    letters = [letter for *_, letter in result.full_axes]
    if held is not None:
        letters[held:] = [""] * (len(letters) - held)
    shown = []
    for array, count in zip([output, *_variables(answer, result)], _axis_counts(result), strict=True):
        mine, letters = letters[:count], letters[count:]
        indices = tuple(Expr("index", (), letter, shape=SCALAR) for letter in mine if letter)
        shown.append(Expr("entry", (array, *indices), shape=SCALAR) if indices else array)
    return Expr("partial", tuple(shown), result.order) if result.order else shown[0]


def _output(answer: Derivative) -> Expr:
    return _name(output_name(answer.typed), shape_of(answer.typed.expr))


def _variables(answer: Derivative, result: Result) -> list[Expr]:
    return [_name(name, answer.typed.variables[name].shape) for name in result.wrt]


def _name(text: str, shape: Shape) -> Expr:
    return Expr("name", (), text, shape=shape)


def _arrays(answer: Derivative, result: Result) -> list[Expr]:
    """The variables: `x`, `x^T` for the second axis of a Hessian, `lambda^2` for a number taken twice."""
    shown = _variables(answer, result)
    kinds = [kind_of(shape_of(variable)) for variable in shown]
    if result.order > 1 and set(kinds) == {"scalar"} and len(set(result.wrt)) == 1:
        return [Expr("^", (shown[0], Expr("number", (), result.order)), shape=shape_of(shown[0]))]
    if result.order == 2 and kinds == ["vector", "vector"]:
        shown[1] = Expr("'", (shown[1],), shape=shape_of(shown[1])[::-1])
    return shown


def _axis_counts(result: Result) -> list[int]:
    """How many axes the output and each variable have: an axis numbered 0 or of another array starts a new one."""
    outputs = sum(1 for axis in result.full_axes if axis[0] == "output")
    counts = [outputs]
    rest = list(result.full_axes[outputs:])
    for name in result.wrt:
        count = 0
        while count < len(rest) and rest[count][0] == name and (count == 0 or rest[count][1] > rest[count - 1][1]):
            count += 1
        counts.append(count)
        rest = rest[count:]
    return counts
