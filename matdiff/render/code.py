"""Python expressions as a graph of shared parts, and how the graph becomes statements: what is used twice is computed once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

# How tightly the outermost operation of a piece of code binds, loosest first.
SUM, TERM, UNARY, POWER, ATOM = range(5)
# Deeper nests get a name: Python's parser has a limit, and nobody can read them.
DEEPEST = 10


class Code:
    """A template with `{0}`, `{1}`, ... for its parts.  `needs` says how tightly each part must bind to stand without brackets.

    cheap   not worth a name of its own: a variable, a number, a view such as `A.T`
    """

    __slots__ = ("cheap", "level", "needs", "parts", "template")

    def __init__(self, template: str, parts: tuple[Code, ...], level: int, needs: tuple[int, ...], cheap: bool) -> None:
        self.template, self.parts, self.level, self.needs, self.cheap = template, parts, level, needs, cheap


class Codes:
    """Makes code; equal code is one object."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, tuple[int, ...]], Code] = {}

    def make(
        self, template: str, *parts: Code, level: int | None = None, needs: Sequence[int] | None = None, cheap: bool = False
    ) -> Code:
        """The code of a template.

        Without `level` it binds as its loosest operator outside brackets; without `needs` every part must be an atom unless
        commas or brackets hold it.
        """
        key = (template, tuple(map(id, parts)))
        found = self.known.get(key)
        if found is None:
            chosen = tuple(needs) if needs is not None else tuple(_need(template, place) for place in range(len(parts)))
            binds = level_of(template) if level is None else level
            found = self.known[key] = Code(template, parts, binds, chosen, cheap or not parts)
        return found


def level_of(template: str) -> int:
    """How tightly the loosest operator outside brackets binds."""
    bare, inside = "", template
    while bare != inside:
        bare, inside = inside, re.sub(r"\([^()]*\)|\[[^][]*\]", "", inside)
    if re.search(r" [-+] ", bare):
        return SUM
    if re.search(r" [*/@] ", bare):
        return TERM
    return UNARY if bare.startswith("-") else POWER if "**" in bare else ATOM


def _need(template: str, place: int) -> int:
    """SUM where the part is an argument of a call, else ATOM."""
    mark = f"{{{place}}}"
    tightest = SUM
    start = template.find(mark)
    while start >= 0:
        before, after = template[:start], template[start + len(mark) :]
        if not (before.endswith(("(", ", ", "[")) and after.startswith((")", ",", "]"))):
            tightest = ATOM
        start = template.find(mark, start + 1)
    return tightest


def statements(roots: Sequence[Code], name: Callable[[], str]) -> tuple[list[str], list[str]]:
    """Assignments, and the code of each root after them.  `name` gives a fresh name for a value that is used more than once."""
    order = _ordered(roots)
    uses = _uses(order, roots)
    lines: list[str] = []
    texts: dict[int, tuple[str, int, int]] = {}  # text, level, depth
    final = {id(root) for root in roots}
    for code in order:
        shown = [_bracketed(texts[id(part)], need) for part, need in zip(code.parts, code.needs, strict=True)]
        depth = 1 + max((texts[id(part)][2] for part in code.parts), default=-1)
        text = code.template.format(*shown) if shown else code.template
        wanted = uses[id(code)] > 1 or (depth > DEEPEST and id(code) not in final)
        if wanted and not code.cheap:
            temporary = name()
            lines.append(f"{temporary} = {text}")
            texts[id(code)] = temporary, ATOM, 0
        else:
            texts[id(code)] = text, code.level, 0 if code.cheap else depth
    return lines, [texts[id(root)][0] for root in roots]


def expression(root: Code) -> str:
    """The code of a root as one expression, whatever occurs twice in it."""
    texts: dict[int, tuple[str, int, int]] = {}
    for code in _ordered([root]):
        shown = [_bracketed(texts[id(part)], need) for part, need in zip(code.parts, code.needs, strict=True)]
        texts[id(code)] = (code.template.format(*shown) if shown else code.template), code.level, 0
    return texts[id(root)][0]


def _bracketed(shown: tuple[str, int, int], need: int) -> str:
    return shown[0] if shown[1] >= need else f"({shown[0]})"


def _uses(order: Iterable[Code], roots: Iterable[Code]) -> dict[int, int]:
    """How often each part is written; one whose template repeats it counts as often."""
    uses: dict[int, int] = {}
    for code in order:
        for place, part in enumerate(code.parts):
            uses[id(part)] = uses.get(id(part), 0) + code.template.count(f"{{{place}}}")
    for root in roots:
        uses[id(root)] = uses.get(id(root), 0) + 1
    return uses


def _ordered(roots: Sequence[Code]) -> list[Code]:
    """Parts before what holds them."""
    order: list[Code] = []
    seen: set[int] = set()
    stack = [(root, False) for root in reversed(roots)]
    while stack:
        code, parts_done = stack.pop()
        if parts_done:
            order.append(code)
        elif id(code) not in seen:
            seen.add(id(code))
            stack.append((code, True))
            stack.extend((part, False) for part in reversed(code.parts))
    return order
