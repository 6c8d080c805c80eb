"""Writes the generated parts of the pages: `python -m docs.site.generated`.

A generated part stands between two comments, `<!-- generated: NAME -->` and `<!-- end -->`. A test compares what is
committed with what this writes.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docs.site.commands import commands_reference, exit_codes_table
from docs.site.settings import settings_table
from docs.site.states import state_diagram, states_table
from infrastructure.cost.committed import committed, stages_table, tasks_table
from statemachine.loader import raw_definition, raw_long_definition

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    "docs/reference/settings.md",
    "docs/reference/command-line.md",
    "docs/reference/cost.md",
    "docs/explanation/state-machine.md",
)
_PART = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def parts(root: Path = ROOT) -> Mapping[str, str]:
    """All generated parts by name."""
    definition, bills = raw_definition(), committed()
    return {
        "settings": settings_table(root),
        "diagram": state_diagram(definition),
        "states": states_table(definition),
        "long_states": states_table(_changed(definition, raw_long_definition())),
        "exit_codes": exit_codes_table(),
        "commands": commands_reference(),
        "cost_of_tasks": tasks_table(bills["prod"]),
        "cost_of_stages": stages_table(bills),
    }


def _changed(base: Mapping[str, Any], other: Mapping[str, Any]) -> Mapping[str, Any]:
    """The other definition with those of its states alone that the base does not have like this."""
    states = {name: state for name, state in other["States"].items() if base["States"].get(name) != state}
    return {**other, "States": states}


def renewed(page: str, generated: Mapping[str, str]) -> str:
    """The text of a page with its generated parts as they are now."""
    return _PART.sub(lambda part: f"{part[1]}\n{generated[part[2]]}\n\n{part[3]}", page)


def main() -> None:
    """Write every page that has generated parts."""
    generated = parts()
    for name in PAGES:
        page = ROOT / name
        page.write_text(renewed(page.read_text(encoding="utf-8"), generated), encoding="utf-8")


if __name__ == "__main__":
    main()
