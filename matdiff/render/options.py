"""What can be asked of a format beside the answer itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    from matdiff.evaluate import Report
    from matdiff.expect import Verdict
    from matdiff.prove import Proof
    from matdiff.steps.derivation import Derivation
    from matdiff.words import Diagnostic

    Check = Union[Report, Verdict, Proof]

# LaTeX style: the keys of --style and what they may be, the default first.
STYLES = {"bold": ("yes", "no"), "transpose": ("top", "T", "prime")}


class Options:
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

    def __init__(
        self,
        *,
        format: str = "text",
        sizes: Mapping[str, int] | None = None,
        number: int | None = None,
        lhs: bool | None = None,
        labels: bool = False,
        math: str = "none",
        style: Mapping[str, str] | None = None,
        color: bool = False,
        source: str = "argument",
        path: str | None = None,
        line: int | None = None,
        exit_code: int = 0,
        diagnostics: Sequence[Diagnostic] = (),
        checks: Sequence[Check] = (),
        pretty: bool = False,
        steps: Sequence[Derivation] = (),
    ) -> None:
        self.labels = labels
        self.format, self.sizes, self.number = format, dict(sizes or {}), number
        self.lhs, self.math, self.style, self.color = lhs, math, style or {}, color
        self.source, self.path, self.line = source, path, line
        self.exit_code, self.diagnostics, self.checks, self.pretty = exit_code, diagnostics, checks, pretty
        self.steps = steps
