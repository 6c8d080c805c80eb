"""The service models that botocore needs for a client, loaded in a fraction of the time.

Botocore's own loader takes a third of the time from the start of the process to a bare client.
"""

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from botocore.handlers import BUILTIN_HANDLERS
from botocore.loaders import JSONFileLoader, Loader
from botocore.session import Session

SERVICES = ["dynamodb", "sns", "sqs", "stepfunctions"]
_IN_EVENTS = {*SERVICES, "sfn", "*"}  # "sfn" is what botocore's events call Step Functions
_OPENERS: dict[str, Callable[..., Any]] = {".json": open, ".json.gz": gzip.open}


class PlainFiles(JSONFileLoader):
    """Botocore's files as plain dicts, which keep their order like botocore's OrderedDicts and load faster."""

    def load_file(self, file_path: str) -> Any:
        """The document in the file, given without its extension; None when there is no such file."""
        for ending, opener in _OPENERS.items():
            with suppress(FileNotFoundError), opener(file_path + ending, "rb") as file:
                return json.loads(file.read())
        return None


class ServiceModels(Loader):
    """Botocore's loader for the services that the functions use."""

    def __init__(self) -> None:
        super().__init__(file_loader=PlainFiles())

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 botocore names it
        """`SERVICES`: searching for others would go through more than four hundred folders."""
        return SERVICES

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        """The document and where it was found.

        `endpoints`, a megabyte, is not read: it held the addresses of services before they had rule sets for that,
        which all of `SERVICES` have (a test compares addresses and signatures with botocore's own).
        """
        if name == "endpoints":
            return {"version": 3, "partitions": []}, f"{self.BUILTIN_DATA_PATH}/{name}"
        return super().load_data_with_path(name)


def new_session() -> Session:
    """A session of botocore for `SERVICES`.

    Ten of botocore's handlers are for them; more than a hundred are for other services and for its documentation, and
    all would be checked when they are registered, and copied for each client.
    """
    session = Session(include_builtin_handlers=False)
    session.register_component("data_loader", ServiceModels())
    for event, handler in our_handlers():
        session.register(event, handler)
    return session


def our_handlers() -> Iterator[tuple[str, Callable[..., Any]]]:
    """The events of `SERVICES`, and of all services, that botocore handles, each with the handler."""
    for event, handler, *_ in BUILTIN_HANDLERS:
        what, *service = event.split(".")[:2]
        if what != "docs" and _IN_EVENTS.issuperset(service):
            yield event, handler
