"""`refuse_undefined`: a question that has no value anywhere, because a divisor or an argument is a constant outside the domain.

Only after simplifying does it show that x^T x - x^T x is 0, and then it may have cancelled: so every such operand is looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from matdiff.functions import FUNCTIONS
from matdiff.infer.rules import rule_expr
from matdiff.language.errors import DivisionByZero, NoValue
from matdiff.language.queries import post_order
from matdiff.language.syntax import Expr, Rational
from matdiff.laws.simplify import simplify
from matdiff.tensor.build import number_of
from matdiff.tensor.lower import Lowering


def refuse_undefined(roots: Iterable[Expr], lowering: Lowering) -> None:
    """Raise DivisionByZero or NoValue where a part of the expressions, whose values the lowering knows, has no value."""
    for root in roots:
        for node in post_order(root):
            if node.op in ("/", "./"):
                if _constant(node.args[1], lowering) == 0:
                    raise DivisionByZero(span=node.args[1].span, is_hidden=True)
            elif node.op in ("^", ".^"):
                _refuse_power(node, lowering)
            elif node.op in FUNCTIONS:
                _refuse_function(node, lowering)


def _constant(expr: Expr, lowering: Lowering) -> Rational | None:
    """The number that the value, or every entry of it, is for all values of the variables."""
    return number_of(simplify(lowering.value(expr)))


def _refuse_power(node: Expr, lowering: Lowering) -> None:
    base, exponent = node.args
    power = _constant(exponent, lowering)
    if power is None or (power > 0 and power.denominator == 1):
        return
    value = _constant(base, lowering)
    if value == 0 and power < 0:
        raise DivisionByZero(span=base.span, is_hidden=True)
    if value is not None and value < 0 and power.denominator % 2 == 0:
        raise NoValue(function=node.op, exponent=power, value=value, span=base.span)


def _refuse_function(node: Expr, lowering: Lowering) -> None:
    row = FUNCTIONS[node.op]
    of_inverse = "{0} invertible" in row.conditions
    name = rule_expr(row.on_diagonal).op if row.form == "matrix" and row.on_diagonal else row.name
    has_numbers = row.arity == 1 and (row.is_entrywise or row.form == "matrix")
    function = getattr(math, name, None) if has_numbers else None
    if not of_inverse and function is None:
        return
    value = _constant(node.args[0], lowering)
    if value is not None and (value == 0 if of_inverse else not _has_value(name, value)):
        raise NoValue(function=node.op, value=value, span=node.args[0].span)


def _has_value(name: str, value: Rational) -> bool:
    """Whether a real function of this name has a value there."""
    try:
        getattr(math, name)(float(value))
    except ValueError:
        return False
    except OverflowError:
        return True
    return True
