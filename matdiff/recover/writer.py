"""`Writer`: how a person writes a transpose, a product, a quotient, a norm, where what is known of the variables matters."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from matdiff.functions import FUNCTIONS, row_of
from matdiff.language.dims import ONE, SCALAR, Shape
from matdiff.language.make import call, eye, number, transposed
from matdiff.language.queries import is_scalar, shape_of
from matdiff.language.syntax import Expr, Rational
from matdiff.recover.cost import cost
from matdiff.recover.terms import (
    Chain,
    exponents_of,
    is_diagonal,
    is_plain,
    is_row_of,
    of_rows,
    opened,
    over_and_under,
    shortened,
)
from matdiff.tensor.rational import magnitude

# Matrices that equal their transpose whatever their arguments are.
_ALWAYS_SYMMETRIC = ("I", "diag")


class Writer:
    """Constructors that know which names stand for symmetric and which for diagonal matrices."""

    def __init__(self) -> None:
        self.symmetric: set[Expr] = set()
        self.diagonal: set[Expr] = set()
        self.skew: set[Expr] = set()
        # The user's variables; the other names are those of parts.
        self.variables: set[Expr] = set()
        # The order of the factors of every product entry by entry that was written: it is kept throughout.
        self._orders: dict[frozenset[tuple[Expr, int]], list[Expr]] = {}
        # The names of parts that are numbers made of arrays, such as c = x^T x.
        self.numbers: set[Expr] = set()
        # The terms of the sums that were written, before common factors were taken out.
        self.sums: dict[Expr, list[Term]] = {}
        # Transposes that were made while so many matrices were known to be symmetric or skew.
        self._turned: dict[Expr, Expr] = {}
        # Whether functions of rows may be written; not where they are to be written by others.
        self.has_lines = True
        self._properties = 0

    def transposed(self, expr: Expr) -> Expr:
        if self._properties != len(self.symmetric) + len(self.skew):
            self._properties = len(self.symmetric) + len(self.skew)
            self._turned.clear()
        known = self._turned.get(expr)
        if known is None:
            known = self._turned[expr] = self._transposed(expr)
        return known

    def _transposed(self, expr: Expr) -> Expr:
        rows, columns = shape_of(expr)
        if rows.is_one and columns.is_one:
            return expr
        if expr.op == "'":
            return expr.args[0]
        if expr.op in ("tril", "triu") and expr.args[0].op == "ones":
            mask = Expr("ones", (), shape=(columns, rows))
            return call("triu" if expr.op == "tril" else "tril", mask, shape=(columns, rows))
        if expr in self.symmetric or (expr.op in _ALWAYS_SYMMETRIC and rows == columns):
            return expr
        if expr.op == "+" and rows == columns and {self.transposed(term) for term in expr.args} == set(expr.args):
            return expr  # A + A^T is its own transpose
        arrays = [arg for arg in expr.args if not is_plain(arg)]
        is_each = expr.op in (".*", "./", ".^") or row_of(expr.op).form == "each"
        if is_each and rows == columns and all(self.transposed(arg) == arg for arg in arrays):
            return expr  # S .* exp(S) for symmetric S
        if expr.op in (".*", "./") and all(arg.op == "'" for arg in arrays):
            inside = tuple(arg.args[0] if arg.op == "'" else arg for arg in expr.args)
            return Expr(expr.op, inside, shape=(columns, rows))
        if expr.op == "commutation":
            return call("commutation", *reversed(expr.args), shape=(columns, rows))
        if expr.op == "*":
            scalars = tuple(factor for factor in expr.args if is_scalar(factor))
            return self.product(scalars + self.transposed_chain(tuple(f for f in expr.args if not is_scalar(f))))
        if expr.op == "neg" and expr.args[0].op in ("*", "name"):
            body = self.transposed(expr.args[0])
            sign, chain = self._without_turned_skew(-1, body.args if body.op == "*" else (body,))
            whole = Expr("*", chain, shape=(columns, rows)) if len(chain) > 1 else chain[0]
            return call("neg", whole, shape=(columns, rows)) if sign < 0 else whole
        if expr.op == "neg" or (expr.op == "/" and not is_scalar(expr.args[0])):
            return Expr(expr.op, (self.transposed(expr.args[0]), *expr.args[1:]), shape=(columns, rows))
        if expr.args and expr.args[0].op == "'" and row_of(expr.op).form == "each":
            return call(expr.op, expr.args[0].args[0], shape=(columns, rows))
        whole = transposed(expr)
        if expr.op == "+":
            terms = tuple(self.transposed(term) for term in expr.args)
            turned = Expr("+", terms, shape=(columns, rows))
            return turned if cost(turned) < cost(whole) else whole
        return whole

    def transposed_chain(self, chain: Chain) -> Chain:
        return tuple(self.transposed(factor) for factor in reversed(chain))

    def product(self, chain: Chain) -> Expr:
        """The product of a chain; equal neighbours become a power."""
        factors = shortened(self._one_diagonal(chain), self.has_lines)
        if len(factors) == 1:
            return factors[0]
        rows = next((shape_of(f)[0] for f in factors if not is_scalar(f)), ONE)
        columns = next((shape_of(f)[1] for f in reversed(factors) if not is_scalar(f)), ONE)
        return Expr("*", factors, shape=(rows, columns))

    def _one_diagonal(self, chain: Chain) -> Chain:
        """diag(a .* b) for neighbours diag(a) diag(b)."""
        found: list[Expr] = []
        for factor in (inner for outer in chain for inner in opened(outer)):
            if found and is_diagonal(factor) and is_diagonal(found[-1]):
                (tops, bottoms), (more, below) = (over_and_under(f.args[0]) for f in (found.pop(), factor))
                factor = self.diag(self.hadamard([*tops, *more], [*bottoms, *below]))
            found.append(factor)
        return tuple(found)

    def hadamard(self, factors: list[Expr], divisors: list[Expr]) -> Expr:
        """The entry-by-entry product of `factors` over `divisors`; equal ones become an elementwise power.

        Variables and their powers come before functions, y .* exp(x), as authors write them; otherwise the order is kept.
        """
        factors = [factor for factor in factors if factor != number(1) and factor.op != "ones"] or factors
        place = next((place for place, factor in enumerate(factors) if factor.op in FUNCTIONS), len(factors))
        behind = sorted(
            factors[place:], key=lambda factor: (factor.args[0] if factor.op == ".^" else factor) not in self.variables
        )
        factors = self._orders.setdefault(frozenset((f, factors.count(f)) for f in factors), [*factors[:place], *behind])
        shape = shape_of((factors or divisors)[0])
        top, bottom = _elementwise(factors, shape), _elementwise(divisors, shape)
        if bottom is None:
            assert top is not None
            return top
        return call("./", top or number(1), bottom, shape=shape)

    def diag(self, vector: Expr) -> Expr:
        """The diagonal matrix with this diagonal."""
        size = shape_of(vector)[0]
        if vector.op == "diag" and vector.args[0] in self.diagonal:
            return vector.args[0]
        if vector.op == "ones":
            return eye(size)
        return call("diag", vector, shape=(size, size))

    def _squared_rows(self, vector: Expr) -> Expr | None:
        """X where the vector is diag(X X^T), the sums of the squares of its rows."""
        if not self.has_lines or vector.op != "diag" or vector.args[0].op != "*":
            return None
        factors = vector.args[0].args
        half = factors[: len(factors) // 2]
        return self.product(half) if self.transposed_chain(half) == factors[len(half) :] else None

    def row_sums(self, vector: Expr) -> Expr:
        """The vector with sum(A .* B, rows) for diag(A B^T): by the sums of rows, not by a diagonal, rows are scaled."""
        tops, bottoms = over_and_under(vector)
        tops, bottoms = ([self._row_sum(factor) for factor in factors] for factors in (tops, bottoms))
        return self.hadamard(tops, bottoms) if self.has_lines else vector

    def _row_sum(self, factor: Expr) -> Expr:
        if factor.op != "diag" or factor.args[0].op != "*" or any(map(is_scalar, factor.args[0].args)):
            return factor
        squared = self._squared_rows(factor)
        if squared is not None:
            norms = of_rows("norm", squared)
            return call(".^", norms, number(2), shape=shape_of(norms))
        chain = factor.args[0].args
        cuts = [(self.product(chain[:cut]), self.product(self.transposed_chain(chain[cut:]))) for cut in range(1, len(chain))]
        return of_rows("sum", min((self.hadamard(list(pair), []) for pair in cuts), key=cost))

    def dot(self, left: Chain, right: Chain) -> Expr:
        """The scalar left^T right of two columns, from the side that needs fewer transposes; ||v||^2 for a compound v."""
        if left == right and not (len(right) == 1 and right[0].op == "name"):
            return call("^", call("norm", self.product(right), shape=SCALAR), number(2), shape=SCALAR)
        one, other = self.transposed_chain(left) + right, self.transposed_chain(right) + left
        halves = self.norm_argument(Expr("*", tuple(inner for factor in one for inner in opened(factor)), shape=SCALAR))
        if halves is not None and halves.op != "name":
            return call("^", call("norm", halves, shape=SCALAR), number(2), shape=SCALAR)
        whole = self.product(min(one, other, key=_transposes))
        sums = [call("sum", self.product(chain[1:]), shape=SCALAR) for chain in (one, other) if is_row_of(chain[0], "ones")]
        return min([whole, *sums], key=cost)

    def trace(self, chain: Chain) -> Expr:
        """tr of a product, turned so that few factors are transposed, with the scalars before it."""
        scalars = [inner for factor in chain if factor.op == "*" for inner in factor.args if is_scalar(inner)]
        if scalars:
            bare = [[f for f in factor.args if not is_scalar(f)] if factor.op == "*" else [factor] for factor in chain]
            return self.product_of_all([*scalars, self.trace(tuple(f for part in bare for f in part))])
        if len(chain) == 1 and chain[0].op == "'":
            chain = (chain[0].args[0],)
        back = self.transposed_chain(chain)
        turns = [c[k:] + c[:k] for c in (chain, back) for k in range(len(chain))]
        ends = (chain[0], self.transposed(chain[0]))  # of equally good turns the one that begins as the product was written
        best = min(turns, key=lambda t: (_transposes(t), cost(self.product(t)), t[0].op != "'", t[0] not in ends))
        scalar = call("tr", self.product(best), shape=SCALAR)
        inner = self.norm_argument(scalar)
        if inner is not None and inner.op != "name":
            return call("^", call("norm", inner, shape=SCALAR), number(2), shape=SCALAR)
        return scalar

    def norm_argument(self, scalar: Expr) -> Expr | None:
        """v when the scalar is v^T v, tr(V^T V) or ||v||^2."""
        if scalar.op == "^" and scalar.args[0].op == "norm" and scalar.args[1] == number(2):
            return scalar.args[0].args[0]
        body = scalar.args[0] if scalar.op == "tr" else scalar
        if scalar.op == "tr" and body.op == "^" and body.args[1] == number(2) and body.args[0] in self.symmetric:
            return body.args[0]
        if body.op != "*" or len(body.args) % 2 or any(is_scalar(factor) for factor in body.args):
            return None
        half = body.args[len(body.args) // 2 :]
        if self.transposed_chain(half) + half == body.args:
            inner, other = self.product(half), self.product(body.args[: len(half)])
            if shape_of(inner)[1].is_one:
                return inner
            return min(inner, other, key=lambda expr: (cost(expr), expr not in self.sums))  # ||X|| for tr(X X^T), too
        return None

    def scalar_power(self, base: Expr, exponent: Rational) -> Expr:
        """base to a positive rational power: norms and square roots by their own signs."""
        if exponent == 1:
            return base
        if exponent.denominator == 2:
            inner = self.norm_argument(base)
            if inner is not None:
                norm = call("norm", inner, shape=SCALAR)
                return norm if exponent.numerator == 1 else call("^", norm, number(exponent.numerator), shape=SCALAR)
            if base.op == "eigmax" and (inner := self.norm_argument(base.args[0])) is not None:
                norm = call("norm2", inner, shape=SCALAR)
                return norm if exponent.numerator == 1 else call("^", norm, number(exponent.numerator), shape=SCALAR)
            if exponent.numerator == 1:
                return call("sqrt", base, shape=SCALAR)
        if base.op == "^" and base.args[0].op == "norm" and exponent.denominator == 1:
            return call("^", base.args[0], number(2 * exponent), shape=SCALAR)
        return call("^", base, number(exponent), shape=SCALAR)

    def powers(self, exponents: dict[Expr, Rational]) -> list[Expr]:
        """The factors base ^ exponent; those with exponent 0 and the number 1 are left out."""
        return [self.scalar_power(base, e) for base, e in exponents.items() if e and base != number(1)]

    def array_power(self, base: Expr, exponent: Rational) -> Expr:
        """base .^ exponent for a positive rational exponent; the root of diag(X X^T) is the norm of the rows."""
        if exponent == 1:
            return base
        matrix = self._squared_rows(base) if exponent.denominator == 2 else None
        if matrix is not None:
            norms = of_rows("norm", matrix)
            return norms if exponent.numerator == 1 else call(".^", norms, number(exponent.numerator), shape=shape_of(norms))
        if exponent.denominator == 2 and exponent.numerator == 1:
            return call("sqrt", base, shape=shape_of(base))
        return call(".^", base, number(exponent), shape=shape_of(base))

    def scaled(
        self, coefficient: Rational, factors: list[Expr], divisors: list[Expr], chain: Chain, entries: bool = False
    ) -> Expr:
        """coefficient * scalar factors * chain / scalar divisors; `entries` says that the factors are in index notation."""
        coefficient, chain = self._without_turned_skew(coefficient, chain)
        size = magnitude(coefficient)
        below = sorted(divisors, key=_is_long)
        if divisors and size.denominator != 1:
            below.insert(0, number(size.denominator))
            size = size.numerator
        above = [*sorted(factors, key=_is_long), *shortened(self._one_diagonal(chain), self.has_lines)]
        if size != 1 or not above:
            above.insert(0, number(size))
        if len(chain) == 1 and factors and chain[0].op == "./" and chain[0].args[0] == number(1) and size.denominator == 1:
            above = [chain[0].replace(args=(self.product_of_all(above[:-1]), chain[0].args[1]))]  # alpha ./ x
        top = self.product_of_all(above, entries)
        if below:
            top = call("/", top, self.product_of_all(below, entries), shape=shape_of(top))
        if coefficient == -1 and top.op == "+" and is_scalar(top) and any(term.op == "neg" for term in top.args):
            turned = [term.args[0] if term.op == "neg" else call("neg", term, shape=SCALAR) for term in top.args]
            return top.replace(args=tuple(sorted(turned, key=lambda term: term.op == "neg")))  # alpha - 1, not -(1 - alpha)
        return call("neg", top, shape=shape_of(top)) if coefficient < 0 else top

    def _without_turned_skew(self, sign: Rational, chain: Chain) -> tuple[Rational, Chain]:
        """-K for K^T, where K is skew."""
        turned = [factor.op == "'" and factor.args[0] in self.skew for factor in chain]
        plain = tuple(factor.args[0] if is_turned else factor for factor, is_turned in zip(chain, turned))
        return (-sign if sum(turned) % 2 else sign), plain

    def product_of_all(self, factors: list[Expr], entries: bool = False) -> Expr:
        """One product; only the last factor, if it is a product of matrices, is opened, so `(x^T x) y` keeps its brackets."""
        if len(factors) == 1:
            return factors[0]
        opened = factors[-1].op == "*" and not entries
        if is_scalar(factors[-1]) and any(factor.op == "*" for factor in factors[:-1]):
            opened = False  # (x^T x) (y^T y)
        flat = (*factors[:-1], *factors[-1].args) if opened else tuple(factors)
        matrices = [factor for factor in flat if not is_scalar(factor)]
        if is_scalar(factors[-1]):
            return Expr("*", flat, shape=SCALAR)
        return Expr("*", flat, shape=(shape_of(matrices[0])[0], shape_of(matrices[-1])[1]))


def _is_long(factor: Expr) -> bool:
    """Whether a scalar stands behind the short ones: alpha and alpha^2 come before det(X)."""
    return (factor.args[0] if factor.op == "^" else factor).op not in ("name", "pi")


def _transposes(chain: Chain) -> int:
    return sum(factor.op == "'" for factor in chain)


def _elementwise(factors: list[Expr], shape: Shape) -> Expr | None:
    counts = Counter(factors).items()
    parts = [factor if count == 1 else call(".^", factor, number(count), shape=shape) for factor, count in counts]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else Expr(".*", tuple(parts), shape=shape)


class Term(NamedTuple):
    """coefficient * scalar factors * chain of matrices / scalar divisors."""

    coefficient: Rational
    factors: list[Expr]
    divisors: list[Expr]
    chain: Chain

    @classmethod
    def of(cls, expr: Expr) -> Term:
        return cls(1, [expr], [], ()) if is_scalar(expr) else cls(1, [], [], (expr,))

    def expr(self, writer: Writer) -> Expr:
        if self.coefficient == 1 and len(self.factors) == 1 and not self.divisors and not self.chain:
            return self.factors[0]  # nothing is to be put together
        return writer.scaled(self.coefficient, self.factors, self.divisors, self.chain)

    def times(self, coefficient: Rational) -> Term:
        return self._replace(coefficient=self.coefficient * coefficient)

    def under(self, factors: list[Expr], divisors: list[Expr], writer: Writer) -> Term:
        """The term times scalar factors over scalar divisors."""
        above = writer.powers(exponents_of([*factors, *self.factors]))
        return self._replace(factors=above, divisors=writer.powers(exponents_of([*divisors, *self.divisors])))

    def entries(self, writer: Writer) -> list[Expr]:
        """The chain as one factor of a product entry by entry; none for a number."""
        return [writer.product(self.chain)] if self.chain else []

    @property
    def size(self) -> Shape:
        return (shape_of(self.chain[0])[0], shape_of(self.chain[-1])[1]) if self.chain else SCALAR
