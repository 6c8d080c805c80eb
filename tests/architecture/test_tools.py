"""`make test` installs less than `make check`, and has to come through without the rest."""

import sys
from importlib.metadata import packages_distributions

import pytest
from packaging.utils import canonicalize_name

from tests.architecture.imports import ROOT, arrows, imports, modules, reachable
from tests.conftest import WITH_TOOLS
from tests.install import locks

OURS = (
    *("asl", "benchmarks", "docs", "functions", "infrastructure", "local", "operations", "requirements"),
    *("statemachine", "taskline", "testing", "tests"),
)


@pytest.mark.check
def test_a_test_file_loads_what_only_make_check_installs_where_it_is_left_out_without_it() -> None:
    known = modules(*OURS)
    graph = arrows(known, at_start=True)
    installed = {canonicalize_name(line.name) for line in locks.read(ROOT / "requirements" / "test.txt")}
    owners = packages_distributions()
    needing: dict[str, set[str]] = {}
    for module, path in known.items():
        if not (path.name.startswith("test_") or path.name == "conftest.py"):
            continue
        files = [path, *(known[one] for one in reachable(module, graph))]
        roots = {name.partition(".")[0] for file in files for name in imports(file, at_start=True)}
        foreign = roots - sys.stdlib_module_names - set(OURS)
        tools = {
            root for root in foreign if not {canonicalize_name(one) for one in owners.get(root, [root])} & installed
        }
        if tools:
            needing[path.relative_to(ROOT / "tests").as_posix()] = tools
    assert needing.keys() == WITH_TOOLS.keys()
    assert all(WITH_TOOLS[name] in tools for name, tools in needing.items())
