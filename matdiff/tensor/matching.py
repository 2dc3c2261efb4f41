"""Where the factors of one product stand within another: `embedding`, and `without`, which takes them out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from matdiff.limits import check
from matdiff.tensor import build
from matdiff.tensor.nodes import Factor, Product, Tensor


def embedding(
    pattern: Sequence[Factor],
    anchors: dict[int, int],
    outer: set[int],
    rest: Sequence[Factor],
    uses: list[int],
    out: tuple[int, ...],
) -> tuple[set[int], dict[int, int]] | None:
    """Where the factors of `pattern` stand among `rest`, beginning with known indices: (places, names of the pattern's indices).

    The indices that are not `outer` are summed, and nothing else may use them.
    """
    inner_uses = Counter(slot for _, slots in pattern for slot in slots)

    def extend(names: dict[int, int], used: set[int]) -> tuple[set[int], dict[int, int]] | None:
        check()
        if len(used) == len(pattern):
            inner = [slot for slot in names if slot not in outer]
            private = all(uses[names[slot]] == inner_uses[slot] and names[slot] not in out for slot in inner)
            return (used, names) if private and len(set(names.values())) == len(names) else None
        tensor, slots = pattern[len(used)]
        known = [(axis, names[slot]) for axis, slot in enumerate(slots) if slot in names]
        turns = build.is_symmetric(tensor)
        for place, (candidate, actual) in enumerate(rest):
            if candidate is not tensor or place in used:
                continue
            for order in (actual, actual[::-1]) if turns else (actual,):
                if any(order[axis] != index for axis, index in known):
                    continue
                here = {**dict(zip(slots, order)), **names}
                if all(here[slot] == a for slot, a in zip(slots, order)):  # M_aa does not stand at M_pq
                    found = extend(here, used | {place})
                    if found is not None:
                        return found
        return None

    return extend(anchors, set())


def without(factors: Sequence[Factor], value: Tensor, slots: tuple[int, ...], within: Product) -> list[Factor] | None:
    """The factors, which are of the product `within`, divided by a value at these indices, entry by entry.

    The value may itself be a product, such as A x, whose factors stand among these.  None where it does not stand there.
    """
    for place, (tensor, at) in enumerate(factors):
        base, exponent = build.base_and_exponent(tensor)
        if base is value and at == slots and exponent >= 1:
            return [*factors[:place], *factors[place + 1 :], (build.power(base, exponent - 1), slots)]
    if not isinstance(value, Product) or any(not inner for _, inner in value.factors):
        return None
    if len(set(value.out)) < len(value.out) or len(set(slots)) < len(slots) or not value.factors:
        return None
    found = embedding(value.factors, dict(zip(value.out, slots)), set(value.out), factors, within.uses(), within.out)
    if found is None:
        return None
    rest = [factor for place, factor in enumerate(factors) if place not in found[0]]
    return [*rest, (build.power(build.number(value.coefficient), -1), ())]
