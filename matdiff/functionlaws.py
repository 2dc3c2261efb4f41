"""Laws of functions: each returns a simpler tensor for a function node, or None to decline; see `simplify`."""

from __future__ import annotations

from collections.abc import Callable

from matdiff import index
from matdiff.functions import FUNCTIONS, MATRIX_POWER
from matdiff.lower import matrix_power, on_diagonal, power_of
from matdiff.nodes import Apply, Constant, Factor, Product, Symbol, Tensor, joined
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
    found = _square_blocks(arg)
    if found is None:
        return None
    blocks, diagonals = found
    if len(blocks) == 1 and not scalars and not diagonals and arg.coefficient == 1:
        return None
    scale = index.power(index.einsum([(s, ()) for s in scalars], (), None, arg.coefficient), -1)
    factors: list[Factor] = [(scale, ()), *((index.power(vector, -1), slots) for vector, slots in diagonals)]
    for block, (start, end) in blocks:
        tensor = index.einsum(block, (start, end), dict(enumerate(arg.sizes)))
        factors.append((index.apply("inv", (tensor,), tensor.dims), (end, start)))
    return index.einsum(factors, arg.out[::-1])


def inverse_of_kron(node: Apply) -> Tensor | None:
    """inv(kron(A, B)) = kron(inv(A), inv(B)) for square A and B.  Arguments of inv get smaller."""
    arg = node.args[0]
    if node.function != "inv" or not isinstance(arg, Product):
        return None
    pairs = {slots[0]: (tensor, slots) for tensor, slots in arg.factors if isinstance(tensor, Constant) and tensor.name == "fuse"}
    if len(pairs) != 2 or pairs.keys() != set(arg.out):
        return None
    (rows, (_, *row_parts)), (columns, (_, *column_parts)) = (pairs[end] for end in arg.out)
    if rows is not columns:  # A and B are not square
        return None
    rest = [factor for factor in arg.factors if factor not in pairs.values()]
    # Indices: 0 and 1 are the rows and columns of the whole, 2 and 4 those of A, 3 and 5 those of B.
    inverses: list[Factor] = [(rows, (0, 2, 3)), (columns, (1, 4, 5))]
    for row, ends in zip((2, 3), zip(row_parts, column_parts)):
        block = joined(rest, {ends[0]})
        rest = [factor for factor in rest if factor not in block]
        if set(ends) & {slot for _, slots in rest for slot in slots}:
            return None
        tensor = index.einsum(block, ends, dict(enumerate(arg.sizes)))
        inverses.append((index.apply("inv", (tensor,), tensor.dims), (row, row + 2)))
    if any(slots for _, slots in rest):
        return None
    scale = index.power(index.einsum(rest, (), None, arg.coefficient), -1)
    return index.einsum([(scale, ()), *inverses], (0, 1))


def pseudoinverse(node: Apply) -> Tensor | None:
    """pinv(x) = x^T / (x^T x) and pinv(c) = 1 / c, where the rank is constant: x is not 0; pinv(0) = 0.  Removes a function."""
    arg = node.args[0]
    if node.function != "pinv":
        return None
    if index.number_of(arg) == 0:
        return index.filled(0, node.dims)
    if arg.order > 1:
        return None
    if arg.order == 0:
        return index.power(arg, -1)
    square = index.einsum([(arg, (0,)), (arg, (0,))], ())
    return index.einsum([(arg, (0,)), (index.power(square, -1), ())], (0,))


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


def _square_blocks(arg: Product) -> tuple[list[tuple[list[Factor], tuple[int, int]]], list[Factor]] | None:
    """The factors of a chain of matrices from out[0] to out[1], cut wherever a square block ends, and the vectors at the cuts.

    A vector there is a diagonal matrix between two blocks.  None when it is no chain.
    """
    matrices = [factor for factor in arg.factors if len(set(factor[1])) == 2]
    vectors = [(index.einsum([factor], factor[1][:1]), factor[1][:1]) for factor in arg.factors if len(set(factor[1])) == 1]
    if len(matrices) + len(vectors) < sum(1 for _, slots in arg.factors if slots):
        return None
    start = here = arg.out[0]
    blocks: list[tuple[list[Factor], tuple[int, int]]] = []
    block: list[Factor] = []
    diagonals = [factor for factor in vectors if here in factor[1]]
    while matrices:
        touching = [factor for factor in matrices if here in factor[1]]
        if len(touching) != 1 or len(touching[0][1]) != 2:
            return None
        factor = touching[0]
        matrices.remove(factor)
        block.append(factor)
        here = factor[1][1] if factor[1][0] == here else factor[1][0]
        at_end = here == arg.out[1]
        is_joint = sum(here in slots for _, slots in matrices) == 1
        between = [vector for vector in vectors if here in vector[1]]
        if at_end or (is_joint and arg.sizes[here] == arg.sizes[arg.out[0]]):
            blocks.append((block, (start, here)))
            diagonals += between
            start, block = here, []
        else:
            block += between
    return (blocks, diagonals) if here == arg.out[1] and not block else None


def function_of_constant(node: Apply) -> Tensor | None:
    """exp(0) = 1, log(1) = 0, sin(0) = 0, det(0) = 0, ...  Removes a function."""
    value = index.number_of(node.args[0]) if node.args else None
    if node.function == "det" and value == 0:
        return index.number(0)
    if value is None or node.dims != node.args[0].dims:
        return None
    if value == 0 and node.function in _AT_ZERO:
        return index.filled(_AT_ZERO[node.function], node.dims)
    if value == 0 and node.function == "sigmoid":
        return index.filled(ratio(1, 2), node.dims)
    if value == 0 and node.function == "softplus":
        return index.broadcast(index.apply("log", (index.number(2),), ()), node.dims)
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


def power_of_exp(node: Apply) -> Tensor | None:
    """exp(z) .^ a = exp(a z).  Removes a power."""
    arg = node.args[0]
    if node.function != "power" or node.exponent is None or not (isinstance(arg, Apply) and arg.function == "exp"):
        return None
    inside = index.scale(node.exponent, arg.args[0])
    return index.apply("exp", (inside,), inside.dims)


def log_of_product(node: Apply) -> Tensor | None:
    """log(a exp(z)) = log(a) + z, entry by entry; logsumexp(c ones) = c + log(n).  Removes an exp or a logsumexp."""
    arg = node.args[0]
    if not isinstance(arg, Product) or len(set(arg.out)) < len(arg.out):
        return None
    if node.function == "logsumexp" and not any(slots for _, slots in arg.factors):
        value = index.einsum(arg.factors, (), None, arg.coefficient)
        return index.add([(1, value), (1, index.apply("log", (index.size_scalar(arg.dims[0]),), ()))], ())
    if node.function != "log" or len(arg.sizes) > len(arg.out) or (len(arg.factors) < 2 and arg.coefficient == 1):
        return None
    for exp, slots in arg.factors:
        if isinstance(exp, Apply) and exp.function == "exp" and len(slots) in (0, len(arg.out)):
            rest = list(arg.factors)
            rest.remove((exp, slots))
            sizes = dict(enumerate(arg.sizes))
            others = index.einsum(rest, arg.out, sizes, arg.coefficient)  # type: ignore[arg-type]
            inside = index.einsum([(exp.args[0], slots)], arg.out, sizes)  # type: ignore[arg-type]
            return index.add([(1, index.apply("log", (others,), others.dims)), (1, inside)], node.dims)
    return None


def softmax_of_broadcast(node: Apply) -> Tensor | None:
    """softmax(c ones) = ones / n.  Removes a function."""
    arg = node.args[0]
    if node.function != "softmax" or not isinstance(arg, Product) or any(slots for _, slots in arg.factors):
        return None
    return index.broadcast(index.power(index.size_scalar(arg.dims[0]), -1), node.dims)


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
    inverse_of_kron,
    pseudoinverse,
    function_of_constant,
    function_of_broadcast,
    power_of_exp,
    log_of_product,
    softmax_of_broadcast,
    function_of_inverse_function,
)
