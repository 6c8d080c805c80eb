"""How the execution environments of the validator start: when they are needed, beforehand, or from a snapshot."""

import pulumi

from infrastructure.blocks.function import Start
from infrastructure.settings.checks import MAX_CONCURRENCY, SettingsError, check


def load_start(config: pulumi.Config, reserved: int) -> Start:
    """How the validator starts; `SettingsError` before any resource exists, unless Lambda takes it for a function
    with this reserved concurrency, 0 for none.
    """
    provisioned = config.require_int("validatorProvisionedConcurrency")
    snap_start = config.require_bool("validatorSnapStart")
    allowed = f"1 to {MAX_CONCURRENCY}, or 0 for none"
    check(0 <= provisioned <= MAX_CONCURRENCY, "validatorProvisionedConcurrency", provisioned, allowed)
    if provisioned and snap_start:
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
    return Start(provisioned=provisioned, snap_start=snap_start)
