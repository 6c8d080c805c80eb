"""Shared by all tests."""

from importlib.util import find_spec
from pathlib import Path

import pytest

# The test kit, which is for the tests of task types; and what tests the kit as a plugin.
pytest_plugins = ["testing.plugin", "pytester"]

# Files run in parallel, in this order: the longest first, so that no process is left with one at the end.
LONGEST = (
    *("local/chaos/test_chaos.py", "local/chaos/test_lifecycle.py", "simulation/test_simulation.py"),
    *("local/command_line/test_command_line.py", "steering/console/test_browser.py", "local/access/test_tenancy.py"),
    *("local/edition/test_drill.py", "local/lanes/test_lanes.py", "simulation/test_mistakes.py"),
    *("local/counting/test_stats.py", "infrastructure/cost/test_bill.py", "steering/cli/test_cost.py"),
    *("engine/test_stages.py", "engine/test_one_stage.py", "engine/test_each_setting.py"),
    *("benchmarks/test_benchmarks.py", "simulation/test_every_error.py", "workflow/test_task_machine.py"),
    *("local/smoke/test_smoke.py", "local/edition/test_contract.py", "local/edition/test_idempotency.py"),
    *("local/edition/test_pipeline.py", "local/edition/test_iam.py", "workflow/test_differential.py"),
    *("local/permissions/test_minimal.py", "packages/test_from_outside.py", "kit/test_new_type.py"),
    *("documents/test_site.py", "local/watching/test_watching.py", "workflow/test_machine_role.py"),
    *("proofs/test_checkov.py", "local/program/test_resources.py", "infrastructure/test_settings.py"),
)

# Files whose tools only `make check` installs, each with one of these. `make test` leaves them out.
WITH_TOOLS = {
    "proofs/test_policies.py": "policy_sentry",
    "steering/console/test_browser.py": "playwright",
    "steering/console/test_other_stack.py": "playwright",
    "steering/console/executions/test_browser.py": "playwright",
}

# `make coverage` does without these. They run most of the product in other processes, or the whole program again and
# again, and with coverage they take several times as long.
NOT_MEASURED = (
    *("architecture/", "compatibility/", "documents/", "functions/tenancy/"),
    *("functions/intake/test_hostile_bodies.py", "infrastructure/differences/"),
    *("functions/redrive/test_sweeping_the_queue.py", "infrastructure/api/"),
    *("infrastructure/pipeline/", "infrastructure/watch/", "infrastructure/task_types/test_pools.py"),
    "infrastructure/test_functions.py",
    *("infrastructure/test_inventory.py", "infrastructure/packaging/", "infrastructure/test_settings.py"),
    *("kit/services/test_expressions.py", "local/access/", "local/chaos/", "local/command_line/", "local/counting/"),
    *("local/edition/", "local/emulator/test_demand.py", "local/emulator/test_recorder.py"),
    *("local/program/test_resources.py", "simulation/", "workflow/"),
)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out what cannot be loaded here."""
    folder = Path(__file__).parent
    tool = (
        WITH_TOOLS.get(collection_path.relative_to(folder).as_posix()) if folder in collection_path.parents else None
    )
    return True if tool and find_spec(tool) is None else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = Path(__file__).parent
    positions = {str(folder / name): position for position, name in enumerate(LONGEST)}
    items.sort(key=lambda item: positions.get(str(item.path), len(positions)))
    for item in items:
        if str(item.path).startswith(tuple(f"{folder}/{name}" for name in NOT_MEASURED)):
            item.add_marker(pytest.mark.unmeasured)
