"""`read_expected`: an expression that is to be compared with a result, read with the names and sizes of the question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matdiff.answer.matrices import in_matrices
from matdiff.derive.asked import Asked
from matdiff.infer.infer import Typed, infer
from matdiff.infer.variables import declare, described
from matdiff.language import make
from matdiff.language.dims import SCALAR, Shape
from matdiff.language.errors import DeclaredTwice, EndsEarly, Errors, MatdiffError, UnexpectedText, UnknownVariable, WrongExpected
from matdiff.language.kinds import Variable, declared_kind
from matdiff.language.queries import axis_letters, held_letter, is_held, names_in, post_order, shape_of
from matdiff.language.syntax import Expr
from matdiff.laws.simplify import simplify
from matdiff.read.parse import Declaration, Definition, Question, parse
from matdiff.read.sums.binding import held_at
from matdiff.tensor import build
from matdiff.tensor.lift import lower

if TYPE_CHECKING:
    from matdiff.answer.answer import Answer
    from matdiff.answer.result import Result

# What the result is called while an expression is read beside it: no name of the language.
_RESULT = "?"


def read_expected(answer: Answer, text: str, shape: Shape | None, result: Result) -> Typed:
    """The last expression of `text`, typed.

    It may use the variables, definitions and declarations of the question, the named parts of the results, the differentials in
    this one, sizes as numbers (`2/n x`), and definitions of its own, but give no variable of the question another meaning.  Where
    it can have the shape of the result, `shape`, it has: `I`, `ones` and `0` do.
    Raises `WrongExpected`.
    """
    try:
        return _read(_Names(answer, result), text, shape)
    except Errors as problem:
        raise WrongExpected(problem.errors, text) from None
    except MatdiffError as problem:
        raise WrongExpected([problem], text) from None


def _read(names: _Names, text: str, shape: Shape | None) -> Typed:
    statements = parse(text, known=names.known)
    questions = [statement for statement in statements if isinstance(statement, Question)]
    if not questions:
        raise Errors([EndsEarly(span=statements[-1].span, after="")])
    question = questions[-1]
    if question.wrt:
        raise Errors([UnexpectedText(span=question.wrt_spans[0], text=question.wrt[0], reason="wrt")])
    names.add(statements)
    expr = names.at_members(names.at_axes(question.expr))
    names.check([expr, *(s.expr for s in statements if isinstance(s, Definition))])
    has_rows = shape is not None and len(shape) < 3
    typed = _beside(expr, shape, names) if shape is not None and has_rows else None
    if typed is None and shape is not None and has_rows and names.letters and expr is question.expr:  # the same for every member
        typed = _beside(held_at(expr, names.letters[0]), shape, names)
    return typed or _without_sums(names.typed(expr))


def _without_sums(typed: Typed) -> Typed:
    return in_matrices(typed, Asked()) if typed.ranges else typed


def _beside(expr: Expr, shape: Shape, names: _Names) -> Typed | None:
    """The expression with the shape of the result, or None where it cannot have it."""
    try:
        both = names.typed(Expr("+", (expr, Expr("name", (), _RESULT))), {_RESULT: shape})
    except MatdiffError:
        return None
    typed = Typed(both.expr.args[0], {n: v for n, v in both.variables.items() if n != _RESULT}, both.definitions, ())
    typed.ranges = both.ranges
    typed = _without_sums(typed)
    if shape_of(typed.expr) == SCALAR != shape:
        if build.number_of(simplify(lower(typed)[0])) != 0:
            return None
        typed.expr = Expr("zeros", (), shape=shape)
    return typed if shape_of(typed.expr) == shape else None


class _Names:
    """What the names in an expected expression mean."""

    def __init__(self, answer: Answer, result: Result) -> None:
        inputs = answer.inputs
        self.variables: dict[str, Variable] = {**declare(inputs.declarations), **answer.typed.variables}
        self.definitions = {d.name: d.expr for d in inputs.definitions if d.name not in answer.typed.variables}
        for result in answer.results:
            for part in result.where:
                self.definitions.setdefault(part.name, part.expr)
        for dim, number in answer.recovery.sizes.items():
            if dim.name is not None and dim.name not in self.variables:
                self.definitions.setdefault(dim.name, number)
        self.own = {*self.variables, *answer.typed.size_names}
        self.letters = [name.rpartition("_")[2] for name, family in answer.asked.members if family in result.wrt]
        self.axes = {letter: dim for *_, dim, letter in result.full_axes} if result.form == "index" else {}
        self.variables |= _differentials(result.expr, answer)

    @property
    def known(self) -> list[str]:
        return [*self.variables, *self.definitions]

    def add(self, statements: list[Declaration | Definition | Question]) -> None:
        """What the expected expression declares and defines itself; its own definitions win.

        Raises `Errors` where it gives another meaning to a variable or size of the question.
        """
        declared = declare([s for s in statements if isinstance(s, Declaration)])
        again: list[MatdiffError] = []
        for statement in statements:
            if isinstance(statement, Question) or statement.name not in self.own:
                continue
            known, new = self.variables.get(statement.name), declared.get(statement.name)
            if known is None or new is None or (known.shape, known.property) != (new.shape, new.property):
                first = "" if known is None else described(known)
                second = "" if new is None else described(new)
                again.append(
                    DeclaredTwice(
                        variable=statement.name,
                        first=None,
                        second=statement.span if new else statement.name_span,
                        first_text=first,
                        second_text=second,
                        in_question=True,
                    )
                )
        if again:
            raise Errors(again)
        self.variables |= declared
        own = {s.name: s.expr for s in statements if isinstance(s, Definition)}
        self.variables = {name: variable for name, variable in self.variables.items() if name not in own}
        self.definitions |= own

    def check(self, exprs: list[Expr]) -> None:
        """Raise `Errors` for names that mean nothing: a new name has nothing to be compared with."""
        names = tuple(self.variables)
        unknown = {str(node.value): node for expr in exprs for node in names_in(expr) if node.value not in self.known}
        if unknown:
            raise Errors([UnknownVariable(variable=n, names=names, span=node.span, expected=True) for n, node in unknown.items()])

    def typed(self, expr: Expr, more: dict[str, Shape] | None = None) -> Typed:
        """The expression with its shapes.  Sizes that were only inferred are no reason of the user's for an error."""
        variables = {
            **self.variables,
            **{name: Variable(name, declared_kind(shape), shape) for name, shape in (more or {}).items()},
        }
        return infer(expr, variables, self.definitions, soft=False)

    def at_axes(self, expr: Expr) -> Expr:
        """The array with the axes of a result in index notation, where it is written at their letters."""
        is_array = bool(axis_letters(expr)) and all(map(is_held, expr.args[1:]))
        written = {
            str(place.value) for node in post_order(expr) if node.op == "at" for place in node.args[1:] if place.op == "name"
        }
        if not self.axes or not (is_array or written & self.axes.keys()):
            return expr
        own = [Expr("index", (make.size_argument(dim),), held_letter(one), expr.span) for one, dim in self.axes.items()]
        body = held_at(expr.args[0] if is_array else expr, list(self.axes))
        return Expr("over", (body.args[0], *own), "array", expr.span)

    def at_members(self, expr: Expr) -> Expr:
        """The expression for all members, where it says what the derivative by one is: 2 (x_k - m) by x_k."""
        names = names_in(expr)
        strange = {str(node.value) for node in names if not node.args} - set(self.known)
        found = {
            letter for stem, _, own in (name.rpartition("_") for name in strange) if stem in self.variables for letter in own
        }
        found |= {str(place.value) for node in names for place in node.args if place.op == "name"}
        for letters in self.letters:
            if found & set(letters):
                return held_at(expr, letters)
        return expr


# Of these the differential of a structured variable has the structure; that of an orthogonal one has none that is declared.
_KEPT = {"spd": "symmetric", **{name: name for name in ("symmetric", "skew", "diagonal", "lower", "upper")}}


def _differentials(expr: Expr, answer: Answer) -> dict[str, Variable]:
    """The variables that the differentials of a formula are, `dX` as X is."""
    found = {}
    for node in post_order(expr):
        if node.op == "differential":
            variable = answer.typed.variables[str(node.value)]
            kept = None if answer.asked.structure == "ignore" else _KEPT.get(variable.property or "")
            name = f"d{variable.name}"
            found[name] = Variable(name, variable.kind, variable.shape, kept)
    return found
