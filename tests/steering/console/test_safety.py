"""Who may do what, and what pages may run and load."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import taskline.console
from taskline.console.app import create_app
from taskline.console.stage import Stage
from tests.steering.console.conftest import Opened, open_console, read
from tests.steering.console.fakes import OUTPUTS, FakeApi, task

FOLDER = Path(taskline.console.__file__).parent
PAGES = ("/", "/tasks", "/keys", "/keys/show?key=customer-1", "/dead-letters", "/dead-letters/redrive", "/submit",
         "/system", "/nothing")  # fmt: skip


@pytest.mark.parametrize("path", [*PAGES, "/static/console.css"])
def test_every_response_forbids_what_is_not_our_own(opened: Opened, path: str) -> None:
    headers = opened.browser.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_inline_scripts_or_styles(api: FakeApi, opened: Opened, path: str) -> None:
    api.tasks = {one["task_id"]: one for one in [task(1, "failed"), task(2, "queued")]}
    page = opened.browser.get(path).text
    assert not re.search(r"<script(?![^>]*\ssrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//(?!api\.test)', page), "nothing is loaded from elsewhere"


def test_our_own_script_stays_short() -> None:
    assert len((FOLDER / "static" / "console.js").read_text().splitlines()) <= 300


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:4001", ""])
def test_another_name_is_not_served(opened: Opened, host: str) -> None:
    response = opened.browser.get("/", headers={"host": host})
    assert response.status_code == 403
    assert "is not served here" in response.text


@pytest.mark.parametrize("host", ["127.0.0.1:9", "localhost", "[::1]:4001"])
def test_the_names_of_this_machine_are_served(opened: Opened, host: str) -> None:
    assert opened.browser.get("/tasks", headers={"host": host}).status_code == 200


def test_given_hosts_are_the_only_ones(api: FakeApi) -> None:
    stage = Stage(name="dev", url="http://api.test/v1", outputs=OUTPUTS, client=dict[str, str]().__getitem__)
    app = create_app(stage, hosts=["taskline.test:4000"], transport=api.transport)
    for base, status in (("http://taskline.test:4000", 200), ("http://127.0.0.1:4000", 403)):
        assert TestClient(app, base_url=base).get("/submit").status_code == status


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
    ],
)
def test_a_form_of_another_site_changes_nothing(api: FakeApi, opened: Opened, headers: dict[str, str]) -> None:
    one = task(1, "failed")
    api.tasks = {one["task_id"]: one}
    response = opened.post_as(headers, f"/tasks/{one['task_id']}/redrive")
    assert response.status_code == 403
    assert "came from another site" in read(response.text)
    assert one["status"] == "failed"


@pytest.mark.parametrize("token", ["", "wrong", "ü"])
def test_a_form_without_the_token_of_this_process_changes_nothing(api: FakeApi, opened: Opened, token: str) -> None:
    one = task(1, "failed")
    api.tasks = {one["task_id"]: one}
    response = opened.post(f"/tasks/{one['task_id']}/redrive", token=token)
    assert response.status_code == 403
    assert "before the console was restarted" in read(response.text), "it says what to do"
    assert one["status"] == "failed"


def test_every_change_needs_the_token(opened: Opened) -> None:
    app: Any = opened.browser.app
    changing = [route.path for route in app.routes if "POST" in (getattr(route, "methods", None) or ())]
    assert len(changing) > 10
    for path in changing:
        response = opened.browser.post(re.sub(r"\{\w+\}", "x", path), headers={"sec-fetch-site": "same-origin"})
        assert response.status_code == 403, path


def test_nothing_is_changed_by_reading(api: FakeApi, opened: Opened) -> None:
    api.tasks = {one["task_id"]: one for one in [task(1, "failed"), task(2, "queued")]}
    for path in PAGES:
        opened.browser.get(path)
    changing = [(verb, where, body) for verb, where, body in api.calls if verb != "GET"]
    assert all(where == "/redrive" and body["dry_run"] for _, where, body in changing), changing


def test_a_mistake_of_our_own_shows_no_traceback(opened: Opened) -> None:
    opened.aws.depth = {"ApproximateNumberOfMessages": "a secret detail"}
    response = opened.browser.get("/")
    assert response.status_code == 500
    assert "secret" not in response.text
    assert "Traceback" not in response.text
    assert response.headers["content-security-policy"]


def test_credentials_are_on_no_page(api: FakeApi) -> None:
    opened = open_console(api, api_key="key-4711", is_laptop=False)
    opened.aws.denied = {"sqs", "cloudwatch", "lambda", "dynamodb"}
    api.tasks = {one["task_id"]: one for one in [task(1, "failed")]}
    for path in PAGES:
        page = opened.browser.get(path).text
        assert "key-4711" not in page
        assert "AKIA" not in page
        assert "hidden" not in re.sub(r'type="hidden"|visually-hidden|aria-hidden|\shidden', "", page)


def test_one_is_sent_back_to_our_own_pages_only(opened: Opened) -> None:
    for back, place in (("/tasks?status=failed", "/tasks?status=failed"), ("https://evil.example", "/"),
                        ("//evil.example", "/"), ("/\\evil.example", "/")):  # fmt: skip
        assert opened.post("/preferences", theme="dark", back=back).headers["location"] == place


def test_the_theme_is_in_the_page_before_any_script(opened: Opened) -> None:
    response = opened.post("/preferences", theme="dark", back="/tasks")
    assert "taskline_theme=dark" in response.headers["set-cookie"]
    assert 'data-theme="dark"' in opened.see("/tasks", taskline_theme="dark")
    assert 'data-theme="auto"' in opened.see("/tasks", taskline_theme='"><script>')
