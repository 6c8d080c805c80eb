"""`python -m testing.new_type invoice.render` writes a task type and its test, which pass as they stand."""

import sys
from pathlib import Path

from functions.task_types import load_task_types
from testing.new_type.naming import CannotName, named
from testing.new_type.writing import write

ROOT = Path(__file__).parents[2]


def main(arguments: list[str]) -> int:
    """Write the files and print their paths; 1 with a message if that cannot be done."""
    if len(arguments) != 1 or not arguments[0]:
        print("say which type: make new-type NAME=invoice.render", file=sys.stderr)
        return 1
    try:
        name = named(arguments[0], known=load_task_types())
        written = write(name, ROOT)
    except (CannotName, FileExistsError) as error:
        print(error, file=sys.stderr)
        return 1
    for path in written:
        print(f"wrote {path.relative_to(ROOT)}")
    print(f"test it: .venv/bin/python -m pytest -n0 {written[-1].relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
