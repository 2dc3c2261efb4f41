"""Settings for all tests: what runs, what may be missing, and the clock.

`pytest`, as `make test` runs it, leaves out what is marked slow, and all but one in so many of what is marked sampled; a test
that needs a program or package that is not there is skipped and says so.  `pytest --all`, as `make check` runs it, leaves nothing
out, and what is missing is a failure.
"""

import importlib.util
import itertools
import os
import shutil
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from matdiff import limits
from matdiff.tensor.nodes import Session, entered

# One look at the clock in so many seconds, about as often as the program looks at it.
TICK = 1e-4

_QUIET = [HealthCheck.too_slow]
settings.register_profile("default", deadline=None, max_examples=20, derandomize=True, suppress_health_check=_QUIET)
settings.register_profile("all", deadline=None, max_examples=60, derandomize=True, suppress_health_check=_QUIET)
settings.register_profile("fuzz", deadline=None, max_examples=3000, suppress_health_check=_QUIET)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="run the slow tests too, and fail where a program is missing")


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("all" if config.getoption("--all") else "default"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    places: Counter[tuple[object, ...]] = Counter()
    for item in items:
        sampled = item.get_closest_marker("sampled")
        if sampled is not None:
            (every,) = sampled.args
            test = (item.path, getattr(item, "originalname", item.name), every)
            if places[test] % every:
                item.add_marker("slow")
            places[test] += 1
    if config.getoption("--all") or config.getoption("-m"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if not item.get_closest_marker("slow")]


def pytest_runtest_setup(item: pytest.Item) -> None:
    for tool in (name for marker in item.iter_markers("needs") for name in marker.args):
        if shutil.which(tool) is None and importlib.util.find_spec(tool) is None:
            reason = f"{tool} is not installed"
            if item.config.getoption("--all"):
                pytest.fail(reason, pytrace=False)
            pytest.skip(f"{reason}; `make check` installs or asks for it")


@pytest.fixture(scope="session")
def trials(pytestconfig: pytest.Config) -> int:
    """At how many points a derivative is compared with differences."""
    return 3 if pytestconfig.getoption("--all") else 1


@pytest.fixture(scope="session", autouse=True)
def clock_of_looks() -> Iterator[None]:
    """A clock that goes on by a tick whenever the program looks at it, so that no test depends on how busy the machine is."""
    looks = itertools.count()
    with limits.timed_by(lambda: next(looks) * TICK):
        yield


@pytest.fixture(scope="session")
def whole(pytestconfig: pytest.Config) -> bool:
    """Whether everything is tried, not a part."""
    return bool(pytestconfig.getoption("--all"))


@pytest.fixture(autouse=True)
def session_of_nodes() -> Iterator[None]:
    """Nodes that a test makes by itself are made here."""
    with entered(Session()):
        yield
