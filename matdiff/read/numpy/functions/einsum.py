"""`contracted`: an einsum over vectors and matrices in matrix notation, where there is one."""

from __future__ import annotations

from collections.abc import Sequence

from matdiff.language.errors import UnreadCode
from matdiff.language.syntax import Expr, Span
from matdiff.read.numpy.arrays import Arrays, ones, product
from matdiff.read.numpy.value import MATRIX, NUMBER, VECTOR, Misfit, Value, turned


class _Factor:
    """An operand with the letters of its axes: none, one or two."""

    def __init__(self, expr: Expr, letters: str) -> None:
        self.expr, self.letters = expr, letters

    def read_as(self, letters: str, span: Span) -> Expr:
        """The expression with its axes in this order."""
        return self.expr if self.letters == letters else turned(self.expr, span)


def contracted(text: str, operands: Sequence[Value], arrays: Arrays, span: Span) -> Value:
    """What `einsum(text, *operands)` is.  Raises UnreadCode and Misfit."""
    left, arrow, right = text.replace(" ", "").partition("->")
    inputs = left.split(",")
    if not arrow:
        right = "".join(sorted(letter for letter in set(left) - {","} if left.count(letter) == 1))
    letters = "".join(inputs)
    if len(inputs) != len(operands) or not letters.isalpha() or not letters.isascii() or not set(right) <= set(letters):
        raise UnreadCode(span=span, why="these subscripts are not read")
    if len(right) > 2 or any(len(one) > 2 for one in inputs) or len(set(right)) < len(right):
        raise UnreadCode(span=span, why="arrays with more than two axes are not read yet")
    factors = []
    for one, operand in zip(inputs, operands):
        if len(one) != operand.rank or any(operand.ones):
            raise Misfit(operand.span, f"`{one}` does not name the axes of {operand.kind}")
        arrays.fixed(operand)
        factors.append(_Factor(operand.expr, one))
    factors = _without_repeated(factors, right, span)
    while _reduced(factors, right, span):
        pass
    return _joined(factors, right, span)


def _without_repeated(factors: list[_Factor], right: str, span: Span) -> list[_Factor]:
    """`ii` is the trace where i is summed at once, else the diagonal."""
    found = []
    for place, factor in enumerate(factors):
        if len(factor.letters) == 2 and factor.letters[0] == factor.letters[1]:
            letter = factor.letters[0]
            elsewhere = right + "".join(other.letters for other in (*factors[:place], *factors[place + 1 :]))
            is_summed = letter not in elsewhere
            op = "tr" if is_summed else "diag"
            factor = _Factor(Expr(op, (factor.expr,), span=span), "" if is_summed else letter)
        found.append(factor)
    return found


def _reduced(factors: list[_Factor], right: str, span: Span) -> bool:
    """Join two factors, or sum one over an axis of its own; whether that was possible."""
    for step in (_entrywise, _chained, _alone, _scaled):
        if step(factors, right, span):
            return True
    return False


def _holders(factors: Sequence[_Factor], letter: str) -> list[_Factor]:
    return [factor for factor in factors if letter in factor.letters]


def _replace(factors: list[_Factor], old: Sequence[_Factor], new: _Factor) -> bool:
    place = next(place for place, factor in enumerate(factors) if factor is old[0])
    factors[place] = new
    factors[:] = [factor for factor in factors if all(factor is not one for one in old)]
    return True


def _entrywise(factors: list[_Factor], right: str, span: Span) -> bool:
    """Two factors with the same letters: entry by entry, or summed over all."""
    for place, one in enumerate(factors):
        for other in factors[place + 1 :]:
            if not one.letters or set(one.letters) != set(other.letters):
                continue
            is_summed = all(letter not in right and len(_holders(factors, letter)) == 2 for letter in one.letters)
            second = other.read_as(one.letters, span)
            if is_summed and len(one.letters) == 1:
                return _replace(factors, (one, other), _Factor(product(span, turned(one.expr, span), second), ""))
            op = ":" if is_summed else ".*"
            return _replace(
                factors, (one, other), _Factor(Expr(op, (one.expr, second), span=span), "" if is_summed else one.letters)
            )
    return False


def _chained(factors: list[_Factor], right: str, span: Span) -> bool:
    """A letter of just two factors that is summed: a matrix product."""
    for letter in dict.fromkeys("".join(factor.letters for factor in factors)):
        holders = _holders(factors, letter)
        if letter in right or len(holders) != 2:
            continue
        one, other = holders
        first, last = one.letters.replace(letter, ""), other.letters.replace(letter, "")
        if not first and last:  # a vector with a matrix: the matrix first
            one, other, first, last = other, one, last, first
        across = turned(one.expr, span) if len(one.letters) == 1 else one.read_as(first + letter, span)
        down = other.read_as(letter + last, span)
        return _replace(factors, holders, _Factor(product(span, across, down), first + last))
    return False


def _alone(factors: list[_Factor], right: str, span: Span) -> bool:
    """A letter of one factor that is summed."""
    for factor in factors:
        own = [letter for letter in factor.letters if letter not in right and len(_holders(factors, letter)) == 1]
        if len(own) == len(factor.letters) > 0:
            return _replace(factors, (factor,), _Factor(Expr("sum", (factor.expr,), span=span), ""))
        if own:
            rest = factor.letters.replace(own[0], "")
            return _replace(factors, (factor,), _Factor(product(span, factor.read_as(rest + own[0], span), ones(span)), rest))
    return False


def _scaled(factors: list[_Factor], right: str, span: Span) -> bool:
    """A vector along one axis of a matrix: diag(x) A."""
    for vector in factors:
        for matrix in factors:
            if len(vector.letters) == 1 and len(matrix.letters) == 2 and vector.letters in matrix.letters:
                rest = matrix.letters.replace(vector.letters, "")
                scaling = Expr("diag", (vector.expr,), span=span)
                expr = product(span, scaling, matrix.read_as(vector.letters + rest, span))
                return _replace(factors, (vector, matrix), _Factor(expr, vector.letters + rest))
    return False


def _joined(factors: Sequence[_Factor], right: str, span: Span) -> Value:
    """Numbers, and at most one matrix or two vectors, which are what is left."""
    numbers = [factor.expr for factor in factors if not factor.letters]
    arrays = [factor for factor in factors if factor.letters]
    if sorted("".join(factor.letters for factor in arrays)) != sorted(right):
        raise UnreadCode(span=span, why="this einsum is no product of matrices")
    if len(arrays) == 2:
        first, second = sorted(arrays, key=lambda factor: right.index(factor.letters))
        array: Expr | None = Expr("*", (first.expr, turned(second.expr, span)), span=span)
    else:
        array = arrays[0].read_as(right, span) if arrays else None
    parts = [*numbers, *([array] if array is not None else [])]
    expr = parts[0] if len(parts) == 1 else Expr("*", tuple(parts), span=span)
    return Value(expr, (NUMBER, VECTOR, MATRIX)[len(right)])
