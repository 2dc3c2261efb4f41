"""What can be asked of a format beside the answer itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    from matdiff.evaluate import Report
    from matdiff.expect import Verdict
    from matdiff.prove import Proof
    from matdiff.report import Diagnostic

    Check = Union[Report, Verdict, Proof]


class Options:
    """Every format takes what concerns it.

    lhs          the left side `df/dW =` too; None leaves it to the format
    math         LaTeX around it: "none", "inline", "display" or "align"
    style        LaTeX style: {"bold": "no", "transpose": "T"}
    color        escape sequences that make the terminal's secondary lines dim
    source, path, line   where the text comes from: "argument", "stdin", "file" or "repl"
    exit_code, diagnostics   for JSON: what else is to be told of the answer
    checks       what was found by --verify, --prove and --expect
    pretty       JSON over several lines
    """

    def __init__(
        self,
        *,
        lhs: bool | None = None,
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
    ) -> None:
        self.lhs, self.math, self.style, self.color = lhs, math, style or {}, color
        self.source, self.path, self.line = source, path, line
        self.exit_code, self.diagnostics, self.checks, self.pretty = exit_code, diagnostics, checks, pretty
