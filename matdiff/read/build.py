"""Makes an `Expr` of every rule of the grammar; the methods of `Builder` have the names of the rules.

They keep no state, so one parser serves all threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Union, cast

from matdiff.functions import FUNCTIONS, NAMES, lifted
from matdiff.language.errors import TooLarge, UnexpectedText
from matdiff.language.syntax import DOT, EULER, MODULUS, Expr, Span, ratio
from matdiff.limits import DECIMAL_EXPONENT, DIGITS
from matdiff.read.split import span_of
from matdiff.read.sums.einsum import einsum
from matdiff.read.tokens import SPECIAL_CALLS, normal_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matdiff.language.syntax import Rational
    from matdiff.read.lalr import Token

    Part = Union[Token, Expr]


_OPERATORS = {"PRODUCT": "*", "HADAMARD": ".*", "KRONECKER": "kron", "SLASH": "/", "DOT_SLASH": "./", "SOLVE": "\\"}
# Runs of these are one n-ary node.
_ASSOCIATIVE = ("*", ".*")
_NORMS = {"": "norm", "_1": "norm1", "_2": "norm2", "_F": "norm", "_inf": "maxnorm", "_*": "nucnorm"}
# What MATLAB calls norms of matrices: norm(A, 'fro').
_WORDS_OF_NORMS = {"fro": "norm", "nuc": "nucnorm", "inf": "maxnorm", "Inf": "maxnorm"}
_DOTS = ("·", "⋅")
_TIGHT = (".*", "./", "kron", DOT)
_FRACTIONS = {"½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4)}
_SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


class Shape:
    """What stands after the `:` of a declaration, before the sizes are checked."""

    __slots__ = ("names", "property", "sizes")

    def __init__(self, names: list[Token], property: str | None, sizes: tuple[Expr, ...]) -> None:
        self.names, self.property, self.sizes = names, property, sizes


class Suffix:
    """What follows an atom: a transpose, a power or an index."""

    __slots__ = ("arguments", "end", "op", "start")

    def __init__(self, op: str, arguments: tuple[Expr, ...], start: int, end: int) -> None:
        self.op, self.arguments, self.start, self.end = op, arguments, start, end


class Multiply:
    """An operator of the product level with its right operand."""

    __slots__ = ("op", "operand")

    def __init__(self, op: str, operand: Expr) -> None:
        self.op, self.operand = op, operand


def span_between(left: Expr, right: Expr) -> Span:
    """From the start of `left` to the end of `right`."""
    return Span(_span(left).start, _span(right).end)


def _span(expr: Expr) -> Span:
    assert expr.span is not None, "the parser gives every node its span"
    return expr.span


def _start(part: Part) -> int:
    return _span(part).start if isinstance(part, Expr) else span_of(part).start


def _end(part: Part) -> int:
    return _span(part).end if isinstance(part, Expr) else span_of(part).end


def _names(parts: list[Part]) -> list[Token]:
    return [part for part in parts if not isinstance(part, Expr) and part.type == "NAME"]


class Builder:
    """The callbacks of the parser: each takes the parts of its rule, tokens and what the rules below returned."""

    # Statements

    def question(self, parts: list[Part]) -> tuple[Expr, list[Token]]:
        return cast(Expr, parts[0]), _names(parts[1:])

    def definition(self, parts: list[Part]) -> tuple[Expr, list[Token]]:
        return cast(Expr, parts[2]), _names(parts[3:])

    def declaration(self, parts: list[Part]) -> Shape:
        sizes = [part for part in parts if isinstance(part, Expr)]
        tokens = [part for part in parts if not isinstance(part, Expr)]
        names = [token for token in tokens if token.type == "NAME"]
        property = next((str(token) for token in tokens if token.type == "PROPERTY"), None)
        return Shape(names, property, tuple(sizes * 2 if property and len(sizes) == 1 else sizes))

    # Sums and products

    def sum(self, parts: list[Part]) -> Expr:
        """`a - b` is the sum of `a` and the negation of `b`; a sign at the start belongs to its term already."""
        terms: list[Expr] = []
        minus: Token | None = None
        for part in parts:
            if isinstance(part, Expr):
                terms.append(part if minus is None else Expr("neg", (part,), span=Span(_start(minus), _end(part))))
            else:
                minus = part if part.type == "MINUS" else None
        return Expr("+", tuple(terms), span=span_between(cast(Expr, parts[0]), terms[-1]))

    size = sum

    def signed(self, parts: list[Part]) -> Expr:
        return self._with_signs(parts[:-1], cast(Expr, parts[-1]))

    def _with_signs(self, signs: list[Part], operand: Expr, *, fold: bool = False) -> Expr:
        """`fold`: the negation of a number is a negative number, as in an exponent."""
        for sign in reversed(signs):
            if cast("Token", sign).type == "MINUS":
                span = Span(_start(sign), _end(operand))
                if fold and operand.op == "number":
                    operand = Expr("number", (), -cast(int, operand.value), span=span)
                else:
                    operand = Expr("neg", (operand,), span=span)
        return operand

    def contraction(self, parts: list[Part]) -> Expr:
        result = cast(Expr, parts[0])
        for operand in parts[2::2]:
            right = cast(Expr, operand)
            result = Expr(":", (result, right), span=span_between(result, right))
        return result

    def multiply(self, parts: list[Part]) -> Multiply:
        operator = cast("Token", parts[0])
        op = DOT if operator in _DOTS else _OPERATORS[operator.type]
        return Multiply(op, self._with_signs(parts[1:-1], cast(Expr, parts[-1])))

    def product(self, parts: list[Union[Expr, Multiply]]) -> Expr:
        """Left to right; a run of the same associative operator is one node.

        What stands side by side behind `.*`, `./` or `⊗` is one operand: y .* X w is y .* (X w).
        """
        run, run_op = [cast(Expr, parts[0])], ""
        for part in _grouped(parts[1:]):
            op, operand = (part.op, part.operand) if isinstance(part, Multiply) else ("*", part)
            if op == DOT:
                left = _joined(run_op, run)
                run, run_op = [Expr("*", (left, operand), DOT, span_between(left, operand))], DOT
                continue
            if op == "\\":
                left = _joined(run_op, run)
                inverse = Expr("^", (left, Expr("number", (), -1, span=left.span)), span=left.span)
                run, run_op = [inverse, operand], "*"
                continue
            if op != run_op:
                run = [_joined(run_op, run)]
            run.append(operand)
            run_op = op
            if op not in _ASSOCIATIVE:
                run = [_joined(op, run)]
        return _joined(run_op, run)

    def modulus(self, parts: list[Part]) -> Expr:
        """`|x|`: the absolute value of a number, the determinant of a square matrix; inference tells which."""
        return Expr("abs", (cast(Expr, parts[1]),), MODULUS, Span(_start(parts[0]), _end(parts[2])))

    def inner(self, parts: list[Part]) -> Expr:
        """`<A, B>`."""
        return Expr(":", (cast(Expr, parts[1]), cast(Expr, parts[3])), span=Span(_start(parts[0]), _end(parts[4])))

    def euler(self, parts: list[Token]) -> Expr:
        """`e`, which only stands under a power."""
        return Expr("euler", span=span_of(parts[0]))

    def size_product(self, parts: list[Part]) -> Expr:
        factors = [part for part in parts if isinstance(part, Expr)]
        return Expr("*", tuple(factors), span=span_between(factors[0], factors[-1]))

    # Powers, transposes and indices

    def power(self, parts: list[object]) -> Expr:
        result = cast(Expr, parts[0])
        start, is_raised = _span(result).start, False
        for part in parts[1:]:
            suffix = part if isinstance(part, Suffix) else _suffix_of(cast("Token", part))
            if suffix.op == "at" and is_raised and result.args[1].op != "number":
                # v .^ x[1] is v .^ (x[1]), but A^2[1,1] is an entry of A^2.
                base, exponent = result.args
                entry = Expr("at", (exponent, *suffix.arguments), span=Span(_span(exponent).start, suffix.end))
                result = result.replace(args=(base, entry), span=Span(start, suffix.end))
                continue
            if suffix.op in ("^", ".^") and is_raised:
                raise UnexpectedText(span=Span(suffix.start, suffix.end), text=suffix.op, reason="power")
            is_raised = suffix.op in ("^", ".^")
            span = Span(start, suffix.end)
            if result.op == "euler":
                if suffix.op != "^":
                    raise UnexpectedText(span=_span(result), text="e", reason="power")
                result, is_raised = Expr("exp", suffix.arguments, EULER, span), False
                continue
            if suffix.op == "inverse transpose":
                inverse = Expr("^", (result, Expr("number", (), -1, span=Span(suffix.start, suffix.end))), span=span)
                result = Expr("'", (inverse,), span=span)
            else:
                result = Expr(suffix.op, (result, *suffix.arguments), span=span)
        return result

    def raised(self, parts: list[Part]) -> Suffix:
        operator = cast("Token", parts[0])
        exponent = self._with_signs(parts[1:-1], cast(Expr, parts[-1]), fold=True)
        if exponent.op == "neg" and exponent.args[0].op == "number":
            exponent = Expr("number", (), -cast(int, exponent.args[0].value), span=exponent.span)
        return Suffix(str(operator), (exponent,), _start(operator), _end(exponent))

    def index(self, parts: list[Part]) -> Suffix:
        places = tuple(part for part in parts if isinstance(part, Expr))
        return Suffix("at", places, _start(parts[0]), _end(parts[-1]))

    def all(self, parts: list[Part]) -> Expr:
        return Expr("all", span=span_of(cast("Token", parts[0])))

    # Atoms

    def name(self, parts: list[Token]) -> Expr:
        return Expr("name", (), normal_name(parts[0]), span=span_of(parts[0]))

    def number(self, parts: list[Token]) -> Expr:
        """Raises `TooLarge`."""
        span = span_of(parts[0])
        value = ratio(*_FRACTIONS[parts[0]]) if parts[0] in _FRACTIONS else exact(parts[0], span)
        return Expr("number", (), value, span=span)

    def constant(self, parts: list[Token]) -> Expr:
        return Expr(normal_name(parts[0]), span=span_of(parts[0]))

    def call(self, parts: list[Part]) -> Expr:
        function = cast("Token", parts[0])
        arguments = tuple(part for part in parts if isinstance(part, Expr))
        op = SPECIAL_CALLS[function] if function in SPECIAL_CALLS else NAMES.get(function, str(function))
        span = Span(_start(function), _end(parts[-1]))
        lines = next((part for part in parts if not isinstance(part, Expr) and part.type == "LINES"), None)
        made = _OF_TWO[op](*arguments, span) if op in _OF_TWO and len(arguments) == 2 else Expr(op, arguments, span=span)
        return made if lines is None else _of_lines(made, lines)

    def over(self, parts: list[Part]) -> Expr:
        """`sum_i x_i`: the head is one token, `sum i=n j=`, with `i!=j=` and `i,j∈S=` for conditions."""
        head = cast("Token", parts[0])
        kind, *bounds = head.split(" ")
        span = span_of(head)
        sets, indices = [], []
        for index, _, upper in (bound.rpartition("=") for bound in bounds):
            letters, _, named = index.partition("∈")
            if named:
                sets.append(Expr("name", tuple(Expr("index", (), letter, span) for letter in letters.split(",")), named, span))
            elif len(index) > 1:
                left, right = (Expr("index", (), letter, span=span) for letter in (index[0], index[-1]))
                indices.append(Expr("condition", (left, right), index[1:-1], span=span))
            else:
                size = Expr("number" if upper.isdigit() else "name", (), int(upper) if upper.isdigit() else upper, span)
                indices.append(Expr("index", (size,) if upper else (), index, span=span))
        body = next(part for part in parts if isinstance(part, Expr))
        return Expr("over", (body, *sets, *indices), kind, Span(_start(head), _end(parts[-1])))

    def einsum(self, parts: list[Part]) -> Expr:
        """`einsum("ij,j->i", A, x)`: the first token is the subscripts.  Raises IndexSum."""
        operands = [part for part in parts if isinstance(part, Expr)]
        return einsum(str(parts[0]), operands, Span(_start(parts[0]), _end(parts[-1])))

    def parentheses(self, parts: list[Part]) -> Expr:
        """The expression itself; its span takes in the parentheses, so that text can be cut out and replaced."""
        return cast(Expr, parts[1]).replace(span=Span(_start(parts[0]), _end(parts[2])))

    def norm(self, parts: list[Part]) -> Expr:
        """`||x||_1` and so on; without a subscript the Euclidean or Frobenius norm."""
        closing = str(parts[2])
        subscript = closing.replace("₁", "_1").replace("₂", "_2").lstrip("|‖").replace("{", "").replace("}", "")
        span, inside = Span(_start(parts[0]), _end(parts[2])), cast(Expr, parts[1])
        if subscript in _NORMS:
            return Expr(NAMES[_NORMS[subscript]], (inside,), span=span)
        if subscript == "_2,1":
            return sum_of_row_norms(inside, span)
        return _norm_of(inside, subscript[1:], span)

    def block(self, parts: list[object]) -> Expr:
        """Rows of equal length; brackets around one entry are parentheses."""
        rows = [part for part in parts if isinstance(part, tuple)]
        opener, closer = cast("Token", parts[0]), cast("Token", parts[-1])
        span = Span(_start(opener), _end(closer))
        for row in rows:
            if len(row) != len(rows[0]):
                raise UnexpectedText(
                    span=span_between(row[0], row[-1]), text=str(len(row)), after=str(len(rows[0])), reason="row"
                )
        if len(rows) == 1 and len(rows[0]) == 1:
            return cast(Expr, rows[0][0]).replace(span=span)
        return Expr("block", tuple(entry for row in rows for entry in row), len(rows[0]), span=span)

    def row(self, parts: list[Part]) -> tuple[Expr, ...]:
        return tuple(part for part in parts if isinstance(part, Expr))

    def lexeme(self, parts: list[Token]) -> None:
        """Never parsed; see the grammar."""


def exact(written: str, span: Span) -> Rational:
    """The value of a decimal number: `0.1` is 1/10 and `1e-3` is 1/1000.  Raises `TooLarge`."""
    mantissa, _, exponent = written.lower().partition("e")
    whole, _, decimals = mantissa.partition(".")
    if len(whole) + len(decimals) > DIGITS:
        raise TooLarge(what="number", limit=DIGITS, span=span)
    if len(exponent) > 6 or abs(int(exponent or 0)) > DECIMAL_EXPONENT:
        raise TooLarge(what="exponent", limit=DECIMAL_EXPONENT, span=span)
    shift = int(exponent or 0) - len(decimals)
    digits = int(whole + decimals)
    return digits * 10**shift if shift >= 0 else ratio(digits, 10**-shift)


def _norm_of(inside: Expr, subscript: str, span: Span) -> Expr:
    """`||x||_p` and `||x||_3`, the p-norm; `||x||_A`, the root of x^T A x."""
    place = Span(span.end - len(subscript), span.end)
    if subscript[0].isupper():
        form = Expr("*", (Expr("'", (inside,), span=span), Expr("name", (), subscript, span=place), inside), span=span)
        return Expr("sqrt", (form,), span=span)
    number = int(subscript) if subscript.isdigit() else None
    return p_norm(inside, Expr("name" if number is None else "number", (), subscript if number is None else number, place), span)


def p_norm(inside: Expr, exponent: Expr, span: Span) -> Expr:
    """sum(|x|^p)^(1/p)."""
    powers = Expr(".^", (Expr("abs", (inside,), span=span), exponent), span=span)
    root = Expr("/", (Expr("number", (), 1, span=exponent.span), exponent), span=exponent.span)
    return Expr("^", (Expr("sum", (powers,), span=span), root), span=span)


def _norm_with(inside: Expr, kind: Expr, span: Span) -> Expr:
    """`norm(x, 1)`, `norm(x, p)`, `norm(x, inf)` as MATLAB has them."""
    norm = _WORDS_OF_NORMS.get(str(kind.value)) or _NORMS.get(f"_{kind.value}")
    if norm is not None:
        return Expr(NAMES[norm], (inside,), span=span)
    return p_norm(inside, kind, span)


def sum_of_row_norms(inside: Expr, span: Span) -> Expr:
    """`||X||_{2,1}`."""
    return Expr("sum", (Expr(lifted("norm", "rows"), (inside,), span=span),), span=span)


def _of_lines(call: Expr, lines: Token) -> Expr:
    """`norm(X, rows)`, and `norm(X, 3, rows)`, whose root is of each entry."""
    if call.op == "^":
        base, exponent = call.args
        return Expr(".^", (_of_lines(base, lines), exponent), span=call.span)
    op = lifted(call.op, lines)
    if op not in FUNCTIONS:
        raise UnexpectedText(span=span_of(lines), text=str(lines), after=call.op, reason="lines")
    return Expr(op, call.args, call.value, call.span)


def _is_zero(expr: Expr) -> bool:
    return expr.op == "number" and expr.value == 0


def _larger(left: Expr, right: Expr, span: Span) -> Expr:
    """The larger of two, entry by entry: relu(x) beside zero, else y + relu(x - y)."""
    if _is_zero(left):
        return Expr("relu", (right,), span=span)
    if _is_zero(right):
        return Expr("relu", (left,), span=span)
    above = Expr("relu", (Expr("+", (left, Expr("neg", (right,), span=right.span)), span=span),), span=span)
    return Expr("+", (right, above), span=span)


def _smaller(left: Expr, right: Expr, span: Span) -> Expr:
    """The smaller of two, entry by entry: the larger of what is negative."""
    negative = [arg if _is_zero(arg) else Expr("neg", (arg,), span=arg.span) for arg in (left, right)]
    return Expr("neg", (_larger(negative[0], negative[1], span),), span=span)


# Functions of one argument that have another meaning with two.
_OF_TWO = {"max": _larger, "min": _smaller, "norm": _norm_with}


def _joined(op: str, run: list[Expr]) -> Expr:
    return run[0] if len(run) == 1 else Expr(op, tuple(run), span=span_between(run[0], run[-1]))


def _grouped(parts: list[Union[Expr, Multiply]]) -> Iterator[Union[Expr, Multiply]]:
    """The parts behind the first, those that stand side by side behind a tight operator as its one operand."""
    place = 0
    while place < len(parts):
        part = parts[place]
        place += 1
        if isinstance(part, Multiply) and part.op in _TIGHT:
            factors = [part.operand]
            while place < len(parts) and isinstance(parts[place], Expr):
                factors.append(cast(Expr, parts[place]))
                place += 1
            if len(factors) > 1:
                part = Multiply(part.op, _product_of(factors))
        yield part


def _product_of(factors: list[Expr]) -> Expr:
    """A product; a sign in front of the first factor is one of the product."""
    first = factors[0]
    if first.op == "neg" and _span(first.args[0]).end == _span(first).end:
        whole = _joined("*", [first.args[0], *factors[1:]])
        return Expr("neg", (whole,), span=span_between(first, factors[-1]))
    return _joined("*", factors)


def _suffix_of(token: Token) -> Suffix:
    start, end = span_of(token).start, span_of(token).end
    if token.type == "TRANSPOSE":
        return Suffix("'", (), start, end)
    if token.type == "INVERSE_TRANSPOSE" or token in ("⁻ᵀ", "⁻⊤"):
        return Suffix("inverse transpose", (), start, end)
    value = int(token.translate(_SUPERSCRIPTS)) if len(token) < DIGITS else None
    if value is None:
        raise TooLarge(what="number", limit=DIGITS, span=span_of(token))
    return Suffix("^", (Expr("number", (), value, span=span_of(token)),), start, end)
