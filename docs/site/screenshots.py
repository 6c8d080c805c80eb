"""`python -m docs.site.screenshots` takes the pictures of the console and of the command line anew.

They are of a laptop edition of their own.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from docs.site import terminal
from taskline.client import Taskline

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
WIDE, NARROW = (1200, 700), (390, 780)
SECONDS = 90
COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
COMMAND_LINE = (
    "taskline submit tasks.csv --type demo.echo",
    "taskline list --status failed",
    "taskline dead-letters list --groups",
    "taskline dead-letters redrive --error-class NETWORK --from 2h --dry-run",
    "taskline stats",
)
Picture = tuple[str, str, tuple[int, int], str]


@contextmanager
def edition() -> Generator[str]:
    """The address of a running laptop edition with an empty state."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory(prefix="taskline-pictures-") as folder:
        variables = {**os.environ, "TASKLINE_PORT": str(port), "TASKLINE_STATE_DIR": f"{folder}/state"}
        command = [sys.executable, "-m", "local"]
        with subprocess.Popen(command, cwd=ROOT, env=variables, stdout=subprocess.DEVNULL) as process:
            try:
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()


def fill(url: str) -> dict[str, str]:
    """Tasks of all kinds, some still under way; the ids of those that have pages of their own."""
    with Taskline(f"{url}/v1", timeout=SECONDS) as client:
        wait_for(client)
        shared: dict[str, Any] = {"description": "For the picture", "priority": "medium"}
        for number in range(24):
            echo = {"title": f"Invoice {4711 + number}", "type": "demo.echo", "data": {"invoice": 4711 + number}}
            client.submit({**shared, **echo, "ordering_key": f"customer-{number % 6}"})
        failing = {"probability": 1.0, "error_class": "VALIDATION"}
        for number in range(5):
            broken = {"title": f"Import {number}", "type": "demo.flaky", "data": failing}
            client.submit({**shared, **broken, "ordering_key": f"imports-{number % 2}"})
        flaky = {"title": "Charge the card of customer 42", "type": "demo.flaky", "ordering_key": "cards"}
        bank = {"probability": 1.0, "error_class": "NETWORK"}
        failed = client.submit({**shared, **flaky, "data": bank}).task_id
        client.wait(failed, timeout=SECONDS)
        for number in range(4):
            payment = {"title": f"Payment {number + 1}", "type": "demo.strict", "data": failing}
            client.submit({**shared, **payment, "ordering_key": "account-7"})
        slow = {"title": "Nightly report", "type": "demo.slow", "data": {"milliseconds": 4000}}
        for number in range(45):
            client.submit({**shared, **slow, "ordering_key": f"reports-{number % 3}"})
        history = client.get(failed).document["history"]
        arn = next((one["execution"] for one in history if one.get("execution")), "")
    return {"failed": failed, "arn": arn}


def wait_for(client: Taskline) -> None:
    """Until the edition responds."""
    for _ in range(SECONDS):
        try:
            client.health()
        except Exception:
            time.sleep(1)
        else:
            return
    raise SystemExit("The laptop edition did not start.")


def pictures(known: dict[str, str]) -> list[Picture]:
    """Each picture's name, address, size and theme."""
    return [
        ("overview", "/", WIDE, "light"),
        ("overview-dark", "/", WIDE, "dark"),
        ("tasks", "/tasks", WIDE, "light"),
        ("task", f"/tasks/{known['failed']}", WIDE, "light"),
        ("execution", f"/executions?arn={known['arn']}&task={known['failed']}", WIDE, "light"),
        ("keys", "/keys", WIDE, "light"),
        ("dead-letters", "/dead-letters", WIDE, "light"),
        ("submit", "/submit?preset=flaky", WIDE, "light"),
        ("system", "/system", WIDE, "light"),
        ("task-phone", f"/tasks/{known['failed']}", NARROW, "dark"),
    ]


def take(browser: Browser, url: str, picture: Picture, folder: Path) -> None:
    """Take one picture, once the page has been live for a moment."""
    name, path, (width, height), theme = picture
    scheme: Any = theme
    page = browser.new_page(base_url=url, viewport={"width": width, "height": height}, color_scheme=scheme)
    page.goto(path)
    page.wait_for_timeout(3000)
    page.screenshot(path=folder / f"{name}.png")
    page.close()


def take_terminal(browser: Browser, url: str, folder: Path) -> None:
    """Take the picture of the command line at work, as wide and high as what it prints."""
    lines = [f"Reminder {number},customer-{number % 50},{4711 + number}" for number in range(200)]
    with tempfile.TemporaryDirectory(prefix="taskline-pictures-") as place:
        (Path(place) / "tasks.csv").write_text("\n".join(["title,ordering_key,data.invoice", *lines]) + "\n")
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        shown = terminal.page(COMMAND_LINE, Path(place), {"PATH": path, "TASKLINE_URL": f"{url}/v1"})
    page = browser.new_page(device_scale_factor=1)
    page.set_content(shown)
    page.locator("pre").screenshot(path=folder / "terminal.png")
    page.close()


def main(folder: Path = IMAGES) -> None:
    """Take all pictures."""
    command = next((path for name in COMMANDS if (path := shutil.which(name))), None)
    if command is None:
        raise SystemExit("There is no Chromium. Install one, for example with `apt-get install chromium`.")
    folder.mkdir(parents=True, exist_ok=True)
    with edition() as url, sync_playwright() as playwright:
        known = fill(url)
        browser = playwright.chromium.launch(executable_path=command, args=["--no-sandbox"])
        for picture in pictures(known):
            take(browser, url, picture, folder)
        take_terminal(browser, url, folder)
        browser.close()


if __name__ == "__main__":
    main()
