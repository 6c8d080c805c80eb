"""The metadata of the HTTP response that optimised integrations add to a result."""

from typing import Any, Final

from asl.core.templates import Json

_SPELLINGS: Final = {
    name.lower(): name
    for name in (
        *("Connection", "Content-Length", "Content-Type", "Date", "Server", "X-Amz-Executed-Version"),
        *("X-Amzn-Trace-Id", "x-amz-crc32", "x-amzn-Remapped-Content-Length", "x-amzn-RequestId"),
    )
}
"""Header names as AWS spells them. botocore returns them in lower case."""


def sdk_metadata(metadata: dict[str, Any]) -> dict[str, Json]:
    """`SdkHttpMetadata` and `SdkResponseMetadata`."""
    raw: dict[str, str] = metadata.get("HTTPHeaders", {})
    headers = {_SPELLINGS.get(name.lower(), name): value for name, value in raw.items()}
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": metadata.get("HTTPStatusCode", 200),
        },
        "SdkResponseMetadata": {"RequestId": metadata.get("RequestId", "")},
    }
