"""The file of secrets: what it may say, and that a mistake in it does not print a secret."""

from pathlib import Path

import pytest

from local.host.errors import LaptopError
from local.program.secrets import read_secrets


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "secrets.env"


def test_without_the_file_there_are_no_secrets(file: Path) -> None:
    assert read_secrets(file) == {}


def test_each_line_is_a_secret_and_may_contain_an_equals_sign(file: Path) -> None:
    file.write_text("# for tests\n\n fonts-api = a=b== \nother=#1\n")
    assert read_secrets(file) == {"fonts-api": "a=b==", "other": "#1"}


@pytest.mark.parametrize("line", ["hunter2", "fonts-api=", "=hunter2", "fonts-api hunter2"])
def test_another_line_is_named_by_its_number_and_not_quoted(file: Path, line: str) -> None:
    file.write_text(f"good=1\n{line}\n")
    with pytest.raises(LaptopError, match=r"Line 2 of .*secrets\.env is no secret") as refused:
        read_secrets(file)
    assert "hunter2" not in str(refused.value)
