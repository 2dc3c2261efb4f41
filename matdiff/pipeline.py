"""`solve`: the table of contents of matdiff.  Every stage is named here once, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from itertools import chain, combinations_with_replacement, count
from math import inf
from numbers import Integral
from typing import TYPE_CHECKING, NamedTuple, overload

from matdiff import errors, index
from matdiff.conditions import convention_of, meanings_in, smoothness_of
from matdiff.derive import derive
from matdiff.directions import KINDS, SOLVE, Along, Applied, applied, directions
from matdiff.errors import OtherNotation, Remark
from matdiff.formula import shape_of
from matdiff.index import symbol
from matdiff.infer import Typed, Variable, declare, infer
from matdiff.limits import AXES, LARGEST_SIZE, TIME, within
from matdiff.lower import axes_of, lower, property_of, variable_tensor
from matdiff.nodes import Session, Tensor, new_session, resumed
from matdiff.parse import Declaration, Definition, Question, parse, parse_declaration
from matdiff.recover import Recovery, size_expressions
from matdiff.render import render
from matdiff.result import Result, Writing
from matdiff.simplify import rebuild, rebuild_all, simplify
from matdiff.structure import in_own_space
from matdiff.syntax import Span

if TYPE_CHECKING:
    from matdiff.evaluate import Report
    from matdiff.expect import Verdict
    from matdiff.prove import Proof
    from matdiff.steps.derivation import Derivation


class Inputs(NamedTuple):
    """What `solve` was asked, so that it can be asked something similar."""

    question: Question
    declarations: Sequence[Declaration]
    definitions: Sequence[Definition]
    wrt: Sequence[str] | None
    order: int


class Derivative:
    """The answer to one question: all its results, with what was understood of the input."""

    def __init__(self, source: str, inputs: Inputs, typed: Typed, layout: str, structure: str, session: Session) -> None:
        self.source, self.inputs, self.typed, self.layout, self.structure = source, inputs, typed, layout, structure
        self.session = session
        self.output: Tensor = index.number(0)
        self.remarks: list[Remark] = [*typed.remarks, *smoothness_of(typed)]
        self.results: list[Result] = []
        self.wrt: tuple[str, ...] = ()
        # Variables that the expression does not have: directions.
        self.introduced: tuple[str, ...] = ()

    def introduce(self, found: Mapping[str, Variable]) -> None:
        """Add the directions to the variables."""
        self.introduced = tuple(name for name in found if name not in self.typed.variables)
        variables = {**self.typed.variables, **{name: found[name] for name in self.introduced}}
        self.typed = Typed(self.typed.expr, variables, self.typed.definitions, self.typed.remarks)

    def to(self, format: str, **options: object) -> str:
        """The answer in one of the formats of `--to`, such as "latex", "json" or "numpy"."""
        return render(self, format, **options)

    def in_notation(self, notation: str) -> Derivative:
        """The same answer with its results in another notation: one of `notations.CHOICES`.

        "auto" is matrix notation where there is one, else index notation.  "all" gives every result in each of its notations.
        Where a result has no such notation it comes in the next best, and `remarks` say so.
        """
        if notation == "auto":
            return self
        from matdiff import notations  # needed only when somebody asks

        answer = copy(self)
        answer.results, answer.remarks = [], list(self.remarks)
        for result in self.results:
            for wanted in notations.NOTATIONS if notation == "all" else (notation,):
                try:
                    answer.results.append(result.in_notation(wanted, notations.equation_of(self, result, wanted)))
                except notations.NoNotation:
                    if notation == "all":
                        continue
                    other = notations.next_best(self, result) if wanted != "matrix" else None
                    used, equation = other or ("index", notations.equation_of(self, result, "index"))
                    answer.remarks.append(OtherNotation(wanted=wanted, used=used))
                    answer.results.append(result.in_notation(used, equation))
        return answer

    def verify(self, seed: int = 0, sizes: Mapping[str, int] | None = None) -> Report:
        """Compare every result with numerical differences of the input at random points; see `evaluate.Report`.

        `sizes` fixes sizes by name, here and in what else compares.  Raises `errors.NotASize` for a name that does not occur
        or a number that no size can be.
        """
        from matdiff import evaluate  # loads mpmath, which only numbers need

        return evaluate.verify(self, seed=seed, sizes=self._fixed(sizes))

    def _fixed(self, sizes: Mapping[str, int] | None) -> dict[str, int]:
        """The sizes that somebody chose.  Raises NotASize for a name that is none, or a number that it cannot be."""
        if not sizes:
            return {}
        names = self.typed.number_names()
        for name, number in sizes.items():
            is_whole = isinstance(number, Integral) and not isinstance(number, bool)
            if name not in names or not is_whole or not 1 <= number <= LARGEST_SIZE:
                raise errors.NotASize(text=name, number=number, names=names)
        from matdiff.trial_sizes import TrialSizes  # loads mpmath, which only numbers need

        fixed = {name: int(number) for name, number in sizes.items()}
        for name, least in TrialSizes([self.typed], fixed).too_small():
            raise errors.NotASize(text=name, number=fixed[name], names=names, least=least)
        return fixed

    def steps(self, method: str | None = None) -> list[Derivation]:
        """How every result comes about: "differential", "chain" or "index"; None takes chain where there are definitions.

        Raises `errors.NoSteps` where there is nothing to derive, or the way there has no matrix notation.
        """
        from matdiff.steps import derivation  # needed only when somebody asks

        return [derivation(self, result, method, self._ways(result)) for result in self.results]

    def operators(self) -> list[Derivative]:
        """Where the answer is the Hessian by one array, what takes the place of the dense array.

        The Hessian applied to a direction, which needs no Hessian, and its inverse applied to one, where its structure gives it.
        """
        typed, twice = self.typed, self.wrt * 2
        scalar = not axes_of(shape_of(typed.expr))
        if len(twice) != 2 or not scalar or [result.wrt for result in self.results] != [twice]:
            return []
        variable = typed.variables[twice[0]]
        if not axes_of(variable.shape):
            return []
        taken = {*typed.variables, *typed.definitions, *typed.size_names}
        letter = "V" if len(axes_of(variable.shape)) == 2 else "v"
        name = next(name for name in chain([letter], (f"{letter}{number}" for number in count(1))) if name not in taken)
        kinds = ("hvp", SOLVE) if variable.property is None else ("hvp",)
        found = [self._applied(Along(kind, (name,))) for kind in kinds]
        return [answer for answer in found if answer is not None and answer.results]

    def _applied(self, along: Along) -> Derivative | None:
        """The same question with its derivative applied to a direction; None where there is no closed form."""
        given = self.inputs
        with resumed(self.session):  # after it the nodes are again those of this answer
            try:
                return solve(
                    self.source, given.question, given.declarations, given.definitions, given.wrt,
                    structure=self.structure, layout=self.layout, along=along,
                )  # fmt: skip
            except errors.NoClosedForm:
                return None

    def _ways(self, result: Result) -> list[list[Result]]:
        """The derivatives on the way to a result, ascending: df/dx before d2f/dx2.

        To one that is applied to directions there is a way for each, which ends with the whole derivative.
        """
        if result.along is None:
            return [[*self._lower(result.wrt[:-1]), result]]
        if result.along.kind == "vjp":
            return [self._lower(result.wrt)]
        first = () if result.along.kind == "jvp" else result.wrt
        return [self._lower((*first, name)) for name in self.wrt]

    def _lower(self, wrt: tuple[str, ...]) -> list[Result]:
        """The derivatives by the first variable, by the first two, and so on."""
        blocks = [wrt[:order] for order in range(1, len(wrt) + 1)]
        before = Derivative(self.source, self.inputs, self.typed, "gradient", self.structure, new_session())
        if blocks:
            restored, defined = _lowered(before, list(dict.fromkeys(name for block in blocks for name in block)))
            writing = Writing(self.typed, rebuild(before.output, restored), defined)
            for block in blocks:
                tensor = _derivative(before.output, block, self.typed, self.structure)
                before.results.append(Result(before, block, rebuild(tensor, restored), writing))
        return before.results

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
        fixed = self._fixed(sizes)
        verdicts = tuple(compare(self, place, text, seed, fixed) for place, text in enumerate(several))
        return verdicts[0] if isinstance(expected, str) else verdicts

    def prove(self, sizes: Mapping[str, int] | None = None, progress: Callable[[int, int], None] | None = None) -> Proof:
        """Show exactly, at small sizes, that every result is the derivative of the input; see `prove.Proof`.

        `progress` is called with the number of components that are done and that of all.
        """
        from matdiff import prove  # loads SymPy, which only proofs need

        return prove.prove(self, self._fixed(sizes), progress)

    def again(self, wrt: Sequence[str] | None = None, structure: str | None = None, layout: str | None = None) -> Derivative:
        """The answer to the same question by other variables, or in another convention."""
        asked = self.inputs
        question = Question(asked.question.expr, (), asked.question.span)
        names = wrt or asked.question.wrt or asked.wrt
        structure, layout = structure or self.structure, layout or self.layout
        return solve(
            self.source,
            question,
            asked.declarations,
            asked.definitions,
            names,
            order=asked.order,
            structure=structure,
            layout=layout,
        )

    def recovery(self) -> Recovery:
        """What writes tensors of this answer in matrix notation."""
        return Recovery(size_expressions(self.typed.variables.values()))

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
    hvp: str | Sequence[str] = (),
    jvp: str | Sequence[str] = (),
    vjp: str | Sequence[str] = (),
    timeout: float | None = TIME,
) -> Derivative:
    """The derivative of the last expression in `source`, a matdiff text that may declare and define names before it.

    `wrt` is a variable or several; None takes the only one there is.  `declarations` are texts such as "W: m x n".
    `hvp`, `jvp` and `vjp`, of which one may be given, name directions to which the Hessian or the Jacobian is applied.
    After `timeout` seconds it gives up with `errors.TooLarge`; None is no limit.
    Raises `errors.MatdiffError` (or `errors.Errors`, which holds several) for input that is wrong.
    """
    with within(inf if timeout is None else timeout):
        return _differentiate(source, wrt, order, declarations, structure, layout, (hvp, jvp, vjp))


def _differentiate(
    source: str,
    wrt: str | Sequence[str] | None,
    order: int,
    declarations: str | Iterable[str],
    structure: str,
    layout: str,
    asked: Sequence[str | Sequence[str]],
) -> Derivative:
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
    applied_to = [Along(kind, (to,) if isinstance(to, str) else tuple(to)) for kind, to in zip(KINDS, asked) if to]
    if len(applied_to) > 1:
        raise ValueError("only one of hvp, jvp and vjp at a time")
    along = applied_to[0] if applied_to else None
    answer = solve(source, questions[-1], known, definitions, names, order=order, structure=structure, layout=layout, along=along)
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
    along: Along | None = None,
) -> Derivative:
    """Answer one question: parsed text in, derivative out.  With `along` it is applied to directions, and `order` says nothing."""
    wanted = tuple(question.wrt or wrt or ())
    typed = infer_question(question, declarations, definitions, wrt)
    names = _variables(typed, wanted, 1 if along else order)
    session = new_session()
    inputs = Inputs(question, declarations, definitions, wrt, order)
    answer = Derivative(source, inputs, typed, layout, structure, session)
    answer.wrt = tuple(names)
    restored, defined = _lowered(answer, names)
    if along is not None:
        found = directions(along, typed, names, declare(declarations))
        blocks = applied(along, answer.output, names, found, lambda tensor, name: _derivative(tensor, (name,), typed, structure))
        answer.introduce(found)
    else:
        blocks = [Applied(block, _derivative(answer.output, block, typed, structure)) for block in _orders(names, order)]
    writing = Writing(answer.typed, rebuild(answer.output, restored), defined)
    answer.results += [
        Result(answer, block, rebuild(tensor, restored), writing, along, place) for place, (block, tensor) in enumerate(blocks)
    ]
    shown = [expr for result in answer.results for expr in (*(part.expr for part in result.where), result.expr)]
    answer.remarks += [*meanings_in(shown, typed), *convention_of(typed, names, structure)]
    return answer


def infer_question(
    question: Question, declarations: Sequence[Declaration], definitions: Sequence[Definition], wrt: Sequence[str] | None
) -> Typed:
    """The expression of a question with all shapes; see `infer`."""
    wanted = tuple(question.wrt or wrt or ())
    chosen = () if wanted == ("all",) else wanted
    return infer(question.expr, declarations, {d.name: d.expr for d in definitions}, wrt=chosen)


def _lowered(answer: Derivative, names: Sequence[str]) -> tuple[dict[Tensor, Tensor], dict[Tensor, str]]:
    """Put the value of the question into index form; how structure is put in again, and the names of the definitions' values."""
    typed, structure = answer.typed, answer.structure
    free = frozenset(name for name in names if _is_free(typed.variables[name], structure))
    lowered, definition_values = lower(typed, free)
    answer.output = simplify(lowered)
    restored = {_symbol(typed, name, structure): variable_tensor(typed.variables[name]) for name in free}
    values = rebuild_all(map(simplify, definition_values.values()), restored)
    return restored, dict(zip(values, definition_values))


def _derivative(output: Tensor, names: tuple[str, ...], typed: Typed, structure: str) -> Tensor:
    """`output` differentiated by each variable in turn, each derivative in the variable's own space and simplified."""
    tensor = output
    for name in names:
        variable, axis = _symbol(typed, name, structure), tensor.order
        if axis + variable.order > AXES:
            raise errors.TooManyAxes(axes=axis + variable.order, limit=AXES, order=len(names))
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
