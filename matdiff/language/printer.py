"""One precedence walk turns an `Expr` into every spelling; what differs between the spellings stands in a `Style`.

A rendered part is its text and its level: how tightly its outermost operation binds.  An operation says which level each
argument needs, and an argument below it is put in brackets.  Products of different kinds (`*`, `.*`, `:`, `/`) always bracket
one another, so the text means the same whatever their order of precedence.
"""

from __future__ import annotations

from collections.abc import Callable

from matdiff.functions import FUNCTIONS
from matdiff.language.kinds import kind_of
from matdiff.language.queries import index_names, letter_of, membership, post_order
from matdiff.language.spelling import ATOM, NEGATION, OPEN, POSTFIX, SUM, TERM, Piece, Style
from matdiff.language.syntax import Expr


def show(expr: Expr, style: Style) -> str:
    """The text of an expression in a style."""
    return _Printer(style).render(expr)[0]


class _Printer:
    """One walk.  `pieces` holds the parts printed so far, by node object."""

    def __init__(self, style: Style) -> None:
        self.style = style
        self.pieces: dict[int, Piece] = {}

    def render(self, expr: Expr) -> Piece:
        self.root = expr
        for node in post_order(expr):
            self.pieces[id(node)] = _WRITERS.get(node.op, _Printer.call)(self, node)
        return self.pieces[id(expr)]

    def text(self, node: Expr) -> str:
        return self.pieces[id(node)][0]

    def level(self, node: Expr) -> int:
        return self.pieces[id(node)][1]

    def at_least(self, node: Expr, level: int) -> str:
        """The text of a node, in brackets when it binds more loosely than `level`."""
        return self.text(node) if self.level(node) >= level else self.grouped(node)

    def grouped(self, node: Expr) -> str:
        return self.style.group % self.text(node)

    # Leaves.

    def name(self, node: Expr) -> Piece:
        bold = node.shape is not None and kind_of(node.shape) != "scalar"
        if not node.args:
            return self.style.name(str(node.value), bold), ATOM
        letters = [letter_of(index) for index in node.args]
        if self.style.latex:
            return self.style.subscript(self.style.name(str(node.value).rstrip("_"), bold), True, letters), ATOM
        return self.style.name(f"{str(node.value).rstrip('_')}_{''.join(letters)}", bold), ATOM

    def over(self, node: Expr) -> Piece:
        """A sum over an index: `sum_i`, `sum_{i=1}^n`, `sum_{i,j}`, `sum_{i < j}`, `sum_{i∈S}`; an array by its entry."""
        body, *bounds = node.args
        if node.value == "array":
            return self.pieces[id(body)] if node is self.root else self.einsum(node)
        told = {index.value for bound in bounds if bound.op != "index" for index in bound.args}
        sign, whole, upper = self.style.over
        shown = [self.bound(bound, node) for bound in bounds if bound.op != "index" or bound.value not in told]
        ends = [self.text(bound.args[0]) for bound in bounds if bound.op == "index" and bound.args and bound.value not in told]
        word = "" if node.value == "sum" else str(node.value)
        head = self.style.words.get(word, word) or sign
        if len(shown) == len(ends) and len(ends) > 1:  # sum_{i=1}^m sum_{j=1}^n
            heads = " ".join(head + whole % f"{letter}=1" + upper % end for letter, end in zip(shown, ends))
        elif len(shown) == len(ends) == 1 and len(bounds) == 1:
            heads = head + whole % f"{shown[0]}=1" + upper % ends[0]
        else:
            is_letter = len(shown) == len(shown[0]) == 1 and not self.style.latex
            heads = head + (f"_{shown[0]}" if is_letter else whole % ",".join(shown))
        return f"{heads} {self.at_least(body, OPEN)}", OPEN

    def einsum(self, node: Expr) -> Piece:
        """An array that stands in an expression, `einsum("ij->ji", A)`; what is no product of entries is shown by its entry."""
        body, *axes = node.args
        total = body.args[0] if body.op == "over" and body.value == "sum" else body
        factors = total.args if total.op == "*" else (total,)
        if any(factor.op not in ("at", "name") or not factor.args for factor in factors):
            return self.pieces[id(body)]
        indices = [factor.args if factor.op == "name" else factor.args[1:] for factor in factors]
        *left, right = ["".join(map(letter_of, one)) for one in (*indices, axes)]
        arrays = [factor.replace(args=()) if factor.op == "name" else factor.args[0] for factor in factors]
        texts = [self.pieces[id(array)][0] if id(array) in self.pieces else str(array.value) for array in arrays]
        return f'einsum("{",".join(left)}->{right}", {", ".join(texts)})', ATOM

    def bound(self, node: Expr, total: Expr) -> str:
        """An index, a condition or a set below the sign of a sum."""
        if node.op == "condition":
            if node.value == "!=" and node.args[0].value not in index_names(total.args[1:]):  # k != i, with k the one that runs
                node = node.replace(args=node.args[::-1])
                self.pieces[id(node)] = self.condition(node)
            upper = next((index.args[0] for index in total.args[1:] if index.value == node.args[1].value and index.args), None)
            return self.text(node) if upper is None else f"1 {self.at_most} {self.text(node)} {self.at_most} {self.text(upper)}"
        return letter_of(node) if node.op == "index" else membership(total, node)

    @property
    def at_most(self) -> str:
        return self.style.words.get("<=", "<=")

    def condition(self, node: Expr) -> Piece:
        sign = self.style.words.get(str(node.value), str(node.value))
        return f"{letter_of(node.args[0])} {sign} {letter_of(node.args[1])}", ATOM

    def number(self, node: Expr) -> Piece:
        value = node.value
        if isinstance(value, int):
            return str(value), ATOM if value >= 0 else NEGATION
        assert value is not None and not isinstance(value, str)
        text, level = self.style.rational(abs(value.numerator), value.denominator)
        return (text, level) if value > 0 else ("-" + text, NEGATION)

    def identity(self, node: Expr) -> Piece:
        if node.args and "eye" not in self.style.words:
            return self.call_named("eye", node.args)
        return self.style.words.get("I", "I"), ATOM

    def constant(self, node: Expr) -> Piece:
        """ones and zeros: with their sizes, so that the text says as much as the expression."""
        word = self.style.words.get(node.op)
        if word is not None:
            return word, ATOM
        if node.args:
            return self.call_named(node.op, node.args)
        if node.shape is None:
            return node.op, ATOM
        rows, columns = node.shape
        sizes = (rows,) if columns.is_one else (rows, columns)
        return f"{node.op}({', '.join(map(str, sizes))})", ATOM

    def subscripted(self, letter: str, node: Expr, shown: tuple[Expr, ...]) -> Piece:
        """`e(i, n)` and `K(m, n)`, or the letter with the shown arguments as subscripts."""
        texts = [self.text(argument) for argument in shown]
        if self.style.ascii or not all(self.level(argument) == ATOM and len(text) < 3 for argument, text in zip(shown, texts)):
            return f"{self.style.name(letter, True)}({', '.join(self.text(argument) for argument in node.args)})", ATOM
        bold = self.style.name(letter, True)
        return f"{bold}_{{{','.join(texts)}}}" if self.style.latex else f"{bold}_{''.join(texts)}", ATOM

    # Sums and products.

    def sum(self, node: Expr) -> Piece:
        text = ""
        for position, term in enumerate(node.args):
            if position == 0:
                text = self.text(term)
            elif self.level(term) == NEGATION:
                text += " - " + self.text(term)[1:]
            else:
                text += " + " + self.at_least(term, OPEN)
        return text, SUM

    def negation(self, node: Expr) -> Piece:
        return "-" + self.at_least(node.args[0], OPEN), NEGATION

    def product(self, node: Expr) -> Piece:
        first, *others = node.args
        if not others:
            return self.pieces[id(first)]
        leads = self.may_lead(first, "*") and not _stands_before_matrices(first, others)
        text = self.text(first) if leads else self.grouped(first)
        if not self.style.delimited and first.op == "/" and others[-1].op == "over" and self.level(first) == TERM:
            text = self.text(first).replace(" / ", "/")  # 1/n sum_i x_i
        level = NEGATION if text.startswith("-") else TERM
        for position, factor in enumerate(others, start=2):
            last = position == len(node.args)
            opened = last and self.level(factor) == OPEN
            shown = self.text(factor) if opened else self.at_least(factor, POSTFIX)
            text += (self.style.times if _is_numeric(factor) else " ") + shown
            if opened and level == TERM:
                level = OPEN
        return text, level

    def infix(self, node: Expr) -> Piece:
        """Operators between their arguments, and functions of two arguments that a style writes so (`A ⊗ B`)."""
        first, *others = node.args
        text = self.text(first) if self.may_lead(first, node.op) else self.grouped(first)
        level = NEGATION if text.startswith("-") else TERM
        return self.style.infix[node.op].join([text, *(self.at_least(other, POSTFIX) for other in others)]), level

    def may_lead(self, node: Expr, operator: str) -> bool:
        """Whether a node may stand first in a product without brackets: what follows then multiplies all of it."""
        if self.level(node) >= POSTFIX or _is_numeric(node):
            return True
        if node.op == "neg":
            inner = node.args[0]
            return self.level(inner) >= POSTFIX or (_is_numeric(inner) and self.level(inner) > NEGATION)
        if operator == "*" and node.op == "*" and _is_contraction(node):
            return False  # (x^T x) I
        return node.op == operator and operator in ("*", ".*") and self.level(node) == TERM

    def quotient(self, node: Expr) -> Piece:
        above, below = node.args
        if self.style.delimited:
            return self.style.quotient % (self.text(above), self.text(below)), POSTFIX
        if _is_whole(above) and _is_whole(below):
            return self.style.rational(_whole(above), _whole(below))
        leads = self.may_lead(above, "/") or (above.op == "*" and self.level(above) == TERM)
        text = self.text(above) if leads else self.grouped(above)
        level = NEGATION if text.startswith("-") else TERM
        return self.style.quotient % (text, self.at_least(below, POSTFIX)), level

    # Powers and transposes.

    def transpose(self, node: Expr) -> Piece:
        argument = node.args[0]
        base = _inverted(argument)
        if base is not None:
            return self.style.inverse_transpose % self.at_least(base, ATOM), POSTFIX
        return self.style.transpose % self.at_least(argument, ATOM), POSTFIX

    def inverse(self, node: Expr) -> Piece:
        argument = node.args[0]
        if node.op in self.style.calls:
            return self.special_call(node)
        if argument.op == "'":
            return self.style.inverse_transpose % self.at_least(argument.args[0], ATOM), POSTFIX
        return self.at_least(argument, ATOM) + self.style.superscript("-1", -1), POSTFIX

    def power(self, node: Expr) -> Piece:
        base, exponent = node.args
        if exponent.op == "neg" and _is_whole(exponent.args[0]):
            whole: int | None = -_whole(exponent.args[0])
        else:
            whole = _whole(exponent) if exponent.op == "number" and isinstance(exponent.value, int) else None
        text = self.text(exponent)
        # `^T` would be read as a transpose.
        plain = self.style.delimited or whole is not None or (exponent.op == "name" and text != "T")
        return self.at_least(base, ATOM) + self.style.superscript(text if plain else self.grouped(exponent), whole), POSTFIX

    def elementwise_power(self, node: Expr) -> Piece:
        base, exponent = node.args
        shown = self.text(exponent) if self.style.delimited else self.at_least(exponent, ATOM)
        return self.style.elementwise_power % (self.at_least(base, ATOM), shown), POSTFIX

    # Calls and brackets.

    def call(self, node: Expr) -> Piece:
        if node.op in self.style.infix and len(node.args) == 2:
            return self.infix(node)
        if node.op in self.style.calls:
            return self.special_call(node)
        return self.call_named(node.op, node.args)

    def call_named(self, name: str, arguments: tuple[Expr, ...]) -> Piece:
        if not arguments:
            return self.style.words.get(name, name), ATOM
        text = ", ".join(self.text(argument) for argument in arguments)
        row = FUNCTIONS.get(name)
        if row is not None and row.along:  # softmax(X, rows)
            text += f", {self.style.lines % row.along}"
            name, row = row.of, FUNCTIONS[row.of]
        if not self.style.latex:
            return f"{self.style.words.get(name, name)}({text})", ATOM
        spelling = row.latex if row is not None and row.latex is not None else rf"\operatorname{{{name}}}"
        return (spelling.replace("{}", text) if "{}" in spelling else spelling + self.style.group % text), ATOM

    def special_call(self, node: Expr) -> Piece:
        argument = node.args[0]
        text, spelling = self.text(argument), self.style.calls[node.op]
        if spelling.startswith("||") and "||" in text:  # bars in bars cannot be told apart
            return self.call_named(node.op, node.args)
        if node.op == "norm" and self.style.latex and argument.shape is not None and kind_of(argument.shape) == "matrix":
            spelling += r"_{\mathrm{F}}"
        return spelling % text, ATOM

    def log_determinant(self, node: Expr) -> Piece:
        argument = node.args[0]
        if "logdet" in self.style.words and self.level(argument) == ATOM and argument.op == "name":
            return f"{self.style.words['logdet']} {self.text(argument)}", OPEN
        return self.call(node)

    def block(self, node: Expr) -> Piece:
        width = node.value
        assert isinstance(width, int)
        comma, semicolon, around = self.style.block
        texts = [self.text(argument) for argument in node.args]
        rows = [comma.join(texts[start : start + width]) for start in range(0, len(texts), width)]
        return around % semicolon.join(rows), ATOM

    # Entries and index notation.

    def entry(self, node: Expr) -> Piece:
        array, *indices = node.args
        if array.op == "at" and len(array.args) == 3:  # X[:,1][j] and X[:,1][j,1] are X[j,1]
            array, *places = array.args
            whole = indices if len(indices) == 2 else indices * 2  # a vector has one index, on whichever axis
            indices = [own if part.op == "all" else part for part, own in zip(places, whole)]
        is_name = array.op == "name"
        if is_name and not self.style.bold_entries and all(index.op != "all" for index in indices):
            text = self.style.name(str(array.value), False)
        else:
            text = self.at_least(array, ATOM)
            if self.style.latex and not is_name and "_" in text and text.endswith("}"):
                text = f"{{{text}}}"  # TeX takes one subscript
        return self.style.subscript(text, is_name, [self.text(index) for index in indices]), ATOM

    def delta(self, node: Expr) -> Piece:
        return self.style.subscript(self.style.delta, True, [self.text(index) for index in node.args]), ATOM

    def differential(self, node: Expr) -> Piece:
        """`dX`, the differential of a variable or definition; `d(A x + b)`, that of an expression."""
        if node.args:
            return self.style.differential % self.grouped(node.args[0]), POSTFIX
        bold = node.shape is not None and kind_of(node.shape) != "scalar"
        return self.style.differential % self.style.name(str(node.value), bold), ATOM

    def higher(self, node: Expr) -> Piece:
        """`d2f`, a second differential; with the directions it is taken in where they differ, `d2f(dx, dW)`."""
        output, *directions = map(self.text, node.args)
        order = node.value
        assert isinstance(order, int)
        power = self.style.superscript(str(order), order).lstrip("^" if self.style.ascii else "")
        text = self.style.differential.replace("%s", power + output)
        return text + (self.style.group % ", ".join(directions) if directions else ""), ATOM

    def contraction(self, node: Expr) -> Piece:
        """Double contractions of tensors, `E X^T : F`; products bind tighter."""
        return self.style.infix[":"].join(self.at_least(part, TERM) for part in node.args), OPEN

    def isotropic(self, node: Expr) -> Piece:
        """E and F, fourth-order tensors."""
        letter = str(node.value)
        return rf"\mathcal{{{letter}}}" if self.style.latex else letter, ATOM

    def partial(self, node: Expr) -> Piece:
        """A derivative that is named, not worked out: `dy[i]/dW[k,l]`; `value` is its order."""
        above, *below = (self.at_least(part, POSTFIX) for part in node.args)
        order = node.value
        assert isinstance(order, int)
        mark, gap, separator, quotient = self.style.partial
        power = self.style.superscript(str(order), order).lstrip("^" if self.style.ascii else "") if order > 1 else ""
        changes = separator.join(f"{mark}{gap}{text}" for text in below)
        return quotient % (f"{mark}{power}{gap}{above}", changes), POSTFIX

    def held(self, node: Expr) -> Piece:
        """A derivative while other values are held: `(dz/du[i])_v`."""
        derivative, *values = map(self.text, node.args)
        return self.style.held % (self.style.group % derivative, ",".join(values)), ATOM

    def sigma(self, node: Expr) -> Piece:
        body, *indices = node.args
        letters = ",".join(self.text(index) for index in indices)
        return self.style.sigma % (letters, self.at_least(body, OPEN)), OPEN


def _is_contraction(node: Expr) -> bool:
    """A product of vectors and matrices that is a scalar."""
    return node.shape is not None and kind_of(node.shape) == "scalar" and any(_is_array(factor) for factor in node.args)


def _is_array(node: Expr) -> bool:
    return node.shape is not None and kind_of(node.shape) != "scalar"


def _stands_before_matrices(first: Expr, others: list[Expr]) -> bool:
    """Whether a scalar such as x^T y leads a product of arrays: (x^T y) A x; before a single column, x^T y z, it needs no brackets."""
    if first.op != "*" or first.shape is None or kind_of(first.shape) != "scalar":
        return False
    arrays = [other for other in others if other.shape is not None and kind_of(other.shape) != "scalar"]
    return len(arrays) > 1 or any(other.shape is not None and kind_of(other.shape) == "matrix" for other in arrays)


def _is_whole(node: Expr) -> bool:
    return node.op == "number" and isinstance(node.value, int) and node.value >= 0


def _whole(node: Expr) -> int:
    assert isinstance(node.value, int)
    return node.value


def _is_numeric(node: Expr) -> bool:
    """A number, or a quotient of two: a coefficient, which needs a multiplication sign after another factor."""
    return node.op == "number" or (node.op == "/" and all(_is_whole(part) for part in node.args))


def _inverted(node: Expr) -> Expr | None:
    """The matrix that `node` is the inverse of, or None."""
    if node.op == "inv":
        return node.args[0]
    if node.op != "^":
        return None
    exponent = node.args[1]
    one_below = exponent.op == "neg" and exponent.args[0].op == "number" and exponent.args[0].value == 1
    return node.args[0] if one_below or (exponent.op == "number" and exponent.value == -1) else None


_WRITERS: dict[str, Callable[[_Printer, Expr], Piece]] = {
    "name": _Printer.name,
    "size": lambda printer, node: (printer.style.name(str(node.value), False), ATOM),
    "number": _Printer.number,
    "index": lambda printer, node: (printer.style.name(letter_of(node), False), ATOM),
    "all": lambda printer, node: (":", ATOM),
    "e": lambda printer, node: printer.subscripted("e", node, node.args[:1]),
    "commutation": lambda printer, node: printer.subscripted("K", node, node.args),
    "over": _Printer.over,
    "condition": _Printer.condition,
    "I": _Printer.identity,
    "ones": _Printer.constant,
    "zeros": _Printer.constant,
    "+": _Printer.sum,
    "neg": _Printer.negation,
    "*": _Printer.product,
    ".*": _Printer.infix,
    "./": _Printer.infix,
    ":": _Printer.infix,
    "/": _Printer.quotient,
    "'": _Printer.transpose,
    "inv": _Printer.inverse,
    "^": _Printer.power,
    ".^": _Printer.elementwise_power,
    "logdet": _Printer.log_determinant,
    "block": _Printer.block,
    "entry": _Printer.entry,
    "at": _Printer.entry,
    "delta": _Printer.delta,
    "sigma": _Printer.sigma,
    "differential": _Printer.differential,
    "partial": _Printer.partial,
    "higher": _Printer.higher,
    "contract": _Printer.contraction,
    "isotropic": _Printer.isotropic,
    "dyad": _Printer.infix,
    "held": _Printer.held,
}
