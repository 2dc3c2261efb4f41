"""Errors of sizes and kinds in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from matdiff import errors
from matdiff.diagnostic import Label, Words
from matdiff.dims import Shape
from matdiff.render.spelling import kind_of, matrix_size, unicode_size
from matdiff.syntax import Expr, Span
from matdiff.texts import cut

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
    needed = unicode_size(_shape(left)[1])
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
    left, right = error.left, error.right
    one, other = _kind(left), _kind(right)
    if one != other:
        verb = f"subtract a {other} from a {one}" if error.subtracted else f"add a {one} and a {other}"
        labels = [_label(left, _described(left), primary=False), _label(right, _described(right))]
        return f"cannot {verb}", labels, _sizes_of(error, text)
    sizes = _sizes(left).removeprefix("size "), _sizes(right).removeprefix("size ")
    if one == "vector":
        verb = f"{'subtract' if error.subtracted else 'add'} vectors of sizes {sizes[0]} and {sizes[1]}"
    else:
        verb = f"subtract {sizes[1]} from {sizes[0]}" if error.subtracted else f"add {sizes[0]} and {sizes[1]}"
    return f"cannot {verb}", _both(error), _sizes_of(error, text)


def _both(error: errors.SumShapes | errors.ElementwiseShapes | errors.BlockSizes | errors.ArgumentSizes) -> list[Label]:
    """The sizes of both operands."""
    return [_label(error.left, _sizes(error.left), primary=False), _label(error.right, _sizes(error.right))]


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


def _wrong_kind(error: errors.WrongKind, text: str) -> Words:
    return f"`{error.function}` needs a {error.expected}", [_label(error.argument, _with_subject(error.argument, text))], []


def _blocks(error: errors.BlockSizes, text: str) -> Words:
    side, arrangement = ("rows", "beside") if error.axis == 0 else ("columns", "below")
    return f"blocks {arrangement} one another need the same number of {side}", _both(error), _sizes_of(error, text)


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
    return "division by zero", [Label(error.span)], []


def _index(error: errors.IndexRange, text: str) -> Words:
    notes = ["indices start at 1"] if error.index == "0" or error.index.startswith("-") else []
    return f"the index {error.index} is not between 1 and {error.size}", [Label(error.span)], notes


def _no_size(error: errors.NoSize, text: str) -> Words:
    what = "an index" if error.index else "a size"
    of = "a whole number, a name, or a sum or product of these"
    return f"this is not {what}", [Label(error.span, f"{what} is {of}, at least 1")], []


def _arguments(error: errors.ArgumentSizes, text: str) -> Words:
    return f"the arguments of `{error.function}` do not fit", _both(error), _sizes_of(error, text)


def _undecided(error: errors.UndecidedSizes, text: str) -> Words:
    message = f"cannot decide whether the sizes {error.left} and {error.right} are equal"
    return message, [Label(error.span)] if error.span else [], []


def _definition(error: errors.DefinitionShape, text: str) -> Words:
    declared = matrix_size(error.declared)
    message = f"`{error.variable}` is declared {declared}, but defined {matrix_size(_shape(error.definition))}"
    return message, [_label(error.definition, _sizes(error.definition))], []


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
    errors.IndexRange: _index,
    errors.NoSize: _no_size,
    errors.ArgumentSizes: _arguments,
    errors.UndecidedSizes: _undecided,
    errors.DefinitionShape: _definition,
}
