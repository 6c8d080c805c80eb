"""The whole system. `pulumi up` deploys it to AWS; `make run` runs the same program on a laptop."""

from dataclasses import replace

import pulumi

from infrastructure.api.front import Front, FrontArgs
from infrastructure.blocks.code import Code, CodeArgs
from infrastructure.blocks.function import FunctionDefaults
from infrastructure.blocks.location import current_location
from infrastructure.blocks.published import Published, PublishedArgs
from infrastructure.blocks.refs import TopicRef
from infrastructure.pipeline.gatekeeper import Gatekeeper, GatekeeperArgs
from infrastructure.pipeline.gates import Gates, GatesArgs
from infrastructure.pipeline.processing import Processing, ProcessingArgs
from infrastructure.pipeline.table import Table, TableArgs
from infrastructure.settings.stack import load_settings
from infrastructure.settings.watch import check_alarm_topics
from infrastructure.tagging import tag_everything
from infrastructure.task_types.checked import load_stage_types
from infrastructure.task_types.describe import describe
from infrastructure.task_types.pools import check_pools
from infrastructure.watch.alarms import Alarms, AlarmsArgs
from infrastructure.watch.breaker import Breaker, BreakerArgs
from infrastructure.watch.count_table import CountTable, CountTableArgs
from infrastructure.watch.counter import Counter, CounterArgs
from infrastructure.watch.dashboard import Dashboard, DashboardArgs
from infrastructure.watch.events import Events, EventsArgs
from infrastructure.watch.monitor import Monitor, MonitorArgs
from infrastructure.watch.objectives import ObjectiveAlarms, ObjectiveAlarmsArgs
from infrastructure.watch.queries import Queries, QueriesArgs
from infrastructure.watch.traces import Traces, TracesArgs

place = current_location()
task_types = load_stage_types(on_aws=place.on_aws)
settings = load_settings(task_types.types, on_aws=place.on_aws)
location = replace(place, kms_key_arn=settings.kms_key_arn, permissions_boundary_arn=settings.permissions_boundary_arn)
check_pools(task_types.pools, location)
check_alarm_topics(settings.alarm_topics, location.region)
settings.api.domain.check_region(location.region)
tag_everything(settings.tags)
code = Code(
    "code",
    CodeArgs(
        location=location,
        prebuilt_layer=settings.dependency_layer,
        modules=task_types.modules,
        files=task_types.files,
    ),
).ref
defaults = FunctionDefaults(
    location=location, code=code, log_level=settings.log_level, log_retention_days=settings.log_retention_days
)

table = Table("tasks", TableArgs(location=location, protect=settings.protect_data)).ref
gates = Gates("gates", GatesArgs(location=location, protect=settings.protect_data)).ref
processing = Processing(
    "processing",
    ProcessingArgs(defaults=defaults, settings=settings, table=table, gates=gates, pools=task_types.pools),
).ref
gatekeeper = Gatekeeper(
    "gatekeeper",
    GatekeeperArgs(
        defaults=defaults,
        gates=gates,
        table=table,
        lanes=processing.lanes,
        long_workflow=processing.long_workflow,
        cancel_grace_seconds=settings.cancel_grace_seconds,
        retention_seconds=settings.record_retention_seconds,
    ),
).function
breaker = Breaker("breaker", BreakerArgs(defaults=defaults, settings=settings.breaker, processing=processing))
counts = CountTable("counts", CountTableArgs(location=location, protect=settings.protect_data))
counter = Counter(
    "counter",
    CounterArgs(defaults=defaults, table=table, counting=counts.counting, delay_seconds=settings.count_delay_seconds),
).function
front = Front(
    "front",
    FrontArgs(
        defaults=defaults,
        settings=settings,
        table=table,
        gates=gates,
        processing=processing,
        breaker=breaker.function,
        reading_counts=counts.reading,
        counter=counter,
    ),
)

events = Events(
    "events",
    EventsArgs(
        defaults=defaults,
        table=table,
        protect=settings.protect_data,
        data_share=settings.data_share,
        delay_seconds=settings.follow_delay_seconds,
    ),
)
monitor = Monitor(
    "monitor",
    MonitorArgs(defaults=defaults, settings=settings.monitor, events=events.topic, failures=events.failures),
)
functions = (
    *front.functions,
    *processing.processors,
    *(gatekeeper, events.function, counter, monitor.function, breaker.function),
)
watched = AlarmsArgs(
    location=location,
    notified=(monitor.alerts, *(TopicRef(arn=topic) for topic in settings.alarm_topics)),
    api=front.api,
    validator=front.validator,
    table=table,
    processing=processing,
    breaker=breaker.function,
    events=events.function,
    counter=counter,
    gatekeeper=gatekeeper,
    functions=functions,
    event_failures=events.failures,
    queue_age_seconds=settings.queue_age_alarm_seconds,
    halted_minutes=settings.halted_key_alarm_minutes,
    concurrency=settings.concurrency_alarm,
)
alarms = Alarms("alarms", watched)
objectives = ObjectiveAlarms(
    "objectives",
    ObjectiveAlarmsArgs(
        location=location,
        notified=watched.notified,
        objectives=settings.objectives,
        api=front.api,
        validator=front.validator,
        processing=processing,
    ),
)
Traces("traces", TracesArgs(location=location, share=settings.trace_share))
queries = Queries(
    "queries",
    QueriesArgs(
        location=location,
        api=front.api,
        front=(*front.functions, breaker.function),
        processing=processing,
        events=events.function,
        functions=functions,
    ),
)
dashboard = Dashboard(
    "dashboard",
    DashboardArgs(
        watched=watched,
        alarms=(*alarms.arns, *objectives.arns, breaker.trip_arn),
        failures=queries.by_name["failures-by-class"],
    ),
)

outputs: dict[str, pulumi.Input[object]] = {
    "api_url": front.api.url,
    "api_key_ids": front.api.key_ids,
    "queue_url": processing.queue.url,
    "dead_letter_queue_url": processing.dead_letters.url,
    "table_name": table.name,
    "task_types": describe(task_types.types),
    "function_names": [function.name for function in functions],
    "events_topic_arn": events.topic.arn,
    "event_failures_queue_url": events.failures.url,
    "alerts_topic_arn": monitor.alerts.arn,
    "pipe_name": processing.pipe.name,
    "lanes": settings.lanes.names,
    "state_machine_name": processing.workflow.name,
    "state_machine_arn": processing.workflow.arn,
    "long_state_machine_arn": processing.long_workflow.arn,
    "console_url": processing.workflow.console_url,
    "dashboard_url": dashboard.url,
    "log_queries": queries.of_one,
}
if front.api.domain_target is not None:
    outputs["domain_target"] = front.api.domain_target
Published("outputs", PublishedArgs(outputs=outputs))
for name, value in outputs.items():
    pulumi.export(name, value)
