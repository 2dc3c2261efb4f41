"""`Statements`: assignments, branches that the text decides, and what says nothing about values."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from matdiff.language.errors import UnreadCode
from matdiff.language.syntax import Expr, Span
from matdiff.read.numpy.arrays import DEPARTURE, Arrays
from matdiff.read.numpy.functions.losses import LAYERS
from matdiff.read.numpy.source import decorates_silently, is_raised, is_silent, last_name, made_at_random
from matdiff.read.numpy.value import KINDS, Misfit, Value

if TYPE_CHECKING:
    from typing import TypeGuard

    class _Word(ast.Constant):  # what `is_word` says of a constant
        value: Constant

    Bind = Callable[[str, Value, ast.AST], Value]

Function = ast.FunctionDef | ast.Lambda
OPERATORS: dict[type, str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.MatMult: "@",
}  # fmt: skip
_STATEMENTS = {
    ast.If: "if", ast.For: "a loop", ast.While: "a loop", ast.With: "with", ast.Try: "try", ast.Raise: "raise", ast.Delete: "del",
    ast.ClassDef: "a class", ast.AsyncFunctionDef: "async def", ast.Global: "global", ast.Nonlocal: "nonlocal", ast.Match: "match",
}  # fmt: skip
# What a name stands for that is no array: a text, None, True.
Constant = str | bool | None
_BRANCH = "a branch that depends on values is not read; np.where(condition, a, b) is"
_LOOP = "a loop is not read: write the sum over an index as a sum over an axis"


def arguments_of(function: Function) -> list[ast.arg]:
    """All its parameters."""
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def parameters_of(function: Function) -> tuple[str, ...]:
    """Their names, but for the object of a method."""
    return tuple(argument.arg for argument in arguments_of(function) if argument.arg not in ("self", "cls"))


def defaults_of(function: Function) -> dict[str, ast.expr]:
    """The defaults of its parameters."""
    arguments, told = [*function.args.posonlyargs, *function.args.args], function.args.defaults
    found = {argument.arg: default for argument, default in zip(reversed(arguments), reversed(told))}
    later = zip(function.args.kwonlyargs, function.args.kw_defaults)
    return {**found, **{argument.arg: default for argument, default in later if default is not None}}


def is_word(node: ast.AST) -> TypeGuard[_Word]:
    """Whether it is a text, a truth value or None, which no array is."""
    return isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, (str, bool)))


class Statements:
    """What `Translation` does with statements; the rest of it is in `translation`."""

    arrays: Arrays
    functions: Mapping[str, Function]
    names: dict[str, Value]
    constants: dict[str, Constant]
    later: dict[str, ast.expr]
    # Names that an assignment leaves free, with the kinds that it tells.
    data: dict[str, str]
    touched: set[str]
    # Names of modules such as nn.MSELoss().
    layers: dict[str, ast.Call]

    if TYPE_CHECKING:

        def span(self, node: ast.AST) -> Span: ...
        def unread(self, node: ast.AST, why: str) -> UnreadCode: ...
        def value(self, node: ast.expr) -> Value: ...
        def values(self, node: ast.expr) -> list[Value]: ...
        def part_of(self, node: ast.expr) -> str | None: ...
        def function_of(self, node: ast.expr) -> Function | None: ...
        def operated(self, sign: str, left: Value, right: Value, span: Span) -> Value: ...
        def bundle(self, node: ast.expr, parts: list[ast.expr]) -> list[Value] | None: ...

    def run(self, body: list[ast.stmt], bind: Bind) -> tuple[ast.expr | None, list[Value]]:
        """Assignments in order, up to `return`, and what that returns: several values where it is a tuple."""
        for statement in body:
            if isinstance(statement, ast.Return):
                if statement.value is None:
                    raise self.unread(statement, "nothing is returned")
                self.touched = set()
                return statement.value, self.values(statement.value)
            branch = self.branch(statement)
            if branch is not None:
                node, values = self.run(branch, bind)
                if node is not None:
                    return node, values
                continue
            self.statement(statement, bind)
        return None, []

    def branch(self, statement: ast.stmt) -> list[ast.stmt] | None:
        """The statements of an `if` or `with` that are run; None where it is another statement."""
        if isinstance(statement, ast.With):
            if any(item.optional_vars is not None or not is_silent(item.context_expr) for item in statement.items):
                raise self.unread(statement.items[0].context_expr, "`with` is not read")
            return statement.body
        if not isinstance(statement, ast.If):
            return None
        decided = self.decide(statement.test)
        if decided is not None:
            return statement.body if decided else statement.orelse
        if is_raised(statement.body):
            return statement.orelse
        raise self.unread(statement.test, _BRANCH)

    def statement(self, statement: ast.stmt, bind: Bind) -> None:
        """One assignment, or what says nothing about values."""
        self.touched = set()
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                self._assign(target, statement.value, bind)
        elif isinstance(statement, ast.AnnAssign):
            if statement.value is not None:
                self._assign(statement.target, statement.value, bind)
        elif isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            place = ast.copy_location(ast.Name(statement.target.id, ast.Load()), statement.target)
            sign = OPERATORS.get(type(statement.op))
            if sign is None:
                raise self.unread(statement, "this operator is not read")
            result = self.operated(sign, self.value(place), self.value(statement.value), self.span(statement))
            self._bind(statement.target.id, result, statement.target, bind)
        elif isinstance(statement, ast.FunctionDef):
            self.functions = {**self.functions, statement.name: statement}
        elif isinstance(statement, (ast.Import, ast.ImportFrom, ast.Pass, ast.Assert)):
            return
        elif isinstance(statement, ast.Expr) and (isinstance(statement.value, ast.Constant) or is_silent(statement.value)):
            return
        elif isinstance(statement, (ast.For, ast.While)):
            raise self.unread(statement, _LOOP)
        elif isinstance(statement, (ast.Assign, ast.AugAssign)):
            raise self.unread(statement, "a name stands on the left of `=` here")
        else:
            raise self.unread(statement, f"{_STATEMENTS.get(type(statement), 'this statement')} is not read")

    def _bind(self, name: str, value: Value, node: ast.AST, bind: Bind) -> None:
        self.constants.pop(name, None)
        self.names[name] = bound = bind(name, value, node)
        bound.uses = value.uses | self.touched

    def _assign(self, target: ast.expr, node: ast.expr, bind: Bind) -> None:
        if isinstance(target, ast.Name):
            self._assign_name(target, node, bind)
            return
        if not isinstance(target, (ast.Tuple, ast.List)):
            raise self.unread(target, "a name stands on the left of `=` here")
        if any(not isinstance(part, ast.Name) for part in target.elts):
            raise self.unread(target, "names stand on the left of `=` here")
        if isinstance(node, ast.Attribute) and node.attr == "shape":
            array = self.value(node.value)
            if array.rank != len(target.elts):
                raise Misfit(self.span(target), f"the shape of {array.kind} has {array.rank} sizes")
            values = [Value(self.arrays.count(array, axis, self.span(node))) for axis in range(array.rank)]
        elif isinstance(node, (ast.Tuple, ast.List)) and len(node.elts) == len(target.elts):
            if all(isinstance(part, (ast.Lambda, ast.Constant)) for part in node.elts):
                for part, value in zip(target.elts, node.elts):
                    self._assign(part, value, bind)
                return
            values = [self.value(part) for part in node.elts]
        else:
            taken = self.bundle(node, target.elts)
            if taken is None:
                return
            values = taken or self.values(node)
        if len(values) == 1 != len(target.elts):
            values = self._entries(values[0], target)
        if len(values) != len(target.elts):
            raise self.unread(target, f"{len(values)} values for {len(target.elts)} names")
        for part, given in zip(target.elts, values):
            assert isinstance(part, ast.Name)
            if part.id != "_":
                self._bind(part.id, given, part, bind)

    def _entries(self, array: Value, target: ast.Tuple | ast.List) -> list[Value]:
        """`a, b = x`: the entries of a vector, which has so many."""
        span = self.span(target)
        if array.rank != 1 or any(array.ones):
            raise Misfit(array.span, f"{array.kind} gives no {len(target.elts)} numbers")
        self.arrays.fixed(array)
        for part in target.elts:
            if isinstance(part, ast.Name) and part.id[:1].isupper():
                self.arrays.doubts += DEPARTURE
        places = range(1, len(target.elts) + 1)
        return [Value(Expr("at", (array.expr, Expr("number", (), place, span=span)), span=span)) for place in places]

    def _assign_name(self, target: ast.Name, node: ast.expr, bind: Bind) -> None:
        function = self.function_of(node)
        if function is not None:
            self.functions = {**self.functions, target.id: function}
            return
        if is_word(node):
            self.names.pop(target.id, None)
            self.constants[target.id] = node.value
            return
        made = made_at_random(node)
        if made is not None:
            self.names.pop(target.id, None)
            if made in KINDS:
                self.data[target.id] = made
            return
        if self.part_of(node) == target.id:  # W = self.W
            return
        if isinstance(node, ast.Call) and last_name(node) in LAYERS and not node.args:
            self.layers[target.id] = node
            return
        self._bind(target.id, self.value(node), target, bind)

    # Conditions

    def decide(self, test: ast.expr) -> bool | None:
        """Whether a condition holds, where the text or the kinds of the names say so."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            inner = self.decide(test.operand)
            return None if inner is None else not inner
        if isinstance(test, ast.BoolOp):
            parts = [self.decide(part) for part in test.values]
            ends = isinstance(test.op, ast.Or)
            return ends if ends in parts else None if None in parts else not ends
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            return self._compared(test.left, test.ops[0], test.comparators[0])
        found = self._constant(test)
        return None if found is Ellipsis else bool(found)

    def _compared(self, left: ast.expr, sign: ast.cmpop, right: ast.expr) -> bool | None:
        if isinstance(left, ast.Name) and left.id == "__name__":
            return False
        first = self._constant(left)
        if isinstance(sign, (ast.In, ast.NotIn)) and isinstance(right, (ast.Tuple, ast.List, ast.Set)):
            others = [self._constant(part) for part in right.elts]
            if first is Ellipsis or Ellipsis in others:
                return None
            return (first in others) == isinstance(sign, ast.In)
        second = self._constant(right)
        is_same = isinstance(sign, (ast.Eq, ast.Is))
        if not is_same and not isinstance(sign, (ast.NotEq, ast.IsNot)):
            return None
        if second is None and first is Ellipsis and isinstance(left, ast.Name):
            return not is_same  # an array
        return None if first is Ellipsis or second is Ellipsis else (first == second) == is_same

    def _constant(self, node: ast.expr) -> object:
        """A text, a truth value or a number of axes; an ellipsis where it is no such thing."""
        if is_word(node) or (isinstance(node, ast.Constant) and isinstance(node.value, int)):
            return node.value
        if isinstance(node, ast.Name) and node.id in self.constants and node.id not in self.names:
            return self.constants[node.id]
        if isinstance(node, ast.Attribute) and node.attr == "ndim":
            return self.value(node.value).rank
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("dim", "ndim"):
            of = node.args[0] if node.args else node.func.value
            return self.value(of).rank
        return ...

    def check_decorators(self, function: Function) -> None:
        """Refuse what may make another function of it."""
        for decorator in function.decorator_list if isinstance(function, ast.FunctionDef) else ():
            if not decorates_silently(decorator):
                raise self.unread(decorator, "this decorator may change the function")
