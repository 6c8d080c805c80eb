"""A file is replaced such that a power cut at any moment leaves the last one or this one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from local.host.files import replace_durably


def test_what_is_written_is_on_disk_before_it_has_its_name_and_the_name_before_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(number: int) -> None:
        happened.append(f"synced {path_of(number, tmp_path).name}")
        fsync(number)

    def replaced(self: Path, target: Path) -> Path:
        happened.append(f"renamed to {target.name}")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    replace_durably(tmp_path / "a.json", "{}")
    assert happened == ["synced a.json.partial", "renamed to a.json", f"synced {tmp_path.name}"]
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == "{}"
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o600


def test_what_does_not_reach_the_disk_replaces_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_durably(tmp_path / "a.json", "before")
    monkeypatch.setattr(os, "fsync", broken_disk)
    with pytest.raises(OSError, match="broken"):
        replace_durably(tmp_path / "a.json", "after")
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == "before"


def path_of(number: int, folder: Path) -> Path:
    """The path of an open file, which is the folder or something in it."""
    return next(path for path in (folder, *folder.rglob("*")) if os.path.samestat(path.stat(), os.fstat(number)))


def broken_disk(_file: int) -> None:
    raise OSError("broken")
