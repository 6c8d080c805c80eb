"""Shared by all tests."""

from pathlib import Path

import pytest

# The test kit, which is for the tests of task types; and what tests the kit as a plugin.
pytest_plugins = ["testing.plugin", "pytester"]

# Files run in parallel, in this order: the longest first, so that no process is left with one at the end.
LONGEST = (
    *("simulation/test_simulation.py", "simulation/test_mistakes.py", "benchmarks/test_benchmarks.py"),
    *("engine/test_stages.py", "engine/test_one_stage.py", "engine/test_each_setting.py"),
    *("local/edition/test_drill.py", "simulation/test_every_error.py", "workflow/test_task_machine.py"),
    *("local/edition/test_contract.py", "local/edition/test_idempotency.py", "local/chaos/test_lifecycle.py"),
    *("local/edition/test_pipeline.py", "local/edition/test_iam.py", "workflow/test_differential.py"),
    *("local/smoke/test_smoke.py", "local/chaos/test_chaos.py", "workflow/test_machine_role.py"),
    *("local/permissions/test_minimal.py", "proofs/test_checkov.py", "packages/test_from_outside.py"),
)

# `make check` measures the coverage without these. They run most of the product in other processes, or the whole
# program again and again, and with coverage they take several times as long.
NOT_MEASURED = (
    *("architecture/", "compatibility/", "functions/tenancy/", "functions/intake/test_hostile_bodies.py"),
    *("functions/redrive/test_sweeping_the_queue.py", "infrastructure/api/", "infrastructure/test_settings.py"),
    *("local/access/", "local/chaos/", "local/command_line/", "local/edition/", "local/emulator/test_demand.py"),
    *("local/emulator/test_recorder.py", "simulation/", "workflow/"),
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = Path(__file__).parent
    positions = {str(folder / name): position for position, name in enumerate(LONGEST)}
    items.sort(key=lambda item: positions.get(str(item.path), len(positions)))
    for item in items:
        if str(item.path).startswith(tuple(f"{folder}/{name}" for name in NOT_MEASURED)):
            item.add_marker(pytest.mark.unmeasured)
