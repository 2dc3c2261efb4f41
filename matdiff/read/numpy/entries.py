"""Functions that act on every entry and are put together from others."""

from __future__ import annotations

import ast
from collections.abc import Callable

from matdiff.language.syntax import Expr
from matdiff.read.numpy.arrays import Value, number
from matdiff.read.numpy.call import Call


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
    arrays, span = call.code.arrays, call.span
    left, right = (
        arrays.negative(call.value(place), span) if not _is_zero(call.value(place)) else call.value(place) for place in (0, 1)
    )
    return arrays.negative(_larger(call, left, right), span)


def clamped(call: Call) -> Value:
    """torch.clamp(x, min=0)."""
    low = call.node(-1, "min", "a_min")
    if low is None:
        raise call.refused("clamp is read with min= alone")
    return _larger(call, call.value(), call.code.value(low))


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
