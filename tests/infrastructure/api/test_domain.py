"""A name of one's own for the API: its certificate, its floor for TLS, and that there is no way around it."""

from pathlib import Path
from typing import Any

import pytest

from infrastructure.settings.checks import SettingsError
from tests.infrastructure.recording import Recording, Stack, arn, run

NAME = "api.tasks.example"
CERTIFICATE = arn("acm", "certificate/1234abcd-12ab-34cd-56ef-1234567890ab")
DOMAIN = "aws:apigateway/domainName:DomainName"
MAPPING = "aws:apigateway/basePathMapping:BasePathMapping"
API = "aws:apigateway/restApi:RestApi"


@pytest.fixture(scope="module")
def named(layer: Path) -> Stack:
    return run("prod", layer, domainName=NAME, certificateArn=CERTIFICATE)


def test_the_domain_takes_nothing_older_than_tls_1_2(named: Stack) -> None:
    (made,) = named.all(DOMAIN)
    assert made.inputs == {
        "domainName": NAME,
        "regionalCertificateArn": CERTIFICATE,
        "securityPolicy": "TLS_1_2",
        "endpointConfiguration": {"types": "REGIONAL"},
    }


def test_addresses_below_the_domain_are_those_of_the_stage(named: Stack) -> None:
    (made,) = named.all(MAPPING)
    assert (made.inputs["domainName"], made.inputs["basePath"], made.inputs["stageName"]) == (NAME, "v1", "v1")
    assert named.exports["api_url"] == f"https://{NAME}/v1"
    assert "domain_target" in named.exports, "DNS has to point somewhere"


def test_the_address_of_the_stage_itself_is_closed_only_with_a_domain(named: Stack, stack: Stack) -> None:
    assert named.all(API)[0].inputs["disableExecuteApiEndpoint"] is True
    assert "disableExecuteApiEndpoint" not in stack.all(API)[0].inputs
    assert "domain_target" not in stack.exports


@pytest.mark.parametrize(
    ("config", "way_out"),
    [
        ({"domainName": NAME}, "pulumi config set certificateArn"),
        ({"certificateArn": CERTIFICATE}, "pulumi config set domainName"),
        ({"domainName": "https://a.example", "certificateArn": CERTIFICATE}, "such as tasks.example.com"),
        ({"domainName": "localhost", "certificateArn": CERTIFICATE}, "such as tasks.example.com"),
        ({"domainName": NAME, "certificateArn": "mine"}, "the ARN of a certificate"),
        (
            {"domainName": NAME, "certificateArn": CERTIFICATE.replace("eu-west-1", "us-east-1")},
            "a certificate in eu-west-1",
        ),
    ],
)
def test_a_domain_that_cannot_work_is_refused_with_the_way_out(
    layer: Path, config: dict[str, Any], way_out: str
) -> None:
    recording = Recording()
    with pytest.raises(SettingsError, match=way_out):
        run("dev", layer, into=recording, **config)
    assert recording.resources == []
