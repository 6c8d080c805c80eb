"""Nothing new is accepted when the disk has only its reserve left."""

import os
from pathlib import Path

from local.host.disk import Disk


def test_a_disk_with_room_has_no_shortage(tmp_path: Path) -> None:
    assert Disk(tmp_path, reserve=1).shortage() == ""


def test_a_shortage_names_the_folder_and_the_way_out(tmp_path: Path) -> None:
    disk = os.statvfs(tmp_path)
    shortage = Disk(tmp_path, reserve=disk.f_bavail * disk.f_frsize + 10**9).shortage()
    assert str(tmp_path) in shortage
    assert "free some space" in shortage
