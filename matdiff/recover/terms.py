"""What the terms of matrix notation are made of: scalars with exponents, and chains, tuples of matrices multiplied in order.

Everything here makes typed `Expr`s from typed `Expr`s and keeps their value.
"""

from __future__ import annotations

from collections.abc import Iterable

from matdiff.functions import lifted
from matdiff.language.dims import ONE, SCALAR, Shape
from matdiff.language.make import call, number, transposed
from matdiff.language.queries import is_scalar, shape_of
from matdiff.language.syntax import Expr, Rational, ratio
from matdiff.tensor.rational import whole

Chain = tuple[Expr, ...]


def base_of(scalar: Expr) -> tuple[Expr, Rational]:
    """c^k and sqrt(c) as (c, k); anything else as (itself, 1)."""
    if scalar.op == "^" and scalar.args[1].op == "number":
        exponent = scalar.args[1].value
        assert exponent is not None and not isinstance(exponent, str)
        return scalar.args[0], exponent
    return (scalar.args[0], ratio(1, 2)) if scalar.op == "sqrt" else (scalar, 1)


def base_of_array(array: Expr) -> tuple[Expr, Rational]:
    """v .^ k and sqrt(v) as (v, k), entry by entry; anything else as (itself, 1)."""
    if array.op == ".^" and array.args[1].op == "number":
        exponent = array.args[1].value
        assert exponent is not None and not isinstance(exponent, str)
        return array.args[0], exponent
    return (array.args[0], ratio(1, 2)) if array.op == "sqrt" else (array, 1)


def exponents_of(scalars: Iterable[Expr]) -> dict[Expr, Rational]:
    """A product of scalars as base and exponent."""
    found: dict[Expr, Rational] = {}
    for scalar in scalars:
        base, exponent = base_of(scalar)
        found[base] = whole(found.get(base, 0) + exponent)
    return found


def is_diagonal(expr: Expr) -> bool:
    """Whether it is the diagonal matrix diag(v) of a vector."""
    return expr.op == "diag" and shape_of(expr.args[0])[1].is_one


def over_and_under(array: Expr) -> tuple[list[Expr], list[Expr]]:
    """The factors and divisors of x .* y ./ (z .* w), entry by entry."""
    top, bottom = array.args if array.op == "./" else (array, None)
    tops = [] if top.op == "number" and bottom is not None else list(top.args if top.op == ".*" else (top,))
    return tops, [] if bottom is None else list(bottom.args if bottom.op == ".*" else (bottom,))


def is_plain(expr: Expr) -> bool:
    """A scalar, a number or an index: nothing that has a size to share."""
    return expr.shape is None or is_scalar(expr)


_BY_ENTRIES = (".*", "./", ".^")


def of_rows(function: str, matrix: Expr) -> Expr:
    """f of every row of a matrix, as a column."""
    rows, columns = shape_of(matrix)
    arrays = [arg for arg in matrix.args if not is_plain(arg)]
    if matrix.op in _BY_ENTRIES and all(arg.op == "'" for arg in arrays):
        inside = tuple(transposed(arg) if arg in arrays else arg for arg in matrix.args)
        matrix = transposed(Expr(matrix.op, inside, shape=(columns, rows)))
    if matrix.op == "'":
        return transposed(call(lifted(function, "cols"), matrix.args[0], shape=(ONE, rows)))
    return call(lifted(function, "rows"), matrix, shape=(rows, ONE))


def shortened(chain: Chain, has_lines: bool = True) -> Chain:
    """The chain with powers for equal neighbours and slices for products with unit vectors, and functions of rows where they may be."""
    chain = _slices(_powers(chain))
    return _of_lines(chain) if has_lines else chain


def _of_lines(chain: Chain) -> Chain:
    """(A .* B) ones as sum(A .* B, rows), X triu(ones(n, n)) as cumsum(X, rows), and so for columns."""
    for place, (left, right) in enumerate(zip(chain, chain[1:])):
        found = None
        if right.op == "ones" and _is_of_entries(left):
            found = of_rows("sum", left)
        elif is_row_of(left, "ones") and _is_of_entries(right):
            found = transposed(of_rows("sum", transposed(right)))
        elif _is_cumulation(right, "triu") and not shape_of(left)[0].is_one:
            found = call(lifted("cumsum", "rows"), left, shape=shape_of(left))
        elif _is_cumulation(left) and not shape_of(right)[1].is_one:
            found = call(lifted("cumsum", "cols"), right, shape=shape_of(right))
        if found is not None:
            return _of_lines((*chain[:place], found, *chain[place + 2 :]))
    return chain


def _is_of_entries(matrix: Expr) -> bool:
    """Whether it is a matrix made entry by entry of others."""
    return matrix.op in _BY_ENTRIES and not any(dim.is_one for dim in shape_of(matrix))


def _powers(chain: Chain) -> Chain:
    """Equal square neighbours as powers: X X is X^2, X^T X^T is (X^2)^T, inv(X) inv(X) is X^-2."""
    chain = tuple(inner for factor in chain for inner in opened(factor))
    factors: list[Expr] = []
    place = 0
    while place < len(chain):
        factor, count = chain[place], 1
        rows, columns = shape_of(factor)
        while rows == columns and not rows.is_one and place + count < len(chain) and chain[place + count] == factor:
            count += 1
        factors.append(factor if count == 1 or factor.op == "I" else _power(factor, count))
        place += count
    return tuple(factors)


def opened(factor: Expr) -> Chain:
    """The factors of a product of matrices; a product that is a number stays one factor, since it may stand anywhere."""
    is_chain = factor.op == "*" and not is_scalar(factor) and not any(is_scalar(inner) for inner in factor.args)
    return factor.args if is_chain else (factor,)


def _slices(chain: Chain) -> Chain:
    """X e_j as X[:,j], e_i^T X as X[i,:] and e_i^T x as x[i]."""
    last = next((last for last in reversed(range(len(chain) - 1)) if _is_cumulation(chain[last])), None)
    if last is not None and shape_of(chain[-1])[1].is_one and not is_scalar(chain[-1]):
        behind = chain[last + 1 :]
        rest = behind[0] if len(behind) == 1 else Expr("*", behind, shape=(shape_of(behind[0])[0], ONE))
        return _slices((*chain[:last], call("cumsum", rest, shape=shape_of(rest))))
    pair = next((p for p in range(len(chain) - 1) if _is_single_entry(chain[p], chain[p + 1])), None)
    if pair is not None:
        return (*_slices(chain[:pair]), *chain[pair : pair + 2], *_slices(chain[pair + 2 :]))
    factors: list[Expr] = []
    for factor in chain:
        if factor.op == "e" and factors and not is_scalar(factors[-1]):
            factors.append(_picked(factors.pop(), factor.args[0], 1))
        else:
            factors.append(factor)
    picked: list[Expr] = []
    for factor in reversed(factors):
        if is_row_of(factor, "e") and picked and not is_scalar(picked[-1]):
            picked.append(_picked(picked.pop(), factor.args[0].args[0], 0))
        else:
            picked.append(factor)
    return tuple(reversed(picked))


def _is_single_entry(left: Expr, right: Expr) -> bool:
    """Whether it is e_i e_j^T at letters, the matrix J^ij of tables, which stays whole."""
    return left.op == "e" and left.args[0].op != "number" and is_row_of(right, "e")


def is_row_of(expr: Expr, op: str) -> bool:
    """Whether it is the transpose of a unit vector, of ones, and the like."""
    return expr.op == "'" and expr.args[0].op == op


def _picked(base: Expr, place: Expr, axis: int) -> Expr:
    """e_i^T base (axis 0) or base e_j (axis 1): X[i,:] and X[:,j]; X[:,i]^T of a transpose; X[i,j] of a slice, x[i] of a vector."""
    other = shape_of(base)[1 - axis]
    if base.op == "'":
        picked = _picked(base.args[0], place, 1 - axis)
        return picked if other.is_one else transposed(picked)
    beside = number(1) if other.is_one else Expr("all")
    return _sliced(base, beside, place, (other, ONE)) if axis else _sliced(base, place, beside, (ONE, other))


def _sliced(base: Expr, row: Expr, column: Expr, shape: Shape) -> Expr:
    """base[row, column]; a slice of a slice is one of the whole, and a vector has one index."""
    if base.op == "at" and len(base.args) == 3:
        base, row, column = base.args[0], *(own if part.op == "all" else part for part, own in zip(base.args[1:], (row, column)))
    places = (row,) if shape_of(base)[1].is_one else (row, column)
    return call("at", base, *places, shape=shape)


def _is_cumulation(expr: Expr, triangle: str = "tril") -> bool:
    """Whether it is the square matrix tril(ones(n, n)), by which cumsum multiplies, or its transpose, by which that of rows does."""
    rows, columns = shape_of(expr)
    return expr.op == triangle and expr.args[0].op == "ones" and rows == columns


def _power(factor: Expr, count: int) -> Expr:
    if factor.op == "'":
        return transposed(_power(factor.args[0], count))
    if factor.op == "inv":
        return call("^", factor.args[0], number(-count), shape=factor.shape or SCALAR)
    return call("^", factor, number(count), shape=factor.shape or SCALAR)
