r"""`candidates`: what was typed as NumPy, MATLAB, R, Mathematica or TeX would have it, in the notation of this program.

`np.linalg.norm(A @ x - b)**2` is ||A x - b||^2, and `\frac{1}{2} x^{\top} A x` is 1/2 x^T A x.  Nothing here is run or trusted: a
translation is proposed only if it can be read and its sizes fit, and what is not understood to the last argument has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from matdiff.functions import FUNCTIONS, NAMES, function_written
from matdiff.infer.fits import shape_with, whole_of
from matdiff.language.errors import Errors, MatdiffError
from matdiff.language.kinds import kind_of
from matdiff.language.queries import post_order
from matdiff.language.statements import Declaration, Definition, Question, Statement
from matdiff.language.syntax import Expr
from matdiff.language.text import typed
from matdiff.mistakes.foreign.rows import DERIVATIVES, ENTRYWISE, OTHERS_IN_R, ROWS, SPELLINGS
from matdiff.mistakes.foreign.tree import MOST_LEVELS, Unreadable, read_foreign
from matdiff.mistakes.suggest import elsewhere, functions
from matdiff.read.parse import parse
from matdiff.read.review import depth
from matdiff.read.tokens import CONSTANTS, SPECIAL_CALLS, normal_name

# What matches anything of its kind in a row of the table.
_PLACES = {"X": "matrix", "Y": "matrix", "x": "vector", "y": "vector", "F": "", "G": ""}
_VARIABLE = r"\\?\w+"
_OTHERS = r"(?:\s*[,;]\s*\w+)*"
_BY = r"(?:\\partial|\\mathrm\{d\}|\\,|d|∂)"
# What is left out at the start, and what is said about it; {} is the variable.
_BEFORE = tuple(
    (re.compile(pattern + r"\s*"), words)
    for pattern, words in (
        (r"\$+|\\\(|\\\[", ""),
        (rf"lambda\s+\w+{_OTHERS}\s*:", ""),
        (rf"@\(\s*\w+{_OTHERS}\s*\)", ""),
        (rf"function\s*\(\s*\w+{_OTHERS}\s*\)", ""),
        (rf"{_VARIABLE}\s*\(\s*{_VARIABLE}{_OTHERS}\s*\)\s*(?::=|=(?!=)|<-)", ""),
        (r"\w+\[\s*\w+_\s*(?:,\s*\w+_\s*)*\]\s*:?=", ""),
        (r"(?:\\nabla|∇)(?:\s*_\s*\{?\s*(\\?\w)\s*\}?)?", "use --wrt {}"),
        (
            rf"\\[dt]?frac\s*\{{\s*{_BY}\s*\w*\s*\}}\s*\{{\s*{_BY}\s*(?:\\\w+\s*\{{)?({_VARIABLE})\}}?\s*\}}(?:\s*=)?",
            "use --wrt {}",
        ),
        (r"(?:d|∂)\s*/\s*(?:d|∂)\s*(\w+)", "use --wrt {}"),
    )
)
_AFTER = re.compile(r"(?:\s|\$|\\\)|\\\]|\\$|[.,;]$)+$")
_NAMED = re.compile(r"\s*([^\W\d]\w*)\s*(?:<-|:=|←|=(?!=))\s*")


# Signs of NumPy and of R, where `*`, `/` and powers act on every entry.
_ENTRYWISE = ("library", "attribute", "matmul", "matmul of R", "outer of")


def candidates(text: str, others: Sequence[Statement]) -> Iterator[tuple[str, str]]:
    """What a statement may be in our notation, untried, and what else has to be given on the command line, or nothing.

    others   the other statements of the text, which say what names are
    """
    try:
        yield from _candidates(text, others)
    except (MatdiffError, Errors, Unreadable):
        return


def _candidates(text: str, others: Sequence[Statement]) -> Iterator[tuple[str, str]]:
    bare, option = _without_frame(text)
    named = _NAMED.match(bare)
    before = f"{named[1]} = " if named else ""
    tree = read_foreign(bare[named.end() if named else 0 :], is_function)
    if tree.op == "call" and tree.value in DERIVATIVES and len(tree.args) == 2 and tree.args[1].op == "name":
        if tree.args[0].op == "name" and tree.args[0].value not in {one.name for one in others if isinstance(one, Definition)}:
            return
        option = "use " + DERIVATIVES[str(tree.value)].format(tree.args[1].value)
        tree = tree.args[0]
    if depth(tree) > MOST_LEVELS:
        return
    nodes = list(post_order(tree))
    entrywise = any(node.op in _ENTRYWISE or (node.op == "call" and node.value in ENTRYWISE) for node in nodes)
    for star, power in ((entrywise, entrywise), (not entrywise, entrywise), (False, True)):
        try:
            yield before + typed(_Translator(nodes, star, power, entrywise, others).of(tree)), option
        except Unreadable:
            continue


def is_function(name: str) -> bool:
    """Whether it is called like a function, here or elsewhere."""
    return name in functions() or name in CALLED or name in DERIVATIVES or elsewhere(name) is not None


def _without_frame(text: str) -> tuple[str, str]:
    """The text without what says that it is a function, a formula or a derivative; what has to be said instead."""
    text, option = _AFTER.sub("", text.strip()), ""
    text = re.sub(r"\\\\(?=[A-Za-z]{2}|\|)", r"\\", text)  # as in a string of another language
    for _ in range(3):
        for pattern, words in _BEFORE:
            found = pattern.match(text)
            if found is not None and found.end() < len(text):
                text = text[found.end() :]
                if words:
                    option = words.format((found[1] or "NAME").lstrip("\\"))
    return text, option


# Rows of the table


@cache
def _rows() -> dict[tuple[str, object], list[tuple[Expr, Expr]]]:
    """The rows by operation and name of what they translate."""
    found: dict[tuple[str, object], list[tuple[Expr, Expr]]] = {}
    for left, right in ROWS:
        pattern = read_foreign(left, is_function)
        statement = parse(right)[0]
        assert isinstance(statement, Question)
        found.setdefault((pattern.op, pattern.value), []).append((pattern, statement.expr))
    return found


# The names of all functions on the left of the rows.
CALLED = frozenset(name for left, _ in ROWS for name in re.findall(r"(\w+)\(", left))


def _matched(pattern: Expr, node: Expr, found: dict[str, Expr]) -> bool:
    """Whether the tree has the form of the pattern; `found` is then what stands at its places."""
    if pattern.op == "name" and pattern.value in _PLACES:
        return found.setdefault(str(pattern.value), node) == node
    if (pattern.op, pattern.value, len(pattern.args)) != (node.op, node.value, len(node.args)):
        return False
    return all(_matched(part, other, found) for part, other in zip(pattern.args, node.args))


def _filled(expr: Expr, parts: dict[str, Expr]) -> Expr:
    if expr.op == "name" and expr.value in parts:
        return parts[str(expr.value)]
    return _joined(expr.op, tuple(_filled(part, parts) for part in expr.args), expr.value)


def _joined(op: str, args: tuple[Expr, ...], value: object = None) -> Expr:
    """The node; the product of a product from the left is one product, and the transpose of a transpose is none."""
    if op == "'" and args[0].op == "'":
        return args[0].args[0]
    if op in ("*", ".*") and args[0].op == op:
        args = (*args[0].args, *args[1:])
    return Expr(op, args, value)  # type: ignore[arg-type]


class _Translator:
    """From a foreign tree to one of ours.

    star        whether `*` acts on every entry
    power       whether `**` of a matrix does; of a vector it always does
    entrywise   whether the language is one in which `/` does, and `^` of a vector
    """

    def __init__(self, nodes: Sequence[Expr], star: bool, power: bool, entrywise: bool, others: Sequence[Statement]) -> None:
        self.star, self.entrywise, self.others = star, entrywise, others
        self.is_r = any(node.op in ("matmul of R", "outer of") or node.value in ENTRYWISE for node in nodes)
        self.powers = ("**", "^") if self.is_r else ("**",) if power else ()
        # What is known already; a row that does not fit has looked at its parts.
        self.done: dict[Expr, Expr] = {}
        self.kinds: dict[Expr, str | None] = {}
        self.declared = {statement.name for statement in others if isinstance(statement, Declaration)}
        self.names = {str(node.value) for node in nodes if node.op == "name"}
        indices = [index for node in nodes if node.op == "at" for index in node.args[1:]]
        # Languages count from 0 or from 1: a 0 or a library tells which.
        starts_at_0 = any(index.op == "neg" or index.value == 0 for index in indices) or any(n.op == "library" for n in nodes)
        self.first = 0 if starts_at_0 else 1

    def of(self, node: Expr) -> Expr:
        """The same in our notation.  Raises Unreadable."""
        if node not in self.done:
            self.done[node] = self.by_row_or_method(node)
        return self.done[node]

    def by_row_or_method(self, node: Expr) -> Expr:
        of_library = [Expr("library", node.args, node.value)] if node.op == "call" else []
        for typed_as in (node, *of_library):
            for pattern, ours in _rows().get((typed_as.op, typed_as.value), ()):
                found: dict[str, Expr] = {}
                if _matched(pattern, typed_as, found):
                    parts = {place: self.of(part) for place, part in found.items()}
                    if all(_PLACES[place] in ("", self.kind(part)) for place, part in parts.items()):
                        return _filled(ours, parts)
        method = _METHODS.get(node.op)
        return method(self, node) if method is not None else Expr(node.op, tuple(map(self.of, node.args)), node.value)

    def both(self, node: Expr) -> tuple[Expr, Expr]:
        one, other = node.args
        return self.of(one), self.of(other)

    def kind(self, expr: Expr) -> str | None:
        """scalar, vector, row or matrix; None where it cannot be said, also because it cannot be read."""
        if expr not in self.kinds:
            whole = whole_of(typed(expr), self.others)
            shape = shape_with(whole) if whole is not None else None
            self.kinds[expr] = kind_of(shape) if shape is not None else None
        return self.kinds[expr]

    # Leaves

    def name(self, node: Expr) -> Expr:
        name = str(node.value)
        if name in CONSTANTS:
            return Expr(name)
        if name in SPELLINGS and not self.names & {SPELLINGS[name], *self.declared}:
            return Expr("name", (), SPELLINGS[name])
        if len(name) > 1 and name[-1] == "T" and name[:-1] in self.names:
            return _joined("'", (Expr("name", (), name[:-1]),))
        return node

    def refused(self, node: Expr) -> Expr:
        raise Unreadable

    # Products

    def dotted(self, node: Expr) -> Expr:
        """A.B of Mathematica is a product."""
        if len(str(node.value)) > 1:
            raise Unreadable
        return _joined("*", (self.of(node.args[0]), Expr("name", (), normal_name(str(node.value)))))

    def any_product(self, node: Expr) -> Expr:
        one, other = self.both(node)
        return _joined("*", (one, other))

    def typed_star(self, node: Expr) -> Expr:
        one, other = self.both(node)
        scales = "scalar" in (self.kind(one), self.kind(other))
        return _joined("*" if scales or not self.star else ".*", (one, other))

    def matrix_product(self, node: Expr) -> Expr:
        """In NumPy a vector on the left is a row."""
        one, other = self.both(node)
        if self.kind(one) == "vector" and self.kind(other) in ("vector", "matrix"):
            one = _joined("'", (one,))
        return _joined("*", (one, other))

    def entry_product(self, node: Expr) -> Expr:
        one, other = self.both(node)
        return _joined(".*", (one, other))

    def outer(self, node: Expr) -> Expr:
        one, other = self.both(node)
        return _joined("*", (one, _joined("'", (other,))))

    def quotient(self, node: Expr) -> Expr:
        one, other = self.both(node)
        if self.kind(other) in ("scalar", None):
            return Expr("/", (one, other))
        if self.entrywise or self.kind(other) != "matrix":
            return Expr("./", (one, other))
        if self.kind(one) == "scalar":  # no language divides a number by a matrix
            return Expr("/", (one, other))
        return _joined("*", (one, Expr("inv", (other,))))

    def left_quotient(self, node: Expr) -> Expr:
        one, other = self.both(node)
        return Expr("*", (Expr("inv", (one,)), *(other.args if other.op == "*" else (other,))))

    def pair(self, node: Expr) -> Expr:
        """The inner product of two vectors or matrices."""
        one, other = self.both(node)
        if self.kind(one) == "matrix":
            return Expr(":", (one, other))
        return _joined("*", (_joined("'", (one,)), other))

    # Powers

    def power(self, node: Expr) -> Expr:
        base, exponent = node.args
        if base == Expr("name", (), "e") and node.op == "^":
            return Expr("exp", (self.of(exponent),))
        base, exponent = self.both(node)
        if exponent.op == "neg" and exponent.args[0].op == "number":
            exponent = Expr("number", (), -exponent.args[0].value)  # type: ignore[operator]
        kind = self.kind(base)
        by_entries = kind != "scalar" and (node.op in self.powers or (kind == "vector" and (self.entrywise or node.op == "**")))
        return Expr(".^" if by_entries else "^", (base, exponent))

    def marked(self, node: Expr) -> Expr:
        base, mark = self.of(node.args[0]), str(node.value)
        if mark in ("+", "dagger"):
            return Expr("pinv", (base,))
        if mark == "-T":
            return _joined("'", (Expr("^", (base, Expr("number", (), -1))),))
        if mark in ("t", "H") and self.kind(base) == "scalar":
            return Expr("^", (base, Expr("name", (), mark)))
        return _joined("'", (base,))

    # Calls, norms, indices

    def call(self, node: Expr) -> Expr:
        """A function of ours, with as many arguments as it takes."""
        name = str(node.value)
        name = elsewhere(name) or name
        arguments = tuple(map(self.of, node.args))
        if name in SPECIAL_CALLS and arguments:
            return Expr(SPECIAL_CALLS[name], arguments)
        if self.is_r and name in OTHERS_IN_R:
            raise Unreadable
        if name not in NAMES or FUNCTIONS[NAMES[name]].arity != len(arguments):
            raise Unreadable
        return Expr(NAMES[name], arguments)

    def applied(self, node: Expr) -> Expr:
        """`sigma(W x)` of a vector or matrix is the function; another name before brackets is a factor."""
        function, argument = self.both(node)
        meant = function_written(str(function.value)) if function.op == "name" else None
        if meant is not None and self.kind(argument) != "scalar":
            return Expr(meant, (argument,))
        return _joined("*", (function, argument))

    def norm(self, node: Expr) -> Expr:
        argument = self.of(node.args[0])
        is_matrix = self.kind(argument) == "matrix"
        names = {None: "norm", "2": "norm2" if is_matrix else "norm", "F": "norm", "1": "norm1", "*": "nucnorm"}
        names |= {"inf": "maxnorm", "infty": "maxnorm", "∞": "maxnorm"}
        if node.value not in names:
            raise Unreadable
        return Expr(names[node.value], (argument,))  # type: ignore[index]

    def entry(self, node: Expr) -> Expr:
        array, *places = node.args
        of, kind = self.of(array), self.kind(self.of(array))
        indices = [place if place.op == "all" else self.place(self.of(place)) for place in places]
        if kind == "matrix" and len(indices) == 1 and self.first == 0:
            indices.append(Expr("all"))
        if len(indices) != {"vector": 1, "matrix": 2}.get(kind or ""):
            raise Unreadable
        return Expr("at", (of, *indices))

    def place(self, index: Expr) -> Expr:
        if index.op == "name" and self.first == 1:
            return index
        if index.op != "number" or not isinstance(index.value, int):
            raise Unreadable
        return Expr("number", (), index.value + 1 - self.first)


_METHODS = {
    "name": _Translator.name,
    "star": _Translator.typed_star,
    **dict.fromkeys(("matmul", "matmul of R"), _Translator.matrix_product),
    "product": _Translator.any_product,
    ".*": _Translator.entry_product,
    "outer of": _Translator.outer,
    "over": _Translator.quotient,
    "under": _Translator.left_quotient,
    "pair": _Translator.pair,
    "**": _Translator.power,
    "^": _Translator.power,
    "marked": _Translator.marked,
    "call": _Translator.call,
    "library": _Translator.call,
    "applied": _Translator.applied,
    "norm of": _Translator.norm,
    "at": _Translator.entry,
    "attribute": _Translator.dotted,
    **dict.fromkeys(("keyword", "string", "bars"), _Translator.refused),
}
