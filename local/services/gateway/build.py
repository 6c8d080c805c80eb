"""Makes the stages that the program declared."""

from __future__ import annotations

from collections.abc import Iterator

from local.program.declarations.gateway import ApiDeclaration, GatewayDeclarations, Rate, StageDeclaration
from local.program.declarations.openapi import Method
from local.services.gateway.event import ProxyEvents
from local.services.gateway.gateway_responses import GatewayResponses
from local.services.gateway.keys import ApiKey, ApiKeys
from local.services.gateway.limits import Quota, TokenBucket
from local.services.gateway.routing import Router
from local.services.gateway.signature import Signatures
from local.services.gateway.stage import Stage, StageMethod


def build_stages(declared: GatewayDeclarations, account: str) -> dict[str, Stage]:
    """The stages by name, which is the first segment of their paths."""
    apis = {api.id: api for api in declared.apis}
    return {stage.name: _stage(declared, apis[stage.api_id], stage, account) for stage in declared.stages}


def _stage(declared: GatewayDeclarations, api: ApiDeclaration, stage: StageDeclaration, account: str) -> Stage:
    methods = ((method.path, method.verb, _method(declared, stage, method, account)) for method in api.api.methods)
    return Stage(
        methods=Router(methods),
        keys=ApiKeys(_keys(declared, stage)),
        signatures=Signatures(account),
        policy=api.api.policy,
        responses=GatewayResponses(api.api.responses),
        compress_from=api.compress_from,
    )


def _method(declared: GatewayDeclarations, stage: StageDeclaration, method: Method, account: str) -> StageMethod:
    rate = _rate(declared, stage, method)
    events = ProxyEvents(
        resource=method.path, account=account, api_id=stage.api_id, stage=stage.name, variables=stage.variables
    )
    return StageMethod(declared=method, events=events, throttle=TokenBucket(rate) if rate else None)


def _rate(declared: GatewayDeclarations, stage: StageDeclaration, method: Method) -> Rate | None:
    """The limit of this method, or else that of every method of the stage. Each method has its own bucket."""
    rates = {
        one.method: one.rate for one in declared.throttles if (one.api_id, one.stage) == (stage.api_id, stage.name)
    }
    name = f"{method.path}/{method.verb}".lstrip("/")
    return rates.get(name) or rates.get("*/*")


def _keys(declared: GatewayDeclarations, stage: StageDeclaration) -> Iterator[ApiKey]:
    """A key that is in several plans has the limits of the first; AWS allows one plan per key and stage."""
    keys = {key.id: key for key in declared.keys if key.enabled}
    for plan in reversed([plan for plan in declared.plans if (stage.api_id, stage.name) in plan.stages]):
        for member in declared.plan_keys:
            if member.plan_id == plan.id and (key := keys.get(member.key_id)):
                yield ApiKey(
                    key_id=key.id,
                    value=key.value,
                    throttle=TokenBucket(plan.rate) if plan.rate else None,
                    quota=Quota(plan.quota) if plan.quota else None,
                )
