"""Array code: values with their shape, and the products among them without dense identities, diagonals, ones or inverses.

Vectors and rows are one-dimensional arrays; which of the two a value is, its shape says.  A `Value` need not be an array yet:

    form       code is                     the value is
    dense      the array                   itself
    inverse    a matrix                    its inverse
    diagonal   a vector                    the diagonal matrix
    identity   (not used)                  the identity matrix
    fill       a number                    the array filled with it (ones, zeros)
    unit       a position                  a unit vector
    rows       a vector                    the matrix all of whose rows are this vector
    columns    a vector                    the matrix all of whose columns are this vector
"""

from __future__ import annotations

from matdiff.dims import ONE, SCALAR, Dim, Shape
from matdiff.render.code import ATOM, SUM, TERM, UNARY, Code, Codes
from matdiff.render.spelling import kind_of

# The order of products is chosen as if every symbolic size were this number.
_TYPICAL_SIZE = 64
# Longer chains of products are taken from one end.
_LONGEST_CHAIN = 30


class Value:
    """Code with the shape of the value it stands for, see above."""

    __slots__ = ("code", "form", "shape")

    def __init__(self, code: Code, shape: Shape, form: str = "dense") -> None:
        self.code, self.shape, self.form = code, shape, form

    @property
    def kind(self) -> str:
        return kind_of(self.shape)


class Arrays:
    """Operations on values.  `sizes` collects the size names that the code uses."""

    def __init__(self) -> None:
        self.codes = Codes()
        self.make = self.codes.make
        self.sizes: dict[str, None] = {}
        self.one = self.make("1")

    # Numbers and sizes.

    def size(self, dim: Dim) -> Code:
        """The code of a size: `n`, `2 * n + 1`."""
        terms = []
        for monomial, coefficient in sorted(dim.terms, key=lambda term: (not term[0], term[0])):
            self.sizes.update(dict.fromkeys(monomial))
            factors = list(monomial) if coefficient == 1 and monomial else [str(coefficient), *monomial]
            terms.append(" * ".join(factors))
        text = " + ".join(terms) or "0"
        level = SUM if len(terms) > 1 else ATOM if " " not in text else TERM
        return self.make(text.replace("+ -", "- "), level=level)

    def dimensions(self, shape: Shape) -> Code:
        """The argument that `np.ones` takes: `n` or `(m, n)`."""
        sizes = [self.size(dim) for dim in shape if not dim.is_one]
        if len(sizes) == 1:
            return sizes[0]
        return self.make("({0}, {1})", *sizes, needs=(SUM, SUM), cheap=True)

    # From values to arrays.

    def dense(self, value: Value) -> Code:
        """The array itself."""
        if value.form == "dense":
            return value.code
        if value.form == "inverse":
            return self.make("np.linalg.inv({0})", value.code)
        if value.form == "diagonal":
            return self.make("np.diag({0})", value.code)
        if value.form == "identity":
            return self.make("np.eye({0})", self.size(value.shape[0]))
        if value.form == "unit":
            return self.make("np.eye({0})[{1}]", self.size(max(value.shape, key=lambda dim: not dim.is_one)), value.code)
        if value.form == "fill":
            return self.filled(value.code, value.shape)
        if value.form == "rows":
            return self.make("np.tile({0}, ({1}, 1))", value.code, self.size(value.shape[0]))
        return self.make("np.tile({0}, (1, {1}))", self.column(value.code), self.size(value.shape[1]))

    def filled(self, number: Code, shape: Shape) -> Code:
        """An array of equal entries."""
        dimensions = self.dimensions(shape)
        if number.template in ("0", "1") and not number.parts:
            return self.make("np.zeros({0})" if number.template == "0" else "np.ones({0})", dimensions)
        # A whole number would give an array of whole numbers.
        return self.make("np.full({0}, {1}, dtype=float)", dimensions, number)

    def broadcast(self, value: Value) -> Code:
        """Code that broadcasts to the array beside another array of the same shape."""
        if value.form in ("fill", "rows"):
            return value.code
        return self.column(value.code) if value.form == "columns" else self.dense(value)

    def column(self, vector: Code) -> Code:
        """A vector as an array with one column."""
        return self.make("{0}[:, None]", vector, cheap=vector.cheap)

    def two_dimensional(self, value: Value) -> Code:
        """A vector or row as an array with two axes; matrices as they are."""
        code = self.dense(value)
        if value.kind == "row":
            return self.make("{0}[None, :]", code, cheap=code.cheap)
        return self.column(code) if value.kind == "vector" else code

    def is_full(self, value: Value) -> bool:
        """Whether the broadcast code has the whole shape by itself."""
        return value.form not in ("fill", "rows", "columns") and value.kind != "scalar"

    # Sums, Hadamard products, scaling.

    def transpose(self, value: Value) -> Value:
        turned = value.shape[1], value.shape[0]
        if value.form in ("rows", "columns"):
            return Value(value.code, turned, "columns" if value.form == "rows" else "rows")
        if value.kind != "matrix" or value.form in ("diagonal", "identity", "fill"):
            return Value(value.code, turned, value.form)
        if value.code.template == "{0}.T":
            return Value(value.code.parts[0], turned, value.form)
        return Value(self.make("{0}.T", value.code, cheap=value.code.cheap), turned, value.form)

    def scale(self, number: Code, value: Value) -> Value:
        if number is self.one:
            return value
        if value.kind == "scalar" or value.form in ("diagonal", "fill", "rows", "columns"):
            return Value(self.times(number, value.code), value.shape, value.form)
        return Value(self.times(number, self.dense(value)), value.shape)

    def times(self, left: Code, right: Code) -> Code:
        if left is self.one or right is self.one:
            return right if left is self.one else left
        return self.make("{0} * {1}", left, right, level=TERM, needs=(TERM, UNARY))

    def negated(self, value: Value) -> Value:
        if value.form in ("dense", "diagonal", "fill", "rows", "columns"):
            return Value(self.minus(value.code), value.shape, value.form)
        return Value(self.minus(self.dense(value)), value.shape)

    def minus(self, code: Code) -> Code:
        return self.make("-{0}", code, level=UNARY, needs=(ATOM,))

    def add(self, values: list[Value], signs: list[str]) -> Value:
        """The sum with the given signs; a scalar is added to every entry."""
        shape = next((value.shape for value in values if value.kind != "scalar"), SCALAR)
        scalar = all(value.kind == "scalar" or value.form == "fill" for value in values)
        if not any(self.is_full(value) for value in values) and not scalar:
            first = next(place for place, value in enumerate(values) if value.kind != "scalar")
            values = [Value(self.dense(value), shape) if place == first else value for place, value in enumerate(values)]
        parts = [self.broadcast(value) for value in values]
        template = "".join(f" {sign} {{{place}}}" for place, sign in enumerate(signs))
        template = template[3:] if signs[0] == "+" else "-" + template[3:]
        code = self.make(template, *parts, level=SUM, needs=(SUM if signs[0] == "+" else ATOM, *[TERM] * (len(parts) - 1)))
        return Value(code, shape, "fill" if scalar and shape != SCALAR else "dense")

    def hadamard(self, values: list[Value], template: str = "{0} * {1}") -> Value:
        """The entrywise product (or quotient) of arrays of one shape, scalars included."""
        total = values[0]
        for value in values[1:]:
            total = self._entrywise(total, value, template)
        return total

    def _entrywise(self, left: Value, right: Value, template: str) -> Value:
        shape = right.shape if left.kind == "scalar" else left.shape
        multiplies = template == "{0} * {1}"
        if multiplies and "scalar" in (left.kind, right.kind):
            return self.scale(left.code, right) if left.kind == "scalar" else self.scale(right.code, left)
        if multiplies and "identity" in (left.form, right.form):
            other = right if left.form == "identity" else left
            return Value(self.make("np.diag({0})", self.dense(other)), shape, "diagonal")
        if not self.is_full(left) and not self.is_full(right) and shape != SCALAR:
            if left.form == right.form or (left.kind == "scalar" and right.form == "fill"):
                form = right.form
                return Value(self.make(template, left.code, right.code, level=TERM, needs=(TERM, ATOM)), shape, form)
            left = Value(self.dense(left), shape) if left.kind != "scalar" else left
            right = Value(self.dense(right), shape) if left.kind == "scalar" else right
        needs = (TERM, UNARY if multiplies else ATOM)
        code = self.make(template, self.broadcast(left), self.broadcast(right), level=TERM, needs=needs)
        return Value(code, shape)

    # Products.

    def chain(self, values: list[Value]) -> Value:
        """The product of a chain of arrays in the cheapest order."""
        values = [value for value in values if value.form != "identity"] or values[:1]
        count = len(values)
        if count > _LONGEST_CHAIN:
            return self._from_one_end(values)
        splits = _cheapest([_typical(values[0].shape[0]), *(_typical(value.shape[1]) for value in values)])
        return self._grouped(values, splits, 0, count - 1)

    def _grouped(self, values: list[Value], splits: dict[tuple[int, int], int], start: int, end: int) -> Value:
        if start == end:
            return values[start]
        middle = splits[start, end]
        return self.multiply(self._grouped(values, splits, start, middle), self._grouped(values, splits, middle + 1, end))

    def _from_one_end(self, values: list[Value]) -> Value:
        """From the right when that end is a vector, else from the left."""
        if values[-1].kind == "vector":
            total = values[-1]
            for value in reversed(values[:-1]):
                total = self.multiply(value, total)
            return total
        total = values[0]
        for value in values[1:]:
            total = self.multiply(total, value)
        return total

    def multiply(self, left: Value, right: Value) -> Value:
        """The product of two arrays, whatever their forms."""
        shape = left.shape[0], right.shape[1]
        if "identity" in (left.form, right.form):
            return right if left.form == "identity" else left
        if "fill" in (left.form, right.form):
            return self._with_fill(left, right, shape)
        if "unit" in (left.form, right.form) and left.kind != "vector":
            return self._with_unit(left, right, shape)
        if "diagonal" in (left.form, right.form):
            return self._with_diagonal(left, right, shape)
        if left.form == "inverse":
            return Value(self.make("np.linalg.solve({0}, {1})", left.code, self.dense(right)), shape)
        if right.form == "inverse":
            turned = self.transpose(Value(right.code, right.shape)).code
            solved = self.make("np.linalg.solve({0}, {1})", turned, self.transpose(Value(self.dense(left), left.shape)).code)
            return self.transpose(Value(solved, (shape[1], shape[0]))) if left.kind == "matrix" else Value(solved, shape)
        if left.kind == "vector":
            return Value(self.make("np.outer({0}, {1})", self.dense(left), self.dense(right)), shape)
        return Value(self.make("{0} @ {1}", self.dense(left), self.dense(right), level=TERM, needs=(ATOM, ATOM)), shape)

    def _with_fill(self, left: Value, right: Value, shape: Shape) -> Value:
        """Products with arrays of equal entries are sums along an axis, and vectors spread over a matrix."""
        if left.form == "fill" and left.kind == "matrix":
            inner = self.multiply(Value(self.one, (ONE, left.shape[1]), "fill"), right)
            return self.product([Value(left.code, SCALAR), Value(self.one, (left.shape[0], ONE), "fill"), inner])
        if right.form == "fill" and right.kind == "matrix":
            inner = self.multiply(left, Value(self.one, (right.shape[0], ONE), "fill"))
            return self.product([Value(right.code, SCALAR), inner, Value(self.one, (ONE, right.shape[1]), "fill")])
        if left.kind == "vector":  # an outer product
            if left.form == right.form:
                return Value(self.times(left.code, right.code), shape, "fill")
            if left.form == "fill":
                return Value(self.times(left.code, self.dense(right)), shape, "rows")
            return Value(self.times(right.code, self.dense(left)), shape, "columns")
        if left.form == right.form:
            total = self.times(self.size(left.shape[1]), self.times(left.code, right.code))
            return Value(total, shape)
        number, other = (left.code, right) if left.form == "fill" else (right.code, left)
        return self.scale(number, self._summed(other, shape, from_left=left.form == "fill"))

    def _summed(self, value: Value, shape: Shape, from_left: bool) -> Value:
        """ones' M or M ones."""
        if value.form == "diagonal":
            return Value(value.code, shape)
        if value.form == "unit":
            return Value(self.one, shape)
        if value.form == "inverse":
            ones = Value(self.filled(self.one, (value.shape[0], ONE)), (value.shape[0], ONE))
            return self.multiply(self.transpose(ones), value) if from_left else self.multiply(value, ones)
        if value.kind != "matrix":
            return Value(self.make("{0}.sum()", self.dense(value)), shape)
        return Value(self.make(f"{{0}}.sum(axis={0 if from_left else 1})", self.dense(value)), shape)

    def _with_unit(self, left: Value, right: Value, shape: Shape) -> Value:
        """A row, column or entry."""
        if right.form == "unit":
            template = "{0}[:, {1}]" if left.kind == "matrix" else "{0}[{1}]"
            return Value(self.make(template, self.dense(left), right.code), shape)
        return Value(self.make("{0}[{1}]", self.dense(right), left.code), shape)

    def _with_diagonal(self, left: Value, right: Value, shape: Shape) -> Value:
        if left.form == right.form:
            return Value(self.times(left.code, right.code), shape, "diagonal")
        if left.form == "diagonal":
            vector = left.code if right.kind == "vector" else self.column(left.code)
            return Value(self.times(vector, self.dense(right)), shape)
        return Value(self.times(self.dense(left), right.code), shape)

    def product(self, values: list[Value]) -> Value:
        """A run of products: scalars, wherever they stand, scale; a part that ends as a number is one."""
        scalars: list[Code] = []
        parts: list[Value] = []
        for value in values:
            if value.kind == "scalar":
                scalars.append(value.code)
                continue
            if parts and parts[0].shape[0].is_one and parts[-1].shape[1].is_one:
                scalars.append(self.chain(parts).code)
                parts = []
            parts.append(value)
        if not parts:
            return Value(self._multiplied(scalars), SCALAR)
        total = self.chain(parts)
        return self.scale(self._multiplied(scalars), total)

    def _multiplied(self, numbers: list[Code]) -> Code:
        total = self.one
        for number in numbers:
            total = self.times(total, number)
        return total

    # Traces and diagonals of products.

    def trace(self, values: list[Value]) -> Code:
        """The trace of a chain of arrays, without the product."""
        values = [value for value in values if value.form != "identity"]
        if not values:
            raise ValueError("the trace of an empty chain is a size")
        for place, value in enumerate(values):
            if value.shape[1].is_one:
                return self.chain([*values[place + 1 :], *values[: place + 1]]).code
        for form in ("diagonal", "inverse"):
            start = next((place for place, value in enumerate(values) if value.form == form), None)
            if start is not None:
                values = [*values[start:], *values[:start]]
                break
        first, rest = values[0], values[1:]
        if first.form == "diagonal":
            if not rest:
                return self.make("{0}.sum()", first.code)
            return self.make("{0} @ {1}", first.code, self.diagonal_of(rest), level=TERM, needs=(ATOM, ATOM))
        if first.form == "inverse" or not rest:
            return self.make("np.trace({0})", self.dense(self.chain(values)))
        left, right = self.chain(values[:-1]), self.transpose(values[-1])
        return self.make("np.sum({0})", self.times(self.dense(left), self.dense(right)))

    def diagonal_of(self, values: list[Value]) -> Code:
        """The diagonal of a product, without the product."""
        cut = next((place + 1 for place, value in enumerate(values) if value.shape[1].is_one), len(values) - 1)
        if not cut:
            only = values[0]
            return only.code if only.form == "diagonal" else self.make("np.diag({0})", self.dense(only))
        left, right = self.chain(values[:cut]), self.chain(values[cut:])
        if left.kind == "vector":
            return self.times(self.dense(left), self.dense(right))
        if "diagonal" in (left.form, right.form) or "inverse" in (left.form, right.form):
            return self.make("np.diag({0})", self.dense(self.multiply(left, right)))
        return self.make("np.sum({0}, axis=1)", self.times(self.dense(left), self.dense(self.transpose(right))))


def _typical(dim: Dim) -> int:
    return sum(coefficient * _TYPICAL_SIZE ** len(monomial) for monomial, coefficient in dim.terms)


def _cheapest(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where to split each part of a chain whose factors have sizes[i] x sizes[i + 1]; of equal costs the one from the left."""
    count = len(sizes) - 1
    costs = {(place, place): 0 for place in range(count)}
    splits: dict[tuple[int, int], int] = {}
    for length in range(2, count + 1):
        for start in range(count - length + 1):
            end = start + length - 1
            for middle in range(end - 1, start - 1, -1):
                cost = costs[start, middle] + costs[middle + 1, end] + sizes[start] * sizes[middle + 1] * sizes[end + 1]
                if (start, end) not in costs or cost < costs[start, end]:
                    costs[start, end], splits[start, end] = cost, middle
    return splits
