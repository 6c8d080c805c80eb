"""The plugin in somebody else's pytest, and somebody else's test on a state machine that was broken."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from statemachine.loader import raw_definition

pytestmark = pytest.mark.check
ROOT = Path(__file__).parents[2]
# What a person writes who has a task type to test.
USERS_TEST = """
import pytest
from pydantic import BaseModel

from functions.tasks.errors import TaskNetworkError


class Data(BaseModel):
    busy: int


@pytest.fixture
def printed(taskline):
    numbers = []

    @taskline.task_type("mine.print", data=Data)
    def print_it(task, data):
        numbers.append(task.attempt)
        if task.attempt <= data.busy:
            raise TaskNetworkError("busy")
        return task.attempt

    return numbers


def test_a_busy_printer_is_asked_again(taskline, printed):
    task = taskline.submit("mine.print", {"busy": 2})
    taskline.settle()
    assert task.result == 3
    assert all(task.back_offs)


def test_what_cannot_be_printed_becomes_a_dead_letter(taskline, printed):
    task = taskline.submit("mine.print", {"busy": 99})
    taskline.settle()
    assert (task.error_class, task.dead_letter["attempts"]) == ("NETWORK", 4)


def test_nothing_is_printed_twice_if_the_reply_to_the_record_is_lost(taskline, printed):
    taskline.lost_reply("RecordResult")
    task = taskline.submit("mine.print", {"busy": 0})
    taskline.settle()
    assert (task.result, printed) == (1, [1])
"""
REPLACED = """
from pathlib import Path
from statemachine import loader
loader.DEFINITION_FILE = Path(__file__).with_name("broken.asl.json")
"""
CONFTEST = 'pytest_plugins = ["testing.plugin"]\n'


@pytest.fixture
def elsewhere(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with a test of its own, outside the project, which is importable there. No variable of ours is set."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in ("POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_TRACE_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    pytester.makeconftest(CONFTEST)
    return pytester


@pytest.mark.parametrize(
    "options",
    [
        ["-W", "error", "--strict-markers", "--strict-config"],
        pytest.param(["-n", "2", "-W", "error"], marks=pytest.mark.nightly),
    ],
    ids=" ".join,
)
def test_a_users_tests_pass_under_strict_options_and_in_parallel(
    elsewhere: pytest.Pytester, options: list[str]
) -> None:
    elsewhere.makepyfile(USERS_TEST)
    result = elsewhere.runpytest_subprocess(*options)
    result.assert_outcomes(passed=3)
    assert '"level"' not in result.stdout.str(), "no logs"
    assert "_aws" not in result.stdout.str(), "no metrics"


def _retries_at_once(states: dict[str, Any]) -> None:
    states["BackOff"] = {"Type": "Wait", "Seconds": 0, "Next": "ProcessTask"}


def _ignores_dead_letters(states: dict[str, Any]) -> None:
    states["RecordFailure"]["Next"] = "TaskFailed"


def _never_retries(states: dict[str, Any]) -> None:
    states["DecideOnRetry"]["Choices"][0]["Condition"] = "{% false %}"


BROKEN = {
    "test_a_busy_printer_is_asked_again": (_never_retries, _retries_at_once),
    "test_what_cannot_be_printed_becomes_a_dead_letter": (_ignores_dead_letters, _never_retries),
}


@pytest.mark.parametrize(
    ("test", "mutate"),
    [
        pytest.param(test, mutate, marks=pytest.mark.nightly if number else [])
        for test, mutations in BROKEN.items()
        for number, mutate in enumerate(mutations)
    ],
    ids=lambda one: getattr(one, "__name__", str(one)),
)
def test_a_users_test_fails_on_a_broken_machine(elsewhere: pytest.Pytester, test: str, mutate: Any) -> None:
    definition = raw_definition()
    mutate(definition["States"])
    elsewhere.path.joinpath("broken.asl.json").write_text(json.dumps(definition))
    elsewhere.makeconftest(CONFTEST + REPLACED)
    elsewhere.makepyfile(USERS_TEST)
    result = elsewhere.runpytest_subprocess("-k", test)
    result.assert_outcomes(failed=1, deselected=2)


def test_a_failure_that_the_test_does_not_look_at_fails_it_with_the_traceback(elsewhere: pytest.Pytester) -> None:
    elsewhere.makepyfile(
        """
        def test_whole(taskline):
            taskline.submit("demo.flaky", {"probability": 1})
            taskline.settle()

        def test_run(taskline):
            taskline.run("demo.flaky", {"probability": 1})

        def test_fault(taskline):
            taskline.crash("RecordResult")

        def test_name(taskline):
            taskline.crash("RecordResults")

        def test_redriven(taskline):
            task = taskline.submit("demo.flaky", {"probability": 1})
            taskline.settle()
            assert task.status == "failed"
            task.redrive()
            taskline.settle()
        """
    )
    result = elsewhere.runpytest_subprocess()
    result.assert_outcomes(failed=5)
    for line in (
        "*demo.flaky failed, 4 attempts> failed, and the test did not look at it",
        "*raise TASK_ERRORS[[]data.error_class[]](f*",
        "*a run of demo.flaky failed, and the test did not look at it",
        "*faults that never happened: RecordResult (crash)",
        "*'RecordResults' is no step that can fail; there are*RecordResult*",
        "*demo.flaky failed, 8 attempts> failed, and the test did not look at it",
    ):
        result.stdout.fnmatch_lines_random([line])


def test_without_the_plugin_there_is_no_fixture(elsewhere: pytest.Pytester) -> None:
    elsewhere.makepyfile("def test_it(taskline): ...")
    result = elsewhere.runpytest_subprocess("-p", "no:testing.plugin")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'taskline' not found*"])


def test_a_test_without_the_fixture_pays_nothing(elsewhere: pytest.Pytester) -> None:
    elsewhere.makepyfile(
        """
        import sys

        def test_it():
            ours = {"testing.taskline", "boto3", "pydantic", "aws_lambda_powertools", "asl", "functions"}
            assert not ours & sys.modules.keys()
        """
    )
    elsewhere.runpytest_subprocess().assert_outcomes(passed=1)


def test_the_kit_starts_no_process_and_opens_no_connection() -> None:
    program = (
        "import sys\n"
        "from testing.taskline import Taskline\n"
        "seen = []\n"
        "wanted = ('socket.connect', 'socket.bind', 'subprocess.Popen', 'os.fork', 'os.posix_spawn')\n"
        "sys.addaudithook(lambda event, _: seen.append(event) if event in wanted else None)\n"
        "taskline = Taskline()\n"
        "task = taskline.submit('demo.echo')\n"
        "taskline.settle()\n"
        "print(task.status, seen)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "succeeded []\n", "and nothing else is printed"
