"""No role may do more than it does: every permission is needed by a call that the role makes in a named behaviour."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.local.permissions.behaviours import BEHAVIOURS
from tests.local.permissions.minimal import Permission, allows, needed_by, needless, permissions
from tests.local.permissions.recorded import Call, RecordedLaptop
from tests.proofs.accepted import PERMISSIONS
from tests.proofs.findings import objections

pytestmark = pytest.mark.check

SETTLING_SECONDS = 15  # events, alerts and alarms follow their cause
TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/t"
READ = Permission("reader", "dynamodb:GetItem", TABLE)
READING = Call("reader", "dynamodb:GetItem", TABLE)


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordedLaptop]:
    """A laptop that has shown every behaviour."""
    running = RecordedLaptop(tmp_path_factory.mktemp("permissions"))
    try:
        running.start()
        for behaviour in BEHAVIOURS:
            behaviour(running)
        yield running
    finally:
        running.ensure_stopped()


def test_every_permission_is_needed_by_a_call_that_its_role_makes(laptop: RecordedLaptop) -> None:
    allowed = list(permissions(laptop.policies()))
    deadline = time.monotonic() + SETTLING_SECONDS
    while True:
        unneeded = needless(allowed, set(laptop.calls()))
        found = objections([one.finding for one in unneeded], PERMISSIONS)
        if not found or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    assert found == []
    assert len(allowed) - len(unneeded) > 30, "and most of what is not about logs and traces is proved"


def test_a_permission_that_nothing_uses_is_noticed() -> None:
    more = Permission("reader", "dynamodb:DeleteItem", TABLE)
    assert needless([READ, more], {READING}) == [more]


def test_the_same_permission_twice_is_noticed_twice() -> None:
    wider = READ._replace(resource="*")
    assert needless([READ, wider], {READING}) == [READ, wider], "each could go, if the other stays"


def test_a_call_of_another_role_or_on_another_resource_proves_nothing() -> None:
    elsewhere = {READING._replace(role="validator"), READING._replace(resource=TABLE + "2")}
    assert needless([READ], elsewhere) == [READ]


def test_a_call_that_was_made_is_refused_without_its_permission() -> None:
    assert needed_by(READ, [READ], {READING}) == {READING}
    assert not allows([], READING)
