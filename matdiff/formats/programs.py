"""The formats that are programs: what is asked of a format, in terms of `code`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from matdiff.answer.answer import Answer
from matdiff.code import module as code
from matdiff.formats.registry import Options


def _wanted(options: Options) -> code.Wanted:
    return code.Wanted(options.format, options.sizes, options.lhs is False, options.number)


def program(answer: Answer, options: Options) -> str:
    """The module of one answer."""
    return code.code(answer, _wanted(options))


def functions(answer: Answer, options: Options) -> list[str]:
    """The functions that one answer adds to a module."""
    return code.functions(answer, _wanted(options))


def module(answers: Iterable[Sequence[str]], options: Options) -> str:
    """The module of the functions of several answers."""
    return code.module(answers, _wanted(options))
