"""`collected`: a sum written with its common factors taken out, `(A + A^T) x` for `A x + A^T x`, where that is shorter."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from matdiff import formula
from matdiff.dims import SCALAR, Shape
from matdiff.formula import Chain, Formulas, shape_of
from matdiff.syntax import Expr

if TYPE_CHECKING:
    from matdiff.syntax import Rational


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


def collected(terms: list[Term], formulas: Formulas) -> Expr:
    """The sum of the terms.  Each round takes out the common factor that saves most tokens; fewer terms are left, so it ends."""
    while len(terms) > 1:
        best: tuple[int, list[int], Term] | None = None
        for places, merged in _candidates(terms, formulas):
            saved = formula.cost(_sum([terms[p] for p in places], formulas)) - formula.cost(merged.expr(formulas))
            if saved > 0 and (best is None or saved > best[0]):
                best = (saved, places, merged)
        if best is None:
            break
        _, places, merged = best
        terms = [merged if p == places[0] else term for p, term in enumerate(terms) if p == places[0] or p not in places]
    return _sum(terms, formulas)


def _sum(terms: list[Term], formulas: Formulas) -> Expr:
    exprs = [term.expr(formulas) for term in terms]
    if len(exprs) == 1:
        return exprs[0]
    shape = max((shape_of(expr) for expr in exprs), key=lambda s: (not s[0].is_one) + (not s[1].is_one))
    return Expr("+", tuple(exprs), shape=shape)


def _candidates(terms: list[Term], formulas: Formulas) -> list[tuple[list[int], Term]]:
    """Every group of terms that share an end of their chains, or a scalar factor, with the group written as one term."""
    found = []
    if len(terms) > 200:  # quadratic below; a sum of that many terms is read by nobody as a formula
        return []
    for side in (-1, 0):
        groups: dict[Expr, list[int]] = {}
        for place, term in enumerate(terms):
            if term.chain:
                groups.setdefault(term.chain[side], []).append(place)
        for places in groups.values():
            if len(places) > 1:
                merged = _without_ends([terms[p] for p in places], formulas, side)
                if merged is not None:
                    found.append((places, merged))
    for factor in dict.fromkeys(factor for term in terms for factor in term.factors):
        places = [place for place, term in enumerate(terms) if factor in term.factors and term.chain]
        if len(places) > 1:
            found.append((places, _without_factor([terms[p] for p in places], formulas)))
    return found


def _common(chains: list[Chain], side: int) -> int:
    """How many factors all the chains share at this end."""
    count = 0
    while all(len(chain) > count for chain in chains):
        if len({chain[count] if side == 0 else chain[-1 - count] for chain in chains}) > 1:
            break
        count += 1
    return count


def _without_ends(terms: list[Term], formulas: Formulas, side: int) -> Term | None:
    """The terms as (what differs) times their common end, or their common beginning times what differs."""
    count = _common([term.chain for term in terms], side)
    end = terms[0].chain[:count] if side == 0 else terms[0].chain[len(terms[0].chain) - count :]
    factors, divisors, rests = _shared_scalars(terms)
    if all(len(term.chain) == count for term in terms):
        inside = collected([term._replace(chain=()) for term in rests], formulas)
        return Term(1, [*factors, inside], divisors, end)
    bare = []
    for term in rests:
        chain = term.chain[count:] if side == 0 else term.chain[: len(term.chain) - count]
        if not chain:
            inner = shape_of(end[-1])[1] if side == 0 else shape_of(end[0])[0]
            if inner.is_one:
                return None
            chain = (formula.eye(inner),)
        bare.append(term._replace(chain=chain))
    inside = collected(bare, formulas)
    return Term(1, factors, divisors, (*end, inside) if side == 0 else (inside, *end))


def _without_factor(terms: list[Term], formulas: Formulas) -> Term:
    factors, divisors, rests = _shared_scalars(terms)
    return Term(1, factors, divisors, (collected(rests, formulas),))


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
