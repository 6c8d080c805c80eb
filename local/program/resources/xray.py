"""X-Ray's sampling rules: there are no traces on the laptop, so none of them applies."""

from __future__ import annotations

from local.program.resources.handler import Inputs, ProvisionedResource, ProvisioningContext, ResourceHandler, keep

_NO_TRACES = "there is no X-Ray on the laptop"
_INPUTS = (
    *("ruleName", "version", "priority", "fixedRate", "reservoirSize", "serviceName", "serviceType"),
    *("resourceArn", "host", "httpMethod", "urlPath"),
)


def _ensure(_context: ProvisioningContext, inputs: Inputs) -> ProvisionedResource:
    return ProvisionedResource(f"rule/{inputs['ruleName']}", {})


HANDLERS = (
    ResourceHandler(
        type="aws:xray/samplingRule:SamplingRule",
        applies=frozenset(),
        ensure=_ensure,
        remove=keep,
        ignores=dict.fromkeys(_INPUTS, _NO_TRACES),
    ),
)
