"""Real time and threads: tasks that block, and machines that threads share."""

import time
from concurrent.futures import ThreadPoolExecutor

from asl import RealClock
from tests.asl.machines import machine, passing, task


class SlowTasks:
    """A runner whose tasks take a while."""

    blocking = True

    def __init__(self, seconds):
        self.seconds = seconds

    def run(self, request):
        time.sleep(self.seconds)
        return request.arguments


def mapping(**fields):
    """A Map of one task."""
    processor = {"StartAt": "T", "States": {"T": task(**fields)}}
    return machine(M={"Type": "Map", "ItemProcessor": processor, "End": True})


def test_tasks_of_different_branches_block_concurrently():
    before = time.monotonic()
    outcome = mapping().run(list(range(20)), tasks=SlowTasks(0.2), clock=RealClock())
    assert outcome.output == list(range(20))
    assert time.monotonic() - before < 2


def test_a_task_that_blocks_too_long_times_out_in_real_time():
    before = time.monotonic()
    outcome = machine(T=task(TimeoutSeconds=1)).run({}, tasks=SlowTasks(5))
    assert outcome.error == "States.Timeout"
    assert time.monotonic() - before < 4


def test_a_machine_times_out_while_a_task_blocks():
    assert machine(T=task(), timeout=1).run({}, tasks=SlowTasks(5)).status == "TIMED_OUT"


def test_waits_take_real_time():
    before = time.monotonic()
    machine(W={"Type": "Wait", "Seconds": 1, "End": True}).run({}, tasks=SlowTasks(0))
    assert 0.9 < time.monotonic() - before < 3


def test_one_machine_runs_in_many_threads():
    subject = machine(
        A=passing(Assign={"n": "{% $states.input.n %}"}, Next="T"),
        T=task(Output="{% $sum($map([1..20], function($v) { $v * $n })) %}"),
    )
    with ThreadPoolExecutor(10) as pool:
        outcomes = list(pool.map(lambda n: subject.run({"n": n}, tasks=SlowTasks(0)), range(50)))
    assert [outcome.output for outcome in outcomes] == [210 * n for n in range(50)]
