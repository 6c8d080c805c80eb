"""AWS sessions for the command line."""

from typing import Any, cast

import boto3

from asl.integrations import ServiceTasks, clients_of


def service_tasks(region: str, endpoint_url: str | None, role: str | None) -> ServiceTasks:
    """Tasks that call services with the caller's credentials, or as a role that the caller may assume."""
    session = boto3.Session(region_name=region)
    options: dict[str, Any] = {"endpoint_url": endpoint_url} if endpoint_url else {}
    if role is not None:
        session = _assumed(session, role, region, options)
    return ServiceTasks(clients_of(session, **options))


def _assumed(session: boto3.Session, role: str, region: str, options: dict[str, Any]) -> boto3.Session:
    factory = cast(Any, session).client
    response = factory("sts", **options).assume_role(RoleArn=role, RoleSessionName="express")
    credentials = response["Credentials"]
    return boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=region,
    )
