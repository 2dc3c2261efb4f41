"""From expressions to array code: matrix notation by its operations, index notation by einsum."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from matdiff.dims import SCALAR, Dim
from matdiff.formula import shape_of
from matdiff.functions import FUNCTIONS, MATRIX_POWER
from matdiff.parts import constant, size_of
from matdiff.render.arrays import Arrays, Value
from matdiff.render.code import ATOM, POWER, SUM, TERM, UNARY, Code
from matdiff.syntax import Expr
from matdiff.walk import post_order

_FORMS_KEPT = ("fill", "diagonal", "rows", "columns")


class Translator(Arrays):
    """Translates expressions whose variables are the given code; definitions are added with `define`."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        super().__init__()
        self.names = {name: self.make(code, cheap=True) for name, code in variables.items()}
        self.defined: dict[str, Value] = {}
        self.known: dict[int, tuple[Expr, Value]] = {}
        self.indices: dict[str, None] = {}

    def define(self, name: str, expr: Expr) -> None:
        self.defined[name] = self.value(expr)
        self.known = {}

    def value(self, root: Expr) -> Value:
        """The value of an expression in matrix notation."""
        for node in post_order(root):
            if id(node) not in self.known and node.shape is not None:
                self.known[id(node)] = node, self._value(node)
        return self.known[id(root)][1]

    def array(self, root: Expr) -> Code:
        """The dense array of an expression in matrix notation."""
        return self.dense(self.value(root))

    def _value(self, node: Expr) -> Value:
        op, shape = node.op, shape_of(node)
        leaf = self._leaf(node)
        if leaf is not None:
            return leaf
        if op == "at":
            return self._slice(node)
        args = [self.known[id(arg)][1] for arg in node.args if id(arg) in self.known]
        method = _OPERATIONS.get(op)
        if method is not None:
            return method(self, node, args)
        row = FUNCTIONS[op]
        template = numbered(row.numpy)
        if row.form == "each" and args[0].form == "fill":
            return Value(self.make(template, args[0].code), shape, "fill")
        # A method such as `.sum()` needs an array, which a scalar is not.
        if template.startswith("{0}.") and args[0].kind == "scalar":
            template = template.replace("{0}", "np.asarray({0})", 1)
        return Value(self.make(template, *(self.dense(arg) for arg in args), needs=_needs(template, len(args))), shape)

    def _leaf(self, node: Expr) -> Value | None:
        op, shape = node.op, shape_of(node)
        if op == "name":
            name = str(node.value)
            return self.defined[name] if name in self.defined else Value(self.names[name], shape)
        if op == "number":
            return Value(self._number(node), SCALAR)
        if op == "pi":
            return Value(self.make("np.pi"), SCALAR)
        if op == "I":
            return Value(self.one, shape, "identity") if not shape[0].is_one else Value(self.one, SCALAR)
        if op in ("ones", "zeros"):
            code = self.one if op == "ones" else self.make("0")
            return Value(code, shape, "fill" if not (shape[0].is_one and shape[1].is_one) else "dense")
        if op == "e":
            return Value(self._place(node.args[0]), shape, "unit")
        if op == "commutation":
            rows, columns, both = (self.size(dim) for dim in (*map(size_of, node.args), shape[0]))
            template = "np.eye({2}).reshape({1}, {0}, {2}).swapaxes(0, 1).reshape({2}, {2})"
            return Value(self.make(template, rows, columns, both, needs=(SUM, SUM, SUM)), shape)
        if op in ("rows", "cols"):
            return Value(self.size(shape_of(node.args[0])[op == "cols"]), SCALAR)
        return None

    def _number(self, node: Expr) -> Code:
        value = node.value
        assert value is not None and not isinstance(value, str)
        if value.denominator == 1:
            return self.make(str(value.numerator) if abs(value.numerator) < 2**53 else f"{value.numerator}.0")
        return self.make(f"{value.numerator} / {value.denominator}", level=TERM)

    def _place(self, index: Expr) -> Code:
        """A position, which the language counts from 1, as an offset."""
        for part in post_order(index):
            if part.op == "name":
                self.indices[str(part.value)] = None
        if index.op == "number" and isinstance(index.value, int):
            return self.make(str(index.value - 1))
        return self.make(f"{_arithmetic(index)} - 1", level=SUM)

    def _slice(self, node: Expr) -> Value:
        base = self.known[id(node.args[0])][1]
        places = [":" if place.op == "all" else None for place in node.args[1:]]
        codes = [self._place(place) for place in node.args[1:] if place.op != "all"]
        if base.kind in ("vector", "row") and len(places) == 2:
            places = [place for place, dim in zip(places, base.shape) if not dim.is_one]
            codes = [code for code, dim in zip(codes, base.shape) if not dim.is_one] if len(codes) == 2 else codes
        if base.kind == "scalar":
            return base
        marks = iter(range(1, len(codes) + 1))
        inside = ", ".join(place or f"{{{next(marks)}}}" for place in places)
        array = self.dense(base)
        return Value(self.make("{0}[" + inside + "]", array, *codes, needs=(ATOM, *[SUM] * len(codes))), shape_of(node))

    # Operations, by the name of their row.

    def op_sum(self, node: Expr, args: list[Value]) -> Value:
        signs = ["-" if term.op == "neg" else "+" for term in node.args]
        values = [self.known[id(term.args[0])][1] if term.op == "neg" else arg for term, arg in zip(node.args, args)]
        return self.add(values, signs)

    def op_negated(self, node: Expr, args: list[Value]) -> Value:
        return self.negated(args[0])

    def op_product(self, node: Expr, args: list[Value]) -> Value:
        return self.product(args)

    def op_quotient(self, node: Expr, args: list[Value]) -> Value:
        top, bottom = args
        form = top.form if top.form in _FORMS_KEPT else "dense"
        code = top.code if form != "dense" else self.dense(top)
        return Value(self.make("{0} / {1}", code, bottom.code, level=TERM, needs=(TERM, ATOM)), top.shape, form)

    def op_hadamard(self, node: Expr, args: list[Value]) -> Value:
        return self.hadamard(args)

    def op_elementwise_quotient(self, node: Expr, args: list[Value]) -> Value:
        return self.hadamard(args, "{0} / {1}")

    def op_elementwise_power(self, node: Expr, args: list[Value]) -> Value:
        base, exponent = (self.broadcast(arg) for arg in args)
        shape = shape_of(node)
        code = self.make("{0}**{1}", base, exponent, level=POWER, needs=(ATOM, ATOM))
        if all(arg.kind == "scalar" or arg.form == "fill" for arg in args):
            return Value(code, shape, "fill" if shape != SCALAR else "dense")
        if not any(self.is_full(arg) for arg in args):
            code = self.make("{0}**{1}", *(self.dense(arg) for arg in args), level=POWER, needs=(ATOM, ATOM))
        return Value(code, shape)

    def op_power(self, node: Expr, args: list[Value]) -> Value:
        if args[0].kind == "scalar":
            return self.op_elementwise_power(node, args)
        exponent = constant(node.args[1])
        if not isinstance(exponent, int):
            template = numbered(FUNCTIONS[MATRIX_POWER].numpy)
            return Value(self.make(template, self.dense(args[0]), args[1].code), shape_of(node))
        if exponent == -1:
            return self.op_inverse(node, args[:1])
        if args[0].form == "diagonal":
            return Value(self.make(f"{{0}}**{exponent}", args[0].code, level=POWER, needs=(ATOM,)), args[0].shape, "diagonal")
        return Value(self.make(f"np.linalg.matrix_power({{0}}, {exponent})", self.dense(args[0])), shape_of(node))

    def op_transpose(self, node: Expr, args: list[Value]) -> Value:
        return self.transpose(args[0])

    def op_frobenius(self, node: Expr, args: list[Value]) -> Value:
        if args[0].kind == "scalar" or args[1].kind == "scalar":
            return self.hadamard(args)
        return Value(self.make("np.sum({0})", self.dense(self.hadamard(args))), SCALAR)

    def op_inverse(self, node: Expr, args: list[Value]) -> Value:
        value = args[0]
        if value.kind == "scalar" or value.form == "diagonal":
            return Value(self.make("1 / {0}", value.code, level=TERM, needs=(ATOM,)), value.shape, value.form)
        if value.form == "identity":
            return value
        return Value(self.dense(value), value.shape, "inverse")

    def op_trace(self, node: Expr, args: list[Value]) -> Value:
        factors = self._factors(node.args[0])
        if all(value.form == "identity" for value in factors):
            return Value(self.size(shape_of(node.args[0])[0]), SCALAR)
        return Value(self.trace(factors), SCALAR)

    def op_diag(self, node: Expr, args: list[Value]) -> Value:
        if args[0].kind == "vector":
            code = args[0].code if args[0].form == "dense" else self.dense(args[0])
            return Value(code, shape_of(node), "diagonal")
        if args[0].kind == "scalar":
            return args[0]
        factors = self._factors(node.args[0])
        if len(factors) == 1 and factors[0].form in ("identity", "fill"):
            code = self.one if factors[0].form == "identity" else factors[0].code
            return Value(code, shape_of(node), "fill")
        return Value(self.diagonal_of(factors), shape_of(node))

    def _factors(self, node: Expr) -> list[Value]:
        """The matrices of a product, or the value alone."""
        parts = [self.known[id(arg)][1] for arg in node.args] if node.op == "*" else []
        if not parts or any(part.kind == "scalar" for part in parts):
            return [self.known[id(node)][1]]
        return parts

    def op_total(self, node: Expr, args: list[Value]) -> Value:
        if args[0].kind == "scalar":
            return args[0]
        if args[0].form == "diagonal":
            return Value(self.make("{0}.sum()", args[0].code), SCALAR)
        return Value(self.make("{0}.sum()", self.dense(args[0])), SCALAR)

    def op_kron(self, node: Expr, args: list[Value]) -> Value:
        if all(arg.kind in ("vector", "scalar") for arg in args):
            return Value(self.make("np.kron({0}, {1})", *(self.dense(arg) for arg in args)), shape_of(node))
        return self._flattened(self.make("np.kron({0}, {1})", *(self.two_dimensional(arg) for arg in args)), node)

    def op_vec(self, node: Expr, args: list[Value]) -> Value:
        if args[0].kind != "matrix":
            return Value(self.dense(args[0]), shape_of(node))
        return Value(self.make("{0}.ravel(order='F')", self.dense(args[0])), shape_of(node))

    def op_unvec(self, node: Expr, args: list[Value]) -> Value:
        shape = shape_of(node)
        if shape[0].is_one or shape[1].is_one:
            return Value(self.dense(args[0]), shape)
        return Value(self.make("{0}.reshape({1}, order='F')", self.dense(args[0]), self.dimensions(shape)), shape)

    def op_block(self, node: Expr, args: list[Value]) -> Value:
        width = node.value
        assert isinstance(width, int)
        marks = [f"{{{place}}}" for place in range(len(args))]
        rows = [", ".join(marks[start : start + width]) for start in range(0, len(marks), width)]
        template = "np.block([" + ", ".join(f"[{row}]" for row in rows) + "])"
        parts = [self.two_dimensional(arg) for arg in args]
        return self._flattened(self.make(template, *parts, needs=[SUM] * len(parts)), node)

    def op_numel(self, node: Expr, args: list[Value]) -> Value:
        rows, columns = shape_of(node.args[0])
        return Value(self.size(rows * columns), SCALAR)

    def _flattened(self, code: Code, node: Expr) -> Value:
        """A result with one column or row as a one-dimensional array."""
        shape = shape_of(node)
        return Value(self.make("{0}.ravel()", code), shape) if shape[0].is_one or shape[1].is_one else Value(code, shape)

    # Index notation.

    def entries(self, root: Expr, letters: list[tuple[str, Dim]]) -> Code:
        """The array of an expression in index notation, with one axis per letter."""
        return _Einsum(self, dict(letters)).array(root, [letter for letter, _ in letters])


_OPERATIONS: dict[str, Callable[[Translator, Expr, list[Value]], Value]] = {
    "+": Translator.op_sum,
    "neg": Translator.op_negated,
    "*": Translator.op_product,
    "/": Translator.op_quotient,
    ".*": Translator.op_hadamard,
    "./": Translator.op_elementwise_quotient,
    ".^": Translator.op_elementwise_power,
    "^": Translator.op_power,
    "'": Translator.op_transpose,
    ":": Translator.op_frobenius,
    "inv": Translator.op_inverse,
    "tr": Translator.op_trace,
    "diag": Translator.op_diag,
    "sum": Translator.op_total,
    "kron": Translator.op_kron,
    "vec": Translator.op_vec,
    "unvec": Translator.op_unvec,
    "block": Translator.op_block,
    "numel": Translator.op_numel,
}


def _needs(template: str, count: int) -> tuple[int, ...] | None:
    """Arguments of a call need no brackets; `None` lets the template decide."""
    return None if template.count("{0}") <= 1 else (ATOM,) * count


def numbered(template: str) -> str:
    """`f({}, {})` as `f({0}, {1})`."""
    place = 0
    while "{}" in template:
        template = template.replace("{}", f"{{{place}}}", 1)
        place += 1
    return template


def _arithmetic(index: Expr) -> str:
    """An index such as i + 1 as Python."""
    if not index.args:
        return str(index.value)
    parts = [_arithmetic(part) for part in index.args]
    return f"-{parts[0]}" if index.op == "neg" else f"({f' {index.op} '.join(parts)})"


class _Einsum:
    """Turns terms in index notation into einsum over arrays."""

    def __init__(self, arrays: Translator, sizes: dict[str, Dim]) -> None:
        self.arrays, self.sizes = arrays, sizes

    def array(self, node: Expr, letters: list[str]) -> Code:
        """The array with an axis for each letter."""
        make = self.arrays.make
        if node.op == "+":
            signs = ["-" if term.op == "neg" else "+" for term in node.args]
            parts = [self.array(term.args[0] if term.op == "neg" else term, letters) for term in node.args]
            template = "".join(f" {sign} {{{place}}}" for place, sign in enumerate(signs))
            template = template[3:] if signs[0] == "+" else "-" + template[3:]
            return make(template, *parts, level=SUM, needs=(SUM if signs[0] == "+" else ATOM, *[TERM] * (len(parts) - 1)))
        if node.op == "neg":
            return self.arrays.minus(self.array(node.args[0], letters))
        scalars: list[tuple[Code, bool]] = []
        operands: list[tuple[Code, list[str]]] = []
        self._collect(node, 1, scalars, operands)
        code = self._contracted(operands, letters)
        top = [scalar for scalar, above in scalars if above]
        bottom = [scalar for scalar, above in scalars if not above]
        for scalar in reversed(top):
            code = self.arrays.times(scalar, code)
        for scalar in bottom:
            code = make("{0} / {1}", code, scalar, level=TERM, needs=(TERM, ATOM))
        return code

    def _collect(self, node: Expr, sign: int, scalars: list[tuple[Code, bool]], operands: list[tuple[Code, list[str]]]) -> None:
        """Add the factors of a term; `sign` is -1 below a fraction bar."""
        if node.op == "sigma":
            self._learn(node.args[0])
            return self._collect(node.args[0], sign, scalars, operands)
        if node.op == "*" and _has_indices(node):
            for factor in node.args:
                self._collect(factor, sign, scalars, operands)
            return None
        if node.op == "/" and _has_indices(node):
            self._collect(node.args[0], sign, scalars, operands)
            return self._collect(node.args[1], -sign, scalars, operands)
        if node.op == "neg" and _has_indices(node):
            scalars.append((self.arrays.make("-1", level=UNARY), True))
            return self._collect(node.args[0], sign, scalars, operands)
        if not _has_indices(node):
            code = self.arrays.array(node)
            if code is not self.arrays.one:
                scalars.append((code, sign > 0))
            return None
        code, letters = self._operand(node)
        operands.append((code if sign > 0 else self.arrays.make("1 / {0}", code, level=TERM, needs=(ATOM,)), letters))
        return None

    def _operand(self, node: Expr) -> tuple[Code, list[str]]:
        make = self.arrays.make
        if node.op == "delta":
            letters = [str(index.value) for index in node.args]
            return make("np.eye({0})", self.arrays.size(self.sizes[letters[0]])), letters
        if node.op == "entry":
            return self._entry(node)
        if node.op == "^":
            base, letters = self._operand(node.args[0])
            return make("{0}**{1}", base, self.arrays.array(node.args[1]), level=POWER, needs=(ATOM, ATOM)), letters
        letters = list(dict.fromkeys(str(part.value) for part in post_order(node) if part.op == "index"))
        summed = {str(i.value) for part in post_order(node) if part.op == "sigma" for i in part.args[1:]}
        letters = [letter for letter in letters if letter not in summed]
        self._learn(node)
        if node.op in ("+", "neg", "*", "/"):
            return self.array(node, letters), letters
        template = FUNCTIONS[node.op].numpy.replace("{}", "{0}")
        return make(template, self.array(node.args[0], letters)), letters

    def _entry(self, node: Expr) -> tuple[Code, list[str]]:
        array, *indices = node.args
        letters = [str(index.value) for index in indices]
        self._learn(node)
        rows, columns = shape_of(array)
        if array.op == "fuse":
            pair = self.arrays.size(rows * columns)
            code = self.arrays.make(
                "np.eye({0}).reshape({0}, {1}, {2})",
                pair,
                self.arrays.size(rows),
                self.arrays.size(columns),
                needs=(SUM, SUM, SUM),
            )
            return code, letters
        if len(letters) >= 4:
            return self._slope(array), letters
        return self.arrays.array(array), letters

    def _slope(self, array: Expr) -> Code:
        """The array of a Frechet derivative: its value in every direction."""
        row = FUNCTIONS[array.op]
        directions = ("e", "g")[: row.order]
        count = len(array.args)
        inside = numbered(row.numpy).format(*(f"{{{place}}}" for place in range(count)), *directions)
        template = f"_slope{row.order if row.order > 1 else ''}(lambda {', '.join(directions)}: {inside}, {{{count}}})"
        arguments = [self.arrays.array(arg) for arg in array.args]
        size = self.arrays.size(shape_of(array)[0])
        return self.arrays.make(template, *arguments, size, needs=[ATOM] * count + [SUM])

    def _learn(self, root: Expr) -> None:
        """Note the sizes of the letters that stand at arrays."""
        for node in post_order(root):
            if node.op == "entry":
                rows, columns = shape_of(node.args[0])
                count = len(node.args) - 1
                one = (rows if columns.is_one else columns,)
                dims = {
                    1: one,
                    2: (rows, columns),
                    3: (rows * columns, rows, columns),
                    4: (rows, columns) * 2,
                    6: (rows, columns) * 3,
                }[count]
                for index, dim in zip(node.args[1:], dims):
                    self.sizes.setdefault(str(index.value), dim)

    def _contracted(self, operands: list[tuple[Code, list[str]]], letters: list[str]) -> Code:
        present = {letter for _, names in operands for letter in names}
        for letter in letters:
            if letter not in present:
                operands = [*operands, (self.arrays.make("np.ones({0})", self.arrays.size(self.sizes[letter])), [letter])]
        if not operands:
            return self.arrays.one
        if len(operands) == 1 and operands[0][1] == letters:
            return operands[0][0]
        # einsum knows letters of one character only.
        used = list(dict.fromkeys(letter for _, names in operands for letter in names))
        free = iter(c for c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in used)
        short = {letter: letter if len(letter) == 1 else next(free) for letter in used}
        inputs = ",".join("".join(short[letter] for letter in names) for _, names in operands)
        spec = f"{inputs}->{''.join(short[letter] for letter in letters)}"
        marks = ", ".join(f"{{{place}}}" for place in range(len(operands)))
        more = ", optimize=True" if len(operands) > 2 else ""
        codes = [code for code, _ in operands]
        return self.arrays.make(f'np.einsum("{spec}", {marks}{more})', *codes, needs=[SUM] * len(codes))


def _has_indices(root: Expr) -> bool:
    return any(node.op == "index" for node in post_order(root))
