"""The commands of a pipeline: `python -m operations.release deploy STAGE`, `rollback`, `notes`, `sbom`, `comment`."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from infrastructure.preview import MISSING, ROOT, command
from operations.release.changelog import NoSection, section
from operations.release.comment import comment
from operations.release.deploy import WATCH_SECONDS, Steps, deploy, rollback
from operations.release.sbom import bill
from operations.smoke.__main__ import main as smoke
from operations.smoke.stack import NoStack, on_aws


def _up(stage: str) -> int:
    """`pulumi up`, with no question asked."""
    pulumi = command(os.environ)
    if pulumi is None:
        raise NoStack(MISSING)
    arguments = [pulumi, "up", "--yes", "--non-interactive", "--stack", stage]
    return subprocess.run(arguments, cwd=ROOT, check=False).returncode


def _steps() -> Steps:
    return Steps(up=_up, smoke=lambda stage: smoke([stage]), find=lambda stage: on_aws(stage, os.environ))


def _version() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m operations.release", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    deploying = commands.add_parser(
        "deploy", help="deploy a stage, check it, watch its alarms, and go back if need be"
    )
    deploying.add_argument("stage")
    deploying.add_argument("--seconds", type=float, default=WATCH_SECONDS, help="how long alarms are watched")
    commands.add_parser("rollback", help="let the functions run what they ran before").add_argument("stage")
    commands.add_parser("notes", help="print what CHANGELOG.md says about a tag").add_argument("tag")
    commands.add_parser("sbom", help="print the bill of materials of what runs in Lambda")
    commenting = commands.add_parser("comment", help="print a preview as a comment on a pull request")
    commenting.add_argument("stage")
    commenting.add_argument("preview", type=Path, help="the file that holds what `make preview` printed")
    return parser


def _run(options: argparse.Namespace) -> int:
    match options.command:
        case "deploy":
            return deploy(options.stage, _steps(), options.seconds)
        case "rollback":
            return rollback(options.stage, _steps())
        case "notes":
            text = section((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), options.tag, _version())
        case "sbom":
            lock = (ROOT / "requirements" / "functions.txt").read_text(encoding="utf-8")
            text = json.dumps(bill(lock, _version()), indent=2) + "\n"
        case _:
            text = comment(options.preview.read_text(encoding="utf-8"), options.stage)
    print(text, end="")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    try:
        return _run(_parser().parse_args(arguments))
    except (NoStack, NoSection, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
