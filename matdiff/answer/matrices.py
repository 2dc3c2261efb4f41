"""`in_matrices`: a question with sums over an index as the same question about matrices, which is then asked like any other.

The sum is lowered with its indices as axes and recovered: sum_i (y_i - w^T x_i)^2 is ||y - x w||^2, with x the matrix whose rows
are the x_i.  What has no matrix notation stays in indices, the parts that have it written as matrices.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from matdiff.answer.leftside import output_name
from matdiff.answer.masks import Algebra, completed
from matdiff.infer.infer import Typed
from matdiff.infer.unify import is_open
from matdiff.language.errors import IndexSum, NoClosedForm, NotLifted, SumRead
from matdiff.language.make import transposed
from matdiff.language.queries import (
    axis_letters,
    families,
    indices_of,
    letter_of,
    masks_of,
    membership,
    ones_of,
    positions,
    post_order,
    sets_of,
    shape_of,
)
from matdiff.language.syntax import Expr
from matdiff.laws.simplify import simplify
from matdiff.recover.entries import in_indices, letters_beside
from matdiff.recover.graph import Irreducible
from matdiff.recover.recover import Recovery, size_expressions
from matdiff.tensor import build
from matdiff.tensor.lift import Lift
from matdiff.tensor.lower import axes_of, variable_tensor
from matdiff.tensor.nodes import Session, Tensor, entered

if TYPE_CHECKING:
    from matdiff.derive.asked import Asked
    from matdiff.language.kinds import Variable


def in_matrices(typed: Typed, asked: Asked) -> Typed:
    """The typed question without sums over an index, or with such as are printed: entries, sums of entries, deltas.

    The derivative by a member that is `asked` for is a part of that by its family.
    """
    parts = (*typed.definitions.values(), typed.expr)
    _check_ranges(typed, parts)
    with entered(Session()):
        writing = _Writing(typed)
        definitions = {}
        for name, value in typed.definitions.items():
            if ones_of(value) == (True, False):  # a row, which as a tensor is no other than a column, has no name there
                writing.values[name] = writing.lowered(value)
                continue
            definitions[name] = writing.written(value)
            writing.values[name] = build.symbol(name, axes_of(shape_of(value)))
        expr = writing.written(typed.expr)
    first = next(node for part in parts for node in post_order(part) if node.op == "over")
    known = families(parts)
    plain = Typed(expr, typed.variables, definitions, ())
    remark = SumRead(
        span=first.span,
        read=expr,
        definitions=tuple(definitions.items()),
        members=tuple(_member(node, typed.variables[name]) for name, node in known.items() if name in typed.variables),
        by=tuple((name, _place(name.rpartition("_")[2], typed.variables[family]), family) for name, family in asked.members),
        is_by_whole=asked.along is not None or asked.order > 1 or bool(axes_of(shape_of(expr))),
        sets=_sets(parts),
        held=positions(parts),
        output=output_name(plain),
        apart=tuple(name for name in typed.variables if name.rpartition("_")[0] in known),
    )
    plain.remarks = (remark, *typed.remarks)
    plain.counted, plain.indices = typed.sizes_as_numbers, indices_of(parts)
    return plain


class _Writing:
    """How the parts of a question are written; `values` are those of its names."""

    def __init__(self, typed: Typed) -> None:
        self.ranges = typed.ranges
        self.values: dict[str, Tensor] = {name: variable_tensor(variable) for name, variable in typed.variables.items()}
        self.recovery = Recovery(size_expressions(typed.variables.values(), named=typed.sizes_as_numbers))
        self.taken = (*typed.variables, *typed.definitions, *typed.size_names)

    def lowered(self, expr: Expr, multiplied_out: bool = True) -> Tensor:
        """The value; sums that leave terms out are completed before."""

        def value(part: Expr) -> Tensor:
            return Lift(self.values, ranges=self.ranges, multiplied_out=multiplied_out).value(part)

        if any(node.op == "over" and masks_of(node) for node in post_order(expr)):
            algebra = Algebra(lambda part: build.number_of(value(part)) == 0, lambda one, other: value(one) is value(other))
            expr = completed(expr, algebra)
        return simplify(value(expr))

    def written(self, expr: Expr) -> Expr:
        """In matrices, or else by its entries."""
        try:
            found = self.recovery.expr(self.lowered(expr))
            return transposed(found) if ones_of(expr) == (True, False) != ones_of(found) else found
        except Irreducible:
            tensor = self.lowered(expr, multiplied_out=False)
        own = axis_letters(expr)
        # The axes of an array without a left side are read in the order of the alphabet.
        letters = (
            list(own)
            if len(own) == tensor.order and list(own) == sorted(own)
            else sorted(islice(letters_beside(self.taken), tensor.order))
        )
        try:
            entry = in_indices(tensor, letters, self.recovery, self.taken, reduce=True)
        except NoClosedForm as error:
            operations = [node for node in post_order(expr) if error.function in (node.op, node.value)]
            raise NotLifted(span=(operations or [expr])[-1].span, operation=error.function) from None
        indices = tuple(Expr("index", (), letter) for letter in letters)
        return Expr("over", (entry, *indices), "array", shape=shape_of(expr)) if letters else entry


def _sets(parts: Iterable[Expr]) -> tuple[tuple[str, str], ...]:
    """The entries of the arrays that stand for sets, and of what they tell that it is in one."""
    sums = [node for part in parts for node in post_order(part) if node.op == "over"]
    entries = {part.value: (_entry(part), membership(node, part)) for node in reversed(sums) for part in sets_of(node)}
    return tuple(entries.values())[::-1]


def _entry(node: Expr) -> str:
    return f"{node.value}_{''.join(map(letter_of, node.args))}"


def _member(node: Expr, array: Variable) -> tuple[str, str, str]:
    """A member as it is written, what it is of its array, and the array."""
    return _entry(node), _place([letter_of(index) for index in node.args], array), array.name


def _place(letters: Sequence[str], array: Variable) -> str:
    """What a member with these indices is of its array: `row i`."""
    kind = ("entry", "row", "matrix")[min(len(axes_of(array.shape)) - len(letters), 2)]
    return f"{kind} {', '.join(letters)}"


def _check_ranges(typed: Typed, parts: Iterable[Expr]) -> None:
    """Raises IndexSum for an index of which nothing tells the size."""
    for node in (node for part in parts for node in post_order(part) if node.op == "over"):
        for index in node.args[1:]:
            if index.op == "index" and is_open(typed.ranges[str(index.value)]):
                letter = letter_of(index)
                raise IndexSum(span=index.span or node.span, written=letter, problem="range", index=letter)
