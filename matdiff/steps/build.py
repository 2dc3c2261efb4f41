"""Constructors for the expressions of a derivation: they keep the writer's own form and only tidy signs, numbers and brackets.

`recover.writer` writes what `recover` found; here an expression that somebody wrote is changed in places, and must stay recognisable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from matdiff.functions import row_of
from matdiff.language import make
from matdiff.language.dims import SCALAR, Shape
from matdiff.language.queries import is_scalar, post_order, shape_of
from matdiff.language.syntax import Expr, Rational
from matdiff.tensor.rational import whole


def differential(expr: Expr) -> Expr:
    """`dX` of a name, `d(A x + b)` of an expression."""
    if expr.op == "name":
        return Expr("differential", (), expr.value, shape=expr.shape)
    return Expr("differential", (expr,), shape=expr.shape)


def partial(above: Expr, *below: Expr) -> Expr:
    """`dy[i]/dW[k,l]`, not worked out."""
    return Expr("partial", (above, *below), len(below), shape=SCALAR)


def letter(text: str) -> Expr:
    """An index."""
    return Expr("index", (), text, shape=SCALAR)


def entry(array: Expr, letters: Sequence[str]) -> Expr:
    """`X[k,l]`; a scalar is its own entry."""
    return Expr("entry", (array, *map(letter, letters)), shape=SCALAR) if letters else array


def summed(body: Expr, letters: Sequence[str]) -> Expr:
    """The sum over the letters; numbers stand before it, and a sum that is a factor of the body becomes part of it."""
    if not letters:
        return body
    if body.op == "neg":
        return negated(summed(body.args[0], letters))
    if body.op == "*" and body.args[0].op == "number":
        inner = body.args[1] if len(body.args) == 2 else body.replace(args=body.args[1:])
        return times([body.args[0], summed(inner, letters)], SCALAR)
    sums = [factor for factor in body.args if factor.op == "sigma"] if body.op == "*" else [body] if body.op == "sigma" else []
    inside = [index for total in sums for index in total.args[1:]]
    if sums and len({index.value for index in inside} | set(letters)) == len(inside) + len(letters):
        factors = [factor.args[0] if factor.op == "sigma" else factor for factor in (body.args if body.op == "*" else (body,))]
        return summed(times(factors, SCALAR), [*letters, *(str(index.value) for index in inside)])
    return Expr("sigma", (body, *map(letter, letters)), shape=SCALAR)


def negated(expr: Expr) -> Expr:
    """-expr; the sign of a product of a sum stays outside."""
    if expr.op == "neg":
        return expr.args[0]
    return make.call("neg", expr, shape=shape_of(expr))


def plus(terms: Sequence[Expr], shape: Shape) -> Expr:
    """The sum; zeros(...) when there are no terms.  Sums within are opened."""
    if not terms:
        return make.zeros(shape)
    flat = [inner for term in terms for inner in (term.args if term.op == "+" else (term,))]
    return flat[0] if len(flat) == 1 else Expr("+", tuple(flat), shape=shape)


def times(factors: Iterable[Expr], shape: Shape) -> Expr:
    """The product: numbers and signs go in front, products within are opened where that needs no brackets."""
    coefficient: Rational = 1
    scalars: list[Expr] = []
    chain: list[Expr] = []
    for factor in factors:
        while factor.op == "neg":
            coefficient, factor = -coefficient, factor.args[0]
        if factor.op == "number":
            coefficient = coefficient * _number(factor)
            continue
        opened = factor.args if factor.op == "*" and (not is_scalar(factor) or not chain) else (factor,)
        inner = [part for part in opened if part.op != "number"]
        for part in opened:
            if part.op == "number":
                coefficient = coefficient * _number(part)
        if all(is_scalar(part) for part in inner):
            (chain if chain else scalars).extend(inner)
        elif is_scalar(factor):
            chain.append(factor if len(opened) == 1 else Expr("*", tuple(inner), shape=SCALAR))
        else:
            scalars += [part for part in inner if is_scalar(part)]
            chain += [part for part in inner if not is_scalar(part)]
    return _assembled(whole(coefficient), scalars, chain, shape)


def _assembled(coefficient: Rational, scalars: list[Expr], chain: list[Expr], shape: Shape) -> Expr:
    if len(chain) > 1:
        chain = [part for part in chain if part.op != "I"] or chain[:1]
    if len(chain) == 1 and is_scalar(chain[0]) and chain[0].op == "*":
        chain = list(chain[0].args)
    size = -coefficient if coefficient < 0 else coefficient
    if len(set(scalars)) < len(scalars):
        scalars = [_scalar_power(factor, count) for factor, count in Counter(scalars).items()]
    parts = [*([make.number(size)] if size != 1 else []), *scalars, *chain]
    if not parts:
        parts = [make.number(1)]
    product = parts[0] if len(parts) == 1 else Expr("*", tuple(parts), shape=shape)
    return negated(product) if coefficient < 0 else product


def _scalar_power(factor: Expr, count: int) -> Expr:
    return factor if count == 1 else make.call("^", factor, make.number(count), shape=SCALAR)


def _number(expr: Expr) -> Rational:
    assert expr.value is not None and not isinstance(expr.value, str)
    return expr.value


def hadamard(factors: Iterable[Expr], shape: Shape) -> Expr:
    """The entry-by-entry product; between scalars the plain one."""
    if shape == SCALAR:
        return times(factors, shape)
    sign = 1
    flat: list[Expr] = []
    for factor in factors:
        while factor.op == "neg":
            sign, factor = -sign, factor.args[0]
        if not (factor.op == "number" and factor.value == 1):
            flat += factor.args if factor.op == ".*" else (factor,)
    if not flat:
        product = Expr("ones", (), shape=shape)
    else:
        product = flat[0] if len(flat) == 1 else Expr(".*", tuple(flat), shape=shape)
    return negated(product) if sign < 0 else product


def quotient(above: Expr, below: Expr) -> Expr:
    """above / below, entry by entry for arrays; a sign stays outside."""
    if above.op == "neg":
        return negated(quotient(above.args[0], below))
    if below == make.number(1):
        return above
    if is_scalar(below) and above.op == "/":
        return quotient(above.args[0], times([below, above.args[1]], SCALAR))
    shape = max(shape_of(above), shape_of(below), key=lambda s: (not s[0].is_one) + (not s[1].is_one))
    return make.call("/" if is_scalar(below) else "./", above, below, shape=shape)


def power(base: Expr, exponent: Expr) -> Expr:
    """base ^ exponent, entry by entry for arrays."""
    if exponent == make.number(1):
        return base
    scalar = is_scalar(base) and is_scalar(exponent)
    return make.call("^" if scalar else ".^", base, exponent, shape=shape_of(base if not is_scalar(base) else exponent))


def transposed(expr: Expr) -> Expr:
    """The transpose as it would be written around the expression."""
    if is_scalar(expr):
        return expr
    if expr.op == "neg":
        return negated(transposed(expr.args[0]))
    return make.transposed(expr)


def rewritten(expr: Expr, change: Callable[[Expr], Expr | None]) -> Expr:
    """The expression with what `change` gives in place of its parts, tidied around them."""
    done: dict[int, Expr] = {}
    for node in post_order(expr):
        found = change(node)
        if found is None:
            args = tuple([done[id(arg)] for arg in node.args])
            same = node.shape is None or all(new is old for new, old in zip(args, node.args))
            found = node if same else remade(node, args, shape_of(node))
        done[id(node)] = found
    return done[id(expr)]


def remade(node: Expr, args: tuple[Expr, ...], shape: Shape) -> Expr:
    """The operation of a node on other arguments of the same kinds."""
    op = make.SCALAR_OPERATORS.get(node.op, node.op) if shape == SCALAR else node.op
    if op == "*":
        return times(args, shape)
    if op == ".*":
        return hadamard(args, shape)
    if op == "neg":
        return negated(args[0])
    if op == "+":
        return plus(args, shape)
    if op in ("/", "./"):
        return quotient(*args)
    if op == "'":
        return transposed(args[0])
    if op == ":" and shape_of(args[0])[1].is_one:
        return times([transposed(args[0]), args[1]], SCALAR)
    if row_of(op).is_linear and len(args) == 1 and args[0].op == "neg":
        return negated(Expr(op, args[0].args, node.value, shape=shape))
    return Expr(op, args, node.value, shape=shape)
