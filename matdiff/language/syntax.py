"""`Expr`: what people write and read: names, numbers and applications, with spans and shapes.

One node class.  `op` is the name of a row of the function table (`*`, `'`, `tr`, `kron`), or one of the leaves below.
Sums and products are n-ary, so a chain of a thousand terms is one node, not a tower.

    op         args                       value
    "name"     ()                         the name; Greek letters are spelled out: `lambda`, `Sigma`
    "number"   ()                         an int, or a Fraction when it is not whole
    "I" "ones" "zeros"  () or size args   None; the size is the shape
    "size"     ()                         the name of a size, as a number
    "+"        the terms; a subtracted term is a "neg"        "neg"   (x,)
    "*"        the factors of a run of products               "/"     (numerator, denominator)
    ".*"       the factors                                    "./" ".^" "^" ":"   (left, right)
    "'"        (x,): the transpose
    "block"    the blocks row by row; value = number of blocks in a row
    "abs"      (x,) with the value MODULUS as it is written, |x|; inference makes abs or det of it
    "exp"      (x,) with the value EULER as it is written, e^x; inference makes exp or expm of it
    "*"        (x, y) with the value DOT as it is written, x · y; inference makes ":" or "*" of it
    "at"       (x, i, j): the entry or slice; an "all" leaf stands for `:`
    anything else: the function of that name, applied to args

What is written with indices is read with three more, and stands in matrices before it is differentiated:
    "over"     (body, set, ..., index, ..., condition, ...): the sum, mean, prod, max or min (the value) of body over the indices,
               or the "array" with these entries.  An "index" leaf may have a size.  Where a "condition" (index, index), whose value
               is != or <, does not hold, or a set, the "name" with indices of an array of ones and zeros, is 0, terms are left out
    "name"     (index, ...): the member x_i of a family, or the entry a_ij; what is no "index" among them is a position.  Beside index
               notation the shape of such an index is how far it runs

Index notation (the output of `recover` when there is no matrix notation) uses three more:
    "entry"    (x, index, ...): an entry of x; each index is an "index" leaf whose value is its letter
    "delta"    (index, index)
    "sigma"    (body, index, ...): the sum of body over the indices

Left sides and derivations name changes that are not worked out:
    "differential"  value = the name of a variable or definition: `dX`; or (x,): `d(A x + b)`
    "partial"       (above, below, ...); value = the order: `dy[i]/dW[k,l]`
    "held"          (a "partial", name, ...): the same while the values of these definitions are held
    "higher"        (output, direction, ...); value = the order: `d2f`

Frobenius notation has tensors with four axes:
    "isotropic"  value = "E" or "F", which act on matrices of its shape          "contract"  (t, u, ...): t : u : ...
    "dyad"       (V, G): the tensor that makes V (G : M) of a matrix M
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from fractions import Fraction

    from matdiff.language.dims import Shape

# Loading fractions takes time, which whole numbers need not wait for.
Rational = Union[int, "Fraction"]


# The marks of single bars, of a raised dot, and of a power of e, on what they may be.
MODULUS = "|"
DOT = "·"
EULER = "e"


class Span:
    """Half-open range of code points in the text of the statement, `[start, end)`."""

    __slots__ = ("end", "start")

    def __init__(self, start: int, end: int) -> None:
        self.start, self.end = start, end

    def __repr__(self) -> str:
        return f"{self.start}:{self.end}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Span) and (self.start, self.end) == (other.start, other.end)

    def __hash__(self) -> int:
        return hash((self.start, self.end))


# Leaves whose size is nothing but their shape.
_SIZED = frozenset(("I", "ones", "zeros"))


class Expr:
    """An immutable expression.  Equality and hash look at the mathematics (op, args, value), not at spans and shapes.

    Of the leaves I, ones and zeros the shape is what tells one from another.  `measure` is where `cost` keeps what it has counted.
    """

    __slots__ = ("_hash", "args", "measure", "op", "shape", "span", "value")

    def __init__(
        self,
        op: str,
        args: tuple[Expr, ...] = (),
        value: Union[str, Rational, None] = None,
        span: Span | None = None,
        shape: Shape | None = None,
    ) -> None:
        self.op, self.args, self.value, self.span, self.shape = op, args, value, span, shape
        self.measure: tuple[int, int, int] | None = None
        self._hash = hash((op, args, value, shape)) if op in _SIZED else hash((op, args, value))

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Expr):
            return NotImplemented
        stack = [(self, other)]
        while stack:
            one, two = stack.pop()
            if one is two:
                continue
            if one._hash != two._hash or one.op != two.op or one.value != two.value or len(one.args) != len(two.args):
                return False
            if one.op in _SIZED and one.shape != two.shape:
                return False
            stack.extend(zip(one.args, two.args))
        return True

    def __hash__(self) -> int:
        return self._hash

    def __copy__(self) -> Expr:
        return self

    def __deepcopy__(self, known: object) -> Expr:
        return self

    def __reduce__(self) -> tuple[object, ...]:
        # The hash is made anew: that of strings is another one in every process.
        places: dict[int, int] = {}
        nodes: list[tuple[object, ...]] = []
        for node in post_order(self):
            places[id(node)] = len(nodes)
            nodes.append((node.op, tuple([places[id(arg)] for arg in node.args]), node.value, node.span, node.shape))
        return _unpacked, (nodes,)

    def __repr__(self) -> str:
        shown: dict[int, str] = {}
        for node in post_order(self):
            head = node.op if node.value is None else f"{node.op}:{node.value}"
            shown[id(node)] = f"({' '.join([head, *(shown[id(arg)] for arg in node.args)])})" if node.args else head
        return shown[id(self)]

    def replace(self, *, args: tuple[Expr, ...] | None = None, span: Span | None = None, shape: Shape | None = None) -> Expr:
        """A copy with other arguments, span or shape."""
        return Expr(
            self.op,
            self.args if args is None else args,
            self.value,
            self.span if span is None else span,
            self.shape if shape is None else shape,
        )


def post_order(root: Expr, closed: Container[str] = ()) -> Iterator[Expr]:
    """Every node object below `root` once, arguments before the node that holds them; those of `closed` operations are left out.

    Without recursion: a nest of a thousand calls must not overflow Python's stack.
    """
    seen: set[int] = set()
    stack: list[tuple[Expr, bool]] = [(root, False)]
    while stack:
        node, arguments_done = stack.pop()
        if arguments_done:
            yield node
        elif id(node) not in seen:
            seen.add(id(node))
            if not node.args or node.op in closed:  # most nodes are leaves, and need not wait
                yield node
                continue
            stack.append((node, True))
            stack.extend([(argument, False) for argument in reversed(node.args)])


def _unpacked(nodes: list[tuple[str, tuple[int, ...], Union[str, Rational, None], Span | None, Shape | None]]) -> Expr:
    made: list[Expr] = []
    for op, places, value, span, shape in nodes:
        made.append(Expr(op, tuple([made[place] for place in places]), value, span, shape))
    return made[-1]


def ratio(numerator: int, denominator: int = 1) -> Rational:
    """The exact quotient: an int when it is whole, else a Fraction.  (The fractions module is loaded only when needed.)"""
    if numerator % denominator == 0:
        return numerator // denominator
    from fractions import Fraction

    return Fraction(numerator, denominator)
