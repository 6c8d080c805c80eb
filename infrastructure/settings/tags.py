"""The tags of every resource: those that the program sets, and a stage's own."""

import re
from collections.abc import Mapping
from typing import Any, cast

import pulumi

from infrastructure.settings.checks import check, rejected

KEY = "tags"
# https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html; what all services take.
MAX_TAGS = 50
_NAME = re.compile(r"(?!aws:)[\w .:/=+@-]{1,128}", re.IGNORECASE)
_VALUE = re.compile(r"[\w .:/=+@-]{0,256}")


def load_tags(config: pulumi.Config) -> dict[str, str]:
    """The tags of the current stack's resources; `SettingsError` before any resource exists.

    IAM takes no two names that differ in case only, so no stack has such names.
    """
    defaults = {"project": pulumi.get_project(), "stage": pulumi.get_stack(), "managed-by": "pulumi"}
    given = cast("Mapping[str, Any]", config.require_object(KEY))
    taken = {name.lower() for name in defaults}
    for name, value in given.items():
        valid = bool(_NAME.fullmatch(name)) and isinstance(value, str) and bool(_VALUE.fullmatch(value))
        allowed = "texts of letters, digits, spaces and _.:/=+-@, names of at most 128 characters, values of 256"
        check(valid, KEY, {name: value}, f"{allowed}, and no name that begins with aws:")
        if name.lower() in taken:
            raise rejected(KEY, {name: value}, f"other names than {', '.join(sorted(taken))}: a name is given once")
        taken.add(name.lower())
    check(len(taken) <= MAX_TAGS, KEY, f"{len(given)} tags", f"at most {MAX_TAGS - len(defaults)}")
    return {**defaults, **given}
