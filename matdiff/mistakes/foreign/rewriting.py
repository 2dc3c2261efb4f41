r"""`rewritten`: a statement of R, Mathematica, or half of another language, in signs that the plain reader knows.

`t(y - X%*%b) %*% (y - X%*%b)` becomes `((y - X b)^T) (y - X b)`.  Only what is foreign is changed, from left to right, operand by
operand; whether the result says anything is for the reader to find out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from matdiff.functions import NAMES
from matdiff.language.kinds import SCALAR_LETTERS, is_greek
from matdiff.mistakes.foreign.rows import CALLED, CALLS, DERIVATIVES, OF_R, OTHERS_IN_R, PRODUCTS
from matdiff.mistakes.suggest import elsewhere, functions, near_function

# Brackets in brackets; what is deeper is no expression of someone new here.
MOST_LEVELS = 40

_CLOSERS = {"(": ")", "[": "]"}
_NAME = re.compile(r"[^\W\d]\w*")
_NUMBER = re.compile(r"(?:\d+(?:\.(?![*/^'A-Za-z])\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_SIGN = re.compile(r"\s+|%\*%|%o%|%x%|\*\*|\.[*/^]|\|\||.", re.DOTALL)
_POWER = re.compile(r"\s*(\*\*|\.\^|\^)\s*")
_FUNCTION_POWER = re.compile(r"\s*\^\s*(\d+)\s*(?=\()")
_PRODUCTS = ("%*%", "%o%", "%x%", ".")
# Exponents that are marks: of papers, and `^+` where nothing can be added.
_MARK = re.compile(r"\s*\^\s*(?:(?P<transpose>\*(?![*\d])|t(?!\w))|\+(?=\s+[\w(]|\s*\)|\s*$))")
_ATTRIBUTE = re.compile(r"\.(?:T\b|([^\W\d]\w*))")
_LIBRARY = re.compile(r"(?:np|numpy|jnp|torch|tf|math|scipy|F)(?:\.\w+)*\.(\w\w+)(?=\()")
# A number in front of an operator.
_SCALED = re.compile(r"(?<![\w.])[\d.]+\s*$")
_BLOCK_OF_NUMBERS = re.compile(r"[-\d.;,\s]+")
_STRING = re.compile(r"'([^']*)'|\"([^\"]*)\"")


class Unreadable(Exception):
    """It is not clear what the text says."""


def is_function(name: str) -> bool:
    """Whether it is called like a function, here or elsewhere."""
    return name in functions() or name in CALLED or name in DERIVATIVES or elsewhere(name) is not None


def rewritten(text: str, declared: Collection[str]) -> Iterator[str]:
    """What it may be here, the likeliest first; `declared` are names that are known.  Raises Unreadable."""
    is_r = re.search(r"%\*%|%o%|%x%|<-|\b(?:" + "|".join(OF_R) + r")\(", text) is not None
    text = re.sub(r"(?<!\|)\|([^|]+)\|(?=_)", r"||\1||", text)  # single bars with a subscript are a norm
    by_entries = is_r or _LIBRARY.search(text) is not None
    for turned in (False, True):
        for star, power in ((True, True), (False, True)) if by_entries else ((False, False), (False, True)):
            yield _Rewriter(text, is_r, by_entries, star, power, turned, declared).of(text)


def arguments_of(text: str) -> list[str]:
    """The parts between commas that stand in no bracket.  Raises Unreadable."""
    found, start, place = [], 0, 0
    while place < len(text):
        if text[place] in _CLOSERS:
            place = _closer(text, place)
        elif text[place] == ",":
            found.append(text[start:place].strip())
            start = place + 1
        place += 1
    return [*found, text[start:].strip()]


def _closer(text: str, place: int) -> int:
    """The place of the bracket that closes the one here.  Raises Unreadable."""
    open_ones = []
    for at in range(place, len(text)):
        if text[at] in _CLOSERS:
            open_ones.append(_CLOSERS[text[at]])
        elif text[at] in _CLOSERS.values():
            if open_ones.pop() != text[at]:
                break
            if not open_ones:
                return at
    raise Unreadable


class _Rewriter:
    """One way to read a text.

    by_entries   whether quotients act on every entry; star: whether `*` does; power: whether `**` does
    turned       whether what begins a product is a row, as in R and Mathematica a vector may be
    """

    def __init__(
        self, text: str, is_r: bool, by_entries: bool, star: bool, power: bool, turned: bool, declared: Collection[str]
    ) -> None:
        self.is_r, self.by_entries, self.star, self.power, self.turned = is_r, by_entries, star, power, turned
        self.declared = declared
        self.names = set(_NAME.findall(text))
        self.level = 0

    def of(self, text: str) -> str:
        """The text, rewritten.  Raises Unreadable."""
        self.level += 1
        if self.level > MOST_LEVELS:
            raise Unreadable
        out: list[str] = []
        place, first, wrap = 0, 0, ""  # the place in `out` where a product began, and what its next factor becomes
        while place < len(text):
            if _NAME.match(text, place) or _NUMBER.match(text, place) or text[place] in _CLOSERS:
                found, place = self.operand(text, place)
                if wrap == "%x%":
                    out[first:] = ["(kron(", *out[first:], ", ", found, "))"]
                else:
                    out.append(f"({found})^T" if wrap == "%o%" else found)
                first = first if wrap else len(out) - 1
                wrap = ""
                continue
            sign = _SIGN.match(text, place)
            assert sign is not None
            place = sign.end()
            before = "".join(out)
            if sign[0] not in _PRODUCTS or not before.strip():
                out.append(self.sign(sign[0], before, text[place:].lstrip()))
                continue
            wrap = sign[0]
            if wrap == "." and self.is_r:
                raise Unreadable  # a part of a name there
            while out[-1].isspace():
                out.pop()
            if self.turned and wrap in ("%*%", ".") and first == len(out) - 1:
                out[-1] = _turned(out[-1])
            if wrap != "%x%":
                out.append(" ")
            place += len(text[place:]) - len(text[place:].lstrip())
        self.level -= 1
        return "".join(out)

    def sign(self, sign: str, before: str, after: str) -> str:
        """An operator; beside a number it scales.  Raises Unreadable."""
        if sign == ";" and self.level == 1:
            raise Unreadable  # several statements
        name = _NAME.match(after)
        scales = _NUMBER.match(after) is not None or (name is not None and name[0] in SCALAR_LETTERS)
        if sign == "*" and self.star and not scales and not _SCALED.search(before):
            return ".*"
        return "./" if sign == "/" and self.by_entries and not scales else sign

    def operand(self, text: str, place: int) -> tuple[str, int]:
        """A name, number, call or bracket with its powers, transposes and indices, and the place behind it."""
        found, place = self.atom(text, place)
        while place < len(text):
            mark, power, attribute = _MARK.match(text, place), _POWER.match(text, place), _ATTRIBUTE.match(text, place)
            if text[place] == "'":
                found, place = found + "'", place + 1
            elif text[place] == "[":
                end = _closer(text, place)
                found, place = f"{found}[{self.index(text[place + 1 : end])}]", end + 1
            elif mark and not (found[0].isdigit() or is_greek(found)):
                found, place = f"({found})^T" if mark["transpose"] else f"pinv({found})", mark.end()
            elif power:
                exponent, place = self.exponent(text, power.end())
                by_entries = self.power if power[1] == "**" else power[1] == ".^" or (self.is_r and exponent[0] not in "T⊤")
                sign = ".^" if by_entries else "^"
                found = f"{found} {sign} {exponent}"
            elif attribute and not attribute[1]:
                found, place = f"{found}^T", attribute.end()
            elif attribute and len(attribute[1]) > 1 and not is_greek(attribute[1]) and text[attribute.end() :][:1] != "[":
                raise Unreadable  # an attribute
            else:
                break
        return found, place

    def exponent(self, text: str, place: int) -> tuple[str, int]:
        minus = text[place : place + 1] == "-"
        if place + minus >= len(text):
            raise Unreadable
        found, place = self.atom(text, place + minus)
        return ("-" if minus else "") + found, place

    def atom(self, text: str, place: int) -> tuple[str, int]:
        number, name, library = (pattern.match(text, place) for pattern in (_NUMBER, _NAME, _LIBRARY))
        if number:
            return number[0], number.end()
        if name is None:
            if text[place] not in _CLOSERS:
                return text[place], place + 1
            end = _closer(text, place)
            inside = text[place + 1 : end]
            if text[place] == "[" and _BLOCK_OF_NUMBERS.fullmatch(inside):
                inside = re.sub(r"(?<=[\d.])\s+(?=[-\d.])", ", ", inside)
            return text[place] + self.of(inside) + text[end], end + 1
        written, place = (library[1], library.end()) if library else (name[0], name.end())
        raised = _FUNCTION_POWER.match(text, place)
        if raised and is_function(written):
            found, place = self.called(written, text, raised.end())
            return f"{found} .^ {raised[1]}", place
        opener = text[place : place + 1]
        if (opener == "(" and is_function(written)) or (opener == "[" and len(written) > 1 and is_function(written)):
            return self.called(written, text, place, from_library=library is not None)
        if opener == "(":
            end = _closer(text, place)
            inside = text[place + 1 : end]
            is_near = len(written) > 2 and near_function(written) is not None  # sqtr(2) is no entry of sqtr
            if not is_near and re.fullmatch(r"[\d:,\s]+", inside):
                return f"{written}[{self.index(inside)}]", end + 1
            if library or "," in inside or (len(written) > 1 and not is_greek(written)):
                raise Unreadable
        if len(written) > 1 and written[-1] == "T" and written[:-1] in self.names and written not in self.declared:
            return f"{written[:-1]}^T", place
        return written, place

    def index(self, text: str) -> str:
        """What stands between the brackets of an index; nothing is all of them in R."""
        return ",".join(":" if part in ("", ":") else self.of(part) for part in arguments_of(text))

    def called(self, name: str, text: str, place: int, *, from_library: bool = False) -> tuple[str, int]:
        """A call whose bracket stands here."""
        end = _closer(text, place)
        written = arguments_of(text[place + 1 : end])
        strings = [_STRING.fullmatch(part) for part in written]
        plain = [
            part if part == "Inf" else f'"{string[1] or string[2]}"' if string else self.of(part)
            for part, string in zip(written, strings)
        ]
        if name in PRODUCTS and len(plain) == 2 and (from_library or name[0].isupper()):
            left = f"({plain[0]})"
            return f"({_turned(left) if self.turned else left} ({plain[1]}))", end + 1
        for pattern, ours in CALLS.get((name, len(plain)), ()):
            given = dict(zip(pattern, plain))
            if all(part in ("F", "G") or part == value for part, value in given.items()):
                parts = (f"({given[part]})" if part in given else part for part in re.split(r"\b([FG])\b", ours))
                return f"({''.join(parts)})", end + 1
        ours = name if name in NAMES else elsewhere(name) or name
        if any(strings) or (from_library and len(plain) > 1) or (self.is_r and name in OTHERS_IN_R):
            raise Unreadable
        return f"{ours}({', '.join(plain)})", end + 1


def _turned(operand: str) -> str:
    """What begins a product as a row, if it may be a vector."""
    return operand if operand[0].isupper() or operand.endswith(("^T", "^T)", "'")) else f"({operand})^T"
