"""The whole system. `pulumi up` deploys it to AWS; `make run` runs the same program on a laptop."""

from dataclasses import replace

import pulumi

from infrastructure.api.front import Front, FrontArgs
from infrastructure.blocks.code import Code, CodeArgs
from infrastructure.blocks.function import FunctionDefaults
from infrastructure.blocks.location import current_location
from infrastructure.pipeline.processing import Processing, ProcessingArgs
from infrastructure.pipeline.table import Table, TableArgs
from infrastructure.settings.stack import load_settings
from infrastructure.task_types.checked import load_stage_types
from infrastructure.task_types.describe import describe
from infrastructure.task_types.pools import check_pools
from infrastructure.watch.alarms import Alarms, AlarmsArgs
from infrastructure.watch.breaker import Breaker, BreakerArgs
from infrastructure.watch.count_table import CountTable, CountTableArgs
from infrastructure.watch.counter import Counter, CounterArgs
from infrastructure.watch.events import Events, EventsArgs
from infrastructure.watch.monitor import Monitor, MonitorArgs

place = current_location()
task_types = load_stage_types(on_aws=place.on_aws)
settings = load_settings(task_types.types, on_aws=place.on_aws)
location = replace(place, kms_key_arn=settings.kms_key_arn)
check_pools(task_types.pools, location)
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
processing = Processing(
    "processing", ProcessingArgs(defaults=defaults, settings=settings, table=table, pools=task_types.pools)
).ref
breaker = Breaker("breaker", BreakerArgs(defaults=defaults, settings=settings.breaker, processing=processing)).function
counts = CountTable("counts", CountTableArgs(location=location, protect=settings.protect_data))
front = Front(
    "front",
    FrontArgs(
        defaults=defaults,
        settings=settings,
        table=table,
        processing=processing,
        breaker=breaker,
        reading_counts=counts.reading,
    ),
)

events = Events("events", EventsArgs(defaults=defaults, table=table, protect=settings.protect_data))
monitor = Monitor(
    "monitor",
    MonitorArgs(defaults=defaults, settings=settings.monitor, events=events.topic, failures=events.failures),
)
counter = Counter("counter", CounterArgs(defaults=defaults, table=table, counting=counts.counting)).function
functions = (*front.functions, *processing.processors, events.function, counter, monitor.function, breaker)
Alarms(
    "alarms",
    AlarmsArgs(
        location=location,
        alerts=monitor.alerts,
        api=front.api,
        validator=front.validator,
        table=table,
        processing=processing,
        breaker=breaker,
        events=events.function,
        counter=counter,
        functions=functions,
        event_failures=events.failures,
        queue_age_seconds=settings.queue_age_alarm_seconds,
        concurrency=settings.concurrency_alarm,
    ),
)

pulumi.export("api_url", front.api.url)
pulumi.export("api_key_ids", front.api.key_ids)
pulumi.export("queue_url", processing.queue.url)
pulumi.export("dead_letter_queue_url", processing.dead_letters.url)
pulumi.export("table_name", table.name)
pulumi.export("task_types", describe(task_types.types))
pulumi.export("function_names", [function.name for function in functions])
pulumi.export("events_topic_arn", events.topic.arn)
pulumi.export("event_failures_queue_url", events.failures.url)
pulumi.export("alerts_topic_arn", monitor.alerts.arn)
pulumi.export("pipe_name", processing.pipe.name)
pulumi.export("state_machine_name", processing.workflow.name)
pulumi.export("state_machine_arn", processing.workflow.arn)
pulumi.export("console_url", processing.workflow.console_url)
