"""`Script`: a text in Python, what it is about, and what its names are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping

from matdiff.functions import NAMES, RESERVED
from matdiff.language.errors import EndsEarly, UnexpectedText, UnreadCode
from matdiff.language.syntax import Span
from matdiff.read.numpy.source import LIBRARIES, Places, arrays_in, imported, last_name, needs_gradient, parsed, root_of
from matdiff.read.numpy.statements import Function, arguments_of, parameters_of
from matdiff.read.tokens import CALLED_BY_PAIR, GREEK, SPECIAL_CALLS

# Attributes of what is no bundle; those of arrays are never parts of one.
OF_ARRAYS = frozenset("T mT H I shape size ndim logabsdet grad data real dtype device".split())
_ATTRIBUTES = OF_ARRAYS | frozenset("at flat imag itemsize nbytes names values keys items".split())

# Of Python, so that a name there ends with an underscore which it does not need here.
_KEYWORDS = ("lambda", "is", "in", "if", "or", "and", "not", "del", "as", "for", "def")


class Script:
    """A text, what is assigned in it, and what it asks."""

    def __init__(self, text: str, known: Iterable[str], more: bool) -> None:
        self.text, self.more = text, more
        self.declared = dict(known) if isinstance(known, Mapping) else {}
        tree, shift = parsed(text)
        self.places = Places(text, shift)
        self.body = tree.body[0].body if shift and isinstance(tree.body[0], ast.If) else tree.body
        self.nodes = list(ast.walk(tree))
        # What the names of the code are called in our language.
        self.own_names: dict[str, str] = {}
        self.imported = imported(self.nodes)
        self.functions = functions_of(self.body)
        self.function = self._asked_function()
        self.parameters = parameters_of(self.function) if self.function is not None else ()
        self.bundles, self.unpacked = bundles_of(self.nodes, self.imported)
        self.variables = self._variables()
        self.library = self._library()
        self.annotated: dict[str, str] = {}
        for argument in arguments_of(self.function) if self.function is not None else ():
            if isinstance(argument.annotation, ast.Name) and argument.annotation.id in ("float", "int"):
                self.annotated[argument.arg] = "scalar"
        self.annotated.update(arrays_in(self.nodes))

    # What is asked

    def _asked_function(self) -> Function | None:
        """The function that the text is about: its only one, or the one whose name or `lambda` comes last; None where it is no function."""
        telling = [node for node in self.body if not isinstance(node, (ast.Import, ast.ImportFrom)) and not is_docstring(node)]
        if not telling:
            raise EndsEarly(span=Span(len(self.text), len(self.text)), after="")
        last = telling[-1]
        if isinstance(last, ast.Assign) and isinstance(last.value, ast.Lambda):
            return last.value
        if isinstance(last, ast.Expr) and isinstance(last.value, ast.Lambda):
            return last.value
        if isinstance(last, ast.Expr) and isinstance(last.value, ast.Name) and last.value.id in self.functions:
            return self.functions[last.value.id]
        named = last.value.id if isinstance(last, ast.Expr) and isinstance(last.value, ast.Name) and len(telling) > 1 else ""
        classes = {node.name: node for node in self.body if isinstance(node, ast.ClassDef)}
        if named in classes:
            last = classes[named]
        elif named and self.functions and sum(isinstance(node, ast.Name) and node.id == named for node in self.nodes) == 1:
            why = f"there is no function `{named}`: {', '.join(f'`{name}`' for name in self.functions)}"
            raise UnreadCode(span=self.places.span(last), why=why)
        if not isinstance(last, (ast.FunctionDef, ast.ClassDef)) and not (self.functions and not _asks(last)):
            return None
        if isinstance(last, ast.ClassDef):
            methods = functions_of([last])
            if not methods:
                raise UnreadCode(span=self.head(last), why="a class without a method that returns a value")
            for name in ("forward", "__call__"):
                if name in methods:
                    return methods[name]
        called = {last_name(node) for node in self.nodes if isinstance(node, ast.Call)}
        roots = [name for name in self.functions if name not in called]
        if not roots:
            first = next(iter(self.functions.values()))
            raise UnreadCode(span=self.head(first), why="a function that calls itself is not read")
        if len(roots) > 1:
            names = ", ".join(f"`{name}`" for name in roots)
            second = self.functions[roots[1]]
            raise UnreadCode(span=self.head(second), why=f"which of {names}? name it: --file FILE:NAME, or in a last line")
        return self.functions[roots[0]]

    def head(self, node: ast.AST) -> Span:
        """The first line of what stands at a node."""
        start = self.places.span(node).start
        end = self.text.find("\n", start)
        return Span(start, end if end >= 0 else len(self.text))

    def _variables(self) -> frozenset[str]:
        """Names that are no modules: assigned, parameters, or used alone."""
        bases = {id(node.value) for node in self.nodes if isinstance(node, ast.Attribute) and node.attr not in ("T", "mT", "H")}
        used = {node.id for node in self.nodes if isinstance(node, ast.Name) and id(node) not in bases}
        arguments = {node.arg for node in self.nodes if isinstance(node, ast.arg)}
        called = {node.func.id for node in self.nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
        return frozenset((used | arguments) - (called - arguments))

    # Names

    def own_name(self, name: str, node: ast.AST) -> str:
        """A name in our language: Greek letters spelled out; one that is taken there gets an underscore."""
        if name in self.own_names:
            return self.own_names[name]
        own = "".join(GREEK.get(letter, letter) for letter in name)
        if own.endswith("_") and own[:-1] in _KEYWORDS:
            own = own[:-1]
        own = own.lstrip("_") + "_" * (len(own) - len(own.lstrip("_")))
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", own):
            raise UnexpectedText(span=self.places.span(node), text=name, reason="character")
        if own in NAMES or own in RESERVED or (own in SPECIAL_CALLS and own not in CALLED_BY_PAIR):
            own += "_"
        self.own_names[name] = own = _fresh(own, self.own_names.values())
        return own

    @property
    def tracked(self) -> list[str]:
        """Names of which PyTorch is told that their gradient is wanted, or is asked for it."""
        found = [
            node.value.id
            for node in self.nodes
            if isinstance(node, ast.Attribute) and node.attr == "grad" and isinstance(node.value, ast.Name)
        ]
        for node in self.nodes:
            function = node.func if isinstance(node, ast.Call) else None
            if isinstance(function, ast.Attribute) and function.attr == "requires_grad_" and isinstance(function.value, ast.Name):
                found.append(function.value.id)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and needs_gradient(node.value):
                found.append(node.targets[0].id)
        return list(dict.fromkeys(name for name in found if name in self.variables))

    def _library(self) -> str:
        """What the code is written for, where it says so."""
        names = {node.value.id for node in self.nodes if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)}
        paths = {*self.imported.values(), *(self.imported.get(name, name) for name in names - self.variables)}
        found = {LIBRARIES.get(root_of(path)) for path in paths if root_of(path) != "math"}
        found.update("torch" for node in self.nodes if isinstance(node, ast.keyword) and node.arg in ("dim", "keepdim"))
        found.update("numpy" for node in self.nodes if isinstance(node, ast.keyword) and node.arg in ("axis", "keepdims"))
        if "torch" in found:
            return "torch"
        return next((name for name in ("jax", "numpy", "scipy") if name in found), "")


def _fresh(name: str, taken: Iterable[str]) -> str:
    names = set(taken)
    while name in names:
        name += "_"
    return name


def functions_of(body: Iterable[ast.stmt]) -> dict[str, Function]:
    """The functions of a text and the methods of its classes, by name."""
    found: dict[str, Function] = {}
    for node in body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.ClassDef):
            methods = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name != "__init__"]
            found.update({one.name: one for one in methods})
    return found


def is_docstring(node: ast.stmt) -> bool:
    """Whether it is a text alone."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _asks(node: ast.stmt) -> bool:
    return isinstance(node, (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return))


def bundles_of(nodes: Iterable[ast.AST], imported: Mapping[str, str]) -> tuple[frozenset[str], frozenset[str]]:
    """Names of which parts are taken, `self.W` and `params["W"]`; and those that are unpacked, `W, b = params`."""
    listed = list(nodes)
    found, unpacked = {"self", "cls"}, set[str]()
    called = {id(node.func) for node in listed if isinstance(node, ast.Call)}
    arguments = {node.arg for node in listed if isinstance(node, ast.arg)}
    for node in listed:
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            if isinstance(node.value, ast.Name):
                found.add(node.value.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and id(node) not in called:
            if node.attr not in _ATTRIBUTES and node.value.id in arguments and node.value.id not in imported:
                found.add(node.value.id)
        elif (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Name)
            and isinstance(node.targets[0], (ast.Tuple, ast.List))
        ):
            unpacked.add(node.value.id)
    return frozenset(found), frozenset(unpacked)
