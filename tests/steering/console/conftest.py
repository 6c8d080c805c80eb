"""A console of a stage in memory, and a client that sends what a browser sends."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

import pytest
from httpx import Response
from starlette.testclient import TestClient

from taskline.console.app import create_app
from taskline.console.stage import Stage
from tests.steering.console.fakes import OUTPUTS, FakeApi, FakeAws

HOST = "127.0.0.1:4001"


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A console, its stage, and a browser that looks at it."""

    api: FakeApi
    aws: FakeAws
    browser: TestClient

    def see(self, path: str, status: int = 200, **cookies: str) -> str:
        """A page."""
        headers = {"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())} if cookies else {}
        response = self.browser.get(path, headers=headers)
        assert response.status_code == status, response.text
        return response.text

    def text(self, path: str, status: int = 200, **cookies: str) -> str:
        """What a reader sees of a page: its text in one line, without markup."""
        return read(self.see(path, status, **cookies))

    def post(self, path: str, **fields: str) -> Response:
        """Send a form with the token that the page has."""
        return self.post_as({}, path, **fields)

    def post_as(self, headers: dict[str, str], path: str, **fields: str) -> Response:
        """Send a form with other headers."""
        token = re.search(r'name="token" value="([^"]+)"', self.see("/submit"))
        assert token
        return self.browser.post(
            path,
            data={"token": token[1], **fields},
            headers={"sec-fetch-site": "same-origin", "origin": f"http://{HOST}", **headers},
            follow_redirects=False,
        )


def read(page: str) -> str:
    """The text of a page in one line, without markup."""
    body = page.partition("<main")[2] or page
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def opened(api: FakeApi) -> Opened:
    return open_console(api)


def open_console(api: FakeApi, **options: Any) -> Opened:
    """The console of a stage with this API."""
    aws = FakeAws(api)
    fields: dict[str, Any] = {
        "name": "dev",
        "url": "http://api.test/v1",
        "outputs": OUTPUTS,
        "client": aws.client,
        "is_laptop": True,
    }
    app = create_app(Stage(**{**fields, **options}), transport=api.transport)
    return Opened(api=api, aws=aws, browser=TestClient(app, base_url=f"http://{HOST}", raise_server_exceptions=False))
