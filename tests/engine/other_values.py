"""For each setting that `Pulumi.yaml` declares: a valid value that its stages do not have, and what that needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

STAGES = ("dev", "staging", "prod")


@dataclass(frozen=True)
class Other:
    """`needs` are settings without which the program would refuse the value; `in_prod` is the value for that stage."""

    value: object
    needs: Mapping[str, object] = field(default_factory=dict)
    in_prod: object = None
    stages: tuple[str, ...] = STAGES

    def of(self, stage: str) -> object:
        return self.in_prod if stage == "prod" and self.in_prod is not None else self.value


# The package is the one of tests/packages, without a library and a secret, which need more than settings.
BUCKET = {"taskTypeEnvironment": {"INVOICE_BUCKET": "acme-invoices"}}
POOLS = {"userPools": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEfGhI"}
ADDRESSES = {"allowedAddresses": "203.0.113.0/24"}
# Each of these alone would be refused, or throw the queue away.
CHANGE = {"lanes": 3, "laneGeneration": 1, "lanesBefore": 1, "lanesFrom": "2099-12-01T12:00:00Z"}


MOCKED, ENGINE = "eu-west-1", "us-east-1"  # the regions of stacks under mocks, and under the real engine


def other_values(layer: str, region: str = MOCKED) -> dict[str, Other]:
    """By key; `layer` is the path of another dependency layer, `region` that of the stack."""
    certificate = f"arn:aws:acm:{region}:123456789012:certificate/1234abcd-12ab-34cd-56ef-1234567890ab"
    domain = {"domainName": "tasks.example.com", "certificateArn": certificate}
    return {
        "taskTypePackages": Other("acme", BUCKET),
        "taskTypeEnvironment": Other(BUCKET["taskTypeEnvironment"], {"taskTypePackages": "acme"}),
        "handlerTimeoutSeconds": Other(7),
        "workflowTimeoutSeconds": Other(285),
        "leaseSeconds": Other(400),
        "visibilityTimeoutSeconds": Other(900),
        "maxReceiveCount": Other(9),
        "cancelGraceSeconds": Other(300),
        "recordRetentionHours": Other(1000),
        "logRetentionDays": Other(60),
        "logLevel": Other("WARNING"),
        "executionLogLevel": Other("FATAL"),
        "logExecutionData": Other(False, in_prod=True),
        "executionDataSampling": Other("0.5"),
        "traceSampling": Other("0.2"),
        "followDelaySeconds": Other(4),
        "countDelaySeconds": Other(3),
        "validatorMemoryMegabytes": Other(384),
        "apiMemoryMegabytes": Other(768),
        "processorMemoryMegabytes": Other(1536),
        "validatorReservedConcurrency": Other(30),
        "breakerReservedConcurrency": Other(3),
        # One excludes the other.
        "validatorProvisionedConcurrency": Other(5, stages=("staging", "prod")),
        "validatorSnapStart": Other(True, stages=("dev",)),
        "objectivePercent": Other("99.5"),
        "acceptWithinMilliseconds": Other(500),
        "startWithinSeconds": Other(10),
        "concurrencyAlarm": Other(700),
        **{key: Other(value, CHANGE) for key, value in CHANGE.items()},
        "protectData": Other(True, in_prod=False),
        "failureWindowSeconds": Other(600),
        "failureAlertThreshold": Other(3),
        "alertEmail": Other("operators@example.com"),
        "alarmTopics": Other(f"arn:aws:sns:{region}:123456789012:on-call"),
        "tags": Other({"cost-center": "4711"}),
        "corsOrigins": Other("https://app.example.com"),
        "allowedAddresses": Other(ADDRESSES["allowedAddresses"]),
        "apiKeyRequired": Other(False, ADDRESSES),
        "apiClients": Other("web,mobile"),
        "keyRatePerSecond": Other(40),
        "keyBurst": Other(90),
        "keyQuotaPerDay": Other(5000),
        "stageRatePerSecond": Other(400),
        "stageBurst": Other(900),
        "tenancy": Other("shared"),
        "defaultOrdering": Other("unordered"),
        "clientAuthorization": Other("jwt", POOLS),
        "userPools": Other(POOLS["userPools"], {"clientAuthorization": "jwt"}),
        "tokenScopes": Other("tasks/submit", {"clientAuthorization": "jwt", **POOLS}),
        "domainName": Other(domain["domainName"], domain),
        "certificateArn": Other(domain["certificateArn"], domain),
        # Elsewhere there is no other value: operators always sign.
        "operatorAuthorization": Other("none", ADDRESSES, stages=("dev",)),
        "firewall": Other("count"),
        "kmsKeyArn": Other("arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
        "permissionsBoundaryArn": Other("arn:aws:iam::123456789012:policy/taskline-dev-boundary"),
        "accountLogRole": Other(False),
        "breakerFailurePercent": Other(40),
        "breakerMinimumAttempts": Other(30),
        "breakerPeriodSeconds": Other(120),
        "breakerCoolDownSeconds": Other(400),
        "breakerProbeSeconds": Other(90),
        "queueAgeAlarmSeconds": Other(600),
        "haltedKeyAlarmMinutes": Other(90),
        "dependencyLayer": Other(layer),
    }


def all_at_once(others: Mapping[str, Other], stage: str) -> dict[str, object]:
    """Every setting of a stage changed, with what they need."""
    chosen = {key: other for key, other in others.items() if stage in other.stages}
    needed = {name: value for other in chosen.values() for name, value in other.needs.items()}
    return needed | {key: other.of(stage) for key, other in chosen.items()}
