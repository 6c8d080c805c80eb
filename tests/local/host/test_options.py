"""The options of a start, the host's settings that must not reach it, and what an empty start removes."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.host.errors import LaptopError
from local.host.options import PROJECT_ROOT, parse, scrub
from local.host.state_dir import StateDir, read_json, write_json


def test_the_defaults_are_those_of_make_run() -> None:
    options = parse([], {})
    assert (options.port, options.stage, options.fresh) == (4000, "dev", False)
    assert options.state_dir == PROJECT_ROOT / ".taskline"
    assert options.overrides == {}


def test_options_come_from_the_command_line_and_the_environment() -> None:
    variables = {"TASKLINE_PORT": "4001", "TASKLINE_STATE_DIR": "/elsewhere", "TASKLINE_STAGE": "prod"}
    options = parse(["--fresh"], {**variables, "TASKLINE_CONFIG": '{"a": 1}'})
    assert (options.port, options.stage, options.fresh) == (4001, "prod", True)
    assert (options.state_dir, options.overrides) == (Path("/elsewhere"), {"a": 1})
    assert parse([], {"FRESH": "1"}).fresh
    assert not parse([], {"FRESH": "0"}).fresh


@pytest.mark.parametrize(
    "environ",
    [{"TASKLINE_PORT": "0"}, {"TASKLINE_PORT": "70000"}, {"TASKLINE_CONFIG": "[]"}, {"TASKLINE_CONFIG": "{"}],
)
def test_an_invalid_value_names_its_variable(environ: dict[str, str]) -> None:
    with pytest.raises(LaptopError, match=next(iter(environ))):
        parse([], environ)


def test_the_host_s_aws_settings_are_removed() -> None:
    environ = {"AWS_PROFILE": "work", "AWS_SECRET_ACCESS_KEY": "real", "HOME": "/home/me"}
    scrub(environ)
    assert environ.keys() == {"HOME", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED"}


def test_starting_empty_removes_only_taskline_s_files(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    state.acquire()
    state.prepare()
    write_json(state.manifest("dev"), [])
    (state.emulator_state / "sqs.json").write_text("{}", encoding="utf-8")
    (tmp_path / "holiday.jpg").write_bytes(b"mine")
    state.clear()
    assert {entry.name for entry in tmp_path.iterdir()} == {"lock", "holiday.jpg"}
    assert read_json(state.manifest("dev")) is None
    with pytest.raises(LaptopError, match="Another Taskline"):
        StateDir(tmp_path).acquire()
    state.release()
    StateDir(tmp_path).acquire()
