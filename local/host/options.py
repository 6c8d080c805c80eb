"""The options of the laptop edition: its command line and its environment, parsed once."""

from __future__ import annotations

import argparse
import json
import os
import signal
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from local.host.errors import LaptopError

PROJECT_ROOT = Path(__file__).resolve().parents[2]
DEFAULT_PORT = 4000
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # Ctrl-C, a supervisor, a closed terminal
TRUE_WORDS = frozenset({"1", "true", "yes", "on"})


@dataclass(frozen=True, kw_only=True)
class Options:
    """`overrides` are Pulumi configuration values that win over `Pulumi.<stage>.yaml`.

    `hosts` are further names (`taskline.test:4000`) that requests to the front door may name. `log_as_json` is for
    machines that read what happens to tasks.
    """

    port: int
    state_dir: Path
    stage: str
    fresh: bool
    overrides: Mapping[str, object]
    hosts: tuple[str, ...] = ()
    log_as_json: bool = False


def parse(argv: Sequence[str], environ: Mapping[str, str]) -> Options:
    """Read the options, or raise `LaptopError` naming the invalid variable."""
    parser = argparse.ArgumentParser(prog="python -m local", description="Run Taskline on this machine.")
    parser.add_argument("--fresh", action="store_true", help="start empty: delete all tasks and queues")
    arguments = parser.parse_args(argv)
    return Options(
        port=_port(environ.get("TASKLINE_PORT", "")),
        state_dir=_state_dir(environ.get("TASKLINE_STATE_DIR", "")),
        stage=environ.get("TASKLINE_STAGE") or "dev",
        fresh=arguments.fresh or environ.get("FRESH", "").lower() in TRUE_WORDS,
        overrides=_overrides(environ.get("TASKLINE_CONFIG", "")),
        hosts=tuple(environ.get("TASKLINE_HOSTS", "").replace(",", " ").split()),
        log_as_json=_log_as_json(environ.get("LOG", "")),
    )


def scrub(environ: MutableMapping[str, str]) -> None:
    """Remove the host's AWS settings from `environ`, so that nothing here can reach a real account.

    A stray AWS_PROFILE alone would make boto3 refuse to build any client.
    """
    for name in [name for name in environ if name.startswith("AWS_")]:
        del environ[name]
    environ["AWS_CONFIG_FILE"] = environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    environ["AWS_EC2_METADATA_DISABLED"] = "true"


def _log_as_json(text: str) -> bool:
    if text not in ("", "text", "json"):
        raise LaptopError(f"LOG={text} is not a format.", "Set it to text, which it is unless you set it, or json.")
    return text == "json"


def _port(text: str) -> int:
    if not text:
        return DEFAULT_PORT
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise LaptopError(f"TASKLINE_PORT={text} is not a port number.", "Set it to a number from 1 to 65535.")
    return int(text)


def _state_dir(text: str) -> Path:
    return Path(text).expanduser().absolute() if text else PROJECT_ROOT / ".taskline"


def _overrides(text: str) -> Mapping[str, object]:
    try:
        value: object = json.loads(text) if text else {}
    except json.JSONDecodeError as error:
        raise LaptopError(f"TASKLINE_CONFIG is not valid JSON: {error}.", _OVERRIDES_WAY_OUT) from error
    if not isinstance(value, dict):
        raise LaptopError("TASKLINE_CONFIG is not a JSON object.", _OVERRIDES_WAY_OUT)
    return cast("dict[str, object]", value)


_OVERRIDES_WAY_OUT = "Set it to configuration keys and values, for example '{\"taskline:handlerTimeoutSeconds\": 2}'."
