"""`python -m tests.compatibility` keeps this release as the one that the next one has to get on with."""

import json
import os
import shutil

from statemachine.loader import DEFINITION_FILE
from tests.simulation.__main__ import ENVIRONMENT


def main() -> None:
    """Write `previous/`."""
    os.environ.update(ENVIRONMENT)  # before Powertools is imported
    from tests.compatibility.releases import ANSWERS, MACHINE, PLANS, answer

    shutil.copyfile(DEFINITION_FILE, MACHINE)
    ANSWERS.write_text(json.dumps({plan: answer(plan) for plan in PLANS}, indent=2) + "\n")
    print(f"{MACHINE.name} and {ANSWERS.name} of this release are in {MACHINE.parent.name}/")


if __name__ == "__main__":
    main()
