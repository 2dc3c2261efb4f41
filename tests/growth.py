"""Inputs of any length, for the tests and the benchmark of growth."""

from __future__ import annotations

import sys
from collections.abc import Callable

import matdiff

Problem = Callable[[int], tuple[str, str]]
# Python calls some millions; the clock of `Work` is slower than the system's.
CALLS_A_SECOND = 1_000_000


def scalar_factors(count: int) -> tuple[str, str]:
    """The product of a_i^T x."""
    return " ".join(f"(a_{i}^T x)" for i in range(count)), "x"


def quadratic_factors(count: int) -> tuple[str, str]:
    """The product of x^T A_i x."""
    return " ".join(f"x^T A_{i} x" for i in range(count)), "x"


def terms(count: int) -> tuple[str, str]:
    return " + ".join(f"x^T A_{i} x" for i in range(count)), "x"


def trace_of_product(count: int) -> tuple[str, str]:
    return "tr(" + " ".join(f"X A_{i}" for i in range(count)) + ")", "X"


def layers(count: int) -> tuple[str, str]:
    """A network of as many layers, by the first weights."""
    definitions = [f"h_{i + 1} = tanh(W_{i} h_{i} + b_{i})" for i in range(count)]
    return "; ".join([*definitions, f"sum(h_{count})"]), "W_0"


def layers_by_input(count: int) -> tuple[str, str]:
    return layers(count)[0], "h_0"


def product_of_scalars(count: int) -> tuple[str, str]:
    names, declared = _scalars(count)
    return declared + " ".join(names), "all"


def sum_of_scalars(count: int) -> tuple[str, str]:
    names, declared = _scalars(count)
    return declared + " + ".join(names), "all"


def square_of_sum(count: int) -> tuple[str, str]:
    names, declared = _scalars(count)
    return declared + "(" + " + ".join(names) + ")^2", "all"


def _scalars(count: int) -> tuple[list[str], str]:
    """Names, and the text that declares them."""
    names = [f"a_{i}" for i in range(count)]
    return names, "".join(f"{name}: scalar; " for name in names)


def sum_of_entrywise_factors(count: int) -> tuple[str, str]:
    return "sum(" + " .* ".join(f"(A_{i} x)" for i in range(count)) + ")", "x"


def trace_of_sums(count: int) -> tuple[str, str]:
    return "tr(" + " ".join(f"(X + A_{i})" for i in range(count)) + ")", "X"


def matrices_between_vectors(count: int) -> tuple[str, str]:
    return "x^T " + " ".join(f"A_{i}" for i in range(count)) + " y", "A_1"


PROBLEMS: tuple[Problem, ...] = (scalar_factors, quadratic_factors, terms, trace_of_product, layers, layers_by_input)


def answer(problem: Problem, count: int) -> matdiff.Derivative:
    text, wrt = problem(count)
    return matdiff.differentiate(text, wrt)


class Work:
    """Counts the functions that are called in its block, those that are built in too: the same number however busy the machine is."""

    def __init__(self) -> None:
        self.calls = 0

    def __enter__(self) -> Work:
        self.before = sys.getprofile()
        sys.setprofile(self._counted)
        return self

    def __exit__(self, *problem: object) -> None:
        sys.setprofile(self.before)

    def _counted(self, _frame: object, event: str, _argument: object) -> None:
        self.calls += event in ("call", "c_call")

    def seconds(self) -> float:
        """The time by a clock that goes on by the calls."""
        return self.calls / CALLS_A_SECOND


def calls(work: Callable[[], object]) -> int:
    """How many functions the work calls."""
    with Work() as counted:
        work()
    return counted.calls
