"""Formulas that overflow, cancel or take long as they are written, put as those that do not: log(1 + exp(x)) is softplus(x).

Each law leaves the value as it is, exactly; a law looks at one node and its arguments.
"""

from __future__ import annotations

from matdiff.dims import SCALAR
from matdiff.formula import call, is_scalar, number, shape_of
from matdiff.syntax import Expr
from matdiff.walk import post_order

_ONE = number(1)


def stable(root: Expr) -> Expr:
    """The expression by stable functions."""
    done: dict[int, Expr] = {}
    for node in post_order(root):
        args = tuple(done.get(id(arg), arg) for arg in node.args)
        same = all(new is old for new, old in zip(args, node.args))
        done[id(node)] = _law(node if same else node.replace(args=args))
    return done[id(root)]


def _law(node: Expr) -> Expr:
    if node.op == "log" and node.shape is not None:
        return _logarithm(node)
    if node.op in ("/", "./") and node.shape is not None:
        return _quotient(node)
    if node.op == "pinv" and any(dim.is_one for dim in shape_of(node.args[0])):
        return _pseudoinverse_of_vector(node)
    return node


def _pseudoinverse_of_vector(node: Expr) -> Expr:
    """x^T / (x^T x), which no decomposition is needed for; libraries take matrices alone."""
    (inner,) = node.args
    square = call(":", inner, inner, shape=SCALAR)
    return call("/", call("'", inner, shape=shape_of(node)), square, shape=shape_of(node))


def _logarithm(node: Expr) -> Expr:
    inner, shape = node.args[0], shape_of(node)
    if inner.op == "det":
        return call("logdet", *inner.args, shape=shape)
    if inner.op == "sum" and inner.args[0].op == "exp" and shape_of(inner.args[0])[1].is_one:
        return call("logsumexp", *inner.args[0].args, shape=shape)
    if inner.op == "sigmoid":
        return call("logsigmoid", *inner.args, shape=shape)
    added = _added_to_one(inner)
    if added is None:
        return node
    return call("softplus", *added.args, shape=shape) if added.op == "exp" else call("log1p", added, shape=shape)


def _added_to_one(expr: Expr) -> Expr | None:
    """x where the expression is 1 + x and has the shape of x."""
    if expr.op != "+" or len(expr.args) != 2:
        return None
    for one, other in (expr.args, expr.args[::-1]):
        if one == _ONE and shape_of(other) == shape_of(expr) and other.op != "neg":
            return other
    return None


def _quotient(node: Expr) -> Expr:
    top, bottom = node.args
    shape = shape_of(node)
    added = _added_to_one(bottom)
    if added is not None and added.op == "exp":
        # 1 / (1 + exp(-x)) and exp(x) / (1 + exp(x))
        inner = added.args[0]
        if top == _ONE and shape_of(bottom) == shape:
            turned = inner.args[0] if inner.op == "neg" else call("neg", inner, shape=shape_of(inner))
            return call("sigmoid", turned, shape=shape)
        if top == added:
            return call("sigmoid", inner, shape=shape)
    if top.op == "exp" and bottom.op == "sum" and bottom.args[0] == top and shape[1].is_one and not is_scalar(node):
        return call("softmax", *top.args, shape=shape)
    return node
