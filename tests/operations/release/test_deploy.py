"""A deployment has a way back: the functions run their earlier versions again when a check or an alarm says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from operations.release.deploy import Steps, deploy, rollback
from operations.smoke.stack import NoStack, Stack

TOPIC = "arn:aws:sns:us-east-1:111122223333:taskline-dev-alerts"
NAMES = ("taskline-dev-validator", "taskline-dev-processor")


class Account:
    """The services of AWS that a deployment sees: aliases by function, and the alarms that go off."""

    def __init__(self) -> None:
        self.aliases: dict[str, str] = dict.fromkeys(NAMES, "7")
        self.alarms: list[dict[str, Any]] = []
        self.deployed = True
        self.slept: list[float] = []
        self.variables: dict[tuple[str, str], dict[str, str]] = {}  # by function and version

    def client(self, _: str, **__: Any) -> Account:
        return self

    def get_alias(self, **given: str) -> dict[str, str]:
        if given["Name"] != "live" or given["FunctionName"] not in self.aliases:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": ""}}, "GetAlias")
        return {"FunctionVersion": self.aliases[given["FunctionName"]]}

    def get_function_configuration(self, **given: str) -> dict[str, Any]:
        variables = self.variables.get((given["FunctionName"], given["Qualifier"]))
        return {"Environment": {"Variables": variables}} if variables else {}

    def update_alias(self, **given: str) -> None:
        assert given["Name"] == "live"
        self.aliases[given["FunctionName"]] = given["FunctionVersion"]

    def get_paginator(self, _: str) -> Account:
        return self

    def paginate(self, **given: Any) -> Iterator[dict[str, Any]]:
        yield {"MetricAlarms": [one for one in self.alarms if one["AlarmName"].startswith(given["AlarmNamePrefix"])]}

    def goes_off(self, name: str, topic: str = TOPIC) -> None:
        self.alarms.append({"AlarmName": f"taskline-dev-{name}", "AlarmActions": [topic]})

    def find(self, _: str) -> Stack:
        if not self.deployed:
            raise NoStack("Stage dev is not deployed")
        outputs = {"function_names": NAMES, "table_name": "taskline-dev-tasks", "alerts_topic_arn": TOPIC}
        return Stack(outputs=outputs, session=self)

    def up(self, _: str) -> int:
        self.aliases = dict.fromkeys(NAMES, "8")
        self.deployed = True
        return 0


@pytest.fixture
def account() -> Account:
    return Account()


def steps(account: Account, *, up: int = 0, smoke: int = 0, after: str = "") -> Steps:
    """Steps that end like this; the alarm `after` goes off while alarms are watched."""

    def sleep(seconds: float) -> None:
        account.slept.append(seconds)
        if after:
            account.goes_off(after)

    return Steps(up=lambda stage: account.up(stage) or up, smoke=lambda _: smoke, find=account.find, sleep=sleep)


def test_a_release_that_nothing_speaks_against_stays(account: Account, tmp_path: Path):
    assert deploy("dev", steps(account), 60, tmp_path) == 0
    assert set(account.aliases.values()) == {"8"}
    assert account.slept == [30, 30], "the alarms are watched for the whole time"


@pytest.mark.parametrize(
    ("failing", "reason"),
    [
        ({"up": 1}, "`pulumi up` failed."),
        ({"smoke": 1}, "`make smoke` found what differs."),
        ({"after": "processor-errors"}, "The alarm went off: taskline-dev-processor-errors."),
    ],
)
def test_the_functions_go_back_when_something_fails(
    account: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str], failing: dict[str, Any], reason: str
):
    assert deploy("dev", steps(account, **failing), 60, tmp_path) == 1
    assert set(account.aliases.values()) == {"7"}
    said = capsys.readouterr().err
    assert reason in said
    assert "taskline-dev-validator" in said
    assert "What to do: revert the commit" in said


ONE, TWO = "https://sqs/1/tasks.fifo", "https://sqs/1/tasks-g01-1of2.fifo,https://sqs/1/tasks-g01-2of2.fifo"


@pytest.mark.parametrize(
    ("since", "goes_back"), [("2026-01-01T00:00:00+00:00", False), ("2999-01-01T00:00:00+00:00", True)]
)
def test_a_sender_goes_back_only_while_tasks_go_to_the_lanes_that_it_knows(
    account: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str], since: str, goes_back: bool
):
    changing = {"QUEUE_URL": TWO, "QUEUE_URLS_BEFORE": ONE, "LANES_FROM": since}
    account.variables = {(NAMES[0], "7"): {"QUEUE_URL": ONE}, (NAMES[0], "8"): changing}
    assert deploy("dev", steps(account, smoke=1), 60, tmp_path) == 1
    said = capsys.readouterr().err
    assert "`make smoke` found what differs." in said
    assert ("Nothing was moved back" in said) is not goes_back
    assert set(account.aliases.values()) == {"7" if goes_back else "8"}, "all functions or none"
    assert rollback("dev", steps(account), tmp_path) == (0 if goes_back else 1)
    assert ("tasks-g01-1of2.fifo, tasks-g01-2of2.fifo" in capsys.readouterr().err) is not goes_back


def test_what_rang_before_and_what_smoke_provokes_is_no_reason(account: Account, tmp_path: Path):
    account.goes_off("queue-age")
    assert deploy("dev", steps(account, after="dead-letters"), 60, tmp_path) == 0
    assert set(account.aliases.values()) == {"8"}


def test_an_alarm_that_is_only_a_part_of_another_one_is_no_reason(account: Account, tmp_path: Path):
    account.goes_off("no-executions", topic="")
    account.deployed = False
    assert deploy("dev", steps(account), 0, tmp_path) == 0


def test_without_a_check_nobody_knows_and_nothing_is_moved(account: Account, tmp_path: Path):
    assert deploy("dev", steps(account, smoke=2), 60, tmp_path) == 1
    assert set(account.aliases.values()) == {"8"}


def test_a_first_deployment_has_nothing_to_go_back_to(account: Account, tmp_path: Path):
    account.deployed, account.aliases = False, {}
    assert deploy("dev", steps(account, smoke=1), 60, tmp_path) == 1
    assert set(account.aliases.values()) == {"8"}


def test_a_person_can_go_back_later(account: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert deploy("dev", steps(account), 0, tmp_path) == 0
    assert rollback("dev", steps(account), tmp_path) == 0
    assert set(account.aliases.values()) == {"7"}
    assert rollback("dev", steps(account), tmp_path) == 0
    assert "Every function runs that version already." in capsys.readouterr().out
    assert rollback("prod", steps(account), tmp_path) == 1
    assert "It is not known what stage prod ran before" in capsys.readouterr().err
