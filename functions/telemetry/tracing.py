"""X-Ray for the requests that it samples, and nothing for the others.

X-Ray's SDK makes a cold start a quarter longer, and records an unsampled request only to discard it.
For each request, Lambda sets an environment variable that says whether it is sampled:
https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

import os
from collections.abc import Generator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from functools import cache
from typing import Any, cast

from aws_lambda_powertools.tracing.base import BaseProvider, BaseSegment


class SampledRequests(BaseProvider):
    """What Powertools' tracer writes to: X-Ray's recorder, loaded with the first sampled request.

    For an unsampled request it also takes the place of the segment, and discards everything.
    """

    @contextmanager
    def in_subsegment(self, name: str | None = None, **kwargs: Any) -> Generator[BaseSegment]:
        """A subsegment around a block."""
        if not is_sampled():
            yield cast("BaseSegment", self)
            return
        with _recorder().in_subsegment(name, **kwargs) as subsegment:
            yield subsegment

    def in_subsegment_async(self, name: str | None = None, **kwargs: Any) -> AbstractAsyncContextManager[BaseSegment]:
        """A subsegment around an asynchronous block."""
        return _recorder().in_subsegment_async(name, **kwargs)

    def put_annotation(self, key: str, value: Any) -> None:
        """An annotation: traces can be searched by it."""
        if is_sampled():
            _recorder().put_annotation(key, value)

    def put_metadata(self, key: str, value: Any, namespace: str = "default") -> None:
        """Metadata: anything that JSON can represent."""
        if is_sampled():
            _recorder().put_metadata(key, value, namespace)

    def patch(self, modules: Sequence[str]) -> None:
        """Do nothing: `_recorder` patches all libraries that X-Ray knows."""

    def patch_all(self) -> None:
        """Do nothing, as above."""


def is_sampled() -> bool:
    """Whether X-Ray samples the current request."""
    return "Sampled=1" in os.environ.get("_X_AMZN_TRACE_ID", "")


@cache
def _recorder() -> Any:
    from aws_xray_sdk.core import patch_all, xray_recorder  # pyright: ignore[reportMissingTypeStubs]

    patch_all()
    return xray_recorder
