"""Values with their shape, and how they combine without dense identities, diagonals, ones or inverses.

A `Value` need not be an array yet:

    form       code is                     the value is
    dense      the array                   itself
    inverse    a matrix                    its inverse
    diagonal   a vector                    the diagonal matrix
    identity   (not used)                  the identity matrix
    fill       a number                    the array filled with it (ones, zeros)
    unit       a position                  a unit vector
    rows       a vector                    the matrix all of whose rows are this vector
    columns    a vector                    the matrix all of whose columns are this vector
    chain      a number                    the number times the product of the matrices `parts`
    sum        (not used)                  the sum of the matrices `parts` with `signs`

Chains and sums are kept until an array is wanted: times a vector, neither is ever formed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from matdiff.code.plan import Node, Plan, is_negative, is_symmetric
from matdiff.code.signs import definiteness
from matdiff.language.dims import ONE, SCALAR, Shape
from matdiff.language.kinds import kind_of
from matdiff.tensor.lower import axes_of

BROADCASTING = ("fill", "rows", "columns")


class Value(NamedTuple):
    """A value of some form, see above.  `shared` is one that a formula names, so it is computed on its own."""

    code: Node
    shape: Shape
    form: str = "dense"
    parts: Sequence[Value] = ()
    signs: Sequence[str] = ()
    shared: bool = False

    @property
    def kind(self) -> str:
        return kind_of(self.shape)

    @property
    def is_full(self) -> bool:
        """Whether the code that broadcasts has the whole shape by itself."""
        return self.form not in BROADCASTING and self.kind != "scalar"


class Arrays(ABC):
    """Operations on values.  `traits` say what the library of a format does well:

    broadcast   arrays of different shape combine entry by entry
    exact       it computes with symbols, where nothing overflows
    cholesky    it has triangular factors of definite matrices
    matrices    its functions of a matrix, or of the rows of one, take arrays with more axes in front
    repeats     an operand of its einsum may have a letter twice
    scatter     a diagonal of an array may be written to
    syrk        it sees that X^T X is symmetric, and computes half of it
    """

    def __init__(self, traits: Iterable[str] = ("broadcast",)) -> None:
        self.plan = Plan()
        self.traits = frozenset(traits)
        self.one = self.plan.one

    # From values to arrays.

    def dense(self, value: Value) -> Node:
        """The array itself."""
        make, axes = self.plan.make, axes_of(value.shape)
        if value.form == "dense":
            return value.code
        if value.form == "inverse":
            return self.inverted(value.code)
        if value.form == "diagonal":
            return make("diagonal_matrix", value.code, shape=axes)
        if value.form == "identity":
            return make("eye", self.plan.size(value.shape[0]), shape=axes)
        if value.form == "unit":
            return make("unit", value.code, self.plan.size(axes[0]), shape=axes)
        if value.form == "fill":
            return self.filled(value.code, value.shape)
        if value.form == "rows":
            return make("tile_rows", value.code, *map(self.plan.size, axes), shape=axes)
        if value.form == "columns":
            return make("tile_columns", value.code, *map(self.plan.size, axes), shape=axes)
        if value.form == "sum":
            return self._summed(value.parts, value.signs, value.shape)
        return self.chain_array(value)

    @abstractmethod
    def chain_array(self, value: Value) -> Node:
        """The array of a chain; products are the business of `products`."""

    def filled(self, number: Node, shape: Shape) -> Node:
        """An array of equal entries."""
        axes = axes_of(shape)
        sizes = [self.plan.size(dim) for dim in axes]
        if number.op == "number" and number.data in (0, 1):
            return self.plan.make("zeros" if number.data == 0 else "ones", *sizes, shape=axes)
        return self.plan.make("full", number, *sizes, shape=axes)

    def broadcast(self, value: Value) -> Node:
        """An operand of an operation entry by entry, beside another array of the same shape."""
        if value.kind == "scalar" or "broadcast" not in self.traits:
            return self.dense(value)
        if value.form == "fill":
            return value.code
        if value.form == "rows":
            return self.plan.make("spread_rows", value.code, shape=(ONE, value.shape[1]))
        if value.form == "columns":
            return self.plan.make("spread_columns", value.code, shape=(value.shape[0], ONE))
        return self.dense(value)

    def two_dimensional(self, value: Value) -> Node:
        """A number, vector or row as an array with two axes; matrices as they are."""
        code = self.dense(value)
        if value.kind == "scalar":
            return self.plan.make("single", code, shape=value.shape)
        if value.kind in ("row", "vector"):
            return self.plan.make("row" if value.kind == "row" else "column", code, shape=value.shape)
        return code

    # Sums, Hadamard products, scaling.

    def transpose(self, value: Value) -> Value:
        turned = value.shape[1], value.shape[0]
        if value.form in ("rows", "columns"):
            return Value(value.code, turned, "columns" if value.form == "rows" else "rows")
        if value.kind != "matrix" or value.form in ("diagonal", "identity", "fill"):
            return Value(value.code, turned, value.form)
        if value.form in ("chain", "sum"):
            parts = [self.transpose(part) for part in value.parts]
            return value._replace(shape=turned, parts=parts[::-1] if value.form == "chain" else parts)
        return Value(self.plan.transposed(value.code), turned, value.form)

    def scale(self, number: Node, value: Value) -> Value:
        """A number times a value."""
        if number is self.one:
            return value
        if value.kind == "scalar" or value.form in ("diagonal", "fill", "rows", "columns"):
            return Value(self.plan.times(number, value.code), value.shape, value.form)
        if value.kind == "matrix":
            if value.form == "chain" and not value.shared:
                return Value(self.plan.times(number, value.code), value.shape, "chain", value.parts)
            return Value(number, value.shape, "chain", [value])
        return Value(self.plan.times(number, self.dense(value)), value.shape)

    def negated(self, value: Value) -> Value:
        if value.form in ("diagonal", "fill", "rows", "columns") or value.kind != "matrix":
            code = value.code if value.form in ("diagonal", "fill", "rows", "columns") else self.dense(value)
            form = value.form if value.form != "unit" else "dense"
            return Value(self.plan.negated(code), value.shape, form)
        return Value(self.one, value.shape, "sum", [value], ["-"])

    def add(self, values: Sequence[Value], signs: Sequence[str]) -> Value:
        """The sum with the given signs; a scalar is added to every entry."""
        shape = next((value.shape for value in values if value.kind != "scalar"), SCALAR)
        if all(value.kind == "scalar" or value.form == "fill" for value in values):
            code = self.plan.summed([value.code for value in values], signs, ())
            return Value(code, shape, "fill" if shape != SCALAR else "dense")
        if len(values) > 1 and all(value.form in ("diagonal", "identity") for value in values):
            column = shape[0], ONE
            vectors = [Value(self.one, column, "fill") if v.form == "identity" else Value(v.code, column) for v in values]
            if any(v.form == "diagonal" for v in values):
                return Value(self._summed(vectors, signs, column), shape, "diagonal")
        if kind_of(shape) == "matrix" and all(value.kind == "matrix" for value in values):
            return Value(self.one, shape, "sum", values, signs)
        return Value(self._summed(values, signs, shape), shape)

    def _summed(self, values: Sequence[Value], signs: Sequence[str], shape: Shape) -> Node:
        if len(values) == 1:
            code = self.dense(values[0])
            return self.plan.negated(code) if signs[0] == "-" else code
        codes = self._together(values, shape)
        taken = [self.plan.negated(code) if is_negative(code) else code for code in codes]
        turned = [("-" if sign == "+" else "+") if is_negative(code) else sign for sign, code in zip(signs, codes, strict=True)]
        return self.plan.summed(taken, turned, axes_of(shape))

    def _together(self, values: Sequence[Value], shape: Shape) -> list[Node]:
        """Codes that broadcast to the whole shape together."""
        if "broadcast" not in self.traits:
            return [
                self.dense(value if value.kind != "scalar" or shape == SCALAR else Value(value.code, shape, "fill"))
                for value in values
            ]
        if shape == SCALAR or any(value.is_full for value in values):
            return [self.broadcast(value) for value in values]
        forms = {value.form for value in values}
        if "rows" in forms and "columns" in forms:
            return [self.broadcast(value) for value in values]
        first = next(place for place, value in enumerate(values) if value.kind != "scalar")
        return [self.dense(value) if place == first else self.broadcast(value) for place, value in enumerate(values)]

    def hadamard(self, values: Sequence[Value], op: str = "times") -> Value:
        """The entrywise product (`op` "times") or quotient ("over") of arrays of one shape, scalars included."""
        total = values[0]
        for value in values[1:]:
            total = self._entrywise(total, value, op)
        return total

    def _entrywise(self, left: Value, right: Value, op: str) -> Value:
        shape = right.shape if left.kind == "scalar" else left.shape
        if op == "times" and "scalar" in (left.kind, right.kind):
            return self.scale(left.code, right) if left.kind == "scalar" else self.scale(right.code, left)
        if op == "times" and "identity" in (left.form, right.form):
            other = self.dense(right if left.form == "identity" else left)
            return Value(self.plan.make("diagonal", other, shape=shape[:1]), shape, "diagonal")
        combine = self.plan.times if op == "times" else self.plan.over
        if shape != SCALAR and not left.is_full and not right.is_full:
            if left.form == right.form or (left.kind == "scalar" and right.form == "fill") or right.kind == "scalar":
                return Value(combine(left.code, right.code), shape, right.form if left.kind == "scalar" else left.form)
        return Value(combine(*self._together([left, right], shape)), shape)

    def power(self, base: Value, exponent: Value, shape: Shape) -> Value:
        """Powers entry by entry; the second, third and fourth power of an array are quick products in no library but these."""
        plan = self.plan
        if shape != SCALAR and not base.is_full and not exponent.is_full and (exponent.kind == "scalar" or base.form == "fill"):
            form = "fill" if base.kind == "scalar" else base.form
            if form in BROADCASTING and exponent.form in ("dense", "fill"):
                return Value(plan.make("power", base.code, exponent.code, shape=base.code.shape), shape, form)
        codes = self._together([base, exponent], shape) if exponent.kind != "scalar" else [self.dense(base), exponent.code]
        if exponent.kind == "scalar" and shape != SCALAR and base.kind == "scalar":
            codes[0] = self.filled(base.code, shape)
        return Value(plan.make("power", *codes, shape=axes_of(shape)), shape)

    # Linear systems.

    def factor(self, matrix: Node) -> Node | None:
        """The Cholesky factor of a matrix that is known to be definite."""
        if "cholesky" not in self.traits or definiteness(matrix) < 2 or matrix.op == "eye":
            return None
        return self.plan.make("cholesky", matrix, shape=matrix.shape)

    def solved(self, matrix: Node, right: Node) -> Node:
        """X with `matrix` X = `right`."""
        factor = self.factor(matrix)
        if factor is not None:
            return self.plan.make("cholesky_solve", factor, right, shape=right.shape)
        return self.plan.make("solve", matrix, right, shape=right.shape)

    def inverted(self, matrix: Node) -> Node:
        """The inverse as an array."""
        factor = self.factor(matrix)
        if factor is not None:
            return self.plan.make("cholesky_inverse", factor, self.plan.size(matrix.shape[0]), shape=matrix.shape)
        if matrix.op == "transpose":
            return self.plan.transposed(self.inverted(matrix.parts[0]))
        return self.plan.make("inverse", matrix, self.plan.size(matrix.shape[0]), shape=matrix.shape)

    def log_determinant(self, matrix: Node) -> Node:
        """log |det|."""
        factor = self.factor(matrix)
        if factor is not None:
            return self.plan.times(self.plan.number(2), self.plan.make("cholesky_half_logdet", factor))
        if matrix.op == "transpose":
            matrix = matrix.parts[0]
        return self.plan.make("apply", matrix, data="logdet")

    # Sums over entries.

    def total(self, value: Value) -> Node:
        """The sum of all entries."""
        if value.kind == "scalar":
            return value.code
        if value.form == "diagonal":
            return self.plan.make("total", value.code)
        return self.plan.make("total", self.dense(value))

    def inner(self, left: Node, right: Node) -> Node:
        """The sum of the products of entries in the same place."""
        if not left.shape:
            return self.plan.times(left, right)
        if left.op == "transpose" and right.op == "transpose":
            left, right = left.parts[0], right.parts[0]
        if is_symmetric(right) and left.op == "transpose":
            left = left.parts[0]
        return self.plan.make("product" if len(left.shape) == 1 else "inner", left, right)
