"""Hessians by structured variables as bilinear forms: along geodesics they are second derivatives of the function itself."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

import matdiff
from matdiff.check import verify
from matdiff.numbers.matrices import Matrix, added, multiplied, scaled, transposed
from matdiff.numbers.precision import mp
from matdiff.numbers.sample import draw_values, in_space

SIZE = 3
PROPERTIES = ("orthogonal", "symmetric", "spd", "skew", "lower", "upper", "diagonal")
EXPRESSIONS = ("tr(A X B X^T)", "tr(A X)", "a^T X X b", "(a^T X b)^2", "sum(exp(X .* A))")


def _along_geodesic(prop: str, at: Matrix, direction: Matrix) -> Matrix:
    """The point at time 1: X expm(X^T V) among orthogonal matrices, a straight line in a linear space."""
    if prop != "orthogonal":
        return added(at, direction)
    turn = mp.expm(mp.matrix(multiplied(transposed(at), direction)))
    return multiplied(at, turn.tolist())


def _drawn(random: Random) -> Matrix:
    return [[mp.mpf(random.gauss(0, 1)) for _ in range(SIZE)] for _ in range(SIZE)]


def _sum(one: Matrix, other: Matrix) -> Any:
    return mp.fsum(x * y for left, right in zip(one, other, strict=True) for x, y in zip(left, right, strict=True))


@pytest.mark.parametrize("prop", PROPERTIES)
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_hessian_is_the_second_derivative_along_geodesics(expression: str, prop: str) -> None:
    """Hess f(V, W) is the mixed derivative of f at X in normal coordinates; it is symmetric and sees tangent parts only."""
    declared = f"X: {prop} n"
    answer = matdiff.differentiate(expression, "X", order=2, declarations=declared)
    applied = matdiff.differentiate(expression, "X", hvp="V", declarations=declared)
    random, sizes = Random(expression + prop), {"n": SIZE}
    with mp.workdps(50):
        values = draw_values(answer.typed.variables.values(), sizes, expression, "normal")
        at = values["X"]
        one, other = _drawn(random), _drawn(random)
        step = mp.mpf(10) ** -12
        ways = [scaled(step, in_space(prop, "project", at, direction)) for direction in (one, other)]

        def value(first: int, second: int) -> Any:
            moved = _along_geodesic(prop, at, added(scaled(first, ways[0]), scaled(second, ways[1])))
            return verify.evaluate(answer.typed.expr, {**values, "X": moved}, sizes)[0][0]

        expected = (value(1, 1) - value(1, -1) - value(-1, 1) + value(-1, -1)) / (4 * step**2)
        result = answer.result
        letters = [(letter, SIZE) for *_, letter in result.axes]
        parts = {part.name: part.expr for part in result.where}
        tensor = verify.evaluate_tensor(result.index_expr, letters, values, sizes, None, parts)
        for left, right in ((one, other), (other, one)):
            found = mp.fsum(x * left[i][j] * right[p][q] for (i, j, p, q), x in tensor.items())
            assert abs(found - expected) < 1e-9 * max(1, abs(expected))
        parts = {part.name: part.expr for part in applied.result.where}
        product = verify.evaluate(applied.result.expr, {**values, "V": other}, sizes, parts)
        assert abs(_sum(one, product) - expected) < 1e-9 * max(1, abs(expected))


@pytest.mark.parametrize("order", [1, 2, 3])
def test_every_derivative_by_an_orthogonal_matrix_is_tangent(order: int) -> None:
    """On the axes of each dX: Q^T V + V^T Q = 0."""
    answer = matdiff.differentiate("tr(A Q)", "Q", order=order, declarations="Q: orthogonal n")
    sizes = {"n": 2}
    values = draw_values(answer.typed.variables.values(), sizes, 1, "normal")
    result = answer.result
    letters = [(letter, 2) for *_, letter in result.axes]
    parts = {part.name: part.expr for part in result.where}
    tensor = verify.evaluate_tensor(result.index_expr, letters, values, sizes, None, parts)
    assert any(abs(entry) > 1e-3 for entry in tensor.values())
    for pair in range(order):
        rest = {place[: 2 * pair] + place[2 * pair + 2 :] for place in tensor}
        for others in rest:
            at = [[tensor[(*others[: 2 * pair], i, j, *others[2 * pair :])] for j in range(2)] for i in range(2)]
            turned = multiplied(transposed(values["Q"]), at)
            for row, other in zip(turned, transposed(turned), strict=True):
                assert all(abs(x + y) < 1e-12 for x, y in zip(row, other, strict=True))
