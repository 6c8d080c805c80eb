"""The OpenAPI document, generated from the models that validate.

It defines the API: clients read it, and the gateway imports it (`infrastructure/api/rest_api.py` adds the function
behind each operation).
"""

from typing import Any

from functions.api.access import Access
from functions.api.document import operators, tasks
from functions.api.document.completion import complete
from functions.api.document.schemas import schemas
from functions.api.routes import ROUTES
from functions.tasks.intake.ordering import DefaultOrdering
from functions.tasks.registry import Registry

Document = dict[str, Any]
_OPERATIONS = {**tasks.OPERATIONS, **operators.OPERATIONS}


def openapi_document(
    access: Access | None = None,
    types: Registry | None = None,
    ordering: DefaultOrdering = DefaultOrdering.ONE_KEY,
) -> Document:
    """The document in OpenAPI 3.0.1, the version that API Gateway imports, for a stage that requires `access`.

    With `types` it has the `data` of each of them. `ordering` says what a task without an `ordering_key` means.
    """
    document: Document = {
        "openapi": "3.0.1",
        "info": {
            "title": "Taskline",
            "version": "1",
            "description": "Accepts tasks, keeps them in order and processes each at least once.",
        },
        "paths": _paths(),
        "components": {"schemas": schemas(types or Registry(), ordering)},
    }
    return complete(document, access or Access())


def _paths() -> Document:
    """Each route with its operation from `_OPERATIONS`."""
    paths: Document = {}
    for route in ROUTES:
        operation = {"operationId": route.operation, "tags": [route.tag], **_OPERATIONS[route.operation]()}
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return paths
