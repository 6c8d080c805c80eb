"""When a queue is polled: each rule alone, and all together over random schedules on virtual time."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.emulator.demand import Demand, Reason
from tests.local.emulator.polling import POLL, World
from tests.local.waiting import Watched

ONE, TWO, THREE, FOUR = "one", "two", "three", "four"
SURELY = 10.0  # seconds that pass only in a test that fails
LISTEN, MORE, POSTED = Reason.LISTEN, Reason.MORE, Reason.POSTED


def reasons(demand: Demand, *workers: str) -> list[Reason | None]:
    """Why each of these workers should poll now, without waiting for a reason."""
    return [demand.reason(worker, 0) for worker in workers]


@pytest.fixture
def demand() -> Demand:
    """A queue that was found empty, and that worker one listens to."""
    quiet = Demand()
    assert reasons(quiet, ONE) == [MORE], "there may be messages from before"
    quiet.polled(ONE, MORE, found=False)
    assert reasons(quiet, ONE) == [LISTEN]
    return quiet


def finds(demand: Demand, worker: str, reason: Reason) -> None:
    """The worker has this reason, and finds a message."""
    assert reasons(demand, worker) == [reason]
    demand.polled(worker, reason, found=True)


def finds_nothing(demand: Demand, worker: str, reason: Reason) -> None:
    assert reasons(demand, worker) == [reason]
    demand.polled(worker, reason, found=False)


def test_one_worker_listens_and_the_others_wait(demand: Demand) -> None:
    assert reasons(demand, TWO, THREE) == [None, None]
    demand.polled(ONE, LISTEN, found=False)
    assert reasons(demand, TWO, THREE, ONE) == [LISTEN, None, None], "the first to come"


def test_each_posted_message_is_one_poll(demand: Demand) -> None:
    demand.posted()
    demand.posted()
    assert reasons(demand, TWO, THREE, FOUR) == [POSTED, POSTED, None]
    demand.polled(TWO, POSTED, found=True)
    demand.polled(THREE, POSTED, found=True)
    assert reasons(demand, FOUR) == [None], "both were found, so nothing is left"
    demand.freed(TWO)
    demand.freed(THREE)
    assert reasons(demand, TWO, THREE) == [None, None], "nor is anything waiting behind them"


def test_a_message_posted_while_no_worker_waits_is_not_forgotten(demand: Demand) -> None:
    demand.posted()
    demand.polled(ONE, LISTEN, found=False)
    assert reasons(demand, ONE, ONE) == [POSTED, LISTEN]


def test_where_an_unannounced_message_is_found_there_may_be_more(demand: Demand) -> None:
    demand.polled(ONE, LISTEN, found=True)
    assert reasons(demand, TWO, THREE) == [MORE, LISTEN], "one of them listens meanwhile"
    demand.polled(TWO, MORE, found=True)
    assert reasons(demand, FOUR, "five") == [MORE, None], "and so on, as long as messages are found"
    demand.polled(FOUR, MORE, found=False)
    assert reasons(demand, FOUR) == [None]


def test_an_announced_message_is_not_a_sign_of_more_whichever_worker_finds_it(demand: Demand) -> None:
    demand.posted()
    assert reasons(demand, TWO) == [POSTED]
    demand.polled(ONE, LISTEN, found=True)
    demand.polled(TWO, POSTED, found=False)
    assert reasons(demand, TWO, THREE) == [LISTEN, None]
    demand.freed(ONE)
    assert reasons(demand, ONE) == [None], "it is not polled for a second time"


def test_a_posted_message_that_is_blocked_is_polled_for_when_one_in_flight_is_finished(demand: Demand) -> None:
    demand.posted()
    finds(demand, TWO, POSTED)
    for _ in range(2):
        demand.posted()
        finds_nothing(demand, THREE, POSTED)
    assert reasons(demand, THREE) == [None], "its group seems to have one in flight"
    for _ in range(2):
        demand.freed(TWO)
        finds(demand, TWO, MORE)
        assert reasons(demand, THREE) == [None], "one for each finished message"
    demand.freed(TWO)
    assert reasons(demand, TWO) == [None], "all of them were found"


def test_an_announcement_without_a_message_costs_one_more_poll_and_is_forgotten(demand: Demand) -> None:
    demand.posted()
    finds_nothing(demand, TWO, POSTED)
    demand.posted()
    finds(demand, TWO, POSTED)
    demand.freed(TWO)
    finds_nothing(demand, TWO, MORE)
    demand.freed(TWO)
    assert reasons(demand, TWO) == [None]


def test_where_no_more_is_found_it_may_wait_behind_what_is_in_flight(demand: Demand) -> None:
    demand.polled(ONE, LISTEN, found=True)
    finds_nothing(demand, TWO, MORE)
    assert reasons(demand, TWO, THREE) == [LISTEN, None]
    demand.freed(ONE)
    finds_nothing(demand, ONE, MORE)
    assert reasons(demand, ONE) == [None]
    demand.freed(ONE)
    assert reasons(demand, ONE) == [None], "nothing was behind it, and nothing was found since"


def test_one_poll_is_enough_to_see_that_nothing_waits_behind(demand: Demand) -> None:
    demand.polled(ONE, LISTEN, found=True)
    finds(demand, TWO, MORE)
    finds_nothing(demand, THREE, MORE)
    demand.freed(ONE)
    finds_nothing(demand, ONE, MORE)
    demand.freed(TWO)
    assert reasons(demand, ONE, TWO) == [LISTEN, None], "the listening worker would find it"


def test_nothing_waits_behind_a_finished_message(demand: Demand) -> None:
    demand.polled(ONE, LISTEN, found=True)
    assert reasons(demand, TWO) == [MORE]
    demand.freed(ONE)
    demand.polled(TWO, MORE, found=False)
    demand.freed(ONE)
    assert reasons(demand, TWO, ONE) == [LISTEN, None]


def test_a_worker_that_polls_without_having_finished_has_no_message_in_flight(demand: Demand) -> None:
    demand.polled(ONE, LISTEN, found=True)
    assert reasons(demand, TWO, ONE) == [MORE, LISTEN], "its execution failed: the message becomes visible again"
    demand.polled(TWO, MORE, found=False)
    demand.freed(ONE)
    assert reasons(demand, TWO) == [None]


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (Demand.posted, POSTED),
        (lambda demand: demand.polled(FOUR, LISTEN, found=False), LISTEN),
        (lambda demand: demand.polled(FOUR, LISTEN, found=True), MORE),
        (lambda demand: demand.freed(ONE), MORE),
    ],
    ids=["posted", "the listener finds nothing", "the listener finds a message", "freed"],
)
def test_a_waiting_worker_learns_of_a_reason_immediately(
    demand: Demand, happens: Callable[[Demand], None], reason: Reason
) -> None:
    demand.polled(ONE, LISTEN, found=True)
    finds_nothing(demand, FOUR, MORE)
    assert reasons(demand, FOUR) == [LISTEN]
    watched = demand._changed = Watched()
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(demand.reason, TWO, 2 * SURELY)
        assert watched.waiters.acquire(timeout=SURELY), "there is no reason yet"
        happens(demand)
        assert waiting.result(SURELY) is reason


def test_a_worker_that_waits_in_vain_returns_without_a_reason(demand: Demand) -> None:
    assert demand.reason(TWO, 0.001) is None


@pytest.mark.parametrize("seed", range(150))
def test_no_message_waits_longer_than_the_next_poll_while_workers_are_idle(seed: int) -> None:
    world = World(seed, workers=random.Random(seed).randint(2, 10), failing=0.1)
    keys = world.rng.choice([1, 3, 30])
    bursts = [world.rng.uniform(0, 10) for _ in range(5)]
    for _ in range(60):
        moment = world.rng.choice(bursts) + world.rng.expovariate(world.rng.choice([1, 100]))
        world.post(moment, f"key-{world.rng.randrange(keys)}", announced=world.rng.random() < 0.7)
    for tick in range(2000):
        world.at(tick * 0.05, lambda: None)  # so that a message that becomes visible again is noticed, too
    world.run(600)
    assert len(set(world.processed)) == 60, "everything is found eventually"
    assert world.longest <= POLL + 0.2, "the listening worker's next poll, and a moment for each message found"


def test_a_single_task_costs_one_poll_and_does_not_wait_for_the_long_poll() -> None:
    world = World(seed=1)
    world.run(5)
    before = dict(world.polls)
    for number in range(50):
        world.post(world.now + 0.1, f"key-{number % 5}")
        world.run(world.now + 2)
    assert world.polls[POSTED] - before[POSTED] == 50
    assert world.polls[MORE] - before[MORE] <= 4, "only where a long poll ends at the moment of a post"
    assert world.longest < 0.05, "a worker polls immediately"


def test_a_backlog_of_many_keys_costs_hardly_more_than_one_poll_per_message() -> None:
    world = World(seed=2)
    for number in range(400):
        world.post(0.5, f"key-{number}", announced=False)
    world.run(100)
    assert len(set(world.processed)) == 400
    assert sum(world.polls.values()) - world.now / POLL < 400 * 1.2, "apart from the long polls of one worker"
