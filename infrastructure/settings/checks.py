"""How a configured value is refused: by name, with the value, what is allowed, and the way out."""


class SettingsError(ValueError):
    """A configured value that cannot be used; the message names the key and the way out."""


def check(holds: bool, key: str, value: object, allowed: object) -> None:
    """Raise `SettingsError` for the value of `taskline:<key>` if it does not hold."""
    if not holds:
        raise SettingsError(
            f"taskline:{key} is {value!r}; allowed: {allowed}. Set it with: pulumi config set {key} ..."
        )
