"""`Translation`: from the syntax tree of Python to values, with the kinds of the names given.

Nothing is run: the tree is walked, and what is not known is refused.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping

from matdiff.language.errors import TooLarge, UnreadCode
from matdiff.language.kinds import SCALAR_LETTERS, default_kind
from matdiff.language.syntax import Expr, Rational, Span
from matdiff.limits import DIGITS, TOKENS, check
from matdiff.read.build import exact
from matdiff.read.numpy.arrays import TURNED_VECTOR, Arrays
from matdiff.read.numpy.call import Call
from matdiff.read.numpy.functions.calls import called
from matdiff.read.numpy.functions.losses import LAYERS
from matdiff.read.numpy.script import OF_ARRAYS
from matdiff.read.numpy.slices import Entries
from matdiff.read.numpy.source import LIBRARIES, Places, last_name, root_of
from matdiff.read.numpy.statements import OPERATORS, Constant, Function
from matdiff.read.numpy.value import Misfit, Size, Value, axes_of_kind, number

# Nested parts; each takes some frames of Python's stack.
LEVELS = 90
# Names that usually are numbers.
_NUMBERS = frozenset(
    "lr eps reg lam lamb lambd lmbda tol temp temperature scale margin gam sig dof dim step_size learning_rate weight_decay l1 l2 "
    "ridge penalty momentum alpha0 C0".split()
)
_NUMBER_PREFIXES = ("n_", "num_", "d_", "dim_", "lam_", "lambda_")
_PYTHON = {"sum": "builtin sum", "float": "builtin float", "len": "len", "abs": "abs", "pow": "pow"}
_OTHERS = {
    **dict.fromkeys(("vmap", "pmap", "vectorize"), "is written for one row: write it for whole arrays, as X @ w"),
    **dict.fromkeys(
        ("grad", "value_and_grad", "jacobian", "hessian", "jacfwd", "jacrev"), "a derivative is asked for alone, in the last line"
    ),
}
_DECIMAL = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_UNREAD: dict[type, str] = {
    **dict.fromkeys((ast.GeneratorExp, ast.ListComp), "a loop is not read: write it as a sum over an axis"),
    **dict.fromkeys((ast.JoinedStr, ast.Dict, ast.Set), "only numbers and arrays are read"),
    **dict.fromkeys((ast.Tuple, ast.List), "a list is no array: np.array([...]) is one"),
    ast.NamedExpr: "an assignment stands on a line of its own", ast.Lambda: "a function is called by its name",
}  # fmt: skip
_SIGNS = {ast.BitXor: "^", ast.FloorDiv: "//", ast.Mod: "%", ast.BitOr: "|", ast.BitAnd: "&", ast.LShift: "<<", ast.RShift: ">>"}


def usual_kind(name: str) -> str:
    """The kind that the spelling of a name in code suggests."""
    if name in SCALAR_LETTERS or name in _NUMBERS or name.startswith(_NUMBER_PREFIXES):
        return "scalar"
    return default_kind(name)


class Translation(Entries):
    """One attempt to read the code.

    kinds      of names; the others are of the kind that their spelling suggests
    declared   names of which `kinds` says what they surely are
    free       the names that are variables, with their kinds
    bundles    names of which parts are taken, `self.W` or `params["W"]`; each part is a variable
    dims       the names of the sizes of variables, of which `Named` adds one
    own_name   what a name of the code is called in our language; raises a MatdiffError
    """

    def __init__(
        self,
        places: Places,
        kinds: Mapping[str, str],
        declared: frozenset[str],
        functions: Mapping[str, Function],
        imported: Mapping[str, str],
        variables: frozenset[str],
        own_name: Callable[[str, ast.AST], str],
        library: str,
        bundles: frozenset[str] = frozenset(),
        dims: dict[str, tuple[Size, ...]] | None = None,
    ) -> None:
        self.places, self.kinds, self.declared, self.functions = places, kinds, declared, functions
        self.imported, self.variables, self.own_name, self.library = imported, variables, own_name, library
        self.bundles = bundles
        self.dims = dims if dims is not None else {}
        # The parts of bundles: their paths, and what each is called.
        self.parts: dict[tuple[str, ...], str] = {}
        # What the values so far depend on; the variables in what is held fixed, and where that stands.
        self.touched: set[str] = set()
        self.held: dict[str, ast.AST] = {}
        self.arrays = Arrays()
        self.free: dict[str, str] = {}
        self.names: dict[str, Value] = {}
        self.constants: dict[str, Constant] = {}
        self.data: dict[str, str] = {}
        self.layers: dict[str, ast.Call] = {}
        # What is assigned outside of the function that is read, until it is needed.
        self.later: dict[str, ast.expr] = {}
        self.define: Callable[[str, Value, ast.AST], Value] = lambda name, value, node: value
        self._level = self._visited = 0

    # Errors

    def span(self, node: ast.AST) -> Span:
        return self.places.span(node)

    def unread(self, node: ast.AST, why: str) -> UnreadCode:
        return UnreadCode(span=self.span(node), why=why)

    # Expressions

    def value(self, node: ast.expr) -> Value:
        """What an expression stands for.  Raises UnreadCode, TooLarge and Misfit."""
        self._level += 1
        self._visited += 1
        if self._level > LEVELS:
            raise TooLarge(what="depth", limit=LEVELS, span=self.span(node))
        if self._visited > TOKENS:
            raise TooLarge(what="tokens", limit=TOKENS)
        if self._visited % 64 == 0:
            check()
        try:
            read = _READ.get(type(node))
            if read is None:
                raise self.unread(node, _UNREAD.get(type(node), "this is not read"))
            return read(self, node)
        finally:
            self._level -= 1

    def constant(self, node: ast.Constant) -> Value:
        if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
            raise self.unread(node, "only real numbers and arrays are read")
        span = self.span(node)
        return Value(number(self._exact(node, span), span))

    def _exact(self, node: ast.Constant, span: Span) -> Rational:
        """As it is written; of whole numbers Python says it, since they may be hexadecimal."""
        if isinstance(node.value, int):
            if node.value.bit_length() > 3 * DIGITS:
                raise TooLarge(what="number", limit=DIGITS, span=span)
            return node.value
        written = self.places.text[span.start : span.end].replace("_", "")
        is_there = _DECIMAL.fullmatch(written) and float(written) == node.value
        return exact(written if is_there else repr(node.value), span)

    def name(self, node: ast.Name) -> Value:
        name, span = node.id, self.span(node)
        if name in self.later and name not in self.names:
            value = self.later.pop(name)
            touched, self.touched = self.touched, set()
            try:
                self.names[name] = self.define(name, self.value(value), value)
                self.names[name].uses = frozenset(self.touched)
            finally:
                self.touched = touched
        known = self.names.get(name)
        if known is not None:
            self.touched |= known.uses
            return known.at(span)
        if name in self.functions or (name in self.imported and name not in self.variables):
            raise self.unread(node, f"`{name}` is a function or a module")
        if name in self.constants:
            raise self.unread(node, f"`{name}` is {self.constants[name]!r} here, and no array")
        if name in self.bundles or self.kinds.get(name) == "bundle":
            raise Misfit(span, f"`{name}` is several arrays, and each is taken by its name")
        return self.free_name(name, node)

    def free_name(self, name: str, node: ast.AST) -> Value:
        """A variable."""
        own = self.own_name(name, node)
        kind = self.kinds.get(own) or self.data.get(name) or usual_kind(own)
        self.free[own] = kind
        self.touched.add(own)
        lowered = kind == "matrix" and own not in self.declared and usual_kind(own) != "matrix"
        is_free = own not in self.declared and name not in self.data
        expr = Expr("name", (), own, span=self.span(node))
        value = Value(expr, axes_of_kind(kind), is_doubtful=is_free, lowered=lowered, is_plain=is_free)
        value.dims = self.dims.get(own, ())
        return value

    # Conditions

    def compared(self, node: ast.Compare) -> Value:
        """x > y as 1 where it holds, and 0 elsewhere."""
        kinds = (ast.Gt, ast.Lt, ast.GtE, ast.LtE)
        if len(node.ops) != 1 or not isinstance(node.ops[0], kinds):
            raise self.unread(node, "one comparison is read, such as x > 0")
        span, sign = self.span(node), node.ops[0]
        left, right = self.value(node.left), self.value(node.comparators[0])
        if isinstance(sign, (ast.Lt, ast.GtE)):
            left, right = right, left
        is_zero = right.expr.op == "number" and right.expr.value == 0
        difference = left if is_zero else self.arrays.add([(False, left), (True, right)], span)
        step = self.arrays.each("step", difference, span)
        return self.arrays.negated(step, span) if isinstance(sign, (ast.GtE, ast.LtE)) else step.as_mask()

    def _of_masks(self, node: ast.BinOp, span: Span) -> Value:
        """(x > 0) & (x < 1)."""
        parts = [self.value(node.left), self.value(node.right)]
        if not all(part.is_mask for part in parts):
            raise self.unread(node, "`&` and `|` are read between comparisons")
        if isinstance(node.op, ast.BitAnd):
            return self.arrays.multiply(parts[0], parts[1], span).as_mask()
        neither = [self.arrays.negated(part, span) for part in parts]
        return self.arrays.negated(self.arrays.multiply(neither[0], neither[1], span), span)

    def either(self, node: ast.IfExp) -> Value:
        """`a if condition else b`, where the text decides."""
        decided = self.decide(node.test)
        if decided is None:
            raise self.unread(node.test, "a condition that depends on values is not read; np.where(condition, a, b) is")
        return self.value(node.body if decided else node.orelse)

    def held_fixed(self, node: ast.expr) -> Value:
        """x.detach(): the same value, which is not differentiated."""
        touched, self.touched = self.touched, set()
        try:
            value = self.value(node)
            for name in self.touched:
                self.held.setdefault(name, node)
        finally:
            self.touched = touched
        return value

    def unary(self, node: ast.UnaryOp) -> Value:
        value = self.value(node.operand)
        if isinstance(node.op, ast.USub):
            return self.arrays.negative(value, self.span(node))
        if isinstance(node.op, ast.UAdd):
            return value
        if isinstance(node.op, ast.Invert) and value.is_mask:
            return self.arrays.negated(value, self.span(node))
        raise self.unread(node, "this operator is not read")

    def binary(self, node: ast.BinOp) -> Value:
        sign, span = OPERATORS.get(type(node.op)), self.span(node)
        if isinstance(node.op, (ast.BitAnd, ast.BitOr)):
            return self._of_masks(node, span)
        if sign is None:
            written = _SIGNS.get(type(node.op), "this")
            raise self.unread(node, "a power is `**` in code" if written == "^" else f"`{written}` is not read")
        if sign in ("+", "-"):
            return self._sum(node, span)
        left = self.value(node.left)
        if sign == "@":
            self.turned_on_the_left(node.left, left)
        return self.operated(sign, left, self.value(node.right), span)

    def _sum(self, node: ast.BinOp, span: Span) -> Value:
        """A chain of sums is one sum, however long."""
        terms: list[tuple[bool, ast.expr]] = []
        rest: ast.expr = node
        while isinstance(rest, ast.BinOp) and isinstance(rest.op, (ast.Add, ast.Sub)):
            terms.append((isinstance(rest.op, ast.Sub), rest.right))
            rest = rest.left
        terms.append((False, rest))
        return self.arrays.add([(is_subtracted, self.value(term)) for is_subtracted, term in reversed(terms)], span)

    def operated(self, sign: str, left: Value, right: Value, span: Span) -> Value:
        """Two values with an operator between them."""
        if sign in ("+", "-"):
            return self.arrays.add([(False, left), (sign == "-", right)], span)
        operators = {"*": self.arrays.multiply, "/": self.arrays.divide, "**": self.arrays.power, "@": self.arrays.matmul}
        return operators[sign](left, right, span)

    def turned_on_the_left(self, node: ast.expr | None, value: Value) -> None:
        """`x.T @ y` and `c * x.T @ y` with vectors are what everybody writes, and nothing to wonder about."""
        while isinstance(node, (ast.BinOp, ast.UnaryOp)):
            if isinstance(node, ast.BinOp) and not isinstance(node.op, (ast.Mult, ast.Div)):
                break
            node = node.operand if isinstance(node, ast.UnaryOp) else node.right if isinstance(node.op, ast.Mult) else node.left
        if isinstance(node, ast.Call):
            node = node.func
        if value.rank == 1 and isinstance(node, ast.Attribute) and node.attr in ("T", "mT", "H", "t", "transpose"):
            self.arrays.doubts -= TURNED_VECTOR - 1

    # Attributes, calls

    def attribute(self, node: ast.Attribute) -> Value:
        span, module = self.span(node), self._module(node.value)
        part = self.part_of(node) if node.attr not in OF_ARRAYS else None
        if part is not None:
            return self.free_name(part, node)
        if module is not None:
            if node.attr == "pi":
                return Value(Expr("pi", span=span))
            if node.attr == "e":
                return Value(Expr("exp", (number(1, span),), span=span))
            raise self.unread(node, "this is no number or array that is read")
        if node.attr in ("T", "mT", "H"):
            return self.arrays.transpose(self.value(node.value), span)
        if node.attr == "data":
            return self.held_fixed(node.value)
        if node.attr == "I":
            return called(Call(self, "inv", "", [node.value], {}, span))
        if node.attr == "size":
            return Value(self.arrays.count(self.value(node.value), None, span))
        if node.attr == "logabsdet" and self._calls(node.value, "slogdet"):
            return self.log_det(node.value)
        raise self.unread(node, f"`.{node.attr}` is not read")

    def _module(self, node: ast.expr) -> str | None:
        """The path of the module of a library that `np` or `jax.nn` is; None for an array."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.insert(0, node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id in self.variables or node.id in self.names:
            return None
        path = ".".join([self.imported.get(node.id, node.id), *parts])
        return path if root_of(path) in LIBRARIES else None

    def _calls(self, node: ast.expr, name: str) -> bool:
        """Whether it is a call of this function with one argument."""
        return isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords and last_name(node) == name

    def log_det(self, node: ast.expr) -> Value:
        assert isinstance(node, ast.Call)
        return called(Call(self, "logdet", self.library, node.args, {}, self.span(node)))

    def call(self, node: ast.Call) -> Value:
        function, span = node.func, self.span(node)
        if any(keyword.arg is None for keyword in node.keywords) or any(isinstance(arg, ast.Starred) for arg in node.args):
            raise self.unread(node, "the arguments are written out one by one")
        keywords = {str(keyword.arg): keyword.value for keyword in node.keywords}
        if self._is_own(function):
            values = self._own_values(node)
            if len(values) != 1:
                raise self.unread(node, "this function returns several values: give each a name")
            return values[0]
        layer = self.layers.get(function.id) if isinstance(function, ast.Name) else function
        if isinstance(layer, ast.Call) and last_name(layer) in LAYERS:
            settings = {str(keyword.arg): keyword.value for keyword in layer.keywords}
            return called(Call(self, LAYERS[last_name(layer)], "torch", node.args + layer.args, {**settings, **keywords}, span))
        if isinstance(function, ast.Name):
            if function.id in self.names or function.id in self.variables:
                raise self.unread(node, f"`{function.id}` is an array or a number here, and no function")
            path, _, name = self.imported.get(function.id, "").rpartition(".")
            library = LIBRARIES.get(root_of(path), self.library)
            name = name or _PYTHON.get(function.id, function.id)
            return called(Call(self, name, library, node.args, keywords, span, path))
        if not isinstance(function, ast.Attribute):
            raise self.unread(node, _OTHERS.get(last_name(function), "a function is called by its name"))
        module = self._module(function.value)
        if module is not None:
            return called(Call(self, function.attr, LIBRARIES[root_of(module)], node.args, keywords, span, module))
        if isinstance(function.value, ast.Name) and function.value.id in self.bundles and function.value.id not in self.names:
            raise self.unread(
                node, f"what `{ast.unparse(function)}` computes is not in the text: write it out, as F.linear(x, W, b)"
            )
        library = "torch" if "dim" in keywords and not self.library else self.library
        return called(Call(self, function.attr, library, [function.value, *node.args], keywords, span))

    # Entries, sizes

    def subscript(self, node: ast.Subscript) -> Value:
        span, index = self.span(node), node.slice
        part = self.part_of(node)
        if part is not None:
            return self.free_name(part, node)
        if self._calls(node.value, "slogdet") and isinstance(index, ast.Constant) and index.value == 1:
            return self.log_det(node.value)
        if self._calls(node.value, "eigvalsh"):
            place = Call(self, "eigvalsh", "", [index], {}, span).literal(0)
            if place in (0, -1) and isinstance(node.value, ast.Call):
                matrix = self.value(node.value.args[0])
                if matrix.rank != 2:
                    raise Misfit(matrix.span, f"`eigvalsh` takes a matrix, and this is {matrix.kind}")
                return Value(Expr("eigmin" if place == 0 else "eigmax", (matrix.expr,), span=span))
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            array = self.value(node.value.value)
            axis = Call(self, "shape", "", [ast.Constant(None), index], {}, span).axis(array)
            if axis is None:
                raise self.unread(node, "the number of the axis is written out")
            return Value(self.arrays.count(array, axis, span))
        return self.entry(self.value(node.value), list(index.elts) if isinstance(index, ast.Tuple) else [index], span)

    def size(self, node: ast.expr | None) -> tuple[Expr, ...]:
        """A size that is written out; nothing where it has to follow from what stands beside it."""
        if isinstance(node, ast.Constant) and type(node.value) is int and node.value > 0:
            return (Expr("number", (), node.value, span=self.span(node)),)
        if node is not None:
            size = self.value(node)
            if size.rank:
                raise Misfit(size.span, "a size is a number")
        return ()


_READ: dict[type, Callable[..., Value]] = {
    ast.Constant: Translation.constant,
    ast.Name: Translation.name,
    ast.UnaryOp: Translation.unary,
    ast.BinOp: Translation.binary,
    ast.Attribute: Translation.attribute,
    ast.Call: Translation.call,
    ast.Subscript: Translation.subscript,
    ast.Compare: Translation.compared,
    ast.IfExp: Translation.either,
}
