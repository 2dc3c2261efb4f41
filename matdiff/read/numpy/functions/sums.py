"""Sums, means, norms, and what is made of them: of all entries, or over one axis."""

from __future__ import annotations

from matdiff.language.syntax import Expr
from matdiff.read.build import p_norm
from matdiff.read.numpy.call import Call
from matdiff.read.numpy.value import NUMBER, VECTOR, Misfit, Value, number


def sum(call: Call) -> Value:
    """Of all entries, or over one axis."""
    value = call.value()
    return call.code.arrays.total(value, call.axis(value), call.keeps, call.span)


def builtin_sum(call: Call) -> Value:
    """Python's sum adds the rows of a matrix."""
    value = call.value()
    return call.code.arrays.total(value, 0 if value.rank == 2 else None, False, call.span)


def mean(call: Call) -> Value:
    """Of all entries, or over one axis."""
    value = call.value()
    return averaged(call, value, call.axis(value), call.keeps)


def averaged(call: Call, value: Value, axis: int | None, keep: bool, less: object = 0, like: Value | None = None) -> Value:
    """The mean of all entries, or over one axis; `less` is taken from their number, which is that of `like`."""
    arrays, span = call.code.arrays, call.span
    total = arrays.total(value, axis, keep, span)
    if (axis is None or value.rank == 1) and not less:
        return Value(Expr("mean", (value.expr,), span=span) if not value.is_number else value.expr, total.ones)
    if axis is not None and not less and not value.ones[axis]:
        return arrays.along("mean", value, axis, keep, span)
    count = counted(call, like or value, axis, less)
    result = arrays.divide(total, count, span)
    if total.turned is not None:
        result.turned = Expr("/", (total.turned, count.expr), span=span)
    return result


def counted(call: Call, value: Value, axis: int | None, less: object) -> Value:
    """The number of entries, or of those along one axis, less `ddof`."""
    arrays, span = call.code.arrays, call.span
    count = Value(arrays.count(value, axis, span))
    if isinstance(less, bool) or not isinstance(less, int):
        raise call.refused("ddof is a whole number")
    return arrays.add([(False, count), (True, Value(number(less, span)))], span) if less else count


def variance(call: Call) -> Value:
    """The mean of the squares of the differences from the mean; of PyTorch the sum by n - 1."""
    arrays, span, value = call.code.arrays, call.span, call.value()
    axis, keep = call.axis(value), call.keeps
    unbiased = call.literal(-1, "unbiased")
    less = call.literal(-1, "ddof", "correction", default=None if unbiased is None else int(bool(unbiased)))
    if less is None:
        if not call.library:
            raise call.refused("NumPy divides by n, and PyTorch by n - 1: say ddof=0 or ddof=1")
        less = 1 if call.library == "torch" else 0
    centre = averaged(call, value, axis, value.rank == 2 and axis is not None)
    difference = arrays.add([(False, value), (True, centre)], span)
    squares = arrays.power(difference, Value(number(2, span)), span)
    return averaged(call, squares, axis, keep, less, value)


def deviation(call: Call) -> Value:
    """The root of the variance."""
    return call.code.arrays.each("sqrt", variance(call), call.span)


def extreme(call: Call) -> Value:
    """The largest or smallest of all entries, or along one axis."""
    value = call.value()
    axis = call.axis(value)
    function = "max" if call.name in ("max", "amax") else "min"
    call.code.arrays.fixed(value)
    keep = call.keeps
    if axis is not None and value.rank == 2:
        if call.library == "torch" and call.name in ("max", "min"):
            raise call.refused(f"torch.{call.name} along one axis gives the places too: torch.a{call.name} gives the entries")
        return call.code.arrays.along(function, value, axis, keep, call.span)
    expr = Expr(function, (value.expr,), span=call.span)
    return Value(expr, (True,) * value.rank if keep else NUMBER)


def norm(call: Call) -> Value:
    """The norm of a vector or matrix, or of the rows of a matrix."""
    arrays, span, value = call.code.arrays, call.span, call.value()
    order = call.literal(1, "ord", "p")
    # torch.norm takes a matrix as the list of its entries; torch.linalg.norm does not.
    is_flat = call.name == "vector_norm" or (call.library == "torch" and "linalg" not in call.module)
    axis = call.literal(2, "axis", "dim")
    place = call.axis(value, place=2) if axis is not None else None
    if place is not None and value.rank == 2:
        functions: dict[object, str] = {None: "norm", 2: "norm", 1: "norm1", "inf": "maxnorm"}
        function = functions.get(order)
        if function is None:
            raise call.refused("the norms of order 1, 2 and inf of rows and columns are read")
        arrays.fixed(value)
        return arrays.along(function, value, place, call.keeps, span)
    keeps = call.keeps
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
    elif isinstance(order, int) and order > 2 and not is_matrix:
        return Value(p_norm(value.expr, number(order, span), span))
    else:
        raise call.refused(f"the norm of order {order} of {value.kind} is not read")
    return Value(Expr(function, (value.expr,), span=span), (True,) * value.rank if keeps else NUMBER)


def norms(call: Call, value: Value, axis: int | None, keep: bool) -> Value:
    """Of the rows or columns of a matrix, or of all of it."""
    arrays, span = call.code.arrays, call.span
    arrays.fixed(value)
    if axis is None:
        return Value(Expr("norm", (value.expr,), span=span), (True,) * value.rank if keep else NUMBER)
    return arrays.along("norm", value, axis, keep, span)


def normalized(call: Call) -> Value:
    """F.normalize(X, dim=1): rows or columns by their norms."""
    arrays, span, value = call.code.arrays, call.span, call.value()
    if call.literal(1, "p", default=2) != 2:
        raise call.refused("p=2 is read")
    axis = call.axis(value, place=2, default=1)
    if value.rank == 1:
        return arrays.divide(value, Value(Expr("norm", (value.expr,), span=span)), span)
    return arrays.divide(value, norms(call, value, axis, True), span)


def _exponentials(call: Call) -> tuple[Value, int | None]:
    """The argument of a softmax and its axis; None for all entries of a matrix."""
    value = call.value()
    if value.rank == 0:
        raise Misfit(value.span, f"`{call.name}` of a number")
    call.code.arrays.fixed(value)
    is_told = any(name in call.keywords for name in ("axis", "dim")) or len(call.args) > 1
    if not is_told and value.rank == 2 and call.library != "jax" and call.library != "scipy":
        raise call.refused(f"of the rows or the columns of a matrix? say axis=1 or axis=0 in `{call.name}`")
    default = -1 if call.library == "jax" and call.name != "logsumexp" else None
    return value, call.axis(value, default=default)


def softmax(call: Call) -> Value:
    """exp(x) / sum(exp(x)), along one axis."""
    arrays, span = call.code.arrays, call.span
    value, axis = _exponentials(call)
    if value.rank == 1:
        return Value(Expr("softmax", (value.expr,), span=span), VECTOR)
    if axis is None:
        powers = arrays.each("exp", value, span)
        return arrays.divide(powers, arrays.total(powers, None, False, span), span)
    return arrays.along("softmax", value, axis, True, span)


def logsumexp(call: Call) -> Value:
    """log(sum(exp(x))), along one axis."""
    span = call.span
    value, axis = _exponentials(call)
    keep = call.keeps
    if value.rank == 1:
        return Value(Expr("logsumexp", (value.expr,), span=span), (True,) if keep else NUMBER)
    return _log_of_sums(call, value, axis, keep)


def _log_of_sums(call: Call, value: Value, axis: int | None, keep: bool) -> Value:
    """Of the exponentials."""
    arrays, span = call.code.arrays, call.span
    if axis is not None:
        return arrays.along("logsumexp", value, axis, keep, span)
    return arrays.each("log", arrays.total(arrays.each("exp", value, span), axis, keep, span), span)


def log_softmax(call: Call) -> Value:
    """x - logsumexp(x), along one axis."""
    return log_of_softmax(call, *_exponentials(call))


def log_of_softmax(call: Call, value: Value, axis: int | None) -> Value:
    """The same of a value, along an axis of a matrix."""
    arrays, span = call.code.arrays, call.span
    if value.rank == 1:
        largest = Value(Expr("logsumexp", (value.expr,), span=span))
    else:
        largest = _log_of_sums(call, value, axis, axis is not None)
    return arrays.add([(False, value), (True, largest)], span)
