"""The chain rule with double contractions: A : (E X^T : F) = A X^T : F = X A^T, where E : M = M and F : M = M^T.

Each factor is a sum of compositions of linear maps (`notations.linear`).  From the left, a matrix meets one map after the other,
and what is left of it is again a matrix: the map's adjoint applied to it.
"""

from __future__ import annotations

from collections.abc import Sequence

from matdiff.derive.sweep import derive
from matdiff.language import make
from matdiff.language.dims import SCALAR, Shape, size
from matdiff.language.queries import names_in, shape_of
from matdiff.language.syntax import Expr
from matdiff.laws.simplify import simplify
from matdiff.notations.equation import NoNotation
from matdiff.notations.frobenius import isotropic, isotropic_letters, tensor_of, written
from matdiff.notations.linear import Beside, Dyad, Linear, Map, Mask, NotLinear, Sides, Slope, Term, Turn
from matdiff.recover.graph import Irreducible
from matdiff.recover.writer import Writer
from matdiff.steps import laws
from matdiff.steps.build import negated, partial, plus, times
from matdiff.steps.derivation import Law, Line
from matdiff.steps.setting import Setting, last_line
from matdiff.tensor import build
from matdiff.tensor.lower import axes_of
from matdiff.tensor.nodes import Tensor


def frobenius_lines(setting: Setting, arrays: Sequence[Expr], slopes: Sequence[Tensor], number: int) -> list[Line]:
    """The contraction of `slopes`, the derivative of each array by the next, from a scalar to the variable.

    Empty where a factor is no such map, or has a row among its arrays.
    """
    if any(shape_of(array)[0].is_one and not shape_of(array)[1].is_one for array in arrays):
        return []
    try:
        matrix = setting.recovery.expr(slopes[0])
        factors = [_terms(setting, slope, array) for slope, array in zip(slopes[1:], arrays[2:], strict=True)]
    except (Irreducible, NotLinear, NoNotation):
        return []
    return _Contraction(setting, arrays, matrix, factors).lines(number)


def _terms(setting: Setting, slope: Tensor, below: Expr) -> tuple[Term, ...]:
    """The maps that a factor is the sum of; `below` is the array by which it differentiates."""
    shape = shape_of(below)
    leaf = make.name(f"d{below.value}'", shape)  # no name that anybody could have typed
    symbol = build.symbol(str(leaf.value), axes_of(shape))
    kept = slope.order - symbol.order
    axes = list(range(slope.order))

    def gradient(scalar: Expr) -> Expr:
        return setting.recovery.expr(simplify(derive(setting.lowered(scalar, {str(leaf.value): symbol}), symbol)))

    moved = simplify(build.einsum([(slope, axes), (symbol, axes[kept:])], axes[:kept]))
    terms = Linear(leaf, setting.recovery.writer, gradient).terms(setting.recovery.expr(moved))
    if any(isinstance(map_, (Slope, Beside)) for term in terms for map_ in term.maps):
        raise NotLinear
    return tuple(terms)


class _Contraction:
    def __init__(self, setting: Setting, arrays: Sequence[Expr], matrix: Expr, factors: Sequence[tuple[Term, ...]]) -> None:
        self.setting, self.arrays, self.matrix = setting, arrays, matrix
        self.rest = list(factors)
        self.shapes = [shape_of(array) for array in arrays[2:]]
        self.letters = isotropic_letters(setting.taken)
        self.left = setting.left

    def lines(self, number: int) -> list[Line]:
        """The chain rule, the factors put in, then a line for every map that the matrix meets."""
        axes = self.setting.result.tensor.dims
        pairs = [partial(above, below) for above, below in zip(self.arrays, self.arrays[1:])]
        formal = make.call("contract", *pairs, shape=shape_of(self.arrays[-1]))
        found = [
            Line(self.left, formal, (laws.CONTRACTIONS, *meanings(self.letters)), axes, number=number),
            Line(self.left, self._whole(), (laws.FACTORS,), axes),
        ]
        while self.rest:
            used = self._meet()
            found.append(Line(self.left, self._whole(), used, axes))
        last = found.pop()
        if last.right == self.setting.result.expr:
            return [*found, last_line(self.setting, last.laws)]
        kept = {str(node.value) for node in names_in(self.setting.result.expr)}
        is_put_in = any(node.value in self.setting.moving and node.value not in kept for node in names_in(last.right))
        return [*found, last, last_line(self.setting, (laws.PUT_IN if is_put_in else laws.SIMPLIFY,))]

    def _whole(self) -> Expr:
        """`A : (E X^T : F)`."""
        factors = [
            self._written(terms, shape) for terms, shape in zip(self.rest, self.shapes[len(self.shapes) - len(self.rest) :])
        ]
        return make.call("contract", self.matrix, *factors, shape=shape_of(self.arrays[-1])) if factors else self.matrix

    def _written(self, terms: tuple[Term, ...], shape: Shape) -> Expr:
        return plus([written(term, shape, self.letters) for term in terms], SCALAR)

    def _meet(self) -> tuple[Law, ...]:
        """The matrix meets the first map of the first factor, or all of it where it is a sum; the laws used."""
        terms = self.rest[0]
        if len(terms) == 1 and len(terms[0].maps) > 1:
            (term,) = terms
            self.matrix = self._simple(_adjoint(self.setting.recovery.writer, term.maps[0], self.matrix))
            self.rest[0] = (term._replace(maps=term.maps[1:]),)
            return (law_of_map(term.maps[0], self.letters),)
        parts = []
        for term in terms:
            part = self.matrix
            for map_ in term.maps:
                part = _adjoint(self.setting.recovery.writer, map_, part)
            part = times([*term.factors, part], shape_of(part))
            for divisor in term.divisors:
                part = make.call("/", part, divisor, shape=shape_of(part))
            parts.append(negated(part) if term.negative else part)
        self.matrix = self._simple(plus(parts, shape_of(parts[0])))
        del self.rest[0]
        used = tuple(dict.fromkeys(law_of_map(map_, self.letters) for term in terms for map_ in term.maps))
        return used or (law_of_map(Sides((), (), _SQUARE), self.letters),)

    def _simple(self, expr: Expr) -> Expr:
        """As matdiff writes it; the adjoint of a map is written without a thought for double transposes."""
        found = self.setting.recovery.expr(self.setting.lowered(expr))
        is_row = shape_of(expr)[0].is_one and not shape_of(expr)[1].is_one
        return self.setting.recovery.writer.transposed(found) if is_row else found


def _adjoint(writer: Writer, map_: Map, matrix: Expr) -> Expr:
    """The matrix G with G : M = matrix : map(M) for all M."""
    if isinstance(map_, Turn):
        return writer.transposed(matrix)
    if isinstance(map_, Sides):
        left, right = writer.transposed_chain(map_.left), writer.transposed_chain(map_.right)
        rows = shape_of(left[0])[0] if left else shape_of(matrix)[0]
        columns = shape_of(right[-1])[1] if right else shape_of(matrix)[1]
        return make.call("*", *left, matrix, *right, shape=(rows, columns)) if left or right else matrix
    if isinstance(map_, Mask):
        return make.call("./" if map_.divides else ".*", matrix, map_.factor, shape=shape_of(matrix))
    assert isinstance(map_, Dyad)
    factor = make.call(":", matrix, map_.value, shape=SCALAR)
    return make.call("*", factor, map_.gradient, shape=shape_of(map_.gradient))


# What happens when a matrix A meets a map: the map, and what is left of A.
_SQUARE = (size("n"), size("n"))
_A, _B, _C = (make.name(letter, _SQUARE) for letter in "ABC")


def meanings(letters: dict[str, str]) -> tuple[Law, Law]:
    """`E : M = M` and `F : M = M^T`."""
    matrix = make.name("M", _SQUARE)
    values = {"E": matrix, "F": make.transposed(matrix)}
    one, other = (
        Law("", (make.call("contract", isotropic(letters[letter], _SQUARE), matrix, shape=_SQUARE), value))
        for letter, value in values.items()
    )
    return one, other


def law_of_map(map_: Map, letters: dict[str, str]) -> Law:
    """`A : (E B) = A B`, in square matrices."""
    generic: Map = Turn(_SQUARE)
    if isinstance(map_, Mask):
        generic = Mask(_B, map_.divides, _SQUARE)
    elif isinstance(map_, Dyad):
        generic = Dyad(_B, _C, _SQUARE)
    elif isinstance(map_, Sides):
        right = make.transposed(_C if map_.left else _B)
        generic = Sides((_B,) if map_.left else (), (right,) if map_.right else (), _SQUARE)
    pair = make.call("contract", _A, tensor_of(generic, letters), shape=_SQUARE)
    return Law("", (pair, _adjoint(Writer(), generic, _A)))
