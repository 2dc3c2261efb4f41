"""Products: the cheapest order, nothing formed that need not be, and symmetric products recognised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matdiff.code.arrays import Arrays, Value
from matdiff.code.plan import Node
from matdiff.code.signs import is_nonnegative
from matdiff.language.dims import ONE, SCALAR, Dim, Shape
from matdiff.tensor.lower import axes_of

# The order of products is chosen as if every size without a number were this one.
TYPICAL_SIZE = 64
# Longer chains of products are taken from one end.
LONGEST_CHAIN = 40


class Products(Arrays):
    """`sizes` are numbers for size names; `assumed` tells afterwards whether an order was chosen that other sizes would change."""

    def __init__(self, traits: Sequence[str] = ("broadcast",), sizes: Mapping[str, int] | None = None) -> None:
        super().__init__(traits)
        self.sizes = dict(sizes or {})
        self.assumed: dict[str, None] = {}

    # Runs of products.

    def product(self, values: Sequence[Value]) -> Value:
        """A run of products: scalars, wherever they stand, scale; a part that ends as a number is one."""
        scalars: list[Node] = []
        parts: list[Value] = []
        for value in values:
            if value.kind == "scalar":
                scalars.append(value.code)
                continue
            if parts and parts[0].shape[0].is_one and parts[-1].shape[1].is_one:
                scalars.append(self.dense(self.chain(parts)))
                parts = []
            parts.append(value)
        if not parts:
            return Value(self._multiplied(scalars), SCALAR)
        return self.scale(self._multiplied(scalars), self.chain(parts))

    def _multiplied(self, numbers: list[Node]) -> Node:
        total = self.one
        for number in numbers:
            total = self.plan.times(total, number)
        return total

    def chain(self, values: Sequence[Value]) -> Value:
        """The product of a chain of arrays; a matrix is left as a chain."""
        kept = _without_identities(values)
        if len(kept) == 1:
            return kept[0]
        shape = kept[0].shape[0], kept[-1].shape[1]
        if shape[0].is_one or shape[1].is_one or any(value.form == "fill" for value in kept):
            return self._multiplied_out(kept)
        if all(value.form == "diagonal" for value in kept):
            return Value(self._multiplied([value.code for value in kept]), shape, "diagonal")
        return Value(self.one, shape, "chain", kept)

    def chain_array(self, value: Value) -> Node:
        number, parts = self.opened(value)
        middle = next((place + 1 for place, part in enumerate(parts) if part.shape[1].is_one), 0)
        if middle and number is not self.one:  # an outer product: scale a vector, not the matrix
            left = self.scale(number, self._multiplied_out(parts[:middle]))
            return self.dense(self.multiply(left, self._multiplied_out(parts[middle:])))
        total = self.dense(self._multiplied_out(parts))
        return self.plan.times(number, total)

    def opened(self, value: Value) -> tuple[Node, list[Value]]:
        """A chain as a number and matrices, chains within it opened."""
        if value.form != "chain":
            return self.one, [value]
        return self._opened(value.parts, value.code)

    def _opened(self, parts: Sequence[Value], number: Node) -> tuple[Node, list[Value]]:
        vectors = parts[0].shape[0].is_one or parts[-1].shape[1].is_one
        found: list[Value] = []
        for part in parts:
            inner_one = any(inner.shape[1].is_one for inner in part.parts[:-1])
            if part.form == "chain" and (vectors or inner_one or not part.shared):
                factor, inside = self.opened(part)
                number = self.plan.times(number, factor)
                found += inside
            else:
                found.append(part)
        return number, _without_identities(found)

    def _multiplied_out(self, parts: Sequence[Value]) -> Value:
        """The product in the cheapest order."""
        number, values = self._opened(parts, self.one)
        spread = self._distributed(values)
        if spread is not None:
            return self.scale(number, spread)
        count = len(values)
        if count == 1:
            return self.scale(number, values[0])
        if count == 2:
            return self.scale(number, self.multiply(values[0], values[1]))
        symmetric = self._symmetric(values)
        if symmetric is not None:
            return self.scale(number, symmetric)
        if count > LONGEST_CHAIN:
            return self.scale(number, self._from_one_end(values))
        splits = self._splits(values)
        return self.scale(number, self._grouped(values, splits, 0, count - 1))

    def _distributed(self, values: Sequence[Value]) -> Value | None:
        """Between matrices: a sum of diagonal matrices and outer products is multiplied term by term, at most one needing work."""
        if values[0].kind != "matrix" or values[-1].kind != "matrix":
            return None
        for place, value in enumerate(values):
            if value.form != "sum" or value.shared or len(values) == 1:
                continue
            inside = 0 < place < len(values) - 1
            work = sum(_work(part, inside) for part in value.parts)
            if work <= 1 and any(_work(part, False) == 0 for part in value.parts):
                shape = values[0].shape[0], values[-1].shape[1]
                terms = [self.chain([*values[:place], part, *values[place + 1 :]]) for part in value.parts]
                return self.add(terms, value.signs) if terms else Value(self.one, shape)
        return None

    def _symmetric(self, values: Sequence[Value]) -> Value | None:
        """X^T X as the product of one array with itself, and X^T diag(d) X likewise where d >= 0 and the library sees it."""
        half, odd = divmod(len(values), 2)
        right = values[half + odd :]
        mirrored = [self.transpose(value) for value in reversed(right)]
        if any(not _same(a, b) for a, b in zip(values[:half], mirrored, strict=True)):
            return None
        if odd:
            middle = values[half]
            if middle.form != "diagonal" or "syrk" not in self.traits or not is_nonnegative(middle.code):
                return None
            if not right[0].shape[1].is_one:
                right = [Value(self.root(middle.code), middle.shape, "diagonal"), *right]
        elif half == 1:
            return None
        if right[-1].kind != "vector" and not odd:
            sizes = [self._number(right[0].shape[0]), *(self._number(value.shape[1]) for value in right)]
            all_sizes = [*sizes[::-1], *sizes[1:]]
            if cheapest(sizes)[0] + sizes[0] * sizes[-1] ** 2 // 2 > cheapest(all_sizes)[0]:
                return None
        whole = self._multiplied_out(right)
        if whole.kind == "vector" and odd:
            return None
        code = self.dense(whole)
        return self.multiply(self.transpose(Value(code, whole.shape)), Value(code, whole.shape))

    def root(self, vector: Node) -> Node:
        """The square root of each entry."""
        if vector.op == "times" and vector.parts[0] is vector.parts[1]:
            return self.plan.make("apply", vector.parts[0], shape=vector.shape, data="abs")
        return self.plan.make("apply", vector, shape=vector.shape, data="sqrt")

    def _grouped(self, values: Sequence[Value], splits: Mapping[tuple[int, int], int], start: int, end: int) -> Value:
        if start == end:
            return values[start]
        middle = splits[start, end]
        return self.multiply(self._grouped(values, splits, start, middle), self._grouped(values, splits, middle + 1, end))

    def _splits(self, values: Sequence[Value]) -> dict[tuple[int, int], int]:
        """Where the cheapest order splits; notes the sizes that were assumed, if others would make another choice twice as good."""
        dims = [values[0].shape[0], *(value.shape[1] for value in values)]
        splits = cheapest(
            [self._number(dim) for dim in dims],
            from_right=dims[-1].is_one or all(value.code.op == "transpose" for value in values),
        )[1]
        free = {name for dim in dims for name in dim.names if name not in self.sizes}
        for name in sorted(free) if len(free) > 1 else ():
            for other in (TYPICAL_SIZE // 16, TYPICAL_SIZE * 16):
                changed = {**dict.fromkeys(free, TYPICAL_SIZE), **self.sizes, name: other}
                if _cost([_at(dim, changed) for dim in dims], splits) > 2 * cheapest([_at(dim, changed) for dim in dims])[0]:
                    self.assumed.update(dict.fromkeys(sorted(free)))
        return splits

    def _number(self, dim: Dim) -> int:
        return _at(dim, self.sizes)

    def _from_one_end(self, values: Sequence[Value]) -> Value:
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

    # Two factors.

    def multiply(self, left: Value, right: Value) -> Value:
        """The product of two arrays, whatever their forms."""
        shape = left.shape[0], right.shape[1]
        plan = self.plan
        if "scalar" in (left.kind, right.kind):
            return self.hadamard([left, right])
        if "identity" in (left.form, right.form):
            return right if left.form == "identity" else left
        for value, other in ((left, right), (right, left)):
            if value.form == "sum" and other.kind in ("vector", "row") and not value.shared and len(axes_of(shape)) < 2:
                terms = [self.multiply(part, right) if value is left else self.multiply(left, part) for part in value.parts]
                return self.add(terms, value.signs) if len(terms) > 1 or value.signs[0] == "+" else self.negated(terms[0])
            if value.form == "chain" and len(axes_of(shape)) < 2:
                return self._multiplied_out([left, right])
        if "fill" in (left.form, right.form):
            return self._with_fill(left, right, shape)
        if "unit" in (left.form, right.form) and left.kind != "vector":
            return self._with_unit(left, right, shape)
        if "diagonal" in (left.form, right.form):
            return self._with_diagonal(left, right, shape)
        if left.form == "inverse":
            return Value(self.solved(left.code, self.dense(right)), shape)
        if right.form == "inverse":
            turned = plan.transposed(right.code)
            solved = self.solved(turned, self.dense(self.transpose(Value(self.dense(left), left.shape))))
            return self.transpose(Value(solved, (shape[1], shape[0]))) if left.kind == "matrix" else Value(solved, shape)
        codes = self.dense(left), self.dense(right)
        if len(axes_of(shape)) == 2 and codes[0].op == codes[1].op == "transpose":
            product = plan.make("product", codes[1].parts[0], codes[0].parts[0], shape=axes_of(shape)[::-1])
            return Value(plan.transposed(product), shape)
        return Value(plan.make("outer" if left.kind == "vector" else "product", *codes, shape=axes_of(shape)), shape)

    def _with_fill(self, left: Value, right: Value, shape: Shape) -> Value:
        """Products with arrays of equal entries are sums along an axis, and vectors spread over a matrix."""
        plan = self.plan
        if left.form == "fill" and left.kind == "matrix":
            inner = self.multiply(Value(self.one, (ONE, left.shape[1]), "fill"), right)
            return self.product([Value(left.code, SCALAR), Value(self.one, (left.shape[0], ONE), "fill"), inner])
        if right.form == "fill" and right.kind == "matrix":
            inner = self.multiply(left, Value(self.one, (right.shape[0], ONE), "fill"))
            return self.product([Value(right.code, SCALAR), inner, Value(self.one, (ONE, right.shape[1]), "fill")])
        if left.kind == "vector":  # an outer product
            if left.form == right.form:
                return Value(plan.times(left.code, right.code), shape, "fill")
            if left.form == "fill":
                return Value(plan.times(left.code, self.dense(right)), shape, "rows")
            return Value(plan.times(right.code, self.dense(left)), shape, "columns")
        if left.form == right.form:
            total = plan.times(plan.size(left.shape[1]), plan.times(left.code, right.code))
            return Value(total, shape)
        number, other = (left.code, right) if left.form == "fill" else (right.code, left)
        return self.scale(number, self._along(other, shape, from_left=left.form == "fill"))

    def _along(self, value: Value, shape: Shape, from_left: bool) -> Value:
        """ones' M or M ones."""
        if value.form == "diagonal":
            return Value(value.code, shape)
        if value.form == "unit":
            return Value(self.one, shape)
        ones = Value(self.one, (ONE, value.shape[0]) if from_left else (value.shape[1], ONE), "fill")
        if value.form == "chain":
            number, parts = self.opened(value)
            end = self.multiply(ones, parts[0]) if from_left else self.multiply(parts[-1], ones)
            return self.scale(number, self._multiplied_out([end, *parts[1:]] if from_left else [*parts[:-1], end]))
        if value.form == "sum":
            return self.add([self._along(part, shape, from_left) for part in value.parts], value.signs)
        if value.form == "inverse":
            full = Value(self.filled(self.one, ones.shape), ones.shape)
            return self.multiply(full, value) if from_left else self.multiply(value, full)
        if value.form == ("rows" if from_left else "columns"):
            return Value(self.plan.times(self.plan.size(value.shape[not from_left]), value.code), shape)
        if value.form in ("rows", "columns"):
            return Value(self.plan.make("total", value.code), shape, "fill" if shape != SCALAR else "dense")
        if value.kind != "matrix":
            return Value(self.plan.make("total", self.dense(value)), shape)
        code, axis = self.dense(value), 0 if from_left else 1
        if code.op == "transpose":
            code, axis = code.parts[0], 1 - axis
        return Value(self.plan.make("sum_axis", code, shape=axes_of(shape), data=axis), shape)

    def _with_unit(self, left: Value, right: Value, shape: Shape) -> Value:
        """A row, column or entry."""
        unit, other = (right, left) if right.form == "unit" else (left, right)
        pattern = ("place",) if other.kind != "matrix" else (":", "place") if right.form == "unit" else ("place", ":")
        return Value(self.plan.make("at", self.dense(other), unit.code, shape=axes_of(shape), data=pattern), shape)

    def _with_diagonal(self, left: Value, right: Value, shape: Shape) -> Value:
        plan = self.plan
        if left.form == right.form:
            return Value(plan.times(left.code, right.code), shape, "diagonal")
        if "broadcast" not in self.traits and len(axes_of(shape)) == 2:
            return Value(plan.make("product", self.dense(left), self.dense(right), shape=axes_of(shape)), shape)
        if left.form == "diagonal":
            if right.kind == "vector":
                return Value(plan.times(left.code, self.dense(right)), shape)
            spread = plan.make("spread_columns", left.code, shape=(shape[0], ONE))
            return Value(plan.times(spread, self.dense(right)), shape)
        vector = right.code
        if left.kind == "matrix":
            vector = plan.make("spread_rows", vector, shape=(ONE, shape[1]))
        return Value(plan.times(self.dense(left), vector), shape)

    # Traces and diagonals of products.

    def trace(self, value: Value) -> Node:
        """The trace, of a product without the product."""
        if value.form == "sum":
            return self.plan.summed([self.trace(part) for part in value.parts], value.signs, ())
        number, values = self.opened(value)
        return self.plan.times(number, self._trace(values))

    def _trace(self, values: list[Value]) -> Node:
        if len(values) == 1 and values[0].form == "identity":
            return self.plan.size(values[0].shape[0])
        for place, value in enumerate(values):
            if value.shape[1].is_one:
                return self.dense(self.chain([*values[place + 1 :], *values[: place + 1]]))
        for form in ("diagonal", "inverse"):
            start = next((place for place, value in enumerate(values) if value.form == form), None)
            if start is not None:
                values = [*values[start:], *values[:start]]
                break
        first, rest = values[0], values[1:]
        if first.form == "diagonal":
            if not rest:
                return self.plan.make("total", first.code)
            return self.plan.make("product", first.code, self.diagonal_of(rest))
        if first.form == "inverse" or not rest:
            return self.plan.make("trace", self.dense(self.chain(values)))
        half = len(values) // 2
        left, right = values[:half], values[half:]
        if len(values) % 2 == 0 and all(_same(a, self.transpose(b)) for a, b in zip(left, reversed(right), strict=True)):
            whole = self.dense(self.chain(right))
            return self.inner(whole, whole)
        values = self._turned(values)
        if len(values) == 2:
            return self.inner(self.dense(self.transpose(values[0])), self.dense(values[1]))
        return self.inner(self.dense(self.chain(values[:-1])), self.dense(self.transpose(values[-1])))

    def _turned(self, values: list[Value]) -> list[Value]:
        """The factors of a trace, turned so that the product of all but the last costs least."""
        if not 2 < len(values) <= LONGEST_CHAIN:
            return values
        turns = [[*values[k:], *values[:k]] for k in range(len(values))]

        def cost(turn: list[Value]) -> tuple[int, bool]:
            sizes = [self._number(turn[0].shape[0]), *(self._number(value.shape[1]) for value in turn[:-1])]
            return cheapest(sizes)[0], turn[-1].code.op != "transpose"

        return min(turns, key=cost)

    def diagonal_of(self, values: Sequence[Value]) -> Node:
        """The diagonal of a product, without the product."""
        axes = axes_of(values[0].shape)[:1]
        cut = next((place + 1 for place, value in enumerate(values) if value.shape[1].is_one), len(values) - 1)
        if not cut:
            only = values[0]
            return only.code if only.form == "diagonal" else self.plan.make("diagonal", self.dense(only), shape=axes)
        left, right = self.chain(values[:cut]), self.chain(values[cut:])
        if left.kind == "vector":
            return self.plan.times(self.dense(left), self.dense(right))
        if "diagonal" in (left.form, right.form) or "inverse" in (left.form, right.form):
            return self.plan.make("diagonal", self.dense(self.multiply(left, right)), shape=axes)
        entries = self.plan.times(self.dense(left), self.dense(self.transpose(right)))
        return self.plan.make("sum_axis", entries, shape=axes, data=1)


def _without_identities(values: Sequence[Value]) -> list[Value]:
    return [value for value in values if value.form != "identity"] or list(values[:1])


def _same(left: Value, right: Value) -> bool:
    """Whether two values are surely equal."""
    if left is right:
        return True
    if left.form != right.form or left.shape != right.shape or left.code is not right.code or left.signs != right.signs:
        return False
    return len(left.parts) == len(right.parts) and all(map(_same, left.parts, right.parts))


def _work(part: Value, inside: bool) -> int:
    """How many products of matrices a term costs: none for an outer product or, at an end of the chain, a diagonal matrix."""
    if part.form == "sum" and len(part.parts) == 1:
        return _work(part.parts[0], inside)
    if part.form == "chain":
        if any(inner.shape[1].is_one for inner in part.parts):
            return 0
        if len(part.parts) == 1:
            return _work(part.parts[0], inside)
        return len(part.parts)
    if part.form in ("diagonal", "identity"):
        return int(inside)
    return 0 if part.form in ("rows", "columns", "fill") else 1


def _at(dim: Dim, sizes: Mapping[str, int]) -> int:
    total = 0
    for monomial, coefficient in dim.terms:
        for name in monomial:
            coefficient *= sizes.get(name, TYPICAL_SIZE)
        total += coefficient
    return max(1, total)


def cheapest(sizes: Sequence[int], from_right: bool = False) -> tuple[int, dict[tuple[int, int], int]]:
    """The least number of multiplications for a chain whose factors have sizes[i] x sizes[i + 1], and where to split each part.

    Of equal costs the one from the left, or from the right, where x^T A x and A x share A x, and (A B C)^T is the transpose of A B C.
    """
    count = len(sizes) - 1
    costs = {(place, place): 0 for place in range(count)}
    splits: dict[tuple[int, int], int] = {}
    for length in range(2, count + 1):
        for start in range(count - length + 1):
            end = start + length - 1
            for middle in range(start, end) if from_right else range(end - 1, start - 1, -1):
                cost = costs[start, middle] + costs[middle + 1, end] + sizes[start] * sizes[middle + 1] * sizes[end + 1]
                if (start, end) not in costs or cost < costs[start, end]:
                    costs[start, end], splits[start, end] = cost, middle
    return costs[0, count - 1], splits


def _cost(sizes: Sequence[int], splits: Mapping[tuple[int, int], int]) -> int:
    """The multiplications of a chain with given splits."""
    total, stack = 0, [(0, len(sizes) - 2)]
    while stack:
        start, end = stack.pop()
        if start < end:
            middle = splits[start, end]
            total += sizes[start] * sizes[middle + 1] * sizes[end + 1]
            stack += [(start, middle), (middle + 1, end)]
    return total
