"""All handlers by resource type."""

from __future__ import annotations

from local.provisioner.model import Handler
from local.provisioner.services import (
    apigateway_deployment,
    apigateway_keys,
    apigateway_rest_api,
    cloudwatch,
    dynamodb,
    event_source_mapping,
    eventbridge,
    iam,
    lambda_function,
    lambda_support,
    logs,
    pipes,
    provider,
    sns,
    sqs,
    stepfunctions,
)

MODULES = (
    apigateway_deployment,
    apigateway_keys,
    apigateway_rest_api,
    cloudwatch,
    dynamodb,
    event_source_mapping,
    eventbridge,
    iam,
    lambda_function,
    lambda_support,
    logs,
    pipes,
    provider,
    sns,
    sqs,
    stepfunctions,
)

HANDLERS: dict[str, Handler] = {handler.type: handler for module in MODULES for handler in module.HANDLERS}
