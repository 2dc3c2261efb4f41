"""`Graph`: the index graph of a product, and the moves that turn it into matrix notation.

Indices are nodes, matrices edges, vectors pendants.  Every move removes an edge, an index or a larger factor, so reduction ends:

    dead end   a node with one edge: matrix times vector          series     two edges: matrix times matrix, diag(u) between them
    loop       an edge from a node to itself: trace or diagonal   parallel   two edges between the same nodes: Hadamard product
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from matdiff.language import make
from matdiff.language.dims import ONE, SCALAR, Dim
from matdiff.language.queries import shape_of
from matdiff.language.syntax import Expr, Rational
from matdiff.limits import check
from matdiff.recover.terms import Chain
from matdiff.recover.writer import Term, Writer
from matdiff.tensor.build import base_and_exponent
from matdiff.tensor.nodes import Factor, Tensor
from matdiff.tensor.rational import magnitude

if TYPE_CHECKING:
    from typing import Protocol

    class Notation(Protocol):
        """What writes the factors of a product: `recover.Recovery`."""

        writer: Writer

        def expr(self, tensor: Tensor) -> Expr: ...
        def term(self, tensor: Tensor) -> Term: ...


class Irreducible(Exception):
    """The tensor has no matrix notation."""


class Edge(NamedTuple):
    """A matrix, as a chain of factors, with its rows at the index `row` and its columns at `column`.

    `place` is that of its first factor in the product: what is multiplied entry by entry keeps the order it was written in.
    """

    row: int
    column: int
    chain: Chain
    place: int = 0


class Pendant(NamedTuple):
    """A column vector at an index, raised entry by entry to a power; `place` is 0 for one that is a factor of the product."""

    chain: Chain
    exponent: Rational
    place: int = 0


class Graph:
    """The index graph of one product under reduction."""

    def __init__(
        self, recovery: Notation, factors: Sequence[Factor], out: tuple[int, ...], sizes: tuple[Dim, ...], lift: bool = False
    ) -> None:
        """With `lift` the scalars of the factors are left out: they stand in `lifted`."""
        self.writer = recovery.writer
        self.lifted: list[Term] = []
        self.sizes, self.out = sizes, out
        self.recovery = recovery
        self.edges: list[Edge] = []
        self.others: list[Factor] = []
        self.pendants: dict[int, list[Pendant]] = {index: [] for index in range(len(sizes))}
        for place, (tensor, slots) in enumerate(factors, 1):
            if len(slots) == 1:
                base, exponent = base_and_exponent(tensor)
                chain = self._chain_of(base) if lift and exponent == 1 else (recovery.expr(base),)
                self.pendants[slots[0]].append(Pendant(chain, exponent))
            elif len(slots) == 2:
                self.edges.append(Edge(*slots, self._chain_of(tensor) if lift else (recovery.expr(tensor),), place))
            else:
                self.others.append((tensor, slots))

    def _chain_of(self, tensor: Tensor) -> Chain:
        """A factor of the product, without its scalars: kappa A (B + C) in place of A (kappa (B + C))."""
        term = self.recovery.term(tensor)
        if not term.chain or (term.coefficient == 1 and not term.factors and not term.divisors):
            return (self.recovery.expr(tensor),)
        self.lifted.append(term)
        return term.chain

    def add_vector(self, index: int, vector: Expr) -> None:
        self.pendants[index].append(Pendant((vector,), 1))

    def add_matrix(self, row: int, column: int, matrix: Expr) -> None:
        self.edges.append(Edge(row, column, (matrix,)))

    def edge(self, row: int, column: int, chain: Chain) -> Edge:
        """A matrix that is a product."""
        return Edge(row, column, chain)

    def move(self) -> bool:
        """Apply one of the four moves; False when none applies."""
        check()
        return self._loop() or self._dead_end() or self._series() or self._parallel()

    def _inner(self) -> list[int]:
        """The summed indices, last ones first, so that a trace begins with the first factor."""
        kept = self._kept()
        return [index for index in reversed(range(len(self.sizes))) if index not in kept]

    def _kept(self) -> set[int]:
        """The indices of the output and of the larger factors."""
        return {*self.out, *(slot for _, slots in self.others for slot in slots)}

    def touching(self, index: int) -> list[Edge]:
        return [edge for edge in self.edges if index in (edge.row, edge.column)]

    def _edges_at(self) -> dict[int, list[Edge]]:
        """The matrices at every index, all found in one pass: a long chain has as many indices as matrices."""
        found: dict[int, list[Edge]] = {index: [] for index in range(len(self.sizes))}
        for edge in self.edges:
            for index in {edge.row, edge.column}:
                found[index].append(edge)
        return found

    def _loop(self) -> bool:
        """A matrix on one index is its diagonal, except when the index has nothing else and is summed: that is a trace."""
        loops = [edge for edge in self.edges if edge.row == edge.column]
        if not loops:
            return False
        kept, beside = self._kept(), self._edges_at()
        for edge in loops:
            index = edge.row
            if index in kept or len(beside[index]) > 1 or self.pendants[index]:
                self.edges.remove(edge)
                diagonal = make.call("diag", self.writer.product(edge.chain), shape=(self.sizes[index], ONE))
                self.pendants[index].append(Pendant((diagonal,), 1, edge.place))
                return True
        return False

    def _dead_end(self) -> bool:
        beside = self._edges_at()
        for index in self._inner():
            if len(beside[index]) == 1 and beside[index][0].row != beside[index][0].column:
                edge = beside[index][0]
                self.edges.remove(edge)
                other, chain = self.seen_from(edge, index)
                vector = self.vector(self.pendants.pop(index), index)
                self.pendants[index] = []
                self.pendants[other].append(Pendant(chain + vector, 1, edge.place))
                self.pendants[other].sort(key=lambda pendant: pendant.place)
                return True
        return False

    def seen_from(self, edge: Edge, column: int) -> tuple[int, Chain]:
        """The edge as a matrix whose columns are at `column`: (the index of its rows, the chain)."""
        if edge.column == column:
            return edge.row, edge.chain
        return edge.column, self.writer.transposed_chain(edge.chain)

    def _series(self) -> bool:
        beside = self._edges_at()
        for index in self._inner():
            if len(beside[index]) == 2 and all(edge.row != edge.column for edge in beside[index]):
                first, second = beside[index]
                if self._side_by_side(first, second, index):
                    continue
                start, left = self.seen_from(first, index)
                end, right = self.seen_from(second, index)
                between = self.scaling(self.pendants[index], index)
                self.edges = [edge for edge in self.edges if edge is not first and edge is not second]
                self.pendants[index] = []
                chain = left + between + self.writer.transposed_chain(right)
                self.edges.append(Edge(start, end, chain, min(first.place, second.place)))
                return True
        return False

    def _is_symmetric(self, edge: Edge) -> bool:
        return self.writer.transposed_chain(edge.chain) == edge.chain

    def _side_by_side(self, first: Edge, second: Edge, index: int) -> bool:
        """Whether two matrices are better multiplied entry by entry: (A .* B) x for diag(A diag(x) B^T), but diag(A B^T)."""
        if len(first.chain) + len(second.chain) > 2 or {first.row, first.column} != {second.row, second.column}:
            return False
        if first.row != second.row and not (self._is_symmetric(first) or self._is_symmetric(second)):
            return False
        other = first.row + first.column - index
        return bool(self.pendants[index]) and (other in self.out or bool(self.pendants[other]))

    def _parallel(self) -> bool:
        for place, edge in enumerate(self.edges):
            ends = {edge.row, edge.column}
            beside = sorted((e for e in self.edges[place:] if {e.row, e.column} == ends), key=lambda e: e.place)
            if len(beside) > 1 and len(ends) == 2 and not ends <= set(self.out):
                lead = next((e for e in beside if not self._is_symmetric(e)), edge)  # S .* A, not (S .* A^T)^T
                matrix = self._parallel_product(beside, lead.column)
                merged = Edge(lead.row, lead.column, (matrix,), edge.place)
                self.edges = [merged if e is edge else e for e in self.edges if e is edge or not any(e is b for b in beside)]
                return True
        return False

    def _parallel_product(self, edges: list[Edge], column: int) -> Expr:
        """The entry-by-entry product of matrices, seen with this index as their column."""
        matrices = [self.writer.product(self.seen_from(edge, column)[1]) for edge in edges]
        masks = list(dict.fromkeys(m for m in matrices if m.op in ("tril", "triu") and m.args[0].op == "ones"))
        rest = [m for m in matrices if m not in masks] or [masks.pop()]
        tops = [m for m in rest if not _is_reciprocal(m)]
        bottoms = [m.args[1] for m in rest if _is_reciprocal(m)]
        value = self.writer.hadamard(tops, bottoms)
        for mask in masks:
            value = make.call(mask.op, value, shape=shape_of(value))
        return value

    def vector(self, pendants: list[Pendant], index: int) -> Chain:
        """The product of the vectors at an index as one column; ones where there is none."""
        size = self.sizes[index]
        if not pendants:
            return (make.ones(size),)
        if len(pendants) == 1 and pendants[0].exponent == 1:
            return pendants[0].chain
        matrices, rest = self._matrices(pendants)
        if matrices and rest:
            return (*matrices, *self.vector(rest, index))
        tops: list[Expr] = []
        bottoms: list[Expr] = []
        for pendant in pendants:
            vector = self.writer.array_power(self.writer.product(pendant.chain), magnitude(pendant.exponent))
            (tops if pendant.exponent > 0 else bottoms).append(vector)
        return (self.writer.hadamard(tops, bottoms),)

    def taken_vector(self, index: int) -> Expr:
        """The same as one factor, which leaves the graph."""
        vector = self.writer.product(self.vector(self.pendants[index], index))
        self.pendants[index] = []
        return vector

    def _matrices(self, pendants: list[Pendant]) -> tuple[Chain, list[Pendant]]:
        """The pendants that are diagonals of diagonal matrices as D, D^2 or D^-1, and the others."""
        matrices: list[Expr] = []
        rest: list[Pendant] = []
        for pendant in pendants:
            (vector, *more), exponent = pendant.chain, pendant.exponent
            if more or vector.op != "diag" or vector.args[0] not in self.writer.diagonal or exponent.denominator != 1:
                rest.append(pendant)
                continue
            matrix = vector.args[0]
            if exponent < 0:
                matrix = make.call("inv", matrix, shape=shape_of(matrix))
                self.writer.symmetric.add(matrix)
            matrices += [matrix] * int(magnitude(exponent))
        return tuple(matrices), rest

    def scaling(self, pendants: list[Pendant], index: int) -> Chain:
        """The same beside a matrix, whose rows or columns it scales."""
        matrices, rest = self._matrices(pendants)
        if not rest:
            return matrices
        return (*matrices, self.writer.diag(self.writer.row_sums(self.writer.product(self.vector(rest, index)))))

    def between(self, pendants: list[Pendant], index: int) -> Chain:
        """diag of the vectors at an index, or nothing."""
        matrices, rest = self._matrices(pendants)
        return (*matrices, *((self.writer.diag(self.writer.product(self.vector(rest, index))),) if rest else ()))

    def chain(self) -> Chain:
        """The value of a reduced graph with one or two output axes."""
        if self.others or any(edge.row not in self.out or edge.column not in self.out for edge in self.edges):
            raise Irreducible
        if len(self.out) == 1:
            return self.vector(self.pendants[self.out[0]], self.out[0])
        if len(self.out) != 2:
            raise Irreducible
        row, column = self.out
        if row == column and self.pendants[row]:
            return self.between(self.pendants[row], row)
        if row == column:
            return (self.writer.diag(self.writer.product(self.vector(self.pendants[row], row))),)
        if self.edges:
            left, right = (self.scaling(self.pendants[index], index) for index in self.out)
            if len(self.edges) == 1:
                return left + self.seen_from(self.edges[0], column)[1] + right
            return left + (self._parallel_product(sorted(self.edges, key=lambda e: e.place), column),) + right
        if not self.pendants[row] and not self.pendants[column]:
            return (Expr("ones", (), shape=(self.sizes[row], self.sizes[column])),)
        outer = self.vector(self.pendants[column], column)
        return self.vector(self.pendants[row], row) + self.writer.transposed_chain(outer)

    def scalar(self) -> Expr:
        """The value of a reduced graph without output axes, all of it connected."""
        if self.others:
            raise Irreducible
        if self.edges:
            edge = self.edges[0]
            if len(self.edges) > 1 or edge.row != edge.column:
                raise Irreducible
            return self.writer.trace(edge.chain)
        (index,) = (index for index, pendants in self.pendants.items() if pendants)
        pendants = self.pendants[index]
        tops = [pendant for pendant in pendants if pendant.exponent == 1]
        if len(tops) >= 2 or (tops and len(pendants) >= 2):
            first = tops[0]
            rest = list(pendants)
            rest.remove(first)
            rest.sort(key=lambda pendant: pendant.chain != first.chain)  # x^T (x .* y): as it would be read back
            return self.writer.dot(first.chain, self.vector(rest, index))
        chain = self.vector(pendants, index)
        if len(chain) > 1 and chain[-1].op == "ones":
            chain = chain[:-1]  # the sum of X ones is that of X
        return make.call("sum", self.writer.product(chain), shape=SCALAR)


def _is_reciprocal(expr: Expr) -> bool:
    return expr.op == "./" and expr.args[0] == make.number(1)
