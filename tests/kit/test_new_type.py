"""`make new-type` writes a type whose files pass as they stand, in a copy of the project."""

import subprocess
import sys
from pathlib import Path

import pytest

from local.host.options import PROJECT_ROOT
from testing.new_type.naming import CannotName, Name, named
from testing.new_type.writing import write
from tests.documents.running.checkout import copy_project

BIN = Path(sys.executable).parent
TYPE, TEST = "functions/task_types/invoice_render.py", "tests/task_types/test_invoice_render.py"


@pytest.mark.parametrize(
    ("type_name", "names"),
    [
        ("invoice.render", ("invoice_render", "InvoiceRenderData")),
        ("e-mail.send_now", ("e_mail_send_now", "EMailSendNowData")),
        ("words", ("words", "WordsData")),
        ("print.page", ("print_page", "PrintPageData")),
    ],
)
def test_module_function_and_model_are_named_after_the_type(type_name: str, names: tuple[str, str]) -> None:
    name = named(type_name, known=[])
    assert (name.type, name.function, name.model) == (type_name, *names)


@pytest.mark.parametrize(
    ("type_name", "message"),
    [
        ("demo.echo", "'demo.echo' exists already"),
        ("Invoice.Render", "use up to 64 of a-z"),
        ("../secrets", "use up to 64 of a-z"),
        ("invoice render", "use up to 64 of a-z"),
        ("7up", "'7up' in '7up' cannot be a part of a name in Python"),
        ("invoice..render", "'' in 'invoice..render' cannot be a part"),
        ("invoice.class", "'class' in 'invoice.class' cannot be a part"),
        ("print", "means something else in Python: add a part, such as print.run"),
        ("a" * 33, "has 33 characters: use at most 32"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_the_reason(type_name: str, message: str) -> None:
    with pytest.raises(CannotName) as refused:
        named(type_name, known=["demo.echo"])
    assert message in str(refused.value)


def test_an_existing_file_is_left_as_it_is_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "tests" / "task_types").mkdir(parents=True)
    (tmp_path / TEST).write_text("mine")
    (tmp_path / "functions" / "task_types").mkdir(parents=True)
    with pytest.raises(FileExistsError, match="exists already: choose another name"):
        write(Name(type="invoice.render", function="invoice_render"), tmp_path)
    assert not (tmp_path / TYPE).exists()
    assert (tmp_path / TEST).read_text() == "mine"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, in which the type was written."""
    root = tmp_path_factory.mktemp("project")
    copy_project(root)
    (root / ".venv").symlink_to(sys.prefix)
    assert run(root, sys.executable, "-m", "testing.new_type", "invoice.render").startswith(
        f"wrote {TYPE}\nwrote {TEST}\n"
    )
    return root


def run(root: Path, *command: str | Path, status: int = 0) -> str:
    """What a command prints in the copy."""
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.check
@pytest.mark.parametrize(
    "command",
    [
        [BIN / "ruff", "check"],
        [BIN / "ruff", "format", "--check"],
        [BIN / "pyright"],
        [sys.executable, "-m", "pytest", "-n0", "-W", "error", "tests/task_types"],
    ],
    ids=["lint", "format", "types", "tests"],
)
def test_what_was_written_passes_as_it_stands(copy: Path, command: list[str]) -> None:
    run(copy, *command, *([] if "tests/task_types" in command else [TYPE, TEST]))


@pytest.mark.check
def test_a_second_time_it_exists(copy: Path) -> None:
    again = run(copy, sys.executable, "-m", "testing.new_type", "invoice.render", status=1)
    assert again == "the task type 'invoice.render' exists already\n"
    assert "make new-type NAME=" in run(copy, sys.executable, "-m", "testing.new_type", "", status=1)


@pytest.mark.check
@pytest.mark.nightly
def test_a_type_may_import_what_it_needs_and_the_domain_may_not(copy: Path) -> None:
    shared = copy / "functions" / "tasks" / "clock.py"
    before = shared.read_text()
    wants = "import os\nimport boto3\nimport httpx\n"
    (copy / "functions" / "task_types" / "wants.py").write_text(f'"""A type with needs."""\n\n{wants}')
    architecture = (sys.executable, "-m", "pytest", "-n0", "tests/architecture/test_architecture.py")
    try:
        assert "failed" not in run(copy, *architecture)
        shared.write_text(f"{before}\nimport boto3\n")
        assert "functions.tasks.clock" in run(copy, *architecture, status=1)
    finally:
        shared.write_text(before)
        (copy / "functions" / "task_types" / "wants.py").unlink()


@pytest.mark.check
def test_make_passes_the_name_on() -> None:
    assert 'testing.new_type "invoice.render"' in run(PROJECT_ROOT, "make", "-n", "new-type", "NAME=invoice.render")
