"""What is wrong, or worth a remark, in statements that could be read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Union

from matdiff.functions import FUNCTIONS, NAMES, function_written
from matdiff.language.errors import (
    CircularDefinition,
    DeclaredLate,
    DeclaredTwice,
    DivisionByZero,
    DivisionThenProduct,
    MatdiffError,
    NoSize,
    NumberAsFactor,
    Remark,
    TooLarge,
    UnspecifiedFunction,
    WordAsFactor,
    WrongArity,
)
from matdiff.language.kinds import is_greek, is_usual_number, stem
from matdiff.language.queries import constant, post_order
from matdiff.language.statements import Declaration, Definition, Question, Statement
from matdiff.language.syntax import Expr, Span
from matdiff.limits import DEPTH
from matdiff.read.split import end_of_atom
from matdiff.read.tokens import CALLED_BY_PAIR, CONSTANTS, GREEK, SPECIAL_CALLS, normal_name

if TYPE_CHECKING:
    from matdiff.read.lalr import Token
    from matdiff.read.split import Sentence

# The number of arguments of what is called like a function but is not in the table.
_OTHER_CALLS = {"'": 1, "rows": 1, "cols": 1, "e": 2, "unvec": 3, "commutation": 2}
_MOST_SIZES = {"I": 1, "ones": 2, "zeros": 2}
# Which arguments of an operation are sizes and which indices: from one place to another.
_SIZES = {"I": (0, 1), "ones": (0, 2), "zeros": (0, 2), "e": (1, 2), "unvec": (1, 3), "commutation": (0, 2)}
_INDICES = {"e": (0, 1), "at": (1, 3)}


def span_of_expr(expr: Expr) -> Span:
    """Every node of a parsed expression has a span."""
    assert expr.span is not None
    return expr.span


def depth(expr: Expr) -> int:
    """Levels of the expression."""
    depths: dict[int, int] = {}
    for node in post_order(expr):
        depths[id(node)] = 1 + max((depths[id(argument)] for argument in node.args), default=0)
    return depths[id(expr)]


def check_depth(expr: Expr) -> None:
    """Raises TooLarge."""
    if depth(expr) > DEPTH:
        raise TooLarge(what="depth", limit=DEPTH, span=expr.span)


def length(expr: Expr) -> int:
    """The nodes of the expression as it is written out: parts that stand in several places count for each."""
    lengths: dict[int, int] = {}
    for node in post_order(expr):
        lengths[id(node)] = 1 + sum(lengths[id(argument)] for argument in node.args)
    return lengths[id(expr)]


def wrong_calls(expr: Expr) -> Iterator[MatdiffError]:
    """Calls with the wrong number of arguments, and divisions by the number 0."""
    for node in post_order(expr):
        row = FUNCTIONS.get(node.op)
        expected = row.arity if row is not None and row.is_word else _OTHER_CALLS.get(node.op)
        if len(node.args) > _MOST_SIZES.get(node.op, len(node.args)):
            expected = _MOST_SIZES[node.op]
        if expected is not None and len(node.args) != expected:
            function = "transpose" if node.op == "'" else node.op
            yield WrongArity(span=node.span, function=function, expected=expected, got=len(node.args), call=node)
        for places, index in ((_SIZES, False), (_INDICES, True)):
            first, end = places.get(node.op, (0, 0))
            for arg in node.args[first:end]:
                part = next((part for part in post_order(arg) if not _is_of_sizes(part, part is arg)), None)
                number = constant(arg)
                if part is not None or (not index and number is not None and number < 1):
                    yield NoSize(span=span_of_expr(part or arg), index=index)
        if node.op in ("/", "./") and node.args[1].op == "number" and node.args[1].value == 0:
            yield DivisionByZero(span=node.args[1].span)


def _is_of_sizes(node: Expr, whole: bool) -> bool:
    """Whether a node may stand in a size or an index; `:` stands alone."""
    if node.op == "number":
        return isinstance(node.value, int)
    return node.op in ("name", "neg", "+", "*") or (whole and node.op in ("all", "index"))


def divisions(text: str, expr: Expr) -> Iterator[Remark]:
    """`a / b c`, which is (a / b) c, may be meant as a / (b c); not when its spacing says so (`1/n x`) or with numbers only."""
    for node in post_order(expr):
        if node.op != "*":
            continue
        for position, factor in enumerate(node.args[:-1]):
            following = node.args[position + 1]
            # By a transpose alone nothing can be divided: the quotient takes more factors where it fits.
            is_plain = factor.op == "/" and factor.args[1].op != "'" and _is_juxtaposed(text, factor, following)
            is_glued = is_plain and _is_glued_number(text, factor, following)
            if not is_plain or (_is_clear(text, factor) and not is_glued):
                continue
            end = position + 1
            while not is_glued and end + 1 < len(node.args) and _is_juxtaposed(text, node.args[end], node.args[end + 1]):
                end += 1
            division = span_of_expr(factor)
            numerator, denominator = factor.args
            product = Span(division.start, span_of_expr(node.args[end]).end)
            yield DivisionThenProduct(division=division, numerator=numerator.span, denominator=denominator.span, product=product)


def _is_clear(text: str, division: Expr) -> bool:
    """In brackets, of numbers, or written tight with a space after it: `1/n x`."""
    numerator, denominator = division.args
    end = span_of_expr(denominator).end
    tight = text[span_of_expr(numerator).end : span_of_expr(denominator).start] == "/" and text[end : end + 1].isspace()
    return tight or span_of_expr(division).end != end or numerator.op == denominator.op == "number"


def _is_glued_number(text: str, division: Expr, following: Expr) -> bool:
    """`1/2sigma^2` and `1/2n`, where a name of a number is written together with the number that divides."""
    name = following
    while name.args:
        name = name.args[0]
    is_glued = span_of_expr(division).end == span_of_expr(following).start and text[span_of_expr(division).end - 1].isdigit()
    return is_glued and name.op == "name" and (is_greek(str(name.value)) or is_usual_number(str(name.value)))


def _is_juxtaposed(text: str, left: Expr, right: Expr) -> bool:
    """Whether only blanks stand between two factors."""
    return not text[span_of_expr(left).end : span_of_expr(right).start].strip()


def factors(text: str, expr: Expr) -> Iterator[Remark]:
    """`1 2`, which is a product here, may be meant as two entries of a row, and `x(1)` as an entry of x."""
    for node in post_order(expr):
        for left, right in zip(node.args, node.args[1:]) if node.op == "*" else ():
            while right.op in ("^", ".^", "'"):  # x(1)^2
                right = right.args[0]
            span = Span(span_of_expr(left).start, span_of_expr(right).end)
            if right.op != "number" or not _is_juxtaposed(text, left, right):
                continue
            is_bracketed = text[span_of_expr(right).start] == "("
            if left.op == "number" and not is_bracketed:
                yield NumberAsFactor(span=span, entry="")
            touches = span_of_expr(left).end == span_of_expr(right).start
            if left.op == "name" and is_bracketed and touches and left.value not in GREEK.values():
                yield NumberAsFactor(span=span, entry=str(left.value))


# Greek letters that papers call as functions.
_CALLED = ("sigma", "phi", "psi", "Phi", "Psi")
# What papers write in front of an expression.
_IN_FRONT = r"(?:arg)?(?:min|max)(?:imi[sz]e)?_\w+|(?:min|max)imi[sz]e|arg(?:min|max)|nabla(?:_\w+)?|gradient|jacobian|hessian"


def words(text: str, expr: Expr) -> Iterator[WordAsFactor]:
    """`sigma(x)`, which is sigma times x, may be meant as a call, and `min_x f` as f."""
    uses: dict[str, list[Expr]] = {}
    called: dict[str, list[Expr]] = {}
    for node in post_order(expr):
        if node.op == "name":
            uses.setdefault(str(node.value), []).append(node)
        for left, right in zip(node.args, node.args[1:]) if node.op == "*" else ():
            end = span_of_expr(left).end
            is_call = left.op == "name" and end == span_of_expr(right).start and text[end] == "("
            if is_call and (left.value in _CALLED or (left is node.args[0] and _is_like_a_call(left, right))):
                called.setdefault(str(left.value), []).append(left)
        if node.op == "*" and node.args[0].op == "name" and re.fullmatch(_IN_FRONT, str(node.args[0].value)):
            name = node.args[0]
            yield WordAsFactor(span=span_of_expr(name), word=str(name.value), meant="")
    for word, places in called.items():
        if len(places) == len(uses[word]):
            yield WordAsFactor(span=span_of_expr(places[0]), word=word, meant=function_written(word) if word in _CALLED else None)


def _is_like_a_call(left: Expr, right: Expr) -> bool:
    """`A(x + b)`: a capital, or the letter of a function, touches a bracket with names that nothing follows."""
    name = str(left.value)
    is_letter = len(name) == 1 and (name.isupper() or name in "fgh")
    return is_letter and right.op not in ("^", ".^", "'", "at") and any(node.op == "name" for node in post_order(right))


# What statements say about one another


def repeated(text: str, statements: list[Statement]) -> Iterator[MatdiffError]:
    """A name declared or defined twice."""
    for kind in (Declaration, Definition):
        first: dict[str, Union[Declaration, Definition]] = {}
        for statement in statements:
            if not isinstance(statement, kind):
                continue
            earlier = first.setdefault(statement.name, statement)
            if earlier is not statement:
                yield DeclaredTwice(
                    variable=statement.name,
                    first=earlier.span,
                    second=statement.span,
                    first_text=_meaning(text, earlier),
                    second_text=_meaning(text, statement),
                )


def declared_late(text: str, statements: list[Statement]) -> Iterator[MatdiffError]:
    """A declaration behind an expression that uses its name."""
    uses: dict[str, Expr] = {}
    definitions: dict[str, Expr] = {}
    declared: set[str] = set()
    for statement in statements:
        if isinstance(statement, Definition):
            definitions[statement.name] = statement.expr
        elif isinstance(statement, Question):
            pending = [statement.expr]
            while pending:
                for node in post_order(pending.pop()):
                    if node.op == "name" and str(node.value) not in uses:
                        uses[str(node.value)] = node
                        pending += [definitions[str(node.value)]] if node.value in definitions else []
        elif statement.name in declared:
            continue  # told as declared twice
        elif statement.name not in uses:
            declared.add(statement.name)
        else:
            first = span_of_expr(uses[statement.name])
            yield DeclaredLate(variable=statement.name, used=first, span=statement.span)


def _meaning(text: str, statement: Union[Declaration, Definition]) -> str:
    """`m × n`, or the definition."""
    written = text[statement.span.start : statement.span.end]
    if isinstance(statement, Definition):
        return written.partition("=")[2].strip()
    return written.partition(":")[2].replace(" x ", " × ").strip()


def circular(statements: list[Statement]) -> Iterator[MatdiffError]:
    """Definitions that need each other; every circle is told once."""
    uses: dict[str, dict[str, Span]] = {}
    for statement in statements:
        if isinstance(statement, Definition):
            names = uses.setdefault(statement.name, {})
            for node in post_order(statement.expr):
                if node.op == "name":
                    names.setdefault(str(node.value), span_of_expr(node))
    done: set[str] = set()
    for start in uses:
        # The path from `start`, with the place of every name on it, and what is left to follow from each.
        path: dict[str, int] = {start: 0}
        pending = [iter(uses[start])]
        while pending and start not in done:
            name = next((used for used in pending[-1] if used in uses and used not in done), None)
            if name is None:
                done.add(path.popitem()[0])
                pending.pop()
            elif name in path:
                circle = list(path)[path[name] :]
                yield CircularDefinition(uses=tuple((n, m, uses[n][m]) for n, m in zip(circle, [*circle[1:], name], strict=True)))
                done.update(path)
            else:
                path[name] = len(path)
                pending.append(iter(uses[name]))


# Tokens


def unspecified(sentence: Sentence, tokens: list[Token], declared: Collection[str]) -> bool:
    """Whether a function is called that nobody has specified, which fails the sentence."""
    alone = {
        normal_name(token) for token, following in zip(tokens, [*tokens[1:], None]) if token.type == "NAME" and following != "("
    }
    is_foreign = any(token.type == "FOREIGN" and token not in ("|", "{", "}") for token in tokens)
    for place, token in enumerate(tokens):
        following = tokens[place + 1 : place + 2]
        if is_foreign or token.type != "NAME" or not following or following[0] != "(" or following[0].start_pos != token.end_pos:
            continue
        name = normal_name(token)
        is_value = name in declared or name in alone or name.startswith("_")
        is_known = name in NAMES or name in SPECIAL_CALLS or name in CONSTANTS
        is_raised = place > 0 and tokens[place - 1].type in ("CARET", "DOT_CARET")
        if is_value or is_raised or (is_known and name not in CALLED_BY_PAIR):
            continue
        end = end_of_atom(tokens, place + 1)
        inside = tokens[place + 2 : end - 1]
        names = [normal_name(part) for part in inside[::2]]
        is_list = (
            len(inside) % 2 == 1
            and all(part.type == "NAME" for part in inside[::2])
            and all(part == "," for part in inside[1::2])
        )
        if is_list and not (name in CALLED_BY_PAIR and len(names) == 2) and not _is_word(name):
            sentence.fail(
                UnspecifiedFunction(
                    span=Span(token.start_pos, tokens[end - 1].end_pos), function=str(token), arguments=tuple(names)
                )
            )
            return True
    return False


def _is_word(name: str) -> bool:
    """Whether it is so long that a misspelt function is likelier."""
    return len(stem(name)) > 2 and stem(name) not in GREEK.values()
