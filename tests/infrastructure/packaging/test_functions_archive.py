"""The archive of the functions: complete, and the same bytes for the same input."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from functions.task_types import load_task_types
from infrastructure.blocks.packaging import (
    functions_archive,
)
from tests.infrastructure.packaging.archives import ROOT, entries


def test_the_archive_holds_every_python_file_of_functions_and_nothing_else(tmp_path: Path) -> None:
    held = entries(functions_archive(tmp_path))
    assert held == {
        path.relative_to(ROOT).as_posix(): path.read_bytes() for path in (ROOT / "functions").rglob("*.py")
    }
    assert {"functions/validator.py", "functions/task_types/demo.py"} <= held.keys()


def test_two_builds_are_the_same_bytes(tmp_path: Path) -> None:
    first, second = functions_archive(tmp_path / "a"), functions_archive(tmp_path / "b")
    assert Path(first).read_bytes() == Path(second).read_bytes()
    assert Path(first).name == Path(second).name


def test_times_modes_and_caches_of_the_files_do_not_matter(tmp_path: Path, sources: Path) -> None:
    before = Path(functions_archive(tmp_path / "build")).read_bytes()
    for path in sources.rglob("*.py"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        path.chmod(0o700)
    (sources / "__pycache__").mkdir()
    (sources / "__pycache__" / "validator.cpython-313.pyc").write_bytes(b"cache")
    (sources / "notes.txt").write_text("no code")
    assert Path(functions_archive(tmp_path / "build")).read_bytes() == before


def test_changed_code_is_a_new_archive(tmp_path: Path, sources: Path) -> None:
    before = functions_archive(tmp_path / "build")
    with (sources / "validator.py").open("a") as file:
        file.write("\n# changed\n")
    after = functions_archive(tmp_path / "build")
    assert Path(after).name != Path(before).name
    assert Path(before).exists(), "an archive that a running update refers to stays"


def test_a_new_file_is_packed_without_being_listed_anywhere(tmp_path: Path, sources: Path) -> None:
    (sources / "task_types" / "email.py").write_text('"""New."""\n')
    assert "functions/task_types/email.py" in entries(functions_archive(tmp_path / "build"))


def test_entries_have_no_time_and_are_readable_by_every_user(tmp_path: Path) -> None:
    with zipfile.ZipFile(functions_archive(tmp_path)) as archive:
        for entry in archive.infolist():
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert entry.external_attr >> 16 & 0o777 == 0o644, "Lambda runs as another user"


def test_a_build_leaves_nothing_but_its_archive(tmp_path: Path) -> None:
    archive = functions_archive(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [Path(archive).name]


def test_the_archive_alone_is_enough_to_load_every_handler(tmp_path: Path) -> None:
    with zipfile.ZipFile(functions_archive(tmp_path)) as archive:
        archive.extractall(tmp_path / "task")
    program = (
        "import functions.validator as v, functions.reader as r, functions.processor as p;"
        "assert v.__file__.startswith(r'%s'), v.__file__;"
        "print(*p.build().types, callable(v.handler), callable(r.handler))"
    ) % (tmp_path / "task")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path / "task"), "POWERTOOLS_TRACE_DISABLED": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [*load_task_types(), "True", "True"]
