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

# Nothing is loaded before it is asked for, not even `typing`, so that the command can be interrupted from its first line on.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from matdiff.answer.result import Result
    from matdiff.api import Derivative, differentiate
    from matdiff.language.errors import Errors, MatdiffError, Remark
    from matdiff.version import VERSION as __version__
else:

    def __getattr__(name):
        if name not in __all__:
            raise AttributeError(f"module 'matdiff' has no attribute {name!r}")
        from matdiff import api, version
        from matdiff.answer import result
        from matdiff.language import errors

        globals().update(
            {
                **{kind: getattr(errors, kind) for kind in ("Errors", "MatdiffError", "Remark")},
                "differentiate": api.differentiate,
                "Derivative": api.Derivative,
                "Result": result.Result,
                "__version__": version.VERSION,
            }
        )
        return globals()[name]

    def __dir__():
        return sorted({*globals(), *__all__})


__all__ = ["Derivative", "Errors", "MatdiffError", "Remark", "Result", "__version__", "differentiate"]
