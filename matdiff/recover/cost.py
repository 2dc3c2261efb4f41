"""What a formula costs its reader; of several equal ones the cheapest is printed.

The length is the number of tokens: names, numbers and operators.  Brackets round a sum are free, but three more are counted for
every pair of them inside: (A + A^T) x is better than A x + A^T x, but X (X (X A + A X) + A X^2) is worse than its four terms.
One more is counted for a trace of an outer product, tr(S x y^T) for y^T S x.
"""

from __future__ import annotations

from matdiff.functions import row_of
from matdiff.language.syntax import Expr
from matdiff.limits import check

# The tokens of an operation without those of its arguments; one where nothing is said.
_TOKENS = {"'": 2, "norm": 2, "inv": 3, "ones": 2, "zeros": 2, "*": 0, "all": 1}
_BETWEEN = ("+", ".*")
# Their arguments stand in brackets when they are sums.
_TIGHT = ("*", ".*", "./", "/", ":", "'", "^", ".^", "inv", "neg", "at", "entry")


def length(expr: Expr) -> int:
    """The number of tokens of the printed formula."""
    return _measured(expr)[0]


def cost(expr: Expr) -> int:
    """The tokens of the printed formula and what its brackets add."""
    tokens, brackets, _ = _measured(expr)
    return tokens + brackets


def _measured(root: Expr) -> tuple[int, int, int]:
    """Tokens, the cost of brackets, and how deep brackets stand in brackets; counted once for every node."""
    check()
    if root.measure is None:
        stack = [root]
        while stack:
            waiting = [arg for arg in stack[-1].args if arg.measure is None]
            if waiting:
                stack += waiting
            else:
                node = stack.pop()
                node.measure = _measure(node)
    assert root.measure is not None
    return root.measure


def _measure(node: Expr) -> tuple[int, int, int]:
    tokens, brackets, depth = _own_tokens(node), 0, 0
    for arg in node.args:
        assert arg.measure is not None
        inner_tokens, inner_brackets, inner_depth = arg.measure
        if arg.op == "+" and node.op in _TIGHT:
            inner_brackets += 3 * inner_depth
            inner_depth += 1
        tokens, brackets, depth = tokens + inner_tokens, brackets + inner_brackets, max(depth, inner_depth)
    if node.op == "tr" and _holds_outer_product(node.args[0]):
        brackets += 1
    return tokens, brackets, depth if node.op in _TIGHT or node.op == "+" else 0


def _holds_outer_product(expr: Expr) -> bool:
    """Whether a term has x y^T in it, which in a trace would be written y^T x."""
    terms = [term.args[0] if term.op == "neg" else term for term in (expr.args if expr.op == "+" else (expr,))]
    return any(_is_column(factor) for term in terms if term.op == "*" for factor in term.args[:-1])


def _is_column(expr: Expr) -> bool:
    return expr.shape is not None and expr.shape[1].is_one and not expr.shape[0].is_one


def _own_tokens(node: Expr) -> int:
    if node.op in _BETWEEN:
        return len(node.args) - 1 - (sum(arg.op == "neg" for arg in node.args[1:]) if node.op == "+" else 0)
    if node.op == "number":
        return 1 if isinstance(node.value, int) else 3
    if node.op == "ones" or node.op == "zeros":
        return 3 if node.shape is not None and not node.shape[1].is_one else 2
    if row_of(node.op).along:  # softmax(X, rows)
        return 4
    if node.op == "'" and node.args[0].op == "inv":
        return 0  # X^-T is as long as X^-1
    return _TOKENS.get(node.op, 1)
