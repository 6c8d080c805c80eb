"""Blocking calls in the background: as many at once as there are, on threads that are used again."""

import queue
import subprocess
import sys
import threading
from pathlib import Path

from asl.execution.background import Background

ROOT = Path(__file__).parents[2]
SURELY = 20  # seconds; a test that waits for them fails


def test_all_work_runs_at_the_same_time():
    background, all_here = Background(), threading.Barrier(51)

    def arrive() -> None:
        all_here.wait(SURELY)

    for _ in range(50):
        background.run(arrive)
    all_here.wait(SURELY)


def test_a_thread_that_has_finished_is_used_again():
    background, finished = Background(), queue.SimpleQueue()
    threads = []
    for _ in range(200):
        background.run(lambda: finished.put(threading.current_thread()))
        threads.append(finished.get(timeout=SURELY))
    assert len(set(threads)) < len(threads)


def test_a_call_that_is_given_up_on_does_not_keep_the_process_alive():
    program = """
import threading
from asl import RealClock
from tests.asl.machines import machine, task

class Stuck:
    blocking = True
    def run(self, request):
        threading.Event().wait()

print(machine(T=task(TimeoutSeconds=1)).run({}, tasks=Stuck(), clock=RealClock()).error)
"""
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (0, "States.Timeout\n"), ended.stderr
