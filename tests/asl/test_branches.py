"""Parallel and Map: scopes, order, concurrency and failure."""

import pytest

from tests.asl.machines import history_of, machine, passing, run, seconds_taken, shape_of, task

WAIT = {"Type": "Wait", "Seconds": "{% $states.input %}", "End": True}


def branch(**states):
    """A graph that starts with the first state."""
    return {"StartAt": next(iter(states)), "States": states}


def mapping(processor, **fields):
    """A Map over the input's `xs`."""
    ends = {} if "Next" in fields else {"End": True}
    return {"Type": "Map", "Items": "{% $states.input.xs %}", "ItemProcessor": processor, **ends, **fields}


def parallel(*branches, **fields):
    """A Parallel state of these branches."""
    return {
        "Type": "Parallel",
        "Branches": list(branches),
        **({} if "Next" in fields else {"End": True}),
        **fields,
    }


def test_a_parallel_state_collects_its_branches_in_order():
    subject = machine(P=parallel(branch(A=WAIT), branch(B=passing(Output="b")), Arguments=5))
    assert run(subject).output == [5, "b"]


def test_branches_wait_concurrently():
    assert seconds_taken(machine(P=parallel(branch(A=WAIT), branch(B=WAIT), Arguments=5))) == 5


def test_branches_read_outer_variables_and_keep_their_own():
    inner = branch(A=passing(Assign={"own": "{% $outer & '!' %}"}, Next="B"), B=passing(Output="{% $own %}"))
    subject = machine(
        S=passing(Assign={"outer": "o"}, Next="P"),
        P=parallel(inner, Next="E"),
        E=passing(Output=["{% $states.input[0] %}", "{% $exists($own) %}"]),
    )
    assert run(subject).output == ["o!", False]


def test_the_first_branch_that_fails_aborts_the_others():
    subject = machine(P=parallel(branch(A={**WAIT, "Seconds": 100}), branch(F={"Type": "Fail", "Error": "E"})))
    assert run(subject).as_json() == {"status": "FAILED", "error": "E"}
    assert seconds_taken(subject) == 0


def test_a_parallel_state_is_retried_as_a_whole():
    retry = [{"ErrorEquals": ["E"], "MaxAttempts": 1}]
    subject = machine(P=parallel(branch(T=task()), Retry=retry))
    assert run(subject, fakes={"T": [{"error": "E", "cause": ""}, {"result": 1}]}).output == [1]


def test_parallel_history_has_the_ids_of_aws():
    events = history_of(machine(P=parallel(branch(A=passing()), branch(B=passing()))))
    assert shape_of(events) == [
        (1, "ExecutionStarted", 0),
        (2, "ParallelStateEntered", 0),
        (3, "ParallelStateStarted", 2),
        (4, "PassStateEntered", 3),
        (5, "PassStateExited", 4),
        (6, "PassStateEntered", 3),
        (7, "PassStateExited", 6),
        (8, "ParallelStateSucceeded", 7),
        (9, "ParallelStateExited", 7),
        (10, "ExecutionSucceeded", 9),
    ]


def test_a_task_that_fails_its_branch_is_recorded_as_aborted():
    fakes = {"T": [{"error": "E", "cause": "c"}]}
    assert shape_of(history_of(machine(P=parallel(branch(T=task()))), fakes=fakes))[3:] == [
        (4, "TaskStateEntered", 3),
        (5, "TaskScheduled", 4),
        (6, "TaskStarted", 5),
        (7, "TaskFailed", 6),
        (8, "TaskStateAborted", 7),
        (9, "ParallelStateFailed", 7),
        (10, "ExecutionFailed", 9),
    ]


def test_a_timeout_of_the_machine_records_no_events_of_running_branches():
    subject = machine(P=parallel(branch(A={**WAIT, "Seconds": 99})), timeout=5)
    assert [event.type for event in history_of(subject)][-2:] == ["WaitStateEntered", "ExecutionTimedOut"]


def test_a_fatal_failure_ends_the_history_immediately():
    choice = {"Type": "Choice", "Choices": [{"Condition": False, "Next": "Z"}]}
    subject = machine(P=parallel(branch(A=WAIT), branch(C=choice, Z=passing()), Arguments=9))
    assert [event.type for event in history_of(subject)][-2:] == ["ChoiceStateEntered", "ExecutionFailed"]


def test_a_map_runs_its_processor_for_each_item():
    assert run(machine(M=mapping(branch(D=passing(Output="{% $states.input * 2 %}")))), {"xs": [1, 2]}).output == [
        2,
        4,
    ]


def test_a_map_over_nothing_yields_nothing():
    assert run(machine(M=mapping(branch(D=passing()))), {"xs": []}).output == []


def test_iterations_and_selectors_see_index_and_value():
    item = {"i": "{% $states.context.Map.Item.Index %}", "v": "{% $states.context.Map.Item.Value %}"}
    inside = passing(Output=["{% $states.input %}", "{% $states.context.Map.Item.Index %}"])
    subject = machine(M=mapping(branch(D=inside), ItemSelector=item))
    assert run(subject, {"xs": ["a", "b"]}).output == [[{"i": 0, "v": "a"}, 0], [{"i": 1, "v": "b"}, 1]]


@pytest.mark.parametrize(("limit", "seconds"), [(None, 4), (0, 4), (1, 10), (2, 6), ("{% 1 + 1 %}", 6)])
def test_concurrency_decides_how_long_a_map_takes(limit, seconds):
    fields = {} if limit is None else {"MaxConcurrency": limit}
    assert seconds_taken(machine(M=mapping(branch(W=WAIT), **fields)), value={"xs": [1, 2, 3, 4]}) == seconds


def test_items_must_be_an_array():
    outcome = run(machine(M=mapping(branch(D=passing()))), {"xs": {"a": 1}})
    assert outcome.cause == (
        "An error occurred while executing the state 'M' (entered at the event id #2). The JSONata expression"
        " '$states.input.xs' specified for the field 'Items' returned an unexpected result type. Expected"
        " 'array',"
        " but was 'object' for value: {\"a\":1}"
    )


@pytest.mark.parametrize(("value", "shown"), [(1, "1"), ("s", '"s"'), (None, "null"), ({"a": 1}, '{"a":1}')])
def test_without_items_the_input_must_be_an_array(value, shown):
    subject = machine(S=passing(Output=value, Next="M"), M=map_of_the_input())
    assert run(subject).as_json() == {
        "status": "FAILED",
        "error": "States.QueryEvaluationError",
        "cause": "An error occurred while executing the state 'M' (entered at the event id #4). "
        f"Map state input must be an array but was: {shown}",
    }
    assert run(machine(M=map_of_the_input()), [1, "x"]).output == [1, "x"]


def map_of_the_input():
    """A Map without `Items`."""
    return {"Type": "Map", "ItemProcessor": branch(D=passing()), "End": True}


FAILS_FIRST = branch(
    C={
        "Type": "Choice",
        "Choices": [{"Condition": "{% 0 in $states.input %}", "Next": "F"}],
        "Default": "S",
    },
    F={"Type": "Fail", "Error": "E"},
    S={"Type": "Succeed"},
)


@pytest.mark.parametrize(
    "state",
    [
        {"Type": "Map", "Items": "{% [$states.context.State.RetryCount] %}", "ItemProcessor": FAILS_FIRST},
        {"Type": "Parallel", "Arguments": ["{% $states.context.State.RetryCount %}"], "Branches": [FAILS_FIRST]},
    ],
)
def test_states_that_can_be_retried_count_their_retries(state):
    subject = machine(R={**state, "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 1}], "End": True})
    assert run(subject).output in ([1], [[1]])


def test_an_iteration_that_fails_fails_the_map_with_its_own_error():
    fakes = {"T": [{"error": "E", "cause": "c"}]}
    assert run(machine(M=mapping(branch(T=task()))), {"xs": [1]}, fakes).error == "E"


def test_failures_that_are_tolerated_are_left_out_of_the_result():
    fakes = {"T": [{"error": "E", "cause": "c"}, {"result": 2}]}
    subject = machine(M=mapping(branch(T=task()), ToleratedFailureCount=1, MaxConcurrency=1))
    assert run(subject, {"xs": [1, 2]}, fakes).output == [2]


def test_thresholds_of_zero_are_none_and_the_lower_of_two_counts():
    fakes = {"T": [{"error": "E", "cause": "c"}, {"error": "E", "cause": "c"}, {"result": 2}]}
    assert run(machine(M=mapping(branch(T=task()), ToleratedFailureCount=0)), {"xs": [1]}, fakes).error == "E"
    both = mapping(branch(T=task()), ToleratedFailureCount=1, ToleratedFailurePercentage=90)
    outcome = run(machine(M=both), {"xs": [1, 2, 3]}, fakes)
    assert outcome.error == "States.ExceedToleratedFailureThreshold"


def test_one_failure_too_many_has_its_own_error_name():
    subject = machine(M=mapping(branch(T=task()), ToleratedFailurePercentage=50))
    fakes = {"T": [{"error": "E", "cause": "c"}]}
    assert run(subject, {"xs": [1, 2]}, fakes).error == "States.ExceedToleratedFailureThreshold"


def test_an_iteration_cannot_see_the_variables_of_another():
    inner = branch(A=passing(Assign={"v": "{% $exists($v) %}"}, Next="B"), B=passing(Output="{% $v %}"))
    assert run(machine(M=mapping(inner, MaxConcurrency=1)), {"xs": [1, 2]}).output == [False, False]


def test_map_history_has_the_ids_of_aws():
    events = history_of(machine(M=mapping(branch(A=passing()), MaxConcurrency=1)), {"xs": [1, 2]})
    assert shape_of(events)[2:] == [
        (3, "MapStateStarted", 2),
        (4, "MapIterationStarted", 3),
        (5, "PassStateEntered", 4),
        (6, "PassStateExited", 5),
        (7, "MapIterationSucceeded", 6),
        (8, "MapIterationStarted", 6),
        (9, "PassStateEntered", 8),
        (10, "PassStateExited", 9),
        (11, "MapIterationSucceeded", 10),
        (12, "MapStateSucceeded", 11),
        (13, "MapStateExited", 11),
        (14, "ExecutionSucceeded", 13),
    ]


def test_a_failing_map_has_the_history_of_aws():
    events = history_of(machine(M=mapping(branch(F={"Type": "Fail", "Error": "E"}))), {"xs": [1]})
    assert shape_of(events)[3:] == [
        (4, "MapIterationStarted", 3),
        (5, "FailStateEntered", 4),
        (6, "MapIterationFailed", 5),
        (7, "MapStateFailed", 5),
        (8, "ExecutionFailed", 7),
    ]
