"""The errors that the gateway raises itself, with AWS's own messages."""

from __future__ import annotations

from collections.abc import Iterable


class GatewayError(Exception):
    """The gateway rejects the request with its gateway response `type`; `name` becomes the header x-amzn-ErrorType.

    `status` applies unless the API's document defines another. Statuses by type:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
    """

    def __init__(self, response_type: str, status: int, message: str, name: str) -> None:
        super().__init__(message)
        self.type = response_type
        self.status = status
        self.message = message
        self.name = name


def no_such_path() -> GatewayError:
    """An unknown path, an unknown method, or a missing signature: AWS has one error for all three."""
    return GatewayError(
        "MISSING_AUTHENTICATION_TOKEN", 403, "Missing Authentication Token", "MissingAuthenticationTokenException"
    )


def bad_signature(message: str, name: str) -> GatewayError:
    """The signature is incomplete, or its access key is unknown."""
    return GatewayError("DEFAULT_4XX", 403, message, name)


def foreign_origin(origin: str) -> GatewayError:
    """A web page calls what only operators may. AWS asks operators for a signature; the laptop edition does not."""
    return GatewayError(
        "ACCESS_DENIED", 403, f"Pages of {origin} may not call operations of operators.", "ForbiddenException"
    )


def bad_api_key() -> GatewayError:
    """The API key is missing, unknown, disabled, or not valid for this stage."""
    return GatewayError("INVALID_API_KEY", 403, "Forbidden", "ForbiddenException")


def throttled() -> GatewayError:
    """A rate limit is exceeded."""
    return GatewayError("THROTTLED", 429, "Too Many Requests", "TooManyRequestsException")


def quota_exceeded() -> GatewayError:
    """The API key's quota for this period is used up."""
    return GatewayError("QUOTA_EXCEEDED", 429, "Limit Exceeded", "LimitExceededException")


def missing_parameters(names: Iterable[str]) -> GatewayError:
    """The request lacks parameters that its method requires."""
    message = f"Missing required request parameters: [{', '.join(names)}]"
    return GatewayError("BAD_REQUEST_PARAMETERS", 400, message, "BadRequestException")


def too_large(limit: int) -> GatewayError:
    """The payload is over the gateway's limit."""
    return GatewayError(
        "REQUEST_TOO_LARGE", 413, f"HTTP content length exceeded {limit} bytes.", "RequestEntityTooLargeException"
    )


def too_slow() -> GatewayError:
    """The function did not respond in time. It keeps running, and its response is lost."""
    return GatewayError("INTEGRATION_TIMEOUT", 504, "Endpoint request timed out", "InternalServerErrorException")


def not_invoked() -> GatewayError:
    """Lambda did not run the function, because it is throttled or missing.

    AWS responds with 500 (https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway-errors.html), or with the
    document's INTEGRATION_FAILURE if it has one (observed: https://repost.aws/questions/QUL-z6rJbmR4meafB7MzYXxw).
    """
    return GatewayError("INTEGRATION_FAILURE", 500, "Internal server error", "InternalServerErrorException")


def bad_response() -> GatewayError:
    """The function failed, or its payload is not a proxy response; documented on the same page."""
    return GatewayError("DEFAULT_5XX", 502, "Internal server error", "InternalServerErrorException")


def broken() -> GatewayError:
    """A bug in the gateway itself."""
    return GatewayError("DEFAULT_5XX", 500, "Internal server error", "InternalServerErrorException")
