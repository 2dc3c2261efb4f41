"""`Shaping`: the shape rule of every operation, applied from the leaves up.

Rows of the function table bring their own pattern.  Here are the laws that no pattern can say: a 1 x 1 operand scales, a
scalar added to an array acts on every entry, a product is folded from the left.
"""

from __future__ import annotations

from collections.abc import Mapping

from matdiff.functions import FUNCTIONS, Signature
from matdiff.infer.unify import Ranges, Sizes, is_open, size_of
from matdiff.language.dims import ONE, SCALAR, Dim, Shape
from matdiff.language.errors import (
    ArgumentSizes,
    BlockSizes,
    DivisionByZero,
    DivisionKind,
    ElementwiseShapes,
    ForeignOperator,
    IndexRange,
    MatdiffError,
    NotLifted,
    NotSquare,
    PowerKind,
    ProductSizes,
    SumShapes,
    WrongKind,
)
from matdiff.language.queries import bare, constant, is_scalar, names_in, ones_of, post_order, shape_of, unsigned, values_of
from matdiff.language.syntax import DOT, MODULUS, Expr, Span
from matdiff.limits import check

# What a scalar is made of, see `Shaping._origin`.
PLAIN, STATISTIC, CONTRACTION = range(3)


class Shaping:
    """One attempt to give every node a shape; `shapes` holds those of the variables and definitions met so far.

    `members` are the first ones of the names with indices, of which the kinds are those of members.
    """

    def __init__(self, declared: Mapping[str, Shape], kinds: Mapping[str, str], members: Mapping[str, Expr]) -> None:
        self.sizes = Sizes()
        self.declared, self.kinds, self.members = declared, kinds, members
        self.shapes: dict[str, Shape] = {}
        self.nodes: list[Expr] = []
        self.size_names: set[str] = set()
        self._origins: dict[int, int] = {}
        self._origins_of_names: dict[str, int] = {}
        self.square: set[str] = set()
        self.contacts: list[tuple[Expr, int, Expr]] = []
        self.broadcasts: list[tuple[Expr, Expr]] = []
        self.ranges = Ranges(self.sizes)
        self.culprit: tuple[Expr, tuple[Expr, ...]] | None = None

    def typed(self, root: Expr) -> Expr:
        """The same expression with a (provisional) shape on every node.  Raises the first error of an E3 kind.

        Without recursion, since nesting may be deep.  One node object used twice is one value, with one shape.
        """
        done: dict[int, Expr] = {}
        stack = [(root, False)]
        while stack:
            check()
            expr, is_ready = stack.pop()
            if id(expr) in done:
                continue
            values = values_of(expr)
            if values and not is_ready:
                if expr.op == "over":
                    self.ranges.begin(expr, self.size)
                stack.append((expr, True))
                stack.extend((arg, False) for arg in reversed(values))
                continue
            args = tuple([done[id(arg)] for arg in values])
            try:
                shape = self._shape(expr, args) if args else self._leaf(expr)
            except MatdiffError:
                self.culprit = expr, args
                raise
            done[id(expr)] = self._made(expr, (*args, *expr.args[len(args) :]), shape)
        return done[id(root)]

    def define(self, name: str, expr: Expr) -> Expr:
        """Type a definition and remember its shape under its name."""
        value = self.typed(expr)
        self.shapes[name] = shape_of(value)
        self._origins_of_names[name] = self._origins.get(id(value), PLAIN)
        return value

    def _modulus(self, expr: Expr, inside: Expr) -> Shape:
        """`|x|` of a number and `|A|` of a square matrix are numbers; of a vector nobody knows."""
        if ones_of(inside) in ((False, True), (True, False)):
            start = expr.span or Span(0, 0)
            closing = Span(start.end - 1, start.end)
            raise ForeignOperator(span=Span(start.start, start.start + 1), written=MODULUS, partner=closing)
        if not is_scalar(inside):
            self._make_square("det", inside)
        return SCALAR

    def _made(self, expr: Expr, args: tuple[Expr, ...], shape: Shape) -> Expr:
        if expr.value == MODULUS and expr.op == "abs":
            expr = Expr("abs" if is_scalar(args[0]) else "det", args, None, expr.span)
        elif expr.value == DOT and expr.op == "*":
            expr = Expr(":" if all(ones_of(arg) == (False, True) for arg in args) else "*", args, None, expr.span)
        node = Expr(expr.op, args, expr.value, expr.span, shape)
        self.nodes.append(node)
        if shape[1].is_one and is_scalar(node):
            self._origins[id(node)] = self._origin(node)
        return node

    def _origin(self, node: Expr) -> int:
        """What a scalar is made of: PLAIN scalars, a STATISTIC of arrays like log(mean(x)), or a CONTRACTION like x^T A x."""
        if node.op == "name" and node.args:
            return CONTRACTION
        if node.op == "name":
            return self._origins_of_names.get(str(node.value), PLAIN)
        made_of = max((self._origins.get(id(arg), CONTRACTION) for arg in values_of(node)), default=PLAIN)
        row = FUNCTIONS.get(node.op)
        return min(made_of, STATISTIC) if row is not None and row.statistic else made_of

    def _shape(self, expr: Expr, args: tuple[Expr, ...]) -> Shape:
        op = expr.op
        self.ranges.refuse_arrays(args)
        if expr.value == MODULUS and op == "abs":
            return self._modulus(expr, args[0])
        if op == "at":
            return self._slice(expr, args[0])
        if op == "*" and expr.value == DOT and all(ones_of(arg) == (False, True) for arg in args):
            return self._elementwise(":", args, scalars=False) and SCALAR
        if op == "*":
            return self._product(args)
        if op == "+":
            return self._sum(args)
        if op == "'":
            rows, columns = shape_of(args[0])
            return columns, rows
        if op == "over":
            return self.ranges.total(expr, args[0])
        if op == "neg":
            return shape_of(args[0])
        if op == "/":
            return self._quotient(args)
        if op == "^":
            return self._power(args)
        if op in (".*", "./", ".^"):
            return self._elementwise(op, args)
        if op == ":":
            self._elementwise(op, args, scalars=False)
            return SCALAR
        if op == "block":
            return self._blocks(expr, args)
        if op in ("rows", "cols"):
            return SCALAR
        if op == "unvec":
            return self._unstacked(expr, args[0])
        row = FUNCTIONS[op]
        if row.patterns:
            return self._pattern(expr, row.patterns, args)
        return shape_of(args[0])

    def _unstacked(self, expr: Expr, vector: Expr) -> Shape:
        """unvec(x, m, n): the m x n matrix whose columns, one below the other, are x."""
        rows, columns = self.size(expr.args[1]), self.size(expr.args[2])
        span = expr.args[1].span
        if span is not None and expr.args[2].span is not None:
            span = Span(span.start, expr.args[2].span.end)
        stacked = Expr("vec", (expr,), None, span, (self.sizes.product(rows, columns), ONE))
        self._same(vector, stacked, ArgumentSizes, function=expr.op)
        return rows, columns

    def _leaf(self, expr: Expr) -> Shape:
        op, args = expr.op, expr.args
        if op == "name" and args:
            return self.ranges.member(expr, self.shape_of_name(str(expr.value)))
        if op == "name":
            return self.shape_of_name(str(expr.value))
        if op in ("number", "pi", "size"):
            return SCALAR
        if op == "e":
            return self.size(args[1]), ONE
        if op == "commutation":
            both = self.sizes.product(self.size(args[0]), self.size(args[1]))
            return both, both
        if op == "I":
            rows = self.size(args[0]) if args else self.sizes.invent()
            return rows, rows
        if not args:
            return self.sizes.invent(), ONE
        rows = self.size(args[0])
        return rows, self.size(args[1]) if len(args) > 1 else ONE

    def size(self, expr: Expr) -> Dim:
        """The size that an expression in the text is."""
        dim = size_of(expr)
        self.size_names.update(dim.names)
        return dim

    def shape_of_name(self, name: str) -> Shape:
        """The shape of a variable or definition; an undeclared variable gets one when it is first met."""
        shape = self.shapes.get(name)
        if shape is None:
            shape = self.declared.get(name)
            if shape is None and name in self.members:
                shape = self.ranges.array(self.members[name], self.kinds[name])
            elif shape is None:
                kind = self.kinds[name]
                rows = ONE if kind == "scalar" else self.sizes.invent()
                shape = rows, self.sizes.invent() if kind == "matrix" else ONE
            self.shapes[name] = shape
        return shape

    # What a shape is

    def _dims(self, expr: Expr) -> Shape:
        rows, columns = shape_of(expr)
        return self.sizes.resolve(rows), self.sizes.resolve(columns)

    def _same(self, left: Expr, right: Expr, fail: type[MatdiffError], **fields: object) -> None:
        """The two have the same shape, or the error is raised."""

        def failure() -> MatdiffError:
            return fail(left=left, right=right, **fields)

        if ones_of(left) != ones_of(right):
            raise failure()
        for one, other in zip(shape_of(left), shape_of(right), strict=True):
            self.sizes.unify(one, other, (left, right), failure)

    # Operators

    def _product(self, args: tuple[Expr, ...]) -> Shape:
        """Folded from the left; a scalar factor or partial product scales what stands beside it."""
        rows, columns = SCALAR
        last: Expr | None = None
        for factor in args:
            if is_scalar(factor):
                continue
            right_rows, right_columns = shape_of(factor)
            if last is None:
                rows, columns, last = right_rows, right_columns, factor
                continue
            self._fits(last, factor, columns, right_rows)
            self._contact(last, factor)
            columns, last = right_columns, factor
            if rows.is_one and self.sizes.resolve(columns).is_one:
                rows, columns, last = ONE, ONE, None
        return rows, columns

    def _fits(self, left: Expr, right: Expr, columns: Dim, rows: Dim) -> None:
        def failure() -> MatdiffError:
            return ProductSizes(left=left, right=right)

        if self.sizes.resolve(columns).is_one != self.sizes.resolve(rows).is_one:
            raise failure()
        self.sizes.unify(columns, rows, (left, right), failure)

    def _contact(self, left: Expr, right: Expr) -> None:
        """Remember which vector an undeclared matrix met on which of its axes, for the remark that it became square."""
        for one, other, axis in ((left, right, 1), (right, left, 0)):
            name = bare(one)
            if name.op == "name" and self.kinds.get(str(name.value)) == "matrix" and True in ones_of(other):
                turned = one.op == "'"
                self.contacts.append((name, 1 - axis if turned else axis, bare(other)))

    def _sum(self, args: tuple[Expr, ...]) -> Shape:
        arrays = [arg for arg in args if not is_scalar(arg)]
        if not arrays:
            return SCALAR
        first = unsigned(arrays[0])
        for term in arrays[1:]:
            self._same(first, unsigned(term), SumShapes, subtracted=term.op == "neg")
        self._note_square(arrays)
        if len(arrays) < len(args):
            for place, term in enumerate(args):
                if is_scalar(term):
                    self._check_broadcast(term, arrays, place, args)
        return shape_of(first)

    def _check_broadcast(self, scalar: Expr, arrays: list[Expr], place: int, args: tuple[Expr, ...]) -> None:
        """A scalar acts on every entry; but in `x^T A x + b`, with b a vector, something else was meant.

        So it is in `sum(x) + b`, unless b is declared; but not in `x - mean(x)`.
        """
        origin = self._origins[id(scalar)]
        if origin == STATISTIC:
            inside = set(post_order(scalar))
            if any(
                unsigned(array) not in inside and any(name.value in self.kinds for name in names_in(array)) for array in arrays
            ):
                origin = CONTRACTION
        if origin == CONTRACTION:
            left, right = (arrays[0], scalar) if args.index(arrays[0]) < place else (scalar, arrays[0])
            raise SumShapes(left=unsigned(left), right=unsigned(right), subtracted=right.op == "neg")
        self.broadcasts.append((scalar, arrays[0]))

    def _note_square(self, terms: list[Expr]) -> None:
        """`A - I` and `A + A^T` say themselves that A is square."""
        names = {bare(term).value for term in terms if term.op == "'" and bare(term).op == "name"}
        whole = any(node.op == "I" for term in terms for node in (bare(term), *bare(term).args))
        for term in terms:
            name = bare(term)
            if name.op == "name" and (whole or name.value in names):
                self.square.add(str(name.value))

    def _quotient(self, args: tuple[Expr, ...]) -> Shape:
        numerator, denominator = args
        if not is_scalar(denominator):
            raise DivisionKind(numerator=numerator, denominator=denominator)
        self._not_zero(denominator)
        return shape_of(numerator)

    def _not_zero(self, denominator: Expr) -> None:
        if constant(denominator) == 0:
            raise DivisionByZero(span=denominator.span)

    def _elementwise(self, op: str, args: tuple[Expr, ...], scalars: bool = True) -> Shape:
        """Equal shapes; with `scalars` a scalar stands for an array of equal entries."""
        arrays = [arg for arg in args if not (scalars and is_scalar(arg))]
        for arg in arrays[1:]:
            self._same(arrays[0], arg, ElementwiseShapes, operator=op)
        if op == "./":
            self._not_zero(args[1])
        return shape_of(arrays[0]) if arrays else SCALAR

    def _power(self, args: tuple[Expr, ...]) -> Shape:
        base, exponent = args
        if not is_scalar(exponent):
            raise PowerKind(base=base, exponent=exponent, culprit=exponent)
        if is_scalar(base):
            value = constant(exponent)
            if value is not None and value < 0:
                self._not_zero(base)
            return SCALAR
        if True in ones_of(base):
            raise PowerKind(base=base, exponent=exponent, culprit=base)
        self._make_square("^-1" if constant(exponent) == -1 else "^", base)
        return shape_of(base)

    def _make_square(self, function: str, argument: Expr) -> None:
        def failure() -> MatdiffError:
            return NotSquare(function=function, argument=argument)

        if bare(argument).op == "name":
            self.square.add(str(bare(argument).value))
        rows, columns = shape_of(argument)
        self.sizes.unify(rows, columns, (argument,), failure)

    # Functions with a pattern

    def _pattern(self, expr: Expr, patterns: tuple[Signature, ...], args: tuple[Expr, ...]) -> Shape:
        ones = [one for arg in args for one in ones_of(arg)]
        if FUNCTIONS[expr.op].form == "frechet" and all(ones[:2]):
            raise WrongKind(function=expr.op, argument=args[0], expected="matrix")
        for inputs, output in patterns:
            tokens = [token for pair in inputs for token in pair]
            if all(one for token, one in zip(tokens, ones, strict=True) if token == "1"):
                return self._apply(expr, inputs, output, args)
        tokens = [token for pair in patterns[0][0] for token in pair]
        wrong = next(place for place, token in enumerate(tokens) if token == "1" and not ones[place]) // 2
        expected = "scalar" if patterns[0][0][wrong] == ("1", "1") else "vector"
        raise WrongKind(function=expr.op, argument=args[wrong], expected=expected)

    def _apply(self, expr: Expr, inputs: tuple[tuple[str, str], ...], output: tuple[str, str], args: tuple[Expr, ...]) -> Shape:
        bound: dict[str, tuple[Dim, Expr]] = {}
        for pair, arg in zip(inputs, args, strict=True):
            if pair[0] == pair[1] != "1":
                self._make_square(expr.op, arg)
            for token, dim in zip(pair, shape_of(arg), strict=True):
                self._bind(expr, token, dim, arg, bound)
        rows, columns = (self.sizes.of_token(token, bound) for token in output)
        return rows, columns

    def _bind(self, expr: Expr, token: str, dim: Dim, arg: Expr, bound: dict[str, tuple[Dim, Expr]]) -> None:
        if token == "1":
            return
        if token not in bound:
            compound = any(sign in token for sign in "*+")
            bound[token] = (self.sizes.of_token(token, bound), arg) if compound else (dim, arg)
        known, first = bound[token]

        def failure() -> MatdiffError:
            if first is arg:
                return NotSquare(function=expr.op, argument=arg)
            return ArgumentSizes(function=expr.op, left=first, right=arg, span=expr.span)

        self.sizes.unify(known, dim, (first, arg), failure)

    # Blocks and entries

    def _blocks(self, expr: Expr, args: tuple[Expr, ...]) -> Shape:
        width = int(expr.value) if expr.value is not None else len(args)
        lines = [args[start : start + width] for start in range(0, len(args), width)]
        heights, widths = [], []
        for line in lines:
            for block in line[1:]:
                self._same_side(line[0], block, 0)
            heights.append(shape_of(line[0])[0])
            widths.append(self.sizes.total(shape_of(block)[1] for block in line))
        for line, total in zip(lines[1:], widths[1:], strict=True):
            self._same_width(lines[0], line, widths[0], total)
        return self.sizes.total(heights), widths[0]

    def _same_side(self, left: Expr, right: Expr, axis: int) -> None:
        def failure() -> MatdiffError:
            return BlockSizes(left=left, right=right, axis=axis)

        if ones_of(left)[axis] != ones_of(right)[axis]:
            raise failure()
        self.sizes.unify(shape_of(left)[axis], shape_of(right)[axis], (left, right), failure)

    def _same_width(self, above: tuple[Expr, ...], below: tuple[Expr, ...], first: Dim, second: Dim) -> None:
        """Where nothing speaks against it the two lines are cut at the same places; otherwise only the totals must agree."""

        def failure() -> MatdiffError:
            return BlockSizes(left=above[0], right=below[0], axis=1)

        sides = [(self._dims(one)[1], self._dims(other)[1]) for one, other in zip(above, below, strict=True)]
        if all(left == right or is_open(left) or is_open(right) for left, right in sides):
            for one, other in zip(above, below, strict=True):
                self._same_side(one, other, 1)
        self.sizes.unify(self.sizes.resolve(first), self.sizes.resolve(second), (*above, *below), failure)

    def _slice(self, expr: Expr, base: Expr) -> Shape:
        places = expr.args[1:]
        if len(places) > 2:
            raise NotLifted(span=expr.span, operation="")
        rows, columns = self._dims(base)
        if len(places) == 1:
            is_scalar_name = rows.is_one and base.op == "name" and base.value in self.kinds
            if not columns.is_one or is_scalar_name or (rows.is_one and constant(places[0]) is None and places[0].op != "all"):
                raise WrongKind(function="[i]", argument=base, expected="vector")
            return self._side(base, places[0], rows), ONE
        for place, dim in zip(places, (rows, columns)):
            if dim.is_one and place.op != "all" and constant(place) is None:
                raise WrongKind(function="[i,j]", argument=base, expected="matrix")
        return self._side(base, places[0], rows), self._side(base, places[1], columns)

    def _side(self, base: Expr, place: Expr, dim: Dim) -> Dim:
        if place.op == "all":
            return dim
        if place.op == "index":
            return self.ranges.along(base, place, dim)
        value, largest = constant(place), dim.value
        outside = value is not None and (value < 1 or (largest is not None and value > largest))
        if outside:
            raise IndexRange(span=place.span, index=str(value), size=dim)
        return ONE
