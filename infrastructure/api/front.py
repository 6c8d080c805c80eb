"""What clients talk to: the API, and the functions that answer it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import pulumi

from infrastructure.api.rest_api import FUNCTION_TIMEOUT_SECONDS, Api, ApiArgs
from infrastructure.blocks import iam
from infrastructure.blocks.function import Function, FunctionArgs, FunctionDefaults
from infrastructure.blocks.queue import SOURCE_RETENTION_SECONDS
from infrastructure.settings.api import ApiSettings


@dataclass(frozen=True, kw_only=True)
class FrontArgs:
    """Tasks are recorded in the table and queued in the queue; records are kept for `record_retention_hours`.

    `breaker` answers what is about it.
    """

    defaults: FunctionDefaults
    settings: ApiSettings
    memory_megabytes: int
    table_name: pulumi.Input[str]
    table_arn: pulumi.Input[str]
    queue_url: pulumi.Input[str]
    queue_arn: pulumi.Input[str]
    failed_index_arn: pulumi.Input[str]
    list_index_arns: Sequence[pulumi.Input[str]]
    dead_letter_queue_url: pulumi.Input[str]
    dead_letter_queue_arn: pulumi.Input[str]
    record_retention_hours: int
    breaker: Function


class Front(pulumi.ComponentResource):
    """From the client to the queue, and back from the record. Public: its parts."""

    validator: Function
    reader: Function
    canceller: Function
    redrive: Function
    documents: Function
    api: Api

    def __init__(self, name: str, args: FrontArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:front:Front", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.validator = Function(
            "validator",
            _function(
                args,
                {"TABLE_NAME": args.table_name, "QUEUE_URL": args.queue_url},
                (iam.record_tasks(args.table_arn), iam.send_tasks(args.queue_arn)),
            ),
            opts=child,
        )
        self.reader = Function(
            "reader",
            _function(
                args,
                {"TABLE_NAME": args.table_name},
                (iam.read_tasks(args.table_arn), *iam.list_tasks(args.table_arn, args.list_index_arns)),
            ),
            opts=child,
        )
        self.canceller = Function("canceller", _canceller(args), opts=child)
        self.redrive = Function("redrive", _redrive(args), opts=child)
        access = json.dumps(asdict(args.settings.access))
        self.documents = Function("documents", _function(args, {"ACCESS": access}, ()), opts=child)
        self.api = Api("api", self._api(args), opts=child)
        self.register_outputs({})

    def _api(self, args: FrontArgs) -> ApiArgs:
        functions = {
            "validator": self.validator,
            "reader": self.reader,
            "canceller": self.canceller,
            "redrive": self.redrive,
            "documents": self.documents,
            "breaker": args.breaker,
        }
        return ApiArgs(
            location=args.defaults.location,
            settings=args.settings,
            log_retention_days=args.defaults.log_retention_days,
            functions=functions,
            others=self.documents,
        )


def _canceller(args: FrontArgs) -> FunctionArgs:
    environment = {"TABLE_NAME": args.table_name, "RETENTION_SECONDS": str(args.record_retention_hours * 3600)}
    return _function(args, environment, (iam.cancel_tasks(args.table_arn),))


def _redrive(args: FrontArgs) -> FunctionArgs:
    return _function(
        args,
        {
            "TABLE_NAME": args.table_name,
            "QUEUE_URL": args.queue_url,
            "DEAD_LETTER_QUEUE_URL": args.dead_letter_queue_url,
            # A message waited in the queue at most so long before it became a dead letter.
            "FRESH_SECONDS": str(args.record_retention_hours * 3600 - SOURCE_RETENTION_SECONDS),
        },
        (
            iam.redrive_tasks(args.table_arn),
            iam.find_failed_tasks(args.failed_index_arn),
            iam.send_tasks(args.queue_arn),
            iam.remove_dead_letters(args.dead_letter_queue_arn),
        ),
    )


def _function(
    args: FrontArgs, environment: Mapping[str, pulumi.Input[str]], statements: tuple[iam.Statement, ...]
) -> FunctionArgs:
    return FunctionArgs(
        defaults=args.defaults,
        environment=environment,
        statements=statements,
        timeout=FUNCTION_TIMEOUT_SECONDS,
        memory_megabytes=args.memory_megabytes,
    )
