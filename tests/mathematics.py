"""Whether what a command printed is true: every result against numerical differences of its input, and read back from the print."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from types import MappingProxyType
from typing import Any

import matdiff
from matdiff.answer.answer import Answer
from matdiff.answer.result import Result
from matdiff.api import Derivative
from matdiff.check import verify
from matdiff.formats.registry import render
from matdiff.language.queries import post_order
from matdiff.numbers.axes import number_of_dim

_TOLERANCE = 1e-9


class Untrue(AssertionError):
    """A printed result that is not the derivative."""


def usable_sizes(answer: Answer, seed: int, fixed: Mapping[str, int] = MappingProxyType({})) -> dict[str, int]:
    """Sizes at which the input has a value: inv(X^T X), for one, needs an X that is no wider than tall."""
    sampler = verify.sampler_of(answer, seed, fixed)
    return sampler.base() or sampler.sizes.drawn(seed)


def check_answer(derivative: Derivative, trials: int = 3) -> None:
    """Numerical differences at so many points, then the printed lines of the results in matrix notation.  Raises `Untrue`."""
    report = verify.verify(derivative, most=trials)
    if not report.passed:
        raise Untrue(f"{derivative.inputs.source!r}: {derivative.text!r} is not the derivative: {report}")
    check_print(derivative, report)


def check_print(derivative: Derivative, report: verify.Report) -> None:
    """The printed lines of the results in matrix notation, at the sizes of a report.  Raises `Untrue`."""
    printed = render(derivative, "text").splitlines()
    for line, result in zip(printed, derivative.results, strict=True):
        if result.form == "matrix":
            _check_print(line, result, derivative, report)
        elif result.form == "sum":
            if result.is_matrix:
                _check_sum(line, result, derivative, report)
            _check_expected(line, result, derivative)


def _check_expected(line: str, result: Result, derivative: Derivative) -> None:
    """The printed sum is the result when it is expected of the question."""
    verdict = derivative.expect([other.formula for other in derivative.results])[derivative.results.index(result)]
    if not verdict.passed:
        raise Untrue(
            f"{derivative.inputs.source!r}: the printed {line!r} is not the result when it is expected: {verdict.finding}"
        )


def _check_sum(line: str, result: Result, derivative: Derivative, report: Any) -> None:
    """A printed sum that is read alone has the value of the matrix form."""
    declared = [declaration(variable) for variable in derivative.typed.variables.values()]
    try:
        names = matdiff.differentiate(line, order=0, declarations=declared).typed.variables
    except matdiff.MatdiffError:  # u_k alone is a name of its own
        names = {}
    is_of_member = result.left is not None and any(node.op == "name" and node.args for node in post_order(result.left))
    if names.keys() <= derivative.typed.variables.keys() and names:
        if not _check_member(line, result.plain, derivative, report) and not is_of_member:  # u may be the derivative by each x_k
            _check_print(line, result.plain, derivative, report)
    elif not is_of_member:
        raise Untrue(f"{derivative.inputs.source!r}: the printed {line!r} is not read back")


def _check_member(line: str, result: Result, derivative: Derivative, report: Any) -> bool:
    """Whether the line, read alone, is about a member at a position that is held; then it is that row, or entry, of the result."""
    from matdiff.numbers.precision import mp

    typed = derivative.typed
    again = matdiff.differentiate(line, order=0, declarations=[declaration(v) for v in typed.variables.values()]).typed
    letters = [letter for letter in dict.fromkeys(again.dims_and_indices()[1]) if letter not in typed.dims_and_indices()[1]]
    if not letters:
        return False
    with mp.workdps(30):
        values = verify.sample(typed, 0, report.sizes)
        assert values is not None
        meant = verify.evaluate(result.expr, values, report.sizes, {part.name: part.expr for part in result.where})
        for place in product(range(len(meant)), range(len(meant[0]) if len(letters) > 1 else 1)):
            sizes = {**report.sizes, **{letter: index + 1 for letter, index in zip(letters, place)}}
            found = verify.evaluate(again.expr, values, sizes, again.definitions)
            row = [meant[place[0]]] if len(letters) == 1 else [[meant[place[0]][place[1]]]]
            if not _equal(row, [[entry for part in found for entry in part]]):
                raise Untrue(f"{derivative.inputs.source!r}: the printed {line!r} does not mean what it should for a member")
    return True


def _check_print(line: str, result: Result, derivative: Derivative, report: Any) -> None:
    """The printed line, read as a stranger would with the same declarations, has the value of the result."""
    from matdiff.numbers.precision import mp

    typed = derivative.typed
    again = matdiff.differentiate(line, order=0, declarations=[declaration(v) for v in typed.variables.values()]).typed
    with mp.workdps(30):
        values = verify.sample(typed, 0, report.sizes)
        assert values is not None
        inside = {part.name: part.expr for part in result.where}
        meant = verify.evaluate(result.expr, values, report.sizes, inside)
        # `I` alone has no size of its own; it has that of the result.
        sizes = dict(report.sizes)
        for read, known in zip(again.expr.shape, result.expr.shape, strict=True):
            if read.name is not None:
                sizes[read.name] = number_of_dim(known, report.sizes)
        found = verify.evaluate(again.expr, values, sizes, again.definitions)
        if not _equal(meant, found):
            raise Untrue(f"{derivative.inputs.source!r}: the printed {line!r} does not mean what it should when it is read back")


def check_same(derivative: Derivative, formula: str) -> None:
    """A formula in the variables of the input has the value of the result.  Raises `Untrue`."""
    report = derivative.verify()
    if not report.passed:
        raise Untrue(f"{derivative.inputs.source!r}: {derivative.text!r} is not the derivative: {report}")
    _check_print(formula, derivative.result, derivative, report)


def declaration(variable: Any) -> str:
    """The declaration of a variable as a text."""
    if variable.property is not None:
        return f"{variable.name}: {variable.property} {variable.shape[0]}"
    if variable.kind == "scalar":
        return f"{variable.name}: scalar"
    return f"{variable.name}: {variable.shape[0] if variable.kind == 'vector' else ' x '.join(map(str, variable.shape))}"


def _equal(left: list[list[Any]], right: list[list[Any]]) -> bool:
    """Equal numbers; one number stands for an array of equal ones."""
    if len(right) == len(right[0]) == 1:
        right = [[right[0][0]] * len(left[0]) for _ in left]
    if len(left) == len(left[0]) == 1:
        left = [[left[0][0]] * len(right[0]) for _ in right]
    if (len(left), len(left[0])) != (len(right), len(right[0])):
        return False
    scale = max([1, *(abs(entry) for row in left for entry in row)])
    return all(abs(a - b) <= _TOLERANCE * scale for x, y in zip(left, right, strict=True) for a, b in zip(x, y, strict=True))
