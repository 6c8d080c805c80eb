"""`make preview` with the real CLI, on the checkout as it is: from its command to the resources that it announces.

The provider and the host of the language are attached; everything else is as `make preview` does it.
"""

import os
from pathlib import Path

import pulumi
import pytest

from infrastructure import preview
from tests.engine.engine import Host, program
from tests.engine.provider.server import Provider, serving

pytestmark = pytest.mark.check

FILE = preview.ROOT / "Pulumi.staging.yaml"


@pytest.fixture
def environ(cli: str, provider: Provider, tmp_path: Path) -> dict[str, str]:
    """As a person's, on a machine without a network."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }


def test_it_announces_every_resource_and_leaves_the_stage_file_alone(
    environ: dict[str, str], provider: Provider, layer: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def with_layer() -> None:
        pulumi.runtime.set_config("taskline:dependencyLayer", str(layer))
        program()

    before = FILE.read_bytes()
    with serving(provider) as port, Host(with_layer) as host:
        environ |= {"PULUMI_DEBUG_PROVIDERS": f"aws:{port}", "PULUMI_DEBUG_LANGUAGES": f"python:{host.port}"}
        code = preview.preview("staging", environ, tmp_path / "build")
    printed = capfd.readouterr()
    assert code == 0, printed
    assert "tasks-table" in printed.out
    assert "to create" in printed.out
    assert FILE.read_bytes() == before


def test_without_the_plugin_for_python_it_is_named(
    cli: str, environ: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if preview.language_plugin(environ, cli) is not None:
        pytest.skip("this CLI has its plugin for Python")
    assert preview.preview("staging", environ, tmp_path / "build") != 0
    assert preview.LANGUAGE in capfd.readouterr().err
