"""What several terms of a sum have in common: an end of their chains, scalar factors and divisors, a factor entry by entry, a vector."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from matdiff.language import make
from matdiff.language.queries import is_scalar, post_order, shape_of
from matdiff.language.syntax import Expr, Rational
from matdiff.recover.terms import Chain, base_of, base_of_array, exponents_of, is_diagonal, opened, over_and_under
from matdiff.recover.writer import Term, Writer
from matdiff.tensor.rational import whole


class Group(NamedTuple):
    """Terms with something in common: `term` makes one term of all of them from the sum of the `rests`, what differs.

    `of_arrays` says that it is an array, which authors take out even where that saves nothing: A^T (f - y) for A^T f - A^T y.
    """

    places: list[int]
    rests: list[Term]
    term: Callable[[Term], Term]
    of_arrays: bool = False


def groups_of(terms: list[Term], writer: Writer) -> list[Group]:
    """Every group of terms that share an end of their chains, a scalar factor or divisor, a factor entry by entry, or diag."""
    found: list[Group] = []
    for side in (-1, 0):
        for places in _sharing(terms, lambda term, side=side: term.chain[side : side + 1 or None]):  # type: ignore[misc]
            found += _with_ends([terms[p] for p in places], places, side, writer)
    for places in _sharing(terms, _scalar_bases):
        chosen = [terms[p] for p in places]
        if all(term.chain for term in chosen) or not any(term.chain for term in chosen):
            found += _with_scalars(chosen, places, writer)
    for places in _sharing(terms, lambda term: (*_entrywise_factors(term), *(("below", f) for f in _entrywise_divisors(term)))):
        found += _with_entries([terms[p] for p in places], places, writer)
    for side in (0, -1):
        for places in _sharing(terms, lambda term, side=side: _scales(term, side, writer)):  # type: ignore[misc]
            found += _with_scale([terms[p] for p in places], places, side, writer)
    for places in _sharing(terms, _vectors_of):
        found += _with_vector([terms[p] for p in places], places, writer)
    diagonals = [p for p, term in enumerate(terms) if len(term.chain) == 1 and is_diagonal(term.chain[0])]
    if len(diagonals) > 1:
        rests = [terms[p]._replace(chain=(terms[p].chain[0].args[0],)) for p in diagonals]
        found.append(Group(diagonals, rests, lambda inside: Term(1, [], [], (writer.diag(inside.expr(writer)),))))
    return found


def _vectors_of(term: Term) -> list[Expr]:
    """The vectors that a column is linear in: v of A v, of p .* v and of (p^T v) a, if it stands there once."""
    if not term.chain or not term.size[1].is_one or term.size[0].is_one:
        return []
    dots = [vector for factor in term.factors for vector in _dotted(factor)]
    return [v for v in dict.fromkeys((term.chain[-1], *_entrywise_factors(term), *dots)) if v.op != "ones"]


def _dotted(scalar: Expr) -> list[Expr]:
    """v and p of the scalar p^T v; the ends of other products of matrices."""
    if scalar.op != "*" or any(is_scalar(factor) for factor in scalar.args):
        return []
    start = scalar.args[0]
    return [scalar.args[-1], *(start.args if start.op == "'" else ())]


def _with_vector(terms: list[Term], places: list[int], writer: Writer) -> list[Group]:
    """(diag(p) - p p^T) v for p .* v - (p^T v) p: terms linear in one vector, of which some are products of it with a vector."""
    found = []
    for vector in _vectors_of(terms[0]):
        rewritten = [_as_matrix(term, vector, writer) for term in terms]
        rests = [rest for rest in rewritten if rest is not None]
        if len(rests) < len(terms) or not any(len(rest.factors) < len(term.factors) for rest, term in zip(rests, terms)):
            continue
        if any(not rest.chain or rest.chain[-1].op == "diag" for rest in rests):
            factors, divisors, bare = _shared_scalars(rests, writer)
            if any(not rest.chain and (rest.factors or rest.divisors) for rest in bare):
                continue  # nobody writes ((a^T x) I + a x^T) b for (a^T x) b + (b^T x) a
            size = shape_of(vector)[0]
            bare = [rest if rest.chain else rest._replace(chain=(make.eye(size),)) for rest in bare]

            def together(inside: Term, vector: Expr = vector, above: list[Expr] = factors, below: list[Expr] = divisors) -> Term:
                scaled = inside.under(above, below, writer)
                return scaled._replace(chain=(*scaled.chain, vector))

            found.append(Group(places, bare, together))
    return found


def _as_matrix(term: Term, vector: Expr, writer: Writer) -> Term | None:
    """The term without the vector, so that it is a matrix; None where the vector stands elsewhere in it, too."""
    chain, factors = term.chain, list(term.factors)
    if chain[-1] == vector:
        matrix: Chain = chain[:-1]
    elif vector in _entrywise_factors(term) and chain[0].op == ".*":
        rest = _removed(_entrywise_factors(term), [vector])
        matrix = (writer.diag(writer.hadamard(rest, [])),)
    else:
        dot = next((factor for factor in factors if vector in _dotted(factor)), None)
        if dot is None:
            return None
        factors.remove(dot)
        at_end = dot.args[-1] == vector
        matrix = (*chain, *(dot.args[:-1] if at_end else writer.transposed_chain(dot.args[1:])))
    if any(node == vector for expr in (*matrix, *factors, *term.divisors) for node in post_order(expr)):
        return None
    return term._replace(chain=matrix, factors=factors)


def _scales(term: Term, side: int, writer: Writer) -> dict[tuple[bool, Expr], Rational]:
    """What the rows (side 0) or columns (-1) of a matrix are scaled by: (whether it divides, the vector) with its exponent."""
    if len(term.chain) < 2 or any(size.is_one for size in term.size):
        return {}
    end = term.chain[side]
    if is_diagonal(end):
        vector = end.args[0]
    elif not all(size.is_one == bool(place + side) for place, size in enumerate(shape_of(end))) or end.op == "ones":
        return {}
    else:  # u v^T, and so for columns
        vector = end if side == 0 else writer.transposed(end)
    found: dict[tuple[bool, Expr], Rational] = {}
    for divides, factors in enumerate(over_and_under(vector)):
        for factor in factors:
            base, exponent = base_of_array(factor)
            found[bool(divides), base] = whole(found.get((bool(divides), base), 0) + exponent)
    return found


def _with_scale(terms: list[Term], places: list[int], side: int, writer: Writer) -> list[Group]:
    """diag(1 ./ s) (G - diag(u ./ s) X) for diag(1 ./ s) G - diag(u ./ s .^ 2) X: rows that are scaled by powers of one vector."""
    scales = [_scales(term, side, writer) for term in terms]
    shared = {key: min(scale[key] for scale in scales) for key in scales[0] if all(key in scale for scale in scales)}
    bare = []
    for term, scale in zip(terms, scales):
        rest = _scaling({key: exponent - shared.get(key, 0) for key, exponent in scale.items()}, writer)
        end, others = term.chain[side], term.chain[1:] if side == 0 else term.chain[:-1]
        if rest is None and not is_diagonal(end):
            return []  # nobody writes diag(u) ones v^T for u v^T
        kept: Chain = ()
        if rest is not None:
            kept = (writer.diag(rest),) if is_diagonal(end) else opened(rest)
        bare.append(term._replace(chain=(*kept, *others) if side == 0 else (*others, *writer.transposed_chain(kept))))
    factors, divisors, rests = _shared_scalars(bare, writer)
    common = _scaling(shared, writer)
    assert common is not None
    diagonal = writer.diag(common)

    def together(inside: Term) -> Term:
        scaled = inside.under(factors, divisors, writer)
        return scaled._replace(chain=(diagonal, *inside.chain) if side == 0 else (*inside.chain, diagonal))

    return [Group(places, rests, together)]


def _scaling(scale: dict[tuple[bool, Expr], Rational], writer: Writer) -> Expr | None:
    """The vector of these powers; None where there is none."""
    tops, bottoms = (
        [writer.array_power(base, exponent) for (divides, base), exponent in scale.items() if divides == below and exponent]
        for below in (False, True)
    )
    return writer.hadamard(tops, bottoms) if tops or bottoms else None


def _sharing(terms: list[Term], parts: Callable[[Term], Iterable[object]]) -> list[list[int]]:
    """The places of the terms that share a part, for every part that several have."""
    places: dict[object, list[int]] = {}
    for place, term in enumerate(terms):
        for part in dict.fromkeys(parts(term)):
            places.setdefault(part, []).append(place)
    return [list(group) for group in dict.fromkeys(tuple(group) for group in places.values()) if len(group) > 1]


def _common(chains: list[Chain], side: int) -> int:
    """How many factors all the chains share at this end."""
    count = 0
    while all(len(chain) > count for chain in chains):
        if len({chain[count] if side == 0 else chain[-1 - count] for chain in chains}) > 1:
            break
        count += 1
    return count


def _with_ends(terms: list[Term], places: list[int], side: int, writer: Writer) -> list[Group]:
    """The terms as (what differs) times their common end, or their common beginning times what differs."""
    count = _common([term.chain for term in terms], side)
    end = terms[0].chain[:count] if side == 0 else terms[0].chain[len(terms[0].chain) - count :]
    factors, divisors, rests = _shared_scalars(terms, writer)
    if all(len(term.chain) == count for term in terms):
        bare = [term._replace(chain=()) for term in rests]
        return [Group(places, bare, lambda inside: inside.under(factors, divisors, writer)._replace(chain=end))]
    bare = []
    for term in rests:
        chain = term.chain[count:] if side == 0 else term.chain[: len(term.chain) - count]
        if not chain:
            inner = shape_of(end[-1])[1] if side == 0 else shape_of(end[0])[0]
            if inner.is_one or term.factors or term.divisors:
                return []  # nobody writes (A - alpha I / beta) x for A x - alpha x / beta
            chain = (make.eye(inner),)
        bare.append(term._replace(chain=chain))

    def together(inside: Term) -> Term:
        scaled = inside.under(factors, divisors, writer)
        return scaled._replace(chain=(*end, *inside.chain) if side == 0 else (*inside.chain, *end))

    # Nobody writes (S^-1 x x^T - I) S^-1 for S^-1 x x^T S^-1 - S^-1.
    return [Group(places, bare, together, of_arrays=all(len(term.chain) > count for term in terms))]


def _with_scalars(terms: list[Term], places: list[int], writer: Writer) -> list[Group]:
    """The terms as their common scalars times what differs."""
    factors, divisors, rests = _shared_scalars(terms, writer)
    if not factors and not divisors:
        return []  # one's divisor is the other's factor
    return [Group(places, rests, lambda inside: inside.under(factors, divisors, writer))]


def _scalar_bases(term: Term) -> list[object]:
    above = [("above", base) for base in _powers(term.factors, above=True)]
    return [*above, *(("below", base) for base in _powers(term.divisors, above=False))]


def _powers(items: list[Expr], *, above: bool) -> dict[Expr, Rational]:
    """Scalars as base and exponent; alpha^2 above a fraction is a base of its own, as polynomials are left alone."""
    kept = [item for item in items if above and base_of(item)[0].op == "name"]
    # Beside beta^2, sqrt(beta^2) is no power of it.
    kept += [item for item in items if item not in kept and base_of(item)[0] in kept]
    return {**dict.fromkeys(kept, 1), **exponents_of(item for item in items if item not in kept)}


def _shared_scalars(terms: list[Term], writer: Writer) -> tuple[list[Expr], list[Expr], list[Term]]:
    """The scalar factors and divisors that all terms share, the lowest power of each, and the terms without them."""
    shared: list[list[Expr]] = []
    rests: list[list[list[Expr]]] = []
    for above in (True, False):
        powers = [_powers(term.factors if above else term.divisors, above=above) for term in terms]
        common = {base: min(p[base] for p in powers) for base in powers[0] if all(base in p for p in powers)}
        shared.append(writer.powers(common))
        rests.append([writer.powers({base: e - common.get(base, 0) for base, e in p.items()}) for p in powers])
    bare = [term._replace(factors=f, divisors=d) for term, f, d in zip(terms, *rests)]
    return shared[0], shared[1], bare


def _removed(items: list[Expr], taken: list[Expr]) -> list[Expr]:
    remaining = list(items)
    for item in taken:
        remaining.remove(item)
    return remaining


def _entrywise_factors(term: Term) -> list[Expr]:
    """x and y of the vector or matrix x .* y, and of x .* y ./ z."""
    return over_and_under(term.chain[0])[0] if len(term.chain) == 1 else []


def _entrywise_divisors(term: Term) -> list[Expr]:
    """z and w of the vector or matrix x ./ (z .* w)."""
    return over_and_under(term.chain[0])[1] if len(term.chain) == 1 else []


def _with_entries(terms: list[Term], places: list[int], writer: Writer) -> list[Group]:
    """The terms as what they share entry by entry, above and below, times what differs."""
    above, below = (
        [f for f in of(terms[0]) if all(f in of(term) for term in terms)] for of in (_entrywise_factors, _entrywise_divisors)
    )
    rests = []
    for term in terms:
        tops, bottoms = _removed(_entrywise_factors(term), above), _removed(_entrywise_divisors(term), below)
        if not tops and not bottoms:
            if term.factors or term.divisors:
                return []
            rests.append(term._replace(chain=()))  # a number, which acts on every entry
        else:
            rests.append(term._replace(chain=(writer.hadamard(tops, bottoms),)))
    if all(not term.chain for term in rests):
        return []
    factors, divisors, bare = _shared_scalars(rests, writer)

    def together(inside: Term) -> Term:
        body = writer.hadamard([*above, *inside.entries(writer)], below)
        return inside.under(factors, divisors, writer)._replace(chain=(body,))

    return [Group(places, bare, together, of_arrays=True)]
