"""Errors of sizes and kinds in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from matdiff import errors
from matdiff.carets import Help, Label
from matdiff.dims import Shape
from matdiff.errors import Fix
from matdiff.kinds import kind_of
from matdiff.parts import names_in
from matdiff.render.spelling import matrix_size, unicode_size
from matdiff.render.text import text as printed
from matdiff.replace import LONGEST_CORRECTION, correction, cut, expr_of, parses, replaced, statement_around
from matdiff.syntax import Expr, Span

Words = tuple[str, Sequence[Label], Sequence[Help], Sequence[str]]
# A longer operand is not repeated in the message; its label shows it.
_LONGEST_OPERAND = 16
NOWHERE = Span(0, 0)


# Shapes in words


def _shape(expr: Expr) -> Shape:
    assert expr.shape is not None, "errors of sizes carry typed operands"
    return expr.shape


def _kind(expr: Expr) -> str:
    return kind_of(_shape(expr))


def _sizes(expr: Expr) -> str:
    """`m × n`, `size m`, `1 × n`, `1 × 1`."""
    shape = _shape(expr)
    return f"size {unicode_size(shape[0])}" if kind_of(shape) == "vector" else matrix_size(shape)


def _named(expr: Expr, text: str) -> str:
    """`W (m × n)`; a long operand only by its kind and size."""
    written = cut(text, expr.span)
    kind = _kind(expr)
    if not written or len(written) > _LONGEST_OPERAND or "\n" in written or written[0] in "([":
        written = {"scalar": "a scalar", "vector": "a vector", "row": "a row", "matrix": "a matrix"}[kind]
    return f"{written} ({_sizes(expr)})" if kind != "scalar" else f"{written} (a scalar)" if written != "a scalar" else written


def _described(expr: Expr) -> str:
    """`scalar`, `vector of size n`, `n × k`."""
    kind = _kind(expr)
    return {"scalar": "scalar", "vector": f"vector of {_sizes(expr)}", "row": f"row {_sizes(expr)}"}.get(kind, _sizes(expr))


def _with_subject(expr: Expr, text: str) -> str:
    """`W is m × n`, or the size alone where the operand is no name; `a vector`."""
    kind = _kind(expr)
    if kind != "matrix":
        return f"a {kind}"
    return f"{cut(text, expr.span)} is {_sizes(expr)}" if expr.op == "name" else _sizes(expr)


def _label(expr: Expr, words: str, *, primary: bool = True) -> Label:
    return Label(expr.span or NOWHERE, words, primary=primary, shape=expr.shape)


def _different(rigid: Sequence[str], left: Expr, right: Expr) -> list[str]:
    """That two declared names are two sizes; in the order in which the shapes show them."""
    if len(rigid) < 2:
        return []
    shown = [name for dim in (*_shape(left), *_shape(right)) for name in dim.names]
    *names, last = sorted(rigid, key=lambda name: shown.index(name) if name in shown else len(shown))
    return [f"{', '.join(names)} and {last} were declared, so they are different sizes"]


def _reasons(reasons: Sequence[errors.SizeReason], text: str) -> list[str]:
    """Where sizes come from that nobody declared."""
    axes = ("rows", "columns")
    return [f"{r.variable} has {r.size} {axes[r.axis]} because of `{cut(text, r.span)}`" for r in reasons if r.span is not None]


# Corrections


def fixed_text(text: str, fix: Fix) -> str | None:
    """The statement with the correction; brackets only where it would be read differently without."""
    if fix.target.span is None:
        return None
    span = fix.target.span
    statement = statement_around(text, span.start)
    if statement.end - statement.start > LONGEST_CORRECTION:
        return None
    if fix.name is not None:
        return _split(text, statement, [fix, *fix.others])
    new = _spelled(fix.replacement, text)
    local = Span(span.start - statement.start, span.end - statement.start)
    bare = replaced(cut(text, statement), local, new)
    bracketed = replaced(cut(text, statement), local, f"({new})")
    meant = expr_of(bracketed)
    if meant is None:
        return None
    return bare if expr_of(bare) == meant else bracketed


def _split(text: str, statement: Span, fixes: list[Fix]) -> str:
    """The statement with blanks between names that are written together; those in other statements are left to these."""
    whole = cut(text, statement)
    spans = {fix.name.span: fix for fix in fixes if fix.name is not None and fix.name.span is not None}
    for span in sorted(spans, key=lambda span: span.start, reverse=True):
        if not (statement.start <= span.start and span.end <= statement.end):
            continue
        factors = spans[span].replacement.args
        parts = [str((names_in(factor) or [factor])[0].value or factor.op) for factor in factors]
        written = cut(text, span).replace("".join(parts), " ".join(parts))  # in its parentheses, if it has any
        whole = replaced(whole, Span(span.start - statement.start, span.end - statement.start), written)
    return whole


def _spelled(expr: Expr, text: str) -> str:
    """Parts that the user wrote stay as they were written."""
    if expr.span is not None and expr.op == "name":
        return cut(text, expr.span)
    return printed(expr)


def _table(rows: list[tuple[str, str, str | None]]) -> list[Help]:
    """Corrections with what each of them is, in two columns: (shown, words, whole correction)."""
    longest = max((len(shown) for shown, _, _ in rows), default=0)
    return [Help(words, whole, f"{shown:<{longest}}   {words}") for shown, words, whole in rows]


def _fixes(fixes: Sequence[Fix], text: str, words: dict[str, str]) -> list[Help]:
    """One help line for each correction; `words` says what the corrections of a table are."""
    help: list[Help] = []
    rows: list[tuple[str, str, str | None]] = []
    for fix in fixes:
        whole = fixed_text(text, fix)
        if whole is None:
            continue
        shown = _spelled(fix.replacement, text)
        if fix.what in words:
            rows.append((shown, words[fix.what], whole))
        elif fix.what == "transpose" and fix.replacement.op == "'":
            help.append(Help(f"transpose {cut(text, fix.target.span)}", whole))
        elif fix.what == "no-transpose":
            help.append(Help("drop the transpose", whole))
        elif fix.what in _CONDITIONS and (fix.what, fix.target.op) != ("gram", "^"):
            condition = _CONDITIONS[fix.what].replace("{}", printed(fix.target))
            help.append(Help(condition, whole, f"{whole if fix.what == 'gram' else shown}, {condition}"))
        else:
            help.append(Help("", whole, whole))
    return [*help, *_table(rows)]


_CONDITIONS = {
    "gram": "if the columns of {} are independent",
    "linear": "if a linear term was meant",
    "inverse": "if the inverse was meant",
    "pinv": "if the pseudo-inverse was meant",
}


# E3xx


def _product(error: errors.ProductSizes, text: str) -> Words:
    left, right = error.left, error.right
    words = {
        "inner": "inner product (a scalar)",
        "outer": "outer product (a matrix)",
        "elementwise": "elementwise product (a vector)",
    }
    help, notes = (
        _fixes(error.fixes, text, words),
        [*_different(error.rigid, error.left, error.right), *_reasons(error.reasons, text)],
    )
    if _kind(left) == _kind(right) == "vector":
        labels = [_label(left, "vector", primary=False), _label(right, "vector")]
        return "cannot multiply two column vectors", labels, help, notes
    message = f"cannot multiply {_named(left, text)} by {_named(right, text)}"
    needed = unicode_size(_shape(left)[1])
    if _kind(right) != "vector":
        needed = "1 row is" if needed == "1" else f"{needed} rows are"
    else:
        needed = f"{needed} is"
    rows = f"{_sizes(right)}, but {needed} needed here"
    labels = [_label(left, _subject_sizes(left, text), primary=False), _label(right, rows)]
    return message, labels, help, notes


def _subject_sizes(expr: Expr, text: str) -> str:
    """`W is m × n`, `x has size n`, or the size alone."""
    if expr.op != "name":
        return _sizes(expr)
    verb = "has" if _kind(expr) == "vector" else "is"
    return f"{cut(text, expr.span)} {verb} {_sizes(expr)}"


def _sum(error: errors.SumShapes, text: str) -> Words:
    left, right = error.left, error.right
    one, other = _kind(left), _kind(right)
    found = {fix.what for fix in error.fixes}
    # The smaller change says it; its alternatives would be correct, but are hardly meant.
    unlikely = {"transpose"} if "no-transpose" in found else {"ones"} if "linear" in found else set()
    fixes = [fix for fix in error.fixes if fix.what not in unlikely]
    help = _fixes(
        fixes,
        text,
        {"ones-row": "adds it to every row", "ones-column": "adds it to every column", "ones": "adds it to every entry"},
    )
    notes = [*_different(error.rigid, error.left, error.right), *_reasons(error.reasons, text)]
    if one != other:
        verb = f"subtract a {other} from a {one}" if error.subtracted else f"add a {one} and a {other}"
        labels = [_label(left, _described(left), primary=False), _label(right, _described(right))]
        for kind, operand in ((one, right), (other, left)):
            if kind == "scalar" and operand.op == "name" and _kind(operand) == "vector":
                name = operand.value
                help.append(Help(f'declare {name} as a scalar: --var "{name}: scalar"'))
    else:
        sizes = _sizes(left).removeprefix("size "), _sizes(right).removeprefix("size ")
        noun = "vectors of sizes " if one == "vector" else ""
        verb = f"subtract {sizes[1]} from {sizes[0]}" if error.subtracted else f"add {sizes[0]} and {sizes[1]}"
        if noun:
            verb = f"{'subtract' if error.subtracted else 'add'} {noun}{sizes[0]} and {sizes[1]}"
        labels = [_label(left, _sizes(left), primary=False), _label(right, _sizes(right))]
    return f"cannot {verb}", labels, help, notes


def _elementwise(error: errors.ElementwiseShapes, text: str) -> Words:
    left, right = error.left, error.right
    help: list[Help] = []
    for fix in error.fixes[:1]:
        words = {}
        if fix.what == "diag":
            diagonal_first = fix.replacement.args[0].op == "diag"
            one, other = (left, right) if _kind(left) != "matrix" else (right, left)
            axis = "rows" if diagonal_first else "columns"
            words = {"diag": f"scales the {axis} of {cut(text, other.span)} by {cut(text, one.span)}"}
        help += _fixes((fix,), text, words)
    if _kind(left) != _kind(right):
        labels = [_label(left, _kind(left), primary=False), _label(right, _kind(right))]
    else:
        labels = [_label(left, _sizes(left), primary=False), _label(right, _sizes(right))]
    what = "the Frobenius product" if error.operator == ":" else "elementwise"
    return (
        f"{what} `{error.operator}` needs two equal shapes",
        labels,
        help,
        [*_different(error.rigid, error.left, error.right), *_reasons(error.reasons, text)],
    )


def _not_square(error: errors.NotSquare, text: str) -> Words:
    subject = "a matrix power" if error.function == "^" else f"`{error.function}`"
    help = _fixes(error.fixes, text, {"elementwise": "elementwise power"})
    return (
        f"{subject} needs a square matrix",
        [_label(error.argument, _with_subject(error.argument, text))],
        help,
        _reasons(error.reasons, text),
    )


def _wrong_kind(error: errors.WrongKind, text: str) -> Words:
    label = _label(
        error.argument, f"a {_kind(error.argument)}" if _kind(error.argument) != "matrix" else _with_subject(error.argument, text)
    )
    argument = cut(text, error.argument.span)
    help = []
    if error.function in _BY_ROWS and _kind(error.argument) == "matrix" and error.argument.span is not None:
        written = argument[1:-1] if argument.startswith("(") and argument.endswith(")") and parses(argument[1:-1]) else argument
        help = [Help(f"of every row: {_BY_ROWS[error.function].format(written)}")]
    return f"`{error.function}` needs a {error.expected}", [label], help, []


# Functions of a vector, of every row of a matrix.
_BY_ROWS = {
    "softmax": "diag(1 ./ (exp({0}) ones)) exp({0})",
    "logsumexp": "log(exp({0}) ones)",
}


def _blocks(error: errors.BlockSizes, text: str) -> Words:
    side, arrangement = ("rows", "beside") if error.axis == 0 else ("columns", "below")
    labels = [_label(error.left, _sizes(error.left), primary=False), _label(error.right, _sizes(error.right))]
    message = f"blocks {arrangement} one another need the same number of {side}"
    return message, labels, [], [*_different(error.rigid, error.left, error.right), *_reasons(error.reasons, text)]


def _power(error: errors.PowerKind, text: str) -> Words:
    squared = error.exponent.value == 2
    words = {"inner": "sum of squares", "elementwise": "elementwise square" if squared else "elementwise power"}
    label = [_label(error.culprit, _with_subject(error.culprit, text))]
    rows: list[tuple[str, str, str | None]] = []
    for fix in error.fixes:
        whole, shown = fixed_text(text, fix), _spelled(fix.replacement, text)
        if fix.what == "elementwise" and error.base.span and error.exponent.span:
            # One dot more in what the user wrote.
            dot = error.base.span.end
            shown = text[error.base.span.start : dot] + "." + text[dot : error.exponent.span.end].lstrip()
            whole = correction(text, replaced(text, Span(dot, dot), "."), error.base.span)
        rows.append((shown, words.get(fix.what, ""), whole))
    message = (
        "the exponent of `^` must be a scalar" if error.culprit is error.exponent else "`^` needs a scalar or a square matrix"
    )
    return message, label, _table(rows), []


def _quotient(error: errors.DivisionKind, text: str) -> Words:
    kind = _kind(error.denominator)
    labels = [_label(error.denominator, f"a {kind}", primary=False)]
    if error.numerator.span and error.denominator.span:
        slash = text.find("/", error.numerator.span.end, error.denominator.span.start)
        labels += [Label(Span(slash, slash + 1))] if slash >= 0 else []
    words = {"elementwise": "elementwise quotient", "inverse": "product with the inverse"}
    return f"cannot divide by a {kind}", labels, _fixes(error.fixes, text, words), []


def _zero(error: errors.DivisionByZero, text: str) -> Words:
    labels = [Label(error.span, "this is 0" if error.is_hidden else "")] if error.span else []
    return "division by zero", labels, [], []


def _no_value(error: errors.NoValue, text: str) -> Words:
    function = f"`{error.function}`" if error.exponent is None else f"a power with the exponent {error.exponent}"
    labels = [Label(error.span, f"{function} has no value at {error.value}")] if error.span else []
    return "no real value", labels, [], []


def _index(error: errors.IndexRange, text: str) -> Words:
    notes = ["indices start at 1"] if error.index == "0" or error.index.startswith("-") else []
    return f"the index {error.index} is not between 1 and {error.size}", [Label(error.span)], [], notes


def _no_size(error: errors.NoSize, text: str) -> Words:
    what = "an index" if error.index else "a size"
    of = "a whole number, a name, or a sum or product of these"
    return f"this is not {what}", [Label(error.span, f"{what} is {of}, at least 1")], [], []


def _arguments(error: errors.ArgumentSizes, text: str) -> Words:
    labels = [_label(error.left, _sizes(error.left), primary=False), _label(error.right, _sizes(error.right))]
    return (
        f"the arguments of `{error.function}` do not fit",
        labels,
        [],
        [*_different(error.rigid, error.left, error.right), *_reasons(error.reasons, text)],
    )


def _undecided(error: errors.UndecidedSizes, text: str) -> Words:
    message = f"cannot decide whether the sizes {error.left} and {error.right} are equal"
    return message, [Label(error.span)] if error.span else [], [Help("declare the sizes of the variables")], []


def _definition(error: errors.DefinitionShape, text: str) -> Words:
    declared = matrix_size(error.declared)
    message = f"`{error.variable}` is declared {declared}, but defined {matrix_size(_shape(error.definition))}"
    return message, [_label(error.definition, _sizes(error.definition))], [], []


SHAPE_WORDS: dict[type, Callable[[Any, str], Words]] = {
    errors.ProductSizes: _product,
    errors.SumShapes: _sum,
    errors.ElementwiseShapes: _elementwise,
    errors.NotSquare: _not_square,
    errors.WrongKind: _wrong_kind,
    errors.BlockSizes: _blocks,
    errors.PowerKind: _power,
    errors.DivisionKind: _quotient,
    errors.DivisionByZero: _zero,
    errors.NoValue: _no_value,
    errors.IndexRange: _index,
    errors.NoSize: _no_size,
    errors.ArgumentSizes: _arguments,
    errors.UndecidedSizes: _undecided,
    errors.DefinitionShape: _definition,
}
