"""`Result`: one derivative, in matrix and in index notation, with its axes, conditions and named parts."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import TYPE_CHECKING

from matdiff import formula
from matdiff.choose import Context, written
from matdiff.conditions import conditions_of
from matdiff.dims import Dim
from matdiff.directions import SOLVE, Along
from matdiff.entries import in_indices, letters_beside
from matdiff.infer import Typed
from matdiff.lower import axes_of
from matdiff.naming import needed
from matdiff.nodes import Tensor
from matdiff.recover import size_expressions
from matdiff.render.text import text
from matdiff.sized import with_sizes
from matdiff.syntax import Expr

if TYPE_CHECKING:
    from matdiff.notations.equation import Equation
    from matdiff.pipeline import Derivative


class Result:
    """One derivative.

    wrt, order   the variables, in the order of their axes, and how many there are
    tensor       its value in index form
    expr, form   matrix notation ("matrix"), or index notation ("index") where there is none
    index_expr   the same entry by entry, always
    is_matrix    whether there is matrix notation, whatever notation is shown
    value_expr   the same as `expr` whatever the layout, for code, whose axes are always those of the tensor
    shape, axes  the sizes of its axes; each axis as (of, axis, size, letter), `of` being "output" or a variable
    where        named parts, each before those that use it, with `name` and `expr`
    shown_shape  the shape of what is shown: of an entry, or of the matrix that acts on vec(X), another one than that of the tensor
    left, legend what is on the left side, and words about the symbols, of a notation that was asked for
    is_row       whether its only axis lies in a row, 1 x n
    full_axes    the axes as the tensor has them, whatever the layout
    conditions   what the formula needs, such as "X invertible"
    along        what the derivative is applied to, if it is: then it has no axes for that (see `directions`)
    turned       whether `expr`, `shape` and `axes` are those of the transpose, because of the layout
    """

    def __init__(
        self,
        derivative: Derivative,
        wrt: tuple[str, ...],
        tensor: Tensor,
        given: Tensor,
        defined: Mapping[Tensor, str],
        along: Along | None = None,
    ) -> None:
        self.wrt, self.along = wrt, along
        self.order = 2 if along and along.kind in ("hvp", SOLVE) else 1 if along else len(wrt)
        self.axes = _named_axes(derivative.typed, wrt, along)
        letters = [letter for *_, letter in self.axes]
        names = (*derivative.typed.variables, *defined.values())
        shapes = {name: formula.shape_of(expr) for name, expr in derivative.typed.definitions.items()}
        taken = (*names, *derivative.typed.size_names, *letters)
        context = Context(given, defined, shapes, size_expressions(derivative.typed.variables.values(), wrt), taken)
        chosen = written(tensor, context)
        self.tensor, recovery, parts = chosen.tensor, chosen.recovery, chosen.parts
        self.full_axes, self.recovery = list(self.axes), recovery
        self.left: Expr | None = None
        self.legend: tuple[str, ...] = ()
        self.index_expr = in_indices(self.tensor, letters, recovery, taken)
        self.form = "matrix" if chosen.expr is not None else "index"
        if chosen.expr is None:
            self.expr = in_indices(self.tensor, letters, recovery, taken, reduce=True)
        elif tensor.order == 1 and self._is_along_row(derivative):
            self.expr = recovery.formulas.transposed(chosen.expr)
        else:
            self.expr = chosen.expr
        self.expr = with_sizes(self.expr)
        parts = [part._replace(expr=with_sizes(part.expr)) for part in parts]
        self.value_expr, self.is_matrix = self.expr, self.form == "matrix"
        self.shape: tuple[Dim, ...] = tensor.dims
        self.where = self.parts = needed(parts, Expr("*", (self.expr, self.index_expr)))
        self.turned = self.turns(derivative.layout)
        if self.turned:
            self.expr = recovery.formulas.transposed(self.expr)
            self.shape, self.axes = self.shape[::-1], self.axes[::-1]
        self.shown_shape = self.shape
        self.is_row = self.is_matrix and len(self.shape) == 1 and formula.shape_of(self.expr)[0].is_one
        self.conditions = conditions_of(derivative.typed, [*(part.expr for part in self.where), self.expr])

    def _is_along_row(self, derivative: Derivative) -> bool:
        """Whether the only axis is that of a row, in the output or among the variables."""
        of = self.axes[0][0]
        rows, columns = formula.shape_of(derivative.typed.expr) if of == "output" else derivative.typed.variables[of].shape
        return rows.is_one and not columns.is_one

    def in_notation(self, notation: str, equation: Equation) -> Result:
        """The same result written as an equation of this notation."""
        shown = copy(self)
        shown.form, shown.left, shown.expr, shown.legend = notation, equation.left, equation.right, equation.legend
        shown.where = needed(list(self.parts), equation.right)
        if notation in ("entry", "kronecker", "differential"):
            shown.shown_shape = tuple(dim for dim in formula.shape_of(equation.right) if not dim.is_one)
        return shown

    def turns(self, layout: str) -> bool:
        """Whether the layout shows the transpose.

        In numerator layout the rows belong to the output, in denominator layout to the variable, so one is the transpose of the
        other; the gradient layout takes denominator layout for what has the axes of one variable only, numerator layout else.  A
        Hessian, whose rows and columns both belong to variables, is the same in all, and a tensor has no rows and columns.
        """
        if self.along or layout == "gradient" or self.form != "matrix" or not 1 <= len(self.axes) <= 2 or not self.order:
            return False
        arrays = [of for of, axis, *_ in self.axes if axis == 0]
        if "output" in arrays:
            return layout == "denominator"
        return layout == "numerator" and len(arrays) == 1

    @property
    def name(self) -> str:
        if self.along:
            return self.along.kind
        if not self.order:
            return "value"
        if len(self.tensor.dims) > 2:
            return "tensor"
        if self.order == 1 and not any(of == "output" for of, *_ in self.axes):
            return "gradient" if self.axes else "derivative"
        if self.order == 1 and len(self.axes) == 2 and [of for of, *_ in self.axes].count("output") == 1:
            return "jacobian"
        return "hessian" if self.order == 2 and not any(of == "output" for of, *_ in self.axes) else "derivative"

    @property
    def kind(self) -> str:
        if len(self.shape) == 1:
            return "row" if self.is_row else "vector"
        return ("scalar", "vector", "matrix")[len(self.shape)] if len(self.shape) < 3 else "tensor"

    @property
    def text(self) -> str:
        return text(self.expr)

    @property
    def line(self) -> str:
        """The text with the definitions of named parts before it, as matdiff reads it back."""
        return self._with_parts(self.expr)

    @property
    def value_line(self) -> str:
        """The same for `value_expr`."""
        return self._with_parts(self.value_expr)

    def _with_parts(self, expr: Expr) -> str:
        return "; ".join([*(f"{part.name} = {text(part.expr)}" for part in self.where), text(expr)])

    @property
    def unicode(self) -> str:
        from matdiff.render.unicode import unicode  # a pipe gets plain text

        return unicode(self.expr)

    @property
    def latex(self) -> str:
        from matdiff.render.latex import latex  # needed only when somebody asks

        return latex(self.expr)


def _named_axes(typed: Typed, wrt: tuple[str, ...], along: Along | None = None) -> list[tuple[str, int, Dim, str]]:
    """Every axis as (of, axis, size, letter): i, j for the output, k, l, p, q, ... for the variables.

    Applied to a direction, a derivative has the axes of the variable (hvp, vjp) or of the output (jvp).
    """
    free = letters_beside((*typed.variables, *typed.definitions, *typed.size_names))
    output = [next(free), next(free)]
    axes = [("output", n, d, output[n]) for n, d in enumerate(axes_of(formula.shape_of(typed.expr)))]
    for name in wrt:
        pair = [next(free), next(free)]
        axes += [(name, n, d, pair[n]) for n, d in enumerate(axes_of(typed.variables[name].shape))]
    if along is not None:
        return [axis for axis in axes if (axis[0] == "output") == (along.kind == "jvp")]
    return axes
