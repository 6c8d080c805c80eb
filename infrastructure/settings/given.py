"""What a stack is given besides valid values: a name that fits, and no setting that nobody reads."""

import difflib
import re
from pathlib import Path
from typing import Any, cast

import yaml
from pulumi.runtime.config import CONFIG, get_config_env

from infrastructure.settings.checks import SettingsError

# libyaml's parser, where PyYAML has it: it takes a tenth of the time.
_Loader = cast("type[yaml.SafeLoader]", getattr(yaml, "CSafeLoader", yaml.SafeLoader))
PROJECT_FILE = Path(__file__).resolve().parents[2] / "Pulumi.yaml"
# Names are `taskline-<stack>-<resource>`. IAM, Lambda and EventBridge take 64 characters, and `breaker-tick` needs 13.
MAX_STACK_NAME = 40
_STACK_NAME = re.compile(r"[A-Za-z0-9_-]*")  # Pulumi also takes dots, which functions, queues and pipes do not


def check_stack_name(stack: str) -> None:
    """Raise `SettingsError` unless all resources can be named after the stack."""
    wrong = ""
    if len(stack) > MAX_STACK_NAME:
        wrong = f"has {len(stack)} characters; allowed: at most {MAX_STACK_NAME}"
    elif not _STACK_NAME.fullmatch(stack):
        wrong = "has characters that AWS does not take in names; allowed: letters, digits, - and _"
    if wrong:
        raise SettingsError(
            f"The stack name {stack!r} {wrong}. Resources are named after it. Choose another one with: "
            "pulumi stack rename ..."
        )


def check_keys(project: str) -> None:
    """Raise `SettingsError` for a configured key of the project that `Pulumi.yaml` does not declare.

    The engine passes it on without a word, and the setting that was meant keeps its default.
    """
    document = yaml.load(PROJECT_FILE.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - the safe loader, or libyaml's
    declared = set(cast("dict[str, Any]", document)["config"])
    given = {*CONFIG.get(), *get_config_env()}
    for key in sorted(key for key in given if key.startswith(f"{project}:") and key not in declared):
        close = difflib.get_close_matches(key, sorted(declared), n=1)
        meant = f" Did you mean {close[0]}?" if close else ""
        raise SettingsError(
            f"{key} is not a setting.{meant} Pulumi.yaml declares all settings. Remove it with: "
            f"pulumi config rm {key.partition(':')[2]}"
        )
