"""`collected`: a sum written with its common factors taken out, `(A + A^T) x` for `A x + A^T x`, where that costs less."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from matdiff.language import make
from matdiff.language.queries import is_scalar, leaves, post_order, shape_of
from matdiff.language.syntax import Expr
from matdiff.limits import check
from matdiff.recover.common import groups_of
from matdiff.recover.cost import cost
from matdiff.recover.writer import Term, Writer
from matdiff.tensor.rational import common_factor, ratio_of

Value = TypeVar("Value", Term, Expr)

# A sum of more terms than this is read by nobody as a formula; it is printed as it is.
MOST_TERMS = 100
MOST_PAIRED = 20
# Taking factors out of n terms that share all but one of their factors can be tried in n! ways.
MOST_TRIED = 300


def collected(terms: list[Term], writer: Writer) -> Term:
    """The sum of the terms.  Each round takes out the common factor that saves most, first those that all terms share.

    Fewer terms are left each time, so it ends.  After `MOST_TRIED` attempts, in this sum and those inside it, what was found by
    then is it.
    """
    return _Search(writer).collected(terms)


class _Search:
    """What was tried for one sum: the sums inside that were written already, and how many groups may still be tried."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.sums: dict[object, Term] = {}
        self.insides: dict[object, Term] = {}
        self.exprs: dict[object, Expr] = {}
        self.left = MOST_TRIED

    def expr(self, term: Term) -> Expr:
        """The term in matrix notation."""
        return _remembered(self.exprs, _key(term), lambda: term.expr(self.writer))

    def collected(self, terms: list[Term]) -> Term:
        """The sum of the terms with common factors taken out."""
        return _remembered(self.sums, tuple(map(_key, terms)), lambda: self._by_rounds(terms))

    def _by_rounds(self, terms: list[Term]) -> Term:
        given = terms
        while 1 < len(terms) <= MOST_TERMS:
            check()
            best: tuple[tuple[bool, int], list[int], Term] | None = None
            for group in groups_of(terms, self.writer) if self.left > 0 else ():
                self.left -= 1
                content = common_factor([rest.coefficient for rest in group.rests])
                rests = [rest._replace(coefficient=ratio_of(rest.coefficient, content)) for rest in group.rests]
                together = group.term(self._inside(rests)).times(content)
                apart = cost(self._sum([terms[p] for p in group.places]))
                saved = apart - cost(self.expr(together))
                rank = (len(group.places) == len(terms), saved)
                if saved >= (0 if rank[0] and group.of_arrays else 1) and (best is None or rank > best[0]):
                    best = (rank, group.places, together)
            if best is None:
                break
            _, places, together = best
            terms = [together if p == places[0] else t for p, t in enumerate(terms) if p not in places[1:]]
        if len(terms) == 1:
            return terms[0]
        whole = self._ordered(terms)
        if terms is not given:
            plain = self._ordered(given)
            whole = plain if plain.op == "'" and cost(plain) < cost(whole) else whole
        return Term.of(whole)

    def _inside(self, rests: list[Term]) -> Term:
        """The sum of the rests of a group; sums among them are opened where terms then merge."""
        return _remembered(self.insides, tuple(map(_key, rests)), lambda: self._opened_or_not(rests))

    def _opened_or_not(self, rests: list[Term]) -> Term:
        plain = self.collected(rests)
        opened = _merged([inner for term in rests for inner in _opened(term, self.writer)])
        if 0 < len(opened) < sum(len(_opened(term, self.writer)) for term in rests):
            flat = self.collected(opened)
            return flat if cost(self.expr(flat)) <= cost(self.expr(plain)) else plain
        return plain

    def _ordered(self, terms: list[Term]) -> Expr:
        """The sum as it is printed, with every transpose beside its partner, or the transpose of the whole."""
        return _turned(self._sum(terms, paired=True), self.writer)

    def _sum(self, terms: list[Term], paired: bool = False) -> Expr:
        if not all(_is_everywhere(term, self.writer) for term in terms) and not any(map(_is_matrix_product, terms)):
            terms = [term._replace(chain=()) if _is_everywhere(term, self.writer) else term for term in terms]
        exprs = [self.expr(term) for term in terms]
        if paired:
            exprs = _paired(exprs, self.writer)
        if len(exprs) == 1:
            return exprs[0]
        exprs.sort(key=_is_quotient_of_sum)
        first = next((place for place, expr in enumerate(exprs) if expr.op != "neg"), 0)  # b - a, not -a + b
        exprs.insert(0, exprs.pop(first))
        shape = max((shape_of(expr) for expr in exprs), key=lambda s: (not s[0].is_one) + (not s[1].is_one))
        return Expr("+", tuple(exprs), shape=shape)


def _key(term: Term) -> object:
    return term.coefficient, tuple(term.factors), tuple(term.divisors), term.chain


def _remembered(known: dict[object, Value], key: object, made: Callable[[], Value]) -> Value:
    value = known.get(key)
    if value is None:
        value = known[key] = made()
    return value


def _opened(term: Term, writer: Writer) -> list[Term]:
    """The terms of a term that is a multiple of a sum, or of its transpose."""
    is_number = not term.chain and len(term.factors) == 1
    if not is_number and len(term.chain) != 1:
        return [term]
    (body,), others = (term.factors, []) if is_number else (term.chain, term.factors)
    turned = body.op == "'"
    inner = writer.sums.get(body.args[0] if turned else body)
    if inner is None:
        return [term]
    found = []
    for part in inner:
        chain = writer.transposed_chain(part.chain) if turned else part.chain
        found.append(part._replace(chain=chain).times(term.coefficient).under(others, term.divisors, writer))
    return found


def _merged(terms: list[Term]) -> list[Term]:
    """Equal terms as one."""
    found: dict[object, Term] = {}
    for term in terms:
        key = (frozenset(Counter(term.factors).items()), frozenset(Counter(term.divisors).items()), term.chain)
        known = found.get(key)
        found[key] = term if known is None else known._replace(coefficient=known.coefficient + term.coefficient)
    return [term for term in found.values() if term.coefficient]


def _turned(expr: Expr, writer: Writer) -> Expr:
    """(A X B + B X A)^T for B^T X^T A^T + A^T X^T B^T: one transpose in place of many."""
    if expr.op != "+" or any(axis.is_one for axis in shape_of(expr)):
        return expr
    turned = [_transposed_term(term, writer) for term in expr.args]
    whole = make.transposed(Expr("+", tuple(turned), shape=shape_of(expr)[::-1]))
    return whole if cost(whole) < cost(expr) else expr


def _is_quotient_of_sum(expr: Expr) -> bool:
    """Such a term stands behind the others: A - (B + C) / c."""
    body = expr.args[0] if expr.op == "neg" else expr
    return body.op == "/" and body.args[0].op == "+"


def _is_matrix_product(term: Term) -> bool:
    """Whether the reader has to think of matrices, so that a number added to it would be taken for a multiple of I."""
    chain = [factor.args[0] if factor.op == "'" else factor for factor in term.chain]
    if not chain or any(axis.is_one for axis in term.size) or all(factor.op == "ones" for factor in chain):
        return False
    return len(chain) > 1 or chain[0].op in ("I", "diag", "inv")


def _is_everywhere(term: Term, writer: Writer) -> bool:
    """Whether a term is one number at every entry, made of numbers and scalar variables: beside an array it needs no ones.

    `x - mu`, but `x - (x^T x) ones(n)`, which a reader would take for a slip.
    """
    plain = all(
        factor.op == "mean" or node.shape is None or (is_scalar(node) and node not in writer.numbers)
        for factor in (*term.factors, *term.divisors)
        for node in post_order(factor)
    )
    return (
        plain
        and bool(term.chain)
        and all(factor.op == "ones" or (factor.op == "'" and factor.args[0].op == "ones") for factor in term.chain)
    )


def _paired(exprs: list[Expr], writer: Writer) -> list[Expr]:
    """The same with every transpose next to what it is the transpose of: A + A^T - B, not A^T - B + A."""
    if not 1 < len(exprs) <= MOST_PAIRED or any(axis.is_one for axis in shape_of(exprs[0])):
        return exprs
    left, pairs = list(exprs), []
    while left:
        one = left.pop(0)
        back = _transposed_term(one, writer)
        pair = [one, back] if back != one and back in left else [one]
        left = [term for term in left if term not in pair[1:]]
        pairs += sorted(pair, key=_order_of_pair)
    return pairs


def _transposed_term(term: Expr, writer: Writer) -> Expr:
    if term.op != "neg":
        return writer.transposed(term)
    back = writer.transposed(term.args[0])
    return make.call("neg", back, shape=shape_of(back))


def _order_of_pair(term: Expr) -> tuple[int, list[str]]:
    """A before A^T, a b^T before b a^T."""
    words = [str(node.value) for node in leaves(term) if node.op == "name"]
    return term.op == "'" or (term.op == "neg" and term.args[0].op == "'"), words
