"""Names written together, `Ax` for `A x`: the parts of which a word is made, if it is made of names."""

from __future__ import annotations

import re
from collections.abc import Collection

from matdiff.scan import CONSTANTS, GREEK

# A longer name is a word, not a product of letters.
LONGEST = 16
_WORDS = frozenset((*GREEK.values(), "ones", "zeros"))


def names_of_text(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(re.findall(r"[^\W\d_]\w*", text))


def parts_of(text: str, known: Collection[str]) -> list[str]:
    """Names of `known`, Greek letters, `ones` and capital letters, of which the text is made; none where it is not, or is one of them.

    The longest part is taken first: `XXbeta` is X X beta.
    """
    if len(text) > LONGEST or not text.isalpha():
        return []
    parts: list[str] = []
    place = 0
    while place < len(text):
        longest = len(text) - 1 if place == 0 else len(text) - place
        words = (text[place : place + length] for length in range(longest, 0, -1))
        part = next((word for word in words if word in known or word in _WORDS), text[place])
        if part not in known and part not in _WORDS and (not part.isupper() or part in CONSTANTS):
            return []
        parts.append(part)
        place += len(part)
    return parts
