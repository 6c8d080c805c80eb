"""The command line against a running laptop edition: files that are killed halfway, a doctor, a terminal."""

from __future__ import annotations

import json
import re
import signal
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.local.command_line.command import Command
from tests.local.edition.test_gateway import value_of
from tests.local.laptop import PROJECT_ROOT, SHORT_TIMES, Laptop, eventually, free_port

pytestmark = pytest.mark.check
LINES, KEYS = 300, 6


@pytest.fixture
def taskline(laptop: Laptop, tmp_path: Path) -> Command:
    return Command(laptop, tmp_path)


def write_csv(path: Path, run: str) -> Path:
    """300 lines over 6 keys; `data.n` counts the lines of a key."""
    rows = [f"{number},{run}-{number % KEYS},demo.echo,{number // KEYS}\n" for number in range(LINES)]
    path.write_text("title,ordering_key,type,data.n\n" + "".join(rows))
    return path


def state_of(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.with_name(f"{path.name}.taskline.json").read_text())
    except FileNotFoundError:
        return {}


def assert_each_once_in_order(laptop: Laptop, run: str) -> None:
    """The tasks of each key, in the order in which they were accepted, are its lines."""
    for number in range(KEYS):
        tasks = listed(laptop, f"{run}-{number}")
        assert [laptop.read(one["task_id"])["data"]["n"] for one in reversed(tasks)] == list(range(LINES // KEYS))


def listed(laptop: Laptop, key: str) -> list[dict[str, Any]]:
    """All tasks of a key, newest first."""
    return laptop.request("GET", f"/v1/tasks?ordering_key={key}&limit=100").json["tasks"]


@pytest.mark.nightly
def test_a_file_whose_submission_is_killed_goes_on_and_yields_each_task_once_in_order(
    taskline: Command, laptop: Laptop, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "tasks.csv", "killed")
    process = taskline.start("submit", str(path))
    eventually(lambda: state_of(path).get("accepted", 0) >= 50, seconds=60)
    process.kill()
    process.wait()
    before = state_of(path)
    assert 0 < before["accepted"] < LINES, "it was in the middle"
    summary = taskline.json("submit", str(path))
    assert summary["complete"]
    assert summary["accepted"] == LINES
    assert_each_once_in_order(laptop, "killed")


@pytest.mark.nightly
def test_ctrl_c_ends_with_130_and_a_command_that_goes_on(taskline: Command, laptop: Laptop, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "tasks.csv", "interrupted")
    process = taskline.start("submit", str(path))
    eventually(lambda: state_of(path).get("accepted", 0) >= 50, seconds=60)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"Go on with: taskline submit {path}" in errors
    accepted = state_of(path)["accepted"]
    known = sum(len(listed(laptop, f"interrupted-{number}")) for number in range(KEYS))
    assert known == accepted, "what was under way was finished and noted"
    assert taskline.json("submit", str(path))["accepted"] == LINES
    assert_each_once_in_order(laptop, "interrupted")


def test_a_task_is_submitted_watched_and_listed(taskline: Command) -> None:
    ended = taskline.json("submit", "Say hello", "--type", "demo.echo", "--key", "one", "-d", '{"a": 1}', "--wait")
    assert (ended["status"], ended["result"]) == ("succeeded", {"a": 1})
    assert [one["task_id"] for one in taskline.json("list", "--key", "one")] == [ended["task_id"]]
    assert taskline.json("watch", ended["task_id"])["status"] == "succeeded"


def test_a_failed_task_is_seen_among_the_dead_letters_and_redriven(taskline: Command) -> None:
    data = '{"probability": 1, "error_class": "VALIDATION"}'
    failed = taskline.json("submit", "Fail", "-t", "demo.flaky", "-k", "dead", "-d", data, "--wait", code=6)
    shown = taskline.json("dead-letters", "list", "--key", "dead")
    assert [one["task_id"] for one in shown["tasks"]] == [failed["task_id"]]
    assert taskline("dead-letters", "redrive", "--key", "dead").returncode == 2, "nobody can be asked"
    assert taskline.json("dead-letters", "redrive", "--key", "dead", "--yes")["tasks"][0]["redrives"] == 1


def test_load_measures_the_laptop_edition(taskline: Command) -> None:
    document = taskline.json("load", "--rate", "5", "--duration", "2s", "--keys", "2")
    assert document["by_status"] == {"succeeded": 10}
    assert document["wait"]["count"] == document["run"]["count"] == document["accept"]["count"] == 10


def checks(taskline: Command, *arguments: str, code: int) -> dict[str, dict[str, str]]:
    return {one["check"]: one for one in taskline.json("doctor", *arguments, code=code)["checks"]}


def test_the_doctor_finds_a_wrong_address(taskline: Command) -> None:
    found = checks(taskline, "--url", f"http://127.0.0.1:{free_port()}/v1", code=1)["url"]
    assert found["verdict"] == "fail"
    assert "taskline local" in found["remedy"]


@pytest.mark.nightly
def test_the_doctor_finds_an_open_breaker_and_a_laptop_edition_in_order(taskline: Command, laptop: Laptop) -> None:
    found = checks(taskline, code=0)
    assert {found[name]["verdict"] for name in ("url", "key", "breaker", "pipe", "credentials", "queue")} == {"pass"}
    taskline.json("breaker", "open", "--reason", "a test", "--yes")
    try:
        found = checks(taskline, code=1)["breaker"]
        assert "a test" in found["detail"]
        assert "taskline breaker close" in found["remedy"]
    finally:
        taskline.json("breaker", "close")
    eventually(lambda: taskline.json("breaker", "status")["pipe"]["current_state"] == "RUNNING", seconds=60)


def test_the_doctor_finds_a_stopped_pipe(taskline: Command, laptop: Laptop) -> None:
    name = laptop.outputs["pipe_name"]
    laptop.clients.pipes.stop_pipe(Name=name)
    try:
        eventually(lambda: taskline.json("breaker", "status")["pipe_stopped"], seconds=60)
        found = checks(taskline, code=1)["pipe"]
        assert f"aws pipes start-pipe --name {name}" in found["remedy"]
    finally:
        laptop.clients.pipes.start_pipe(Name=name)


@pytest.mark.nightly
def test_the_doctor_finds_a_wrong_key_and_missing_rights_of_an_operator(
    new_laptop: Callable[..., Laptop], tmp_path: Path
) -> None:
    closed = {"taskline:apiKeyRequired": True, "taskline:apiClients": "web", "taskline:operatorAuthorization": "iam"}
    laptop = new_laptop(**SHORT_TIMES, **closed)
    laptop.start()
    found = checks(Command(laptop, tmp_path, TASKLINE_API_KEY="wrong"), code=1)
    assert "refuses the key" in found["key"]["detail"]
    assert found["operator"]["verdict"] == "warn"
    assert "not signed" in found["operator"]["detail"]
    key = value_of(laptop, laptop.outputs["api_key_ids"]["web"])
    assert checks(Command(laptop, tmp_path, TASKLINE_API_KEY=key), code=0)["key"]["detail"] == "accepted"


@pytest.mark.nightly
def test_on_a_terminal_there_is_a_table_in_colour_and_a_question(taskline: Command) -> None:
    data = '{"probability": 1, "error_class": "VALIDATION"}'
    taskline("submit", "Fail", "-t", "demo.flaky", "-k", "terminal", "-d", data, "--wait")
    code, shown = taskline.on_terminal("list", "--key", "terminal")
    assert code == 0
    assert "\x1b[31mfailed" in shown
    assert max(len(line) for line in re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()) <= 100
    code, shown = taskline.on_terminal("dead-letters", "redrive", "--key", "terminal", answer="n\n")
    assert code == 130
    assert "Redrive 1 task?" in shown
    code, shown = taskline.on_terminal("dead-letters", "redrive", "--key", "terminal", answer="y\n")
    assert code == 0
    assert "1 task redriven" in shown


def test_a_file_shows_its_progress_on_a_terminal(taskline: Command, tmp_path: Path) -> None:
    path = tmp_path / "few.csv"
    path.write_text("title,ordering_key\n" + "".join(f"{number},bar\n" for number in range(60)))
    code, shown = taskline.on_terminal("submit", str(path))
    assert code == 0
    assert "Submitting" in shown
    assert "60 lines" in shown
    assert "60 tasks accepted" in shown


def test_a_stage_is_found_by_its_name_among_the_parameters_of_its_account(laptop: Laptop, tmp_path: Path) -> None:
    """The laptop edition publishes its outputs as a deployed stack does; its emulator stands for AWS."""
    parts = urlsplit(laptop.runtime["endpoint"])
    account = {
        "AWS_ENDPOINT_URL": f"http://{parts.hostname}:{parts.port}",
        "AWS_SDK_UA_APP_ID": str(parts.username),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": laptop.runtime["region"],
    }
    taskline = Command(laptop, tmp_path, **account, TASKLINE_STATE_DIR=str(tmp_path / "nowhere"))
    found = checks(taskline, "--stage", "dev", code=0)
    assert "by --stage dev" in found["stage"]["detail"]
    assert {found[name]["verdict"] for name in ("url", "operator", "breaker", "credentials", "queue")} == {"pass"}
    assert "There is no stage prod" in taskline.json("list", "--stage", "prod", code=3)["error"]["title"]


def test_counts_are_exact_when_the_tasks_have_ended(taskline: Command, tmp_path: Path) -> None:
    path = tmp_path / "counted.csv"
    path.write_text("title,ordering_key\n" + "".join(f"{number},counted\n" for number in range(40)))
    taskline.json("submit", str(path))
    wanted = {"queued": 0, "parked": 0, "processing": 0, "succeeded": 40, "failed": 0, "cancelled": 0}
    eventually(lambda: taskline.json("stats", "--key", "counted")["by_status"] == wanted, seconds=60)


@pytest.mark.nightly
def test_the_laptop_edition_starts_and_a_console_of_it_is_served(tmp_path: Path) -> None:
    port, console_port, state = free_port(), free_port(), tmp_path / "state"
    taskline = Command(Laptop(state, port), PROJECT_ROOT)
    edition = taskline.start("local", "--port", f"{port}", "--state-dir", str(state))
    assert edition.stdout is not None
    try:
        assert any("Taskline is ready" in line for line in edition.stdout)
        console = taskline.start("console", "--port", f"{console_port}")
        try:
            eventually(lambda: answers(f"http://127.0.0.1:{console_port}/"), seconds=60)
        finally:
            console.send_signal(signal.SIGINT)
            console.communicate(timeout=60)
    finally:
        edition.send_signal(signal.SIGTERM)
        edition.communicate(timeout=60)
    assert edition.returncode == 0


def answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=20) as response:
            return response.status == 200 and b"<title>" in response.read()
    except OSError:
        return False
