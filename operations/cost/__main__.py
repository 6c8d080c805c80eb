"""What `taskline cost` runs: `python -m operations.cost --stage prod` prints the bill as one JSON document."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from infrastructure.cost.load import MILLION, ImpossibleLoad, Load
from infrastructure.settings.checks import SettingsError
from local.host.errors import LaptopError
from operations.cost.billing import bill_of
from operations.cost.measuring import NotMeasured

MISUSED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the bill. 0; 2 if there is no such stage or load, 1 if something could not be measured."""
    given = _parser().parse_args(arguments)
    try:
        load = Load(**{name: getattr(given, name) for name in vars(Load()) if getattr(given, name) is not None})
        bill = bill_of(given.stage, load)
    except LaptopError as error:
        return _failed(error.problem, MISUSED, error.way_out)
    except (ImpossibleLoad, SettingsError) as error:
        return _failed(str(error), MISUSED)
    except NotMeasured as error:
        return _failed(str(error), 1)
    print(json.dumps(bill.document(given.tasks)))
    return 0


def _failed(title: str, code: int, remedy: str = "") -> int:
    print(json.dumps({"error": {"title": title, "remedy": remedy}}))
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m operations.cost", description=__doc__)
    parser.add_argument("--stage", default="prod")
    parser.add_argument("--tasks", type=float, default=MILLION)
    for name, kind in (
        ("tasks_per_second", float),
        ("keys", int),
        ("validator_milliseconds", float),
        ("processor_milliseconds", float),
    ):
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind)
    return parser


if __name__ == "__main__":
    sys.exit(main())
