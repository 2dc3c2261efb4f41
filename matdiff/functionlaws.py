"""Laws of functions: each returns a simpler tensor for a function node, or None to decline; see `simplify`."""

from __future__ import annotations

from collections.abc import Callable

from matdiff import index
from matdiff.functions import FUNCTIONS, MATRIX_POWER
from matdiff.lower import matrix_power, on_diagonal, power_of
from matdiff.nodes import Apply, Factor, Product, Symbol, Tensor
from matdiff.syntax import ratio

ApplyLaw = Callable[[Apply], Tensor | None]


def inverse_of_inverse(node: Apply) -> Tensor | None:
    """inv(inv(X)) = X; orthogonal Q: inv(Q) = Q^T.  Removes a function."""
    arg = node.args[0]
    if node.function != "inv":
        return None
    if isinstance(arg, Apply) and arg.function == "inv":
        return arg.args[0]
    if isinstance(arg, Symbol) and arg.property == "orthogonal":
        return index.transpose(arg)
    return None


def inverse_of_product(node: Apply) -> Tensor | None:
    """inv(c A B) = 1/c inv(B) inv(A) for square A, B; inv(diag(v)) = diag(1 ./ v).  The arguments of inv get shorter."""
    arg = node.args[0]
    if node.function != "inv" or not isinstance(arg, Product):
        return None
    if arg.out[0] == arg.out[1]:
        entries = index.einsum(arg.factors, arg.out[:1], dict(enumerate(arg.sizes)), arg.coefficient)
        return index.einsum([(index.power(entries, -1), (0,))], (0, 0))
    scalars = [tensor for tensor, slots in arg.factors if not slots]
    blocks = _square_blocks(arg)
    if blocks is None or (len(blocks) == 1 and not scalars and arg.coefficient == 1):
        return None
    scale = index.power(index.einsum([(s, ()) for s in scalars], (), None, arg.coefficient), -1)
    factors: list[Factor] = [(scale, ())]
    for block, (start, end) in blocks:
        tensor = index.einsum(block, (start, end), dict(enumerate(arg.sizes)))
        factors.append((index.apply("inv", (tensor,), tensor.dims), (end, start)))
    return index.einsum(factors, arg.out[::-1])


def inverse_of_power(node: Apply) -> Tensor | None:
    """inv(X^a) = X^-a.  Removes a function."""
    arg = node.args[0]
    if node.function == "inv" and isinstance(arg, Apply) and arg.function == MATRIX_POWER:
        return matrix_power(arg.args[0], index.scale(-1, arg.args[1]))
    return None


def power_that_is_whole(node: Apply) -> Tensor | None:
    """X^a for an exponent that has turned out to be a whole number or a half.  Removes a power."""
    value = index.number_of(node.args[1]) if node.function == MATRIX_POWER else None
    power = node if value is None else matrix_power(*node.args)
    return power if power is not node else None


def function_of_diagonal(node: Apply) -> Tensor | None:
    """expm(diag(v)) = diag(exp(v)), and so for logm, sqrtm and powers.  Removes a function of a matrix."""
    arg = node.args[0]
    if node.function not in FUNCTIONS or not FUNCTIONS[node.function].on_diagonal:
        return None
    if not (isinstance(arg, Product) and arg.out[0] == arg.out[1]):
        return None
    entries = index.einsum(arg.factors, arg.out[:1], dict(enumerate(arg.sizes)), arg.coefficient)
    return index.einsum([(on_diagonal(node.function, [entries, *node.args[1:]]), (0,))], (0, 0))


def _square_blocks(arg: Product) -> list[tuple[list[Factor], tuple[int, int]]] | None:
    """The factors of a chain of matrices from out[0] to out[1], cut wherever a square block ends; None when it is no chain."""
    uses = arg.uses()
    remaining = [factor for factor in arg.factors if factor[1]]
    start = here = arg.out[0]
    blocks: list[tuple[list[Factor], tuple[int, int]]] = []
    block: list[Factor] = []
    while remaining:
        touching = [factor for factor in remaining if here in factor[1]]
        if len(touching) != 1 or len(touching[0][1]) != 2:
            return None
        factor = touching[0]
        remaining.remove(factor)
        block.append(factor)
        here = factor[1][1] if factor[1][0] == here else factor[1][0]
        if here == arg.out[1] or (uses[here] == 2 and arg.sizes[here] == arg.sizes[arg.out[0]]):
            blocks.append((block, (start, here)))
            start, block = here, []
    return blocks if here == arg.out[1] and not block else None


def function_of_constant(node: Apply) -> Tensor | None:
    """exp(0) = 1, log(1) = 0, sin(0) = 0, ...  Removes a function."""
    value = index.number_of(node.args[0]) if node.args else None
    if value is None or node.dims != node.args[0].dims:
        return None
    if value == 0 and node.function in _AT_ZERO:
        return index.filled(_AT_ZERO[node.function], node.dims)
    if value == 0 and node.function == "sigmoid":
        return index.filled(ratio(1, 2), node.dims)
    if value == 1 and node.function == "log":
        return index.filled(0, node.dims)
    return None


_AT_ZERO = {
    **dict.fromkeys(("sin", "tan", "asin", "atan", "sinh", "tanh", "abs", "sign", "relu", "step", "erf", "expm1", "log1p"), 0),
    **dict.fromkeys(("exp", "cos", "cosh"), 1),
}


def function_of_broadcast(node: Apply) -> Tensor | None:
    """f(c ones) = f(c) ones for elementwise f and scalars c.  Moves a function to tensors with fewer axes."""
    if not node.dims or (node.function != "power" and not _is_each(node.function)):
        return None
    scalars = []
    for arg in node.args:
        if not isinstance(arg, Product) or any(slots for _, slots in arg.factors) or len(set(arg.out)) < len(arg.out):
            return None
        scalars.append(index.einsum(arg.factors, (), None, arg.coefficient))
    if node.exponent is not None:
        value = index.power(scalars[0], node.exponent)
    else:
        value = power_of(*scalars) if node.function == "power" else index.apply(node.function, tuple(scalars), ())
    return index.broadcast(value, node.dims)


def _is_each(function: str) -> bool:
    return function in FUNCTIONS and FUNCTIONS[function].form == "each"


def function_of_inverse_function(node: Apply) -> Tensor | None:
    """log(exp(x)) = x and exp(log(x)) = x (x > 0 is log's condition).  Removes two functions."""
    arg = node.args[0]
    if isinstance(arg, Apply) and (node.function, arg.function) in (("log", "exp"), ("exp", "log")):
        return arg.args[0]
    return None


APPLY_LAWS: tuple[ApplyLaw, ...] = (
    inverse_of_inverse,
    inverse_of_power,
    power_that_is_whole,
    function_of_diagonal,
    inverse_of_product,
    function_of_constant,
    function_of_broadcast,
    function_of_inverse_function,
)
