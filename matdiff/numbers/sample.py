"""Random values of variables, which respect what is declared of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import TYPE_CHECKING

from matdiff.numbers.matrices import Matrix, Number, added, identity, multiplied, scaled, transposed
from matdiff.numbers.precision import mp
from matdiff.numbers.values import number_of_dim

if TYPE_CHECKING:
    from matdiff.language.kinds import Variable

# How the entries of variables without a property are drawn, tried in this order until the expression is real and finite.
# "dominant" makes square matrices diagonally dominant and positive definite, for logarithms of determinants.
MANNERS = ("normal", "positive", "unit", "dominant", "small", "fraction", "dominant small", "above one")

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


Entries = list[list[float]]

# Those that mean the same at another scale; the others keep inside the domains of logarithms, arc sines and the like.
_SCALABLE = ("normal", "positive", "dominant", "small", "dominant small")


def draw_values(
    variables: Iterable[Variable], sizes: Mapping[str, int], seed: object, manner: str | Mapping[str, str]
) -> dict[str, Matrix]:
    """A value for every variable, in one manner or each in its own.  A declared property holds to the working precision."""
    variables = list(variables)
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
        rows, columns = (number_of_dim(dim, sizes) for dim in variable.shape)
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


def in_space(prop: str | None, mode: str, at: Matrix, entry: Matrix) -> Matrix:
    """The direction that belongs to an entry of the derivative by a variable with the property `prop`, whose value is `at`.

    `entry` is 1 at that entry.  "project": its orthogonal projection onto the directions the variable may take; "entries": the
    direction in which the free entry moves; "ignore": itself.
    """
    if prop is None or mode == "ignore":
        return entry
    if prop in ("symmetric", "spd", "skew"):
        other = scaled(-1 if prop == "skew" else 1, transposed(entry))
        if mode == "entries":
            return entry if entry == other else added(entry, other)
        return scaled(mp.mpf(1) / 2, added(entry, other))
    if prop == "orthogonal":
        reflected = multiplied(multiplied(at, transposed(entry)), at)
        return scaled(mp.mpf(1) / 2, added(entry, scaled(-1, reflected)))
    keep = _KEPT[prop]
    return _masked(entry, keep)


_KEPT: dict[str, Callable[[int, int], bool]] = {
    "diagonal": lambda i, j: i == j,
    "lower": lambda i, j: i >= j,
    "upper": lambda i, j: i <= j,
}


def _masked(value: Matrix, keep: Callable[[int, int], bool]) -> Matrix:
    return [[entry if keep(i, j) else mp.mpf(0) for j, entry in enumerate(row)] for i, row in enumerate(value)]


def _symmetric(value: Matrix) -> Matrix:
    return scaled(mp.mpf(1) / 2, added(value, transposed(value)))


def _skew(value: Matrix) -> Matrix:
    return scaled(mp.mpf(1) / 2, added(value, scaled(-1, transposed(value))))


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
    "symmetric": _symmetric,
    "spd": _positive_definite,
    "skew": _skew,
    "orthogonal": _orthogonal,
    "diagonal": lambda value: _masked(value, _KEPT["diagonal"]),
    "lower": lambda value: _masked(value, _KEPT["lower"]),
    "upper": lambda value: _masked(value, _KEPT["upper"]),
}
