"""How the execution environments of a function start: when they are needed, beforehand, or from a snapshot."""

from dataclasses import dataclass

import pulumi

from infrastructure.settings.checks import MAX_CONCURRENCY, SettingsError, check


@dataclass(frozen=True, kw_only=True)
class Start:
    """`provisioned` environments are kept ready, 0 none. With `snap_start`, all begin as a snapshot of a ready one."""

    provisioned: int = 0
    snap_start: bool = False

    def check(self, reserved: int) -> None:
        """Raise `SettingsError` unless Lambda takes it for a function with this reserved concurrency, 0 for none."""
        provisioned = self.provisioned
        allowed = f"1 to {MAX_CONCURRENCY}, or 0 for none"
        check(0 <= provisioned <= MAX_CONCURRENCY, "validatorProvisionedConcurrency", provisioned, allowed)
        if provisioned and self.snap_start:
            raise SettingsError(
                "taskline:validatorProvisionedConcurrency and taskline:validatorSnapStart are both set, and Lambda "
                "takes one of them. Keep environments ready, at a monthly price: pulumi config rm validatorSnapStart. "
                "Or start them from a snapshot: pulumi config rm validatorProvisionedConcurrency"
            )
        if reserved and provisioned > reserved:
            raise SettingsError(
                f"taskline:validatorProvisionedConcurrency is {provisioned}, more than the {reserved} executions of "
                "taskline:validatorReservedConcurrency, which are the most that the function gets. Keep fewer ready: "
                f"pulumi config set validatorProvisionedConcurrency {reserved}. Or allow more: pulumi config set "
                f"validatorReservedConcurrency {provisioned}"
            )


COLD = Start()
"""Environments start when they are needed."""


def load_start(config: pulumi.Config, reserved: int) -> Start:
    """How the validator starts; `SettingsError` before any resource exists."""
    start = Start(
        provisioned=config.require_int("validatorProvisionedConcurrency"),
        snap_start=config.require_bool("validatorSnapStart"),
    )
    start.check(reserved)
    return start
