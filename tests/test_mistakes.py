"""A sample of `make mistakes`: the first suggestion is mostly the original expression, and every one was tried."""

from __future__ import annotations

import pytest
from mutations import KINDS, broken, corpus, measure, seen

from matdiff.infer.fits import fits, whole_of
from matdiff.read.parse import parse_declaration


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "least"), [("transpose", 0.85), ("bracket", 0.7), ("swap", 0.85), ("misspell", 0.8)])
def test_the_first_suggestion_is_mostly_the_original(kind: str, least: float) -> None:
    counts, _ = measure(kind, corpus()[::9])
    assert counts["refused"] >= 20
    assert counts["first"] >= least * counts["refused"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_proposal_fits(kind: str) -> None:
    """Of an expression with one mistake: what is proposed can be read, and its sizes fit, as declared or by the spelling of names."""
    tried = 0
    for case in corpus()[::9]:
        declared = [one for text in case["decl"] for one in parse_declaration(text)]  # type: ignore[attr-defined]
        for mistake in broken(kind, str(case["expr"])):
            said = seen(case, mistake)
            for help in said.diagnostic.help if said is not None else ():
                if help.replacement is not None:
                    wholes = [whole_of(help.replacement, others) for others in (declared, ())]
                    assert any(whole is not None and fits(whole) for whole in wholes), f"{mistake.text}: {help.line}"
                    tried += 1
    assert tried >= 20
