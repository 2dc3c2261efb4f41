"""`solution`: the x with H x = b for a Hessian H whose structure gives it without making H.

    diagonal                           b ./ d
    diagonal plus a few of rank one    Sherman and Morrison (1950): (S + u w^T)^-1 b from S^-1 b and S^-1 u, one after the other
    by a matrix: L V R^T, a Kronecker product of R and L        inv(L) b inv(R)^T
                 L V^T R^T, as of logdet                        (inv(L) b inv(R)^T)^T

Everything is in index form, so the laws simplify what comes out: the inverse of a diagonal matrix, of a product, of a power.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from matdiff.language.syntax import Rational
from matdiff.laws.simplify import simplify
from matdiff.tensor import build
from matdiff.tensor.build import terms_of
from matdiff.tensor.nodes import Factor, Product, Sum, Tensor, joined

# With more terms of rank one the dense matrix is as good.
MOST_OF_RANK_ONE = 2
Solve = Callable[[Tensor], Tensor]


class _Sides(NamedTuple):
    """L and R of the Hessian that makes L V R^T of V, or L V^T R^T."""

    left: Tensor
    right: Tensor
    turned: bool


def solution(hessian: Tensor, right: Tensor) -> Tensor | None:
    """The x with H x = right, H having twice the axes of x; None where no structure of H gives it."""
    if build.number_of(hessian) == 0:
        return None
    terms = list(_terms(1, hessian))
    if right.order == 1:
        found = _by_vector(terms, right)
    else:
        found = _by_entries(terms, right) or _by_sides(terms, right)
    return None if found is None else simplify(found)


def _terms(coefficient: Rational, tensor: Tensor) -> Iterator[tuple[Rational, Product]]:
    """The terms of a tensor, those of a multiple of a sum multiplied out; a term that is no product has one factor."""
    for own, term in terms_of(tensor):
        if not isinstance(term, Product):
            axes = tuple(range(term.order))
            term = Product(1, ((term, axes),), axes, term.dims)
        arrays = _arrays(term)
        scalars = [factor for factor in term.factors if not factor[1]]
        if len(arrays) == 1 and isinstance(arrays[0][0], Sum) and arrays[0][1] == term.out:
            for inner_coefficient, inner in _terms(1, arrays[0][0]):
                factors = (*scalars, *inner.factors)
                scaled = Product(term.coefficient * inner.coefficient, factors, inner.out, inner.sizes)
                yield coefficient * own * inner_coefficient, scaled
        else:
            yield coefficient * own, term


def _arrays(product: Product) -> list[Factor]:
    return [factor for factor in product.factors if factor[1]]


def _taken(term: tuple[Rational, Product], factors: list[Factor], out: tuple[int, ...], scalars: bool) -> Tensor:
    """The product of some factors of a term with these axes; with the numbers of the term or without them."""
    coefficient, product = term
    kept = [factor for factor in product.factors if not factor[1]] if scalars else []
    number = coefficient * product.coefficient if scalars else 1
    return build.einsum([*kept, *factors], out, dict(enumerate(product.sizes)), number)


# --- by a vector ----------------------------------------------------------------------------------------------------------


def _by_vector(terms: list[tuple[Rational, Product]], right: Tensor) -> Tensor | None:
    diagonals: list[tuple[Rational, Tensor]] = []
    of_rank_one: list[tuple[Tensor, Tensor]] = []
    for term in terms:
        product = term[1]
        row, column = product.out
        if row == column:
            diagonals.append((1, _taken(term, _arrays(product), (row,), scalars=True)))
            continue
        ends = _outer(product)
        if ends is None:
            return None
        above, below = ends
        of_rank_one.append((_taken(term, above, (row,), scalars=True), _taken(term, below, (column,), scalars=False)))
    if not diagonals or len(of_rank_one) > MOST_OF_RANK_ONE:
        return None
    inverse = build.power(simplify(build.add(diagonals, right.dims)), -1)
    solve: Solve | None = lambda vector: build.hadamard(vector, inverse)  # noqa: E731
    for one, other in of_rank_one:
        solve = _with_rank_one(solve, one, other) if solve is not None else None
    return solve(right) if solve is not None else None


def _with_rank_one(solve: Solve, one: Tensor, other: Tensor) -> Solve | None:
    """Sherman and Morrison: (S + u w^T)^-1 b = S^-1 b - (w^T S^-1 b) S^-1 u / (1 + w^T S^-1 u); None where that divides by 0."""
    direction = simplify(solve(one))
    below = simplify(build.add([(1, build.number(1)), (1, _inner(other, direction))], ()))
    if build.number_of(below) == 0:
        return None

    def solved(vector: Tensor) -> Tensor:
        alone = solve(vector)
        share = build.einsum([(_inner(other, alone), ()), (build.power(below, -1), ())], ())
        return build.add([(1, alone), (-1, build.einsum([(share, ()), (direction, (0,))], (0,)))], vector.dims)

    return solved


def _inner(one: Tensor, other: Tensor) -> Tensor:
    return simplify(build.einsum([(one, (0,)), (other, (0,))], ()))


# --- by a matrix ----------------------------------------------------------------------------------------------------------


def _by_entries(terms: list[tuple[Rational, Product]], right: Tensor) -> Tensor | None:
    """Where every entry of the gradient depends on the same entry of the variable alone."""
    if any(term.out[:2] != term.out[2:] or term.out[0] == term.out[1] for _, term in terms):
        return None
    entries = [(1, _taken(term, _arrays(term[1]), term[1].out[:2], scalars=True)) for term in terms]
    return build.hadamard(right, build.power(simplify(build.add(entries, right.dims)), -1))


def _by_sides(terms: list[tuple[Rational, Product]], right: Tensor) -> Tensor | None:
    found = [_sides_of(term) for term in terms]
    sides = [side for side in found if side is not None]
    if len(sides) < len(found):
        return None
    lefts, rights = {side.left for side in sides}, {side.right for side in sides}
    first = sides[0]
    if len({side.turned for side in sides}) > 1 or (len(lefts) > 1 and len(rights) > 1):
        return None  # A V + V B is Sylvester's equation
    left, other = first.left, first.right
    if len(rights) == 1:
        left = build.add([(1, side.left) for side in sides], left.dims)
    else:
        other = build.add([(1, side.right) for side in sides], other.dims)
    if not (_may_be_inverted(left) and _may_be_inverted(other)):
        return None
    inverses = [simplify(build.apply("inv", (simplify(side),), side.dims)) for side in (left, other)]
    out = ("u", "q") if first.turned else ("q", "u")
    return build.einsum([(inverses[0], ("q", "k")), (right, ("k", "l")), (inverses[1], ("u", "l"))], out)


def _may_be_inverted(matrix: Tensor) -> bool:
    """Whether it is square and more than outer products of vectors."""
    return matrix.dims[0] == matrix.dims[1] and not all(_outer(term) for _, term in _terms(1, matrix))


def _outer(product: Product) -> tuple[list[Factor], list[Factor]] | None:
    """The factors of u and of w where a matrix is u w^T."""
    row, column = product.out
    above, below = joined(_arrays(product), {row}), joined(_arrays(product), {column})
    return None if row == column or any(factor in below for factor in above) else (above, below)


def _sides_of(term: tuple[Rational, Product]) -> _Sides | None:
    """L and R of a term H_kl,qu = L_kq R_lu, or L_ku R_lq."""
    product = term[1]
    row, column, *inner = product.out
    arrays = _arrays(product)
    for turned in (False, True):
        at_row, at_column = reversed(inner) if turned else inner
        first, second = joined(arrays, {row, at_row}), joined(arrays, {column, at_column})
        if not {row, at_row} & {column, at_column} and not any(factor in second for factor in first):
            left = _taken(term, first, (row, at_row), scalars=True)
            return _Sides(left, _taken(term, second, (column, at_column), scalars=False), turned)
    return None
