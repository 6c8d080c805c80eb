"""`worker`: `complete`, `fail` and `heartbeat`, with the token of a task."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.api.problems import problem_type
from functions.tasks.errors import Conflict
from functions.tasks.runs.tokens import WorkerToken
from functions.tasks.runs.workers import expired
from taskline.cli.commands.worker import VARIABLE
from tests.steering.cli.fake_api import Api, Cli, problem

TOKEN = "1.4c9a8b1f20de.AQCEAAAAKgAAAAMAAAAAAAAAAe"
REPLY = {"task_id": "t1", "status": "processing"}
SIGN = {"task_id": "t1", "cancel_requested": False}
ACTIONS = ("complete", "fail", "heartbeat")


@pytest.fixture(autouse=True)
def _task_with_a_token(api: Api) -> None:
    api.on("POST", "/tasks/t1/complete", REPLY)
    api.on("POST", "/tasks/t1/fail", REPLY)
    api.on("POST", "/tasks/t1/heartbeat", SIGN)


def rejection(conflict: Conflict) -> httpx.Response:
    """What the API makes of it."""
    return problem(409, conflict.title, conflict.detail, type=problem_type(conflict.title))


def sent(cli: Cli, *arguments: str, **more: Any) -> Any:
    """What a command of the group sends to the API."""
    done = cli("worker", *arguments, **more)
    assert done.exit_code == 0, done.output
    return cli.api.bodies()[-1]


# Complete


def test_a_worker_completes_its_task_with_a_result(cli: Cli) -> None:
    done = cli("worker", "complete", "t1", "--token", TOKEN, "--result", '{"pages": 12}')
    assert (done.exit_code, done.stdout) == (0, "t1 is completed.\n")
    assert "taskline watch t1" in done.stderr
    assert cli.api.bodies() == [{"token": TOKEN, "result": {"pages": 12}}]
    assert cli.json("worker", "complete", "t1", "--token", TOKEN) == REPLY


@pytest.mark.parametrize(("text", "result"), [("12", 12), ('"done"', "done"), ("null", None), ("[1]", [1])])
def test_a_result_is_any_json(cli: Cli, text: str, result: Any) -> None:
    assert sent(cli, "complete", "t1", "--token", TOKEN, "--result", text)["result"] == result


def test_a_result_may_come_from_a_file_or_from_stdin(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text('{"pages": 1}')
    given = ("complete", "t1", "--token", TOKEN, "--result")
    assert sent(cli, *given, "@result.json")["result"] == {"pages": 1}
    assert sent(cli, *given, "-", input='{"pages": 2}')["result"] == {"pages": 2}
    assert sent(cli, *given, "@-", input='{"pages": 3}')["result"] == {"pages": 3}


@pytest.mark.parametrize("text", ["done", "", '{"pages": NaN}', "-Infinity"])
def test_a_result_that_is_no_json_is_refused_before_it_is_sent(cli: Cli, api: Api, text: str) -> None:
    failure = cli.json("worker", "complete", "t1", "--token", TOKEN, "--result", text, code=2)["error"]
    assert "--result is not JSON" in failure["title"]
    assert """--result '{"pages": 12}'""" in failure["remedy"]
    assert api.requests == []


# The token


@pytest.mark.parametrize("action", ACTIONS)
def test_the_token_need_not_stand_in_the_history_of_a_shell(cli: Cli, tmp_path: Path, action: str) -> None:
    (tmp_path / "token.txt").write_text(f"{TOKEN}\n")
    assert sent(cli, action, "t1", **{VARIABLE: TOKEN})["token"] == TOKEN
    assert sent(cli, action, "t1", "--token", "@token.txt")["token"] == TOKEN
    assert sent(cli, action, "t1", "--token", "-", input=f"{TOKEN}\n")["token"] == TOKEN


def test_the_option_wins_over_the_environment(cli: Cli) -> None:
    assert sent(cli, "complete", "t1", "--token", TOKEN, **{VARIABLE: "2.of.another"})["token"] == TOKEN


@pytest.mark.parametrize("action", ACTIONS)
def test_a_missing_token_is_named_with_the_ways_to_give_one(cli: Cli, tmp_path: Path, action: str) -> None:
    (tmp_path / "empty.txt").write_text("\n")
    for given in ((), ("--token", "@empty.txt")):
        failure = cli.json("worker", action, "t1", *given, code=2)["error"]
        assert failure["title"] == "There is no token."
        assert VARIABLE in failure["remedy"]
        assert "@FILE" in failure["remedy"]
    assert cli.api.requests == []


def test_a_file_that_cannot_be_read_is_named(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "token.bin").write_bytes(b"\xff")
    for name in ("missing.txt", "token.bin"):
        failure = cli.json("worker", "complete", "t1", "--token", f"@{name}", code=2)["error"]
        assert f"--token @{name} cannot be read" in failure["title"]


def test_stdin_is_not_read_for_two_options(cli: Cli) -> None:
    failure = cli.json("worker", "complete", "t1", "--token", "-", "--result", "@-", code=2)["error"]
    assert "Stdin cannot be both" in failure["title"]


@pytest.mark.parametrize("action", ACTIONS)
def test_a_token_that_nobody_waits_for_is_3_and_never_shown(cli: Cli, api: Api, action: str) -> None:
    api.on("POST", f"/tasks/t1/{action}", rejection(expired("t1")))
    failure = cli.json("worker", action, "t1", "--token", TOKEN, code=3)["error"]
    assert (failure["status"], failure["title"]) == (409, "Token expired")
    assert failure["remedy"].startswith("Stop.")
    assert TOKEN not in cli("worker", action, "t1", "--token", TOKEN).output


@pytest.mark.parametrize("action", ACTIONS)
def test_a_token_of_another_task_or_for_one_that_has_none_is_3(cli: Cli, api: Api, action: str) -> None:
    with pytest.raises(Conflict) as refusal:
        WorkerToken.read(TOKEN, "t1")
    api.on("POST", f"/tasks/t1/{action}", rejection(refusal.value))
    failure = cli.json("worker", action, "t1", "--token", TOKEN, code=3)["error"]
    assert (failure["status"], failure["title"]) == (409, "Not its token")
    assert "task_token=True" in failure["remedy"]


@pytest.mark.parametrize("action", ACTIONS)
def test_the_task_of_another_client_is_3_and_names_the_key(cli: Cli, action: str) -> None:
    failure = cli.json("worker", action, "t9", "--token", TOKEN, code=3)["error"]
    assert failure["status"] == 404
    assert "API key" in failure["remedy"]


# Fail


def test_a_worker_ends_its_run_with_a_failure(cli: Cli) -> None:
    failure = ("--error-class", "RATE_LIMIT", "--error-type", "Busy", "-m", "try later", "--retry-after", "2m")
    done = cli("worker", "fail", "t1", "--token", TOKEN, *failure)
    assert (done.exit_code, done.stdout) == (0, "This run of t1 has failed.\n")
    assert cli.api.bodies() == [
        {
            "token": TOKEN,
            "error_class": "RATE_LIMIT",
            "type": "Busy",
            "message": "try later",
            "retry_after": 120,
            "cancelled": False,
        }
    ]


def test_a_failure_without_options_is_unknown(cli: Cli) -> None:
    body = sent(cli, "fail", "t1", "--token", TOKEN)
    assert (body["error_class"], body["type"], body["message"]) == ("UNKNOWN", "WorkerFailed", "")


def test_a_worker_that_was_asked_to_stop_says_that_it_has(cli: Cli) -> None:
    done = cli("worker", "fail", "t1", "--token", TOKEN, "--cancelled")
    assert (done.exit_code, done.stdout) == (0, "t1 has stopped.\n")
    assert cli.api.bodies()[-1]["cancelled"] is True


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--error-class", "ODD"), "--error-class ODD is not known"),
        (("--retry-after", "2m"), "--retry-after is for one class"),
        (("--error-class", "RATE_LIMIT", "--retry-after", "soon"), "--retry-after soon is not a time"),
        (("--error-class", "NETWORK", "--cancelled"), "no error class"),
    ],
)
def test_a_failure_that_makes_no_sense_is_refused(cli: Cli, arguments: tuple[str, ...], said: str) -> None:
    failure = cli.json("worker", "fail", "t1", "--token", TOKEN, *arguments, code=2)["error"]
    assert said in failure["title"]
    assert failure["remedy"]
    assert cli.api.requests == []


# Heartbeat


def test_a_heartbeat_says_how_far_the_task_is(cli: Cli) -> None:
    progress = ("--percent", "40", "--text", "page 5 of 12")
    done = cli("worker", "heartbeat", "t1", "--token", TOKEN, *progress)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "t1 goes on.\n", "")
    assert cli.api.bodies() == [{"token": TOKEN, "progress": {"percent": 40, "text": "page 5 of 12"}}]
    assert cli.json("worker", "heartbeat", "t1", "--token", TOKEN) == SIGN


def test_a_heartbeat_without_progress_leaves_it_as_it_is(cli: Cli) -> None:
    assert sent(cli, "heartbeat", "t1", "--token", TOKEN) == {"token": TOKEN}
    failure = cli.json("worker", "heartbeat", "t1", "--token", TOKEN, "--text", "page 5", code=2)["error"]
    assert "--percent" in failure["remedy"]
    assert cli("worker", "heartbeat", "t1", "--token", TOKEN, "--percent", "101").exit_code == 2


def test_a_worker_whose_task_was_cancelled_is_told_to_stop_by_6(cli: Cli, api: Api) -> None:
    """So that a script can stop without reading JSON."""
    api.on("POST", "/tasks/t1/heartbeat", SIGN | {"cancel_requested": True})
    done = cli("worker", "heartbeat", "t1", "--token", TOKEN)
    assert (done.exit_code, done.stdout) == (6, "t1 was cancelled.\n")
    assert "taskline worker fail t1 --cancelled" in done.stderr
    assert cli.json("worker", "heartbeat", "t1", "--token", TOKEN, code=6)["cancel_requested"] is True
