"""Laws that know a function by its definition: softplus, sigmoid, softmax, logsumexp, tanh and tan, a sign times a size.

They hold for every real argument, so no condition is added or lost.  See `simplify`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matdiff import index
from matdiff.embedding import without
from matdiff.functions import PRODUCTS
from matdiff.nodes import Apply, Factor, Product, Sum, Tensor

if TYPE_CHECKING:
    from matdiff.syntax import Rational


def _applied(function: str, arg: Tensor) -> Tensor:
    return index.apply(function, (arg,), arg.dims)


def _is(tensor: Tensor, function: str) -> bool:
    return isinstance(tensor, Apply) and tensor.function == function


def _one_plus_exp(tensor: Tensor) -> Tensor | None:
    """z when the tensor is 1 + exp(z)."""
    if not isinstance(tensor, Sum) or len(tensor.terms) != 2 or any(coefficient != 1 for coefficient, _ in tensor.terms):
        return None
    (_, one), (_, other) = sorted(tensor.terms, key=lambda term: _is(term[1], "exp"))
    if index.number_of(one) == 1 and isinstance(other, Apply) and other.function == "exp":
        return other.args[0]
    return None


def _sum_of_exp(tensor: Tensor) -> Tensor | None:
    """x when the tensor is the sum of the vector exp(x)."""
    if not isinstance(tensor, Product) or tensor.dims or tensor.coefficient != 1 or len(tensor.factors) != 1:
        return None
    (vector, slots) = tensor.factors[0]
    return vector.args[0] if len(slots) == 1 and isinstance(vector, Apply) and vector.function == "exp" else None


def softplus_of_log(node: Apply) -> Tensor | None:
    """log(1 + exp(z)) = log1p(exp(z)) = softplus(z).  Removes an exp."""
    arg = node.args[0]
    inside = _one_plus_exp(arg) if node.function == "log" else None
    if node.function == "log1p" and isinstance(arg, Apply) and arg.function == "exp":
        inside = arg.args[0]
    return None if inside is None else _applied("softplus", inside)


def sigmoid_of_power(node: Apply) -> Tensor | None:
    """1 / (1 + exp(z)) = sigmoid(-z), and so for whole powers.  Removes an exp."""
    exponent = node.exponent if node.function == "power" else None
    if exponent is None or exponent >= 0 or exponent.denominator != 1:
        return None
    inside = _one_plus_exp(node.args[0])
    return None if inside is None else index.power(_applied("sigmoid", index.scale(-1, inside)), -exponent)


def logsumexp_of_log(node: Apply) -> Tensor | None:
    """log(sum(exp(x))) = logsumexp(x).  Removes an exp."""
    inside = _sum_of_exp(node.args[0]) if node.function == "log" else None
    return None if inside is None else index.apply("logsumexp", (inside,), ())


def even_power_of_abs(node: Apply) -> Tensor | None:
    """abs(x)^2 = x^2, and so for even powers.  Removes an abs."""
    if node.function != "power" or node.exponent is None or node.exponent.denominator != 1 or node.exponent % 2:
        return None
    arg = node.args[0]
    return index.power(arg.args[0], node.exponent) if isinstance(arg, Apply) and arg.function == "abs" else None


def power_of_table(node: Apply) -> Tensor | None:
    """step(x)^k = step(x) and abs(x)^k = x^2 abs(x)^(k - 2) for whole k > 1, by `PRODUCTS`.  The exponent gets smaller."""
    base, exponent = index.base_and_exponent(node)
    if not isinstance(base, Apply) or exponent < 2 or exponent.denominator != 1:
        return None
    made = PRODUCTS.get((base.function, base.function))
    if made is None:
        return None
    return index.hadamard(index.power(base, exponent - 2), *(_named(name, base.args[0]) for name in made))


def product_by_table(product: Product) -> Tensor | None:
    """relu(x) step(x) = relu(x) and what else `PRODUCTS` says.  Removes a factor, or an x or abs(x) beside relu(x)."""
    for (first, second), made in PRODUCTS.items():
        for one, slots, exponent in _powers(product, first, 1):
            arg = one.args[0]
            other = _named(second, arg)
            rest = None
            if exponent.denominator == 1:
                rest = without(product.factors, one, slots, product)
            if rest is not None:
                rest = without(rest, other, slots, product)
            if rest is not None:
                rest += [(_named(name, arg), slots) for name in made]
                return index.einsum(rest, product.out, dict(enumerate(product.sizes)), product.coefficient)
    return None


def _named(function: str, arg: Tensor) -> Tensor:
    """A function of the argument by its name in `PRODUCTS`."""
    return arg if function == "X" else _applied(function, arg)


def sigmoid_of_exp(product: Product) -> Tensor | None:
    """exp(z) sigmoid(-z) = sigmoid(z).  Removes an exp."""
    for exp, slots, _ in _powers(product, "exp", 1):
        opposite = _applied("sigmoid", index.scale(-1, exp.args[0]))
        for sigmoid, others, _ in _powers(product, "sigmoid", 1):
            if sigmoid is opposite and others == slots:
                return _times(product, [(exp, -1, slots), (sigmoid, -1, slots), (_applied("sigmoid", exp.args[0]), 1, slots)])
    return None


def sigmoid_of_negation(product: Product) -> Tensor | None:
    """sigmoid(-z) sigmoid(z) = (1 - sigmoid(z)) sigmoid(z) for a z without a minus.  Removes a sigmoid of -z."""
    for sigmoid, slots, _ in _powers(product, "sigmoid", 1):
        arg = sigmoid.args[0]
        if not (isinstance(arg, Product) and arg.coefficient < 0):
            continue
        positive = _applied("sigmoid", index.scale(-1, arg))
        if any(other is positive and others == slots for other, others, _ in _powers(product, "sigmoid", 1)):
            rest = index.add([(1, index.filled(1, arg.dims)), (-1, positive)], arg.dims)
            return _times(product, [(sigmoid, -1, slots), (rest, 1, slots)])
    return None


def tangent_of_sine(product: Product) -> Tensor | None:
    """sinh(z) / cosh(z) = tanh(z) and sin(z) / cos(z) = tan(z).  Removes a function."""
    for above, below, quotient in (("sinh", "cosh", "tanh"), ("sin", "cos", "tan")):
        for sine, slots, _ in _powers(product, above, 1):
            for cosine, others, exponent in _powers(product, below, None):
                if exponent <= -1 and others == slots and cosine.args[0] is sine.args[0]:
                    return _times(product, [(sine, -1, slots), (cosine, 1, slots), (_applied(quotient, sine.args[0]), 1, slots)])
    return None


def softmax_of_exp(product: Product) -> Tensor | None:
    """exp(x) / sum(exp(x)) = softmax(x).  Removes an exp."""
    for total, slots in product.factors:
        base, exponent = index.base_and_exponent(total)
        inside = _sum_of_exp(base) if not slots and exponent <= -1 else None
        if inside is None:
            continue
        for exp, places, _ in _powers(product, "exp", 1):
            if exp.args[0] is inside:
                return _times(product, [(exp, -1, places), (base, 1, ()), (_applied("softmax", inside), 1, places)])
        for scalar, _ in [factor for factor in product.factors if isinstance(factor[0], Product) and not factor[1]]:
            assert isinstance(scalar, Product)
            for exp, places, _ in _powers(scalar, "exp", 1):  # ||exp(x)||^2 / sum(exp(x))^2
                if exp.args[0] is inside and scalar is not base:
                    within = _times(scalar, [(exp, -1, places), (_applied("softmax", inside), 1, places)])
                    return _times(product, [(scalar, -1, ()), (base, 1, ()), (within, 1, ())])
    return None


def sign_of_abs(product: Product) -> Tensor | None:
    """sign(x) abs(x)^k = x^k for odd k.  Removes a sign."""
    for sign, slots, _ in _powers(product, "sign", 1):
        for size, places, exponent in _powers(product, "abs", None):
            if size.args[0] is sign.args[0] and places == slots and exponent.denominator == 1 and exponent % 2:
                arg = sign.args[0]
                return _times(product, [(sign, -1, slots), (size, -exponent, slots), (arg, exponent, slots)])
    return None


def _powers(product: Product, function: str, least: Rational | None) -> list[tuple[Apply, tuple[int, ...], Rational]]:
    """The factors f(x) .^ e of a function with e at least `least`, as (f(x), indices, e)."""
    found = []
    for tensor, slots in product.factors:
        base, exponent = index.base_and_exponent(tensor)
        if isinstance(base, Apply) and base.function == function and (least is None or exponent >= least):
            found.append((base, slots, exponent))
    return found


def _times(product: Product, powers: list[tuple[Tensor, Rational, tuple[int, ...]]]) -> Tensor:
    """The product times powers of factors, which cancel those that stand there."""
    more: list[Factor] = [(index.power(base, exponent), slots) for base, exponent, slots in powers]
    return index.einsum([*product.factors, *more], product.out, dict(enumerate(product.sizes)), product.coefficient)


APPLY_LAWS = (softplus_of_log, sigmoid_of_power, logsumexp_of_log, even_power_of_abs, power_of_table)
PRODUCT_LAWS = (sigmoid_of_exp, sigmoid_of_negation, tangent_of_sine, softmax_of_exp, sign_of_abs, product_by_table)
