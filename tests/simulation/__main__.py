"""`python -m tests.simulation --count 100000` runs that many schedules; `--seed 4711` replays one."""

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

# The seed that caught each mistake when it was last looked for. It is tried first: a search takes minutes.
CAUGHT_BY = Path(__file__).parent / "mistakes" / "caught_by.json"
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
    parser.add_argument("--lanes", action="store_true", help="change the number of lanes in each schedule")
    parser.add_argument("--gates", action="store_true", help="let failed tasks halt their keys in each schedule")
    parser.add_argument("--long", action="store_true", help="the same, and let some tasks take long")
    parser.add_argument("--mutations", action="store_true", help="check that every deliberate mistake is caught")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="try one mistake in N only (default 1)")
    parser.add_argument("--search", action="store_true", help="look for the first seed that catches each mistake")
    options = parser.parse_args()
    if options.mutations:
        return mistakes(
            range(options.first, options.first + options.count), search=options.search, every=options.every
        )
    seeds = [options.seed] if options.seed is not None else range(options.first, options.first + options.count)
    return schedules(seeds, lanes=options.lanes, gates=options.gates, long=options.long)


def schedules(seeds: Iterable[int], *, lanes: bool = False, gates: bool = False, long: bool = False) -> int:
    """Run the shipped pipeline; print a replay command for each schedule that broke a promise."""
    from tests.simulation.run import System, run

    system = System(lanes=lanes, gates=gates or long, long=long)
    flag = " --lanes" * lanes + " --gates" * gates + " --long" * long
    started, count, broken = time.perf_counter(), 0, 0
    for seed in seeds:
        count += 1
        if found := run(seed, system):
            broken += 1
            print(f"seed {seed}: {'; '.join(found)}\n  replay: python -m tests.simulation --seed {seed}{flag}")
    print(f"{count} schedules, {broken} broken, {time.perf_counter() - started:.1f} s")
    return 1 if broken else 0


def mistakes(seeds: Iterable[int], *, search: bool = False, every: int = 1) -> int:
    """Run the pipeline with one mistake at a time; print a schedule that catches it.

    A `search` looks for the first one, and remembers it if none was missed. Only a search looks for those that are
    rarely caught.
    """
    from tests.simulation.mistakes.catalog import MISTAKES, RARELY_CAUGHT
    from tests.simulation.run import run

    known: dict[str, int] = {} if search else json.loads(CAUGHT_BY.read_text())
    caught_by: dict[str, int] = {}
    tried = [name for name in MISTAKES if search or name not in RARELY_CAUGHT][::every]
    for name in tried:
        make = MISTAKES[name]
        mistake = make()
        with mistake.patched():
            first = [known[name]] if name in known else []
            caught = _first([*first, *seeds], lambda seed, system=mistake.system: run(seed, system))
        if caught is not None:
            caught_by[name] = caught[0]
        print(f"{name}: " + ("NOT CAUGHT" if caught is None else f"caught by seed {caught[0]}: {caught[1]}"))
    missed = len(tried) - len(caught_by)
    print(f"{len(tried)} mistakes, {missed} not caught")
    if search and every == 1 and not missed:
        CAUGHT_BY.write_text(json.dumps(caught_by, indent=1) + "\n")
    return 1 if missed else 0


def _first(seeds: Iterable[int], check: Callable[[int], list[str]]) -> tuple[int, str] | None:
    for seed in seeds:
        if found := check(seed):
            return seed, found[0]
    return None


if __name__ == "__main__":
    sys.exit(main())
