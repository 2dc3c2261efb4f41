r"""`read_foreign`: an expression of another language (NumPy, MATLAB, R, Mathematica, or several at once) as a tree.

The nodes are `Expr`; what is not in our language has operations of its own, which `ours` translates:

    op           args                value
    "star" "matmul" "matmul of R" "product" "over" "under" "outer of"   (left, right): typed as * @ %*% (blank) / \ %o%
    "**"         (base, exponent)
    "marked"     (x,)                the exponent that is no number: "T", "t", "H", "*", "-T", "+", "dagger"
    "applied"    (x, y)              x(y) where x is no function
    "call"       the arguments       the name; "library" is the same for a function of a library, a method and a constant
    "keyword"    (x,)                the name: `axis=0`
    "attribute"  (x,)                the name
    "norm of"    (x,)                the subscript or None
    "bars"       (x,)                |x|
    "pair"       (x, y)              the subscript or None: <x, y>
    "string"     ()                  the text
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from matdiff.language.statements import Question
from matdiff.language.syntax import Expr
from matdiff.mistakes.foreign.rows import KEYWORDS, LIBRARIES, OF_TORCH_F
from matdiff.mistakes.suggest import near_function
from matdiff.read.parse import parse
from matdiff.read.tokens import CONSTANTS, GREEK, normal_name

_TOKEN = re.compile(
    r"""(?P<blank>\s+)
    |(?P<command>\\(?:[A-Za-z]+|[^A-Za-z]|$))
    |(?P<number>(?:\d+(?:\.(?![*/^'A-Za-z])\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<name>[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*|[Α-ωϑϕϖϱϵ]\d*)
    |(?P<sign>%\*%|%o%|%x%|\*\*|\.[*/^']|\|\||.)""",
    re.VERBOSE | re.DOTALL,
)
_STRING = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_SIGNS = {
    **dict.fromkeys("⋅×", "·"), **dict.fromkeys("⊙∘", ".*"), **dict.fromkeys("ᵀ′’", "'"), "−": "-", "∗": "*", "‖": "||",
    "{": "(", "}": ")",
}  # fmt: skip
_PRODUCTS = {
    "*": "star", "@": "matmul", "·": "product", "/": "over", "\\": "under", ".*": ".*", "./": "./", "⊗": "kron",
}  # fmt: skip
# Of R; they bind more tightly than `*`.
_TIGHT = {"%*%": "matmul of R", "%o%": "outer of", "%x%": "kron"}
_MARKS = ("T", "top", "⊤", "t", "H", "'", "*", "+", "dagger")
_TERM_ENDS = ("name", "number", ")", "]", "'", ".'", "||", "|")
_TERM_STARTS = ("name", "number", "(", "[", "⟨", "||", "|")
_INFIX_POWERS = {"^": "^", "**": "**", ".^": ".^"}


# Brackets in brackets, and levels of a tree; what is deeper is no expression of someone new here.
MOST_LEVELS = 60


class Unreadable(Exception):
    """The text has no tree, or it is not clear which."""


class _Token:
    """`kind` is name, number, string or the sign itself; `touches` says that no blank stands before it."""

    __slots__ = ("kind", "text", "touches")

    def __init__(self, kind: str, text: str, touches: bool) -> None:
        self.kind, self.text, self.touches = kind, text, touches


def read_foreign(text: str, is_function: Callable[[str], bool]) -> Expr:
    """The tree; `is_function` says which names are functions.  Raises Unreadable."""
    reader = _Reader(_Lexer(is_function).tokens(text), is_function)
    tree = reader.sum()
    if reader.kind != "end":
        raise Unreadable
    return tree


class _Lexer:
    def __init__(self, is_function: Callable[[str], bool]) -> None:
        self.is_function = is_function

    def tokens(self, text: str) -> list[_Token]:
        place, touches = 0, False
        found: list[_Token] = []
        while place < len(text):
            ends_term = bool(found) and found[-1].kind in _TERM_ENDS
            if text[place] in "'\"" and not (ends_term and touches) and (string := _STRING.match(text, place)):
                found.append(_Token("string", "".join((string[1] or string[2] or "").split()), touches))
                place, touches = string.end(), True
                continue
            match = _TOKEN.match(text, place)
            assert match is not None, "every character is a token"
            kind, written, place = match.lastgroup, match[0], match.end()
            if kind == "command":
                found += _divided(written[1:], touches, ends_term)
            elif kind != "blank":
                sign = _SIGNS.get(written, written)
                found.append(_Token(sign if kind == "sign" else str(kind), sign, touches and written != "{"))
            touches = kind != "blank"
        return [*found, _Token("end", "", False)]


def _divided(divisor: str, touches: bool, ends_term: bool) -> list[_Token]:
    r"""The left division of MATLAB with what follows it, `A\b`."""
    if not ends_term:
        raise Unreadable
    rest = divisor.strip()
    return [_Token("\\", "\\", touches), *([_Token("name" if rest.isalpha() else rest, rest, True)] if rest else [])]


class _Reader:
    """Recursive descent; the methods have the names of what they read, loosest first."""

    def __init__(self, tokens: list[_Token], is_function: Callable[[str], bool]) -> None:
        self.tokens, self.place, self.is_function = tokens, 0, is_function
        # What encloses the place: "||" is closed by `||`, and in "[" two numbers side by side are two entries.
        self.inside = [""]
        self.level = 0

    @property
    def kind(self) -> str:
        return self.tokens[self.place].kind

    def at(self, *kinds: str) -> bool:
        """Whether the next tokens are of these kinds."""
        return [token.kind for token in self.tokens[self.place : self.place + len(kinds)]] == list(kinds)

    @property
    def touches(self) -> bool:
        return self.tokens[self.place].touches

    def next(self, kind: str = "") -> str:
        token = self.tokens[self.place]
        if token.kind == "end" or (kind and token.kind != kind):
            raise Unreadable
        self.place += 1
        return token.text

    def within(self, opener: str, closer: str) -> Expr:
        """What stands between two brackets, the first of which is read."""
        self.inside.append(opener)
        found = self.sum()
        self.next(closer)
        self.inside.pop()
        return found

    # Sums and products

    def sum(self) -> Expr:
        terms = [self.signed(self.contraction)]
        while self.kind in ("+", "-"):
            minus = self.next() == "-"
            term = self.signed(self.contraction)
            terms.append(Expr("neg", (term,)) if minus else term)
        return Expr("+", tuple(terms)) if len(terms) > 1 else terms[0]

    def signed(self, operand: Callable[[], Expr]) -> Expr:
        minus = False
        while self.kind in ("+", "-"):
            minus ^= self.next() == "-"
        found = operand()
        return Expr("neg", (found,)) if minus else found

    def contraction(self) -> Expr:
        found = self.product()
        while self.kind == ":":
            self.next()
            found = Expr(":", (found, self.product()))
        return found

    def product(self) -> Expr:
        found = self.tight()
        while True:
            if self.kind in _PRODUCTS:
                found = Expr(_PRODUCTS[self.next()], (found, self.signed(self.tight)))
            elif self.starts_term() and not (self.inside[-1] == "[" and found.op == self.kind == "number"):
                found = Expr("product", (found, self.tight()))
            else:
                return found

    def starts_term(self) -> bool:
        return self.kind in _TERM_STARTS and not (self.kind in ("||", "|") and self.kind == self.inside[-1])

    def tight(self) -> Expr:
        found = self.power()
        while self.kind in _TIGHT:
            found = Expr(_TIGHT[self.next()], (found, self.signed(self.power)))
        return found

    # Powers, transposes, indices, methods

    def power(self) -> Expr:
        with self.deeper():
            return self.suffixed(self.atom())

    def suffixed(self, found: Expr) -> Expr:
        while True:
            if self.kind in ("'", ".'"):
                self.next()
                found = Expr("'", (found,))
            elif self.kind in _INFIX_POWERS:
                found = self.exponent(found, self.next())
            elif self.at(".", "name") and self.tokens[self.place + 1].touches:
                found = self.attribute(found)
            elif self.kind == "[" and self.touches:
                self.next()
                found = Expr("at", (found, *self.list_until("]", self.index)))
            else:
                return found

    def exponent(self, base: Expr, operator: str) -> Expr:
        brackets = self.kind == "("
        texts = [token.text for token in self.tokens[self.place + brackets :][:3]]
        minus = texts[0] == "-" and texts[1] in ("T", "top", "⊤")
        mark = texts[minus]
        is_marked = mark in _MARKS and (not brackets or texts[1 + minus] == ")")
        if operator == "^" and is_marked:
            self.place += 1 + minus + 2 * brackets
            mark = "T" if mark in ("top", "⊤", "'") else mark
            return Expr("marked", (base,), "-T" if minus else mark)
        exponent = self.signed(self.power if operator == "**" else self.base)
        return Expr(operator, (base, exponent))

    def attribute(self, base: Expr) -> Expr:
        self.next(".")
        name = self.next("name")
        if self.kind == "(" and self.touches:
            self.next()
            return Expr("library", (base, *self.arguments()), name)
        return Expr("attribute", (base,), name)

    # Arguments and indices

    def list_until(self, closer: str, item: Callable[[], Expr]) -> list[Expr]:
        self.inside.append("(")
        found: list[Expr] = []
        while self.kind != closer:
            found.append(item())
            if self.kind != closer:
                self.next(",")
                if self.kind == closer and item == self.index:
                    found.append(item())
        self.next(closer)
        self.inside.pop()
        return found

    def arguments(self, closer: str = ")") -> tuple[Expr, ...]:
        """Those with keywords last, in the order of the keywords."""
        found = self.list_until(closer, self.argument)
        plain = [argument for argument in found if argument.op != "keyword"]
        return (*plain, *sorted((arg for arg in found if arg.op == "keyword"), key=lambda arg: str(arg.value)))

    def argument(self) -> Expr:
        if self.at("name", "="):
            name = self.next()
            self.next("=")
            return Expr("keyword", (self.argument(),), KEYWORDS.get(name, name))
        if self.kind == "string":
            return Expr("string", (), self.next())
        return self.index()

    def index(self) -> Expr:
        """An expression, or `:`; nothing is `:` too, as in `X[,1]` of R."""
        if self.at(":", ",") or self.at(":", "]") or self.at(":", ")"):
            self.next()
            return Expr("all")
        return Expr("all") if self.kind in (",", "]") else self.sum()

    # Atoms

    def base(self) -> Expr:
        """An atom that takes no power itself."""
        with self.deeper():
            return self.atom()

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """One level below; what is too deep is given up.  Raises Unreadable."""
        self.level += 1
        if self.level > MOST_LEVELS:
            raise Unreadable
        yield
        self.level -= 1

    def atom(self) -> Expr:
        kind = self.kind
        if kind == "name":
            return self.name(self.next())
        if kind == "number":
            return _number(self.next())
        if kind == "(":
            self.next()
            return self.within("(", ")")
        if kind == "[":
            return self.block()
        if kind == "||":
            self.next()
            return Expr("norm of", (self.within("||", "||"),), self.subscript())
        if kind == "|":
            self.next()
            inside = self.within("|", "|")
            subscript = self.subscript()
            return Expr("bars" if subscript is None else "norm of", (inside,), subscript)
        if kind in ("⟨", "<"):
            self.next()
            self.inside.append(kind)
            one = self.sum()
            self.next(",")
            other = self.within(kind, {"⟨": "⟩", "<": ">"}[kind])
            self.inside.pop()
            return Expr("pair", (one, other), self.subscript())
        raise Unreadable

    def subscript(self) -> str | None:
        if self.kind != "_":
            return None
        self.next()
        if self.kind != "(":
            return self.next()
        self.next()
        found = self.next()
        self.next(")")
        return found

    def name(self, name: str) -> Expr:
        is_library = name in LIBRARIES or (
            name == "F" and self.at(".", "name") and self.tokens[self.place + 1].text in OF_TORCH_F
        )
        if is_library and self.kind == ".":
            return self.of_library()
        is_called = self.kind == "(" and self.touches
        if self.is_function(name):
            if is_called or (len(name) > 1 and (self.kind == "(" or (self.kind == "[" and self.touches))):
                closer = {"(": ")", "[": "]"}[self.next()]
                return Expr("call", self.arguments(closer), name)
            if self.at("^", "number", "(") or (self.at("^", "number") and self.starts_bare(2)):
                self.next()
                exponent = _number(self.next())
                return Expr("**", (self.name(name), exponent))
            if len(name) > 1 and name not in CONSTANTS and self.starts_bare():
                return self.bare(name)
        elif is_called:
            self.next()
            arguments = self.arguments()
            is_word = near_function(name) is not None and len(name) > 2  # sqtr(2) is no entry of sqtr
            if arguments and not is_word and all(arg.op == "all" or isinstance(arg.value, int) for arg in arguments):
                return Expr("at", (Expr("name", (), normal_name(name)), *arguments))
            if len(arguments) == 1 and (len(name) == 1 or name in GREEK.values()):
                return Expr("applied", (Expr("name", (), normal_name(name)), arguments[0]))
            raise Unreadable
        return Expr("name", (), normal_name(name))

    def starts_bare(self, ahead: int = 0) -> bool:
        return self.tokens[self.place + ahead].kind in ("name", "number", "|")

    def bare(self, name: str) -> Expr:
        """`log x + 1`: what is the argument is clear only where no other factor follows."""
        argument = self.power()
        if self.starts_term() or self.kind in _PRODUCTS or self.kind in _TIGHT:
            raise Unreadable
        return Expr("call", (argument,), name)

    def of_library(self) -> Expr:
        name = ""
        while self.kind == ".":
            self.next()
            name = self.next("name")
            if self.kind == "(" and self.touches:
                self.next()
                return Expr("library", self.arguments(), name)
        return Expr("library", (), name)

    def block(self) -> Expr:
        """Rows of entries, which blanks may part where they are numbers; lists in a list are rows too."""
        self.next("[")
        self.inside.append("[")
        rows: list[list[Expr]] = [[]]
        while self.kind != "]":
            rows[-1].append(self.sum())
            if self.kind == ";":
                self.next()
                rows.append([])
            elif self.kind == ",":
                self.next()
        self.next("]")
        self.inside.pop()
        if len(rows) == 1 and rows[0] and all(entry.op == "block" and entry.value == len(entry.args) for entry in rows[0]):
            rows = [list(entry.args) for entry in rows[0]]
        if not rows[0] or any(len(row) != len(rows[0]) for row in rows):
            raise Unreadable
        return Expr("block", tuple(entry for row in rows for entry in row), len(rows[0]))


def _number(text: str) -> Expr:
    statement = parse(text)[0]
    assert isinstance(statement, Question)
    return statement.expr.replace()
