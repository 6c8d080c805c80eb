"""The stack's configuration, parsed once. `Pulumi.yaml` declares every key with its type, default and meaning."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

import pulumi

from functions.tasks.intake.ordering import DefaultOrdering
from functions.tasks.registry import TaskType
from functions.tasks.tenancy import Tenancy
from infrastructure.blocks.function import Start
from infrastructure.blocks.queues import SOURCE_RETENTION_SECONDS
from infrastructure.settings.api import ApiSettings, load_api_settings
from infrastructure.settings.checks import MAX_CONCURRENCY, check, check_reservation
from infrastructure.settings.given import check_keys, check_stack_name
from infrastructure.settings.lanes import LaneSettings, load_lane_settings
from infrastructure.settings.objectives import Objectives, load_objectives
from infrastructure.settings.start import load_start
from infrastructure.settings.tags import load_tags
from infrastructure.settings.times import LongTimes, Times, derive_long_times, derive_times, runs_of
from infrastructure.settings.watch import (
    BreakerSettings,
    MonitorSettings,
    load_alarm_topics,
    load_breaker_settings,
    load_data_share,
    load_monitor_settings,
    load_trace_share,
)

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
ExecutionLogLevel = Literal["ALL", "ERROR", "FATAL", "OFF"]
LOG_RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
                      3288, 3653)  # fmt: skip

MIN_CANCEL_GRACE, MAX_CANCEL_GRACE = 10, 24 * 3600  # with less, no worker would hear of it in time
MAX_HALTED_MINUTES = 20_160  # two weeks
MAX_FOLLOW_DELAY = 60  # who looks at counts and waits for events does so for a minute at most
_KEY_ARN = re.compile(r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+")
_POLICY_ARN = re.compile(r"arn:[a-z-]+:iam::\d{12}:policy/[\w+=,.@/-]+")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of a stage. Times are in the unit of their name. `data_share` is `executionDataSampling`, and
    `trace_share` is `traceSampling`.
    """

    times: Times
    long_times: LongTimes
    max_receive_count: int
    cancel_grace_seconds: int
    record_retention_hours: int
    log_retention_days: int
    log_level: LogLevel
    execution_log_level: ExecutionLogLevel
    log_execution_data: bool
    data_share: float | None
    trace_share: float
    follow_delay_seconds: int
    count_delay_seconds: int
    validator_memory_megabytes: int
    api_memory_megabytes: int
    processor_memory_megabytes: int
    validator_reserved_concurrency: int
    validator_start: Start
    concurrency_alarm: int
    kms_key_arn: str
    permissions_boundary_arn: str
    protect_data: bool
    objectives: Objectives
    monitor: MonitorSettings
    breaker: BreakerSettings
    queue_age_alarm_seconds: int
    halted_key_alarm_minutes: int
    alarm_topics: tuple[str, ...]
    tags: Mapping[str, str]
    lanes: LaneSettings
    dependency_layer: str
    tenancy: Tenancy
    default_ordering: DefaultOrdering
    api: ApiSettings

    def __post_init__(self) -> None:
        check(5 <= self.max_receive_count <= 1000, "maxReceiveCount", self.max_receive_count, "5 to 1000")
        grace, graces = self.cancel_grace_seconds, f"{MIN_CANCEL_GRACE} to {MAX_CANCEL_GRACE}"
        check(MIN_CANCEL_GRACE <= grace <= MAX_CANCEL_GRACE, "cancelGraceSeconds", grace, graces)
        hours, least = self.record_retention_hours, SOURCE_RETENTION_SECONDS // 3600 + 1
        # A message may come back for as long as the queue keeps it. Without its record the task would run once more.
        check(hours >= least, "recordRetentionHours", hours, f"at least {least}, longer than the queue keeps messages")
        check(self.log_level in get_args(LogLevel), "logLevel", self.log_level, get_args(LogLevel))
        levels = get_args(ExecutionLogLevel)
        check(self.execution_log_level in levels, "executionLogLevel", self.execution_log_level, levels)
        written = self.data_share is None or self.log_level != "ERROR"
        check(written, "logLevel", self.log_level, "not ERROR, which hides the failures of executionDataSampling")
        days = self.log_retention_days
        check(days in LOG_RETENTION_DAYS, "logRetentionDays", days, LOG_RETENTION_DAYS)
        for key, megabytes in (
            ("validatorMemoryMegabytes", self.validator_memory_megabytes),
            ("apiMemoryMegabytes", self.api_memory_megabytes),
            ("processorMemoryMegabytes", self.processor_memory_megabytes),
        ):
            check(128 <= megabytes <= 10_240, key, megabytes, "128 to 10240")
        for key, delay in (
            ("followDelaySeconds", self.follow_delay_seconds),
            ("countDelaySeconds", self.count_delay_seconds),
        ):
            check(0 <= delay <= MAX_FOLLOW_DELAY, key, delay, f"0 to {MAX_FOLLOW_DELAY}")
        check_reservation("validatorReservedConcurrency", self.validator_reserved_concurrency)
        concurrency = self.concurrency_alarm
        check(1 <= concurrency <= MAX_CONCURRENCY, "concurrencyAlarm", concurrency, f"1 to {MAX_CONCURRENCY}")
        key = self.kms_key_arn
        check(
            not key or bool(_KEY_ARN.fullmatch(key)), "kmsKeyArn", key, "the ARN of a key, or empty for AWS's own keys"
        )
        bound = self.permissions_boundary_arn
        valid = not bound or bool(_POLICY_ARN.fullmatch(bound))
        check(valid, "permissionsBoundaryArn", bound, "the ARN of a policy, or empty for no boundary")
        for key, value, choices in (
            ("tenancy", self.tenancy, Tenancy),
            ("defaultOrdering", self.default_ordering, DefaultOrdering),
        ):
            check(value in tuple(choices), key, value, tuple(map(str, choices)))
        age = self.queue_age_alarm_seconds
        check(60 <= age <= SOURCE_RETENTION_SECONDS, "queueAgeAlarmSeconds", age, f"60 to {SOURCE_RETENTION_SECONDS}")
        halted = self.halted_key_alarm_minutes
        check(5 <= halted <= MAX_HALTED_MINUTES, "haltedKeyAlarmMinutes", halted, f"5 to {MAX_HALTED_MINUTES}")

    @property
    def record_retention_seconds(self) -> int:
        """How long the record of a finished task is kept."""
        return self.record_retention_hours * 3600


def load_settings(types: Iterable[TaskType], *, on_aws: bool) -> Settings:
    """The settings of the current stack with these task types; `SettingsError` or `TimesError` before any resource
    exists.

    Not everything that the laptop may do is allowed `on_aws`.
    """
    check_stack_name(pulumi.get_stack())
    check_keys(pulumi.get_project())
    config = pulumi.Config()
    reserved = config.require_int("validatorReservedConcurrency")
    return Settings(
        times=_load_times(config, types),
        long_times=derive_long_times(types),
        max_receive_count=config.require_int("maxReceiveCount"),
        cancel_grace_seconds=config.require_int("cancelGraceSeconds"),
        record_retention_hours=config.require_int("recordRetentionHours"),
        log_retention_days=config.require_int("logRetentionDays"),
        log_level=cast(LogLevel, config.require("logLevel")),
        execution_log_level=cast(ExecutionLogLevel, config.require("executionLogLevel")),
        log_execution_data=config.require_bool("logExecutionData"),
        data_share=load_data_share(config),
        trace_share=load_trace_share(config),
        follow_delay_seconds=config.require_int("followDelaySeconds"),
        count_delay_seconds=config.require_int("countDelaySeconds"),
        validator_memory_megabytes=config.require_int("validatorMemoryMegabytes"),
        api_memory_megabytes=config.require_int("apiMemoryMegabytes"),
        processor_memory_megabytes=config.require_int("processorMemoryMegabytes"),
        validator_reserved_concurrency=reserved,
        validator_start=load_start(config, reserved),
        concurrency_alarm=config.require_int("concurrencyAlarm"),
        kms_key_arn=config.get("kmsKeyArn") or "",
        permissions_boundary_arn=config.get("permissionsBoundaryArn") or "",
        protect_data=config.require_bool("protectData"),
        objectives=load_objectives(config),
        monitor=load_monitor_settings(config),
        breaker=load_breaker_settings(config),
        queue_age_alarm_seconds=config.require_int("queueAgeAlarmSeconds"),
        halted_key_alarm_minutes=config.require_int("haltedKeyAlarmMinutes"),
        alarm_topics=load_alarm_topics(config),
        tags=load_tags(config),
        lanes=load_lane_settings(config),
        dependency_layer=config.get("dependencyLayer") or "",
        tenancy=cast(Tenancy, config.require("tenancy")),
        default_ordering=cast(DefaultOrdering, config.require("defaultOrdering")),
        api=load_api_settings(config, on_aws=on_aws),
    )


def _load_times(config: pulumi.Config, types: Iterable[TaskType]) -> Times:
    handler = config.require_int("handlerTimeoutSeconds")
    return derive_times(
        handler=handler,
        runs=runs_of(types, handler),
        workflow=config.require_int("workflowTimeoutSeconds"),
        lease=config.require_int("leaseSeconds"),
        visibility=config.require_int("visibilityTimeoutSeconds"),
    )
