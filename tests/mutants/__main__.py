"""Lets mutmut make one mistake at a time in `functions/tasks` and lists those that the unit tests do not catch.

Testing all mutants takes 17 minutes on two idle cores; `--module` and `--sample` test some of them.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from tests.mutants.explained import DOCUMENT, Comparison, Explained, compare, read
from tests.mutants.running import LOG, MUTATED, Mutant, MutmutError, Result, copy_project, identify, keys, run

LEAST_KILLED = 96.0  # percent
_KILLED = ("killed", "timeout")  # a mistake that makes a test loop forever is caught


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit 0 if enough mutants are killed and every survivor is explained, 1 otherwise, 2 if mutmut failed."""
    options = _options(arguments)
    if find_spec("mutmut") is None:
        print("mutmut is not installed: `make mutants` installs it")
        return 2
    explained, started = list(read(DOCUMENT.read_text())), time.monotonic()
    try:
        results, survivors = _test(options)
    except MutmutError as error:
        print(f"{error}\nmutmut failed: the end of its output is above")
        return 2
    killed = _count(results, time.monotonic() - started)
    compared = compare(survivors, _tested(explained, options))
    if options.sample:
        compared = replace(compared, stale=[])  # most mutants were not drawn
    _list(compared)
    whole = not (options.module or options.sample)
    if whole and killed < LEAST_KILLED:
        print(f"At least {LEAST_KILLED:g} % must be killed.")
        return 1
    return 1 if compared.unexplained or compared.stale else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--module", help=f"only this part of {MUTATED}, for example strict_json or redrive.letters")
    parser.add_argument("--sample", type=int, metavar="N", help="only N mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=1, help="draws the sample (default 1)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 2, help="default: one per core")
    return parser.parse_args(arguments)


def _test(options: argparse.Namespace) -> tuple[list[Result], list[Mutant]]:
    """The results of all mutants, and those that survived."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder)
        copy_project(copy)
        patterns = [f"{_package(options)}.*"] if options.module else []
        if options.sample:
            names = [key for key in keys(copy) if key.startswith(f"{_package(options)}.")]
            patterns = random.Random(options.seed).sample(names, min(options.sample, len(names)))
        print(f"mutmut is running: tail -f {copy / LOG}", flush=True)
        results = run(copy, patterns, options.processes)
        return results, [identify(copy, result) for result in results if result.status not in _KILLED]


def _package(options: argparse.Namespace) -> str:
    return ".".join([*MUTATED.split("/"), *filter(None, [options.module])])


def _tested(explained: Sequence[Explained], options: argparse.Namespace) -> list[Explained]:
    return [one for one in explained if one.mutant.function.startswith(f"{_package(options)}.")]


def _count(results: Sequence[Result], seconds: float) -> float:
    """Print how many mutants had which status; returns the percentage that was killed."""
    counts = Counter(result.status for result in results)
    killed = 100 * sum(counts[status] for status in _KILLED) / max(1, len(results))
    statuses = ", ".join(f"{count} {status}" for status, count in counts.most_common())
    print(f"{len(results)} mutants in {seconds / 60:.0f} min: {statuses}; {killed:.1f} % killed")
    return killed


def _list(compared: Comparison) -> None:
    for title, mutants in (
        ("Not killed and not explained", compared.unexplained),
        ("Explained, but killed or no longer generated", compared.stale),
    ):
        for mutant in mutants:
            print(f"\n{title}: {mutant.function}\n{mutant.diff}")


if __name__ == "__main__":
    sys.exit(main())
