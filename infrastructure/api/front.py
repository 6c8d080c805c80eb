"""What clients talk to: the API, and the functions that serve it."""

import json
from dataclasses import asdict, dataclass

import pulumi

from infrastructure.api.rest_api import FUNCTION_TIMEOUT_SECONDS, Api, ApiArgs
from infrastructure.blocks import iam
from infrastructure.blocks.component import Component
from infrastructure.blocks.function import COLD, Function, FunctionArgs, FunctionDefaults, Start
from infrastructure.blocks.queues import SOURCE_RETENTION_SECONDS
from infrastructure.blocks.refs import ApiRef, FunctionRef, GatesRef, Grant, ProcessingRef, TableRef, grant
from infrastructure.blocks.secret import Secret
from infrastructure.settings.lane_changes import lane_guard
from infrastructure.settings.stack import Settings


@dataclass(frozen=True, kw_only=True)
class FrontArgs:
    """Tasks go to `table` and to the lanes of `processing`; `gates` are those of keys.

    `breaker` serves the routes of the circuit breaker. `reading_counts` is the use of the table of counts, which
    `counter` keeps.
    """

    defaults: FunctionDefaults
    settings: Settings
    table: TableRef
    gates: GatesRef
    processing: ProcessingRef
    breaker: FunctionRef
    reading_counts: Grant
    counter: FunctionRef


class Front(Component):
    """From the client to the queue, and back from the record.

    Public: `api`; `functions`, all that it creates, and `validator`, the one that takes tasks.
    """

    api: ApiRef
    functions: tuple[FunctionRef, ...]
    validator: FunctionRef

    def __init__(self, name: str, args: FrontArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("taskline:api:Front", name, opts)
        self._args = args
        table, lanes = args.table, args.processing.lanes
        retention, tenancy = args.settings.record_retention_seconds, args.settings.tenancy
        location = args.defaults.location
        secret = Secret("id-secret", location, "What the ids of tasks are computed with.", opts=self._child).ref
        self.validator = self._function(
            "validator",
            table.recording(),
            lanes.sending(),
            secret.deriving_ids(),
            memory_megabytes=args.settings.validator_memory_megabytes,
            reserved_concurrency=args.settings.validator_reserved_concurrency,
            start=args.settings.validator_start,
            hooks=lane_guard("validator"),
            # A new type must not be accepted before it can be processed, and no task recorded in a way that its
            # counter does not know.
            after=(
                *(processor.arn for processor in args.processing.processors),
                args.processing.workflow.arn,
                args.counter.arn,
            ),
            ACCEPT_MILLISECONDS=str(args.settings.objectives.accept_milliseconds),
            TENANCY=tenancy,
            DEFAULT_ORDERING=args.settings.default_ordering,
        )
        delay = str(args.settings.count_delay_seconds)
        reader = self._function(
            "reader", table.reading(), args.reading_counts, TENANCY=tenancy, COUNT_DELAY_SECONDS=delay
        )
        canceller = self._function("canceller", table.cancelling(), RETENTION_SECONDS=str(retention), TENANCY=tenancy)
        redrive = self._function(
            "redrive",
            table.redriving(),
            lanes.sending(),
            args.processing.dead_letters.removing_dead_letters(),
            hooks=lane_guard("redrive"),
            # A message waited in the queue for at most this long before it became a dead letter.
            FRESH_SECONDS=str(retention - SOURCE_RETENTION_SECONDS),
        )
        keys = self._function("keys", args.gates.steering(), table.skipping(), RETENTION_SECONDS=str(retention))
        workers = self._function("workers", table.following_workers(), grant(iam.return_tokens()), TENANCY=tenancy)
        documents = self._function(
            "documents",
            ACCESS=json.dumps(asdict(args.settings.api.access)),
            DEFAULT_ORDERING=args.settings.default_ordering,
        )
        self.functions = (self.validator, reader, canceller, redrive, keys, workers, documents)
        self.api = Api("api", self._api(documents), opts=self._child).ref
        self.register_outputs({})

    def _function(
        self,
        name: str,
        *grants: Grant,
        memory_megabytes: int = 0,
        reserved_concurrency: int = 0,
        start: Start = COLD,
        after: tuple[pulumi.Input[str], ...] = (),
        hooks: pulumi.ResourceHookBinding | None = None,
        **environment: str,
    ) -> FunctionRef:
        args = FunctionArgs(
            defaults=self._args.defaults,
            grants=grants,
            environment=environment,
            timeout=FUNCTION_TIMEOUT_SECONDS,
            memory_megabytes=memory_megabytes or self._args.settings.api_memory_megabytes,
            reserved_concurrency=reserved_concurrency,
            start=start,
            after=after,
            hooks=hooks,
        )
        return Function(name, args, opts=self._child).ref

    def _api(self, documents: FunctionRef) -> ApiArgs:
        return ApiArgs(
            location=self._args.defaults.location,
            settings=self._args.settings.api,
            log_retention_days=self._args.defaults.log_retention_days,
            functions=(*self.functions, self._args.breaker),
            others=documents,
        )
