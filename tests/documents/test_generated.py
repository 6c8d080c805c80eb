"""The generated parts of the pages are what `python -m docs.site.generated` writes, and describe all there is."""

from __future__ import annotations

import re

import pytest

from docs.site.generated import PAGES, parts, renewed
from docs.site.states import state_diagram
from local.host.options import PROJECT_ROOT
from local.program.config import read_project
from statemachine.budget import successors
from statemachine.loader import raw_definition

DEFINITION = raw_definition()


@pytest.mark.parametrize("name", PAGES)
def test_a_committed_page_is_up_to_date(name: str):
    page = (PROJECT_ROOT / name).read_text(encoding="utf-8")
    assert renewed(page, parts()) == page, "run `.venv/bin/python -m docs.site.generated`"


def test_every_generated_part_is_on_a_page():
    text = "".join((PROJECT_ROOT / name).read_text(encoding="utf-8") for name in PAGES)
    assert all(part in text for part in parts().values())


@pytest.mark.parametrize("key", read_project(PROJECT_ROOT)["config"])
def test_every_setting_is_documented(key: str):
    setting = key.partition(":")[2]
    row = rf"^\| `{setting}` \| (string|integer|boolean|object) \| (`[^`]+`|empty) \| [^|]* \| .+ \|$"
    assert re.search(row, (PROJECT_ROOT / "docs/reference/settings.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_the_values_of_the_stages_are_shown():
    page = (PROJECT_ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    assert "| `logRetentionDays` | integer | `7` | staging: `14`; prod: `30` |" in page


def test_the_diagram_has_every_transition_and_no_other():
    drawn = re.findall(r"^    (\S+) --> (\w+)", state_diagram(DEFINITION), re.MULTILINE)
    start = [("[*]", DEFINITION["StartAt"])]
    there = [(name, to) for name, state in DEFINITION["States"].items() for to in successors(state)]
    assert sorted(drawn) == sorted(start + there)


@pytest.mark.parametrize(
    "line",
    [
        "ClaimTask --> LookUpTask: ConditionalCheckFailed",
        "DecideOnDuplicate --> AlreadyDone: succeeded",
        "DecideOnDuplicate --> DecideOnDelivery: processing and ...",
        "DecideOnDuplicate --> TaskInProgress: otherwise",
        "DecideOnRetry --> BackOff: retry_in != null and ...",
        "DecideOnRetry --> ReturnToQueue: refusal != null and ...",
        "LookUpTask --> TaskInProgress: any error",
        "ProcessTask --> DecideOnRetry: TaskValidationError and 4 more",
        "ProcessTask --> ReturnToQueue: any other error",
        "class LeaseLost returns",
        "class TaskSucceeded done",
    ],
)
def test_the_diagram_shows_when_a_transition_is_taken_and_how_an_execution_ends(line: str):
    assert f"    {line}\n" in state_diagram(DEFINITION)
