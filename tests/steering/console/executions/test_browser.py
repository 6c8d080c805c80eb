"""The page of an execution in a real Chromium: by keyboard, on a phone, in both themes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypercorn.asyncio import serve
from hypercorn.config import Config
from playwright.sync_api import Page, sync_playwright

from tests.local.laptop import free_port
from tests.local.web.chromium import FLAGS, chromium
from tests.steering.console.executions.recordings import ARN, recorded
from tests.steering.console.executions.test_page import page as console_of

pytestmark = [
    pytest.mark.check,
    pytest.mark.skipif(chromium() is None, reason="this machine has no Chromium"),
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The page of a failed task's execution, served on a free port."""
    console, _ = console_of(recorded("failure").lines)
    port, stop = free_port(), threading.Event()
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.errorlog = None
    app: Any = console.app

    async def run() -> None:
        await serve(app, config, shutdown_trigger=lambda: asyncio.to_thread(stop.wait))

    serving = threading.Thread(target=lambda: asyncio.run(run()))
    serving.start()
    yield f"http://127.0.0.1:{port}/executions?arn={ARN}"
    stop.set()
    serving.join()


@pytest.fixture
def browser(request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of a browser, of a size that a test may choose; it fails a test whose page reports an error."""
    width, height = getattr(request, "param", (1280, 900))
    errors: list[str] = []
    with sync_playwright() as running:
        started = running.chromium.launch(executable_path=chromium(), args=[*FLAGS[1:]])
        opened = started.new_page(viewport={"width": width, "height": height})
        opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        opened.on("pageerror", lambda error: errors.append(str(error)))
        opened.set_default_timeout(20_000)
        yield opened
        started.close()
    assert errors == [], "the page's policy refuses nothing of its own, and no script fails"


def test_a_state_is_chosen_by_keyboard_and_stays_chosen_in_each_view(browser: Page, address: str) -> None:
    browser.goto(address)
    browser.locator("a.node", has_text="RecordFailure").focus()
    browser.keyboard.press("Enter")
    browser.wait_for_url("**step=RecordFailure*")
    for view in ("Timeline", "Steps", "Events", "Graph"):
        browser.get_by_role("navigation", name="Views of the execution").get_by_role("link", name=view).first.click()
        browser.wait_for_url(f"**view={view.lower()}*")
        assert browser.locator("#step-title").inner_text() == "RecordFailure"
    assert browser.locator("a.node[aria-current=true]").get_attribute("aria-label") == (
        "RecordFailure, Task, succeeded in 8 ms"
    )


def test_back_returns_to_what_was_chosen_before(browser: Page, address: str) -> None:
    browser.goto(address)
    browser.locator("a.node", has_text="ClaimTask").click()
    browser.wait_for_url("**step=ClaimTask*")
    browser.go_back()
    browser.wait_for_url(address)
    assert browser.locator("#step-title").inner_text() == "ProcessTask"


@pytest.mark.parametrize("browser", [(390, 844)], indirect=True)
def test_on_a_phone_only_the_graph_scrolls_and_what_is_chosen_is_in_sight(browser: Page, address: str) -> None:
    for view in ("graph", "timeline", "steps", "events"):
        browser.goto(f"{address}&view={view}")
        assert browser.evaluate("document.documentElement.scrollWidth") == 390
    browser.goto(address)
    chosen = browser.locator("a.node.is-selected").bounding_box()
    assert chosen is not None
    assert chosen["x"] >= 0
    assert chosen["x"] + chosen["width"] <= 390


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_do_not_leave_their_boxes(browser: Page, address: str, theme: str) -> None:
    browser.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    browser.goto(address)
    outside = browser.evaluate(
        """() => [...document.querySelectorAll("a.node")].filter((node) => {
            const box = node.querySelector("rect").getBoundingClientRect();
            return [...node.querySelectorAll("text")].some((text) => text.getBoundingClientRect().right > box.right);
        }).map((node) => node.textContent)"""
    )
    assert outside == []
