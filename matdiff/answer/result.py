"""`Result`: one derivative, in matrix and in index notation, with its axes, conditions and named parts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from itertools import islice
from typing import NamedTuple

from matdiff.answer.conditions import Conditions
from matdiff.answer.rereading import assumed_kinds
from matdiff.choose.choose import Context, written
from matdiff.choose.identities import with_sizes
from matdiff.choose.naming import Part, needed
from matdiff.derive.asked import Asked
from matdiff.derive.directions import SOLVE, Along
from matdiff.infer.infer import Typed
from matdiff.language.dims import Dim
from matdiff.language.kinds import kind_of
from matdiff.language.queries import shape_of
from matdiff.language.syntax import Expr
from matdiff.language.text import definition, text
from matdiff.recover.entries import in_indices, letters_beside
from matdiff.recover.recover import Recovery, size_expressions
from matdiff.tensor.lower import axes_of
from matdiff.tensor.nodes import Tensor


class Notated(NamedTuple):
    """A tensor with its notations, as `Result` has them; `derived` is as it came from the derivation, `context` what it was chosen in."""

    derived: Tensor
    context: Context
    tensor: Tensor
    recovery: Recovery
    parts: list[Part]
    form: str
    expr: Expr
    index_expr: Expr
    where: tuple[Part, ...]


class Writing:
    """How the tensors of one answer are written.

    What its results have in common is found once for all of them, and what several of them are, as the derivatives of
    (a + b + c)^2 by each variable, is written once: else a thousand variables would take a thousand times as long as one.
    """

    def __init__(self, typed: Typed, given: Tensor, defined: Mapping[Tensor, str]) -> None:
        self.typed, self.given, self.defined = typed, given, defined
        self.shapes = {name: shape_of(expr) for name, expr in typed.definitions.items()}
        self.arrays = [variable for variable in typed.variables.values() if axes_of(variable.shape)]
        size_names, self.sizes_as_numbers = typed.size_names, typed.sizes_as_numbers
        self.taken = (*typed.variables, *defined.values(), *size_names)
        self.conditions = Conditions(typed)
        # What no letter of an axis may be.
        self.names = frozenset((*typed.variables, *typed.definitions, *size_names))
        self.known: dict[object, Notated] = {}

    def written(self, tensor: Tensor, wrt: tuple[str, ...], letters: Sequence[str], as_row: bool) -> Notated:
        """The tensor as a derivative by these variables, with these letters for its axes; the only one of a row lies in a row."""
        sizes = size_expressions(self.arrays, wrt, self.sizes_as_numbers)
        key = tensor, tuple(letters), as_row, tuple(sizes.items())
        if key not in self.known:
            self.known[key] = self._write(tensor, sizes, letters, as_row)
        return self.known[key]

    def _write(self, tensor: Tensor, sizes: dict[Dim, Expr], letters: Sequence[str], as_row: bool) -> Notated:
        taken = (*self.taken, *letters)
        context = Context(self.given, self.defined, self.shapes, sizes, taken)
        chosen = written(tensor, context)
        recovery = chosen.recovery
        index_expr = in_indices(chosen.tensor, letters, recovery, taken)
        form = "matrix" if chosen.expr is not None else "index"
        if chosen.expr is None:
            expr = in_indices(chosen.tensor, letters, recovery, taken, reduce=True)
        else:
            expr = recovery.writer.transposed(chosen.expr) if as_row else chosen.expr
        expr = with_sizes(expr)
        parts = [part._replace(expr=with_sizes(part.expr, named=True)) for part in chosen.parts]
        where = needed(parts, Expr("*", (expr, index_expr)))
        return Notated(tensor, context, chosen.tensor, recovery, parts, form, expr, index_expr, where)


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
    place        its number among the results of the question, whatever notation is shown
    along        what the derivative is applied to, if it is: then it has no axes for that (see `directions`)
    plain        the result before a notation was asked for; itself where none was
    derived      the tensor as it came from the derivation, before the shortest of its forms was chosen, in `context`
    turned       whether `expr`, `shape` and `axes` are those of the transpose, because of the layout
    """

    def __init__(self, writing: Writing, wrt: tuple[str, ...], tensor: Tensor, asked: Asked, place: int = 0) -> None:
        self.wrt, self.along, self.place = wrt, asked.along, place
        along, self._typed = self.along, writing.typed
        self.order = 2 if along and along.kind in ("hvp", SOLVE) else 1 if along else len(wrt)
        self.axes = _named_axes(writing.typed, wrt, writing.names, along)
        as_row = tensor.order == 1 and self._is_along_row(writing.typed)
        found = writing.written(tensor, wrt, [letter for *_, letter in self.axes], as_row)
        self.tensor, self.recovery, self.form = found.tensor, found.recovery, found.form
        self.derived, self.context = found.derived, found.context
        self.full_axes = list(self.axes)
        self.plain = self
        self.left: Expr | None = None
        self.legend: tuple[str, ...] = ()
        self.expr, self.index_expr = found.expr, found.index_expr
        self.value_expr, self.is_matrix = self.expr, self.form == "matrix"
        self.shape: tuple[Dim, ...] = tensor.dims
        self.where = self.parts = found.where
        self.turned = self.turns(asked.layout)
        if self.turned:
            self.expr = self.recovery.writer.transposed(self.expr)
            self.shape, self.axes = self.shape[::-1], self.axes[::-1]
        self.shown_shape = self.shape
        self.is_row = self.is_matrix and len(self.shape) == 1 and shape_of(self.expr)[0].is_one
        self.conditions = writing.conditions.beside(self.formulas)

    def _is_along_row(self, typed: Typed) -> bool:
        """Whether the only axis is that of a row, in the output or among the variables."""
        of = self.axes[0][0]
        return kind_of(shape_of(typed.expr) if of == "output" else typed.variables[of].shape) == "row"

    def written_as(
        self, form: str, left: Expr, right: Expr, legend: tuple[str, ...], parts: Sequence[Part] | None = None
    ) -> Result:
        """The same result as an equation of another notation, which may have named parts of its own."""
        shown = copy(self)
        shown.plain = self.plain
        shown.form, shown.left, shown.expr, shown.legend = form, left, right, legend
        shown.where = needed(list(self.parts if parts is None else parts), right)
        if form in ("entry", "sum", "kronecker", "differential"):
            shown.shown_shape = tuple(dim for dim in shape_of(right) if not dim.is_one)
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

    def is_twice_by(self, name: str) -> bool:
        """Whether the variable was differentiated by more than once."""
        return self.wrt.count(name) > 1 or (self.along is not None and self.along.kind == "hvp")

    @property
    def formulas(self) -> list[Expr]:
        """The named parts, and the result itself."""
        return [*(part.expr for part in self.where), self.expr]

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
    def formula(self) -> str:
        """The text with the definitions of named parts before it, as it is read beside the question."""
        return self._with_parts(self.expr)

    @property
    def line(self) -> str:
        """The same with the declarations that it needs to be read alone."""
        return self.assumed + self.formula

    @property
    def assumed(self) -> str:
        """`p: scalar; ` where a formula in matrix notation would be read otherwise; see `rereading`."""
        return assumed_kinds(self.formula, self.formulas, self._typed) if self.form in ("matrix", "sum") else ""

    @property
    def value_line(self) -> str:
        """The same for `value_expr`."""
        return self._with_parts(self.value_expr)

    def _with_parts(self, expr: Expr) -> str:
        return "; ".join([*(definition(part.name, part.expr) for part in self.where), text(expr)])


def _named_axes(
    typed: Typed, wrt: tuple[str, ...], taken: Collection[str], along: Along | None = None
) -> list[tuple[str, int, Dim, str]]:
    """Every axis as (of, axis, size, letter): i, j for the output, k, l, p, q, ... for the variables, but none that is taken.

    Applied to a direction, a derivative has the axes of the variable (hvp, vjp) or of the output (jvp).
    """
    shapes = [("output", shape_of(typed.expr)), *((name, typed.variables[name].shape) for name in wrt)]
    # In alphabetical order, in which the axes of what is read have them.
    letters = iter(sorted(islice(letters_beside(taken), sum(len(shape) for _, shape in shapes))))
    axes: list[tuple[str, int, Dim, str]] = []
    for of, shape in shapes:
        own = [next(letters) for _ in shape]
        axes += [(of, axis, dim, letter) for axis, (dim, letter) in enumerate(zip(axes_of(shape), own))]
    if along is not None:
        return [axis for axis in axes if (axis[0] == "output") == (along.kind == "jvp")]
    return axes
