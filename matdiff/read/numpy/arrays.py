"""`Arrays`: the operators of NumPy on values, and what speaks against the kinds that they were applied to."""

from __future__ import annotations

from collections.abc import Sequence

from matdiff.functions import FUNCTIONS, LINES, lifted
from matdiff.language.kinds import SCALAR_LETTERS, is_greek
from matdiff.language.queries import post_order
from matdiff.language.syntax import Expr, Span
from matdiff.read.numpy.value import MATRIX, NUMBER, Axes, Misfit, Size, Value, number, same, turned
from matdiff.read.sums.einsum import einsum

# How much is in favour of another reading: departures of names from their spelling cost as much.
DEPARTURE = 2
_BARE_NUMBER_ADDED = 4
_GREEK_ADDED = 2
_CURVE_ADDED = 1
_CONTRACTION_ADDED = 6
_SUM_OF_A_NUMBER = 6
_SUM_WITH_A_NUMBER = 2
_SUM_OF_A_MULTIPLE = 1
_PRODUCT_WITH_A_NUMBER = 6
_NUMBER_BESIDE_SHIFT = 3
_NUMBER_BY_ARRAY = 3
_NAME_STRETCHED = 2
_NAME_DIVIDES = 4
_VECTOR_EXPONENT = 4
TURNED_VECTOR = 12
# Who writes `q @ k.T`, with k a matrix, writes other matrices in lower case too; but not weights.
_VECTOR_BY_LOWER_MATRIX = 10
_VECTOR_AMONG_LOWER_MATRICES = 5
_WEIGHTS = ("w", "beta", "theta")
# What is added to X @ w is one number for all rows.
_INTERCEPTS = ("b", "bias", "intercept", "b0", "b_0", "w0", "w_0", "beta0", "beta_0", "theta0", "theta_0")
_VECTOR_AS_INTERCEPT = 7
_VECTOR_BY_IDENTITY = 3

# Small numbers that are added to every entry.
_ADDED = ("eps", "epsilon", "tol", "delta")


def ones(span: Span) -> Expr:
    """The vector of ones; its size is that which fits."""
    return Expr("ones", (), span=span)


def product(span: Span, *factors: Expr) -> Expr:
    """A matrix product; a product on the left goes on."""
    args = (*factors[0].args, *factors[1:]) if factors[0].op == "*" else factors
    return Expr("*", args, span=span)


def _is_contraction(expr: Expr) -> bool:
    """Whether a number is made of arrays otherwise than as a statistic of their entries."""
    return any(node.op in ("'", ":", "tr", "det", "logdet", "norm", "at") for node in post_order(expr))


def _is_greek(expr: Expr) -> bool:
    """Whether its only name is a Greek letter."""
    names = {str(node.value) for node in post_order(expr) if node.op == "name"}
    return len(names) == 1 and all(map(is_greek, names)) and not any(name.partition("_")[0] in _ADDED for name in names)


def _has_greek(expr: Expr) -> bool:
    return any(node.op == "name" and is_greek(str(node.value)) for node in post_order(expr))


def _is_greek_name(value: Value) -> bool:
    """Whether it is a Greek letter alone."""
    return value.is_doubtful and value.expr.op == "name" and is_greek(str(value.expr.value))


def _is_predicted(expr: Expr) -> bool:
    """Whether it is X w: a matrix by weights."""
    last = expr.args[-1] if expr.op == "*" and len(expr.args) == 2 else None
    return last is not None and last.op == "name" and last.value in _WEIGHTS and expr.args[0].op == "name"


def _factors(expr: Expr) -> list[Expr]:
    """Of a product, also where a number divides it."""
    while expr.op in ("/", "./"):
        expr = expr.args[0]
    return [part for arg in expr.args for part in _factors(arg)] if expr.op == "*" else [expr]


class Arrays:
    """The operators; `doubts` is how much speaks against the kinds that they were applied to."""

    def __init__(self) -> None:
        self.doubts = 0
        # Lower-case names that are matrices, and those that are vectors, as operands of `@`.
        self._lowered: set[str] = set()
        self._vectors: set[str] = set()
        # Names of what is assigned.
        self.defined: set[str] = set()

    # Stretching

    def common(self, values: Sequence[Value]) -> Axes:
        """The axes of an elementwise operation: a missing axis, or one that is one long, is stretched."""
        rank = max(value.rank for value in values)
        axes = [True] * rank
        for value in values:
            for place, one in enumerate(reversed(value.ones), 1):
                axes[rank - place] = axes[rank - place] and one
        return tuple(axes)

    def sized(self, result: Value, values: Sequence[Value], span: Span) -> Value:
        """The result with the names of its sizes, which are those of the operands.  Raises Unequal and Misfit."""
        dims: list[Size | None] = [None] * result.rank
        for value in values:
            for place, (one, size) in enumerate(zip(reversed(value.ones), reversed(value.dims)), 1):
                if one or place > result.rank:
                    continue
                known = dims[-place]
                if known is not None:
                    same(known, size, span)
                dims[-place] = size
        result.dims = tuple(size for size in dims if size is not None) if None not in dims else ()
        return result

    def stretched(self, value: Value, axes: Axes, span: Span) -> Expr:
        """Its expression with these axes; a number stays one, which acts on every entry anyway."""
        if value.is_number or len(axes) < 2 or value.ones == axes:
            return value.expr
        expr, own = value.expr, value.ones
        if value.rank == 1:
            expr, own = value.across(span), (True, *own)
        if own[0] and not axes[0]:
            expr = product(span, ones(span), expr)
        if own[1] and not axes[1]:
            expr = product(span, expr, turned(ones(span), span))
        return expr

    def _loose(self, values: Sequence[Value]) -> bool:
        arrays = [value for value in values if not value.is_number]
        return bool(arrays) and all(value.is_loose for value in arrays)

    # Elementwise operators

    def add(self, terms: Sequence[tuple[bool, Value]], span: Span) -> Value:
        """The sum of terms, of which some are subtracted."""
        values = [value for _, value in terms]
        axes, parts = self.common(values), []
        if len(terms) > 1 and all(value.is_mask for value in values):
            raise Misfit(span, "a sum of comparisons is not their number: write `|`, or make them numbers with `1.0 *`")
        for is_subtracted, value in terms:
            if value.is_number and not all(axes):
                self._doubt_added(value)
            part = self.stretched(value, axes, span)
            if value.is_number and not all(axes) and self._looks_mistaken(value.expr):
                part = self._spread(value, axes, span)
            parts.append(Expr("neg", (part,), span=value.span) if is_subtracted else part)
        self._doubt_scaled(values)
        if any(_is_predicted(value.expr) for value in values):
            names = [str(value.expr.value) for value in values if value.rank and value.is_doubtful and value.expr.op == "name"]
            self.doubts += _VECTOR_AS_INTERCEPT * sum(name in _INTERCEPTS for name in names)
        odd = max(value.odd for value in values)
        if axes and any(value.is_number and value.is_doubtful and _is_greek(value.expr) for value in values):
            odd = _SUM_WITH_A_NUMBER
        is_plain = any(value.is_plain for value in values)
        result = Value(Expr("+", tuple(parts), span=span), axes, is_loose=self._loose(values), is_plain=is_plain, odd=odd)
        return self.sized(result, values, span)

    def negated(self, mask: Value, span: Span) -> Value:
        """1 where it does not hold."""
        result = self.add([(False, Value(number(1, span))), (True, mask)], span)
        return result.as_mask()

    def _looks_mistaken(self, expr: Expr) -> bool:
        """Whether a number beside an array is no statistic of its entries, as x^T A x or a name of such a value."""
        return _is_contraction(expr) or any(node.op == "name" and node.value in self.defined for node in post_order(expr))

    def _doubt_scaled(self, terms: Sequence[Value]) -> None:
        """In `gamma * z + beta` both are numbers, or both are vectors."""
        if any(_is_greek_name(term) for term in terms):
            factors = [
                factor for term in terms if term.rank and term.expr.op in ("*", "/", "./") for factor in _factors(term.expr)
            ]
            if any(_is_greek(factor) and factor.value not in self.defined for factor in factors if factor.op == "name"):
                self.doubts += _NUMBER_BESIDE_SHIFT

    def _spread(self, value: Value, axes: Axes, span: Span) -> Expr:
        """A number such as x^T A x at every entry: with ones, since beside an array alone it looks like a mistake."""
        row, rest = turned(ones(span), span), [one for one in axes if not one]
        if len(rest) == 2:
            return Expr("*", (value.expr, ones(span), row), span=span)
        return Expr("*", (value.expr, ones(span) if not axes[0] else row), span=span)

    def _doubt_added(self, value: Value) -> None:
        """A name that is a number, a sum, or a contraction such as x^T A x, is rarely added to every entry of an array."""
        expr = value.expr
        while expr.op == "neg" or (expr.op == "/" and expr.args[1].op == "number"):
            expr = expr.args[0]
        if value.is_doubtful and expr.op == "name":
            self.doubts += 0 if str(expr.value).partition("_")[0] in _ADDED else _BARE_NUMBER_ADDED
        elif value.is_doubtful and _is_greek(expr):
            self.doubts += _GREEK_ADDED
        elif value.is_plain and self._is_curve(expr):
            self.doubts += _CURVE_ADDED
        elif expr.op in (":", "sum") or (expr.op == "*" and any(arg.op == "'" for arg in expr.args)):
            self.doubts += _CONTRACTION_ADDED

    def _is_curve(self, expr: Expr) -> bool:
        """Whether it is a function of a letter that usually is a number, as sin(t): where it is added to data, t is data."""
        names = {str(node.value) for node in post_order(expr) if node.op == "name"} - self.defined
        is_function = any(node.op not in ("name", "number", "*", "/", "+", "neg", "at") for node in post_order(expr))
        return is_function and not names.isdisjoint(SCALAR_LETTERS)

    def negative(self, value: Value, span: Span) -> Value:
        return value.like(Expr("neg", (value.expr,), span=span))

    def multiply(self, left: Value, right: Value, span: Span) -> Value:
        """`*`: entry by entry; a number scales."""
        axes = self.common((left, right))
        if left.is_number or right.is_number:
            array = right if left.is_number else left
            expr = Expr("*", (left.expr, right.expr), span=span)
            row = None
            if array.rank == 1 and not array.is_number:
                across = array.across(span)
                row = Expr("*", (left.expr, across) if left.is_number else (across, right.expr), span=span)
            scale = left if left.is_number else right
            odd = array.odd
            if array.rank and scale.is_doubtful and scale.expr.op == "name" and scale.expr.value in SCALAR_LETTERS:
                odd = odd or _SUM_OF_A_MULTIPLE
            is_plain = left.is_plain or right.is_plain
            result = Value(expr, axes, turned=row, is_loose=not array.is_number and array.is_loose, is_plain=is_plain, odd=odd)
            return self.sized(result, (left, right), span)
        self._doubt_stretched(left, right, _NAME_STRETCHED)
        first, second = (self.stretched(value, axes, span) for value in (left, right))
        args = (*first.args, second) if first.op == ".*" else (first, second)
        return self.sized(Value(Expr(".*", args, span=span), axes, is_loose=self._loose((left, right))), (left, right), span)

    def _doubt_stretched(self, left: Value, right: Value, doubt: int) -> None:
        for one, other in ((left, right), (right, left)):
            self.doubts += _VECTOR_BY_IDENTITY if one.is_doubtful and one.rank == 1 and other.expr.op == "I" else 0
            if one.is_doubtful and one.rank == 1 and other.rank == 2 and not _is_greek(one.expr):
                self.doubts += doubt

    def divide(self, left: Value, right: Value, span: Span) -> Value:
        axes = self.common((left, right))
        if right.is_number:
            if left.rank == 2 and _is_greek_name(right) and left.expr.op == "+" and any(map(_has_greek, left.expr.args)):
                self.doubts += _NUMBER_BESIDE_SHIFT  # (X - mu) / sigma
            is_plain = left.is_plain or right.is_plain
            result = Value(
                Expr("/", (left.expr, right.expr), span=span), axes, is_loose=left.is_loose, is_plain=is_plain, odd=left.odd
            )
            return self.sized(result, (left, right), span)
        if left.is_number and right.expr.op == "*" and (_is_contraction(left.expr) or left.expr.op in ("sum", "mean")):
            self.doubts += _NUMBER_BY_ARRAY
        if right.is_doubtful and not (left.rank == 2 and _is_greek(right.expr)):
            self.doubts += DEPARTURE if left.rank == right.rank else _NAME_DIVIDES
        first, second = (self.stretched(value, axes, span) for value in (left, right))
        return self.sized(
            Value(Expr("./", (first, second), span=span), axes, is_loose=self._loose((left, right))), (left, right), span
        )

    def power(self, base: Value, exponent: Value, span: Span) -> Value:
        """`**`: of numbers, or entry by entry."""
        axes = self.common((base, exponent))
        if exponent.is_doubtful and not exponent.is_number:
            self.doubts += _VECTOR_EXPONENT
        top = exponent.expr
        if top.op == "neg" and top.args[0].op == "number":
            negative = top.args[0].value
            assert negative is not None and not isinstance(negative, str)
            top = Expr("number", (), -negative, span=top.span)
        if base.is_number and exponent.is_number:
            is_plain = base.is_plain or exponent.is_plain
            return Value(Expr("^", (base.expr, top), span=span), axes, is_doubtful=base.is_doubtful, is_plain=is_plain)
        if exponent.is_number:
            expr = Expr(".^", (base.expr, top), span=span)
        else:
            first, second = (self.stretched(value, axes, span) for value in (base, exponent))
            expr = Expr(".^", (first, second), span=span)
        result = Value(expr, axes, is_loose=self._loose((base, exponent)), is_doubtful=base.is_doubtful)
        return self.sized(result, (base, exponent), span)

    def each(self, function: str, value: Value, span: Span) -> Value:
        """A function of every entry."""
        result = value.like(Expr(function, (value.expr,), span=span))
        result.odd = 0
        return result

    # Products and transposes

    def transpose(self, value: Value, span: Span) -> Value:
        """`.T`: of an array with one axis it is the array itself."""
        if value.rank < 2:
            self.doubts += TURNED_VECTOR if value.rank == 1 else _PRODUCT_WITH_A_NUMBER if value.is_doubtful else 0
            return Value(value.expr, value.ones, turned=value.turned, is_loose=value.is_loose)
        first, second = value.ones
        expr = value.across(span)
        result = Value(expr, (second, first), turned=value.expr, is_loose=value.is_loose, lowered=value.lowered)
        result.dims = value.dims[::-1]
        return result

    def scaled(self, left: Value, right: Value, span: Span) -> Value:
        """`np.dot` with a number, which hardly anybody writes."""
        if any(value.is_number and value.is_doubtful and _is_greek(value.expr) for value in (left, right)):
            self.doubts += _PRODUCT_WITH_A_NUMBER
        return self.multiply(left, right, span)

    def matmul(self, left: Value, right: Value, span: Span) -> Value:
        """`@`: an array with one axis is a row on the left and a column on the right."""
        for value in (left, right):
            if value.rank == 0:
                raise Misfit(value.span, "`@` takes no numbers")
        inner = left.ones[-1], right.ones[0]
        if inner[0] != inner[1]:
            raise Misfit(span, "the sizes of the operands of `@` differ")
        self._doubt_vectors(left, right)
        if left.dims and right.dims and not inner[0]:
            same(left.dims[-1], right.dims[0], span)
        dims = (*left.dims[:-1], *right.dims[1:]) if left.dims and right.dims else ()
        axes = left.ones[:-1] + right.ones[1:]
        loose = [one.is_loose and one.rank == 2 and one.expr.op != "I" for one in (left, right)]
        both = left.is_loose and right.is_loose
        row = self._as_row(left, span)
        if left.rank == 1 and right.rank == 2:
            across = product(span, row, right.expr)
            down = product(span, right.across(span), left.expr)
            result = Value(down, axes, turned=across, is_loose=any(loose) or both)
        else:
            result = Value(product(span, row, right.expr), axes, is_loose=any(loose) or both)
        result.dims = dims
        return result

    def _doubt_vectors(self, left: Value, right: Value) -> None:
        for value in (left, right):
            name = str(value.expr.value) if value.expr.op == "name" else ""
            if value.lowered:
                self._lowered.update(str(node.value) for node in (value.expr, *value.expr.args) if node.op == "name")
            elif value.rank == 1 and value.is_doubtful and name and name not in _WEIGHTS:
                self._vectors.add(name)
                if value is left and right.lowered and right.expr.op == "'":
                    self.doubts += _VECTOR_BY_LOWER_MATRIX

    @property
    def all_doubts(self) -> int:
        """With those that only the whole shows."""
        return self.doubts + (_VECTOR_AMONG_LOWER_MATRICES * len(self._vectors) if len(self._lowered) > 1 else 0)

    def _as_row(self, value: Value, span: Span) -> Expr:
        """As the left operand of a product."""
        if value.rank == 2 or value.is_number:
            return value.expr
        return value.across(span)

    def outer(self, left: Value, right: Value, span: Span) -> Value:
        if left.rank != 1 or right.rank != 1:
            raise Misfit(span, "an outer product takes two vectors")
        expr = Expr("*", (left.expr, right.across(span)), span=span)
        return Value(expr, MATRIX, is_loose=left.is_loose or right.is_loose)

    # Sums over axes

    def total(self, value: Value, axis: int | None, keep: bool, span: Span) -> Value:
        """The sum of all entries, or over one axis."""
        self.fixed(value)
        self.doubts += _SUM_OF_A_NUMBER if value.is_plain else value.odd
        if axis is None and value.rank > 2:
            letters = "".join(chr(ord("a") + place) for place in range(value.rank))
            return Value(einsum(f"{letters}->", [value.expr], span))
        if axis is None or value.rank < 2:
            expr = value.expr if value.is_number else Expr("sum", (value.expr,), span=span)
            return Value(expr, (True,) * value.rank if keep else NUMBER)
        if value.ones[axis]:
            return self.without_axis(value, axis, keep, value.expr, span)
        if axis == 1:
            return self.without_axis(value, 1, keep, product(span, value.expr, ones(span)), span)
        if keep:
            return Value(product(span, turned(ones(span), span), value.expr), (True, value.ones[1]))
        return Value(
            product(span, value.across(span), ones(span)),
            value.ones[1:],
            turned=product(span, turned(ones(span), span), value.expr),
        )

    def without_axis(self, value: Value, axis: int, keep: bool, expr: Expr, span: Span) -> Value:
        """`expr`, in which this axis of the value is one long, with or without it."""
        if keep:
            return Value(expr, tuple(one or place == axis for place, one in enumerate(value.ones)))
        rest = value.ones[1 - axis]
        return Value(turned(expr, span) if axis == 0 and not rest else expr, (rest,), turned=expr if axis == 0 else None)

    def along(self, function: str, value: Value, axis: int, keep: bool, span: Span) -> Value:
        """A function of vectors, along an axis of a matrix: of every row along the last one."""
        expr = Expr(lifted(function, LINES[1 - axis]), (value.expr,), span=span)
        if not FUNCTIONS[function].is_scalar_valued:
            return value.like(expr)
        return self.without_axis(value, axis, keep, expr, span)

    def count(self, value: Value, axis: int | None, span: Span) -> Expr:
        """The number of entries, or of those along one axis."""
        if value.is_number or (axis is not None and value.ones[axis]):
            return number(1, span)
        if axis is None:
            return Expr("numel", (value.expr,), span=span)
        return Expr("rows" if axis == 0 else "cols", (value.expr,), span=span)

    def fixed(self, value: Value) -> None:
        """Nothing whose size is not known but from what stands beside it."""
        if value.is_loose and not value.is_number:
            raise Misfit(value.span, "its size does not follow from what stands beside it: give it as a number or a name")
