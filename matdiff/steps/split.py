"""Names for the natural intermediate values of an expression that has none: the arguments of its functions, or the tail of a product."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from matdiff import formula
from matdiff.formula import is_scalar, shape_of
from matdiff.kinds import kind_of
from matdiff.parts import names_in, values_of
from matdiff.rules import is_euclidean
from matdiff.steps import laws
from matdiff.steps.build import is_linear, times
from matdiff.syntax import Expr
from matdiff.walk import post_order

_NAMES = {"scalar": "s t q r", "vector": "u v w p q r", "row": "u v w p q r", "matrix": "U V M N P Q"}
# More names than these help nobody; what is deeper stays as it is.
_MOST_NAMES = 6


def intermediate_values(expr: Expr, variable: str, taken: Collection[str]) -> tuple[dict[str, Expr], Expr]:
    """Definitions, each after those it uses, and the expression in terms of them."""
    moving = {id(node) for node in post_order(expr) if _depends(node, variable)}
    wanted = _arguments(expr, moving) or list(_tails(expr, moving))
    names: dict[Expr, Expr] = {}
    used = set(taken)
    for part in dict.fromkeys(wanted):
        if len(names) < _MOST_NAMES:
            name = next(name for name in _candidates(kind_of(shape_of(part))) if name not in used)
            used.add(name)
            names[part] = formula.name(name, shape_of(part))
    inner_first = [part for part in dict.fromkeys(post_order(expr)) if part in names]
    inner_first += [part for part in names if part not in inner_first]
    return {str(names[part].value): _named(part, names, part) for part in inner_first}, _named(expr, names, None)


def _candidates(kind: str) -> Iterator[str]:
    plain = _NAMES[kind].split()
    yield from plain
    yield from (f"{plain[0]}_{number}" for number in range(1, 1000))


def _depends(node: Expr, variable: str) -> bool:
    return any(name.value == variable for name in names_in(node))


def _arguments(expr: Expr, moving: set[int]) -> list[Expr]:
    """The arguments of functions that are more than a name, from the outside in."""
    found: list[Expr] = []
    stack = [expr]
    while stack:
        node = stack.pop(0)
        if id(node) not in moving:
            continue
        if _is_function(node):
            argument = node.args[0]
            if id(argument) in moving and argument.op not in ("name", "'"):
                found.append(argument)
        stack += [arg for arg in values_of(node) if arg.shape is not None]
    return found


def _is_function(node: Expr) -> bool:
    if node.op in ("^", ".^"):
        return not is_euclidean(node.args[0])
    return laws.has_rule(node) or laws.is_matrix_function(node.op)


def _tails(expr: Expr, moving: set[int]) -> Iterator[Expr]:
    """In each product where something stands before the last factor that moves: that factor with those after it, W^T x in a^T W^T x."""
    stack = [expr]
    while stack:
        node = stack.pop()
        if id(node) not in moving:
            continue
        if node.op in ("neg", "+") or is_euclidean(node) or (is_linear(node.op) and is_scalar(node) and len(node.args) == 1):
            stack += reversed(node.args)
        elif node.op == ":":
            yield from (arg for arg in node.args if id(arg) in moving and arg.op not in ("name", "'"))
        elif node.op == "*":
            arrays = [arg for arg in node.args if not is_scalar(arg)]
            places = [place for place, arg in enumerate(arrays) if id(arg) in moving]
            if not places:
                continue
            first = places[0] if len(places) == 1 else places[0] + 1
            if 0 < first < len(arrays) - 1:
                yield _tail(arrays, first, node)


def _tail(arrays: list[Expr], first: int, node: Expr) -> Expr:
    tail = arrays[first:]
    return times(tail, (shape_of(tail[0])[0], shape_of(node)[1] if not is_scalar(node) else shape_of(tail[-1])[1]))


def _named(expr: Expr, names: dict[Expr, Expr], itself: Expr | None) -> Expr:
    """The expression with names for its parts, also for the tail of a product."""
    done: dict[int, Expr] = {}
    for node in post_order(expr):
        if node in names and node != itself:
            done[id(node)] = names[node]
            continue
        args = tuple(done[id(arg)] for arg in node.args)
        if node.op == "*":
            args = _with_tail(node, args, names, itself)
        done[id(node)] = node if args == node.args else node.replace(args=args)
    return done[id(expr)]


def _with_tail(node: Expr, args: tuple[Expr, ...], names: dict[Expr, Expr], itself: Expr | None) -> tuple[Expr, ...]:
    for first in range(1, len(node.args) - 1):
        rest = node.args[first:]
        for part, name in names.items():
            if part.op == "*" and part.args == rest and part != itself and not all(map(is_scalar, node.args[:first])):
                return (*args[:first], name)
    return args
