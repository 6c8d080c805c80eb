"""`make smoke` against running laptop editions: what works agrees, what is broken differs, nothing is left behind."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local.emulator.address import split
from local.host.options import PROJECT_ROOT
from tests.local.laptop import Laptop, eventually

pytestmark = pytest.mark.check

ON_AWS_ONLY = {"the alarm dead-letters goes off", "and executions"}


def smoke(laptop: Laptop, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command against a laptop edition."""
    return subprocess.run(
        [sys.executable, "-m", "operations.smoke", *(arguments or ("laptop", "--seconds", "20"))],
        cwd=PROJECT_ROOT,
        env={**os.environ, "TASKLINE_STATE_DIR": str(laptop.state_dir), **variables},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def differing(done: subprocess.CompletedProcess[str]) -> set[str]:
    """The checks whose row says that they differ; a long name ends in the next line."""
    return {line[10:48].strip() for line in done.stdout.splitlines() if line.startswith("DIFFERS")}


def dead_letters(laptop: Laptop) -> int:
    name = "ApproximateNumberOfMessages"
    url = laptop.outputs["dead_letter_queue_url"]
    attributes = laptop.clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"]
    return int(attributes[name])


@pytest.mark.nightly
def test_a_healthy_stack_agrees_in_everything_and_keeps_no_dead_letter(new_laptop: Callable[..., Laptop]) -> None:
    """A stack of its own: on the shared one, alarms about what other tests have made fail may be on."""
    laptop = new_laptop()
    laptop.start()
    before = dead_letters(laptop)
    done = smoke(laptop, "laptop", "--seconds", "20", "--refusals")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "everything agrees" in done.stdout
    agreeing = [line for line in done.stdout.splitlines() if line.startswith("agrees")]
    assert len(agreeing) > 40, done.stdout
    eventually(lambda: dead_letters(laptop) == before)
    assert laptop.request("GET", "/v1/breaker").json["state"] == "closed"


@pytest.mark.nightly
def test_what_is_broken_differs(new_laptop: Callable[..., Laptop]) -> None:
    laptop = new_laptop()
    laptop.start()
    laptop.clients.cloudwatch.delete_alarms(AlarmNames=["taskline-dev-table-throttles"])
    pipe = laptop.outputs["pipe_name"]
    laptop.clients.pipes.stop_pipe(Name=pipe)
    eventually(lambda: "pipe stopped" in laptop.output)

    done = smoke(laptop, "laptop", "--seconds", "2")

    assert done.returncode == 1, done.stdout + done.stderr
    assert {"the pipe runs", "a task succeeds", "every alarm exists"} <= differing(done)
    assert "table-throttles" in done.stdout
    assert "not checked: the first one did not" in done.stdout, "what needs tasks that end is not tried"


@pytest.mark.nightly
def test_a_stack_whose_breaker_opens_soon_is_spared_the_transient_failure(new_laptop: Callable[..., Laptop]) -> None:
    laptop = new_laptop(**{"taskline:breakerMinimumAttempts": 3, "taskline:breakerFailurePercent": 1})
    laptop.start()
    done = smoke(laptop)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not checked: 3 runs can open the" in done.stdout
    assert laptop.request("GET", "/v1/breaker").json["state"] == "closed"


@pytest.mark.nightly
def test_nothing_is_checked_while_the_breaker_is_open(new_laptop: Callable[..., Laptop]) -> None:
    laptop = new_laptop()
    laptop.start()
    change = json.dumps({"state": "open", "reason": "a test"}).encode()
    assert laptop.request("PUT", "/v1/breaker", change, Content_Type="application/json").status == 200
    done = smoke(laptop)
    assert (done.returncode, done.stdout) == (2, "")
    assert "The breaker is open" in done.stderr


@pytest.mark.nightly
def test_a_closed_stack_is_called_with_key_and_signature(new_laptop: Callable[..., Laptop]) -> None:
    laptop = new_laptop(**{"taskline:apiKeyRequired": True, "taskline:operatorAuthorization": "iam"})
    laptop.start()
    assert laptop.request("GET", "/v1/tasks").status == 403, "a client without a key"
    assert laptop.request("GET", "/v1/breaker").status != 200, "an operator without a signature"
    done = smoke(laptop)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.nightly
def test_a_stage_is_found_by_its_outputs(laptop: Laptop, tmp_path: Path) -> None:
    """The way to a stage on AWS, with a Pulumi CLI that knows one stack, and the emulator in the place of AWS."""
    pulumi = tmp_path / "pulumi"
    pulumi.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(laptop.outputs)}\nEND\n")
    pulumi.chmod(pulumi.stat().st_mode | stat.S_IXUSR)
    secret, endpoint = split(laptop.runtime["endpoint"])
    done = smoke(
        laptop,
        "dev",
        "--seconds",
        "6",
        PATH=f"{tmp_path}:{os.environ['PATH']}",
        AWS_ENDPOINT_URL=endpoint,
        AWS_SDK_UA_APP_ID=secret,
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert differing(done) == ON_AWS_ONLY, "only what the emulator has no metrics for"


@pytest.mark.parametrize(
    ("stage", "message"),
    [("laptop", "No laptop edition runs on"), ("nowhere", "Stage nowhere is not deployed: no stack")],
)
def test_without_a_stack_nothing_is_checked(stage: str, message: str, tmp_path: Path) -> None:
    pulumi = tmp_path / "pulumi"
    pulumi.write_text("#!/bin/sh\necho no stack >&2\nexit 1\n")
    pulumi.chmod(pulumi.stat().st_mode | stat.S_IXUSR)
    done = smoke(Laptop(tmp_path / "state"), stage, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert (done.returncode, done.stdout) == (2, "")
    assert re.search(message, done.stderr)
