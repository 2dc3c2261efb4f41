"""`Asking`: the definitions and the questions of a text, with the kinds of its names given."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from itertools import count
from typing import NamedTuple

from matdiff.language.errors import UnreadCode
from matdiff.language.statements import Definition, Question, Statement
from matdiff.language.syntax import Expr, Span
from matdiff.limits import check
from matdiff.read.numpy.script import Script, is_docstring
from matdiff.read.numpy.source import decorates_silently, is_silent, last_name, whole_number
from matdiff.read.numpy.statements import Function, defaults_of, is_word, parameters_of
from matdiff.read.numpy.translation import Translation
from matdiff.read.numpy.value import Value
from matdiff.read.review import check_depth

# Functions that give derivatives, and their order.
_ORDERS = {"grad": 1, "value_and_grad": 1, "jacobian": 1, "jacfwd": 1, "jacrev": 1, "hessian": 2, "elementwise_grad": 1}


class Derivative(NamedTuple):
    """`grad(function, argnums=places)(*call.args)`, where `call` is None if it is not called; or of a `value` by names."""

    function: Function | None
    places: tuple[int, ...] = (0,)
    order: int = 1
    call: ast.Call | None = None
    value: ast.expr | None = None
    by: tuple[str, ...] = ()


def derivative(node: ast.expr, functions: Mapping[str, Function], gradients: Mapping[str, ast.expr]) -> Derivative | None:
    """The derivative that an expression is; None where it is another one."""
    if not isinstance(node, ast.Call):
        return None
    whole = _function(node, functions, gradients)
    if whole is not None:
        return whole
    inner = node.func
    found = _function(
        gradients[inner.id] if isinstance(inner, ast.Name) and inner.id in gradients else inner, functions, gradients
    )
    if found is not None:
        return found._replace(call=node)
    if last_name(node) == "grad" and "autograd" in ast.unparse(node.func) and len(node.args) == 2:
        names = node.args[1].elts if isinstance(node.args[1], (ast.Tuple, ast.List)) else [node.args[1]]
        by = tuple(name.id for name in names if isinstance(name, ast.Name))
        return Derivative(None, value=node.args[0], by=by) if len(by) == len(names) else None
    return None


def _function(node: ast.expr, functions: Mapping[str, Function], gradients: Mapping[str, ast.expr]) -> Derivative | None:
    """jax.grad(f), jax.jit(jax.grad(f, argnums=1))."""
    if not isinstance(node, ast.Call) or not node.args or isinstance(node.func, ast.Call):
        return None
    name, inner = last_name(node), node.args[0]
    if len(node.args) == 1 and decorates_silently(node.func):
        named = isinstance(inner, ast.Name) and inner.id in gradients
        return _function(gradients[inner.id] if named and isinstance(inner, ast.Name) else inner, functions, gradients)
    if name not in _ORDERS or name in functions:
        return None
    deeper = _function(inner, functions, gradients)
    if deeper is not None:
        return deeper._replace(order=deeper.order + _ORDERS[name])
    while isinstance(inner, ast.Call) and len(inner.args) == 1 and decorates_silently(inner.func):
        inner = inner.args[0]
    function = inner if isinstance(inner, ast.Lambda) else functions.get(inner.id) if isinstance(inner, ast.Name) else None
    if function is None:
        return None
    given = [keyword.value for keyword in node.keywords if keyword.arg == "argnums"] or node.args[1:2]
    places = _places(given[0]) if given else (0,)
    return Derivative(function, places, _ORDERS[name]) if places else None


def _places(node: ast.expr) -> tuple[int, ...]:
    parts = node.elts if isinstance(node, (ast.Tuple, ast.List)) else [node]
    found = [place for place in map(whole_number, parts) if place is not None]
    return tuple(found) if len(found) == len(parts) else ()


class Asking:
    """Makes the statements of one attempt."""

    def __init__(self, text: Script, code: Translation) -> None:
        self.text, self.code = text, code
        self.made: list[Statement] = []
        # Names of derivatives as functions: jax.grad(loss).
        self.gradients: dict[str, ast.expr] = {}
        code.define = self.define

    def define(self, name: str, value: Value, node: ast.AST) -> Value:
        """An assignment as a definition; a name that stands for something else already gets a number."""
        own = self.text.own_name(name, node)
        taken = {one.name for one in self.made if isinstance(one, Definition)} | set(self.code.free)
        if own in taken:
            own = next(
                new for new in (f"{own}_{place}" for place in count(2)) if new not in taken and new not in self.text.own_names
            )
        expr, span = value.expr, self.code.span(node)
        check_depth(expr)
        self.made.append(Definition(own, span, expr, Span(span.start, max(span.end, (expr.span or span).end))))
        self.code.arrays.defined.add(own)
        return value.named(Expr("name", (), own, span))

    def ask(self, node: ast.expr, values: list[Value], by: tuple[str, ...] = (), order: int | None = None) -> None:
        """A question; of several values that are returned the first, if it is a number."""
        value, span = values[0], self.code.span(node)
        if len(values) > 1:
            if value.rank:
                raise UnreadCode(span=span, why="several arrays are returned: which one? return it alone")
            span = self.code.span(node.elts[0]) if isinstance(node, ast.Tuple) else span
        self._check_held()
        self.code.arrays.fixed(value)
        check_depth(value.expr)
        self.made.append(Question(value.expr, (), span, by=by, order=order))

    def _check_held(self) -> None:
        """What is held fixed must be no variable elsewhere."""
        for name in sorted(self.code.touched & set(self.code.held)):
            why = f"held fixed here, but `{name}` is a variable elsewhere: give what is fixed a name of its own"
            raise UnreadCode(span=self.code.span(self.code.held[name]), why=why)

    def _ask_value(self, node: ast.expr, by: tuple[str, ...] = (), order: int | None = None) -> None:
        self.code.touched = set()
        self.ask(node, self.code.values(node), by, order)

    def _own_names(self, names: Iterable[str]) -> tuple[str, ...]:
        """Parameters as they are called here; those that hold several arrays are these."""
        found: list[str] = []
        for name in names:
            parts = [part for path, part in self.code.parts.items() if path[0] == name]
            found += [self.text.own_name(part, self.text.nodes[0]) for part in parts or [name]]
        return tuple(found)

    def read(self) -> list[Statement]:
        function = self.text.function
        if function is None:
            self._script(self.text.body)
            return self.made
        self.code.check_decorators(function)
        self.code.later = self._outside(function)
        for name, default in defaults_of(function).items():
            if is_word(default):
                self.code.constants[name] = default.value
        if isinstance(function, ast.Lambda):
            node: ast.expr | None = function.body
            values = self.code.values(function.body)
        else:
            node, values = self.code.run(function.body, self.define)
        if node is None:
            raise UnreadCode(span=self.text.head(function), why="the function returns nothing")
        self.ask(node, values, self._own_names(self.text.parameters) if len(self.text.parameters) == 1 else ())
        return self.made

    def _outside(self, function: Function) -> dict[str, ast.expr]:
        """What is assigned beside the function, by name; a name that is assigned in another way must not be used."""
        found: dict[str, ast.expr] = {}
        inside = {id(node) for node in ast.walk(function)}
        used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        used -= set(self.text.parameters)
        for statement in self.text.body:
            if isinstance(statement, (ast.FunctionDef, ast.Import, ast.ImportFrom)):
                continue
            target = statement.targets[0] if isinstance(statement, ast.Assign) and len(statement.targets) == 1 else None
            if isinstance(target, ast.Name) and isinstance(statement, ast.Assign) and target.id not in found:
                if isinstance(statement.value, ast.Lambda):
                    self.code.functions = {**self.code.functions, target.id: statement.value}
                else:
                    found[target.id] = statement.value
                continue
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in used and id(node) not in inside:
                    raise UnreadCode(span=self.code.span(node), why="this assignment is not read")
        return {name: value for name, value in found.items() if name not in self.text.parameters}

    def _script(self, body: list[ast.stmt]) -> None:
        """Expressions are questions; an assignment that comes last is one too."""
        for place, statement in enumerate(body):
            check()
            if isinstance(statement, ast.ClassDef):
                continue
            branch = self.code.branch(statement)
            if branch is not None:
                self._script(branch)
                continue
            if isinstance(statement, ast.Return) and statement.value is not None:
                self._ask_value(statement.value)
                return
            if isinstance(statement, (ast.Expr, ast.Assign)) and self._asks_derivative(statement, statement.value):
                continue
            if (
                isinstance(statement, ast.Expr)
                and isinstance(statement.value, ast.Call)
                and last_name(statement.value) == "print"
            ):
                if place == len(body) - 1 and not any(isinstance(one, Question) for one in self.made):
                    self._printed(statement.value)
                continue
            if isinstance(statement, ast.Expr) and not is_docstring(statement) and not is_silent(statement.value):
                if not (isinstance(statement.value, ast.Attribute) and statement.value.attr == "grad" and self.made):
                    self._ask_value(statement.value)
                continue
            self.code.statement(statement, self.define)
            is_last = place == len(body) - 1 and not any(isinstance(one, Question) for one in self.made)
            if is_last and not self.text.more and self.made and isinstance(self.made[-1], Definition):
                last = self.made[-1]
                self._check_held()
                self.code.arrays.fixed(Value(last.expr))
                self.made.append(Question(Expr("name", (), last.name, last.name_span), (), self.code.span(statement)))

    def _printed(self, node: ast.Call) -> None:
        """print(loss) at the end asks for it."""
        shown = [part for part in node.args if not isinstance(part, (ast.Constant, ast.JoinedStr))]
        if len(shown) == 1:
            self._ask_value(shown[0])

    def _asks_derivative(self, statement: ast.Expr | ast.Assign, node: ast.expr) -> bool:
        """`loss.backward()`, `jax.grad(loss)(w)` and their like as questions; whether it is one, or names such a function."""
        if isinstance(node, ast.Call) and last_name(node) == "backward" and isinstance(node.func, ast.Attribute):
            self._ask_value(node.func.value, self._own_names(self.text.tracked), 1)
            return True
        asked = derivative(node, self.code.functions, self.gradients)
        if asked is None:
            return False
        if asked.function is None:
            assert asked.value is not None
            self._ask_value(asked.value, self._own_names(asked.by), 1)
            return True
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        if asked.call is None and isinstance(target, ast.Name):
            self.gradients[target.id] = node
            return True
        parameters = parameters_of(asked.function)
        given: list[ast.expr] = list(asked.call.args) if asked.call is not None else []
        keywords = {str(one.arg): one.value for one in asked.call.keywords} if asked.call is not None else {}
        given += [ast.copy_location(ast.Name(name, ast.Load()), node) for name in parameters[len(given) :] if asked.call is None]
        by = []
        for place in asked.places:
            if not -len(given) <= place < len(given):
                raise UnreadCode(span=self.code.span(node), why="there is no such argument")
            part = given[place]
            if not isinstance(part, ast.Name) or part.id in self.code.names:  # the derivative at this value
                part = given[place] = ast.copy_location(ast.Name(parameters[place % len(given)], ast.Load()), part)
            by.append(part.id)
        self.code.touched = set()
        values = self.code.inlined(asked.function, given, keywords, node)
        self.ask(node, values, self._own_names(by), asked.order)
        return True
