"""Settings and the times chain: what is rejected, with which message, and before any resource exists."""

import re
from pathlib import Path
from typing import Any
from unittest import mock

import pulumi
import pytest
import yaml

from functions.tasks.registry import DEFAULT_RETRY
from functions.tasks.retry import RetryPolicy
from infrastructure.settings.checks import SettingsError
from infrastructure.settings.stack import LOG_RETENTION_DAYS
from infrastructure.settings.times import MAX_WORKFLOW_SECONDS, Runs, Times, TimesError, derive_times
from statemachine.budget import worst_case_seconds
from statemachine.loader import raw_definition
from tests.infrastructure.recording import Recording, run

ROOT = Path(__file__).parents[2]
PROJECT = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())


def rejection(layer: Path, **config: Any) -> Exception:
    """The error for these settings, which comes before the first resource."""
    recording = Recording()
    with pytest.raises((SettingsError, TimesError)) as caught:
        run("dev", layer, into=recording, **config)
    assert recording.resources == [], "settings are rejected before any resource exists"
    return caught.value


def times_for(handler: int, **configured: int) -> Times:
    """The chain of a stack whose task types all have the default retry policy."""
    return derive_times(handler=handler, runs=[Runs(DEFAULT_RETRY, handler)], **configured)


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("maxReceiveCount", 4, "5 to 1000"),
        ("maxReceiveCount", 1001, "5 to 1000"),
        ("recordRetentionHours", 0, "at least 97"),
        ("recordRetentionHours", 96, "at least 97"),
        ("lanes", 0, "1 to 48"),
        ("lanes", 49, "1 to 48"),
        ("laneGeneration", -1, "0 to 99"),
        ("laneGeneration", 100, "0 to 99"),
        ("lanesBefore", -1, "0 for none"),
        ("lanesBefore", 49, "1 to 48"),
        ("lanesFrom", "tomorrow", "2026-12-01T12:00:00Z"),
        ("lanesFrom", "2026-12-01", "with its offset"),
        ("lanesFrom", "2026-12-01T12:00:00", "with its offset"),
        ("lanesFrom", "2026-02-30T12:00:00Z", "with its offset"),
        ("tenancy", "private", "isolated"),
        ("tenancy", "", "shared"),
        ("defaultOrdering", "per-key", "one-key"),
        ("defaultOrdering", "", "unordered"),
        ("logLevel", "TRACE", "WARNING"),
        ("logLevel", "info", "INFO"),
        ("logLevel", "", "INFO"),
        ("executionLogLevel", "NONE", "OFF"),
        *(
            ("executionDataSampling", value, "0 to 1, such as 0.01, or empty for none")
            for value in ("1.5", "2", "-0.1", "1e-2", "nan", "none", ".5", "1%", " 0.5", "0.")
        ),
        ("logRetentionDays", 8, "7, 14"),
        ("logRetentionDays", 0, "7, 14"),
        ("followDelaySeconds", 61, "0 to 60"),
        ("followDelaySeconds", -1, "0 to 60"),
        ("countDelaySeconds", 61, "0 to 60"),
        ("countDelaySeconds", -1, "0 to 60"),
        ("validatorMemoryMegabytes", 127, "128 to 10240"),
        ("apiMemoryMegabytes", 127, "128 to 10240"),
        ("apiMemoryMegabytes", 10_241, "128 to 10240"),
        ("processorMemoryMegabytes", 127, "128 to 10240"),
        ("processorMemoryMegabytes", 10_241, "128 to 10240"),
        ("failureWindowSeconds", 59, "60 to 86400"),
        ("failureWindowSeconds", 86_401, "60 to 86400"),
        ("failureAlertThreshold", 0, "1 to 1000000"),
        ("alertEmail", "nobody", "an e-mail address"),
        ("alarmTopics", "on-call", "ARNs of standard SNS topics"),
        ("alarmTopics", "arn:aws:sns:eu-west-1:111122223333:on-call.fifo", "standard"),
        ("alarmTopics", ",".join(["arn:aws:sns:eu-west-1:111122223333:on-call"] * 2), "different"),
        ("alarmTopics", ",".join(f"arn:aws:sns:eu-west-1:111122223333:t{n}" for n in range(5)), "at most 4"),
        ("alarmTopics", "arn:aws:sns:us-east-2:111122223333:on-call", "topics in eu-west-1"),
        ("corsOrigins", "app.example.com", "https://app.example.com"),
        ("corsOrigins", "https://a.example/", "separated by commas"),
        ("corsOrigins", "https://a.example,*", "separated by commas"),
        ("corsOrigins", "https://*.example", "separated by commas"),
        ("allowedAddresses", "203.0.113.7/24", "without bits after the prefix"),
        ("allowedAddresses", "example.com", "203.0.113.0/24"),
        ("allowedAddresses", "0.0.0.0/0", "an IPv4 /8"),
        ("allowedAddresses", "::/0", "an IPv6 /32"),
        ("allowedAddresses", "0.0.0.0/1,128.0.0.0/1", "an IPv4 /8"),
        ("allowedAddresses", "9.0.0.0/8,11.0.0.0/32", "an IPv4 /8"),
        ("allowedAddresses", "2000::/33,3000::/32", "an IPv6 /32"),
        ("allowedAddresses", "::ffff:0:0/96", "IPv4 addresses as IPv4"),
        ("allowedAddresses", ",".join(f"9.0.0.{host}" for host in range(0, 202, 2)), "at most 100 ranges"),
        ("apiClients", "", "at least one"),
        ("apiClients", "web,Mobile", "a-z, 0-9 and -"),
        ("apiClients", "web,web", "different names"),
        ("keyRatePerSecond", 0, "1 to 10000"),
        ("keyBurst", 10_001, "1 to 10000"),
        ("stageRatePerSecond", 10_001, "1 to 10000"),
        ("stageBurst", 0, "1 to 10000"),
        ("keyQuotaPerDay", -1, "or 0 for none"),
        ("clientAuthorization", "cognito", "jwt"),
        ("operatorAuthorization", "IAM", "iam"),
        ("breakerFailurePercent", 0, "1 to 100"),
        ("breakerFailurePercent", 101, "1 to 100"),
        ("breakerMinimumAttempts", 0, "1 to 1000000"),
        ("breakerPeriodSeconds", 15, "10, 20, 30, or a multiple of 60"),
        ("breakerPeriodSeconds", 90, "10, 20, 30, or a multiple of 60"),
        ("breakerPeriodSeconds", 0, "10, 20, 30, or a multiple of 60"),
        ("breakerPeriodSeconds", 3660, "up to 3600"),
        ("breakerCoolDownSeconds", 0, "1 to 43200"),
        ("breakerCoolDownSeconds", 43_201, "1 to 43200"),
        ("breakerProbeSeconds", 0, "1 to 3600"),
        ("breakerProbeSeconds", 3601, "1 to 3600"),
        ("queueAgeAlarmSeconds", 59, "60 to 345600"),
        ("queueAgeAlarmSeconds", 345_601, "60 to 345600"),
        ("cancelGraceSeconds", 9, "10 to 86400"),
        ("cancelGraceSeconds", 86_401, "10 to 86400"),
        ("haltedKeyAlarmMinutes", 4, "5 to 20160"),
        ("haltedKeyAlarmMinutes", 20_161, "5 to 20160"),
    ],
)
def test_an_invalid_setting_is_rejected_by_name(layer: Path, key: str, value: object, allowed: str) -> None:
    message = str(rejection(layer, **{key: value}))
    assert message.startswith(f"taskline:{key} is {value!r}; allowed: "), "the message names key and value"
    assert allowed in message, "and what is allowed"
    assert f"pulumi config set {key} " in message, "and how to set it"


@pytest.mark.parametrize(
    ("tags", "allowed"),
    [
        ({"Stage": "other"}, "other names than managed-by, project, stage"),
        ({"team": "a", "Team": "b"}, "a name is given once"),
        ({"aws:team": "a"}, "no name that begins with aws:"),
        ({"AWS:team": "a"}, "no name that begins with aws:"),
        ({"team": 7}, "texts"),
        ({"team": "a<b"}, "letters, digits"),
        ({"team": "a" * 257}, "256"),
        ({"": "a"}, "at most 128"),
        ({f"tag-{number}": "a" for number in range(48)}, "at most 47"),
    ],
)
def test_tags_that_some_service_would_refuse_are_refused_at_once(
    layer: Path, tags: dict[str, Any], allowed: str
) -> None:
    message = str(rejection(layer, tags=tags))
    assert message.startswith("taskline:tags is ")
    assert allowed in message


def test_failures_cannot_be_logged_where_the_log_level_hides_them(layer: Path) -> None:
    message = str(rejection(layer, logLevel="ERROR", executionDataSampling="0"))
    assert message.startswith("taskline:logLevel is 'ERROR'; allowed: not ERROR")
    assert "executionDataSampling" in message
    assert run("dev", layer, logLevel="ERROR").exports


@pytest.mark.parametrize(
    ("config", "keys"),
    [
        ({"handlerTimeoutSeconds": 0}, ["handlerTimeoutSeconds"]),
        ({"handlerTimeoutSeconds": -3}, ["handlerTimeoutSeconds"]),
        ({"handlerTimeoutSeconds": 32}, ["workflowTimeoutSeconds (296)", "290", "handlerTimeoutSeconds (32)"]),
        ({"workflowTimeoutSeconds": 103}, ["workflowTimeoutSeconds (103)", "(107)", "handlerTimeoutSeconds (5)"]),
        ({"workflowTimeoutSeconds": -1}, ["workflowTimeoutSeconds (-1)", "handlerTimeoutSeconds (5)"]),
        ({"workflowTimeoutSeconds": 291}, ["workflowTimeoutSeconds (291)", "290"]),
        ({"leaseSeconds": 107}, ["leaseSeconds (107)", "workflowTimeoutSeconds (107)"]),
        (
            {"leaseSeconds": 300, "visibilityTimeoutSeconds": 300},
            ["visibilityTimeoutSeconds (300)", "leaseSeconds (300)"],
        ),
        ({"visibilityTimeoutSeconds": 117}, ["visibilityTimeoutSeconds (117)", "leaseSeconds (117)"]),
        ({"visibilityTimeoutSeconds": 43_201}, ["visibilityTimeoutSeconds (43201)", "43200"]),
    ],
)
def test_times_that_break_the_chain_are_rejected_by_name(layer: Path, config: dict[str, Any], keys: list[str]) -> None:
    error = rejection(layer, **config)
    assert isinstance(error, TimesError)
    for key in keys:
        assert key in str(error), f"the message names {key}: {error}"


@pytest.mark.parametrize(
    "config",
    [
        {
            "maxReceiveCount": 5,
            "recordRetentionHours": 97,
            "apiMemoryMegabytes": 128,
            "processorMemoryMegabytes": 10_240,
            "handlerTimeoutSeconds": 1,
            "breakerFailurePercent": 100,
            "breakerMinimumAttempts": 1,
            "breakerPeriodSeconds": 10,
            "cancelGraceSeconds": 10,
            "allowedAddresses": "9.0.0.0/8, 2001:db8::/32",
        },
        {
            "maxReceiveCount": 1000,
            "failureWindowSeconds": 60,
            "failureAlertThreshold": 1_000_000,
            "alertEmail": "a@b",
            "handlerTimeoutSeconds": 31,
            "logRetentionDays": 3653,
            "corsOrigins": "https://a.example, http://localhost:3000",
            "apiClients": "web, mobile-1",
            "cancelGraceSeconds": 86_400,
            "haltedKeyAlarmMinutes": 5,
        },
        {
            "workflowTimeoutSeconds": 290,
            "leaseSeconds": 291,
            "visibilityTimeoutSeconds": 292,
            "keyRatePerSecond": 1,
            "keyBurst": 10_000,
            "keyQuotaPerDay": 0,
            "stageRatePerSecond": 10_000,
            "breakerPeriodSeconds": 3600,
            "breakerCoolDownSeconds": 43_200,
            "breakerProbeSeconds": 3600,
            "queueAgeAlarmSeconds": 60,
            "allowedAddresses": ",".join(f"9.0.0.{host}" for host in range(0, 200, 2)),
        },
    ],
)
def test_settings_at_their_limits_are_accepted(layer: Path, config: dict[str, Any]) -> None:
    assert run("dev", layer, **config).resources


def test_the_chain_is_derived_from_the_handler_timeout() -> None:
    assert times_for(30) == Times(handler=30, process=31, retries=100, workflow=282, lease=292, visibility=302)


def test_a_configured_time_is_used_and_the_rest_follows_from_it() -> None:
    assert times_for(30, workflow=285) == Times(
        handler=30, process=31, retries=100, workflow=285, lease=295, visibility=305
    )
    assert times_for(30, lease=400) == Times(
        handler=30, process=31, retries=100, workflow=282, lease=400, visibility=410
    )
    assert times_for(30, visibility=900).visibility == 900


@pytest.mark.parametrize("handler", range(1, 32))
def test_every_accepted_handler_timeout_gives_a_chain(handler: int) -> None:
    times = times_for(handler)
    assert 5 * times.handler + 8 < times.workflow <= MAX_WORKFLOW_SECONDS < 300
    assert times.workflow < times.lease < times.visibility


def test_the_longest_handler_timeout_is_31_seconds() -> None:
    times_for(31)
    with pytest.raises(TimesError, match=r"lower handlerTimeoutSeconds \(32\)"):
        times_for(32)


def test_retention_periods_are_those_of_cloudwatch_logs() -> None:
    assert list(LOG_RETENTION_DAYS) == sorted(LOG_RETENTION_DAYS)
    assert {1, 7, 30, 365, 3653} <= set(LOG_RETENTION_DAYS)


def test_every_declared_key_is_read_and_every_key_that_is_read_is_declared(layer: Path) -> None:
    read: set[str] = set()

    class Listening(pulumi.Config):
        def full_key(self, key: str) -> str:
            full = super().full_key(key)
            read.add(full)
            return full

    with mock.patch("pulumi.Config", Listening):
        run("dev", layer)
    assert {key for key in read if key.startswith("taskline:")} == set(PROJECT["config"])


@pytest.mark.parametrize("key", PROJECT["config"])
def test_a_declared_key_has_a_type_a_default_and_a_meaning(key: str) -> None:
    declaration = PROJECT["config"][key]
    assert declaration.keys() == {"type", "default", "description"}
    kind = {"integer": int, "string": str, "boolean": bool, "object": dict}[declaration["type"]]
    assert type(declaration["default"]) is kind
    assert len(declaration["description"]) > 20


@pytest.mark.parametrize("file", sorted(ROOT.glob("Pulumi.*.yaml")), ids=lambda path: path.name)
def test_a_stage_sets_only_what_is_declared_and_no_secret(file: Path) -> None:
    values = yaml.safe_load(file.read_text())["config"]
    assert {key for key in values if not key.startswith("aws:")} <= set(PROJECT["config"])
    assert not re.search(r"secure:|encryptionsalt", file.read_text())


def test_the_longest_retry_policy_decides_how_long_an_execution_may_take() -> None:
    longest = RetryPolicy(attempts=6, base=2, cap=8)
    times = derive_times(handler=5, runs=[Runs(DEFAULT_RETRY, 5), Runs(longest, 5)])
    assert times.retries == 2 + 4 + 8 + 8 + 8 + 5 * 6
    assert times.workflow == times_for(5).workflow - times_for(5).retries + times.retries


def test_a_retry_policy_that_takes_longer_than_a_pipe_waits_is_rejected() -> None:
    with pytest.raises(TimesError, match="retry policies"):
        derive_times(handler=30, runs=[Runs(RetryPolicy(attempts=10), 30)])


def test_a_wait_always_leaves_time_for_one_more_run_and_its_record() -> None:
    times = times_for(30)
    definition = raw_definition()
    definition["States"]["ProcessTask"]["TimeoutSeconds"] = times.process
    assert times.retry_until + worst_case_seconds(definition, "ProcessTask") == times.workflow
