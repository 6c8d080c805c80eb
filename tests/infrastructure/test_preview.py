"""`make preview`: it finds the CLI or says how to get it, needs no account, and leaves the stage's file alone."""

from pathlib import Path

import pytest

from infrastructure.preview import ROOT, preview


@pytest.fixture
def cli(tmp_path: Path) -> Path:
    """A `pulumi` that notes its arguments and its backend, and writes to its configuration as the real one does."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "pulumi"
    program.write_text(
        f'#!/bin/sh\necho "$PULUMI_BACKEND_URL $*" >> {tmp_path}/calls\n'
        'echo "encryptionsalt: v1:abc" >> Pulumi.dev.yaml\n'
    )
    program.chmod(0o755)
    return folder


def test_without_the_cli_it_says_how_to_get_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert preview("dev", {"PATH": str(tmp_path), "HOME": str(tmp_path)}, tmp_path / "build") == 1
    assert "https://www.pulumi.com/docs/install/" in capsys.readouterr().err


def test_it_previews_on_a_local_backend_and_leaves_the_stage_file_alone(cli: Path, tmp_path: Path) -> None:
    before, build = (ROOT / "Pulumi.dev.yaml").read_bytes(), tmp_path / "build"
    assert preview("dev", {"PATH": f"{cli}:/usr/bin:/bin", "HOME": str(tmp_path)}, build) == 0
    selected, previewed = (tmp_path / "calls").read_text().splitlines()
    assert selected.startswith(f"{build.as_uri()} stack select --create dev")
    assert previewed.startswith(f"{build.as_uri()} preview --stack dev")
    assert (ROOT / "Pulumi.dev.yaml").read_bytes() == before


def test_a_cli_without_its_plugin_for_python_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "pulumi"
    program.write_text("#!/bin/sh\nexit 255\n")
    program.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path)}
    assert preview("dev", environ, tmp_path / "build") == 255
    assert "pulumi-language-python, was not found" in capsys.readouterr().err
    plugin = program.with_name("pulumi-language-python")
    plugin.write_text("#!/bin/sh\n")
    plugin.chmod(0o755)
    assert preview("dev", environ, tmp_path / "build") == 255
    assert capsys.readouterr().err == "", "another failure is the CLI's to explain"


def test_another_backend_is_used_when_it_is_named(cli: Path, tmp_path: Path) -> None:
    environ = {"PATH": f"{cli}:/usr/bin:/bin", "HOME": str(tmp_path), "PULUMI_BACKEND_URL": "s3://states"}
    assert preview("dev", environ, tmp_path / "build") == 0
    assert all(line.startswith("s3://states ") for line in (tmp_path / "calls").read_text().splitlines())


def test_a_stage_that_does_not_exist_is_named(cli: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert preview("nowhere", {"PATH": str(cli), "HOME": str(tmp_path)}, tmp_path / "build") == 1
    assert "Stage nowhere does not exist" in capsys.readouterr().err
