"""Checks of the API: whether it is there, what it says of itself, and what it lets this caller do."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from taskline.cli.basis.exits import CommandFailed, ExitCode
from taskline.cli.basis.problems import explained
from taskline.cli.checks.finding import Finding, bad, good, skipped, warning
from taskline.cli.render.words import count
from taskline.cli.running.session import Session
from taskline.lanes import lanes_of
from taskline.stages import KEY_VARIABLE

API_VERSION = "1"
WORST_SKEW = 60.0  # seconds; AWS refuses signatures of five minutes
LOCAL = ("127.0.0.1", "localhost", "::1")
TIMEOUT = 10.0
SHOWN_KEYS = 5


@functools.cache
def _health(session: Session) -> Any:
    """The response to GET /health, which needs no key."""
    import httpx

    with httpx.Client(transport=session.world.transport, timeout=TIMEOUT) as client:
        return client.get(f"{session.stage.url}/health")


def address(session: Session) -> Finding:
    """Whether the API of Taskline is at the address."""
    import httpx

    url = session.stage.url
    try:
        response = _health(session)
    except httpx.HTTPError as error:
        return bad("url", f"{url} does not answer: {error}", _reach(session, str(error)))
    try:
        healthy = response.json().get("status") == "healthy"
    except (ValueError, AttributeError):
        healthy = False
    if response.status_code == httpx.codes.OK and healthy:
        return good("url", f"{url} is healthy")
    return bad(
        "url",
        f"{url}/health answers {response.status_code}, and not as Taskline does",
        "Check the address and its path: it ends with the API's stage, /v1. `pulumi stack output api_url` prints it.",
    )


def _reach(session: Session, error: str) -> str:
    if "CERTIFICATE" in error.upper():
        return "Its certificate is not trusted here. Check the address; for a private authority set SSL_CERT_FILE."
    if session.stage.is_laptop or urlsplit(session.stage.url).hostname in LOCAL:
        return "Start the laptop edition: taskline local. It prints its address."
    return "Check the address, the network and the proxy (HTTPS_PROXY)."


def tls(session: Session) -> Finding:
    """Whether what is sent can be read on the way."""
    parts = urlsplit(session.stage.url)
    if parts.scheme == "https":
        _health(session)
        return good("tls", "the certificate is trusted")
    if parts.hostname in LOCAL:
        return good("tls", "not needed on this machine")
    return bad("tls", "plain HTTP: keys and data can be read on the way", "Use the https:// address.")


def clock(session: Session) -> Finding:
    """Whether this machine's clock agrees with the API's: signatures carry the time."""
    date = _health(session).headers.get("Date")
    if not date:
        return skipped("clock", "the API does not say what time it is")
    skew = (datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds()
    if abs(skew) > WORST_SKEW:
        direction = "ahead" if skew > 0 else "behind"
        return bad(
            "clock", f"this clock is {abs(skew):.0f} s {direction}", "Synchronise it: timedatectl set-ntp true."
        )
    return good("clock", f"agrees within {abs(skew) + 1:.0f} s")


def api_version(session: Session) -> Finding:
    """Whether this command knows the API's version."""
    found = str(session.api.document().get("info", {}).get("version", "unknown"))
    if found != API_VERSION:
        return warning("version", f"the API has version {found}, this command knows {API_VERSION}", "Update taskline.")
    return good("version", f"the API has version {found}")


def key(session: Session) -> Finding:
    """Whether the API takes this caller's key or signature."""
    stage = session.stage
    try:
        session.api.first_page()
    except Exception as error:
        failure = explained(error)
        if failure.code is not ExitCode.NOT_ALLOWED:
            raise
        if stage.api_key:
            return bad(
                "key", "the API refuses the key", f"Check {KEY_VARIABLE}; see `pulumi stack output api_key_ids`."
            )
        remedy = f"Set {KEY_VARIABLE}, or api_key in the file of stages. Where clients sign, use --stage NAME."
        return bad("key", "the API wants a key, and none is set", remedy)
    return good(
        "key", "accepted" if stage.api_key else "none is needed" if not stage.sign else "the signature is accepted"
    )


@functools.cache
def _breaker(session: Session) -> Any:
    """The breaker, or why this caller does not get it."""
    try:
        return session.api.breaker()
    except Exception as error:
        failure = explained(error)
        if failure.code in (ExitCode.NOT_ALLOWED, ExitCode.NOT_FOUND):
            return failure
        raise


def operator(session: Session) -> Finding:
    """Whether this caller may use the operations: the API says 404 to whoever does not sign."""
    found = _breaker(session)
    if not isinstance(found, CommandFailed):
        return good("operator", "the operations may be used")
    if session.stage.sign:
        remedy = "Ask for execute-api:Invoke on the API, and check `aws sts get-caller-identity`."
        return warning("operator", "AWS does not allow these credentials the operations", remedy)
    remedy = "Operators sign: name the stage with --stage NAME, or set sign = true in the file of stages."
    return warning("operator", "no operator rights: perhaps the requests are not signed", remedy)


def breaker(session: Session) -> Finding:
    """Whether the breaker lets tasks be processed."""
    found = _breaker(session)
    if isinstance(found, CommandFailed):
        return skipped("breaker", "only operators see it")
    why = f"{found['state']} since {found.get('since')} by {found.get('by')}: {found.get('reason')}"
    if found["state"] == "closed":
        return good("breaker", "closed: tasks are processed")
    if found["state"] == "half_open":
        return warning("breaker", f"on trial, {why}", "Wait: it closes by itself if the runs succeed.")
    remedy = "taskline breaker close --reason ..., when its cause is gone"
    by_itself = "" if found.get("manual") else f"; it tries by itself at {found.get('next_step_at')}"
    return bad("breaker", f"nothing runs, it is {why}", f"{remedy}{by_itself}.")


def _running(pipes: list[Any], session: Session) -> Finding:
    """What there is to say when all pipes run that should: how far a change of the number of lanes is."""
    waiting = sum(one["waits"] for one in pipes)
    if waiting:
        shown = f"RUNNING; {count(waiting, 'new lane')} will start when the lanes before are empty"
        return warning("pipe", shown, "Wait: the breaker's function looks once a minute. See the runbook.")
    if any(lane.drains for lane in lanes_of(session.stage.outputs)):
        remedy = "Set lanesBefore to 0 and remove lanesFrom, then deploy. Nothing is left in the old queues."
        return warning("pipe", "RUNNING; the lanes before have drained, and are not needed any more", remedy)
    return good("pipe", "RUNNING" if len(pipes) < 2 else f"RUNNING, {count(len(pipes), 'lane')}")


def pipe(session: Session) -> Finding:
    """Whether messages move from the queue to the state machine."""
    found = _breaker(session)
    if isinstance(found, CommandFailed):
        return skipped("pipe", "only operators see it")
    state = found["pipe"]
    shown = (
        f"{state['current_state']} ({state['state_reason']})" if state.get("state_reason") else state["current_state"]
    )
    pipes: list[Any] = found.get("pipes") or []
    if found.get("pipe_stopped"):
        name = next((one["name"] for one in pipes if one["stopped"]), session.stage.outputs.get("pipe_name", "NAME"))
        remedy = f"Find out why, then start it: aws pipes start-pipe --name {name}. See the runbook, A stopped pipe."
        return bad("pipe", f"{shown}, and not by the breaker", remedy)
    if state["current_state"] == "RUNNING":
        return _running(pipes, session)
    return warning(
        "pipe", f"{shown}, will be {state['desired_state']}", "The breaker stopped it: see there, and wait."
    )


def keys(session: Session) -> Finding:
    """Which keys are halted: closed by a failure, or by an operator.

    Keys that drain and keys whose head takes long open by themselves.
    """
    if isinstance(_breaker(session), CommandFailed):
        return skipped("keys", "only operators see it")
    try:
        halted = [key for key in session.api.closed_keys() if key["cause"] not in ("draining", "running")]
    except Exception as error:
        if explained(error).code is not ExitCode.NOT_FOUND:
            raise
        return skipped("keys", "this stage's API cannot close keys yet")
    if not halted:
        return good("keys", "none is halted")
    parked = sum(key["parked"] for key in halted)
    shown = ", ".join(key["key"] for key in halted[:SHOWN_KEYS]) + (", ..." if len(halted) > SHOWN_KEYS else "")
    remedy = "See why: taskline gates list. Redrive the head, or skip it: taskline gates open KEY --reason ..."
    return warning("keys", f"{count(len(halted), 'key')} halted, {count(parked, 'task')} parked: {shown}", remedy)
