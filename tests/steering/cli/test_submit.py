"""`submit`: one task, or a file of them."""

import json
import os
import signal
from collections import defaultdict
from pathlib import Path
from typing import Any

import httpx
import pytest

from taskline.cli.commands import follow
from tests.steering.cli.fake_api import Api, Cli, problem, task


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr("taskline.cli.intake.sender.FIRST_PAUSE", 0.001)


class Batches:
    """The API's route for batches: each task once, whatever is sent again; what has no title is refused."""

    def __init__(self, api: Api) -> None:
        self.tasks: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.known: dict[str, Any] = {}
        self.interrupt_after = 10**9
        self.fail_after = 10**9
        api.on("POST", "/tasks/batch", self)

    def __call__(self, request: httpx.Request) -> Any:
        key = request.headers["Idempotency-Key"]
        if len(self.known) >= self.fail_after:
            return problem(403, "Forbidden")
        sent = json.loads(request.content)["tasks"]
        if key in self.known:
            assert self.known[key] == sent, "the same key for other tasks"
            replayed = True
        else:
            self.known[key] = sent
            replayed = False
        if len(self.known) == self.interrupt_after:
            os.kill(os.getpid(), signal.SIGINT)
        return httpx.Response(207, json={"results": [self._result(one, replayed) for one in sent]})

    def _result(self, one: dict[str, Any], replayed: bool) -> dict[str, Any]:
        if not one.get("title"):
            errors = [{"field": "title", "message": "is required"}]
            return {"status": 400, "problem": {"title": "Invalid task", "status": 400, "errors": errors}}
        if not replayed:
            self.tasks[one.get("ordering_key", "")].append(one)
        accepted = task(f"id-{one['title']}", "queued")
        return {"status": 202, "task": accepted, **({"replayed": True} if replayed else {})}

    @property
    def count(self) -> int:
        return sum(map(len, self.tasks.values()))


@pytest.fixture
def batches(api: Api) -> Batches:
    return Batches(api)


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    """600 lines over 20 keys; a key's lines are numbered."""
    path = tmp_path / "tasks.csv"
    rows = [f"{number},key-{number % 20},demo.echo,{number}\n" for number in range(600)]
    path.write_text("title,ordering_key,type,data.n\n" + "".join(rows))
    return path


def assert_each_once_in_order(batches: Batches) -> None:
    assert batches.count == 600
    for key, tasks in batches.tasks.items():
        numbers = [one["data"]["n"] for one in tasks]
        assert numbers == sorted(numbers), key


# One task


def test_one_task_is_submitted_with_what_the_options_say(cli: Cli, api: Api) -> None:
    api.on("POST", "/tasks", task(status="queued"))
    options = ("--type", "demo.echo", "--key", "k", "--priority", "high", "--due-date", "2026-12-31", "-d", '{"a": 1}')
    assert cli("submit", "Say hello", *options).stdout == "t1\n"
    assert api.bodies() == [
        {
            "title": "Say hello",
            "description": "Say hello",
            "priority": "high",
            "type": "demo.echo",
            "ordering_key": "k",
            "due_date": "2026-12-31",
            "data": {"a": 1},
        }
    ]


def test_each_submission_has_an_idempotency_key_which_can_be_chosen(cli: Cli, api: Api) -> None:
    api.on("POST", "/tasks", task(status="queued"))
    cli("submit", "A")
    cli("submit", "A")
    cli("submit", "A", "--idempotency-key", "order-4711")
    first, second, third = (one.headers["Idempotency-Key"] for one in api.requests)
    assert first != second
    assert third == "order-4711"


@pytest.mark.parametrize(("status", "code"), [("succeeded", 0), ("failed", 6)])
def test_wait_follows_the_task_aside_and_prints_its_result(cli: Cli, api: Api, status: str, code: int) -> None:
    api.on("POST", "/tasks", task(status="queued"))
    api.on("GET", "/tasks/t1", task(status=status, result={"a": 1}))
    done = cli("submit", "A", "--wait")
    assert (done.exit_code, done.stdout) == (code, '{"a": 1}\n')
    assert "queued" in done.stderr
    assert cli.json("submit", "A", "--wait", code=code)["status"] == status


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "nothing to submit"),
        (("A", "--data", "{"), "--data is not JSON"),
        (("A", "--data", "[1]"), "not a JSON object"),
        (("missing.csv",), "There is no file missing.csv"),
        (("A", "--data", "@missing.json"), "cannot be read"),
        (("-",), "stdin does not say what it holds"),
        (("A", "--wait", "--timeout", "soon"), "--timeout soon is not a time"),
    ],
)
def test_a_mistake_is_named_with_the_way_out(cli: Cli, arguments: tuple[str, ...], said: str) -> None:
    failure = cli.json("submit", *arguments, code=2)["error"]
    assert said in failure["title"]


def test_the_data_may_come_from_a_file_or_from_stdin(cli: Cli, api: Api, tmp_path: Path) -> None:
    api.on("POST", "/tasks", task(status="queued"))
    (tmp_path / "data.json").write_text('{"a": 1}')
    cli("submit", "A", "--data", f"@{tmp_path / 'data.json'}")
    cli("submit", "A", "--data", "@-", input='{"a": 2}')
    assert [body["data"] for body in api.bodies()] == [{"a": 1}, {"a": 2}]


# A file


def test_a_file_is_submitted_in_batches_in_the_order_of_each_key(cli: Cli, batches: Batches, csv: Path) -> None:
    summary = cli.json("submit", str(csv))
    assert_each_once_in_order(batches)
    assert summary["complete"]
    assert (summary["accepted"], summary["replayed"], summary["refused"]) == (600, 0, 0)
    assert max(map(len, batches.known.values())) == 25
    assert [path.name for path in csv.parent.iterdir()] == ["tasks.csv"], "nothing is left beside the file"


def test_the_same_file_again_submits_nothing_twice(cli: Cli, batches: Batches, csv: Path) -> None:
    cli("submit", str(csv))
    assert cli.json("submit", str(csv))["replayed"] == 600
    assert_each_once_in_order(batches)


def test_another_run_of_the_same_file_is_other_tasks(cli: Cli, batches: Batches, csv: Path) -> None:
    cli("submit", str(csv))
    assert cli.json("submit", str(csv), "--run", "second")["replayed"] == 0
    assert batches.count == 1200


def test_refused_lines_go_to_a_file_with_field_and_reason(cli: Cli, batches: Batches, tmp_path: Path) -> None:
    path = tmp_path / "tasks.csv"
    path.write_text("title,ordering_key\nA,k\n,k\nB\nC,k\n")
    summary = cli.json("submit", str(path), code=5)
    assert (summary["accepted"], summary["refused"]) == (2, 2)
    refused = [json.loads(line) for line in Path(summary["rejected_file"]).read_text().splitlines()]
    assert {one["line"]: one["errors"][0]["field"] for one in refused} == {3: "title", 4: "line"}
    assert {one["line"]: one["text"] for one in refused} == {3: ",k", 4: "B"}


def test_ctrl_c_finishes_what_is_under_way_and_the_same_command_goes_on(cli: Cli, batches: Batches, csv: Path) -> None:
    batches.interrupt_after = 5
    done = cli("submit", str(csv), "--in-flight", "1")
    assert done.exit_code == 130
    assert "Go on with: taskline" in done.stderr
    state = json.loads((csv.parent / "tasks.csv.taskline.json").read_text())
    assert state["accepted"] == batches.count > 0, "what was under way is noted"
    assert f"up to line {state['safe_line']:,} is submitted" in done.stderr
    batches.interrupt_after = 10**9
    again = cli("submit", str(csv))
    assert again.exit_code == 0
    assert "600 tasks accepted" in again.stderr
    assert_each_once_in_order(batches)


def test_an_interrupted_submission_is_130_also_as_json_and_names_the_command(
    cli: Cli, batches: Batches, csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["taskline", "submit", str(csv)])
    batches.interrupt_after = 3
    summary = cli.json("submit", str(csv), code=130)
    assert not summary["complete"]
    assert summary["resume"] == f"taskline submit {csv}"


def test_refused_lines_are_written_once_over_all_runs(cli: Cli, batches: Batches, tmp_path: Path) -> None:
    path = tmp_path / "tasks.csv"
    rows = [f"{'' if number % 7 == 0 else number},k\n" for number in range(200)] + ["broken\n"]
    path.write_text("title,ordering_key\n" + "".join(rows))
    batches.interrupt_after = 3
    assert cli("submit", str(path)).exit_code == 130
    rejected = path.with_name("tasks.csv.rejected.jsonl")
    with rejected.open("a") as file:
        file.write('{"line": 9999, "written by": "a run that was killed before it noted this"}\n')
    batches.interrupt_after = 10**9
    assert cli("submit", str(path)).exit_code == 5
    lines = [json.loads(line)["line"] for line in rejected.read_text().splitlines()]
    assert sorted(lines) == [*(number + 2 for number in range(0, 200, 7)), 202]


def test_a_file_that_changed_halfway_is_not_mixed_with_what_it_was(cli: Cli, batches: Batches, csv: Path) -> None:
    batches.interrupt_after = 3
    cli("submit", str(csv))
    csv.write_text(csv.read_text().replace("599,", "600,"))
    batches.interrupt_after = 10**9
    failure = cli.json("submit", str(csv), code=3)["error"]
    assert "is not what it was" in failure["title"]
    assert "--start-over" in failure["remedy"]
    assert cli.json("submit", str(csv), "--start-over")["accepted"] == 600


def test_a_half_submitted_file_is_not_continued_on_another_stage(cli: Cli, batches: Batches, csv: Path) -> None:
    batches.interrupt_after = 3
    cli("submit", str(csv))
    failure = cli.json("submit", str(csv), "--url", "https://other.example.org/v1", code=3)["error"]
    assert "was partly submitted to https://api.example.org/v1" in failure["title"]


def test_a_stage_that_refuses_the_caller_ends_it_and_what_was_submitted_is_noted(
    cli: Cli, batches: Batches, csv: Path
) -> None:
    batches.fail_after = 4
    assert cli("submit", str(csv), "--in-flight", "1").exit_code == 4
    batches.fail_after = 10**9
    assert cli.json("submit", str(csv))["accepted"] == 600
    assert_each_once_in_order(batches)


def test_an_api_that_does_not_answer_is_1_with_the_command_to_go_on(cli: Cli, api: Api, csv: Path) -> None:
    api.error = httpx.ConnectError("refused")
    failure = cli.json("submit", str(csv), "--retry-for", "1ms", code=1)["error"]
    assert "sent again and again" in failure["title"]
    assert "When the API answers again: taskline" in failure["remedy"]


def test_stdin_is_submitted_as_it_comes_and_a_run_with_a_name_can_be_repeated(cli: Cli, batches: Batches) -> None:
    lines = "".join(json.dumps({"title": f"{number}", "ordering_key": "k"}) + "\n" for number in range(30))
    command = ("submit", "-", "--format", "jsonl", "--run", "nightly")
    assert cli.json(*command, input=lines)["accepted"] == 30
    assert cli.json(*command, input=lines)["replayed"] == 30
    assert batches.count == 30
    assert cli.json("submit", "-", "--format", "jsonl", input=lines)["replayed"] == 0
    assert batches.count == 60


def test_a_stream_says_of_each_line_what_became_of_it(cli: Cli, batches: Batches, tmp_path: Path) -> None:
    path = tmp_path / "tasks.csv"
    path.write_text("title,ordering_key\nA,k\n,k\n")
    done = cli("submit", str(path), "--jsonl")
    accepted, refused, last = (json.loads(line) for line in done.stdout.splitlines())
    assert (accepted["line"], accepted["task_id"]) == (2, "id-A")
    assert (refused["line"], refused["problem"]["status"]) == (3, 400)
    assert last["summary"]["accepted"] == 1


def test_options_say_what_lines_do_not(cli: Cli, batches: Batches, tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    path.write_text('[{"title": "A", "type": "demo.slow"}, {"title": "B"}]')
    cli("submit", str(path), "--type", "demo.echo", "--key", "k")
    assert [one["type"] for one in batches.tasks["k"]] == ["demo.slow", "demo.echo"]


def test_one_tasks_options_are_not_for_files(cli: Cli, csv: Path) -> None:
    assert cli("submit", str(csv), "--wait").exit_code == 2
