"""What `pulumi up` uploads: a zip of `functions/` and a layer of its dependencies, the same bytes for the same input.

To the input belongs whether there is a Python for Lambda's bytecode here, and which (`bytecode.py`).

No Docker: pip fetches wheels for Lambda's platform, whatever machine it runs on. It resolves nothing: the lock is
complete, and newer releases do not matter.
"""

import hashlib
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pulumi

from infrastructure.blocks.packaging.bytecode import Compiler, find_compiler

ROOT = Path(__file__).resolve().parents[3]
BUILD = ROOT / ".build"
REQUIREMENTS = ROOT / "requirements" / "functions.txt"
_PYTHON = "3.13"
_PLATFORMS = ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64")
_FOR_LAMBDA = (
    "--implementation=cp",
    f"--python-version={_PYTHON}",
    *(f"--platform={platform}" for platform in _PLATFORMS),
)
MAX_UPLOAD_BYTES = 50_000_000  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
_MODE = 0o644 << 16
# Where Lambda has the code and the layers: https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html
_TASK, _LAYERS = "/var/task", "/opt"
_LEFT_BY_THE_INSTALLER = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})


class PackagingError(pulumi.RunError):
    """The layer could not be built; the message says what to do. Pulumi shows it without a traceback."""


def missing_bytecode() -> str | None:
    """What to say when the packages are built without bytecode; None if there is a Python that writes it."""
    if find_compiler(_PYTHON):
        return None
    return (
        f"No Python {_PYTHON} was found on this machine, so the functions are packaged without bytecode: Lambda "
        "compiles them in every cold start, which takes about twice as long. Install it, for example with: "
        f"uv python install {_PYTHON}"
    )


def functions_archive(
    build: Path = BUILD, others: Iterable[tuple[Path, str]] = (), *, with_bytecode: bool = False
) -> str:
    """Zip the package `functions`, and `others`: files with their names in the archive.

    Returns the path of the archive, which is named after its content. One with bytecode is made once per content of
    the files, then found in `build`.
    """
    sources = sorted((ROOT / "functions").rglob("*.py"))
    own = ((path, path.relative_to(ROOT).as_posix()) for path in sources)
    files = [*own, *others]
    compiler = find_compiler(_PYTHON) if with_bytecode else None
    if compiler is None:
        return str(_zip(build, "functions", files))
    contents = ((arcname, _digest(path.read_bytes())) for path, arcname in files)
    name = f"functions-{_digest(repr((compiler.version, *contents)).encode())}"
    return str(_made_once(build, name, lambda: _compiled(build, "functions", files, _TASK, compiler)))


def dependency_layer(build: Path = BUILD, requirements: Path = REQUIREMENTS, pip_options: Iterable[str] = ()) -> str:
    """Install the hashed requirements for arm64 and Python 3.13, and zip them as a layer. Returns its path.

    Built once per content of the requirements file, then found in `build`. `PackagingError` if pip cannot fetch or
    verify a wheel.
    """
    compiler = find_compiler(_PYTHON)
    wanted = repr((_PYTHON, _PLATFORMS, compiler and compiler.version)).encode() + requirements.read_bytes()

    def make() -> Path:
        with tempfile.TemporaryDirectory(dir=build) as folder:
            site = Path(folder)
            _install(requirements, site, _FOR_LAMBDA, pip_options)
            files = sorted(path for path in site.rglob("*") if path.is_file() and _is_portable(path.relative_to(site)))
            named = [(path, f"python/{path.relative_to(site).as_posix()}") for path in files]
            if compiler is None:
                return _zip(build, "layer", named)
            return _compiled(build, "layer", named, _LAYERS, compiler)

    return str(_made_once(build, f"layer-{_digest(wanted)}", make))


def packages_of_this_machine(requirements: Path, build: Path = BUILD, pip_options: Iterable[str] = ()) -> str:
    """Install the hashed requirements that not all functions have, for the laptop. Returns the path of the folder.

    Installed once per content of the requirements file. `PackagingError` as above.
    """
    base = set(_entries(REQUIREMENTS))
    entries = [entry for entry in _entries(requirements) if entry not in base]
    wanted = "".join(entries)
    folder = build / f"packages-{hashlib.sha256((sys.version + wanted).encode()).hexdigest()[:16]}"
    if not folder.is_dir():
        build.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=build) as partial:
            added = Path(partial) / requirements.name
            added.write_text(wanted)
            _install(added, Path(partial) / "site", (), pip_options)
            (Path(partial) / "site").rename(folder)
    return str(folder)


def _entries(requirements: Path) -> list[str]:
    """The packages of a lock, each with its hashes."""
    return re.split(r"^(?=\w)", requirements.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]


def _is_portable(path: Path) -> bool:
    """Not the scripts in `bin`, which start with the path of this Python, and not RECORD, which holds their hashes.

    Nor the files that say which tool installed the package, and from where.
    """
    return path.parts[0] != "bin" and path.name not in _LEFT_BY_THE_INSTALLER


def _install(requirements: Path, target: Path, platform: Iterable[str], pip_options: Iterable[str]) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile",
               "--no-deps", "--require-hashes", "--only-binary=:all:", *platform, *pip_options,
               f"--requirement={requirements}", f"--target={target}"]  # fmt: skip
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode:
        raise PackagingError(
            f"The dependency layer could not be built from {requirements.name}. Check that the package index can be "
            "reached, or build the layer elsewhere and set taskline:dependencyLayer to its path. "
            f"pip said:\n{outcome.stderr.strip()}"
        )


def _compiled(build: Path, name: str, files: Sequence[tuple[Path, str]], mounted: str, compiler: Compiler) -> Path:
    """Zip the files with their bytecode. Lambda has them at `mounted`."""
    with tempfile.TemporaryDirectory(dir=build) as folder:
        return _zip(build, name, (*files, *compiler.compile(files, mounted, Path(folder))))


def _made_once(build: Path, name: str, make: Callable[[], Path]) -> Path:
    """The archive that was made from the same input, if `build` has it; otherwise make it, and remember it."""
    pointer = build / f"{name}.path"
    if pointer.exists() and (known := build / pointer.read_text()).is_file():
        return known
    build.mkdir(parents=True, exist_ok=True)
    archive = make()
    pointer.write_text(archive.name)
    return archive


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _zip(build: Path, name: str, files: Iterable[tuple[Path, str]]) -> Path:
    """Zip the files in the given order, without times, owners and modes, and without compressing them.

    Each zlib compresses in its own way, and other bytes are another deployment. `PackagingError` if it is too large.
    """
    build.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.NamedTemporaryFile(dir=build, delete=False) as partial,
        zipfile.ZipFile(partial, "w") as archive,
    ):
        for path, arcname in files:
            entry = zipfile.ZipInfo(arcname, _EPOCH)
            entry.external_attr = _MODE
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_STORED)
    if (size := Path(partial.name).stat().st_size) > MAX_UPLOAD_BYTES:
        raise PackagingError(
            f"The archive of {name} has {size / 1e6:.0f} MB, and Lambda takes {MAX_UPLOAD_BYTES / 1e6:.0f} MB in one "
            "upload. Leave out dependencies that the functions do not need."
        )
    digest = hashlib.sha256(Path(partial.name).read_bytes()).hexdigest()[:16]
    final = build / f"{name}-{digest}.zip"
    Path(partial.name).replace(final)
    return final
