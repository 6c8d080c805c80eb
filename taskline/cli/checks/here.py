"""Checks of this machine, and of how a stage is named."""

from __future__ import annotations

import platform
import sys

from taskline.cli.basis.version import own_version
from taskline.cli.checks.finding import Finding, bad, good, warning
from taskline.cli.running.session import Session

OLDEST = (3, 11)


def environment(_session: Session) -> Finding:
    """The Python, and this command."""
    found = f"taskline {own_version()}, Python {platform.python_version()}, {platform.system()}"
    if sys.version_info < OLDEST:
        return bad("environment", found, "Install Python 3.11 or later, and taskline with it.")
    return good("environment", found)


def stages_file(session: Session) -> Finding:
    """The file of stages, which may hold keys."""
    file = session.world.search().file()
    if not file.stages:
        return good("stages file", f"none at {file.path}")
    if file.is_readable_by_others():
        return warning("stages file", f"{file.path} holds API keys, and others can read it", f"chmod 600 {file.path}")
    return good("stages file", f"{file.path}: {', '.join(sorted(file.stages))}")


def stage(session: Session) -> Finding:
    """Which stage is meant."""
    found = session.stage
    return good("stage", f"{found.name} at {found.url}, by {found.found_by}")
