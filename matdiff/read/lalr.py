"""`Parser`: cuts text into tokens and reads them by the tables that grammar/hatch_build.py takes from lark.

lark's own stand-alone parser (lark.tools.standalone) reads the same and is not used because of what it takes to load: with it
`matdiff "a^T W^T x" --wrt W` in a pipe takes 0.27 of the time of `import sympy`, with this module 0.20, and the goal is 0.22
(lark 1.3.1, Python 3.11, medians of 25 runs in turn; 401 and 290 million instructions).  `make bench` measures both.
(Aho, Lam, Sethi and Ullman, Compilers, 2006, section 4.6: the LR parsing algorithm.)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

END = "$END"


class Token(str):
    """A piece of the text with its type; the type may be changed before the token is read."""

    __slots__ = ("end_pos", "start_pos", "type")
    type: str
    start_pos: int
    end_pos: int


class Unexpected(Exception):
    """No rule goes on with this token, which is None at the end; `previous` is the token before it."""

    def __init__(self, token: Token | None, previous: Token | None) -> None:
        self.token, self.previous = token, previous


class Tables(NamedTuple):
    """A grammar.

    pattern   an expression that matches any token, in a group with the name of its type; `ignored` types are left out
    rules     (the symbol it makes, how many symbols of, its callback or None, whether one part alone is passed on as it is)
    states    the action by the type of the next token: a state to go to, or ~rule to reduce by; likewise by symbols made
    starts    for every start symbol the first state, and the state in which the text is read
    """

    pattern: str
    ignored: frozenset[str]
    rules: Sequence[tuple[str, int, str | None, bool]]
    states: Sequence[dict[str, int]]
    starts: dict[str, tuple[int, int]]


class _Parts(list[Any]):
    """What a helper rule, one that repeats something, has gathered; it becomes part of the parts of the rule around it."""


class Parser:
    """Reads by `tables`; `callbacks` has a method for every rule, which takes the list of the parts."""

    def __init__(self, tables: Tables, callbacks: object) -> None:
        self.tables = tables
        self.match = re.compile(tables.pattern).match
        self.rules: list[tuple[str, int, Callable[[list[Any]], Any], bool]] = [
            (symbol, size, getattr(callbacks, name, _Parts) if name else _Parts, single)
            for symbol, size, name, single in tables.rules
        ]

    def tokens(self, text: str) -> Iterator[Token]:
        """The tokens of the text, whatever their order."""
        position, match, ignored = 0, self.match, self.tables.ignored
        while position < len(text):
            found = match(text, position)
            assert found is not None and found.lastgroup is not None, "the grammar has a type for every character"
            if found.lastgroup not in ignored:
                token = Token(found.group())
                token.type, token.start_pos, token.end_pos = found.lastgroup, position, found.end()
                yield token
            position = found.end()

    def read(self, tokens: Iterable[Token], start: str) -> Any:
        """What the callbacks make of the tokens.  Raises Unexpected."""
        first, last = self.tables.starts[start]
        states: list[int] = [first]
        values: list[Any] = []
        previous: Token | None = None
        for token in tokens:
            self._reduce(states, values, token.type, token, previous)
            states.append(self.tables.states[states[-1]][token.type])
            values.append(token)
            previous = token
        self._reduce(states, values, END, None, previous, last)
        return values[-1]

    def _reduce(
        self, states: list[int], values: list[Any], kind: str, token: Token | None, previous: Token | None, last: int = -1
    ) -> None:
        """Apply the rules that end before the token."""
        table = self.tables.states
        while states[-1] != last:
            action = table[states[-1]].get(kind)
            if action is None:
                raise Unexpected(token, previous)
            if action >= 0:
                return
            symbol, size, callback, single = self.rules[~action]
            parts: list[Any] = []
            for value in values[len(values) - size :]:
                if type(value) is _Parts:
                    parts += value
                else:
                    parts.append(value)
            del states[len(states) - size :], values[len(values) - size :]
            values.append(parts[0] if single and len(parts) == 1 else callback(parts))
            states.append(table[states[-1]][symbol])
