"""The Pulumi CLI, with a state of its own, run on the program as it is.

The program runs in this process, as inline programs of Pulumi's Automation API do; the CLI brings the engine. Its own
language plugin for Python is not needed, and no plugin is downloaded: the provider is attached.
"""

import json
import os
import runpy
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent import futures
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import grpc
import yaml
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120  # for one command, on a busy machine
# What the engine reports of every resource, and what changes nothing.
UNCHANGED = frozenset({"same", "read", "refresh"})
REPLACING = ("replace", "create-replacement", "delete-replaced", "delete")

Program = Callable[[], None]


def program() -> None:
    """The program, as `pulumi up` runs it."""
    runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")


@dataclass(frozen=True)
class Step:
    """What the engine does with one resource: `create`, `update`, `replace`, `delete` and their parts."""

    operation: str
    type: str
    name: str
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What a command did: its exit code, all that it printed, and the steps of the engine."""

    code: int
    output: str
    steps: list[Step] = field(default_factory=list)

    def named(self, *operations: str) -> set[tuple[str, str]]:
        return {(step.type, step.name) for step in self.steps if step.operation in operations}

    def paths(self, name: str) -> set[str]:
        """Which properties of a resource change."""
        return {path for step in self.steps if step.name == name for path in step.paths}

    def counts(self) -> Counter[str]:
        return Counter(step.operation for step in self.steps)


class Engine:
    """The CLI at `cli`, with everything that it writes in `folder`; `port` is where the provider for AWS listens."""

    def __init__(self, cli: str, folder: Path, port: int) -> None:
        self._cli = cli
        self.folder = folder
        (folder / "state").mkdir(parents=True)
        shutil.copy(ROOT / "Pulumi.yaml", folder)
        self._environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | {
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "a passphrase of this test",
            "PULUMI_DEBUG_COMMANDS": "true",  # without it there is no log of events
            "PULUMI_DEBUG_PROVIDERS": f"aws:{port}",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # The state is written at the end of a command, not after each step, which takes half of the time.
            "PULUMI_SKIP_CHECKPOINTS": "true",
        }

    def command(self, *arguments: str) -> Outcome:
        done = subprocess.run(
            [self._cli, *arguments, "--non-interactive"],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return Outcome(done.returncode, done.stdout + done.stderr)

    def run(self, *arguments: str, program: Program = program) -> Outcome:
        """A command that runs the program, with the steps of the engine."""
        events = self.folder / "events.json"
        events.unlink(missing_ok=True)
        with Host(program) as host:
            options = (f"--client=127.0.0.1:{host.port}", f"--event-log={events}", "--color=never")
            done = self.command(*arguments, *options)
        lines = events.read_text().splitlines() if events.exists() else []
        return Outcome(done.code, done.output, [step for line in lines for step in _steps(json.loads(line))])


class Stage:
    """One stack, named after its stage, with the settings of that stage's file and `always` on top of them."""

    def __init__(self, engine: Engine, stage: str, always: Mapping[str, object]) -> None:
        self._engine, self.name, self._always = engine, stage, dict(always)
        self._file = engine.folder / f"Pulumi.{stage}.yaml"
        self.configure()
        made = engine.command("stack", "init", stage)
        assert made.code == 0, made.output

    @property
    def folder(self) -> Path:
        """Where its settings are."""
        return self._engine.folder

    def configure(self, **settings: object) -> None:
        """Set these, and no others, beside those of the stage's file and those that are always set."""
        known = yaml.safe_load(self._file.read_text()) if self._file.exists() else {}
        given = yaml.safe_load((ROOT / self._file.name).read_text())["config"]
        own = {f"taskline:{key}": value for key, value in (self._always | settings).items()}
        self._file.write_text(yaml.safe_dump({**known, "config": given | own}))

    def set(self, key: str, value: str) -> Outcome:
        """As a person does it."""
        return self._engine.command("config", "set", "--stack", self.name, key, value)

    def preview(self, program: Program = program) -> Outcome:
        return self._engine.run("preview", "--diff", "--stack", self.name, program=program)

    def up(self, program: Program = program) -> Outcome:
        return self._engine.run("up", "--yes", "--skip-preview", "--stack", self.name, program=program)

    def destroy(self, *options: str) -> Outcome:
        """With `--skip-preview`, without being told first what will be deleted."""
        return self._engine.run("destroy", "--yes", *options, "--stack", self.name)

    def state(self) -> str:
        """All that the backend keeps of this stack, as it keeps it."""
        return "".join(file.read_text() for file in self._engine.folder.glob(f"state/**/{self.name}.json"))


class Language(LanguageServer):
    """As the host of inline programs, but the engine may also take it for its plugin for Python."""

    def Handshake(self, request: Any, context: Any) -> Any:
        return language_pb2.LanguageHandshakeResponse()


class Host:
    """Runs a program when the engine asks for it."""

    def __init__(self, program: Program = program) -> None:
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
        language_pb2_grpc.add_LanguageRuntimeServicer_to_server(Language(program), self._server)

    @cached_property
    def port(self) -> int:
        return self._server.add_insecure_port("127.0.0.1:0")

    def __enter__(self) -> "Host":
        _ = self.port
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(grace=0).wait()


def _steps(event: Mapping[str, Any]) -> list[Step]:
    found = event.get("resourcePreEvent")
    if found is None or found["metadata"]["op"] in UNCHANGED:
        return []
    data = found["metadata"]
    return [Step(data["op"], data["type"], data["urn"].rpartition("::")[2], tuple(data.get("detailedDiff") or ()))]
