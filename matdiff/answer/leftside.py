"""The left side of a result: `∂f/∂W`, `∂²f/∂x∂xᵀ`, `∂y_i/∂W_kl`."""

from __future__ import annotations

import itertools

from matdiff.answer.answer import Answer
from matdiff.answer.result import Result
from matdiff.derive.directions import SOLVE
from matdiff.infer.infer import Typed
from matdiff.language import make
from matdiff.language.dims import SCALAR
from matdiff.language.kinds import kind_of
from matdiff.language.make import transposed
from matdiff.language.queries import array_of, shape_of
from matdiff.language.syntax import Expr
from matdiff.tensor.lower import axes_of

_NAMES = {
    "scalar": ("f", "g", "h"),
    "vector": ("y", "z", "u"),
    "row": ("y", "z", "u"),
    "matrix": ("Y", "Z", "F"),
    "tensor": ("Y", "Z", "F"),
}


def output_name(typed: Typed) -> str:
    """What to call the value: the definition that the expression is, else f, y or Y by its kind, beside the names in use."""
    whole = array_of(typed.expr)
    if whole.op == "name":
        return str(whole.value)
    taken = {*typed.variables, *typed.definitions}
    names = _NAMES[kind_of(shape_of(typed.expr))]
    return next(
        name for name in itertools.chain(names, (f"{names[0]}_{number}" for number in itertools.count())) if name not in taken
    )


def left_side(answer: Answer, result: Result) -> Expr:
    """What the result is: entries in index notation, whole arrays else.  `show` prints it in any style."""
    if result.left is not None:
        return result.left
    return entries_side(answer, result) if result.form == "index" else arrays_side(answer, result)


def arrays_side(answer: Answer, result: Result) -> Expr:
    """`df/dW`, of whole arrays."""
    output = _output(answer)
    if result.along is not None:
        return _applied(answer, result, output)
    return Expr("partial", (output, *_arrays(answer, result)), result.order) if result.order else output


def entries_side(answer: Answer, result: Result, held: int | None = None) -> Expr:
    """`dy[i]/dW[k,l]`, `(dy/dW : V)[i]`; with `held` only the first so many axes have their letters: `dy[i]/dW`."""
    output = _output(answer)
    letters = [letter for *_, letter in result.full_axes]
    if result.along is not None:
        indices = tuple(Expr("index", (), letter, shape=SCALAR) for letter in letters)
        whole = _applied(answer, result, output)
        return Expr("entry", (whole, *indices), shape=SCALAR) if indices else whole
    if held is not None:
        letters[held:] = [""] * (len(letters) - held)
    shown = []
    for array in (output, *_variables(answer, result)):
        count = len(axes_of(shape_of(array)))
        mine, letters = letters[:count], letters[count:]
        indices = tuple(Expr("index", (), letter, shape=SCALAR) for letter in mine if letter)
        shown.append(Expr("entry", (array, *indices), shape=SCALAR) if indices else array)
    return Expr("partial", tuple(shown), result.order) if result.order else shown[0]


def _output(answer: Answer) -> Expr:
    return make.name(output_name(answer.typed), shape_of(answer.typed.expr))


def _variables(answer: Answer, result: Result) -> list[Expr]:
    return [make.name(name, answer.typed.variables[name].shape) for name in result.wrt]


def _applied(answer: Answer, result: Result, output: Expr) -> Expr:
    """`d2f/dx dx^T v`, `dY/dW : V + dY/db v`, `u : dY/dW`: contracted over all axes of the direction."""
    along, variables = result.along, answer.typed.variables
    assert along is not None
    directions = [make.name(name, variables[name].shape) for name in along.names]
    arrays = {name: make.name(name, variables[name].shape) for name in answer.wrt}
    if along.kind == "vjp":
        terms = [_contracted(directions[0], Expr("partial", (output, arrays[result.wrt[0]]), 1))]
    else:
        changes = [[arrays[result.wrt[0]]] if result.order == 2 else [], *[[arrays[name]] for name in answer.wrt]]
        terms = []
        for (variable,), to in zip(changes[1:], directions, strict=True):
            both = [*changes[0], variable]
            if len(both) == 2 and all(kind_of(shape_of(each)) == "vector" for each in both):
                both[1] = transposed(both[1])
            change = Expr("partial", (output, *both), result.order)
            if along.kind == SOLVE:
                change = Expr("inv", (change,))
            terms.append(_contracted(change, to))
    return terms[0] if len(terms) == 1 else Expr("+", tuple(terms), shape=shape_of(output))


def _contracted(left: Expr, right: Expr) -> Expr:
    """The product with a vector or number, the Frobenius product with a matrix."""
    matrix = any(part.shape is not None and kind_of(shape_of(part)) == "matrix" for part in (left, right))
    turned = left.op == "name" and not matrix and kind_of(shape_of(left)) == "vector"
    first = transposed(left) if turned else left
    return Expr(":" if matrix else "*", (first, right), shape=SCALAR)


def _arrays(answer: Answer, result: Result) -> list[Expr]:
    """The variables: `x`, `x^T` for the second axis of a Hessian, `lambda^2` for a number taken twice."""
    shown = _variables(answer, result)
    kinds = [kind_of(shape_of(variable)) for variable in shown]
    if result.order > 1 and set(kinds) == {"scalar"} and len(set(result.wrt)) == 1:
        return [Expr("^", (shown[0], Expr("number", (), result.order)), shape=shape_of(shown[0]))]
    if result.order == 2 and kinds == ["vector", "vector"]:
        shown[1] = transposed(shown[1])
    return shown
