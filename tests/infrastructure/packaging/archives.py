"""What is in an archive."""

import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[3]


def entries(archive: str | Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as opened:
        return {name: opened.read(name) for name in opened.namelist()}
