"""All that exists on the emulator of what a stack can create, by kind."""

from collections.abc import Callable, Mapping
from typing import Any

from local.emulator.clients import Clients

# Service, request, the list in its response, and the name in each of its elements ("" for a list of names).
LISTS: Mapping[str, tuple[str, str, str, str]] = {
    "alarms": ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "api keys": ("apigateway", "get_api_keys", "items", "name"),
    "apis": ("apigateway", "get_rest_apis", "items", "name"),
    "composite alarms": ("cloudwatch", "describe_alarms", "CompositeAlarms", "AlarmName"),
    "dashboards": ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    "functions": ("lambda", "list_functions", "Functions", "FunctionName"),
    "log groups": ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "mappings": ("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
    "parameters": ("ssm", "describe_parameters", "Parameters", "Name"),
    "pipes": ("pipes", "list_pipes", "Pipes", "Name"),
    "queues": ("sqs", "list_queues", "QueueUrls", ""),
    "roles": ("iam", "list_roles", "Roles", "RoleName"),
    "rules": ("events", "list_rules", "Rules", "Name"),
    "state machines": ("stepfunctions", "list_state_machines", "stateMachines", "name"),
    "subscriptions": ("sns", "list_subscriptions", "Subscriptions", "SubscriptionArn"),
    "tables": ("dynamodb", "list_tables", "TableNames", ""),
    "topics": ("sns", "list_topics", "Topics", "TopicArn"),
    "usage plans": ("apigateway", "get_usage_plans", "items", "name"),
}
# Both kinds of alarms are listed only if both are asked for.
ARGUMENTS: Mapping[str, Mapping[str, Any]] = {"describe_alarms": {"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}}


def existing(clients: Clients) -> dict[str, set[str]]:
    """The names by kind, without the kinds of which there is nothing."""
    found = {kind: _names(clients, *where) for kind, where in LISTS.items()}
    return {kind: names for kind, names in found.items() if names}


def _names(clients: Clients, service: str, request: str, where: str, name: str) -> set[str]:
    listing: Callable[..., Any] = getattr(clients.get(service), request)
    items = listing(**ARGUMENTS.get(request, {})).get(where) or []
    return {item[name] if name else item for item in items}
