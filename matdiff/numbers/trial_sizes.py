"""The numbers that size names stand for while formulas are tried.

A formula that is wrong may be right at some sizes: matrices of size n satisfy their characteristic polynomial, n - 3 vanishes at
3, and at one size nobody sees that n is not m.  So the sizes differ from each other and from point to point, and one choice is
larger than what such an identity needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import count as counting
from itertools import islice, permutations, product
from math import prod
from numbers import Integral
from random import Random
from typing import TYPE_CHECKING

from matdiff.functions import row_of
from matdiff.language.dims import Dim
from matdiff.language.errors import NotASize
from matdiff.language.queries import is_scalar, post_order, shape_of, sizes_of_indices, unsigned, values_of
from matdiff.limits import LARGEST_SIZE
from matdiff.numbers.axes import number_of_dim, stored_size
from matdiff.numbers.values import nodes_of, number_of_index

if TYPE_CHECKING:
    from matdiff.infer.infer import Typed
    from matdiff.language.syntax import Expr

Sizes = dict[str, int]

# Sizes go no further than that an evaluation takes so many multiplications, nor beyond this number for a product of many factors
# or for a number that is written beside a size.
MOST_WORK = 400_000
_LARGEST_DEGREE, _LARGEST_WRITTEN = 40, 2000
# Nor are sizes further apart than this for the sake of a number that is written beside their difference.
_LARGEST_GAP = 12
# So far is looked for sizes that fit the indices and the compound sizes, such as n - 1, of an expression.
_FURTHEST = 24
# A function of a matrix costs about so many products.
_PRODUCTS = 4


def fixed_sizes(typed: Typed, sizes: Mapping[str, int] | None) -> dict[str, int]:
    """The numbers that somebody chose for sizes.  Raises NotASize for a name that is none, or a number that it cannot be."""
    if not sizes:
        return {}
    names = typed.number_names()
    for name, number in sizes.items():
        is_whole = isinstance(number, Integral) and not isinstance(number, bool)
        if name not in names or not is_whole or not 1 <= number <= LARGEST_SIZE:
            raise NotASize(text=name, number=number, names=names)
    fixed = {name: int(number) for name, number in sizes.items()}
    for name, least in TrialSizes([typed], fixed).too_small():
        raise NotASize(text=name, number=fixed[name], names=names, least=least)
    return fixed


class TrialSizes:
    """What expressions ask of the numbers for their size names; `fixed` ones stay as they are."""

    def __init__(self, typeds: Sequence[Typed], fixed: Mapping[str, int]) -> None:
        self.typeds, self.fixed = typeds, dict(fixed)
        both = [typed.dims_and_indices() for typed in typeds]
        self.dims = list(dict.fromkeys(dim for dims, _ in both for dim in dims))
        names = dict.fromkeys(name for dim in self.dims for name in dim.names)
        self.names = [name for name in names if name not in self.fixed]
        # Names that stand as an index, as in X[i,j].
        self.indices = list(dict.fromkeys(n for _, found in both for n in found if n not in names and n not in self.fixed))
        self.places = [place for typed in typeds for place in _places(typed)]
        self.taken = {*self.fixed.values(), *(dim.value for dim in self.dims if dim.value is not None)}
        # What a name must be at least, so that a number that stands as an index lies inside: 7 for x[7].
        self.least = dict.fromkeys(self.names, 1)
        for place, dim in self.places:
            if place.op == "number" and dim.name in self.least:
                self.least[dim.name] = max(self.least[dim.name], int(place.value))  # type: ignore[arg-type]

    def fits(self, sizes: Mapping[str, int]) -> bool:
        """Whether every size is positive and every index lies inside its array."""
        if any(number_of_dim(dim, sizes) < 1 for dim in self.dims):
            return False
        return all(1 <= number_of_index(place, sizes) <= number_of_dim(dim, sizes) for place, dim in self.places)

    def too_small(self) -> Iterator[tuple[str, int]]:
        """The fixed names that are too small for a number that stands as an index or for a size such as n - 1, with their least."""
        for name, number in self.fixed.items():
            needed = [(dim, 1) for dim in self.dims if dim.names == (name,)]
            needed += [(d, number_of_index(place, {})) for place, d in self.places if place.op == "number" and d.names == (name,)]
            most = max((least for _, least in needed), default=1) + _FURTHEST
            found = (n for n in range(number, number + most) if all(number_of_dim(dim, {name: n}) >= k for dim, k in needed))
            least = next(found, number)
            if least > number:
                yield name, least

    def drawn(self, seed: int) -> Sizes:
        """Small sizes, all different and different from the sizes that are numbers.  Where none fit, some that do not."""
        random = Random(seed)
        # A single size is at least 3: matrices of size 2 obey laws that others do not (their adjugate is linear).
        first = 3 if len(self.names) == 1 else 2
        for start in range(first, first + _FURTHEST):
            numbers = self._free(start, len(self.names) + 1)
            random.shuffle(numbers)
            found = self._with_indices(self._at_least(numbers), seed)
            if found is not None:
                return found
        return {**dict.fromkeys(self.indices, 1), **self.fixed, **dict(zip(self.names, numbers))}

    def small(self, most: int) -> Iterator[Sizes]:
        """The smallest sizes, from 2 on, in the first `most` orders; sizes of square arrays come first."""
        variables = [variable for typed in self.typeds for variable in typed.variables.values()]
        square = [variable.shape[0].name for variable in variables if variable.shape[0] == variable.shape[1]]
        self.names.sort(key=lambda name: -square.count(name))
        for order in islice(permutations(self._free(2, len(self.names))), most):
            found = self._with_indices(self._at_least(order), 0)
            if found is not None:
                yield found

    def grown(self, sizes: Mapping[str, int], seed: int, start: int = 0, gap: int = 0) -> Sizes | None:
        """Other sizes in the same order, the smallest of them `start` at least: where the least was m it is m again.

        They are more than `gap` apart.  No name stands for the number that it was, and no difference of two stays as it was for long.
        """
        random = Random(repr((seed, "grown")))
        for more in range(1, 5):
            chosen: Sizes = {}
            last = 0
            for name in sorted(self.names, key=lambda name: sizes[name]):
                least = last + 1 + gap + random.randrange(3) if last else start
                last = max(sizes[name] + more, least)
                while last in self.taken or last == sizes[name]:
                    last += 1
                chosen[name] = last
            found = self._with_indices(chosen, seed + more)
            if found is not None:
                return found
        return None

    def large(self, sizes: Mapping[str, int], seed: int) -> list[Sizes]:
        """Sizes at which no identity of small matrices holds and no number written beside a size stands for one.

        All names at once, as far as that is not too much work; where it is not far enough for the numbers also one by one.
        """
        written = max(map(_written, self.typeds)) + 1
        enough = max(written, *map(_enough, self.typeds))
        found = []
        # m - n - 3 vanishes at no larger difference.
        apart = min(written, _LARGEST_GAP) if len(self.names) > 1 else 0
        for start, gap in product(_down(enough, min([enough, *(sizes[name] for name in self.names)])), dict.fromkeys((apart, 0))):
            grown = self.grown(sizes, seed, start, gap)
            if grown is not None and self.work(grown) <= (MOST_WORK if start <= written else MOST_WORK // 4):
                if start >= written:
                    return [grown]
                found.append(grown)
                break
        for name in self.names:
            for number in _down(written + len(self.taken) + len(self.names), sizes[name]):
                alone = self._with_indices({**{n: sizes[n] for n in self.names}, name: number}, seed)
                is_new = number not in self.taken and number not in sizes.values()
                if alone is not None and is_new and self.work(alone) <= MOST_WORK:
                    found.append(alone)
                    break
        return found

    def work(self, sizes: Mapping[str, int]) -> int:
        """About how many multiplications an evaluation of all the expressions takes."""
        return sum(_work(typed, sizes) for typed in self.typeds)

    def _free(self, start: int, count: int) -> list[int]:
        """The first numbers, from `start` on, that no size has."""
        return list(islice((number for number in counting(start) if number not in self.taken), count))

    def _at_least(self, numbers: Sequence[int]) -> Sizes:
        """A number for every name, in order; one that is too small for an index becomes the next that is free."""
        used = {*self.taken, *numbers}
        chosen: Sizes = {}
        for name, number in zip(self.names, numbers):
            if number < self.least[name]:
                number = next(n for n in range(self.least[name], self.least[name] + len(used) + 1) if n not in used)
                used.add(number)
            chosen[name] = number
        return chosen

    def _with_indices(self, chosen: Sizes, turn: int) -> Sizes | None:
        """With a number for every name that stands as an index, all different where there is room; None where nothing fits."""
        sizes = {**self.fixed, **chosen}
        count = len(self.indices)
        starts = [1 + (first + turn) % (count + 2) for first in range(count + 2)] if count else [1]
        # x[i] x[j] is another thing where i is j: now and then it is.
        for apart in (0, 1) if turn % 3 == 2 else (1, 0):
            for first in starts:
                numbers = [first + apart * ((place + turn) % count) for place in range(count)]
                found = {**dict(zip(self.indices, numbers)), **sizes}
                if self.fits(found):
                    return found
        return None


def _places(typed: Typed) -> Iterator[tuple[Expr, Dim]]:
    """Every index that is written, with the size of the axis that it picks from."""
    for node in nodes_of(typed):
        if node.op == "at":
            yield from ((place, dim) for place, dim in zip(node.args[1:], shape_of(node.args[0])) if place.op != "all")
        elif node.op == "e" and all(part.op != "index" for part in post_order(node.args[0])):
            yield node.args[0], shape_of(node)[0]


def _down(first: int, last: int) -> Iterator[int]:
    """From the first number down to the one after the last: one by one where they are small, else in steps of a fifth."""
    while first > last:
        yield first
        first -= max(1, first // 5 if first > 20 else 1)


def _enough(typed: Typed) -> int:
    """A size at which an equation of this expression with another of its length is no accident of small matrices.

    An identity in traces and products of d matrices that holds for all matrices of a size n >= d + 1 holds at every size
    (Procesi, The invariant theory of n x n matrices, 1976, section 4: those of size d and less follow from Cayley and Hamilton's, of
    degree d).
    """
    degrees: dict[int, int] = {}
    known = dict.fromkeys(typed.variables, 1)
    for name, root in (*typed.definitions.items(), ("", typed.expr)):
        for node in post_order(root):
            degrees[id(node)] = _degree(node, degrees, known)
        known[name] = degrees[id(root)]
    return known[""] + 2


def _written(typed: Typed) -> int:
    """The largest number that is written in an expression with sizes: factors such as n - 3 vanish at no larger size."""
    nodes = list(nodes_of(typed))
    if not any(node.op in ("rows", "cols", "size") or row_of(node.op).counts_entries for node in nodes):
        return 0
    numbers = [
        int(abs(Fraction(node.value))) for node in nodes if node.op == "number" and isinstance(node.value, (int, Fraction))
    ]
    return max((number for number in numbers if number < _LARGEST_WRITTEN), default=0)


def _degree(node: Expr, degrees: Mapping[int, int], known: Mapping[str, int]) -> int:
    """The number of factors in the longest product; inverses and determinants count as letters of their own."""
    if node.op == "name":
        return known.get(str(node.value), 1)
    below = [degrees[id(arg)] for arg in values_of(node)]
    if not below:
        return 0
    if node.op in ("^", ".^"):
        exponent = unsigned(node.args[1])
        times = int(exponent.value) if exponent.op == "number" and isinstance(exponent.value, (int, Fraction)) else 1
        is_inverse = exponent is not node.args[1] and not is_scalar(node)
        return min((1 if is_inverse else below[0]) * max(1, times), _LARGEST_DEGREE)
    if row_of(node.op).is_of_whole_matrix:
        return 1
    if node.op in ("/", "./") or row_of(node.op).form == "op":
        return min(sum(below), _LARGEST_DEGREE)
    return max(below)


def _work(typed: Typed, sizes: Mapping[str, int]) -> int:
    """About how many multiplications an evaluation takes."""
    total = 0
    for node in nodes_of(typed):
        if node.op == "sigma":  # as often as there are entries
            total += prod(number_of_dim(dim, sizes) for dim in sizes_of_indices(node).values())
        elif node.shape is not None:
            rows, columns = stored_size(shape_of(node), sizes)
            total += rows * columns
            if node.op == "*":
                inner = [shape_of(arg)[1] for arg in node.args[:-1] if not is_scalar(arg)]
                total += rows * columns * sum(number_of_dim(dim, sizes) for dim in inner)
            elif row_of(node.op).is_of_whole_matrix:
                total += _PRODUCTS * max(number_of_dim(dim, sizes) for dim in shape_of(node.args[0])) ** 3
    return total
