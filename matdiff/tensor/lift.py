"""`Lift`: an expression with sums over an index as a tensor; what depends on an index has it as an axis more.

A function of one vector or matrix is taken of every member of a family by its definition in the language.  (What vmap is to programs.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matdiff.functions import FUNCTIONS
from matdiff.infer.rules import ARGUMENTS, kinds_of, sizes_in, typed_value
from matdiff.language.errors import NotLifted
from matdiff.language.queries import constant, is_scalar, post_order
from matdiff.tensor import build
from matdiff.tensor.lower import Lowering
from matdiff.tensor.nodes import Sum

if TYPE_CHECKING:
    from matdiff.language.dims import Dim
    from matdiff.language.syntax import Expr
    from matdiff.tensor.lower import Factor, Part
    from matdiff.tensor.nodes import Index, Tensor


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
        self.ranges = ranges
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
        return self._lifted(expr)

    def _member(self, expr: Expr) -> Tensor:
        """x_i and a_ij; a_ii is on the diagonal."""
        indices = [str(index.value) for index in expr.args]
        self._held[id(expr)] = held = tuple(sorted(set(indices)))
        own = self._slots(expr)
        return build.einsum([(self.values[str(expr.value)], [*indices, *own])], [*held, *own])

    def _summed(self, expr: Expr) -> Tensor:
        body, indices = expr.args[0], [str(index.value) for index in expr.args[1:] if index.op == "index"]
        conditions = [part for part in expr.args[1:] if part.op == "condition"]
        held = self.held(body)
        if expr.value == "array":
            own = self._slots(body)  # of members, which are the rows then
            return build.einsum([(self._of(body), [*held, *own])], [*indices, *own], {**self.ranges, **self._own(body)})
        left = tuple(index for index in held if index not in indices)
        factors: list[Factor] = [(self._of(body), [*held, *self._slots(expr)])]
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
        return build.einsum(factors, [*left, *self._slots(expr)], {**self.ranges, **self._own(expr)})

    def _refuse_undefined(self, body: Expr, indices: set[str]) -> None:
        """Terms that a condition leaves out become 0 times a value, which they must have: 1 / ||x_i - x_j|| has none for i = j."""
        for node in post_order(body):
            part = node.args[1] if node.op in ("/", "./") else node.args[0] if node.args else node
            row = FUNCTIONS.get(node.op)
            exponent = constant(node.args[1]) if node.op in ("^", ".^") else 1
            is_partial = node.op in ("/", "./") or (row is not None and (row.domain != "real" or row.at != ""))
            is_partial = is_partial or exponent is None or exponent < 0 or exponent.denominator != 1
            if is_partial and indices <= set(self.held(part)) and not _is_only_squared(node, body):
                raise NotLifted(span=node.span, operation="")

    def _mask(self, condition: Expr) -> Tensor:
        """The matrix with 1 where the condition on its row and column holds, else 0."""
        size = self.ranges[str(condition.args[0].value)]
        others = build.identity((size,)) if condition.value == "!=" else build.constant("tril", (), (size, size))
        return build.add([(1, build.filled(1, (size, size))), (-1, others)], (size, size))

    # What depends on indices

    def _lifted(self, expr: Expr) -> Tensor:
        op, row = expr.op, FUNCTIONS.get(expr.op)
        if op == "+":
            terms = [self._spread(arg, expr) for arg in expr.args]
            return build.add([(1, term) for term in terms], terms[0].dims)
        if op in ("/", "./"):
            numerator, denominator = expr.args
            below = build.power(self._of(denominator), -1), (*self.held(denominator), *self._slots(denominator))
            return self._joined(expr, [(numerator, self._slots(numerator))], self._slots(expr), self._own(expr), [below])
        if op == ".^" or (op == "^" and is_scalar(expr.args[0])):
            base, exponent = expr.args
            value = None if self.held(exponent) else build.number_of(self._of(exponent))
            if value is not None:
                return build.power(self._of(base), value)
            both = self._spread(base, expr), self._spread(exponent, expr)
            return build.apply("power", both, both[0].dims)
        if op == ".*" or (op == ":" and any(is_scalar(arg) for arg in expr.args)):
            return self._joined(expr, [(arg, self._slots(arg)) for arg in expr.args], self._slots(expr), self._own(expr))
        if row is not None and row.form != "each" and row.values:
            return self._defined(expr)
        if op in ("neg", "*", "at", "unvec") or (row is not None and row.form in ("each", "op")):
            return super()._value(expr)
        raise NotLifted(span=expr.span, operation=op)

    def _slots(self, expr: Expr) -> range:
        return range(len(self.axes(expr)))

    def _own(self, expr: Expr) -> dict[Index, Dim]:
        return dict(enumerate(self.axes(expr)))

    def _spread(self, part: Expr, expr: Expr) -> Tensor:
        """The value of a part with all indices and axes of the expression, along which it may be the same."""
        return self._joined(expr, [(part, self._slots(part))], self._slots(expr), self._own(expr))

    def _joined(
        self,
        expr: Expr,
        parts: Sequence[Part],
        ends: Sequence[Index],
        sizes: Mapping[Index, Dim],
        constants: Sequence[Factor] = (),
    ) -> Tensor:
        """The same where operands depend on indices: these are among the `ends`.

        A sum with more than two axes has no matrix notation, and so is multiplied out.
        """
        factors = [(self._of(arg), (*self.held(arg), *slots)) for arg, slots in parts]
        return _expanded([*factors, *constants], [*self.held(expr), *ends], {**self.ranges, **sizes})

    def _defined(self, expr: Expr) -> Tensor:
        """A function by its definition in the language."""
        shapes = dict(zip(ARGUMENTS, map(self.shape, expr.args)))
        typed = typed_value(FUNCTIONS[expr.op], kinds_of(shapes))
        values = dict(zip(ARGUMENTS, map(self._of, expr.args)))
        inner = Lift(values, self.ranges, dict(zip(ARGUMENTS, map(self.held, expr.args))), sizes_in(typed, shapes))
        return inner.value(typed.expr)


def _expanded(factors: Sequence[Factor], ends: Sequence[Index], sizes: Mapping[Index, Dim]) -> Tensor:
    for place, (tensor, slots) in enumerate(factors):
        if isinstance(tensor, Sum) and tensor.order > 2:
            products = [
                (coefficient, _expanded([*factors[:place], (term, slots), *factors[place + 1 :]], ends, sizes))
                for coefficient, term in tensor.terms
            ]
            return build.add(products, products[0][1].dims)
    return build.einsum(factors, ends, sizes)


def _is_only_squared(node: Expr, body: Expr) -> bool:
    """Whether a norm only stands under even powers: ||x||^2 has a value and a derivative everywhere."""
    holders = [other for other in post_order(body) if any(arg is node for arg in other.args)]
    powers = [constant(other.args[1]) if other.op == "^" else None for other in holders]
    squared = [power is not None and power > 0 and power % 2 == 0 for power in powers]
    return node.op in ("norm", "norm2") and bool(squared) and all(squared)
