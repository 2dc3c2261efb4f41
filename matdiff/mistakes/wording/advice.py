"""What no change of the text mends, in words, and what to do instead.

Questions without an answer (E4xx: variables, orders, limits), and wrong uses of the command (E5xx: quoting, files, names).
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Sequence
from typing import Any

from matdiff.language import errors
from matdiff.language.dims import Shape
from matdiff.language.kinds import kind_of
from matdiff.language.spelling import matrix_size, unicode_size
from matdiff.limits import LARGEST_SIZE
from matdiff.mistakes.diagnostic import Advice, Help, Label
from matdiff.mistakes.suggest import either, near
from matdiff.mistakes.texts import in_quotes, parses
from matdiff.mistakes.wording.remarks import REMARKS

# E4xx: the derivative, limits


def _which_variable(error: errors.WhichVariable, text: str) -> Advice:
    rows = [(f"--wrt {name}", f"the {_described(shape, name)}") for name, _, shape in error.candidates]
    rows.append(("--wrt all", "each of them"))
    longest = max(len(option) for option, _ in rows)
    return "which variable? add --wrt", [], [Help(f"{option:<{longest}}   {size}") for option, size in rows], []


def _bad_direction(error: errors.BadDirection, text: str) -> Advice:
    option = f"--{error.kind}"
    if error.problem == "output" and error.found is not None:
        help = [Help("--jvp and --vjp apply the derivative of a vector or matrix")]
        return f"{option} wants a scalar, and the output is a {_described(error.found)}", [], help, []
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
    return (
        f"`{name}` is a {_described(error.found)}, and {option} wants one shaped like {of}, a {_described(error.wanted)}",
        [],
        [],
        [],
    )


def _described(shape: Shape, name: str = "") -> str:
    """`scalar c`, `vector x of size n`, `m × n matrix W`; or without the name."""
    kind = kind_of(shape)
    named = f"{kind} {name}".rstrip()
    if kind == "matrix":
        return f"{matrix_size(shape)} {named}"
    return named if kind == "scalar" else f"{named} of size {unicode_size(shape[kind == 'row'])}"


def _too_many_axes(error: errors.TooManyAxes, text: str) -> Advice:
    help = [Help(f"use --order {error.order - 1}")] if error.order > 1 else []
    return f"the result would have {error.axes} axes; at most {error.limit} are supported", [], help, []


def _no_closed_form(error: errors.NoClosedForm, text: str) -> Advice:
    labels = [Label(error.span)] if error.span else []
    return f"`{error.function}` has no closed-form derivative here", labels, [], []


def _no_steps(error: errors.NoSteps, text: str) -> Advice:
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


def _too_large(error: errors.TooLarge, text: str) -> Advice:
    message, help = _LIMITS[error.what]
    labels = [Label(error.span)] if error.span and error.what != "depth" else []
    return message.format(f"{error.limit:,.6g}" if error.limit < 10 else f"{error.limit:,.0f}"), labels, [Help(help)], []


# E5xx: the command


def _not_quoted(error: errors.NotQuoted, text: str) -> Advice:
    first, *others = (word.translate(_CURLY) for word in error.words)
    message = f"the expression must be one argument, got {len(error.words)}"
    if error.option and error.value is None:
        message = f"`{error.option}` takes no value, got `{others[0]}`"
        help = Help(f"write it to a file: {error.option} -o {others[0]}" if "." in others[0] else f"write `{error.option}` alone")
    elif error.option and all(_is_whole_value(error.option, other) for other in others):
        message = f"`{error.option}` takes one value at a time"
        values = (error.value or "", *others)
        help = Help("repeat it", " ".join(f"{error.option} {shlex.quote(value)}" for value in values))
    elif error.option:
        message = f"the value of `{error.option}` must be one argument, got {len(error.words)}"
        help = Help("quote it", f"{error.option} {in_quotes(' '.join((error.value or '', *others)))}")
    elif parses(first) and len(others) == 1 and others[0] in re.findall(r"[^\W\d]\w*", first):
        help = Help("differentiate by it", f"matdiff {in_quotes(first)} --wrt {others[0]}")
    else:
        help = Help("quote it", f"matdiff {in_quotes(' '.join((first, *others)).strip(chr(39)))}")
    return message, [], [help], []


def _is_whole_value(option: str, word: str) -> bool:
    """Whether a word behind the value of an option is another value of it, not the rest of an unquoted one."""
    if option in ("-w", "--wrt", "--hvp", "--jvp", "--vjp"):
        return word.isidentifier()
    return " " in word or re.fullmatch(r"\w+=\w+", word) is not None


# The quotes of word processors, which a shell does not know.
_CURLY = str.maketrans("‘’“”„", "'" * 5)


def _unreadable(error: errors.UnreadableFile, text: str) -> Advice:
    return (
        f"{error.path}: {error.why}",
        [],
        [Help(help) for help in _instead_of_file(error.path, error.formats)] if error.is_missing else [],
        [],
    )


def _instead_of_file(path: str, formats: Sequence[str]) -> list[str]:
    """What may be meant by a file that is not there: a format, since -f is no format, a file near by, or an expression."""
    name = path.rpartition("/")[2]
    folder = path[: len(path) - len(name)]
    if name in formats:
        return [f"did you mean `--to {name}`?"]
    stem, ending = os.path.splitext(name)  # what is shared by all .txt is no likeness
    try:
        others = {os.path.splitext(other)[0] for other in os.listdir(folder or ".") if os.path.splitext(other)[1] == ending}
    except (OSError, ValueError):
        others = set()
    close = near(stem, sorted(others))
    if close is not None:
        return [f"did you mean {folder}{close}{ending}?"]
    if re.search(r"\w", path) and re.search(r"[\s^()+*|']", path) and parses(path):
        return [f"an expression takes no option: matdiff {in_quotes(path)}"]
    return []


def _not_a_name(error: errors.NotAName, text: str) -> Advice:
    inside = [name for name in re.findall(r"[^\W\d]\w*", error.text) if name in error.names]
    help = [Help(f"{error.option} {name}") for name in dict.fromkeys(inside)] if error.option == "--wrt" else []
    notes = [f"variables: {', '.join(error.names)}"] if error.names else []
    return f"{error.option} takes the name of a variable, not `{error.text}`", [], help, notes


def _not_a_size(error: errors.NotASize, text: str) -> Advice:
    if error.least is not None:
        return f"the size {error.text} must be at least {error.least} here, not {error.number}", [], [], []
    if error.text in error.names:
        return f"a size is a whole number from 1 to {LARGEST_SIZE:,}, not `{error.text}={error.number}`", [], [], []
    message = f"`{error.text}` is not the name of a size here"
    if not error.names:
        return message, [], [], ["every size is a number"]
    meant = error.names[0] if len(error.names) == 1 else near(error.text, error.names)
    help = [Help(f"did you mean `--size {meant}={error.number}`?")] if meant else []
    return message, [], help, [f"sizes: {', '.join(error.names)}"]


def _wrong_option(error: errors.WrongOption, text: str) -> Advice:
    first, notes = error.options[0], []
    dashes = first.startswith("--")
    message = {
        "value": f"`{first}` {error.takes}, not `{error.found}`",
        "unknown": f"no such option `{first}`",
        "one": f"only one of these at a time: {' and '.join(error.options)}",
        "questions": f"{' and '.join(error.options)} are two questions; ask one at a time",
        "format": f"{first} is written as {either(error.choices)}, not as {error.found}",
        "needs": f"{first} says something only with {either(error.choices)}",
    }[error.problem]
    help = [Help("`matdiff --help` lists the options")] if dashes else []
    if error.problem in ("value", "unknown"):
        meant = near(first if error.problem == "unknown" else error.found, error.choices)
        shown = f"`{first} {meant}`" if dashes else f'"{meant}"' if error.problem == "value" else f"`{meant}`"
        help = [Help(f"did you mean {shown}?")] if meant else help
        notes = [f"options: {', '.join(error.choices)}"] if error.problem == "unknown" else []
    return message, [], help, notes


def _how_many_expected(error: errors.HowManyExpected, text: str) -> Advice:
    names = [" and ".join(f"`{name}`" for name in wrt) for wrt in error.results]
    times = {1: "once"}.get(error.given, f"{error.given} times")
    count = "is 1 result" if len(names) == 1 else f"are {len(names)} results"
    orders = ", then ".join(f"by {name}" for name in names) if any(names) else ""
    help = [Help(f"give --expect once for each, in this order: {orders}")] if len(names) > 1 else [Help("give --expect once")]
    return f"--expect is given {times}, but there {count}", [], help, []


def _unknown_topic(error: errors.UnknownTopic, text: str) -> Advice:
    help = [Help(f"did you mean --explain {error.meant}?")] if error.meant else []
    message = f"there is no page about `{error.topic}`" if error.topic else "--explain needs a topic"
    subjects = [topic for topic in error.topics if topic.islower()]
    return message, [], help, [f"topics: {', '.join(subjects)}; and the code of every message, such as E301"]


ADVICE: dict[type, Callable[[Any, str], Advice]] = {
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
    errors.WrongOption: _wrong_option,
    errors.HowManyExpected: _how_many_expected,
    errors.UnknownTopic: _unknown_topic,
    **REMARKS,
}
