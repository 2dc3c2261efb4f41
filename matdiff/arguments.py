"""What Python gives as arguments, checked by the rules of the command; and errors that know the text they are about."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import isnan
from typing import Union

from matdiff import choices
from matdiff.directions import KINDS, Along
from matdiff.errors import Errors, MatdiffError, TooLarge, WrongOption
from matdiff.statements import Declaration, Question
from matdiff.walk import post_order

Names = Union[str, Sequence[str]]


def listed(names: Names | None) -> tuple[str, ...]:
    """The names in one or several texts, in which commas part them."""
    texts = (names,) if isinstance(names, str) else tuple(names or ())
    return tuple(name.strip() for text in texts for name in text.split(",") if name.strip())


def names_in(questions: Iterable[Question]) -> tuple[str, ...]:
    """The names in the expressions."""
    parts = [part for question in questions for part in post_order(question.expr)]
    return tuple(dict.fromkeys(str(part.value) for part in parts if part.op == "name"))


def direction(given: Sequence[Names], order: int) -> Along | None:
    """The one of hvp, jvp and vjp that is given.  Raises WrongOption."""
    asked = [(kind, names) for kind, names in zip(KINDS, given) if names]
    choices.one_at_a_time([*(kind for kind, _ in asked), *([f"order={order}"] if asked and order != 1 else [])])
    return Along(asked[0][0], listed(asked[0][1])) if asked else None


def seconds(timeout: float | None) -> float | None:
    """The time that is allowed.  Raises WrongOption."""
    if timeout is not None and (isnan(timeout) or timeout < 0):
        takes = "takes a number of seconds from 0 on"
        raise WrongOption(problem="value", options=("timeout",), found=str(timeout), takes=takes)
    return timeout


@contextmanager
def about(source: str, declarations: Sequence[Declaration] = ()) -> Iterator[None]:
    """Errors that leave the block know their text, so that they print what the command prints.

    One of several stands alone.  Where Python has no room for an answer, that is a limit too.
    """
    try:
        yield
    except MatdiffError as problem:
        problem.about(source, declarations)
        if type(problem) is Errors and len(problem.errors) == 1:
            raise problem.errors[0] from None
        raise
    except (RecursionError, MemoryError):
        raise TooLarge(what="stack", limit=sys.getrecursionlimit(), source=source) from None
