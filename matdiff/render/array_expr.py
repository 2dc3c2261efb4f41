"""From a typed `Expr` in matrix notation to array code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from matdiff.dims import ONE, SCALAR
from matdiff.formula import shape_of
from matdiff.functions import FUNCTIONS
from matdiff.render.arrays import Arrays, Value
from matdiff.render.code import ATOM, POWER, SUM, TERM, UNARY, Code
from matdiff.walk import post_order

if TYPE_CHECKING:
    from matdiff.syntax import Expr, Rational

# Functions of matrices at 1 x 1, where NumPy's own want an array with two axes.
_OF_NUMBER = {
    "tr": "{0}", "sum": "{0}", "mean": "{0}", "max": "{0}", "min": "{0}", "det": "{0}", "diag": "{0}", "vec": "{0}", "tril": "{0}",
    "triu": "{0}", "cumsum": "{0}", "logsumexp": "{0}", "logdet": "np.log(np.abs({0}))", "inv": "1 / {0}", "pinv": "1 / {0}",
    "norm": "np.abs({0})", "norm1": "np.abs({0})", "maxnorm": "np.abs({0})", "nucnorm": "np.abs({0})", "expm": "np.exp({0})",
    "logm": "np.log({0})", "sqrtm": "np.sqrt({0})", "step": "float({0} > 0)", "adj": "1", "softmax": "1", "argmax": "1", "argmin": "1",
    "dexpm": "np.exp({0}) * {1}", "dlogm": "{1} / {0}", "dsqrtm": "{1} / (2 * np.sqrt({0}))", "outer": "{0} * {1}", "dot": "{0} * {1}",
    "kron": "{0} * {1}",
}  # fmt: skip
# Functions that need two axes of a vector too.
_TWO_AXES = ("tril", "triu", "pinv", "nucnorm")


class Compiler:
    """Compiles expressions; values are kept by node object.  `names` are the variables and definitions by name."""

    def __init__(self, arrays: Arrays, names: Mapping[str, Value]) -> None:
        self.arrays, self.names = arrays, dict(names)
        self.make = arrays.make
        self.known: dict[int, tuple[Expr, Value]] = {}
        self.places: dict[str, None] = {}

    def value(self, expr: Expr) -> Value:
        """The value of an expression."""
        for node in post_order(expr):
            if id(node) not in self.known and node.shape is not None:
                self.known[id(node)] = node, _COMPILERS.get(node.op, Compiler.call)(self, node)
        return self.known[id(expr)][1]

    def array(self, expr: Expr) -> Code:
        """The code of an expression, as an array."""
        return self.arrays.dense(self.value(expr))

    def _arg(self, node: Expr, place: int = 0) -> Value:
        return self.known[id(node.args[place])][1]

    def _args(self, node: Expr) -> list[Value]:
        return [self.known[id(arg)][1] for arg in node.args]

    # Leaves.

    def name(self, node: Expr) -> Value:
        return self.names[str(node.value)]

    def number(self, node: Expr) -> Value:
        assert node.value is not None and not isinstance(node.value, str)
        return Value(self.rational(node.value), SCALAR)

    def rational(self, value: Rational) -> Code:
        if isinstance(value, int):
            return self.make(str(value), level=ATOM if value >= 0 else UNARY)
        decimal = repr(value.numerator / value.denominator)
        if value.denominator <= 1000 and len(decimal) < 8:
            return self.make(decimal, level=ATOM if value >= 0 else UNARY)
        return self.make(f"{value.numerator} / {value.denominator}", level=TERM)

    def pi(self, node: Expr) -> Value:
        return Value(self.make("np.pi"), SCALAR)

    def constant(self, node: Expr) -> Value:
        shape = shape_of(node)
        if node.op == "I":
            return Value(self.arrays.one, shape, "identity" if shape != SCALAR else "dense")
        return Value(self.make("1" if node.op == "ones" else "0"), shape, "fill" if shape != SCALAR else "dense")

    def unit(self, node: Expr) -> Value:
        return Value(self.place(node.args[0]), shape_of(node), "unit") if shape_of(node) != SCALAR else Value(self.arrays.one, SCALAR)

    def place(self, index: Expr) -> Code:
        """An index of the language, which counts from 1, as one of Python."""
        if index.op == "number":
            assert isinstance(index.value, int)
            return self.make(str(index.value - 1))
        return self.make("{0} - 1", self._whole(index), level=SUM, needs=(SUM,), cheap=True)

    def _whole(self, index: Expr) -> Code:
        if index.op == "name":
            self.places[str(index.value)] = None
            return self.make(str(index.value))
        if index.op == "number":
            return self.make(str(index.value))
        parts = [self._whole(arg) for arg in index.args]
        if index.op == "neg":
            return self.make("-{0}", *parts, level=UNARY, cheap=True)
        operator, level = (" + ", SUM) if index.op == "+" else (" * ", TERM)
        template = operator.join(f"{{{place}}}" for place in range(len(parts)))
        return self.make(template, *parts, level=level, needs=[level + 1] * len(parts), cheap=True)

    # Operators.

    def sum(self, node: Expr) -> Value:
        values, signs = [], []
        for term in node.args:
            negative = term.op == "neg"
            values.append(self.known[id(term.args[0] if negative else term)][1])
            signs.append("-" if negative else "+")
        return self.arrays.add(values, signs)

    def negation(self, node: Expr) -> Value:
        return self.arrays.negated(self._arg(node))

    def product(self, node: Expr) -> Value:
        return self.arrays.product(self._args(node))

    def hadamard(self, node: Expr) -> Value:
        return self.arrays.hadamard(self._args(node))

    def quotient(self, node: Expr) -> Value:
        above, below = self._args(node)
        if above.kind == below.kind == "scalar" and all(arg.op == "number" for arg in node.args):
            return Value(self.make("{0} / {1}", above.code, below.code, level=TERM, needs=(TERM, ATOM), cheap=True), SCALAR)
        if below.kind == "scalar" and above.form in ("diagonal", "fill", "rows", "columns"):
            code = self.make("{0} / {1}", above.code, below.code, level=TERM, needs=(TERM, ATOM))
            return Value(code, above.shape, above.form)
        return self.arrays.hadamard([above, below], "{0} / {1}")

    def contraction(self, node: Expr) -> Value:
        left, right = self._args(node)
        if left.kind in ("vector", "row") and right.kind == left.kind:
            turned = self.arrays.transpose(left) if left.kind == "vector" else left
            return self.arrays.multiply(turned, right if right.kind == "vector" else self.arrays.transpose(right))
        return Value(self._total(self.arrays.hadamard([left, right])), SCALAR)

    def _total(self, value: Value) -> Code:
        if value.kind == "scalar":
            return value.code
        if value.form == "diagonal":
            return self.make("{0}.sum()", value.code)
        return self.make("np.sum({0})", self.arrays.dense(value))

    def power(self, node: Expr) -> Value:
        base, exponent = self._args(node)
        if base.kind == "scalar":
            return self._entry_power(node)
        whole = _whole_number(node.args[1])
        if base.form == "diagonal":
            return Value(self._raised(base.code, whole), base.shape, "diagonal")
        if base.form == "identity" or whole == 0:
            return Value(self.arrays.one, base.shape, "identity")
        if whole < 0:
            base = self._inverted(base)
        if abs(whole) == 1:
            return base
        if whole == 2:
            return self.arrays.multiply(base, base)
        return Value(self.make("np.linalg.matrix_power({0}, {1})", self.arrays.dense(base), self.make(str(abs(whole)))), base.shape)

    def elementwise_power(self, node: Expr) -> Value:
        return self._entry_power(node)

    def _entry_power(self, node: Expr) -> Value:
        base, exponent = self._args(node)
        known = _rational(node.args[1])
        squared = self._squared_norm(node.args[0]) if known == 2 else None
        if squared is not None:
            return Value(squared, SCALAR)
        shape = base.shape if base.kind != "scalar" else exponent.shape
        number = self.arrays.dense(base)
        if known is not None and exponent.kind == "scalar":
            return Value(self._raised(number, known), shape)
        raised = self.make("{0} ** {1}", number, self.arrays.dense(exponent), level=POWER, needs=(ATOM, ATOM))
        return Value(raised, shape)

    def _raised(self, base: Code, exponent: Rational) -> Code:
        """A power, entry by entry; whole negative powers of arrays of whole numbers are an error in NumPy, quotients are not."""
        if exponent < 0:
            return self.make("1 / {0}", self._raised(base, -exponent), level=TERM, needs=(POWER,))
        if exponent == 1:
            return base
        if exponent.denominator == 2 and exponent.numerator == 1:
            return self.make("np.sqrt({0})", base)
        return self.make("{0} ** {1}", base, self.rational(exponent), level=POWER, needs=(ATOM, ATOM))

    def _squared_norm(self, base: Expr) -> Code | None:
        if base.op != "norm":
            return None
        value = self._arg(base)
        array = self.arrays.dense(value)
        if value.kind == "scalar":
            return self.make("{0} ** 2", array, level=POWER, needs=(ATOM,))
        if value.kind == "matrix":
            return self.make("np.sum({0})", self.arrays.times(array, array))
        return self.make("{0} @ {0}", array, level=TERM, needs=(ATOM,))

    def transpose(self, node: Expr) -> Value:
        return self.arrays.transpose(self._arg(node))

    # Functions.

    def call(self, node: Expr) -> Value:
        args, shape = self._args(node), shape_of(node)
        row = FUNCTIONS[node.op]
        if all(arg.kind == "scalar" for arg in args) and node.op in _OF_NUMBER:
            return Value(self._from_template(_OF_NUMBER[node.op], [arg.code for arg in args]), shape)
        if node.op in _TWO_AXES and args[0].kind != "matrix":
            code = self._from_template(row.numpy, [self.arrays.two_dimensional(args[0])])
            return Value(code if shape == SCALAR else self.make("{0}.ravel()", code), shape)
        return Value(self._from_template(row.numpy, [self.arrays.dense(arg) for arg in args]), shape)

    def _from_template(self, template: str, parts: list[Code]) -> Code:
        """The code of a row of the function table."""
        for place in range(len(parts)):
            template = template.replace("{}", f"{{{place}}}", 1)
        level = UNARY if template.startswith("-") else TERM if _has_open_space(template) else ATOM
        if template == "{0}":
            return parts[0]
        return self.make(template, *parts, level=level)

    def size(self, node: Expr) -> Value:
        rows, columns = shape_of(node.args[0])
        dim = {"rows": rows, "cols": columns, "numel": rows * columns}[node.op]
        return Value(self.arrays.size(dim), SCALAR)

    def inverse(self, node: Expr) -> Value:
        return self._inverted(self._arg(node))

    def _inverted(self, value: Value) -> Value:
        if value.form == "identity":
            return value
        if value.kind == "scalar" or value.form == "diagonal":
            return Value(self.make("1 / {0}", value.code, level=TERM, needs=(ATOM,)), value.shape, value.form)
        if value.form == "inverse":
            return Value(value.code, value.shape)
        return Value(self.arrays.dense(value), value.shape, "inverse")

    def diagonal(self, node: Expr) -> Value:
        value = self._arg(node)
        if value.kind == "scalar":
            return value
        if value.kind == "vector":
            return Value(self.arrays.dense(value), shape_of(node), "diagonal")
        if value.form == "identity":
            return Value(self.arrays.one, shape_of(node), "fill")
        scale, factors = self._chain_of(node.args[0])
        return self.arrays.scale(scale, Value(self.arrays.diagonal_of(factors), shape_of(node)))

    def trace(self, node: Expr) -> Value:
        value = self._arg(node)
        if value.kind == "scalar":
            return value
        scale, factors = self._chain_of(node.args[0])
        if all(factor.form == "identity" for factor in factors):
            return Value(self.arrays.times(scale, self.arrays.size(value.shape[0])), SCALAR)
        return Value(self.arrays.times(scale, self.arrays.trace(factors)), SCALAR)

    def _chain_of(self, node: Expr) -> tuple[Code, list[Value]]:
        """A square matrix as a number times a chain of arrays."""
        if node.op == "'":
            scale, factors = self._chain_of(node.args[0])
            return scale, [self.arrays.transpose(factor) for factor in reversed(factors)]
        if node.op == "*":
            values = self._args(node)
            arrays = [value for value in values if value.kind != "scalar"]
            numbers = [value.code for value in values if value.kind == "scalar"]
            if all(left.shape[1] == right.shape[0] for left, right in zip(arrays, arrays[1:], strict=False)):
                scale = self.arrays.one
                for number in numbers:
                    scale = self.arrays.times(scale, number)
                return scale, arrays
        return self.arrays.one, [self.known[id(node)][1]]

    def total(self, node: Expr) -> Value:
        value = self._arg(node)
        if value.kind == "scalar":
            return value
        ones = Value(self.arrays.one, (ONE, value.shape[0]), "fill"), Value(self.arrays.one, (value.shape[1], ONE), "fill")
        if value.form != "dense":
            return self.arrays.product([part for part in (ones[0], value, ones[1]) if part.shape != SCALAR])
        return Value(self._from_template(FUNCTIONS["sum"].numpy, [value.code]), SCALAR)

    def outer(self, node: Expr) -> Value:
        left, right = self._args(node)
        return self.arrays.product([left, self.arrays.transpose(right)])

    def inner(self, node: Expr) -> Value:
        left, right = self._args(node)
        return self.arrays.product([self.arrays.transpose(left), right])

    def kronecker(self, node: Expr) -> Value:
        left, right = self._args(node)
        shape = shape_of(node)
        if "scalar" in (left.kind, right.kind):
            return self.arrays.scale(left.code, right) if left.kind == "scalar" else self.arrays.scale(right.code, left)
        kinds = (left.kind, right.kind)
        if kinds in (("vector", "row"), ("row", "vector")):
            first, second = (left, right) if left.kind == "vector" else (right, left)
            return Value(self.make("np.outer({0}, {1})", self.arrays.dense(first), self.arrays.dense(second)), shape)
        if left.kind == right.kind:
            return Value(self.make("np.kron({0}, {1})", self.arrays.dense(left), self.arrays.dense(right)), shape)
        return Value(self.make("np.kron({0}, {1})", *map(self.arrays.two_dimensional, (left, right))), shape)

    def stacked(self, node: Expr) -> Value:
        value = self._arg(node)
        if value.kind != "matrix":
            return Value(self.arrays.dense(value), shape_of(node))
        return Value(self._from_template(FUNCTIONS["vec"].numpy, [self.arrays.dense(value)]), shape_of(node))

    def block(self, node: Expr) -> Value:
        assert isinstance(node.value, int)
        parts = [self.arrays.two_dimensional(value) for value in self._args(node)]
        rows = [range(start, start + node.value) for start in range(0, len(parts), node.value)]
        template = "np.block([" + ", ".join("[" + ", ".join(f"{{{i}}}" for i in row) + "]" for row in rows) + "])"
        code = self.make(template, *parts)
        value = Value(code, shape_of(node))
        return value if value.kind == "matrix" else Value(self.make("{0}.ravel()", code), value.shape)

    def entry(self, node: Expr) -> Value:
        array, *places = node.args
        value = self._arg(node)
        if value.kind == "scalar":
            return value
        if len(places) == 2 and value.kind != "matrix":  # one axis only
            places = places[1:] if value.kind == "row" else places[:1]
        shown = [self.make(":") if place.op == "all" else self.place(place) for place in places]
        template = "{0}[" + ", ".join(f"{{{place + 1}}}" for place in range(len(shown))) + "]"
        code = self.make(template, self.arrays.dense(value), *shown, needs=(ATOM, *[SUM] * len(shown)))
        return Value(code, shape_of(node))


def _has_open_space(template: str) -> bool:
    """Whether there is a space outside all brackets, as around an operator."""
    depth = 0
    for character in template:
        depth += (character in "([") - (character in ")]")
        if character == " " and not depth:
            return True
    return False


def _rational(node: Expr) -> Rational | None:
    """The number that a numeric exponent is, or None."""
    if node.op == "neg":
        inner = _rational(node.args[0])
        return None if inner is None else -inner
    if node.op == "/":
        above, below = map(_rational, node.args)
        if above is None or not below:
            return None
        from fractions import Fraction

        return Fraction(above) / Fraction(below)
    return node.value if node.op == "number" and not isinstance(node.value, str) else None


def _whole_number(node: Expr) -> int:
    value = _rational(node)
    assert value is not None and value.denominator == 1, "infer lets only whole powers of matrices pass"
    return int(value)


_COMPILERS: dict[str, Callable[[Compiler, Expr], Value]] = {
    "name": Compiler.name,
    "number": Compiler.number,
    "pi": Compiler.pi,
    "I": Compiler.constant,
    "ones": Compiler.constant,
    "zeros": Compiler.constant,
    "e": Compiler.unit,
    "+": Compiler.sum,
    "neg": Compiler.negation,
    "*": Compiler.product,
    ".*": Compiler.hadamard,
    "/": Compiler.quotient,
    "./": Compiler.quotient,
    ":": Compiler.contraction,
    "^": Compiler.power,
    ".^": Compiler.elementwise_power,
    "'": Compiler.transpose,
    "rows": Compiler.size,
    "cols": Compiler.size,
    "numel": Compiler.size,
    "inv": Compiler.inverse,
    "diag": Compiler.diagonal,
    "tr": Compiler.trace,
    "sum": Compiler.total,
    "outer": Compiler.outer,
    "dot": Compiler.inner,
    "kron": Compiler.kronecker,
    "vec": Compiler.stacked,
    "block": Compiler.block,
    "at": Compiler.entry,
}
