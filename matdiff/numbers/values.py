"""The number that a typed `Expr` stands for, in matrix or in index notation, with 60 digits.

It reads the expression as it stands and is independent of the symbolic stages: a function without arithmetic of its own is worked out
by its definition in the function table, never by a differential.  Importing this module loads mpmath, so the
rest of matdiff imports it only where numbers are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import product
from math import prod
from typing import TYPE_CHECKING, NamedTuple, cast

from matdiff.functions import FUNCTIONS, row_of
from matdiff.infer.infer import Typed
from matdiff.infer.rules import ARGUMENTS, expanded, typed_value
from matdiff.infer.unify import size_of as size_of_argument
from matdiff.language.dims import shape_of_axes, size
from matdiff.language.queries import (
    BY_ENTRIES,
    free_indices,
    index_names,
    is_scalar,
    post_order,
    rebuilt,
    shape_of,
    sizes_of_indices,
)
from matdiff.language.syntax import Expr
from matdiff.limits import check
from matdiff.numbers.axes import Place, Sizes, number_of_dim, stored_place, stored_size
from matdiff.numbers.matrices import Matrix, Number, Undefined, blocks, checked, entry_at, size_of, transposed
from matdiff.numbers.numerics import OPERATIONS
from matdiff.numbers.precision import mp

if TYPE_CHECKING:
    from matdiff.functions import Function
    from matdiff.language.syntax import Rational

DIGITS = 60
Values = Mapping[str, Matrix]


def nodes_of(typed: Typed) -> Iterator[Expr]:
    """The nodes of the definitions and of the expression, each after its arguments."""
    for root in (*typed.definitions.values(), typed.expr):
        yield from post_order(root)


def evaluate(expr: Expr, values: Values, sizes: Sizes, definitions: Mapping[str, Expr] | None = None) -> Matrix:
    """The value of a typed expression, rows x columns.

    `values` holds the variables, `sizes` the size names (and names that stand as an index, X[i,j]), `definitions` typed
    expressions in dependency order.  Raises Undefined where there is no real, finite value.
    """
    with mp.workdps(max(DIGITS, mp.dps)):
        return checked(Evaluation(values, sizes, definitions or {}).value(expr))


def evaluate_tensor(
    expr: Expr,
    letters: Sequence[tuple[str, int]],
    values: Values,
    sizes: Sizes,
    places: Iterable[Place] | None = None,
    definitions: Mapping[str, Expr] | None = None,
) -> dict[Place, Number]:
    """The entries of an expression in index notation by their indices, which count from 0.

    `letters` are the axes of the result in order, each with its size; `places` selects entries, None takes all of them.
    """
    with mp.workdps(max(DIGITS, mp.dps)):
        entries = Entries(Evaluation(values, sizes, definitions or {}))
        chosen = places if places is not None else product(*(range(size) for _, size in letters))
        names = [letter for letter, _ in letters]
        result = {}
        for place in chosen:
            value = entries.value(expr, dict(zip(names, place, strict=True)))
            result[place] = checked([[value]])[0][0]
        return result


class Inexpressible(Exception):
    """An operation that this arithmetic does not know and that has no definition; the name of the operation."""


class Arithmetic:
    """What the entries of arrays are, and what the operations do to arrays of them: here numbers of many digits."""

    operations: Mapping[str, Callable[..., Matrix]] = OPERATIONS

    def number(self, value: Rational) -> Number:
        """The entry that a rational number is."""
        return mp.mpf(value.numerator) / value.denominator

    @property
    def pi(self) -> Number:
        """The number pi as an entry."""
        return mp.pi

    def total(self, entries: Iterable[Number]) -> Number:
        """The sum of entries."""
        return mp.fsum(entries)


class Evaluation:
    """Evaluates expressions at one point.  Values are kept by node object, so shared parts are computed once."""

    def __init__(
        self, values: Values, sizes: Sizes, definitions: Mapping[str, Expr], arithmetic: Arithmetic | None = None
    ) -> None:
        self.sizes, self.arithmetic = sizes, arithmetic or Arithmetic()
        self.values = dict(values)
        self.known: dict[int, tuple[Expr, Matrix]] = {}
        for name, definition in definitions.items():
            self.values[name] = self.value(definition)

    def value(self, expr: Expr) -> Matrix:
        """The value of an expression in matrix notation."""
        for node in post_order(expr, closed=BY_ENTRIES):
            if id(node) not in self.known and node.shape is not None:
                check()
                self.known[id(node)] = node, self._node(node)
        return self.known[id(expr)][1]

    def _node(self, node: Expr) -> Matrix:
        op = node.op
        if op == "name":
            return self.values[str(node.value)]
        if op == "number":
            assert node.value is not None and not isinstance(node.value, str)
            return [[self.arithmetic.number(node.value)]]
        if op == "size":
            return [[self.arithmetic.number(number_of_dim(size(cast(str, node.value)), self.sizes))]]
        if op == "pi":
            return [[self.arithmetic.pi]]
        if op in ("I", "ones", "zeros"):
            return self._flags(node, lambda i, j: op == "ones" or (op == "I" and i == j))
        if op == "e":
            place = self.place(node.args[0])
            return self._flags(node, lambda i, j: i == place)
        if op == "commutation":
            rows, columns = (number_of_dim(size_of_argument(arg), self.sizes) for arg in node.args)
            return self._flags(node, lambda i, j: divmod(i, columns) == divmod(j, rows)[::-1])
        if op == "at":
            return self._slice(node)
        if op in BY_ENTRIES:
            return self._array(node)
        if op == "unvec":
            rows, columns = self.size(node)
            stacked = self.known[id(node.args[0])][1]
            return [[stacked[column * rows + row][0] for column in range(columns)] for row in range(rows)]
        args = [self.known[id(arg)][1] for arg in node.args]
        if op == "block":
            assert isinstance(node.value, int)
            return blocks(args, node.value)
        return reduce(self.arithmetic.operations[op], args) if op in ("*", "+", ".*") else self.applied(op, *args)

    def applied(self, function: str, *args: Matrix) -> Matrix:
        """A function of arrays: by the arithmetic, else by its definition.  Raises Inexpressible where there is neither."""
        operation = self.arithmetic.operations.get(function)
        if operation is not None:
            return operation(*args)
        row = FUNCTIONS[function]
        if row.form == "lifted":
            return self._of_lines(row, *args)
        if not row.values:
            raise Inexpressible(function)
        values = dict(zip(ARGUMENTS, args, strict=False))
        shapes = {name: size_of(value) for name, value in values.items()}
        typed = typed_value(row, tuple((name, rows == 1, columns == 1) for name, (rows, columns) in shapes.items()))
        sizes = {
            dim.name: number
            for name, variable in typed.variables.items()
            for dim, number in zip(variable.shape, shapes[name], strict=True)
            if dim.name
        }
        try:
            return Evaluation(values, sizes, {}, self.arithmetic).value(typed.expr)
        except Inexpressible:
            raise Inexpressible(function) from None

    def _of_lines(self, row: Function, matrix: Matrix) -> Matrix:
        """The function of each row, or column, by itself."""
        lines = matrix if row.along == "rows" else transposed(matrix)
        found = [transposed(self.applied(row.of, transposed([line])))[0] for line in lines]
        return found if row.along == "rows" else transposed(found)

    def _flags(self, node: Expr, is_one: Callable[[int, int], bool]) -> Matrix:
        """The array with 1 at some places, 0 elsewhere."""
        rows, columns = self.size(node)
        return [[self.arithmetic.number(int(is_one(i, j))) for j in range(columns)] for i in range(rows)]

    def size(self, node: Expr) -> Place:
        """Rows and columns of the value of a node as it is stored."""
        return stored_size(shape_of(node), self.sizes)

    def place(self, index: Expr) -> int:
        """An index of the language, which counts from 1, as an offset.  It may be a name or a sum: X[i, i + 1]."""
        return number_of_index(index, self.sizes) - 1

    def _array(self, node: Expr) -> Matrix:
        """An array, or a number, by its entries in index notation."""
        entry, *indices = node.args if node.op == "over" else (node,)
        axes = [range(number_of_dim(dim, self.sizes)) for dim in shape_of(node) if not dim.is_one]
        letters, entries = [str(index.value) for index in indices], Entries(self)
        numbers = [entries.value(entry, dict(zip(letters, place, strict=True))) for place in product(*axes)]
        columns = self.size(node)[1]
        return [numbers[start : start + columns] for start in range(0, len(numbers), columns)]

    def _slice(self, node: Expr) -> Matrix:
        base, *places = node.args
        value = self.known[id(base)][1]
        sizes = size_of(value)
        rows, columns = (
            range(size) if place is not None and place.op == "all" else [0 if place is None else self.place(place)]
            for place, size in zip((*places, None), sizes, strict=False)
        )
        if any(not 0 <= i < sizes[0] for i in rows) or any(not 0 <= j < sizes[1] for j in columns):
            raise Undefined("index outside the array")
        return [[value[i][j] for j in columns] for i in rows]


def written_out(typed: Typed) -> Typed:
    """The same with definitions for the functions without arithmetic of their own, by which their values are worked out."""
    definitions = {name: _written_out(definition) for name, definition in typed.definitions.items()}
    return Typed(_written_out(typed.expr), typed.variables, definitions, typed.remarks)


def _written_out(root: Expr) -> Expr:
    return rebuilt(root, lambda _, node: _written_out(expanded(node)) if _is_defined(node.op) else node)


def _is_defined(function: str) -> bool:
    return function not in Arithmetic.operations and bool(row_of(function).values)


def number_of_index(index: Expr, sizes: Sizes) -> int:
    """An index of the language, a number, a name or a sum of such, as a number that counts from 1."""
    if index.op == "name":
        return sizes[str(index.value)]
    if index.op == "number":
        assert isinstance(index.value, int)
        return index.value
    parts = [number_of_index(arg, sizes) for arg in index.args]
    if index.op == "neg":
        return -parts[0]
    return sum(parts) if index.op == "+" else prod(parts)


class _Step(NamedTuple):
    """One summed letter of a sum.

    size      how far the letter runs
    factors   what can be multiplied as soon as the letter is known
    held      the letters with a place already on which this step and all later ones depend
    """

    letter: str
    size: int
    factors: list[Expr]
    held: list[str]


class Entries:
    """Evaluates index notation: one entry at a time, arrays once.

    A sum goes letter by letter, and what the rest of it comes to is kept by the letters that the rest depends on: a chain of
    matrices costs what their product costs, and all entries of an array share what is inside.
    (Dechter, Bucket elimination: a unifying framework for reasoning, Artificial Intelligence 113, 1999.)
    """

    def __init__(self, arrays: Evaluation) -> None:
        self.arrays, self.arithmetic = arrays, arrays.arithmetic
        self.plans: dict[int, tuple[Expr, list[Expr], list[_Step]]] = {}
        self.rests: dict[tuple[int, ...], Number] = {}
        self.slopes: dict[tuple[int, ...], Matrix] = {}
        self.members: dict[int, tuple[Expr, list[str], dict[Place, Matrix]]] = {}
        self.indexed: dict[int, tuple[Expr, bool]] = {}

    def value(self, node: Expr, at: dict[str, int]) -> Number:
        if not self._has_indices(node):
            return self.arrays.value(node)[0][0]
        if node.op == "entry":
            place = tuple(at[str(index.value)] for index in node.args[1:])
            array = node.args[0]
            return entry_at(self._held(array, at), place) if self._has_indices(array) else self._entry(array, place)
        if node.op == "delta":
            left, right = node.args
            return self.arithmetic.number(int(at[str(left.value)] == at[str(right.value)]))
        if node.op == "sigma":
            return self._sum(node, at)
        if node.op == "*":
            return self._product(node.args, at)
        if node.op == "+":
            return self.arithmetic.total(self.value(term, at) for term in node.args)
        if node.op == "name" or not all(map(is_scalar, node.args)):
            return self._held(node, at)[0][0]
        return self.arrays.applied(node.op, *([[self.value(arg, at)]] for arg in node.args))[0][0]

    def _held(self, node: Expr, at: dict[str, int]) -> Matrix:
        """The value of an expression in matrix notation with members, at their indices."""
        if id(node) not in self.members:
            self.members[id(node)] = node, sorted(free_indices(node)[id(node)]), {}
        _, letters, known = self.members[id(node)]
        here = tuple(at[letter] for letter in letters)
        if here not in known:
            values = dict(self.arrays.values)

            def of_member(_: Expr, again: Expr) -> Expr:
                if again.op != "name" or not again.args:
                    return again
                name = f"{again.value} {' '.join(str(index.value) for index in again.args)}"
                values[name] = self._member(again, at)
                return Expr("name", (), name, shape=again.shape)

            expr = rebuilt(node, of_member)
            known[here] = Evaluation(values, self.arrays.sizes, {}, self.arithmetic).value(expr)
        return known[here]

    def _member(self, node: Expr, at: dict[str, int]) -> Matrix:
        """The member x_i of an array x."""
        array, shape = self.arrays.values[str(node.value)], shape_of(node)
        whole = shape_of_axes([*(shape_of(index)[0] for index in node.args), *(dim for dim in shape if not dim.is_one)])
        before = [at[letter] for letter in index_names(node.args)]
        rows, columns = self.arrays.size(node)

        def entry(*place: int) -> Number:
            inside = [index for index, dim in zip(place, shape) if not dim.is_one]
            row, column = stored_place(whole, (*before, *inside, 0)[: len(whole)], self.arrays.sizes)
            return array[row][column]

        return [[entry(row, column) for column in range(columns)] for row in range(rows)]

    def _has_indices(self, root: Expr) -> bool:
        known = self.indexed.get(id(root))
        if known is not None:
            return known[1]
        for node in post_order(root):
            if id(node) not in self.indexed:
                found = node.op == "index" or any(self.indexed[id(arg)][1] for arg in node.args)
                self.indexed[id(node)] = node, found
        return self.indexed[id(root)][1]

    def _sum(self, node: Expr, at: dict[str, int]) -> Number:
        """The sum, one letter after the other; a factor is looked at as soon as its letters are known, and a zero ends the branch."""
        if id(node) not in self.plans:
            self.plans[id(node)] = node, *self._plan(node)
        _, first, steps = self.plans[id(node)]
        here = dict(at)

        def rest(depth: int) -> Number:
            if depth == len(steps):
                return self.arithmetic.number(1)
            letter, size, factors, held = steps[depth]
            key = (id(node), depth, *[here[name] for name in held])
            if key not in self.rests:
                terms = []
                for place in range(size):
                    check()
                    here[letter] = place
                    term = self._product(factors, here)
                    if term:
                        terms.append(term * rest(depth + 1))
                self.rests[key] = self.arithmetic.total(terms)
            return self.rests[key]

        outside = self._product(first, here)
        return outside * rest(0) if outside else outside

    def _product(self, factors: Sequence[Expr], at: dict[str, int]) -> Number:
        product = self.arithmetic.number(1)
        for factor in factors:
            product *= self.value(factor, at)
            if not product:  # most entries of a product with a delta
                break
        return product

    def _plan(self, node: Expr) -> tuple[list[Expr], list[_Step]]:
        """The factors without a summed letter, and the steps.

        Letters of sparse factors come first, so that what they rule out is never looked at.
        """
        body, *indices = node.args
        letters_in = free_indices(body)
        waiting = [(factor, letters_in[id(factor)]) for factor in (body.args if body.op == "*" else (body,))]
        unknown = dict.fromkeys(index_names(indices))
        first = [factor for factor, letters in waiting if not letters & unknown.keys()]
        steps = []
        while unknown:

            def missing(letter: str) -> tuple[int, int]:
                sharing = [
                    (not _is_sparse(factor), len(letters & unknown.keys())) for factor, letters in waiting if letter in letters
                ]
                return min(sharing, default=(1, 0))

            letter = min(unknown, key=missing)
            open_letters = frozenset[str]().union(*(letters for _, letters in waiting if letters & unknown.keys()))
            held = sorted(open_letters - unknown.keys())
            del unknown[letter]
            complete = [factor for factor, letters in waiting if letter in letters and not letters & unknown.keys()]
            steps.append(_Step(letter, self._size(letter, body), complete, held))
        return first, steps

    def _size(self, letter: str, body: Expr) -> int:
        """How far a summed letter runs: the size of an axis where it stands."""
        return number_of_dim(sizes_of_indices(body)[letter], self.arrays.sizes)

    def _entry(self, array: Expr, place: Place) -> Number:
        if array.op == "fuse":  # 1 where the first index is the pair of the other two
            fused = place[1] * number_of_dim(shape_of(array)[1], self.arrays.sizes) + place[2]
            return self.arithmetic.number(int(place[0] == fused))
        if len(shape_of(array)) > 2:
            row, column = stored_place(shape_of(array), place, self.arrays.sizes)
            return self.arrays.value(array)[row][column]
        if len(place) >= 4:  # d f(X)_ij / dX_kl, d^2 f(X)_ij / dX_kl dX_pq
            return self._frechet(array, place)
        return entry_at(self.arrays.value(array), place)

    def _frechet(self, array: Expr, place: Place) -> Number:
        row, column, *moved = place
        key = (id(array), *moved)
        if key not in self.slopes:
            args = [self.arrays.value(arg) for arg in array.args]
            directions = []
            for at in zip(moved[::2], moved[1::2], strict=True):
                size = range(len(args[0]))
                directions.append([[self.arithmetic.number(int((i, j) == at)) for j in size] for i in size])
            self.slopes[key] = self.arrays.applied(array.op, *args, *directions)
        return self.slopes[key][row][column]


def _is_sparse(factor: Expr) -> bool:
    return factor.op == "delta" or (factor.op == "entry" and factor.args[0].op in ("fuse", "block", "e"))
