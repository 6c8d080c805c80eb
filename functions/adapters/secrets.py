"""Secrets of task types, from Systems Manager: one encrypted parameter each, cached for a few minutes."""

from functions.tasks.errors import TaskTypeUnavailable

CACHED_SECONDS = 300


def read_secret(path: str, name: str) -> str:
    """The value of a secret under the path, at most five minutes old: a new one needs no deployment.

    `TaskTypeUnavailable` if there is none, or if it cannot be read.
    """
    # Powertools loads boto3 for this, and most processors read no secret.
    from aws_lambda_powertools.utilities import parameters

    parameter = f"{path}/{name}"
    try:
        return parameters.get_parameter(parameter, decrypt=True, max_age=CACHED_SECONDS)
    except parameters.GetParameterError as error:
        raise TaskTypeUnavailable(f"the secret {parameter} cannot be read: {error}") from error
