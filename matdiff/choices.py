"""What the options take and which go together: one table for the command and for Python, and the errors of both.

An option is named by its word, `layout`; the command writes it `--layout`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matdiff.derive.structure import MODES
from matdiff.formats.registry import FORMATS, STYLES, WRITTEN
from matdiff.language.errors import WrongOption
from matdiff.limits import LARGEST_SIZE
from matdiff.mistakes.suggest import either
from matdiff.notations.names import CHOICES as NOTATIONS
from matdiff.read.syntaxes import SYNTAXES

# The default stands first, but among formats.
CHOICES: Mapping[str, tuple[str, ...]] = {
    "syntax": SYNTAXES,
    "layout": ("gradient", "numerator", "denominator"),
    "structure": MODES,
    "format": tuple(sorted(FORMATS)),
    "notation": NOTATIONS,
    "math": ("none", "inline", "display", "align"),
    "method": ("differential", "chain", "index"),
    "style": tuple(f"{key}={value}" for key, values in STYLES.items() for value in values),
    "color": ("auto", "always", "never"),
}
# Whole numbers, the least and the largest.  With larger arrays --verify, which computes with many digits, takes too long.
RANGES = {"order": (0, 3), "seed": (0, None), "size": (1, LARGEST_SIZE), "verified": (1, 100)}
# The formats in which an option says something.
_FORMATS_OF: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("steps", "method", "notation"), WRITTEN),
    "shapes": ("text", "ascii", "unicode"),
    "math": ("latex",),
    "style": ("latex",),
    "lhs": tuple(name for name in FORMATS if name != "json"),
}
_CHECKS = ("verify", "prove", "expect")
# Options that ask another question than what stands beside them.
_OTHER_QUESTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("steps", ("notation",)),
    ("method", ("notation",)),
    (
        "shapes",
        ("steps", "method", "notation", *_CHECKS, "hessian", "order", "hvp", "jvp", "vjp", "layout", "structure", "lhs"),
    ),
)
# What only these options, or code, look at.
_NEEDS = (("seed", ("verify", "expect"), False), ("size", _CHECKS, True))


def taken(option: str) -> str:
    """What an option takes, in words."""
    if option in CHOICES:
        return f"takes {either(CHOICES[option])}"
    least, largest = RANGES[option]
    return f"takes a whole number from {least} {'on' if largest is None else f'to {largest:,}'}"


def fits(option: str, value: object) -> bool:
    """Whether the option takes the value."""
    if option in CHOICES:
        return value in CHOICES[option]
    least, largest = RANGES[option]
    return isinstance(value, int) and least <= value and (largest is None or value <= largest)


def check(option: str, value: object, written: str | None = None) -> None:
    """Raise `WrongOption` for a value that the option does not take; `written` is how it is called where it was given."""
    if not fits(option, value):
        name = written or option
        raise WrongOption(
            problem="value", options=(name,), found=str(value), takes=taken(option), choices=CHOICES.get(option, ())
        )


def check_sizes(sizes: Mapping[str, int], most: str = "size") -> None:
    """Raise `WrongOption` for a size that is none; `most` is the range that it must keep."""
    for name, number in sizes.items():
        check(most, number, f"the size {name}")


def check_format(format: str, lhs: object, math: object, style: Mapping[str, str], sizes: Mapping[str, int]) -> None:
    """Raise an error of E505 for a format that there is not, or for options that it does not have or does not look at."""
    check("format", format)
    check("math", math)
    for key, value in style.items():
        check("style", f"{key}={value}")
    check_sizes(sizes)
    given = {"lhs": lhs is not None, "math": math != "none", "style": bool(style)}
    for name in [name for name, is_given in given.items() if is_given]:
        _refuse_in(format, name, name)


def one_at_a_time(options: Sequence[str]) -> None:
    """Raise `WrongOption` for more than one."""
    if len(options) > 1:
        raise WrongOption(problem="one", options=tuple(options))


def refuse_silent(asked: Mapping[str, str], format: str) -> None:
    """Raise `WrongOption` where one of the command's options would say nothing.

    `asked` are those that are given another value than their default, with how they are written.
    """
    for one, others in _OTHER_QUESTIONS:
        for other in others:
            if {one, other} <= {*asked}:
                raise WrongOption(problem="questions", options=(asked[one], asked[other]))
    for name in _FORMATS_OF:
        if name in asked:
            _refuse_in(format, name, asked[name])
    if format == "latex" and {"steps", "method"} & {*asked}:  # the formulas of a derivation are displayed, with their left sides
        for written in ("--math", "--no-lhs"):
            if written in asked.values():
                raise WrongOption(problem="questions", options=(written, "--steps"))
    for name, wanted, or_code in _NEEDS:
        if name in asked and not {*wanted} & {*asked} and not (or_code and format not in WRITTEN):
            needed = (*(f"--{one}" for one in wanted), *(["a format of code"] if or_code else []))
            raise WrongOption(problem="needs", options=(asked[name],), choices=needed)


def _refuse_in(format: str, name: str, written: str) -> None:
    if format not in _FORMATS_OF[name]:
        raise WrongOption(problem="format", options=(written,), choices=_FORMATS_OF[name], found=format)
