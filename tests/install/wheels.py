"""Wheels for the index: tiny ones with the metadata of the real ones, and real ones, packed from what is installed."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

COPIED = ("Requires-Dist", "Provides-Extra", "Requires-Python")


def tiny(folder: Path, name: str, version: str, headers: Iterable[tuple[str, str]] = ()) -> Path:
    """A wheel with metadata and no code."""
    stem = f"{name.replace('-', '_')}-{version}"
    lines = [("Metadata-Version", "2.4"), ("Name", name), ("Version", version), *headers]
    metadata = "".join(f"{header}: {value}\n" for header, value in lines)
    return _pack(folder / f"{stem}-py3-none-any.whl", f"{stem}.dist-info", {}, metadata, "Tag: py3-none-any\n")


def headers_of(name: str) -> list[tuple[str, str]]:
    """The requirements in an installed distribution's metadata; none if it is for other platforms."""
    try:
        metadata = distribution(name).metadata
    except PackageNotFoundError:
        return []
    return [(header, value) for header in COPIED for value in metadata.get_all(header, [])]


def packed(folder: Path, name: str) -> Path:
    """A wheel of an installed distribution."""
    found = distribution(name)
    stem = f"{name}-{found.version}"
    tags = [line.split(": ")[1] for line in (found.read_text("WHEEL") or "").splitlines() if line.startswith("Tag: ")]
    python, abi, _ = tags[0].split("-", 2)
    platforms = ".".join(tag.split("-", 2)[2] for tag in tags)
    held: dict[str, bytes] = {}
    for file in found.files or []:
        if file.parts[0] == f"{stem}.dist-info" or "__pycache__" in file.parts:
            continue
        script = file.parts[-2:-1] == ("bin",) and ".." in file.parts
        if not script:
            held[file.as_posix()] = file.read_binary()
        elif name == "uv":  # pip's scripts are created by the installer
            held[f"{stem}.data/scripts/{file.name}"] = file.read_binary()
    tag = "".join(f"Tag: {tag}\n" for tag in tags)
    metadata = found.read_text("METADATA") or ""
    return _pack(folder / f"{stem}-{python}-{abi}-{platforms}.whl", f"{stem}.dist-info", held, metadata, tag)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _pack(path: Path, info: str, files: Mapping[str, bytes], metadata: str, tags: str) -> Path:
    held = dict(files)
    held[f"{info}/METADATA"] = metadata.encode()
    held[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\n{tags}".encode()
    record = "".join(f"{name},{_digest(content)},{len(content)}\n" for name, content in held.items())
    held[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in held.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o100755 << 16  # an executable file
            archive.writestr(entry, content)
    return path


def _digest(content: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
