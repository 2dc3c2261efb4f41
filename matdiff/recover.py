"""`recover`: from a `Tensor` back to an `Expr` in matrix notation, or, where there is none, in index notation.

A product of factors with one or two axes is a graph: indices are nodes, matrices edges, vectors pendants.  Series-parallel
reduction turns it into matrix notation; every move removes an edge or an index, so it ends:

    dead end   a node with one edge: matrix times vector          series     two edges: matrix times matrix, diag(u) between them
    loop       an edge from a node to itself: trace or diagonal   parallel   two edges between the same nodes: Hadamard product

What does not reduce has no matrix notation; `in_indices` writes it, and every other tensor, entry by entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from matdiff import formula
from matdiff.collect import Term, collected
from matdiff.dims import ONE, SCALAR, Dim, Shape
from matdiff.formula import Chain, Formulas
from matdiff.functions import FUNCTIONS
from matdiff.index import Apply, Constant, Factor, Product, Sum, Symbol, Tensor, base_and_exponent, number_of
from matdiff.syntax import Expr

if TYPE_CHECKING:
    from matdiff.syntax import Rational


class Irreducible(Exception):
    """The tensor has no matrix notation."""


class Edge(NamedTuple):
    """A matrix, as a chain of factors, with its rows at the index `row` and its columns at `column`."""

    row: int
    column: int
    chain: Chain


class Pendant(NamedTuple):
    """A column vector at an index, raised entry by entry to a power."""

    chain: Chain
    exponent: Rational


class Recovery:
    """Recovers tensors; `sizes` are the expressions, such as rows(A), that stand for symbolic sizes used as numbers."""

    def __init__(self, sizes: dict[Dim, Expr]) -> None:
        self.sizes = sizes
        self.formulas = Formulas()
        self.known: dict[Tensor, Term] = {}

    # --- tensors of at most two axes ------------------------------------------------------------------------------------

    def expr(self, tensor: Tensor) -> Expr:
        """Matrix notation; raises Irreducible where there is none."""
        return self.term(tensor).expr(self.formulas)

    def term(self, tensor: Tensor) -> Term:
        known = self.known.get(tensor)
        if known is None:
            if tensor.order > 2:
                raise Irreducible
            known = self.known[tensor] = self._term(tensor)
        return known

    def _term(self, tensor: Tensor) -> Term:
        shape = _shape(tensor.dims)
        if isinstance(tensor, Product):
            return self._product(tensor)
        if isinstance(tensor, Sum):
            return self._sum(tensor)
        if isinstance(tensor, Symbol):
            expr = formula.name(tensor.name, shape)
            if tensor.property in ("symmetric", "spd", "diagonal"):
                self.formulas.symmetric.add(expr)
            if tensor.property == "diagonal":
                self.formulas.diagonal.add(expr)
        elif isinstance(tensor, Constant):
            expr = self._constant(tensor)
        else:
            assert isinstance(tensor, Apply)
            expr = self._apply(tensor, shape)
        return Term(1, [expr], [], ()) if not tensor.dims else Term(1, [], [], (expr,))

    def _constant(self, tensor: Constant) -> Expr:
        if tensor.name == "size":
            dim = tensor.parameters[0]
            assert isinstance(dim, Dim)
            return self.size(dim)
        return Expr(tensor.name, (), shape=SCALAR)

    def size(self, dim: Dim) -> Expr:
        """A size as a number: `rows(A)`, `cols(A)`, and sums and products of these."""
        if dim in self.sizes:
            return self.sizes[dim]
        terms = []
        for monomial, coefficient in dim.terms:
            factors = [self.sizes[size] for size in map(_named, monomial)]
            terms.append(Term(coefficient, factors, [], ()).expr(self.formulas))
        return terms[0] if len(terms) == 1 else Expr("+", tuple(terms), shape=SCALAR)

    def _apply(self, tensor: Apply, shape: Shape) -> Expr:
        args = tuple(self.expr(arg) for arg in tensor.args)
        if tensor.function == "power":
            if tensor.exponent is None:
                return formula.call(".^" if tensor.dims else "^", *args, shape=shape)
            return self._power(args[0], tensor.exponent, bool(tensor.dims))
        expr = formula.call(tensor.function, *args, shape=shape)
        row = FUNCTIONS[tensor.function]
        if tensor.order == 2 and (row.form == "each" or row.transposition == "equivariant"):
            if all(arg in self.formulas.symmetric for arg in args):
                self.formulas.symmetric.add(expr)
        return expr

    def _power(self, base: Expr, exponent: Rational, array: bool) -> Expr:
        power = self.formulas.array_power if array else self.formulas.scalar_power
        if exponent > 0:
            return power(base, exponent)
        operator = "./" if array else "/"
        return formula.call(operator, formula.number(1), power(base, -exponent), shape=formula.shape_of(base))

    def _sum(self, tensor: Sum) -> Term:
        terms = []
        whole = [t for _, t in tensor.terms if number_of(t) is None]
        for coefficient, inner in tensor.terms:
            term = self.term(inner)
            if number_of(inner) is not None and whole:
                term = Term(1, [], [], ())  # a number added to an array acts on every entry
            terms.append(term.times(coefficient))
        expr = collected(terms, self.formulas)
        if tensor.order == 2 and tensor.cache.get("symmetric"):
            self.formulas.symmetric.add(expr)
        return Term(1, [expr], [], ()) if not tensor.dims else Term(1, [], [], (expr,))

    def _product(self, product: Product) -> Term:
        factors: list[Expr] = []
        divisors: list[Expr] = []
        for tensor, slots in product.factors:
            if not slots:
                base, exponent = base_and_exponent(tensor)
                expr = self.formulas.scalar_power(self.expr(base), abs(exponent))
                (factors if exponent > 0 else divisors).append(expr)
        graph = Graph(self, [factor for factor in product.factors if factor[1]], product.out, product.sizes)
        chain: Chain = ()
        if any(slots for _, slots in product.factors) or product.out:
            graph.reduce()
            if product.out:
                chain = graph.chain()
            else:
                factors.append(graph.scalar())
        return Term(product.coefficient, factors, divisors, chain)


class Graph:
    """The index graph of one product under reduction."""

    def __init__(self, recovery: Recovery, factors: Sequence[Factor], out: tuple[int, ...], sizes: tuple[Dim, ...]) -> None:
        self.formulas = recovery.formulas
        self.sizes, self.out = sizes, out
        self.edges: list[Edge] = []
        self.pendants: dict[int, list[Pendant]] = {index: [] for index in range(len(sizes))}
        for tensor, slots in factors:
            if len(slots) == 1:
                base, exponent = base_and_exponent(tensor)
                self.pendants[slots[0]].append(Pendant((recovery.expr(base),), exponent))
            elif len(slots) == 2:
                self.edges.append(Edge(slots[0], slots[1], (recovery.expr(tensor),)))
            else:
                raise Irreducible

    def reduce(self) -> None:
        """Apply moves until none is left."""
        while self._loop() or self._dead_end() or self._series() or self._parallel():
            pass

    def _inner(self) -> list[int]:
        """The summed indices, last ones first, so that a trace begins with the first factor."""
        return [index for index in reversed(range(len(self.sizes))) if index not in self.out]

    def _touching(self, index: int) -> list[Edge]:
        return [edge for edge in self.edges if index in (edge.row, edge.column)]

    def _loop(self) -> bool:
        """A matrix on one index is its diagonal, except when the index has nothing else and is summed: that is a trace."""
        for edge in self.edges:
            index = edge.row
            if index == edge.column and (index in self.out or len(self._touching(index)) > 1 or self.pendants[index]):
                self.edges.remove(edge)
                diagonal = formula.call("diag", self.formulas.product(edge.chain), shape=(self.sizes[index], ONE))
                self.pendants[index].append(Pendant((diagonal,), 1))
                return True
        return False

    def _dead_end(self) -> bool:
        for index in self._inner():
            touching = self._touching(index)
            if len(touching) == 1 and touching[0].row != touching[0].column:
                edge = touching[0]
                self.edges.remove(edge)
                other, chain = self._seen_from(edge, index)
                vector = self._vector(self.pendants.pop(index), index)
                self.pendants[index] = []
                self.pendants[other].append(Pendant(chain + vector, 1))
                return True
        return False

    def _seen_from(self, edge: Edge, column: int) -> tuple[int, Chain]:
        """The edge as a matrix whose columns are at `column`: (the index of its rows, the chain)."""
        if edge.column == column:
            return edge.row, edge.chain
        return edge.column, self.formulas.transposed_chain(edge.chain)

    def _series(self) -> bool:
        for index in self._inner():
            touching = self._touching(index)
            if len(touching) == 2 and all(edge.row != edge.column for edge in touching):
                first, second = touching
                start, left = self._seen_from(first, index)
                end, right = self._seen_from(second, index)
                between = self._between(self.pendants[index], index)
                self.edges = [edge for edge in self.edges if edge is not first and edge is not second]
                self.pendants[index] = []
                self.edges.append(Edge(start, end, left + between + self.formulas.transposed_chain(right)))
                return True
        return False

    def _parallel(self) -> bool:
        for place, edge in enumerate(self.edges):
            if edge.row in self.out and edge.column in self.out:
                continue
            for other in self.edges[place + 1 :]:
                if {other.row, other.column} == {edge.row, edge.column} and edge.row != edge.column:
                    self.edges = [e for e in self.edges if e is not edge and e is not other]
                    matrix = self._parallel_product([edge, other], edge.row, edge.column)
                    self.edges.append(Edge(edge.row, edge.column, (matrix,)))
                    return True
        return False

    def _parallel_product(self, edges: list[Edge], row: int, column: int) -> Expr:
        matrices = [self.formulas.product(self._seen_from(edge, column)[1]) for edge in edges]
        tops = [m for m in matrices if not _is_reciprocal(m)]
        bottoms = [m.args[1] for m in matrices if _is_reciprocal(m)]
        return self.formulas.hadamard(tops, bottoms)

    def _vector(self, pendants: list[Pendant], index: int) -> Chain:
        """The product of the vectors at an index as one column; ones where there is none."""
        size = self.sizes[index]
        if not pendants:
            return (formula.ones(size),)
        if len(pendants) == 1 and pendants[0].exponent == 1:
            return pendants[0].chain
        diagonals = [p.chain[0] for p in pendants if p.exponent == 1 and self._diagonal_matrix(p.chain[0])]
        rest = [p for p in pendants if not (p.exponent == 1 and self._diagonal_matrix(p.chain[0]))]
        if diagonals and rest:
            return (*(diagonal.args[0] for diagonal in diagonals), *self._vector(rest, index))
        tops, bottoms = [], []
        for pendant in pendants:
            vector = self.formulas.array_power(self.formulas.product(pendant.chain), abs(pendant.exponent))
            (tops if pendant.exponent > 0 else bottoms).append(vector)
        return (self.formulas.hadamard(tops, bottoms),)

    def _diagonal_matrix(self, vector: Expr) -> bool:
        return vector.op == "diag" and vector.args[0] in self.formulas.diagonal

    def _between(self, pendants: list[Pendant], index: int) -> Chain:
        """diag of the vectors at an index, or nothing."""
        if not pendants:
            return ()
        return (self.formulas.diag(self.formulas.product(self._vector(pendants, index))),)

    def chain(self) -> Chain:
        """The value of a reduced graph with one or two output axes."""
        if any(edge.row not in self.out or edge.column not in self.out for edge in self.edges):
            raise Irreducible
        if len(self.out) == 1:
            return self._vector(self.pendants[self.out[0]], self.out[0])
        if len(self.out) != 2:
            raise Irreducible
        row, column = self.out
        if row == column:
            return (self.formulas.diag(self.formulas.product(self._vector(self.pendants[row], row))),)
        if self.edges:
            left, right = (self._between(self.pendants[index], index) for index in self.out)
            if len(self.edges) == 1:
                return left + self._seen_from(self.edges[0], column)[1] + right
            return left + (self._parallel_product(self.edges, row, column),) + right
        outer = self._vector(self.pendants[column], column)
        return self._vector(self.pendants[row], row) + self.formulas.transposed_chain(outer)

    def scalar(self) -> Expr:
        """The value of a reduced graph without output axes, all of it connected."""
        if self.edges:
            edge = self.edges[0]
            if len(self.edges) > 1 or edge.row != edge.column:
                raise Irreducible
            return self.formulas.trace(edge.chain)
        (index,) = (index for index, pendants in self.pendants.items() if pendants)
        pendants = self.pendants[index]
        tops = [pendant for pendant in pendants if pendant.exponent == 1]
        if len(tops) >= 2 or (tops and len(pendants) >= 2):
            first = tops[0]
            rest = list(pendants)
            rest.remove(first)
            return self.formulas.dot(first.chain, self._vector(rest, index))
        return formula.call("sum", self.formulas.product(self._vector(pendants, index)), shape=SCALAR)


def _is_reciprocal(expr: Expr) -> bool:
    return expr.op == "./" and expr.args[0] == formula.number(1)


def _named(name: str) -> Dim:
    return Dim({(name,): 1})


def _shape(dims: tuple[Dim, ...]) -> Shape:
    if len(dims) == 2:
        return dims[0], dims[1]
    return (dims[0] if dims else ONE), ONE
