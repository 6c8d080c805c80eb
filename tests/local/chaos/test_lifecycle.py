"""Starts, stops and kills: state survives, nothing is left behind, and each failure says what to do."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from local.host.options import PROJECT_ROOT
from local.host.processes import alive
from tests.local.laptop import READY, Laptop, eventually

NewLaptop = Callable[..., Laptop]


@pytest.mark.check
def test_tasks_and_a_stopped_pipe_survive_a_stop_and_a_kill(new_laptop: NewLaptop) -> None:
    first = new_laptop()
    first.start()
    emulator = first.runtime["emulator_pid"]
    assert first.output.count(READY) == 1, "exactly one line reports that it is ready"
    done = first.post()
    assert first.finished(done)["status"] == "succeeded"
    pipe = first.outputs["pipe_name"]
    first.clients.pipes.stop_pipe(Name=pipe)
    eventually(lambda: "pipe stopped" in first.output)
    waiting = [first.post(ordering_key="kept") for _ in range(3)]
    assert first.stop(signal.SIGTERM) == 0
    assert not alive(emulator), "the emulator ends with it"
    assert not (first.state_dir / "runtime.json").exists()

    second = new_laptop()
    second.start()
    assert {second.read(task)["status"] for task in waiting} == {"queued"}, "a stopped pipe stays stopped"
    assert second.read(done)["status"] == "succeeded"
    second.clients.pipes.start_pipe(Name=pipe)
    long, behind = second.post(type="demo.worker", ordering_key="long"), second.post(ordering_key="long")
    eventually(lambda: second.read(behind)["status"] == "parked" and "progress" in second.read(long))
    token = second.read(long)["progress"]["text"]
    orphan = second.runtime["emulator_pid"]
    os.kill(second.pid, signal.SIGKILL)
    second.wait()
    assert alive(orphan)

    third = new_laptop()
    third.start()
    assert "an earlier run left behind" in third.output
    assert not alive(orphan)
    assert (third.read(long)["status"], third.read(behind)["status"]) == ("processing", "parked")
    body = json.dumps({"token": token, "result": 7}).encode()
    completed = third.request("POST", f"/v1/tasks/{long}/complete", body, **{"Content-Type": "application/json"})
    assert completed.status == 202, "whoever has a token brings it back to the next process"
    assert (third.finished(long)["result"], third.read(long)["attempts"]) == (7, 1)
    assert third.finished(behind)["status"] == "succeeded"
    tasks = [third.finished(task) for task in waiting]
    assert {task["status"] for task in tasks} == {"succeeded"}, "queued tasks are processed"
    assert [task["started_at"] for task in tasks] == sorted(task["started_at"] for task in tasks)
    assert third.stop(signal.SIGINT) == 0, "Ctrl-C is a clean end"


@pytest.mark.nightly
@pytest.mark.check
def test_an_orphan_that_is_frozen_does_not_share_its_journal_with_the_next_emulator(new_laptop: NewLaptop) -> None:
    """Else it would empty the other's journal when it wakes up and stops, and the other lose what it had accepted."""
    first = new_laptop()
    first.start()
    first.clients.pipes.stop_pipe(Name=first.outputs["pipe_name"])
    eventually(lambda: "pipe stopped" in first.output)
    before = [first.post(ordering_key="before") for _ in range(3)]
    frozen = psutil.Process(first.runtime["emulator_pid"])
    frozen.suspend()
    os.kill(first.pid, signal.SIGKILL)
    first.wait()

    second = new_laptop()
    second.start()
    assert not frozen.is_running()
    assert f"process {frozen.pid}" in second.output
    after = [second.post(ordering_key="after") for _ in range(3)]
    os.kill(second.runtime["emulator_pid"], signal.SIGKILL)
    assert second.wait() == 1

    third = new_laptop()
    third.start()
    assert {third.read(task)["status"] for task in (*before, *after)} <= {"queued", "processing", "succeeded"}


@pytest.mark.nightly
def test_an_emulator_that_still_saves_its_state_is_waited_for(new_laptop: NewLaptop) -> None:
    """Somebody stops it, loses patience, kills it, and starts it again."""
    first = new_laptop()
    first.start()
    first.clients.pipes.stop_pipe(Name=first.outputs["pipe_name"])
    eventually(lambda: "pipe stopped" in first.output)
    tasks = [
        first.post(ordering_key=f"key-{number}", type="demo.echo", data={"x": "y" * 100_000}) for number in range(40)
    ]
    emulator = psutil.Process(first.runtime["emulator_pid"])
    emulator.terminate()
    os.kill(first.pid, signal.SIGKILL)
    first.wait()

    second = new_laptop()
    second.start()
    assert not emulator.is_running()
    assert {second.read(task)["status"] for task in tasks} == {"queued"}
    os.kill(second.runtime["emulator_pid"], signal.SIGKILL)
    assert second.wait() == 1

    third = new_laptop()
    third.start()
    assert {third.read(task)["status"] for task in tasks} == {"queued"}


def test_a_second_start_on_the_same_state_or_port_says_what_to_do(laptop: Laptop, new_laptop: NewLaptop) -> None:
    same_state = Laptop(laptop.state_dir)
    same_state.launch()
    assert same_state.wait() == 1
    assert f"process {laptop.pid}" in same_state.output
    assert "TASKLINE_STATE_DIR" in same_state.output
    same_port = new_laptop(port=laptop.port)
    same_port.launch()
    assert same_port.wait() == 1
    assert f"Port {laptop.port} is taken" in same_port.output
    assert "TASKLINE_PORT=" in same_port.output
    assert laptop.request("GET", "/v1/health").status == 200, "the running one is not disturbed"


@pytest.mark.nightly
@pytest.mark.check
def test_the_death_of_the_emulator_ends_it_with_a_message(new_laptop: NewLaptop) -> None:
    running = new_laptop()
    (running.state_dir / "emulator").mkdir(parents=True)
    (running.state_dir / "emulator" / "sqs.json").write_text("old state", encoding="utf-8")
    running.start(FRESH="1", LOG_LEVEL="DEBUG", AWS_PROFILE="unknown", AWS_ENDPOINT_URL="http://127.0.0.1:1")
    assert running.finished(running.post())["status"] == "succeeded", "the host's settings do not reach it"
    assert "Starting empty" in running.output
    assert not (running.state_dir / "emulator" / "sqs.json").exists(), "FRESH=1 deletes the old state"
    os.kill(running.runtime["emulator_pid"], signal.SIGKILL)
    assert running.wait() == 1
    assert "The AWS emulator ended unexpectedly" in running.output
    assert "emulator.log" in running.output
    assert "what was accepted is recovered" in running.output


@pytest.mark.check
@pytest.mark.nightly
def test_a_stop_that_could_not_save_says_so_and_fails(new_laptop: NewLaptop) -> None:
    """A disk that is full: here, a process that may not write."""
    first = new_laptop()
    first.state_dir.mkdir(exist_ok=True)
    (first.state_dir / "emulator.log").write_text("from an earlier start\n", encoding="utf-8")
    first.start()
    done = first.post()
    first.finished(done)
    psutil.Process(first.runtime["emulator_pid"]).rlimit(psutil.RLIMIT_FSIZE, (0, 0))
    assert first.stop(signal.SIGTERM) == 1
    assert "could not save its state" in first.output
    assert "nothing is lost" in first.output
    assert "emulator.log" in first.output
    assert "are kept" not in first.output

    second = new_laptop()
    second.start()
    assert "Recovered" in second.output
    assert second.read(done)["status"] == "succeeded"
    assert second.finished(second.post())["status"] == "succeeded", "and the next start works"
    assert second.stop(signal.SIGTERM) == 0
    log = (second.state_dir / "emulator.log").read_text(encoding="utf-8", errors="replace")
    assert log.startswith("from an earlier start\n"), "what an earlier start logged is kept"


def test_ctrl_c_while_starting_leaves_nothing_behind(new_laptop: NewLaptop) -> None:
    laptop = new_laptop()
    laptop.launch()
    lock = laptop.state_dir / "emulator.lock"
    eventually(lambda: lock.exists() and lock.read_text(encoding="utf-8"))
    emulator = int(lock.read_text(encoding="utf-8"))
    assert laptop.stop(signal.SIGINT) == 130
    assert "Traceback" not in laptop.output
    assert not alive(emulator)


SWALLOWS = """
import os, signal, sys, time

class Library:
    def find_spec(self, name, path=None, target=None):
        if name == "local.deploy":
            try:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(10)
            except BaseException:
                pass

sys.meta_path.insert(0, Library())
"""


def test_a_ctrl_c_that_a_library_swallows_while_it_is_loaded_is_not_lost(
    new_laptop: NewLaptop, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(SWALLOWS, encoding="utf-8")
    laptop = new_laptop()
    laptop.launch(PYTHONPATH=str(tmp_path))
    assert laptop.wait() == 130
    assert "Traceback" not in laptop.output
    assert "Stopped while starting." in laptop.output


def test_a_state_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    laptop = Laptop(tmp_path / "file" / "state")
    laptop._log = tmp_path / "output.log"
    laptop.launch()
    assert laptop.wait() == 1
    assert "cannot be written" in laptop.output
    assert "TASKLINE_STATE_DIR" in laptop.output


def test_invalid_settings_are_rejected_before_anything_starts(new_laptop: NewLaptop) -> None:
    for config, variables, message in (
        ({"taskline:noSuchKey": 1}, {}, "taskline:noSuchKey"),
        ({"taskline:handlerTimeoutSeconds": "long"}, {}, "not of type integer"),
        ({"taskline:handlerTimeoutSeconds": 2}, {"TASKLINE_STAGE": "nowhere"}, "Pulumi.nowhere.yaml"),
        ({"taskline:handlerTimeoutSeconds": 2}, {"TASKLINE_PORT": "many"}, "TASKLINE_PORT"),
        ({"taskline:handlerTimeoutSeconds": 2}, {"TASKLINE_CONFIG": "{"}, "TASKLINE_CONFIG"),
    ):
        laptop = new_laptop(**config)
        laptop.launch(**variables)
        assert laptop.wait() == 1
        assert message in laptop.output
        assert "What to do:" in laptop.output
        assert "Traceback" not in laptop.output


def test_an_error_of_the_program_is_shown_with_its_own_message(new_laptop: NewLaptop) -> None:
    laptop = new_laptop(**{"taskline:maxReceiveCount": 1})
    laptop.launch()
    assert laptop.wait() == 1
    assert "maxReceiveCount" in laptop.output
    assert "program-error.log" in laptop.output
    emulator = int((laptop.state_dir / "emulator.lock").read_text(encoding="utf-8"))
    assert not alive(emulator), "nothing is left running"


def test_a_missing_dependency_is_reported() -> None:
    without_packages = [sys.executable, "-S", "-m", "local"]
    ended = subprocess.run(without_packages, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "Run `make run`" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_process_that_holds_a_port_is_named(new_laptop: NewLaptop) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        laptop = new_laptop(port=stranger.getsockname()[1])
        laptop.launch()
        assert laptop.wait() == 1
        assert f"is taken by process {os.getpid()}" in laptop.output
