"""How a configured value is rejected: with its name, its value, what is allowed, and how to set it."""

import pulumi


class SettingsError(pulumi.RunError):
    """A configured value that cannot be used; the message names the key and the way out.

    Of the errors of a program, Pulumi shows only a `RunError` without a traceback.
    """


def check(valid: bool, key: str, value: object, allowed: object) -> None:
    """Raise `SettingsError` for the value of `taskline:<key>` unless it is valid."""
    if not valid:
        raise rejected(key, value, allowed)


MAX_CONCURRENCY = 100_000  # more than any account has


def check_reservation(key: str, executions: int) -> None:
    """Raise `SettingsError` unless this is a number of executions to reserve."""
    check(0 <= executions <= MAX_CONCURRENCY, key, executions, f"1 to {MAX_CONCURRENCY}, or 0 for none")


def rejected(key: str, value: object, allowed: object) -> SettingsError:
    """The error for the value of `taskline:<key>`."""
    return SettingsError(f"taskline:{key} is {value!r}; allowed: {allowed}. Set it with: pulumi config set {key} ...")
