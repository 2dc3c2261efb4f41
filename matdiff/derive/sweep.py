"""`derive`: the derivative of a tensor, by one sweep in reverse over its distinct nodes.

The adjoint of a node is the derivative of the output by that node: its axes are the output's axes, then the node's.  Every node
is visited once and hands to each operand its own adjoint times the derivative of the node by that operand, so the work and
the size of the result grow with the number of distinct nodes.  (Griewank and Walther, Evaluating Derivatives, 2008, ch. 3.)
"""

from __future__ import annotations

from collections.abc import Sequence

from matdiff.derive.rank import is_regular
from matdiff.functions import row_of
from matdiff.infer.rules import ARGUMENTS, WITHOUT_INVERSE, rule_expr
from matdiff.language.dims import ONE, Dim, Shape
from matdiff.language.errors import NoClosedForm
from matdiff.limits import check
from matdiff.tensor import build
from matdiff.tensor.halves import Portion, held, portions
from matdiff.tensor.lift import lifted_differential
from matdiff.tensor.lower import Lowering, expand_rule, power_of, slope_of
from matdiff.tensor.nodes import HELD, Apply, Index, Product, Sum, Tensor

# A product of more different factors is no formula that anybody reads, nor is the product rule for more of them when many
# depend on the variable: both are written in parts.  A power, or a product of few matrices again and again, stays what it is.
MOST_FACTORS = 32
MOST_DEPENDENT = 8

Adjoints = dict[Tensor, list[tuple[int, int, Tensor]]]


def derive(output: Tensor, variable: Tensor) -> Tensor:
    """The derivative of `output` by `variable`: axes output.dims + variable.dims."""
    return pull_back(output, build.identity(output.dims), output.order, variable)


def pull_back(root: Tensor, adjoint: Tensor, extra: int, variable: Tensor) -> Tensor:
    """The adjoint of `variable`, given the adjoint of `root`, which has `extra` leading axes before root's own."""
    order = _dependent_nodes(root, variable)
    leading = adjoint.dims[:extra]
    place = {node: position for position, node in enumerate(order)}
    found: Adjoints = {root: [(0, 0, adjoint)]}
    for node in reversed(order):
        check()
        parts = sorted(found.pop(node, []), key=lambda part: part[:2])
        total = build.add([(1, tensor) for _, _, tensor in parts], leading + node.dims)
        if node is variable:
            return total
        if isinstance(total, Product) and _has_different_factors(total, MOST_FACTORS):
            total = held(total)
        for operand, (child, share) in enumerate(_shares(node, total, extra, place)):
            found.setdefault(child, []).append((place[node], operand, share))
    return build.filled(0, leading + variable.dims)


def _dependent_nodes(root: Tensor, variable: Tensor) -> list[Tensor]:
    """The nodes between `variable` and `root` that depend on `variable`, operands before the nodes that use them."""
    depends: dict[Tensor, bool] = {variable: True}
    order = [variable]
    stack = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if node in depends:
            continue
        if ready:
            depends[node] = any(depends.get(child) for child in node.children)
            if depends[node]:
                order.append(node)
            continue
        # A leaf, and what was built before the variable, does not depend on it and need not be visited.
        below = [child for child in node.children if child not in depends and child.serial >= variable.serial and child.children]
        stack.append((node, True))
        stack.extend([(child, False) for child in reversed(below)])
    return order


def _shares(node: Tensor, adjoint: Tensor, extra: int, place: dict[Tensor, int]) -> list[tuple[Tensor, Tensor]]:
    """What `node` adds to the adjoint of each operand that depends on the variable."""
    if isinstance(node, Sum):
        return [(term, build.scale(coefficient, adjoint)) for coefficient, term in node.terms if term in place]
    if isinstance(node, Product):
        return _product_shares(node, adjoint, extra, place)
    assert isinstance(node, Apply)
    if node.function == HELD:
        return [(node.args[0], adjoint)]
    if node.function == "power":
        return _power_shares(node, adjoint, extra, place)
    if node.function == "frechet" or row_of(node.function).form == "matrix":
        return _matrix_function_shares(node, adjoint, extra, place)
    return [
        (arg, pull_back(differential(node, position, change), adjoint, extra, change))
        for position, arg in enumerate(node.args)
        if arg in place
        for change in [build.placeholder("d" + ARGUMENTS[position], arg.dims)]
    ]


def _matrix_function_shares(node: Apply, adjoint: Tensor, extra: int, place: dict[Tensor, int]) -> list[tuple[Tensor, Tensor]]:
    """A function of a matrix and its Frechet derivative hand on the adjoint times the next derivative, in one more direction.

    Raises NoClosedForm past the second derivative, and for the derivative of a Frechet derivative by an exponent.
    """
    value, order = (node.args[0], node.exponent) if node.function == "frechet" else (node, 0)
    assert isinstance(value, Apply) and isinstance(order, int)
    matrix, *others = value.args
    if order == 2 or (order and any(other in place for other in others)):
        raise NoClosedForm(function=value.function, span=None)
    shares = []
    if matrix in place:
        slope = slope_of(value, order + 1)
        leading = [("out", axis) for axis in range(extra)]
        axes = list(range(slope.order))
        share = build.einsum([(adjoint, [*leading, *axes[:-2]]), (slope, axes)], [*leading, *axes[-2:]])
        shares.append((matrix, share))
    for position, other in enumerate(others, start=1):
        if other in place:
            change = build.placeholder("d" + ARGUMENTS[position], other.dims)
            shares.append((other, pull_back(differential(node, position, change), adjoint, extra, change)))
    return shares


def _product_shares(node: Product, adjoint: Tensor, extra: int, place: dict[Tensor, int]) -> list[tuple[Tensor, Tensor]]:
    leading = [("out", axis) for axis in range(extra)]
    whole = Portion(adjoint, (*leading, *node.out), node.factors)
    sizes: dict[Index, Dim] = dict(enumerate(node.sizes))
    dependent = sum(tensor in place for tensor, _ in node.factors)
    many = dependent > MOST_DEPENDENT and _has_different_factors(node, MOST_DEPENDENT)
    shares = []
    for portion in portions(whole, len(leading), sizes) if many else [whole]:
        for position, (tensor, slots) in enumerate(portion.factors):
            if tensor in place:
                others = [factor for other, factor in enumerate(portion.factors) if other != position]
                factors = [(portion.adjoint, portion.ends), *others]
                shares.append((tensor, build.einsum(factors, [*leading, *slots], sizes, node.coefficient)))
    return shares


def _has_different_factors(product: Product, number: int) -> bool:
    """Whether there are more of them than this."""
    return len(product.factors) > number and len({tensor for tensor, _ in product.factors}) > number


def _power_shares(node: Apply, adjoint: Tensor, extra: int, place: dict[Tensor, int]) -> list[tuple[Tensor, Tensor]]:
    """d(x^a) = a x^(a-1) dx, and d(x^y) = y x^(y-1) dx + x^y log(x) dy."""
    base = node.args[0]
    if node.exponent is not None:
        inner = build.power(base, node.exponent - 1)
        return [(base, _times(adjoint, build.scale(node.exponent, inner), extra))]
    exponent = node.args[1]
    shares = []
    if base in place:
        lowered = build.add([(1, exponent), (-1, build.filled(1, exponent.dims))], exponent.dims)
        shares.append((base, _times(adjoint, build.hadamard(exponent, power_of(base, lowered)), extra)))
    if exponent in place:
        shares.append((exponent, _times(adjoint, build.hadamard(node, build.apply("log", (base,), base.dims)), extra)))
    return shares


def _times(adjoint: Tensor, factor: Tensor, extra: int) -> Tensor:
    """adjoint times an array over its last axes, entry by entry."""
    axes = range(adjoint.order)
    return build.einsum([(adjoint, axes), (factor, axes[extra:])], axes)


def differential(node: Apply, position: int, change: Tensor) -> Tensor:
    """The differential of a function node for a change of one argument: the rule of its row with X, Y and dX put in."""
    row = row_of(node.function)
    if row.form == "each":
        return Lowering({"X": node.args[0], "Y": node, "dX": change}).value(rule_expr(row.rules[0]))
    if row.form == "lifted":
        return lifted_differential(row, {"X": node.args[0], "Y": node, "dX": change})
    inputs, output = row.patterns[0]
    *shapes, shape = _as_shapes([arg.dims for arg in node.args], [*inputs, output])
    name = "d" + ARGUMENTS[position]
    more = {"Y": (node, shape), name: (change, shapes[position])}
    place = WITHOUT_INVERSE if row.singular and not is_regular(node.args[0]) else position
    return expand_rule(node.function, list(node.args), shapes, more, place)


def _as_shapes(axes: Sequence[tuple[Dim, ...]], pairs: Sequence[tuple[str, str]]) -> list[Shape]:
    """Rows x columns of arguments with these axes and of the value, as the pattern has them; one axis is that of a column."""
    sizes = {"1": ONE}
    for dims, pair in zip(axes, pairs):
        left = iter(dims)
        for letter in pair:
            if letter not in sizes:
                sizes[letter] = next(left, ONE)
            elif not sizes[letter].is_one:
                next(left, None)
    return [(sizes[rows], sizes[columns]) for rows, columns in pairs]
