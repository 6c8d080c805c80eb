"""The files of a release: its notes, its bill of materials, and the comment with a preview."""

from __future__ import annotations

import json
import re

import pytest

from local.host.options import PROJECT_ROOT
from operations.release.__main__ import main
from operations.release.changelog import NoSection, section
from operations.release.comment import MAX_CHARACTERS, comment
from operations.release.sbom import bill

CHANGELOG = (
    "# Changelog\n\n## Unreleased\n\n- new\n\n## 1.2.0 (2026-11-26)\n\n### Added\n\n- this\n\n## 1.1.0\n\n- old\n"
)
LOCK = PROJECT_ROOT / "requirements" / "functions.txt"


def test_the_notes_are_the_section_of_the_tag():
    assert section(CHANGELOG, "v1.2.0", "1.2.0") == "### Added\n\n- this\n"


@pytest.mark.parametrize(
    ("tag", "declared", "message"),
    [("v1.2.0", "1.3.0", "pyproject.toml has version 1.3.0"), ("v1.3.0", "1.3.0", "has no section '## 1.3.0'")],
)
def test_a_release_of_which_the_changelog_says_nothing_is_refused(tag: str, declared: str, message: str):
    with pytest.raises(NoSection, match=re.escape(message)):
        section(CHANGELOG, tag, declared)


def test_the_bill_names_every_package_of_the_lock_with_its_hashes():
    lock = LOCK.read_text(encoding="utf-8")
    made = bill(lock, "1.2.0")
    pinned = set(re.findall(r"^([\w.-]+)==([\w.]+)", lock, re.MULTILINE))
    assert {(one["name"], one["version"]) for one in made["components"]} == pinned
    assert len(pinned) > 5
    hashes = [one["value"] for component in made["components"] for one in component["properties"]]
    assert sorted(hashes) == sorted(re.findall(r"sha256:([0-9a-f]{64})", lock))
    assert all(one["purl"] == f"pkg:pypi/{one['name']}@{one['version']}" for one in made["components"])
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")


def test_two_bills_of_a_lock_are_the_same_and_those_of_two_locks_are_not():
    lock = LOCK.read_text(encoding="utf-8")
    assert bill(lock, "1.2.0") == bill(lock, "1.2.0")
    assert bill(lock, "1.2.0")["serialNumber"] != bill(lock + "# more", "1.2.0")["serialNumber"]


def test_a_package_without_a_hash_is_no_bill():
    with pytest.raises(ValueError, match="orjson has no hash"):
        bill("orjson==3.1.0\n", "1.2.0")


def test_a_long_preview_is_cut_at_its_beginning_and_cannot_leave_its_block():
    text = comment("```\n" + "+ resource\n" * 10_000 + "Resources: 164 to create", "dev")
    assert len(text) < MAX_CHARACTERS + 500
    assert "Resources: 164 to create\n```" in text
    assert "The beginning is left out" in text
    assert text.count("```") == 2


def test_the_commands_print_their_files_and_say_what_is_wrong(capsys: pytest.CaptureFixture[str]):
    assert main(["sbom"]) == 0
    assert json.loads(capsys.readouterr().out)["metadata"]["component"]["name"] == "taskline"
    assert main(["notes", "v0.0.1"]) == 1
    assert "The tag is v0.0.1, but pyproject.toml" in capsys.readouterr().err
