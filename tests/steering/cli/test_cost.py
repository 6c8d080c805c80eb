"""`taskline cost`: a bill from a checkout, and what it says without one."""

from __future__ import annotations

import pytest

from local.host.options import PROJECT_ROOT
from tests.steering.cli.fake_api import Cli


def test_without_a_checkout_it_says_what_it_needs(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskline.cli.serving.local.__file__", str(cli.folder / "a" / "b" / "c" / "local.py"))
    failure = cli.json("cost", code=3)["error"]
    assert failure["title"].startswith("There is no checkout of Taskline here, and what a stage costs")
    assert "Clone the project" in failure["remedy"]


@pytest.mark.parametrize(
    ("arguments", "title"),
    [
        (("--tasks", "0"), "--tasks 0 is not a number of tasks."),
        (("--tasks", "nan"), "--tasks nan is not a number of tasks."),
        (("--stage", "laptop"), "The laptop edition costs nothing on AWS."),
    ],
)
def test_what_has_no_cost_is_2(cli: Cli, arguments: tuple[str, ...], title: str) -> None:
    failure = cli.json("cost", *arguments, code=2)["error"]
    assert failure["title"] == title
    assert failure["remedy"]


@pytest.mark.check
def test_a_stage_that_does_not_exist_is_2_with_those_that_do(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT_ROOT)
    failure = cli.json("cost", "--stage", "nope", code=2)["error"]
    assert "Stage `nope` does not exist" in failure["title"]
    assert "dev, prod, staging" in failure["remedy"]


@pytest.mark.check
def test_a_load_that_no_stage_could_take_is_2(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT_ROOT)
    failure = cli.json("cost", "--keys", "3", code=2)["error"]
    assert "at least 28 ordering keys" in failure["title"]


@pytest.mark.check
@pytest.mark.nightly
def test_a_bill_adds_up_and_is_shown_as_a_table(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT_ROOT)
    bill = cli.json("cost", "--tasks", "2e6", "--stage", "prod")
    rows = bill["per_million_tasks"]
    assert sum(row["dollars"] for row in rows) == pytest.approx(bill["dollars_per_million_tasks"], abs=0.01)
    assert bill["dollars"] == pytest.approx(2 * bill["dollars_per_million_tasks"], abs=0.001)
    assert bill["load"]["tasks_per_second"] == 50
    done = cli("cost", "--rate", "20")
    assert done.exit_code == 0
    assert "api\trequests\t1,000,000\trequests to a REST API\t3.50" in done.stdout
    assert "1,000,000 tasks in stage prod cost $" in done.stderr
    assert "At 20 tasks per second over 12 keys" in done.stderr
