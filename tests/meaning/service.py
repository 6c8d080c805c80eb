"""What an AWS service accepts: the request of one operation, against botocore's model of it.

botocore itself checks what it has to know to write a request: names, types, required members, and lower limits. What
the service would refuse is in the model as well: upper limits, enumerations and patterns.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore.model import OperationModel, Shape
from botocore.validate import ParamValidator

_SESSION = botocore.session.get_session()


@cache
def operation(service: str, name: str) -> OperationModel:
    """The model of an operation; an error if there is none."""
    return _SESSION.get_service_model(service).operation_model(name)


def complaints(service: str, name: str, request: Mapping[str, Any]) -> list[str]:
    """What is wrong with a request; empty if nothing in the model says that the service would refuse it."""
    shape = operation(service, name).input_shape
    assert shape is not None, f"{name} takes nothing"
    report = ParamValidator().validate(request, shape)
    found = report.generate_report().split("\n") if report.has_errors() else []
    return [f"{service}.{name}: {one}" for one in (*found, *_limits(request, shape, ""), *_prose(name, request))]


def _limits(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """What botocore does not check, for a value and all that is in it."""
    yield from _of_value(value, shape, path)
    for name, child, inner in _children(value, shape):
        yield from _limits(child, inner, f"{path}.{name}".lstrip("."))


def _children(value: Any, shape: Any) -> Iterator[tuple[str, Any, Shape]]:
    if shape.type_name == "structure" and isinstance(value, dict):
        yield from ((name, child, shape.members[name]) for name, child in value.items() if name in shape.members)
    elif shape.type_name == "map" and isinstance(value, dict):
        yield from ((f"{name} (a key)", name, shape.key) for name in value)
        yield from ((name, child, shape.value) for name, child in value.items())
    elif shape.type_name == "list" and isinstance(value, list):
        yield from ((str(index), child, shape.member) for index, child in enumerate(value))


def _of_value(value: Any, shape: Shape, path: str) -> Iterator[str]:
    limits = shape.metadata
    size = value if isinstance(value, int | float) else len(value)
    if size > limits.get("max", size):
        yield f"{path}: {size} is more than {limits['max']}"
    if not isinstance(value, str):
        return
    if value not in limits.get("enum", [value]):
        yield f"{path}: {value!r} is none of {', '.join(limits['enum'])}"
    if "pattern" in limits and not re.fullmatch(limits["pattern"], value):
        yield f"{path}: {value!r} does not match {limits['pattern']}"


# What the models leave to the prose of the API references: an operation's member, and what it may be.


def _matches(pattern: str) -> Callable[[Any], bool]:
    return lambda value: re.fullmatch(pattern, str(value)) is not None


def _within(lowest: int, highest: int) -> Callable[[Any], bool]:
    return lambda value: lowest <= int(value) <= highest


_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
_IN_PROSE: Mapping[tuple[str, str], Callable[[Any], bool]] = {
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
    ("CreateQueue", "QueueName"): _matches(r"[A-Za-z0-9_-]{1,80}|(?=.{1,80}$)[A-Za-z0-9_-]+\.fifo"),
    ("CreateQueue", "Attributes.MaximumMessageSize"): _within(1024, 1024 * 1024),
    ("CreateQueue", "Attributes.MessageRetentionPeriod"): _within(60, 14 * 24 * 3600),
    ("CreateQueue", "Attributes.VisibilityTimeout"): _within(0, 12 * 3600),
    ("CreateQueue", "Attributes.DeduplicationScope"): _matches("messageGroup|queue"),
    ("CreateQueue", "Attributes.FifoThroughputLimit"): _matches("perMessageGroupId|perQueue"),
    # https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
    ("CreateTopic", "Name"): _matches(r"[A-Za-z0-9_-]{1,256}|(?=.{1,256}$)[A-Za-z0-9_-]+\.fifo"),
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
    ("PutRetentionPolicy", "retentionInDays"): _DAYS.__contains__,
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    ("PutMetricAlarm", "Period"): lambda seconds: seconds in (10, 20, 30) or seconds % 60 == 0,
    ("PutMetricAlarm", "TreatMissingData"): _matches("breaching|notBreaching|ignore|missing"),
    # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    ("CreateFunction", "Timeout"): _within(1, 900),
    # https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
    ("CreateStateMachine", "name"): _matches(r'[^\s<>{}\[\]?*"#%\\^|~`$&,;:/]{1,80}'),
    # https://docs.aws.amazon.com/apigateway/latest/api/API_CreateUsagePlanKey.html
    ("CreateUsagePlanKey", "keyType"): _matches("API_KEY"),
}


def _prose(name: str, request: Mapping[str, Any]) -> Iterator[str]:
    for (operation_name, path), allowed in _IN_PROSE.items():
        value: Any = request if operation_name == name else None
        for step in path.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        if value is not None and not allowed(value):
            yield f"{path}: {value!r} is not allowed"
