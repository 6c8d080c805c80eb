"""Clients made from some of botocore's data send the same requests as clients made from all of it."""

import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
from botocore.exceptions import UnknownServiceError
from botocore.handlers import BUILTIN_HANDLERS
from botocore.session import Session, get_session
from botocore.utils import EVENT_ALIASES

from functions.adapters.service_models import SERVICES, PlainFiles, ServiceModels, new_session, our_handlers

PARTITIONS = ("aws", "aws-cn", "aws-us-gov")
MOST_REGIONS = 4  # per partition: each needs two clients per service, which take time to make
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "dynamodb": ("put_item", {"TableName": "tasks", "Item": {"task_id": {"S": "1"}}}),
    "sns": ("publish", {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:events", "Message": "m"}),
    "stepfunctions": ("send_task_heartbeat", {"taskToken": "t"}),
    "sqs": ("send_message", {"QueueUrl": "https://queue.example/q.fifo", "MessageBody": "b", "MessageGroupId": "g"}),
}


class Sent(Exception):
    """A request that was stopped before it was sent."""


def with_credentials(session: Session) -> Session:
    session.set_credentials("access", "secret")
    return session


def sent(session: Session, service: str, region: str) -> tuple[str, str, str, bytes]:
    """Where a call goes, what it is signed for, how it is encoded, and its body."""

    def stop(request: Any, **_: Any) -> None:
        scope = request.headers["Authorization"].decode().split("/", 2)[2].partition(",")[0]
        raise Sent(request.url, scope, request.headers["Content-Type"], request.body)

    client: Any = session.create_client(cast("Any", service), region_name=region)
    client.meta.events.register_first("before-send", stop)
    operation, request = CALLS[service]
    with pytest.raises(Sent) as stopped:
        getattr(client, operation)(**request)
    return stopped.value.args  # type: ignore[return-value]


def some_regions(session: Session, service: str, partition: str) -> list[str]:
    """Spread over the partition's list, and the oldest regions, which have special addresses."""
    regions = session.get_available_regions(service, partition)
    return [*regions[:: len(regions) // MOST_REGIONS + 1], *({"us-east-1", "us-gov-west-1"} & set(regions))]


@pytest.mark.parametrize("service", SERVICES)
def test_calls_go_where_botocore_sends_them_in_every_partition(service: str) -> None:
    """Botocore also uses its table of endpoints for signing names and addresses; ours are found without it."""
    ours, botocores = with_credentials(new_session()), with_credentials(get_session())
    regions = [region for name in PARTITIONS for region in some_regions(botocores, service, name)]
    assert {"us-east-1", "cn-north-1", "us-gov-west-1"} <= set(regions)
    for region in regions:
        assert sent(ours, service, region) == sent(botocores, service, region), region


def test_the_known_services_are_those_that_adapters_use() -> None:
    assert sorted(CALLS) == SERVICES
    with pytest.raises(UnknownServiceError, match=r"Unknown service: 's3'.*dynamodb, sns, sqs, stepfunctions"):
        new_session().create_client("s3", region_name="eu-west-1")


def test_what_botocore_does_for_other_services_alone_is_left_out() -> None:
    ids = {new_session().get_service_model(service).service_id.hyphenize() for service in SERVICES}
    ours = list(our_handlers())
    others = [event.split(".") for event, handler, *_ in BUILTIN_HANDLERS if (event, handler) not in ours]
    assert "sqs" in ids
    assert len(others) > 100
    assert all(
        what == "docs" or EVENT_ALIASES.get(service, service) not in {*ids, "*"} for what, service, *_ in others
    )


def test_no_handler_for_our_services_asks_for_a_place_of_its_own() -> None:
    assert not [event for event, handler, *place in BUILTIN_HANDLERS if place and (event, handler) in our_handlers()]


def documents() -> Iterator[str]:
    botocores = get_session().get_component("data_loader")
    for service in SERVICES:
        for name in ("service-2", "endpoint-rule-set-1"):
            yield f"{service}/{botocores.determine_latest_version(service, name)}/{name}"
    yield "partitions"


def test_documents_are_read_as_botocore_reads_them() -> None:
    ours, botocores = ServiceModels(), get_session().get_component("data_loader")
    for name in documents():
        assert json.dumps(ours.load_data(name)) == json.dumps(botocores.load_data(name)), f"{name}, in this order"


def test_a_document_that_is_not_there_is_none() -> None:
    assert PlainFiles().load_file("/nowhere/service-2") is None
