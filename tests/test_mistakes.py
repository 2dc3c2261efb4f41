"""A sample of `make mistakes`: the first suggestion is mostly the original expression."""

from __future__ import annotations

import pytest
from mutations import corpus, measure


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "least"), [("transpose", 0.85), ("bracket", 0.7), ("swap", 0.85), ("misspell", 0.8)])
def test_the_first_suggestion_is_mostly_the_original(kind: str, least: float) -> None:
    counts, _ = measure(kind, corpus()[::9])
    assert counts["refused"] >= 20
    assert counts["first"] >= least * counts["refused"]
