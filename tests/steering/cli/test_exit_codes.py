"""Each exit code, and that with --json stdout holds one document, also for errors."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from taskline.cli.basis.exits import MEANINGS, ExitCode
from tests.steering.cli.fake_api import URL, Api, Cli, problem, task

ONE_OF_EACH = (
    ("get", "t1"),
    ("list",),
    ("cancel", "t1"),
    ("watch", "t1"),
    ("tail", "--for", "1ms"),
    ("submit", "A title"),
    ("keys",),
    ("stats",),
    ("breaker", "status"),
    ("breaker", "open", "--reason", "x", "--yes"),
    ("breaker", "close"),
    ("worker", "complete", "t1", "--token", "1.a.b"),
    ("worker", "fail", "t1", "--token", "1.a.b"),
    ("worker", "heartbeat", "t1", "--token", "1.a.b"),
    ("dead-letters", "list"),
    ("dead-letters", "show", "t1"),
    ("dead-letters", "redrive", "--all", "--yes"),
    ("dead-letters", "redrive", "t1"),
)


def test_the_help_lists_every_exit_code(cli: Cli) -> None:
    shown = cli("--help").stdout
    for code, meaning in MEANINGS.items():
        assert f"{int(code)}  {meaning}" in shown
    assert set(MEANINGS) == set(ExitCode)


def test_done_is_0(cli: Cli) -> None:
    assert cli("list").exit_code == 0


@pytest.mark.parametrize("arguments", ONE_OF_EACH, ids=" ".join)
def test_an_api_that_fails_is_1_and_a_document(cli: Cli, api: Api, arguments: tuple[str, ...]) -> None:
    api.error = httpx.ConnectError("refused")
    failure = cli.json(*arguments, code=1)["error"]
    assert failure["exit_code"] == 1
    assert "taskline doctor" in failure["remedy"]


@pytest.mark.parametrize("arguments", ONE_OF_EACH, ids=" ".join)
def test_what_is_not_allowed_is_4_and_a_document(cli: Cli, api: Api, arguments: tuple[str, ...]) -> None:
    for route in [*api.routes, ("GET", "/v1/tasks/t1"), ("DELETE", "/v1/tasks/t1"), ("POST", "/v1/tasks")]:
        api.routes[route] = problem(403, "Forbidden")
    for method, path in (("GET", "/stats"), ("PUT", "/breaker"), ("POST", "/redrive")):
        api.on(method, path, problem(403, "Forbidden"))
    for action in ("redrive", "complete", "fail", "heartbeat"):
        api.on("POST", f"/tasks/t1/{action}", problem(403, "Forbidden"))
    api.on("GET", "/operations/tasks/t1", problem(403, "Forbidden"))
    assert cli.json(*arguments, code=4)["error"]["status"] == 403
    assert "TASKLINE_API_KEY" in cli(*arguments).stderr


def test_a_command_that_is_not_used_like_that_is_2(cli: Cli) -> None:
    for arguments in (("nope",), ("list", "--nope"), ("get",), ("list", "--limit", "x"), ("list", "--status", "odd")):
        assert cli(*arguments).exit_code == 2, arguments
    failure = cli.json("list", "--status", "odd", code=2)["error"]
    assert failure == {
        "title": "--status odd is not known.",
        "remedy": "It is one of queued, parked, processing, succeeded, failed, cancelled.",
        "exit_code": 2,
    }
    assert cli.json("get", code=2)["error"]["exit_code"] == 2


def test_no_arguments_are_2_with_the_help(cli: Cli) -> None:
    for arguments in ((), ("dead-letters",), ("breaker",), ("worker",)):
        done = cli(*arguments)
        assert done.exit_code == 2
        assert "Usage:" in done.output
        assert "Error" not in done.output


def test_not_found_is_3(cli: Cli) -> None:
    failure = cli.json("get", "t9", code=3)["error"]
    assert failure["status"] == 404
    assert failure["request_id"] == "request-1"
    assert "taskline list" in cli("get", "t9").stderr


def test_no_stage_is_3(cli: Cli) -> None:
    cli.environ.pop("TASKLINE_URL")
    assert "No stage is named" in cli.json("list", code=3)["error"]["title"]


def test_interrupted_is_130(cli: Cli, api: Api) -> None:
    def interrupt(_: httpx.Request) -> Any:
        raise KeyboardInterrupt

    api.on("GET", "/tasks", interrupt)
    assert cli("list").exit_code == 130
    assert cli.json("list", code=130)["error"]["title"] == "Interrupted"


def test_a_defect_is_1_with_its_name_and_no_traceback(cli: Cli, api: Api) -> None:
    def fail(_: httpx.Request) -> Any:
        raise ZeroDivisionError("division by zero")

    api.on("GET", "/tasks", fail)
    done = cli("list")
    assert done.exit_code == 1
    assert "ZeroDivisionError: division by zero" in done.stderr
    assert "Traceback" not in done.output
    assert cli.json("list", code=1)["error"]["exit_code"] == 1


@pytest.mark.parametrize(
    ("status", "code"), [(400, 1), (401, 4), (403, 4), (404, 3), (409, 3), (422, 3), (429, 1), (500, 1), (503, 1)]
)
def test_a_status_of_the_api_has_its_exit_code(cli: Cli, api: Api, status: int, code: int) -> None:
    errors = [{"field": "title", "message": "is required"}]
    api.on("POST", "/tasks", problem(status, "No", "It is not possible.", errors))
    failure = cli.json("submit", "A", code=code)["error"]
    assert (failure["status"], failure["errors"]) == (status, errors)
    assert "title: is required" in cli("submit", "A").stderr


def test_a_reader_that_ends_early_is_no_failure() -> None:
    """As in `taskline list | head`."""
    command = f"{sys.executable} -m taskline completion bash | sleep 0; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3]
    )
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_errors_and_hints_never_stand_on_stdout(cli: Cli, api: Api) -> None:
    assert cli("get", "t9").stdout == ""
    api.on("POST", "/tasks", task(status="queued"))
    done = cli("submit", "A")
    assert done.stdout == "t1\n"
    assert "taskline watch t1" in done.stderr


def test_keys_are_never_arguments(cli: Cli) -> None:
    assert "--api-key" not in "".join(cli(name, "--help").output for name in ("submit", "list", "get", "doctor"))
    cli.environ["TASKLINE_API_KEY"] = "secret-key"
    done = cli("get", "t9")
    assert cli.api.requests[-1].headers["x-api-key"] == "secret-key"
    assert "secret-key" not in done.output
    assert cli.api.requests[-1].url.host == httpx.URL(URL).host


def test_every_command_has_an_example_and_json(cli: Cli) -> None:
    seen = json.dumps(ONE_OF_EACH)
    others = ("local", "load", "cost", "console", "doctor", "version", "completion")
    for name in (*others, *{one[0] for one in ONE_OF_EACH}):
        subcommands = {"breaker": ("status", "open", "close"), "dead-letters": ("list", "show", "redrive")}
        subcommands["worker"] = ("complete", "fail", "heartbeat")
        for rest in subcommands.get(name, ("",)):
            shown = cli(*filter(None, (name, rest)), "--help").stdout
            assert f"$ taskline {name}" in shown, seen
            assert "--json" in shown
