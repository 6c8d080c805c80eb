"""From a state's JSON to its object, with one function per type of state."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, Protocol, cast

from asl.core.errors import ALL
from asl.core.templates import Template, constant_template, is_expression
from asl.core.times import parse_timestamp
from asl.definition.fields import (
    BRANCH_FIELDS,
    CATCHER_FIELDS,
    PATH_CATCHER_FIELDS,
    PROCESSOR_FIELDS,
    RETRIER_FIELDS,
    RULE_FIELDS,
)
from asl.definition.model import (
    Catcher,
    ChoiceState,
    DataFlow,
    FailState,
    Graph,
    MapState,
    ParallelState,
    PassState,
    Resource,
    Retrier,
    Rule,
    State,
    SucceedState,
    TaskState,
    WaitState,
)
from asl.definition.reading import Fields
from asl.definition.references import INPUT_ONLY, WITH_ERROR, WITH_RESULT
from asl.definition.resources import ResourceRefused, read_resource
from asl.jsonpath import PathError, compile_condition

_MOST: Final = 99_999_999


class ReadGraph(Protocol):
    """Reads a graph inside a state, whose object may have these fields."""

    def __call__(self, fields: Fields, allowed: set[str]) -> Graph: ...


def read_state(name: str, fields: Fields, read_graph: ReadGraph) -> State | None:
    """The state, or `None` if its type is unknown. Problems are noted in `fields`."""
    reader = _READERS.get(str(fields.data.get("Type")))
    return None if reader is None else reader(name, fields, read_graph)


def _flow(name: str, fields: Fields, allowed: frozenset[str]) -> dict[str, Any]:
    """What states have in common: the next state, `Output` and `Assign`."""
    ends = fields.data.get("End", False)
    if not isinstance(ends, bool):
        fields.expected("End", bool)
    fields.one_of("Next", "End")
    following = fields.target("Next") if "Next" in fields else None
    return {"name": name, "next": following, "flow": _data_flow(fields), **_results(fields, allowed)}


def _data_flow(fields: Fields) -> DataFlow | None:
    if fields.language == "JSONata":
        return None
    return DataFlow(
        input=fields.path_or_nothing("InputPath"),
        result=fields.path_or_nothing("ResultPath"),
        output=fields.path_or_nothing("OutputPath"),
        parameters=fields.template("Parameters", INPUT_ONLY),
        selector=fields.template("ResultSelector", INPUT_ONLY),
    )


def _results(fields: Fields, allowed: frozenset[str]) -> dict[str, Any]:
    return {"output": fields.template("Output", allowed), "assign": fields.assign(allowed)}


def _pass(name: str, fields: Fields, _graph: ReadGraph) -> State:
    result = constant_template(fields.data["Result"], "Result") if "Result" in fields else None
    return PassState(result=result, **_flow(name, fields, INPUT_ONLY))


def _succeed(name: str, fields: Fields, _graph: ReadGraph) -> State:
    return SucceedState(name=name, output=fields.template("Output", INPUT_ONLY), flow=_data_flow(fields))


def _fail(name: str, fields: Fields, _graph: ReadGraph) -> State:
    return FailState(
        name=name,
        error=fields.referenced("ErrorPath") or fields.string("Error", INPUT_ONLY),
        cause=fields.referenced("CausePath") or fields.string("Cause", INPUT_ONLY),
        flow=_data_flow(fields),
    )


def _choice(name: str, fields: Fields, _graph: ReadGraph) -> State:
    fields.filled("Choices")
    return ChoiceState(
        name=name,
        next=fields.target("Default") if "Default" in fields else None,
        rules=tuple(rule for part in fields.parts("Choices") if (rule := _rule(part)) is not None),
        flow=_data_flow(fields),
        **_results(fields, INPUT_ONLY),
    )


def _rule(fields: Fields) -> Rule | None:
    if fields.language != "JSONata":
        return _path_rule(fields)
    fields.only(RULE_FIELDS)
    fields.require("Condition")
    condition = fields.template("Condition", INPUT_ONLY)
    literal = fields.data.get("Condition", True)
    if not isinstance(literal, bool) and not is_expression(literal):
        fields.complain("Value must be an expression or a boolean", "Condition")
    following = fields.target("Next")
    if condition is None:
        return None
    return Rule(condition=condition, next=following, **_results(fields, INPUT_ONLY))


def _path_rule(fields: Fields) -> Rule | None:
    try:
        test = compile_condition(dict(fields.data))
    except PathError as error:
        fields.refuse_path("", error)
        return None
    condition = Template(dict(fields.data), fields.path + "Condition", False, test, ())
    return Rule(condition=condition, next=fields.target("Next"), assign=fields.assign(INPUT_ONLY))


def _wait(name: str, fields: Fields, _graph: ReadGraph) -> State:
    fields.one_of("SecondsPath", "Seconds", "TimestampPath", "Timestamp")
    moment = fields.data.get("Timestamp")
    if isinstance(moment, str) and not fields.is_expression("Timestamp") and parse_timestamp(moment) is None:
        hint = "it has date, time and time zone, such as 2026-01-31T12:00:00Z"
        fields.complain("String does not match RFC3339 timestamp", "Timestamp", hint)
    return WaitState(
        seconds=fields.referenced("SecondsPath") or fields.limit("Seconds", INPUT_ONLY, 0, _MOST),
        timestamp=fields.referenced("TimestampPath") or fields.string("Timestamp", INPUT_ONLY),
        **_flow(name, fields, INPUT_ONLY),
    )


def _guarded(name: str, fields: Fields) -> dict[str, Any]:
    retry = tuple(_retrier(part) for part in _error_lists(fields, "Retry", RETRIER_FIELDS))
    allowed = CATCHER_FIELDS if fields.language == "JSONata" else PATH_CATCHER_FIELDS
    catch = tuple(_catcher(part) for part in _error_lists(fields, "Catch", allowed))
    return {"retry": retry, "catch": catch, **_flow(name, fields, WITH_RESULT)}


def _error_lists(fields: Fields, field: str, allowed: set[str]) -> list[Fields]:
    parts = fields.parts(field)
    for index, part in enumerate(parts):
        part.only(allowed)
        names = part.filled("ErrorEquals")
        for place, name in enumerate(names):
            if not isinstance(name, str):
                part.expected(f"ErrorEquals[{place}]", str)
        if ALL in names and (len(names) > 1 or index < len(parts) - 1):
            part.complain("States.ALL must appear alone and at end of list", "ErrorEquals")
    return parts


def _retrier(fields: Fields) -> Retrier:
    fields.choice("JitterStrategy", "NONE", "FULL")
    interval = fields.number("IntervalSeconds", 1, 1, _MOST)
    longest = fields.number("MaxDelaySeconds", None, 1, 31_622_400)
    return Retrier(
        errors=tuple(map(str, fields.array("ErrorEquals"))),
        interval=interval,
        attempts=fields.number("MaxAttempts", 3, 0, _MOST),
        backoff=fields.number("BackoffRate", 2.0, 1, float(_MOST), whole=False),
        max_delay=longest,
        jitter=fields.data.get("JitterStrategy") == "FULL",
    )


def _catcher(fields: Fields) -> Catcher:
    errors = tuple(map(str, fields.array("ErrorEquals")))
    return Catcher(
        errors=errors,
        next=fields.target("Next"),
        result=None if fields.language == "JSONata" else fields.path_or_nothing("ResultPath"),
        **_results(fields, WITH_ERROR),
    )


def _task(name: str, fields: Fields, _graph: ReadGraph) -> State:
    timeout = fields.referenced("TimeoutSecondsPath") or fields.limit("TimeoutSeconds", INPUT_ONLY, 1, _MOST)
    heartbeat = fields.referenced("HeartbeatSecondsPath") or fields.limit("HeartbeatSeconds", INPUT_ONLY, 1, _MOST)
    longest, interval = fields.data.get("TimeoutSeconds"), fields.data.get("HeartbeatSeconds")
    if isinstance(longest, int) and isinstance(interval, int) and interval >= longest:
        fields.complain("HeartbeatSeconds must be smaller than TimeoutSeconds", "HeartbeatSeconds")
    return TaskState(
        resource=_resource(fields),
        arguments=fields.structure("Arguments", INPUT_ONLY, dict, list, str, int, float, bool, type(None)),
        timeout=timeout,
        heartbeat=heartbeat,
        credentials=_credentials(fields),
        **_guarded(name, fields),
    )


def _credentials(fields: Fields) -> Template | None:
    given: Any = fields.data.get("Credentials")
    if isinstance(given, dict) and not {"RoleArn", "RoleArn.$"} & given.keys():
        fields.complain("The field 'RoleArn' is required but was missing", "Credentials")
    return fields.structure("Credentials", INPUT_ONLY, dict)


def _resource(fields: Fields) -> Resource:
    fields.require("Resource")
    arn = fields.text("Resource")
    try:
        return read_resource(arn, fields.kind)
    except ResourceRefused as refused:
        if isinstance(fields.data.get("Resource"), str):
            fields.complain(str(refused), "Resource", refused.hint)
        return Resource(arn=arn, service="", action="")


def _parallel(name: str, fields: Fields, graph: ReadGraph) -> State:
    fields.filled("Branches")
    return ParallelState(
        branches=tuple(graph(part, BRANCH_FIELDS) for part in fields.parts("Branches")),
        arguments=fields.template("Arguments", INPUT_ONLY),
        **_guarded(name, fields),
    )


def _map(name: str, fields: Fields, graph: ReadGraph) -> State:
    fields.one_of("ItemProcessor", "Iterator")
    field = "Iterator" if "Iterator" in fields else "ItemProcessor"
    common = _guarded(name, fields)
    if common["flow"] is not None:
        # In a Map, `Parameters` is the old name of `ItemSelector`.
        common["flow"] = replace(common["flow"], parameters=None)
    return MapState(
        processor=_processor(fields, field, graph),
        processor_field=field,
        items=fields.referenced("ItemsPath") or fields.structure("Items", INPUT_ONLY, list),
        selector=fields.template("ItemSelector", INPUT_ONLY) or fields.template("Parameters", INPUT_ONLY),
        concurrency=fields.referenced("MaxConcurrencyPath") or fields.limit("MaxConcurrency", INPUT_ONLY, 0, _MOST),
        tolerated_count=fields.referenced("ToleratedFailureCountPath")
        or fields.limit("ToleratedFailureCount", INPUT_ONLY, 0, _MOST),
        tolerated_percentage=fields.referenced("ToleratedFailurePercentagePath") or _percentage(fields),
        **common,
    )


def _processor(fields: Fields, field: str, graph: ReadGraph) -> Graph:
    if field not in fields:
        return Graph("", {})
    part = fields.part(fields.data[field], field)
    config: Any = part.data.get("ProcessorConfig", {})
    if not isinstance(config, dict):
        part.expected("ProcessorConfig", dict)
    elif cast(dict[str, Any], config).get("Mode") == "DISTRIBUTED":
        message = "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines"
        part.complain(message, "ProcessorConfig/Mode")
    else:
        part.part(config, "ProcessorConfig").choice("Mode", "INLINE", "DISTRIBUTED")
    return graph(part, PROCESSOR_FIELDS)


def _percentage(fields: Fields) -> Any:
    field = "ToleratedFailurePercentage"
    if not fields.is_expression(field):
        fields.number(field, None, 0, 100, whole=False)
    return fields.template(field, INPUT_ONLY)


_READERS: Final[Mapping[str, Callable[[str, Fields, ReadGraph], State]]] = {
    "Pass": _pass,
    "Succeed": _succeed,
    "Fail": _fail,
    "Choice": _choice,
    "Wait": _wait,
    "Task": _task,
    "Parallel": _parallel,
    "Map": _map,
}
