"""Of what degree a value is in some exponentials: it is multiplied by c^d when they all are multiplied by c; see `shifted`.

c is one number ("whole"), or has an entry for every row, for every column, or for every entry: a mode.  The degree of a matrix is
a pair, how it goes with its rows and with its columns: diag(c)^p M diag(c)^q.  In index notation it goes with letters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Union

from matdiff.language.dims import SCALAR
from matdiff.language.queries import constant, is_scalar, post_order, shape_of
from matdiff.language.syntax import Expr, Rational

Pair = tuple[Fraction, Fraction]
# None where a value is not homogeneous.
Degree = Union[Pair, Mapping[tuple[str, ...], Fraction], None]
_NONE = Fraction(0), Fraction(0)
_ENTRIES = frozenset(("entry", "delta", "sigma"))


def is_negative(exponent: Expr) -> bool:
    """Whether an exponent is a negative number."""
    value = constant(exponent)
    return value is not None and not isinstance(value, str) and value < 0


class Degrees:
    """The degrees of all parts of an expression in a group of exponentials, in a mode.

    of        by the id of the node, as all that follows
    inside    whether exponentials of the group are in it
    below     whether something with them is divided by
    unequal   sums whose terms of lower degree need a factor exp(-m)
    """

    def __init__(self, root: Expr, group: frozenset[Expr], mode: str) -> None:
        self.group, self.mode = group, mode
        self.of: dict[int, Any] = {}  # of `Degree`s
        self.inside: dict[int, bool] = {}
        self.below: dict[int, bool] = {}
        self.unequal: set[int] = set()
        self.order = list(post_order(root))
        for node in self.order:
            self._look(node)

    def changes(self, node: Expr) -> bool:
        """Whether the value is homogeneous and not of degree 0."""
        degree = self.of[id(node)]
        return degree is not None and any(degree.values() if isinstance(degree, Mapping) else degree)

    def is_logarithm(self, node: Expr) -> bool:
        """Whether it is the logarithm of such a value."""
        return node.op == "log" and self.inside[id(node)] and self.changes(node.args[0])

    def _look(self, node: Expr) -> None:
        is_member = node.op == "exp" and node in self.group
        inside = is_member or (node.op != "exp" and any(self.inside[id(arg)] for arg in node.args))
        self.inside[id(node)] = inside
        self.below[id(node)] = not (is_member or self.is_logarithm(node)) and any(self.below[id(arg)] for arg in node.args)
        bottom = {"/": 1, "./": 1, "inv": 0}.get(node.op, 0 if node.op in ("^", ".^") and is_negative(node.args[1]) else None)
        if bottom is not None and self.inside[id(node.args[bottom])] and self.changes(node.args[bottom]):
            self.below[id(node)] = True
        if is_member:
            self.of[id(node)] = (Fraction(0), Fraction(1)) if self.mode == "columns" else (Fraction(1), Fraction(0))
        elif not inside:
            self.of[id(node)] = {} if self._has_letters(node) else _NONE
        else:
            self.of[id(node)] = self._degree(node)

    def _has_letters(self, node: Expr) -> bool:
        return node.op in _ENTRIES or any(isinstance(self.of.get(id(arg)), dict) for arg in node.args)

    def _degree(self, node: Expr) -> Degree:
        args = [self.of[id(arg)] for arg in node.args]
        if any(arg is None for arg in args):
            return None
        if node.op == "log":
            return _NONE
        if self._has_letters(node):
            return self._degree_of_entries(node, args)
        pairs = [arg for arg in args if isinstance(arg, tuple)]
        if self.mode == "whole" and node.op in _MULTILINEAR:
            return _added(*pairs)
        if self.mode == "entries" and node.op in ("'", "diag", "outer"):
            return _constant(pairs)
        rule = _RULES.get(node.op)
        return _constant(pairs) if rule is None else rule(self, node, pairs)

    def _sum(self, node: Expr, args: list[Pair]) -> Degree:
        places = [place for place, arg in enumerate(node.args) if not _is_diagonal(arg)]
        plain = {args[place] for place in places}
        if len(plain) > 1:
            return self._unequal(node, plain)
        if not plain:
            return args[0] if len(set(args)) == 1 else None
        (degree,) = plain
        return degree if all(sum(args[p]) == sum(degree) for p in range(len(args)) if p not in places) else None

    def _unequal(self, node: Expr, found: set[Pair]) -> Degree:
        """The largest degree, if the others are smaller along one axis only."""
        axes = [axis for axis in (0, 1) if len({degree[axis] for degree in found}) > 1]
        if len(axes) > 1 or any(_is_diagonal(arg) for arg in node.args):
            return None
        self.unequal.add(id(node))
        return max(found)

    def _product(self, node: Expr, args: list[Pair]) -> Degree:
        """From the left: where two factors meet, their degrees must cancel, or one of them is diagonal."""
        left, shape, left_is_diagonal = args[0], shape_of(node.args[0]), _is_diagonal(node.args[0])
        for arg, right in zip(node.args[1:], args[1:]):
            is_number = shape == SCALAR or is_scalar(arg)
            if self.mode == "whole" or is_number:
                left = _added(left, right)
            elif self.mode == "entries":
                if any((*left, *right)):
                    return None
            elif left_is_diagonal:
                left = sum(left) + right[0], right[1]
            elif _is_diagonal(arg):
                left = left[0], left[1] + sum(right)
            elif left[1] + right[0]:
                return None
            else:
                left = left[0], right[1]
            left_is_diagonal = (left_is_diagonal or shape == SCALAR) and (_is_diagonal(arg) or is_scalar(arg))
            if is_number:
                shape = shape_of(arg) if shape == SCALAR else shape
            else:
                shape = shape[0], shape_of(arg)[1]
            if shape == SCALAR and self.mode != "whole" and any(left):
                return None
        return left

    def _power(self, node: Expr, args: list[Pair]) -> Degree:
        exponent = constant(node.args[1])
        if exponent is None or isinstance(exponent, str) or any(args[1]):
            return None
        if node.op == "^" and not is_scalar(node.args[0]) and not (exponent == -1 and _is_diagonal(node.args[0])):
            return _constant(args)
        return _multiple(exponent, args[0])

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


def _added(*degrees: Pair) -> Pair:
    return sum((one for one, _ in degrees), Fraction(0)), sum((other for _, other in degrees), Fraction(0))


def _both(degree: Pair) -> Fraction:
    return degree[0] + degree[1]


def _multiple(factor: Rational, degree: Pair) -> Pair:
    return degree[0] * factor, degree[1] * factor


def _constant(degrees: list[Pair]) -> Degree:
    """That of an operation without a rule: it must not see that its arguments change."""
    return None if any(map(any, degrees)) else _NONE


def _inverse(node: Expr, degrees: list[Pair]) -> Degree:
    return _multiple(-1, degrees[0]) if _is_diagonal(node.args[0]) or is_scalar(node.args[0]) else _constant(degrees)


def _total(degrees: list[Pair]) -> Degree:
    """Of a sum over entries, which are not all multiplied by the same."""
    return None if any(_added(*degrees)) else _NONE


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


# Operations whose value is multiplied by c where one of their arguments is.
_MULTILINEAR = frozenset(("'", "sum", "mean", "tr", "diag", "outer", "dot", ":"))
# The degree of an operation from those of its arguments.
_RULES: Mapping[str, Callable[[Degrees, Expr, list[Pair]], Degree]] = {
    "+": Degrees._sum,
    "*": Degrees._product,
    **dict.fromkeys((".*", "neg", "abs", "relu"), lambda self, node, args: _added(*args)),
    **dict.fromkeys(("/", "./"), lambda self, node, args: _added(args[0], _multiple(-1, args[1]))),
    **dict.fromkeys(("^", ".^"), Degrees._power),
    "sqrt": lambda self, node, args: _multiple(Fraction(1, 2), args[0]),
    "inv": lambda self, node, args: _inverse(node, args),
    "'": lambda self, node, args: args[0] if _is_diagonal(node) else args[0][::-1],
    **dict.fromkeys(("sum", "mean", "tr", "dot", ":"), lambda self, node, args: _total(args)),
    "diag": lambda self, node, args: (_both(args[0]), Fraction(0)),
    "outer": lambda self, node, args: (_both(args[0]), _both(args[1])),
}
