"""How much is too much: every limit on what matdiff takes in and on what an answer may cost, and the clock.

What passes a limit raises `TooLarge`, exit status 4.  The time is looked at where nodes are made and in the loops whose length
depends on the input, so that no answer and no refusal takes much longer than was allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from threading import local
from time import monotonic

from matdiff.language.errors import TooLarge

# What is read.
CHARACTERS = 1_000_000
TOKENS = 200_000
# Open brackets.
NESTING = 200
# Levels of an expression, several of which can come from one bracket: -(a (b c)^2).
DEPTH = 2 * NESTING
# Of a number.
DIGITS = 1000
DECIMAL_EXPONENT = 1000
# A size such as 2 m n + 1: the names and numbers it is made of, and the bits of a number.
SIZE_PARTS = 400
SIZE_BITS = 64
# A number that is chosen for a size.
LARGEST_SIZE = 10**9
# What a result is made of.
AXES = 8
# All factors and terms of all parts of an answer; a million takes some 300 MB.
FACTORS = 1_000_000
# A power of a matrix is a product of so many factors at most; a higher one is a function of the matrix.
WRITTEN_POWER = 64
# More errors of one statement are not told; most of them would come from the first.
ERRORS = 5
# Seconds for one answer.
TIME = 60.0
# Seconds for finding what may have been meant by something wrong; what is found by then is proposed.
HELP_TIME = 1.0


class _Clock(local):
    read: Callable[[], float] = staticmethod(monotonic)
    end = inf
    seconds = inf


_clock = _Clock()


@contextmanager
def timed_by(read: Callable[[], float]) -> Iterator[None]:
    """In the block `read` says what time it is, in seconds from some moment on.

    A clock that goes on by the looks that are taken at it measures work, whatever else the machine does; such a one rings no alarm.
    """
    before, _clock.read = _clock.read, read
    try:
        yield
    finally:
        _clock.read = before


def now() -> float:
    """The time in seconds from some moment on."""
    return _clock.read()


def is_real_time() -> bool:
    """Whether the seconds of the clock are those of the system, which can ring an alarm."""
    return _clock.read is monotonic


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """`check` raises in the block when the time is over.  An outer block that ends earlier still holds; inf is no limit."""
    end, before = now() + seconds, (_clock.end, _clock.seconds)
    if end < _clock.end:
        _clock.end, _clock.seconds = end, seconds
    try:
        yield
    finally:
        _clock.end, _clock.seconds = before


def remaining() -> float:
    """Seconds until `check` raises; inf where there is no limit."""
    return _clock.end - now()


def check() -> None:
    """Go on, or raise `TooLarge` because the time is over."""
    if _clock.read() > _clock.end:
        raise TooLarge(what="time", limit=_clock.seconds)
