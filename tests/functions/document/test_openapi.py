"""The OpenAPI document: valid in itself, and true to what the handlers do."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator, validate

from functions import breaker, canceller, documents, keys, reader, redrive, validator, workers
from functions.api import cors
from functions.api.access import OPERATIONS as FOR_OPERATORS
from functions.api.access import SERVICE, Access
from functions.api.document import examples
from functions.api.document.completion import complete
from functions.api.document.models import TaskView
from functions.api.document.openapi import openapi_document
from functions.api.routes import Route
from functions.task_types import load_task_types
from functions.tasks.listing.model import ListRequest
from functions.tasks.model import MAX_ID_CHARACTERS, NewTask
from tests.builders import A_FAILURE, TASK_ID, a_task, an_item
from tests.functions.conftest import Pipeline
from tests.functions.document.documented import DOCUMENT, OPERATIONS, SCHEMAS, assert_documented
from tests.functions.document.schemas import KEYWORDS
from tests.functions.support import CONTEXT, ApiResponse, event, get_task, post, post_batch


def walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for child in value.values():
            yield from walk(child)
    elif isinstance(value, list):
        for child in value:
            yield from walk(child)


def sub_schemas(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    several = (part for word in ("allOf", "anyOf", "oneOf") for part in schema.get(word, ()))
    for part in (*schema.get("properties", {}).values(), *several):
        yield from sub_schemas(part)
    for keyword in ("items", "additionalProperties"):
        if isinstance(schema.get(keyword), dict):
            yield from sub_schemas(schema[keyword])


ALL_SCHEMAS = [
    sub
    for schema in (
        *DOCUMENT["components"]["schemas"].values(),
        *(part["schema"] for part in walk(DOCUMENT["paths"]) if "schema" in part),
    )
    for sub in sub_schemas(schema)
]


def test_every_route_is_documented_and_every_documented_operation_has_a_route() -> None:
    routes = [
        route
        for function in (validator, reader, canceller, redrive, documents, breaker, keys, workers)
        for route in function.ROUTES
    ]
    assert sorted(OPERATIONS) == sorted(routes), "each operation has one function, and the functions serve no others"


def test_the_version_is_one_that_api_gateway_imports() -> None:
    assert DOCUMENT["openapi"] == "3.0.1"
    assert DOCUMENT["info"].keys() >= {"title", "version"}
    assert DOCUMENT.keys() == {"openapi", "info", "tags", "paths", "components"}


def test_each_operation_has_its_own_id_and_a_summary() -> None:
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(ids) == len(set(ids))
    assert all(operation["summary"] for operation in OPERATIONS.values())


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_path_parameters_are_declared(method: str, path: str) -> None:
    in_path = {part.strip("{}") for part in path.split("/") if part.startswith("{")}
    parameters = OPERATIONS[method, path].get("parameters", [])
    assert {parameter["name"] for parameter in parameters if parameter["in"] == "path"} == in_path
    assert all(parameter["required"] is True for parameter in parameters if parameter["in"] == "path")


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_response_says_what_it_means(method: str, path: str) -> None:
    responses = OPERATIONS[method, path]["responses"]
    assert any(status.startswith("2") for status in responses)
    assert all(status.isdigit() and response["description"] for status, response in responses.items())


def test_every_reference_resolves() -> None:
    references = [part["$ref"] for part in walk(DOCUMENT) if "$ref" in part]
    assert references
    for reference in references:
        assert isinstance(SCHEMAS.resolve(reference), dict)


def test_every_schema_is_referred_to() -> None:
    referred = {part["$ref"].rsplit("/", 1)[1] for part in walk(DOCUMENT) if "$ref" in part}
    assert set(DOCUMENT["components"]["schemas"]) == referred


def test_schemas_use_only_keywords_of_openapi_3_0() -> None:
    unknown = {keyword for schema in ALL_SCHEMAS for keyword in schema if keyword not in KEYWORDS | {"$ref"}}
    assert not unknown, "3.0 knows no anyOf with null, no const, no list of types"
    assert all(isinstance(schema.get("type", ""), str) for schema in ALL_SCHEMAS)


def test_a_reference_stands_alone() -> None:
    """OpenAPI 3.0 ignores everything next to a $ref: a description there would be lost."""
    assert [schema for schema in ALL_SCHEMAS if "$ref" in schema and len(schema) > 1] == []


def test_defaults_fit_their_schemas() -> None:
    for schema in ALL_SCHEMAS:
        if "default" in schema:
            assert schema["default"] is not None or schema.get("nullable"), f"null is not a value of {schema}"
            assert SCHEMAS.errors(schema, schema["default"]) == []


def test_every_field_is_described_for_clients() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        if name != "Problem" and ("." not in name or name.startswith("NewTask.")):  # the others describe task types
            for field, part in schema.get("properties", {}).items():
                assert part.get("description"), f"{name}.{field} has no description"


def test_the_limits_of_a_task_are_in_the_document() -> None:
    new_task = DOCUMENT["components"]["schemas"]["NewTask.default"]
    fields = new_task["properties"]
    assert (fields["title"]["minLength"], fields["title"]["maxLength"]) == (1, 200)
    assert (fields["description"]["minLength"], fields["description"]["maxLength"]) == (1, 2000)
    assert DOCUMENT["components"]["schemas"]["Priority"]["enum"] == ["low", "medium", "high"]
    assert new_task["required"] == ["title", "description", "priority"]
    assert new_task["additionalProperties"] is False


@pytest.mark.parametrize(
    "task",
    [a_task(), a_task(due_date="2026-12-31", ordering_key="k" * 128, type="demo.echo", data={"a": [1, None]})],
)
def test_what_the_document_allows_is_accepted_and_the_response_is_as_documented(
    pipeline: Pipeline, task: dict[str, Any]
) -> None:
    schema = OPERATIONS["POST", "/tasks"]["requestBody"]["content"]["application/json"]["schema"]
    assert SCHEMAS.errors(schema, task) == []
    response = pipeline.post(task)
    assert response.status == 202
    assert_documented(response, "POST", "/tasks")


@pytest.mark.parametrize(
    "changes",
    [
        {"title": ""},
        {"title": "t" * 201},
        {"priority": "urgent"},
        {"ordering_key": "a b"},
        {"extra": 1},
        {"data": []},
        {"type": "demo.slow", "data": {"milliseconds": -1}},
        {"type": "demo.slow", "data": {"seconds": 1}},
        {"type": "demo.flaky", "data": {"error_class": "ANGER"}},
        {"type": "unknown"},
    ],
)
def test_what_the_document_does_not_allow_is_refused(pipeline: Pipeline, changes: dict[str, Any]) -> None:
    schema = OPERATIONS["POST", "/tasks"]["requestBody"]["content"]["application/json"]["schema"]
    assert SCHEMAS.errors(schema, a_task(**changes))
    assert_documented(pipeline.post(a_task(**changes)), "POST", "/tasks")


def test_a_batch_and_its_response_are_as_documented(pipeline: Pipeline) -> None:
    schema = OPERATIONS["POST", "/tasks/batch"]["requestBody"]["content"]["application/json"]["schema"]
    given = [a_task(), a_task(title="")]
    assert SCHEMAS.errors(schema, {"tasks": given[:1]}) == []
    for wrong in ([], given, given[:1] * 26):
        assert SCHEMAS.errors(schema, {"tasks": wrong})
    for _ in range(2):
        response = pipeline.submit(post_batch(given, headers={"Idempotency-Key": "k"}))
        assert response.status == 207
        assert_documented(response, "POST", "/tasks/batch")
    for body in ("{", "x" * 2_000_000):
        assert_documented(pipeline.submit(post_batch(body)), "POST", "/tasks/batch")
    reused = post_batch([a_task(title="other")], headers={"Idempotency-Key": "k"})
    assert_documented(pipeline.submit(reused), "POST", "/tasks/batch")


def test_an_idempotency_key_is_documented_as_it_is_checked(pipeline: Pipeline) -> None:
    (parameter,) = OPERATIONS["POST", "/tasks"]["parameters"]
    assert (parameter["in"], parameter["required"]) == ("header", False)
    for key, status in (("k" * 255, 202), ("k" * 256, 400), ("é", 400), ("a b", 202)):
        fits = SCHEMAS.errors(parameter["schema"], key) == []
        response = pipeline.submit(post(a_task(), headers={parameter["name"]: key}))
        assert (response.status, fits) == (status, status == 202)


def test_problems_are_as_documented(pipeline: Pipeline) -> None:
    assert_documented(pipeline.post("{"), "POST", "/tasks")
    assert_documented(pipeline.post("x" * 200_000), "POST", "/tasks")
    assert_documented(pipeline.post("{}", headers={"Content-Type": "text/plain"}), "POST", "/tasks")
    assert_documented(pipeline.read("no-such-task"), "GET", "/tasks/{task_id}")


@pytest.mark.parametrize(
    "item",
    [
        an_item("queued"),
        an_item("queued", "processing"),
        an_item("queued", "processing", "succeeded", result={"S": "[1]"}),
        an_item("queued", "processing", "succeeded", result={"S": "null"}),
        an_item("queued", "processing", "failed", **A_FAILURE),
        an_item("queued", "cancelled"),
    ],
    ids=lambda item: item["status"]["S"],
)
def test_a_task_is_read_as_documented(pipeline: Pipeline, item: dict[str, Any]) -> None:
    pipeline.put(item)
    assert_documented(ApiResponse.of(reader.handler(get_task(TASK_ID), CONTEXT)), "GET", "/tasks/{task_id}")


def test_a_list_is_as_documented(pipeline: Pipeline) -> None:
    for item in (an_item("queued"), an_item("queued", "processing", "failed", **A_FAILURE)):
        pipeline.put(item)
        assert_documented(pipeline.page(), "GET", "/tasks")
    assert_documented(pipeline.page(limit="0"), "GET", "/tasks")


def test_cancelling_is_as_documented(pipeline: Pipeline) -> None:
    pipeline.put(an_item("queued"))
    assert_documented(pipeline.cancel(TASK_ID), "DELETE", "/tasks/{task_id}")
    pipeline.put(an_item("queued", "processing"))
    assert_documented(pipeline.cancel(TASK_ID), "DELETE", "/tasks/{task_id}")
    assert_documented(pipeline.cancel("no-such-task"), "DELETE", "/tasks/{task_id}")


def test_the_documented_parameters_of_a_list_are_those_that_are_parsed() -> None:
    parameters = OPERATIONS["GET", "/tasks"]["parameters"]
    assert {parameter["name"] for parameter in parameters} == set(ListRequest.model_fields)
    assert all((parameter["in"], parameter["required"]) == ("query", False) for parameter in parameters)
    (limit,) = (parameter["schema"] for parameter in parameters if parameter["name"] == "limit")
    assert limit == {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}


def test_health_is_as_documented() -> None:
    response = ApiResponse.of(validator.handler(event("get_health.json"), CONTEXT))
    assert_documented(response, "GET", "/health")


def test_an_id_may_be_as_long_in_the_document_as_in_the_reader() -> None:
    (parameter,) = OPERATIONS["GET", "/tasks/{task_id}"]["parameters"]
    assert parameter["schema"]["maxLength"] == MAX_ID_CHARACTERS


def test_the_document_is_json_and_the_same_every_time() -> None:
    assert json.dumps(openapi_document()) == json.dumps(openapi_document())


@pytest.mark.parametrize("access", [Access(), Access(api_key=True), Access(api_key=True, client_iam=True)])
def test_the_document_is_valid_openapi_3_0(access: Access) -> None:
    validate(openapi_document(access, load_task_types()), cls=OpenAPIV30SpecValidator)


def test_every_example_fits_its_schema() -> None:
    contents = [part for part in walk(DOCUMENT["paths"]) if "example" in part]
    assert len(contents) > len(OPERATIONS)
    for content in contents:
        assert SCHEMAS.errors(content["schema"], content["example"]) == []


def test_every_body_in_json_has_an_example() -> None:
    """Except for the document itself."""
    without = [
        operation["operationId"]
        for operation in OPERATIONS.values()
        for part in (operation.get("requestBody", {}), *operation["responses"].values())
        for media_type, content in part.get("content", {}).items()
        if "json" in media_type and "example" not in content
    ]
    assert without == ["read_openapi"]


def test_example_tasks_are_tasks() -> None:
    NewTask.model_validate(examples.NEW_TASK)
    for task in (examples.QUEUED_TASK, examples.SUCCEEDED_TASK):
        TaskView.model_validate_json(json.dumps(task))


def test_the_example_task_is_accepted_and_the_example_responses_are_what_functions_return(pipeline: Pipeline) -> None:
    accepted = pipeline.post(examples.NEW_TASK)
    assert accepted.status == 202
    assert accepted.document.keys() == examples.QUEUED_TASK.keys()
    refused = pipeline.post({name: value for name, value in examples.NEW_TASK.items() if name != "title"})
    promised = OPERATIONS["POST", "/tasks"]["responses"]["400"]["content"]["application/problem+json"]["example"]
    assert refused.document == promised


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_operation_declares_the_common_errors(method: str, path: str) -> None:
    responses = OPERATIONS[method, path]["responses"]
    assert responses.keys() >= {"403", "429", "500", "504"}
    if "requestBody" in OPERATIONS[method, path]:
        assert responses.keys() >= {"400", "413", "415"}
    for status in filter(lambda one: int(one) >= 400, responses):
        content = responses[status]["content"]["application/problem+json"]
        assert content["example"]["status"] == int(status)


def test_every_header_that_is_documented_can_be_read_by_a_web_page() -> None:
    declared = {
        name
        for operation in OPERATIONS.values()
        for response in operation["responses"].values()
        for name in response.get("headers", {})
    }
    assert declared <= set(cors.EXPOSED_HEADERS)


@pytest.mark.parametrize(
    ("access", "tag", "schemes"),
    [
        (Access(), "tasks", []),
        (Access(api_key=True), "tasks", [{"api_key": []}]),
        (Access(client_iam=True), "tasks", [{"aws_signature": []}]),
        (Access(api_key=True, client_iam=True), "tasks", [{"api_key": [], "aws_signature": []}]),
        (Access(api_key=True, client_iam=True), SERVICE, []),
        (Access(), FOR_OPERATORS, [{"aws_signature": []}]),
        (Access(api_key=True), FOR_OPERATORS, [{"aws_signature": []}]),
        (Access(operator_iam=False), FOR_OPERATORS, []),
    ],
)
def test_an_operations_tag_decides_the_required_credentials(access: Access, tag: str, schemes: list[Any]) -> None:
    operation: dict[str, Any] = {"operationId": "act", "tags": [tag], "responses": {"204": {"description": "Done."}}}
    document = complete({"paths": {"/act": {"post": operation}}, "components": {}}, access)
    assert document["paths"]["/act"]["post"]["security"] == schemes
    assert ("404" in operation["responses"]) == ("aws_signature" in str(schemes)), "an unsigned request is not found"
    assert set(document["components"].get("securitySchemes", {})) == {name for scheme in schemes for name in scheme}
    assert [one["name"] for one in document["tags"]] == [tag]


def test_a_route_without_a_tag_is_for_clients() -> None:
    route = Route(method="POST", path="/act", operation="act", function="validator")
    operation = {"tags": [route.tag], "responses": {}}
    document = complete({"paths": {"/act": {"post": operation}}, "components": {}}, Access(api_key=True))
    assert document["paths"]["/act"]["post"]["tags"] == ["tasks"]
    assert document["paths"]["/act"]["post"]["security"] == [{"api_key": []}]


def test_a_query_parameter_is_never_null() -> None:
    """A query has text only: `?status=null` is refused, so nobody may take it for allowed."""
    queries = [
        parameter["schema"]
        for operation in OPERATIONS.values()
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "query"
    ]
    assert {"$ref": "#/components/schemas/Status"} in queries
    assert not [schema for schema in queries if "nullable" in json.dumps(schema)]
