"""Typed expressions put together from typed expressions: numbers, names, ones, identities, calls."""

from __future__ import annotations

from collections.abc import Sequence

from matdiff.functions import row_of
from matdiff.language.dims import ONE, SCALAR, Dim, Shape
from matdiff.language.queries import axis_letters, shape_of
from matdiff.language.syntax import Expr, Rational

# Elementwise operators and what they are between scalars.
SCALAR_OPERATORS = {".*": "*", "./": "/", ".^": "^"}


def number(value: Rational) -> Expr:
    """A number; a negative one is the negation of a number."""
    if value < 0:
        return Expr("neg", (number(-value),), shape=SCALAR)
    return Expr("number", (), value, shape=SCALAR)


def name(text: str, shape: Shape) -> Expr:
    """A variable or definition."""
    return Expr("name", (), text, shape=shape)


def named(text: str, value: Expr) -> Expr:
    """The left side of a definition: the name, with the indices of an array that is written by its entries, `Y[i,j,k]`."""
    indices = [Expr("index", (), letter, shape=SCALAR) for letter in axis_letters(value)]
    array = name(text, shape_of(value))
    return Expr("entry", (array, *indices), shape=SCALAR) if indices else array


def member(text: str, letters: Sequence[str], shape: Shape, sizes: Sequence[Dim] = ()) -> Expr:
    """x_i, r_ij, of this shape; where `sizes` are known, the shape of an index is how far it runs."""
    shapes: list[Shape | None] = [(dim,) for dim in sizes] or [None] * len(letters)
    return Expr(
        "name", tuple(Expr("index", (), letter, shape=known) for letter, known in zip(letters, shapes)), text, shape=shape
    )


def ones(size: Dim) -> Expr:
    """The vector of ones, size x 1."""
    return Expr("ones", (), shape=(size, ONE))


def size_argument(dim: Dim) -> Expr:
    """A size as an argument of `ones(n)`, `e(i, n)` or `unvec(x, m, n)`; sizes are no values, so they have no shape."""
    terms = []
    for monomial, coefficient in sorted(dim.terms, key=lambda term: (not term[0], term[0])):
        factors = [Expr("name", (), letter) for letter in monomial]
        if abs(coefficient) != 1 or not factors:
            factors.insert(0, Expr("number", (), abs(coefficient)))
        term = factors[0] if len(factors) == 1 else Expr("*", tuple(factors))
        terms.append(Expr("neg", (term,)) if coefficient < 0 else term)
    return terms[0] if len(terms) == 1 else Expr("+", tuple(terms))


def eye(size: Dim) -> Expr:
    """The identity matrix."""
    return Expr("I", (), shape=(size, size))


def call(function: str, *args: Expr, shape: Shape) -> Expr:
    """An operation on arguments, with the shape of its value; sum(x^T) is sum(x), also of a row, which indices do not tell apart."""
    if len(args) == 1 and args[0].op == "'" and row_of(function).transposition == "invariant":
        args = args[0].args
    return Expr(function, args, shape=shape)


def transposed(expr: Expr) -> Expr:
    """The transpose, without writing two of them; typed where the expression is."""
    return expr.args[0] if expr.op == "'" else Expr("'", (expr,), shape=expr.shape and expr.shape[::-1])


def kron(left: Expr, right: Expr) -> Expr:
    """The Kronecker product."""
    (a, b), (c, d) = shape_of(left), shape_of(right)
    return Expr("kron", (left, right), shape=(a * c, b * d))


def zeros(shape: Shape) -> Expr:
    """The matrix of zeros; a number is 0."""
    return number(0) if shape == SCALAR else Expr("zeros", (), shape=shape)
