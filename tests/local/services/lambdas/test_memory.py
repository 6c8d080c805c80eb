"""A function that uses more memory than it has ends as on AWS."""

from __future__ import annotations

import re
import sys
import textwrap

import pytest

from local.host.processes import alive
from tests.local.laptop import eventually
from tests.local.services.fake_lambda import Functions, a_function

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps the most that a process has used")
KILLED = re.compile(r"RequestId: [0-9a-f-]{36} Error: Runtime exited with error: signal: killed")
ENDLESS = """
print('process', os.getpid())
if event:
    held = []
    try:
        for _ in range(1000):  # a limit of its own, so that a failure of this test does no harm
            held.append(b'x' * 4_000_000){extra}
    except MemoryError:
        return 'on AWS, a function does not get to notice'
return os.getpid()
"""


def assert_ends(functions: Functions, name: str) -> None:
    """The process that printed its name and id ends."""
    pid = int(functions.printed.wait_for(name).split()[1])
    eventually(lambda: not alive(pid))


def assert_killed(functions: Functions, event: object = True) -> None:
    error = functions.failure(event)
    assert error["errorType"] == "Runtime.ExitError"
    assert KILLED.fullmatch(error["errorMessage"]), error
    report = functions.printed.wait_for("Runtime.OutOfMemory")
    assert report.startswith("REPORT Memory Size: 128 MB Max Memory Used: ")


@pytest.mark.parametrize("extra", ["", "; print('more')"], ids=["silent", "chatty"])
def test_a_function_that_uses_more_than_it_has_is_killed_and_the_next_invocation_has_another_environment(
    functions: Functions, extra: str
) -> None:
    functions.deploy(a_function(ENDLESS.format(extra=extra)), MemorySize=128)
    before = functions.result()
    assert_killed(functions)
    assert not alive(before)
    assert functions.result() != before


@LINUX
def test_memory_that_was_used_only_for_a_moment_counts(functions: Functions) -> None:
    functions.deploy(a_function("if event:\n    len(b'x' * 200_000_000)\nreturn 'fine'"), MemorySize=128)
    assert functions.result() == "fine"
    assert_killed(functions)


def test_memory_that_is_used_while_loading_counts(functions: Functions) -> None:
    functions.deploy("held = b'x' * 200_000_000\ndef handler(event, context): return 1", MemorySize=128)
    error = functions.failure()
    assert error == {"errorType": "Runtime.ExitError", "errorMessage": "Runtime exited with error: signal: killed"}


def test_memory_that_is_reserved_and_not_used_does_not_count(functions: Functions) -> None:
    body = """
    reserved = mmap.mmap(-1, 4_000_000_000)
    held = b'x' * 40_000_000
    threads = [threading.Thread(target=time.sleep, args=(0.2,)) for _ in range(50)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return len(held)"""
    functions.deploy(a_function(textwrap.dedent(body), "import mmap, threading, time"), MemorySize=128)
    assert functions.result() == 40_000_000


def test_memory_that_children_share_with_their_parent_counts_once(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.services.lambdas.memory.SEARCH_SECONDS", 0.0)
    fork = "children = [multiprocessing.get_context('fork').Process(target=time.sleep, args=(0.5,)) for _ in 'xxxx']"
    run = "[child.start() for child in children]\n[child.join() for child in children]"
    code = a_function(f"held = b'x' * 50_000_000\n{fork}\n{run}\nreturn len(held)", "import multiprocessing, time")
    functions.deploy(code, MemorySize=128)
    assert functions.result() == 50_000_000


def test_what_a_function_starts_is_limited_with_it_and_killed_with_it(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.services.lambdas.memory.SEARCH_SECONDS", 0.0)
    child = "import os, time; print('child', os.getpid(), flush=True); held = b'x' * 200_000_000; time.sleep(60)"
    functions.deploy(
        a_function(f"subprocess.run([sys.executable, '-c', {child!r}])", "import subprocess, sys"), MemorySize=128
    )
    assert_killed(functions)
    assert_ends(functions, "child")


def test_a_function_that_takes_too_long_is_killed_with_what_it_has_started(functions: Functions) -> None:
    child = "import os, time; print('child', os.getpid(), flush=True); time.sleep(60)"
    code = a_function(f"subprocess.run([sys.executable, '-c', {child!r}])", "import subprocess, sys")
    functions.deploy(code, Timeout=2)
    assert functions.failure()["errorType"] == "Sandbox.Timedout"
    assert_ends(functions, "child")


def test_a_function_that_the_system_kills_fails_in_the_same_way(functions: Functions) -> None:
    functions.deploy(a_function("os.kill(os.getpid(), signal.SIGKILL)", "import os, signal"))
    error = functions.failure()
    assert error["errorType"] == "Runtime.ExitError"
    assert KILLED.fullmatch(error["errorMessage"]), error


@LINUX
def test_the_system_ends_functions_before_anything_else_when_its_memory_runs_out(functions: Functions) -> None:
    functions.deploy(a_function("return open('/proc/self/oom_score_adj').read()"))
    assert functions.result() == "1000\n"
