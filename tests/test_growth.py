"""Work and results grow as the input does.  Work is counted in nodes and words, not in seconds; `make bench` takes the time."""

from __future__ import annotations

import sys

import growth
import pytest

import matdiff
from matdiff.check import verify
from matdiff.numbers.axes import number_of_dim

SHORT, LONG = 105, 420
# Four times as long an input.
MOST = 4.4


@pytest.mark.parametrize("problem", growth.PROBLEMS, ids=lambda problem: problem.__name__)
def test_the_work_grows_as_the_input_does(problem: growth.Problem) -> None:
    answers = [growth.answer(problem, size) for size in (SHORT, LONG)]
    nodes = [answer.session.serial for answer in answers]
    words = [len(answer.results[0].line.split()) for answer in answers]
    assert nodes[1] < MOST * nodes[0]
    assert words[1] < MOST * words[0]


@pytest.mark.parametrize("problem", [growth.product_of_scalars, growth.square_of_sum, growth.sum_of_scalars])
def test_by_all_variables_the_work_grows_as_the_results_do(problem: growth.Problem) -> None:
    growth.answer(problem, 2)  # what is loaded once
    calls = [growth.calls(lambda size=size: growth.answer(problem, size)) for size in (20, 80)]
    assert calls[1] < MOST**2 * calls[0]


def test_what_several_variables_give_is_written_once() -> None:
    results = growth.answer(growth.square_of_sum, 20).results
    assert len(results) == 20
    assert len({id(result.expr) for result in results}) == 1


@pytest.mark.parametrize(
    "problem", [growth.scalar_factors, growth.sum_of_entrywise_factors, growth.trace_of_sums, growth.matrices_between_vectors]
)
@pytest.mark.parametrize("method", ["differential", "chain", "index"])
def test_the_work_for_steps_grows_as_the_lines_do(problem: growth.Problem, method: str) -> None:
    """The product rule has as many terms as factors, each of as many factors; with the variable in one factor there is one term."""
    answers = [growth.answer(problem, size) for size in (6, 24)]
    answers[0].steps(method)  # what is loaded once
    calls = [growth.calls(lambda answer=answer: answer.steps(method)) for answer in answers]
    assert calls[1] < MOST * calls[0] if problem is growth.matrices_between_vectors else calls[1] < MOST**2 * calls[0]


@pytest.mark.parametrize("problem", [growth.matrices_between_vectors, growth.trace_of_product])
def test_the_work_for_a_value_in_index_notation_grows_as_its_factors_do(problem: growth.Problem) -> None:
    """Not as the number of ways to choose all of its summed indices."""

    def calls(count: int) -> int:
        answer = growth.answer(problem, count)
        (result,) = answer.results
        sizes = dict.fromkeys(answer.typed.size_names, 3)
        values = verify.sample(answer.typed, 1, sizes)
        assert values is not None
        letters = [(letter, number_of_dim(dim, sizes)) for *_, dim, letter in result.axes]
        parts = {part.name: part.expr for part in result.where}
        return growth.calls(lambda: verify.evaluate_tensor(result.index_expr, letters, values, sizes, None, parts))

    assert calls(12) < MOST * calls(3)


@pytest.mark.parametrize("problem", growth.PROBLEMS, ids=lambda problem: problem.__name__)
def test_a_large_input_needs_no_deep_recursion(problem: growth.Problem) -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(600)
    try:
        assert growth.answer(problem, 300).results[0].line
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.parametrize("count", [9, 12])
@pytest.mark.parametrize("problem", [growth.scalar_factors, growth.quadratic_factors, growth.trace_of_product])
def test_a_result_in_parts_is_right(problem: growth.Problem, count: int) -> None:
    answer = growth.answer(problem, count)
    assert answer.results[0].where
    assert answer.verify().passed


def test_a_second_derivative_in_parts_is_right() -> None:
    answer = matdiff.differentiate(" ".join(f"(a_{i}^T x)" for i in range(9)), "x", order=2)
    assert answer.verify().passed


def test_factors_that_all_but_one_term_share_are_not_tried_in_every_order() -> None:
    answer = matdiff.differentiate(" ".join(f"(a_{i}^T x)" for i in range(8)), "x")
    assert answer.results[0].line.count("a_7") == 8
