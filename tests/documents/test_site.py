"""The site: it can be built, and it needs no network."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from local.host.options import PROJECT_ROOT
from tests.documents.running.markdown import Document

# The site's packages belong to the group `check`: what needs them is imported in the tests.
pytestmark = pytest.mark.check

# What a browser loads by itself when it shows a page.
_LOADED = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"([^\"]+)|<link\b[^>]*\bhref=\"([^\"]+)|url\(([^)]+)"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make docs` does it: every warning is an error."""
    folder: Path = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-W",
        "--keep-going",
        "-q",
        "-E",
        "-c",
        "docs/site",
        "docs",
        str(folder),
    ]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_in_the_site_with_its_diagrams(site: Path):
    for path in (PROJECT_ROOT / "docs").rglob("*.md"):
        page = (site / path.relative_to(PROJECT_ROOT / "docs")).with_suffix(".html").read_text(encoding="utf-8")
        diagrams = [language for language, _ in Document.read(path).fences() if language == "mermaid"]
        assert page.count("data:image/svg+xml;base64,") == len(diagrams), path


def test_nothing_is_loaded_from_another_host(site: Path):
    files = [path for path in site.rglob("*") if path.suffix in (".html", ".css")]
    assert len(files) > 30
    for path in files:
        for found in _LOADED.findall(path.read_text(encoding="utf-8")):
            address = "".join(found).strip("\"' ")
            assert not re.match(r"(?:\w+:)?//", address), f"{path.name} loads {address}"


def test_the_diagram_of_the_readme_can_be_drawn():
    from docs.site.mermaid import figure

    (diagram,) = [
        b.text for language, b in Document.read(PROJECT_ROOT / "README.md").fences() if language == "mermaid"
    ]
    assert 'alt="From a request to a recorded result"' in figure(diagram)


def test_a_diagram_that_mermaid_cannot_read_is_an_error():
    from docs.site.mermaid import figure

    with pytest.raises(RuntimeError, match="Parse error"):
        figure("flowchart LR\n    accTitle: Wrong\n    one --> \n")


def test_a_diagram_needs_a_title():
    from docs.site.mermaid import UntitledDiagram, figure

    with pytest.raises(UntitledDiagram):
        figure("flowchart LR\n    a --> b\n")
