"""The examples of the guide are one file of tests, and pass in somebody else's pytest."""

import pytest

from local.host.options import PROJECT_ROOT
from tests.documents.running.markdown import Document

pytestmark = pytest.mark.check
SWITCH = 'pytest_plugins = ["testing.plugin"]\n'


def test_the_examples_of_the_guide_pass(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(PROJECT_ROOT))
    path = PROJECT_ROOT / "docs/guides/testing.md"
    end = path.read_text(encoding="utf-8").partition("## With moto")[0].count("\n")
    fences = Document.read(path).fences()
    switch, *examples = [block.text for language, block in fences if language == "python" and block.line < end]
    assert switch == SWITCH
    pytester.makeconftest(switch)
    pytester.makepyfile("\n".join(examples))
    result = pytester.runpytest_subprocess("-W", "error")
    result.assert_outcomes(passed=9)
