"""`is_zero`: whether an expression is identically zero, exactly.

Every part that is not rational becomes a new letter: a root, an exponential, a logarithm, a sine.  What the letters are known to
satisfy (the square of a root, e^(a + b) = e^a e^b, sin^2 + cos^2 = 1) is put in, and the rest is a rational function, which
is zero if and only if its numerator is.  A yes is a proof.  A no is none where letters occur, since two of them may depend on each
other in a way that is not known here; where none occurs it is.  Importing this module loads SymPy.
"""

from __future__ import annotations

from math import lcm
from typing import Any

import sympy

from matdiff.check.components import Largest, Sign

Entry = Any  # SymPy is untyped here: an Expr


class Letters:
    """The letters that stand for parts that are not rational, kept over many expressions."""

    def __init__(self) -> None:
        self.names: dict[object, Any] = {}
        # For some letters g: (q, u) with g^q = u, the innermost first.
        self.relations: dict[Any, tuple[int, Entry]] = {}
        # For e^u the denominator d of the letter e^(u/d).
        self.denominators: dict[Entry, int] = {}
        self._known: dict[Entry, Entry] = {}

    def normal(self, expr: Entry) -> Entry:
        """The expression as a quotient of polynomials without common factors, in symbols and letters."""
        if expr not in self._known:
            self._known[expr] = self._reduced(sympy.cancel(self._rational(expr)))
        return self._known[expr]

    def forget(self) -> None:
        """Start again, with letters e^(u/d) that are fine enough."""
        self.names.clear()
        self.relations.clear()
        self._known.clear()

    def letter(self, key: object) -> Any:
        """The letter for a key, the same each time."""
        if key not in self.names:
            self.names[key] = sympy.Dummy()
        return self.names[key]

    def _rational(self, expr: Entry) -> Entry:
        if expr.is_Symbol or expr.is_Rational:
            return expr
        if expr is sympy.pi:
            return self.letter("pi")
        if expr is sympy.E:
            return self._exponential(sympy.S.One)
        if expr.is_Add or expr.is_Mul:
            return expr.func(*map(self._rational, expr.args))
        if isinstance(expr, sympy.exp):
            return self._exponential(expr.args[0])
        if expr.is_Pow:
            return self._power(*expr.args)
        if isinstance(expr, sympy.tanh | sympy.sinh | sympy.cosh):
            return self._rational(expr.rewrite(sympy.exp))
        if isinstance(expr, sympy.tan):
            return self._rational(sympy.sin(expr.args[0])) / self._rational(sympy.cos(expr.args[0]))
        if isinstance(expr, sympy.sin):
            cosine = self._rational(sympy.cos(expr.args[0]))
            return self._with_relation(("sin", self.normal(expr.args[0])), 2, 1 - cosine**2)
        if isinstance(expr, Sign):
            return self._sign(self.normal(expr.args[0]))
        if isinstance(expr, Largest):
            return self.letter(("largest", expr.args[0], *map(self.normal, expr.args[1:])))
        if expr.is_Function:
            return self.letter((expr.func, *map(self.normal, expr.args)))
        return self.letter(expr)

    def _with_relation(self, key: object, degree: int, value: Entry) -> Any:
        letter = self.letter(key)
        self.relations.setdefault(letter, (degree, value))
        return letter

    def _sign(self, argument: Entry) -> Entry:
        if argument.could_extract_minus_sign():
            return -self._sign(self.normal(-argument))
        return self._with_relation(("sign", argument), 2, sympy.S.One)

    def _power(self, base: Entry, exponent: Entry) -> Entry:
        if exponent.is_Integer:
            return self._rational(base) ** exponent
        if exponent.is_Rational:
            inner = self.normal(base)
            root = self._with_relation(("root", inner, exponent.q), exponent.q, inner)
            return root**exponent.p
        constant, rest = sympy.expand(exponent).as_coeff_Add()
        coefficient, rest = rest.as_coeff_Mul()
        if not (constant.is_Integer and coefficient.is_Integer):
            return self.letter(("power", self.normal(base), self.normal(exponent)))
        return self._rational(base) ** constant * self.letter(("power", self.normal(base), self.normal(rest))) ** coefficient

    def _exponential(self, exponent: Entry) -> Entry:
        """e^(2 u - v/3) as a product of powers of letters, each for e^(u/d)."""
        result = sympy.S.One
        for term in sympy.Add.make_args(sympy.expand(self.normal(exponent))):
            coefficient, rest = term.as_coeff_Mul()
            known = self.denominators.get(rest, 1)
            common = lcm(known, coefficient.q)
            if common != known:
                self.denominators[rest] = common
                if ("exp", rest) in self.names:
                    raise _FinerLetters
            result *= self.letter(("exp", rest)) ** (coefficient * common)
        return result

    def _reduced(self, expr: Entry) -> Entry:
        """The quotient with the relations of its letters put in, the outermost first."""
        for letter, (degree, value) in reversed(self.relations.items()):
            above, below = sympy.fraction(expr)
            if not expr.has(letter):
                continue
            above, below = (_lowered(part, letter, degree, value) for part in (above, below))
            expr = sympy.cancel(above / below)
        return expr


class _FinerLetters(Exception):
    """A letter for e^u is there, and one for e^(u/d) is needed: everything has to be read again."""


def _lowered(polynomial: Entry, letter: Any, degree: int, value: Entry) -> Entry:
    """The polynomial with letter^degree replaced by `value`."""
    if not polynomial.has(letter):
        return polynomial
    total = sympy.S.Zero
    for (power,), coefficient in sympy.Poly(polynomial, letter).terms():
        total += coefficient * letter ** (power % degree) * value ** (power // degree)
    return total


def is_zero(expr: Entry, letters: Letters) -> bool | None:
    """True: identically zero.  False: not.  None: not decided; it is not zero as long as the letters are independent."""
    while True:
        try:
            normal = letters.normal(expr)
        except _FinerLetters:
            letters.forget()
            continue
        if normal == 0:
            return True
        return None if normal.free_symbols & set(letters.names.values()) else False
