"""The rules by which changes are judged, and every setting at once: held without the Pulumi CLI, too."""

import importlib
import inspect
import re
from pathlib import Path

import pytest
import yaml

from local.program.config import load_config
from tests.engine.changes import changes_with_consequences, resources
from tests.engine.engine import ROOT
from tests.engine.other_values import STAGES, all_at_once, other_values
from tests.engine.provider.replacements import FOR_EVERY_TYPE, FORCES, NEVER_REPLACED
from tests.infrastructure.recording import run

pytestmark = pytest.mark.check

DECLARED = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]


@pytest.mark.parametrize("of_type", FORCES)
def test_what_forces_a_replacement_is_an_input_of_its_type(of_type: str) -> None:
    _, module, name = of_type.split(":")
    service = importlib.import_module(f"pulumi_aws.{module.partition('/')[0].replace('lambda', 'lambda_')}")
    inputs = {_camel(key) for key in inspect.signature(getattr(service, name)._internal_init).parameters}
    assert FORCES[of_type] | FOR_EVERY_TYPE <= inputs | {"region"}


def test_every_setting_has_another_value_in_every_stage(layer: Path) -> None:
    others = other_values(str(layer))
    assert {f"taskline:{key}" for key in others} == set(DECLARED)
    for stage in STAGES:
        usual = load_config(stage)
        for key, other in others.items():
            if stage in other.stages:
                assert load_config(stage, {key: other.of(stage)}) != usual, f"{key} has this value in {stage}"


@pytest.mark.nightly
@pytest.mark.parametrize("stage", ["staging", "prod"])  # of dev, each setting alone is in test_each_setting
def test_all_settings_together_replace_nothing_that_holds_tasks(stage: str, layer: Path, other_layer: Path) -> None:
    before = resources(run(stage, layer))
    settings = all_at_once(other_values(str(other_layer)), stage)
    found = changes_with_consequences(stage, layer, before, **settings)
    assert not {of_type for of_type, _ in found.replaced | found.deleted} & NEVER_REPLACED
    assert found.updated, "what can be changed in place is"
    assert ("aws:lambda/layerVersion:LayerVersion", "code-layer") in found.replaced, (
        "a version of a layer never changes"
    )


def _camel(key: str) -> str:
    return re.sub(r"_(.)", lambda match: match[1].upper(), key)
