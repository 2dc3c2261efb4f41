"""The points at which formulas are tried: between them they see every side of what matters.

Two formulas may agree wherever x is positive, or small, or 3 x 3.  So the sizes differ (`trial_sizes`), the values come in more
than one scale and in those of the numbers that are written, only what must be positive is, and where an argument of abs, relu, a
root or a maximum had one sign at all points, points with the other sign are looked for.
Importing this module loads mpmath.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from random import Random
from typing import TYPE_CHECKING

from matdiff.numbers.matrices import Matrix, Undefined, difference, largest_entry, transposed
from matdiff.numbers.precision import mp
from matdiff.numbers.sample import MANNERS, Entries, draw_entries, draw_values, made
from matdiff.numbers.signs import Watch, number_of, with_values
from matdiff.numbers.trial_sizes import MOST_WORK, Sizes, TrialSizes
from matdiff.numbers.values import Evaluation, evaluate, nodes_of, written_out

if TYPE_CHECKING:
    from matdiff.infer.infer import Typed
    from matdiff.language.kinds import Variable

# Each manner of drawing values is tried so often before the next.
TRIES = 3
# So many shapes are tried, as inv(X^T X) needs an X that is no wider than tall.
_SHAPES = 8
# The scales of the values, point by point.
_SCALES = (1.0, 6.0, 0.125)
# How far the scales of numbers that are written may be from 1, and how many points there are for them.
_LEAST, _LARGEST, _MOST_FOR_NUMBERS = 1e-4, 1e6, 3
# Signs that were not seen: that of an argument of a function with a kink is approached in so many steps, for at most so many of
# them, those of other parts are looked for at so many points.  At most so many points are added.
_STEPS, _MOST_CLIMBS, _SEARCHES, _MOST_FOR_SIGNS = 100, 6, 8, 8
# Relative differences below this are rounding.
SYMMETRY = 1e-12
# By so much a variable is multiplied or divided at most in a step, and so many entries are tried for whether a part depends on them.
_FARTHEST, _MOST_MOVED = 30.0, 40
# Terms that are smaller than their sum by more digits than this ask for more digits, up to so many.
_USUAL, _MOST_MORE = 8, 300

# For one point so many multiplications are spent.
_WORK_OF_POINT = 2_000_000

Accept = Callable[["Point"], bool]


class Point:
    """Values of the variables, and what the size names stand for.

    `entries` are the numbers from which the values of structured variables are made, with the digits of the moment; `more` is how
    many digits beyond the usual ones are needed there.
    """

    __slots__ = ("entries", "more", "scale", "sizes", "values", "variables")

    def __init__(
        self,
        values: dict[str, Matrix],
        sizes: Sizes,
        variables: Sequence[Variable] = (),
        entries: Mapping[str, Entries] | None = None,
        more: int = 0,
    ) -> None:
        self.values, self.sizes, self.variables, self.entries, self.more = values, sizes, variables, entries, more
        largest = map(largest_entry, (entries or {}).values())
        # How small the smallest variable is, for steps that must be small beside it.
        self.scale = min([1.0, *(size for size in largest if size)])

    def drawn_again(self) -> Point:
        """The point with the digits of the moment; itself where its values are as they are."""
        if self.entries is None:
            return self
        return Point(made(self.variables, self.entries), self.sizes, self.variables, self.entries, self.more)


def sample(typed: Typed, seed: int, sizes: Sizes) -> dict[str, Matrix] | None:
    """Values of the variables where the expression is real and finite, or None when none was found."""
    variables = list(typed.variables.values())
    for seeds, manners in _manners(typed.variables, seed, TRIES):
        values = draw_values(variables, sizes, seeds, manners)
        if _is_defined(typed, values, sizes):
            return values
    return None


def _is_defined(typed: Typed, values: Mapping[str, Matrix], sizes: Mapping[str, int]) -> bool:
    try:
        evaluate(typed.expr, values, sizes, typed.definitions)
    except Undefined:
        return False
    return True


def _manners(names: Mapping[str, object], seed: int, tries: int) -> Iterator[tuple[object, dict[str, str]]]:
    """How variables are drawn: all in one manner, one manner after the other, then each in its own."""
    for manner in MANNERS:
        for attempt in range(tries):
            yield (seed, attempt), dict.fromkeys(names, manner)
    for attempt in range(10 * (tries - 1)):
        random = Random(repr((seed, "mixed", attempt)))
        yield (seed, attempt), {name: random.choice(MANNERS) for name in names}


class Sampler:
    """Draws points where `asked` is real and finite; numbers, indices and signs of the expressions `beside` it count too.

    prefer   what has a value at the points of a good shape: the shapes are tried for that first
    """

    def __init__(
        self,
        asked: Typed,
        beside: Sequence[Typed],
        seed: int,
        fixed: Mapping[str, int],
        prefer: Accept = lambda point: True,
    ) -> None:
        self.asked, self.seed, self.prefer = asked, seed, prefer
        # What a function is defined by counts as if it were written.
        self.typeds = tuple(map(written_out, (asked, *beside)))
        self.sizes = TrialSizes(self.typeds, fixed)
        self.watch = Watch(self.typeds)
        found: dict[str, Variable] = {}
        for typed in self.typeds:
            found.update(typed.variables)
        self.variables = list(found.values())
        # How the variables are drawn: as freely as possible, and in a manner that is known to give values.
        self.manners: dict[str, str] = {}
        self.safe: dict[str, str] = {}

    def points(self, accept: Accept = lambda point: True) -> list[Point]:
        """The points; `accept` may refuse some."""
        base = self.base()
        if base is None:
            return []
        found = []
        for number, scale in enumerate(_SCALES):
            sizes = self._sizes(base, number)
            for factor, here in ((scale, sizes), (scale**0.5, sizes), (1.0, sizes), (1.0, base)):
                point = self._point(here, (self.seed, number), factor, accept)
                if point is not None:
                    found.append(point)
                    break
        others = [(sizes, 1.0) for sizes in self.sizes.large(base, self.seed)]
        others += [(self._sizes(base, number), scale) for number, scale in enumerate(self._written_scales())]
        for number, (sizes, scale) in enumerate(others):
            point = self._point(sizes, (self.seed, "other", number), scale, accept)
            if point is not None:
                found.append(point)
        if found:
            found += self._of_other_signs(found, accept)
        return found

    def base(self) -> Sizes | None:
        """Small sizes at which `asked` has values, None where no point is found; then `manners` says how they are drawn."""
        candidates = [self.sizes.drawn(self.seed + attempt) for attempt in range(_SHAPES)]
        candidates = [sizes for place, sizes in enumerate(candidates) if sizes not in candidates[:place]]
        possible = [sizes for sizes in candidates if self.sizes.fits(sizes)]
        names = {variable.name: None for variable in self.variables}
        ways = [(1, self.prefer, True), (1, self.prefer, False), (TRIES, self.prefer, False), (TRIES, lambda point: True, False)]
        for tries, prefer, must_grow in ways if len(self.sizes.names) > 1 else ways[1:]:
            for sizes in possible if tries == 1 else possible[:1]:
                for seed, manners in _manners(names, self.seed, tries):
                    point = self._drawn(sizes, seed, manners)
                    if point is not None and prefer(point):
                        self.manners = self.safe = manners
                        if must_grow and not self._may_grow(sizes):
                            break
                        self._relax(sizes)
                        return sizes
        return None

    def _may_grow(self, sizes: Sizes) -> bool:
        """Whether larger sizes in the same order do as well: the smallest eigenvalue of A^T A is simple for one column too many only."""
        larger = (self._sizes(sizes, 1), self.sizes.grown(sizes, self.seed, gap=1))
        return all(self._point(found, (self.seed, "grown"), 1.0, self.prefer) for found in larger if found is not None)

    def _drawn(
        self, sizes: Sizes, seed: object, manners: Mapping[str, str], scales: Mapping[str, float] | None = None
    ) -> Point | None:
        return self._made(sizes, draw_entries(self.variables, sizes, seed, manners, scales))

    def _made(self, sizes: Sizes, entries: Mapping[str, Entries]) -> Point | None:
        """The point, with as many digits as it needs, or None where `asked` has no value."""
        values = made(self.variables, entries)
        more = self.watch.digits(values, sizes)
        if more is None:
            return None
        more = more if more > _USUAL else 0
        with mp.workdps(mp.dps + more):
            values = made(self.variables, entries) if more else values
            return Point(values, sizes, self.variables, entries, more) if _is_defined(self.asked, values, sizes) else None

    def _relax(self, sizes: Sizes) -> None:
        """Only what must be positive, diagonally dominant, ... is: the others are drawn as they come."""
        for name, manner in self.safe.items():
            freer = {**self.manners, name: "normal"}
            if manner != "normal" and any(self._drawn(sizes, (self.seed, name, n), freer) for n in range(TRIES)):
                self.manners = freer

    def _sizes(self, base: Sizes, number: int) -> Sizes:
        """Others for each point, in the order that was found to be possible, as long as they are not too much work."""
        sizes = base
        for step in range(number):
            grown = self.sizes.grown(sizes, self.seed + step)
            if grown is None or self.sizes.work(grown) > MOST_WORK:
                return sizes
            sizes = grown
        return sizes

    def _point(self, sizes: Sizes, seed: object, scale: float, accept: Accept) -> Point | None:
        """A point with these sizes: freely drawn, or safely, or, as that may be right for small sizes only, with smaller variables."""
        scales = {variable.name: scale for variable in self.variables}
        drawings = [(self.manners, scales)] * 2 * TRIES + [(self.safe, scales)] * TRIES
        if scale == 1:
            drawings += [(dict.fromkeys(scales, manner), scales) for manner in MANNERS]
            random = Random(repr(seed))
            drawings += [(self.safe, {name: random.choice((1.0, 0.1, 0.01)) for name in scales}) for _ in range(4 * TRIES)]
        # In large arrays, where a try takes long, only the first ones.
        few = max(TRIES, _WORK_OF_POINT // (self.sizes.work(sizes) + 1))
        for attempt, (manners, factors) in enumerate(drawings[:few]):
            point = self._drawn(sizes, (seed, attempt), manners, factors)
            if point is not None and accept(point):
                return point
        return None

    def _written_scales(self) -> list[float]:
        """The sizes of the numbers that are written, but those near 1: relu(x - 100) asks for an x of 100."""
        sizes = {abs(float(number_of(node))) for typed in self.typeds for node in nodes_of(typed)}
        ordered = sorted(size if size < 1 else 1.5 * size for size in sizes if _LEAST <= size < 0.3 or 3 < size <= _LARGEST)
        return list(dict.fromkeys([*ordered[-1:], *ordered[:1], *ordered]))[:_MOST_FOR_NUMBERS]

    def _of_other_signs(self, points: Sequence[Point], accept: Accept) -> Iterator[Point]:
        """Points where a part of an expression has a sign that it did not have before, made of those that there are."""
        watch = self.watch
        seen = set().union(*map(self._signs, points))
        smallest = min(points, key=lambda point: self.sizes.work(point.sizes))
        starts = [point for point in points if point.sizes == smallest.sizes]
        random = Random(repr((self.seed, "signs")))
        most, climbs = _MOST_FOR_SIGNS, _MOST_CLIMBS
        for part in watch.kinked:
            for sign in (False, True):
                if (part, sign) not in seen and most and climbs:
                    climbs -= 1
                    found = self._climbed(starts, (part, sign), random, accept)
                    if found is not None:
                        most -= 1
                        seen |= self._signs(found)
                        yield found
        names = [variable.name for variable in self.variables]
        for _ in range(_SEARCHES if names else 0):
            if not most or all({(part, False), (part, True)} <= seen for part in watch.others):
                break
            point = self._changed(random.choice(starts), names, random)
            signs = set() if point is None else self._signs(point)
            if point is not None and signs - seen and accept(point):
                most -= 1
                seen |= signs
                yield point

    def _signs(self, point: Point) -> set[tuple[int, bool]]:
        return self.watch.signs(point.values, point.sizes)

    def _climbed(self, starts: Sequence[Point], wanted: tuple[int, bool], random: Random, accept: Accept) -> Point | None:
        """A point where a part has a sign, by changes of which those stay that bring it nearer; None where it is not reached."""
        heights = [(self.watch.furthest(*wanted, start.values, start.sizes), start) for start in starts]
        known = [(height, start) for height, start in heights if height is not None]
        if not known:
            return None
        height, best = max(known, key=itemgetter(0))
        own, names = self.watch.variables(wanted[0]), [variable.name for variable in self.variables]
        places = self._moving(best, wanted, own)
        for _ in range(_STEPS if own else 0):
            if height <= 0 and places and random.random() < 0.4:
                point = self._with_entry(best, *random.choice(places), random)
            else:
                point = self._changed(best, own if random.random() < 0.5 else names, random)
            reached = None if point is None else self.watch.furthest(*wanted, point.values, point.sizes)
            if point is not None and reached is not None and (reached >= height or reached > 0):
                best, height = point, reached
                if height > 0 and wanted in self._signs(point) and accept(point):
                    return point
        return None

    def _moving(self, point: Point, wanted: tuple[int, bool], names: Sequence[str]) -> list[tuple[str, int, int]]:
        """The entries of variables on which a part depends, at a point: a part of them where they are many."""
        entries = dict(point.entries or {})
        places = [(name, i, j) for name in names for i, row in enumerate(entries[name]) for j, _ in enumerate(row)]
        before, found = self.watch.furthest(*wanted, point.values, point.sizes), []
        for name, i, j in places[:_MOST_MOVED]:
            moved = {**entries, name: _with(entries[name], i, j, entries[name][i][j] + 1)}
            if self.watch.furthest(*wanted, made(self.variables, moved), point.sizes) != before:
                found.append((name, i, j))
        return found

    def _with_entry(self, point: Point, name: str, i: int, j: int, random: Random) -> Point | None:
        """The point with another number for an entry; None where `asked` has no value."""
        entries = dict(point.entries or {})
        number = (entries[name][i][j] * random.choice((-1, 1)) or 1.0) * _FARTHEST ** random.uniform(-1, 1)
        return self._made(point.sizes, {**entries, name: _with(entries[name], i, j, number)})

    def _changed(self, point: Point, names: Sequence[str], random: Random) -> Point | None:
        """The point with other numbers for some of these variables, in one, some or all entries; None where `asked` has no value."""
        entries = dict(point.entries or {})
        factor = _FARTHEST ** random.uniform(-1, 1)
        for name in random.sample(names, random.randint(1, len(names))):
            rows, columns = len(entries[name]), len(entries[name][0])
            places = [(i, j) for i in range(rows) for j in range(columns)]
            chosen = set(random.sample(places, random.choice((1, (len(places) + 2) // 3, len(places)))))
            turn = random.choice((-1, 1, None))  # to the other side of 0, farther or nearer, or anywhere
            entries[name] = [
                [(x * turn if turn else random.gauss(0, 1)) * factor if (i, j) in chosen else x for j, x in enumerate(row)]
                for i, row in enumerate(entries[name])
            ]
        return self._made(point.sizes, entries)


def _with(entries: Entries, i: int, j: int, number: float) -> Entries:
    """The entries with another one at a place."""
    return [[number if (k, m) == (i, j) else x for m, x in enumerate(row)] for k, row in enumerate(entries)]


def spread(typeds: Sequence[Typed], points: Sequence[Point]) -> int:
    """How many digits more show every term of a sum beside the others, as in 2 x + 1e-16 x, and every number that is written.

    Sums in index notation are not looked at.
    """
    digits = 0
    for typed in typeds:
        written = [int(abs(mp.log10(abs(number)))) for number in map(number_of, nodes_of(typed)) if number]
        digits = max([digits, *(2 * size for size in written if size > _USUAL)])
        for point in points:
            try:
                digits = max(digits, _spread(typed, point))
            except Undefined:
                continue
    return min(digits, _MOST_MORE)


def _spread(typed: Typed, point: Point) -> int:
    evaluation = Evaluation(point.values, point.sizes, typed.definitions)
    total = 0
    for node in (node for root in (*typed.definitions.values(), typed.expr) for node in with_values(root)):
        if node.op == "+":
            sizes = [largest_entry(evaluation.value(term)) for term in node.args]
            whole = max(sizes)
            apart = [int(mp.log10(whole / size)) for size in sizes if 0 < size < whole]
            total += sum(digits for digits in apart if digits > _USUAL)
    return total


def seems_symmetric(typed: Typed, trials: int) -> bool:
    """Whether a square matrix is symmetric at random points; yes where it has no value at any."""
    sizes = TrialSizes([typed], {})
    for trial in range(trials):
        at = sizes.drawn(trial)
        values = sample(typed, trial, at)
        if values is not None:
            matrix = Evaluation(values, at, typed.definitions).value(typed.expr)
            if largest_entry(difference(matrix, transposed(matrix))) > SYMMETRY * largest_entry(matrix):
                return False
    return True
