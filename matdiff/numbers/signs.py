"""The signs that the parts of expressions have at a point: what stands under an abs, a relu or a root must be seen on both sides.

Importing this module loads mpmath.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from matdiff.functions import FUNCTIONS, row_of
from matdiff.language.queries import LEAVES, names_in, post_order, shape_of, values_of
from matdiff.numbers.matrices import Matrix, Number, Undefined, entries_of, largest_entry
from matdiff.numbers.precision import mp
from matdiff.numbers.values import Evaluation

if TYPE_CHECKING:
    from matdiff.infer.infer import Typed
    from matdiff.language.syntax import Expr

# More parts are not looked at.
_MOST_WATCHED = 60
# Operators whose values have the signs of their arguments, and what is never negative by itself.
_KNOWN_SIGN = LEAVES - {"name"} | {"rows", "cols", "neg", "'"}
# What differs from point to point by itself: variables and sizes.
_VARYING = frozenset(("name", "rows", "cols", "size"))
# Index notation: entries, which have no value of their own.
_INDEXED = frozenset(("sigma", "entry", "delta", "index"))
# From where on an exponential is too near to its limit, and the digits between 1 - tanh(z) and 1 for a unit of z.
_SATURATED, _DIGITS_OF_UNIT = 800, 0.9


class Watch:
    """The parts of expressions that have values of their own.

    kinked   those that are arguments of a function with a kink, by number
    others   other parts whose signs are looked at, what stands under a root first
    """

    def __init__(self, typeds: Sequence[Typed]) -> None:
        self._saturating: list[tuple[Typed, Expr]] = []
        # One without variables is as telling everywhere: a wrong 0 is found where the right derivative is none.
        self._formulas = [
            (typed, typed.expr)
            for typed in typeds[1:]
            if names_in(typed.expr) and any(node is typed.expr for node in with_values(typed.expr))
        ]
        kinked: dict[int, tuple[Typed, Expr]] = {}
        rooted: dict[int, tuple[Typed, Expr]] = {}
        others: dict[int, tuple[Typed, Expr]] = {}
        for typed in typeds:
            for root in (*typed.definitions.values(), typed.expr):
                nodes = list(with_values(root))
                self._saturating += [(typed, arg) for node in nodes if row_of(node.op).is_exponential for arg in node.args]
                arguments = {id(arg) for node in nodes if row_of(node.op).has_kink for arg in node.args}
                below: set[int] = set()
                for node in reversed(nodes):  # an expression stands after its parts
                    if (
                        row_of(node.op).asks_positive
                        or id(node) in below
                        or (node.op in ("^", ".^") and node.args[1].op != "number")
                    ):
                        below.update(id(arg) for arg in values_of(node))
                varying: set[int] = set()
                for node in nodes:
                    if node.op in _VARYING or any(id(arg) in varying for arg in values_of(node)):
                        varying.add(id(node))
                        if id(node) in arguments:
                            kinked[id(node)] = typed, node
                        elif node.op not in _KNOWN_SIGN and not row_of(node.op).is_never_negative and not _is_even(node):
                            (rooted if node.op == "name" or id(node) in below else others)[id(node)] = typed, node
        self.kinked = dict(list(kinked.items())[:_MOST_WATCHED])
        self.others = dict(list((rooted | others).items())[:_MOST_WATCHED])

    def signs(self, values: Mapping[str, Matrix], sizes: Mapping[str, int]) -> set[tuple[int, bool]]:
        """The signs that entries of the parts have: (part, whether positive).

        None where all formulas beside the first one are 0: there they say nothing about each other.
        """
        formulas = [value for _, value in _values(self._formulas, values, sizes)]
        if formulas and not any(map(any, map(entries_of, formulas))):
            return set()
        least = mp.mpf(10) ** (-mp.dps // 2)
        parts = _values((self.kinked | self.others).values(), values, sizes)
        return {(id(node), mp.re(entry) > 0) for node, value in parts for entry in entries_of(value) if abs(entry) > least}

    def digits(self, values: Mapping[str, Matrix], sizes: Mapping[str, int]) -> int | None:
        """How many digits more show how far exponentials and the like are from their limits; None if they are too near."""
        largest = max((largest_entry(value) for _, value in _values(self._saturating, values, sizes)), default=mp.mpf(0))
        return None if largest > _SATURATED else int(largest * _DIGITS_OF_UNIT)

    def variables(self, part: int) -> list[str]:
        """The variables that a part depends on, also by definitions."""
        typed, node = self.kinked[part]
        found: dict[str, None] = {}
        waiting = [node]
        while waiting:
            for name in names_in(waiting.pop()):
                if name.value in typed.definitions:
                    waiting.append(typed.definitions[str(name.value)])
                else:
                    found[str(name.value)] = None
        return list(found)

    def furthest(self, part: int, is_positive: bool, values: Mapping[str, Matrix], sizes: Mapping[str, int]) -> Number | None:
        """How far the part goes to this side: its largest entry, or the largest with the other sign; None where it has no value."""
        typed, node = self.kinked[part]
        try:
            value = Evaluation(values, sizes, typed.definitions).value(node)
        except Undefined:
            return None
        return max((1 if is_positive else -1) * mp.re(entry) for entry in entries_of(value))


def _values(
    parts: Iterable[tuple[Typed, Expr]], values: Mapping[str, Matrix], sizes: Mapping[str, int]
) -> Iterator[tuple[Expr, Matrix]]:
    """The values of those parts that have one."""
    evaluations: dict[int, Evaluation | None] = {}
    for typed, node in parts:
        if id(typed) not in evaluations:
            try:
                evaluations[id(typed)] = Evaluation(values, sizes, typed.definitions)
            except Undefined:
                evaluations[id(typed)] = None
        evaluation = evaluations[id(typed)]
        try:
            if evaluation is not None:
                yield node, evaluation.value(node)
        except Undefined:
            continue


def number_of(node: Expr) -> Number:
    """The number that is written, 0 where it is none."""
    if node.op != "number" or node.value is None or isinstance(node.value, str):
        return mp.mpf(0)
    return mp.mpf(node.value.numerator) / node.value.denominator


def with_values(root: Expr) -> Iterator[Expr]:
    """The parts that are no index notation and hold none, each after its arguments."""
    nodes = list(post_order(root))
    # Tensors of three axes and more: they have entries, but no value.
    indexed = {id(node.args[0]) for node in nodes if node.op == "entry" and len(node.args) > 3}
    # So has the derivative of a function of a matrix without its directions.
    indexed |= {id(node) for node in nodes if node.op in FUNCTIONS and len(node.args) < FUNCTIONS[node.op].arity}
    for node in nodes:
        if id(node) in indexed:
            continue
        if node.op in _INDEXED or any(id(arg) in indexed for arg in node.args):
            indexed.add(id(node))
        elif node.shape is not None:
            yield node


def _is_even(node: Expr) -> bool:
    """Whether it is an even power or a square such as x^T x, which has but one sign."""
    if node.op in ("^", ".^") and shape_of(node)[1].is_one:
        exponent = node.args[1]
        return exponent.op == "number" and isinstance(exponent.value, int) and exponent.value % 2 == 0
    if node.op == "*" and len(node.args) == 2:
        left, right = node.args
        return left.op == "'" and left.args[0] == right and shape_of(node)[0].is_one
    return node.op in (".*", "dot", ":") and len(node.args) == 2 and node.args[0] == node.args[1]
