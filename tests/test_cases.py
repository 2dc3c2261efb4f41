"""The literate cases: every session prints what the document says, and what it prints is true."""

from __future__ import annotations

from pathlib import Path

import pytest
from sessions import Session, outputs_now, sessions_of

CASES = sorted((Path(__file__).parent / "cases").rglob("*.md"))


def _sessions() -> list[object]:
    return [
        pytest.param(session, id=f"{path.stem}:{session.line} {session.title}"[:100])
        for path in CASES
        for session in sessions_of(path)
    ]


@pytest.mark.parametrize("session", _sessions())
def test_session(session: Session) -> None:
    for step, printed in zip(session.steps, outputs_now(session), strict=True):
        assert printed == step.expected, f"line {step.line}: $ {step.command}"
