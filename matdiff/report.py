"""`diagnose`: an error or remark in words.  The drawing is in `carets`.

Mistakes of reading are worded in `report_reading`, those of sizes and kinds in `report_shapes`, the rest here.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Sequence
from typing import Any, Union

from matdiff import errors
from matdiff.carets import Diagnostic, Help, Label, line_and_column, render
from matdiff.dims import Shape
from matdiff.errors import Errors, MatdiffError, Remark
from matdiff.functions import RESERVED
from matdiff.habits import translated
from matdiff.limits import ERRORS, HELP_TIME, within
from matdiff.parse import parse_declaration
from matdiff.render import FORMATS
from matdiff.render.spelling import kind_of, matrix_size, unicode_size
from matdiff.replace import correction, cut, parses, replaced, statement_around
from matdiff.report_reading import READING_WORDS, Words
from matdiff.report_remarks import REMARK_WORDS
from matdiff.report_shapes import SHAPE_WORDS, fixed_text
from matdiff.scan import PROPERTIES
from matdiff.suggest import near, near_function
from matdiff.syntax import Span

__all__ = ["Diagnostic", "diagnose", "diagnose_all", "in_words", "line_and_column", "render"]

# Of a longer circle of definitions only the first are named.
_MOST_IN_CIRCLE = 4


def diagnose(problem: Union[MatdiffError, Remark], text: str) -> Diagnostic:
    """The problem in words; its spans count code points of `text`."""
    word: Callable[[Any, str], Words] = _WORDS[type(problem)]
    message, labels, help, notes = word(problem, text)
    return Diagnostic(problem.severity, problem.code, problem.name, message, labels, help, notes)


def diagnose_all(problem: Union[MatdiffError, Errors], text: str) -> list[Diagnostic]:
    """All errors of a statement, at most five."""
    several = problem.errors if isinstance(problem, Errors) else (problem,)
    return in_words(several[:ERRORS], text)


def in_words(problems: Sequence[Union[MatdiffError, Remark]], text: str) -> list[Diagnostic]:
    """Errors or remarks on one text; where the whole reads like another language, the first has it in ours."""
    with within(HELP_TIME):
        found = [diagnose(problem, text) for problem in problems]
        whole = translated(text) if any(isinstance(problem, _FOREIGN) for problem in problems) else None
    if whole is not None and all(help.replacement != whole for diagnostic in found for help in diagnostic.help):
        found[0].help = (Help("in this notation", whole), *found[0].help)
    return found


# Errors of people who write another language.
_FOREIGN = (
    errors.ForeignOperator, errors.UnknownFunction, errors.WrongArity, errors.UnexpectedText, errors.UnknownCommand,
    errors.NeedsParentheses, errors.WrongKind, errors.PowerKind,
)  # fmt: skip


# E2xx: names and declarations


def _unknown_function(error: errors.UnknownFunction, text: str) -> Words:
    meant = near_function(error.function)
    if meant is not None:
        fixed = correction(text, replaced(text, error.span, meant), error.span)
        help = [Help(f"did you mean `{meant}`?", fixed, f"did you mean `{meant}`?")]
    else:
        fixed = correction(text, replaced(text, error.span, error.function + " "), error.span)
        help = [Help("for a product write a space", fixed)] if fixed else []
    return f"unknown function `{error.function}`", [Label(error.span)], help, ["`matdiff --functions` lists all of them"]


def _wrong_arity(error: errors.WrongArity, text: str) -> Words:
    plural = "" if error.expected == 1 else "s"
    message = f"`{error.function}` takes {error.expected} argument{plural}, got {error.got}"
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
        assert fix.target.span is not None
        labels = [Label(fix.target.span, "one name; names may have several letters")]
        corrected = fixed_text(text, fix)
        return message, labels, [Help("", corrected, corrected)] if corrected else [], []
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


# E5xx: usage and files


def _not_quoted(error: errors.NotQuoted, text: str) -> Words:
    help = [Help("quote it", f"matdiff {_quoted(' '.join(error.words))}")]
    first, *others = error.words
    if parses(first) and len(others) == 1 and others[0] in re.findall(r"[^\W\d]\w*", first):
        command = f"matdiff {_quoted(first)} --wrt {others[0]}"
        help = [Help("differentiate by it", command)]
    return f"the expression must be one argument, got {len(error.words)}", [], help, []


def _quoted(text: str) -> str:
    """The text as one word of a shell."""
    if "'" not in text:
        return f"'{text}'"
    return f'"{text}"' if not set(text) & set('"$`\\!') else shlex.quote(text)


def _unreadable(error: errors.UnreadableFile, text: str) -> Words:
    return f"{error.path}: {error.why}", [], [Help(help) for help in _instead_of_file(error.path)] if error.is_missing else [], []


def _instead_of_file(path: str) -> list[str]:
    """What may be meant by a file that is not there: a format, since -f is no format, a file near by, or an expression."""
    folder, _, name = path.rpartition("/")
    if name in FORMATS:
        return [f"did you mean `--to {name}`?"]
    try:
        close = near(name, os.listdir(folder or ("/" if path.startswith("/") else ".")))
    except (OSError, ValueError):
        close = None
    if close is not None and close != name:
        return [f"did you mean {folder + '/' if folder or path.startswith('/') else ''}{close}?"]
    if re.search(r"\w", path) and re.search(r"[\s^()+*|']", path) and parses(path):
        return [f"an expression takes no option: matdiff {_quoted(path)}"]
    return []


def _not_a_name(error: errors.NotAName, text: str) -> Words:
    inside = [name for name in re.findall(r"[^\W\d]\w*", error.text) if name in error.names]
    help = [Help(f"{error.option} {name}") for name in dict.fromkeys(inside)] if error.option == "--wrt" else []
    notes = [f"variables: {', '.join(error.names)}"] if error.names else []
    return f"{error.option} takes the name of a variable, not `{error.text}`", [], help, notes


def _not_a_size(error: errors.NotASize, text: str) -> Words:
    message = f"`{error.text}` is not the name of a size here"
    if not error.names:
        return message, [], [], ["every size is a number"]
    meant = error.names[0] if len(error.names) == 1 else near(error.text, error.names)
    help = [Help(f"did you mean `--size {meant}={error.number}`?")] if meant else []
    return message, [], help, [f"sizes: {', '.join(error.names)}"]


def _how_many_expected(error: errors.HowManyExpected, text: str) -> Words:
    names = [" and ".join(f"`{name}`" for name in wrt) for wrt in error.results]
    times = {1: "once"}.get(error.given, f"{error.given} times")
    count = "is 1 result" if len(names) == 1 else f"are {len(names)} results"
    orders = ", then ".join(f"by {name}" for name in names) if any(names) else ""
    help = [Help(f"give --expect once for each, in this order: {orders}")] if len(names) > 1 else [Help("give --expect once")]
    return f"--expect is given {times}, but there {count}", [], help, []


def _unknown_topic(error: errors.UnknownTopic, text: str) -> Words:
    help = [Help(f"did you mean --explain {error.meant}?")] if error.meant else []
    message = f"there is no page about `{error.topic}`" if error.topic else "--explain needs a topic"
    subjects = [topic for topic in error.topics if topic.islower()]
    return message, [], help, [f"topics: {', '.join(subjects)}; and the code of every message, such as E301"]


_WORDS: dict[type, Callable[[Any, str], Words]] = {
    **READING_WORDS,
    **SHAPE_WORDS,
    **REMARK_WORDS,
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
    errors.NotQuoted: _not_quoted,
    errors.UnreadableFile: _unreadable,
    errors.NotAName: _not_a_name,
    errors.NotASize: _not_a_size,
    errors.HowManyExpected: _how_many_expected,
    errors.UnknownTopic: _unknown_topic,
}
