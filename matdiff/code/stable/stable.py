"""Formulas that overflow, cancel or take long as they are written, put as those that do not: log(1 + exp(x)) is softplus(x).

Equations in matdiff's own language, read from left to right: those by which functions are defined, and `STABLE`.  The tests try
each with numbers.  x and y are values of
any shape, v is a vector, u a vector or a row, c a number, X and Y are matrices.  What a pattern cannot say is in Python: a logarithm goes
inside where only entries are picked (`_within`), and exponentials are divided by the largest among them (`shifted`).

A factor 1 - sigmoid(x) or 1 - tanh(x)^2 stays as it is: its error is that of rounding 1, and it costs no exponential more.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from matdiff.code.stable.shifted import shifted
from matdiff.functions import row_of
from matdiff.infer.rules import rule_expr
from matdiff.language.dims import ONE, SCALAR, Shape
from matdiff.language.make import ones
from matdiff.language.queries import constant, is_scalar, rebuilt, replaced_names, shape_of
from matdiff.language.syntax import Expr
from matdiff.laws.equations import DEFINITIONS, lines_of

STABLE = """
log(exp(x) .* y) = x + log(y)
log(exp(x) ./ y) = x - log(y)
log(y ./ exp(x)) = log(y) - x
log(exp(x) .^ y) = x .* y
log(diag(y)^-1 exp(X)) = X - log(y) ones^T
log(exp(X) diag(y)^-1) = X - ones log(y)^T
sqrt(exp(x)) = exp(x / 2)
log(sqrt(x)) = log(x) / 2
log(sigmoid(x)) = logsigmoid(x)
log(1 - sigmoid(x)) = logsigmoid(-x)
log(sigmoid(x) ./ (1 - sigmoid(x))) = x
log(1 - tanh(x) .^ 2) = log(4) + logsigmoid(2 .* x) + logsigmoid(-2 .* x)
log(cosh(x)) = abs(x) + softplus(-2 .* abs(x)) - log(2)
log(softmax(v)) = v - logsumexp(v)
log(softmax(X, rows)) = X - logsumexp(X, rows) ones^T
log(1 + x) = log1p(x)
log(1 - x) = log1p(-x)
log(det(X)) = logdet(X)
log(abs(det(X))) = logdet(X)
log(det(X)^y) = y .* logdet(X)
log(det(X) / det(Y)) = logdet(X) - logdet(Y)
exp(x) ./ (1 + exp(x)) = sigmoid(x)
sigmoid(x) ./ (1 - sigmoid(x)) = exp(x)
y ./ (1 - sigmoid(x)) = y ./ sigmoid(-x)
((diag(v) - v v^T) y) ./ v = y - (v : y) ones
pinv(u) = u^T / (u : u)
pinv(c) = 1 / c
sum(c) = c
"""
# Spellings of one operation, which differ by the shapes of what they join.
_SAME = {"/": "./", "^": ".^", "*": ".*"}
_COMMUTES = ("+", ".*")
_PICKS = ("at", "'", "vec", "diag")


@cache
def laws() -> tuple[tuple[Expr, Expr], ...]:
    """The sides of each law, parsed."""
    sides = (line.split(" = ") for line in (*lines_of(DEFINITIONS), *lines_of(STABLE)))
    return tuple((rule_expr(left), rule_expr(right)) for left, right in sides)


def stable(root: Expr, definitions: Mapping[str, Expr] | None = None) -> Expr:
    """The expression by stable functions; through the names of `definitions` only where a law sees something there."""
    whole = replaced_names(root, definitions) if definitions else root
    found = shifted(_rewritten(whole))
    return root if found is whole else found


def _rewritten(root: Expr) -> Expr:
    """The laws applied from below."""
    return rebuilt(root, lambda _, node: _law(node))


def _law(node: Expr) -> Expr:
    """What the first law that fits makes of a node; then the laws are tried on what it made."""
    if node.shape is None or node.op not in _heads():
        return node
    for left, right in laws():
        bound: dict[str, Expr] = {}
        if _matches(left, node, bound):
            found = _built(right, bound, node.shape)
            if found.shape == node.shape:  # else 1 stood for the ones that gave it its shape
                return found
    return _within(node) if node.op == "log" else node


@cache
def _heads() -> frozenset[str]:
    """The operations that a left side may have outside."""
    heads = {left.op for left, _ in laws()}
    return frozenset(heads | {spelling for spelling, one in _SAME.items() if one in heads})


def _within(node: Expr) -> Expr:
    """log(diag(X)) = diag(log(X)) where X is a matrix, and so for transposes and entries, if a law then fits."""
    (inner,) = node.args
    if not _picks(inner):
        return node
    picked = Expr("log", inner.args[:1], shape=shape_of(inner.args[0]))
    found = _law(picked)
    return node if found is picked else inner.replace(args=(found, *inner.args[1:]))


def _picks(node: Expr) -> bool:
    """Whether its entries are some of those of its first argument, whatever these are."""
    return node.op in _PICKS and (node.op != "diag" or not shape_of(node.args[0])[1].is_one)


# Matching.


def _matches(pattern: Expr, expr: Expr, bound: dict[str, Expr]) -> bool:
    """Whether an expression has the form of the pattern; `bound` is then what its names stand for."""
    if pattern.op == "name":
        known = bound.setdefault(str(pattern.value), expr)
        return _is_kind(str(pattern.value), expr) and known == expr
    if pattern.op == "number":
        return constant(expr) == pattern.value or (pattern.value == 1 and expr.op == "ones")
    if pattern.op == "*":  # a product of matrices, whose factors keep their places
        return expr.op == "*" and len(expr.args) == len(pattern.args) and all(map(_matches, pattern.args, expr.args, [bound] * 2))
    if pattern.op == "exp" and _picks(expr) and expr.args[0].op == "exp":  # exp(X)[i,j] is exp(X[i,j])
        inner = expr.replace(args=(expr.args[0].args[0], *expr.args[1:]))
        return _matches(pattern.args[0], inner, bound)
    if pattern.op in ("^", "inv") and pattern.args[0].op == "diag":
        return _is_inverse_of_diagonal(pattern, expr, bound)
    if _operation(pattern) != _operation(expr) or len(expr.args) < len(pattern.args):
        return False
    if _operation(pattern) in _COMMUTES:
        return _matches_in_any_order(pattern, expr, bound)
    return len(pattern.args) == len(expr.args) and all(_matches(p, e, bound) for p, e in zip(pattern.args, expr.args))


def _operation(expr: Expr) -> str:
    """One name for the spellings of an operation entry by entry; a product of matrices is none."""
    if expr.op == "*" and expr.shape is not None and sum(not is_scalar(arg) for arg in expr.args) > 1:
        return "*"
    return _SAME.get(expr.op, expr.op)


def _is_kind(name: str, expr: Expr) -> bool:
    if expr.shape is None:
        return False
    rows, columns = (dim.is_one for dim in expr.shape)
    return {"v": columns and not rows, "u": columns != rows, "c": columns and rows}.get(name, True)


def _matches_in_any_order(pattern: Expr, expr: Expr, bound: dict[str, Expr]) -> bool:
    """A sum or product of two parts: each part may be the first, and all others are the second."""
    first, second = pattern.args
    for place, part in enumerate(expr.args):
        others = expr.args[:place] + expr.args[place + 1 :]
        rest = others[0] if len(others) == 1 else expr.replace(args=others, shape=_widest(others))
        trial = dict(bound)
        if _matches(first, part, trial) and _matches(second, rest, trial):
            bound.update(trial)
            return True
    return False


def _is_inverse_of_diagonal(pattern: Expr, expr: Expr, bound: dict[str, Expr]) -> bool:
    if expr.op == "inv" or (expr.op == "^" and constant(expr.args[1]) == -1):
        return _matches(pattern.args[0], expr.args[0], bound)
    return False


# Building.


def _built(right: Expr, bound: Mapping[str, Expr], whole: Shape) -> Expr:
    """The right side with its shapes, `whole` being that of the value; the laws are applied to it too."""
    if right.op == "name":
        return bound[str(right.value)]
    if right.op == "number":
        return right.replace(shape=SCALAR)
    if right.op == "ones":
        return ones(whole[0])
    args = [_built(arg, bound, whole if right.op != "'" else whole[::-1]) for arg in right.args]
    if right.op == "neg" and args[0].op == "neg":
        return args[0].args[0]
    if right.op in ("+", ".*") and all(map(is_scalar, args)):
        return _law(Expr("+" if right.op == "+" else "*", tuple(args), shape=SCALAR))
    return _law(Expr(right.op, tuple(args), right.value, shape=_shape(right.op, args)))


def _shape(op: str, args: list[Expr]) -> Shape:
    if op == "'":
        return shape_of(args[0])[::-1]
    if row_of(op).along and row_of(op).patterns[0][1][1] == "1":  # a number for every row
        return shape_of(args[0])[0], ONE
    if op == "*" and not is_scalar(args[0]):
        return shape_of(args[0])[0], shape_of(args[-1])[1]
    return SCALAR if row_of(op).is_scalar_valued else _widest(args)


def _widest(args: tuple[Expr, ...] | list[Expr]) -> Shape:
    """The shape of values of one shape, some of which may be numbers."""
    return next((shape for shape in map(shape_of, args) if shape != (ONE, ONE)), SCALAR)
