"""What is looked at to explain a difference: the two sides as they are, transposed, and for special matrices.

Importing this module loads mpmath.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import combinations
from random import Random
from typing import TYPE_CHECKING, Any

from matdiff.check.comparison import Comparison, all_equal, common_number, factor_between
from matdiff.infer.infer import Typed
from matdiff.infer.whole import count_nodes
from matdiff.language.dims import SCALAR
from matdiff.language.queries import shape_of
from matdiff.language.syntax import Expr
from matdiff.numbers.matrices import (
    Matrix,
    Number,
    Undefined,
    added,
    difference,
    entries_of,
    identity,
    multiplied,
    scaled,
    transposed,
)
from matdiff.numbers.points import Point
from matdiff.numbers.precision import mp
from matdiff.numbers.sample import with_property

if TYPE_CHECKING:
    from matdiff.answer.answer import Answer

# So many matrices are assumed to be symmetric at once.
_MOST_ASSUMED = 3
# Longer expressions are not taken apart.
_LONGEST = 250


class Finding:
    """How an expected expression differs from the result.

    kind         "equal" (but for what follows), "factor", "missing", "term", ..., "point"; all are in the table of `formats.verdicts`
    transposed   it is about the transpose of the expected expression
    assumed      names of matrices for which it holds only if they have `property`
    fields       what else the words need
    """

    def __init__(self, kind: str, **fields: Any) -> None:
        self.kind = kind
        self.transposed: bool = fields.pop("transposed", False)
        self.assumed: tuple[str, ...] = fields.pop("assumed", ())
        self.property: str = fields.pop("property", "")
        self.fields = fields

    def __repr__(self) -> str:
        about = {"transposed": self.transposed, "assumed": self.assumed, "property": self.property, **self.fields}
        return f"Finding({self.kind!r}, {', '.join(f'{name}={value!r}' for name, value in about.items() if value)})"


class BothSides:
    """The values of both sides at some points; `transposed` turns those of the expected expression."""

    def __init__(self, comparison: Comparison, points: Sequence[Point], is_turned: bool) -> None:
        self.comparison, self.points, self.transposed = comparison, points, is_turned
        self.results = list(map(comparison.of_result, points))
        expected = list(map(comparison.of_expected, points))
        self.expected = list(map(transposed, expected)) if is_turned else expected

    @cached_property
    def is_equal(self) -> bool:
        return all_equal(self.results, self.expected)

    @property
    def is_zero(self) -> bool:
        """Whether the result is 0 at these points, so that an agreement says nothing."""
        return not any(map(any, map(entries_of, self.results)))

    @cached_property
    def differences(self) -> list[Matrix]:
        return list(map(difference, self.results, self.expected))

    def factor(self) -> Number | None:
        return common_number(list(map(factor_between, self.results, self.expected)))

    def of(self, expr: Expr, within: Typed, transpose: bool = False) -> list[Matrix] | None:
        """The values of an expression, or None where it has none."""
        try:
            values = [self.comparison.value(expr, within, point) for point in self.points]
        except Undefined:
            return None
        return list(map(transposed, values)) if transpose else values


class Case:
    """What the finders look at: the two sides as they are and transposed, under assumptions."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self.answer: Answer = comparison.answer
        self.is_short = count_nodes(comparison.expected.expr) + count_nodes(comparison.result.expr) <= _LONGEST

    def orientations(self, points: Sequence[Point]) -> list[BothSides]:
        """As they are where the shapes are equal, transposed where the transpose has the shape of the result."""
        shape = self.comparison.shape
        expected = shape_of(self.comparison.expected.expr)
        turns = [False] if expected == shape else []
        if len(shape) == 2 and expected == shape[::-1] and shape != SCALAR:
            turns.append(True)
        return [BothSides(self.comparison, points, is_turned) for is_turned in turns]

    @cached_property
    def plain(self) -> list[BothSides]:
        return self.orientations(self.comparison.points)

    @cached_property
    def assuming(self) -> list[tuple[str, tuple[str, ...], list[BothSides]]]:
        """The same for special values of undeclared square matrices: (property, names, both sides)."""
        found = []
        for prop, names in self._assumptions():
            try:
                points = [_special(point, prop, names) for point in self.comparison.points]
                found.append((prop, names, self.orientations(points)))
            except Undefined:
                continue
        return found

    def _assumptions(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        variables = {**self.answer.typed.variables, **self.comparison.expected.variables}
        square = [v for v in variables.values() if v.shape[0] == v.shape[1] and not v.shape[0].is_one and v.property is None]
        names = [v.name for v in square][:4]
        for prop, most in (("symmetric", _MOST_ASSUMED), ("orthogonal", 1), ("diagonal", 1)):
            for count in range(1, min(most, len(names)) + 1):
                yield from ((prop, chosen) for chosen in combinations(names, count))
        for one, other in combinations(square[:4], 2):
            if one.shape == other.shape:
                yield "commuting", (one.name, other.name)


def _special(point: Point, prop: str, names: tuple[str, ...]) -> Point:
    """The point with matrices that have the property.  Those that commute are polynomials in the first."""
    values = dict(point.values)
    if prop == "commuting":
        first = values[names[0]]
        square = multiplied(first, first)
        for name in names[1:]:
            random = Random(name)
            a, b, c = (mp.mpf(random.uniform(0.5, 1.5)) for _ in range(3))
            values[name] = added(scaled(a, identity(len(first))), added(scaled(b, first), scaled(c / 10, square)))
    else:
        values |= {name: with_property(prop, values[name]) for name in names}
    return Point(values, point.sizes)
