"""Blocking calls in the background: any number at a time, on threads that are reused."""

import queue
import subprocess
import sys
import threading
from pathlib import Path

from asl.execution.background import Background

ROOT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 20


def test_all_work_runs_at_the_same_time():
    background, all_arrived = Background(), threading.Barrier(51)

    def arrive() -> None:
        all_arrived.wait(TIMEOUT_SECONDS)

    for _ in range(50):
        background.run(arrive)
    all_arrived.wait(TIMEOUT_SECONDS)


def test_an_idle_thread_is_reused():
    background, finished = Background(), queue.SimpleQueue()
    threads = []
    for _ in range(200):
        background.run(lambda: finished.put(threading.current_thread()))
        threads.append(finished.get(timeout=TIMEOUT_SECONDS))
    assert len(set(threads)) < len(threads)


def test_an_abandoned_call_does_not_keep_the_process_alive():
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
