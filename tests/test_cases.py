"""The literate cases: every session prints what the document says, and what it prints is true."""

from __future__ import annotations

from pathlib import Path

import pytest
from sessions import Session, outputs_now, parameters

CASES = sorted((Path(__file__).parent / "cases").rglob("*.md"))


@pytest.mark.parametrize("session", parameters(CASES))
def test_session(session: Session, trials: int) -> None:
    for step, printed in zip(session.steps, outputs_now(session, trials), strict=True):
        assert printed == step.expected, f"line {step.line}: $ {step.command}"
