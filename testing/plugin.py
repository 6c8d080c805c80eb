"""The pytest plugin: one fixture, `taskline`. It imports only pytest until a test uses the fixture.

Switch it on in the top `conftest.py` with `pytest_plugins = ["testing.plugin"]`.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from testing.taskline import Taskline

_PIPELINES: pytest.StashKey[Taskline] = pytest.StashKey()


@pytest.fixture
def taskline(request: pytest.FixtureRequest) -> Taskline:
    """A pipeline of the test's own, on virtual time. See docs/guides/testing.md."""
    from testing.taskline import Taskline

    made = request.node.stash[_PIPELINES] = Taskline()
    return made


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """After a test that passes: it has to have looked at each failure. Here, so that the test fails, not its end."""
    __tracebackhide__ = True
    result = yield
    if (made := pyfuncitem.stash.get(_PIPELINES, None)) is not None:
        made.check()
    return result
