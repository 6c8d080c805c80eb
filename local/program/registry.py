"""All handlers by resource type."""

from __future__ import annotations

from local.program.resources import (
    cloudwatch,
    dynamodb,
    eventbridge,
    iam,
    logs,
    pipes,
    provider,
    sns,
    sqs,
    ssm,
    stepfunctions,
    xray,
)
from local.program.resources.functions import event_source_mapping
from local.program.resources.functions import function as lambda_function
from local.program.resources.functions import support as lambda_support
from local.program.resources.gateway import deployment as apigateway_deployment
from local.program.resources.gateway import keys as apigateway_keys
from local.program.resources.gateway import rest_api as apigateway_rest_api
from local.program.resources.handler import ResourceHandler

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
    ssm,
    stepfunctions,
    xray,
)

HANDLERS: dict[str, ResourceHandler] = {handler.type: handler for module in MODULES for handler in module.HANDLERS}
