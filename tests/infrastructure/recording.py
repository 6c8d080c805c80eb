"""The Pulumi program, evaluated under mocks that record every resource, and helpers to query the record."""

import gc
import hashlib
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pulumi
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks
from pulumi.runtime.rpc import is_rpc_secret

from local.program.config import load_config
from local.program.properties import plain
from local.program.stack import Monitor, evaluate

ACCOUNT = "111122223333"
REGION = "eu-west-1"
SUFFIX = "0123abc"  # that completes a name
SECRETS = ("fonts-api",)  # that the account has in each path
PARTITION = "aws"


def arn(service: str, resource: str, region: str = REGION) -> str:
    return f"arn:{PARTITION}:{service}:{region}:{ACCOUNT}:{resource}"


def live(function: str) -> str:
    """The ARN of a function's alias."""
    return arn("lambda", f"function:{function}:live")


OUTPUTS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "aws:dynamodb/table:Table": lambda given: {
        "arn": arn("dynamodb", f"table/{given['name']}"),
        "streamArn": arn("dynamodb", f"table/{given['name']}/stream/2026-01-31T12:00:00.000"),
    },
    "aws:sns/topic:Topic": lambda given: {"arn": arn("sns", given["name"])},
    "aws:sqs/queue:Queue": lambda given: {
        "arn": arn("sqs", given["name"]),
        "url": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{given['name']}",
    },
    "aws:cloudwatch/eventRule:EventRule": lambda given: {"arn": arn("events", f"rule/{given['name']}")},
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": lambda given: {
        "arn": arn("cloudwatch", f"alarm:{given['alarmName']}")
    },
    "aws:cloudwatch/metricAlarm:MetricAlarm": lambda given: {"arn": arn("cloudwatch", f"alarm:{given['name']}")},
    "aws:cloudwatch/logGroup:LogGroup": lambda given: {"arn": arn("logs", f"log-group:{given['name']}")},
    "aws:iam/role:Role": lambda given: {"arn": arn("iam", f"role/{given['name']}", "")},
    "aws:lambda/function:Function": lambda given: {
        "arn": arn("lambda", f"function:{given['name']}"),
        "version": "7",
    },
    "aws:lambda/alias:Alias": lambda given: {
        "arn": live(given["functionName"]),
        "invokeArn": f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/"
        f"{live(given['functionName'])}/invocations",
    },
    "aws:lambda/layerVersion:LayerVersion": lambda given: {"arn": arn("lambda", f"layer:{given['layerName']}:1")},
    "aws:sfn/stateMachine:StateMachine": lambda given: {"arn": arn("states", f"stateMachine:{given['name']}")},
    "aws:pipes/pipe:Pipe": lambda given: {"arn": arn("pipes", f"pipe/{given['name']}")},
    "aws:apigateway/restApi:RestApi": lambda _: {"executionArn": arn("execute-api", "a1b2c3d4e5")},
    "aws:apigateway/stage:Stage": lambda given: {
        "invokeUrl": f"https://a1b2c3d4e5.execute-api.{REGION}.amazonaws.com/{given['stageName']}",
        "arn": f"arn:aws:apigateway:{REGION}::/restapis/a1b2c3d4e5/stages/{given['stageName']}",
    },
    "aws:wafv2/webAcl:WebAcl": lambda given: {"arn": arn("wafv2", f"regional/webacl/{given['name']}/1")},
}


@dataclass(frozen=True)
class Resource:
    """One registered resource, as the engine would receive it; its tags, which all have, are not among its inputs."""

    type: str
    name: str
    inputs: dict[str, Any]
    custom: bool
    protect: bool
    retained: bool
    parent: str
    dependencies: frozenset[str]
    ignored_changes: tuple[str, ...] = ()
    secrets: frozenset[str] = frozenset()
    """The inputs that are, or contain, a secret: encrypted in the state, and printed nowhere."""
    tags: Mapping[str, str] | None = None
    """None if the type has none."""

    def json(self, name: str) -> Any:
        """A JSON input, parsed."""
        return json.loads(self.inputs[name])

    def depends_on(self, other: "Resource") -> bool:
        return any(urn.endswith(f"{other.type}::{other.name}") for urn in self.dependencies)


class Recording(Mocks):
    """Records every resource. An update returns ids and ARNs, a preview the inputs only."""

    def __init__(self, preview: bool = False, account: str = ACCOUNT) -> None:
        self._preview = preview
        self._account = account
        self._lock = threading.Lock()
        self.request = threading.local()
        self.resources: list[Resource] = []
        self.calls: list[str] = []

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        self.calls.append(args.token)
        results = {
            "aws:index/getPartition:getPartition": {"partition": PARTITION, "id": PARTITION},
            "aws:index/getRegion:getRegion": {"region": REGION, "name": REGION, "id": REGION},
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": self._account, "id": self._account},
            "aws:ssm/getParametersByPath:getParametersByPath": {
                "names": [f"{args.args.get('path')}/{name}" for name in SECRETS]
            },
        }
        return results[args.token], []

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        request, given = self.request.current, plain(args.inputs)
        tags = given.pop("tags", None)
        made = Resource(
            type=args.typ,
            name=args.name,
            inputs=given,
            tags=tags,
            custom=bool(args.custom),
            protect=request.protect,
            retained=request.retainOnDelete,
            parent=request.parent.rsplit("::", 1)[-1],
            dependencies=frozenset(request.dependencies),
            ignored_changes=tuple(request.ignoreChanges),
            secrets=frozenset(name for name, value in args.inputs.items() if contains_secret(value)),
        )
        with self._lock:
            self.resources.append(made)
        if not made.custom:
            return "", {}
        first = {name: f"the first {name} of {made.name}" for name in made.ignored_changes}
        state: dict[str, Any] = made.inputs | first
        if self._preview:
            return None, state
        named = {"name": f"{made.inputs.get('namePrefix', made.name)}{SUFFIX}"} | made.inputs
        return f"{made.name}-id", named | state | OUTPUTS.get(made.type, lambda _: {})(named)


def contains_secret(value: Any) -> bool:
    """Whether the value is, or contains, what Pulumi marks as a secret."""
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return is_rpc_secret(value) or any(map(contains_secret, parts))


class RecordingMonitor(Monitor):
    """Mocks do not see protection, parents and dependencies; the monitor does."""

    def RegisterResource(self, request: Any) -> Any:
        if isinstance(self.mocks, Recording):
            self.mocks.request.current = request
        return super().RegisterResource(request)


@dataclass
class Stack:
    """One evaluation of the program: `stack.one("aws:sqs/queue:Queue", "tasks-queue").inputs["fifoQueue"]`."""

    resources: list[Resource] = field(default_factory=list)
    exports: dict[str, Any] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources)

    def all(self, of_type: str) -> list[Resource]:
        """All resources of a type, by name. None is an error, because nothing would be asserted."""
        found = sorted((one for one in self.resources if one.type == of_type), key=lambda one: one.name)
        assert found, f"the program creates no {of_type}"
        return found

    def one(self, of_type: str, name: str) -> Resource:
        found = [one for one in self.all(of_type) if one.name == name]
        assert len(found) == 1, f"{of_type} {name!r}: {len(found)} instead of 1 of {self.all(of_type)}"
        return found[0]

    def inventory(self) -> Counter[tuple[str, str]]:
        return Counter((one.type, one.name) for one in self.resources)

    def plain(self) -> dict[tuple[str, str], Any]:
        """All resources as comparable values; an archive is the digest of its content."""
        return {
            (one.type, one.name): {
                "tags": one.tags,
                "inputs": comparable({k: v for k, v in one.inputs.items() if k not in one.ignored_changes}),
                "protect": one.protect,
                "parent": one.parent,
                "dependencies": sorted(one.dependencies),
            }
            for one in self.resources
        }


def comparable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: comparable(child) for name, child in value.items()}
    if isinstance(value, list):
        return [comparable(child) for child in value]
    if isinstance(value, pulumi.FileArchive):
        return hashlib.sha256(Path(value.path).read_bytes()).hexdigest()
    if isinstance(value, pulumi.output.Unknown):
        return "unknown"
    assert value is None or isinstance(value, str | int | float | bool), f"{value!r} cannot be compared"
    return value


def run(stage: str, layer: Path, preview: bool = False, into: Recording | None = None, **config: Any) -> Stack:
    """The program, evaluated for a stage with some settings changed; `into` records a failing program."""
    recording = into or Recording(preview)
    overrides = {f"taskline:{key}": value for key, value in ({"dependencyLayer": str(layer)} | config).items()}
    with mock.patch("local.program.stack.Monitor", RecordingMonitor):
        exports = evaluate(recording, load_config(stage, overrides), stage, preview=preview)
    if not gc.get_freeze_count():
        gc.freeze()  # Pulumi's modules are a million objects, and looking through them takes a fourth of the time
    return Stack(recording.resources, exports, recording.calls)
