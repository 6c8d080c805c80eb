"""The console of a stack that is not the laptop's own: found by its published outputs, with credentials for AWS.

The emulator of a second laptop edition stands in the place of AWS.
"""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from local.emulator.address import split
from local.host.options import PROJECT_ROOT
from tests.local.laptop import Laptop, eventually, free_port
from tests.local.web.chromium import needed

pytestmark = pytest.mark.nightly
FAILING = {"probability": 1.0, "error_class": "VALIDATION"}
PATIENCE = 30_000  # milliseconds; the machine may be busy


@pytest.fixture(name="editions", scope="module")
def _editions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Laptop, Laptop]]:
    """The laptop's own, and the one that is the stack."""
    folder = tmp_path_factory.mktemp("two")
    own, stack = Laptop(folder / "own"), Laptop(folder / "stack")
    try:
        own.start()
        stack.start()
        yield own, stack
    finally:
        own.ensure_stopped()
        stack.ensure_stopped()


@pytest.fixture(name="address", scope="module")
def _address(editions: tuple[Laptop, Laptop]) -> Iterator[str]:
    """Where `taskline console --stage dev` serves the stack, started beside the laptop's own edition."""
    own, stack = editions
    secret, endpoint = split(stack.runtime["endpoint"])
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TASKLINE_"))}
    variables = {
        **kept,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_SDK_UA_APP_ID": secret,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": str(stack.runtime["region"]),
        "TASKLINE_STATE_DIR": str(own.state_dir),
    }
    command = [sys.executable, "-m", "taskline", "console", "--stage", "dev", "--port", f"{port}"]
    with subprocess.Popen(command, cwd=PROJECT_ROOT, env=variables) as process:
        try:
            eventually(lambda: answers(f"http://127.0.0.1:{port}/"), 60)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=20) as response:
            return response.status == 200
    except OSError:
        return False


@pytest.fixture(name="page")
def _page(address: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path=needed(), args=["--no-sandbox"])
        page = browser.new_page(base_url=address)
        page.set_default_timeout(PATIENCE)
        yield page
        browser.close()


def test_it_shows_the_tasks_of_the_stack_and_redrives_them(editions: tuple[Laptop, Laptop], page: Page) -> None:
    own, stack = editions
    mine: Any = own.finished(own.post(title="Mine", type="demo.echo", ordering_key="mine"))
    failed: Any = stack.finished(stack.post(title="Broken", type="demo.flaky", ordering_key="k", data=FAILING))

    page.goto("/tasks")
    expect(page.locator(f"""a[href="/tasks/{failed["task_id"]}"]""").first).to_be_visible(timeout=PATIENCE)
    expect(page.locator(f"""a[href="/tasks/{mine["task_id"]}"]""")).to_have_count(0)
    expect(page.locator("body")).to_contain_text("on AWS")

    page.goto(f"/tasks/{failed['task_id']}")
    expect(page.locator("main")).to_contain_text("VALIDATION", timeout=PATIENCE)
    page.locator("main a[href^='/executions']").first.click()
    expect(page.locator("main")).to_contain_text("ProcessTask", timeout=PATIENCE)

    page.goto(f"/tasks/{failed['task_id']}")
    page.get_by_role("button", name="Redrive").click()
    expect(page.get_by_role("status").filter(has_text="Redriven")).to_be_visible(timeout=PATIENCE)
    eventually(lambda: stack.read(failed["task_id"])["attempts"] > failed["attempts"], 60)

    answer = page.goto(f"/tasks/{mine['task_id']}")
    assert answer is not None
    assert answer.status == 404, "the laptop's own edition has it, and the stack does not"
