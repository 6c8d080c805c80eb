"""The state machine's permissions, computed from its definition: it may do what its Task states do."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from infrastructure.blocks import iam
from infrastructure.blocks.location import Location

_PREFIX = "arn:aws:states:::"
_EXPRESSION = "{%"
_TRANSACTION = "aws-sdk:dynamodb:transactWriteItems"
"""Needs the permissions of its parts:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
"""


class UnknownIntegrationError(ValueError):
    """A Task state uses an integration whose permissions this module does not know."""


def machine_statements(
    definition: Mapping[str, Any], location: Location, functions: Sequence[str] = ()
) -> list[iam.Statement]:
    """One statement per action and resource that the definition uses, named after the states that use it.

    Where the definition finds the function of a task with an expression, it may be any of `functions`.
    """
    users: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for name, state in _task_states(definition):
        for action, resource in _permissions(name, state, location):
            arns = tuple(functions) if resource.startswith(_EXPRESSION) else (resource,)
            using = users.setdefault((action, arns), [])
            using += [] if name in using else [name]
    return [
        iam.allow("For" + "And".join(names), [action], arns[0] if len(arns) == 1 else [*arns])
        for (action, arns), names in users.items()
    ]


def _task_states(definition: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, state in definition["States"].items():
        if state["Type"] in ("Map", "Parallel"):
            raise UnknownIntegrationError(f"state {name!r}: permissions inside a {state['Type']} are not computed yet")
        if state["Type"] == "Task":
            yield name, state


def _permissions(name: str, state: Mapping[str, Any], location: Location) -> Iterator[tuple[str, str]]:
    integration = state["Resource"].removeprefix(_PREFIX)
    if integration == _TRANSACTION:
        for write in state["Arguments"]["TransactItems"]:
            for kind, arguments in write.items():
                yield f"dynamodb:{kind}Item", _table(arguments, location)
        return
    if integration not in _PERMISSIONS:
        known = ", ".join((*_PERMISSIONS, _TRANSACTION))
        raise UnknownIntegrationError(
            f"state {name!r} uses {state['Resource']!r}: add its action to {__name__}, which knows {known}"
        )
    action, resource = _PERMISSIONS[integration]
    yield action, resource(state["Arguments"], location)


def _function(arguments: Mapping[str, Any], _: Location) -> str:
    return arguments["FunctionName"]


def _table(arguments: Mapping[str, Any], location: Location) -> str:
    return location.arn("dynamodb", f"table/{arguments['TableName']}")


def _queue(arguments: Mapping[str, Any], location: Location) -> str:
    return location.arn("sqs", arguments["QueueUrl"].rsplit("/", 1)[-1])


def _machine(arguments: Mapping[str, Any], _: Location) -> str:
    return arguments["StateMachineArn"]


_PERMISSIONS: Mapping[str, tuple[str, Callable[[Mapping[str, Any], Location], str]]] = {
    "lambda:invoke": ("lambda:InvokeFunction", _function),
    "lambda:invoke.waitForTaskToken": ("lambda:InvokeFunction", _function),
    "states:startExecution": ("states:StartExecution", _machine),
    "dynamodb:getItem": ("dynamodb:GetItem", _table),
    "dynamodb:updateItem": ("dynamodb:UpdateItem", _table),
    "sqs:sendMessage": ("sqs:SendMessage", _queue),
}
