"""The statuses that command line, client and console know."""

from functions.tasks.model import Status
from taskline.statuses import STATUSES


def test_the_statuses_are_those_of_the_api_in_its_order() -> None:
    assert tuple(Status) == STATUSES
