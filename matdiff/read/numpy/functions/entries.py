"""Functions that act on every entry and are put together from others."""

from __future__ import annotations

import ast
from collections.abc import Callable

from matdiff.language.syntax import Expr, ratio
from matdiff.read.numpy.call import Call
from matdiff.read.numpy.value import Misfit, Value, number


def square(call: Call) -> Value:
    """x ** 2."""
    return call.code.arrays.power(call.value(), Value(number(2, call.span)), call.span)


def reciprocal(call: Call) -> Value:
    """1 / x."""
    return call.code.arrays.divide(Value(number(1, call.span)), call.value(), call.span)


def rsqrt(call: Call) -> Value:
    """1 / sqrt(x)."""
    root = call.code.arrays.each("sqrt", call.value(), call.span)
    return call.code.arrays.divide(Value(number(1, call.span)), root, call.span)


def negative(call: Call) -> Value:
    """-x."""
    return call.code.arrays.negative(call.value(), call.span)


def silu(call: Call) -> Value:
    """x * sigmoid(x)."""
    arrays, value = call.code.arrays, call.value()
    return arrays.multiply(value, arrays.each("sigmoid", value, call.span), call.span)


def log_to_base(base: int) -> Callable[[Call], Value]:
    """log2 and log10."""

    def made(call: Call) -> Value:
        arrays = call.code.arrays
        divisor = Value(Expr("log", (number(base, call.span),), span=call.span))
        return arrays.divide(arrays.each("log", call.value(), call.span), divisor, call.span)

    return made


def step(call: Call) -> Value:
    """heaviside(x, 0)."""
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


def maximum(call: Call) -> Value:
    """The larger of two arrays, entry by entry."""
    return _larger(call, call.value(0), call.value(1, "other"))


def minimum(call: Call) -> Value:
    """The smaller of two arrays, entry by entry."""
    return _smaller(call, call.value(0), call.value(1, "other"))


def _smaller(call: Call, left: Value, right: Value) -> Value:
    arrays, span = call.code.arrays, call.span
    first, second = (value if _is_zero(value) else arrays.negative(value, span) for value in (left, right))
    return arrays.negative(_larger(call, first, second), span)


def clamped(call: Call) -> Value:
    """clip(x, low, high), of which one may be missing."""
    value, named = call.value(), call.name not in ("clamp_min", "clamp_max")
    low = call.node(1, "min", "a_min") if call.name != "clamp_max" else None
    high = call.node(2 if named else 1, "max", "a_max") if call.name != "clamp_min" else None
    bounds = [None if node is None or (isinstance(node, ast.Constant) and node.value is None) else node for node in (low, high)]
    if bounds == [None, None]:
        raise call.refused(f"`{call.name}` takes a bound")
    if bounds[0] is not None:
        value = _larger(call, value, call.code.value(bounds[0]))
    return _smaller(call, value, call.code.value(bounds[1])) if bounds[1] is not None else value


def leaky(call: Call) -> Value:
    """leaky_relu(x, slope): x where it is positive, else slope x."""
    arrays, span, value = call.code.arrays, call.span, call.value()
    slope = call.node(1, "negative_slope")
    factor = call.code.value(slope) if slope is not None else Value(Expr("number", (), ratio(1, 100), span=span))
    below = arrays.each("relu", arrays.negative(value, span), span)
    return arrays.add([(False, arrays.each("relu", value, span)), (True, arrays.multiply(factor, below, span))], span)


def elu(call: Call) -> Value:
    """elu(x, alpha): x where it is positive, else alpha (exp(x) - 1)."""
    arrays, span, value = call.code.arrays, call.span, call.value()
    slope = call.node(1, "alpha")
    below = arrays.each("relu", arrays.negative(value, span), span)
    part = arrays.each("expm1", arrays.negative(below, span), span)
    if slope is not None:
        part = arrays.multiply(call.code.value(slope), part, span)
    return arrays.add([(False, arrays.each("relu", value, span)), (False, part)], span)


def hypotenuse(call: Call) -> Value:
    """hypot(x, y)."""
    arrays, span = call.code.arrays, call.span
    squares = [arrays.power(call.value(place), Value(number(2, span)), span) for place in (0, 1)]
    return arrays.each("sqrt", arrays.add([(False, square) for square in squares], span), span)


def logaddexp(call: Call) -> Value:
    """log(exp(x) + exp(y)); softplus(y) where x is 0."""
    arrays, span = call.code.arrays, call.span
    left, right = call.value(0), call.value(1)
    for one, other in ((left, right), (right, left)):
        if _is_zero(one):
            return arrays.each("softplus", other, span)
    parts = [arrays.each("exp", one, span) for one in (left, right)]
    return arrays.each("log", arrays.add([(False, part) for part in parts], span), span)


def where(call: Call) -> Value:
    """where(a > b, p, q) is s p + (1 - s) q with s = step(a - b)."""
    arrays, span = call.code.arrays, call.span
    condition = call.node(0, "condition")
    if condition is None or call.node(1, "x") is None or call.node(2, "y", "other") is None:
        raise call.refused("`where` takes a condition and two values")
    first, second = call.value(1, "x"), call.value(2, "y", "other")
    is_swapped = isinstance(condition, ast.Compare) and isinstance(condition.ops[0], (ast.GtE, ast.LtE))
    if is_swapped and isinstance(condition, ast.Compare) and len(condition.ops) == 1:  # 1 - step(b - a)
        sign: ast.cmpop = ast.Lt() if isinstance(condition.ops[0], ast.GtE) else ast.Gt()
        condition = ast.copy_location(ast.Compare(condition.left, [sign], condition.comparators), condition)
        first, second = second, first
    step = call.code.value(condition)
    if not step.is_mask:
        raise call.refused("the condition of `where` is a comparison, such as x > 0", condition)
    other = arrays.negated(step, span)
    terms = [(False, arrays.multiply(step, first, span))] if not _is_zero(first) else []
    terms += [(False, arrays.multiply(other, second, span))] if not _is_zero(second) else []
    axes = arrays.common((step, first, second))
    if terms and not any(value.ones == axes for _, value in terms):
        raise Misfit(span, "the values of `where` have other axes than the condition")
    return arrays.add(terms, span) if len(terms) > 1 else terms[0][1] if terms else Value(number(0, span))
