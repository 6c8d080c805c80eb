"""Shared by all tests."""

from importlib.util import find_spec
from pathlib import Path

import pytest

# The test kit, which is for the tests of task types; and what tests the kit as a plugin.
pytest_plugins = ["testing.plugin", "pytester"]

# Files run in parallel, in this order: the longest first, so that no process is left with one at the end.
LONGEST = (
    *("local/chaos/test_chaos.py", "simulation/test_mistakes.py", "local/edition/test_drill.py"),
    *("local/lanes/test_lanes.py", "local/gates/test_halting_keys.py", "local/long/test_long_tasks.py"),
    *("engine/test_stages.py", "engine/test_one_stage.py", "engine/test_each_setting.py"),
    *("documents/test_running.py", "infrastructure/api/test_gateway.py", "local/chaos/test_lifecycle.py"),
    *("infrastructure/api/test_closing.py", "workflow/test_task_machine.py", "install/test_installation.py"),
    *("local/command_line/test_command_line.py", "steering/console/test_browser.py", "workflow/test_differential.py"),
    *("functions/tenancy/test_isolation.py", "simulation/test_simulation.py"),
    *("functions/redrive/test_sweeping_the_queue.py", "steering/client/test_laptop.py"),
    *("functions/reading/test_listing.py", "simulation/test_every_error.py", "steering/cli/test_exit_codes.py"),
    *("functions/redrive/test_bulk_redrive.py", "local/edition/test_contract.py", "documents/test_site.py"),
    *("local/program/test_resources.py", "local/edition/test_pipeline.py", "kit/test_plugin.py"),
    *("local/permissions/test_minimal.py", "infrastructure/cost/test_bill.py", "functions/breaker/test_function.py"),
    *("compatibility/test_releases.py", "functions/gates/test_keys.py", "kit/test_guide.py"),
    *("infrastructure/deployer/test_deployer.py", "local/edition/test_breaker.py"),
    *("steering/console/executions/test_browser.py", "workflow/test_throttling.py"),
    *("functions/intake/test_hostile_bodies.py", "local/edition/test_redrive.py"),
    *("infrastructure/task_types/test_pools.py", "documents/test_examples.py"),
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
