"""Remarks (W6xx) in words: how an expression was read, what else it may mean, and what its derivative rests on."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from matdiff.functions import FUNCTIONS, MATRIX_POWER
from matdiff.language import errors
from matdiff.language.kinds import default_kind
from matdiff.language.queries import tells_axes
from matdiff.language.syntax import Span
from matdiff.language.text import definition
from matdiff.language.text import text as in_text
from matdiff.mistakes.diagnostic import Advice, Help, Label
from matdiff.mistakes.foreign.translation import translated
from matdiff.mistakes.shape_changes import fixed_text
from matdiff.mistakes.texts import cut, statement_around

# W6xx: remarks


def _decimal(remark: errors.DecimalOrElementwise, text: str) -> Advice:
    number = text[remark.start : remark.span.start]
    operand = text[remark.span.end : remark.end].strip()
    message = f"`{text[remark.start : remark.end]}` is read as `{number} {remark.operator} {operand}`".replace(" `", " `")
    word = {".*": "product", "./": "quotient", ".^": "power"}[remark.operator]
    sign = {".*": " ", "./": " / ", ".^": "^"}[remark.operator]
    other = {".*": f"{number}.0 ", "./": f"{number}.0 / ", ".^": f"{number}.0^"}[remark.operator]
    help = Help(f"write `{number}{sign}{operand}` or `{other}{operand}` to be clear")
    return message, [Label(remark.span, f"elementwise {word}")], [help] if operand else [], []


def _division(remark: errors.DivisionThenProduct, text: str) -> Advice:
    division, product = cut(text, remark.division), cut(text, remark.product)
    rest = text[remark.division.end : remark.product.end].strip()
    numerator, denominator = cut(text, remark.numerator), cut(text, remark.denominator)
    help = Help(f"write ({division}) {rest} or {numerator} / ({denominator} {rest})")
    return f"`{product}` can be read in two ways", [Label(remark.division, "this division is done first")], [help], []


def _number_as_factor(remark: errors.NumberAsFactor, text: str) -> Advice:
    written = cut(text, remark.span)
    meant = translated(cut(text, statement_around(text, remark.span.start)))
    if remark.entry:
        message, help = f"`{written}` is read as the product of {remark.entry} and a number", "an entry is written `x[1]`"
    else:
        message, help = f"`{written}` is read as a product", "entries of a row are separated by commas"
    return message, [Label(remark.span)], [Help(help, meant.text if meant is not None else None)], []


def _word_as_factor(remark: errors.WordAsFactor, text: str) -> Advice:
    meant = None
    if remark.meant is not None:
        statement = cut(text, statement_around(text, remark.span.start))
        meant = re.sub(rf"\b{remark.word}\b", remark.meant, statement).strip()
    label = "a call needs a function of `--functions`" if remark.meant != "" else "the derivative is by --wrt"
    return f"`{remark.word}` is read as a factor", [Label(remark.span, label)], [Help("", meant, meant)] if meant else [], []


_USUAL = {
    "vector": "vectors are added to vectors, transposed and multiplied with a dot",
    "scalar": "only numbers divide, scale what fits no product otherwise, and are added to numbers",
    "matrix": "only matrices have rows and columns, two indices, a determinant, a trace or an inverse",
}


def _soft(remark: errors.SoftKind, text: str) -> Advice:
    spelled = default_kind(remark.variable)
    taken = {"vector": f"a vector of size {remark.size}", "scalar": "a scalar"}.get(remark.kind, f"a {remark.size} matrix")
    message = f"`{remark.variable}` is taken as {taken}, not as a {spelled}"
    declaration = remark.size or "scalar"
    help = Help(f'declare it to make this explicit: --var "{remark.variable}: {declaration}"')
    return message, [Label(remark.span, "by how it is used")], [help], [_USUAL[remark.kind]]


def _sum_read(remark: errors.SumRead, text: str) -> Advice:
    whole = in_text(remark.read) if tells_axes(remark.read) else definition(remark.output, remark.read)
    read = "; ".join([*(definition(name, value) for name, value in remark.definitions), whole])
    notes = [f"{shown} is {place} of {array}" for shown, place, array in remark.members]
    by = (
        "the derivative is by the whole {2}, of which {0} is {1}"
        if remark.is_by_whole
        else "the derivative by {0} is {1} of that by {2}"
    )
    notes += [by.format(*row) for row in remark.by]
    notes += [f"{entry} is 1 where {member}, else 0" for entry, member in remark.sets]
    held = "is a position" if len(remark.held) == 1 else "are positions"
    notes += [f"no sum binds {' and '.join(remark.held)}, which {held}"] if remark.held else []
    notes += [f"no sum binds {name}, which is a name of its own" for name in remark.apart]
    return f"read as `{read}`", [], [], [", ".join(notes)] if notes else []


def _notation_read(remark: errors.NotationRead, text: str) -> Advice:
    return f"`{cut(text, remark.span)}` is read as {remark.meant}", [Label(remark.span)], [], []


_WAYS = {
    "entries": "entry by entry",
    "inner": "as an inner product",
    "outer": "as an outer product",
    "quotient": "as one quotient",
    "rows": "row by row",
    "to_rows": "with the vectors added to each row",
    "to_columns": "with the vectors added to each column",
}


def _grouped(remark: errors.GroupedProduct, text: str) -> Advice:
    message, other = f"`{cut(text, remark.span)}` can be read in two ways", fixed_text(text, remark.fix)
    label = Label(remark.product, "this product is taken first")
    return message, [label], [Help("the other way", other)] if other else [], []


def _departure(error: errors.Departure, text: str) -> Advice:
    message, labels, helps, notes = REMARKS[type(error.remark)](error.remark, text)
    return message, labels or [Label(error.remark.span)], helps, notes  # type: ignore[attr-defined]


def _mark(remark: errors.MarkRead, text: str) -> Advice:
    message = f"`{cut(text, remark.span)}` is read {_WAYS[remark.way]}"
    whole = fixed_text(text, remark.fix)
    return message, [Label(remark.span)], [Help("written out", whole)] if whole else [], []


def _square(remark: errors.ForcedSquare, text: str) -> Advice:
    labels = []
    if remark.columns is not None:
        labels.append(Label(remark.columns[0], f"here its columns match {remark.columns[1]}", primary=False))
    if remark.rows is not None:
        labels.append(Label(remark.rows[0], f"here its rows match {remark.rows[1]}"))
    message = f"{remark.variable} is inferred to be square ({remark.size} × {remark.size})"
    help = Help(f'declare --var "{remark.variable}: m x n" if {remark.variable} is not square')
    return message, labels, [help], []


def _entrywise(remark: errors.EntrywiseFunction, text: str) -> Advice:
    name = Span(remark.span.start, remark.span.start + len(remark.function))
    argument = "its argument" if remark.argument is None else cut(text, remark.argument).strip("{}")
    other = remark.matrix_function
    help = [Help(f"write {other}({argument}) for the matrix {FUNCTIONS[other].words}")] if other in FUNCTIONS else []
    return f"`{remark.function}` acts on each entry of {argument}", [Label(name, "elementwise")], help, []


def _not_smooth(remark: errors.NotSmooth, text: str) -> Advice:
    message = f"`{remark.function}` has no derivative where {remark.at}"
    return message, [Label(remark.span, remark.used)], [], []


def _spread(remark: errors.ScalarPlusSquare, text: str) -> Advice:
    labels = [Label(remark.scalar, "a scalar"), Label(remark.matrix, "a square matrix", primary=False)]
    scalar = cut(text, remark.scalar)
    help = Help(f"write {'' if scalar == '1' else scalar + ' '}I to add it to the diagonal only")
    return "the scalar is added to every entry of the matrix", labels, [help], []


def _spread_name(remark: errors.ScalarPlusVector, text: str) -> Advice:
    array = f"vector of size {remark.size}" if remark.size else "a matrix"
    labels = [Label(remark.scalar, "a scalar"), Label(remark.vector, array, primary=False)]
    help = Help(f'declare it if it is a vector: --var "{remark.variable}: {remark.size or "n"}"')
    return f"`{remark.variable}` is taken as a scalar, added to every entry", labels, [help], []


def _operator(remark: errors.OperatorForm, text: str) -> Advice:
    labels = [Label(remark.span)] if remark.span else []
    function = "X^a" if remark.function == MATRIX_POWER else remark.function
    return f"`{remark.operator}` is the derivative of `{function}` in the direction E: {remark.meaning}", labels, [], []


def _notation(remark: errors.OtherNotation, text: str) -> Advice:
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


def _own_space(remark: errors.OwnSpace, text: str) -> Advice:
    name, space = remark.variable, _SPACES[remark.property]
    if remark.is_covariant:
        return f"the second derivative by `{name}` is the Riemannian Hessian, among {space}", [], [], []
    paired = remark.property in ("symmetric", "spd", "skew")
    messages = {
        "project": f"the derivative by `{name}` is the one among {space}, the projection of the plain one",
        "ignore": f"the derivative by `{name}` is the plain one, as if it had no structure",
        "entries": f"the derivative by `{name}` is by its free entries"
        + (f": {name}_ij and {name}_ji are one variable" if paired else ""),
    }
    help = [Help("--structure ignore and entries follow other conventions")] if remark.structure == "project" and paired else []
    return messages[remark.structure], [], help, []


def _glued(remark: errors.GluedNames, text: str) -> Advice:
    fixes = [fix for fix in (remark.fix, *remark.fix.others) if fix.name is not None]
    names = list(dict.fromkeys(str(fix.name.value) for fix in fixes if fix.name is not None))
    listed = " and ".join(filter(None, [", ".join(f"`{name}`" for name in names[:-1]), f"`{names[-1]}`"]))
    whole = fixed_text(text, remark.fix)
    if remark.split:
        message, label = (
            f"{listed} {'is read as a product' if len(names) == 1 else 'are read as products'}",
            "names that stand elsewhere too",
        )
    else:
        message, label = f"{listed} {'is one name' if len(names) == 1 else 'are names'}", "names may have several letters"
    return message, [Label(remark.span, label)], [Help("as products", whole)] if whole else [], []


def _every(remark: errors.EveryVariable, text: str) -> Advice:
    names = ", ".join(f"`{name}`" for name in remark.names)
    labels = [Label(remark.span, "each of them")] if remark.span is not None else []
    return f"`all` means every variable, {names}, not only the one called so", labels, [Help("give it another name")], []


def _read_as(remark: errors.ReadAs, text: str) -> Advice:
    kinds = ["`{}` is a {}".format(name, "number" if kind == "scalar" else kind) for name, kind in remark.kinds]
    by = f", differentiated by {', '.join(f'`{name}`' for name in remark.by)}" if remark.by else ""
    return f"read as `{remark.read}`{by}", [], [], [", ".join(kinds)] if kinds else []


def _several_readings(error: errors.SeveralReadings, text: str) -> Advice:
    helps = [Help(reading) for reading in error.readings]
    return "this can be read in several ways", [Label(error.span, "which one?")], helps, []


def _forms(error: errors.FormsDiffer, text: str) -> Advice:
    labels = [Label(error.span, "this"), Label(error.other, "and this", primary=False)]
    return "what is said to be equal is not", labels, [Help(form) for form in error.forms], []


REMARKS: dict[type, Callable[[Any, str], Advice]] = {
    errors.SumRead: _sum_read,
    errors.SoftKind: _soft,
    errors.ForcedSquare: _square,
    errors.DecimalOrElementwise: _decimal,
    errors.DivisionThenProduct: _division,
    errors.WordAsFactor: _word_as_factor,
    errors.NumberAsFactor: _number_as_factor,
    errors.EntrywiseFunction: _entrywise,
    errors.NotSmooth: _not_smooth,
    errors.EveryVariable: _every,
    errors.ScalarPlusSquare: _spread,
    errors.ScalarPlusVector: _spread_name,
    errors.OperatorForm: _operator,
    errors.OwnSpace: _own_space,
    errors.OtherNotation: _notation,
    errors.GluedNames: _glued,
    errors.GroupedProduct: _grouped,
    errors.Departure: _departure,
    errors.MarkRead: _mark,
    errors.NotationRead: _notation_read,
    errors.ReadAs: _read_as,
    errors.SeveralReadings: _several_readings,
    errors.FormsDiffer: _forms,
}
