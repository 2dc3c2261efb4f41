"""Formulas that overflow, cancel or take long as they are written, put as those that do not: log(1 + exp(x)) is softplus(x).

The laws are equations; those that define a function stand in `equations`, those that only code needs stand here, in the same
notation.  Each leaves the value as it is, exactly, and is matched with one node and what stands in it.
"""

from __future__ import annotations

from functools import cache

from matdiff.dims import Dim, Shape
from matdiff.equations import DEFINITIONS, ENTRIES, PSEUDOINVERSES, Equation, equation, lines_of
from matdiff.formula import call, shape_of
from matdiff.parts import names_in
from matdiff.syntax import Expr
from matdiff.walk import post_order

EQUATIONS = """
log(det(X)) = logdet(X)
log(sigmoid(x)) = logsigmoid(x)
log(1 + x) = log1p(x)
exp(x) ./ (1 + exp(x)) = sigmoid(x)
sum(c) = c
pinv(r) = r' / (r r')
"""

# A quotient is written with one sign or the other, by the shapes of its two parts.
_SIGNS = {"./": "/"}


def stable(root: Expr) -> Expr:
    """The expression by stable functions."""
    done: dict[int, Expr] = {}
    for node in post_order(root):
        args = tuple(done.get(id(arg), arg) for arg in node.args)
        same = all(new is old for new, old in zip(args, node.args))
        done[id(node)] = _rewritten(node if same else node.replace(args=args))
    return done[id(root)]


@cache
def _laws() -> dict[str, list[Equation]]:
    """The equations by the operation that their left sides begin with; the first one that fits is used."""
    found: dict[str, list[Equation]] = {}
    for law in map(equation, lines_of(DEFINITIONS) + lines_of(PSEUDOINVERSES) + lines_of(EQUATIONS)):
        found.setdefault(_sign(law.left), []).append(law)
    return found


def _sign(expr: Expr) -> str:
    return _SIGNS.get(expr.op, expr.op)


def _rewritten(node: Expr) -> Expr:
    """The right side of the first equation whose left side is the node."""
    for law in _laws().get(_sign(node), ()) if node.shape is not None else ():
        bound: dict[str, Expr] = {}
        if _matches(law.left, node, bound):
            return _with_values(law.right, bound)
    return node


def _matches(pattern: Expr, expr: Expr, bound: dict[str, Expr]) -> bool:
    """Whether an expression has the form of the pattern; `bound` is then what its names stand for."""
    if pattern.op == "name":
        return _is_like(pattern, expr) and bound.setdefault(str(pattern.value), expr) == expr
    if pattern.op == "number":
        return expr == pattern
    if _sign(pattern) != _sign(expr) or len(pattern.args) != len(expr.args):
        return False
    if pattern.op == "+":
        return any(_is_sum(pattern, expr, terms, bound) for terms in (expr.args, expr.args[::-1]))
    return all(_matches(part, arg, bound) for part, arg in zip(pattern.args, expr.args))


def _is_sum(pattern: Expr, expr: Expr, terms: tuple[Expr, ...], bound: dict[str, Expr]) -> bool:
    """Whether the terms fit, none of which is subtracted; those that are no numbers have the shape of the whole."""
    plain = all(term.op == "number" or (term.op != "neg" and shape_of(term) == shape_of(expr)) for term in terms)
    return plain and all(_matches(part, term, bound) for part, term in zip(pattern.args, terms))


def _is_like(name: Expr, expr: Expr) -> bool:
    """Whether a value may stand for the name: any value for x, else one of the shape that is declared."""
    rows, columns = shape_of(expr)
    return name.value in ENTRIES or (rows.is_one, columns.is_one) == tuple(dim.is_one for dim in shape_of(name))


def _with_values(pattern: Expr, bound: dict[str, Expr]) -> Expr:
    """The pattern with what its names stand for."""
    sizes: dict[str, Dim] = {}
    for name in names_in(pattern):
        sizes.update(
            (generic.name, dim) for generic, dim in zip(shape_of(name), shape_of(bound[str(name.value)])) if generic.name
        )
    done: dict[int, Expr] = {}
    for node in post_order(pattern):
        if node.op == "name":
            done[id(node)] = bound[str(node.value)]
        elif node.op == "neg" and done[id(node.args[0])].op == "neg":
            done[id(node)] = done[id(node.args[0])].args[0]
        elif node.args:
            done[id(node)] = call(node.op, *(done[id(arg)] for arg in node.args), shape=_shape(node, bound, sizes))
        else:
            done[id(node)] = node
    return done[id(pattern)]


def _shape(node: Expr, bound: dict[str, Expr], sizes: dict[str, Dim]) -> Shape:
    """The shape of a node of a pattern with values: that of the value where the law is one of entries."""
    rows, columns = shape_of(node)
    entries = next((name for name in names_in(node) if name.value in ENTRIES), None)
    return shape_of(bound[str(entries.value)]) if entries else (rows.substitute(sizes), columns.substitute(sizes))
