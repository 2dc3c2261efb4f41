"""Wrong uses of the command (E5xx) in words: quoting, files, names, how often an option is given."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable
from typing import Any

from matdiff import errors
from matdiff.carets import Help
from matdiff.limits import LARGEST_SIZE
from matdiff.render import FORMATS
from matdiff.replace import in_quotes, parses
from matdiff.report_reading import Words
from matdiff.suggest import near


def _not_quoted(error: errors.NotQuoted, text: str) -> Words:
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


def _unreadable(error: errors.UnreadableFile, text: str) -> Words:
    return f"{error.path}: {error.why}", [], [Help(help) for help in _instead_of_file(error.path)] if error.is_missing else [], []


def _instead_of_file(path: str) -> list[str]:
    """What may be meant by a file that is not there: a format, since -f is no format, a file near by, or an expression."""
    name = path.rpartition("/")[2]
    folder = path[: len(path) - len(name)]
    if name in FORMATS:
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


def _not_a_name(error: errors.NotAName, text: str) -> Words:
    inside = [name for name in re.findall(r"[^\W\d]\w*", error.text) if name in error.names]
    help = [Help(f"{error.option} {name}") for name in dict.fromkeys(inside)] if error.option == "--wrt" else []
    notes = [f"variables: {', '.join(error.names)}"] if error.names else []
    return f"{error.option} takes the name of a variable, not `{error.text}`", [], help, notes


def _not_a_size(error: errors.NotASize, text: str) -> Words:
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


USAGE_WORDS: dict[type, Callable[[Any, str], Words]] = {
    errors.NotQuoted: _not_quoted,
    errors.UnreadableFile: _unreadable,
    errors.NotAName: _not_a_name,
    errors.NotASize: _not_a_size,
    errors.HowManyExpected: _how_many_expected,
    errors.UnknownTopic: _unknown_topic,
}
