"""When the circuit breaker opens, when the failure monitor raises an alert, and which tasks are logged and traced."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pulumi

from infrastructure.settings.checks import check, check_reservation, rejected


@dataclass(frozen=True, kw_only=True)
class BreakerSettings:
    """The breaker opens when `percent` of at least `attempts` runs fail within a period.

    It stays open for the cool-down, and then half-open for the probe. `reserved_concurrency` keeps executions for its
    function, 0 none.
    """

    percent: int
    attempts: int
    period_seconds: int
    cool_down_seconds: int
    probe_seconds: int
    reserved_concurrency: int

    def __post_init__(self) -> None:
        check(1 <= self.percent <= 100, "breakerFailurePercent", self.percent, "1 to 100")
        check(1 <= self.attempts <= 1_000_000, "breakerMinimumAttempts", self.attempts, "1 to 1000000")
        period = self.period_seconds
        # What CloudWatch takes: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
        allowed = period in (10, 20, 30) or (period % 60 == 0 and 60 <= period <= 3600)
        check(allowed, "breakerPeriodSeconds", period, "10, 20, 30, or a multiple of 60 up to 3600")
        # The breaker queries CloudWatch for both together minute by minute, and gets at most 1440 minutes.
        check(1 <= self.cool_down_seconds <= 43_200, "breakerCoolDownSeconds", self.cool_down_seconds, "1 to 43200")
        check(1 <= self.probe_seconds <= 3600, "breakerProbeSeconds", self.probe_seconds, "1 to 3600")
        check_reservation("breakerReservedConcurrency", self.reserved_concurrency)


@dataclass(frozen=True, kw_only=True)
class MonitorSettings:
    """`threshold` failures of a pattern within `window_seconds` raise an alert; an empty `email` subscribes no one."""

    window_seconds: int
    threshold: int
    email: str

    def __post_init__(self) -> None:
        window, threshold = self.window_seconds, self.threshold
        check(60 <= window <= 86_400, "failureWindowSeconds", window, "60 to 86400")
        check(1 <= threshold <= 1_000_000, "failureAlertThreshold", threshold, "1 to 1000000")
        check(not self.email or "@" in self.email, "alertEmail", self.email, "an e-mail address, or empty for none")


# An action of an alarm can have five targets, and the stack's own topic of alerts is one of them.
MAX_ALARM_TOPICS = 4
_TOPIC = re.compile(r"arn:[a-z-]+:sns:(?P<region>[a-z0-9-]+):\d{12}:[A-Za-z0-9_-]{1,256}")


def load_alarm_topics(config: pulumi.Config) -> tuple[str, ...]:
    """Further topics that alarms notify, by ARN; `SettingsError` before any resource exists."""
    key = "alarmTopics"
    given = config.get(key) or ""
    topics = tuple(part.strip() for part in given.split(",")) if given else ()
    valid = all(_TOPIC.fullmatch(topic) for topic in topics) and len(set(topics)) == len(topics)
    check(valid, key, given, "different ARNs of standard SNS topics, separated by commas")
    check(len(topics) <= MAX_ALARM_TOPICS, key, given, f"at most {MAX_ALARM_TOPICS} topics beside the stack's own")
    return topics


def check_alarm_topics(topics: Iterable[str], region: str) -> None:
    """Raise `SettingsError` for a topic of another region: CloudWatch would not notify it."""
    for topic in topics:
        found = _TOPIC.fullmatch(topic)
        check(
            found is not None and found["region"] == region, "alarmTopics", topic, f"topics in {region}, as the stack"
        )


def load_breaker_settings(config: pulumi.Config) -> BreakerSettings:
    """The current stack's settings; `SettingsError` before any resource exists."""
    return BreakerSettings(
        percent=config.require_int("breakerFailurePercent"),
        attempts=config.require_int("breakerMinimumAttempts"),
        period_seconds=config.require_int("breakerPeriodSeconds"),
        cool_down_seconds=config.require_int("breakerCoolDownSeconds"),
        probe_seconds=config.require_int("breakerProbeSeconds"),
        reserved_concurrency=config.require_int("breakerReservedConcurrency"),
    )


def load_monitor_settings(config: pulumi.Config) -> MonitorSettings:
    """The current stack's settings; `SettingsError` before any resource exists."""
    return MonitorSettings(
        window_seconds=config.require_int("failureWindowSeconds"),
        threshold=config.require_int("failureAlertThreshold"),
        email=config.get("alertEmail") or "",
    )


def load_data_share(config: pulumi.Config) -> float | None:
    """The share of the finished tasks that are logged with their data, 0 for the failed ones alone; None for none."""
    given = config.get("executionDataSampling") or ""
    return _share("executionDataSampling", given, "0 to 1, such as 0.01, or empty for none") if given else None


def load_trace_share(config: pulumi.Config) -> float:
    """The share of requests and executions that X-Ray traces."""
    return _share("traceSampling", config.require("traceSampling"), "0 to 1, such as 0.05")


def _share(key: str, given: str, allowed: str) -> float:
    if not re.fullmatch(r"[01](\.[0-9]+)?", given) or float(given) > 1:
        raise rejected(key, given, allowed)
    return float(given)
