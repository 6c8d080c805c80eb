"""Which requests are sent again, when, and for how long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from taskline.client import (
    AsyncTaskline,
    ConnectionFailed,
    RateLimited,
    ReplyReceived,
    RequestSent,
    TasklineError,
    TimedOut,
    Timeouts,
    Unavailable,
)
from tests.steering.client.answers import NEW, Script, accepted, ok, problem
from tests.steering.client.both import URL, FakeClock, sync_client

Connect = Callable[..., Any]
LOST = [httpx.ConnectError("refused"), httpx.ReadTimeout("late"), httpx.RemoteProtocolError("cut off")]
PASSING = [*LOST, *(problem(status) for status in (408, 429, 502, 503, 504))]
FINAL = [problem(status) for status in (400, 401, 403, 404, 409, 413, 415, 422, 500, 501)]


def name_of(answer: object) -> str:
    return str(answer.status_code) if isinstance(answer, httpx.Response) else type(answer).__name__


@pytest.mark.parametrize("failure", PASSING, ids=name_of)
def test_what_passes_is_tried_again_with_the_same_key(connect: Connect, failure: Any) -> None:
    script = Script(failure, failure, accepted())
    assert connect(script).submit(NEW).task_id
    assert len(script.requests) == 3
    assert len(set(script.keys)) == 1
    assert script.keys[0], "a submission always has a key"


@pytest.mark.parametrize("failure", PASSING, ids=name_of)
def test_after_two_retries_the_error_says_how_it_was_tried(connect: Connect, failure: Any) -> None:
    script = Script(failure)
    with pytest.raises(TasklineError, match="after 3 tries") as caught:
        connect(script).submit(NEW, idempotency_key="my-key")
    assert (len(script.requests), caught.value.attempts) == (3, 3)
    assert (caught.value.retryable, caught.value.idempotency_key) == (True, "my-key")


@pytest.mark.parametrize("failure", FINAL, ids=name_of)
def test_what_does_not_pass_is_tried_once(connect: Connect, failure: Any) -> None:
    script = Script(failure)
    with pytest.raises(TasklineError) as caught:
        connect(script).submit(NEW)
    assert (len(script.requests), caught.value.retryable) == (1, False)


@pytest.mark.parametrize("failure", PASSING, ids=name_of)
@pytest.mark.parametrize(
    "post",
    [
        lambda client: client.redrive(dry_run=False),
        lambda client: client.redrive_task("an-id"),
        lambda client: client.call("post", "/redrive", json={}),
    ],
    ids=["redrive", "redrive_task", "call"],
)
def test_a_post_without_a_key_is_never_sent_twice(
    connect: Connect, failure: Any, post: Callable[[Any], object]
) -> None:
    script = Script(failure)
    with pytest.raises(TasklineError) as caught:
        post(connect(script))
    assert (len(script.requests), caught.value.retryable, script.keys) == (1, False, [None])


@pytest.mark.parametrize("failure", PASSING, ids=name_of)
@pytest.mark.parametrize(
    "repeatable",
    [
        lambda client: client.get("an-id"),
        lambda client: client.cancel("an-id"),
        lambda client: client.call("POST", "/tasks", json=NEW, idempotency_key="key"),
        lambda client: client.call("POST", "/tasks", json=NEW, headers={"idempotency-key": "key"}),
    ],
    ids=["get", "cancel", "call with a key", "call with a header"],
)
def test_what_has_the_same_effect_twice_is_sent_again(
    connect: Connect, failure: Any, repeatable: Callable[[Any], object]
) -> None:
    script = Script(failure, accepted())
    repeatable(connect(script))
    assert len(script.requests) == 2


def test_the_breaker_is_put_into_the_same_state_again(connect: Connect) -> None:
    script = Script(problem(503))
    client = connect(script)
    for change in (client.open_breaker, client.close_breaker):
        with pytest.raises(Unavailable):
            change("A reason")
    assert [body["state"] for body in script.bodies] == ["open"] * 3 + ["closed"] * 3


def test_closing_a_key_is_sent_again_and_opening_it_only_with_the_head_that_it_may_skip(connect: Connect) -> None:
    for change, times in (
        (lambda client: client.close_key("k", "A reason"), 3),
        (lambda client: client.open_key("k", "A reason", head="an-id"), 3),
        (lambda client: client.open_key("k", "A reason"), 1),
    ):
        script = Script(problem(503))
        with pytest.raises(Unavailable):
            change(connect(script))
        assert len(script.requests) == times, "the second time it could skip another task"


def test_each_submission_has_a_key_of_its_own(connect: Connect) -> None:
    script = Script(accepted())
    client = connect(script)
    made = [client.submit(NEW).idempotency_key for _ in range(3)]
    assert script.keys == made
    assert len(set(made)) == 3


def test_pauses_double_from_half_a_second_to_eight(connect: Connect, clock: FakeClock) -> None:
    with pytest.raises(Unavailable):
        connect(Script(problem(503)), retries=7, timeout=1000).get("an-id")
    assert clock.slept == [0.5, 1, 2, 4, 8, 8, 8]


def test_chance_makes_pauses_shorter_by_a_quarter_at_most(connect: Connect, clock: FakeClock) -> None:
    clock.chance = 1.0
    with pytest.raises(Unavailable):
        connect(Script(problem(503)), retries=2).get("an-id")
    assert clock.slept == [0.375, 0.75]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("asked", "slept"), [("7", 7), ("0", 0.5), ("3600", 30), ("soon", 0.5), ("-5", 0.5)])
def test_the_api_may_ask_to_wait_up_to_half_a_minute(
    connect: Connect, clock: FakeClock, status: int, asked: str, slept: float
) -> None:
    connect(Script(problem(status, retry_after=asked), accepted())).get("an-id")
    assert clock.slept == [slept]


@pytest.mark.parametrize("sent", [True, False])
def test_the_api_may_ask_to_wait_until_a_date(connect: Connect, clock: FakeClock, sent: bool) -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC) if sent else datetime.fromtimestamp(clock.clock.now(), UTC)
    headers = {"date": format_datetime(now, usegmt=True)} if sent else {}
    later = format_datetime(now + timedelta(seconds=9), usegmt=True)
    connect(Script(problem(503, retry_after=later, **headers), accepted())).get("an-id")
    assert clock.slept == [9], "counted by the API's own clock if it says what that is"


def test_no_pause_ends_after_the_deadline(connect: Connect, clock: FakeClock) -> None:
    script = Script(problem(429, retry_after="20"))
    with pytest.raises(RateLimited) as caught:
        connect(script, timeout=15).get("an-id")
    assert (clock.slept, len(script.requests), caught.value.retry_after) == ([], 1, 20)


def test_all_tries_together_keep_one_deadline(connect: Connect, clock: FakeClock) -> None:
    limits: list[dict[str, float]] = []

    def hang(request: httpx.Request) -> httpx.Response:
        limits.append(request.extensions["timeout"])
        clock.pass_by(limits[-1]["read"])
        raise httpx.ReadTimeout("late")

    began = clock.seconds
    with pytest.raises(TimedOut):
        connect(hang, retries=9).get("an-id")
    assert clock.seconds - began <= 60
    assert [one["connect"] for one in limits] == [5, 5], "a pause after the second try would end too late"
    assert limits[0]["read"] == 30
    assert limits[1]["read"] == 29.5, "the second try has only the rest of the time"


def test_a_number_is_the_time_for_all_tries_and_each_part_can_be_set(connect: Connect) -> None:
    script = Script(ok({"status": "healthy", "timestamp": ""}))
    connect(script, timeout=3).health()
    connect(script, timeout=Timeouts(connect=1, read=2, total=9)).health()
    connect(script).with_options(timeout=2, retries=0).health()
    found = [request.extensions["timeout"] for request in script.requests]
    assert [(one["connect"], one["read"]) for one in found] == [(3, 3), (1, 2), (2, 2)]


@pytest.mark.parametrize("wrong", [{"timeout": 0}, {"timeout": Timeouts}, {"retries": -1}])
def test_settings_that_make_no_sense_are_refused(connect: Connect, wrong: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        connect(Script(accepted()), **wrong)


def test_other_options_share_the_connections(connect: Connect) -> None:
    script = Script(problem(503))
    client = connect(script)
    with pytest.raises(Unavailable):
        client.with_options(retries=0).get("an-id")
    assert len(script.requests) == 1
    with pytest.raises(Unavailable):
        client.get("an-id")
    assert len(script.requests) == 4, "the client itself is as it was"


def test_a_hook_sees_each_try_and_its_end_without_credentials(connect: Connect, clock: FakeClock) -> None:
    seen: list[Any] = []
    client = connect(Script(httpx.ConnectError("refused"), accepted()), api_key="a-secret", hook=seen.append)
    client.submit(NEW, idempotency_key="key")
    first, lost, second, done = seen
    url = "https://api.example.com/v1/tasks"
    assert first == RequestSent(method="POST", url=url, attempt=1, idempotency_key="key")
    assert isinstance(lost, ReplyReceived)
    assert (lost.status, lost.retry_in, second.attempt) == (None, 0.5, 2)
    assert "refused" in str(lost.error)
    assert (done.status, done.error, done.retry_in) == (202, None, None)
    assert "a-secret" not in repr(seen)


def test_a_response_that_drips_is_cut_off(clock: FakeClock) -> None:
    def drip() -> Any:
        for _ in range(100):
            clock.pass_by(20)
            yield b" "

    client = sync_client(lambda request: httpx.Response(200, content=drip()), clock=clock.clock, retries=0)
    with pytest.raises(TimedOut, match="no complete response"):
        client.get("an-id")
    assert clock.seconds == 1080, "httpx limits each read; the fourth ended after the sixty seconds for all"


def test_an_asynchronous_request_is_cut_off_too() -> None:
    async def hang(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(3600)
        return accepted()

    async def ask() -> None:
        async with AsyncTaskline(URL, transport=httpx.MockTransport(hang), timeout=0.05, retries=0) as client:
            await client.get("an-id")

    with pytest.raises(TimedOut, match="no complete response"):
        asyncio.run(ask())


def test_a_lost_connection_says_which_request_may_have_been_carried_out(connect: Connect) -> None:
    with pytest.raises(ConnectionFailed, match="may have been carried out"):
        connect(Script(httpx.ReadError("reset"))).redrive_task("an-id")
