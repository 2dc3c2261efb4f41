"""Exponentials divided by the largest among them, wherever their common factor does not matter: exp(x - max(x)) / sum(...).

A value is homogeneous of degree d in some exponentials if it is multiplied by c^d when they all are multiplied by c.  Then it may
be computed from exp(x - m) in their place and multiplied by exp(d m), and log(u) is log of u so computed, plus d m.  With m the
largest exponent nothing overflows, and what is divided by is not zero.  This is the law behind logsumexp and softmax, and covers
whatever the derivatives of formulas with exponentials look like: rows and columns written out, log(exp(a) + exp(b)), quotients.

c is one number, or has an entry for every row, for every column, or for every entry: a mode.  The degree of a matrix is a pair,
how it goes with its rows and with its columns: diag(c)^p M diag(c)^q.  In a sum, terms of lower degree are multiplied by
exp(-m), which makes 1 + exp(x) homogeneous; m is then at least 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Union

from matdiff.dims import ONE, SCALAR
from matdiff.formula import call, is_scalar, number, ones, shape_of
from matdiff.parts import constant
from matdiff.syntax import Expr
from matdiff.walk import post_order

# How a value goes with c: in (rows, columns), or by the letters of its indices; None where it is not homogeneous.
Degree = Union[tuple[Fraction, Fraction], Mapping[tuple[str, ...], Fraction], None]
_NONE = Fraction(0), Fraction(0)
# Operations that add up entries.
_SUMS = frozenset(("sum", "mean", "dot", ":"))
_ENTRIES = frozenset(("entry", "delta", "sigma"))


def shifted(root: Expr) -> Expr:
    """The expression with its exponentials shifted where that leaves its value as it is."""
    for group, axes in _groups(root):
        for mode in _modes(group, axes):
            found = _Shift(root, group, mode).result()
            if found is not root:
                root = found
                break
    return root


def _groups(root: Expr) -> list[tuple[frozenset[Expr], int]]:
    """Exponentials that are added up below a fraction bar or in a logarithm, and how many axes that sum has at most.

    An entry of such a sum needs a shift of its own: the largest exponent of another one may be so large that it vanishes.
    """
    groups: list[tuple[frozenset[Expr], int]] = []
    for bottom in _bottoms(root):
        for node in post_order(bottom):
            if node.shape is None or not (node.op == "+" or node.op in _SUMS or (node.op == "*" and _sums_up(node))):
                continue
            together = frozenset(_exponentials(node))
            if together:
                near = [group for group in groups if group[0] & together]
                axes = [sum(not dim.is_one for dim in node.shape) if node.op == "+" else 0, *(axes for _, axes in near)]
                groups = [group for group in groups if not group[0] & together]
                groups.append((together.union(*(group for group, _ in near)), max(axes)))
    return groups


def _sums_up(product: Expr) -> bool:
    """Whether at least two factors are no numbers."""
    return sum(arg.shape is not None and not is_scalar(arg) for arg in product.args) > 1


def _bottoms(root: Expr) -> Iterator[Expr]:
    """What is divided by, what has a negative exponent, and what a logarithm is taken of."""
    for node in post_order(root):
        if node.op in ("/", "./"):
            yield node.args[1]
        elif node.op in ("log", "inv"):
            yield node.args[0]
        elif node.op in ("^", ".^") and _is_negative(node.args[1]):
            yield node.args[0]


def _is_negative(exponent: Expr) -> bool:
    value = constant(exponent)
    return value is not None and not isinstance(value, str) and value < 0


def _exponentials(root: Expr) -> Iterator[Expr]:
    """The exponentials that are not in the exponent of another one and have something to shift."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.op == "exp" and node.shape is not None:
            if not _is_shifted(node) and any(part.op == "name" for part in post_order(node)):
                yield node
        else:
            stack.extend(reversed(node.args))


def _is_shifted(node: Expr) -> bool:
    return any(part.op in ("largest", "row_max") for part in post_order(node.args[0]))


def _modes(group: frozenset[Expr], axes: int) -> list[str]:
    """The modes in which c can go with all exponentials and has so many axes or more, the finest first."""
    shapes = {shape_of(node) for node in group}
    rows, columns = ({shape[axis] for shape in shapes} for axis in (0, 1))
    modes = {
        "entries": 2 * (len(shapes) == 1 and not any(dim.is_one for dim in (*rows, *columns))),
        "rows": int(len(rows) == 1 and not any(dim.is_one for dim in rows)),
        "columns": int(len(columns) == 1 and not any(dim.is_one for dim in columns)),
        "whole": 0,
    }
    return [mode for mode, count in modes.items() if count >= axes and (count or mode == "whole")]


class _Shift:
    """One group of exponentials in one mode."""

    def __init__(self, root: Expr, group: frozenset[Expr], mode: str) -> None:
        self.root, self.group, self.mode = root, group, mode
        self.degrees: dict[int, Degree] = {}
        self.inside: dict[int, bool] = {}  # whether exponentials of the group are in it
        self.below: dict[int, bool] = {}  # whether something with them is divided by
        self.unequal: set[int] = set()  # sums that need the factor exp(-m)
        self.order = list(post_order(root))
        for node in self.order:
            self._look(node)
        self.done: dict[int, Expr] = {}

    # Degrees.

    def _look(self, node: Expr) -> None:
        is_member = node.op == "exp" and node in self.group
        inside = is_member or (node.op != "exp" and any(self.inside[id(arg)] for arg in node.args))
        self.inside[id(node)] = inside
        self.below[id(node)] = not (is_member or self._is_logarithm(node)) and any(self.below[id(arg)] for arg in node.args)
        bottom = {"/": 1, "./": 1, "inv": 0}.get(node.op, 0 if node.op in ("^", ".^") and _is_negative(node.args[1]) else None)
        if bottom is not None and self.inside[id(node.args[bottom])] and self._changes(node.args[bottom]):
            self.below[id(node)] = True
        if is_member:
            self.degrees[id(node)] = (Fraction(0), Fraction(1)) if self.mode == "columns" else (Fraction(1), Fraction(0))
        elif not inside:
            self.degrees[id(node)] = {} if self._has_letters(node) else _NONE
        else:
            self.degrees[id(node)] = self._degree(node)

    def _changes(self, node: Expr) -> bool:
        degree = self.degrees[id(node)]
        return degree is not None and any(degree.values() if isinstance(degree, Mapping) else degree)

    def _has_letters(self, node: Expr) -> bool:
        return node.op in _ENTRIES or any(isinstance(self.degrees.get(id(arg)), dict) for arg in node.args)

    def _degree(self, node: Expr) -> Degree:
        args = [self.degrees[id(arg)] for arg in node.args]
        if any(arg is None for arg in args):
            return None
        if node.op == "log":
            return _NONE
        if self._has_letters(node):
            return self._degree_of_entries(node, args)
        pairs = [arg for arg in args if isinstance(arg, tuple)]
        rule = getattr(self, f"_{_RULES.get(node.op, 'other')}")
        found: Degree = rule(node, pairs)
        return found

    def _sum(self, node: Expr, args: list[tuple[Fraction, Fraction]]) -> Degree:
        places = [place for place, arg in enumerate(node.args) if not _is_diagonal(arg)]
        plain = {args[place] for place in places}
        if len(plain) > 1:
            return self._unequal(node, plain)
        if not plain:
            return args[0] if len(set(args)) == 1 else None
        (degree,) = plain
        return degree if all(sum(args[p]) == sum(degree) for p in range(len(args)) if p not in places) else None

    def _unequal(self, node: Expr, found: set[tuple[Fraction, Fraction]]) -> Degree:
        """The largest degree, if the others are smaller along one axis only."""
        axes = [axis for axis in (0, 1) if len({degree[axis] for degree in found}) > 1]
        if len(axes) > 1 or any(_is_diagonal(arg) for arg in node.args):
            return None
        self.unequal.add(id(node))
        return max(found)

    def _kept(self, node: Expr, args: list[tuple[Fraction, Fraction]]) -> Degree:
        return args[0]

    def _product(self, node: Expr, args: list[tuple[Fraction, Fraction]]) -> Degree:
        left, left_is_diagonal = args[0], _is_diagonal(node.args[0])
        left_is_scalar = is_scalar(node.args[0])
        for arg, right in zip(node.args[1:], args[1:]):
            is_diagonal, scalar = _is_diagonal(arg), is_scalar(arg)
            if self.mode == "whole" or scalar or left_is_scalar:
                left = _added(left, right)
            elif self.mode == "entries":
                if any((*left, *right)):
                    return None
            elif left_is_diagonal:
                left = sum(left) + right[0], right[1]
            elif is_diagonal:
                left = left[0], left[1] + sum(right)
            elif left[1] + right[0]:
                return None
            else:
                left = left[0], right[1]
            left_is_diagonal = (left_is_diagonal or left_is_scalar) and (is_diagonal or scalar)
            left_is_scalar = (left_is_scalar and scalar) or (shape_of(node.args[0])[0].is_one and shape_of(arg)[1].is_one)
            if left_is_scalar and self.mode != "whole" and any(left):
                return None
        return left

    def _times(self, node: Expr, args: list[tuple[Fraction, Fraction]]) -> Degree:
        total = args[0]
        for arg in args[1:]:
            total = _added(total, arg)
        return total

    def _over(self, node: Expr, args: list[tuple[Fraction, Fraction]]) -> Degree:
        return args[0][0] - args[1][0], args[0][1] - args[1][1]

    def _power(self, node: Expr, args: list[tuple[Fraction, Fraction]]) -> Degree:
        exponent = constant(node.args[1])
        if exponent is None or isinstance(exponent, str) or any(args[1]):
            return None
        if node.op == "^" and not is_scalar(node.args[0]) and not (exponent == -1 and _is_diagonal(node.args[0])):
            return self._other(node, args)
        return args[0][0] * exponent, args[0][1] * exponent

    def _root(self, node: Expr, args: list[tuple[Fraction, Fraction]]) -> Degree:
        return args[0][0] / 2, args[0][1] / 2

    def _inverse(self, node: Expr, args: list[tuple[Fraction, Fraction]]) -> Degree:
        return (-args[0][0], -args[0][1]) if _is_diagonal(node.args[0]) or is_scalar(node.args[0]) else self._other(node, args)

    def _transpose(self, node: Expr, args: list[tuple[Fraction, Fraction]]) -> Degree:
        if self.mode == "entries":
            return self._other(node, args)
        return args[0] if self.mode == "whole" or _is_diagonal(node) else args[0][::-1]

    def _total(self, node: Expr, args: list[tuple[Fraction, Fraction]]) -> Degree:
        return args[0] if self.mode == "whole" or not any(args[0]) else None

    def _diag(self, node: Expr, args: list[tuple[Fraction, Fraction]]) -> Degree:
        if self.mode == "whole":
            return args[0]
        if self.mode == "entries":
            return self._other(node, args)
        return sum(args[0], Fraction(0)), Fraction(0)

    def _outer(self, node: Expr, args: list[tuple[Fraction, Fraction]]) -> Degree:
        if self.mode == "whole":
            return _added(*args)
        return (sum(args[0], Fraction(0)), sum(args[1], Fraction(0))) if self.mode != "entries" else self._other(node, args)

    def _inner(self, node: Expr, args: list[tuple[Fraction, Fraction]]) -> Degree:
        total = _added(*args)
        return total if self.mode == "whole" or not any(total) else None

    def _other(self, node: Expr, args: list[tuple[Fraction, Fraction]]) -> Degree:
        return None if any(any(arg) for arg in args) else _NONE

    def _degree_of_entries(self, node: Expr, args: list[Degree]) -> Degree:
        """In index notation: by the letters with which c goes."""
        if node.op == "entry":
            return self._degree_of_entry(node, args[0])
        maps = [self._as_letters(arg) for arg in args if arg is not None]
        if len(maps) < len(args):
            return None
        if node.op == "sigma":
            summed = {str(index.value) for index in node.args[1:]}
            return maps[0] if not any(summed & set(letters) for letters in maps[0]) else None
        if node.op == "+":
            return maps[0] if all(each == maps[0] for each in maps) else None
        if node.op in ("*", "neg", "/", "^"):
            exponent = constant(node.args[1]) if node.op == "^" else 1
            if exponent is None or isinstance(exponent, str):
                return None
            signs = [exponent] if node.op == "^" else [1, -1] if node.op == "/" else [1] * len(maps)
            return _together(maps, [Fraction(sign) for sign in signs])
        return None if any(maps) else {}

    def _as_letters(self, degree: Degree) -> Mapping[tuple[str, ...], Fraction]:
        """Numbers have the letters of none."""
        if isinstance(degree, tuple):
            return {(): degree[0]} if degree[0] else {}
        assert degree is not None
        return degree

    def _degree_of_entry(self, node: Expr, degree: Degree) -> Degree:
        if not isinstance(degree, tuple):
            return None
        letters = [str(index.value) for index in node.args[1:]]
        if not any(degree):
            return {}
        if self.mode == "whole":
            return {(): degree[0]}
        if self.mode == "entries":
            return {tuple(letters): degree[0]}
        if len(letters) == 1:
            return {(letters[0],): sum(degree, Fraction(0))}
        return (
            _together([{(letters[0],): degree[0]}, {(letters[1],): degree[1]}], [Fraction(1)] * 2) if len(letters) == 2 else None
        )

    # Rewriting.

    def result(self) -> Expr:
        """The root with every part shifted that may be, the largest parts; itself where there is none."""
        chosen = self._chosen()
        if not chosen:
            return self.root
        done: dict[int, Expr] = {}
        for node in self.order:
            if id(node) in chosen:
                done[id(node)] = self._computed(node)
                continue
            args = tuple(done[id(arg)] for arg in node.args)
            done[id(node)] = node if all(new is old for new, old in zip(args, node.args)) else node.replace(args=args)
        return done[id(self.root)]

    def _chosen(self) -> set[int]:
        """The parts to shift, none in another: logarithms of homogeneous values, and quotients whose degree is 0, else any."""
        chosen: set[int] = set()
        stack, seen = [self.root], set()
        while stack:
            node = stack.pop()
            if id(node) in seen or not self.inside[id(node)]:
                continue
            seen.add(id(node))
            if self._is_logarithm(node) or self._is_quotient(node):
                chosen.add(id(node))
            else:
                stack.extend(reversed(node.args))
        return chosen

    def _is_logarithm(self, node: Expr) -> bool:
        return node.op == "log" and self.inside[id(node)] and self._changes(node.args[0])

    def _is_quotient(self, node: Expr) -> bool:
        """Whether exponentials are in it above and below a fraction bar, and it is homogeneous."""
        if self.degrees[id(node)] is None or not self.below[id(node)]:
            return False
        if not self._changes(node):
            return True
        if isinstance(self.degrees[id(node)], dict) or node.op not in ("/", "./", ".*", "*"):
            return False
        above = any(self.inside[id(arg)] and not self.below[id(arg)] for arg in node.args)
        return above and not any(
            self._is_quotient(part) for arg in node.args for part in post_order(arg) if self.inside[id(part)]
        )

    def _computed(self, node: Expr) -> Expr:
        """The node from shifted exponentials."""
        found = list(dict.fromkeys(self._members(node)))
        needs_zero = any(id(part) in self.unequal for part in self._parts(node))
        shift = _Largest(self.mode, [member.args[0] for member in found], needs_zero)
        whole = node.args[0] if self._is_logarithm(node) else node
        value = self._rebuilt(whole, shift)
        degree = self.degrees[id(whole)]
        if not isinstance(degree, tuple) or not any(degree):
            return value
        if whole is node:
            return _multiplied(value, _exponential(shift.times(degree, node)))
        logarithm = call("log", value, shape=shape_of(node))
        return call("+", logarithm, shift.times(degree, whole), shape=shape_of(node))

    def _parts(self, root: Expr) -> Iterator[Expr]:
        """The parts that the shift reaches: not those in an exponent, nor in a logarithm with a shift of its own."""
        stack, seen = [root.args[0] if self._is_logarithm(root) else root], set()
        while stack:
            node = stack.pop()
            if id(node) in seen or not self.inside[id(node)]:
                continue
            seen.add(id(node))
            yield node
            if node.op != "exp" and not self._is_logarithm(node):
                stack.extend(reversed(node.args))

    def _members(self, root: Expr) -> Iterator[Expr]:
        return (node for node in self._parts(root) if node.op == "exp" and node in self.group)

    def _rebuilt(self, root: Expr, shift: _Largest) -> Expr:
        done: dict[int, Expr] = {}
        reached = {id(part) for part in self._parts(root)}
        for node in post_order(root):
            if id(node) not in reached:
                done[id(node)] = self._computed(node) if self.inside[id(node)] and self._is_logarithm(node) else node
            elif node.op == "exp":
                done[id(node)] = _exponential(_less(node.args[0], shift.spread(node)))
            elif self._is_logarithm(node) and node is not root:
                done[id(node)] = self._computed(node)
            else:
                args = [done[id(arg)] for arg in node.args]
                if id(node) in self.unequal:
                    args = self._made_equal(node, args, shift)
                done[id(node)] = node.replace(args=tuple(args))
        return done[id(root)]

    def _made_equal(self, node: Expr, args: list[Expr], shift: _Largest) -> list[Expr]:
        """Terms of lower degree times exp(-m)."""
        most = self.degrees[id(node)]
        assert isinstance(most, tuple)
        made = []
        for old, arg in zip(node.args, args):
            degree = self.degrees[id(old)]
            assert isinstance(degree, tuple)
            less = degree[0] - most[0], degree[1] - most[1]
            negative = arg.op == "neg"
            term = arg.args[0] if negative else arg
            if any(less):
                term = _multiplied(term, _exponential(shift.times(less, node)))
            made.append(Expr("neg", (term,), shape=term.shape) if negative else term)
        return made


class _Largest:
    """The largest of some exponents, in a mode; at least 0 where that is wanted."""

    def __init__(self, mode: str, exponents: Iterable[Expr], needs_zero: bool) -> None:
        self.mode = mode
        values = list(dict.fromkeys(map(self._reduced, exponents)))
        total = values[0]
        for value in values[1:]:
            total = Expr("largest", (total, value), shape=shape_of(total))
        self.value = call("relu", total, shape=shape_of(total)) if needs_zero else total

    def _reduced(self, exponent: Expr) -> Expr:
        rows, columns = shape_of(exponent)
        if self.mode == "whole":
            return exponent if is_scalar(exponent) else Expr("max", (exponent,), shape=SCALAR)
        if self.mode == "rows" and not columns.is_one:
            return Expr("row_max", (exponent,), shape=(rows, ONE))
        if self.mode == "columns":
            turned = _turned(exponent)
            return turned if rows.is_one else Expr("row_max", (turned,), shape=(columns, ONE))
        return exponent

    def spread(self, node: Expr) -> Expr:
        """In the shape of an exponential."""
        return self.times((Fraction(0), Fraction(1)) if self.mode == "columns" else (Fraction(1), Fraction(0)), node)

    def times(self, degree: tuple[Fraction, Fraction], node: Expr) -> Expr:
        """The multiple by the degree, in the shape of the node: entries of c^p and c^q have the exponents p m and q m."""
        rows, columns = shape_of(node)
        if self.mode in ("whole", "entries"):
            return _scaled(degree[0], self.value)
        parts = []
        if degree[0]:
            part = _scaled(degree[0], self.value)
            parts.append(part if columns.is_one else _product(part, _turned(ones(columns))))
        if degree[1]:
            part = _turned(_scaled(degree[1], self.value))
            parts.append(part if rows.is_one else _product(ones(rows), part))
        return parts[0] if len(parts) == 1 else call("+", *parts, shape=shape_of(node))


def _turned(expr: Expr) -> Expr:
    return expr.args[0] if expr.op == "'" else Expr("'", (expr,), shape=shape_of(expr)[::-1])


def _product(left: Expr, right: Expr) -> Expr:
    return Expr("*", (left, right), shape=(shape_of(left)[0], shape_of(right)[1]))


def _scaled(factor: Fraction, expr: Expr) -> Expr:
    if factor < 0:
        return Expr("neg", (_scaled(-factor, expr),), shape=expr.shape)
    whole = factor.numerator if factor.denominator == 1 else factor
    return expr if factor == 1 else Expr("*", (number(whole), expr), shape=expr.shape)


def _less(expr: Expr, shift: Expr) -> Expr:
    if expr == shift:
        return Expr("zeros", (), shape=expr.shape) if not is_scalar(expr) else number(0)
    return Expr("+", (expr, Expr("neg", (shift,), shape=shift.shape)), shape=expr.shape)


def _exponential(expr: Expr) -> Expr:
    return Expr("exp", (expr,), shape=expr.shape)


def _multiplied(expr: Expr, factor: Expr) -> Expr:
    """Entry by entry."""
    shape = shape_of(expr) if not is_scalar(expr) else shape_of(factor)
    return Expr("*" if is_scalar(expr) or is_scalar(factor) else ".*", (expr, factor), shape=shape)


def _added(one: tuple[Fraction, Fraction], other: tuple[Fraction, Fraction]) -> tuple[Fraction, Fraction]:
    return one[0] + other[0], one[1] + other[1]


def _together(maps: list[Mapping[tuple[str, ...], Fraction]], signs: list[Fraction]) -> Mapping[tuple[str, ...], Fraction]:
    total: dict[tuple[str, ...], Fraction] = {}
    for letters, sign in zip(maps, signs):
        for letter, degree in letters.items():
            total[letter] = total.get(letter, Fraction(0)) + sign * degree
    return {letter: degree for letter, degree in total.items() if degree}


def _is_diagonal(node: Expr) -> bool:
    """Whether it is made as a diagonal matrix; then only the sum of the degrees of rows and columns matters."""
    if node.op in ("I", "diag"):
        return node.op == "I" or shape_of(node.args[0])[1].is_one
    if node.op in ("inv", "neg", "'") or (node.op == "^" and constant(node.args[1]) == -1):
        return _is_diagonal(node.args[0])
    if node.op in ("*", "+"):
        arrays = [arg for arg in node.args if arg.shape is not None and not is_scalar(arg)]
        return bool(arrays) and all(map(_is_diagonal, arrays)) and (node.op == "*" or len(arrays) == len(node.args))
    return False


# The rule for the degree of an operation.
_RULES = {
    "+": "sum", "neg": "kept", "abs": "kept", "relu": "kept", "*": "product", ".*": "times", "/": "over", "./": "over",
    "^": "power", ".^": "power", "sqrt": "root", "inv": "inverse", "'": "transpose", "sum": "total", "mean": "total",
    "tr": "total", "diag": "diag", "outer": "outer", "dot": "inner", ":": "inner",
}  # fmt: skip
