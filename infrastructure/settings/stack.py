"""The stack's configuration, parsed once. `Pulumi.yaml` declares every key with its type, default and meaning."""

from dataclasses import dataclass
from typing import Literal, cast, get_args

import pulumi

from functions.task_types import load_task_types
from infrastructure.blocks.queue import SOURCE_RETENTION_SECONDS
from infrastructure.settings.api import ApiSettings, load_api_settings
from infrastructure.settings.checks import check
from infrastructure.settings.times import Times, derive_times

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
ExecutionLogLevel = Literal["ALL", "ERROR", "FATAL", "OFF"]
LOG_RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
                      3288, 3653)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class BreakerSettings:
    """When the circuit breaker opens: `percent` of at least `attempts` runs failed within `period`; how it goes on."""

    percent: int
    attempts: int
    period_seconds: int
    cool_down_seconds: int
    probe_seconds: int

    def __post_init__(self) -> None:
        check(1 <= self.percent <= 100, "breakerFailurePercent", self.percent, "1 to 100")
        check(1 <= self.attempts <= 1_000_000, "breakerMinimumAttempts", self.attempts, "1 to 1000000")
        period = self.period_seconds
        # What CloudWatch takes: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
        allowed = period in (10, 20, 30) or (period % 60 == 0 and 60 <= period <= 3600)
        check(allowed, "breakerPeriodSeconds", period, "10, 20, 30, or a multiple of 60 up to 3600")
        # Both together are what CloudWatch is asked for minute by minute, at most 1440 of them.
        check(1 <= self.cool_down_seconds <= 43_200, "breakerCoolDownSeconds", self.cool_down_seconds, "1 to 43200")
        check(1 <= self.probe_seconds <= 3600, "breakerProbeSeconds", self.probe_seconds, "1 to 3600")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a stage can be told. Times in the unit of their name."""

    times: Times
    max_receive_count: int
    record_retention_hours: int
    log_retention_days: int
    log_level: LogLevel
    execution_log_level: ExecutionLogLevel
    log_execution_data: bool
    api_memory_megabytes: int
    processor_memory_megabytes: int
    protect_data: bool
    failure_window_seconds: int
    failure_alert_threshold: int
    alert_email: str
    breaker: BreakerSettings
    queue_age_alarm_seconds: int
    dependency_layer: str
    api: ApiSettings

    def __post_init__(self) -> None:
        check(5 <= self.max_receive_count <= 1000, "maxReceiveCount", self.max_receive_count, "5 to 1000")
        hours, least = self.record_retention_hours, SOURCE_RETENTION_SECONDS // 3600 + 1
        # A message may come back as long as the queue keeps it; without its record the task would run once more.
        check(hours >= least, "recordRetentionHours", hours, f"at least {least}, longer than the queue keeps messages")
        check(self.log_level in get_args(LogLevel), "logLevel", self.log_level, get_args(LogLevel))
        levels = get_args(ExecutionLogLevel)
        check(self.execution_log_level in levels, "executionLogLevel", self.execution_log_level, levels)
        days = self.log_retention_days
        check(days in LOG_RETENTION_DAYS, "logRetentionDays", days, LOG_RETENTION_DAYS)
        for key, megabytes in (
            ("apiMemoryMegabytes", self.api_memory_megabytes),
            ("processorMemoryMegabytes", self.processor_memory_megabytes),
        ):
            check(128 <= megabytes <= 10_240, key, megabytes, "128 to 10240")
        window, threshold = self.failure_window_seconds, self.failure_alert_threshold
        check(60 <= window <= 86_400, "failureWindowSeconds", window, "60 to 86400")
        check(1 <= threshold <= 1_000_000, "failureAlertThreshold", threshold, "1 to 1000000")
        email = self.alert_email
        check(not email or "@" in email, "alertEmail", email, "an e-mail address, or empty for none")
        age = self.queue_age_alarm_seconds
        check(60 <= age <= SOURCE_RETENTION_SECONDS, "queueAgeAlarmSeconds", age, f"60 to {SOURCE_RETENTION_SECONDS}")


def load_settings() -> Settings:
    """The settings of the current stack; `SettingsError` or `TimesError` before any resource exists."""
    config = pulumi.Config()
    times = derive_times(
        handler=config.require_int("handlerTimeoutSeconds"),
        policies=load_task_types().retry_policies(),
        workflow=config.require_int("workflowTimeoutSeconds"),
        lease=config.require_int("leaseSeconds"),
        visibility=config.require_int("visibilityTimeoutSeconds"),
    )
    return Settings(
        times=times,
        max_receive_count=config.require_int("maxReceiveCount"),
        record_retention_hours=config.require_int("recordRetentionHours"),
        log_retention_days=config.require_int("logRetentionDays"),
        log_level=cast(LogLevel, config.require("logLevel")),
        execution_log_level=cast(ExecutionLogLevel, config.require("executionLogLevel")),
        log_execution_data=config.require_bool("logExecutionData"),
        api_memory_megabytes=config.require_int("apiMemoryMegabytes"),
        processor_memory_megabytes=config.require_int("processorMemoryMegabytes"),
        protect_data=config.require_bool("protectData"),
        failure_window_seconds=config.require_int("failureWindowSeconds"),
        failure_alert_threshold=config.require_int("failureAlertThreshold"),
        alert_email=config.get("alertEmail") or "",
        breaker=BreakerSettings(
            percent=config.require_int("breakerFailurePercent"),
            attempts=config.require_int("breakerMinimumAttempts"),
            period_seconds=config.require_int("breakerPeriodSeconds"),
            cool_down_seconds=config.require_int("breakerCoolDownSeconds"),
            probe_seconds=config.require_int("breakerProbeSeconds"),
        ),
        queue_age_alarm_seconds=config.require_int("queueAgeAlarmSeconds"),
        dependency_layer=config.get("dependencyLayer") or "",
        api=load_api_settings(config),
    )
