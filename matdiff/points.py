"""The points at which formulas are tried: between them they see every side of what matters.

Two formulas may agree wherever x is positive, or small, or 3 x 3.  So the sizes differ (`trial_sizes`), the values come in more
than one scale and in those of the numbers that are written, only what must be positive is, and where an argument of abs, relu, a
root or a maximum had one sign at all points, points with the other sign are looked for.
Importing this module loads mpmath.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING

from matdiff.matrices import Matrix, Number, Undefined, largest_entry
from matdiff.parts import shape_of, values_of
from matdiff.precision import mp
from matdiff.sample import MANNERS, draw_values
from matdiff.trial_sizes import Sizes, TrialSizes
from matdiff.values import Evaluation, evaluate
from matdiff.walk import post_order

if TYPE_CHECKING:
    from matdiff.infer import Typed, Variable
    from matdiff.syntax import Expr

# Each manner of drawing values is tried so often before the next.
TRIES = 3
# So many shapes are tried, as inv(X^T X) needs an X that is no wider than tall.
_SHAPES = 8
# The scales of the values, point by point, and how far those of numbers that are written may be from 1.
_SCALES = (1.0, 6.0, 0.125, 1.0)
_LEAST, _LARGEST = 1e-4, 1e6
# So many points are added for numbers that are written, and for signs that were not seen.
_MOST_FOR_NUMBERS, _MOST_FOR_SIGNS = 3, 4
# So often a sign that was not seen is looked for: that of an argument of a function with a kink, and that of any other part.
_SEARCHES, _SHORT_SEARCHES = 24, 6
_MOST_WATCHED = 60
# The functions whose arguments have a sign that counts, or which are even.
_KINKED = frozenset(
    ("abs", "sign", "step", "relu", "norm1", "maxnorm", "max", "min", "argmax", "argmin", "norm", "norm2", "sqrt", "log")
)
_NEVER_NEGATIVE = frozenset(
    "number pi I ones zeros e commutation exp norm norm1 norm2 maxnorm nucnorm abs relu sigmoid softplus softmax cosh step sqrt "
    "argmax argmin rows cols numel neg '".split()
)
# Index notation: entries, which have no value of their own.
_INDEXED = ("sigma", "entry", "delta", "index")
# Terms that are smaller than their sum by more digits than this ask for more digits, up to so many.
_USUAL, _MOST_MORE = 8, 300
# Functions that come near a limit exponentially, and from where on they are too near.
_SATURATING = frozenset("exp expm1 sigmoid softplus logsigmoid softmax logsumexp tanh sinh cosh erf gelu expm".split())
_SATURATED = 25


class Point:
    """Values of the variables, and what the size names stand for.

    `draw` gives the same values with the digits of the moment.
    """

    __slots__ = ("draw", "scale", "sizes", "values")

    def __init__(
        self,
        values: dict[str, Matrix],
        sizes: Sizes,
        scale: float = 1.0,
        draw: Callable[[], dict[str, Matrix]] | None = None,
    ) -> None:
        self.values, self.sizes, self.scale, self.draw = values, sizes, scale, draw

    def drawn_again(self) -> Point:
        """The point with the digits of the moment; itself where its values are as they are."""
        return self if self.draw is None else Point(self.draw(), self.sizes, self.scale, self.draw)


def sample(typed: Typed, seed: int, sizes: Sizes) -> dict[str, Matrix] | None:
    """Values of the variables where the expression is real and finite, or None when none was found."""
    sampler = Sampler(typed, (), seed, sizes)
    for seeds, manners in sampler._ways(TRIES):
        values = draw_values(typed.variables.values(), sizes, seeds, manners)
        if _is_defined(typed, values, sizes):
            return values
    return None


def _is_defined(typed: Typed, values: Mapping[str, Matrix], sizes: Mapping[str, int]) -> bool:
    try:
        evaluate(typed.expr, values, sizes, typed.definitions)
    except Undefined:
        return False
    return True


class Sampler:
    """Draws points where `asked` is real and finite; numbers, indices and signs of the expressions `beside` it count too."""

    def __init__(self, asked: Typed, beside: Sequence[Typed], seed: int, fixed: Mapping[str, int]) -> None:
        self.asked, self.seed = asked, seed
        self.typeds = (asked, *beside)
        self.sizes = TrialSizes(self.typeds, fixed)
        self.variables: dict[str, Variable] = {}
        for typed in self.typeds:
            self.variables.update(typed.variables)
        self.manners: dict[str, str] = {}
        self.safe: dict[str, str] = {}

    def points(self, accept: Callable[[Point], bool] = lambda point: True) -> list[Point]:
        """The points; `accept` may refuse some."""
        base = self.base()
        if base is None:
            return []
        found = []
        for number, scale in enumerate(_SCALES):
            last = number == len(_SCALES) - 1
            sizes = (self.sizes.large(base, self.seed) if last else self._sizes(base, number)) or base
            for scale_now, sizes_now in dict.fromkeys([(scale, 0), (scale**0.5, 0), (1.0, 0), (1.0, 1)]):
                point = self._point(base if sizes_now else sizes, (self.seed, number), scale_now, accept)
                if point is not None:
                    found.append(point)
                    break
        for number, scale in enumerate(self._written_scales()):
            point = self._point(self._sizes(base, number) or base, (self.seed, "scale", number), scale, accept)
            if point is not None:
                found.append(point)
        if found:
            found += self._of_other_signs(found, base, accept)
        return found

    def base(self) -> Sizes | None:
        """Small sizes at which `asked` has values, None where no point is found; then `manners` says how they are drawn."""
        candidates = [self.sizes.drawn(self.seed + attempt) for attempt in range(_SHAPES)]
        candidates = [sizes for place, sizes in enumerate(candidates) if sizes not in candidates[:place]]
        for tries in (1, TRIES):
            for sizes in candidates if tries == 1 else candidates[:1]:
                for seed, manners in self._ways(tries) if self.sizes.fits(sizes) else ():
                    if self._has_value(sizes, seed, manners):
                        self.manners = self.safe = manners
                        self._relax(sizes)
                        return sizes
        return None

    def _ways(self, tries: int) -> Iterator[tuple[object, dict[str, str]]]:
        """How the variables are drawn: all in one manner, one manner after the other, then each in its own."""
        for manner in MANNERS:
            for attempt in range(tries):
                yield (self.seed, attempt), dict.fromkeys(self.variables, manner)
        for attempt in range(10 * (tries - 1)):
            random = Random(repr((self.seed, "mixed", attempt)))
            yield (self.seed, attempt), {name: random.choice(MANNERS) for name in self.variables}

    def _has_value(self, sizes: Sizes, seed: object, manners: Mapping[str, str]) -> bool:
        return _is_defined(self.asked, draw_values(self.variables.values(), sizes, seed, manners), sizes)

    def _relax(self, sizes: Sizes) -> None:
        """Only what must be positive, diagonally dominant, ... is: the others are drawn as they come."""
        for name, manner in self.safe.items():
            freer = {**self.manners, name: "normal"}
            if manner != "normal" and any(self._has_value(sizes, (self.seed, name, n), freer) for n in range(TRIES)):
                self.manners = freer

    def _sizes(self, base: Sizes, number: int) -> Sizes | None:
        """Others for each point, in the order that was found to be possible."""
        sizes: Sizes | None = base
        for step in range(number):
            sizes = sizes and self.sizes.grown(sizes, self.seed + step)
        return sizes

    def _point(
        self,
        sizes: Sizes,
        seed: object,
        scale: float,
        accept: Callable[[Point], bool],
        scales: Mapping[str, float] | None = None,
        tries: int = 2 * TRIES,
    ) -> Point | None:
        """A point with these sizes, at most so many tries with the freer manners and so many with the safe ones."""
        factors = dict.fromkeys(self.variables, scale) if scales is None else scales
        for attempt in range(2 * tries):
            manners = self.manners if attempt < tries else self.safe

            def draw(attempt: int = attempt, manners: Mapping[str, str] = manners) -> dict[str, Matrix]:
                return draw_values(self.variables.values(), sizes, (seed, attempt), manners, factors)

            values = draw()
            if _is_defined(self.asked, values, sizes):
                point = Point(values, sizes, min([1.0, *factors.values()]), draw)
                if (max(factors.values(), default=1) <= 1 or not self._is_saturated(point)) and accept(point):
                    return point
        return None

    def _is_saturated(self, point: Point) -> bool:
        """Whether an exponential or the like is so near its limit that the digits of a difference from it are lost."""
        for typed in self.typeds:
            nodes = [node for root in (*typed.definitions.values(), typed.expr) for node in post_order(root)]
            nodes = [node.args[0] for node in nodes if node.op in _SATURATING and node.shape is not None]
            try:
                evaluation = Evaluation(point.values, point.sizes, typed.definitions) if nodes else None
                if evaluation and any(largest_entry(evaluation.value(arg)) > _SATURATED for arg in nodes if not _has_index(arg)):
                    return True
            except Undefined:
                continue
        return False

    def _written_scales(self) -> list[float]:
        """The sizes of the numbers that are written, but those near 1: relu(x - 100) asks for an x of 100."""
        found = set()
        for typed in self.typeds:
            for root in (*typed.definitions.values(), typed.expr):
                for node in post_order(root):
                    if node.op == "number":
                        size = abs(float(_number(node)))
                        if _LEAST <= size < 0.3 or 3 < size <= _LARGEST:
                            found.add(size if size < 1 else 1.5 * size)
        ordered = sorted(found)
        return list(dict.fromkeys([*ordered[-1:], *ordered[:1], *ordered]))[:_MOST_FOR_NUMBERS]

    def _of_other_signs(self, points: Sequence[Point], base: Sizes, accept: Callable[[Point], bool]) -> Iterator[Point]:
        """Points where a part of an expression has a sign that it did not have before."""
        needed, others = self._watched()
        seen: set[tuple[int, bool]] = set()
        for point in points:
            seen |= self._signs(point, [*needed, *others])
        random = Random(repr((self.seed, "signs")))
        added = 0
        furthest = max([100.0, *self._written_scales()])
        for watched, searches in ((needed, _SEARCHES), (others, _SHORT_SEARCHES)):
            for attempt in range(searches):
                missing = [(id(node), sign) for _, node in watched for sign in (False, True) if (id(node), sign) not in seen]
                if not missing or added == _MOST_FOR_SIGNS:
                    break
                scales = {name: furthest ** random.uniform(-1, 1) for name in self.variables}
                other = self._point(base, (self.seed, "sign", searches, attempt), 1.0, accept, scales, tries=1)
                if other is not None and not self._signs(other, watched).isdisjoint(missing):
                    added += 1
                    seen |= self._signs(other, [*needed, *others])
                    yield other

    def _watched(self) -> tuple[list[tuple[Typed, Expr]], list[tuple[Typed, Expr]]]:
        """The parts whose signs are looked at: variables and what stands under a kink or a root, and all others."""
        needed: dict[int, tuple[Typed, Expr]] = {}
        others: dict[int, tuple[Typed, Expr]] = {}
        for typed in self.typeds:
            for root in (*typed.definitions.values(), typed.expr):
                below: set[int] = set()
                varying: set[int] = set()
                indexed: set[int] = set()
                nodes = [node for node in post_order(root) if node.shape is not None]
                for node in reversed(nodes):  # an expression stands after its parts
                    if node.op in _KINKED or id(node) in below or (node.op in ("^", ".^") and node.args[1].op != "number"):
                        below.update(id(arg) for arg in values_of(node))
                for node in nodes:
                    if node.op in _INDEXED or any(id(arg) in indexed for arg in node.args):
                        indexed.add(id(node))
                    elif node.op == "name" or any(id(arg) in varying for arg in values_of(node)):
                        varying.add(id(node))
                        if node.op not in _NEVER_NEGATIVE and not _is_even(node):
                            (needed if node.op == "name" or id(node) in below else others)[id(node)] = typed, node
        return list(needed.values())[:_MOST_WATCHED], list(others.values())[:_MOST_WATCHED]

    def _signs(self, point: Point, watched: Sequence[tuple[Typed, Expr]]) -> set[tuple[int, bool]]:
        """The signs that the parts have: (part, whether positive)."""
        found = set()
        least = mp.mpf(10) ** (-mp.dps // 2)
        evaluations = {}
        for typed in {id(typed): typed for typed, _ in watched}.values():
            try:
                evaluations[id(typed)] = Evaluation(point.values, point.sizes, typed.definitions)
            except Undefined:
                continue
        for typed, node in watched:
            if id(typed) in evaluations:
                try:
                    value = evaluations[id(typed)].value(node)
                except Undefined:
                    continue
                entries = [mp.re(entry) for row in value for entry in row]
                found |= {(id(node), entry > 0) for entry in entries if abs(entry) > least}
        return found


def _is_even(node: Expr) -> bool:
    """Whether it is an even power or a square such as x^T x, which has but one sign."""
    if node.op in ("^", ".^") and shape_of(node)[1].is_one:
        exponent = node.args[1]
        return exponent.op == "number" and isinstance(exponent.value, int) and exponent.value % 2 == 0
    if node.op == "*" and len(node.args) == 2:
        left, right = node.args
        return left.op == "'" and left.args[0] == right and shape_of(node)[0].is_one
    return node.op in (".*", "dot", ":") and len(node.args) == 2 and node.args[0] == node.args[1]


def spread(typeds: Sequence[Typed], points: Sequence[Point]) -> int:
    """How many digits more show every term of a sum beside the others, as in 2 x + 1e-16 x, and every number that is written.

    Sums in index notation are not looked at.
    """
    digits = 0
    for typed in typeds:
        nodes = [node for root in (*typed.definitions.values(), typed.expr) for node in post_order(root)]
        written = [int(abs(mp.log10(abs(number)))) for number in map(_number, nodes) if number]
        digits = max([digits, *(2 * size for size in written if size > _USUAL)])
        for point in points:
            try:
                digits = max(digits, _spread(typed, point))
            except Undefined:
                continue
    return min(digits, _MOST_MORE)


def _has_index(root: Expr) -> bool:
    return any(node.op in _INDEXED for node in post_order(root))


def _number(node: Expr) -> Number:
    """The number that is written, 0 where it is none."""
    if node.op != "number" or node.value is None or isinstance(node.value, str):
        return mp.mpf(0)
    return mp.mpf(node.value.numerator) / node.value.denominator


def _spread(typed: Typed, point: Point) -> int:
    evaluation = Evaluation(point.values, point.sizes, typed.definitions)
    total = 0
    for root in (*typed.definitions.values(), typed.expr):
        indexed: set[int] = set()
        for node in post_order(root):
            if node.op in _INDEXED or any(id(arg) in indexed for arg in node.args):
                indexed.add(id(node))
            elif node.op == "+" and node.shape is not None:
                sizes = [largest_entry(evaluation.value(term)) for term in node.args]
                whole = max(sizes)
                apart = [int(mp.log10(whole / size)) for size in sizes if 0 < size < whole]
                total += sum(digits for digits in apart if digits > _USUAL)
    return total
