"""The locks are complete, pinned, hashed and consistent, and no file names a package index."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.install import locks
from tests.install.locks import HERE, LAMBDA, LOCKS, ROOT, Line

GROUPS = [
    *("laptop", "test", pytest.param("check", marks=pytest.mark.check), "functions", "uv"),
    *(pytest.param(group, marks=pytest.mark.check) for group in ("checkov", "oldest-pips")),
]


def complaints(group: str, lines: list[Line]) -> list[str]:
    if group == "oldest-pips":  # a different one for each Python
        return [one for version in ("3.11", "3.12", "3.13", "3.14") for one in _for(version, lines)]
    if group == "checkov":
        return locks.complaints(lines, locks.group(group), requires=locks.required_by_checkov)
    return locks.complaints(lines, locks.group(group), LAMBDA if group == "functions" else HERE)


def _for(version: str, lines: list[Line]) -> list[str]:
    here = locks.python(version + ".0")
    wanted = [one for one in locks.group("oldest-pips") if one.marker and one.marker.evaluate({**here})]
    return locks.complaints(lines, wanted, here, requires=lambda name: [])


@pytest.fixture(params=GROUPS)
def group(request: pytest.FixtureRequest) -> str:
    return request.param


def test_a_lock_is_exactly_the_closure_of_its_group(group: str) -> None:
    assert complaints(group, locks.read(LOCKS / f"{group}.txt")) == []


def test_every_missing_line_is_noticed(group: str) -> None:
    lines = locks.read(LOCKS / f"{group}.txt")
    for line in lines[:: 1 + len(lines) // 40]:  # of a long list, one line in some
        rest = [other for other in lines if other != line]
        if group == "oldest-pips" or line.applies(LAMBDA if group == "functions" else HERE):
            assert f"{line.name} is missing" in complaints(group, rest)


def test_an_extra_line_is_noticed(group: str) -> None:
    lines = [*locks.read(LOCKS / f"{group}.txt"), Line("stowaway", "1.0", "")]
    assert "stowaway is not needed" in complaints(group, lines)


def test_a_version_outside_its_range_is_noticed() -> None:
    lines = [Line("boto3", "1.0", "") if line.name == "boto3" else line for line in locks.read(LOCKS / "laptop.txt")]
    assert "boto3 is 1.0, but boto3==1.43.106 is required" in complaints("laptop", lines)


def test_what_an_extra_requires_belongs_to_the_closure() -> None:
    requires = {"tool": ["plain", "special; extra == 'more'", "other; python_version < '3'"], "plain": []}
    lines = [Line("tool", "1", ""), Line("plain", "1", "")]
    wanted = [locks.Requirement("tool[more]")]
    assert locks.complaints(lines, wanted, requires=requires.__getitem__) == ["special is missing"]


@pytest.mark.parametrize("smaller", ["laptop", "test", "functions", "uv"])
def test_the_locks_agree_on_every_version(smaller: str) -> None:
    largest = {(line.name, line.version) for line in locks.read(LOCKS / "check.txt")}
    assert {(line.name, line.version) for line in locks.read(LOCKS / f"{smaller}.txt")} <= largest


def test_each_group_includes_the_smaller_one() -> None:
    names = [{line.name for line in locks.read(LOCKS / f"{group}.txt")} for group in ("laptop", "test", "check")]
    assert names[0] < names[1] < names[2]


def test_the_laptop_edition_needs_no_development_tools() -> None:
    tools = {"fastapi", "hypothesis", "mangum", "moto", "mutmut", "pyright", "pytest", "ruff", "schemathesis"}
    assert not tools & {line.name for line in locks.read(LOCKS / "laptop.txt")}


@pytest.mark.parametrize("lock", sorted(LOCKS.glob("*.txt")), ids=lambda lock: lock.stem)
def test_every_line_is_pinned_and_hashed(lock: Path) -> None:
    entry = r"[\w.-]+==[\w.]+( ; [^\\]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+\n"
    assert re.fullmatch(f"({entry})+", lock.read_text()), "there is nothing else, no option and no address"


HOSTS = tuple("".join(parts) for parts in [("py", "pi."), ("python", "hosted."), ("--index-url", " http")])


def test_no_file_names_a_package_index() -> None:
    """That is left to the configuration of the machine."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    files = [ROOT / name for name in listed.split("\0") if name] or sorted(LOCKS.iterdir())
    for file in files:
        text = file.read_bytes().decode(errors="replace") if file.is_file() else ""
        assert not [host for host in HOSTS if host in text], file
