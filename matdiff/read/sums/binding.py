"""`bound`: which subscripts and entries the sums in an expression bind, which are held, and which are axes of the value."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from matdiff.functions import NAMES, RESERVED
from matdiff.language.errors import IndexSum
from matdiff.language.queries import axis_letters, held_letter, index_names, post_order, sets_of
from matdiff.language.syntax import MODULUS, Expr
from matdiff.read.sums.heads import MOST_INDICES, MOST_LETTERS, NOWHERE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence


def bound(expr: Expr, declared: Collection[str] = ()) -> Expr:
    """The expression in which the subscripts of names and the indices of entries that a sum binds are its indices.

    A letter beside one of these, as i in `sum_j a_ij x_j` and in `sum[j] A[i,j] x[j]`, is an index too: that of the value, an array.
    x_i outside of all sums, beside a sum over x_k, is the member of the same family at the position i, which is held.
    A name that is declared stays one.  Raises IndexSum for an index that stands anywhere else.
    """
    binding = _Binding(expr, declared)
    letters = () if axis_letters(expr) else binding.beside
    return binding.at(expr, letters) if letters else binding.of(expr, {})


def is_indexed(expr: Expr, declared: Collection[str]) -> bool:
    """Whether it says itself that it is index notation: by a delta, or by more indices than matrices have."""
    return any(node.op == "at" and (_is_delta(node, declared) or len(node.args) > 3) for node in post_order(expr))


def _is_delta(node: Expr, declared: Collection[str]) -> bool:
    """Whether it is `delta[i,j]`, where no delta is declared."""
    base, *places = node.args
    is_name = base.op == "name" and base.value == _DELTA and _DELTA not in declared
    return is_name and len(places) == 2 and all(place.op == "name" for place in places)


def held_at(expr: Expr, letters: Collection[str], declared: Collection[str] = ()) -> Expr:
    """The array of what an expression is at these letters, which stand in its subscripts; its sums may be bound already."""
    return _Binding(expr, declared).at(expr, letters)


_DELTA = "delta"
# The stem of a member and its letters, empty where another place than a name stands in brackets.
_Parts = tuple[str, tuple[str, ...]]


class _Found(NamedTuple):
    """What may be a member, with the letters of the sums around."""

    stem: str
    letters: tuple[str, ...]
    within: frozenset[str]
    bracketed: bool

    @property
    def is_mixed(self) -> bool:
        """Whether sums bind some of its letters, but not all."""
        return not self.within.isdisjoint(self.letters) and not self.within.issuperset(self.letters)


class _Binding:
    """What the subscripts in an expression are.

    families   the stems of members whose indices sums bind, with their number of indices
    held       the letters that stand as indices of families where no sum binds them, or in conditions and outside of sums
    beside     the letters of the axes of the value: those beside letters of sums, and nowhere outside of sums but in brackets
    sets       the names of sets over whose members is summed, with the letters of the axes of their arrays
    """

    def __init__(self, expr: Expr, declared: Collection[str]) -> None:
        self.declared = declared
        sums = [node for node in post_order(expr) if node.op == "over"]
        self.sets = {str(part.value): [str(index.value) for index in part.args] for node in sums for part in sets_of(node)}
        found = [one for one in _members(expr, frozenset()) if all(one.letters)]
        outside = {letter for one in found if not one.within for letter in one.letters}
        free = {letter for one in found if not one.bracketed and not one.within for letter in one.letters}
        self.beside = sorted(
            {
                letter
                for one in found
                if (one.is_mixed and len(one.letters) <= MOST_LETTERS) or one.bracketed
                for letter in one.letters
                if letter not in one.within and letter not in free and letter not in declared
            }
        )
        self.families = {
            (one.stem, len(one.letters))
            for one in found
            if one.stem
            and (one.within.issuperset(one.letters) or (one.is_mixed and outside.issuperset(set(one.letters) - one.within)))
        }
        self.held = {
            letter
            for one in found
            if (one.stem, len(one.letters)) in self.families and not self._is_name(one.stem, one.letters)
            for letter in one.letters
            if letter not in one.within
        }
        self.held |= {letter for letter, is_told in _conditions(expr, frozenset()) if is_told or letter in outside}

    def _is_name(self, stem: str, letters: Sequence[str]) -> bool:
        return f"{stem}_{''.join(letters)}" in self.declared

    def at(self, expr: Expr, letters: Collection[str]) -> Expr:
        """The array of the expression at these letters."""
        own = [Expr("index", (), held_letter(letter), expr.span) for letter in letters]
        return Expr("over", (self.of(expr, dict(zip(letters, own))), *own), "array", expr.span)

    def of(self, expr: Expr, indices: Mapping[str, Expr]) -> Expr:
        """The expression under sums over `indices`."""
        if expr.op == "over":
            return self._over(expr, indices)
        if MODULUS in (expr.op, expr.value) and expr.args[0].op == "name":
            number = self._number(expr, expr.args[0], indices)
            if number is not None:
                return number
        if expr.op == "name" and expr.value in indices:
            raise IndexSum(span=expr.span or NOWHERE, written=str(expr.value), problem="value", index=str(expr.value))
        if expr.op == "name" and expr.args:  # bound already
            return expr.replace(args=tuple(_place(place, indices) for place in expr.args))
        parts = _parts(expr)
        if parts is not None and self._is_member(*parts, indices):
            member = self._member(expr, *parts, indices)
            is_delta = expr.op == "at" and _is_delta(expr, self.declared)
            return Expr("at", (Expr("I", (), span=expr.span), *member.args), span=expr.span) if is_delta else member
        if expr.op == "at":
            places = [self._position(place, indices) for place in expr.args[1:]]
            return expr.replace(args=(self.of(expr.args[0], indices), *places))
        return expr.replace(args=tuple(self.of(arg, indices) for arg in expr.args)) if expr.args else expr

    def _position(self, place: Expr, indices: Mapping[str, Expr]) -> Expr:
        """A place in brackets: an index, or a position, which must be the same in every term.  Raises IndexSum for y_i."""
        if place.op != "name":
            return self.of(place, indices)
        parts = _parts(place)
        if parts is not None and self._is_member(*parts, indices):
            raise IndexSum(span=place.span or NOWHERE, written=str(place.value), problem="position", index=parts[1][0])
        return _place(place, indices)

    def _number(self, expr: Expr, name: Expr, indices: Mapping[str, Expr]) -> Expr | None:
        """|S| and |N(i)|: the number of members of a set; None for what is none."""
        if name.value in self.sets:
            return Expr("sum", (name,), span=expr.span)
        stem, letters = _parts(name) or ("", ())
        axes = self.sets.get(stem, [])
        if not 0 < len(letters) < len(axes):
            return None
        start = 0 if name.span is None else name.span.start
        own = [Expr("index", (), f"{letter} {start}", expr.span) for letter in axes[len(letters) :]]
        member = self._placed(Expr("name", (), stem, name.span), letters, stem, indices)
        return Expr("over", (member.replace(args=(*member.args, *own)), *own), "sum", expr.span)

    def _over(self, expr: Expr, indices: Mapping[str, Expr]) -> Expr:
        if any(" " in index for index in index_names(expr.args[1:])):  # bound already
            inner = [
                part if part.op == "index" else part.replace(args=tuple(_place(p, indices) for p in part.args))
                for part in expr.args[1:]
            ]
            return expr.replace(args=(self.of(expr.args[0], indices), *inner))
        start = 0 if expr.span is None else expr.span.start
        conditions = [part for part in expr.args[1:] if part.op == "condition"]
        told = {str(index.value) for condition in conditions for index in condition.args}
        letters = index_names(expr.args[1:])
        # j != i under a sum over i, or beside an i that is held
        running = {letter for letter in letters if not (letter in told and (letter in indices or letter in self.held))}
        if not running and indices.keys() >= set(letters):
            running = set(letters)  # a sum over all of them inside of one over the same
        if not running:
            raise IndexSum(span=expr.span or NOWHERE, written=sorted(told)[0], problem="unbound", index=sorted(told)[0])
        own = {
            str(index.value): Expr("index", index.args, f"{index.value} {start}", index.span)
            for index in expr.args[1:]
            if index.op == "index" and index.value in running
        }
        inside = {**indices, **own}
        sets, conditions = (
            [self._placed(part, [str(index.value) for index in part.args], str(part.value), inside) for part in parts]
            for parts in (sets_of(expr), conditions)
        )
        return expr.replace(args=(self.of(expr.args[0], inside), *sets, *own.values(), *conditions))

    def _is_member(self, stem: str, letters: tuple[str, ...], indices: Mapping[str, Expr]) -> bool:
        if not all(letters):  # A[i,1] and A[i,:]
            return False
        bound = [letter in indices for letter in letters]
        if any(bound) if len(bound) <= MOST_LETTERS else all(bound):
            return True
        return (stem, len(letters)) in self.families and not self._is_name(stem, letters)

    def _member(self, expr: Expr, stem: str, letters: tuple[str, ...], indices: Mapping[str, Expr]) -> Expr:
        name = stem + "_" if stem in NAMES or stem in RESERVED else stem  # pi_k is no member of the number pi
        return self._placed(Expr("name", (), name, expr.span), letters, stem, indices)

    def _placed(self, expr: Expr, letters: Sequence[str], written: str, indices: Mapping[str, Expr]) -> Expr:
        """The name or condition at these indices of sums, without their upper bounds, or at positions that are held."""
        for letter in letters:
            if letter not in indices and letter not in self.held:
                raise IndexSum(span=expr.span or NOWHERE, written=written, problem="unbound", index=letter or ":")
        places = [indices[one].replace(args=()) if one in indices else Expr("name", (), one, expr.span) for one in letters]
        return expr.replace(args=tuple(places))


def _place(place: Expr, indices: Mapping[str, Expr]) -> Expr:
    """An index, without its upper bound, where a letter of `indices` stands as a place."""
    return indices[str(place.value)].replace(args=()) if place.op == "name" and place.value in indices else place


def _members(expr: Expr, within: frozenset[str]) -> Iterator[_Found]:
    """What may be members, and entries of what is no name, whose stem is empty."""
    parts = ("", _letters(expr)) if expr.op == "at" and expr.args[0].op != "name" else _parts(expr)
    if parts is not None:
        yield _Found(*parts, within, expr.op == "at")
    inside = within.union(index_names(expr.args[1:])) if expr.op == "over" else within
    for arg in expr.args[:1] if expr.op == "over" else expr.args:
        yield from _members(arg, inside)


def _conditions(expr: Expr, within: frozenset[str]) -> Iterator[tuple[str, bool]]:
    """The letters in sets and conditions that no sum around binds, and whether nothing but the set is told by them, i in j∈N(i)."""
    inside = within
    if expr.op == "over":
        own = frozenset(index_names(expr.args[1:]))
        told = [(str(index.value), part.op == "name") for part in expr.args[1:] if part.op != "index" for index in part.args]
        yield from ((letter, is_set) for letter, is_set in told if letter not in within and not (is_set and letter in own))
        inside = within | own
    for arg in expr.args[:1] if expr.op == "over" else expr.args:
        yield from _conditions(arg, inside)


def _letters(entry: Expr) -> tuple[str, ...]:
    return tuple(str(place.value) if place.op == "name" else "" for place in entry.args[1:])


def _parts(expr: Expr) -> _Parts | None:
    """Stem and letters of `x_i` and `X[i,j]`, for other places than names empty ones; None for what is no member."""
    if expr.op == "at" and expr.args[0].op == "name":
        return str(expr.args[0].value), _letters(expr)
    stem, _, letters = str(expr.value).rpartition("_") if expr.op == "name" else ("", "", "")
    return (stem, tuple(letters)) if stem and letters.isalpha() and len(letters) <= MOST_INDICES else None
