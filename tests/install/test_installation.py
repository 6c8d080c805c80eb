"""The lock is what gets installed, whatever the index offers, whichever pip starts it, whatever interrupts it."""

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from requirements.install import SUPPORTED
from tests.install import locks
from tests.install.index import NEWCOMER, NEWER, Gate, Index, Shelf
from tests.install.machine import NOWHERE, OLDEST_PIPS, Machine, find_python

pytestmark = pytest.mark.check


@pytest.fixture(params=[SUPPORTED[0], *(pytest.param(one, marks=pytest.mark.nightly) for one in SUPPORTED[1:])])
def any_machine(request: pytest.FixtureRequest, tmp_path: Path, shelf: Shelf, index: Index) -> Machine:
    """A machine with each supported Python in turn."""
    python = find_python(request.param)
    if python is None:
        pytest.skip(f"this machine has no Python {request.param}")
    return Machine(tmp_path, shelf, index.url, python)


@pytest.fixture
def ready(machine: Machine) -> Machine:
    """A machine with the laptop edition installed."""
    assert machine.install("laptop").returncode == 0
    return machine


def test_at_least_one_supported_python_is_tested() -> None:
    assert any(map(find_python, SUPPORTED))


def test_the_index_has_a_newer_release_of_every_locked_package(index: Index) -> None:
    for line in locks.read(locks.LOCKS / "check.txt"):
        if not line.applies(locks.HERE):
            continue  # another version of the package is
        page = index.page(line.name) or ""
        assert f"-{line.version}-" in page
        assert f"-{NEWER}-" in page


def test_the_oldest_pip_of_each_python_installs_exactly_the_lock(any_machine: Machine, index: Index) -> None:
    oldest = next(line.version for line in locks.read(locks.LOCKS / "oldest-pips.txt") if any_machine.runs(line))
    for group in ("laptop", "check"):
        done = any_machine.install(group)
        assert done.returncode == 0, done.stdout
        assert any_machine.installed() == any_machine.locked(group)
        assert any_machine.stamped() == group
    assert not [path for path in index.requested if NEWCOMER in path], "no dependency is followed"
    assert f"pip/{oldest}" in index.clients


@pytest.mark.nightly
def test_resolving_the_same_lock_fails_in_this_index(tmp_path: Path, shelf: Shelf, index: Index) -> None:
    """Otherwise the test above would prove nothing. An extra of a locked package is enough for this pip to give up."""
    python = find_python("3.12") or find_python("3.11")
    if python is None:
        pytest.skip("this machine has no Python that pip 23.2.1 supports")
    machine = Machine(tmp_path, shelf, index.url, python)
    subprocess.run([python, "-m", "venv", "--without-pip", machine.venv], check=True)
    environment = machine.environment | {"PYTHONPATH": str(OLDEST_PIPS / "3.12")}
    command = [machine.venv / "bin" / "python", "-m", "pip", "install", "--require-hashes"]
    command += ["--requirement", machine.requirements / "check.txt"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "all requirements must have their versions pinned" in done.stderr
    assert f"coverage-{NEWER}" in done.stderr


@pytest.mark.nightly
def test_an_environment_created_by_venv_contains_nothing_but_the_lock(machine: Machine) -> None:
    """Python 3.11 bundles setuptools as well as pip."""
    done = machine.install("laptop", quick=False)
    assert done.returncode == 0, done.stdout
    assert machine.installed() == machine.locked("laptop")
    assert "into .venv (1 of 5: virtual environment) ..." in done.stdout


def test_the_command_runs_the_checkout_and_puts_nothing_else_of_it_on_the_path(ready: Machine) -> None:
    package = ready.project / "taskline"
    (package / "added.py").touch()
    program = "import sys, taskline.added; print(taskline.added.__file__, *sys.path, sep='\\n')"
    python = ready.venv / "bin" / "python"
    done = subprocess.run([python, "-I", "-c", program], capture_output=True, text=True, check=True, cwd=ready.home)
    file, *path = done.stdout.splitlines()
    assert Path(file).resolve() == package / "added.py"
    assert str(ready.project) not in path
    assert "taskline.cli.main" in (ready.venv / "bin" / "taskline").read_text()


def test_an_update_leaves_the_package_of_the_checkout_alone(ready: Machine) -> None:
    """uv uninstalls what no lock lists; were the link to the package followed, its files would be deleted."""
    before = sorted((ready.project / "taskline").rglob("*.py"))
    assert ready.install("test").returncode == 0
    assert sorted((ready.project / "taskline").rglob("*.py")) == before
    assert (ready.site / "taskline").resolve() == ready.project / "taskline"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('version = "0', 'version = "9', marks=pytest.mark.nightly),
        ("[project.scripts]\n", "[project.scripts]\nother = 'taskline.cli.main:main'\n"),
    ],
)
def test_another_version_or_command_of_the_project_is_installed_at_the_next_call(
    ready: Machine, old: str, new: str
) -> None:
    project = ready.project / "pyproject.toml"
    text = project.read_text()
    assert old in text
    project.write_text(text.replace(old, new))
    assert ready.install("laptop").returncode == 0
    assert ready.installed() == ready.locked("laptop")


def test_a_second_call_is_silent_and_needs_no_network(ready: Machine) -> None:
    ready.index = NOWHERE
    done = ready.install("laptop", quick=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_larger_group_satisfies_a_smaller_one(machine: Machine) -> None:
    assert machine.install("test").returncode == 0
    machine.index = NOWHERE
    done = machine.install("laptop")
    assert (done.returncode, done.stdout) == (0, "")
    assert machine.installed() == machine.locked("test")


@pytest.mark.nightly
def test_a_larger_group_is_kept_when_its_lock_changes(machine: Machine) -> None:
    """`make run` after `git pull` must not remove the test tools."""
    assert machine.install("test").returncode == 0
    lock = machine.requirements / "test.txt"
    lock.write_text("".join(entry for entry in locks.entries(lock) if not entry.startswith("hypothesis==")))
    assert machine.install("laptop").returncode == 0
    assert machine.stamped() == "test"
    assert machine.installed() == machine.locked("test")
    assert "hypothesis" not in machine.installed(), "a package that is no longer locked is removed"


@pytest.mark.nightly
@pytest.mark.parametrize("change", ["its Python is gone", "it has another version of Python", "it was moved"])
def test_an_unusable_environment_is_replaced(ready: Machine, change: str) -> None:
    stamp = json.loads(ready.stamp.read_text())
    leftover = ready.venv / "leftover"
    leftover.touch()
    match change:
        case "its Python is gone":
            (ready.venv / "bin" / "python").unlink()
            (ready.venv / "bin" / "python").symlink_to("/nowhere/python")
        case "it has another version of Python":
            ready.stamp.write_text(json.dumps(stamp | {"python": "3.10"}))
        case _:
            ready.stamp.write_text(json.dumps(stamp | {"folder": "/elsewhere"}))
    done = ready.install("laptop")
    assert done.returncode == 0
    assert "Replacing .venv" in done.stdout
    assert not leftover.exists()
    assert ready.installed() == ready.locked("laptop")


@pytest.mark.nightly
def test_an_activated_environment_can_replace_itself(ready: Machine) -> None:
    ready.stamp.unlink()
    ready.python = ready.venv / "bin" / "python"
    done = ready.install("laptop", quick=False)
    assert done.returncode == 0, done.stdout
    assert ready.installed() == ready.locked("laptop")


# Interruptions. The index holds back a response, so the installation is known to be at a certain point.

POINTS = {
    "pip looks up uv": "/simple/uv/",
    "pip downloads uv": "/wheels/uv-",
    "uv looks up packages": "/simple/yarl/",
    "uv downloads packages": "/wheels/yarl-",
}


*EARLIER, LAST = POINTS


@pytest.fixture(params=[*(pytest.param(point, marks=pytest.mark.nightly) for point in EARLIER), LAST])
def gate(request: pytest.FixtureRequest, index: Index) -> Iterator[Gate]:
    gate = index.hold(POINTS[request.param])
    yield gate
    gate.opened.set()


@pytest.fixture
def waiting(machine: Machine, gate: Gate) -> subprocess.Popen[str]:
    """An installation that waits at the gate."""
    process = machine.start("laptop")
    assert gate.reached.wait(60)
    return process


def assert_next_call_completes(machine: Machine, index: Index) -> None:
    assert machine.stamped() is None, "an incomplete installation must not look complete"
    index.before = lambda path: None
    done = machine.install("laptop")
    assert done.returncode == 0, done.stdout
    assert machine.installed() == machine.locked("laptop")
    assert machine.stamped() == "laptop"


def test_the_next_call_completes_a_killed_installation(
    machine: Machine, waiting: subprocess.Popen[str], index: Index
) -> None:
    os.killpg(waiting.pid, signal.SIGKILL)
    waiting.wait()
    assert_next_call_completes(machine, index)


@pytest.mark.nightly
@pytest.mark.parametrize("gate", ["pip downloads uv", "uv downloads packages"], indirect=True)
def test_the_next_call_waits_for_the_orphans_of_a_killed_installer(
    machine: Machine, waiting: subprocess.Popen[str], gate: Gate, index: Index
) -> None:
    waiting.kill()
    waiting.wait()
    following = machine.start("laptop")
    assert following.stdout is not None
    assert "Waiting for it" in following.stdout.readline(), "pip or uv still writes to .venv"
    gate.opened.set()
    output, _ = following.communicate(timeout=120)
    assert following.returncode == 0, output
    assert machine.installed() == machine.locked("laptop")


@pytest.mark.parametrize("gate", ["uv downloads packages"], indirect=True)
def test_ctrl_c_ends_with_a_message(machine: Machine, waiting: subprocess.Popen[str], index: Index) -> None:
    os.killpg(waiting.pid, signal.SIGINT)
    output, _ = waiting.communicate(timeout=60)
    assert waiting.returncode == 130
    assert "Interrupted." in output
    assert "Traceback" not in output
    assert_next_call_completes(machine, index)


@pytest.mark.nightly
@pytest.mark.parametrize("step", ["virtual environment", "bytecode"])
def test_the_first_and_the_last_step_can_be_killed_too(machine: Machine, index: Index, step: str) -> None:
    process = machine.start("laptop", quick=step != "virtual environment")
    assert process.stdout is not None
    while step not in process.stdout.readline():
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert_next_call_completes(machine, index)


@pytest.mark.nightly
def test_an_interrupted_upgrade_invalidates_the_smaller_group(ready: Machine, index: Index) -> None:
    gate = index.hold("/simple/hypothesis/")
    process = ready.start("test")
    assert gate.reached.wait(60)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    gate.opened.set()
    assert_next_call_completes(ready, index)


def test_of_two_concurrent_calls_one_installs(machine: Machine) -> None:
    both = [machine.start("laptop"), machine.start("laptop")]
    outputs = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert len([output for output in outputs if "virtual environment" in output]) == 1
    assert machine.installed() == machine.locked("laptop")


# The machine's own settings.


def test_uv_uses_the_index_from_pips_configuration_file(machine: Machine) -> None:
    configuration = machine.home / "pip.conf"
    configuration.write_text(f"[global]\nindex-url = {machine.index}\n")
    done = machine.install("laptop", PIP_CONFIG_FILE=str(configuration), PIP_INDEX_URL="")
    assert done.returncode == 0, done.stdout


@pytest.mark.nightly
def test_settings_for_other_projects_have_no_effect(machine: Machine, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    settings = dict.fromkeys(("PIP_TARGET", "VIRTUAL_ENV", "PYTHONPATH"), str(elsewhere))
    done = machine.install("laptop", PIP_USER="1", UV_SYSTEM_PYTHON="1", PYTHONDONTWRITEBYTECODE="1", **settings)
    assert done.returncode == 0, done.stdout
    assert machine.installed() == machine.locked("laptop")
    assert not elsewhere.exists()


def test_uv_shows_its_progress_on_a_terminal(machine: Machine) -> None:
    """And only there, although the installer reads its output to know what went wrong."""
    ours, its = os.openpty()
    process = machine.start("laptop", stderr=its)
    os.close(its)
    shown = b""
    with contextlib.suppress(OSError):  # the end of a terminal
        while chunk := os.read(ours, 65536):
            shown += chunk
    process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == 0
    assert b"Prepared" in shown


def test_elsewhere_only_the_package_taskline_is_installed(machine: Machine) -> None:
    """As `pip install .` does it, but with the backend that uv contains: from here nothing can be downloaded."""
    assert machine.install("laptop").returncode == 0
    target = machine.home / "elsewhere"
    uv = [machine.venv / "bin" / "uv", "pip", "install", "--offline", "--no-deps", f"--target={target}"]
    subprocess.run([*uv, machine.project], env=machine.environment, check=True, capture_output=True)
    assert {path.name.partition("-")[0] for path in target.iterdir()} - {"bin", ".lock"} == {"taskline"}
    ours = {path.relative_to(machine.project) for path in (machine.project / "taskline").rglob("*") if path.is_file()}
    there = {path.relative_to(target) for path in (target / "taskline").rglob("*") if path.is_file()}
    assert {path for path in ours - there if "__pycache__" not in path.parts} == set()
    assert (target / "bin" / "taskline").exists()
