"""`collected`: a sum written with its common factors taken out, `(A + A^T) x` for `A x + A^T x`, where that is shorter."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from matdiff import formula
from matdiff.dims import SCALAR, Shape
from matdiff.formula import Chain, Formulas, shape_of
from matdiff.syntax import Expr
from matdiff.walk import post_order

if TYPE_CHECKING:
    from matdiff.syntax import Rational


# A sum of more terms than this is read by nobody as a formula; it is printed as it is.
MOST_TERMS = 100


class Term(NamedTuple):
    """coefficient * scalar factors * chain of matrices / scalar divisors."""

    coefficient: Rational
    factors: list[Expr]
    divisors: list[Expr]
    chain: Chain

    def expr(self, formulas: Formulas) -> Expr:
        return formulas.scaled(self.coefficient, self.factors, self.divisors, self.chain)

    def times(self, coefficient: Rational) -> Term:
        return self._replace(coefficient=self.coefficient * coefficient)

    @property
    def size(self) -> Shape:
        return (shape_of(self.chain[0])[0], shape_of(self.chain[-1])[1]) if self.chain else SCALAR


class Group(NamedTuple):
    """Terms that share scalar factors and an end of their chains: `rests` are what differs, on the left or right of `end`."""

    places: list[int]
    factors: list[Expr]
    divisors: list[Expr]
    rests: list[Term]
    end: Chain
    side: int

    def term(self, inside: Expr) -> Term:
        """The group as one term, with `inside` for the sum of the rests."""
        if not self.rests[0].chain:
            return Term(1, [*self.factors, inside], self.divisors, self.end)
        return Term(1, self.factors, self.divisors, (*self.end, inside) if self.side == 0 else (inside, *self.end))


def collected(terms: list[Term], formulas: Formulas) -> Expr:
    """The sum of the terms.  Each round takes out the common factor that saves most tokens; fewer terms are left, so it ends."""
    while 1 < len(terms) <= MOST_TERMS:
        best: tuple[int, Group] | None = None
        for group in _groups(terms, formulas):
            merged = group.term(_sum(group.rests, formulas)).expr(formulas)
            saved = formula.cost(_sum([terms[p] for p in group.places], formulas)) - formula.cost(merged)
            if saved > 0 and (best is None or saved > best[0]):
                best = (saved, group)
        if best is None:
            break
        group = best[1]
        merged_term = group.term(collected(group.rests, formulas))
        terms = [merged_term if p == group.places[0] else t for p, t in enumerate(terms) if p not in group.places[1:]]
    return _turned(_sum(terms, formulas), formulas)


def _turned(expr: Expr, formulas: Formulas) -> Expr:
    """(A X B + B X A)^T for B^T X^T A^T + A^T X^T B^T: one transpose in place of many."""
    if expr.op != "+" or any(axis.is_one for axis in shape_of(expr)):
        return expr
    turned = []
    for term in expr.args:
        body = term.args[0] if term.op == "neg" else term
        back = formulas.transposed(body)
        turned.append(formula.call("neg", back, shape=shape_of(back)) if term.op == "neg" else back)
    rows, columns = shape_of(expr)
    back = Expr("+", tuple(turned), shape=(columns, rows))
    whole = formula.call("'", back, shape=(rows, columns))
    return whole if formula.cost(whole) < formula.cost(expr) else expr


def _sum(terms: list[Term], formulas: Formulas) -> Expr:
    if not all(map(_is_everywhere, terms)):
        terms = [term._replace(chain=()) if _is_everywhere(term) else term for term in terms]
    exprs = [term.expr(formulas) for term in terms]
    if len(exprs) == 1:
        return exprs[0]
    first = next((place for place, expr in enumerate(exprs) if expr.op != "neg"), 0)  # b - a, not -a + b
    exprs.insert(0, exprs.pop(first))
    shape = max((shape_of(expr) for expr in exprs), key=lambda s: (not s[0].is_one) + (not s[1].is_one))
    return Expr("+", tuple(exprs), shape=shape)


def _is_everywhere(term: Term) -> bool:
    """Whether a term is one number at every entry, made of numbers and scalar variables: beside an array it needs no ones.

    `x - mu`, but `x - (x^T x) ones(n)`, which a reader would take for a slip.
    """
    plain = all(
        node.shape is None or formula.is_scalar(node) for factor in (*term.factors, *term.divisors) for node in post_order(factor)
    )
    return (
        plain
        and bool(term.chain)
        and all(factor.op == "ones" or (factor.op == "'" and factor.args[0].op == "ones") for factor in term.chain)
    )


def _groups(terms: list[Term], formulas: Formulas) -> list[Group]:
    """Every group of terms that share an end of their chains, and all of them if they share a scalar factor."""
    found = []
    for side in (-1, 0):
        ends: dict[Expr, list[int]] = {}
        for place, term in enumerate(terms):
            if term.chain:
                ends.setdefault(term.chain[side], []).append(place)
        for places in ends.values():
            if len(places) > 1:
                group = _without_ends([terms[p] for p in places], places, side)
                if group is not None:
                    found.append(group)
    factors, divisors, rests = _shared_scalars(terms)
    if (factors or divisors) and all(term.chain for term in terms):
        found.append(Group(list(range(len(terms))), factors, divisors, rests, (), 0))
    return found


def _common(chains: list[Chain], side: int) -> int:
    """How many factors all the chains share at this end."""
    count = 0
    while all(len(chain) > count for chain in chains):
        if len({chain[count] if side == 0 else chain[-1 - count] for chain in chains}) > 1:
            break
        count += 1
    return count


def _without_ends(terms: list[Term], places: list[int], side: int) -> Group | None:
    """The terms as (what differs) times their common end, or their common beginning times what differs."""
    count = _common([term.chain for term in terms], side)
    end = terms[0].chain[:count] if side == 0 else terms[0].chain[len(terms[0].chain) - count :]
    factors, divisors, rests = _shared_scalars(terms)
    if all(len(term.chain) == count for term in terms):
        return Group(places, factors, divisors, [term._replace(chain=()) for term in rests], end, side)
    bare = []
    for term in rests:
        chain = term.chain[count:] if side == 0 else term.chain[: len(term.chain) - count]
        if not chain:
            inner = shape_of(end[-1])[1] if side == 0 else shape_of(end[0])[0]
            if inner.is_one:
                return None
            chain = (formula.eye(inner),)
        bare.append(term._replace(chain=chain))
    return Group(places, factors, divisors, bare, end, side)


def _shared_scalars(terms: list[Term]) -> tuple[list[Expr], list[Expr], list[Term]]:
    """The scalar factors and divisors that all terms share, and the terms without them."""
    shared: list[list[Expr]] = []
    for field in ("factors", "divisors"):
        common = list(getattr(terms[0], field))
        for term in terms[1:]:
            available = list(getattr(term, field))
            common = [f for f in common if f in available and not available.remove(f)]  # type: ignore[func-returns-value]
        shared.append(common)
    rests = [
        term._replace(factors=_removed(term.factors, shared[0]), divisors=_removed(term.divisors, shared[1])) for term in terms
    ]
    return shared[0], shared[1], rests


def _removed(items: list[Expr], taken: list[Expr]) -> list[Expr]:
    remaining = list(items)
    for item in taken:
        remaining.remove(item)
    return remaining
