"""What can be wrong with task types is said before anything is created: with the type, and what to do."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from infrastructure.blocks.location import EMULATED_ACCOUNT
from infrastructure.settings.checks import SettingsError
from tests.infrastructure.recording import Recording, Stack
from tests.packages import acme

Evaluated = Callable[..., Stack]


def types(old: str, new: str) -> dict[str, str]:
    """The package's declarations with something replaced."""
    assert old in acme.TYPES
    return {"types": acme.TYPES.replace(old, new)}


NO_VARIABLE: dict[str, Any] = {"taskTypeEnvironment": {}}
WRONG: dict[str, tuple[dict[str, str], dict[str, Any], str]] = {
    "a package that is not installed": (
        {},
        {"taskTypePackages": "acne"},
        r"names 'acne', and no installed package .* Installed are: acme, acme-broken\. Install it .*pip install",
    ),
    "a package that cannot be loaded": (
        {},
        {"taskTypePackages": "acme, acme-broken"},
        r"acme_tasks\.broken cannot be loaded: KeyError: 'ACME_LIMIT'\. Move what it imports",
    ),
    "a variable without a value": (
        {},
        NO_VARIABLE,
        r"'invoice\.render' needs the variable INVOICE_BUCKET.*pulumi config set --path",
    ),
    "a value that is no text": (
        {},
        {"taskTypeEnvironment": {"INVOICE_BUCKET": 5}},
        "INVOICE_BUCKET is 5, and an environment variable is text",
    ),
    "a value that nobody declares": (
        {},
        {"taskTypeEnvironment": {"INVOICE_BUCKET": "b", "INVOICE_BUKET": "c"}},
        "sets INVOICE_BUKET, which no task type declares; they declare: INVOICE_BUCKET.*pulumi config rm",
    ),
    "a permission with a variable that is not declared": (
        types('        environment=("INVOICE_BUCKET",),\n', ""),
        NO_VARIABLE,
        r"'invoice\.render' may use .*\{INVOICE_BUCKET\} is not one of its variables.*Needs\(environment=",
    ),
    "an extra that the package does not have": (
        types('extra="rendering"', 'extra="rendring"'),
        {},
        r"'invoice\.render' needs the extra 'rendring': acme-tasks has no extra 'rendring'; it has: rendering",
    ),
    "a library that is imported and not declared": (
        types('        extra="rendering",\n', ""),
        {},
        r"rendering\.py:6 imports httpx, for task type 'invoice\.render', and pool 'rendering' .*make lock-pools",
    ),
    "a declaration that imports what only the pool has": (
        {"types": f"{acme.TYPES}\nimport yaml\n"},
        {},
        r"types\.py:\d+ imports yaml, and all functions load this file.*task_type\(\.\.\., module=",
    ),
    "a function in a module that does not exist": (
        types('module="acme_tasks.rendering"', 'module="acme_tasks.rendring"'),
        {},
        r"acme_tasks\.rendring, the module of task type 'invoice\.render', cannot be loaded: ModuleNotFoundError",
    ),
    "a function in a module that is no Python": (
        {"rendering": "def run(:\n"},
        {},
        r"acme_tasks\.rendering, the module of task type 'invoice\.render', cannot be loaded: SyntaxError: .*line 1",
    ),
    "a timeout for which there is no time": (
        types("timeout_seconds=3", "timeout_seconds=200"),
        {},
        r"invoice\.render in pool rendering \(4 runs of 200 s\) fits with a timeout of 31 s",
    ),
    "a name that no pool can have": (
        types('Pool("rendering"', 'Pool("rendering!"'),
        {},
        "cannot be loaded: ValueError: pool is 'rendering!'; allowed: 1 to 20",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_it_is_refused_with_the_type_and_the_way_out(evaluated: Evaluated, wrong: str) -> None:
    files, settings, message = WRONG[wrong]
    with pytest.raises(SettingsError, match=message):
        evaluated(settings, **files)


@pytest.mark.check
@pytest.mark.parametrize(
    "wrong",
    [
        "a package that cannot be loaded",
        pytest.param("a library that is imported and not declared", marks=pytest.mark.nightly),
        pytest.param("a function in a module that does not exist", marks=pytest.mark.nightly),
        pytest.param("a function in a module that is no Python", marks=pytest.mark.nightly),
    ],
)
def test_the_laptop_warns_and_runs_the_other_types(
    evaluated: Evaluated, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, settings, message = WRONG[wrong]
    warned: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", warned.append)
    stack = evaluated({**settings, "dependencyLayer": "none.zip"}, into=Recording(account=EMULATED_ACCOUNT), **files)
    assert [text for text in warned if re.search(message, text)]
    with zipfile.ZipFile(stack.one("aws:lambda/function:Function", "validator-function").inputs["code"].path) as code:
        assert len(code.namelist()) == len({*code.namelist()}), "two names of one package are one package"


def test_a_secret_without_a_value_is_refused_with_the_command_that_sets_it(
    evaluated: Evaluated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.program.recording.SECRETS", ())
    with pytest.raises(SettingsError, match=r"'invoice\.render' needs the secret 'fonts-api'.*aws ssm put-parameter"):
        evaluated()


def test_one_pool_cannot_be_declared_in_two_ways(evaluated: Evaluated) -> None:
    again = """
other = task_type("invoice.send", data=Invoice, module="acme_tasks.rendering", needs=Needs(pool=Pool("rendering")))
"""
    with pytest.raises(SettingsError, match=r"Pool 'rendering' is declared twice.*invoice\.render.*invoice\.send"):
        evaluated(types=acme.TYPES + again)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: "", r"'invoice\.render' needs httpx==.*does not have httpx\. .*make lock-pools"),
        (lambda text: text.replace("httpx==0.28.1", "httpx==0.27.0"), r"has httpx 0\.27\.0"),
        (lambda text: text.replace("pydantic==", "pydantic==0."), "has other releases than .* of pydantic"),
    ],
    ids=["nothing", "another release", "another release of what all functions have"],
)
def test_a_lock_that_does_not_have_what_the_types_ask_for_is_refused(
    evaluated: Evaluated, pools: Path, change: Callable[[str], str], message: str
) -> None:
    lock = pools / "rendering.txt"
    lock.write_text(change(lock.read_text()))
    with pytest.raises(SettingsError, match=message):
        evaluated()


def test_a_package_may_not_bring_packages_into_all_functions(evaluated: Evaluated) -> None:
    metadata = acme.METADATA.replace("Requires-Dist: pydantic>=2\n", "Requires-Dist: numpy>=2\n")
    with pytest.raises(SettingsError, match=r"acme-tasks requires numpy>=2.*Move it into an extra"):
        evaluated(metadata=metadata)
