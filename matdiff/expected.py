"""`read_expected`: an expression that is to be compared with a result, read with the names and sizes of the question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matdiff import index
from matdiff.dims import SCALAR, Shape
from matdiff.errors import Clash, EndsEarly, Errors, MatdiffError, UnexpectedText, UnknownVariable, WrongExpected
from matdiff.infer import Typed, infer
from matdiff.lower import lower
from matdiff.parse import Declaration, Definition, Question, parse
from matdiff.parts import names_in, shape_of
from matdiff.simplify import simplify
from matdiff.syntax import Expr
from matdiff.variables import Variable, declare, kind_of

if TYPE_CHECKING:
    from matdiff.pipeline import Derivative

# What the result is called while an expression is read beside it: no name of the language.
_RESULT = "?"


def read_expected(answer: Derivative, text: str, shape: Shape | None) -> Typed:
    """The last expression of `text`, typed.

    It may use the variables, definitions and declarations of the question, the named parts of the results, sizes as numbers
    (`2/n x`), and definitions of its own.  Where it can have the shape of the result, `shape`, it has: `I`, `ones` and `0` do.
    Raises `WrongExpected`.
    """
    try:
        return _read(_Names(answer), text, shape)
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
    names.check([question.expr, *(s.expr for s in statements if isinstance(s, Definition))])
    typed = _beside(question.expr, shape, names) if shape is not None else None
    return typed or names.typed(question.expr)


def _beside(expr: Expr, shape: Shape, names: _Names) -> Typed | None:
    """The expression with the shape of the result, or None where it cannot have it."""
    try:
        both = names.typed(Expr("+", (expr, Expr("name", (), _RESULT))), {_RESULT: shape})
    except MatdiffError:
        return None
    typed = Typed(both.expr.args[0], {n: v for n, v in both.variables.items() if n != _RESULT}, both.definitions, ())
    if shape_of(typed.expr) == SCALAR != shape:
        if index.number_of(simplify(lower(typed)[0])) != 0:
            return None
        typed.expr = Expr("zeros", (), shape=shape)
    return typed if shape_of(typed.expr) == shape else None


class _Names:
    """What the names in an expected expression mean."""

    def __init__(self, answer: Derivative) -> None:
        inputs = answer.inputs
        self.variables: dict[str, Variable] = {**declare(inputs.declarations), **answer.typed.variables}
        self.definitions = {d.name: d.expr for d in inputs.definitions if d.name not in answer.typed.variables}
        for result in answer.results:
            for part in result.where:
                self.definitions.setdefault(part.name, part.expr)
        for dim, number in answer.recovery().sizes.items():
            if dim.name is not None and dim.name not in self.variables:
                self.definitions.setdefault(dim.name, number)
        self.declared_sizes = {n for v in declare(inputs.declarations).values() for dim in v.shape for n in dim.names}

    @property
    def known(self) -> list[str]:
        return [*self.variables, *self.definitions]

    def add(self, statements: list[Declaration | Definition | Question]) -> None:
        """What the expected expression declares and defines itself; its own definitions win."""
        self.variables |= declare([s for s in statements if isinstance(s, Declaration)])
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
        variables = {**self.variables, **{name: Variable(name, kind_of(shape), shape) for name, shape in (more or {}).items()}}
        try:
            return infer(expr, variables, self.definitions, soft=False)
        except MatdiffError as error:
            if isinstance(error, Clash):
                error.rigid = tuple(name for name in error.rigid if name in self.declared_sizes)
            raise
