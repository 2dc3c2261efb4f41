"""How names and sizes are spelled: Greek letters, subscripts, bold type, `m × n`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from matdiff.language.dims import Dim, Shape

# Levels, loosest first.  A text of level NEGATION starts with `-`; one of level OPEN ends in something that reaches to its right.
SUM, NEGATION, OPEN, TERM, POSTFIX, ATOM = range(6)

Piece = tuple[str, int]


_GREEK_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi psi omega "
    "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
)
GREEK = dict(zip(_GREEK_NAMES.split(), "αβγδεζηθικλμνξοπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ", strict=True))

# Parts of names that LaTeX has accents and signs for.
_ACCENTS = frozenset(("hat", "tilde", "bar", "dot", "ddot", "check", "breve"))
_SIGNS = {"plus": "+", "minus": "-", "given": "|", "star": r"\star", "prime": r"\prime"}
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def superscript(number: int) -> str:
    """`²`, `⁻¹`."""
    return str(number).translate(_SUPERSCRIPTS)


def split_name(name: str) -> tuple[str, list[str]]:
    """A name as stem and subscripts: `x_1` and `x1` are ("x", ["1"]), `mu_max_2` is ("mu", ["max", "2"])."""
    stem, *subscripts = [part for part in name.split("_") if part] or [name]
    letters = stem.rstrip("0123456789")
    if letters and letters != stem:
        return letters, [stem[len(letters) :], *subscripts]
    return stem, subscripts


def unicode_name(name: str) -> str:
    """`lambda` as λ, `x_1` as x₁; `x1` stays, so that x1 and x_1 look different."""
    stem, *subscripts = name.split("_")
    stem = GREEK.get(stem, stem)
    if len(subscripts) == 1 and subscripts[0].isdecimal() and not stem[-1:].isdecimal():
        return stem + subscripts[0].translate(_SUBSCRIPTS)
    return "_".join([stem, *subscripts])


def latex_name(name: str, *, bold: bool) -> str:
    r"""`\mathbf{x}_{1}`, `\boldsymbol{\beta}`, `\lambda`, `\mathrm{loss}`, `\hat{\mathbf{x}}_{k|k-1}`."""
    stem, subscripts = split_name(name)
    accents = list[str]()
    while subscripts and subscripts[0] in _ACCENTS:
        accents.append(subscripts.pop(0))
    if stem in GREEK:
        letter = stem if stem == "omicron" else "\\" + stem
        text = rf"\boldsymbol{{{letter}}}" if bold else letter
    elif bold:
        text = rf"\mathbf{{{stem}}}"
    else:
        text = stem if len(stem) == 1 else rf"\mathrm{{{stem}}}"
    for accent in accents:
        text = rf"\{accent}{{{text}}}"
    return text + "_{" + _joined(subscripts) + "}" if subscripts else text


def _joined(subscripts: Sequence[str]) -> str:
    """Subscripts with commas where no sign stands between them."""
    text, follows = "", False
    for part in subscripts:
        written = _SIGNS.get(part, _latex_subscript(part))
        needs_space = text[-1:].isalpha() and written[0].isalpha() and not follows  # \star k
        text += (", " if follows and part not in _SIGNS else " " if needs_space else "") + written
        follows = part not in _SIGNS
    return text


def _latex_subscript(part: str) -> str:
    if part in GREEK:
        return latex_name(part, bold=False)
    return part if len(part) == 1 or part.isdecimal() else rf"\mathrm{{{part}}}"


def unicode_size(dim: Dim) -> str:
    """`n`, `mn`, `n + 1`: products of one-letter sizes without a space."""
    text = str(dim)
    short = all(len(name) == 1 for name in dim.names)
    return text.replace(" ", "") if short and len(dim.terms) == 1 else text


def matrix_size(shape: Shape, times: str = " × ") -> str:
    """`m × n`; a size that is a sum is put in brackets."""
    sides = [unicode_size(dim) if times == " × " else str(dim) for dim in shape]
    return times.join(f"({side})" if len(dim.terms) > 1 else side for side, dim in zip(sides, shape, strict=True))


class Style(NamedTuple):
    """A table of spellings.  `%s` stands for arguments already printed.

    name         spelling of a variable, from its name and whether it is printed bold (vectors and matrices)
    superscript  what follows a base, from the printed exponent and the exponent when it is an int, else None
    rational     a fraction, from numerator and denominator, with its level
    words        leaves and function names that are not spelled as they are: "pi", "I", "logdet"
    calls        whole calls that are not `name(argument)`, each with `%s` for the argument
    infix        operators; a function of two arguments that stands here is printed between them
    subscript    entries of arrays, from the printed array, whether it is a plain name, and the printed indices
    differential spelling of dX, from the printed X
    partial      of a derivative that is named: the sign of change, what stands after it, between two changes, and the quotient
    lines        `rows` or `cols` behind the argument of a function of every row or column
    held         the same in brackets, with the names of the values that are held
    bold_entries whether an entry of a bold array is bold; latex, ascii: which of the spellings it is
    over         the head of a sum over an index: the sign, what stands below it and above it
    delimited    whether a fraction and an exponent need no brackets inside, because braces or a bar hold them
    """

    name: Callable[[str, bool], str]
    superscript: Callable[[str, int | None], str]
    rational: Callable[[int, int], Piece]
    subscript: Callable[[str, bool, list[str]], str]
    words: dict[str, str]
    calls: dict[str, str]
    infix: dict[str, str]
    group: str
    transpose: str
    inverse_transpose: str
    quotient: str
    times: str
    delta: str
    sigma: str
    elementwise_power: str
    block: tuple[str, str, str]
    differential: str
    partial: tuple[str, str, str, str]
    held: str = "%s_%s"
    lines: str = "%s"
    over: tuple[str, str, str] = ("sum", "_{%s}", "^%s")
    delimited: bool = False
    bold_entries: bool = True
    latex: bool = False
    ascii: bool = False
