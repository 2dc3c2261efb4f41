"""`Value`: what a part of NumPy code stands for, an `Expr` with its axes.

NumPy knows numbers, arrays with one axis and with two; an `Expr` has rows x columns.  An array with one axis is a column here.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, NamedTuple

from matdiff.language.syntax import Expr, Span

if TYPE_CHECKING:
    from matdiff.language.syntax import Rational

Axes = tuple[bool, ...]
NUMBER: Axes = ()
VECTOR: Axes = (False,)
MATRIX: Axes = (False, False)
KINDS: dict[str, Axes] = {"scalar": NUMBER, "vector": VECTOR, "matrix": MATRIX}
_ARRAY = "array "


def kind_with(rank: int) -> str:
    """The kind of an array with so many axes, more than a matrix has."""
    return f"{_ARRAY}{rank}"


def is_array(kind: str) -> bool:
    """Whether it is such a kind."""
    return kind.startswith(_ARRAY)


def axes_of_kind(kind: str) -> Axes:
    """The axes of a name of this kind."""
    return (False,) * int(kind[len(_ARRAY) :]) if is_array(kind) else KINDS[kind]


class Misfit(Exception):
    """The kinds of the operands do not fit; with other kinds of the names they may."""

    def __init__(self, span: Span, why: str) -> None:
        self.span, self.why = span, why


def number(value: Rational, span: Span) -> Expr:
    """A number; a negative one is the negation of a number."""
    if value < 0:
        return Expr("neg", (Expr("number", (), -value, span=span),), span=span)
    return Expr("number", (), value, span=span)


def turned(expr: Expr, span: Span) -> Expr:
    """The transpose."""
    return expr.args[0] if expr.op == "'" else Expr("'", (expr,), span=span)


class Size(NamedTuple):
    """`name + plus`, or the number alone."""

    name: str
    plus: int = 0

    def expr(self, span: Span) -> Expr:
        """As it is written."""
        if not self.name:
            return number(self.plus, span)
        name = Expr("name", (), self.name, span=span)
        return Expr("+", (name, number(self.plus, span)), span=span) if self.plus else name

    def less(self, other: Size) -> Size | None:
        """The difference, where it is a size too."""
        if other.name in ("", self.name):
            return Size("" if other.name else self.name, self.plus - other.plus)
        return None

    @property
    def is_zero(self) -> bool:
        return not self.name and not self.plus


class Unequal(Exception):
    """Two sizes are the same: `name` is `size`."""

    def __init__(self, name: str, size: Size) -> None:
        self.name, self.size = name, size


def same(one: Size, other: Size, span: Span) -> None:
    """Sizes that must be equal.  Raises Unequal where one of them becomes the other, Misfit where they differ."""
    if one == other:
        return
    if one.name == other.name:
        raise Misfit(span, "the sizes differ")
    kept, gone = (other, one) if not other.name or (one.name and other.plus >= one.plus) else (one, other)
    raise Unequal(gone.name, Size(kept.name, kept.plus - gone.plus))


class Value:
    """A part of the code.

    ones      for every axis whether it is one long, so that it is stretched: () is a number, (False, False) a matrix
    turned    the transpose of `expr`, where it has been made already
    is_loose  its size is whatever stands beside it: np.ones(X.shape[0])
    is_doubtful   it is a name that may as well be of another kind, perhaps in a power or a function
    lowered   it is a lower-case name that is a matrix
    is_plain  a number that is made of numbers which may as well be vectors, entry by entry
    dims      the names of its sizes, where it has some
    is_mask   it is 1 where something holds, and 0 elsewhere
    uses      the variables that it depends on, of what a name stands for
    odd       how odd a sum of its entries is: it has a term or a factor that would stand outside of the sum, were it a number
    """

    __slots__ = ("dims", "expr", "is_doubtful", "is_loose", "is_mask", "is_plain", "lowered", "odd", "ones", "turned", "uses")

    def __init__(
        self,
        expr: Expr,
        ones: Axes = NUMBER,
        *,
        turned: Expr | None = None,
        is_loose: bool = False,
        is_doubtful: bool = False,
        lowered: bool = False,
        is_plain: bool = False,
        odd: int = 0,
    ) -> None:
        self.expr, self.ones, self.turned = expr, ones, turned
        self.is_loose, self.is_doubtful, self.lowered = is_loose, is_doubtful, lowered
        self.is_plain, self.odd = is_plain and not ones, odd
        self.uses: frozenset[str] = frozenset()
        self.is_mask = False
        self.dims: tuple[Size, ...] = ()

    def at(self, span: Span) -> Value:
        """The same value where its name stands."""
        result = copy(self)
        result.expr = self.expr.replace(span=span) if self.expr.op == "name" else self.expr
        return result

    def as_mask(self) -> Value:
        """The same value, of which it is known that it is 1 or 0."""
        self.is_mask = True
        return self

    def like(self, expr: Expr) -> Value:
        """Another expression of which the same is known."""
        result = Value(
            expr, self.ones, is_loose=self.is_loose, is_doubtful=self.is_doubtful, is_plain=self.is_plain, odd=self.odd
        )
        result.dims = self.dims
        return result

    def named(self, name: Expr) -> Value:
        """The same value under a name of its own, of which the kind is no question."""
        result = copy(self)
        result.expr, result.turned, result.is_doubtful, result.lowered = name, None, False, False
        return result

    def across(self, span: Span) -> Expr:
        """The transpose."""
        return self.turned or turned(self.expr, span)

    @property
    def rank(self) -> int:
        return len(self.ones)

    @property
    def is_number(self) -> bool:
        """Whether its `Expr` is 1 x 1."""
        return all(self.ones)

    @property
    def span(self) -> Span:
        return self.expr.span or Span(0, 0)

    @property
    def kind(self) -> str:
        return ("a number", "a vector", "a matrix")[self.rank]
