"""Which stage is meant: by flag, environment, file, stack, or the laptop edition that runs nearby."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from taskline.stages import AccessDenied, Account, Search, StageNotFound, read_file

OUTPUTS = {"api_url": "http://127.0.0.1:4000/v1", "queue_url": "http://queue"}


class Ssm:
    """The parameters of one region, in pages of two."""

    meta = SimpleNamespace(region_name="eu-west-1")

    def __init__(self, parameters: Mapping[str, str], error: Exception | None = None) -> None:
        self.parameters = parameters
        self.error = error

    def get_paginator(self, name: str) -> Any:
        assert name == "get_parameters_by_path"
        return self

    def paginate(self, Path: str) -> Any:  # noqa: N803 AWS's name
        if self.error:
            raise self.error
        found = [{"Name": name, "Value": value} for name, value in self.parameters.items() if name.startswith(Path)]
        yield from ({"Parameters": found[start : start + 2]} for start in range(0, len(found) + 1, 2))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("taskline.stages.CHECKOUT", tmp_path / "no-checkout")
    return tmp_path


def search(folder: Path, ssm: Ssm | None = None, **environ: str) -> Search:
    used: list[Any] = []

    def account(**settings: Any) -> Account:
        used.append(settings)
        return Account(**settings, _clients={"ssm": ssm} if ssm else {})

    return Search(environ={"XDG_CONFIG_HOME": str(folder / "config"), **environ}, folder=folder, account=account)


def run_laptop(state: Path, port: int = 4000) -> None:
    state.mkdir(parents=True)
    runtime = {"url": f"http://127.0.0.1:{port}", "endpoint": "http://s@127.0.0.1:1", "region": "us-east-1"}
    (state / "runtime.json").write_text(json.dumps({**runtime, "outputs": OUTPUTS}))


def write_file(folder: Path, text: str) -> Path:
    path = folder / "config" / "taskline" / "stages.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def test_the_laptop_edition_is_found_in_a_folder_above(folder: Path) -> None:
    run_laptop(folder / ".taskline")
    below = folder / "a" / "b"
    found = Search(environ={}, folder=below).find()
    assert (found.name, found.url, found.is_laptop) == ("laptop", "http://127.0.0.1:4000/v1", True)
    assert found.outputs == OUTPUTS
    assert found.account.endpoint == "http://s@127.0.0.1:1"


def test_the_state_folder_of_the_environment_wins_over_the_folders_above(folder: Path) -> None:
    run_laptop(folder / ".taskline")
    run_laptop(folder / "other", port=4010)
    assert search(folder, TASKLINE_STATE_DIR=str(folder / "other")).find().url == "http://127.0.0.1:4010/v1"


def test_without_a_name_and_without_a_laptop_edition_the_error_says_how_to_name_one(folder: Path) -> None:
    with pytest.raises(StageNotFound) as found:
        search(folder).find()
    assert "--stage, --url or TASKLINE_URL" in found.value.remedy


def test_a_laptop_edition_that_was_stopped_is_not_found(folder: Path) -> None:
    (folder / ".taskline").mkdir()
    (folder / ".taskline" / "runtime.json").write_text("{ half of it")
    with pytest.raises(StageNotFound):
        search(folder).find()


def test_flags_win_over_the_environment_and_that_over_the_file_and_that_over_the_laptop(folder: Path) -> None:
    run_laptop(folder / ".taskline")
    write_file(folder, 'default = "prod"\n[stages.prod]\nurl = "https://file/v1"\n')
    assert search(folder, TASKLINE_URL="https://environment/v1").find(url="https://flag/v1").url == "https://flag/v1"
    assert search(folder, TASKLINE_URL="https://environment/v1").find().url == "https://environment/v1"
    assert search(folder).find().url == "https://file/v1"
    assert search(folder).find(stage="laptop").is_laptop


def test_an_address_without_a_path_means_the_api(folder: Path) -> None:
    assert search(folder).find(url="https://api.example.org/").url == "https://api.example.org/v1"


def test_the_address_of_a_running_laptop_edition_is_that_edition(folder: Path) -> None:
    run_laptop(folder / ".taskline")
    assert search(folder).find(url="http://127.0.0.1:4000").is_laptop
    assert not search(folder).find(url="http://127.0.0.1:4999").is_laptop


@pytest.mark.parametrize("url", ["api.example.org/v1", "ftp://x", "https://"])
def test_what_is_no_address_is_refused(folder: Path, url: str) -> None:
    with pytest.raises(StageNotFound, match="is not the address of an API"):
        search(folder).find(url=url)


def test_a_deployed_stage_is_found_by_the_outputs_that_it_publishes(folder: Path) -> None:
    parameters = {
        "/taskline/prod/api_url": "https://abc.execute-api.eu-west-1.amazonaws.com/v1",
        "/taskline/prod/pipe_name": "taskline-prod-tasks-pipe",
        "/taskline/prod/task_types": '{"default": {}}',
        "/taskline/production/api_url": "https://other/v1",
    }
    found = search(folder, Ssm(parameters)).find(stage="prod")
    assert found.url == "https://abc.execute-api.eu-west-1.amazonaws.com/v1"
    assert found.outputs["task_types"] == {"default": {}}
    assert found.outputs["pipe_name"] == "taskline-prod-tasks-pipe"
    assert (found.sign, found.is_laptop, found.knows_its_stack) == (True, False, True)


def test_the_region_is_that_of_the_environment_unless_the_file_names_one(folder: Path) -> None:
    published = Ssm({"/taskline/prod/api_url": "https://abc/v1", "/taskline/other/api_url": "https://def/v1"})
    write_file(folder, '[stages.other]\nregion = "eu-west-1"\n')
    found = search(folder, published, AWS_REGION="eu-north-1")
    assert [found.find(stage=name).account.region for name in ("prod", "other")] == ["eu-north-1", "eu-west-1"]


def test_a_stack_that_publishes_nothing_is_not_found_and_the_region_is_named(folder: Path) -> None:
    with pytest.raises(StageNotFound, match="no stage prd in eu-west-1"):
        search(folder, Ssm({"/taskline/prod/api_url": "https://abc/v1"})).find(stage="prd")


def test_a_refusal_by_aws_is_no_missing_stage(folder: Path) -> None:
    with pytest.raises(AccessDenied, match="AccessDenied: no"):
        search(folder, Ssm({}, RuntimeError("AccessDenied: no"))).find(stage="prod")


def test_an_entry_of_the_file_has_address_key_and_credentials(folder: Path) -> None:
    text = '[stages.prod]\nurl = "https://abc/v1/"\napi_key = "k"\nsign = true\n'
    text += 'region = "eu-west-1"\naws_profile = "ops"\n'
    write_file(folder, text)
    found = search(folder).find(stage="prod")
    assert (found.url, found.api_key, found.sign) == ("https://abc/v1", "k", True)
    assert (found.account.region, found.account.profile) == ("eu-west-1", "ops")
    assert "k" not in repr(found).replace("taskline", ""), "a key is never shown"


def test_an_entry_without_an_address_is_a_stack_with_other_settings(folder: Path) -> None:
    write_file(folder, '[stages.live]\nstack = "prod"\napi_key = "k"\n')
    found = search(folder, Ssm({"/taskline/prod/api_url": "https://abc/v1"})).find(stage="live")
    assert (found.name, found.url, found.api_key) == ("live", "https://abc/v1", "k")


def test_the_key_of_the_environment_wins_over_that_of_the_file(folder: Path) -> None:
    write_file(folder, '[stages.prod]\nurl = "https://abc/v1"\napi_key = "old"\n')
    assert search(folder, TASKLINE_API_KEY="new").find(stage="prod").api_key == "new"


@pytest.mark.parametrize(
    ("text", "said"), [("[stages.prod]\napikey = 'x'\n", "stage prod has apikey"), ("= broken", "cannot be read")]
)
def test_a_file_that_is_wrong_is_named_with_what_is_wrong(folder: Path, text: str, said: str) -> None:
    path = write_file(folder, text)
    with pytest.raises(StageNotFound, match=said) as found:
        search(folder).find()
    assert str(path) in str(found.value)


def test_a_file_with_keys_that_others_can_read_is_noticed(folder: Path) -> None:
    path = write_file(folder, '[stages.prod]\nurl = "https://abc/v1"\napi_key = "k"\n')
    path.chmod(0o644)
    assert read_file(path).is_readable_by_others()
    path.chmod(0o600)
    assert not read_file(path).is_readable_by_others()
