"""The processes that functions run in: which one gets an invocation, and what ends one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local.emulator.remembered import GOOD_SECONDS
from local.host.options import PROJECT_ROOT
from local.host.processes import alive
from tests.local.laptop import eventually
from tests.local.services.fake_lambda import ROLE, Functions, a_function

ECHO = "def handler(event, context):\n    return event"
PID = "import os\ndef handler(event, context):\n    return os.getpid()"


def test_a_process_that_exits_fails_its_invocation_and_the_next_one_gets_another(functions: Functions) -> None:
    functions.deploy(a_function("print('last words')\nif event: os._exit(3)\nreturn 'fine'"))
    error = functions.failure({"exit": True})
    assert error["errorType"] == "Runtime.ExitError"
    assert "exit status 3" in error["errorMessage"]
    assert functions.printed.of_demo == ["last words"], "lines printed before a crash are kept"
    assert functions.result() == "fine"


@pytest.mark.parametrize("doing", ["time.sleep(60)", "while True: print('still here')"], ids=["silent", "chatty"])
def test_a_function_that_takes_too_long_is_killed(functions: Functions, doing: str) -> None:
    functions.deploy(a_function(f"print('process', os.getpid())\nif event:\n    {doing}\nreturn 'fine'"), Timeout=1)
    error = functions.failure({"hang": True})
    assert error == {"errorType": "Sandbox.Timedout", "errorMessage": "Task timed out after 1.00 seconds"}
    pid = int(functions.printed.wait_for("process").split()[1])
    assert not alive(pid), "its process is gone"
    assert functions.result() == "fine"


def test_a_process_that_does_not_take_its_event_is_killed(functions: Functions) -> None:
    functions.deploy(PID, Timeout=1)
    pid = functions.result()
    os.kill(pid, signal.SIGSTOP)
    assert functions.failure("x" * 5_000_000)["errorType"] == "Sandbox.Timedout"
    assert not alive(pid)


def test_a_process_that_closes_the_connection_without_ending_is_killed(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.services.lambdas.worker.END_SECONDS", 0.1)
    functions.deploy(a_function("if event:\n    os.closerange(3, 10_000)\n    time.sleep(60)\nreturn os.getpid()"))
    pid = functions.result()
    assert functions.failure("close")["errorType"] == "Runtime.ExitError"
    assert not alive(pid)


def test_a_child_that_a_process_leaves_behind_does_not_hide_its_end(functions: Functions) -> None:
    functions.deploy(a_function("os.system('sleep 12 >&- 2>&- &')\nos._exit(3)"), Timeout=10)
    assert functions.failure()["errorType"] == "Runtime.ExitError"


def test_workers_are_reused_and_keep_the_state_of_their_module(functions: Functions) -> None:
    functions.deploy(
        "import os\ncalls = []\ndef handler(event, context):\n    calls.append(event)\n    return os.getpid(), calls"
    )
    first, second = functions.result(1), functions.result(2)
    assert first[0] == second[0]
    assert second[1] == [1, 2]


@pytest.mark.parametrize(
    "change",
    [
        {"code": f"{PID}  # changed"},
        {"Environment": {"Variables": {"NEW": "1"}}},
        {"Timeout": 29},
        {"MemorySize": 1024},
        {"Role": f"{ROLE}-other"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_function_that_has_changed_runs_in_another_worker(functions: Functions, change: dict[str, Any]) -> None:
    functions.deploy(PID)
    before = functions.result()
    functions.deploy(change.get("code", PID), **{name: value for name, value in change.items() if name != "code"})
    after = functions.result()
    assert after != before
    assert not alive(before), "the old worker is ended"


def test_a_deployment_that_changes_nothing_keeps_the_workers(functions: Functions) -> None:
    functions.deploy(PID)
    before = functions.result()
    functions.deploy(PID, reserved=5)
    assert functions.result() == before


def test_a_function_is_looked_up_once_in_a_while(functions: Functions) -> None:
    functions.deploy(ECHO)
    for _ in range(3):
        functions.result()
    assert functions.aws.looked_up == 1
    functions.aws.time += GOOD_SECONDS
    functions.result()
    assert functions.aws.looked_up == 2


def test_a_function_is_throttled_beyond_its_reserved_concurrency(functions: Functions, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    functions.deploy(a_function(f"print('running')\nreturn open({str(gate)!r}).read()"), reserved=1)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(functions.result)
        functions.printed.wait_for("running")
        assert functions.rejection() == ("TooManyRequestsException", 429)
        gate.write_text("first")
        assert first.result() == "first"


def test_many_threads_invoke_concurrently_and_each_gets_its_own_result(functions: Functions) -> None:
    functions.deploy("import os\ndef handler(event, context):\n    return event, os.getpid()")
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda number: functions.result(number), range(60)))
    assert [number for number, _ in results] == list(range(60))
    assert len({pid for _, pid in results}) <= 6, "no more workers than concurrent invocations"


def test_a_role_that_cannot_be_assumed_fails_the_invocation_and_takes_no_concurrency(functions: Functions) -> None:
    functions.deploy(ECHO, reserved=1)
    functions.aws.unassumable = PermissionError("no trust")
    for _ in range(2):
        with pytest.raises(PermissionError):
            functions.service.invoke("demo", b"{}")
    functions.aws.unassumable = None
    assert functions.result(1) == 1


def test_a_warm_function_is_loaded_before_its_first_invocation(functions: Functions) -> None:
    functions.deploy(
        "import os, time\nloaded = time.monotonic()\ndef handler(event, context):\n    return os.getpid(), loaded"
    )
    functions.deploy("raise RuntimeError", name="broken")
    functions.service._warm(["broken", "missing", "demo"])
    first, second = functions.result(), functions.result()
    assert first == second, "one process, loaded once"


def test_all_workers_end_at_a_stop_even_one_that_is_busy(functions: Functions) -> None:
    functions.deploy(a_function("if event:\n    print('busy', os.getpid())\n    time.sleep(60)\nreturn os.getpid()"))
    ended: list[dict[str, Any]] = []
    busy = threading.Thread(target=lambda: ended.append(functions.failure("busy")))
    busy.start()
    busy_pid = int(functions.printed.wait_for("busy").split()[1])
    idle_pid = functions.result()
    functions.close()
    busy.join(20)
    assert not alive(busy_pid)
    assert not alive(idle_pid)
    assert ended[0]["errorType"] == "Runtime.ExitError", "its caller gets an error"


def test_a_worker_ends_when_the_laptop_edition_is_killed(tmp_path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from tests.local.services.fake_lambda import Functions
functions = Functions(Path(sys.argv[1]))
functions.deploy({PID!r})
print(functions.result(), flush=True)
sys.stdin.read()
"""
    command = [sys.executable, "-c", program, str(tmp_path)]
    laptop = subprocess.Popen(command, cwd=PROJECT_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert laptop.stdout is not None
    worker = int(json.loads(laptop.stdout.readline()))
    laptop.kill()
    laptop.communicate()
    eventually(lambda: not alive(worker))  # no one needs it any more
