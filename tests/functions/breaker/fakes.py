"""A pipe, a store and a counter for the tests of the breaker, which can crash at any call."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from functions.tasks.breaker.control import Control, PipeState
from functions.tasks.breaker.states import Attempts, Breaker, Period, Rules

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
RULES = Rules(
    failure_rate=0.5,
    minimum=4,
    period=timedelta(minutes=1),
    cool_down=timedelta(minutes=5),
    probe=timedelta(minutes=1),
)


class Crashed(Exception):
    """The function crashed here."""


@dataclass
class FakePorts:
    """All ports of the breaker. `crashes_at` is the number of the call that crashes, before or after its effect."""

    breaker: Breaker | None = None
    desired: str = "RUNNING"
    current: str = "RUNNING"
    busy: bool = False
    attempts: Attempts = field(default_factory=lambda: Attempts(count=0, failures=0))
    periods: list[Period] = field(default_factory=list[Period])
    crashes_at: int = 0
    crashes_after: bool = False
    now: datetime = datetime(2026, 1, 31, 12, tzinfo=UTC)
    calls: list[str] = field(default_factory=list[str])

    @property
    def control(self) -> Control:
        return Control(store=self, pipes={"pipe": self}, attempts=self, rules=RULES, now=lambda: self.now)

    def load(self) -> Breaker | None:
        self._call("load")
        return self.breaker

    def save(self, breaker: Breaker) -> bool:
        crashes = self._call("save", late=True)
        saved = self.breaker is None or self.breaker.version == breaker.version
        if saved:
            self.breaker = replace(breaker, version=breaker.version + 1)
        if crashes:
            raise Crashed
        return saved

    def describe(self) -> PipeState:
        self._call("describe")
        return PipeState(desired=self.desired, current=self.current, reason="")

    def stop(self) -> bool:
        return self._switch("stop", "STOPPED")

    def start(self) -> bool:
        return self._switch("start", "RUNNING")

    def between(self, start: datetime, end: datetime) -> Attempts:
        self._call("between")
        return self.attempts

    def latest(self, now: datetime, period: timedelta) -> list[Period]:
        return self.periods

    def _switch(self, name: str, state: str) -> bool:
        crashes = self._call(name, late=True)
        if not self.busy:
            self.desired = self.current = state
        if crashes:
            raise Crashed
        return not self.busy

    def _call(self, name: str, *, late: bool = False) -> bool:
        """Note the call; crash now, or return whether to crash after its effect."""
        self.calls.append(name)
        crashes = len(self.calls) == self.crashes_at
        if crashes and not (late and self.crashes_after):
            raise Crashed
        return crashes
