"""Errors of sizes and kinds in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matdiff.language import errors
from matdiff.language.kinds import kind_of
from matdiff.language.queries import shape_of
from matdiff.language.spelling import matrix_size, unicode_size
from matdiff.language.syntax import Expr, Span
from matdiff.mistakes.diagnostic import Label, Wording, Words, plain
from matdiff.mistakes.texts import cut
from matdiff.recover.entries import LETTERS

# A longer operand is not repeated in the message; its label shows it.
_LONGEST_OPERAND = 16
NOWHERE = Span(0, 0)


# Shapes in words


def _kind(expr: Expr) -> str:
    return kind_of(shape_of(expr))


def _sizes(expr: Expr) -> str:
    """`m × n`, `size m`, `1 × n`, `1 × 1`."""
    shape = shape_of(expr)
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
    shown = [name for dim in (*shape_of(left), *shape_of(right)) for name in dim.names]
    *names, last = sorted(rigid, key=lambda name: shown.index(name) if name in shown else len(shown))
    return [f"{', '.join(names)} and {last} were declared, so they are different sizes"]


def _sizes_of(error: Any, text: str) -> list[str]:
    """Why the sizes of both operands differ."""
    return [*_different(error.rigid, error.left, error.right), *_reasons(error.reasons, text)]


def _reasons(reasons: Sequence[errors.SizeReason], text: str) -> list[str]:
    """Where sizes come from that nobody declared."""
    axes = ("rows", "columns")
    return [f"{r.variable} has {r.size} {axes[r.axis]} because of `{cut(text, r.span)}`" for r in reasons if r.span is not None]


# E3xx


def _product(error: errors.ProductSizes, text: str) -> Words:
    left, right = error.left, error.right
    notes = _sizes_of(error, text)
    if _kind(left) == _kind(right) == "vector":
        return "cannot multiply two column vectors", [_label(left, "vector", primary=False), _label(right, "vector")], notes
    message = f"cannot multiply {_named(left, text)} by {_named(right, text)}"
    needed = unicode_size(shape_of(left)[1])
    if _kind(right) != "vector":
        needed = "1 row is" if needed == "1" else f"{needed} rows are"
    else:
        needed = f"{needed} is"
    rows = f"{_sizes(right)}, but {needed} needed here"
    return message, [_label(left, _subject_sizes(left, text), primary=False), _label(right, rows)], notes


def _subject_sizes(expr: Expr, text: str) -> str:
    """`W is m × n`, `x has size n`, or the size alone."""
    if expr.op != "name":
        return _sizes(expr)
    verb = "has" if _kind(expr) == "vector" else "is"
    return f"{cut(text, expr.span)} {verb} {_sizes(expr)}"


def _sum(error: errors.SumShapes, text: str) -> Words:
    left, right, verb = error.left, error.right, "subtract" if error.subtracted else "add"
    one, other = _kind(left), _kind(right)
    if one != other:
        message = f"cannot subtract a {other} from a {one}" if error.subtracted else f"cannot add a {one} and a {other}"
        labels = [_label(left, _described(left), primary=False), _label(right, _described(right))]
        return message, labels, _sizes_of(error, text)
    first, second = (_sizes(operand).removeprefix("size ") for operand in (left, right))
    what = f"vectors of sizes {first} and {second}" if one == "vector" else f"{first} and {second}"
    if error.subtracted and one != "vector":
        what = f"{second} from {first}"
    return _operands(f"cannot {verb} {what}")(error, text)


def _operands(message: str) -> Wording:
    """Words for two operands whose sizes differ."""
    return lambda error, text: (message.format(error), _both(error), _sizes_of(error, text))


def _both(error: Any) -> list[Label]:
    """The sizes of both operands."""
    return [_label(error.left, _sizes(error.left), primary=False), _label(error.right, _sizes(error.right))]


def _blocks(error: errors.BlockSizes, text: str) -> Words:
    side, arrangement = ("rows", "beside") if error.axis == 0 else ("columns", "below")
    return _operands(f"blocks {arrangement} one another need the same number of {side}")(error, text)


def _wrong_kind(error: errors.WrongKind, text: str) -> Words:
    return f"`{error.function}` needs a {error.expected}", [_label(error.argument, _with_subject(error.argument, text))], []


def _elementwise(error: errors.ElementwiseShapes, text: str) -> Words:
    left, right = error.left, error.right
    labels = _both(error)
    if _kind(left) != _kind(right):
        labels = [_label(left, _kind(left), primary=False), _label(right, _kind(right))]
    what = "the Frobenius product" if error.operator == ":" else "elementwise"
    return f"{what} `{error.operator}` needs two equal shapes", labels, _sizes_of(error, text)


def _not_square(error: errors.NotSquare, text: str) -> Words:
    subject = "a matrix power" if error.function == "^" else f"`{error.function}`"
    label = _label(error.argument, _with_subject(error.argument, text))
    return f"{subject} needs a square matrix", [label], _reasons(error.reasons, text)


def _power(error: errors.PowerKind, text: str) -> Words:
    is_exponent = error.culprit is error.exponent
    message = "the exponent of `^` must be a scalar" if is_exponent else "`^` needs a scalar or a square matrix"
    return message, [_label(error.culprit, _with_subject(error.culprit, text))], []


def _quotient(error: errors.DivisionKind, text: str) -> Words:
    kind = _kind(error.denominator)
    labels = [_label(error.denominator, f"a {kind}", primary=False)]
    if error.numerator.span and error.denominator.span:
        slash = text.find("/", error.numerator.span.end, error.denominator.span.start)
        labels += [Label(Span(slash, slash + 1))] if slash >= 0 else []
    return f"cannot divide by a {kind}", labels, []


def _zero(error: errors.DivisionByZero, text: str) -> Words:
    labels = [Label(error.span, "this is 0" if error.is_hidden else "")] if error.span else []
    return "division by zero", labels, []


def _no_value(error: errors.NoValue, text: str) -> Words:
    function = f"`{error.function}`" if error.exponent is None else f"a power with the exponent {error.exponent}"
    labels = [Label(error.span, f"{function} has no value at {error.value}")] if error.span else []
    return "no real value", labels, []


def _not_symmetric(error: errors.NotSymmetric, text: str) -> Words:
    labels = [Label(error.argument.span, "not symmetric")] if error.argument.span else []
    notes = [
        "the eigenvalues are those of a symmetric matrix; of W^-1 B with W spd they are those of W^(-1/2) B W^(-1/2), "
        "which is symmetric where B is"
    ]
    return f"`{error.function}` is defined here for symmetric matrices", labels, notes


def _index(error: errors.IndexRange, text: str) -> Words:
    notes = ["indices start at 1"] if error.index == "0" or error.index.startswith("-") else []
    return plain("the index {0.index} is not between 1 and {0.size}", *notes, span="")(error, text)


def _array_axes(error: errors.ArrayAxes, text: str) -> Words:
    """With its axes written: T[i,j,k]."""
    shape = shape_of(error.array)
    letters = ",".join(LETTERS[: len(shape)])
    label = f"{len(shape)} axes, {matrix_size(shape)}"
    name = cut(text, error.span) if error.array.op == "name" and error.span is not None else "T"
    note = f"write it with its indices, as in sum[{letters}] {name}[{letters}]^2"
    return "an array with more than two axes stands at its indices", [Label(error.span, label)] if error.span else [], [note]


def _not_lifted(error: errors.NotLifted, text: str) -> Words:
    what = f"`{error.operation}` of what depends on an index" if error.operation else "this sum"
    return f"{what} has no matrix notation here", [Label(error.span)] if error.span else [], ["it is not read yet"]


def _number_summed(error: errors.NumberSummed, text: str) -> Words:
    names = " and ".join(f"`{name}`" for name in error.names)
    question = f"is {names} a vector here?" if len(error.names) == 1 else f"are {names} vectors here?"
    return f"this is the {error.function} of a number", [Label(error.span, question)], []


def _no_size(error: errors.NoSize, text: str) -> Words:
    what = "an index" if error.index else "a size"
    label = f"{what} is a whole number, a name, or a sum or product of these, at least 1"
    return f"this is not {what}", [Label(error.span, label)], []


def _definition(error: errors.DefinitionShape, text: str) -> Words:
    declared, defined = matrix_size(error.declared), matrix_size(shape_of(error.definition))
    message = f"`{error.variable}` is declared {declared}, but defined {defined}"
    return message, [_label(error.definition, _sizes(error.definition))], []


SHAPE_WORDS: dict[type, Wording] = {
    errors.ProductSizes: _product,
    errors.SumShapes: _sum,
    errors.ElementwiseShapes: _elementwise,
    errors.NotSquare: _not_square,
    errors.WrongKind: _wrong_kind,
    errors.BlockSizes: _blocks,
    errors.PowerKind: _power,
    errors.NumberSummed: _number_summed,
    errors.NotLifted: _not_lifted,
    errors.DivisionKind: _quotient,
    errors.DivisionByZero: _zero,
    errors.NoValue: _no_value,
    errors.NotSymmetric: _not_symmetric,
    errors.IndexRange: _index,
    errors.NoSize: _no_size,
    errors.ArgumentSizes: _operands("the arguments of `{0.function}` do not fit"),
    errors.UndecidedSizes: plain("cannot decide whether the sizes {0.left} and {0.right} are equal", span=""),
    errors.ArrayAxes: _array_axes,
    errors.IndexSizes: plain("`{0.written}` runs over {0.left} and over {0.right}", span="the sizes differ here"),
    errors.DefinitionShape: _definition,
}
