"""A Pulumi provider that answers for `aws`, on the embedded emulator.

The engine speaks to it as to AWS's own provider: pulumi.runtime.proto, provider.proto. Properties pass through it as
they came, secrets still marked, so that the engine encrypts in its state what it would encrypt on AWS.
"""

import contextlib
from collections.abc import Callable, Generator, Mapping
from concurrent import futures
from importlib import metadata
from typing import Any

import grpc
from botocore.exceptions import BotoCoreError, ClientError
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from local.host.errors import LaptopError
from tests.engine.provider import wire
from tests.engine.provider.cloud import Cloud, Made
from tests.engine.provider.difference import ADD, DELETE, UPDATE, Difference, difference, top

Properties = Mapping[str, Any]
META = "__meta"  # outputs that begin so are the provider's own: programs do not see them
# What AWS's provider sets if the program does not.
DEFAULTS: Mapping[str, Properties] = {"aws:pipes/pipe:Pipe": {"desiredState": "RUNNING"}}
_KINDS = {
    (ADD, False): provider_pb2.PropertyDiff.ADD,
    (ADD, True): provider_pb2.PropertyDiff.ADD_REPLACE,
    (DELETE, False): provider_pb2.PropertyDiff.DELETE,
    (DELETE, True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    (UPDATE, False): provider_pb2.PropertyDiff.UPDATE,
    (UPDATE, True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """What the engine calls, from several threads."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    # The provider itself

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi-aws"))

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.GetSchemaResponse(schema='{"name": "aws"}')

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Another region is another place: nothing can be moved there."""
        before, after = (wire.comparable(wire.properties(one)) for one in (request.old_inputs, request.news))
        if before.get("region") == after.get("region"):
            return _diff_response(Difference({}, frozenset()))
        return _diff_response(Difference({"region": UPDATE}, frozenset({"region"})))

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    # Resources

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        of_type, name = _resource(request.urn)
        news = wire.properties(request.news)
        news = {**DEFAULTS.get(of_type, {}), **news}
        refused = self._cloud.refusal(of_type, name, wire.given(news))
        failures = [provider_pb2.CheckFailure(reason=refused)] if refused else []
        return provider_pb2.CheckResponse(inputs=wire.struct(news), failures=failures)

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        of_type, _ = _resource(request.urn)
        before, after = (wire.comparable(wire.properties(one)) for one in (request.old_inputs, request.news))
        named = "name" in before and before["name"] == after.get("name")
        return _diff_response(difference(of_type, before, after), named)

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        inputs = wire.properties(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=request.properties)
        given = wire.given(inputs)
        made = self._do("create", request, context, lambda of_type, name: self._cloud.create(of_type, name, given))
        return provider_pb2.CreateResponse(id=made.id, properties=wire.struct(_state(made, inputs)))

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        inputs, earlier = wire.properties(request.news), wire.properties(request.old_inputs)
        olds = {name: value for name, value in wire.properties(request.olds).items() if name not in earlier}
        if request.preview:
            return provider_pb2.UpdateResponse(properties=wire.struct(olds | inputs))
        before = _made(request.id, olds)
        made = self._do(
            "update", request, context, lambda of_type, _: self._cloud.update(of_type, before, wire.given(inputs))
        )
        return provider_pb2.UpdateResponse(properties=wire.struct(olds | _state(made, inputs)))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        made = _made(request.id, wire.properties(request.properties))
        self._do("delete", request, context, lambda of_type, _: self._cloud.delete(of_type, made))
        return empty_pb2.Empty()

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        state, inputs = wire.properties(request.properties), wire.properties(request.inputs)
        found = self._do(
            "read", request, context, lambda of_type, _: self._cloud.read(of_type, _made(request.id, state))
        )
        if found is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=request.id,
            properties=wire.struct(state | found),
            inputs=wire.struct(inputs | {name: value for name, value in found.items() if name in inputs}),
        )

    # Functions

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        response = provider_pb2.InvokeResponse()
        result = self._cloud.invoke(request.tok, wire.given(wire.properties(request.args)))
        getattr(response, "return").CopyFrom(wire.struct(result))  # Python's own word
        return response

    def _do(self, what: str, request: Any, context: grpc.ServicerContext, act: Callable[[str, str], Any]) -> Any:
        of_type, name = _resource(request.urn)
        try:
            return act(of_type, name)
        except (LaptopError, ClientError, BotoCoreError, LookupError, ValueError) as error:
            context.abort(grpc.StatusCode.UNKNOWN, f"{what} {of_type} {name}: {type(error).__name__}: {error}")


def _resource(urn: str) -> tuple[str, str]:
    """Type and name of a resource: `urn:pulumi:dev::taskline::taskline:Lane$aws:sqs/queue:Queue::tasks-queue`."""
    *_, types, name = urn.split("::")
    return types.rpartition("$")[2], name


def _made(resource_id: str, state: Properties) -> Made:
    return Made(resource_id, state, state.get(META, {}))


def _state(made: Made, inputs: Properties) -> dict[str, Any]:
    """Inputs win: they are as the program gave them, with their secrets marked."""
    return {**made.outputs, **inputs, META: dict(made.meta)}


def _diff_response(found: Difference, named: bool = False) -> Any:
    """A resource whose name is given (`named`) cannot exist twice: the old one is deleted first."""
    detailed = {
        path: provider_pb2.PropertyDiff(kind=_KINDS[kind, top(path) in found.forces], inputDiff=True)
        for path, kind in found.changes.items()
    }
    response = provider_pb2.DiffResponse
    return response(
        changes=response.DIFF_SOME if found.changes else response.DIFF_NONE,
        diffs=sorted({top(path) for path in found.changes}),
        replaces=sorted(found.forces),
        deleteBeforeReplace=bool(found.forces) and named,
        detailedDiff=detailed,
        hasDetailedDiff=True,
    )


@contextlib.contextmanager
def serving(provider: Provider) -> Generator[int]:
    """The provider on a free port of this machine, which is the result."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(grace=0).wait()
