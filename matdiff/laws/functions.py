"""Laws of functions: each returns a simpler tensor for a function node, or None to decline; see `simplify`."""

from __future__ import annotations

from collections.abc import Callable

from matdiff.functions import row_of
from matdiff.tensor import build
from matdiff.tensor.lower import power_of
from matdiff.tensor.nodes import Apply, Constant, Factor, Product, Tensor, joined

ApplyLaw = Callable[[Apply], Tensor | None]


def inverse_of_product(node: Apply) -> Tensor | None:
    """`inv(alpha A B) = inv(B) inv(A) / alpha` for square A, B.  The arguments of inv get shorter."""
    arg = node.args[0]
    if node.function != "inv" or not isinstance(arg, Product):
        return None
    scalars = [tensor for tensor, slots in arg.factors if not slots]
    found = _square_blocks(arg)
    if found is None:
        return None
    blocks, diagonals = found
    if len(blocks) == 1 and not scalars and not diagonals and arg.coefficient == 1:
        return None
    scale = build.power(build.einsum([(s, ()) for s in scalars], (), None, arg.coefficient), -1)
    factors: list[Factor] = [(scale, ()), *((build.power(vector, -1), slots) for vector, slots in diagonals)]
    for block, (start, end) in blocks:
        tensor = build.einsum(block, (start, end), dict(enumerate(arg.sizes)))
        factors.append((build.apply("inv", (tensor,), tensor.dims), (end, start)))
    return build.einsum(factors, arg.out[::-1])


def inverse_of_kron(node: Apply) -> Tensor | None:
    """`inv(kron(A, B)) = kron(inv(A), inv(B))` for square A and B.  Arguments of inv get smaller."""
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
        tensor = build.einsum(block, ends, dict(enumerate(arg.sizes)))
        inverses.append((build.apply("inv", (tensor,), tensor.dims), (row, row + 2)))
    if any(slots for _, slots in rest):
        return None
    scale = build.power(build.einsum(rest, (), None, arg.coefficient), -1)
    return build.einsum([(scale, ()), *inverses], (0, 1))


def _square_blocks(arg: Product) -> tuple[list[tuple[list[Factor], tuple[int, int]]], list[Factor]] | None:
    """The factors of a chain of matrices from out[0] to out[1], cut wherever a square block ends, and the vectors at the cuts.

    A vector there is a diagonal matrix between two blocks.  None when it is no chain.
    """
    matrices = [factor for factor in arg.factors if len(set(factor[1])) == 2]
    vectors = [(build.einsum([factor], factor[1][:1]), factor[1][:1]) for factor in arg.factors if len(set(factor[1])) == 1]
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


def function_of_broadcast(node: Apply) -> Tensor | None:
    """`sin(v ones(n)^T) = sin(v) ones(n)^T` for elementwise f, also for numbers.  Moves a function to tensors with fewer axes."""
    if not node.dims or (node.function != "power" and row_of(node.function).form != "each"):
        return None
    kept: set[int] = set()
    for arg in node.args:
        if not isinstance(arg, Product) or len(set(arg.out)) < len(arg.out):
            return None
        carried = {slot for _, slots in arg.factors for slot in slots}
        kept |= {axis for axis, index in enumerate(arg.out) if index in carried}
    axes = sorted(kept)
    if len(axes) == node.order:
        return None
    dims = tuple(node.dims[axis] for axis in axes)
    args = [_along(arg, axes) for arg in node.args if isinstance(arg, Product)]
    if node.exponent is not None:
        value = build.power(args[0], node.exponent)
    else:
        value = power_of(*args) if node.function == "power" else build.apply(node.function, tuple(args), dims)
    return build.einsum([(value, axes)], range(node.order), dict(enumerate(node.dims)))


def _along(arg: Product, axes: list[int]) -> Tensor:
    """The same along some of its axes, where it is equal along all others."""
    return build.einsum(arg.factors, [arg.out[axis] for axis in axes], dict(enumerate(arg.sizes)), arg.coefficient)


def log_of_product(node: Apply) -> Tensor | None:
    """`log(y .* exp(x)) = log(y) + x`, entry by entry.  Removes an exp."""
    arg = node.args[0]
    if node.function != "log" or not isinstance(arg, Product) or len(set(arg.out)) < len(arg.out):
        return None
    if len(arg.sizes) > len(arg.out) or (len(arg.factors) < 2 and arg.coefficient == 1):
        return None
    for exp, slots in arg.factors:
        if isinstance(exp, Apply) and exp.function == "exp" and len(slots) in (0, len(arg.out)):
            others = build.with_factors(arg, arg.factors_but((exp, slots)))
            inside = build.einsum([(exp.args[0], slots)], arg.out, dict(enumerate(arg.sizes)))
            return build.add([(1, build.apply("log", (others,), others.dims)), (1, inside)], node.dims)
    return None


APPLY_LAWS: tuple[ApplyLaw, ...] = (
    inverse_of_product,
    inverse_of_kron,
    function_of_broadcast,
    log_of_product,
)
