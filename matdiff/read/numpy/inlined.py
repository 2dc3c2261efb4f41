"""`Inlined`: the functions of a text, read as what they return for their arguments; and names that stand for several arrays."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING

from matdiff.language.syntax import Expr
from matdiff.read.numpy.source import decorates_silently, last_name
from matdiff.read.numpy.statements import Constant, Function, Statements, arguments_of, defaults_of, is_word
from matdiff.read.numpy.value import Value


class Inlined(Statements):
    """What `Translation` does with functions; `parts` are those of bundles, by their paths, and what each is called."""

    bundles: frozenset[str]
    variables: frozenset[str]
    kinds: Mapping[str, str]
    parts: dict[tuple[str, ...], str]

    if TYPE_CHECKING:

        def log_det(self, node: ast.expr) -> Value: ...
        def free_name(self, name: str, node: ast.AST) -> Value: ...

    # Bundles

    def part_of(self, node: ast.expr) -> str | None:
        """What a part of a bundle is called: `self.W`, `params["W"]`, `params["dense"]["W"]`."""
        path: list[str] = []
        while not isinstance(node, ast.Name):
            if isinstance(node, ast.Attribute):
                path.append(node.attr)
            elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                path.append("".join(letter if letter.isalnum() else "_" for letter in node.slice.value))
            else:
                return None
            node = node.value
        if not path or node.id not in self.bundles or node.id in self.names:
            return None
        whole = (node.id, *reversed(path))
        if whole not in self.parts:
            taken = {*self.parts.values(), *self.names, *(self.variables - self.bundles)}
            short = path[0] if path[0] not in taken else "_".join(whole)
            self.parts[whole] = short
        return self.parts[whole]

    def bundle(self, node: ast.expr, parts: list[ast.expr]) -> list[Value] | None:
        """`W, b = params`: nothing, where the parts stay variables of their own; an empty list where it is no bundle."""
        if not isinstance(node, ast.Name) or not self.is_bundle(node):
            return []
        for part in parts:
            if isinstance(part, ast.Name):
                self.names.pop(part.id, None)
                self.parts[(node.id, part.id)] = part.id
        return None

    def is_bundle(self, node: ast.expr) -> bool:
        """Whether it is the name of one."""
        return (
            isinstance(node, ast.Name)
            and node.id not in self.names
            and (node.id in self.bundles or self.kinds.get(node.id) == "bundle")
        )

    # Functions

    def values(self, node: ast.expr) -> list[Value]:
        """The values of a tuple, or of a call that returns one."""
        if isinstance(node, (ast.Tuple, ast.List)):
            return [self.value(part) for part in node.elts]
        if isinstance(node, ast.Call) and last_name(node) == "slogdet":
            logarithm = self.log_det(node)
            return [
                Value(Expr("sign", (Expr("det", logarithm.expr.args, span=self.span(node)),), span=self.span(node))),
                logarithm,
            ]
        if isinstance(node, ast.Call) and self._is_own(node.func):
            return self._own_values(node)
        return [self.value(node)]

    def function_of(self, node: ast.expr) -> Function | None:
        """A function that is given another name: a lambda, a name of one, jax.jit(f)."""
        if isinstance(node, ast.Lambda):
            return node
        if isinstance(node, ast.Name) and node.id not in self.names:
            return self.functions.get(node.id)
        if isinstance(node, ast.Call) and len(node.args) == 1 and last_name(node) != "partial" and decorates_silently(node.func):
            return self.function_of(node.args[0])
        return None

    def _is_own(self, node: ast.expr) -> bool:
        """Whether it is a function of the text, perhaps a method of its class."""
        if isinstance(node, ast.Name):
            return node.id in self.functions and node.id not in self.names
        is_method = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
        return isinstance(node, ast.Attribute) and is_method and node.attr in self.functions

    def _own_values(self, node: ast.Call) -> list[Value]:
        """A function of the text: its body with the arguments."""
        function = self.functions[last_name(node.func)]
        args = [ast.Name("self", ast.Load())] * isinstance(node.func, ast.Attribute) + node.args
        keywords = {str(keyword.arg): keyword.value for keyword in node.keywords}
        return self.inlined(function, args, keywords, node)

    def inlined(self, function: Function, args: list[ast.expr], keywords: dict[str, ast.expr], node: ast.AST) -> list[Value]:
        """What a function of the text returns for these arguments."""
        self.check_decorators(function)
        given = self.arguments(function, args, keywords, node)
        inner: dict[str, Value] = {}
        constants: dict[str, Constant] = {}
        for name, part in given.items():
            if is_word(part):
                constants[name] = part.value
            elif isinstance(part, ast.Name) and part.id in self.constants and part.id not in self.names:
                constants[name] = self.constants[part.id]
            elif self.is_bundle(part) or (isinstance(part, ast.Name) and part.id == "self"):
                if isinstance(part, ast.Name) and name != part.id:
                    raise self.unread(
                        part, f"`{part.id}` is several arrays, and is called `{name}` in the function: give both one name"
                    )
            else:
                touched, self.touched = self.touched, set()
                inner[name] = self.value(part).at(self.span(part))
                inner[name].uses = frozenset(self.touched)
                self.touched |= touched
        before, touched = (self.names, self.functions, self.later, self.constants), self.touched
        self.names = {**{name: value for name, value in self.names.items() if name not in given}, **inner}
        self.constants = {**{name: value for name, value in self.constants.items() if name not in given}, **constants}
        try:
            if isinstance(function, ast.Lambda):
                return [self.value(function.body)]
            returned, values = self.run(function.body, lambda name, value, place: value)
        finally:
            self.names, self.functions, self.later, self.constants = before
            self.touched |= touched
        if returned is None:
            raise self.unread(node, "the function returns nothing")
        return values

    def arguments(
        self, function: Function, args: list[ast.expr], keywords: dict[str, ast.expr], node: ast.AST
    ) -> dict[str, ast.expr]:
        """The arguments by the names of the parameters, with the defaults of those that are not given."""
        parameters = [argument.arg for argument in arguments_of(function)]
        given: dict[str, ast.expr] = {**defaults_of(function), **dict(zip(parameters, args)), **keywords}
        if function.args.vararg or function.args.kwarg or len(args) > len(parameters) or set(given) != set(parameters):
            raise self.unread(node, "the arguments are not those of the function")
        return given
