"""`diagnose`: an error or remark in words.  The drawing is in `carets`.

Mistakes of reading are worded in `report_reading`, those of sizes and kinds in `report_shapes`, the rest here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Union

from matdiff import errors
from matdiff.carets import Diagnostic, Help, Label, line_and_column, render
from matdiff.dims import Shape
from matdiff.errors import Errors, MatdiffError, Remark
from matdiff.functions import NAMES, RESERVED
from matdiff.glued import names_of_text, parts_of
from matdiff.habits import Translation, as_translated, is_function, reads_and_fits, translated
from matdiff.limits import ERRORS, HELP_TIME, within
from matdiff.parse import Declaration, parse_declaration, read
from matdiff.render.spelling import kind_of, matrix_size, unicode_size
from matdiff.replace import LONGEST_CORRECTION, correction, cut, replaced, statement_around
from matdiff.report_reading import READING_WORDS, Words
from matdiff.report_remarks import REMARK_WORDS
from matdiff.report_shapes import SHAPE_WORDS, fixed_text
from matdiff.report_usage import USAGE_WORDS
from matdiff.scan import GREEK
from matdiff.sentences import PROPERTIES
from matdiff.suggest import near, near_function
from matdiff.syntax import Span
from matdiff.variables import SCALAR_LETTERS

__all__ = ["Diagnostic", "diagnose", "diagnose_all", "in_words", "line_and_column", "render"]

# Of a longer circle of definitions only the first are named.
_MOST_IN_CIRCLE = 4


def diagnose(problem: Union[MatdiffError, Remark], text: str) -> Diagnostic:
    """The problem in words; its spans count code points of `text`."""
    word: Callable[[Any, str], Words] = _WORDS[type(problem)]
    message, labels, help, notes = word(problem, text)
    if isinstance(problem, MatdiffError) and problem.split is not None:
        split = fixed_text(text, problem.split)
        help = [Help("", split, split)] if split else help
    elif isinstance(problem, MatdiffError) and problem.scalars:
        help = _with_scalars(problem.scalars, text, [label.span for label in labels], help)
    return Diagnostic(problem.severity, problem.code, problem.name, message, labels, help, notes)


def _with_scalars(names: Sequence[str], text: str, spans: Sequence[Span], help: Sequence[Help]) -> Sequence[Help]:
    """The help with the declaration that makes names scalars: first for names that usually are numbers, else where there is no other."""
    statement = cut(text, statement_around(text, min((span.start for span in spans), default=0)))
    declaration = f"{', '.join(names)}: scalar"
    one = Help(f"declare {'it' if len(names) == 1 else 'them'}", f"{declaration}; {statement}")
    if len(statement) > LONGEST_CORRECTION:
        one = Help(f'declare it: --var "{declaration}"')
    return [one, *help] if set(names) <= SCALAR_LETTERS else help or [one]


def diagnose_all(problem: Union[MatdiffError, Errors], text: str) -> list[Diagnostic]:
    """All errors of a statement, at most five."""
    several = problem.errors if isinstance(problem, Errors) else (problem,)
    return in_words(several[:ERRORS], text)


def in_words(
    problems: Sequence[Union[MatdiffError, Remark]], text: str, declarations: Sequence[Declaration] = ()
) -> list[Diagnostic]:
    """Errors or remarks on one text, with what is declared elsewhere; the same foreign operator is told once.

    A statement in another language is one mistake, and the help is the whole of it in ours.
    """
    with within(HELP_TIME):
        found = [diagnose(problem, text) for problem in problems]
        foreign = next((place for place, problem in enumerate(problems) if _may_be_foreign(problem)), None)
        whole = _in_our_notation(problems[foreign], text, declarations) if foreign is not None else None
        if whole is not None and foreign is not None and not _explains(whole, problems[foreign], text):
            whole = None
    if whole is None or foreign is None:
        return [diagnostic for place, diagnostic in enumerate(found) if not _is_told(problems[:place], problems[place])]
    first = found[foreign]
    if all(help.replacement is None or as_translated(help.replacement) != whole.text for help in first.help):
        kept = [help for help in first.help if help.replacement is None and isinstance(problems[foreign], errors.ForeignOperator)]
        first.help = (Help(whole.option, whole.text, None if whole.option else whole.text), *kept)
    return [first]


def _is_told(earlier: Sequence[Union[MatdiffError, Remark]], problem: Union[MatdiffError, Remark]) -> bool:
    """Whether an earlier error is about the same foreign operator, or about a command of TeX, to which braces belong."""
    if isinstance(problem, errors.UnexpectedText):
        return problem.reason == "underscore" and any(isinstance(error, errors.UnknownCommand) for error in earlier)
    if not isinstance(problem, errors.ForeignOperator):
        return False
    written = [error.written for error in earlier if isinstance(error, errors.ForeignOperator)]
    in_tex = any(isinstance(error, errors.UnknownCommand) for error in earlier)
    return problem.written in written or (in_tex and problem.written in ("{", "}"))


def _in_our_notation(problem: Union[MatdiffError, Remark], text: str, declarations: Sequence[Declaration]) -> Translation | None:
    """The statement with the mistake, if it is one of another language."""
    span = getattr(problem, "span", None)
    statement = cut(text, statement_around(text, span.start)) if span is not None else text
    return translated(statement, [*declarations, *(read(text).statements if statement != text else ())])


# Errors of people who write another language.
_FOREIGN = (
    errors.ForeignOperator, errors.UnknownFunction, errors.WrongArity, errors.UnexpectedText, errors.UnknownCommand,
    errors.NeedsParentheses, errors.WrongKind, errors.PowerKind, errors.DivisionKind, errors.IndexRange, errors.NoSize,
    errors.ProductSizes, errors.UnclosedBracket, errors.UnknownVariable,
)  # fmt: skip


def _may_be_foreign(problem: Union[MatdiffError, Remark]) -> bool:
    """Whether another language may explain the mistake; not where names written together do, or an option in the quotes."""
    if isinstance(problem, errors.UnexpectedText) and problem.reason == "option":
        return False
    if isinstance(problem, MatdiffError) and (problem.split or (isinstance(problem, errors.UnknownVariable) and problem.fixes)):
        return False
    return isinstance(problem, _FOREIGN)


def _explains(translation: Translation, problem: Union[MatdiffError, Remark], text: str) -> bool:
    """Whether a translation may take the place of the help: not where sizes can be mended and only `*` is read otherwise."""
    starred = as_translated(re.sub(r"(?<![.*])\*(?!\*)", ".*", text))
    return not (isinstance(problem, errors.ProductSizes) and problem.fixes and translation.text == starred)


# E2xx: names and declarations


def _unknown_function(error: errors.UnknownFunction, text: str) -> Words:
    meant = near_function(error.function, _arguments(text[error.span.end :]))
    split = _as_factors(error.function, text)
    if split is not None and (meant is None or meant.lower() != error.function.lower()):
        fixed = correction(text, replaced(text, error.span, split), error.span)
        help = [Help("", fixed, fixed)] if fixed else []
    elif meant is not None:
        fixed = correction(text, replaced(text, error.span, meant), error.span)
        help = [Help(f"did you mean `{meant}`?", fixed, f"did you mean `{meant}`?")]
    else:
        fixed = correction(text, replaced(text, error.span, error.function + " "), error.span)
        is_product = fixed is not None and not is_function(error.function) and reads_and_fits(fixed)
        help = [Help("for a product write a space", fixed)] if is_product else []
    return f"unknown function `{error.function}`", [Label(error.span)], help, ["`matdiff --functions` lists all of them"]


def _arguments(text: str) -> int | None:
    """The number of arguments in the parentheses with which the text begins."""
    depth, count = 0, 1
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        count += letter == "," and depth == 1
        if depth == 0:
            return count if letter == ")" else None
    return None


def _as_factors(written: str, text: str) -> str | None:
    """`Bdiag` as `B diag`: names before a function, written together with it."""
    for place in range(1, len(written)):
        before, function = written[:place], written[place:]
        names = (
            [before] if (before.isupper() and place == 1) or before in GREEK.values() else parts_of(before, names_of_text(text))
        )
        if function in NAMES and names:
            return " ".join((*names, function))
    return None


def _wrong_arity(error: errors.WrongArity, text: str) -> Words:
    plural = "" if error.expected == 1 else "s"
    message = f"`{error.function}` takes {error.expected} argument{plural}, got {error.got}"
    if error.got > error.expected:  # what the last ones say would be lost
        return message, [Label(error.span)], [], []
    arguments = [cut(text, argument.span) for argument in error.call.args if argument.span] if error.call is not None else []
    used = set(re.findall(r"\w+", text))
    fresh = (letter for letter in "ABCDEFGH" if letter not in used)
    arguments = [*arguments, *(next(fresh) for _ in range(error.expected - len(arguments)))][: error.expected]
    call = f"{error.function}({', '.join(arguments)})"
    return message, [Label(error.span)], [Help("", correction(text, replaced(text, error.span, call), error.span), call)], []


def _unknown_variable(error: errors.UnknownVariable, text: str) -> Words:
    where = "question" if error.expected else "expression"
    message = f"`{error.variable}` does not occur in the {where}"
    labels = [Label(error.span, f"not in the {where}")] if error.span else []
    if error.fixes:
        fix = error.fixes[0]
        assert fix.name is not None and fix.name.span is not None
        labels = [Label(fix.name.span, "one name; names may have several letters")]
        corrected = fixed_text(text, fix)
        return message, labels, [Help("", corrected, corrected)] if corrected else [], []
    if error.variable == "all" and error.span is None:
        return "`all` stands alone: it means every variable", labels, [Help("--wrt all")], []
    meant = near(error.variable, error.names)
    help = [Help(f"did you mean --wrt {meant}?" if error.span is None else f"did you mean `{meant}`?")] if meant else []
    place = re.search(rf"(?<!\w){re.escape(meant)}(?!\w)", text) if meant else None
    if place and error.span is None:
        labels = [Label(Span(*place.span()), f"`{meant}` is a different name", primary=False)]
    return message, labels, help, [f"variables: {', '.join(error.names)}"] if error.names else []


def _reserved(error: errors.ReservedName, text: str) -> Words:
    meaning = {"I": "the identity matrix", "wrt": "naming the variables", "pi": "the number pi"}.get(error.reserved, "a constant")
    message = f"`{error.reserved}` is reserved for {meaning}"
    if error.reserved not in RESERVED or error.reserved == "eye":
        message = f"`{error.reserved}` is a function"
    label = f"choose another name, for example `{error.reserved}_1`"
    return message, [Label(error.span, label)], [], [f"reserved: {', '.join(RESERVED)} and the names of functions"]


def _declared_twice(error: errors.DeclaredTwice, text: str) -> Words:
    if error.in_question:
        label = f"declared {error.second_text} here" if error.second_text else "defined here"
        message = f"`{error.variable}` has another meaning in the question"
        help = [Help("take a name that the question does not have")]
        known = f"{error.variable}: {error.first_text}" if error.first_text else f"{error.variable} is a size"
        return message, [Label(error.second, label)], help, [f"in the question: {known}"]
    verb = "defined" if cut(text, error.second).partition("=")[1] else "declared"
    second = f"{verb} {error.second_text} here" if verb == "declared" else "defined again here"
    first = f"first declared {error.first_text}" if verb == "declared" else "first defined here"
    labels = [Label(error.second, second)]
    if error.first is not None:
        labels.append(Label(error.first, first, primary=False))
    notes = [f"--var declares it {error.first_text}"] if error.first is None else []
    return f"`{error.variable}` is {verb} twice", labels, [], notes


def _declared_late(error: errors.DeclaredLate, text: str) -> Words:
    labels = [Label(error.span, "declared here"), Label(error.used, "used here", primary=False)]
    before, behind = text[: error.span.start].rstrip("; \n"), text[error.span.end :].lstrip("; \n")
    ordered = "; ".join(part for part in (cut(text, error.span), before, behind) if part)
    help = [Help("put it first", ordered)] if "\n" not in ordered else [Help("put the declaration first")]
    return f"`{error.variable}` is declared after it is used", labels, help, []


_FORMS = "forms: `W: m x n`, `x: n`, `c: scalar`, `S: symmetric n`, `D: diagonal n`, `P: spd n`"
_DECLARATION_PROBLEMS = {
    "empty": "expected a declaration",
    "no-colon": "expected `:` after the name",
    "name": "expected a name here",
    "no-size": "expected a size here",
    "word": "`{found}` is no size",
    "by": "expected `x` between the two sizes",
    "three-sizes": "a matrix has two sizes",
    "property": "no such property",
    "square": "{found} needs one size",
    "size": "a size is a name or a positive whole number",
    "syntax": "this cannot stand here",
}


def _bad_declaration(error: errors.BadDeclaration, text: str) -> Words:
    label = _DECLARATION_PROBLEMS[error.problem].replace("{found}", error.found)
    if error.problem == "word" and error.found in PROPERTIES:
        label = "a property stands before the size"
    statement = text if error.in_option else cut(text, statement_around(text, error.span.start))
    fixed, message = None, None
    elsewhere = _rewritten(statement)
    if elsewhere is not None or error.meant:
        fixed = elsewhere or error.meant
    elif error.problem == "by":
        fixed = replaced(text, error.span, f"x {error.found}" if error.found.isdigit() else " x " if error.found == "," else "x")
        fixed = re.sub(r" +", " ", fixed)
    elif error.problem == "no-colon" and error.found:
        fixed = statement.replace(error.found, error.found + ":", 1)
    elif error.problem == "property":
        meant = near(error.found, PROPERTIES)
        fixed = replaced(text, error.span, meant) if meant is not None else None
        message = f"did you mean `{meant}`?" if meant else None
    elif error.problem == "square":
        fixed = replaced(text, error.span, re.split(r"\s*[x×]\s*", cut(text, error.span))[0])
    help = []
    if fixed is not None and _declares(fixed):
        help = [Help(message or "", fixed, fixed if message is None else f"{message}  {fixed}")]
    return "cannot read this declaration", [Label(error.span, label)] if statement.strip() else [], help, [_FORMS]


# Sizes as papers and other programs write them: (m, n), n-by-n, x in R^n.
_SIZES_ELSEWHERE = (
    (r"(\w\s*):\s*[(\[]\s*(\w+)\s*[,;]\s*(\w+)\s*[)\]]", r"\1: \2 x \3"),
    (r"^(?:let|var|where|given)\s+(?=\w)", ""),
    (r"^(\w+)\s*(?:=|::)\s*", r"\1: "),
    (r"\s*-\s*by\s*-\s*", " x "),
    (r"(\w)\s*(?::|∈|\\in\b|\bin\b)\s*(?:R|ℝ|\\R|\\mathbb\s*\{?R\}?)\s*\^\s*(?:\{([^{}]*)\}|(\w+))", r"\1: \2\3"),
    (r"\\times\b", "x"),
    (r"(: \w+)\*(\w+)$", r"\1 x \2"),
)


def _rewritten(statement: str) -> str | None:
    """The declaration in our notation, if another one is recognised."""
    text = statement.strip()
    for pattern, replacement in _SIZES_ELSEWHERE:
        text = re.sub(pattern, replacement, text)
    return text if text != statement.strip() and _declares(text) else None


def _declares(text: str) -> bool:
    try:
        return bool(parse_declaration(text))
    except (MatdiffError, Errors):
        return False


def _circular(error: errors.CircularDefinition, text: str) -> Words:
    shown = error.uses[:_MOST_IN_CIRCLE]
    names = [f"`{name}`" for name, _, _ in shown]
    if len(error.uses) > len(shown):
        names.append(f"{len(error.uses) - len(shown)} others")
    message = (
        f"{', '.join(names[:-1])} and {names[-1]} are defined by each other"
        if len(names) > 1
        else f"{names[0]} is defined by itself"
    )
    return message, [Label(span, f"{name} needs {used}") for name, used, span in shown], [], []


# E4xx: the derivative, limits


def _which_variable(error: errors.WhichVariable, text: str) -> Words:
    rows = []
    for name, _, shape in error.candidates:
        kind = kind_of(shape)
        size = {"matrix": f"the {matrix_size(shape)} matrix {name}", "scalar": f"the scalar {name}"}.get(
            kind, f"the {kind} {name} of size {unicode_size(shape[0] if kind == 'vector' else shape[1])}"
        )
        rows.append((f"--wrt {name}", size))
    rows.append(("--wrt all", "each of them"))
    longest = max(len(option) for option, _ in rows)
    return "which variable? add --wrt", [], [Help(f"{option:<{longest}}   {size}") for option, size in rows], []


def _bad_direction(error: errors.BadDirection, text: str) -> Words:
    option = f"--{error.kind}"
    if error.problem == "output" and error.found is not None:
        help = [Help("--jvp and --vjp apply the derivative of a vector or matrix")]
        return f"{option} wants a scalar, and the output is {_words(error.found)}", [], help, []
    if error.problem == "count":
        wanted = ", ".join(error.of)
        help = [Help(" ".join(f"{option} {name}" for name in [f"v_{of}" for of in error.of]))] if len(error.of) > 1 else []
        return (
            f"{option} wants one name for {wanted}" if len(error.of) == 1 else f"{option} wants a name for each of {wanted}",
            [],
            help,
            [],
        )
    assert error.found is not None and error.wanted is not None
    name, of = error.names[0], error.of[0]
    return f"`{name}` is {_words(error.found)}, and {option} wants one shaped like {of}, {_words(error.wanted)}", [], [], []


def _words(shape: Shape) -> str:
    """`a scalar`, `a vector of size n`, `an m × n matrix`."""
    kind = kind_of(shape)
    if kind == "scalar":
        return "a scalar"
    return f"a {matrix_size(shape)} matrix" if kind == "matrix" else f"a {kind} of size {unicode_size(shape[kind == 'row'])}"


def _too_many_axes(error: errors.TooManyAxes, text: str) -> Words:
    help = [Help(f"use --order {error.order - 1}")] if error.order > 1 else []
    return f"the result would have {error.axes} axes; at most {error.limit} are supported", [], help, []


def _no_closed_form(error: errors.NoClosedForm, text: str) -> Words:
    labels = [Label(error.span)] if error.span else []
    return f"`{error.function}` has no closed-form derivative here", labels, [], []


def _no_steps(error: errors.NoSteps, text: str) -> Words:
    if not error.order:
        return "--steps shows how a derivative comes about, and --order 0 asks for none", [], [Help("leave out --order 0")], []
    message = f"--steps stops at order {error.order - 1} here: that derivative has no matrix notation to be differentiated again"
    return message, [], [Help(f"leave out --{error.kind}" if error.kind else f"use --order {error.order - 1}")], []


_PARTS = "give inner parts names of their own: y = ...; then use y"
_SPLIT = "ask in several texts, one after the other"
_SMALLER = "ask for a part of it, or with fewer factors and terms"
_NAMED = "write a name for it, and put the number in later"
# Each limit: what is too much, and what to do.
_LIMITS = {
    "text": ("the text is longer than {} characters", _SPLIT),
    "tokens": ("the text has more than {} names, numbers and operators", _SPLIT),
    "nesting": ("brackets are nested more than {} deep", _PARTS),
    "depth": ("the expression is nested more than {} deep", _PARTS),
    "stack": ("the answer is nested too deep", _PARTS),
    "number": ("a number has more than {} digits", _NAMED),
    "exponent": ("the exponent of a number is beyond {}", _NAMED),
    "size": ("a size is made of more than {} names and numbers", "declare simpler sizes with --var"),
    "size-number": ("a number in a size has more than {} bits", "declare smaller sizes with --var"),
    "factors": ("the answer needs more than {} factors and terms", _SMALLER),
    "time": ("this takes more than {} seconds", "--timeout allows another number of seconds; 0 is no limit"),
}


def _too_large(error: errors.TooLarge, text: str) -> Words:
    message, help = _LIMITS[error.what]
    labels = [Label(error.span)] if error.span and error.what != "depth" else []
    return message.format(f"{error.limit:,.6g}" if error.limit < 10 else f"{error.limit:,.0f}"), labels, [Help(help)], []


_WORDS: dict[type, Callable[[Any, str], Words]] = {
    **READING_WORDS,
    **SHAPE_WORDS,
    **REMARK_WORDS,
    **USAGE_WORDS,
    errors.UnknownFunction: _unknown_function,
    errors.WrongArity: _wrong_arity,
    errors.UnknownVariable: _unknown_variable,
    errors.ReservedName: _reserved,
    errors.DeclaredTwice: _declared_twice,
    errors.DeclaredLate: _declared_late,
    errors.BadDeclaration: _bad_declaration,
    errors.CircularDefinition: _circular,
    errors.WhichVariable: _which_variable,
    errors.BadDirection: _bad_direction,
    errors.TooManyAxes: _too_many_axes,
    errors.NoClosedForm: _no_closed_form,
    errors.NoSteps: _no_steps,
    errors.TooLarge: _too_large,
}
