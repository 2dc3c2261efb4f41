"""A derivation as data: lines, each a true equation with the law it uses and the axes of its sides.

Nothing here is a string until `formats.steps` prints it, except the names that the field has for its laws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matdiff.language.dims import Dim
from matdiff.language.syntax import Expr


class Law(NamedTuple):
    """A law that a line uses: a name of the field ("product rule"), or an equation, which holds for every value of its names.

    `of` is what the named law is applied to: put in dh.
    """

    name: str = ""
    equation: tuple[Expr, Expr] | None = None
    of: Expr | None = None


class Line(NamedTuple):
    """left = right, by these laws.

    axes      the sizes of the axes of both sides: () for a scalar
    given     a definition that stands before the equation: `y = W^T x` before `dy[i]/dW[k,l] = delta[i,l] x[k]`
    because   an equation from which this one follows: `df = (df/dX) : dX, so df/dX = ...`
    summed    the indices that the line sums, each with the array whose axis it is
    number    of the step that the line begins, or None
    """

    left: Expr
    right: Expr
    laws: tuple[Law, ...] = ()
    axes: tuple[Dim, ...] = ()
    given: tuple[Expr, Expr] | None = None
    because: tuple[Expr, Expr] | None = None
    summed: tuple[tuple[str, Expr], ...] = ()
    number: int | None = None


class Note(NamedTuple):
    """A remark after the lines: `kind` is a key of the renderer's table of words, `axes` the axes that it talks of."""

    kind: str
    axes: tuple[tuple[Dim, ...], ...] = ()
    summed: tuple[Expr, ...] = ()


class Derivation(NamedTuple):
    """How one result comes about.

    method      "differential", "chain" or "index"
    wrt         the variables of the result
    lines       in order; the right side of the last one is the printed result
    introduced  names that the derivation gives to parts of the expression, with the parts, each after those it uses
    notes       what is to be said at the end
    """

    method: str
    wrt: tuple[str, ...]
    lines: Sequence[Line]
    introduced: Mapping[str, Expr]
    notes: Sequence[Note] = ()

    def __repr__(self) -> str:
        return f"<Derivation by {', '.join(self.wrt)}: {self.method}, {len(self.lines)} lines>"
