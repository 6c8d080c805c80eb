"""The workers of one function: which is lent, which invocation waits for one, and which are ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import cast

import pytest

from local.services.lambdas.catalog import DeployedFunction
from local.services.lambdas.model import InvocationRefused
from local.services.lambdas.pool import IDLE_SECONDS, MOST_STARTING, MOST_WORKERS, OLDEST_SECONDS, Pool
from local.services.lambdas.worker import Worker
from tests.local.laptop import eventually
from tests.local.services.fake_lambda import deployed
from tests.local.waiting import Watched

DEMO = deployed()
CHANGED = deployed(code_digest="BBBB")


@dataclass(eq=False)
class FakeWorker:
    """A worker without a process."""

    deployed: DeployedFunction
    started: float
    idle_since: float = 0.0
    alive: bool = True
    ended: bool = False

    loading: threading.Event | None = None
    loadable: bool = True

    def load(self) -> None:
        if self.loading is not None:
            self.loading.wait(10)
        self.alive = self.alive and self.loadable

    def end(self) -> None:
        self.alive, self.ended = False, True

    def kill(self) -> None:
        self.alive = False


@dataclass
class Factory:
    """Starts workers. `time` is the time on the pool's clock; `broken` is raised instead of a start."""

    time: float = 1000.0
    made: list[FakeWorker] = field(default_factory=list[FakeWorker])
    broken: Exception | None = None
    loading: threading.Event | None = None
    unloadable: bool = False

    def start(self, of: DeployedFunction) -> Worker:
        if self.broken is not None:
            raise self.broken
        self.made.append(FakeWorker(of, self.time, loading=self.loading, loadable=not self.unloadable))
        return cast("Worker", self.made[-1])

    def now(self) -> float:
        return self.time


@pytest.fixture
def factory() -> Factory:
    return Factory()


@pytest.fixture
def pool(factory: Factory) -> Pool:
    return Pool(factory.start, factory.now)


def used(pool: Pool, factory: Factory, of: DeployedFunction = DEMO) -> Worker:
    """A worker that was lent and taken back."""
    worker = pool.lend(of)
    cast("FakeWorker", worker).idle_since = factory.time
    pool.take_back(worker)
    return worker


def test_many_invocations_start_few_workers_at_a_time(pool: Pool, factory: Factory) -> None:
    factory.loading = threading.Event()
    with ThreadPoolExecutor(8) as crowd:
        lent = [crowd.submit(pool.lend, DEMO) for _ in range(8)]
        eventually(lambda: len(factory.made) == MOST_STARTING)
        factory.loading.set()
        assert len({one.result(10) for one in lent}) == 8, "each gets one, even if another took the one it started"
    assert len(factory.made) == 8


def test_an_invocation_need_not_wait_for_the_worker_that_it_started(pool: Pool, factory: Factory) -> None:
    lent = pool.lend(DEMO)
    factory.loading = threading.Event()
    with ThreadPoolExecutor(1) as other:
        waiting = other.submit(pool.lend, DEMO)
        eventually(lambda: len(factory.made) == 2)
        pool.take_back(lent)
        assert waiting.result(10) is lent
        factory.loading.set()
        assert cast("FakeWorker", pool.lend(DEMO)) is factory.made[1], "the started worker is lent next"


def test_a_worker_that_could_not_load_goes_to_the_invocation_that_started_it(pool: Pool, factory: Factory) -> None:
    factory.unloadable = True
    assert not pool.lend(DEMO).alive, "the invocation reports why"
    factory.unloadable = False
    assert pool.lend(DEMO).alive


def test_a_worker_that_starts_while_the_pool_closes_is_ended(pool: Pool, factory: Factory) -> None:
    factory.loading = threading.Event()
    with ThreadPoolExecutor(1) as other:
        waiting = other.submit(pool.lend, DEMO)
        eventually(lambda: len(factory.made) == 1)
        pool.close()
        factory.loading.set()
        assert not waiting.result(10).alive


def test_the_worker_that_was_used_last_is_lent_first(pool: Pool) -> None:
    one, two = pool.lend(DEMO), pool.lend(DEMO)
    pool.take_back(two)
    pool.take_back(one)
    assert pool.lend(DEMO) is one, "so that the others become idle and are ended"
    assert pool.lend(DEMO) is two


def test_a_worker_that_is_outdated_dead_or_too_old_is_not_lent(pool: Pool, factory: Factory) -> None:
    first = used(pool, factory)
    second = used(pool, factory, CHANGED)
    assert (second is first, first.alive) == (False, False), "it runs code that is no longer deployed"
    second.kill()
    third = used(pool, factory, CHANGED)
    assert third is not second
    factory.time += OLDEST_SECONDS
    assert used(pool, factory, CHANGED) is third
    factory.time += 0.1
    assert used(pool, factory, CHANGED) is not third, "its credentials are about to expire"
    assert not third.alive


def test_a_worker_that_died_in_its_invocation_does_not_come_back(pool: Pool) -> None:
    worker = pool.lend(DEMO)
    worker.kill()
    pool.take_back(worker)
    assert pool.lend(DEMO) is not worker


def test_workers_that_are_idle_for_long_are_ended(pool: Pool, factory: Factory) -> None:
    lent, early, late = (pool.lend(DEMO) for _ in range(3))
    for worker in (early, late):
        factory.time += IDLE_SECONDS / 2
        cast("FakeWorker", worker).idle_since = factory.time
        pool.take_back(worker)
    factory.time += IDLE_SECONDS / 2 + 1
    pool.reap()
    assert [worker.ended for worker in factory.made] == [False, True, False]
    assert pool.lend(DEMO) is late
    pool.take_back(lent)
    assert pool.lend(DEMO) is lent, "a lent worker is left alone"


def waiting_for_one(pool: Pool, factory: Factory, free: Callable[[Worker], None]) -> Worker:
    """The worker that an invocation gets when all are lent, once `free` has freed one."""
    watched = Watched()
    pool._freed = watched
    lent = [pool.lend(DEMO) for _ in range(MOST_WORKERS)]
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(pool.lend, DEMO)
        assert watched.waiters.acquire(timeout=20), "there are never more than the limit"
        assert len(factory.made) == MOST_WORKERS
        free(lent[3])
        return waiting.result(20)


def test_when_all_are_lent_the_next_invocation_waits_for_one(pool: Pool, factory: Factory) -> None:
    worker = waiting_for_one(pool, factory, pool.take_back)
    assert cast("FakeWorker", worker) is factory.made[3]


def test_an_invocation_that_waited_as_long_as_it_could_have_run_is_throttled(pool: Pool, factory: Factory) -> None:
    """Its caller may have given up, and a retry may have succeeded meanwhile: it must not begin any more."""

    def too_late(worker: Worker) -> None:
        factory.time += DEMO.timeout
        pool.take_back(worker)

    with pytest.raises(InvocationRefused, match=r"no worker of .* is free") as refused:
        waiting_for_one(pool, factory, too_late)
    assert (refused.value.code, refused.value.status) == ("TooManyRequestsException", 429)
    assert cast("FakeWorker", pool.lend(DEMO)) is factory.made[3], "the next invocation gets the worker"


def test_a_worker_that_starts_for_too_long_is_there_for_the_next_invocation(pool: Pool, factory: Factory) -> None:
    factory.loading = threading.Event()
    watched = Watched()
    pool._freed = watched
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(pool.lend, DEMO)
        assert watched.waiters.acquire(timeout=20)
        factory.time += DEMO.timeout
        factory.loading.set()
        with pytest.raises(InvocationRefused):
            waiting.result(20)
    assert cast("FakeWorker", pool.lend(DEMO)) is factory.made[0]


def test_a_worker_that_dies_makes_room_for_another(pool: Pool, factory: Factory) -> None:
    def killed(worker: Worker) -> None:
        worker.kill()
        pool.take_back(worker)

    assert cast("FakeWorker", waiting_for_one(pool, factory, killed)) is factory.made[MOST_WORKERS]


def test_a_worker_that_cannot_be_started_does_not_count(pool: Pool, factory: Factory) -> None:
    factory.broken = OSError("no process")
    for _ in range(MOST_WORKERS):
        with pytest.raises(OSError, match="no process"):
            pool.lend(deployed(reserved=1))
    factory.broken = None
    for _ in range(MOST_WORKERS):
        pool.lend(DEMO)


def test_reserved_concurrency_limits_lent_workers(pool: Pool) -> None:
    reserved = deployed(reserved=2)
    one, _ = pool.lend(reserved), pool.lend(reserved)
    with pytest.raises(InvocationRefused, match="Rate Exceeded"):
        pool.lend(reserved)
    pool.take_back(one)
    assert pool.lend(reserved) is one


def test_a_stop_ends_idle_workers_and_kills_the_others(pool: Pool, factory: Factory) -> None:
    pool.lend(DEMO)
    pool.take_back(pool.lend(DEMO))
    pool.close()
    assert [(worker.alive, worker.ended) for worker in factory.made] == [(False, False), (False, True)]
