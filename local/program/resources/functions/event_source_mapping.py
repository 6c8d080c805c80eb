"""Event sources of Lambda functions. The emulator polls queues; `local.services.streams` reads streams."""

from __future__ import annotations

from typing import Any

from local.host.errors import LaptopError
from local.program.declarations.model import StreamDeclaration
from local.program.resources.handler import Inputs, ProvisionedResource, ProvisioningContext, ResourceHandler, section

REPORTS = "ReportBatchItemFailures"
# Each kind of source has its own properties.
STREAM_ONLY = frozenset(
    {
        "startingPosition",
        "parallelizationFactor",
        "tumblingWindowInSeconds",
        "bisectBatchOnFunctionError",
        "maximumRetryAttempts",
        "maximumRecordAgeInSeconds",
        "destinationConfig",
    }
)
QUEUE_ONLY = frozenset({"scalingConfig"})


def _ensure(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    source = inputs["eventSourceArn"]
    if ":dynamodb:" in source:
        _reject(inputs, QUEUE_ONLY, "a stream")
        return _declare_stream(context, inputs)
    if ":sqs:" in source:
        _reject(inputs, STREAM_ONLY, "a queue")
        return _ensure_queue_mapping(context, inputs)
    raise LaptopError(
        f"Event source mapping `{inputs['name']}` reads {source}; only queues and table streams are supported.",
        f"Use one of them, or support other sources in {__name__}.",
    )


def _reject(inputs: Inputs, others: frozenset[str], source: str) -> None:
    for key in sorted(others & inputs.keys()):
        if inputs[key] is not None:
            raise LaptopError(
                f"Event source mapping `{inputs['name']}` has {key}, which does not apply to {source}.",
                "Remove it.",
            )


def _declare_stream(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    """Measured: the emulator's own mapping skips records that a function reports as failed, and never bisects."""
    name = inputs["functionName"].rpartition(":function:")[2].partition(":")[0]  # without the alias
    context.deployed.streams.append(
        StreamDeclaration(
            stream_arn=inputs["eventSourceArn"],
            function=name,
            batch_size=inputs.get("batchSize", 100),
            reports_failures=REPORTS in (inputs.get("functionResponseTypes") or []),
            bisects=inputs.get("bisectBatchOnFunctionError") or False,
            max_retries=inputs.get("maximumRetryAttempts", -1),
            max_age_seconds=inputs.get("maximumRecordAgeInSeconds", -1),
            on_failure_arn=section(section(inputs, "destinationConfig"), "onFailure").get("destinationArn", ""),
            window_seconds=inputs.get("tumblingWindowInSeconds", 0),
        )
    )
    return ProvisionedResource(f"stream:{name}", {"uuid": f"stream:{name}"})


def _ensure_queue_mapping(context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    client: Any = context.clients.lambda_
    source = inputs["eventSourceArn"]
    settings: dict[str, Any] = {
        "BatchSize": inputs.get("batchSize", 10),
        "FunctionResponseTypes": inputs.get("functionResponseTypes") or [],
    }
    scaling = section(inputs, "scalingConfig")
    if scaling:
        settings["ScalingConfig"] = {"MaximumConcurrency": scaling["maximumConcurrency"]}
    function = inputs["functionName"]
    found = client.list_event_source_mappings(EventSourceArn=source, FunctionName=function)["EventSourceMappings"]
    if found:
        uuid = found[0]["UUID"]
        client.update_event_source_mapping(UUID=uuid, **settings)
    else:
        uuid = client.create_event_source_mapping(EventSourceArn=source, FunctionName=function, **settings)["UUID"]
    return ProvisionedResource(uuid, {"uuid": uuid})


def _remove(context: ProvisioningContext, uuid: str) -> None:
    client = context.clients.lambda_
    if uuid.startswith("stream:"):
        return
    try:
        client.delete_event_source_mapping(UUID=uuid)
    except client.exceptions.ResourceNotFoundException:
        return


HANDLERS = (
    ResourceHandler(
        type="aws:lambda/eventSourceMapping:EventSourceMapping",
        applies=frozenset(
            {
                "eventSourceArn",
                "functionName",
                "batchSize",
                "functionResponseTypes",
                "startingPosition",
                "bisectBatchOnFunctionError",
                "maximumRetryAttempts",
                "maximumRecordAgeInSeconds",
                "tumblingWindowInSeconds",
                "destinationConfig.onFailure.destinationArn",
                "scalingConfig.maximumConcurrency",
            }
        ),
        ensure=_ensure,
        remove=_remove,
        ignores={
            "parallelizationFactor": "one batch at a time is fast enough on a laptop",
            "maximumBatchingWindowInSeconds": "records gather for a quarter of a second anyway",
        },
    ),
)
