"""Random values of variables, which respect what is declared of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from operator import eq, ge, le
from random import Random
from typing import TYPE_CHECKING

from matdiff.numbers.axes import stored_size
from matdiff.numbers.matrices import Matrix, Number, added, difference, identity, mapped, masked, multiplied, scaled, transposed
from matdiff.numbers.precision import mp

if TYPE_CHECKING:
    from matdiff.language.kinds import Variable

# How the entries of variables without a property are drawn, tried in this order until the expression is real and finite.
# "dominant" makes square matrices diagonally dominant and positive definite, for logarithms of determinants.
_ENTRIES: dict[str, Callable[[Random], float]] = {
    "normal": lambda random: random.gauss(0, 1),
    "positive": lambda random: random.uniform(0.4, 2),
    "unit": lambda random: random.uniform(-0.9, 0.9),
    "dominant": lambda random: random.uniform(0.2, 1),
    "small": lambda random: random.uniform(-0.2, 0.2),
    "fraction": lambda random: random.uniform(0.05, 0.95),
    "dominant small": lambda random: random.uniform(0.02, 0.2),
    "above one": lambda random: random.uniform(1.2, 3),
}
MANNERS = tuple(_ENTRIES)

Entries = list[list[float]]

# Those that mean the same at another scale; the others keep inside the domains of logarithms, arc sines and the like.
_SCALABLE = ("normal", "positive", "dominant", "small", "dominant small")


def draw_values(
    variables: Collection[Variable], sizes: Mapping[str, int], seed: object, manner: str | Mapping[str, str]
) -> dict[str, Matrix]:
    """A value for every variable, in one manner or each in its own.  A declared property holds to the working precision."""
    return made(variables, draw_entries(variables, sizes, seed, manner))


def draw_entries(
    variables: Iterable[Variable],
    sizes: Mapping[str, int],
    seed: object,
    manner: str | Mapping[str, str],
    scales: Mapping[str, float] | None = None,
) -> dict[str, Entries]:
    """Numbers from which `made` makes values, in one manner or for each variable in its own.

    `scales` are what those of a variable are multiplied with, where its manner allows it.
    """
    random = Random(repr((seed, manner)))
    entries = {}
    for variable in variables:
        rows, columns = stored_size(variable.shape, sizes)
        chosen = manner if isinstance(manner, str) else manner[variable.name]
        plain = [[_ENTRIES[chosen](random) for _ in range(columns)] for _ in range(rows)]
        if chosen.startswith("dominant") and rows == columns > 1 and variable.property not in _MAKERS:
            plain = [[entry + rows * (i == j) for j, entry in enumerate(row)] for i, row in enumerate(plain)]
        scale = scales.get(variable.name, 1.0) if scales and chosen in _SCALABLE else 1.0
        entries[variable.name] = [[scale * entry for entry in row] for row in plain]
    return entries


def made(variables: Iterable[Variable], entries: Mapping[str, Entries]) -> dict[str, Matrix]:
    """Values that have the properties of the variables, to the working precision, from any numbers."""
    values = {}
    for variable in variables:
        plain = [[mp.mpf(entry) for entry in row] for row in entries[variable.name]]
        make = _MAKERS.get(variable.property or "")
        values[variable.name] = make(plain) if make else plain
    return values


def with_property(prop: str, value: Matrix) -> Matrix:
    """A matrix that has the property, made from any square one."""
    return _MAKERS[prop](value)


def in_space(
    prop: str | None, mode: str, at: Matrix, direction: Matrix, times: Callable[[Matrix, Matrix], Matrix] = multiplied
) -> Matrix:
    """The direction in which a variable with the property `prop`, whose value is `at`, moves for one in which all entries may.

    It is linear in that: of the matrix that is 1 at one entry it is what belongs to this entry of the derivative.
    "project": the orthogonal projection onto the directions that the variable may take; "entries": the direction in which the
    free entries move; "ignore": itself.  `times` multiplies matrices with entries of another kind.
    """
    if prop is None or mode == "ignore":
        return direction
    if prop in ("symmetric", "spd", "skew"):
        both = added(direction, scaled(-1 if prop == "skew" else 1, transposed(direction)))
        return [[x / 2 if mode == "project" or i == j else x for j, x in enumerate(row)] for i, row in enumerate(both)]
    if prop == "orthogonal":
        return _halved(difference(direction, times(times(at, transposed(direction)), at)))
    return masked(_KEPT[prop], direction)


_KEPT: dict[str, Callable[[int, int], bool]] = {"diagonal": eq, "lower": ge, "upper": le}


def _halved(value: Matrix) -> Matrix:
    return mapped(lambda entry: entry / 2, value)


def _positive_definite(value: Matrix) -> Matrix:
    return added(multiplied(value, transposed(value)), identity(len(value)))


def _orthogonal(value: Matrix) -> Matrix:
    """Gram and Schmidt on the rows."""
    rows: list[list[Number]] = []
    for row in value:
        rest = row
        for done in rows:
            along = mp.fdot(zip(rest, done, strict=True))
            rest = [x - along * y for x, y in zip(rest, done, strict=True)]
        length = mp.sqrt(mp.fdot(zip(rest, rest, strict=True)))
        rows.append([x / length for x in rest])
    return rows


_MAKERS: dict[str, Callable[[Matrix], Matrix]] = {
    "symmetric": lambda value: _halved(added(value, transposed(value))),
    "spd": _positive_definite,
    "skew": lambda value: _halved(difference(value, transposed(value))),
    "orthogonal": _orthogonal,
    **{prop: partial(masked, keep) for prop, keep in _KEPT.items()},
}
