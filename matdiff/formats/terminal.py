"""What a person sees at a terminal: the results with their left sides and shapes, then what was understood of the input."""

from __future__ import annotations

from collections.abc import Sequence

from matdiff.answer.answer import Answer
from matdiff.answer.leftside import left_side, output_name
from matdiff.answer.result import Result
from matdiff.formats.layout import layout_words
from matdiff.formats.registry import Options
from matdiff.formats.unicode import STYLE, unicode
from matdiff.formats.verdicts import check_lines
from matdiff.infer.infer import Typed
from matdiff.language.dims import Shape
from matdiff.language.errors import SumRead
from matdiff.language.kinds import kind_of
from matdiff.language.make import named
from matdiff.language.printer import show
from matdiff.language.queries import array_of, names_in, post_order, shape_of
from matdiff.language.spelling import matrix_size, unicode_name, unicode_size

_DIM, _RESET = "\x1b[2m", "\x1b[0m"


def terminal(answer: Answer, options: Options) -> str:
    """The block of lines for one answer; with `options.color` the lines about the input are dim."""
    if options.steps:
        return _with_steps(answer, options)
    rows = _rows(answer, answer.results)
    lines = _aligned(rows)
    about = understood(answer)
    about += [f"  {line}" for line in check_lines(options.checks, answer)]
    if options.color:
        about = [_DIM + line + _RESET for line in about]
    return "\n".join([*lines, "", *about] if about else lines)


def _rows(answer: Answer, results: Sequence[Result]) -> list[tuple[str, str]]:
    """The results and their named parts, each with what is said of its shape."""
    rows = []
    for result in results:
        rows.append((f"{show(left_side(answer, result), STYLE)} = {unicode(result.expr)}", _shape_note(answer, result)))
        for part in result.where:
            rows.append((f"  with {unicode_name(part.name)} = {unicode(part.expr)}", _size_note(shape_of(part.expr))))
    return rows


def _aligned(rows: list[tuple[str, str]]) -> list[str]:
    width = max((len(formula) for formula, _ in rows), default=0) + (3 if len(rows) == 1 else 4)
    return [formula.ljust(width) + note for formula, note in rows]


def _with_steps(answer: Answer, options: Options) -> str:
    """Each result with its derivation under it; what was understood of the input is told by the steps."""
    from matdiff.formats.steps import lines_of

    blocks = []
    for result, derivation in zip(answer.results, options.steps, strict=True):
        blocks.append("\n".join([*_aligned(_rows(answer, [result])), "", *lines_of(derivation, STYLE)]))
    about = [f"if {' and '.join(answer.conditions)}"] if answer.conditions else []
    about += check_lines(options.checks, answer)
    lines = [f"{_DIM}  {line}{_RESET}" if options.color else f"  {line}" for line in about]
    return "\n\n".join(blocks + (["\n".join(lines)] if lines else []))


def _size_note(shape: Shape) -> str:
    """`(m)`, `(m × n)`, `(scalar)`."""
    words = shape_words(shape)
    return f"({words.removeprefix('vector ')})" if not words.startswith("(") else words


def _shape_note(answer: Answer, result: Result) -> str:
    """`(m × n)`, `(n)`, `(scalar)`, with what is known of the array or its layout."""
    if not result.shown_shape:
        text = "scalar"
    elif result.kind == "row":
        text = f"1 × {unicode_size(result.shown_shape[0])}"
    elif len(result.shown_shape) == 2:
        text = matrix_size((result.shown_shape[0], result.shown_shape[1]))
    else:
        text = ", ".join(unicode_size(dim) for dim in result.shown_shape)
    by_one = len(set(result.wrt)) == 1 and len(result.shown_shape) == 2
    if by_one and not _is_zero(result) and (result.name == "hessian" or _is_by_symmetric(answer, result)):
        text += ", symmetric"
    return f"({', '.join(filter(None, (text, layout_words(answer, result))))})"


def _is_by_symmetric(answer: Answer, result: Result) -> bool:
    """Whether it is the gradient by a symmetric matrix, taken among symmetric ones or by the free entries."""
    declared = answer.typed.variables[result.wrt[0]].property in ("symmetric", "spd")
    return result.name == "gradient" and declared and answer.asked.structure != "ignore"


def _is_zero(result: Result) -> bool:
    return result.expr.op == "zeros" or (result.expr.op == "number" and result.expr.value == 0)


def understood(answer: Answer) -> list[str]:
    """The reading of the input: definitions, the expression, kinds and sizes, and what the axes of a tensor are."""
    typed = answer.typed
    values = list(typed.definitions.items())
    if array_of(typed.expr).op != "name":
        values.append((output_name(typed), typed.expr))
    lines = [f"  {unicode(named(name, value))} = {unicode(value)} : {shape_words(shape_of(value))}" for name, value in values]
    if typed.variables:
        lines.append("  " + "   ".join(_variables(typed, answer.conditions)))
    needs = [condition for condition in answer.conditions if not _is_about_variable(condition, typed)]
    if needs:
        lines.append("  if " + " and ".join(needs))
    for result in answer.results:
        if result.form in ("index", "frobenius") and (result.form == "index" or len(result.tensor.dims) > 2):
            axes = _axes(answer, result)
            if not any(line.startswith(axes) for line in lines):
                lines.append(axes)
        lines += [f"  {words}" for words in result.legend if f"  {words}" not in lines]
        if result.form == "index" and result.left is None:
            lines += _next_best(answer, result)
        shown = [other.plain for other in answer.results if other.form == "matrix"]
        if result.form == "sum" and result.is_matrix and result.order and result.plain not in shown:
            lines.append(_in_matrices(answer, result.plain))
    return lines


def _next_best(answer: Answer, result: Result) -> list[str]:
    """`as a matrix: ∂vec(Y)/∂vec(W)ᵀ = (Xᵀ ⊗ I) K_mn   (mn × mn, vec stacks columns)`."""
    from matdiff.notations.notate import next_best

    found = next_best(answer, result)
    if found is None:
        return []
    is_matrix = found.form == "kronecker"
    words = [matrix_size(shape_of(found.expr))] if is_matrix and found.expr.shape else []
    name = "as a matrix" if is_matrix else "as a differential"
    note = f"   ({', '.join([*words, *found.legend])})" if words or found.legend else ""
    return [f"  {name}: {show(left_side(answer, found), STYLE)} = {unicode(found.expr)}{note}"]


def _in_matrices(answer: Answer, result: Result) -> str:
    """`in matrices: ∂f/∂w = -2 xᵀ (y - x w)   (x has the rows x_iᵀ)`."""
    used = {str(node.value) for expr in result.formulas for node in names_in(expr)}
    members = [row for remark in answer.typed.remarks if isinstance(remark, SumRead) for row in remark.members]
    rows = [(shown, name) for shown, place, name in members if place.startswith("row") and name in used]
    named = [f"{unicode_name(name)} has the rows {unicode_name(shown)}ᵀ" for shown, name in rows]
    parts = "".join(f", with {unicode_name(part.name)} = {unicode(part.expr)}" for part in result.where)
    note = f"   ({', '.join(named)})" if named else ""
    return f"  in matrices: {show(left_side(answer, result), STYLE)} = {unicode(result.expr)}{parts}{note}"


def shape_words(shape: Shape) -> str:
    """`scalar`, `vector n`, `row n`, `m × n`, `m × n × p`."""
    kind = kind_of(shape)
    if kind == "scalar":
        return kind
    if kind in ("matrix", "tensor"):
        return matrix_size(shape)
    return f"{kind} {unicode_size(shape[kind == 'row'])}"


def _variables(typed: Typed, conditions: tuple[str, ...]) -> list[str]:
    """`a: n`, `W: m × n`, `S: n × n, symmetric, invertible`."""
    texts = []
    for variable in typed.variables.values():
        size = unicode_size(variable.shape[0]) if variable.kind == "vector" else shape_words(variable.shape)
        words = [size] if variable.property is None else [size, variable.property]
        if f"{variable.name} invertible" in conditions:
            words.append("invertible")
        texts.append(f"{unicode_name(variable.name)}: {', '.join(words)}")
    return texts


def _is_about_variable(condition: str, typed: Typed) -> bool:
    name, _, rest = condition.partition(" ")
    return rest == "invertible" and name in typed.variables


def _axes(answer: Answer, result: Result) -> str:
    """`axes: i of y (n); k, l of W (m, n);  δ_il is 1 if i = l, else 0`."""
    groups: list[tuple[str, list[str], list[str]]] = []
    for of, axis, dim, letter in result.axes:
        name = output_name(answer.typed) if of == "output" else of
        if not groups or groups[-1][0] != name or axis == 0:
            groups.append((name, [], []))
        groups[-1][1].append(letter)
        groups[-1][2].append(unicode_size(dim))
    axes = "; ".join(f"{', '.join(letters)} of {unicode_name(name)} ({', '.join(sizes)})" for name, letters, sizes in groups)
    delta = next((node for node in post_order(result.expr) if node.op == "delta"), None)
    if delta is None:
        return f"  axes: {axes}"
    left, right = (str(index.value) for index in delta.args)
    return f"  axes: {axes};  {unicode(delta)} is 1 if {left} = {right}, else 0"
