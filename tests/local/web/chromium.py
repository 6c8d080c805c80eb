"""A real browser that opens a page and lets it run until it reports."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    *("--no-proxy-server", "--disable-background-networking", "--disable-component-update", "--disable-extensions"),
)


def chromium() -> str | None:
    """The path of the browser's command, None if there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def needed() -> str:
    """The browser's command. Without a browser, the test is skipped on a developer's machine, and fails under CI."""
    command = chromium()
    if command is not None:
        return command
    problem = "NO BROWSER: web pages are not tried; install one with `apt-get install chromium`"
    if os.environ.get("CI"):
        pytest.fail(f"{problem}. With the variable CI set, it is required.")
    pytest.skip(problem)


@contextlib.contextmanager
def browsing(command: str, url: str, hosts: str, profile: Path) -> Generator[subprocess.Popen[bytes]]:
    """The browser with this page open. `hosts` are Chromium's rules for the addresses of names."""
    arguments = [command, *FLAGS, f"--user-data-dir={profile}", f"--host-resolver-rules={hosts}", url]
    with profile.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(arguments, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
