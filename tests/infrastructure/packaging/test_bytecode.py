"""Bytecode for Lambda's Python. This Python stands in for it, which not every machine has."""

import marshal
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from infrastructure.blocks import packaging
from infrastructure.blocks.packaging import (
    functions_archive,
)
from tests.infrastructure.packaging.archives import entries

THIS = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def compiled(tmp_path: Path, sources: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The archive of a copy of `functions/`, with bytecode."""
    monkeypatch.setattr(packaging, "_PYTHON", THIS)
    return Path(functions_archive(tmp_path / "build", with_bytecode=True))


def test_every_module_of_the_archive_has_bytecode(compiled: Path) -> None:
    held = entries(compiled)
    modules = {name for name in held if name.endswith(".py")}
    tag = sys.implementation.cache_tag
    bytecode = {f"{name.parent}/__pycache__/{name.stem}.{tag}.pyc" for name in map(PurePosixPath, modules)}
    assert held.keys() == modules | bytecode


def test_bytecode_is_the_same_bytes_wherever_it_is_written(compiled: Path, tmp_path: Path, sources: Path) -> None:
    elsewhere = tmp_path / "another" / "place"
    shutil.move(sources.parent, elsewhere)
    packaging.ROOT = elsewhere  # the fixture restores it
    for path in elsewhere.rglob("*.py"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    assert Path(functions_archive(tmp_path / "b", with_bytecode=True)).read_bytes() == compiled.read_bytes()


def test_bytecode_is_run_without_a_look_at_the_source(compiled: Path, tmp_path: Path) -> None:
    """A zip has no times that it could agree with, and reading each source would cost time in every cold start."""
    with zipfile.ZipFile(compiled) as archive:
        archive.extractall(tmp_path / "task")
    (tmp_path / "task" / "functions" / "api" / "headers.py").write_text("raise SystemExit('compiled again')\n")
    program = "from functions.api import headers; print(headers.__cached__, headers.JSON.__class__.__name__)"
    task, environment = tmp_path / "task", {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=task, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [
        str(tmp_path / "task" / "functions/api/__pycache__" / f"headers.{sys.implementation.cache_tag}.pyc"),
        "str",
    ]


def test_tracebacks_name_the_files_where_lambda_has_them(compiled: Path) -> None:
    held = entries(compiled)
    code = marshal.loads(held[f"functions/api/__pycache__/headers.{sys.implementation.cache_tag}.pyc"][16:])
    assert code.co_filename == "/var/task/functions/api/headers.py"


def test_a_file_that_is_no_python_is_packed_without_bytecode(
    tmp_path: Path, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packaging, "_PYTHON", THIS)
    (sources / "template.py").write_text("class {{ name }}:\n")
    held = entries(functions_archive(tmp_path / "build", with_bytecode=True))
    assert "functions/template.py" in held
    assert not [name for name in held if "template." in name and name.endswith(".pyc")]


def test_without_an_interpreter_the_packages_have_no_bytecode_and_somebody_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packaging, "_PYTHON", "3.99")
    assert functions_archive(tmp_path / "a", with_bytecode=True).endswith(Path(functions_archive(tmp_path / "b")).name)
    problem = packaging.missing_bytecode()
    assert problem is not None
    assert "No Python 3.99" in problem
    assert "uv python install 3.99" in problem, "and the way out"
    assert "\n" not in problem


def test_with_an_interpreter_there_is_nothing_to_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaging, "_PYTHON", THIS)
    assert packaging.missing_bytecode() is None


def test_an_archive_with_bytecode_is_made_again_only_when_its_input_has_changed(
    compiled: Path, tmp_path: Path, sources: Path
) -> None:
    written = compiled.stat().st_mtime_ns
    assert Path(functions_archive(tmp_path / "build", with_bytecode=True)) == compiled
    assert compiled.stat().st_mtime_ns == written, "nothing was made"
    source = sources / "api" / "headers.py"
    source.write_text(source.read_text() + "\n# changed\n")
    assert Path(functions_archive(tmp_path / "build", with_bytecode=True)) != compiled
