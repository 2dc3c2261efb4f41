"""The JSON document of one answer, or of one statement that is wrong: UX, "JSON", and the schema `matdiff/1`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Union

from matdiff.answer.answer import Answer
from matdiff.answer.leftside import left_side
from matdiff.answer.result import Result
from matdiff.formats import latex, unicode
from matdiff.formats.registry import Check, Options
from matdiff.formats.verdicts import ratio_of
from matdiff.infer.infer import Typed
from matdiff.language import text
from matdiff.language.dims import Dim, Shape
from matdiff.language.kinds import kind_of
from matdiff.language.printer import show
from matdiff.language.queries import shape_of
from matdiff.language.spelling import latex_name
from matdiff.language.syntax import Expr, Span
from matdiff.mistakes.diagnostic import UNSAFE
from matdiff.version import VERSION

if TYPE_CHECKING:
    from matdiff.mistakes.diagnostic import Diagnostic

Document = dict[str, Any]
# einsum has letters for so many axes.
_MOST_LETTERS = 52


def json(answer: Answer, options: Options) -> str:
    """One answer as a JSON object, on one line unless `options.pretty`."""
    typed = answer.typed
    document = _document(answer.inputs.source, options, answer.asked.layout)
    document["ok"] = options.exit_code == 0
    document["expression"] = _term(typed.expr)
    document["symbols"] = _symbols(typed)
    document["results"] = [_result(answer, result, options.checks) for result in answer.results]
    if options.steps:
        from matdiff.formats.steps import json_steps

        for part, derivation in zip(document["results"], options.steps, strict=True):
            part["method"], part["steps"] = derivation.method, json_steps(derivation)
    return _dumped(document, options)


def failure(source: str, options: Options, layout: str = "gradient") -> str:
    """A statement without an answer: its diagnostics as a JSON object.  `options` hold them and the exit code."""
    return _dumped(_document(source, options, layout), options)


def _dumped(document: Document, options: Options) -> str:
    from json import dumps

    # A document may be read on a terminal: what must not reach one is escaped.
    text = dumps(document, ensure_ascii=False, indent=2 if options.pretty else None)
    return text.translate({code: f"\\u{code:04x}" for code in UNSAFE if code > 126})


def _document(source: str, options: Options, layout: str) -> Document:
    return {
        "schema": "matdiff/1",
        "version": VERSION,
        "ok": False,
        "exit_code": options.exit_code,
        "input": {"text": source, "syntax": "matdiff", "source": options.source, "path": options.path, "line": options.line},
        "expression": None,
        "symbols": [],
        "layout": layout,
        "results": [],
        "diagnostics": [_diagnostic(diagnostic, source, options.line or 1) for diagnostic in options.diagnostics],
    }


def _size(dim: Dim) -> Union[int, str]:
    value = dim.value
    return str(dim) if value is None else value


def _shape(shape: Shape) -> list[Union[int, str]]:
    """The sizes without those that are literally 1; of a row vector both."""
    if kind_of(shape) == "row":
        return [1, _size(shape[1])]
    return [_size(dim) for dim in shape if not dim.is_one]


def _term(expr: Expr) -> Document:
    shape = shape_of(expr)
    return {**_spellings(expr), "kind": kind_of(shape), "shape": _shape(shape)}


def _spellings(expr: Expr) -> dict[str, str]:
    return {"text": show(expr, text.STYLE), "unicode": show(expr, unicode.STYLE), "latex": show(expr, latex.STYLE)}


def _symbols(typed: Typed) -> list[Document]:
    symbols = [
        _symbol(variable.name, variable.shape, variable.property, "variable", variable.origin)
        for variable in typed.variables.values()
    ]
    for name, value in typed.definitions.items():
        symbols.append(_symbol(name, shape_of(value), None, "definition", "inferred", definition=text.text(value)))
    return symbols


def _symbol(name: str, shape: Shape, property: str | None, role: str, origin: str, **more: str) -> Document:
    kind = kind_of(shape)
    properties = [property] if property else []
    known = {"name": name, "kind": kind, "shape": _shape(shape), "properties": properties, "role": role, "origin": origin}
    return {**known, **more, "latex": latex_name(name, bold=kind != "scalar")}


def _result(answer: Answer, result: Result, checks: Sequence[Check]) -> Document:
    subscripts, operands = einsum_of(result.index_expr, [axis[3] for axis in result.axes])
    sizes = [_size(dim) for dim in result.shape]
    document: Document = {
        "wrt": list(result.wrt),
        "order": result.order,
        "name": result.name,
        **({"along": list(result.along.names)} if result.along else {}),
        "kind": result.kind,
        "shape": [1, *sizes] if result.kind == "row" else sizes,
        "axes": [{"of": of, "axis": axis, "size": _size(dim), "index": letter} for of, axis, dim, letter in result.axes],
        "form": result.form,
        **_spellings(result.expr),
        "lhs": _spellings(left_side(answer, result)),
        "index": {
            "text": text.text(result.index_expr),
            "latex": latex.latex(result.index_expr),
            "einsum": subscripts,
            "operands": operands,
        },
        "conditions": list(result.conditions),
        "where": _where(result),
    }
    if result.form == "sum":
        plain = result.plain
        document["matrix"] = {**_spellings(plain.expr), "where": _where(plain)} if result.is_matrix else None
    found = [_check(check) for check in checks if check.kind != "expect" or check.place == result.place]
    if found:
        document["check"] = found[0]
    if len(found) > 1:
        document["checks"] = found
    return document


def _where(result: Result) -> list[Document]:
    return [{"name": part.name, **_spellings(part.expr)} for part in result.where]


def _check(check: Check) -> Document:
    document: Document = {"kind": check.kind, "passed": check.passed, "sizes": check.sizes}
    if check.kind == "prove":
        return document | {"decided": check.decided, "components": check.components, "reason": check.reason or None}
    document["trials"], document["seed"] = check.trials, check.seed
    # JSON has no infinity.
    document["max_relative_error"] = min(check.max_relative_error, 1e308)
    if check.kind == "expect":
        document |= {"expected": check.expected, "ratio": ratio_of(check.finding)}
    return document


def einsum_of(expr: Expr, letters: Sequence[str]) -> tuple[str | None, list[str] | None]:
    """Subscripts and operands for einsum when the formula is one product of entries of variables, else (None, None)."""
    body = expr.args[0] if expr.op == "sigma" else expr
    factors = body.args if body.op == "*" else (body,)
    names, subscripts = [], []
    for factor in factors:
        array = factor.args[0] if factor.op == "entry" else factor
        if array.op != "name":
            return None, None
        names.append(str(array.value))
        subscripts.append([str(index.value) for index in factor.args[1:]] if factor.op == "entry" else [])
    short = _one_letter_each([*letters, *(letter for part in subscripts for letter in part)])
    if short is None or not set(letters) <= {letter for part in subscripts for letter in part}:
        return None, None
    inputs = ",".join("".join(short[letter] for letter in part) for part in subscripts)
    return f"{inputs}->{''.join(short[letter] for letter in letters)}", names


def _one_letter_each(letters: Iterable[str]) -> dict[str, str] | None:
    """The letters themselves where they are single, others (`i1`) by letters that are free; None when there are too many."""
    unique = list(dict.fromkeys(letters))
    if len(unique) > _MOST_LETTERS:
        return None
    alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    free = (letter for letter in alphabet if letter not in unique)
    return {letter: letter if letter in alphabet and len(letter) == 1 else next(free) for letter in unique}


def _reading(text: str, shape: Shape) -> Document:
    return {"text": text, "kind": kind_of(shape), "shape": _shape(shape)}


def _diagnostic(diagnostic: Diagnostic, source: str, first_line: int) -> Document:
    labels = []
    for label in diagnostic.labels:
        document: Document = {"span": _span(label.span, source, first_line), "text": label.text, "primary": label.primary}
        if label.shape is not None:
            document["shape"] = _shape(label.shape)
        labels.append(document)
    return {
        "severity": diagnostic.severity,
        "code": diagnostic.code,
        "name": diagnostic.name,
        "message": diagnostic.message,
        "labels": labels,
        "help": [{"message": help.message, "replacement": help.replacement} for help in diagnostic.help],
        "notes": list(diagnostic.notes),
        **({"readings": [_reading(text, shape) for text, shape in diagnostic.readings]} if diagnostic.readings else {}),
    }


def _span(span: Span, source: str, first_line: int) -> Document:
    """Offsets in code points of the text, and line and column counted from 1."""
    before = source[: span.start]
    line = before.count("\n")
    return {"start": span.start, "end": span.end, "line": first_line + line, "column": span.start - before.rfind("\n")}
