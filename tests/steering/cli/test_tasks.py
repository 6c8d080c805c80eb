"""`get`, `list`, `cancel`, `watch` and `tail`."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import pytest

from taskline.cli.commands import follow
from tests.steering.cli.fake_api import LATER, NOW, Api, Cli, problem, summary, task

CTRL_C = object()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(follow, "LONGEST_PAUSE", 0.001)


def one_after_another(*answers: Any) -> Callable[[httpx.Request], Any]:
    """The answers in turn; the last one again and again, or Ctrl-C."""
    left = list(answers)

    def answer(_: httpx.Request) -> Any:
        found = left.pop(0) if len(left) > 1 else left[0]
        if found is CTRL_C:
            raise KeyboardInterrupt
        return found

    return answer


def pages(*contents: Sequence[Any]) -> Callable[[httpx.Request], Any]:
    """Pages of a list: the cursor is the number of the page."""

    def answer(request: httpx.Request) -> Any:
        number = int(request.url.params.get("cursor", 0))
        more = {"cursor": f"{number + 1}"} if number + 1 < len(contents) else {}
        return {"tasks": contents[number], **more}

    return answer


def test_get_shows_a_task_with_its_error_and_history(cli: Cli, api: Api) -> None:
    api.on("GET", "/tasks/t1", task(status="failed"))
    done = cli("get", "t1")
    assert done.exit_code == 0
    fields = dict(line.split("\t") for line in done.stdout.splitlines() if "\t" in line)
    assert fields["error"] == "NETWORK: TaskNetworkError: the bank is down"
    assert fields["data"] == '{"hello": "world"}'
    assert fields["accepted"] == NOW
    assert f"{LATER}  failed" in done.stdout


def test_get_as_json_is_the_document_of_the_api_with_what_this_command_does_not_know(cli: Cli, api: Api) -> None:
    document = task(tenant="ann", later_field={"x": 1})
    api.on("GET", "/tasks/t1", document)
    assert cli.json("get", "t1") == document


def test_an_operator_reads_any_clients_task(cli: Cli, api: Api) -> None:
    api.on("GET", "/operations/tasks/t1", task(tenant="ann"))
    assert cli.json("get", "t1", "--all-clients")["tenant"] == "ann"


def test_list_is_tab_separated_and_complete_in_a_pipe(cli: Cli, api: Api) -> None:
    key = "a-key-that-is-longer-than-any-terminal-is-wide-" * 3
    api.on("GET", "/tasks", {"tasks": [summary(ordering_key=key)]})
    header, row = cli("list").stdout.splitlines()
    assert header.split("\t")[:4] == ["task_id", "status", "type", "ordering_key"]
    assert row.split("\t")[:4] == ["t1", "succeeded", "demo.echo", key]
    assert cli("list", "--no-headers").stdout.splitlines() == [row]


def test_list_sends_its_filters(cli: Cli, api: Api) -> None:
    cli("list", "--status", "failed", "--key", "customer-42")
    assert dict(api.requests[-1].url.params) | {"limit": ""} == {
        "status": "failed",
        "ordering_key": "customer-42",
        "limit": "",
    }
    cli("list", "--tenant", "ann")
    assert api.requests[-1].url.path == "/v1/operations/tasks"


def test_list_reads_as_many_pages_as_it_needs(cli: Cli, api: Api) -> None:
    api.on("GET", "/tasks", pages([summary("t1")], [], [summary("t2"), summary("t3")], [summary("t4")]))
    assert [one["task_id"] for one in cli.json("list", "--limit", "3")] == ["t1", "t2", "t3"]
    assert [one["task_id"] for one in cli.json("list", "--all")] == ["t1", "t2", "t3", "t4"]


def test_list_by_type_looks_through_the_pages(cli: Cli, api: Api) -> None:
    api.on("GET", "/tasks", pages([summary("t1")], [summary("t2", type="demo.slow")]))
    assert [one["task_id"] for one in cli.json("list", "--type", "demo.slow")] == ["t2"]


def test_an_empty_list_is_an_empty_array_and_no_failure(cli: Cli) -> None:
    assert cli.json("list") == []
    done = cli("list", "--jsonl")
    assert (done.exit_code, done.stdout) == (0, "")


def test_a_stream_is_one_document_a_line(cli: Cli, api: Api) -> None:
    api.on("GET", "/tasks", {"tasks": [summary("t1"), summary("t2")]})
    assert [json.loads(line)["task_id"] for line in cli("list", "--jsonl").stdout.splitlines()] == ["t1", "t2"]


def test_text_of_a_task_cannot_control_the_terminal_or_break_a_line(cli: Cli, api: Api) -> None:
    api.on("GET", "/tasks/t1", task(title="\x1b[2J\x07gone\tand\nnew"))
    assert "title\t\\x1b[2J\\x07gone\\tand\\nnew\n" in cli("get", "t1").stdout


def test_cancel_says_what_the_task_is_now(cli: Cli, api: Api) -> None:
    api.on("DELETE", "/tasks/t1", task(status="cancelled"))
    assert cli("cancel", "t1").stdout == "t1 is cancelled.\n"
    assert cli.json("cancel", "t1")["status"] == "cancelled"


def test_a_task_that_can_no_longer_be_cancelled_is_a_conflict(cli: Cli, api: Api) -> None:
    api.on("DELETE", "/tasks/t1", problem(409, "Not cancelled", "The task is processing."))
    failure = cli.json("cancel", "t1", code=3)["error"]
    assert (failure["status"], failure["detail"]) == (409, "The task is processing.")


def test_watch_shows_each_change_once_and_ends_with_the_task(cli: Cli, api: Api) -> None:
    queued = task(status="queued")
    processing = task(status="processing", history=[*queued["history"], {"status": "processing", "at": NOW}])
    ended = task(history=[*processing["history"], {"status": "succeeded", "at": LATER}])
    api.on("GET", "/tasks/t1", one_after_another(queued, queued, processing, ended))
    done = cli("watch", "t1")
    assert done.exit_code == 0
    assert [line.split("  ")[1] for line in done.stdout.splitlines()] == ["queued", "processing", "succeeded"]


def test_watch_goes_on_while_a_task_is_parked_and_says_who_skipped_it(cli: Cli, api: Api) -> None:
    parked = task(status="parked", history=[{"status": "queued", "at": NOW}, {"status": "parked", "at": NOW}])
    skipped = {"status": "failed", "at": LATER, "skipped_by": "arn:ann", "reason": "booked by hand"}
    ended = task(status="failed", history=[*parked["history"], {"status": "failed", "at": LATER}, skipped])
    api.on("GET", "/tasks/t1", one_after_another(parked, parked, ended))
    done = cli("watch", "t1")
    assert done.exit_code == 6
    shown = [line.split("  ")[1] for line in done.stdout.splitlines()]
    assert shown == ["queued", "parked", "failed", "skipped by arn:ann: booked by hand"]


@pytest.mark.parametrize(("status", "code"), [("succeeded", 0), ("failed", 6), ("cancelled", 6)])
def test_watch_returns_whether_the_task_succeeded(cli: Cli, api: Api, status: str, code: int) -> None:
    api.on("GET", "/tasks/t1", task(status=status))
    assert cli("watch", "t1").exit_code == code
    assert cli.json("watch", "t1", code=code)["status"] == status


def test_watch_gives_up_after_the_time_and_says_so(cli: Cli, api: Api) -> None:
    api.on("GET", "/tasks/t1", task(status="queued"))
    done = cli("watch", "t1", "--timeout", "10ms")
    assert done.exit_code == 124
    assert "Not ended after 0.01 s: t1" in done.stderr
    assert cli.json("watch", "t1", "--timeout", "10ms", code=124)["error"]["exit_code"] == 124


def test_watch_follows_several_tasks_and_fails_if_one_of_them_does(cli: Cli, api: Api) -> None:
    api.on("GET", "/tasks/t1", task("t1"))
    api.on("GET", "/tasks/t2", task("t2", "failed"))
    assert [one["task_id"] for one in cli.json("watch", "t1", "t2", code=6)] == ["t1", "t2"]


def test_tail_shows_the_newest_tasks_and_then_what_changes(cli: Cli, api: Api) -> None:
    old, before = summary("t1"), summary("t2", "processing")
    after = summary("t2", "succeeded")
    new = summary("t3", "queued")
    api.on("GET", "/tasks", one_after_another({"tasks": [before, old]}, {"tasks": [new, after, old]}, CTRL_C))
    done = cli("tail", "--interval", "1ms", "--lines", "1")
    assert done.exit_code == 130
    assert [line.split("\t")[1:3] for line in done.stdout.splitlines()] == [
        ["processing", "t2"],
        ["succeeded", "t2"],
        ["queued", "t3"],
    ]


def test_tail_looks_back_to_a_task_that_is_still_open(cli: Cli, api: Api) -> None:
    """It has left the first page, because many newer ones came."""
    newer = [summary(f"n{number}") for number in range(100)]
    api.on(
        "GET",
        "/tasks",
        one_after_another(
            {"tasks": [summary("t1", "queued")]},
            {"tasks": newer, "cursor": "1"},
            {"tasks": [summary("t1", "succeeded")]},
            CTRL_C,
        ),
    )
    lines = [json.loads(one) for one in cli("tail", "--jsonl", "--interval", "1ms").stdout.splitlines()]
    lines = [one for one in lines if "error" not in one]
    assert [one["status"] for one in lines if one["task_id"] == "t1"] == ["queued", "succeeded"]
