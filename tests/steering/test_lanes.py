"""Lanes, found from the outputs of a stack."""

from typing import Any

from taskline.lanes import Lane, lane_names, lanes_of

OUTPUTS: dict[str, Any] = {
    "queue_url": "https://sqs.eu-west-1.amazonaws.com/1/taskline-prod-tasks-g01-1of2.fifo",
    "pipe_name": "taskline-prod-tasks-g01-1of2-pipe",
    "lanes": {"now": ["tasks-g01-1of2", "tasks-g01-2of2"], "before": ["tasks"]},
}


def test_every_generation_and_every_number_of_lanes_has_names_of_its_own() -> None:
    names = [name for generation in range(3) for lanes in range(1, 5) for name in lane_names(generation, lanes)]
    assert len(names) == len(set(names))
    assert lane_names(0, 1) == ("tasks",), "what a stack has that never chose"


def test_queues_and_pipes_follow_from_the_outputs() -> None:
    sqs = "https://sqs.eu-west-1.amazonaws.com/1"
    assert lanes_of(OUTPUTS) == tuple(
        Lane(
            name=name,
            queue_url=f"{sqs}/taskline-prod-{name}.fifo",
            pipe_name=f"taskline-prod-{name}-pipe",
            drains=name == "tasks",
        )
        for name in ("tasks-g01-1of2", "tasks-g01-2of2", "tasks")
    )


def test_a_stack_of_an_earlier_release_has_one_lane() -> None:
    earlier = {"queue_url": "https://sqs/1/taskline-prod-tasks.fifo", "pipe_name": "taskline-prod-tasks-pipe"}
    (lane,) = lanes_of(earlier)
    assert (lane.queue_url, lane.pipe_name, lane.drains) == (earlier["queue_url"], earlier["pipe_name"], False)


def test_an_address_alone_has_no_known_lanes() -> None:
    assert lanes_of({"api_url": "https://api.example.org/v1"}) == ()
