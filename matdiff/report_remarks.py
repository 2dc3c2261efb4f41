"""Remarks (W6xx) in words: how an expression was read, and what its derivative rests on."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from matdiff import errors
from matdiff.carets import Help, Label
from matdiff.functions import MATRIX_POWER
from matdiff.habits import translated
from matdiff.replace import cut, statement_around
from matdiff.report_reading import Words
from matdiff.report_shapes import fixed_text
from matdiff.syntax import Span


def _decimal(remark: errors.DecimalOrElementwise, text: str) -> Words:
    number = text[remark.start : remark.span.start]
    operand = text[remark.span.end : remark.end].strip()
    message = f"`{text[remark.start : remark.end]}` is read as `{number} {remark.operator} {operand}`".replace(" `", " `")
    word = {".*": "product", "./": "quotient", ".^": "power"}[remark.operator]
    sign = {".*": " ", "./": " / ", ".^": "^"}[remark.operator]
    other = {".*": f"{number}.0 ", "./": f"{number}.0 / ", ".^": f"{number}.0^"}[remark.operator]
    help = Help(f"write `{number}{sign}{operand}` or `{other}{operand}` to be clear")
    return message, [Label(remark.span, f"elementwise {word}")], [help] if operand else [], []


def _division(remark: errors.DivisionThenProduct, text: str) -> Words:
    division, product = cut(text, remark.division), cut(text, remark.product)
    rest = text[remark.division.end : remark.product.end].strip()
    numerator, denominator = cut(text, remark.numerator), cut(text, remark.denominator)
    help = Help(f"write ({division}) {rest} or {numerator} / ({denominator} {rest})")
    return f"`{product}` can be read in two ways", [Label(remark.division, "this division is done first")], [help], []


def _number_as_factor(remark: errors.NumberAsFactor, text: str) -> Words:
    written = cut(text, remark.span)
    meant = translated(cut(text, statement_around(text, remark.span.start)))
    if remark.entry:
        message, help = f"`{written}` is read as the product of {remark.entry} and a number", "an entry is written `x[1]`"
    else:
        message, help = f"`{written}` is read as a product", "entries of a row are separated by commas"
    return message, [Label(remark.span)], [Help(help, meant.text if meant is not None else None)], []


def _word_as_factor(remark: errors.WordAsFactor, text: str) -> Words:
    meant = None
    if remark.meant is not None:
        statement = cut(text, statement_around(text, remark.span.start))
        meant = re.sub(rf"\b{remark.word}\b", remark.meant, statement).strip()
    label = "a call needs a function of `--functions`" if remark.meant != "" else "the derivative is by --wrt"
    return f"`{remark.word}` is read as a factor", [Label(remark.span, label)], [Help("", meant, meant)] if meant else [], []


def _soft(remark: errors.SoftKind, text: str) -> Words:
    if remark.kind == "vector":
        message = f"`{remark.variable}` is taken as a vector of size {remark.size}, not as a scalar"
        label, declaration = "a scalar does not fit here", remark.size
        note = "lowercase Greek names are scalars unless only a vector fits"
    else:
        message = f"`{remark.variable}` is taken as a scalar, not as a vector"
        label, declaration = "a vector does not fit here", "scalar"
        note = "lowercase Latin names are vectors unless only an added scalar fits"
    help = Help(f'declare it to make this explicit: --var "{remark.variable}: {declaration}"')
    return message, [Label(remark.span, label)], [help], [note]


def _square(remark: errors.ForcedSquare, text: str) -> Words:
    labels = []
    if remark.columns is not None:
        labels.append(Label(remark.columns[0], f"here its columns match {remark.columns[1]}", primary=False))
    if remark.rows is not None:
        labels.append(Label(remark.rows[0], f"here its rows match {remark.rows[1]}"))
    message = f"{remark.variable} is inferred to be square ({remark.size} × {remark.size})"
    help = Help(f'declare --var "{remark.variable}: m x n" if {remark.variable} is not square')
    return message, labels, [help], []


def _entrywise(remark: errors.EntrywiseFunction, text: str) -> Words:
    name = Span(remark.span.start, remark.span.start + len(remark.function))
    names = {"expm": "exponential", "logm": "logarithm", "sqrtm": "square root"}
    argument = "its argument" if remark.argument is None else cut(text, remark.argument)
    other = remark.matrix_function
    help = [Help(f"write {other}({argument}) for the matrix {names[other]}")] if other in names else []
    return f"`{remark.function}` acts on each entry of {argument}", [Label(name, "elementwise")], help, []


def _not_smooth(remark: errors.NotSmooth, text: str) -> Words:
    message = f"`{remark.function}` has no derivative where {remark.at}"
    return message, [Label(remark.span, remark.used)], [], []


def _spread(remark: errors.ScalarPlusSquare, text: str) -> Words:
    labels = [Label(remark.scalar, "a scalar"), Label(remark.matrix, "a square matrix", primary=False)]
    scalar = cut(text, remark.scalar)
    help = Help(f"write {'' if scalar == '1' else scalar + ' '}I to add it to the diagonal only")
    return "the scalar is added to every entry of the matrix", labels, [help], []


def _spread_name(remark: errors.ScalarPlusVector, text: str) -> Words:
    labels = [Label(remark.scalar, "a scalar"), Label(remark.vector, f"vector of size {remark.size}", primary=False)]
    help = Help(f'declare it if it is a vector: --var "{remark.variable}: {remark.size}"')
    return f"`{remark.variable}` is taken as a scalar, added to every entry", labels, [help], []


def _operator(remark: errors.OperatorForm, text: str) -> Words:
    labels = [Label(remark.span)] if remark.span else []
    function = "X^a" if remark.function == MATRIX_POWER else remark.function
    return f"`{remark.operator}` is the derivative of `{function}` in the direction E: {remark.meaning}", labels, [], []


def _notation(remark: errors.OtherNotation, text: str) -> Words:
    return f"the result has no {remark.wanted} notation; it is shown in {remark.used} notation", [], [], []


_SPACES = {
    "symmetric": "symmetric matrices",
    "spd": "symmetric matrices",
    "skew": "skew-symmetric matrices",
    "diagonal": "diagonal matrices",
    "lower": "lower triangular matrices",
    "upper": "upper triangular matrices",
    "orthogonal": "the directions in which an orthogonal matrix can move",
}


def _own_space(remark: errors.OwnSpace, text: str) -> Words:
    name, space = remark.variable, _SPACES[remark.property]
    paired = remark.property in ("symmetric", "spd", "skew")
    messages = {
        "project": f"the derivative by `{name}` is the one among {space}, the projection of the plain one",
        "ignore": f"the derivative by `{name}` is the plain one, as if it had no structure",
        "entries": f"the derivative by `{name}` is by its free entries"
        + (f": {name}_ij and {name}_ji are one variable" if paired else ""),
    }
    help = [Help("--structure ignore and entries follow other conventions")] if remark.structure == "project" and paired else []
    return messages[remark.structure], [], help, []


def _glued(remark: errors.GluedNames, text: str) -> Words:
    names = list(dict.fromkeys(str(fix.name.value) for fix in (remark.fix, *remark.fix.others) if fix.name is not None))
    message = (
        f"`{names[0]}` is one name"
        if len(names) == 1
        else f"{', '.join(f'`{name}`' for name in names[:-1])} and `{names[-1]}` are names"
    )
    whole = fixed_text(text, remark.fix)
    return message, [Label(remark.span, "names may have several letters")], [Help("as products", whole)] if whole else [], []


def _every(remark: errors.EveryVariable, text: str) -> Words:
    names = ", ".join(f"`{name}`" for name in remark.names)
    labels = [Label(remark.span, "each of them")] if remark.span is not None else []
    return f"`all` means every variable, {names}, not only the one called so", labels, [Help("give it another name")], []


REMARK_WORDS: dict[type, Callable[[Any, str], Words]] = {
    errors.SoftKind: _soft,
    errors.ForcedSquare: _square,
    errors.DecimalOrElementwise: _decimal,
    errors.DivisionThenProduct: _division,
    errors.WordAsFactor: _word_as_factor,
    errors.NumberAsFactor: _number_as_factor,
    errors.EntrywiseFunction: _entrywise,
    errors.EveryVariable: _every,
    errors.NotSmooth: _not_smooth,
    errors.ScalarPlusSquare: _spread,
    errors.ScalarPlusVector: _spread_name,
    errors.OperatorForm: _operator,
    errors.OwnSpace: _own_space,
    errors.OtherNotation: _notation,
    errors.GluedNames: _glued,
}
