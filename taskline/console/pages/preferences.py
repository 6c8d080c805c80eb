"""The switches of zone, theme and shortcuts."""

from __future__ import annotations

from starlette.responses import Response

from taskline.console.web import viewer
from taskline.console.web.page import Sent, go_to


def choose(sent: Sent) -> Response:
    """Keep what was chosen, and go back."""
    response = go_to(sent.text("back"))
    for field, cookie, allowed in (
        ("theme", viewer.THEME_COOKIE, viewer.THEMES),
        ("times", viewer.TIMES_COOKIE, viewer.TIMES),
        ("shortcuts", viewer.KEYS_COOKIE, ("on", "off")),
    ):
        if sent.text(field) in allowed:
            viewer.keep(response, cookie, sent.text(field))
    return response
