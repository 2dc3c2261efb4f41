"""A result as a matrix that acts on vec(X), columns stacked: d vec(Y) = (B^T kron A) d vec(X) for dY = A dX B.

Magnus and Neudecker (2019), chapters 3 and 9; K(m, n) is their commutation matrix.
"""

from __future__ import annotations

from matdiff.answer.answer import Answer
from matdiff.answer.result import Result
from matdiff.language import make
from matdiff.language.dims import ONE, Dim, Shape
from matdiff.language.queries import is_scalar, post_order, shape_of
from matdiff.language.syntax import Expr, Rational
from matdiff.notations.change import Change
from matdiff.notations.equation import Equation, NoNotation
from matdiff.notations.linear import Beside, Dyad, Map, Mask, NotLinear, Sides, Term, Turn
from matdiff.recover.terms import Chain
from matdiff.recover.writer import Writer
from matdiff.tensor.build import number_of


def equation(answer: Answer, result: Result) -> Equation:
    """`d vec(Y) / d vec(W)^T = kron(X^T, I) K(m, n)`; vectors need no vec."""
    if not result.wrt:
        raise NoNotation
    change = Change(answer, result)
    writer = result.recovery.writer
    linear, whole = change.linear(result.order - 1)
    variables = [_stacked(make.name(name, answer.typed.variables[name].shape)) for name in result.wrt]
    variables[-1] = writer.transposed(variables[-1])
    left = Expr("partial", (_stacked(change.output), *variables), result.order)
    if number_of(result.tensor) == 0:
        dims = result.tensor.dims
        first = len(dims) - change.counts[-1]  # a number has no axis
        return Equation(left, make.zeros((_count(dims[:first]), _count(dims[first:]))))
    if is_scalar(whole):
        column = result.recovery.writer.transposed(_stacked(_gradient(result)))
        return Equation(left, column, _legend(column))
    parts = []
    for summand in whole.args if whole.op == "+" else (whole,):
        inner = summand.args[0] if summand.op == "vec" else summand
        shape = shape_of(inner)
        try:
            terms = linear.terms(inner)
        except NotLinear:
            raise NoNotation from None
        parts += [_written(_without_turns(term, writer), shape, writer) for term in terms]
    right = parts[0] if len(parts) == 1 else Expr("+", tuple(parts), shape=shape_of(parts[0]))
    return Equation(left, right, _legend(right))


def _count(dims: tuple[Dim, ...]) -> Dim:
    total = ONE
    for dim in dims:
        total = total * dim
    return total


def _gradient(result: Result) -> Expr:
    if result.form != "matrix":
        raise NoNotation
    return result.value_expr


def _legend(right: Expr) -> tuple[str, ...]:
    ops = {node.op for node in post_order(right)}
    words = ["vec stacks columns"]
    if "commutation" in ops:
        words.append("K_mn vec(A) = vec(Aᵀ) for A of size m × n")
    return (", ".join(words),)


def _stacked(expr: Expr) -> Expr:
    """vec of a matrix; a vector, a row (as a column) or a scalar by itself."""
    rows, columns = shape_of(expr)
    if columns.is_one:
        return expr
    if rows.is_one:
        return Writer().transposed(expr)
    return make.call("vec", expr, shape=(columns * rows, ONE))


def _after(map_: Map) -> Shape:
    """The shape of the value of a map."""
    if isinstance(map_, Turn):
        return map_.shape[1], map_.shape[0]
    if isinstance(map_, Sides):
        rows = shape_of(map_.left[0])[0] if map_.left else map_.shape[0]
        return rows, shape_of(map_.right[-1])[1] if map_.right else map_.shape[1]
    if isinstance(map_, Beside):
        rows, columns = shape_of(map_.other)
        return rows * map_.shape[0], columns * map_.shape[1]
    return shape_of(map_.value) if isinstance(map_, Dyad) else map_.shape


def _without_turns(term: Term, writer: Writer) -> Term:
    """vec(A M^T b) = vec(b^T M A^T): where a vector comes out, a transpose moves to the sides."""
    maps: list[Map] = []
    for map_ in term.maps:
        before = maps[-1] if maps else None
        if isinstance(map_, Turn) and isinstance(before, Sides) and any(dim.is_one for dim in _after(before)):
            left, right = (writer.transposed_chain(side) for side in (before.right, before.left))
            maps[-1] = Sides(left, right, map_.shape)
        else:
            maps.append(map_)
    return term._replace(maps=tuple(maps))


def _written(term: Term, out: Shape, writer: Writer) -> Expr:
    chain = _mixed(tuple(factor for map_ in term.maps for factor in _matrix(map_, writer)), writer)
    size = out[0] * out[1]
    if not chain:
        chain = (make.eye(size),)
    coefficient: Rational = -1 if term.negative else 1
    for factor in term.factors:
        if isinstance(factor.value, int):  # 2 det(X) vec(X), wherever the 2 was written
            coefficient = coefficient * factor.value
    factors = [factor for factor in term.factors if not isinstance(factor.value, int)]
    return writer.scaled(coefficient, factors, list(term.divisors), chain)


def _mixed(chain: Chain, writer: Writer) -> Chain:
    """kron(A, B) kron(C, D) = kron(A C, B D) where the sizes fit, and K kron(A, B) = kron(B, A) K; K is its own inverse, turned.

    Magnus and Neudecker (2019), sections 2.2 and 3.7.  K moves to the right, and two factors become one, so it ends.
    """
    found: list[Expr] = []
    for factor in chain:
        found.append(factor)
        place = len(found) - 1
        while 0 < place < len(found) and (pair := _together(found[place - 1], found[place], writer)) is not None:
            found[place - 1 : place + 1] = pair
            place -= 1
    return tuple(found)


def _together(one: Expr, other: Expr, writer: Writer) -> list[Expr] | None:
    """What is written for the product of two neighbours, or None."""
    if one.op == "commutation" and other.op == "commutation":
        return [] if one.args == other.args[::-1] else None
    if other.op != "kron":
        return None
    (m, n), (p, q) = (shape_of(arg) for arg in other.args)
    if one.op == "commutation" and one.args == (make.size_argument(p), make.size_argument(m)):
        turned = make.kron(*other.args[::-1])
        if q.is_one or n.is_one:
            return [turned]
        sizes = (make.size_argument(q), make.size_argument(n))
        return [turned, make.call("commutation", *sizes, shape=(q * n, q * n))]
    if one.op != "kron" or shape_of(one.args[0])[1] != m or shape_of(one.args[1])[1] != p:
        return None
    parts = []
    for left, right in zip(one.args, other.args):
        factors = [f for part in (left, right) for f in (part.args if part.op == "*" else (part,)) if f.op != "I"]
        parts.append(writer.product(tuple(factors)) if factors else left)
    return [make.kron(*parts)]


def _matrix(map_: Map, writer: Writer) -> Chain:
    """The matrix of a map between stacked matrices, as a chain."""
    rows, columns = map_.shape
    if isinstance(map_, Turn):
        if rows.is_one or columns.is_one:
            return ()
        sizes = (make.size_argument(rows), make.size_argument(columns))
        return (make.call("commutation", *sizes, shape=(rows * columns, rows * columns)),)
    if isinstance(map_, Sides):
        return _kron(map_, writer)
    if isinstance(map_, Mask):
        stacked = _stacked(map_.factor)
        if map_.divides:
            stacked = make.call("./", make.number(1), stacked, shape=shape_of(stacked))
        return (writer.diag(stacked),)
    if isinstance(map_, Dyad):
        return _stacked(map_.value), writer.transposed(_stacked(map_.gradient))
    if isinstance(map_, Beside):
        return _beside(map_)
    raise NoNotation


def _beside(map_: Beside) -> Chain:
    """vec(A kron B) = (I_n kron K(q, m) kron I_p) (vec(A) kron vec(B)) for A: m x n, B: p x q; Magnus and Neudecker, theorem 3.10."""
    (m, n), (p, q) = (shape_of(map_.other), map_.shape) if map_.is_before else (map_.shape, shape_of(map_.other))
    both = (shape_of(_stacked(map_.other))[0], map_.shape[0] * map_.shape[1])
    pair = (_stacked(map_.other), make.eye(both[1]))
    spread = make.kron(*(pair if map_.is_before else pair[::-1]))
    if q.is_one or m.is_one:
        return (spread,)
    sizes = (make.size_argument(q), make.size_argument(m))
    turn = make.call("commutation", *sizes, shape=(q * m, q * m))
    if not n.is_one:
        turn = make.kron(make.eye(n), turn)
    if not p.is_one:
        turn = make.kron(turn, make.eye(p))
    return turn, spread


def _kron(sides: Sides, writer: Writer) -> Chain:
    """B^T kron A, where a side of size 1 is left out."""
    rows, columns = sides.shape
    after = _after(sides)
    left = writer.product(sides.left) if sides.left else make.eye(rows)
    right = writer.product(writer.transposed_chain(sides.right)) if sides.right else make.eye(columns)
    if columns.is_one and after[1].is_one:
        return sides.left
    if rows.is_one and after[0].is_one:
        return writer.transposed_chain(sides.right)
    return (make.kron(right, left),)
