"""The guide shows the package that the tests install."""

from pathlib import Path

import pytest

from functions.tasks.retry import RetryPolicy
from infrastructure.settings.times import Runs, TimesError, derive_times
from tests.packages import acme

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "task-types.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("source", [acme.TYPES, acme.RENDERING], ids=["types", "rendering"])
def test_the_guide_shows_a_package_that_runs(source: str) -> None:
    assert f"```python\n{source}```" in GUIDE


def test_the_longest_timeout_of_a_pool_is_the_one_in_the_guide() -> None:
    once = RetryPolicy(attempts=1)
    derive_times(handler=5, runs=[Runs(once, 57)])
    with pytest.raises(TimesError, match="fits with a timeout of 57 s"):
        derive_times(handler=5, runs=[Runs(once, 58)])
    assert "a pool may take up to 57 s" in " ".join(GUIDE.split())
