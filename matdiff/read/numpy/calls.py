"""The functions of NumPy, SciPy, JAX and PyTorch: which of ours each is, by the name that it has there.

The last part of a name counts: `np.linalg.inv`, `jnp.linalg.inv` and `X.inverse()` are one row.  What a library means otherwise than the
others is told apart by `Call.library`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Union


from matdiff.language.errors import UnknownFunction, UnreadCode
from matdiff.language.syntax import Expr, Span
from matdiff.read.numpy.arrays import MATRIX, NUMBER, VECTOR, Misfit, Value, number, ones, product, turned
from matdiff.read.numpy.einsum import contracted

if TYPE_CHECKING:
    from matdiff.read.numpy.translation import Translation

# Their spelling and ours, of what acts on every entry.
_EACH = {
    **{name: name for name in ("exp", "log", "log1p", "expm1", "sqrt", "abs", "sign", "sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{name: name for name in ("relu", "sigmoid", "softplus", "logsigmoid", "erf", "gelu")},
    "absolute": "abs", "fabs": "abs", "sgn": "sign", "arcsin": "asin", "asin": "asin", "arccos": "acos", "acos": "acos",
    "arctan": "atan", "atan": "atan", "expit": "sigmoid", "log_sigmoid": "logsigmoid", "log_expit": "logsigmoid",
}  # fmt: skip
# Operators that are functions there.
_OPERATORS = {
    "add": "+", "subtract": "-", "sub": "-", "multiply": "*", "mul": "*", "divide": "/", "true_divide": "/", "div": "/",
    "power": "**", "pow": "**", "float_power": "**", "matmul": "@", "mm": "@", "mv": "@",
}  # fmt: skip
# What gives its argument as it is, as far as values of real numbers go.
_SAME = frozenset(
    ("copy", "clone", "float", "double", "asarray", "contiguous", "conj", "conjugate", "real", "ascontiguousarray", "atleast_1d")
)
# Of square matrices, and the kind of their values.
_OF_SQUARES = {
    "inv": ("inv", MATRIX), "inverse": ("inv", MATRIX), "det": ("det", NUMBER), "logdet": ("logdet", NUMBER), "trace": ("tr", NUMBER),
    "expm": ("expm", MATRIX), "matrix_exp": ("expm", MATRIX), "logm": ("logm", MATRIX), "sqrtm": ("sqrtm", MATRIX),
}  # fmt: skip
# Keywords that say nothing about the value.
_SILENT = ("dtype", "device", "requires_grad", "hermitian", "assume_a", "check_finite", "optimize", "inplace")


class Call:
    """A call; `library` is "numpy", "scipy", "jax" or "torch", or empty where nothing tells.  The object of a method is its first argument."""

    def __init__(
        self, code: Translation, name: str, library: str, args: list[ast.expr], keywords: dict[str, ast.expr], span: Span
    ) -> None:
        self.code, self.name, self.library, self.args, self.keywords, self.span = code, name, library, args, keywords, span
        self.used = {keyword for keyword in keywords if keyword in _SILENT}
        self.places: set[int] = set()

    def node(self, place: int, *names: str) -> ast.expr | None:
        """The argument at a place or with one of these names."""
        for name in names:
            if name in self.keywords:
                self.used.add(name)
                return self.keywords[name]
        if 0 <= place < len(self.args):
            self.places.add(place)
            return self.args[place]
        return None

    def value(self, place: int = 0, *names: str) -> Value:
        node = self.node(place, *names)
        if node is None:
            raise self.refused(f"`{self.name}` takes another argument")
        return self.code.value(node)

    def matrix(self, place: int = 0, *names: str) -> Value:
        value = self.value(place, *names)
        if value.rank != 2:
            raise Misfit(value.span, f"`{self.name}` takes a matrix, and this is {value.kind}")
        return value

    def literal(self, place: int, *names: str, default: object = None) -> object:
        """A number, text or None that is written out; `default` where it is not given."""
        node = self.node(place, *names)
        if node is None:
            return default
        sign = 1
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            node, sign = node.operand, -1
        if isinstance(node, ast.Constant):
            return -node.value if sign < 0 and isinstance(node.value, (int, float)) else node.value
        if isinstance(node, ast.Attribute) and node.attr == "inf":
            return "inf" if sign > 0 else "-inf"
        if isinstance(node, ast.Tuple):
            return tuple(part.value if isinstance(part, ast.Constant) else None for part in node.elts)
        if isinstance(node, ast.Call) and ast.unparse(node) == "float('inf')":
            return "inf"
        raise self.refused("this has to be written out", node)

    def axis(self, value: Value, place: int = 1, default: int | None = None) -> int | None:
        """The axis, counted from 0; None for all entries."""
        axis = self.literal(place, "axis", "dim", default=default)
        if axis is None or (isinstance(axis, tuple) and set(axis) == set(range(value.rank))):
            return None
        if isinstance(axis, bool) or not isinstance(axis, int):
            raise self.refused("an axis is a number here")
        if not -value.rank <= axis < value.rank:
            raise Misfit(self.span, f"there is no axis {axis} of {value.kind}")
        return axis % value.rank

    @property
    def keeps(self) -> bool:
        keep = self.literal(-1, "keepdims", "keepdim", default=False)
        if not isinstance(keep, bool):
            raise self.refused("keepdims is True or False")
        return keep

    def refused(self, why: str, node: ast.expr | None = None) -> UnreadCode:
        return self.code.unread(node, why) if node is not None else UnreadCode(span=self.span, why=why)

    def finish(self) -> None:
        """Refuse what has not been looked at."""
        for name, node in self.keywords.items():
            if name not in self.used:
                raise self.refused(f"`{name}=` of `{self.name}` is not read", node)
        for place, node in enumerate(self.args):
            if place not in self.places:
                raise self.refused(f"this argument of `{self.name}` is not read", node)


def called(call: Call) -> Value:
    """What a call stands for.  Raises UnknownFunction, UnreadCode and Misfit."""
    name, arrays, span = call.name, call.code.arrays, call.span
    if name in _EACH:
        if name == "gelu" and call.library == "jax" and call.literal(-1, "approximate", default=True) is not False:
            raise call.refused("`jax.nn.gelu` is an approximation unless approximate=False")
        value = arrays.each(_EACH[name], call.value(), span)
    elif name in _OPERATORS:
        value = call.code.operated(_OPERATORS[name], call.value(0), call.value(1, "exponent", "other"), span)
    elif name in _SAME:
        value = call.value()
    elif name in _OF_SQUARES:
        function, axes = _OF_SQUARES[name]
        argument = call.matrix()
        arrays.fixed(argument)
        value = Value(Expr(function, (argument.expr,), span=span), axes)
    elif name in _CALLS:
        value = _CALLS[name](call)
    else:
        raise UnknownFunction(span=span, function=name, names=tuple(sorted(call.code.names)))
    call.finish()
    return value


def is_called(name: str) -> bool:
    """Whether it is a function of a library."""
    return name in _EACH or name in _OPERATORS or name in _SAME or name in _OF_SQUARES or name in _CALLS


# Functions of every entry that are put together


def _square(call: Call) -> Value:
    return call.code.arrays.power(call.value(), Value(number(2, call.span)), call.span)


def _reciprocal(call: Call) -> Value:
    return call.code.arrays.divide(Value(number(1, call.span)), call.value(), call.span)


def _rsqrt(call: Call) -> Value:
    root = call.code.arrays.each("sqrt", call.value(), call.span)
    return call.code.arrays.divide(Value(number(1, call.span)), root, call.span)


def _negative(call: Call) -> Value:
    return call.code.arrays.negative(call.value(), call.span)


def _silu(call: Call) -> Value:
    arrays, value = call.code.arrays, call.value()
    return arrays.multiply(value, arrays.each("sigmoid", value, call.span), call.span)


def _log_to_base(base: int) -> Callable[[Call], Value]:
    def made(call: Call) -> Value:
        arrays = call.code.arrays
        divisor = Value(Expr("log", (number(base, call.span),), span=call.span))
        return arrays.divide(arrays.each("log", call.value(), call.span), divisor, call.span)

    return made


def _step(call: Call) -> Value:
    if call.literal(1, "values") not in (0, 0.0):
        raise call.refused("heaviside(x, 0) is read, in which the step at 0 is 0")
    return call.code.arrays.each("step", call.value(), call.span)


def _is_zero(value: Value) -> bool:
    return value.expr.op == "number" and value.expr.value == 0


def _larger(call: Call, left: Value, right: Value) -> Value:
    """The larger of two: relu(x), or y + relu(x - y)."""
    arrays, span = call.code.arrays, call.span
    if _is_zero(right):
        return arrays.each("relu", left, span)
    if _is_zero(left):
        return arrays.each("relu", right, span)
    above = arrays.each("relu", arrays.add([(False, left), (True, right)], span), span)
    return arrays.add([(False, right), (False, above)], span)


def _maximum(call: Call) -> Value:
    return _larger(call, call.value(0), call.value(1, "other"))


def _minimum(call: Call) -> Value:
    arrays, span = call.code.arrays, call.span
    left, right = (arrays.negative(call.value(place), span) if not _is_zero(call.value(place)) else call.value(place) for place in (0, 1))
    return arrays.negative(_larger(call, left, right), span)


def _clamped(call: Call) -> Value:
    """torch.clamp(x, min=0)."""
    low = call.node(-1, "min", "a_min")
    if low is None:
        raise call.refused("clamp is read with min= alone")
    return _larger(call, call.value(), call.code.value(low))


def _logaddexp(call: Call) -> Value:
    arrays, span = call.code.arrays, call.span
    left, right = call.value(0), call.value(1)
    for one, other in ((left, right), (right, left)):
        if _is_zero(one):
            return arrays.each("softplus", other, span)
    parts = [arrays.each("exp", one, span) for one in (left, right)]
    return arrays.each("log", arrays.add([(False, part) for part in parts], span), span)


def _where(call: Call) -> Value:
    """where(a > b, p, q) is s p + (1 - s) q with s = step(a - b)."""
    arrays, span = call.code.arrays, call.span
    condition = call.node(0, "condition")
    kinds = (ast.Gt, ast.Lt, ast.GtE, ast.LtE)
    if not isinstance(condition, ast.Compare) or len(condition.ops) != 1 or not isinstance(condition.ops[0], kinds):
        raise call.refused("the condition of `where` is one comparison, such as x > 0", condition)
    left, right = call.code.value(condition.left), call.code.value(condition.comparators[0])
    sign = condition.ops[0]
    if isinstance(sign, (ast.Lt, ast.GtE)):
        left, right = right, left
    difference = left if _is_zero(right) else arrays.add([(False, left), (True, right)], span)
    step = arrays.each("step", difference, span)
    other = arrays.add([(False, Value(number(1, span))), (True, step)], span)
    first, second = call.value(1), call.value(2)
    if isinstance(sign, (ast.GtE, ast.LtE)):
        first, second = second, first
    terms = [(False, arrays.multiply(step, first, span))] if not _is_zero(first) else []
    terms += [(False, arrays.multiply(other, second, span))] if not _is_zero(second) else []
    return arrays.add(terms, span) if len(terms) > 1 else terms[0][1] if terms else Value(number(0, span))


# Sums, means, norms


def _sum(call: Call) -> Value:
    value = call.value()
    return call.code.arrays.total(value, call.axis(value), call.keeps, call.span)


def _builtin_sum(call: Call) -> Value:
    """Python's sum adds the rows of a matrix."""
    value = call.value()
    return call.code.arrays.total(value, 0 if value.rank == 2 else None, False, call.span)


def _mean(call: Call) -> Value:
    value = call.value()
    return _averaged(call, value, call.axis(value), call.keeps)


def _averaged(call: Call, value: Value, axis: int | None, keep: bool, less: object = 0) -> Value:
    """The mean of all entries, or over one axis; `less` is taken from their number."""
    arrays, span = call.code.arrays, call.span
    total = arrays.total(value, axis, keep, span)
    if (axis is None or value.rank == 1) and not less:
        return Value(Expr("mean", (value.expr,), span=span) if not value.is_number else value.expr, total.ones)
    count = Value(arrays.count(value, axis, span))
    if less:
        if isinstance(less, bool) or not isinstance(less, int):
            raise call.refused("ddof is a whole number")
        count = arrays.add([(False, count), (True, Value(number(less, span)))], span)
    result = arrays.divide(total, count, span)
    if total.turned is not None:
        result.turned = Expr("/", (total.turned, count.expr), span=span)
    return result


def _variance(call: Call) -> Value:
    """The mean of the squares of the differences from the mean; of PyTorch the sum by n - 1."""
    arrays, span, value = call.code.arrays, call.span, call.value()
    axis, keep = call.axis(value), call.keeps
    unbiased = call.literal(-1, "unbiased")
    less = call.literal(-1, "ddof", "correction", default=None if unbiased is None else int(bool(unbiased)))
    if less is None:
        if not call.library:
            raise call.refused("NumPy divides by n, and PyTorch by n - 1: say ddof=0 or ddof=1")
        less = 1 if call.library == "torch" else 0
    centre = _averaged(call, value, axis, value.rank == 2 and axis is not None)
    difference = arrays.add([(False, value), (True, centre)], span)
    squares = arrays.power(difference, Value(number(2, span)), span)
    return _averaged(call, squares, axis, keep, less)


def _deviation(call: Call) -> Value:
    return call.code.arrays.each("sqrt", _variance(call), call.span)


def _extreme(call: Call) -> Value:
    value = call.value()
    if call.axis(value) is not None and value.rank == 2:
        raise call.refused("the largest entries of rows or columns are not read yet")
    call.code.arrays.fixed(value)
    keep = call.keeps
    expr = Expr("max" if call.name in ("max", "amax") else "min", (value.expr,), span=call.span)
    return Value(expr, (True,) * value.rank if keep else NUMBER)


def _norm(call: Call) -> Value:
    arrays, span, value = call.code.arrays, call.span, call.value()
    order = call.literal(1, "ord", "p")
    # torch.norm takes a matrix as the list of its entries; torch.linalg.norm does not.
    is_flat = call.name == "vector_norm" or (call.library == "torch" and call.code.is_torch_norm(call))
    axis = call.literal(2, "axis", "dim")
    if axis is not None and value.rank == 2:
        if order not in (None, 2):
            raise call.refused("the 2-norms of rows and columns are read")
        place = call.axis(value, place=2)
        squares = arrays.power(value, Value(number(2, span)), span)
        return arrays.each("sqrt", arrays.total(squares, place, call.keeps, span), span)
    if call.keeps:
        raise call.refused("keepdims of a norm is read with an axis of a matrix")
    arrays.fixed(value)
    is_matrix = value.rank == 2 and not is_flat
    if order is None or order == "fro" or (order == 2 and not is_matrix):
        function = "norm"
    elif order == "nuc" and value.rank == 2:
        function = "nucnorm"
    elif order == 2:
        function = "norm2"
    elif order == 1 and not is_matrix:
        function = "norm1"
    elif order == "inf" and not is_matrix:
        function = "maxnorm"
    else:
        raise Misfit(span, f"the norm of order {order} of {value.kind} is not read")
    return Value(Expr(function, (value.expr,), span=span))


def _normalized(call: Call) -> Value:
    """F.normalize(X, dim=1): rows or columns by their norms."""
    arrays, span, value = call.code.arrays, call.span, call.value()
    if call.literal(1, "p", default=2) != 2:
        raise call.refused("p=2 is read")
    axis = call.axis(value, place=2, default=1)
    if value.rank == 1:
        return arrays.divide(value, Value(Expr("norm", (value.expr,), span=span)), span)
    squares = arrays.power(value, Value(number(2, span)), span)
    return arrays.divide(value, arrays.each("sqrt", arrays.total(squares, axis, True, span), span), span)


def _squared_error(call: Call) -> Value:
    arrays, span = call.code.arrays, call.span
    difference = arrays.add([(False, call.value(0)), (True, call.value(1))], span)
    squares = arrays.power(difference, Value(number(2, span)), span)
    reduction = call.literal(-1, "reduction", default="mean")
    if reduction == "none":
        return squares
    return arrays.total(squares, None, False, span) if reduction == "sum" else _averaged(call, squares, None, False)


def _exponentials(call: Call) -> tuple[Value, int | None]:
    """The argument of a softmax and its axis; None for all entries of a matrix."""
    value = call.value()
    if value.rank == 0:
        raise Misfit(value.span, f"`{call.name}` of a number")
    call.code.arrays.fixed(value)
    is_told = any(name in call.keywords for name in ("axis", "dim")) or len(call.args) > 1
    if not is_told and value.rank == 2 and call.library != "jax" and call.library != "scipy":
        raise Misfit(call.span, f"of the rows or the columns of a matrix? say axis=1 or axis=0 in `{call.name}`")
    default = -1 if call.library == "jax" and call.name != "logsumexp" else None
    return value, call.axis(value, default=default)


def _softmax(call: Call) -> Value:
    arrays, span = call.code.arrays, call.span
    value, axis = _exponentials(call)
    if value.rank == 1:
        return Value(Expr("softmax", (value.expr,), span=span), VECTOR)
    powers = arrays.each("exp", value, span)
    return arrays.divide(powers, arrays.total(powers, axis, axis is not None, span), span)


def _logsumexp(call: Call) -> Value:
    arrays, span = call.code.arrays, call.span
    value, axis = _exponentials(call)
    keep = call.keeps
    if value.rank == 1:
        return Value(Expr("logsumexp", (value.expr,), span=span), (True,) if keep else NUMBER)
    return arrays.each("log", arrays.total(arrays.each("exp", value, span), axis, keep, span), span)


def _log_softmax(call: Call) -> Value:
    arrays, span = call.code.arrays, call.span
    value, axis = _exponentials(call)
    if value.rank == 1:
        largest = Value(Expr("logsumexp", (value.expr,), span=span))
    else:
        largest = arrays.each("log", arrays.total(arrays.each("exp", value, span), axis, axis is not None, span), span)
    return arrays.add([(False, value), (True, largest)], span)


# Products and matrices


def _dot(call: Call) -> Value:
    left, right = call.value(0), call.value(1, "b", "other", "tensor")
    call.code.turned_on_the_left(call.args[0] if call.args else None, left)
    return call.code.operated("@" if left.rank and right.rank else "*", left, right, call.span)


def _inner(call: Call) -> Value:
    left, right = call.value(0), call.value(1, "other")
    if right.rank == 2:
        right = call.code.arrays.transpose(right, call.span)
    if left.rank == 1 and right.rank == 2:
        return call.code.arrays.matmul(call.code.arrays.transpose(right, call.span), left, call.span)
    return call.code.operated("@" if left.rank and right.rank else "*", left, right, call.span)


def _vdot(call: Call) -> Value:
    left, right = call.value(0), call.value(1)
    if left.rank != right.rank:
        raise Misfit(call.span, "`vdot` takes two arrays of one kind")
    if left.rank == 2:
        return Value(Expr(":", (left.expr, right.expr), span=call.span))
    return call.code.operated("@" if left.rank else "*", left, right, call.span)


def _outer(call: Call) -> Value:
    return call.code.arrays.outer(call.value(0), call.value(1), call.span)


def _chain(call: Call) -> Value:
    node = call.node(0)
    if not isinstance(node, (ast.List, ast.Tuple)) or len(node.elts) < 2:
        raise call.refused("multi_dot takes a list")
    values = [call.code.value(part) for part in node.elts]
    result = values[0]
    for value in values[1:]:
        result = call.code.arrays.matmul(result, value, call.span)
    return result


def _kron(call: Call) -> Value:
    left, right = call.value(0), call.value(1)
    if left.rank != right.rank or not left.rank or left.is_loose or right.is_loose:
        raise Misfit(call.span, "`kron` takes two matrices or two vectors")
    return Value(Expr("kron", (left.expr, right.expr), span=call.span), left.ones)


def _power_of_matrix(call: Call) -> Value:
    power = call.literal(1, "n")
    if not isinstance(power, int):
        raise call.refused("the power is a whole number")
    return Value(Expr("^", (call.matrix().expr, Expr("number", (), power, span=call.span)), span=call.span), MATRIX)


def _solve(call: Call) -> Value:
    matrix, right = call.matrix(0), call.value(1)
    inverse = Value(Expr("inv", (matrix.expr,), span=matrix.span), MATRIX)
    return call.code.arrays.matmul(inverse, right, call.span)


def _pinv(call: Call) -> Value:
    return Value(Expr("pinv", (call.matrix().expr,), span=call.span), MATRIX)


def _diag(call: Call) -> Value:
    value = call.value()
    if value.rank == 0 or (value.is_loose and value.rank == 2):
        raise Misfit(value.span, "`diag` takes a vector or a matrix")
    is_vector = value.rank == 1
    return Value(Expr("diag", (value.expr,), span=call.span), MATRIX if is_vector else VECTOR, is_loose=value.is_loose)


def _triangle(call: Call) -> Value:
    return Value(Expr(call.name, (call.matrix().expr,), span=call.span), MATRIX)


def _cumsum(call: Call) -> Value:
    value = call.value()
    if value.rank != 1 or call.axis(value) not in (None, 0):
        raise Misfit(call.span, "`cumsum` is read of a vector")
    return Value(Expr("cumsum", (value.expr,), span=call.span), VECTOR)


def _eye(call: Call) -> Value:
    size = call.code.size(call.node(0, "N", "n"))
    if call.node(1, "M", "m") is not None:
        raise call.refused("the identity matrix is square")
    return Value(Expr("I", size, span=call.span), MATRIX, is_loose=not size)


def _filled(call: Call) -> Value:
    """np.ones(n), np.zeros((m, n))."""
    node = call.node(0, "shape")
    nodes = list(node.elts) if isinstance(node, (ast.Tuple, ast.List)) else [node] if node is not None else []
    while len(call.args) > len(call.places) and len(nodes) < 2 and call.library == "torch":  # torch.ones(m, n)
        extra = call.node(len(call.places))
        nodes += [extra] if extra is not None else []
    if not 1 <= len(nodes) <= 2:
        raise call.refused("one or two sizes are read")
    sizes = [call.code.size(part) for part in nodes]
    is_loose = not all(sizes)
    if len(nodes) == 1:
        return Value(Expr(call.name, sizes[0], span=call.span), VECTOR, is_loose=is_loose)
    if is_loose and call.name == "zeros":
        raise call.refused("the sizes of this are written out, as numbers or names")
    if is_loose:
        one, other = (Expr("ones", size, span=call.span) for size in sizes)
        return Value(product(call.span, one, turned(other, call.span)), MATRIX, is_loose=True)
    axes = tuple(size[0].op == "number" and size[0].value == 1 for size in sizes)
    return Value(Expr(call.name, (*sizes[0], *sizes[1]), span=call.span), axes)


def _filled_like(call: Call) -> Value:
    value = call.value()
    if call.name == "zeros_like":
        return call.code.arrays.multiply(Value(number(0, call.span)), value, call.span)
    if value.rank == 2:
        return Value(product(call.span, ones(call.span), turned(ones(call.span), call.span)), value.ones, is_loose=True)
    return Value(ones(call.span), value.ones, is_loose=True) if value.rank else Value(number(1, call.span))


# Forms


def _transpose(call: Call) -> Value:
    value = call.value()
    axes: list[object] = []
    while len(call.args) > len(call.places):
        axes.append(call.literal(len(call.places)))
    if len(axes) == 1 and isinstance(axes[0], tuple):
        axes = list(axes[0])
    if axes and {axis % 2 if isinstance(axis, int) else None for axis in axes} != {0, 1}:
        raise call.refused("these axes are not exchanged in a matrix")
    if call.name == "permute" and axes not in ([1, 0], [-1, -2]):
        raise call.refused("permute(1, 0) is the transpose")
    return call.code.arrays.transpose(value, call.span)


def _flat(call: Call) -> Value:
    """Row by row, which is vec(X^T); column by column with order="F"."""
    value, span = call.value(), call.span
    order = call.literal(1, "order", default="C")
    return _as_list(call, value, order, span)


def _as_list(call: Call, value: Value, order: object, span: Span) -> Value:
    if order not in ("C", "F"):
        raise call.refused('order is "C" or "F"')
    call.code.arrays.fixed(value)
    if value.rank < 2:
        return value if value.rank else Value(value.expr, (True,))
    expr = value.expr if order == "F" else value.turned or turned(value.expr, span)
    return Value(Expr("vec", (expr,), span=span), VECTOR)


def _reshaped(call: Call) -> Value:
    value, order = call.value(), call.literal(-1, "order", default="C")
    shape: list[object] = []
    while len(call.args) > len(call.places):
        shape.append(call.literal(len(call.places)))
    shape = list(shape[0]) if len(shape) == 1 and isinstance(shape[0], tuple) else shape
    flat = _as_list(call, value, order, call.span)
    if shape == [-1]:
        return flat
    if shape == [-1, 1]:
        return Value(flat.expr, (*flat.ones, True))
    if shape == [1, -1]:
        return Value(flat.turned or turned(flat.expr, call.span), (True, *flat.ones))
    raise call.refused("reshape(-1), (-1, 1) and (1, -1) are read")


def _unsqueezed(call: Call) -> Value:
    value, place = call.value(), call.literal(1, "axis", "dim")
    if value.rank != 1 or place not in (0, 1, -1):
        raise Misfit(call.span, "a new axis is read of a vector")
    return call.code.with_axis(value, first=place == 0, span=call.span)


def _squeezed(call: Call) -> Value:
    value = call.value()
    call.axis(value)
    if value.rank < 2 or not any(value.ones):
        raise Misfit(call.span, "no axis is surely one long")
    place = 0 if value.ones[0] else 1
    return call.code.arrays.without_axis(value, place, False, value.expr, call.span)


def _array(call: Call) -> Value:
    """np.array of an array, or of numbers that are written out."""
    node = call.node(0)
    if not isinstance(node, (ast.List, ast.Tuple)):
        return call.value()
    rows = [part.elts if isinstance(part, (ast.List, ast.Tuple)) else None for part in node.elts]
    if not rows or any((row is None) != (rows[0] is None) for row in rows):
        raise call.refused("an array is a list of numbers or of rows")
    lists = [[part] for part in node.elts] if rows[0] is None else [list(row) for row in rows if row is not None]
    return _blocks(call, lists, NUMBER, VECTOR if rows[0] is None else MATRIX)


def _block(call: Call) -> Value:
    node = call.node(0)
    if not isinstance(node, ast.List) or not all(isinstance(part, ast.List) for part in node.elts):
        raise call.refused("a list of rows of matrices is read")
    return _blocks(call, [list(part.elts) for part in node.elts if isinstance(part, ast.List)], MATRIX, MATRIX)


def _blocks(call: Call, rows: list[list[ast.expr]], of: tuple[bool, ...], axes: tuple[bool, ...]) -> Value:
    if not rows or not rows[0] or any(len(row) != len(rows[0]) for row in rows):
        raise call.refused("the rows have different lengths")
    parts = [call.code.value(part) for row in rows for part in row]
    for part in parts:
        if part.rank != len(of) or part.is_loose:
            raise Misfit(part.span, f"{part.kind} as a part of an array")
    ones_of = (len(rows) == 1, len(rows[0]) == 1) if not of else (False, False)
    axes = axes if len(axes) == 1 else ones_of
    if len(parts) == 1:
        return Value(parts[0].expr, (True,) * len(axes) if not of else axes)
    return Value(Expr("block", tuple(part.expr for part in parts), len(rows[0]), span=call.span), axes)


def _joined(call: Call) -> Value:
    """concatenate, hstack and vstack."""
    node = call.node(0)
    if not isinstance(node, (ast.List, ast.Tuple)) or not node.elts:
        raise call.refused("a list of arrays is read")
    parts = [call.code.value(part) for part in node.elts]
    rank = parts[0].rank
    if any(part.rank != rank or not rank or part.is_loose for part in parts):
        raise Misfit(call.span, "arrays of one kind are joined")
    axis: Union[int, None] = {"hstack": rank - 1, "vstack": 0}.get(call.name, -1)
    if axis == -1:
        axis = call.axis(parts[0], default=0)
    if rank == 1 and call.name == "vstack":
        parts = [Value(part.turned or turned(part.expr, call.span), MATRIX) for part in parts]
    width = len(parts) if axis == 1 and rank == 2 else 1
    expr = Expr("block", tuple(part.expr for part in parts), width, span=call.span) if len(parts) > 1 else parts[0].expr
    return Value(expr, parts[0].ones if rank == 1 and call.name != "vstack" else MATRIX)


def _count_of(call: Call) -> Value:
    value = call.value()
    axis = 0 if call.name == "len" else call.axis(value)
    if not value.rank:
        raise Misfit(value.span, "a number has no length")
    return Value(call.code.arrays.count(value, axis, call.span))


def _einsum(call: Call) -> Value:
    text = call.literal(0)
    if not isinstance(text, str):
        raise call.refused("the subscripts of einsum are written out")
    operands = [call.value(place) for place in range(1, len(call.args))]
    return contracted(text, operands, call.code.arrays, call.span)


_CALLS: dict[str, Callable[[Call], Value]] = {
    "square": _square, "reciprocal": _reciprocal, "rsqrt": _rsqrt, "negative": _negative, "neg": _negative, "silu": _silu,
    "swish": _silu, "log2": _log_to_base(2), "log10": _log_to_base(10), "heaviside": _step, "maximum": _maximum, "minimum": _minimum,
    "fmax": _maximum, "fmin": _minimum, "clamp": _clamped, "logaddexp": _logaddexp, "where": _where, "sum": _sum, "mean": _mean,
    "average": _mean, "var": _variance, "std": _deviation, "max": _extreme, "amax": _extreme, "min": _extreme, "amin": _extreme,
    "norm": _norm, "vector_norm": _norm, "matrix_norm": _norm, "normalize": _normalized, "mse_loss": _squared_error,
    "softmax": _softmax, "logsumexp": _logsumexp, "log_softmax": _log_softmax, "dot": _dot, "inner": _inner, "vdot": _vdot,
    "outer": _outer, "ger": _outer, "multi_dot": _chain, "kron": _kron, "matrix_power": _power_of_matrix, "solve": _solve,
    "pinv": _pinv, "diag": _diag, "diagonal": _diag, "diagflat": _diag, "tril": _triangle, "triu": _triangle, "cumsum": _cumsum,
    "eye": _eye, "identity": _eye, "ones": _filled, "zeros": _filled, "ones_like": _filled_like, "zeros_like": _filled_like,
    "transpose": _transpose, "t": _transpose, "swapaxes": _transpose, "permute": _transpose, "adjoint": _transpose, "ravel": _flat,
    "flatten": _flat, "reshape": _reshaped, "view": _reshaped, "expand_dims": _unsqueezed, "unsqueeze": _unsqueezed,
    "squeeze": _squeezed, "array": _array, "tensor": _array, "block": _block, "concatenate": _joined, "hstack": _joined,
    "vstack": _joined, "cat": _joined, "len": _count_of, "size": _count_of, "numel": _count_of, "einsum": _einsum,
    "builtin sum": _builtin_sum,
}  # fmt: skip
