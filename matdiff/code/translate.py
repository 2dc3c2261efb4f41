"""From expressions in matrix notation to the plan of their computation."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import cast

from matdiff.code.arrays import Value
from matdiff.code.contract import contracted
from matdiff.code.plan import Node
from matdiff.code.products import Products
from matdiff.code.stable.stable import stable
from matdiff.functions import FUNCTIONS, MATRIX_POWER, lifted, row_of
from matdiff.infer.rules import expanded, expanded_on_scalar, is_euclidean_norm
from matdiff.infer.unify import size_of
from matdiff.language.dims import SCALAR, Dim, Shape, size
from matdiff.language.kinds import Variable
from matdiff.language.queries import BY_ENTRIES, constant, ones_of, post_order, rebuilt, shape_of
from matdiff.language.syntax import Expr
from matdiff.recover.lines import by_rows, written_out
from matdiff.tensor.lower import axes_of

_FORMS_KEPT = ("fill", "diagonal", "rows", "columns")


class Translator(Products):
    """Translates expressions in `variables`; definitions are added with `define`.

    `spelled` are the functions that the format knows; others are written by their definitions.
    `indices` collects the names that stand as positions, as in X[i,j]; they are parameters of the function too.
    """

    def __init__(
        self,
        variables: Mapping[str, Variable],
        spelled: Container[str],
        traits: Sequence[str] = ("broadcast",),
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(traits, sizes)
        self.variables, self.spelled = variables, spelled
        self.defined: dict[str, Value] = {}
        self.definitions: dict[str, Expr] = {}
        self.known: dict[int, tuple[Expr, Value]] = {}
        self.indices: dict[str, None] = {}

    def start(self) -> None:
        """Forget the definitions of the formula before; what it computed is still known to the plan."""
        self.defined, self.definitions, self.known = {}, {}, {}

    def define(self, name: str, expr: Expr) -> None:
        """A named part, which is computed on its own where it is an array."""
        value = self.value(expr)
        value = value._replace(shared=value.form in ("chain", "sum"))
        if value.form in ("dense", "diagonal"):
            self.plan.names.setdefault(value.code, name)
        self.defined[name] = value
        self.definitions[name] = self.by_known_functions(expr)
        self.known = {}

    def value(self, root: Expr) -> Value:
        """The value of an expression in matrix notation."""
        root = self.stable(self.by_known_functions(root))
        for node in post_order(root, closed=BY_ENTRIES):
            if id(node) not in self.known and node.shape is not None:
                self.known[id(node)] = node, self._value(node)
        return self.known[id(root)][1]

    def by_known_functions(self, root: Expr) -> Expr:
        """The expression with definitions in place of functions that the format does not know."""
        return rebuilt(root, self._by_known_function)

    def _by_known_function(self, node: Expr, again: Expr) -> Expr:
        of_number = None if node.shape is None else expanded_on_scalar(again)  # libraries ask for arrays there
        if of_number is not None:
            return self.by_known_functions(of_number)
        if row_of(node.op).along:
            return self._by_known_lines(again)
        return self.by_known_functions(expanded(again)) if self.is_defined(node.op) else again

    def _by_known_lines(self, call: Expr) -> Expr:
        """A function of rows that the format knows, of rows; else what it is made of."""
        turned = by_rows(call)
        inside = turned if turned is call else turned.args[0]
        if self.knows(inside.op) and not any(ones_of(call.args[0])):
            return turned
        return self.by_known_functions(written_out(call))

    def is_defined(self, function: str) -> bool:
        """Whether a function is written by its definition."""
        return function in FUNCTIONS and not self.knows(function) and bool(FUNCTIONS[function].values)

    def knows(self, function: str) -> bool:
        """Whether the format, or the plan, has the function."""
        return function in self.spelled or function in _OPERATIONS

    def array(self, root: Expr) -> Node:
        """The dense array of an expression in matrix notation."""
        return self.dense(self.value(root))

    def entries(self, root: Expr, letters: Sequence[tuple[str, Dim]]) -> Node:
        """The array of an expression in index notation, with one axis per letter."""
        return contracted(self, self.stable(root), letters)

    def stable(self, root: Expr) -> Expr:
        """The expression by functions that do not overflow; exact numbers need none."""
        return root if "exact" in self.traits else stable(root, self.definitions)

    def _value(self, node: Expr) -> Value:
        op, shape = node.op, shape_of(node)
        leaf = self._leaf(node)
        if leaf is not None:
            return leaf
        if op == "at":
            return self._slice(node)
        if op in BY_ENTRIES:
            entry, *indices = node.args if op == "over" else (node,)
            letters = [(str(index.value), dim) for index, dim in zip(indices, axes_of(shape))]
            return Value(contracted(self, entry, letters), shape)
        args = [self.known[id(arg)][1] for arg in node.args if id(arg) in self.known]
        method = _OPERATIONS.get(op)
        return method(self, node, args) if method is not None else self.apply(op, args, shape)

    def apply(self, op: str, args: Sequence[Value], shape: Shape) -> Value:
        """A function of the table."""
        row = FUNCTIONS[op]
        if row.form == "frechet":
            codes = [self.dense(arg) for arg in args]
            return Value(self.plan.make("frechet", *codes, shape=axes_of(shape), data=op), shape)
        if row.is_entrywise and args[0].form in ("fill", "rows", "columns"):
            code = self.plan.make("apply", args[0].code, shape=args[0].code.shape, data=op)
            return Value(code, shape, args[0].form)
        codes = [self.dense(arg) for arg in args]
        return Value(self.plan.make("apply", *codes, shape=axes_of(shape), data=op), shape)

    # Leaves.

    def _leaf(self, node: Expr) -> Value | None:
        op, shape = node.op, shape_of(node)
        if op == "name":
            return self._name(str(node.value), shape)
        if op == "number":
            return Value(self.plan.number(node.value), SCALAR)
        if op == "size":
            return Value(self.plan.size(size(cast(str, node.value))), SCALAR)
        if op == "pi":
            return Value(self.plan.make("pi"), SCALAR)
        if op == "I":
            return Value(self.one, shape, "identity") if not shape[0].is_one else Value(self.one, SCALAR)
        if op in ("ones", "zeros"):
            code = self.one if op == "ones" else self.plan.number(0)
            return Value(code, shape, "fill" if not (shape[0].is_one and shape[1].is_one) else "dense")
        if op == "e":
            return Value(self._place(node.args[0]), shape, "unit")
        if op == "commutation":
            sizes = [self.plan.size(dim) for dim in (*map(size_of, node.args), shape[0])]
            return Value(self.plan.make("commutation", *sizes, shape=axes_of(shape)), shape)
        if op in ("rows", "cols"):
            return Value(self.plan.size(shape_of(node.args[0])[op == "cols"]), SCALAR)
        return None

    def _name(self, name: str, shape: Shape) -> Value:
        if name in self.defined:
            return self.defined[name]
        variable = self.variables[name]
        data = name, Value(self.one, shape).kind, variable.property
        code = self.plan.make("variable", shape=axes_of(shape), data=data)
        if variable.property == "diagonal":
            return Value(self.plan.make("diagonal", code, shape=axes_of(shape)[:1]), shape, "diagonal")
        return Value(code, shape)

    def _place(self, index: Expr) -> Node:
        """A position, which the language counts from 1; an index is counted as in the code."""
        for part in post_order(index):
            if part.op in ("name", "index"):
                self.indices[str(part.value)] = None
        return self.plan.make("place", data=index)

    def _slice(self, node: Expr) -> Value:
        base, shape = self.known[id(node.args[0])][1], shape_of(node)
        places = [":" if place.op == "all" else "place" for place in node.args[1:]]
        codes = [self._place(place) for place in node.args[1:] if place.op != "all"]
        if base.kind in ("vector", "row") and len(places) == 2:
            kept = [not dim.is_one for dim in base.shape]
            codes = [code for code, keep in zip(_aligned(places, codes), kept) if keep and code is not None]
            places = [place for place, keep in zip(places, kept) if keep]
        if base.kind == "scalar":
            return base
        return Value(self.plan.make("at", self.dense(base), *codes, shape=axes_of(shape), data=tuple(places)), shape)

    # Operations, by the name of their row.

    def op_sum(self, node: Expr, args: list[Value]) -> Value:
        signs = ["-" if term.op == "neg" else "+" for term in node.args]
        values = [self.known[id(term.args[0])][1] if term.op == "neg" else arg for term, arg in zip(node.args, args)]
        return self.add(values, signs)

    def op_quotient(self, node: Expr, args: list[Value]) -> Value:
        top, bottom = args
        if top.kind == "matrix" and top.form not in _FORMS_KEPT and (top.form != "chain" or top.shared):
            return self.scale(self.plan.over(self.one, bottom.code), top)
        form = top.form if top.form in _FORMS_KEPT else "dense"
        if top.form == "chain":
            return Value(self.plan.over(top.code, bottom.code), top.shape, "chain", top.parts)
        code = top.code if form != "dense" else self.dense(top)
        return Value(self.plan.over(code, bottom.code), top.shape, form)

    def op_elementwise_power(self, node: Expr, args: list[Value]) -> Value:
        base, exponent = args
        shape = shape_of(node)
        if exponent.code.op == "number" and exponent.kind == "scalar":
            if exponent.code.data == 2 and base.form == "dense" and _is_root_of_squares(base.code):
                inner = base.code.parts[0]
                return Value(self.inner(inner, inner), SCALAR)
            if exponent.code.data == -1:
                return self.hadamard([Value(self.one, SCALAR), base], "over")
        return self.power(base, exponent, shape)

    def op_power(self, node: Expr, args: list[Value]) -> Value:
        if args[0].kind == "scalar":
            return self.op_elementwise_power(node, args)
        exponent = constant(node.args[1])
        if not isinstance(exponent, int):
            return self.apply(MATRIX_POWER, args, shape_of(node))
        if exponent == -1:
            return self.op_inverse(node, args[:1])
        shape = shape_of(node)
        if args[0].form == "diagonal":
            power = Value(self.plan.number(exponent), SCALAR)
            vector = self.power(Value(args[0].code, (shape[0], SCALAR[1])), power, (shape[0], SCALAR[1]))
            return Value(vector.code, shape, "diagonal")
        if 0 < exponent <= 3:
            return self.chain([args[0]] * exponent)
        if -3 <= exponent < 0:
            return self.chain([self.op_inverse(node, args[:1])] * -exponent)
        return Value(self.plan.make("matrix_power", self.dense(args[0]), shape=axes_of(shape), data=exponent), shape)

    def op_frobenius(self, node: Expr, args: list[Value]) -> Value:
        left, right = args
        if left.kind == "scalar" or right.kind == "scalar":
            return self.hadamard(args)
        for value, other in ((left, right), (right, left)):
            if value.form == "identity":
                return Value(self.trace(other), SCALAR)
            if value.form == "fill":
                return Value(self.plan.times(value.code, self.total(other)), SCALAR)
        if left.kind == "matrix" and any(v.form in ("diagonal", "rows", "columns", "unit") for v in args):
            return Value(self.trace(self.chain([self.transpose(left), right])), SCALAR)
        for value, other in ((left, right), (right, left)):  # A : x y' = x' A y
            if value.form == "chain":
                number_, parts = self.opened(value)
                cut = next((place + 1 for place, part in enumerate(parts) if part.shape[1].is_one), 0)
                if cut:
                    turned = [self.transpose(part) for part in reversed(parts[:cut])]
                    back = [self.transpose(part) for part in reversed(parts[cut:])]
                    return self.scale(number_, self.chain([*turned, other, *back]))
        return Value(self.inner(self.dense(left), self.dense(right)), SCALAR)

    def op_inverse(self, node: Expr, args: list[Value]) -> Value:
        value = args[0]
        if value.kind == "scalar" or value.form == "diagonal":
            return Value(self.plan.over(self.one, value.code), value.shape, value.form)
        if value.form == "identity":
            return value
        if value.form == "inverse":
            return Value(value.code, value.shape)
        return Value(self.dense(value), value.shape, "inverse")

    def op_log_determinant(self, node: Expr, args: list[Value]) -> Value:
        if args[0].kind == "scalar" or args[0].form == "diagonal":
            magnitude = self.apply("abs", [Value(args[0].code, SCALAR)], SCALAR)
            entries = self.plan.make("apply", magnitude.code, shape=args[0].code.shape, data="log")
            return Value(self.plan.make("total", entries) if entries.shape else entries, SCALAR)
        return Value(self.log_determinant(self.dense(args[0])), SCALAR)

    def op_trace(self, node: Expr, args: list[Value]) -> Value:
        return args[0] if args[0].kind == "scalar" else Value(self.trace(args[0]), SCALAR)

    def op_diag(self, node: Expr, args: list[Value]) -> Value:
        value, shape = args[0], shape_of(node)
        if value.kind == "vector":
            return Value(value.code if value.form == "dense" else self.dense(value), shape, "diagonal")
        if value.kind == "scalar":
            return value
        if value.form in ("identity", "fill"):
            return Value(self.one if value.form == "identity" else value.code, shape, "fill")
        if value.form in ("diagonal", "rows", "columns"):
            return Value(value.code, shape)
        if value.form == "chain" and not value.shared:
            number_, parts = self.opened(value)
            return self.scale(number_, Value(self.diagonal_of(parts), shape))
        return Value(self.plan.make("diagonal", self.dense(value), shape=axes_of(shape)), shape)

    def op_total(self, node: Expr, args: list[Value]) -> Value:
        value = args[0]
        if value.form in ("chain", "sum"):  # ones' (A B) ones
            rows = Value(self.one, (SCALAR[0], value.shape[0]), "fill")
            columns = Value(self.one, (value.shape[1], SCALAR[0]), "fill")
            return self.product([rows, value, columns])
        return Value(self.total(value), SCALAR)

    def op_outer(self, node: Expr, args: list[Value]) -> Value:
        return self.product([args[0], self.transpose(args[1])])

    def op_dot(self, node: Expr, args: list[Value]) -> Value:
        return self.product([self.transpose(args[0]), args[1]])

    def op_kron(self, node: Expr, args: list[Value]) -> Value:
        axes, shape = axes_of(shape_of(node)), shape_of(node)
        if any(arg.kind == "scalar" for arg in args):
            return self.hadamard(args)
        if all(arg.kind == "vector" for arg in args):
            return Value(self.plan.make("kron", *(self.dense(arg) for arg in args), shape=axes), shape)
        return self._flattened("kron", [self.two_dimensional(arg) for arg in args], shape)

    def op_vec(self, node: Expr, args: list[Value]) -> Value:
        shape = shape_of(node)
        if args[0].kind != "matrix":
            return Value(self.dense(args[0]), shape)
        return Value(self.plan.make("vec", self.dense(args[0]), shape=axes_of(shape)), shape)

    def op_unvec(self, node: Expr, args: list[Value]) -> Value:
        shape = shape_of(node)
        if shape[0].is_one or shape[1].is_one:
            return Value(self.dense(args[0]), shape)
        sizes = [self.plan.size(dim) for dim in shape]
        return Value(self.plan.make("unvec", self.dense(args[0]), *sizes, shape=axes_of(shape)), shape)

    def op_block(self, node: Expr, args: list[Value]) -> Value:
        return self._flattened("block", [self.two_dimensional(arg) for arg in args], shape_of(node), node.value)

    def op_largest(self, node: Expr, args: list[Value]) -> Value:
        """The larger one of two arrays, entry by entry."""
        return Value(self.plan.make("largest", *map(self.dense, args), shape=axes_of(shape_of(node))), shape_of(node))

    def op_row_max(self, node: Expr, args: list[Value]) -> Value:
        return Value(self.plan.make("row_max", self.dense(args[0]), shape=axes_of(shape_of(node))), shape_of(node))

    def op_numel(self, node: Expr, args: list[Value]) -> Value:
        rows, columns = shape_of(node.args[0])
        return Value(self.plan.size(rows * columns), SCALAR)

    def _flattened(self, op: str, parts: Sequence[Node], shape: Shape, data: object = None) -> Value:
        """A result with one column or row as an array with one axis."""
        code = self.plan.make(op, *parts, shape=shape, data=data)
        axes = axes_of(shape)
        return Value(code if len(axes) == 2 else self.plan.make("flat", code, shape=axes), shape)


def _is_root_of_squares(code: Node) -> bool:
    """A Euclidean or Frobenius norm; that of a matrix called norm2 is the spectral one."""
    return code.op == "apply" and is_euclidean_norm(str(code.data), [place >= len(code.parts[0].shape) for place in range(2)])


_OPERATIONS: dict[str, Callable[[Translator, Expr, list[Value]], Value]] = {
    "+": Translator.op_sum,
    "neg": lambda self, node, args: self.negated(args[0]),
    "*": lambda self, node, args: self.product(args),
    "/": Translator.op_quotient,
    ".*": lambda self, node, args: self.hadamard(args),
    "./": lambda self, node, args: self.hadamard(args, "over"),
    ".^": Translator.op_elementwise_power,
    "^": Translator.op_power,
    "'": lambda self, node, args: self.transpose(args[0]),
    ":": Translator.op_frobenius,
    "inv": Translator.op_inverse,
    "logdet": Translator.op_log_determinant,
    "tr": Translator.op_trace,
    "diag": Translator.op_diag,
    "sum": Translator.op_total,
    "outer": Translator.op_outer,
    "dot": Translator.op_dot,
    "kron": Translator.op_kron,
    "vec": Translator.op_vec,
    "unvec": Translator.op_unvec,
    "block": Translator.op_block,
    "numel": Translator.op_numel,
    "largest": Translator.op_largest,
    "row_max": Translator.op_row_max,
    lifted("max", "rows"): Translator.op_row_max,
}
# Rows of the function table that need no spelling: the plan has operations for them.
PLANNED = frozenset(_OPERATIONS)


def _aligned(places: Sequence[str], codes: Sequence[Node]) -> list[Node | None]:
    """The code of each place, None for `:`."""
    rest = iter(codes)
    return [None if place == ":" else next(rest) for place in places]
