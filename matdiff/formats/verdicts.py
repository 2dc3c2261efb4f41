"""What was found by --verify, --prove and --expect, in words: `not equal: inv(X) is the transpose of the result X^-T`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from matdiff.answer.answer import Answer
from matdiff.answer.leftside import left_side
from matdiff.answer.result import Result
from matdiff.formats.registry import Check
from matdiff.infer.infer import Typed
from matdiff.language.dims import Shape
from matdiff.language.kinds import kind_of
from matdiff.language.printer import show
from matdiff.language.spelling import matrix_size, unicode_name, unicode_size
from matdiff.language.syntax import Expr, Rational
from matdiff.language.text import STYLE, text

if TYPE_CHECKING:
    from matdiff.check.case import Finding
    from matdiff.check.expect import Verdict
    from matdiff.check.prove import Proof
    from matdiff.check.verify import Report

# Longer formulas are not repeated in a sentence.
_LONGEST = 60


class _Said:
    """The two sides as a sentence calls them."""

    def __init__(self, verdict: Verdict, result: Result, finding: Finding | None) -> None:
        written = " ".join(verdict.expected.split())
        self.is_quoted = len(written) <= _LONGEST
        self.plain = written if self.is_quoted else "the expected expression"
        self.given = self.plain
        if finding is not None and finding.transposed:
            self.given = f"the transpose of {self.plain}"
        shown = text(result.expr)
        name = "value" if not result.order else "result"
        self.result = f"the {name} {shown}" if len(shown) <= _LONGEST and not result.where and shown != written else f"the {name}"
        self.name = f"the {name}"


def check_lines(checks: Sequence[Check], answer: Answer) -> list[str]:
    """The verdicts; one on a result among several starts with its left side."""
    lines = []
    for check in checks:
        if check.kind == "verify":
            lines.append(verify_line(check, answer.typed))
        elif check.kind == "prove":
            lines.append(prove_line(check, answer))
        else:
            found = expect_lines(check, answer)
            if any(result.place for result in answer.results):
                found[0] = f"{show(left_side(answer, _compared(check, answer)), STYLE)}: {found[0]}"
            lines += found
    return lines


def _compared(verdict: Verdict, answer: Answer) -> Result:
    """The result that was compared, in the first of the notations that are shown."""
    return next(result for result in answer.results if result.place == verdict.place)


def verify_line(report: Report, typed: Typed) -> str:
    """`verified: 4 random X with n = 3 to 9, largest relative error 8e-40`."""
    if not report.trials:
        return "not verified: no random point was found where the expression is real and finite"
    points = f"{report.trials} random {', '.join(map(unicode_name, typed.variables))}"
    there = ", ".join(f"{name} = {size}" for name, size in report.sizes.items())
    if report.undefined:
        where = f" at {there}" if there else ""
        return f"NOT verified: the result has no real, finite value{where} where the input has one"
    if not report.passed:
        error = _error(report.max_relative_error)
        return f"NOT verified: {points}, largest relative error {error}{there and ', there with ' + there}"
    numbers = {name: [sizes[name] for sizes in report.all_sizes] for name in report.sizes}
    ranges = [f"{n} = {min(of)}" if min(of) == max(of) else f"{n} = {min(of)} to {max(of)}" for n, of in numbers.items()]
    sizes = f" with {', '.join(ranges)}" if ranges else ""
    return f"verified: {points}{sizes}, largest relative error {report.max_relative_error:.0e}"


def prove_line(proof: Proof, answer: Answer) -> str:
    """`proved: each of the 6 components with m = 2, n = 3 is identical to the derivative`."""
    result = answer.results[0]
    right = "the derivative" if result.order else "the input"
    if result.along is not None:
        right += f" applied to {', '.join(map(unicode_name, result.along.names))}"
    sizes = f" with {', '.join(f'{name} = {size}' for name, size in proof.sizes.items())}" if proof.sizes else ""
    if proof.passed:
        many = "the only component" if proof.components == 1 else f"each of the {proof.components} components"
        return f"proved: {many}{sizes} is identical to {right}"
    if not proof.decided:
        return f"not decided: {proof.reason}{sizes and ', tried' + sizes}"
    if proof.elsewhere is not None:
        return f"DISPROVED: {proof.reason}, though each component{sizes} is identical to it"
    assert proof.wrong is not None
    axes, derivative, printed = proof.wrong
    place = f" [{','.join(map(str, axes))}]" if axes else ""
    if len(derivative) + len(printed) > _LONGEST:
        return f"DISPROVED: component{place}{sizes} is not that of {right}"
    return f"DISPROVED: component{place}{sizes} is {derivative}, but the result says {printed}"


def expect_lines(verdict: Verdict, answer: Answer) -> list[str]:
    """One line with the verdict; one with what was measured; perhaps a note."""
    result = _compared(verdict, answer)
    finding = verdict.finding
    said = _Said(verdict, result, finding)
    if verdict.passed:
        lines = [f"equal: {said.plain} is {said.result}"]
    elif finding is not None and finding.assumed and finding.kind == "equal" and not finding.transposed:
        lines = [f"not equal unless {_assumption(finding)}: {said.result} is not {said.plain} in general"]
    else:
        assert finding is not None
        condition = f", even if {_assumption(finding)}" if finding.assumed and finding.kind != "equal" else ""
        words = _WORDS[finding.kind]
        found = words.format(said=said, **finding.fields) if isinstance(words, str) else words(finding, said)
        if finding.kind == "no point":
            return [found]
        lines = [f"not equal{condition}: {found}"]
    if verdict.trials:
        sizes = ", ".join(f"{name} = {size}" for name, size in verdict.sizes.items())
        at = f", there with {sizes}" if sizes and not verdict.passed else ""
        plural = "" if verdict.trials == 1 else "s"
        error = _error(verdict.max_relative_error)
        lines.append(f"  largest relative error {error} in {verdict.trials} trial{plural}{at} (--seed {verdict.seed})")
    elif verdict.exact:
        lines.append("  both have the same normal form")
    layout = finding.fields.get("layout") if finding is not None and finding.kind == "equal" else None
    if layout:
        lines.append(f"note: it is right in {layout} layout (--layout {layout})")
    return lines


def _error(error: float) -> str:
    return "inf" if error == float("inf") else "0" if not error else f"{error:.0e}" if error < 1e-3 else f"{error:.3g}"


def ratio_of(finding: Finding | None) -> str | None:
    """The difference as a short key for programs: `transpose`, `factor 2`, `A symmetric`, `missing 2 lambda w`, `shape`."""
    if finding is None:
        return None
    words = []
    if finding.transposed:
        words.append("transpose")
    if finding.kind == "factor":
        words.append(f"factor {finding.fields['factor']}")
    elif finding.kind == "scalar":
        words.append(f"factor {text(finding.fields['factor'])}")
    elif finding.kind in ("missing", "extra"):
        words.append(f"{finding.kind} {_sum(finding)}")
    elif finding.kind == "structure":
        words.append(f"structure {finding.fields['structure']}")
    elif finding.kind == "variable":
        words.append(f"variable {finding.fields['variable']}")
    elif finding.kind != "equal":
        words.append(finding.kind)
    if finding.assumed:
        words.append(f"{' and '.join(finding.assumed)} {finding.property}")
    return ", ".join(words)


def _assumption(finding: Finding) -> str:
    names = list(finding.assumed)
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    if finding.property == "commuting":
        return f"{listed} commute"
    return f"{listed} {'is' if len(names) == 1 else 'are'} {finding.property}"


def _sum(finding: Finding) -> str:
    """Terms as they are added: `2 lambda w`, `A x - b`."""
    shown = ""
    for term in finding.fields["terms"]:
        is_negative = term.op == "neg"
        written = text(term.args[0]) if is_negative and shown else text(term)
        shown += f" {'-' if is_negative else '+'} {written}" if shown else written
    return shown


def _equal(finding: Finding, said: _Said) -> str:
    only = f" only if {_assumption(finding)}" if finding.assumed else ""
    return f"{said.plain} is the transpose of {said.result}{only}"


def _factor(finding: Finding, said: _Said) -> str:
    factor: Rational = finding.fields["factor"]
    if factor == -1:
        return f"the sign is wrong; {said.result} is -1 times {said.given}"
    if factor.denominator == 1 and factor > 1:
        return f"a factor {factor} is missing; {said.result} is {factor} times {said.given}"
    if factor.numerator == 1:
        return f"a factor {factor.denominator} is too much; {said.given} is {factor.denominator} times {said.result}"
    return f"{said.result} is {factor} times {said.given}"


def _scalar(finding: Finding, said: _Said) -> str:
    factor: Expr = finding.fields["factor"]
    written = text(factor)
    around = f"({written})" if factor.op in ("+", "neg") else written
    return f"{said.result} is {around} times {said.given}"


def _symmetric_part(finding: Finding, said: _Said) -> str:
    factor: Rational = finding.fields["factor"]
    scale = "" if factor == 1 else f"{factor} "
    around = "G + G^T" if factor == 1 else "(G + G^T)"
    return f"the symmetric part is missing; {said.result} is {scale}{around} with G = {said.given}"


def _missing(finding: Finding, said: _Said) -> str:
    which = "a term is" if len(finding.fields["terms"]) == 1 else "terms are"
    return f"{_in(finding)}{which} {'missing' if finding.kind == 'missing' else 'too much'}: {_sum(finding)}"


def _in(finding: Finding) -> str:
    return "it is transposed, and " if finding.transposed else ""


def _coefficient(finding: Finding, said: _Said) -> str:
    factor, term = finding.fields["factor"], text(finding.fields["terms"][0])
    if factor == -1:
        return f"{_in(finding)}the term {term} has the wrong sign"
    return f"{_in(finding)}the term {term} must be taken {factor} times"


def _term(finding: Finding, said: _Said) -> str:
    wrong, right = map(text, finding.fields["terms"])
    return f"{_in(finding)}the term {wrong} must be {right}"


def _edit(finding: Finding, said: _Said) -> str:
    part, other = text(finding.fields["part"]), text(finding.fields["other"])
    whole = text(finding.fields["whole"])
    correct = f"; {whole} is {said.name}" if len(whole) <= _LONGEST else ""
    return f"{_in(finding)}{part} must be {other}{correct}"


def _outer(finding: Finding, said: _Said) -> str:
    factor, matrix = finding.fields["factor"], text(finding.fields["matrix"])
    scale = "" if factor == 1 else "minus " if factor == -1 else f"{factor} times "
    given = said.plain if said.plain.isidentifier() else f"({said.plain})"
    if finding.fields["side"] == "left":
        return f"{matrix} is missing in front; {said.name} is {scale}{matrix} {given}"
    return f"{matrix} is missing at the end; {said.name} is {scale}{given} {matrix}"


def _shape(finding: Finding, said: _Said) -> str:
    return f"{said.plain} is {shape_words(finding.fields['shape'])}, {said.result} is {shape_words(finding.fields['result'])}"


def _tensor(finding: Finding, said: _Said) -> str:
    sizes = ", ".join(map(unicode_size, finding.fields["result"]))
    axes = len(finding.fields["result"])
    return f"{said.plain} is {shape_words(finding.fields['shape'])}, {said.name} is a tensor with {axes} axes ({sizes})"


def shape_words(shape: Shape) -> str:
    """`a scalar`, `a vector (n)`, `a row (1 × n)`, `a matrix (m × n)`."""
    kind = kind_of(shape)
    if kind == "scalar":
        return "a scalar"
    size = (
        unicode_size(shape[0]) if kind == "vector" else f"1 × {unicode_size(shape[1])}" if kind == "row" else matrix_size(shape)
    )
    return f"a {kind} ({size})"


def _difference(finding: Finding, said: _Said) -> str:
    return f"{said.name} minus {said.plain} is {_sum(finding)}"


def _point(finding: Finding, said: _Said) -> str:
    row, column = finding.fields["entry"]
    shape: Shape = finding.fields["shape"]
    place = f"[{row},{column}]" if not any(dim.is_one for dim in shape) else f"[{max(row, column)}]"
    at = "" if shape[0].is_one and shape[1].is_one else f" in entry {place}"
    result, expected = finding.fields["result"], finding.fields["expected"]
    return f"they differ most{at}: {said.name} has {result:.6g}, {said.plain} has {expected:.6g}"


# Templates for the two sides and the fields of the finding, or functions of them.
_WORDS: dict[str, str | Callable[[Finding, _Said], str]] = {
    "equal": _equal,
    "factor": _factor,
    "scalar": _scalar,
    "number": "{said.result} is {factor:.8g} times {said.given}",
    "structure": "{said.given} is right with --structure {structure}; {said.result} follows another convention",
    "symmetric part": _symmetric_part,
    "missing": _missing,
    "extra": _missing,
    "coefficient": _coefficient,
    "term": _term,
    "edit": _edit,
    "variable": "{said.plain} is the derivative by {variable}",
    "outer": _outer,
    "made": "{said.result} is {function} of {said.plain}",
    "makes": "{said.plain} is {function} of {said.result}",
    "shape": _shape,
    "tensor": _tensor,
    "difference": _difference,
    "point": _point,
    "undefined": "{said.plain} has no real, finite value where {said.name} has one",
    "no point": "not decided: no point was found where the result is real and finite",
}
