"""Somebody else's package, from nothing: installed, declared, locked, run on the laptop, changed, and tested."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infrastructure.blocks.packaging import REQUIREMENTS
from infrastructure.task_types.locks import pins
from tests.install import wheels
from tests.local.laptop import SHORT_TIMES, Laptop, eventually
from tests.packages import acme

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "tests", "docs", "benchmarks")
SETTINGS: dict[str, object] = {
    **SHORT_TIMES | {"taskline:handlerTimeoutSeconds": 10},  # a pool that starts anew on a busy machine takes its time
    "taskTypePackages": "acme, acme-broken",
    "taskTypeEnvironment": {"INVOICE_BUCKET": "acme-invoices"},
}
TEST = """\
from acme_tasks import types  # which registers its types
from testing.taskline import Taskline


def test_an_invoice_is_rendered(taskline: Taskline, monkeypatch) -> None:
    monkeypatch.setattr("boto3.client", lambda service: type("S3", (), {"put_object": lambda self, **_: None})())
    monkeypatch.setenv("INVOICE_BUCKET", "acme-invoices")
    taskline.secret("fonts-api", "abc")
    task = taskline.submit("invoice.render", {"number": 7})
    taskline.settle()
    assert task.result == {"key": "7.pdf", "font": 3, "httpx": "0.28.1"}
"""

pytestmark = pytest.mark.check


class Place:
    """A checkout of this project, and beside it the folder that the package is installed into."""

    def __init__(self, folder: Path) -> None:
        self.project, self.site, self.wheels = (folder / name for name in ("project", "site", "wheels"))
        shutil.copytree(ROOT, self.project, ignore=LEFT_OUT)
        self.project.joinpath(".venv").symlink_to(ROOT / ".venv")
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(self.site),
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "UV_OFFLINE": "1",
            "UV_FIND_LINKS": str(self.wheels),
            "UV_CACHE_DIR": str(folder / "cache"),
        }
        self.install(acme.wheel(self.wheels))
        acme.httpx(self.wheels)
        self.laptop = Laptop(folder / "state", config=SETTINGS, root=self.project)

    def python(self, *arguments: str, **variables: str) -> str:
        """What a command of the project prints; it has to succeed."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.project,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def install(self, wheel: Path) -> None:
        self.python("-m", "pip", "install", "--quiet", "--no-deps", f"--target={self.site}", str(wheel))

    def lock(self) -> str:
        """`make lock-pools`; the index has the package's library, and what all functions have."""
        for name, version in pins(REQUIREMENTS).items():
            wheels.tiny(self.wheels, name, version)
        settings = "config:\n  taskline:taskTypePackages: acme\n"
        self.project.joinpath("Pulumi.acme.yaml").write_text(settings)
        return self.python("-m", "infrastructure.task_types")

    def start(self) -> None:
        self.laptop.start(
            **{name: self.environment[name] for name in ("PYTHONPATH", "PIP_NO_INDEX", "PIP_FIND_LINKS")}
        )

    def outcome(self, number: int) -> dict[str, Any]:
        """The record of an invoice's task when it has ended."""
        return self.laptop.finished(self.laptop.post(type="invoice.render", data={"number": number}))

    def replace(self, module: str, old: str, new: str) -> None:
        path = self.site / "acme_tasks" / f"{module}.py"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.laptop.ensure_stopped()


@pytest.mark.nightly
def test_a_package_runs_changes_and_lacks_what_it_does_not_declare(place: Place) -> None:
    assert "requirements/pools/rendering.txt is locked." in place.lock()
    laptop = place.laptop

    place.start()
    assert "'invoice.render' needs the secret 'fonts-api'" in laptop.output
    assert "acme_tasks.broken cannot be loaded: KeyError: 'ACME_LIMIT'" in laptop.output
    health = laptop.request("GET", "/v1/health").json
    assert health["status"] == "degraded"
    assert [one["module"] for one in health["task_types"]] == ["acme_tasks.broken"]
    laptop.stop()

    laptop.state_dir.joinpath("secrets.env").write_text("# for tests\nfonts-api=abc\n")
    place.start()
    assert "needs the secret" not in laptop.output
    assert place.outcome(7)["result"] == {"key": "7.pdf", "font": 3, "httpx": acme.HTTPX}

    place.replace("rendering", '"key": key', '"key": key.upper()')
    eventually(lambda: "the functions have the new code" in laptop.output, seconds=30)
    assert place.outcome(8)["result"]["key"] == "8.PDF"

    place.replace("types", 'permissions=(Allow("s3:PutObject", on="arn:{partition}:s3:::{INVOICE_BUCKET}/*"),),', "")
    eventually(lambda: "What invoice.render needs" in laptop.output, seconds=30)
    laptop.stop()
    place.start()
    error = place.outcome(9)["error"]
    assert (error["class"], "AccessDenied" in error["message"]) == ("UNKNOWN", True)


def test_a_package_is_tested_with_the_kit(place: Place) -> None:
    place.install(acme.httpx(place.wheels))
    test = place.site.parent / "test_invoices.py"
    test.write_text(TEST)
    folders = os.pathsep.join((str(place.project), str(place.site)))
    command = ("-m", "pytest", "-q", "-p", "testing.plugin", "-p", "no:cacheprovider", f"--rootdir={test.parent}")
    assert "1 passed" in place.python(*command, "-c", os.devnull, str(test), PYTHONPATH=folders)
