"""The stack that is checked: its outputs, and clients of the services that it uses."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import boto3
from botocore.config import Config

from infrastructure.preview import MISSING, command
from local.emulator.clients import Clients
from local.host.options import PROJECT_ROOT, scrub
from local.host.state_dir import StateDir, read_json

LAPTOP: Final = "laptop"
_TABLE: Final = "-tasks"


class NoStack(Exception):
    """There is nothing to check. The text says why, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A deployed stack. `clients` are those of the running laptop edition, and None on AWS."""

    outputs: Mapping[str, Any]
    session: Any
    clients: Clients | None = None

    @property
    def on_aws(self) -> bool:
        """Whether it is on AWS, and not on this machine."""
        return self.clients is None

    @property
    def prefix(self) -> str:
        """What the names of all its resources begin with: `taskline-dev`."""
        return str(self.outputs["table_name"]).removesuffix(_TABLE)

    def client(self, service: str) -> Any:
        """A client of one service."""
        if self.clients is not None:
            return self.clients.get(service)
        return self.session.client(service, config=Config(retries={"mode": "standard", "total_max_attempts": 5}))


def find(stage: str, environ: Mapping[str, str]) -> Stack:
    """The stack of a stage, or the running laptop edition. Raises `NoStack`."""
    return on_laptop(environ) if stage == LAPTOP else on_aws(stage, environ)


def on_laptop(environ: Mapping[str, str]) -> Stack:
    """The running laptop edition, by the file that it writes into its state directory."""
    scrub(os.environ)  # nothing of this may reach a real account
    folder = environ.get("TASKLINE_STATE_DIR")
    state = StateDir(Path(folder).expanduser() if folder else PROJECT_ROOT / ".taskline")
    running = cast("dict[str, Any] | None", read_json(state.runtime))
    if running is None:
        raise NoStack(f"No laptop edition runs on {state.path}. Start it with `make run`, or set TASKLINE_STATE_DIR.")
    clients = Clients(running["endpoint"], running["region"])
    return Stack(outputs=running["outputs"], session=clients.session, clients=clients)


def on_aws(stage: str, environ: Mapping[str, str]) -> Stack:
    """A stage that `pulumi up` has deployed, by its outputs."""
    pulumi = command(environ)
    if pulumi is None:
        raise NoStack(MISSING)
    done = subprocess.run(
        [pulumi, "stack", "output", "--json", "--stack", stage, "--non-interactive"],
        cwd=PROJECT_ROOT,
        env=dict(environ),
        capture_output=True,
        text=True,
        check=False,
    )
    outputs: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
    if "state_machine_arn" not in outputs:
        reason = done.stderr.strip() or "it has no outputs"
        raise NoStack(f"Stage {stage} is not deployed: {reason}. Run `pulumi up` first, or set STAGE.")
    region = outputs["state_machine_arn"].split(":")[3]
    return Stack(outputs=outputs, session=boto3.Session(region_name=region))
