"""One request to the API: sent again where that is safe, until its deadline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from taskline.client.basis.errors import TasklineError
from taskline.client.basis.settings import Clock, Options, ReplyReceived, RequestSent
from taskline.client.protocol import failures
from taskline.client.protocol.commands import Exchange, Flow, Pause
from taskline.client.protocol.messages import Call, Lost, Reply

T = TypeVar("T")
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0
JITTER = 0.25  # the part of a pause that is left to chance
LONGEST_OBEYED = 30.0  # seconds that the API may ask to wait
_SHORTEST = 0.001  # no time limit is zero: to some libraries that means none


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Performs requests: where to, with which settings, by which clock."""

    url: str
    options: Options
    clock: Clock

    def perform(self, call: Call[T], deadline: float | None = None) -> Flow[T]:
        """Send it until it succeeds; a `TasklineError` if it does not, or must not be sent again.

        `deadline` is a moment of the monotonic clock that is kept besides the client's own time limit.
        """
        now = self.clock.monotonic()
        ends = now + self.options.timeouts.total
        attempts = _Attempts(caller=self, call=call, ends=ends if deadline is None else min(ends, deadline))
        while True:
            outcome = yield from attempts.send()
            if isinstance(outcome, _Success):
                return outcome.value
            yield Pause(seconds=outcome)


@dataclass(frozen=True, kw_only=True)
class _Success:
    value: Any


@dataclass(kw_only=True)
class _Attempts:
    """The tries of one request; `ends` is when all of them have to be over."""

    caller: Caller
    call: Call[Any]
    ends: float
    count: int = 0

    def send(self) -> Flow[_Success | float]:
        """Try once: the result, or the seconds until the next try. Raises the error if there is none."""
        self.count += 1
        self._report_sent()
        started = self.caller.clock.monotonic()
        outcome: Reply | Lost = yield self._exchange(started)
        seconds = self.caller.clock.monotonic() - started
        try:
            result, asked = self._judge(outcome)
        except TasklineError as error:
            pause = self._pause(error.retry_after) if error.retryable else None
            self._report(outcome, seconds, pause, error)
            if pause is None:
                raise
            return pause
        pause = self._pause(asked) if self.call.is_incomplete(result) else None
        self._report(outcome, seconds, pause)
        return _Success(value=result) if pause is None else pause

    def _exchange(self, now: float) -> Exchange:
        timeouts, remaining = self.caller.options.timeouts, max(self.ends - now, _SHORTEST)
        return Exchange(
            method=self.call.method,
            url=self._url,
            headers=self.call.all_headers(),
            body=self.call.body,
            connect=min(timeouts.connect, remaining),
            read=min(timeouts.read, remaining),
            remaining=remaining,
        )

    def _judge(self, outcome: Reply | Lost) -> tuple[Any, float | None]:
        """The result, and the seconds that the API asks to wait in case it is incomplete."""
        if isinstance(outcome, Lost):
            raise failures.lost(self.call, outcome, self.count)
        now = self.caller.clock.now()
        if not outcome.is_success:
            raise failures.refused(self.call, outcome, self.count, now)
        try:
            return self.call.read(outcome), failures.retry_after(outcome, now)
        except (ValueError, RecursionError) as error:
            raise failures.unexpected(self.call, outcome, str(error)) from error

    def _pause(self, asked: float | None) -> float | None:
        """Seconds until the next try; None if there is none, because tries or time are used up."""
        if self.count > self.caller.options.retries:
            return None
        usual = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (self.count - 1)) * (1 - JITTER * self.caller.clock.random())
        pause = usual if asked is None else max(usual, min(asked, LONGEST_OBEYED))
        return pause if self.caller.clock.monotonic() + pause < self.ends else None

    @property
    def _url(self) -> str:
        return self.call.target(self.caller.url)

    def _report_sent(self) -> None:
        if hook := self.caller.options.hook:
            key = self.call.idempotency_key
            hook(RequestSent(method=self.call.method, url=self._url, attempt=self.count, idempotency_key=key))

    def _report(
        self, outcome: Reply | Lost, seconds: float, pause: float | None, error: TasklineError | None = None
    ) -> None:
        if hook := self.caller.options.hook:
            event = ReplyReceived(
                method=self.call.method,
                url=self._url,
                attempt=self.count,
                seconds=seconds,
                status=outcome.status if isinstance(outcome, Reply) else None,
                request_id=outcome.request_id if isinstance(outcome, Reply) else None,
                error=str(error) if error else None,
                retry_in=pause,
            )
            hook(event)
