"""Parts of expressions that several stages ask for: the names in them, constants, sizes, what stands under a sign."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from matdiff.language.dims import SCALAR, Dim, Shape
from matdiff.language.syntax import Expr, Rational, ratio
from matdiff.language.syntax import post_order as post_order

# Operations whose arguments, if any, are no values but sizes and indices.
LEAVES = frozenset(("name", "number", "size", "pi", "I", "ones", "zeros", "e", "commutation", "condition", "index", "delta"))
# Operations in index notation: what stands in them has no value without the indices.
BY_ENTRIES = frozenset(("entry", "sigma", "over", "delta"))
_SUMS = ("over", "sigma")
ARITHMETIC = frozenset(("number", "neg", "+", "*", "/"))


def values_of(expr: Expr) -> tuple[Expr, ...]:
    """The arguments that are values; the sizes of `ones(n)` and `unvec(x, m, n)` and the indices of `X[i,j]` and of sums are none."""
    if expr.op in LEAVES:
        return ()
    if expr.op == "over":
        return (expr.args[0], *sets_of(expr))
    return expr.args[:1] if expr.op in ("at", "unvec", "entry", "sigma") else expr.args


def sets_of(expr: Expr) -> tuple[Expr, ...]:
    """The sets over whose members a sum runs, as names with indices."""
    return tuple([part for part in expr.args[1:] if part.op == "name"])


def masks_of(expr: Expr) -> tuple[Expr, ...]:
    """The sets and conditions of a sum, as numbers that are 1 or 0."""
    conditions = [part.replace(shape=SCALAR) for part in expr.args[1:] if part.op == "condition"]
    return (*sets_of(expr), *conditions)


def families(exprs: Iterable[Expr]) -> dict[str, Expr]:
    """The names with indices that a sum or a left side binds, each with the first of its members."""
    found: dict[str, Expr] = {}
    for node in (node for expr in exprs for node in names_in(expr) if node.args):
        found.setdefault(str(node.value), node)
    return found


def positions(exprs: Iterable[Expr]) -> tuple[str, ...]:
    """The letters that stand as indices of names and that no sum and no left side binds."""
    members = [node for expr in exprs for node in names_in(expr) if node.args]
    return tuple(dict.fromkeys(str(place.value) for node in members for place in node.args if place.op != "index"))


class Indices(NamedTuple):
    """How a question with sums over an index writes them.

    letters   for each array those that stand at its first axis, at its second, ..., in the order in which they come
    uppers    what is written as the upper end of a sum, by its letter
    means     the letters of means
    axes      those of the output, where it is an array that is written by its entries or members
    products  the products in it, and what stands side by side in them, without letters
    held      the letters that nothing binds: positions
    """

    letters: Mapping[str, tuple[tuple[str, ...], ...]]
    uppers: Mapping[str, Expr]
    means: frozenset[str]
    axes: tuple[str, ...]
    products: frozenset[Expr]
    held: frozenset[str] = frozenset()


def indices_of(exprs: Sequence[Expr]) -> Indices:
    """The indices in the definitions of a question and, last, its expression."""
    letters: dict[str, tuple[tuple[str, ...], ...]] = {}
    uppers: dict[str, Expr] = {}
    means: set[str] = set()
    products: set[Expr] = set()
    for node in (node for expr in exprs for node in post_order(expr)):
        if node.op == "name" and node.args:
            known = letters.get(str(node.value), ((),) * len(node.args))
            letters[str(node.value)] = tuple(
                axis if letter_of(index) in axis else (*axis, letter_of(index)) for axis, index in zip(known, node.args)
            )
        elif node.op == "*":
            factors = without_letters(node).args
            ends = range(len(factors) + 1)
            products.update(Expr("*", factors[start:end]) for start in ends for end in ends if start + 1 < end <= start + _RUN)
        elif node.op == "over":
            own = [index for index in node.args[1:] if index.op == "index"]
            uppers.update({letter_of(index): index.args[0] for index in own if index.args})
            means.update(letter_of(index) for index in own if node.value == "mean")
    return Indices(letters, uppers, frozenset(means), axis_letters(exprs[-1]), frozenset(products), frozenset(positions(exprs)))


# So many factors side by side are remembered as they are written.
_RUN = 5


def without_letters(expr: Expr) -> Expr:
    """The expression with blanks for the letters of all indices: x_i^T x_j and x_k^T x_l are alike."""
    return rebuilt(expr, lambda node, again: Expr("index", (), " ") if node.op == "index" else again)


def sizes_in(parts: Iterable[Expr]) -> tuple[str, ...]:
    """The names of sizes that stand as numbers."""
    return tuple(dict.fromkeys(str(node.value) for part in parts for node in post_order(part) if node.op == "size"))


def shape_of(expr: Expr) -> Shape:
    """The shape of a typed node."""
    assert expr.shape is not None
    return expr.shape


def ones_of(expr: Expr) -> tuple[bool, bool]:
    """Which of rows and columns of a typed node are 1; what is not known to be 1 never becomes 1."""
    rows, *columns = shape_of(expr)
    return rows.is_one, all(dim.is_one for dim in columns)


def axes_at(entry: Expr) -> tuple[Dim, ...]:
    """The sizes of the axes along which the indices of an entry run.

    Three indices of a matrix are those of `fuse`, four and more those of the derivatives of a function of a matrix.
    """
    array, *indices = entry.args
    shape = shape_of(array)
    if len(shape) > 2 or len(indices) == 2:
        return shape
    if len(indices) == 1:
        return (shape[1] if shape[0].is_one else shape[0],)
    return (shape[0] * shape[1], *shape) if len(indices) == 3 else shape * (len(indices) // 2)


def sizes_of_indices(root: Expr) -> dict[str, Dim]:
    """How far the indices run that stand at arrays, or are those of the value, by their letters."""
    found: dict[str, Dim] = dict(zip(axis_letters(root), root.shape or ()))
    for node in post_order(root):
        if node.op == "entry":
            for index, dim in zip(node.args[1:], axes_at(node)):
                found.setdefault(str(index.value), dim)
        elif node.op == "name":
            found.update({str(index.value): index.shape[0] for index in node.args if index.shape is not None})
    return found


def axis_letters(expr: Expr) -> tuple[str, ...]:
    """The letters of the axes of an array that is written by its entries; of others none."""
    return tuple(map(letter_of, expr.args[1:])) if expr.op == "over" and expr.value == "array" else ()


def tells_axes(expr: Expr) -> bool:
    """Whether it says itself which letters are axes, if there are any: by a delta, or by an entry of an array with more than two."""
    return not axis_letters(expr) or any(
        node.op == "delta" or (node.op == "entry" and len(node.args) > 3) for node in post_order(expr)
    )


def array_of(expr: Expr) -> Expr:
    """The array of which an array written by its entries has all entries as they are, T of `T[i,j,k]`; others themselves."""
    letters = axis_letters(expr)
    entry = expr.args[0] if letters else expr
    is_whole = entry.op == "entry" and tuple(map(letter_of, entry.args[1:])) == letters
    return entry.args[0] if is_whole else expr


def is_scalar(expr: Expr) -> bool:
    """Whether the typed node is 1 x 1."""
    return ones_of(expr) == (True, True)


def bare(expr: Expr) -> Expr:
    """The expression without transposes and signs around it."""
    while expr.op in ("'", "neg"):
        expr = expr.args[0]
    return expr


def unsigned(expr: Expr) -> Expr:
    """The expression without a minus in front."""
    return expr.args[0] if expr.op == "neg" else expr


def names_in(expr: Expr) -> list[Expr]:
    """The variables and definitions of an expression, in order, each node object once; sizes and indices are none."""
    found: list[Expr] = []
    seen: set[int] = set()
    stack = [expr]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.op == "name":
            found.append(node)
        else:
            stack.extend(reversed(values_of(node)))
    return found


def rebuilt(root: Expr, change: Callable[[Expr, Expr], Expr]) -> Expr:
    """The expression with every node changed, parts first; `change` is given the node and the node with its changed parts."""
    done: dict[int, Expr] = {}
    for node in post_order(root):
        args = tuple([done[id(arg)] for arg in node.args])
        done[id(node)] = change(node, node if args == node.args else node.replace(args=args))
    return done[id(root)]


def replaced_names(expr: Expr, values: Mapping[str, Expr]) -> Expr:
    """The expression with expressions for names; a later one may use the names before it."""
    known: dict[str, Expr] = {}

    def put_in(node: Expr, again: Expr) -> Expr:
        return known.get(str(node.value), again) if node.op == "name" and node.shape is not None else again

    for name, value in values.items():
        known[name] = rebuilt(value, put_in)
    return rebuilt(expr, put_in)


Node = TypeVar("Node", bound=Hashable)


def parts_first(roots: Sequence[Node], parts: Callable[[Node], Sequence[Node]]) -> list[Node]:
    """The roots and all that they are made of, each once, after its parts."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack = [(root, False) for root in reversed(roots)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((part, False) for part in reversed(parts(node)))
    return order


def constant(expr: Expr) -> Rational | None:
    """The value of an expression in numbers only, else None."""
    values: dict[int, Rational] = {}
    for node in post_order(expr) if expr.op in ARITHMETIC else ():
        if node.op not in ARITHMETIC:
            return None
        value = _number(node, [values[id(arg)] for arg in node.args])
        if value is None:
            return None
        values[id(node)] = value
    return values.get(id(expr))


def _number(node: Expr, parts: list[Rational]) -> Rational | None:
    if node.op == "number":
        assert node.value is not None and not isinstance(node.value, str)
        return node.value
    if node.op == "neg":
        return -parts[0]
    if node.op == "/":
        bottom = parts[1]
        return whole(parts[0] * ratio(bottom.denominator, bottom.numerator)) if bottom else None
    total = parts[0]
    for part in parts[1:]:
        total = total + part if node.op == "+" else total * part
    return whole(total)


def whole(value: Rational) -> Rational:
    """An int where the value is one."""
    return value.numerator if value.denominator == 1 else value


def leaves(root: Expr) -> Iterator[Expr]:
    """The nodes without arguments from left to right, as often as they are printed."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.args:
            stack.extend(reversed(node.args))
        else:
            yield node


_HELD = "held"


def held_letter(letter: str) -> str:
    """What the index of an axis of the value is called that nobody wrote on a left side."""
    return f"{letter} {_HELD}"


def is_held(index: Expr) -> bool:
    """Whether it is such an index."""
    return str(index.value).endswith(f" {_HELD}")


def index_names(parts: Iterable[Expr]) -> tuple[str, ...]:
    """What those of the parts are called that are indices; conditions, sets and positions are none."""
    return tuple([str(part.value) for part in parts if part.op == "index"])


def free_indices(root: Expr) -> dict[int, frozenset[str]]:
    """The indices that every part of an expression depends on, by its id; a sum does not depend on its own."""
    found: dict[int, frozenset[str]] = {}
    for node in post_order(root):
        used = frozenset(index_names((node,))).union(*(found[id(arg)] for arg in node.args))
        found[id(node)] = used.difference(index_names(node.args[1:])) if node.op in _SUMS else used
    return found


def letter_of(index: Expr) -> str:
    """The letter of an index of a sum, which has the place of its sum behind it."""
    return str(index.value).partition(" ")[0]


def membership(total: Expr, part: Expr) -> str:
    """What a set over whose members is summed says of the indices: `(i,j) in Omega`, `j in N(i)`."""
    own = index_names(total.args[1:])
    inside, given = ([letter_of(index) for index in part.args if (index.value in own) == is_own] for is_own in (True, False))
    member = inside[0] if len(inside) == 1 else f"({','.join(inside)})"
    return f"{member} in {part.value}" + (f"({','.join(given)})" if given else "")
