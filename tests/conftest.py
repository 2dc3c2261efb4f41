"""Settings for all tests: the hypothesis profiles, and a session for the nodes that a test makes by itself."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from matdiff.nodes import Session, entered

settings.register_profile(
    "default", deadline=None, max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("fuzz", deadline=None, max_examples=3000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(autouse=True)
def _session() -> Iterator[None]:
    with entered(Session()):
        yield
