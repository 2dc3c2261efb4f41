"""The five kinds of `Tensor` nodes, and the table that makes equal nodes one object; `build` makes them in normal form.

Symbol    a variable                                         W_ij
Constant  a number or array that no variable enters          pi, the size n, a unit vector
Product   coefficient times factors with named indices       2 W_ji x_j   output axes (i)
Sum       a linear combination of tensors of equal axes      A x - b, kept as a group, never multiplied out
Apply     a function of whole tensors                        tanh(z), inv(X), x .^ (1/2)
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from threading import local
from typing import Any, TypeVar

from matdiff.language.dims import Dim
from matdiff.language.errors import TooLarge
from matdiff.language.queries import parts_first
from matdiff.language.syntax import Rational
from matdiff.limits import FACTORS, check

Index = Hashable
Factor = tuple["Tensor", tuple[int, ...]]
Node = TypeVar("Node", bound="Tensor")


class Session:
    """The table of nodes of one question, so that no answer depends on the one before; see `entered`."""

    def __init__(self) -> None:
        self.nodes: dict[object, Tensor] = {}
        # Of the arrangements of a product with skew matrices that differ by a sign, the one that came first.
        self.arrangements: set[object] = set()
        self.serial = 0
        # The factors and terms of all nodes: what memory they take.
        self.factors = 0


class _Current(local):
    session: Session | None = None


_current = _Current()


@contextmanager
def entered(session: Session) -> Iterator[Session]:
    """Make nodes in this session, and afterwards in the one before; nodes of different sessions must not be combined."""
    before, _current.session = _current.session, session
    try:
        yield session
    finally:
        _current.session = before


def _session() -> Session:
    assert _current.session is not None, "nodes are made in a session"
    return _current.session


class Tensor:
    """A node.  `dims` are the sizes of its axes; `serial` counts nodes in order of construction."""

    __slots__ = ("cache", "dims", "serial")
    dims: tuple[Dim, ...]
    serial: int
    cache: dict[str, Any]

    @property
    def order(self) -> int:
        return len(self.dims)

    @property
    def children(self) -> tuple[Tensor, ...]:
        return ()


# The property of a symbol that stands for matrices which are singular, or are at some sizes, where nothing else is known of them.
SINGULAR = "singular"


class Symbol(Tensor):
    """A variable with its declared property (`symmetric`, `spd`, ...) or None.

    The property `pending` marks a derivative that is not worked out yet: it is always written entry by entry.
    """

    __slots__ = ("name", "property")

    def __init__(self, name: str, dims: tuple[Dim, ...], prop: str | None) -> None:
        self.name, self.property = name, prop

    def __repr__(self) -> str:
        return self.name


class Constant(Tensor):
    """A value that depends on nothing but its parameters.

    pi     the number              size   (n): the number n           unit   (i, n): the vector e_i with n entries
    tril   a matrix with ones on and below the diagonal               shift  (offset, part): ones at [offset + i, i]
    fuse   (a, b): 1 where its first axis is the pair of the other two, p = b i + j: what kron and vec are made of
    """

    __slots__ = ("name", "parameters")

    def __init__(self, name: str, parameters: tuple[Any, ...]) -> None:
        self.name, self.parameters = name, parameters

    def __repr__(self) -> str:
        return f"{self.name}{self.parameters or ''}"


class Product(Tensor):
    """coefficient * factors, indices 0 .. len(sizes) - 1, output axes `out`."""

    __slots__ = ("coefficient", "factors", "out", "sizes")

    def __init__(self, coefficient: Rational, factors: tuple[Factor, ...], out: tuple[int, ...], sizes: tuple[Dim, ...]) -> None:
        self.coefficient, self.factors, self.out, self.sizes = coefficient, factors, out, sizes

    def __repr__(self) -> str:
        body = " ".join(f"{tensor!r}{list(slots)}" if slots else repr(tensor) for tensor, slots in self.factors)
        return f"<{self.coefficient} {body} -> {list(self.out)}>"

    @property
    def children(self) -> tuple[Tensor, ...]:
        return tuple([tensor for tensor, _ in self.factors])

    def factors_but(self, *gone: Factor) -> list[Factor]:
        """The factors without these, of equal ones the first."""
        rest = list(self.factors)
        for factor in gone:
            rest.remove(factor)
        return rest

    def uses(self) -> list[int]:
        """How often each index stands in a factor or among the output axes."""
        counts = [0] * len(self.sizes)
        for index in (*self.out, *(slot for _, slots in self.factors for slot in slots)):
            counts[index] += 1
        return counts


class Sum(Tensor):
    """The sum of coefficient * term; every term has the axes of the sum and is no Sum and no multiple of another tensor."""

    __slots__ = ("terms",)

    def __init__(self, terms: tuple[tuple[Rational, Tensor], ...]) -> None:
        self.terms = terms

    def __repr__(self) -> str:
        return "(" + " + ".join(f"{c} {t!r}" for c, t in self.terms) + ")"

    @property
    def children(self) -> tuple[Tensor, ...]:
        return tuple([term for _, term in self.terms])


# The function whose value is its argument, but which keeps a product from being merged into others.
HELD = "held"


class Apply(Tensor):
    """`function` of whole tensors.  Elementwise ones keep the axes of their argument.

    `power` is the elementwise power: with one argument its exponent is the rational `exponent`, with two the second argument.
    `frechet` of f(X) is the derivative of the matrix function f at X: axes (i, j, k, l) for df(X)_ij / dX_kl.
    """

    __slots__ = ("args", "exponent", "function")

    def __init__(self, function: str, args: tuple[Tensor, ...], exponent: Rational | None) -> None:
        self.function, self.args, self.exponent = function, args, exponent

    def __repr__(self) -> str:
        return f"{self.function}({', '.join(map(repr, self.args))}{'' if self.exponent is None else f', {self.exponent}'})"

    @property
    def children(self) -> tuple[Tensor, ...]:
        return self.args


def known_node(key: object) -> Tensor | None:
    """The node that was interned under this key in this session."""
    return _session().nodes.get(key)


def first_arrangement(
    arrangements: Sequence[tuple[int, tuple[Factor, ...], object]],
) -> tuple[int, tuple[Factor, ...], object] | None:
    """Of the arrangements (sign, factors, key) of one product that which came first in this session; None if it is its own negative."""
    if len(arrangements) == 1:
        return arrangements[0]
    if any(sign < 0 and key == arrangements[0][2] for sign, _, key in arrangements):
        return None
    known = _session().arrangements
    found = next((arrangement for arrangement in arrangements if arrangement[2] in known), arrangements[0])
    known.add(found[2])
    return found


def interned(key: object, node: Node, dims: tuple[Dim, ...]) -> Node:
    """Remember a new node, whose axes have these sizes, under its key.  Raises `TooLarge`."""
    check()
    session = _session()
    session.factors += len(node.factors if isinstance(node, Product) else node.terms if isinstance(node, Sum) else ())
    if session.factors > FACTORS:
        raise TooLarge(what="factors", limit=FACTORS)
    node.dims = dims
    node.cache = {}
    session.serial += 1
    node.serial = session.serial
    session.nodes[key] = node
    return node


def joined(factors: Sequence[Factor], slots: set[int]) -> list[Factor]:
    """The factors that indices join, directly or through others, to these."""
    reached, waiting = set(slots), list(factors)
    found: list[Factor] = []
    while True:
        touching = [factor for factor in waiting if reached & set(factor[1])]
        if not touching:
            return found
        found += touching
        waiting = [factor for factor in waiting if factor not in touching]
        reached |= {slot for _, inner in touching for slot in inner}


def is_mask(tensor: Tensor) -> bool:
    """Whether every entry surely is 0 or 1, as those of a triangle of ones, and of all ones without it."""
    if isinstance(tensor, Sum):
        if sorted(coefficient for coefficient, _ in tensor.terms) != [-1, 1]:
            return False
        (_, less), (_, whole) = sorted(tensor.terms, key=lambda term: term[0])
        is_one = isinstance(whole, Product) and not whole.factors and len(set(whole.out)) == len(whole.out)
        return is_one and is_mask(less)
    if isinstance(tensor, Product):
        is_of_entries = len(tensor.sizes) == len(set(tensor.out)) and tensor.coefficient == 1
        return is_of_entries and all(is_mask(factor) for factor, _ in tensor.factors)
    return isinstance(tensor, Constant) and tensor.name in ("tril", "unit", "shift", "fuse")


def entrywise_parts(product: Product) -> list[list[Factor]]:
    """The factors in groups that no summed index joins: every entry of the product is the product of theirs."""
    parts: list[tuple[set[int], list[Factor]]] = []
    for factor in product.factors:
        inner, part = set(factor[1]) - set(product.out), [factor]
        touching = [known for known in parts if known[0] & inner]
        for slots, factors in touching:
            inner, part = inner | slots, factors + part
        parts = [known for known in parts if known not in touching]
        parts.append((inner, part))
    return [part for _, part in parts]


def from_below(root: Tensor, stays: Callable[[Tensor], bool], change: Callable[[Tensor, dict[Tensor, Tensor]], Tensor]) -> Tensor:
    """The tensor with every node changed once, operands first; `change` is given what the operands became.

    A node that `stays`, or has no operands, is left as it is.
    """
    done: dict[Tensor, Tensor] = {}
    for node in parts_first([root], lambda node: () if stays(node) else node.children[::-1]):
        done[node] = node if not node.children or stays(node) else change(node, done)
    return done[root]
