r"""What is TeX in a text: fonts and spaces are left out, decorated letters become names, commands become signs and words."""

from __future__ import annotations

import re

# `\mathbf{1}`: a vector of ones.
_ONES = re.compile(r"\\(?:mathbf|mathbb|mathbbm|boldsymbol|bm|mathds)\s*(?:\{\s*1\s*\}|1)")
_WORDS = re.compile(r"\\(?:operatorname\*?|mathrm|text|textrm|mathop|mathsf|mathit|mathtt)\s*\{\s*\\?([A-Za-z]+)\s*\}")
_FONTS = re.compile(
    r"\\(?:mathbf|mathrm|mathit|mathcal|mathsf|boldsymbol|bm|vec(?!\s*\()|mathop)(?![A-Za-z])\s*(?:\{\s*(\\?[A-Za-z0-9_]+)\s*\})?"
)
_DECORATED = re.compile(
    r"\\(?:wide)?(hat|tilde|bar|dot|check|overline|underline)(?![A-Za-z])\s*(?:\{\s*\\?([A-Za-z]+)\s*\}|\\?([A-Za-z]+))"
)
_SPACES = re.compile(
    r"\\(?:left|right|[bB]ig{1,2}[lrm]?|quad|qquad|displaystyle|textstyle|limits|nolimits|middle)(?![A-Za-z])|\\[,;!:]"
)
# What is called with sized brackets, `\sigma\left(`, is still called.
_CALLED = re.compile(r"(\\[A-Za-z]+)\s*\\left\s*(?=\()")
_SUBSCRIPT = re.compile(r"_\s*\{\s*\\?(\w+)\s*\}")
# Every command that is known, but letters and functions; the last ones are read by their own rules.
COMMANDS = {
    **dict.fromkeys(("cdot", "times", "cdotp", "bullet"), "·"), **dict.fromkeys(("odot", "circ"), ".*"), "otimes": "⊗",
    **dict.fromkeys(("Vert", "lVert", "rVert", "|"), "||"), **dict.fromkeys(("vert", "lvert", "rvert"), "|"),
    "langle": "⟨", "rangle": "⟩", "{": "(", "}": ")", "lbrace": "(", "rbrace": ")", "lbrack": "[", "rbrack": "]",
    **dict.fromkeys(("top", "intercal", "transpose"), "top"), "prime": "'", "dagger": "dagger", "ast": "*", "infty": "inf",
    "ln": "log", "Tr": "tr", "trace": "tr", "Det": "det", "rank": "rank", "colon": ":", "ones": "ones", "lVert*": "||",
    "frac": "frac", "dfrac": "frac", "tfrac": "frac", "sqrt": "sqrt",
    "varepsilon": "epsilon", "vartheta": "theta", "varphi": "phi", "varrho": "rho", "varsigma": "sigma",
}  # fmt: skip


def without_fonts(text: str) -> str:
    r"""`\mathbf{x}_{i}` as x_i, `\hat{y}` as y_hat, `\operatorname{tr}` as \tr, `\left(` as (."""
    text = _ONES.sub(r" \\ones ", text)
    text = _WORDS.sub(r"\\\1 ", text)
    text = _CALLED.sub(r"\1", text)
    text = _FONTS.sub(lambda found: f" {found[1]} " if found[1] else "", text)
    text = _DECORATED.sub(_decorated, text)
    return _SUBSCRIPT.sub(r"_\1", re.sub(r" +(?=[_^])", "", _SPACES.sub(" ", text)))


def _decorated(found: re.Match[str]) -> str:
    decoration, in_braces, bare = found.groups()
    if in_braces is None and f"\\{bare}" not in found[0]:
        return f" {bare[0]}_{decoration} {bare[1:]}"
    return f" {in_braces or bare}_{decoration} "
