"""Makes an `Expr` of every rule of grammar/latex.lark; the methods of `BuilderLatex` have the names of the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Union, cast

from matdiff.functions import NAMES, row_of
from matdiff.language.errors import NeedsParentheses, NotationRead, Remark, UnexpectedText
from matdiff.language.kinds import SCALAR_LETTERS, default_kind
from matdiff.language.queries import post_order
from matdiff.language.syntax import EULER, Expr, Span, ratio
from matdiff.read.build import Builder, Multiply, Suffix, p_norm, sum_of_row_norms
from matdiff.read.split import span_of

if TYPE_CHECKING:
    from matdiff.read.lalr import Token

    Part = Union[Token, Expr]

# Operators that are not decided before the kinds of their operands are known.
_BARS, _TIMES, _DOT, _EULER, _RAISED, _WITH = "|", "times", "dot product", "euler", "raised", "norm with"
_OPERATORS = {
    "PRODUCT": "*", "DOT": _DOT, "TIMES": _TIMES, "HADAMARD": ".*", "KRONECKER": "kron", "DOT_SLASH": "./", "SLASH": "/",
}  # fmt: skip


class Open(Expr):
    """A function without brackets, with the product it takes, or a product that ends with one.

    `several`: the product has several factors, so that it is not clear where it ends if more follows.
    """

    __slots__ = ("argument", "function", "several")
    argument: Span
    function: Token
    several: bool

    @staticmethod
    def of(expr: Expr, function: Token, argument: Span, several: bool) -> Open:
        """The expression, which ends with the function."""
        made = Open(expr.op, expr.args, expr.value, expr.span)
        made.function, made.argument, made.several = function, argument, several
        return made

    def ends(self) -> NeedsParentheses:
        """The error where something follows."""
        return NeedsParentheses(span=span_of(self.function), function=str(self.function), argument=self.argument)


class BuilderLatex(Builder):
    """The callbacks of the parser: each takes the parts of its rule, tokens and what the rules below returned."""

    def multiply(self, parts: list[Part]) -> Multiply:
        operand = self._with_signs(parts[1:-1], cast(Expr, parts[-1]))
        last = parts[-1]
        if isinstance(last, Open):
            operand = Open.of(operand, last.function, last.argument, last.several)
        return Multiply(_OPERATORS[cast("Token", parts[0]).type], operand)

    divide = multiply

    def product(self, parts: list[Union[Expr, Multiply]]) -> Expr:
        """Products with a written sign.  Raises NeedsParentheses: `tr A \\odot B` may be two things."""
        for part in parts[:-1]:
            operand = part.operand if isinstance(part, Multiply) else part
            if isinstance(operand, Open):
                raise operand.ends()
        return super().product(parts)

    def beside(self, parts: list[Union[Expr, Multiply]]) -> Expr:
        """A product without signs.  Raises NeedsParentheses: in `tr A B log c` it is not clear what tr takes."""
        for part in parts[:-1]:
            if isinstance(part, Open) and part.several:
                raise part.ends()
        made, last = super().product(parts), parts[-1]
        if isinstance(last, Open) and not isinstance(made, Open):
            return Open.of(made, last.function, last.argument, last.several)
        return made

    def applied(self, parts: list[Part]) -> Expr:
        """`log x^T x`: a function and the product that follows."""
        function = cast("Token", parts[0])
        factors = cast("list[Union[Expr, Multiply]]", parts[1:])
        argument = super().product(factors)
        assert argument.span is not None
        expr = _called(function, (argument,), Span(span_of(function).start, argument.span.end))
        several = len(factors) > 1 or (isinstance(argument, Open) and argument.several)
        return Open.of(expr, function, argument.span, several)

    def undecided(self, parts: list[Part]) -> Expr:
        """`log x / y` may be two things.  Raises NeedsParentheses."""
        applied = self.applied(parts[:-1])
        assert isinstance(applied, Open)
        raise applied.ends()

    def call(self, parts: list[Part]) -> Expr:
        """A function with its power or base, `\\log^2(x)`, or a plain one."""
        function = cast("Token", parts[0])
        if "^" not in function and "_" not in function:
            return super().call(parts)
        arguments = tuple(part for part in parts if isinstance(part, Expr))
        return _called(function, arguments, Span(span_of(function).start, span_of(cast("Token", parts[-1])).end))

    def norm(self, parts: list[Part]) -> Expr:
        """The closing token says which norm it is, or a formula below it, `\\|x\\|_A`."""
        opening, inside, closing = cast("Token", parts[0]), cast(Expr, parts[1]), cast("Token", parts[2])
        span = Span(span_of(opening).start, span_of(closing).end)
        if len(parts) > 3:
            return Expr(_WITH, (inside, cast(Expr, parts[5])), span=span)
        return sum_of_row_norms(inside, span) if closing == "rows" else Expr(NAMES[closing], (inside,), span=span)

    def over(self, parts: list[Part]) -> Expr:
        """`\\sum_i x_i`."""
        return super().over([parts[0], self._with_signs(parts[1:-1], cast(Expr, parts[-1]))])

    def bars(self, parts: list[Part]) -> Expr:
        """A determinant or an absolute value; see `decided`."""
        return self._between(_BARS, parts)

    def _between(self, op: str, parts: list[Part]) -> Expr:
        first, last = cast("Token", parts[0]), cast("Token", parts[-1])
        args = tuple(part for part in parts if isinstance(part, Expr))
        return Expr(op, args, span=Span(span_of(first).start, span_of(last).end))

    def fraction(self, parts: list[Part]) -> Expr:
        """A quotient, whose span begins with the command."""
        return self._between("/", parts)

    def exponential(self, parts: list[Part]) -> Expr:
        """`e^{...}`."""
        return self._between(_EULER, parts)

    def root(self, parts: list[Part]) -> Expr:
        """A square root, or the power 1/n."""
        made = self._between("sqrt", parts)
        degree = cast("Token", parts[2]) if len(parts) > 4 else None
        if degree is None:
            return made
        span = span_of(degree)
        power = Expr("/", (Expr("number", (), 1, span=span), self.number([degree])), span=span)
        return Expr("^", (made.args[0], power), span=made.span)

    def raised(self, parts: list[Part]) -> Suffix:
        """A power in braces."""
        return super().raised([parts[0], parts[2]])

    def matrix(self, parts: list[object]) -> Expr:
        """A matrix of blocks; bars around it are its determinant."""
        made = self.block(parts)
        return Expr("det", (made,), span=made.span) if parts[0] == "vmatrix" else made


def _called(function: Token, arguments: tuple[Expr, ...], span: Span) -> Expr:
    """A function of the table; `log_2` has a base, `sin^2` is raised."""
    name, caret, power = function.partition("^")
    name, below, base = name.partition("_") if name not in NAMES else (name, "", "")
    expr = Expr(NAMES[name], arguments, span=span)
    if below:
        expr = Expr("/", (expr, Expr("log", (Expr("number", (), int(base), span=span),), span=span)), span=span)
    if not caret:
        return expr
    above, _, under = power.partition("/")
    return Expr(_RAISED, (expr, Expr("number", (), ratio(int(above), int(under or 1)), span=span)), span=span)


# Whether something is a number, as far as the spelling tells

_PRODUCTS = ("*", _TIMES, _DOT)
_OF_MATRICES = (*_PRODUCTS, "+", "/", "neg", "'")

_NUMBER, _COLUMN, _ROW, _MATRIX = (False, False), (True, False), (False, True), (True, True)
_KINDS = {"scalar": _NUMBER, "vector": _COLUMN, "matrix": _MATRIX}


class Decided(NamedTuple):
    """An expression without open operators, its kind, and what is worth a remark."""

    expr: Expr
    kind: str
    remarks: list[Remark]


def decided(expr: Expr, kinds: Mapping[str, str]) -> Decided:
    """The expression with bars as determinant or absolute value, and crosses as products.  Raises UnexpectedText.

    A power of e is the exponential of a matrix where one stands that is no product of several, else left to inference.
    `kinds` are those of names that the notation tells or that are known; other names are what their spelling says.
    """
    made: dict[int, Expr] = {}
    long: dict[int, tuple[bool, bool]] = {}
    remarks: list[Remark] = []
    for node in post_order(expr):
        args = tuple(made[id(arg)] for arg in node.args)
        sides = [long[id(arg)] for arg in node.args]
        new = node if type(node) is Expr and all(one is other for one, other in zip(args, node.args)) else None
        op = node.op
        if op == _BARS:
            if sides[0] in (_COLUMN, _ROW) and _sides_in(node.args[0], _with_numbers(kinds))[id(node.args[0])] == _NUMBER:
                sides[0] = _NUMBER  # |t|
            if sides[0] in (_COLUMN, _ROW):
                assert node.span is not None
                raise UnexpectedText(span=node.span, text="|", reason="bars")
            op = "det" if sides[0] == _MATRIX else "abs"
            new = None
        elif op == _TIMES:
            if _NUMBER not in sides:
                assert args[0].span is not None and args[1].span is not None
                between = Span(args[0].span.end, args[1].span.start)
                raise UnexpectedText(span=between, text="\\times", reason="cross")
            op, new = "*", None
        elif op == _DOT:
            op, new = ":" if sides == [_COLUMN, _COLUMN] else "*", None
        elif op == _EULER:
            if any(_is_one_matrix(node.args[0], told) for told in (kinds, _with_numbers(kinds))):
                assert node.span is not None
                op, new = "expm", None
                remarks.append(NotationRead(span=node.span, meant="the exponential of a matrix, expm"))
            else:
                op, new = "exp", Expr("exp", args, EULER, node.span)
        elif op == _RAISED:
            op, new = "^" if sides[0] == _NUMBER else ".^", None
        elif op == _WITH:
            made[id(node)], long[id(node)] = _norm_with(node, args, sides), _NUMBER
            continue
        made[id(node)] = Expr(op, args, node.value, node.span) if new is None else new
        long[id(node)] = _sides(node, sides, kinds)
    kind = next((kind for kind, sides in _KINDS.items() if sides == long[id(expr)]), "matrix")
    return Decided(made[id(expr)], kind, remarks)


def _sides_in(expr: Expr, kinds: Mapping[str, str]) -> dict[int, tuple[bool, bool]]:
    """The sides of the expression and all its parts, by their ids."""
    sides: dict[int, tuple[bool, bool]] = {}
    for node in post_order(expr):
        sides[id(node)] = _sides(node, [sides[id(arg)] for arg in node.args], kinds)
    return sides


def _with_numbers(kinds: Mapping[str, str]) -> dict[str, str]:
    """The kinds where letters that usually are numbers are numbers, as in `e^{A t}` and `|t|`."""
    return {**dict.fromkeys(SCALAR_LETTERS, "scalar"), **kinds}


def _is_one_matrix(expr: Expr, kinds: Mapping[str, str]) -> bool:
    """Whether the value is a matrix, and neither it nor one of its terms a product of several arrays."""
    sides = _sides_in(expr, kinds)
    terms = [expr]
    for term in terms:
        arrays = [arg for arg in term.args if sides[id(arg)] != _NUMBER] if term.op in _OF_MATRICES else []
        if len(arrays) > 1 and term.op in _PRODUCTS:
            return False
        terms += arrays
    return sides[id(expr)] == _MATRIX


def _norm_with(node: Expr, args: tuple[Expr, ...], sides: list[tuple[bool, bool]]) -> Expr:
    """`\\|x\\|_A`, the root of x^T A x, or `\\|x\\|_p`."""
    inside, below = args
    assert node.span is not None
    is_letter = below.op == "name" and str(below.value)[0].islower()
    if sides[1] != _MATRIX and (is_letter or sides[1] == _NUMBER):
        return p_norm(inside, below, node.span)
    form = Expr("*", (Expr("'", (inside,), span=inside.span), below, inside), span=node.span)
    return Expr("sqrt", (form,), span=node.span)


def _sides(node: Expr, sides: list[tuple[bool, bool]], kinds: Mapping[str, str]) -> tuple[bool, bool]:
    """Whether the value has more than one row, and more than one column."""
    if node.op == "name" and node.args:  # a member of a family is a number unless the type tells more
        return _KINDS.get(kinds.get(str(node.value), ""), _NUMBER)
    if node.op == "name":
        return _KINDS.get(kinds.get(str(node.value), ""), _KINDS[default_kind(str(node.value))])
    if node.op == _BARS or row_of(node.op).is_scalar_valued or not sides:
        return _MATRIX if node.op == "I" else _COLUMN if node.op in ("ones", "zeros") else _NUMBER
    if node.op == _DOT and sides == [_COLUMN, _COLUMN]:
        return _NUMBER
    if node.op in _PRODUCTS:
        factors = [side for side in sides if side != _NUMBER]
        return (factors[0][0], factors[-1][1]) if factors else _NUMBER
    if node.op == "'":
        return sides[0][1], sides[0][0]
    if node.op == "outer" or (node.op == "diag" and sides[0] != _MATRIX) or node.op == "block":
        return _MATRIX
    if node.op in ("vec", "diag"):
        return _COLUMN
    if node.op in ("+", ".*", "./", "kron"):
        return any(side[0] for side in sides), any(side[1] for side in sides)
    return sides[0]
