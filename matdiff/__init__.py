"""Derivatives of matrix expressions, with every shape inferred and checked.

>>> import matdiff
>>> matdiff.differentiate("a^T W^T x", "W").text
'x a^T'

Every error is a `MatdiffError` and prints what the command prints:

>>> try:
...     matdiff.differentiate("a^T W x", "W", declarations=["W: m x n", "x: m"])
... except matdiff.MatdiffError as problem:
...     print(problem)
error[E301]: cannot multiply W (m × n) by x (size m)
    a^T W x
        - ^ size m, but n is needed here
        |
        W is m × n
help: transpose W:  a^T W^T x
note: m and n were declared, so they are different sizes
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matdiff.errors import Errors, MatdiffError, Remark, speak_with
from matdiff.version import VERSION as __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matdiff.api import differentiate
    from matdiff.pipeline import Derivative
    from matdiff.result import Result

__all__ = ["Derivative", "Errors", "MatdiffError", "Remark", "Result", "__version__", "differentiate"]


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        # What differentiates is loaded when it is asked for, so that the command can be interrupted from its first line on.
        if name not in __all__:
            raise AttributeError(f"module 'matdiff' has no attribute {name!r}")
        from matdiff import api, pipeline, result

        globals().update(differentiate=api.differentiate, Derivative=pipeline.Derivative, Result=result.Result)
        return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _in_words(problem: MatdiffError | Remark) -> str:
    from matdiff.limits import ERRORS
    from matdiff.relocate import spans_of
    from matdiff.report import in_words, render  # words are needed only when something is wrong

    problems: Sequence[MatdiffError | Remark] = problem.errors[:ERRORS] if isinstance(problem, MatdiffError) else (problem,)
    if not problem.source and any(span.end for one in problems for span in spans_of(one)):
        return "\n".join(one.bare for one in problems)
    found = in_words(problems, problem.source, problem.declarations)
    return "\n".join(render(diagnostic, problem.source) for diagnostic in found)


speak_with(_in_words)
