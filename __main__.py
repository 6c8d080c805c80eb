"""The whole system. `pulumi up` deploys it to AWS; `make run` brings the same program to life on a laptop."""

import pulumi

from infrastructure.api.front import Front, FrontArgs
from infrastructure.blocks.code import Code, CodeArgs
from infrastructure.blocks.function import FunctionDefaults
from infrastructure.blocks.location import current_location
from infrastructure.pipeline.processing import Processing, ProcessingArgs
from infrastructure.pipeline.table import Table, TableArgs
from infrastructure.settings.stack import load_settings
from infrastructure.watch.alarms import Alarms, AlarmsArgs
from infrastructure.watch.breaker import Breaker, BreakerArgs
from infrastructure.watch.events import Events, EventsArgs
from infrastructure.watch.monitor import Monitor, MonitorArgs

settings = load_settings()
location = current_location()
defaults = FunctionDefaults(
    location=location,
    code=Code("code", CodeArgs(location=location, prebuilt_layer=settings.dependency_layer)),
    log_level=settings.log_level,
    log_retention_days=settings.log_retention_days,
)

table = Table("tasks", TableArgs(location=location, protect=settings.protect_data))
processing = Processing(
    "processing", ProcessingArgs(settings=settings, defaults=defaults, table_name=table.table_name)
)
breaker = Breaker(
    "breaker",
    BreakerArgs(
        defaults=defaults,
        settings=settings.breaker,
        pipe_name=processing.lane.pipe_name,
        pipe_arn=processing.lane.pipe_arn,
        processor=processing.processor.service,
    ),
)
front = Front(
    "front",
    FrontArgs(
        defaults=defaults,
        settings=settings.api,
        memory_megabytes=settings.api_memory_megabytes,
        table_name=table.table_name,
        table_arn=table.arn,
        queue_url=processing.lane.queue_url,
        queue_arn=processing.lane.queue_arn,
        failed_index_arn=table.failed_index_arn,
        list_index_arns=table.list_index_arns,
        dead_letter_queue_url=processing.dead_letters.url,
        dead_letter_queue_arn=processing.dead_letters.arn,
        record_retention_hours=settings.record_retention_hours,
        breaker=breaker.function,
    ),
)

events = Events("events", EventsArgs(defaults=defaults, stream_arn=table.stream_arn, protect=settings.protect_data))
monitor = Monitor(
    "monitor",
    MonitorArgs(
        defaults=defaults,
        topic_arn=events.topic.arn,
        failures_arn=events.failures.arn,
        window_seconds=settings.failure_window_seconds,
        threshold=settings.failure_alert_threshold,
        email=settings.alert_email,
    ),
)

Alarms(
    "alarms",
    AlarmsArgs(
        location=location,
        topic_arn=monitor.alerts.arn,
        api=front.api.api_name,
        validator=front.validator.function_name,
        processor=processing.processor.function_name,
        breaker=breaker.function.service,
        table=table.table_name,
        queue=processing.lane.queue_name,
        dead_letters=processing.dead_letters.queue_name,
        event_failures=events.failures.queue_name,
        pipe=processing.lane.pipe_name,
        state_machine_arn=processing.workflow.arn,
        queue_age_seconds=settings.queue_age_alarm_seconds,
    ),
)

functions = (
    front.validator,
    front.reader,
    front.canceller,
    front.redrive,
    front.documents,
    processing.processor,
    events.function,
    monitor.function,
    breaker.function,
)
pulumi.export("api_url", front.api.url)
pulumi.export("api_key_ids", front.api.key_ids)
pulumi.export("queue_url", processing.lane.queue_url)
pulumi.export("dead_letter_queue_url", processing.dead_letters.url)
pulumi.export("table_name", table.table_name)
pulumi.export("function_names", [function.function_name for function in functions])
pulumi.export("events_topic_arn", events.topic.arn)
pulumi.export("event_failures_queue_url", events.failures.url)
pulumi.export("alerts_topic_arn", monitor.alerts.arn)
pulumi.export("pipe_name", processing.lane.pipe_name)
pulumi.export("state_machine_name", processing.workflow.state_machine_name)
pulumi.export("state_machine_arn", processing.workflow.arn)
pulumi.export("console_url", processing.workflow.console_url)
