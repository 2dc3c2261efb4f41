r"""`translated`: what was typed as NumPy, MATLAB or TeX would have it, in the notation of this program.

`np.linalg.norm(A @ x - b)**2` is norm(A x - b)^2, and `\frac{1}{2} x^{\top} A x` is 1/2 x^T A x.  Nothing here is run or trusted: a
translation is text, and is proposed only if it can be read and its sizes fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import product

from matdiff.errors import Errors, MatdiffError
from matdiff.infer import infer
from matdiff.parse import Question, parse
from matdiff.suggest import functions, near_function

# Longer texts are programs, not expressions.
LONGEST = 500


class _Unclosed(Exception):
    """A bracket is not closed."""


_LIBRARY = r"(?:np|numpy|jnp|torch|tf|math|scipy|sp|cp)\.(?:linalg\.|special\.|nn\.functional\.)?"
# Functions of libraries that are operators here; {0} and {1} are the arguments, as factors.
_CALLS = {
    **dict.fromkeys(("matmul", "mm", "mv", "mtimes"), "{0} {1}"),
    **dict.fromkeys(("inner", "vdot"), "{0}^T {1}"),
    "outer": "{0} {1}^T", "multiply": "{0} .* {1}", "times": "{0} .* {1}", "add": "{0} + {1}", "subtract": "{0} - {1}",
    "divide": "{0} ./ {1}", "transpose": "{0}^T", "ctranspose": "{0}^T", "square": "{0} .^ 2", "power": "{0} .^ {1}",
    "solve": "inv({0}) {1}", "len": "rows({0})", "multi_dot": "{0}",
}  # fmt: skip
# Methods without arguments that are no functions of the same name.
_METHODS = {
    "T": "{0}^T",
    "t()": "{0}^T",
    "transpose()": "{0}^T",
    "inverse()": "inv({0})",
    "shape[0]": "rows({0})",
    "shape[1]": "cols({0})",
}
# What a second argument of one of our functions says elsewhere.
_SECOND = {
    ("norm", "1"): "norm1({0})", ("norm", "2"): "norm({0})", ("norm", "'fro'"): "norm({0})", ("norm", '"fro"'): "norm({0})",
    ("norm", "inf"): "maxnorm({0})", ("norm", "np.inf"): "maxnorm({0})", ("max", "0"): "relu({0})", ("maximum", "0"): "relu({0})",
    ("min", "0"): "-relu(-({0}))", ("minimum", "0"): "-relu(-({0}))",
}  # fmt: skip
_TEX = (
    (r"\\(?:left|right|big|Big|,|;|!|:|quad|displaystyle)(?![A-Za-z])", ""),
    (r"\\(?:math(?:bf|rm|it|bb|cal|sf)|boldsymbol|bm|operatorname|text|mathop|vec|hat)\s*\{([^{}]*)\}", r"\1"),
    (r"\\(?:cdot|times)(?![A-Za-z])", " "),
    (r"\\(?:odot|circ)(?![A-Za-z])", " .* "),
    (r"\\(?:\||[lr]?Vert)", "||"),
    (r"\^\s*\{?\s*\\?(?:top|intercal|mathsf\{T\}|prime|T)\s*\}?(?![A-Za-z])", "^T"),
    (r"\^\s*\{\s*(-?\w+)\s*\}", r"^\1"),
    (r"\^\s*\{([^{}]*)\}", r"^(\1)"),
    (r"_\{(\w+)\}", r"_\1"),
    (r"\\d?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"(\1)/(\2)"),
    (r"\\sqrt\s*\{([^{}]*)\}", r"sqrt(\1)"),
    (r"\\(log|ln|exp|det|tr|Tr|sin|cos|tan|tanh|max|min|diag)(?![A-Za-z])", r"\1"),
    (r"\\(?=[A-Za-z])", ""),
)
# A function before a name or a call, where it is clear what its argument is: log x + 1, but not tr X^T A.
_BARE = re.compile(r"\b([A-Za-z]+) +([A-Za-z]\w*(?:\([^()]*\)|(?![\w(])))(?=\s*(?:$|[)+\-,]))")
_ATOM = re.compile(r"\w+(?:\^T|')*|\d+(?:\.\d+)?")


def translated(text: str) -> str | None:
    """The statement in our own notation, if it can then be read and its sizes fit; None if there is nothing to translate.

    `**` and `*` of NumPy act on every entry, but most who write them have numbers and matrices in mind: both are tried.
    """
    if len(text) > LONGEST or "\n" in text:
        return None
    try:
        return next(_translations(text), None)
    except _Unclosed:
        return None


def _translations(text: str) -> Iterator[str]:
    plain = _functions(_tex(text))
    for power, star, dot in product(("^", ".^"), ("*", ".*"), ("{0} {1}", "{0}^T {1}")):
        found = re.sub(r"(?<![.*])\*(?!\*)", star, plain).replace("**", power)
        found = _tidy(_calls(_methods(found, dot), dot))
        if found != text and _is_right(found):
            yield found


def _is_right(text: str) -> bool:
    try:
        statements = parse(text)
        if len(statements) != 1 or not isinstance(statements[0], Question):
            return False
        infer(statements[0].expr, (), {})
    except (MatdiffError, Errors):
        return False
    return True


def _tidy(text: str) -> str:
    text = re.sub(r"(?<![\w.])\((\d+|[A-Za-z]\w*)\)(?![\^'])", r" \1 ", text)  # (1)/(2)
    text = re.sub(r"\s*/\s*", "/", re.sub(r"\s+", " ", text)).strip()
    text = re.sub(r"\s+\)", ")", re.sub(r"\(\s+", "(", re.sub(r"\s*(\.?\^)\s*", r"\1", re.sub(r"\s*@\s*", " ", text))))
    return text[1:-1] if text.startswith("(") and _arguments(text, 1)[1] == len(text) else text


def _functions(text: str) -> str:
    """`log det A` as log(det(A)), `sin^2(x)` as sin(x)**2."""
    text = re.sub(r"\b([a-z]+)\^(\d)\s*(\([^()]*\))", lambda f: f"{f[1]}{f[3]}**{f[2]}" if f[1] in functions() else f[0], text)
    while True:
        found = re.finditer(_BARE, text)
        bare = [call for call in found if call[1] in functions() and call[2] not in functions()]
        if not bare:
            return text
        last = bare[-1]
        text = f"{text[: last.start()]}{last[1]}({last[2]}){text[last.end() :]}"


def _tex(text: str) -> str:
    text = re.sub(r"(\w)\s*\\\s*([A-Za-z])(?![A-Za-z{])", r"inv(\1) \2", text)  # A\b of MATLAB
    text = re.sub(r"<([^<>,]+),([^<>,]+)>|\\langle(.*?),(.*?)\\rangle", _inner, text)
    for pattern, plain in _TEX:
        text = re.sub(pattern, plain, text)
    return re.sub(r"(?<![\w.])e\s*\^\s*(\([^()]*\)|-?\w+)", lambda found: f"exp({found[1].strip('()')})", text)


def _inner(found: re.Match[str]) -> str:
    one, other = (part for part in found.groups() if part is not None)
    return f"{_factor(one)}^T {_factor(other)}"


def _methods(text: str, dot: str) -> str:
    """`x.T`, `x.dot(y)`, `x.sum()`, `X.shape[0]`: what stands before the dot is the first argument."""
    found = re.search(r"\.(T\b|[a-z_]+\(|shape\[[01]\])", text)
    if found is None or re.search(_LIBRARY + r"\w*$", text[: found.start() + 1]):
        return text if found is None else text[: found.end()] + _methods(text[found.end() :], dot)
    start = _start_of(text, found.start())
    before, what = text[start : found.start()], found[1]
    if not before:
        return text[: found.end()] + _methods(text[found.end() :], dot)
    end = found.end()
    if what.endswith("("):
        arguments, end = _arguments(text, found.end())
        name = what[:-1]
        key = f"{name}()" if not arguments else name
        new = _METHODS.get(key, "").format(_factor(before)) or _call(name, [before, *arguments], dot)
    else:
        new = _METHODS[what].format(_factor(before))
    return _methods(text[:start] + new + text[end:], dot)


def _calls(text: str, dot: str) -> str:
    """Calls of libraries, and calls of our functions with a second argument that they do not take."""
    found = re.search(rf"(?<![\w.])(?P<library>{_LIBRARY})?(?P<name>[A-Za-z]\w*)\(", text)
    if found is None:
        return text
    arguments, end = _arguments(text, found.end())
    name, inside = found["name"], [_calls(argument, dot) for argument in arguments]
    is_foreign = found["library"] or name in _CALLS or any((name, argument) in _SECOND for argument in inside)
    new = _call(name, inside, dot) if is_foreign else f"{name}({', '.join(inside)})"
    return text[: found.start()] + new + _calls(text[end:], dot)


def _call(name: str, arguments: Sequence[str], dot: str) -> str:
    """One call, with arguments that are written already; `dot` is how a product of two arrays is written."""
    for one, other in (arguments, arguments[::-1]) if len(arguments) == 2 else ():
        if (name, other) in _SECOND:
            return _SECOND[name, other].format(one)
    plain = [argument for argument in arguments if not re.fullmatch(r"\s*(?:axis|dim|keepdims|ord)\s*=.*", argument)]
    pattern = dot if name == "dot" else _CALLS.get(name)
    if pattern is not None and len(plain) >= 1 + ("{1}" in pattern):
        inner = plain if pattern.startswith(("inv", "rows")) else [_factor(argument) for argument in plain]
        return f"({pattern.format(*inner)})" if "{1}" in pattern else pattern.format(*inner)
    own = name if name in functions() else near_function(name) or name
    return f"{own}({', '.join(plain)})"


def _factor(text: str) -> str:
    """The text as a factor: in brackets, unless it is a name or is in brackets already."""
    text = text.strip()
    if _ATOM.fullmatch(text) or (text.startswith("(") and _arguments(text, 1)[1] == len(text)):
        return text
    if (found := re.match(r"\w+\(", text)) and _arguments(text, found.end())[1] == len(text):
        return text
    return f"({text})"


def _arguments(text: str, start: int) -> tuple[list[str], int]:
    """The arguments of a call that begin at `start`, and where the text goes on after the bracket.  Raises _Unclosed."""
    depth, found, here = 1, [], start
    for place in range(start, len(text)):
        letter = text[place]
        if letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        if (letter == "," and depth == 1) or not depth:
            found.append(text[here:place].strip())
            here = place + 1
        if not depth:
            return [argument for argument in found if argument], place + 1
    raise _Unclosed


def _start_of(text: str, end: int) -> int:
    """Where the name, call or bracket that ends before `end` begins."""
    place = end
    if text[place - 1 : place] in (")", "]"):
        depth = 0
        while place:
            place -= 1
            depth += text[place] in ")]"
            depth -= text[place] in "(["
            if not depth:
                break
    while place and re.match(r"[\w.^']", text[place - 1]):
        place -= 1
    return place
