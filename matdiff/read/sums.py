"""Sums, products and extrema over an index, `sum_i`, `∑_{i,j}`, `prod_{i=1}^n`, `max_i`, `sum_{i in S}`.

Their heads become one token, and the subscripts that they bind indices.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from matdiff.functions import NAMES, RESERVED
from matdiff.language.errors import IndexSum
from matdiff.language.queries import held_letter, post_order, rebuilt, sets_of
from matdiff.language.syntax import MODULUS, Expr, Span
from matdiff.read.split import made, span_of
from matdiff.read.tokens import normal_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from matdiff.read.lalr import Token
    from matdiff.read.split import Sentence

_WORDS = {
    "sum": "sum",
    "Sum": "sum",
    "SUM": "sum",
    "∑": "sum",
    "Σ": "sum",
    "mean": "mean",
    "avg": "mean",
    "prod": "prod",
    "∏": "prod",
    "Π": "prod",
    "max": "max",
    "min": "min",
}
EXTREMA = ("max", "min")
# A longer subscript is a word, and one of more than three letters that are not all indices.
MOST_INDICES = 6
MOST_LETTERS = 3
NOWHERE = Span(0, 0)
_HEAD = rf"({'|'.join(_WORDS)})_?([a-zA-Z]*)\Z"
# A member of a set, of pairs, or of the set that belongs to another index.
_MEMBER = r"([a-zA-Z]|\([a-zA-Z],[a-zA-Z]\)|[a-zA-Z]{2})∈([A-Za-z]\w*?)(?:\(([a-zA-Z](?:,[a-zA-Z])?)\)|_([a-zA-Z]))?"
_CONDITION = r"(?:1(?:<=|≤))?([a-zA-Z])(!=|≠|<)([a-zA-Z])(?:(?:<=|≤)(\w+))?"
_BRACES = {"{": "}", "[": "]", "(": ")"}


class Head(NamedTuple):
    """The head of a sum: `sum`, `mean`, `prod`, `max` or `min`, and the place behind its last token.

    indices   with their upper bounds; behind them `i!=j`, `i<j` and `i,j∈S`, conditions without any
    """

    kind: str
    indices: dict[str, str]
    end: int


def heads(tokens: list[Token], declared: Collection[str]) -> Iterator[tuple[int, Head | None]]:
    """The sums over an index in the tokens, by the place of their first token; None for one that is not read."""
    place = 0
    while place < len(tokens):
        token = tokens[place]
        found = re.match(_HEAD, token) if token.type in ("NAME", "UNKNOWN") and token not in declared else None
        is_sum = found is not None and (
            len(found[0]) > len(found[1]) or token.type == "UNKNOWN" or _opens(tokens, place + 1, "[")
        )
        is_extremum = found is not None and found[1] in EXTREMA
        is_unsure = token[0] in "ΣΠ" or (is_extremum and not token.endswith("_"))
        if found is None or not is_sum or (is_unsure and not _binds(tokens, found[2])):
            place += 1
            continue
        head = _head(tokens, place, _WORDS[found[1]], found[2])
        yield place, head
        place = place + 1 if head is None else head.end


def _opens(tokens: list[Token], place: int, bracket: str) -> bool:
    return place < len(tokens) and tokens[place] == bracket and tokens[place].start_pos == tokens[place - 1].end_pos


def _binds(tokens: list[Token], letters: str) -> bool:
    """Whether a name has one of these letters in its subscript, and none is a name: Σ_i may be a matrix, and min_x asks by x."""
    names = [token for token in tokens if token.type == "NAME" and token[0] not in "ΣΠ"]
    subscripts = {letter for token in names if not re.match(_HEAD, token) for letter in token.rpartition("_")[2] if "_" in token}
    return bool(subscripts.intersection(letters)) and not set(letters).intersection(names)


def _head(tokens: list[Token], place: int, kind: str, letters: str) -> Head | None:
    end, bounds = place + 1, dict.fromkeys(letters, "")
    if not letters and end < len(tokens) and tokens[end].type == "FOREIGN" and re.fullmatch("_[a-z]+", tokens[end]):
        bounds, end = dict.fromkeys(tokens[end][1:], ""), end + 1
    elif not letters:
        end += end < len(tokens) and tokens[end] == "_"
        closer = _BRACES.get(tokens[end]) if end < len(tokens) else None
        inside = []
        end += 1
        while closer is not None and end < len(tokens) and tokens[end] != closer:
            inside.append("∈" if tokens[end] == "in" else normal_name(tokens[end]))
            end += 1
        if closer is None or end == len(tokens):
            return None
        bounds = bounds_in("".join(inside))
        end += 1
    if not bounds or not may_hold(kind, bounds):
        return None
    return _with_upper(tokens, Head(kind, bounds, end))


def may_hold(kind: str, bounds: Mapping[str, str]) -> bool:
    """Whether the terms of this kind may be told by conditions, if there are any: a maximum is taken over all."""
    return kind not in EXTREMA or all(len(index) == 1 for index in bounds)


def bounds_in(written: str) -> dict[str, str]:
    """The indices in `i`, `ij`, `i,j`, `i=1`, `i=1..n`, and conditions, `i != j`, `1 <= i < j <= n`, `i∈S`, `(i,j)∈S` and `j∈N(i)`.

    `j>i` and `j=i+1` are sums over j.  None where it says more; `i,j∈S` may be a pair in S, or two members of it.
    """
    if re.fullmatch(f"[a-zA-Z]{{2,{MOST_INDICES}}}", written) and len(set(written)) == len(written):
        return dict.fromkeys(written, "")
    found: dict[str, str] = {}
    member = re.fullmatch(_MEMBER, written)
    if member is not None:
        own = re.findall("[a-zA-Z]", member[1])
        given = (member[3] or member[4] or "").replace(",", "")
        if len({*own, *given}) < len(own) + len(given):
            return {}
        return {**dict.fromkeys(own, ""), f"{','.join((*given, *own))}∈{member[2]}": ""}
    for part in written.replace(",...,", "...").split(","):
        condition = re.fullmatch(_CONDITION, part)
        if condition is not None and condition[1] != condition[3]:
            for index in (condition[1], condition[3]):
                found[index] = found.get(index) or condition[4] or ""
            found[condition[1] + condition[2].replace("≠", "!=") + condition[3]] = ""
            continue
        above = re.fullmatch(r"([a-zA-Z])(?:>([a-zA-Z])|=([a-zA-Z])\+1)", part)
        if above is not None and above[1] not in (above[2], above[3]):
            found.setdefault(above[1], "")
            found[f"{above[2] or above[3]}<{above[1]}"] = ""
            continue
        match = re.fullmatch(r"([a-zA-Z])(?:=1(?:(?:\.\.\.?|:|…)(\w+))?)?|1(?:<=|≤)([a-zA-Z])(?:<=|≤)(\w+)", part)
        index = (match[1] or match[3]) if match is not None else ""
        if match is None or index in found:
            return {}
        found[index] = match[2] or match[4] or ""
    return found


def _with_upper(tokens: list[Token], head: Head) -> Head | None:
    """`^n` or `^{n}` behind the head of a sum."""
    if head.end >= len(tokens) or tokens[head.end].type != "CARET":
        return head
    place = head.end + 1
    braced = place < len(tokens) and tokens[place] in ("{", "(")
    place += braced
    if place >= len(tokens) or tokens[place].type not in ("NAME", "NUMBER"):
        return None
    bounds, place = up_to(head.indices, str(tokens[place])), place + 1
    if not bounds or (braced and (place >= len(tokens) or tokens[place] not in ("}", ")"))):
        return None
    return Head(head.kind, bounds, place + braced)


def up_to(bounds: Mapping[str, str], upper: str) -> dict[str, str]:
    """The indices that all run up to this size; none where something else tells up to where."""
    if any(bounds.values()) or any("∈" in index for index in bounds):
        return {}
    return {index: upper if len(index) == 1 else "" for index in bounds}


def refuse(sentence: Sentence, token: Token) -> None:
    """A sum that is not read."""
    sentence.fail(IndexSum(span=span_of(token), written=str(token)))


def of_indices(tokens: list[Token], sets: Collection[str]) -> list[Token]:
    """`N(i)`, the set that belongs to an index, as N_i."""
    result: list[Token] = []
    place = 0
    while place < len(tokens):
        token, behind = tokens[place], tokens[place + 1 : place + 4]
        place += 1
        if token in sets and [other.type for other in behind] == ["LPAR", "NAME", "RPAR"] and len(behind[1]) == 1:
            token, place = made(token, "NAME", f"{token}_{behind[1]}", token.start_pos, behind[2].end_pos), place + 3
        result.append(token)
    return result


# Einsum


def einsums(tokens: list[Token], text: str) -> list[Token]:
    """`einsum("ij,j->i", A, x)`: the name and the quoted subscripts are one token, which is called with the arrays."""
    result: list[Token] = []
    place = 0
    while place < len(tokens):
        token, behind = tokens[place], tokens[place + 1 : place + 3]
        result.append(token)
        place += 1
        if token != "einsum" or [other.type for other in behind[:1]] != ["LPAR"] or behind[-1] not in ('"', "'"):
            continue
        end = next((later for later in range(place + 2, len(tokens)) if tokens[later] == behind[1]), None)
        if end is not None and [other.type for other in tokens[end + 1 : end + 2]] == ["COMMA"]:
            written = text[behind[1].end_pos : tokens[end].start_pos]
            result[-1:] = [made(token, "EINSUM", written, token.start_pos, token.end_pos), behind[0]]
            place = end + 2
    return result


def axes_of(subscripts: str, count: int, span: Span) -> tuple[list[str], str]:
    """The letters of the axes of so many operands, and of the array that they make.

    Without an arrow these are the letters that stand once, in alphabetical order.  Raises IndexSum.
    """
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    inputs = left.split(",")
    if not arrow:
        right = "".join(sorted(letter for letter in set(left) - {","} if left.count(letter) == 1))
    problem = ""
    if "..." in subscripts:
        problem = "ellipsis"
    elif not re.fullmatch("[a-zA-Z]*", "".join(inputs) + right):
        problem = "letters"
    elif len(inputs) != count:
        problem = "operands"
    elif not set(right) <= set("".join(inputs)) or len(set(right)) < len(right):
        problem = "output"
    if problem:
        raise IndexSum(span=span, written=subscripts, problem=problem)
    return inputs, right


def einsum(subscripts: str, operands: Sequence[Expr], span: Span) -> Expr:
    """The array with these subscripts of the axes of the operands, `ij,j->i`, as a sum over the indices that are no axes of it.

    Raises IndexSum.
    """
    inputs, right = _in_order(*axes_of(subscripts, len(operands), span))
    letters = "".join(inputs)
    indices = {letter: Expr("index", (), f"{letter} {span.start}", span) for letter in dict.fromkeys(letters)}
    factors = [_entry(operand, [indices[letter] for letter in one]) for one, operand in zip(inputs, operands)]
    body = factors[0] if len(factors) == 1 else Expr("*", tuple(factors), span=span)
    summed = [index for letter, index in indices.items() if letter not in right]
    total = Expr("over", (body, *summed), "sum", span) if summed else body
    return Expr("over", (total, *(indices[letter] for letter in right)), "array", span) if right else total


def _in_order(inputs: Sequence[str], right: str) -> tuple[list[str], str]:
    """The same subscripts with letters that are those of the axes in the order of the alphabet, as they are printed and read."""
    letters = dict.fromkeys("".join([right, *inputs]))
    names = dict(zip(letters, sorted(letters) if list(right) != sorted(right) else letters))
    return ["".join(map(names.__getitem__, one)) for one in inputs], "".join(map(names.__getitem__, right))


def _entry(array: Expr, indices: Sequence[Expr]) -> Expr:
    """An entry of an array: of a vector, where there is one index, and not of a family; what is more than a matrix only has a name."""
    if array.op == "name" and len(indices) > 2:
        return Expr("name", tuple(indices), array.value, array.span)
    if array.op == "over" and array.value == "array" and indices:  # what is written by its entries
        named = {own.value: index for own, index in zip(array.args[1:], indices)}
        return rebuilt(array.args[0], lambda node, again: named.get(node.value, again) if node.op == "index" else again)
    return Expr("at", (array, *indices), span=array.span) if indices else array


# The names that a sum binds


def bound(expr: Expr, declared: Collection[str] = ()) -> Expr:
    """The expression in which the subscripts of names and the indices of entries that a sum binds are its indices.

    A letter beside one of these, as i in `sum_j a_ij x_j` and in `sum[j] A[i,j] x[j]`, is an index too: that of the value, an array.
    x_i outside of all sums, beside a sum over x_k, is the member of the same family at the position i, which is held.
    A name that is declared stays one.  Raises IndexSum for an index that stands anywhere else.
    """
    binding = _Binding(expr, declared)
    letters = () if expr.op == "over" and expr.value == "array" else binding.beside
    return held_at(expr, letters, declared) if letters else binding.of(expr, {})


def is_indexed(expr: Expr) -> bool:
    """Whether it says itself that it is index notation: by a delta, or by more indices than matrices have."""
    return any(node.op == "at" and (_is_delta(node) or len(node.args) > 3) for node in post_order(expr))


def _is_delta(node: Expr) -> bool:
    """Whether it is `delta[i,j]`."""
    base, *places = node.args
    return base.op == "name" and base.value == "delta" and len(places) == 2 and all(place.op == "name" for place in places)


def held_at(expr: Expr, letters: Collection[str], declared: Collection[str] = ()) -> Expr:
    """The array of what an expression is at these letters, which stand in its subscripts; its sums may be bound already."""
    own = [Expr("index", (), held_letter(letter), expr.span) for letter in letters]
    return Expr("over", (_Binding(expr, declared).of(expr, dict(zip(letters, own))), *own), "array", expr.span)


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
            if one.within.issuperset(one.letters) or (one.is_mixed and outside.issuperset(set(one.letters) - one.within))
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
            is_delta = expr.op == "at" and _is_delta(expr) and "delta" not in self.declared
            return Expr("at", (Expr("I", (), span=expr.span), *member.args), span=expr.span) if is_delta else member
        if expr.op == "at":
            places = [self.of(place, indices) if place.op != "name" else _place(place, indices) for place in expr.args[1:]]
            return expr.replace(args=(self.of(expr.args[0], indices), *places))
        return expr.replace(args=tuple(self.of(arg, indices) for arg in expr.args)) if expr.args else expr

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
        if any(" " in str(part.value) for part in expr.args[1:] if part.op == "index"):  # bound already
            inner = [
                part if part.op == "index" else part.replace(args=tuple(_place(p, indices) for p in part.args))
                for part in expr.args[1:]
            ]
            return expr.replace(args=(self.of(expr.args[0], indices), *inner))
        start = 0 if expr.span is None else expr.span.start
        conditions = [part for part in expr.args[1:] if part.op == "condition"]
        told = {str(index.value) for condition in conditions for index in condition.args}
        own = {
            str(index.value): Expr("index", index.args, f"{index.value} {start}", index.span)
            for index in expr.args[1:]
            # j != i under a sum over i, or beside an i that is held
            if index.op == "index" and not (index.value in told and (index.value in indices or index.value in self.held))
        }
        if not own:
            raise IndexSum(span=expr.span or NOWHERE, written=sorted(told)[0], problem="unbound", index=sorted(told)[0])
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
    """What may be members."""
    parts = _parts(expr)
    if parts is not None:
        yield _Found(*parts, within, expr.op == "at")
    inside = within.union(str(index.value) for index in expr.args[1:] if index.op == "index") if expr.op == "over" else within
    for arg in expr.args[:1] if expr.op == "over" else expr.args:
        yield from _members(arg, inside)


def _conditions(expr: Expr, within: frozenset[str]) -> Iterator[tuple[str, bool]]:
    """The letters in sets and conditions that no sum around binds, and whether nothing but the set is told by them, i in j∈N(i)."""
    inside = within
    if expr.op == "over":
        own = {str(index.value) for index in expr.args[1:] if index.op == "index"}
        told = [(str(index.value), part.op == "name") for part in expr.args[1:] if part.op != "index" for index in part.args]
        yield from ((letter, is_set) for letter, is_set in told if letter not in within and not (is_set and letter in own))
        inside = within | own
    for arg in expr.args[:1] if expr.op == "over" else expr.args:
        yield from _conditions(arg, inside)


def _parts(expr: Expr) -> _Parts | None:
    """Stem and letters of `x_i` and `X[i,j]`, for other places than names empty ones; None for what is no member."""
    if expr.op == "at" and expr.args[0].op == "name":
        return str(expr.args[0].value), tuple(str(place.value) if place.op == "name" else "" for place in expr.args[1:])
    stem, _, letters = str(expr.value).rpartition("_") if expr.op == "name" else ("", "", "")
    return (stem, tuple(letters)) if stem and letters.isalpha() and len(letters) <= MOST_INDICES else None
