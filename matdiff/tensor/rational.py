"""Exact arithmetic on coefficients: ints, and Fractions where they are not whole."""

from __future__ import annotations

from matdiff.language.syntax import Rational, ratio


def magnitude(value: Rational) -> Rational:
    """The absolute value."""
    return -value if value < 0 else value


def ratio_of(numerator: Rational, denominator: Rational) -> Rational:
    """numerator / denominator, exactly."""
    return ratio(numerator.numerator * denominator.denominator, numerator.denominator * denominator.numerator)


def common_factor(coefficients: list[Rational]) -> Rational:
    """The common factor a person would take out: an integer that divides all, or the size they all share; minus if all are."""
    sizes = {magnitude(c) for c in coefficients}
    common: Rational = 1
    if len(sizes) == 1:
        (common,) = sizes
    elif all(c.denominator == 1 for c in coefficients):
        from math import gcd

        common = gcd(*(c.numerator for c in coefficients))
    return -common if all(c < 0 for c in coefficients) else common


def whole(value: Rational) -> Rational:
    """The value as an int where it is whole."""
    return ratio(value.numerator, value.denominator)


def rational_power(value: Rational, exponent: Rational) -> Rational | None:
    """value ** exponent when it is rational and of moderate size, else None."""
    if value == 0:
        return 0 if exponent > 0 else None
    if exponent.denominator != 1:
        if exponent.denominator != 2 or value < 0:
            return None
        from math import isqrt

        top, bottom = isqrt(value.numerator), isqrt(value.denominator)
        if top * top != value.numerator or bottom * bottom != value.denominator:
            return None
        value, exponent = ratio(top, bottom), ratio(exponent.numerator)
    if abs(exponent.numerator) * (value.numerator.bit_length() + value.denominator.bit_length()) > 4096:
        return None
    top, bottom = value.numerator ** abs(exponent.numerator), value.denominator ** abs(exponent.numerator)
    return ratio(top, bottom) if exponent > 0 else ratio(bottom, top)
