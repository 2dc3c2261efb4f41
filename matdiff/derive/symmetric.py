"""`refuse_asymmetric`: functions of symmetric matrices, such as eigmax, at a matrix that is not symmetric.

Square variables without a declared structure may be symmetric, as the condition of the result says; then the argument must be.
"""

from __future__ import annotations

from matdiff.functions import row_of
from matdiff.infer.infer import Typed
from matdiff.language.errors import NotSymmetric
from matdiff.language.kinds import Variable, kind_of
from matdiff.language.queries import is_scalar, post_order
from matdiff.language.syntax import Expr
from matdiff.laws.simplify import simplify
from matdiff.tensor.build import is_symmetric
from matdiff.tensor.lift import lower

# So many sizes and points are tried.
_TRIALS = 4


def refuse_asymmetric(typed: Typed) -> None:
    """Raise NotSymmetric where the argument of such a function is not symmetric even if undeclared square matrices are."""
    asked = [
        node
        for root in (*typed.definitions.values(), typed.expr)
        for node in post_order(root)
        if row_of(node.op).domain == "symmetric" and not is_scalar(node.args[0])
    ]
    for node in asked:
        if not _is_symmetric(node.args[0], typed):
            raise NotSymmetric(function=node.op, argument=node.args[0])


def _is_symmetric(matrix: Expr, typed: Typed) -> bool:
    assumed = {name: _assumed(variable) for name, variable in typed.variables.items()}
    whole = Typed(matrix, assumed, typed.definitions, ())
    if is_symmetric(simplify(lower(whole)[0])):
        return True
    from matdiff.numbers.points import seems_symmetric  # loads mpmath, which only numbers need

    return seems_symmetric(whole, _TRIALS)


def _assumed(variable: Variable) -> Variable:
    is_square = kind_of(variable.shape) == "matrix" and variable.shape[0] == variable.shape[1]
    if variable.property is not None or not is_square:
        return variable
    return Variable(variable.name, variable.kind, variable.shape, "symmetric", variable.origin)
