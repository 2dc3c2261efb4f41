"""Turns matdiff.lark into matdiff/_grammar.py, a parser that does not need to import lark (half of the start-up time).

hatchling runs it when it builds or installs the package; `python grammar/hatch_build.py` does the same by hand.
"""

from __future__ import annotations

import io
import os
import zlib

# The generated module makes a logger that a parser without a cache or an ambiguity never uses; importing logging costs 2 ms.
LOGGER = """import logging
from dataclasses import dataclass
from typing import Generic, AnyStr

logger: logging.Logger = logging.getLogger("lark")
logger.addHandler(logging.StreamHandler())
##

##

logger.setLevel(logging.CRITICAL)
"""
LATE_LOGGER = """from dataclasses import dataclass
from typing import Generic, AnyStr


class _LateLogger:
    def __getattr__(self, name):
        import logging

        return getattr(logging.getLogger("lark"), name)


logger = _LateLogger()
"""

STARTS = ("question", "definition", "declaration", "lexeme")


def write_parser(root: str) -> None:
    """Write the parser module of the checkout at `root`, with a checksum of the grammar it was made from."""
    from lark import Lark
    from lark.tools.standalone import gen_standalone

    with open(os.path.join(root, "grammar", "matdiff.lark"), "rb") as file:
        grammar = file.read()
    text = io.StringIO()
    gen_standalone(Lark(grammar.decode(), parser="lalr", lexer="basic", start=list(STARTS)), out=text)
    target = os.path.join(root, "matdiff", "_grammar.py")
    # Renamed into place, so that a program that starts meanwhile never sees half of it.
    draft = f"{target}.{os.getpid()}"
    with open(draft, "w", encoding="utf-8", newline="\n") as file:
        # With another version of lark the module may look different; then it stays as it is, and starts a little later.
        file.write(text.getvalue().replace(LOGGER, LATE_LOGGER))
        file.write(f"\n\nCHECKSUM = {zlib.crc32(grammar)}\n")
    os.replace(draft, target)


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
