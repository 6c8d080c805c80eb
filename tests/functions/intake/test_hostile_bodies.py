"""Hostile bodies: each is refused with 4xx and a problem document, and nothing is recorded."""

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions import redrive, validator
from tests.builders import a_task
from tests.functions.conftest import Pipeline
from tests.functions.support import CONTEXT, ApiResponse, post, post_bytes

MEGABYTE = 1024 * 1024
# Whole bodies; `%s` is where a hostile JSON value goes.
TEMPLATES = st.sampled_from(
    [
        "%s",
        '{"title": %s, "description": "d", "priority": "low"}',
        '{"title": "t", "description": "d", "priority": "low", "data": {"x": %s}}',
        '{"title": "t", "description": "d", "priority": "low", "data": {"x": [1, {"y": %s}]}}',
        '{"dry_run": false, "ordering_key": %s}',
    ]
)
DEEP = st.tuples(st.sampled_from([("[", "]"), ('{"a":', "}")]), st.sampled_from([33, 100, 5_000, 60_000])).map(
    lambda drawn: drawn[0][0] * drawn[1] + "1" + drawn[0][1] * drawn[1]
)
UNCLOSED = st.tuples(st.sampled_from(["[", '{"a":', '"', '["', '{"']), st.integers(1, 50_000)).map(
    lambda drawn: drawn[0] * drawn[1]
)
HUGE_NUMBERS = st.one_of(
    st.integers(1_001, 100_000).map(lambda digits: "9" * digits),
    st.integers(309, 10**9).map(lambda exponent: f"-1e{exponent}"),
    st.integers(400, 5_000).map(lambda digits: "7" * digits + ".5"),
    st.sampled_from(["NaN", "Infinity", "-Infinity", "0x10", "01", "1.", ".5", "+1", "1e"]),
)
SURROGATES = st.tuples(
    st.sampled_from(["\\ud800", "\\udfff", "\\uDBFFx", "\\udc00\\ud800", "\\ud83d\\ud83d"]), st.text("ab ", max_size=5)
).map(lambda drawn: f'"{drawn[1]}{drawn[0]}"')
NUL = st.tuples(st.sampled_from(["\\u0000", "\0"]), st.text("ab ", max_size=5)).map(
    lambda drawn: f'"a{drawn[1]}{drawn[0]}{drawn[1]}b"'
)
LONG = st.tuples(st.sampled_from(["x", "ü", "\\n", '\\"', "\\u0001"]), st.sampled_from([MEGABYTE, 2 * MEGABYTE])).map(
    lambda drawn: f'"{drawn[0] * (drawn[1] // len(drawn[0]))}"'
)
TWICE = st.text('abct\\"é', min_size=1, max_size=5).map(lambda key: f"{{{json.dumps(key)}: 1, {json.dumps(key)}: 2}}")
HOSTILE = st.tuples(TEMPLATES, DEEP | UNCLOSED | HUGE_NUMBERS | SURROGATES | NUL | LONG | TWICE).map(
    lambda drawn: drawn[0] % drawn[1]
)
GOOD = json.dumps(a_task(title="Grüße"), ensure_ascii=False)
ENCODINGS = st.sampled_from(["utf-16", "utf-16-le", "utf-32", "latin-1", "cp037", "utf-8-sig"]).map(
    lambda codec: GOOD.encode(codec)
)
BROKEN_BYTES = st.tuples(st.sampled_from([b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\x80"])).map(
    lambda drawn: GOOD.encode().replace("ü".encode(), drawn[0])
)

HANDLERS = {"/tasks": validator.handler, "/redrive": redrive.handler}
# The pipeline is checked to be empty after each example, so all can share one.
SHARED = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
)
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
MANY, MOST = settings(SHARED, max_examples=300), settings(SHARED, max_examples=2000)


def refused(pipeline: Pipeline, resource: str, event: dict[str, Any]) -> None:
    event = {**event, "resource": resource, "path": resource}
    response = ApiResponse.of(HANDLERS[resource](event, CONTEXT))
    assert 400 <= response.status < 500, response
    pipeline.assert_untouched()


@pytest.mark.parametrize("resource", HANDLERS)
@MANY
@given(body=HOSTILE)
def test_a_hostile_body_is_refused_and_leaves_nothing(pipeline: Pipeline, resource: str, body: str) -> None:
    refused(pipeline, resource, post(body))


@pytest.mark.nightly
@pytest.mark.parametrize("resource", HANDLERS)
@MOST
@given(body=HOSTILE)
def test_none_of_many_hostile_bodies_leaves_anything(pipeline: Pipeline, resource: str, body: str) -> None:
    refused(pipeline, resource, post(body))


@pytest.mark.parametrize("resource", HANDLERS)
@SHARED
@given(body=ENCODINGS | BROKEN_BYTES)
def test_a_body_in_another_encoding_is_refused(pipeline: Pipeline, resource: str, body: bytes) -> None:
    refused(pipeline, resource, post_bytes(body))


@SHARED
@given(body=st.text(st.characters(), max_size=40))
def test_a_body_that_claims_to_be_base64_is_refused(pipeline: Pipeline, body: str) -> None:
    refused(pipeline, "/tasks", post(f"{body}!", isBase64Encoded=True))


@SHARED
@given(cut=st.integers(0, len(GOOD) - 1))
def test_a_body_that_was_cut_off_is_refused(pipeline: Pipeline, cut: int) -> None:
    refused(pipeline, "/tasks", post(GOOD[:cut]))
    refused(pipeline, "/tasks", post(base64.b64encode(GOOD[:cut].encode()).decode(), isBase64Encoded=True))
