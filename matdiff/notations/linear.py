"""`linear_terms`: a formula that is linear in one matrix M, as a sum of compositions of linear maps.

The differential of any result is such a formula with M = dX.  Each notation for tensors is one way to write these maps:

    Sides    M -> A M B            Frobenius  A E B^T      Kronecker  B^T kron A
    Turn     M -> M^T              F                       K(m, n)
    Mask     M -> P .* M           P .* E                  diag(vec(P))
    Dyad     M -> V (G : M)        V star G                vec(V) vec(G)^T
    Slope    M -> dexpm(X, M)      dexpm(X)
    Beside   M -> kron(A, M)                               (I kron K(q, m) kron I) (vec(A) kron I)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Union

from matdiff.functions import FUNCTIONS
from matdiff.language import make
from matdiff.language.dims import ONE, Shape
from matdiff.language.queries import is_scalar, post_order, shape_of
from matdiff.language.syntax import Expr
from matdiff.recover.terms import Chain
from matdiff.recover.writer import Writer


class NotLinear(Exception):
    """A part of the formula is none of these maps, such as unvec(M a)."""


class Sides(NamedTuple):
    """M -> left M right; `shape` is that of M."""

    left: Chain
    right: Chain
    shape: Shape


class Turn(NamedTuple):
    """M -> M^T."""

    shape: Shape


class Mask(NamedTuple):
    """M -> P .* M, or M ./ P."""

    factor: Expr
    divides: bool
    shape: Shape


class Dyad(NamedTuple):
    """M -> V (G : M)."""

    value: Expr
    gradient: Expr
    shape: Shape


class Slope(NamedTuple):
    """M -> dexpm(X, M): `function` applied to `args` and M."""

    function: str
    args: Chain
    shape: Shape


class Beside(NamedTuple):
    """M -> kron(other, M), or kron(M, other)."""

    other: Expr
    is_before: bool
    shape: Shape


Map = Union[Sides, Turn, Mask, Dyad, Slope, Beside]


class Term(NamedTuple):
    """A composition of maps, outermost first, times scalar factors over divisors."""

    negative: bool
    factors: tuple[Expr, ...]
    divisors: tuple[Expr, ...]
    maps: tuple[Map, ...]

    def after(self, *maps: Map) -> Term:
        """This term with further maps applied to its value."""
        return self._replace(maps=(*maps, *self.maps))


class Linear:
    """Reads formulas that are linear in `leaf`; `gradient` gives G for a scalar formula G : M."""

    def __init__(self, leaf: Expr, writer: Writer, gradient: Callable[[Expr], Expr]) -> None:
        self.leaf, self.writer, self.gradient = leaf, writer, gradient

    def holds(self, expr: Expr) -> bool:
        """Whether the matrix stands in the formula."""
        return any(node == self.leaf for node in post_order(expr))

    def terms(self, expr: Expr) -> list[Term]:
        """The sum of maps whose value at M the formula is.  Raises NotLinear."""
        if expr == self.leaf:
            return [Term(False, (), (), ())]
        if expr.op == "+":
            if not all(self.holds(term) for term in expr.args):
                raise NotLinear
            return [term for part in expr.args for term in self.terms(part)]
        if expr.op == "neg":
            return [term._replace(negative=not term.negative) for term in self.terms(expr.args[0])]
        if expr.op == "'":
            return [term.after(Turn(shape_of(expr.args[0]))) for term in self.terms(expr.args[0])]
        if expr.op in ("*", ".*"):
            return self._product(expr)
        if expr.op in ("/", "./"):
            return self._quotient(expr)
        return self._call(expr)

    def _product(self, expr: Expr) -> list[Term]:
        places = [place for place, arg in enumerate(expr.args) if self.holds(arg)]
        if len(places) != 1:
            raise NotLinear
        place = places[0]
        inner, others = expr.args[place], [arg for other, arg in enumerate(expr.args) if other != place]
        scalars = tuple(arg for arg in others if is_scalar(arg))
        arrays = [arg for arg in others if not is_scalar(arg)]
        if is_scalar(inner):
            if not arrays:
                raise NotLinear
            value = self.writer.product(tuple(arrays)) if expr.op == "*" else self.writer.hadamard(arrays, [])
            return [Term(False, scalars, (), (Dyad(value, self.gradient(inner), shape_of(self.leaf)),))]
        found = [term._replace(factors=(*scalars, *term.factors)) for term in self.terms(inner)]
        if not arrays:
            return found
        if expr.op == ".*":
            return [term.after(Mask(self.writer.hadamard(arrays, []), False, shape_of(inner))) for term in found]
        left = tuple(arg for arg in expr.args[:place] if not is_scalar(arg))
        right = tuple(arg for arg in expr.args[place + 1 :] if not is_scalar(arg))
        return [term.after(Sides(left, right, shape_of(inner))) for term in found]

    def _quotient(self, expr: Expr) -> list[Term]:
        above, below = expr.args
        if self.holds(below):
            raise NotLinear
        if is_scalar(above) and not is_scalar(expr):
            ones = make.call("./", make.number(1), below, shape=shape_of(expr))
            return [Term(False, (), (), (Dyad(ones, self.gradient(above), shape_of(self.leaf)),))]
        if is_scalar(below):
            return [term._replace(divisors=(*term.divisors, below)) for term in self.terms(above)]
        return [term.after(Mask(below, True, shape_of(above))) for term in self.terms(above)]

    def _call(self, expr: Expr) -> list[Term]:
        inner = next((arg for arg in expr.args if self.holds(arg)), None)
        if inner is None or is_scalar(inner):
            raise NotLinear
        rows, columns = shape_of(inner)
        if expr.op == "diag":
            if columns.is_one:
                row = make.transposed(make.ones(rows))
                spread = Sides((), (row,), (rows, ONE))
                return [term.after(Mask(make.eye(rows), False, (rows, rows)), spread) for term in self.terms(inner)]
            picked = Sides((), (make.ones(columns),), (rows, columns))
            return [term.after(picked, Mask(make.eye(rows), False, (rows, columns))) for term in self.terms(inner)]
        if expr.op in ("tril", "triu"):
            mask = make.call(expr.op, Expr("ones", (), shape=(rows, columns)), shape=(rows, columns))
            return [term.after(Mask(mask, False, (rows, columns))) for term in self.terms(inner)]
        if expr.op == "cumsum":
            mask = make.call("tril", Expr("ones", (), shape=(rows, rows)), shape=(rows, rows))
            return [term.after(Sides((mask,), (), (rows, columns))) for term in self.terms(inner)]
        if expr.op == "kron" and not all(map(self.holds, expr.args)):
            other = expr.args[0] if inner is expr.args[1] else expr.args[1]
            return [term.after(Beside(other, inner is expr.args[1], (rows, columns))) for term in self.terms(inner)]
        if expr.op == "at" and inner is expr.args[0]:
            return [term.after(self._picked(expr, inner)) for term in self.terms(inner)]
        row_ = FUNCTIONS.get(expr.op)
        if row_ is not None and row_.form == "frechet" and inner is expr.args[-1] and not any(map(self.holds, expr.args[:-1])):
            return [term.after(Slope(expr.op, expr.args[:-1], (rows, columns))) for term in self.terms(inner)]
        raise NotLinear

    def _picked(self, expr: Expr, inner: Expr) -> Sides:
        """X[i,:] and X[:,j] as products with unit vectors."""
        rows, columns = shape_of(inner)
        places = expr.args[1:]
        if len(places) == 1:
            places = (*places, Expr("all")) if columns.is_one else (Expr("all"), *places)
        units = [
            None if place.op == "all" else Expr("e", (place, make.size_argument(dim)), shape=(dim, ONE))
            for place, dim in zip(places, (rows, columns))
        ]
        left = () if units[0] is None else (make.transposed(units[0]),)
        return Sides(left, () if units[1] is None else (units[1],), (rows, columns))
