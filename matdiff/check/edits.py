"""The terms of a typed expression multiplied out, and the expressions that are one small slip away from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from matdiff.functions import row_of
from matdiff.infer.whole import replaced_part
from matdiff.language import make
from matdiff.language.dims import SCALAR, Shape
from matdiff.language.queries import is_scalar, post_order, shape_of, values_of
from matdiff.language.syntax import Expr, ratio

# An expression with more terms than this is not multiplied out.
MOST_TERMS = 24


def terms_of(expr: Expr, full: bool) -> list[Expr]:
    """The terms of the expression; `full` multiplies out products of matrices too, not only scalars over a sum."""
    terms = _terms(expr, full)
    return terms if len(terms) <= MOST_TERMS else [expr]


def _terms(expr: Expr, full: bool) -> list[Expr]:
    if expr.op == "+":
        return [term for arg in expr.args for term in _terms(arg, full)]
    if expr.op == "neg":
        return [_negated(term) for term in _terms(expr.args[0], full)]
    if expr.op == "'":
        terms = _terms(expr.args[0], full)
        return [expr] if len(terms) == 1 else list(map(make.transposed, terms))
    if expr.op == "/":
        above = _terms(expr.args[0], full)
        return [expr] if len(above) == 1 else [expr.replace(args=(term, expr.args[1]), shape=shape_of(term)) for term in above]
    if expr.op == "*":
        return _of_product(expr, full)
    return [expr]


def _of_product(expr: Expr, full: bool) -> list[Expr]:
    arrays = sum(not is_scalar(arg) for arg in expr.args)
    parts = []
    count = 1
    for arg in expr.args:
        opened = full or (arrays == 1 and not is_scalar(arg))
        terms = _terms(arg, full) if opened else [arg]
        parts.append([_spread(term, shape_of(arg)) for term in terms] if arrays > 1 else terms)
        count *= len(parts[-1])
    if count == 1 or count > MOST_TERMS:
        return [expr]
    shape = shape_of(expr)
    return [expr.replace(args=args, shape=SCALAR if all(map(is_scalar, args)) else shape) for args in product(*parts)]


def _spread(term: Expr, shape: Shape) -> Expr:
    """A scalar in a sum of arrays is added to every entry: beside another array it must be written as the array that it is."""
    if not is_scalar(term) or shape == SCALAR:
        return term
    return Expr("*", (term, Expr("ones", (), shape=shape)), shape=shape)


def _negated(expr: Expr) -> Expr:
    return expr.args[0] if expr.op == "neg" else make.call("neg", expr, shape=shape_of(expr))


def edits_of(expr: Expr, squares: Sequence[Expr]) -> Iterator[tuple[Expr, Expr, Expr]]:
    """Expressions that differ from this one in one part: (the part, what stands there instead, the whole).

    A square matrix is transposed, inverted, left out or put in, one of `squares`; a term gets the other sign or a factor 2 or 1/2,
    the argument of a function the other sign; two square factors change places.
    """
    nodes = list({id(node): node for node in _value_nodes(expr)}.values())
    nodes.sort(key=lambda node: node.op == "name")  # D (y - X w) reads better than (D X)^T
    for changed in (_single_changes, _swaps, lambda node: _left_out(node, squares)):
        for node in nodes:
            for other in changed(node):
                yield node, other, replaced_part(expr, node, other)


def _value_nodes(expr: Expr) -> list[Expr]:
    """Every node that is a value, each place once, the outermost first."""
    found: list[Expr] = []
    stack = [expr]
    while stack:
        node = stack.pop()
        found.append(node)
        stack.extend(reversed(values_of(node)))
    return found


def _single_changes(node: Expr) -> Iterator[Expr]:
    if len(shape_of(node)) > 2:
        return
    rows, columns = shape_of(node)
    if rows == columns and not rows.is_one and node.op in ("name", "'", "*", "inv", "^"):
        yield node.args[0] if node.op == "'" else make.call("'", node, shape=(rows, columns))
        if node.op == "inv":
            yield node.args[0]
        elif node.op == "name":
            yield make.call("inv", node, shape=(rows, columns))
    if row_of(node.op).form == "each":
        yield node.replace(args=(_negated(node.args[0]),))
    if node.op == "+":
        for place, term in enumerate(node.args):
            yield node.replace(args=(*node.args[:place], _negated(term), *node.args[place + 1 :]))
            for factor in (ratio(2), ratio(1, 2)):
                scaled = make.call("*", make.number(factor), term, shape=shape_of(term))
                yield node.replace(args=(*node.args[:place], scaled, *node.args[place + 1 :]))


def _swaps(node: Expr) -> Iterator[Expr]:
    for place in range(len(values_of(node)) - 1):
        one, other = node.args[place : place + 2]
        if shape_of(one) == shape_of(other) and not is_scalar(one) and shape_of(one)[0] == shape_of(one)[1] and one != other:
            yield node.replace(args=(*node.args[:place], other, one, *node.args[place + 2 :]))


def _left_out(node: Expr, squares: Sequence[Expr]) -> Iterator[Expr]:
    """A factor that was forgotten, or is one too many."""
    if is_scalar(node) or node.op == "neg" or len(shape_of(node)) > 2:
        return
    rows, columns = shape_of(node)
    for square in squares:
        if shape_of(square)[0] == rows and square != node:
            yield make.call("*", square, *(node.args if node.op == "*" else (node,)), shape=(rows, columns))
    if node.op == "*":
        for place, arg in enumerate(node.args):
            if not is_scalar(arg) and shape_of(arg)[0] == shape_of(arg)[1] and len(node.args) > 1:
                rest = (*node.args[:place], *node.args[place + 1 :])
                yield rest[0] if len(rest) == 1 and shape_of(rest[0]) == shape_of(node) else node.replace(args=rest)


def scalars_in(expr: Expr) -> Iterator[Expr]:
    """The scalar parts of an expression that are no numbers: variables, norms, determinants, ..."""
    for node in post_order(expr):
        if node.shape is not None and is_scalar(node) and node.op not in ("number", "neg", "*", "/", "+"):
            yield node
