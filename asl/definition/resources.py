"""Parses the `Resource` of a Task."""

import re
from typing import Final

from asl.definition.model import Resource

# Partition, region and account are not checked: recordings and templates have placeholders there.
_SERVICE: Final = re.compile(r"arn:[^:]+:states:[^:]*:[^:]*:(aws-sdk:[^:.]+|[^:.]+):([^:.]+)(\..+)?")
_FUNCTION: Final = re.compile(r"arn:[^:]+:lambda:[^:]+:[^:]+:function:\S+")


def read_resource(arn: str) -> Resource:
    """Parse a resource ARN; raises `ValueError` with the reason if it is not supported."""
    if _FUNCTION.fullmatch(arn):
        return Resource(arn=arn, service="function", action="invoke")
    found = _SERVICE.fullmatch(arn)
    if found is None:
        raise ValueError(f"'{arn}' is neither a service integration nor a Lambda function")
    service, action, pattern = found.groups()
    if service == "activity":
        raise ValueError("activities are not supported in Express workflows")
    if pattern is not None:
        raise ValueError(f"the integration pattern '{pattern}' is not supported in Express workflows")
    return Resource(arn=arn, service=service, action=action)
