"""Derivatives of matrix expressions, with every shape inferred and checked.

>>> import matdiff
>>> matdiff.differentiate("a^T W^T x", "W").text
'x a^T'
"""

from matdiff.api import Derivative, differentiate
from matdiff.errors import Errors, MatdiffError
from matdiff.result import Result
from matdiff.version import VERSION as __version__

__all__ = ["Derivative", "Errors", "MatdiffError", "Result", "__version__", "differentiate"]
