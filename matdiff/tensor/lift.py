"""`Lift`: an expression as a tensor; what depends on an index, of a sum or of the rows of a matrix, has it as an axis more.

A function of one vector is taken of every member of a family, or of every row of a matrix, as a function of rows or by its definition
in the language.  (What vmap is to programs.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from matdiff.functions import FUNCTIONS, MEMBERS, lifted, row_of, word_of
from matdiff.infer.rules import ARGUMENTS, kinds_of, sizes_in, typed_call, typed_on_scalar, typed_rule, typed_value
from matdiff.language import make
from matdiff.language.dims import ONE, shape_of_axes
from matdiff.language.errors import NotLifted
from matdiff.language.queries import constant, index_names, is_scalar, masks_of, sizes_of_indices, values_of
from matdiff.language.syntax import Expr
from matdiff.tensor import build
from matdiff.tensor.lower import Lowering, call, defined, variable_tensor

if TYPE_CHECKING:
    from collections.abc import Callable

    from matdiff.functions import Function
    from matdiff.infer.infer import Typed
    from matdiff.infer.rules import Kinds
    from matdiff.language.dims import Dim
    from matdiff.tensor.lower import Factor
    from matdiff.tensor.nodes import Apply, Index, Tensor

# What is asked of an index is asked of the array of all terms.
_OF_ARRAYS = ("prod", "max", "min")


def lower(typed: Typed, free: frozenset[str] = frozenset()) -> tuple[Tensor, dict[str, Tensor]]:
    """The value of the typed expression, and those of its definitions; see `lowering_of`."""
    lowering = lowering_of(typed, free)
    return lowering.value(typed.expr), {name: lowering.values[name] for name in typed.definitions}


def lowering_of(typed: Typed, free: frozenset[str] = frozenset()) -> Lift:
    """What lowers the typed expression: it knows the variables and the definitions.

    Variables in `free` are lowered as if nothing were known of their structure.
    """
    values = {name: variable_tensor(variable, name not in free) for name, variable in typed.variables.items()}
    lowering = lift_of(values, (*typed.definitions.values(), typed.expr))
    for name, definition in typed.definitions.items():
        lowering.values[name] = lowering.value(definition)
    return lowering


def lift_of(values: dict[str, Tensor], exprs: Iterable[Expr]) -> Lift:
    """What lowers these expressions, in which names have these values."""
    ranges: dict[Index, Dim] = {index: dim for expr in exprs for index, dim in sizes_of_indices(expr).items()}
    return Lift(values, ranges=ranges, multiplied_out=not ranges)


# The index of the row or column of a matrix, which no index of a text is called, and that of an entry of it.
_LINE, _ENTRY = "~", "~~"


class Lift(Lowering):
    """`held` says on which indices a name depends; `ranges` are the sizes of the indices.

    multiplied_out   whether products with sums of arrays with more than two axes are, since these have no matrix notation
    """

    def __init__(
        self,
        values: dict[str, Tensor],
        sizes: dict[str, Dim] | None = None,
        ranges: Mapping[Index, Dim] | None = None,
        held: Mapping[str, tuple[str, ...]] | None = None,
        multiplied_out: bool = True,
    ) -> None:
        super().__init__(values, sizes)
        self.ranges, self.multiplied_out = ranges or {}, multiplied_out
        self.held_names = held or {}
        self._held: dict[int, tuple[str, ...]] = {}

    def held(self, expr: Expr) -> tuple[str, ...]:
        """The indices that the value of an expression depends on, in the order of their names."""
        return self._held.get(id(expr), ())

    def _leaf(self, expr: Expr) -> Tensor:
        if self.held_names and expr.op == "name":
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
        held = tuple(sorted({index for arg in expr.args for index in self.held(arg)})) if self._held else ()
        if not held:
            row = FUNCTIONS.get(expr.op)
            return super()._value(expr) if row is None or row.form != "lifted" else self._of_lines(expr, row)
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
        indices = index_names(expr.args)
        if expr.op == "delta":
            factors: list[Factor] = [(build.identity((self.ranges[indices[0]],)), indices)]
        else:
            own = indices if expr.op == "entry" else ()
            factors = [(self._of(expr.args[0]), (*self.held(expr.args[0]), *own))]
        found = {str(index) for _, slots in factors for index in slots}
        self._held[id(expr)] = held = tuple(sorted(found - set(indices) if expr.op == "sigma" else found))
        return build.einsum(factors, held)

    def _summed(self, expr: Expr) -> Tensor:
        body = expr.args[0]
        indices = index_names(expr.args[1:])
        if expr.value == "array":
            self._held[id(expr)] = around = tuple(index for index in self.held(body) if index not in indices)
            own = self._slots(body)  # of members, which are the rows then
            sizes = {**self.ranges, **self._own(body)}
            return build.einsum([(self._of(body), [*self.held(body), *own])], [*around, *indices, *own], sizes)
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
        """A product or an extremum: the function of that name of the array of all terms, or of its rows."""
        name, body = str(expr.value), expr.args[0]
        is_of_rows = len(left) == len(indices) == 1 and lifted(name, "rows") in FUNCTIONS
        if (left and not is_of_rows) or len(indices) > 2:
            raise NotLifted(span=expr.span, operation=name)
        array = _expanded([(self._of(body), self.held(body))], [*left, *indices], self.ranges)
        return build.apply(lifted(name, "rows"), (array,), array.dims[:1]) if left else call(name, [array], ())

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
        if row is not None and row.form == "lifted":
            return self._of_lines(expr, row)
        if row is not None and row.form == "func" and row.takes_vectors and self._is_of_vector(expr):
            return self._of_members(expr, row)
        if row_of(lifted(op, MEMBERS)).along and len(self.axes(expr.args[0])) != 1:
            return self._of_matrices(expr)
        whole = constant(expr.args[1]) if op == "^" else None
        if isinstance(whole, int):
            return self._power(expr, whole)
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
        # A letter may be that of several sums, of different sizes: what it is here the operands know.
        known: dict[Index, Dim] = {
            index: dim for arg in values_of(expr) for index, dim in zip(self.held(arg), self._of(arg).dims)
        }
        return self._joined(expr, [(part, self._slots(part))], self._slots(expr), {**known, **self._own(expr)})

    def _einsum(self, factors: Sequence[Factor], ends: Sequence[Index], sizes: Mapping[Index, Dim]) -> Tensor:
        return (_expanded if self.multiplied_out else build.einsum)(factors, ends, sizes)

    def _defined(self, expr: Expr, typed_of: Callable[[Function, Kinds], Typed]) -> Tensor:
        """A function by what its row says, in the language, of arguments of these kinds."""
        shapes = dict(zip(ARGUMENTS, map(self.shape, expr.args)))
        typed = typed_of(FUNCTIONS[expr.op], kinds_of(shapes))
        values = dict(zip(ARGUMENTS, map(self._of, expr.args)))
        held = dict(zip(ARGUMENTS, map(self.held, expr.args)))
        inner = Lift(values, sizes_in(typed, shapes), self.ranges, held, self.multiplied_out)
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
        return build.apply(lifted(row.name, "rows"), (members,), members.dims[:-1] + self.axes(expr))

    # Functions of matrices

    def _of_matrices(self, expr: Expr) -> Tensor:
        """A function of every matrix of a family, which are what the last two axes of an array hold."""
        (arg,) = expr.args
        if not self.axes(arg):
            return self._defined(expr, typed_on_scalar)
        return self._of_every(expr.op, self._of(arg), self.axes(expr))

    @staticmethod
    def _of_every(function: str, matrices: Tensor, axes: tuple[Dim, ...]) -> Tensor:
        return build.apply(lifted(function, MEMBERS), (matrices,), matrices.dims[:-2] + axes)

    def _power(self, expr: Expr, exponent: int) -> Tensor:
        """A_k^2, A_k^-1, and the identity A_k^0 for every k."""
        base, held = self._of(expr.args[0]), self.held(expr.args[0])
        if not exponent:
            identity = build.identity(self.axes(expr)[:1])
            return build.einsum([(identity, (0, 1))], [*held, 0, 1], dict(zip(held, base.dims)))
        if exponent < 0:
            base = self._of_every("inv", base, self.axes(expr))
        factors = [(base, [*held, place, place + 1]) for place in range(abs(exponent))]
        return build.einsum(factors, [*held, 0, abs(exponent)])

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
        ranges = {**self.ranges, **sizes}
        inner = Lift({ARGUMENTS[0]: vector}, sizes_in(typed, shapes), ranges, {ARGUMENTS[0]: held}, self.multiplied_out)
        value = inner.inside(expr, typed, held)
        own = [_ENTRY] if inner.axes(typed.expr) else []
        return build.einsum([(value, [*held, *own])], [*outer, *(axis for axis in axes if axis == _LINE or own)])


def ways_to_hold(tensor: Apply) -> tuple[tuple[int, str], ...]:
    """At how many of its first axes the argument of a lifted function may be held, and the function of what is left; most first.

    softmax(A, rows) of an array A_kij is softmax of the row at k and i, and softmax(A_k, rows) of the matrix at k.
    """
    row, order = row_of(tensor.function), tensor.args[0].order
    if row.along == MEMBERS:
        return ((order - 2, row.of),)
    return ((order - 1, row.of), (order - 2, row.name)) if row.along == "rows" else ()


def definition_of(tensor: Apply) -> Tensor | None:
    """A function of a whole vector or matrix, or of its rows, by its definition in the language, where it has one."""
    row = FUNCTIONS.get(tensor.function)
    if row is not None and row.form == "lifted" and FUNCTIONS[row.of].values:
        (arg,) = tensor.args
        outer = tuple(f"{_LINE}{place}" for place in range(arg.order - 2))
        matrix = make.name(ARGUMENTS[0], shape_of_axes(arg.dims[len(outer) :]))
        lift = Lift({ARGUMENTS[0]: arg}, None, dict(zip(outer, arg.dims)), {ARGUMENTS[0]: outer})
        return lift.definition(make.call(row.name, matrix, shape=shape_of_axes(tensor.dims[len(outer) :])))
    if row is None or not row.values or tensor.order > 2:
        return None
    return defined(row, tensor.args, [(*arg.dims, ONE, ONE)[:2] for arg in tensor.args], Lift)


def lifted_differential(row: Function, values: Mapping[str, Tensor]) -> Tensor:
    """The differential of a function of every row, or of every member: its rule with X, Y and dX, which have these as first axes."""
    members = values["X"].dims[: -2 if row.along == MEMBERS else -1]
    lines = [f"{_LINE}{place}" for place in range(len(members))]
    shapes = {name: shape_of_axes(tensor.dims[len(members) :]) for name, tensor in values.items()}
    typed = typed_rule(FUNCTIONS[row.of], kinds_of(shapes), 0)
    lift = Lift(dict(values), sizes_in(typed, shapes), dict(zip(lines, members)), dict.fromkeys(values, tuple(lines)))
    return lift.spread(typed.expr, lines)


def _indices_of(expr: Expr) -> tuple[str, ...]:
    """The indices of a name or a condition in the order of their names; positions are none."""
    return tuple(sorted({*index_names(expr.args)}))


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
