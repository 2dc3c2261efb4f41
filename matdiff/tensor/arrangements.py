"""`arrangements`: the equal arrangements of one product that its indices alone do not show; `build` keeps the one that came first.

a skew matrix        K_ij = -K_ji
a Frechet derivative D_ijkl = D_lkji, and D_ijkl = D_jilk at a symmetric matrix (from tr(G f'(X, E)) = tr(f'(X, G) E) and
                     f'(X^T, E^T) = f'(X, E)^T; Higham, Functions of Matrices, 2008, chapter 3)
functions of one matrix commute: f(X) g(X) = g(X) f(X).  They stand in one order, powers first, so that these meet and
                     cancel; that of a symmetric matrix may run from either end
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product

from matdiff.functions import row_of
from matdiff.tensor.nodes import Apply, Factor, Product, Tensor

# Of more arrangements than this, the first ones are seen.
MOST_ARRANGEMENTS = 32

# What another arrangement puts at some places, and the sign that it gives the product.
Choice = tuple[int, dict[int, Factor]]
Claim = Callable[[Tensor], bool]


def arrangements(
    factors: tuple[Factor, ...], out: tuple[int, ...], is_skew: Claim, is_symmetric: Claim
) -> list[tuple[int, tuple[Factor, ...]]]:
    """The arrangements (sign, factors) of a product with these output axes."""
    choices: list[list[Choice]] = []
    functions = False
    for place, (tensor, slots) in enumerate(factors):
        if len(slots) == 2 and is_skew(tensor):
            choices.append([(1, {}), (-1, {place: (tensor, slots[::-1])})])
        elif isinstance(tensor, Apply) and tensor.function == "frechet":
            if tensor.exponent == 1:
                choices.append([(1, {place: (tensor, turned)}) for turned in _turns(tensor, slots, is_symmetric)])
        functions = functions or (len(slots) == 2 and isinstance(tensor, Apply) and is_matrix_function(tensor))
    if functions and len(factors) > 1:
        choices += _in_order(factors, out, is_skew, is_symmetric)
    if not choices:
        return [(1, factors)]
    count, kept = 1, []
    for choice in choices:
        count *= len(choice)
        kept.append(choice if count <= MOST_ARRANGEMENTS else choice[:1])
    found = []
    for combination in product(*kept):
        sign, changed = 1, list(factors)
        for each, put in combination:
            sign *= each
            for place, factor in put.items():
                changed[place] = factor
        found.append((sign, tuple(changed)))
    return found


def is_matrix_function(node: Apply) -> bool:
    """Whether it is a function of one square matrix that commutes with it, such as inv, expm or adj."""
    row = row_of(node.function)
    return bool(row.power) or row.form == "matrix"


def _turns(node: Apply, slots: tuple[int, ...], is_symmetric: Claim) -> list[tuple[int, ...]]:
    i, j, k, l = slots  # noqa: E741
    value = node.args[0]
    assert isinstance(value, Apply)
    turned: list[tuple[int, ...]] = [(i, j, k, l), (l, k, j, i)]
    return [*turned, (j, i, l, k), (k, l, i, j)] if is_symmetric(value.args[0]) else turned


def _in_order(factors: tuple[Factor, ...], out: tuple[int, ...], is_skew: Claim, is_symmetric: Claim) -> Iterator[list[Choice]]:
    """For every run of functions of one matrix its order, and for one of a symmetric matrix that from the other end too."""
    groups: dict[Tensor, list[int]] = {}
    for place, (tensor, slots) in enumerate(factors):
        if len(set(slots)) == 2 and len(slots) == 2:
            groups.setdefault(_argument(tensor), []).append(place)
    uses = Counter((*out, *(slot for _, slots in factors for slot in slots)))
    for base, places in groups.items():
        # A base that is a product stands among the factors in pieces, which would not be moved along.
        if len({factors[place][0] for place in places}) < 2 or isinstance(base, Product) or is_skew(base):
            continue
        even = is_symmetric(base)
        for run, path in _runs(factors, places, uses, even):
            tensors = sorted((factors[place][0] for place in run), key=_rank)
            if tensors[0] is tensors[-1]:
                continue
            if even and path[0] > path[-1]:
                run, path = run[::-1], path[::-1]
            forward: dict[int, Factor] = {place: (t, ends) for place, t, ends in zip(run, tensors, zip(path, path[1:]))}
            back: dict[int, Factor] = {place: (t, ends) for place, t, ends in zip(run, tensors[::-1], zip(path, path[1:]))}
            # Alone it is read from its first axis; within a product from the end from which it was written.
            back_at = [
                set(factors[place][1]) in [set(ends) for t, ends in back.values() if t is factors[place][0]] for place in run
            ]
            is_turned = all(back_at) and (path[0], path[-1]) != out
            found: list[Choice] = [(1, back), (1, forward)] if is_turned else [(1, forward), (1, back)]
            yield found if even else [(1, forward)]


def _runs(
    factors: tuple[Factor, ...], places: list[int], uses: dict[int, int], even: bool
) -> Iterator[tuple[list[int], list[int]]]:
    """Chains of neighbours among these factors: (places, indices from the first to the last)."""
    waiting = list(places)
    while waiting:
        run = [waiting.pop(0)]
        path = list(factors[run[0]][1])
        for at_end in (True, False):
            near = 0 if at_end else 1  # the axis by which the next factor is joined
            while uses[path[-1 if at_end else 0]] == 2:
                end = path[-1 if at_end else 0]
                joined = [p for p in waiting if factors[p][1][near] == end or (even and end in factors[p][1])]
                if not joined:
                    break
                place = joined[0]
                waiting.remove(place)
                slots = factors[place][1]
                far = slots[1 - near] if slots[near] == end else slots[near]
                run.insert(len(run) if at_end else 0, place)
                path.insert(len(path) if at_end else 0, far)
        yield run, path


def _argument(tensor: Tensor) -> Tensor:
    """X for a function of a function of theta X, and for X itself.

    A product is theta X where X stands in it at its own two axes; on a diagonal, X .* I, it is no function of X.
    """
    while True:
        if isinstance(tensor, Apply) and is_matrix_function(tensor):
            tensor = tensor.args[0]
            continue
        arrays = [factor for factor in tensor.factors if factor[1]] if isinstance(tensor, Product) else []
        if not isinstance(tensor, Product) or len(arrays) != 1 or arrays[0][1] != tensor.out or len(set(tensor.out)) < 2:
            return tensor
        tensor = arrays[0][0]


def _rank(tensor: Tensor) -> tuple[bool, str, int]:
    """Powers come first, then the functions by their names."""
    inner = tensor
    while isinstance(inner, Apply) and row_of(inner.function).power:
        inner = inner.args[0]
    is_power = not (isinstance(inner, Apply) and is_matrix_function(inner))
    return not is_power, tensor.function if isinstance(tensor, Apply) else "", tensor.serial
