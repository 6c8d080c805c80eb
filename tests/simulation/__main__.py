"""`python -m tests.simulation --count 100000` runs that many schedules; `--seed 4711` replays one."""

import argparse
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterable

ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "POWERTOOLS_SERVICE_NAME": "simulation",
    "POWERTOOLS_METRICS_NAMESPACE": "Simulation",
    "POWERTOOLS_METRICS_DISABLED": "true",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
}


def main() -> int:
    """Exit 0 if no promise was broken, or if every mistake was caught; 1 otherwise."""
    # Before Powertools is imported: a simulation writes no logs, metrics or traces.
    os.environ.update(ENVIRONMENT)
    warnings.filterwarnings("ignore", message="No application metrics to publish")
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="how many schedules (default 10000)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--seed", type=int, help="replay this one schedule")
    parser.add_argument("--mutations", action="store_true", help="check that every deliberate mistake is caught")
    options = parser.parse_args()
    if options.mutations:
        return mistakes(range(options.first, options.first + options.count))
    if options.seed is not None:
        return schedules([options.seed])
    return schedules(range(options.first, options.first + options.count))


def schedules(seeds: Iterable[int]) -> int:
    """Run the shipped pipeline; print a replay command for each schedule that broke a promise."""
    from tests.simulation.run import run

    started, count, broken = time.perf_counter(), 0, 0
    for seed in seeds:
        count += 1
        if found := run(seed):
            broken += 1
            print(f"seed {seed}: {'; '.join(found)}\n  replay: python -m tests.simulation --seed {seed}")
    print(f"{count} schedules, {broken} broken, {time.perf_counter() - started:.1f} s")
    return 1 if broken else 0


def mistakes(seeds: Iterable[int]) -> int:
    """Run the pipeline with one mistake at a time; print the first schedule that catches it."""
    from tests.simulation.mistakes.catalog import MISTAKES
    from tests.simulation.run import run

    missed = 0
    for name, make in MISTAKES.items():
        mistake = make()
        with mistake.patched():
            caught = _first(seeds, lambda seed, system=mistake.system: run(seed, system))
        missed += caught is None
        print(f"{name}: " + ("NOT CAUGHT" if caught is None else f"caught by seed {caught[0]}: {caught[1]}"))
    print(f"{len(MISTAKES)} mistakes, {missed} not caught")
    return 1 if missed else 0


def _first(seeds: Iterable[int], check: Callable[[int], list[str]]) -> tuple[int, str] | None:
    for seed in seeds:
        if found := check(seed):
            return seed, found[0]
    return None


if __name__ == "__main__":
    sys.exit(main())
