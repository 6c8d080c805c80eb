"""What the runner changes of moto, and for how long."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import backend_index, mock_aws
from moto.core.responses import ActionResult
from moto.stepfunctions import urls
from moto.stepfunctions.responses import StepFunctionResponse

from asl.testing.moto import MotoAnswersItself, sync_executions
from tests.architecture.imports import ROOT
from tests.asl.testing.machines import ECHO, REGION, calls, client, create, definition, start


def state_of_moto() -> tuple[Any, ...]:
    methods = {name: value for name, value in vars(StepFunctionResponse).items() if not name.startswith("__")}
    return methods, list(urls.url_bases), list(backend_index.backend_url_patterns)


@pytest.fixture(autouse=True)
def _moto_is_left_as_it_was() -> Iterator[None]:
    """Whatever a test of this file does."""
    before = state_of_moto()
    yield
    assert state_of_moto() == before


@pytest.fixture
def newer_moto(monkeypatch: pytest.MonkeyPatch) -> None:
    """A moto that has the action."""

    def start_sync_execution(self: StepFunctionResponse) -> ActionResult:
        return ActionResult({"executionArn": "motos-own", "startDate": 1, "stopDate": 1, "status": "SUCCEEDED"})

    monkeypatch.setattr(StepFunctionResponse, "start_sync_execution", start_sync_execution, raising=False)
    monkeypatch.setattr(urls, "url_bases", [*urls.url_bases, r"https?://sync-states\.(.+)\.amazonaws.com"])
    pattern = ("stepfunctions", re.compile(urls.url_bases[-1]))
    monkeypatch.setattr(backend_index, "backend_url_patterns", [*backend_index.backend_url_patterns, pattern])


@mock_aws
def test_after_the_block_moto_answers_as_it_did() -> None:
    arn = create(ECHO)
    with pytest.raises(ClientError, match="404"):
        start(arn)
    with sync_executions():
        assert start(arn)["status"] == "SUCCEEDED"
    with pytest.raises(ClientError, match="404"):
        start(arn)


def test_an_exception_leaves_nothing_behind_either() -> None:
    with pytest.raises(ClientError), mock_aws(), sync_executions():
        start(create(ECHO) + "s")


@mock_aws
@sync_executions(functions={"f": lambda event, context: "decorated"})
def test_it_decorates_functions() -> None:
    assert start(create(definition(A=calls())))["output"] == '"decorated"'


@sync_executions()
@mock_aws
def test_the_order_of_the_two_does_not_matter() -> None:
    assert start(create(ECHO))["status"] == "SUCCEEDED"


def test_clients_from_before_both_blocks_are_served() -> None:
    session = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name=REGION)
    early = session.client("stepfunctions")
    with mock_aws(), sync_executions():
        assert early.start_sync_execution(stateMachineArn=create(ECHO))["status"] == "SUCCEEDED"


def test_a_block_inside_another_brings_its_own_functions_and_has_the_outer_ones() -> None:
    machine = definition(A=calls("a", Next="B") | {"End": False}, B=calls("b"))
    del machine["States"]["A"]["End"]
    both = {"a": lambda event, context: "outer a", "b": lambda event, context: event + ", outer b"}
    with mock_aws(), sync_executions(functions=both) as outer:
        arn = create(machine)
        with sync_executions(functions={"b": lambda event, context: event + ", inner b"}) as inner:
            assert start(arn)["output"] == '"outer a, inner b"'
        assert start(arn)["output"] == '"outer a, outer b"'
    assert (len(outer.executions), len(inner.executions)) == (1, 1), "the innermost block answers"


def test_where_moto_has_the_action_the_runner_steps_aside_and_says_so(newer_moto: None) -> None:
    with mock_aws():
        arn = create(ECHO)
        with pytest.warns(MotoAnswersItself, match="override=True"), sync_executions() as runs:
            assert start(arn)["executionArn"] == "motos-own"
        assert runs.executions == []


@pytest.mark.filterwarnings("error")
def test_and_runs_all_the_same_if_it_is_asked_to(newer_moto: None) -> None:
    hosts = len(urls.url_bases)
    with mock_aws():
        arn = create(ECHO)
        with sync_executions(override=True), sync_executions() as inner:
            assert start(arn, {"a": 1})["output"] == '{"a":1}'
            assert len(urls.url_bases) == hosts, "the host is there already"
        assert len(inner.executions) == 1
        assert start(arn)["executionArn"] == "motos-own", "its method is back"


@pytest.mark.parametrize(
    ("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("us-east-1", "aws")]
)
@mock_aws
@sync_executions()
def test_it_works_in_every_partition(region: str, partition: str) -> None:
    sent = {"TableName": "t", "Item": {"id": {"S": "1"}}}
    put = {"Type": "Task", "Resource": f"arn:{partition}:states:::dynamodb:putItem", "Arguments": sent, "End": True}
    client("dynamodb", region).create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    arn = create(definition(P=put), region, roleArn=f"arn:{partition}:iam::123456789012:role/machine")
    response = start(arn, region=region)
    assert response["status"] == "SUCCEEDED", response
    assert response["executionArn"].startswith(f"arn:{partition}:states:{region}:123456789012:express:machine:")
    assert client("dynamodb", region).scan(TableName="t")["Count"] == 1


def test_threads_share_the_block() -> None:
    meeting = threading.Barrier(2, timeout=20)
    outputs: dict[int, str] = {}

    def meet(event: Any, context: Any) -> Any:
        meeting.wait()  # passes only if two executions run at the same time
        return event

    with mock_aws(), sync_executions(functions={"f": meet}) as runs:
        arn = create(definition(A=calls()))
        threads = [threading.Thread(target=lambda n=n: outputs.update({n: start(arn, n)["output"]})) for n in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert outputs == {1: "1", 2: "2"}
        assert {execution.output for execution in runs.executions} == {1, 2}


def test_a_function_may_start_a_machine_itself() -> None:
    def outer(event: Any, context: Any) -> Any:
        return json.loads(start(event["inner"], {"deep": True})["output"])

    with mock_aws(), sync_executions(functions={"f": outer}) as runs:
        arns = create(ECHO, name="inner"), create(definition(A=calls()), name="outer")
        assert start(arns[1], {"inner": arns[0]})["output"] == '{"deep":true}'
    assert [execution.machine for execution in runs.executions] == ["inner", "outer"]


def test_a_machine_may_start_another_through_the_service() -> None:
    arguments = {"StateMachineArn": "{% $states.input.inner %}", "Input": "{% $string({'deep': true}) %}"}
    resource = "arn:aws:states:::aws-sdk:sfn:startSyncExecution"
    state = {"Type": "Task", "Resource": resource, "Arguments": arguments, "End": True}
    with mock_aws(), sync_executions():
        arns = create(ECHO, name="inner"), create(definition(A=state), name="outer")
        assert json.loads(json.loads(start(arns[1], {"inner": arns[0]})["output"])["Output"]) == {"deep": True}


def test_moto_is_loaded_by_its_own_room_alone() -> None:
    program = "import sys, asl, asl.testing, asl.cli; print({'moto', 'pytest'} & sys.modules.keys())"
    program += "; import asl.testing.moto; print({'moto', 'pytest'} & sys.modules.keys())"
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout.split("\n")[:2] == ["set()", "{'moto'}"], "and pytest by its fixture alone"
