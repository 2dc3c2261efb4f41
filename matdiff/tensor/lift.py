"""`Lift`: an expression with sums over an index as a tensor; what depends on an index has it as an axis more.

A function of one vector or matrix is taken of every member of a family by its definition in the language.  (What vmap is to programs.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matdiff.functions import FUNCTIONS
from matdiff.infer.rules import ARGUMENTS, kinds_of, sizes_in, typed_value
from matdiff.language.errors import NotLifted
from matdiff.language.queries import is_scalar, post_order
from matdiff.language.syntax import Expr
from matdiff.tensor import build
from matdiff.tensor.lower import Lowering, call
from matdiff.tensor.masks import Algebra, completed, masks_of

if TYPE_CHECKING:
    from matdiff.language.dims import Dim
    from matdiff.tensor.lower import Factor, Part
    from matdiff.tensor.nodes import Index, Tensor

# What is asked of an index is asked of the array of all terms.
_OF_ARRAYS = ("prod", "max", "min")


class Lift(Lowering):
    """`held` says on which indices a name depends; `ranges` are the sizes of the indices.

    multiplied_out   whether products with sums of arrays with more than two axes are, since these have no matrix notation
    """

    def __init__(
        self,
        values: dict[str, Tensor],
        ranges: Mapping[Index, Dim],
        held: Mapping[str, tuple[str, ...]] | None = None,
        sizes: dict[str, Dim] | None = None,
        multiplied_out: bool = True,
    ) -> None:
        super().__init__(values, sizes)
        self.ranges, self.multiplied_out = ranges, multiplied_out
        self.held_names = held or {}
        self._held: dict[int, tuple[str, ...]] = {}

    def held(self, expr: Expr) -> tuple[str, ...]:
        """The indices that the value of an expression depends on, in the order of their names."""
        return self._held.get(id(expr), ())

    def value(self, expr: Expr) -> Tensor:
        """The tensor of an expression.  Sums that leave terms out are completed before."""
        if any(node.op == "over" and masks_of(node) for node in post_order(expr)):
            expr = completed(expr, Algebra(self._vanishes, self._are_equal))
        return super().value(expr)

    def _vanishes(self, expr: Expr) -> bool:
        return build.number_of(self._part(expr)) == 0

    def _are_equal(self, one: Expr, other: Expr) -> bool:
        return self._part(one) is self._part(other)

    def _part(self, expr: Expr) -> Tensor:
        """The value of a part of what is about to be lowered."""
        return Lowering.value(Lift(self.values, self.ranges, self.held_names, self.sizes, self.multiplied_out), expr)

    def _leaf(self, expr: Expr) -> Tensor:
        if expr.op == "name":
            self._held[id(expr)] = self.held_names.get(str(expr.value), ())
        if expr.op == "fuse":
            rows, columns = self.axes(expr)
            return build.constant("fuse", (rows, columns), (rows * columns, rows, columns))
        return super()._leaf(expr)

    def _value(self, expr: Expr) -> Tensor:
        if expr.op == "name":
            return self._member(expr)
        if expr.op == "condition":
            self._held[id(expr)] = _indices_of(expr)
            return self._mask(expr)
        if expr.op == "over":
            return self._summed(expr)
        if expr.op in ("entry", "sigma", "delta"):
            return self._in_indices(expr)
        if expr.op == "at" and any(place.op == "index" for place in expr.args[1:]):
            return self._at(expr)
        held = tuple(sorted({index for arg in expr.args for index in self.held(arg)}))
        if not held:
            return super()._value(expr)
        self._held[id(expr)] = held
        return self._lifted(expr)

    def _member(self, expr: Expr) -> Tensor:
        """x_i and a_ij; a_ii is on the diagonal."""
        self._held[id(expr)] = held = _indices_of(expr)
        array, own = self.values[str(expr.value)], self._slots(expr)
        slots, units = _placed(expr, array.dims)
        return build.einsum([(array, [*slots, *own]), *units], [*held, *own])

    def _at(self, expr: Expr) -> Tensor:
        """(A x)[i] and X[i,:], with the indices of sums among the places."""
        base, places = expr.args[0], expr.args[1:]
        if len(places) == 1 and not self.shape(base)[1].is_one:
            places = (Expr("all"), *places)
        long = [(place, dim) for place, dim in zip((*places, Expr("all")), self.shape(base)) if not dim.is_one]
        slots, units = _placed(expr.replace(args=tuple(place for place, _ in long)), [dim for _, dim in long])
        self._held[id(expr)] = held = tuple(sorted({*self.held(base), *_indices_of(expr)}))
        ends = [slot for slot, (place, _) in zip(slots, long) if place.op == "all"]
        return self._einsum([(self._of(base), [*self.held(base), *slots]), *units], [*held, *ends], {})

    def _in_indices(self, expr: Expr) -> Tensor:
        """Index notation as it is printed: an entry of an array, the sum of entries over indices, a delta."""
        indices = [str(index.value) for index in expr.args if index.op == "index"]
        if expr.op == "delta":
            factors: list[Factor] = [(build.identity((self.ranges[indices[0]],)), indices)]
        else:
            own = indices if expr.op == "entry" else ()
            factors = [(self._of(expr.args[0]), (*self.held(expr.args[0]), *own))]
        found = {str(index) for _, slots in factors for index in slots}
        self._held[id(expr)] = held = tuple(sorted(found - set(indices) if expr.op == "sigma" else found))
        return build.einsum(factors, held, self.ranges)

    def _summed(self, expr: Expr) -> Tensor:
        body = expr.args[0]
        indices = [str(index.value) for index in expr.args[1:] if index.op == "index"]
        if expr.value == "array":
            self._held[id(expr)] = around = tuple(index for index in self.held(body) if index not in indices)
            return build.einsum([(self._of(body), self.held(body))], [*around, *indices], self.ranges)
        masks: list[Factor] = [(self._mask(mask), _indices_of(mask)) for mask in masks_of(expr)]
        used = {*self.held(body), *(index for _, slots in masks for index in slots)}
        self._held[id(expr)] = left = tuple(sorted(str(index) for index in used.difference(indices)))
        if expr.value in _OF_ARRAYS:
            return self._of_all(expr, indices, left)
        counts = [(build.size_scalar(self.ranges[index]), ()) for index in indices if index not in used]
        over = [self._number(indices, masks)] if expr.value == "mean" else []
        factors = [(self._of(body), [*self.held(body), *self._slots(expr)]), *masks, *counts, *over]
        return build.einsum(factors, [*left, *self._slots(expr)], {**self.ranges, **self._own(expr)})

    def _number(self, indices: Sequence[str], masks: Sequence[Factor]) -> Factor:
        """One by the number of terms that are not left out."""
        known = {index for _, slots in masks for index in slots}
        counts = [(build.size_scalar(self.ranges[index]), ()) for index in indices if index not in known]
        left = [index for index in known if index not in indices]
        return build.power(_expanded([*masks, *counts], left, self.ranges, 0), -1), left

    def _of_all(self, expr: Expr, indices: Sequence[str], left: Sequence[str]) -> Tensor:
        """A product or an extremum: the function of that name of the array of all terms."""
        name, body = str(expr.value), expr.args[0]
        if left or len(indices) > 2:
            raise NotLifted(span=expr.span, operation=name)
        return call(name, [_expanded([(self._of(body), self.held(body))], indices, self.ranges)], ())

    def _mask(self, mask: Expr) -> Tensor:
        """1 where the condition holds, or in the set, else 0, with its indices as axes."""
        if mask.op == "name":
            return self._of(mask)
        size = self.ranges[str(mask.args[0].value)]
        others = build.identity((size,)) if mask.value == "!=" else build.constant("tril", (), (size, size))
        slots, units = _placed(mask, others.dims)
        held = _indices_of(mask)
        both = [build.einsum([(one, slots), *units], held) for one in (build.filled(1, others.dims), others)]
        return build.add([(1, both[0]), (-1, both[1])], both[0].dims)

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

        Sums with more than two axes are multiplied out where these have to be matrices.
        """
        factors = [*((self._of(arg), (*self.held(arg), *slots)) for arg, slots in parts), *constants]
        return self._einsum(factors, [*self.held(expr), *ends], {**self.ranges, **sizes})

    def _einsum(self, factors: Sequence[Factor], ends: Sequence[Index], sizes: Mapping[Index, Dim]) -> Tensor:
        return (_expanded if self.multiplied_out else build.einsum)(factors, ends, sizes)

    def _defined(self, expr: Expr) -> Tensor:
        """A function by its definition in the language."""
        shapes = dict(zip(ARGUMENTS, map(self.shape, expr.args)))
        typed = typed_value(FUNCTIONS[expr.op], kinds_of(shapes))
        values = dict(zip(ARGUMENTS, map(self._of, expr.args)))
        held = dict(zip(ARGUMENTS, map(self.held, expr.args)))
        inner = Lift(values, self.ranges, held, sizes_in(typed, shapes), self.multiplied_out)
        return inner.value(typed.expr)


def _indices_of(expr: Expr) -> tuple[str, ...]:
    """The indices of a name or a condition in the order of their names; positions are none."""
    return tuple(sorted({str(index.value) for index in expr.args if index.op == "index"}))


def _placed(expr: Expr, dims: Sequence[Dim]) -> tuple[list[Index], list[Factor]]:
    """The slots of the indices of a name, a condition or places in brackets, and unit vectors for those that are positions."""
    slots: list[Index] = []
    units: list[Factor] = []
    for axis, (index, dim) in enumerate(zip(expr.args, dims)):
        slots.append(str(index.value) if index.op == "index" else ("position", axis))
        units += [] if index.op in ("index", "all") else [(build.constant("unit", (index, dim), (dim,)), slots[-1:])]
    return slots, units


def _expanded(factors: Sequence[Factor], ends: Sequence[Index], sizes: Mapping[Index, Dim], most: int = 2) -> Tensor:
    """The product, in which sums with more than so many axes are multiplied out."""
    for place, (tensor, slots) in enumerate(factors):
        terms = build.terms_of(tensor) if tensor.order > most else ()
        if len(terms) > 1:
            products = [
                (coefficient, _expanded([*factors[:place], (term, slots), *factors[place + 1 :]], ends, sizes, most))
                for coefficient, term in terms
            ]
            return build.add(products, products[0][1].dims)
    return build.einsum(factors, ends, sizes)
