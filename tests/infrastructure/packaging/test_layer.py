"""The dependency layer, for Lambda's platform only, from handmade wheels: no test needs the network."""

import base64
import hashlib
import os
import sys
import zipfile
from pathlib import Path

import pytest

from infrastructure.blocks import packaging
from infrastructure.blocks.packaging import (
    PackagingError,
    dependency_layer,
    packages_of_this_machine,
)
from infrastructure.blocks.packaging.bytecode import find_compiler
from tests.infrastructure.packaging.archives import entries
from tests.packages import acme

THIS = f"{sys.version_info.major}.{sys.version_info.minor}"


class Shelf:
    """A folder of wheels, and requirements that name them by hash."""

    def __init__(self, folder: Path) -> None:
        self.wheels = folder / "wheels"
        self.build = folder / "build"
        self.requirements = folder / "functions.txt"
        self.wheels.mkdir()

    def wheel(self, tag: str = "py3-none-any", version: str = "1.0", requires: str = "", **files: str) -> str:
        """Builds a wheel of the project `tiny` and requires it."""
        info = f"tiny-{version}.dist-info"
        held = {"tiny/__init__.py": f'VERSION = "{version}"\n'} | files
        held[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n"
        held[f"{info}/METADATA"] += f"Requires-Dist: {requires}\n" if requires else ""
        held[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: {tag}\n"
        held[f"{info}/RECORD"] = "".join(f"{name},{_digest(text)},{len(text)}\n" for name, text in held.items())
        path = self.wheels / f"tiny-{version}-{tag}.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in held.items():
                archive.writestr(name, text)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        self.requirements.write_text(f"tiny=={version} --hash=sha256:{digest}\n")
        return digest

    def layer(self, build: Path | None = None, *, empty_shelf: bool = False) -> Path:
        options = ["--no-index"] if empty_shelf else ["--no-index", f"--find-links={self.wheels}"]
        return Path(dependency_layer(build or self.build, self.requirements, options))


def _digest(text: str) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_a_layer_holds_its_packages_where_lambda_looks_for_them(shelf: Shelf) -> None:
    shelf.wheel()
    held = entries(shelf.layer())
    assert held["python/tiny/__init__.py"] == b'VERSION = "1.0"\n'
    assert "python/tiny-1.0.dist-info/METADATA" in held, "libraries look up versions of each other"
    assert all(name.startswith("python/") for name in held)


@pytest.mark.check
def test_two_layers_are_the_same_bytes_on_every_machine(shelf: Shelf, tmp_path: Path) -> None:
    shelf.wheel(**{"tiny-1.0.dist-info/entry_points.txt": "[console_scripts]\ntiny = tiny:main\n"})
    first, second = shelf.layer(tmp_path / "a"), shelf.layer(tmp_path / "b")
    assert first.read_bytes() == second.read_bytes()
    assert first.name == second.name, "an archive is named after its content"
    for name, content in entries(first).items():
        assert os.fsencode(sys.prefix) not in content, f"{name} holds a path of this machine"
        assert b"bin/tiny" not in content, f"{name} holds the hash of a script that holds a path of this machine"


def test_which_tool_installed_a_package_is_not_in_the_layer(shelf: Shelf) -> None:
    shelf.wheel()
    left = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
    assert not [name for name in entries(shelf.layer()) if Path(name).name in left]


def test_nothing_is_resolved(shelf: Shelf) -> None:
    """The requirements are complete: a package that requires more changes nothing."""
    shelf.wheel(requires="another>=2")
    assert "python/tiny/__init__.py" in entries(shelf.layer())


def test_a_layer_is_built_once(shelf: Shelf) -> None:
    shelf.wheel()
    first = shelf.layer()
    assert shelf.layer(empty_shelf=True) == first, "the second time it is found, not built"


@pytest.mark.check
def test_changed_requirements_are_another_layer(shelf: Shelf) -> None:
    shelf.wheel()
    first = shelf.layer()
    shelf.wheel(version="2.0")
    assert shelf.layer() != first
    assert entries(shelf.layer())["python/tiny/__init__.py"] == b'VERSION = "2.0"\n'


@pytest.mark.check
def test_a_layer_without_bytecode_is_not_taken_where_bytecode_can_be_written(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.wheel()
    monkeypatch.setattr(packaging, "find_compiler", lambda version: None)
    bare = shelf.layer()
    assert shelf.layer() == bare
    monkeypatch.setattr(packaging, "find_compiler", lambda version: find_compiler(THIS))
    assert shelf.layer() != bare
    assert "python/tiny/__pycache__/__init__." + f"{sys.implementation.cache_tag}.pyc" in entries(shelf.layer())


@pytest.mark.check
@pytest.mark.parametrize("harm", ["the archive is gone", "the pointer was cut off"])
def test_a_lost_layer_is_built_again(shelf: Shelf, harm: str) -> None:
    shelf.wheel()
    first = shelf.layer()
    if harm == "the archive is gone":
        first.unlink()
    else:
        (pointer,) = shelf.build.glob("layer-*.path")
        pointer.write_text("")
    again = shelf.layer()
    assert again.is_file()
    assert "python/tiny/__init__.py" in entries(again)


def test_a_layer_for_another_platform_is_not_found_in_the_cache(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next version of Python, or x86, with the same requirements is another layer."""
    shelf.wheel()
    shelf.layer()
    monkeypatch.setattr(packaging, "_PYTHON", "3.14")
    with pytest.raises(PackagingError):
        shelf.layer(empty_shelf=True)


@pytest.mark.parametrize("tag", ["cp313-cp313-manylinux_2_17_aarch64", "cp313-abi3-manylinux2014_aarch64"])
def test_a_wheel_for_lambda_is_accepted(shelf: Shelf, tag: str) -> None:
    shelf.wheel(tag)
    assert "python/tiny/__init__.py" in entries(shelf.layer())


@pytest.mark.parametrize(
    "tag",
    [
        "cp313-cp313-manylinux_2_17_x86_64",
        "cp313-cp313-manylinux_2_39_aarch64",
        "cp314-cp314-manylinux_2_17_aarch64",
    ],
)
def test_a_wheel_for_another_platform_is_refused(shelf: Shelf, tag: str) -> None:
    """Whatever machine the layer is built on: it has to run on arm64, Amazon Linux 2023 and Python 3.13."""
    shelf.wheel(tag)
    assert_refused(shelf)


def test_a_source_distribution_is_refused(shelf: Shelf) -> None:
    """Building it would run its code here, for the platform of this machine."""
    archive = shelf.wheels / "tiny-1.0.tar.gz"
    archive.write_bytes(b"source")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    shelf.requirements.write_text(f"tiny==1.0 --hash=sha256:{digest}\n")
    assert_refused(shelf)


def test_a_wheel_with_another_hash_is_refused(shelf: Shelf) -> None:
    digest = shelf.wheel()
    text = shelf.requirements.read_text()
    shelf.requirements.write_text(text.replace(digest, "0" * 64))
    assert "hash" in assert_refused(shelf).lower()


def test_a_requirement_without_a_hash_is_refused(shelf: Shelf) -> None:
    shelf.wheel()
    shelf.requirements.write_text("tiny==1.0\n")
    assert "hash" in assert_refused(shelf).lower()


def assert_refused(shelf: Shelf) -> str:
    with pytest.raises(PackagingError) as caught:
        shelf.layer()
    message = str(caught.value)
    assert "functions.txt" in message, "the message names what could not be installed"
    assert "taskline:dependencyLayer" in message, "and the workaround"
    assert "pip said:" in message
    assert list(shelf.build.iterdir()) == [], "a failed build leaves nothing behind"
    return message


def test_the_shipped_requirements_are_hashed_and_name_no_index() -> None:
    text = packaging.REQUIREMENTS.read_text()
    requirements = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert requirements
    for line in requirements:
        assert "==" in line, f"{line} is not pinned"
    assert text.count("--hash=sha256:") >= len(requirements)
    assert "://" not in text, "no address of an index"


@pytest.mark.live
def test_the_real_layer_holds_only_code_for_lambda(tmp_path: Path) -> None:
    """Fetches the real wheels: needs a package index."""
    held = entries(dependency_layer(tmp_path))
    libraries = {name: content for name, content in held.items() if ".so" in Path(name).suffixes}
    assert [name for name in libraries if "pydantic_core" in name], "pydantic's core is compiled"
    for name, content in libraries.items():
        assert content[:4] == b"\x7fELF", name
        assert int.from_bytes(content[18:20], "little") == 0xB7, f"{name} is not for aarch64"
        assert "x86_64" not in name
        assert "cpython-313" in name or "abi3" in name or "cpython" not in name, f"{name} is not for Python 3.13"
    for package in ("pydantic", "boto3", "aws_lambda_powertools", "aws_xray_sdk"):
        assert f"python/{package}/__init__.py" in held
    assert sum(map(len, held.values())) < 250 * 1024 * 1024, "Lambda's limit is 250 MB unpacked"


def test_two_pools_have_different_releases_of_a_library_on_one_machine(tmp_path: Path) -> None:
    folders: list[Path] = []
    for version in ("0.27.0", "0.28.1"):
        wheel = acme.httpx(tmp_path / "wheels", version)
        lock = tmp_path / f"{version}.txt"
        lock.write_text(acme.lock(packaging.REQUIREMENTS, wheel))
        options = ("--no-index", f"--find-links={wheel.parent}")
        folders.append(Path(packages_of_this_machine(lock, tmp_path / "build", options)))
        assert packages_of_this_machine(lock, tmp_path / "build", ["--no-index"]) == str(folders[-1]), "installed once"
    for folder, version in zip(folders, ("0.27.0", "0.28.1"), strict=True):
        assert folder.joinpath("httpx", "__init__.py").read_text() == f'__version__ = "{version}"\n'
        assert not folder.joinpath("pydantic").exists(), "what all functions have is there already"
