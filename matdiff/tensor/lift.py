"""`Lift`: an expression as a tensor; what depends on an index, of a sum or of the rows of a matrix, has it as an axis more.

A function of one vector is taken of every member of a family, or of every row of a matrix, as a function of rows or by its definition
in the language.  (What vmap is to programs.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matdiff.functions import FUNCTIONS, lifted, word_of
from matdiff.infer.rules import ARGUMENTS, kinds_of, sizes_in, typed_call, typed_on_scalar, typed_rule, typed_value
from matdiff.language.dims import ONE
from matdiff.language.errors import NotLifted
from matdiff.language.queries import constant, is_scalar, post_order
from matdiff.tensor import build
from matdiff.tensor.lower import Lowering, variable_tensor
from matdiff.tensor.nodes import Sum

if TYPE_CHECKING:
    from collections.abc import Callable

    from matdiff.functions import Function
    from matdiff.infer.infer import Typed
    from matdiff.infer.rules import Kinds
    from matdiff.language.dims import Dim
    from matdiff.language.syntax import Expr
    from matdiff.tensor.lower import Factor, Part
    from matdiff.tensor.nodes import Index, Tensor


def lower(typed: Typed, free: frozenset[str] = frozenset()) -> tuple[Tensor, dict[str, Tensor]]:
    """The value of the typed expression, and those of its definitions; see `lowering_of`."""
    lowering = lowering_of(typed, free)
    return lowering.value(typed.expr), {name: lowering.values[name] for name in typed.definitions}


def lowering_of(typed: Typed, free: frozenset[str] = frozenset()) -> Lift:
    """What lowers the typed expression: it knows the variables and the definitions.

    Variables in `free` are lowered as if nothing were known of their structure.
    """
    lowering = Lift({name: variable_tensor(variable, name not in free) for name, variable in typed.variables.items()})
    for name, definition in typed.definitions.items():
        lowering.values[name] = lowering.value(definition)
    return lowering


# The index of the row or column of a matrix, which no index of a text is called, and that of an entry of it.
_LINE, _ENTRY = "~", "~~"


class Lift(Lowering):
    """`held` says on which indices a name depends; `ranges` are the sizes of the indices."""

    def __init__(
        self,
        values: dict[str, Tensor],
        sizes: dict[str, Dim] | None = None,
        ranges: Mapping[Index, Dim] | None = None,
        held: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        super().__init__(values, sizes)
        self.ranges = ranges or {}
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
            return build.einsum([(self._of(body), held)], indices, self.ranges)
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
        if row is not None and row.form == "lifted":
            return self._of_lines(expr, row)
        if (
            row is not None
            and row.form == "func"
            and row.takes_vectors
            and len(self.held(expr)) == 1
            and self._is_of_vector(expr)
        ):
            return self._of_members(expr, row)
        if row is not None and row.form != "each" and row.values:
            return self._defined(expr, typed_value)
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

    def _defined(self, expr: Expr, typed_of: Callable[[Function, Kinds], Typed]) -> Tensor:
        """A function by what its row says, in the language, of arguments of these kinds."""
        shapes = dict(zip(ARGUMENTS, map(self.shape, expr.args)))
        typed = typed_of(FUNCTIONS[expr.op], kinds_of(shapes))
        values = dict(zip(ARGUMENTS, map(self._of, expr.args)))
        inner = Lift(values, sizes_in(typed, shapes), self.ranges, dict(zip(ARGUMENTS, map(self.held, expr.args))))
        return inner.inside(expr, typed, self.held(expr))

    def inside(self, call: Expr, typed: Typed, held: Sequence[str]) -> Tensor:
        """The value of what a row says of a call, with these indices.  Raises NotLifted, which is about the call."""
        try:
            return self.spread(typed.expr, held)
        except NotLifted:
            raise NotLifted(span=call.span, operation=word_of(call.op)) from None

    def spread(self, expr: Expr, held: Sequence[str]) -> Tensor:
        """The value of an expression with these indices, on some of which it may not depend."""
        value, slots = self.value(expr), self._slots(expr)
        if tuple(held) == self.held(expr):
            return value
        return build.einsum([(value, [*self.held(expr), *slots])], [*held, *slots], {**self.ranges, **self._own(expr)})

    # Functions of vectors

    def _is_of_vector(self, expr: Expr) -> bool:
        """Whether the argument is a column or a number."""
        return self.shape(expr.args[0])[1].is_one

    def _of_members(self, expr: Expr, row: Function) -> Tensor:
        """A function of every member of a family: the members are the rows of a matrix."""
        (arg,) = expr.args
        if not self.axes(arg):
            return self._defined(expr, typed_on_scalar)
        members = self._of(arg)
        return build.apply(lifted(row.name, "rows"), (members,), members.dims[:1] + self.axes(expr))

    def definition(self, expr: Expr) -> Tensor:
        """The value of `softmax(X, rows)` by the definition of softmax, where it has one."""
        row = FUNCTIONS[expr.op]
        for arg in expr.args:
            self.value(arg)
        return self._of_lines(expr, row, typed_value if FUNCTIONS[row.of].values else typed_call)

    def _of_lines(self, expr: Expr, row: Function, typed_of: Callable[[Function, Kinds], Typed] = typed_call) -> Tensor:
        """f(X, rows) and f(X, cols): f of a vector that depends on one more index."""
        (arg,) = expr.args
        outer = self.held(arg)
        places = (_LINE, _ENTRY) if row.along == "rows" else (_ENTRY, _LINE)
        sizes: dict[Index, Dim] = dict(zip(places, self.shape(arg)))
        held = tuple(sorted({*outer, _LINE})) if not sizes[_LINE].is_one else outer
        axes = [place for place in places if not sizes[place].is_one]
        vector = build.einsum([(self._of(arg), [*outer, *axes])], [*held, *(axis for axis in axes if axis == _ENTRY)])
        shapes = {ARGUMENTS[0]: (sizes[_ENTRY], ONE)}
        typed = typed_of(FUNCTIONS[row.of], kinds_of(shapes))
        inner = Lift({ARGUMENTS[0]: vector}, sizes_in(typed, shapes), {**self.ranges, **sizes}, {ARGUMENTS[0]: held})
        value = inner.inside(expr, typed, held)
        own = [_ENTRY] if inner.axes(typed.expr) else []
        return build.einsum([(value, [*held, *own])], [*outer, *(axis for axis in axes if axis == _LINE or own)])


def differential_of_rows(function: str, values: Mapping[str, Tensor]) -> Tensor:
    """The differential of a function of vectors, of every row: its rule with X, Y and dX, which have the rows as first axis."""
    shapes = {name: (tensor.dims[1] if tensor.order > 1 else ONE, ONE) for name, tensor in values.items()}
    typed = typed_rule(FUNCTIONS[function], kinds_of(shapes), 0)
    lift = Lift(dict(values), sizes_in(typed, shapes), {_LINE: values["X"].dims[0]}, dict.fromkeys(values, (_LINE,)))
    return lift.spread(typed.expr, (_LINE,))


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
    """Whether a norm only stands squared: ||x||^2 has a value and a derivative everywhere."""
    holders = [other for other in post_order(body) if any(arg is node for arg in other.args)]
    squared = [other.op == "^" and constant(other.args[1]) == 2 for other in holders]
    return node.op in ("norm", "norm2") and bool(squared) and all(squared)
