"""A plan as statements of a programming language: how each node is spelled stands in the tables of the format.

What is used more than once is computed once, under a name of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Union

from matdiff.code.plan import Node
from matdiff.language.queries import parts_first

# How tightly the outermost operation of a piece of code binds, loosest first; the same in every language here.
SUM, TERM, UNARY, POWER, ATOM = range(5)
# Deeper nests get a name: parsers have a limit, and nobody can read them.
DEEPEST = 10

_LEAVES = ("variable", "number", "size", "pi", "place")
_VIEWS = ("transpose", "row", "column", "single", "spread_columns", "spread_rows", "row_result")


class Spelling(NamedTuple):
    """A template with `{0}`, `{1}`, ... for its parts.

    level   how tightly it binds
    needs   how tightly each part must bind to stand without brackets; without it a part is an atom unless commas or brackets hold it
    named   the parts that must be names, because the language cannot index an expression
    parts   other nodes than those of the node that is spelled
    """

    template: str
    level: int = ATOM
    needs: tuple[int, ...] | None = None
    named: tuple[int, ...] = ()
    parts: tuple[Node, ...] | None = None


Entry = Union[str, Spelling, Callable[[Node], Union[str, Spelling]]]


class _Written:
    """A node with its spelling."""

    __slots__ = ("cheap", "level", "named", "needs", "node", "parts", "template")

    def __init__(self, node: Node, spelling: Spelling) -> None:
        self.node, self.template, self.level, self.named = node, spelling.template, spelling.level, spelling.named
        self.parts = node.parts if spelling.parts is None else spelling.parts
        given = spelling.needs or ()
        self.needs = given + tuple(_need(spelling.template, place) for place in range(len(given), len(self.parts)))
        self.cheap = node.op in _LEAVES or (node.op in _VIEWS and self.parts[0].op in _LEAVES)


def _need(template: str, place: int) -> int:
    """SUM where the part is an argument of a call, else ATOM."""
    mark = f"{{{place}}}"
    tightest = SUM
    start = template.find(mark)
    while start >= 0:
        before, after = template[:start], template[start + len(mark) :]
        if not (before.endswith(("(", ", ", "[", "; ")) and after.startswith((")", ",", "]", ";"))):
            tightest = ATOM
        start = template.find(mark, start + 1)
    return tightest


class Statements:
    """What the body of a function says.

    lines      pairs (name, text): assignments in order
    returned   the text of each root
    nodes      every node that is written, parts before what holds them
    """

    def __init__(
        self,
        roots: Sequence[Node],
        spell: Callable[[Node], Spelling],
        taken: Iterable[str],
        names: Mapping[Node, str] | None = None,
    ) -> None:
        self._written: dict[Node, _Written] = {}
        self._order = self._ordered(roots, spell)
        self.nodes = [written.node for written in self._order]
        self._taken, self._names, self._count = set(taken), names or {}, 0
        self.lines: list[tuple[str, str]] = []
        self.returned: list[str] = []
        self._write(roots)

    def _ordered(self, roots: Sequence[Node], spell: Callable[[Node], Spelling]) -> list[_Written]:
        def shown(node: Node) -> list[Node]:
            written = self._written[node] = _Written(node, spell(node))
            return [part for place, part in enumerate(written.parts) if f"{{{place}}}" in written.template]

        return [self._written[node] for node in parts_first(roots, shown)]

    def _write(self, roots: Sequence[Node]) -> None:
        uses = self._uses(roots)
        forced = {written.parts[place] for written in self._order for place in written.named}
        final = set(roots)
        texts: dict[Node, tuple[str, int, int]] = {}  # text, level, depth
        for written in self._order:
            node = written.node
            inside = [texts.get(part, ("", ATOM, 0)) for part in written.parts]
            shown = [_bracketed(part, need) for part, need in zip(inside, written.needs)]
            depth = 1 + max((part[2] for part in inside), default=-1)
            text = written.template.format(*shown) if shown else written.template
            wanted = uses[node] > 1 or (depth > DEEPEST and node not in final)
            if (wanted and not written.cheap) or (node in forced and not text.isidentifier()):
                name = self._fresh(node)
                self.lines.append((name, text))
                texts[node] = name, ATOM, 0
            else:
                level = inside[0][1] if written.template == "{0}" else written.level
                texts[node] = text, level, 0 if written.cheap else depth
        self.returned = [texts[root][0] for root in roots]

    def _fresh(self, node: Node) -> str:
        """The name that the formula gives to the node if it is free, else t0, t1, ..."""
        name = self._names.get(node)
        while name is None or name in self._taken:
            name, self._count = f"t{self._count}", self._count + 1
        self._taken.add(name)
        return name

    def _uses(self, roots: Sequence[Node]) -> dict[Node, int]:
        """How often each node is written; one whose template repeats it counts as often."""
        uses: dict[Node, int] = {}
        for written in self._order:
            for place, part in enumerate(written.parts):
                uses[part] = uses.get(part, 0) + written.template.count(f"{{{place}}}")
        for root in roots:
            uses[root] = uses.get(root, 0) + 1
        return uses


def _bracketed(shown: tuple[str, int, int], need: int) -> str:
    return shown[0] if shown[1] >= need else f"({shown[0]})"
