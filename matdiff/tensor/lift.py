"""`Lift`: an expression with sums over an index as a tensor; what depends on an index has it as an axis more.

A function of one vector or matrix is taken of every member of a family by its definition in the language.  (What vmap is to programs.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matdiff.functions import FUNCTIONS
from matdiff.infer.rules import ARGUMENTS, kinds_of, sizes_in, typed_value
from matdiff.language.errors import NotLifted
from matdiff.language.queries import constant, is_scalar, post_order, shape_of
from matdiff.tensor import build
from matdiff.tensor.lower import Lowering, axes_of, fitting
from matdiff.tensor.nodes import Sum

if TYPE_CHECKING:
    from matdiff.language.dims import Dim
    from matdiff.language.syntax import Expr
    from matdiff.tensor.nodes import Index, Tensor

# Operands with the indices that each depends on, which are its first axes, and with letters for its other axes.
Part = tuple["Tensor", tuple[str, ...], Sequence["Index"]]


class Lift(Lowering):
    """`held` says on which indices a name depends; `ranges` are the sizes of the indices."""

    def __init__(
        self,
        values: dict[str, Tensor],
        ranges: Mapping[Index, Dim],
        held: Mapping[str, tuple[str, ...]] | None = None,
        sizes: dict[str, Dim] | None = None,
    ) -> None:
        super().__init__(values, sizes)
        self.ranges: dict[Index, Dim] = dict(ranges)
        self.held_names = held or {}
        self._held: dict[int, tuple[str, ...]] = {}

    def held(self, expr: Expr) -> tuple[str, ...]:
        """The indices that the value of an expression depends on, in the order of their names."""
        return self._held.get(id(expr), ())

    def _leaf(self, expr: Expr) -> Tensor:
        if expr.op == "name":
            self._held[id(expr)] = self.held_names.get(str(expr.value), ())
        return super()._leaf(expr)

    def _value(self, expr: Expr) -> Tensor:
        if expr.op == "name":
            return self._member(expr)
        if expr.op == "over":
            return self._summed(expr)
        held = tuple(sorted({index for arg in expr.args for index in self.held(arg)}))
        if not held:
            return super()._value(expr)
        self._held[id(expr)] = held
        return self._lifted(expr, held)

    def _member(self, expr: Expr) -> Tensor:
        """x_i and a_ij; a_ii is on the diagonal."""
        indices = [str(index.value) for index in expr.args]
        self._held[id(expr)] = held = tuple(sorted(set(indices)))
        own = axes_of(self.shape(expr))
        slots = [*indices, *range(len(own))]
        return build.einsum([(self.values[str(expr.value)], slots)], [*held, *range(len(own))])

    def _summed(self, expr: Expr) -> Tensor:
        body, indices = expr.args[0], [str(index.value) for index in expr.args[1:] if index.op == "index"]
        conditions = [part for part in expr.args[1:] if part.op == "condition"]
        held, own = self.held(body), axes_of(self.shape(expr))
        if expr.value == "array":
            return build.einsum([(self._of(body), held)], indices, self.ranges)
        left = tuple(index for index in held if index not in indices)
        slots: list[Index] = [*held, *range(len(own))]
        factors: list[tuple[Tensor, Sequence[Index]]] = [(self._of(body), slots)]
        for condition in conditions:
            self._refuse_undefined(body, {str(index.value) for index in condition.args})
            left_index, right_index = (str(index.value) for index in condition.args)
            left = tuple(sorted({*left, *({left_index, right_index} - set(indices))}))
            factors.append((self._mask(condition), (left_index, right_index)))
        self._held[id(expr)] = left
        masked = {str(index.value) for condition in conditions for index in condition.args}
        for index in indices:
            if index not in held and index not in masked:
                factors.append((build.size_scalar(self.ranges[index]), ()))
            if expr.value == "mean":
                factors.append((build.power(build.size_scalar(self.ranges[index]), -1), ()))
        return build.einsum(factors, [*left, *range(len(own))], self._sizes(own))

    def _refuse_undefined(self, body: Expr, indices: set[str]) -> None:
        """Terms that a condition leaves out become 0 times a value, which they must have: 1 / ||x_i - x_j|| has none for i = j."""
        for node in post_order(body):
            part = node.args[1] if node.op in ("/", "./") else node.args[0] if node.args else node
            row = FUNCTIONS.get(node.op)
            exponent = constant(node.args[1]) if node.op in ("^", ".^") else 1
            is_partial = node.op in ("/", "./") or (row is not None and (row.domain != "real" or row.at != ""))
            is_partial = is_partial or exponent is None or exponent < 0 or exponent.denominator != 1
            if is_partial and not is_square_of(node, body) and indices <= set(self.held(part)):
                raise NotLifted(span=node.span, operation="")

    def _mask(self, condition: Expr) -> Tensor:
        """The matrix with 1 where the condition on its row and column holds, else 0."""
        size = self.ranges[str(condition.args[0].value)]
        others = build.identity((size,)) if condition.value == "!=" else build.constant("tril", (), (size, size))
        return build.add([(1, build.filled(1, (size, size))), (-1, others)], (size, size))

    def _sizes(self, own: Sequence[Dim]) -> dict[Index, Dim]:
        return {**self.ranges, **dict(enumerate(own))}

    # What depends on indices

    def _lifted(self, expr: Expr, held: tuple[str, ...]) -> Tensor:
        op, own = expr.op, axes_of(self.shape(expr))
        if op == "neg":
            return build.scale(-1, self._of(expr.args[0]))
        if op == "+":
            terms = [self._spread(arg, held, own) for arg in expr.args]
            return build.add([(1, term) for term in terms], terms[0].dims)
        if op in ("/", "./"):
            numerator, denominator = expr.args
            below = build.power(self._of(denominator), -1)
            return self._joined([self._part(numerator), (below, self.held(denominator), self._axes(denominator))], held, own)
        if op == ".^" or (op == "^" and is_scalar(expr.args[0])):
            base, exponent = expr.args
            value = None if self.held(exponent) else build.number_of(self._of(exponent))
            if value is not None:
                return build.power(self._of(base), value)
            both = self._spread(base, held, own), self._spread(exponent, held, own)
            return build.apply("power", both, both[0].dims)
        if op == "*":
            return self._chain(expr, held, own)
        if op == ".*" or (op == ":" and any(is_scalar(arg) for arg in expr.args)):
            return self._joined([self._part(arg) for arg in expr.args], held, own)
        row = FUNCTIONS.get(op)
        if row is not None and row.form == "each":
            return build.apply(op, (self._of(expr.args[0]),), self._of(expr.args[0]).dims)
        if row is not None and row.values:
            return self._defined(expr)
        if row is None or row.form != "op" or op in ("cumsum", "tril", "triu"):
            raise NotLifted(span=expr.span, operation=op)
        inputs, output = fitting(row.patterns, [self.shape(arg) for arg in expr.args])
        if any("*" in token for token in output):
            raise NotLifted(span=expr.span, operation=op)
        parts: list[Part] = []
        for arg, letters in zip(expr.args, inputs):
            axes = [letter for letter, dim in zip(letters, self.shape(arg)) if not dim.is_one]
            parts.append((self._of(arg), self.held(arg), axes))
        ends = [letter for letter, dim in zip(output, self.shape(expr)) if not dim.is_one]
        sizes: dict[Index, Dim] = {
            letter: dim for letters, arg in zip(inputs, expr.args) for letter, dim in zip(letters, self.shape(arg))
        }
        return self._joined(parts, held, own, ends, sizes)

    def _axes(self, expr: Expr) -> range:
        return range(len(axes_of(self.shape(expr))))

    def _part(self, expr: Expr) -> Part:
        return self._of(expr), self.held(expr), self._axes(expr)

    def _joined(
        self,
        parts: Sequence[Part],
        held: tuple[str, ...],
        own: Sequence[Dim],
        ends: Sequence[Index] | None = None,
        sizes: Mapping[Index, Dim] | None = None,
    ) -> Tensor:
        """The product of operands, summed over letters that are no `ends`, with the indices held.

        A sum with more than two axes has no matrix notation, and so is multiplied out.
        """
        letters = range(len(own)) if ends is None else ends
        for place, (tensor, indices, slots) in enumerate(parts):
            if isinstance(tensor, Sum) and tensor.order > 2:
                terms = []
                for coefficient, term in tensor.terms:
                    changed = [*parts[:place], (term, indices, slots), *parts[place + 1 :]]
                    terms.append((coefficient, self._joined(changed, held, own, ends, sizes)))
                return build.add(terms, terms[0][1].dims)
        factors = [(tensor, (*indices, *slots)) for tensor, indices, slots in parts]
        return build.einsum(factors, [*held, *letters], {**self._sizes(own), **(sizes or {})})

    def _spread(self, expr: Expr, held: tuple[str, ...], own: Sequence[Dim]) -> Tensor:
        """The value with all these indices and axes, along which it may be the same."""
        return self._joined([self._part(expr)], held, own)

    def _chain(self, expr: Expr, held: tuple[str, ...], own: Sequence[Dim]) -> Tensor:
        """A product of matrices: each passes its columns to the rows of the next; scalars scale."""
        parts: list[Part] = []
        row: Index = None
        column: Index = None
        sizes: dict[Index, Dim] = {}
        for place, arg in enumerate(expr.args):
            rows, columns = self.shape(arg)
            if rows.is_one and columns.is_one:
                parts.append((self._of(arg), self.held(arg), ()))
                continue
            left: Index = (None if rows.is_one else f"row {place}") if row is None and column is None else column
            if row is None and column is None:
                row = left
            column = None if columns.is_one else f"column {place}"
            slots = tuple(slot for slot in (left if not rows.is_one else None, column) if slot is not None)
            sizes.update(zip(slots, axes_of(self.shape(arg))))
            parts.append((self._of(arg), self.held(arg), slots))
        return self._joined(parts, held, own, [end for end in (row, column) if end is not None], sizes)

    def _defined(self, expr: Expr) -> Tensor:
        """A function by its definition in the language."""
        shapes = dict(zip(ARGUMENTS, map(self.shape, expr.args)))
        typed = typed_value(FUNCTIONS[expr.op], kinds_of(shapes))
        values = dict(zip(ARGUMENTS, map(self._of, expr.args)))
        inner = Lift(values, self.ranges, dict(zip(ARGUMENTS, map(self.held, expr.args))), sizes_in(typed, shapes))
        return inner.value(typed.expr)


def is_square_of(node: Expr, body: Expr) -> bool:
    """Whether a norm only stands squared: ||x||^2 has a value and a derivative everywhere."""
    holders = [other for other in post_order(body) if any(arg is node for arg in other.args)]
    squared = [other.op == "^" and constant(other.args[1]) == 2 for other in holders]
    return node.op in ("norm", "norm2") and bool(squared) and all(squared)


def axes_of_value(expr: Expr) -> tuple[Dim, ...]:
    """The axes of a typed expression."""
    return axes_of(shape_of(expr))
