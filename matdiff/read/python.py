"""`read`: code for NumPy, JAX or PyTorch to statements, by Python's own parser; nothing of it is run.

Code does not say whether `x` is a number, a vector or a matrix, and what `@` and `*` mean rests on it.  So the kinds are searched: those
that the spelling of the names suggests, or the fewest other ones with which everything fits.
"""

from __future__ import annotations

import ast
import heapq
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import NamedTuple

from matdiff.functions import NAMES, RESERVED
from matdiff.language.errors import (
    EndsEarly,
    MatdiffError,
    ReadAs,
    SeveralReadings,
    TooLarge,
    UnexpectedText,
    UnreadCode,
)
from matdiff.language.kinds import default_kind
from matdiff.language.queries import post_order
from matdiff.language.statements import Definition, Question, Reading, Statement
from matdiff.language.syntax import Expr, Span
from matdiff.language.text import text as canonical
from matdiff.limits import CHARACTERS, DEPTH, NESTING, check
from matdiff.read.numpy.arrays import DEPARTURE, Misfit, Value
from matdiff.read.numpy.translation import LIBRARIES, Function, Places, Translation, usual_kind
from matdiff.read.review import depth
from matdiff.read.tokens import CALLED_BY_PAIR, GREEK, SPECIAL_CALLS

# Readings that are tried at most, and the nodes that all of them may visit.
MOST_READINGS = 400
SEARCH_NODES = 200_000
_MOST_DEPARTURES = 6
# What a departure from the usual kind costs, where that is not DEPARTURE.
_UNUSUAL = {
    ("vector", "matrix"): DEPARTURE + 2,
    ("scalar", "matrix"): DEPARTURE + 1,
    ("matrix", "vector"): DEPARTURE + 3,
    ("matrix", "scalar"): DEPARTURE + 2,
}
_KEYWORDS = ("lambda", "is", "in", "if", "or", "and", "not", "del", "as", "for", "def")


def read(text: str, *, known: Iterable[str] = (), more: bool = False) -> Reading:
    """The statements of a text in Python; `known` may tell the kinds of names that are declared elsewhere, as a mapping.

    Assignments are definitions; the question is what is returned, or the last expression or assignment.
    """
    result = Reading()
    try:
        result.statements = _Code(text, known, more).statements()
    except MatdiffError as error:
        result.failed.append((0, error.errors))
    return result


class _Attempt(NamedTuple):
    """What was read with some kinds, and what speaks against them."""

    cost: int
    statements: tuple[Statement, ...]
    free: Mapping[str, str]


class _Code:
    """A text, what is assigned in it, and what it asks."""

    def __init__(self, text: str, known: Iterable[str], more: bool) -> None:
        self.text, self.more = text, more
        self.declared = dict(known) if isinstance(known, Mapping) else {}
        tree, shift = _parsed(text)
        self.places = Places(text, shift)
        self.body = tree.body[0].body if shift and isinstance(tree.body[0], ast.If) else tree.body
        self.nodes = list(ast.walk(tree))
        self.imported = _imported(self.nodes)
        self.functions: dict[str, Function] = {node.name: node for node in self.body if isinstance(node, ast.FunctionDef)}
        self.function = self._asked_function()
        self.parameters = _parameters(self.function) if self.function is not None else ()
        self.variables = self._variables()
        self.library = self._library()
        self.own_names: dict[str, str] = {}
        for argument in _arguments(self.function) if self.function is not None else ():
            if isinstance(argument.annotation, ast.Name) and argument.annotation.id in ("float", "int"):
                self.declared.setdefault(argument.arg, "scalar")

    # What is asked

    def _asked_function(self) -> Function | None:
        """The function that the text is about: its only one, or the one whose name or `lambda` comes last; None where it is no function."""
        telling = [node for node in self.body if not isinstance(node, (ast.Import, ast.ImportFrom)) and not _is_docstring(node)]
        if not telling:
            raise EndsEarly(span=Span(len(self.text), len(self.text)), after="")
        last = telling[-1]
        if isinstance(last, ast.Assign) and isinstance(last.value, ast.Lambda):
            return last.value
        if isinstance(last, ast.Expr) and isinstance(last.value, ast.Lambda):
            return last.value
        if isinstance(last, ast.Expr) and isinstance(last.value, ast.Name) and last.value.id in self.functions:
            return self.functions[last.value.id]
        if not isinstance(last, ast.FunctionDef) and not (self.functions and not _asks(last)):
            return None
        called = {node.func.id for node in self.nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
        roots = [name for name in self.functions if name not in called]
        if len(roots) != 1:
            names = ", ".join(f"`{name}`" for name in roots or self.functions)
            place = self.functions[roots[1] if len(roots) > 1 else next(iter(self.functions))]
            raise UnreadCode(span=self._head(place), why=f"which of {names}? name it: --file FILE:NAME, or in a last line")
        return self.functions[roots[0]]

    def _head(self, node: ast.AST) -> Span:
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

    def _library(self) -> str:
        """What the code is written for, where it says so."""
        roots = [node.value.id for node in self.nodes if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
        found = {LIBRARIES.get(self.imported.get(root, root)) for root in roots if root not in self.variables}
        found.update(LIBRARIES.get(name.partition(".")[0]) for name in self.imported.values())
        found.update("torch" for node in self.nodes if isinstance(node, ast.keyword) and node.arg in ("dim", "keepdim"))
        found.update("numpy" for node in self.nodes if isinstance(node, ast.keyword) and node.arg in ("axis", "keepdims"))
        if "torch" in found:
            return "torch"
        return next((name for name in ("jax", "numpy", "scipy") if name in found), "")

    # Names

    def _own_name(self, name: str, node: ast.AST) -> str:
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

    # Readings

    def statements(self) -> list[Statement]:
        """The statements with the kinds that fit best.  Raises MatdiffError, SeveralReadings where two fit as well."""
        first: Misfit | None = None
        best: list[_Attempt] = []
        most = min(MOST_READINGS, max(1, SEARCH_NODES // len(self.nodes)))
        order = count()
        queue: list[tuple[int, int, dict[str, str]]] = [(0, next(order), {})]
        seen = {frozenset[tuple[str, str]]()}
        for _ in range(most):
            if not queue or (best and queue[0][0] > best[0].cost):
                break
            check()
            cost, _, kinds = heapq.heappop(queue)
            attempt, misfit, free = self._attempt(kinds, cost)
            first = first or misfit
            if attempt is not None and (not best or attempt.cost < best[0].cost):
                best = [attempt]
            elif attempt is not None and attempt.cost == best[0].cost:
                best.append(attempt)
            for name in free if len(kinds) < _MOST_DEPARTURES else ():
                for kind in ("scalar", "vector", "matrix"):
                    other = {**kinds, name: kind}
                    key = frozenset(other.items())
                    if name in kinds or name in self.declared or kind == usual_kind(name) or key in seen:
                        continue
                    seen.add(key)
                    heapq.heappush(queue, (cost + _cost(name, kind), next(order), other))
        if not best:
            assert first is not None
            raise UnreadCode(span=first.span, why=first.why)
        if len(best) > 1:
            raise SeveralReadings(span=self._question_span(best[0]), readings=tuple(_runnable(one) for one in best[:4]))
        return self._told(best[0])

    def _attempt(self, kinds: Mapping[str, str], cost: int) -> tuple[_Attempt | None, Misfit | None, Mapping[str, str]]:
        code = Translation(
            self.places, {**kinds, **self.declared}, frozenset(self.declared), self.functions, self.imported,
            self.variables, self._own_name, self.library,
        )  # fmt: skip
        try:
            statements = _Statements(self, code).read()
        except Misfit as misfit:
            return None, misfit, code.free
        return _Attempt(cost + code.arrays.all_doubts, tuple(statements), dict(code.free)), None, code.free

    def _question_span(self, attempt: _Attempt) -> Span:
        questions = [statement for statement in attempt.statements if isinstance(statement, Question)]
        return questions[-1].span if questions else Span(0, len(self.text))

    def _told(self, attempt: _Attempt) -> list[Statement]:
        """The statements, with the kinds that their meaning rests on, and a remark that says how the code was read."""
        kinds = {name: kind for name, kind in attempt.free.items() if name not in self.declared}
        told: list[Statement] = []
        for statement in attempt.statements:
            if isinstance(statement, Definition):
                told.append(Definition(statement.name, statement.name_span, statement.expr, statement.span, (), kinds))
            elif isinstance(statement, Question):
                strange = tuple((name, kind) for name, kind in kinds.items() if kind != default_kind(name))
                remark = ReadAs(span=statement.span, read=_line(attempt.statements, statement), kinds=strange)
                by = self.parameters if len(self.parameters) == 1 else ()
                told.append(Question(statement.expr, (), statement.span, (), (remark,), kinds, by=by))
        return told


class _Statements:
    """Makes the statements of one attempt."""

    def __init__(self, text: _Code, code: Translation) -> None:
        self.text, self.code = text, code
        self.made: list[Statement] = []
        code.define = self.define

    def define(self, name: str, value: Value, node: ast.AST) -> Value:
        """An assignment as a definition; a name that stands for something else already gets a number."""
        own = self.text._own_name(name, node)
        taken = {one.name for one in self.made if isinstance(one, Definition)} | set(self.code.free)
        if own in taken:
            own = next(
                new for new in (f"{own}_{place}" for place in count(2)) if new not in taken and new not in self.text.own_names
            )
        expr, span = value.expr, self.code.span(node)
        self._check(expr)
        self.made.append(Definition(own, span, expr, Span(span.start, max(span.end, (expr.span or span).end))))
        self.code.arrays.defined.add(own)
        return Value(Expr("name", (), own, span), value.ones, is_loose=value.is_loose, is_plain=value.is_plain, odd=value.odd)

    def _check(self, expr: Expr) -> None:
        if depth(expr) > DEPTH:
            raise TooLarge(what="depth", limit=DEPTH, span=expr.span)

    def ask(self, value: Value, span: Span) -> None:
        self.code.arrays.fixed(value)
        self._check(value.expr)
        self.made.append(Question(value.expr, (), span))

    def read(self) -> list[Statement]:
        function = self.text.function
        if function is None:
            self._script(self.text.body)
        else:
            self.code.later = self._outside(function)
            if isinstance(function, ast.Lambda):
                self.ask(self.code.value(function.body), self.code.span(function.body))
            else:
                node, value = self.code.run(function.body, self.define)
                if node is None or value is None:
                    raise UnreadCode(span=self.text._head(function), why="the function returns nothing")
                self.ask(value, self.code.span(node))
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
            if isinstance(statement, ast.Return) and statement.value is not None:
                self.ask(self.code.value(statement.value), self.code.span(statement.value))
                return
            if isinstance(statement, ast.Expr) and not _is_docstring(statement):
                self.ask(self.code.value(statement.value), self.code.span(statement.value))
                continue
            self.code.statement(statement, self.define)
            if place == len(body) - 1 and not self.text.more and self.made and isinstance(self.made[-1], Definition):
                last = self.made[-1]
                self.code.arrays.fixed(Value(last.expr))
                self.made.append(Question(Expr("name", (), last.name, last.name_span), (), self.code.span(statement)))


# The text


def _parsed(text: str) -> tuple[ast.Module, int]:
    """The tree, and the number of lines that were put in front: indented code becomes the body of an `if`.

    Raises UnexpectedText and TooLarge.
    """
    if len(text) > CHARACTERS:
        raise TooLarge(what="text", limit=CHARACTERS)
    _check_nesting(text)
    first = next((line for line in text.split("\n") if line.strip() and not line.strip().startswith("#")), "")
    shift = 1 if first[:1] in (" ", "\t") else 0
    try:
        return ast.parse("if 1:\n" * shift + text), shift
    except SyntaxError as error:
        raise _broken(text, error, shift) from None
    except (RecursionError, MemoryError):
        raise TooLarge(what="depth", limit=DEPTH) from None
    except ValueError:  # null bytes
        place = max(text.find("\0"), 0)
        raise UnexpectedText(span=Span(place, place + 1), text="\\0", reason="character") from None


def _check_nesting(text: str) -> None:
    level = 0
    for place, letter in enumerate(text):
        if letter in "([{":
            level += 1
            if level > NESTING:
                raise TooLarge(what="nesting", limit=NESTING, span=Span(place, place + 1))
        elif letter in ")]}":
            level = max(level - 1, 0)


def _broken(text: str, error: SyntaxError, shift: int) -> MatdiffError:
    """Where Python cannot go on."""
    lines = text.split("\n")
    line = min(max((error.lineno or 1) - 1 - shift, 0), len(lines) - 1)
    start = sum(len(one) + 1 for one in lines[:line])
    column = min(max((error.offset or 1) - 1, 0), len(lines[line]))
    end = min(start + max(column + 1, 1), len(text))
    words = str(error.msg or "").partition(" (")[0] or "invalid syntax"
    return UnreadCode(span=Span(min(start + column, len(text)), max(end, min(start + column, len(text)))), why=f"Python: {words}")


def source_of(function: Callable[..., object]) -> str | None:
    """The text of a function of a file, or of the only `lambda` in its lines; None where there is none."""
    import inspect
    import textwrap

    try:
        text = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        return None
    if function.__name__ != "<lambda>":
        return text
    try:
        found = [node for node in ast.walk(ast.parse(text.strip())) if isinstance(node, ast.Lambda)]
    except SyntaxError:  # a line in the middle of an expression
        return None
    return ast.get_source_segment(text.strip(), found[0]) if len(found) == 1 else None


def is_code(text: str) -> bool:
    """Whether Python can read it, and it is no formula with other signs."""
    try:
        _check_nesting(text)
        tree, _ = _parsed(text)
    except MatdiffError:
        return False
    nodes = list(ast.walk(tree))
    dotted = [node.attr for node in nodes if isinstance(node, ast.Attribute)]
    return not any(isinstance(node, (ast.BitXor, ast.JoinedStr)) for node in nodes) and not any(map(_is_factor, dotted))


def _is_factor(name: str) -> bool:
    """Whether it is rather a factor, as Mathematica writes A.B, than an attribute."""
    return len(name) == 1 and name not in "THIt"


def _imported(nodes: Iterable[ast.AST]) -> dict[str, str]:
    """What imported names are: modules, and functions by their own names."""
    found = {}
    for node in nodes:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                module = getattr(node, "module", None) or alias.name
                root = "jax" if module.startswith("jax") else module.partition(".")[0]
                is_module = isinstance(node, ast.Import) or alias.name in ("numpy", "linalg", "special", "functional", "nn")
                found[alias.asname or alias.name.partition(".")[0]] = root if is_module else alias.name
    return found


def _arguments(function: Function) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def _parameters(function: Function) -> tuple[str, ...]:
    return tuple(argument.arg for argument in _arguments(function))


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _asks(node: ast.stmt) -> bool:
    return isinstance(node, (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return))


def _fresh(name: str, taken: Iterable[str]) -> str:
    names = set(taken)
    while name in names:
        name += "_"
    return name


# Readings


def _cost(name: str, kind: str) -> int:
    usual = usual_kind(name)
    if usual == "scalar" and kind == default_kind(name):
        return 1
    return _UNUSUAL.get((usual, kind), DEPARTURE)


def _line(statements: Iterable[Statement], question: Question) -> str:
    """The question in our own notation, with the definitions that it needs."""
    definitions = {one.name: one.expr for one in statements if isinstance(one, Definition)}
    needed, pending = set[str](), [question.expr]
    while pending:
        for node in post_order(pending.pop()):
            name = str(node.value)
            if node.op == "name" and name in definitions and name not in needed:
                needed.add(name)
                pending.append(definitions[name])
    parts = [f"{name} = {canonical(expr)}" for name, expr in definitions.items() if name in needed]
    if question.expr.op == "name" and question.expr.value in needed and parts[-1].startswith(f"{question.expr.value} = "):
        return "; ".join(parts)
    return "; ".join([*parts, canonical(question.expr)])


def _runnable(attempt: _Attempt) -> str:
    """A reading as a text that can be run."""
    question = [one for one in attempt.statements if isinstance(one, Question)][-1]
    numbers = [f"{name}: scalar" for name, kind in attempt.free.items() if kind == "scalar" and default_kind(name) != "scalar"]
    return "; ".join([*numbers, _line(attempt.statements, question)])
