"""A question with sums over indices written out term by term, with numbers for the members: what it means, without any of our laws."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

from mathematics import _equal, usable_sizes

import matdiff
from matdiff.check import verify
from matdiff.check.verify import Undefined
from matdiff.infer.infer import Typed, infer
from matdiff.language.dims import shape_of_axes, size
from matdiff.language.kinds import Variable, declared_kind
from matdiff.language.queries import is_held, post_order, sets_of, shape_of
from matdiff.language.statements import Definition, Question
from matdiff.language.syntax import Expr
from matdiff.numbers.axes import number_of_dim
from matdiff.numbers.precision import mp
from matdiff.read.parse import parse

Matrix = list[list[Any]]


def check_reading(text: str, answer: matdiff.Derivative) -> None:
    """The question as it is asked has the value of the sum written out term by term."""
    typed = answer.typed
    sizes = usable_sizes(answer, 0)
    statements = parse(text)
    sums = [node for one in statements if hasattr(one, "expr") for node in post_order(one.expr) if node.op == "over"]
    with mp.workdps(30):
        for seed in range(40):
            values = verify.sample(typed, seed, sizes)
            assert values is not None
            values.update({str(one.value): _indicator(values[str(one.value)]) for part in sums for one in sets_of(part)})
            written = WrittenOut(statements, typed.variables, sizes, values)
            try:
                meant = verify.evaluate(written.typed.expr, written.values, sizes, written.typed.definitions)
                found = verify.evaluate(typed.expr, values, sizes, typed.definitions)
            except Undefined:
                continue
            assert _equal(meant, found)
            return
    raise AssertionError("no point")


def _indicator(array: Matrix) -> Matrix:
    """Ones and zeros in the shape of an array, none on the diagonal, since nothing stands apart from itself."""
    return [[mp.mpf((i - j) % 3 != 0) for j, _ in enumerate(row)] for i, row in enumerate(array)]


class WrittenOut:
    """The question in which each sum is a sum of terms, and every member of a family a variable of its own.

    `values` are those of the variables and of these members.
    """

    def __init__(self, statements: Any, variables: Any, sizes: dict[str, int], values: dict[str, Matrix]) -> None:
        self.sizes, self.values = sizes, dict(values)
        self.parts: dict[str, Expr] = {one.name: one.expr for one in statements if isinstance(one, Definition)}
        (question,) = (one for one in statements if isinstance(one, Question))
        typed = infer(question.expr, variables, self.parts, soft=True)
        self.ranges = {str(index): number_of_dim(dim, sizes) for index, dim in typed.ranges.items()}
        # With one index, of members: these are the rows.
        self.has_rows = len(question.expr.args) == 2 and not shape_of(typed.expr)[1].is_one
        fixed = {name: size(number) for name, number in sizes.items()}
        self.variables = {
            name: one._replace(shape=tuple(dim.substitute(fixed) for dim in one.shape)) for name, one in variables.items()
        }
        held = {place: number for place, number in sizes.items() if place in self.ranges}
        whole = {name: self.expanded(part, held) for name, part in self.parts.items() if self._is_matrix(part)}
        expr = self.expanded(question.expr, held)
        numbers = {name: Expr("number", (), number) for name, number in sizes.items() if name not in variables}
        both = {name: _with_sizes(part, numbers) for name, part in whole.items()}
        self.typed: Typed = infer(_with_sizes(expr, numbers), self.variables, both, soft=True)

    def _is_matrix(self, part: Expr) -> bool:
        return part.op != "over" or part.value != "array" or len(part.args) < 4

    def expanded(self, expr: Expr, at: dict[str, int]) -> Expr:
        """The expression with these numbers for its indices."""
        if expr.op == "name" and expr.args:
            return self._member(str(expr.value), [at[str(index.value)] for index in expr.args])
        if expr.op == "name" and expr.value in self.parts and not self._is_matrix(self.parts[str(expr.value)]):
            return self.expanded(self.parts[str(expr.value)], at)
        if expr.op == "at" and any(place.op == "index" for place in expr.args[1:]):
            places = [Expr("number", (), at[str(one.value)]) if one.op == "index" else one for one in expr.args[1:]]
            return expr.replace(args=(self.expanded(expr.args[0], at), *places))
        if expr.op == "over":
            return self._sum(expr, at)
        return expr.replace(args=tuple(self.expanded(arg, at) for arg in expr.args)) if expr.args else expr

    def _sum(self, expr: Expr, at: dict[str, int]) -> Expr:
        indices = [str(index.value) for index in expr.args[1:] if index.op == "index"]
        rows = [range(1, self.ranges[index] + 1) for index in indices]
        places = [{**at, **dict(zip(indices, place))} for place in product(*rows)]
        for condition in (part for part in expr.args[1:] if part.op == "condition"):
            one, other = (str(index.value) for index in condition.args)
            places = [p for p in places if p[one] < p[other] or (condition.value == "!=" and p[one] > p[other])]
        for part in sets_of(expr):
            places = [p for p in places if self._entry(str(part.value), [p[str(index.value)] for index in part.args])]
        terms = [self.expanded(expr.args[0], place) for place in places]
        if expr.value == "array":
            if self.has_rows and is_held(expr.args[1]):
                terms = [Expr("'", (term,)) for term in terms]
            return Expr("block", tuple(terms), prod(map(len, rows[1:])))
        if not terms:
            return Expr("number", (), 0)
        if expr.value in ("max", "min"):
            return Expr(str(expr.value), (Expr("block", tuple(terms), 1),))
        total = Expr("*" if expr.value == "prod" else "+", tuple(terms)) if len(terms) > 1 else terms[0]
        return Expr("/", (total, Expr("number", (), len(terms)))) if expr.value == "mean" else total

    def _entry(self, name: str, places: list[int]) -> Any:
        row, column = (*places, 1)[:2]
        return self.values[name][row - 1][column - 1]

    def _member(self, name: str, places: list[int]) -> Expr:
        """The member, or entry, as a variable of its own; one of an array that is defined by its entries is what it is defined as."""
        if name not in self.variables:
            body, *indices = self.parts[name].args
            return self.expanded(body, {str(index.value): place for index, place in zip(indices, places)})
        member = "_".join([name, *map(str, places), "member"])
        if member not in self.variables:
            shape = self.variables[name].shape
            rest = shape_of_axes([dim for dim in shape[len(places) :] if not dim.is_one])
            sizes = [number_of_dim(dim, self.sizes) for dim in shape]
            entries = [entry for row in self.values[name] for entry in row]
            count = prod(sizes[len(places) :])
            first = sum((place - 1) * prod(sizes[axis + 1 :]) for axis, place in enumerate(places))
            columns = number_of_dim(rest[1], self.sizes)
            found = entries[first : first + count]
            self.values[member] = [found[start : start + columns] for start in range(0, count, columns)]
            self.variables[member] = Variable(member, declared_kind(rest), rest)
        return Expr("name", (), member)


def _with_sizes(expr: Expr, numbers: dict[str, Expr]) -> Expr:
    if expr.op == "name" and expr.value in numbers:
        return numbers[str(expr.value)]
    return expr.replace(args=tuple(_with_sizes(arg, numbers) for arg in expr.args)) if expr.args else expr
