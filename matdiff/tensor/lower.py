"""`lower`: from a typed `Expr` to a `Tensor`.

Each structural operation is its pattern; matrix notation disappears here.  The literal-1 axes vanish: a vector has one axis, a
scalar none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from matdiff.functions import FUNCTIONS, MATRIX_POWER, Function, Signature
from matdiff.infer.infer import Typed
from matdiff.infer.rules import ARGUMENTS, kinds_of, rule_expr, sizes_in, typed_rule, typed_value
from matdiff.infer.unify import size_of
from matdiff.language.dims import Dim, Shape, size
from matdiff.language.kinds import Variable, kind_of
from matdiff.language.queries import values_of
from matdiff.language.syntax import Expr, Rational, ratio
from matdiff.limits import WRITTEN_POWER, check
from matdiff.tensor import build
from matdiff.tensor.nodes import SINGULAR, Index, Product, Tensor

# An operand, and a tensor, with an index for each of its axes.
Part = tuple[Expr, Sequence[Index]]
Factor = tuple[Tensor, Sequence[Index]]


def axes_of(shape: Shape) -> tuple[Dim, ...]:
    """The axes that remain of rows x columns when sizes 1 vanish."""
    return tuple(dim for dim in shape if not dim.is_one)


def variable_tensor(variable: Variable, structured: bool = True) -> Tensor:
    """The tensor of a variable; a diagonal D is lowered to d_i delta_ij, where d is its diagonal."""
    dims = axes_of(variable.shape)
    prop = property_of(variable) if structured or len(dims) < 2 else free_property(variable)
    if prop == "diagonal":
        diagonal = build.einsum([(build.symbol(variable.name, dims, prop), (0, 0))], (0,))
        return build.einsum([(diagonal, (0,))], (0, 0))
    return build.symbol(variable.name, dims, prop)


def property_of(variable: Variable) -> str | None:
    """What the node of a variable knows of it: its structure; of a row, whose one axis looks like that of a vector, that it is one."""
    kind = kind_of(variable.shape)
    return kind if kind == "row" else variable.property if kind == "matrix" else None


def free_property(variable: Variable) -> str | None:
    """What the node of a variable knows of it where it is taken as free of structure: that its values may have no inverse."""
    return SINGULAR if is_singular_structure(variable.property, variable.shape[0]) else None


def is_singular_structure(prop: str | None, size: Dim) -> bool:
    """Whether matrices with this structure are singular at this size, or at some numbers for it."""
    return prop == "skew" and (size.value is None or size.value % 2 == 1)


class Lowering:
    """Lowers expressions whose names have the given values; `sizes` renames the sizes in their shapes."""

    def __init__(self, values: dict[str, Tensor], sizes: dict[str, Dim] | None = None) -> None:
        self.values = values
        self.sizes = sizes or {}
        self._known: dict[int, tuple[Expr, Tensor]] = {}

    def shape(self, expr: Expr) -> Shape:
        assert expr.shape is not None
        if not self.sizes:
            return expr.shape
        return expr.shape[0].substitute(self.sizes), expr.shape[1].substitute(self.sizes)

    def axes(self, expr: Expr) -> tuple[Dim, ...]:
        return axes_of(self.shape(expr))

    def held(self, expr: Expr) -> tuple[str, ...]:
        """The indices that the value of an expression has as axes before its own: none, but in a `Lift`."""
        return ()

    def value(self, expr: Expr) -> Tensor:
        """The tensor of an expression.  Operands are lowered before what they stand in, so no nest is too deep."""
        stack = [expr]
        while stack:
            check()
            node = stack[-1]
            operands = () if node.op in ("rows", "cols") else values_of(node)
            waiting = [operand for operand in operands if id(operand) not in self._known]
            stack += reversed(waiting)
            if not waiting:
                stack.pop()
                # The node is kept, so that no other gets its id.
                self._known[id(node)] = node, self._value(node) if node.args else self._leaf(node)
        return self._known[id(expr)][1]

    def _leaf(self, expr: Expr) -> Tensor:
        if expr.op == "name":
            return self.values[str(expr.value)]
        if expr.op == "number":
            assert expr.value is not None and not isinstance(expr.value, str)
            return build.number(expr.value)
        if expr.op == "pi":
            return build.constant("pi")
        if expr.op == "size":
            return build.size_scalar(size(cast(str, expr.value)).substitute(self.sizes))
        return self._filled(expr)

    def _filled(self, expr: Expr) -> Tensor:
        dims = self.axes(expr)
        if expr.op == "I":
            return build.identity(dims[:1])
        return build.filled(1 if expr.op == "ones" else 0, dims)

    def _of(self, operand: Expr) -> Tensor:
        return self._known[id(operand)][1]

    def _value(self, expr: Expr) -> Tensor:
        op = expr.op
        if op in ("I", "ones", "zeros"):
            return self._filled(expr)
        if op in ("rows", "cols"):
            return build.size_scalar(self.shape(expr.args[0])[op == "cols"])
        if op == "e":
            dims = self.axes(expr)
            return build.constant("unit", (expr.args[0], dims[0]), dims)
        if op == "commutation":
            return commutation(*(size_of(arg).substitute(self.sizes) for arg in expr.args))
        if op == "at":
            return self._entries(expr)
        if op == "unvec":
            return self._unstacked(expr)
        if op == "block":
            return self._block(expr)
        if op == "*":
            return self._product(expr)
        args = [self._of(arg) for arg in expr.args]
        if op == "+":
            return add_broadcast(args)
        if op == "neg":
            return build.scale(-1, args[0])
        if op in ("/", "./"):
            return build.hadamard(args[0], build.power(args[1], -1))
        if op == ".^" or (op == "^" and not args[0].dims):
            return power_of(args[0], args[1])
        if op == "^":
            return matrix_power(args[0], args[1])
        row = FUNCTIONS[op]
        if row.form == "each":
            return build.apply(op, (args[0],), args[0].dims)
        if row.form == "macro" and row.is_entrywise:  # of an argument with any number of axes
            return Lowering({"X": args[0]}).value(rule_expr(row.values[0]))
        assert row.form != "lifted"  # of rows and columns: what `Lift` adds
        if row.form == "macro":
            return defined(row, args, [self.shape(arg) for arg in expr.args], type(self))
        if row.form in ("func", "matrix"):
            return matrix_power(*args) if op == MATRIX_POWER else call(op, args, self.axes(expr))
        if row.form == "frechet":
            value = call(row.of, args[: -row.order], args[0].dims)
            axes = tuple(range(2 + 2 * row.order))
            directions = zip(args[-row.order :], zip(axes[2::2], axes[3::2]))
            return build.einsum([(slope_of(value, row.order), axes), *directions], (0, 1))
        if op == "cumsum" and self.axes(expr):
            return self._joined(
                expr, [(expr.args[0], (1,))], (0,), {}, [(build.constant("tril", (), self.axes(expr) * 2), (0, 1))]
            )
        if op in ("tril", "triu") and self.axes(expr):
            return self._triangle(expr)
        if op == ".*" or (op == ":" and not all(arg.dims for arg in args)):
            return build.hadamard(*args)
        return self._pattern(expr)

    def _joined(
        self,
        expr: Expr,
        parts: Sequence[Part],
        ends: Sequence[Index],
        sizes: Mapping[Index, Dim],
        constants: Sequence[Factor] = (),
    ) -> Tensor:
        """The value of `expr`, a product of operands and constants that is summed over the indices that are no `ends`.

        The indices that operands depend on are among the ends too.
        """
        factors = [*((self._of(arg), (*self.held(arg), *slots)) for arg, slots in parts), *constants]
        return self._einsum(factors, [*self.held(expr), *ends], sizes)

    def _einsum(self, factors: Sequence[Factor], ends: Sequence[Index], sizes: Mapping[Index, Dim]) -> Tensor:
        return build.einsum(factors, ends, sizes)

    def _pattern(self, expr: Expr) -> Tensor:
        shapes = [self.shape(arg) for arg in expr.args]
        inputs, output = fitting(FUNCTIONS[expr.op].patterns, shapes)
        sizes: dict[Index, Dim] = {}
        parts: list[Part] = []
        constants: list[Factor] = []
        # No index that an operand depends on is called so.
        for arg, letters, shape in zip(expr.args, inputs, shapes):
            sizes.update((("pattern", letter), dim) for letter, dim in zip(letters, shape))
            parts.append((arg, [("pattern", letter) for letter, dim in zip(letters, shape) if not dim.is_one]))
        ends: list[Index] = []
        for token in output:
            own = [("pattern", letter) for letter in token.split("*") if letter != "1"]
            axes: list[Index] = [index for index in own if not sizes[index].is_one]
            if len(axes) == 2:
                pair = (sizes[axes[0]], sizes[axes[1]])
                constants.append((build.constant("fuse", pair, (pair[0] * pair[1], *pair)), [token, *axes]))
                axes = [token]
            ends += axes
        return self._joined(expr, parts, ends, sizes, constants)

    def _product(self, expr: Expr) -> Tensor:
        """One einsum for the whole chain; a scalar, wherever it stands, scales."""
        parts: list[Part] = []
        row: Index = None
        column: Index = None
        sizes: dict[Index, Dim] = {}
        for place, arg in enumerate(expr.args):
            rows, columns = self.shape(arg)
            if rows.is_one and columns.is_one:
                parts.append((arg, ()))
                continue
            if row is None and column is None:
                left: Index = None if rows.is_one else ("row", place)
                row = left
            else:
                left = column
            column = None if columns.is_one else ("column", place)
            slots = tuple(slot for slot in (left if not rows.is_one else None, column) if slot is not None)
            sizes.update(zip(slots, self.axes(arg)))
            parts.append((arg, slots))
        return self._joined(expr, parts, [end for end in (row, column) if end is not None], sizes)

    def _entries(self, expr: Expr) -> Tensor:
        """X[i,j], X[:,j], X[i,:] and x[i]: products with unit vectors."""
        shape = self.shape(expr.args[0])
        places = list(expr.args[1:])
        if len(places) == 1:
            places = [*places, Expr("all")] if shape[1].is_one else [Expr("all"), *places]
        axes = [(axis, dim, place) for axis, (dim, place) in enumerate(zip(shape, places)) if not dim.is_one]
        units: list[Factor] = [
            (build.constant("unit", (place, dim), (dim,)), (axis,)) for axis, dim, place in axes if place.op != "all"
        ]
        ends = [axis for axis, _, place in axes if place.op == "all"]
        return self._joined(expr, [(expr.args[0], [axis for axis, _, _ in axes])], ends, {}, units)

    def _unstacked(self, expr: Expr) -> Tensor:
        """unvec(x, m, n): x_p fuse_pji, the matrix of which vec makes x."""
        rows, columns = self.shape(expr)
        if rows.is_one or columns.is_one:
            return self._of(expr.args[0])
        fuse = build.constant("fuse", (columns, rows), (columns * rows, columns, rows))
        return self._joined(expr, [(expr.args[0], (2,))], (0, 1), {}, [(fuse, (2, 1, 0))])

    def _triangle(self, expr: Expr) -> Tensor:
        """The lower or upper triangle, diagonal included: the entries times a mask of zeros and ones.

        All of a column is in its lower triangle and only its first entry in the upper one; of a row it is the other way round.
        """
        rows, columns = self.shape(expr)
        is_lower = expr.op == "tril"
        mask: list[Factor] = []
        if not rows.is_one and not columns.is_one:
            both, slots = ((rows, columns), (0, 1)) if is_lower else ((columns, rows), (1, 0))
            mask = [(build.constant("tril", (), both), slots)]
        elif columns.is_one != is_lower:
            mask = [(build.constant("unit", (Expr("number", (), 1), rows * columns), self.axes(expr)), (0,))]
        axes = range(len(self.axes(expr)))
        return self._joined(expr, [(expr.args[0], axes)], axes, {}, mask)

    def _block(self, expr: Expr) -> Tensor:
        """[A, B; C, D]: the sum of the blocks, each moved to its place by the matrices `shift`."""
        assert isinstance(expr.value, int)
        width = expr.value
        total = self.shape(expr)
        terms: list[tuple[Rational, Tensor]] = []
        top = size(0)
        for first in range(0, len(expr.args), width):
            left = size(0)
            for block in expr.args[first : first + width]:
                rows, columns = self.shape(block)
                factors: list[tuple[Tensor, list[Index]]] = [
                    (self._of(block), [axis for axis, dim in zip("ij", (rows, columns)) if not dim.is_one])
                ]
                ends: list[Index] = []
                for axis, whole, part, offset in (("i", total[0], rows, top), ("j", total[1], columns, left)):
                    if part == whole:
                        ends += [axis] if not part.is_one else []
                        continue
                    ends.append((axis, "whole"))
                    dims = (whole,) if part.is_one else (whole, part)
                    places: list[Index] = [(axis, "whole"), axis]
                    factors.append((build.constant("shift", (offset, part), dims), places[: len(dims)]))
                terms.append((1, build.einsum(factors, ends)))
                left = left + columns
            top = top + self.shape(expr.args[first])[0]
        return build.add(terms, self.axes(expr))


def fitting(patterns: tuple[Signature, ...], shapes: list[Shape]) -> Signature:
    """The first pattern whose literal 1s are sizes 1 and whose equal letters are equal sizes."""
    for pattern in patterns:
        sizes: dict[str, Dim] = {"1": size(1)}
        if all(
            sizes.setdefault(letter, dim) == dim for pair, shape in zip(pattern[0], shapes) for letter, dim in zip(pair, shape)
        ):
            return pattern
    raise AssertionError(f"no pattern fits {shapes}")


def commutation(rows: Dim, columns: Dim) -> Tensor:
    """K with K vec(A) = vec(A^T) for A of rows x columns (Magnus and Neudecker 2019, section 3.7)."""
    both = rows * columns
    turned = build.constant("fuse", (rows, columns), (both, rows, columns))
    plain = build.constant("fuse", (columns, rows), (both, columns, rows))
    return build.einsum([(turned, ("p", "i", "j")), (plain, ("q", "j", "i"))], ("p", "q"))


def add_broadcast(args: list[Tensor]) -> Tensor:
    """The sum; a scalar added to an array acts on every entry."""
    dims = max((arg.dims for arg in args), key=len)
    return build.add([(1, arg if arg.dims else build.broadcast(arg, dims)) for arg in args], dims)


def power_of(base: Tensor, exponent: Tensor) -> Tensor:
    """base .^ exponent, scalars broadcast; a number as exponent gives the simpler form."""
    value = build.number_of(exponent)
    if value is not None:
        return build.power(base, value)
    dims = max(base.dims, exponent.dims, key=len)
    both = tuple(arg if arg.dims == dims else build.broadcast(arg, dims) for arg in (base, exponent))
    return build.apply("power", both, dims)


def matrix_power(base: Tensor, exponent: Tensor) -> Tensor:
    """X^a: a product for a small whole a; else the principal power, which X^(1/2) = sqrtm(X) writes by its own name."""
    if not base.dims:
        return power_of(base, exponent)
    value = build.number_of(exponent)
    if value is None or value.denominator != 1 or not -WRITTEN_POWER <= value.numerator <= WRITTEN_POWER:
        if value == ratio(1, 2) or value == ratio(-1, 2):
            root = build.apply("sqrtm", (base,), base.dims)
            return root if value > 0 else call("inv", [root], base.dims)
        return build.apply(MATRIX_POWER, (base, exponent), base.dims)
    count = value.numerator
    if count < 0:
        base, count = call("inv", [base], base.dims), -count
    if count == 0:
        return build.identity(base.dims[:1])
    return build.einsum([(base, (place, place + 1)) for place in range(count)], (0, count))


def slope_of(value: Tensor, order: int = 1) -> Tensor:
    """The Frechet derivative of a matrix function f at X, from the value f(X): axes (i, j, k, l) for df(X)_ij / dX_kl.

    The value f(X^T) is kept as the transpose of f(X); its derivative by X^T is that of f(X) by X with all pairs of axes turned.
    """
    if isinstance(value, Product):
        ((inner, _),) = value.factors
        axes = range(2 + 2 * order)
        return build.einsum([(slope_of(inner, order), [axis ^ 1 for axis in axes])], axes)
    return build.apply("frechet", (value,), value.dims * (1 + order), order)


def call(name: str, args: list[Tensor], dims: tuple[Dim, ...]) -> Tensor:
    """A function of whole matrices; of a scalar, inv is the reciprocal and expm is exp."""
    if FUNCTIONS[name].on_scalar and not args[0].dims:
        return Lowering(dict(zip(ARGUMENTS, args))).value(rule_expr(FUNCTIONS[name].on_scalar))
    return build.apply(name, tuple(args), dims)


def on_diagonal(name: str, args: list[Tensor]) -> Tensor:
    """The vector v for which f(diag(x)) is diag(v); `args` are x and what else f takes."""
    return Lowering(dict(zip(ARGUMENTS, args))).value(rule_expr(FUNCTIONS[name].on_diagonal))


def expand_rule(
    name: str,
    args: list[Tensor],
    shapes: list[Shape],
    more: Mapping[str, tuple[Tensor, Shape]],
    place: int = 0,
) -> Tensor:
    """The differential of a function by the argument at this place, with its arguments and Y, dX, ... in `more` put in."""
    named = {**dict(zip(ARGUMENTS, zip(args, shapes))), **more}
    return _put_in(typed_rule(FUNCTIONS[name], kinds_of({n: shape for n, (_, shape) in named.items()}), place), named)


def defined(row: Function, args: Sequence[Tensor], shapes: Sequence[Shape], lowering: type[Lowering]) -> Tensor:
    """What an abbreviation stands for."""
    typed = typed_value(row, kinds_of(dict(zip(ARGUMENTS, shapes))))
    return _put_in(typed, dict(zip(ARGUMENTS, zip(args, shapes))), lowering)


def _put_in(typed: Typed, named: Mapping[str, tuple[Tensor, Shape]], lowering: type[Lowering] = Lowering) -> Tensor:
    sizes = sizes_in(typed, {n: shape for n, (_, shape) in named.items()})
    return lowering({n: tensor for n, (tensor, _) in named.items()}, sizes).value(typed.expr)
