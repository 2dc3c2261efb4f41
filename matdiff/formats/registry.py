"""The registry of formats: `--to` takes its choices from here.  A format turns an answer and options into text.

The modules of formats that are not asked for are not loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from matdiff.answer.answer import Answer

if TYPE_CHECKING:
    from matdiff.check.expect import Verdict
    from matdiff.check.prove import Proof
    from matdiff.check.verify import Report
    from matdiff.mistakes.words import Diagnostic
    from matdiff.steps.derivation import Derivation

Check = Union["Report", "Verdict", "Proof"]

__all__ = ["FORMATS", "STYLES", "WRITTEN", "Options", "contribution", "is_one_document", "render", "together"]

# Format: the function that writes it, as "module:function".
FORMATS = {
    "text": "formats.lines:ascii_lines",
    "ascii": "formats.lines:ascii_lines",
    "unicode": "formats.lines:unicode_lines",
    "latex": "formats.document:latex_document",
    "json": "formats.json:json",
    **dict.fromkeys(("numpy", "jax", "torch", "julia", "matlab", "sympy"), "code.module:code"),
}
# What makes the parts of one document of several answers, and what puts them together: by the function that writes one answer.
_DOCUMENTS = {
    "code.module:code": ("code.module:functions", "code.module:module"),
    "formats.document:latex_document": ("formats.document:lines", "formats.document:align"),
}


# The formats that write formulas, in the notation that was asked for; the others compute.
WRITTEN = ("text", "ascii", "unicode", "latex", "json")


def is_one_document(format: str, math: str = "none") -> bool:
    """Whether several answers are one document: a module of code, the lines of one align.  See `contribution` and `together`."""
    return FORMATS[format] in _DOCUMENTS and (format != "latex" or math == "align")


def contribution(answer: Answer, format: str, **options: Any) -> Sequence[str]:
    """What one answer adds to a document; its `number` is its place among the answers, if there are several."""
    shown = answer if format in WRITTEN else answer.plain
    found: Sequence[str] = _function(_DOCUMENTS[FORMATS[format]][0])(shown, Options(format=format, **options))
    return found


def together(answers: Sequence[Sequence[str]], format: str, **options: Any) -> str:
    """The document of the contributions of several answers."""
    return str(_function(_DOCUMENTS[FORMATS[format]][1])(answers, Options(format=format, **options)))


def render(answer: Answer, format: str, **options: Any) -> str:
    """The answer in a format of `FORMATS`; for `options` see `Options`, None is the default.  Raises KeyError for an unknown format."""
    given = {name: value for name, value in options.items() if value is not None}
    return str(_function(FORMATS[format])(answer if format in WRITTEN else answer.plain, Options(format=format, **given)))


def _function(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(import_module(f"matdiff.{module}"), function)
    return found


# LaTeX style: the keys of --style and what they may be, the default first.
STYLES = {"bold": ("yes", "no"), "transpose": ("top", "T", "prime")}


class Options(NamedTuple):
    """Every format takes what concerns it.

    format       the name of the format, where one module writes several
    sizes        numbers for size names, which decide the order of products in code
    number       the number of the answer among those of one module of code
    lhs          the left side `df/dW =` too; None leaves it to the format
    math         LaTeX around it: "none", "inline", "display" or "align"
    style        LaTeX style, keys and values of `STYLES`: {"bold": "no", "transpose": "T"}
    labels       the name of the notation before every result
    color        escape sequences that make the terminal's secondary lines dim
    source, path, line   where the text comes from: "argument", "stdin", "file" or "repl"
    exit_code, diagnostics   for JSON: what else is to be told of the answer
    checks       what was found by --verify, --prove and --expect
    pretty       JSON over several lines
    steps        a derivation for each result, or none
    """

    format: str = "text"
    sizes: Mapping[str, int] = MappingProxyType({})
    number: int | None = None
    lhs: bool | None = None
    labels: bool = False
    math: str = "none"
    style: Mapping[str, str] = MappingProxyType({})
    color: bool = False
    source: str = "argument"
    path: str | None = None
    line: int | None = None
    exit_code: int = 0
    diagnostics: Sequence[Diagnostic] = ()
    checks: Sequence[Check] = ()
    pretty: bool = False
    steps: Sequence[Derivation] = ()
