"""`Translation`: from the syntax tree of Python to values, with the kinds of the names given.

Nothing is run: the tree is walked, and what is not known is refused.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from matdiff.language.errors import TooLarge, UnreadCode
from matdiff.language.kinds import SCALAR_LETTERS, default_kind
from matdiff.language.syntax import Expr, Span, ratio
from matdiff.limits import DECIMAL_EXPONENT, DIGITS, TOKENS, check
from matdiff.read.numpy.arrays import KINDS, TURNED_VECTOR, Arrays, Misfit, Value, number, turned
from matdiff.read.numpy.call import Call
from matdiff.read.numpy.calls import called

# Nested parts; each takes some frames of Python's stack.
LEVELS = 90
LIBRARIES = {
    **dict.fromkeys(("np", "numpy", "math", "LA", "linalg", "onp"), "numpy"),
    **dict.fromkeys(("jnp", "jax", "jsp"), "jax"),
    **dict.fromkeys(("scipy", "special", "sla", "sp"), "scipy"),
    **dict.fromkeys(("torch", "F", "nn", "functional"), "torch"),
}
# Names that usually are numbers.
_NUMBERS = frozenset(
    "lr eps reg lam lamb lambd lmbda tol temp temperature scale margin gam sig dof dim step_size learning_rate weight_decay l1 l2 "
    "ridge penalty momentum alpha0 C0".split()
)
_NUMBER_PREFIXES = ("n_", "num_", "d_", "dim_", "lam_", "lambda_")
_PYTHON = {"sum": "builtin sum", "len": "len", "abs": "abs", "pow": "pow"}
_OPERATORS: dict[type, str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.MatMult: "@",
}  # fmt: skip
_SIGNS = {ast.BitXor: "^", ast.FloorDiv: "//", ast.Mod: "%", ast.BitOr: "|", ast.BitAnd: "&", ast.LShift: "<<", ast.RShift: ">>"}
_STATEMENTS = {
    ast.If: "if", ast.For: "a loop", ast.While: "a loop", ast.With: "with", ast.Try: "try", ast.Raise: "raise", ast.Delete: "del",
    ast.ClassDef: "a class", ast.AsyncFunctionDef: "async def", ast.Global: "global", ast.Nonlocal: "nonlocal", ast.Match: "match",
}  # fmt: skip

Function = ast.FunctionDef | ast.Lambda


def usual_kind(name: str) -> str:
    """The kind that the spelling of a name in code suggests."""
    if name in SCALAR_LETTERS or name in _NUMBERS or name.startswith(_NUMBER_PREFIXES):
        return "scalar"
    return default_kind(name)


class Places:
    """Where the nodes of a tree are in its text: Python counts lines, and bytes in them.

    shift   lines in front of the text that the tree has and the text has not
    """

    def __init__(self, text: str, shift: int = 0) -> None:
        self.text, self.shift = text, shift
        self.lines, place = [], 0
        for line in text.replace("\r\n", "\n\n").replace("\r", "\n").split("\n") if "\r" in text else text.split("\n"):
            self.lines.append((place, line))
            place += len(line) + 1

    def place(self, line: int, column: int) -> int:
        start, text = self.lines[min(max(line - 1 - self.shift, 0), len(self.lines) - 1)]
        return start + (column if text.isascii() else len(text.encode()[:column].decode(errors="ignore")))

    def span(self, node: ast.AST) -> Span:
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        end_line, end_column = getattr(node, "end_lineno", line), getattr(node, "end_col_offset", column)
        return Span(self.place(line, column), self.place(end_line or line, end_column or column))


class Translation:
    """One attempt to read the code.

    kinds      of names; the others are of the kind that their spelling suggests
    declared   names of which `kinds` says what they surely are
    free       the names that are variables, with their kinds
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
    ) -> None:
        self.places, self.kinds, self.declared, self.functions = places, kinds, declared, functions
        self.imported, self.variables, self.own_name, self.library = imported, variables, own_name, library
        self.arrays = Arrays()
        self.free: dict[str, str] = {}
        self.names: dict[str, Value] = {}
        # What is assigned outside of the function that is read, until it is needed.
        self.later: dict[str, ast.expr] = {}
        self.define: Callable[[str, Value, ast.AST], Value] = lambda name, value, node: value
        self._level = self._visited = 0

    # Errors

    def span(self, node: ast.AST) -> Span:
        return self.places.span(node)

    def unread(self, node: ast.AST, why: str) -> UnreadCode:
        return UnreadCode(span=self.span(node), why=why)

    # Statements

    def run(self, body: list[ast.stmt], bind: Callable[[str, Value, ast.AST], Value]) -> tuple[ast.expr | None, Value | None]:
        """Assignments in order, up to `return`, and what that returns."""
        for statement in body:
            if isinstance(statement, ast.Return):
                if statement.value is None:
                    raise self.unread(statement, "nothing is returned")
                return statement.value, self.value(statement.value)
            self.statement(statement, bind)
        return None, None

    def statement(self, statement: ast.stmt, bind: Callable[[str, Value, ast.AST], Value]) -> None:
        """One assignment, or what says nothing about values."""
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            self._assign(statement.targets[0], statement.value, bind)
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            self._assign(statement.target, statement.value, bind)
        elif isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            place = ast.copy_location(ast.Name(statement.target.id, ast.Load()), statement.target)
            sign = _OPERATORS.get(type(statement.op))
            if sign is None:
                raise self.unread(statement, "this operator is not read")
            result = self.operated(sign, self.value(place), self.value(statement.value), self.span(statement))
            self.names[statement.target.id] = bind(statement.target.id, result, statement.target)
        elif isinstance(statement, ast.FunctionDef):
            self.functions = {**self.functions, statement.name: statement}
        elif isinstance(statement, (ast.Import, ast.ImportFrom, ast.Pass, ast.Assert)):
            return
        elif (
            isinstance(statement, ast.Expr)
            and isinstance(statement.value, ast.Constant)
            and isinstance(statement.value.value, str)
        ):
            return
        else:
            raise self.unread(statement, f"{_STATEMENTS.get(type(statement), 'this statement')} is not read")

    def _assign(self, target: ast.expr, node: ast.expr, bind: Callable[[str, Value, ast.AST], Value]) -> None:
        if isinstance(target, ast.Name):
            if isinstance(node, ast.Lambda):
                self.functions = {**self.functions, target.id: node}
                return
            self.names[target.id] = bind(target.id, self.value(node), target)
        elif isinstance(target, ast.Tuple) and isinstance(node, ast.Attribute) and node.attr == "shape":
            array = self.value(node.value)
            if array.rank != len(target.elts) or not all(isinstance(part, ast.Name) for part in target.elts):
                raise Misfit(self.span(target), f"the shape of {array.kind} has {array.rank} sizes")
            for axis, part in enumerate(target.elts):
                if isinstance(part, ast.Name):
                    size = Value(self.arrays.count(array, axis, self.span(node)))
                    self.names[part.id] = bind(part.id, size, part)
        else:
            raise self.unread(target, "one name stands on the left of `=` here")

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
                raise self.unread(node, "this is not read")
            return read(self, node)
        finally:
            self._level -= 1

    def constant(self, node: ast.Constant) -> Value:
        if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
            raise self.unread(node, "only real numbers and arrays are read")
        span = self.span(node)
        return Value(number(self._exact(node, span), span))

    def _exact(self, node: ast.Constant, span: Span) -> int:
        """Exact: `0.1` is 1/10."""
        written = self.places.text[span.start : span.end].replace("_", "").lower()
        if isinstance(node.value, int):
            if node.value.bit_length() > 3 * DIGITS:
                raise TooLarge(what="number", limit=DIGITS, span=span)
            return node.value
        mantissa, _, exponent = written.partition("e")
        whole, _, decimals = mantissa.partition(".")
        if len(whole) + len(decimals) > DIGITS:
            raise TooLarge(what="number", limit=DIGITS, span=span)
        if len(exponent) > 6 or abs(int(exponent or 0)) > DECIMAL_EXPONENT:
            raise TooLarge(what="exponent", limit=DECIMAL_EXPONENT, span=span)
        shift = int(exponent or 0) - len(decimals)
        digits = int((whole + decimals) or "0")
        return digits * 10**shift if shift >= 0 else ratio(digits, 10**-shift)  # type: ignore[return-value]

    def name(self, node: ast.Name) -> Value:
        name, span = node.id, self.span(node)
        if name in self.later and name not in self.names:
            value = self.later.pop(name)
            self.names[name] = self.define(name, self.value(value), value)
        known = self.names.get(name)
        if known is not None:
            expr = Expr(known.expr.op, known.expr.args, known.expr.value, span) if known.expr.op == "name" else known.expr
            return Value(
                expr, known.ones, turned=known.turned, is_loose=known.is_loose, is_doubtful=known.is_doubtful,
                is_plain=known.is_plain, odd=known.odd,
            )  # fmt: skip
        if name in self.functions or (name in self.imported and name not in self.variables):
            raise self.unread(node, f"`{name}` is a function or a module")
        own = self.own_name(name, node)
        kind = self.kinds.get(own) or usual_kind(own)
        self.free[own] = kind
        lowered = kind == "matrix" and own not in self.declared and usual_kind(own) != "matrix"
        is_free = own not in self.declared
        return Value(Expr("name", (), own, span=span), KINDS[kind], is_doubtful=is_free, lowered=lowered, is_plain=is_free)

    def unary(self, node: ast.UnaryOp) -> Value:
        value = self.value(node.operand)
        if isinstance(node.op, ast.USub):
            return self.arrays.negative(value, self.span(node))
        if isinstance(node.op, ast.UAdd):
            return value
        raise self.unread(node, "this operator is not read")

    def binary(self, node: ast.BinOp) -> Value:
        sign, span = _OPERATORS.get(type(node.op)), self.span(node)
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
        if module is not None:
            if node.attr == "pi":
                return Value(Expr("pi", span=span))
            if node.attr == "e":
                return Value(Expr("exp", (number(1, span),), span=span))
            raise self.unread(node, "this is no number or array that is read")
        if node.attr in ("T", "mT", "H"):
            return self.arrays.transpose(self.value(node.value), span)
        if node.attr == "I":
            return called(Call(self, "inv", "", [node.value], {}, span))
        if node.attr == "size":
            return Value(self.arrays.count(self.value(node.value), None, span))
        if node.attr == "logabsdet" and self._calls(node.value, "slogdet"):
            return self._log_det(node.value)
        raise self.unread(node, f"`.{node.attr}` is not read")

    def _module(self, node: ast.expr) -> str | None:
        """The library that `np` or `jax.nn` is; None for an array."""
        while isinstance(node, ast.Attribute):
            node = node.value
        if not isinstance(node, ast.Name) or node.id in self.variables or node.id in self.names:
            return None
        return LIBRARIES.get(self.imported.get(node.id, node.id))

    def _calls(self, node: ast.expr, *names: str) -> bool:
        """Whether it is a call of one of these functions with one argument."""
        if not isinstance(node, ast.Call) or len(node.args) != 1 or node.keywords:
            return False
        function = node.func
        written = function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
        return written in names

    def _log_det(self, node: ast.expr) -> Value:
        assert isinstance(node, ast.Call)
        return called(Call(self, "logdet", self.library, node.args, {}, self.span(node)))

    def call(self, node: ast.Call) -> Value:
        function, span = node.func, self.span(node)
        if any(keyword.arg is None for keyword in node.keywords) or any(isinstance(arg, ast.Starred) for arg in node.args):
            raise self.unread(node, "the arguments are written out one by one")
        keywords = {str(keyword.arg): keyword.value for keyword in node.keywords}
        if isinstance(function, ast.Name):
            if function.id in self.functions and function.id not in self.names:
                return self._own_function(self.functions[function.id], node.args, keywords, node)
            if function.id in self.names or function.id in self.variables:
                raise self.unread(node, f"`{function.id}` is an array or a number here, and no function")
            name = self.imported.get(function.id) or _PYTHON.get(function.id, function.id)
            return called(Call(self, name, self.library, node.args, keywords, span))
        if not isinstance(function, ast.Attribute):
            raise self.unread(node, "a function is called by its name")
        module = self._module(function.value)
        if module is not None:
            return called(Call(self, function.attr, module, node.args, keywords, span))
        library = "torch" if "dim" in keywords and not self.library else self.library
        return called(Call(self, function.attr, library, [function.value, *node.args], keywords, span))

    def is_torch_norm(self, call: Call) -> bool:
        """Whether the norm is torch.norm or a method, and not of torch.linalg."""
        written = self.places.text[call.span.start : call.span.end]
        return "linalg.norm" not in written.partition("(")[0] and "linalg.matrix_norm" not in written.partition("(")[0]

    def _own_function(self, function: Function, args: list[ast.expr], keywords: dict[str, ast.expr], node: ast.Call) -> Value:
        """A function of the text: its body with the arguments."""
        parameters = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
        defaults = dict(
            zip(reversed([a.arg for a in (*function.args.posonlyargs, *function.args.args)]), reversed(function.args.defaults))
        )
        defaults.update({a.arg: d for a, d in zip(function.args.kwonlyargs, function.args.kw_defaults) if d is not None})
        given: dict[str, ast.expr] = {**defaults, **dict(zip(parameters, args)), **keywords}
        if function.args.vararg or function.args.kwarg or len(args) > len(parameters) or set(given) != set(parameters):
            raise self.unread(node, "the arguments are not those of the function")
        inner = {name: self.value(part) for name, part in given.items()}
        outer, functions, later = self.names, self.functions, self.later
        outside = {name: value for name, value in outer.items() if name not in inner}
        self.names = {**outside, **inner}
        try:
            if isinstance(function, ast.Lambda):
                return self.value(function.body)
            result = self.run(function.body, lambda name, value, place: value)[1]
        finally:
            self.names, self.functions, self.later = outer, functions, later
        if result is None:
            raise self.unread(node, "the function returns nothing")
        return result

    # Entries, sizes

    def subscript(self, node: ast.Subscript) -> Value:
        span, index = self.span(node), node.slice
        if self._calls(node.value, "slogdet") and isinstance(index, ast.Constant) and index.value == 1:
            return self._log_det(node.value)
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
        return self._entry(self.value(node.value), list(index.elts) if isinstance(index, ast.Tuple) else [index], span)

    def _entry(self, array: Value, places: list[ast.expr], span: Span) -> Value:
        """x[0], X[:, 0], X[0], X[0, 1], x[:, None]; counted from 0 there and from 1 here."""
        self.arrays.fixed(array)
        if len(places) == 2 and array.rank == 1:
            new = [place for place, part in enumerate(places) if _is_new_axis(part)]
            if len(new) == 1 and _is_all(places[1 - new[0]]):
                return self.with_axis(array, first=new[0] == 0, span=span)
        if not 0 < len(places) <= array.rank or any(array.ones):
            raise Misfit(span, f"{len(places)} indices of {array.kind}")
        indices = [self._index(place) for place in places]
        if array.rank == 1:
            return array if indices[0].op == "all" else Value(Expr("at", (array.expr, indices[0]), span=span))
        indices += [Expr("all", span=span)] * (2 - len(indices))
        rows, columns = (index.op == "all" for index in indices)
        if rows and columns:
            return array
        entry = Expr("at", (array.expr, *indices), span=span)
        if columns:
            return Value(turned(entry, span), (False,), turned=entry)
        return Value(entry, (False,) if rows else ())

    def _index(self, node: ast.expr) -> Expr:
        if _is_all(node):
            return Expr("all", span=self.span(node))
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool):
            return number(node.value + 1, self.span(node))
        raise self.unread(node, "an index is `:` or a number from 0 on")

    def with_axis(self, value: Value, *, first: bool, span: Span) -> Value:
        """A vector as a matrix with one row or one column."""
        if first:
            return Value(
                value.turned or turned(value.expr, span), (True, *value.ones), turned=value.expr, is_loose=value.is_loose
            )
        return Value(value.expr, (*value.ones, True), turned=value.turned, is_loose=value.is_loose)

    def size(self, node: ast.expr | None) -> tuple[Expr, ...]:
        """A size that is written out; nothing where it has to follow from what stands beside it."""
        if isinstance(node, ast.Constant) and type(node.value) is int and node.value > 0:
            return (Expr("number", (), node.value, span=self.span(node)),)
        if node is not None:
            size = self.value(node)
            if size.rank:
                raise Misfit(size.span, "a size is a number")
        return ()


def _is_all(node: ast.expr) -> bool:
    return isinstance(node, ast.Slice) and node.lower is None and node.upper is None and node.step is None


def _is_new_axis(node: ast.expr) -> bool:
    return (isinstance(node, ast.Constant) and node.value is None) or (isinstance(node, ast.Attribute) and node.attr == "newaxis")


_READ: dict[type, Callable[..., Value]] = {
    ast.Constant: Translation.constant,
    ast.Name: Translation.name,
    ast.UnaryOp: Translation.unary,
    ast.BinOp: Translation.binary,
    ast.Attribute: Translation.attribute,
    ast.Call: Translation.call,
    ast.Subscript: Translation.subscript,
}
