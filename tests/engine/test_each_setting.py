"""Each setting alone, changed on a deployed stack: what its change updates, and what it may not replace."""

from pathlib import Path
from typing import Any

import pytest

from tests.engine.changes import Key, changes, resources
from tests.engine.other_values import other_values
from tests.engine.provider.replacements import NEVER_REPLACED
from tests.infrastructure.recording import run

pytestmark = [pytest.mark.check, pytest.mark.nightly]


@pytest.mark.parametrize("key", other_values(""))
def test_a_setting_changes_something_and_replaces_nothing_that_holds_tasks(
    key: str, usual: dict[Key, Any], frozen: None, layer: Path, other_layer: Path
) -> None:
    other = other_values(str(other_layer))[key]
    settings: dict[str, Any] = {**other.needs, key: other.of("dev")}
    found = changes(usual, resources(run("dev", layer, **settings)))
    assert found.differences or found.created or found.deleted, "a setting that changes nothing is none"
    assert not {of_type for of_type, _ in found.replaced | found.deleted} & NEVER_REPLACED
