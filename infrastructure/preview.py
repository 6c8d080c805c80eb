"""`make preview`: what `pulumi up` would do to a stage, with one command and without an account at Pulumi."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / ".build" / "preview"
MISSING = (
    "The Pulumi CLI is needed for a preview, and was not found on the PATH or in ~/.pulumi/bin.\n"
    "  What to do: install it as https://www.pulumi.com/docs/install/ says, or use `make run`, which needs none."
)
LANGUAGE = "pulumi-language-python"
NO_LANGUAGE = (
    f"The Pulumi CLI could not run this program: its plugin for Python, {LANGUAGE}, was not found.\n"
    "  What to do: it belongs to the CLI and is installed beside it. Install all of the CLI as "
    "https://www.pulumi.com/docs/install/ says."
)


def command(environ: Mapping[str, str]) -> str | None:
    """Where the Pulumi CLI is: on the PATH, or where its installer puts it."""
    own = Path(environ.get("HOME", "/")) / ".pulumi" / "bin"
    return shutil.which("pulumi", path=os.pathsep.join((environ.get("PATH", ""), str(own))))


def language_plugin(environ: Mapping[str, str], pulumi: str) -> str | None:
    """Where the CLI finds its plugin for Python: on the PATH, or beside itself."""
    beside = Path(pulumi).resolve().parent
    return shutil.which(LANGUAGE, path=os.pathsep.join((environ.get("PATH", ""), str(beside))))


def settings(environ: Mapping[str, str], build: Path = BUILD) -> dict[str, str]:
    """The environment of the CLI: a backend in a local folder, unless `PULUMI_BACKEND_URL` names another one."""
    if environ.get("PULUMI_BACKEND_URL"):
        return dict(environ)
    build.mkdir(parents=True, exist_ok=True)
    local = {"PULUMI_BACKEND_URL": build.as_uri()}
    if "PULUMI_CONFIG_PASSPHRASE_FILE" not in environ:
        local["PULUMI_CONFIG_PASSPHRASE"] = environ.get("PULUMI_CONFIG_PASSPHRASE", "")  # no setting is secret
    return {**environ, **local}


def preview(stage: str, environ: Mapping[str, str], build: Path = BUILD) -> int:
    """Show the preview of a stage; returns the exit code. The stage's own file ends as it was."""
    pulumi, file = command(environ), ROOT / f"Pulumi.{stage}.yaml"
    if pulumi is None:
        print(MISSING, file=sys.stderr)
        return 1
    if not file.is_file():
        print(f"Stage {stage} does not exist: there is no {file}. Set STAGE to another one.", file=sys.stderr)
        return 1
    environment = settings(environ, build)
    before = file.read_bytes()
    try:  # with a new stack or a preview, the CLI writes the salt of its passphrase into the tracked file
        for arguments in (["stack", "select", "--create", stage], ["preview", "--stack", stage]):
            done = subprocess.run([pulumi, *arguments, "--non-interactive"], cwd=ROOT, env=environment, check=False)
            if done.returncode:
                if language_plugin(environ, pulumi) is None:
                    print(NO_LANGUAGE, file=sys.stderr)
                return done.returncode
    finally:
        if file.read_bytes() != before:
            file.write_bytes(before)
    return 0


if __name__ == "__main__":
    sys.exit(preview(sys.argv[1], os.environ))
