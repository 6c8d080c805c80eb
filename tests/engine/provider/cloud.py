"""The resources of a stack on the embedded emulator, created by the handlers of the laptop edition.

What the laptop edition has no use for (layers, the firewall) is only remembered, in the state that the engine keeps.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.host.errors import LaptopError
from local.program import invokes
from local.program.properties import reject_unknown
from local.program.registry import HANDLERS
from local.program.resources.handler import ProvisioningContext
from tests.engine.provider.reading import READERS

PIPE = "aws:pipes/pipe:Pipe"
PLAN = "aws:apigateway/usagePlan:UsagePlan"
REMEMBERED = frozenset(
    {
        "aws:lambda/layerVersion:LayerVersion",
        "aws:apigateway/basePathMapping:BasePathMapping",
        "aws:apigateway/domainName:DomainName",
        "aws:wafv2/webAcl:WebAcl",
        "aws:wafv2/webAclAssociation:WebAclAssociation",
    }
)


@dataclass(frozen=True)
class Made:
    """A resource that exists: its id, its outputs, and what its removal and its next update need to know."""

    id: str
    outputs: Mapping[str, Any]
    meta: Mapping[str, str]


class Cloud:
    """Stands for AWS, for any thread. `busy` is how many updates of the pipe are refused, as while it is stopped."""

    def __init__(self, context: ProvisioningContext) -> None:
        self.context = context
        self.busy = 0

    def refusal(self, of_type: str, name: str, inputs: Mapping[str, Any]) -> str:
        """Why the laptop edition cannot take these inputs; empty if it can."""
        if of_type in REMEMBERED and of_type not in HANDLERS:
            return ""
        try:
            reject_unknown(HANDLERS[of_type], name, inputs)
        except KeyError:
            return f"The laptop edition does not know {of_type}."
        except LaptopError as error:
            return str(error)
        return ""

    def create(self, of_type: str, name: str, inputs: Mapping[str, Any]) -> Made:
        # Names that AWS's provider generates are different for each new resource, so that it can replace an old one.
        return self._ensure(of_type, f"{name}-{secrets.token_hex(4)}", inputs)

    def update(self, of_type: str, made: Made, inputs: Mapping[str, Any]) -> Made:
        """The same resource with other properties; its id must stay, because everything refers to it."""
        if of_type == PLAN:
            self._update_plan(made.id, inputs)
            return made
        if of_type == PIPE and self.busy:
            self.busy -= 1
            raise ValueError(f"ConflictException: Pipe {made.id} is in state STOPPING")
        updated = self._ensure(of_type, made.meta["name"], inputs)
        if of_type == PIPE:
            # The laptop edition lets a stopped pipe be; AWS's provider sends the state with every update.
            state = {"DesiredState": inputs["desiredState"], "RoleArn": inputs["roleArn"]}
            self.context.clients.pipes.update_pipe(Name=made.id, **state)
        if updated.id != made.id:
            raise ValueError(f"{of_type} {made.id} became {updated.id} in an update")
        return updated

    def delete(self, of_type: str, made: Made) -> None:
        if of_type not in REMEMBERED:
            HANDLERS[of_type].remove(self.context, made.meta["key"])

    def read(self, of_type: str, made: Made) -> Mapping[str, Any] | None:
        """The properties as they are now, as far as they can be read; None if there is no such resource any more."""
        reader = READERS.get(of_type)
        return reader(self.context, made.id) if reader else {}

    def invoke(self, token: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return invokes.call(self.context, token, arguments)

    def _ensure(self, of_type: str, name: str, inputs: Mapping[str, Any]) -> Made:
        if of_type in REMEMBERED:
            return self._remembered(of_type, name, inputs)
        made = HANDLERS[of_type].ensure(self.context, {"name": name, **inputs})
        return Made(made.id, made.outputs, {"name": name, "key": made.key or made.id})

    def _update_plan(self, plan: str, inputs: Mapping[str, Any]) -> None:
        """On the laptop a plan that changes is a new one, to which its keys are added again. On AWS it stays."""
        throttle, quota = inputs["throttleSettings"], inputs.get("quotaSettings")
        values = {"/throttle/rateLimit": throttle["rateLimit"], "/throttle/burstLimit": throttle["burstLimit"]}
        values |= {"/quota/limit": quota["limit"], "/quota/period": quota["period"]} if quota else {}
        operations: list[Any] = [
            {"op": "replace", "path": path, "value": str(value)} for path, value in values.items()
        ]
        if not quota:
            operations.append({"op": "remove", "path": "/quota"})
        self.context.clients.apigateway.update_usage_plan(usagePlanId=plan, patchOperations=operations)

    def _remembered(self, of_type: str, name: str, inputs: Mapping[str, Any]) -> Made:
        """A new layer version has a new number: what uses it has to be updated."""
        service, kind = of_type.split(":")[1].split("/")
        arn = self.context.arn(service, f"{kind}:{inputs.get('layerName') or name}:{name.rpartition('-')[2]}")
        return Made(arn, {"arn": arn}, {"name": name})
