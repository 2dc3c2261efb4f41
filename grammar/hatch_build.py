"""Turns matdiff.lark into matdiff/read/_grammar.py, the tables by which matdiff/read/lalr.py reads without lark (half of the start-up time).

hatchling runs it when it builds or installs the package; `python grammar/hatch_build.py` does the same by hand.
"""

from __future__ import annotations

import os
import pprint
import zlib

STARTS = ("question", "definition", "declaration", "lexeme")


def write_parser(root: str) -> None:
    """Write the tables of the checkout at `root`, with a checksum of the grammar they were made from."""
    with open(os.path.join(root, "grammar", "matdiff.lark"), "rb") as file:
        grammar = file.read()
    target = os.path.join(root, "matdiff", "read", "_grammar.py")
    # Renamed into place, so that a program that starts meanwhile never sees half of it.
    draft = f"{target}.{os.getpid()}"
    with open(draft, "w", encoding="utf-8", newline="\n") as file:
        file.write('"""Made by grammar/hatch_build.py from grammar/matdiff.lark; see `lalr.Tables`."""\n')
        for name, value in tables(grammar.decode()).items():
            file.write(f"\n{name} = {pprint.pformat(value, width=140, compact=True)}\n")
        file.write(f"\nCHECKSUM = {zlib.crc32(grammar)}\n")
    os.replace(draft, target)


def tables(grammar: str) -> dict[str, object]:
    """What lark makes of the grammar: see `lalr.Tables`."""
    from lark import Lark
    from lark.parsers.lalr_analysis import Shift

    made = Lark(grammar, parser="lalr", lexer="basic", start=list(STARTS))
    lexer, table = made.parser.lexer, made.parser.parser._parse_table
    (pattern,) = (expression.pattern for expression in lexer.scanner._mres)
    number = {rule: place for place, rule in enumerate(made.rules)}
    rules = []
    for rule in made.rules:
        name, options = rule.alias or rule.origin.name, rule.options
        # Rules that lark adds for repetitions start with an underscore.
        callback = None if name.startswith("_") else str(name)
        rules.append((str(rule.origin.name), len(rule.expansion), callback, bool(options.expand1 and not rule.alias)))
    actions = {
        state: {str(symbol): (action is Shift, target) for symbol, (action, target) in found.items()}
        for state, found in table.states.items()
    }
    place = {state: number for number, state in enumerate(reached(table.start_states, actions))}
    states = [
        {symbol: place[target] if shifts else ~number[target] for symbol, (shifts, target) in sorted(actions[state].items())}
        for state in place
    ]
    return {
        "PATTERN": pattern,
        "IGNORED": sorted(lexer.ignore_types),
        "RULES": rules,
        "STATES": states,
        "STARTS": {start: (place[table.start_states[start]], place[table.end_states[start]]) for start in STARTS},
    }


def reached(starts: dict[str, int], actions: dict[int, dict[str, tuple[bool, object]]]) -> list[int]:
    """The states in the order in which they are reached: lark numbers them in that of its sets, another one in every process."""
    order = [starts[start] for start in STARTS]
    for state in order:
        order += [target for _, (shifts, target) in sorted(actions[state].items()) if shifts and target not in order]
    return list(dict.fromkeys(order))


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # by hand, without hatchling
    pass
else:

    class GrammarBuildHook(BuildHookInterface):
        def initialize(self, version: str, build_data: dict) -> None:
            write_parser(self.root)


if __name__ == "__main__":
    write_parser(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
