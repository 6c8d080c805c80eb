"""The model of how far Taskline scales: held against a simulation, and its plots against what is committed."""

from __future__ import annotations

import heapq
import math
import random

import pytest

from docs.scale.__main__ import IMAGES
from docs.scale.model import BUSY, GAP, MACHINE, Load, lanes_for, largest_share, limits, throughput, waiting
from docs.scale.plots import plots
from docs.scale.quotas import PIPE_EXECUTIONS
from functions.tasks.intake.lanes import lane_of
from infrastructure.settings.lanes import MAX_LANES
from local.host.options import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs/explanation/scale.md").read_text(encoding="utf-8")


class Stage:
    """Lanes in which the first task of each key starts as soon as its pipe has an execution free."""

    def __init__(self, lanes: int, executions: int, load: Load) -> None:
        self._lanes, self._load = lanes, load
        self._free = [[0.0] * executions for _ in range(lanes)]  # when each execution of each pipe is free
        self._key_free: dict[int, float] = {}

    def run(self, arrivals: list[tuple[float, int]]) -> list[float]:
        """How long each task waits. `arrivals` have a moment and a key, in order."""
        waits: list[float] = []
        for moment, key in arrivals:
            pipe = self._free[lane_of(f"a client#customer-{key}", self._lanes)]
            ready = max(moment, self._key_free.get(key, 0.0))
            start = max(ready, heapq.heappop(pipe))
            heapq.heappush(pipe, start + self._load.execution)
            self._key_free[key] = start + self._load.step
            waits.append(start - moment)
        return waits


def arrivals(rate: float, keys: int, tasks: int) -> list[tuple[float, int]]:
    chance, moment, made = random.Random(7), 0.0, []
    for _ in range(tasks):
        moment += chance.expovariate(rate)
        made.append((moment, chance.randrange(keys)))
    return made


@pytest.mark.parametrize("busy", [0.2, 0.5, 0.8])
def test_tasks_wait_for_those_of_their_key_as_long_as_the_model_says(busy: float) -> None:
    load = Load(keys=50, task=0.5)
    rate = busy * load.keys / load.step
    waits = Stage(1, 1_000, load).run(arrivals(rate, 50, 60_000))
    assert sum(waits) / len(waits) == pytest.approx(waiting(load, rate), rel=0.1)


@pytest.mark.parametrize("lanes", [1, 3])
def test_a_stage_does_as_much_as_the_model_says_and_no_more(lanes: int) -> None:
    """With executions for every second key, pipes are what there is too little of."""
    load, executions = Load(keys=20_000, task=0.5), 100
    most = executions / load.execution / largest_share(lanes)
    below, above = (Stage(lanes, executions, load).run(arrivals(part * most, 20_000, 40_000)) for part in (0.9, 1.2))
    assert max(below[-2_000:]) < 2 * load.step
    assert max(above[-2_000:]) > 10 * load.step


def test_keys_bind_before_anything_else_when_there_are_few() -> None:
    first = limits(Load(keys=10, task=0.5))[0]
    assert first.quota is None
    assert first.rate == pytest.approx(10 / (MACHINE + 0.5 + GAP))


def test_lanes_raise_only_what_belongs_to_a_lane() -> None:
    one, eight = ({limit.name: limit.rate for limit in limits(Load(keys=1e6, task=0.5), lanes)} for lanes in (1, 8))
    assert eight["8 pipes"] == pytest.approx(8 * one["one pipe"], rel=0.05)
    assert eight["Lambda"] == one["Lambda"]


def test_with_every_quota_raised_the_pipes_are_left() -> None:
    load = Load(keys=1e6, task=0.5)
    assert throughput(load, raised=True) == pytest.approx(PIPE_EXECUTIONS.value / load.execution)
    assert throughput(load) <= throughput(load, raised=True)


@pytest.mark.parametrize("rate", [1_000, 10_000, 40_000])
def test_the_lanes_that_the_model_names_are_enough_and_one_fewer_is_not(rate: float) -> None:
    lanes = lanes_for(rate, 0.5)
    load = Load(keys=math.inf, task=0.5)
    assert rate <= BUSY * throughput(load, lanes, raised=True)
    assert lanes == 1 or rate > BUSY * throughput(load, lanes - 1, raised=True)


def test_the_figures_of_the_page_are_those_of_the_model() -> None:
    load = Load(keys=100_000, task=0.5)
    for limit in limits(load):
        if limit.quota:
            assert f"| {limit.name} | {limit.quota.value:,.0f} {limit.quota.unit} | {limit.rate:,.0f} |" in PAGE
    for rate in (1_000, 10_000, 100_000):
        needed = " | ".join(f"{lanes_for(rate, task):,}" for task in (0.05, 0.5, 5.0))
        assert f"| {rate:,} | {needed} |" in PAGE
    assert f"at most {MAX_LANES}" in PAGE


def test_the_plots_are_those_of_the_model_and_the_same_each_time() -> None:
    drawn = plots()
    assert drawn == plots()
    for name, svg in drawn.items():
        assert (IMAGES / name).read_text(encoding="utf-8") == svg, f"draw {name} again: python -m docs.scale"
        assert name in PAGE
        assert "<script" not in svg
