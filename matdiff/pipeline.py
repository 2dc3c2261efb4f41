"""`solve`: the table of contents of matdiff.  Every stage is named here once, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, NamedTuple, overload

from matdiff import errors, formula, index
from matdiff.conditions import conditions_of, convention_of, meanings_in, smoothness_of
from matdiff.derive import derive
from matdiff.dims import SCALAR, Dim
from matdiff.entries import in_indices, letters_beside
from matdiff.errors import Remark
from matdiff.graph import Irreducible
from matdiff.index import symbol
from matdiff.infer import Typed, Variable, infer
from matdiff.lower import axes_of, lower, property_of, variable_tensor
from matdiff.naming import name_parts, needed
from matdiff.nodes import Tensor, new_session
from matdiff.parse import Declaration, Definition, Question, parse, parse_declaration
from matdiff.recover import Recovery
from matdiff.render import render
from matdiff.render.latex import latex
from matdiff.render.text import text
from matdiff.render.unicode import unicode
from matdiff.simplify import rebuild, simplify
from matdiff.structure import in_own_space
from matdiff.syntax import Expr, Span

if TYPE_CHECKING:
    from matdiff.evaluate import Report
    from matdiff.expect import Verdict
    from matdiff.prove import Proof

# A tensor with more axes than this is no answer that anybody reads.
MAXIMUM_AXES = 8


class Result:
    """One derivative.

    wrt, order   the variables, in the order of their axes, and how many there are
    tensor       its value in index form
    expr, form   matrix notation ("matrix"), or index notation ("index") where there is none
    index_expr   the same entry by entry, always
    value_expr   the same as `expr` whatever the layout, for code, whose axes are always those of the tensor
    shape, axes  the sizes of its axes; each axis as (of, axis, size, letter), `of` being "output" or a variable
    where        named parts, each before those that use it, with `name` and `expr`
    conditions   what the formula needs, such as "X invertible"
    turned       whether `expr`, `shape` and `axes` are those of the transpose, because of the layout
    """

    def __init__(self, derivative: Derivative, wrt: tuple[str, ...], tensor: Tensor, defined: Mapping[Tensor, str]) -> None:
        self.wrt, self.order, self.tensor = wrt, len(wrt), tensor
        self.axes = _named_axes(derivative.typed, wrt)
        letters = [letter for *_, letter in self.axes]
        names = (*derivative.typed.variables, *defined.values())
        recovery = derivative.recovery()
        shapes = {name: formula.shape_of(expr) for name, expr in derivative.typed.definitions.items()}
        parts = name_parts(tensor, defined, recovery, (*names, *_size_names(derivative.typed), *letters), shapes)
        self.index_expr = in_indices(tensor, letters, recovery, names)
        self.form = "matrix"
        try:
            self.expr = recovery.expr(tensor)
            if tensor.order == 1 and self._is_along_row(derivative):
                self.expr = recovery.formulas.transposed(self.expr)
        except Irreducible:
            self.form = "index"
            self.expr = in_indices(tensor, letters, recovery, names, reduce=True)
        self.expr = formula.with_sizes(self.expr)
        parts = [part._replace(expr=formula.with_sizes(part.expr)) for part in parts]
        self.value_expr = self.expr
        self.shape: tuple[Dim, ...] = tensor.dims
        self.where = needed(parts, Expr("*", (self.expr, self.index_expr)))
        self.turned = self.turns(derivative.layout)
        if self.turned:
            self.expr = recovery.formulas.transposed(self.expr)
            self.shape, self.axes = self.shape[::-1], self.axes[::-1]
        self.conditions = conditions_of(derivative.typed, [*(part.expr for part in self.where), self.expr])

    def _is_along_row(self, derivative: Derivative) -> bool:
        """Whether the only axis is that of a row, in the output or among the variables."""
        of = self.axes[0][0]
        rows, columns = formula.shape_of(derivative.typed.expr) if of == "output" else derivative.typed.variables[of].shape
        return rows.is_one and not columns.is_one

    def turns(self, layout: str) -> bool:
        """Whether the layout shows the transpose.

        In numerator layout the rows belong to the output, in denominator layout to the variable, so one is the transpose of the
        other; the gradient layout takes denominator layout for what has the axes of one variable only, numerator layout else.  A
        Hessian, whose rows and columns both belong to variables, is the same in all, and a tensor has no rows and columns.
        """
        if layout == "gradient" or self.form != "matrix" or not 1 <= len(self.axes) <= 2 or not self.order:
            return False
        arrays = [of for of, axis, *_ in self.axes if axis == 0]
        if "output" in arrays:
            return layout == "denominator"
        return layout == "numerator" and len(arrays) == 1

    @property
    def name(self) -> str:
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
            rows, _ = formula.shape_of(self.expr)
            return "row" if self.form == "matrix" and rows.is_one else "vector"
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
        return unicode(self.expr)

    @property
    def latex(self) -> str:
        return latex(self.expr)


class Inputs(NamedTuple):
    """What `solve` was asked, so that it can be asked something similar."""

    question: Question
    declarations: Sequence[Declaration]
    definitions: Sequence[Definition]
    wrt: Sequence[str] | None
    order: int


class Derivative:
    """The answer to one question: all its results, with what was understood of the input."""

    def __init__(self, source: str, inputs: Inputs, typed: Typed, layout: str, structure: str) -> None:
        self.source, self.inputs, self.typed, self.layout, self.structure = source, inputs, typed, layout, structure
        self.output: Tensor = index.number(0)
        self.remarks: list[Remark] = [*typed.remarks, *smoothness_of(typed)]
        self.results: list[Result] = []

    def to(self, format: str, **options: object) -> str:
        """The answer in one of the formats of `--to`, such as "latex", "json" or "numpy"."""
        return render(self, format, **options)

    def verify(self, seed: int = 0, sizes: Mapping[str, int] | None = None) -> Report:
        """Compare every result with numerical differences of the input at random points; see `evaluate.Report`."""
        from matdiff import evaluate  # loads mpmath, which only numbers need

        return evaluate.verify(self, seed=seed, sizes=dict(sizes or {}))

    @overload
    def expect(self, expected: str, seed: int = 0, sizes: Mapping[str, int] | None = None) -> Verdict: ...

    @overload
    def expect(
        self, expected: list[str] | tuple[str, ...], seed: int = 0, sizes: Mapping[str, int] | None = None
    ) -> tuple[Verdict, ...]: ...

    def expect(
        self, expected: str | list[str] | tuple[str, ...], seed: int = 0, sizes: Mapping[str, int] | None = None
    ) -> Verdict | tuple[Verdict, ...]:
        """Whether the result equals another expression, and how they differ; see `expect.Verdict`.

        Where there are several results, one expression for each of them, in order.  Raises `WrongExpected` for an
        expression that is wrong in itself, `HowManyExpected` for a wrong number of them.
        """
        from matdiff.expect import compare  # loads mpmath, which only numbers need

        several = (expected,) if isinstance(expected, str) else tuple(expected)
        if len(several) != len(self.results):
            raise errors.HowManyExpected(given=len(several), results=tuple(result.wrt for result in self.results))
        verdicts = tuple(compare(self, place, text, seed, sizes or {}) for place, text in enumerate(several))
        return verdicts[0] if isinstance(expected, str) else verdicts

    def prove(self, sizes: Mapping[str, int] | None = None, progress: Callable[[int, int], None] | None = None) -> Proof:
        """Show exactly, at small sizes, that every result is the derivative of the input; see `prove.Proof`.

        `progress` is called with the number of components that are done and that of all.
        """
        from matdiff import prove  # loads SymPy, which only proofs need

        return prove.prove(self, dict(sizes or {}), progress)

    def again(self, wrt: Sequence[str] | None = None, structure: str | None = None, layout: str | None = None) -> Derivative:
        """The answer to the same question by other variables, or in another convention."""
        asked = self.inputs
        question = Question(asked.question.expr, (), asked.question.span)
        names = wrt or asked.question.wrt or asked.wrt
        chosen = {"structure": structure or self.structure, "layout": layout or self.layout}
        return solve(self.source, question, asked.declarations, asked.definitions, names, order=asked.order, **chosen)

    def recovery(self) -> Recovery:
        """What writes tensors of this answer in matrix notation."""
        return Recovery(_size_expressions(self.typed))

    @property
    def conditions(self) -> tuple[str, ...]:
        """What the formulas of all results need."""
        return tuple(dict.fromkeys(condition for result in self.results for condition in result.conditions))

    @property
    def result(self) -> Result:
        return self.results[0]

    @property
    def text(self) -> str:
        """Every result on a line of its own, readable by matdiff."""
        return "\n".join(result.line for result in self.results)

    @property
    def unicode(self) -> str:
        return "\n".join(result.unicode for result in self.results)

    @property
    def latex(self) -> str:
        return "\n".join(result.latex for result in self.results)

    @property
    def shape(self) -> tuple[str, ...]:
        return tuple(map(str, self.result.shape))

    @property
    def tensor(self) -> Tensor:
        return self.result.tensor

    def __repr__(self) -> str:
        return f"<Derivative {self.text!r}>"

    def __str__(self) -> str:
        return self.text

    def _repr_latex_(self) -> str:
        return "\n".join(rf"$\displaystyle {result.latex}$" for result in self.results)


def differentiate(
    source: str,
    wrt: str | Sequence[str] | None = None,
    *,
    order: int = 1,
    declarations: str | Iterable[str] = (),
    structure: str = "project",
    layout: str = "gradient",
) -> Derivative:
    """The derivative of the last expression in `source`, a matdiff text that may declare and define names before it.

    `wrt` is a variable or several; None takes the only one there is.  `declarations` are texts such as "W: m x n".
    Raises `errors.MatdiffError` (or `errors.Errors`, which holds several) for input that is wrong.
    """
    known: list[Declaration] = []
    for declaration in [declarations] if isinstance(declarations, str) else declarations:
        known += parse_declaration(declaration)
    statements = parse(source, known=[declaration.name for declaration in known])
    known += [statement for statement in statements if isinstance(statement, Declaration)]
    definitions = [statement for statement in statements if isinstance(statement, Definition)]
    questions = [statement for statement in statements if isinstance(statement, Question)]
    if not questions:
        raise errors.EndsEarly(span=Span(len(source), len(source)), after="")
    names = (wrt,) if isinstance(wrt, str) else wrt
    answer = solve(source, questions[-1], known, definitions, names, order=order, structure=structure, layout=layout)
    answer.remarks[:0] = [remark for part in definitions for remark in part.remarks] + list(questions[-1].remarks)
    return answer


def solve(
    source: str,
    question: Question,
    declarations: Sequence[Declaration],
    definitions: Sequence[Definition],
    wrt: Sequence[str] | None = None,
    *,
    order: int = 1,
    structure: str = "project",
    layout: str = "gradient",
) -> Derivative:
    """Answer one question: parsed text in, derivative out."""
    wanted = tuple(question.wrt or wrt or ())
    chosen = () if wanted == ("all",) else wanted
    typed = infer(question.expr, declarations, {d.name: d.expr for d in definitions}, wrt=chosen)
    names = _variables(typed, wanted, order)
    new_session()
    answer = Derivative(source, Inputs(question, declarations, definitions, wrt, order), typed, layout, structure)
    free = frozenset(name for name in names if _is_free(typed.variables[name], structure))
    lowered, definition_values = lower(typed, free)
    answer.output = simplify(lowered)
    restored = {_symbol(typed, name, structure): variable_tensor(typed.variables[name]) for name in free}
    defined = {rebuild(simplify(tensor), restored): name for name, tensor in definition_values.items()}
    for block in _orders(names, order):
        tensor = _derivative(answer.output, block, typed, structure)
        answer.results.append(Result(answer, block, rebuild(tensor, restored), defined))
    shown = [expr for result in answer.results for expr in (*(part.expr for part in result.where), result.expr)]
    answer.remarks += [*meanings_in(shown, typed), *convention_of(typed, names, structure)]
    return answer


def _derivative(output: Tensor, names: tuple[str, ...], typed: Typed, structure: str) -> Tensor:
    """`output` differentiated by each variable in turn, each derivative in the variable's own space and simplified."""
    tensor = output
    for name in names:
        variable, axis = _symbol(typed, name, structure), tensor.order
        if axis + variable.order > MAXIMUM_AXES:
            raise errors.TooManyAxes(axes=axis + variable.order, limit=MAXIMUM_AXES, order=len(names))
        plain = derive(tensor, variable)
        prop = typed.variables[name].property if _is_free(typed.variables[name], structure) and variable.order == 2 else None
        tensor = simplify(in_own_space(plain, axis, prop, structure, variable))
    return tensor


def _is_free(variable: Variable, structure: str) -> bool:
    """Whether a structured variable is differentiated as if it had no structure, and the derivative projected afterwards.

    A diagonal D needs no projection: as diag(d) with a free d it has no entries but those that may move.
    """
    return variable.property is not None and (variable.property != "diagonal" or structure == "ignore")


def _symbol(typed: Typed, name: str, structure: str) -> Tensor:
    """The node of a variable by which to differentiate."""
    variable = typed.variables[name]
    dims = axes_of(variable.shape)
    return symbol(name, dims, None if len(dims) == 2 and _is_free(variable, structure) else property_of(variable))


def _orders(names: Sequence[str], order: int) -> list[tuple[str, ...]]:
    """The results to give: one per variable, and for a higher order every block of the derivative."""
    return list(combinations_with_replacement(names, order))


def _variables(typed: Typed, wrt: Sequence[str] | None, order: int) -> list[str]:
    """The variables to differentiate by; without --wrt the only one there is, `all` means each of them."""
    if not order:
        return []
    if not wrt:
        if len(typed.variables) == 1:
            return list(typed.variables)
        raise errors.WhichVariable(candidates=tuple((v.name, v.kind, v.shape) for v in typed.variables.values()))
    if list(wrt) == ["all"]:
        return list(typed.variables)
    for name in wrt:
        if name not in typed.variables:  # it stands only in a definition by which is differentiated too
            raise errors.UnknownVariable(variable=name, names=tuple(typed.variables))
    return list(dict.fromkeys(wrt))


def _named_axes(typed: Typed, wrt: tuple[str, ...]) -> list[tuple[str, int, Dim, str]]:
    """Every axis as (of, axis, size, letter): i, j for the output, k, l, p, q, ... for the variables."""
    free = letters_beside(tuple(typed.variables))
    output = [next(free), next(free)]
    axes = [("output", n, d, output[n]) for n, d in enumerate(axes_of(formula.shape_of(typed.expr)))]
    for name in wrt:
        pair = [next(free), next(free)]
        axes += [(name, n, d, pair[n]) for n, d in enumerate(axes_of(typed.variables[name].shape))]
    return axes


def _size_names(typed: Typed) -> set[str]:
    return {name for variable in typed.variables.values() for dim in variable.shape for name in dim.names}


def _size_expressions(typed: Typed) -> dict[Dim, Expr]:
    """For every size of a variable an expression that is this number: rows(A) or cols(A)."""
    found: dict[Dim, Expr] = {}
    for variable in typed.variables.values():
        leaf = formula.name(variable.name, variable.shape)
        for operator, dim in zip(("rows", "cols"), variable.shape):
            if not dim.is_one and dim not in found:
                found[dim] = formula.call(operator, leaf, shape=SCALAR)
    return found
