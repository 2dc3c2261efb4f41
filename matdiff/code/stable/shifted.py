"""Exponentials divided by the largest among them, wherever their common factor does not matter: exp(x - max(x)) / sum(...).

A value is homogeneous of degree d in some exponentials if it is multiplied by c^d when they all are multiplied by c.  Then it may
be computed from exp(x - m) in their place and multiplied by exp(d m), and log(u) is log of u so computed, plus d m.  With m the
largest exponent nothing overflows, and what is divided by is not zero.  This is the law behind logsumexp and softmax, and covers
whatever the derivatives of formulas with exponentials look like: rows and columns written out, log(exp(a) + exp(b)), quotients.

In a sum, terms of lower degree are multiplied by exp(-m), which makes 1 + exp(x) homogeneous; m is then at least 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

from matdiff.code.stable.degrees import Degrees, Pair, is_negative
from matdiff.language.dims import ONE, SCALAR
from matdiff.language.make import call, number, ones, transposed
from matdiff.language.queries import is_scalar, post_order, shape_of
from matdiff.language.syntax import Expr

# Operations that add up entries.
_SUMS = frozenset(("sum", "mean", "dot", ":"))


def shifted(root: Expr) -> Expr:
    """The expression with its exponentials shifted where that leaves its value as it is."""
    holding: set[int] = set()
    for node in post_order(root):
        if node.op == "exp" or any(id(arg) in holding for arg in node.args):
            holding.add(id(node))
    done: dict[int, Expr] = {}
    stack = [(root, False)] if id(root) in holding else []
    while stack:
        node, ready = stack.pop()
        parts = _apart(node, holding)
        if not parts:
            done[id(node)] = _shifted(node)
        elif ready:
            args = tuple(done.get(id(arg), arg) for arg in node.args)
            done[id(node)] = node if all(new is old for new, old in zip(args, node.args)) else node.replace(args=args)
        elif id(node) not in done:
            stack += [(node, True), *((part, False) for part in parts if id(part) not in done)]
    return done.get(id(root), root)


def _apart(node: Expr, holding: set[int]) -> list[Expr]:
    """The parts that may be looked at one by one, so that the work grows as their number: terms, and the only part that counts."""
    parts = [arg for arg in node.args if id(arg) in holding]
    if node.op == "+" or (len(parts) == 1 and node.op not in ("exp", "log", "/", "./", "^", ".^", "inv")):
        return parts
    return []


def _shifted(root: Expr) -> Expr:
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
            # Factors of a product have a c each.
            found = frozenset(_exponentials(node))
            for together in (
                [found] if node.op == "+" and found else [frozenset([one]) for one in dict.fromkeys(_exponentials(node))]
            ):
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
        elif node.op in ("^", ".^") and is_negative(node.args[1]):
            yield node.args[0]


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
        self.known = Degrees(root, group, mode)
        self.inside = self.known.inside

    def result(self) -> Expr:
        """The root with every part shifted that may be, the largest parts; itself where there is none."""
        chosen = self._chosen()
        if not chosen:
            return self.root
        done: dict[int, Expr] = {}
        for node in self.known.order:
            if id(node) in chosen:
                done[id(node)] = self._computed(node)
                continue
            args = tuple(done[id(arg)] for arg in node.args)
            done[id(node)] = node if all(new is old for new, old in zip(args, node.args)) else node.replace(args=args)
        return done[id(self.root)]

    def _chosen(self) -> set[int]:
        """The parts to shift, none in another: logarithms of homogeneous values, and quotients whose degree is 0, else any."""
        return {id(node) for node in self._within(self.root, self._is_chosen) if self._is_chosen(node)}

    def _is_chosen(self, node: Expr) -> bool:
        return self.known.is_logarithm(node) or self._is_quotient(node)

    def _within(self, root: Expr, stops: Callable[[Expr], bool]) -> Iterator[Expr]:
        """The parts with exponentials of the group, from the outside in; none of those in one that stops it."""
        stack, seen = [root], set()
        while stack:
            node = stack.pop()
            if id(node) in seen or not self.inside[id(node)]:
                continue
            seen.add(id(node))
            yield node
            if not stops(node):
                stack.extend(reversed(node.args))

    def _is_quotient(self, node: Expr) -> bool:
        """Whether exponentials are in it above and below a fraction bar, and it is homogeneous."""
        if self.known.of[id(node)] is None or not self.known.below[id(node)]:
            return False
        if not self.known.changes(node):
            return True
        if isinstance(self.known.of[id(node)], dict) or node.op not in ("/", "./", ".*", "*"):
            return False
        tops = node.args[:1] if node.op in ("/", "./") else node.args
        above = any(self.inside[id(arg)] and not self.known.below[id(arg)] for arg in tops)
        return above and not any(
            self._is_quotient(part) for arg in node.args for part in post_order(arg) if self.inside[id(part)]
        )

    def _computed(self, node: Expr) -> Expr:
        """The node from shifted exponentials."""
        found = list(dict.fromkeys(self._members(node)))
        needs_zero = any(id(part) in self.known.unequal for part in self._parts(node))
        shift = _Largest(self.mode, [member.args[0] for member in found], needs_zero)
        whole = node.args[0] if self.known.is_logarithm(node) else node
        value = self._rebuilt(whole, shift)
        degree = self.known.of[id(whole)]
        if not isinstance(degree, tuple) or not any(degree):
            return value
        if whole is node:
            return _multiplied(value, _exponential(shift.times(degree, node)))
        logarithm = call("log", value, shape=shape_of(node))
        return call("+", logarithm, shift.times(degree, whole), shape=shape_of(node))

    def _parts(self, root: Expr) -> Iterator[Expr]:
        """The parts that the shift reaches: not those in an exponent, nor in a logarithm with a shift of its own."""
        start = root.args[0] if self.known.is_logarithm(root) else root
        return self._within(start, lambda node: node.op == "exp" or self.known.is_logarithm(node))

    def _members(self, root: Expr) -> Iterator[Expr]:
        return (node for node in self._parts(root) if node.op == "exp" and node in self.group)

    def _rebuilt(self, root: Expr, shift: _Largest) -> Expr:
        done: dict[int, Expr] = {}
        reached = {id(part) for part in self._parts(root)}
        for node in post_order(root):
            if id(node) not in reached:
                done[id(node)] = self._computed(node) if self.inside[id(node)] and self.known.is_logarithm(node) else node
            elif node.op == "exp":
                done[id(node)] = _exponential(_less(node.args[0], shift.spread(node)))
            elif self.known.is_logarithm(node) and node is not root:
                done[id(node)] = self._computed(node)
            else:
                args = [done[id(arg)] for arg in node.args]
                if id(node) in self.known.unequal:
                    args = self._made_equal(node, args, shift)
                done[id(node)] = node.replace(args=tuple(args))
        return done[id(root)]

    def _made_equal(self, node: Expr, args: list[Expr], shift: _Largest) -> list[Expr]:
        """Terms of lower degree times exp(-m)."""
        most = self.known.of[id(node)]
        made = []
        for old, arg in zip(node.args, args):
            degree = self.known.of[id(old)]
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
            turned = transposed(exponent)
            return turned if rows.is_one else Expr("row_max", (turned,), shape=(columns, ONE))
        return exponent

    def spread(self, node: Expr) -> Expr:
        """In the shape of an exponential."""
        return self.times((Fraction(0), Fraction(1)) if self.mode == "columns" else (Fraction(1), Fraction(0)), node)

    def times(self, degree: Pair, node: Expr) -> Expr:
        """The multiple by the degree, in the shape of the node: entries of c^p and c^q have the exponents p m and q m."""
        rows, columns = shape_of(node)
        if self.mode in ("whole", "entries"):
            return _scaled(degree[0], self.value)
        parts = []
        if degree[0]:
            part = _scaled(degree[0], self.value)
            parts.append(part if columns.is_one else _product(part, transposed(ones(columns))))
        if degree[1]:
            part = transposed(_scaled(degree[1], self.value))
            parts.append(part if rows.is_one else _product(ones(rows), part))
        return parts[0] if len(parts) == 1 else call("+", *parts, shape=shape_of(node))


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
