"""Resources on the real emulator: created once, unchanged if nothing changed, updated in place, and removed."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from local.emulator.server import ACCOUNT_ID
from local.host.errors import LaptopError
from local.program.declarations.gateway import Allowance, GatewayDeclarations, Rate, UsagePlanKeyDeclaration
from local.program.manifest import Manifest
from local.program.monitor import Provisioner
from local.program.registry import HANDLERS
from local.program.resources.handler import ProvisioningContext, ResourceHandler
from local.program.stack import evaluate
from local.services.gateway.build import build_stages
from local.services.http.gateway_errors import GatewayError
from tests.local.laptop import Laptop, let_changes_take_effect
from tests.local.services.gateway.apis import request

PROGRAM = """
import json, pulumi, pulumi_aws as aws
changed = pulumi.Config().get_bool("changed")
gone = pulumi.Config().get_bool("gone")
trust = {"Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
if not gone:
    role = aws.iam.Role("role", name="demo", assume_role_policy=json.dumps(trust), max_session_duration=7200)
    allow = {"Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
    aws.iam.RolePolicy("policy", name="demo", role=role.name, policy=json.dumps(allow))
    logs = aws.cloudwatch.LogGroup("logs", name="/demo", retention_in_days=7 if changed else 1)
    dead = aws.sqs.Queue("dead", name="demo-dead.fifo", fifo_queue=True)
    queue = aws.sqs.Queue("queue", name="demo.fifo", fifo_queue=True, visibility_timeout_seconds=40 if changed else 30)
    aws.sqs.RedriveAllowPolicy("redrive", queue_url=dead.url, redrive_allow_policy=queue.arn.apply(
        lambda arn: json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [arn]})))
    table = aws.dynamodb.Table("table", name="demo", billing_mode="PAY_PER_REQUEST", hash_key="id",
        attributes=[{"name": name, "type": "S"} for name in (["id", "by"] if changed else ["id"])],
        global_secondary_indexes=[{"name": "by-key", "projection_type": "ALL", "hash_key": "by"}] if changed else [],
        stream_enabled=True, stream_view_type="NEW_IMAGE", deletion_protection_enabled=changed or False,
        ttl={"enabled": True, "attribute_name": "expires"}, point_in_time_recovery={"enabled": True})
    function = aws.lambda_.Function("function", name="demo", runtime="python3.13", handler="demo.handler",
        role=role.arn, code=pulumi.FileArchive("code"), timeout=5 if changed else 4, architectures=["arm64"],
        reserved_concurrent_executions=2 if changed else -1, environment={"variables": {"QUEUE": queue.url}})
    layer = aws.lambda_.LayerVersion("layer", layer_name="demo", code=pulumi.FileArchive("not-there"))
    aws.lambda_.Permission("permission", statement_id="demo", action="lambda:InvokeFunction", function=function.name,
        principal="apigateway.amazonaws.com")
    topic = aws.sns.Topic("topic", name="demo", kms_master_key_id="alias/aws/sns")
    aws.sns.TopicPolicy("topic-policy", arn=topic.arn, policy=topic.arn.apply(lambda arn: json.dumps({"Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": arn,
         "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]})))
    aws.sns.TopicSubscription("subscription", topic=topic.arn, protocol="sqs", endpoint=queue.arn,
        raw_message_delivery=True, filter_policy=json.dumps({"status": ["failed" if changed else "any"]}))
    plain = aws.sqs.Queue("plain", name="demo")
    aws.lambda_.EventSourceMapping("mapping", event_source_arn=plain.arn, function_name=function.arn,
        batch_size=5 if changed else 4, scaling_config={"maximum_concurrency": 2})
    aws.lambda_.EventSourceMapping("stream", event_source_arn=table.stream_arn, function_name=function.arn,
        starting_position="LATEST")
    aws.lambda_.Permission("tick-permission", action="lambda:InvokeFunction", function=function.name,
        principal="events.amazonaws.com")
    aws.sns.TopicSubscription("call", topic=topic.arn, protocol="lambda", endpoint=function.arn)
    rule = aws.cloudwatch.EventRule("rule", name="demo", schedule_expression=f"rate({3 if changed else 2} minutes)")
    aws.cloudwatch.EventTarget("target", rule=rule.name, arn=function.arn)
    alarm = aws.cloudwatch.MetricAlarm("alarm", name="demo", namespace="Demo", metric_name="Size", statistic="Sum",
        period=60, evaluation_periods=1, threshold=7 if changed else 3, alarm_actions=[topic.arn],
        comparison_operator="GreaterThanThreshold", treat_missing_data="notBreaching", dimensions={"a": "b"})
    aws.cloudwatch.CompositeAlarm("composite", alarm_name="demo-both", alarm_actions=[topic.arn],
        alarm_rule=alarm.name.apply(lambda name: f'ALARM("{name}")'))
    definition = {"QueryLanguage": "JSONata", "StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    machine = aws.sfn.StateMachine("machine", name="demo", role_arn=role.arn, definition=json.dumps(definition),
        type="STANDARD" if changed else "EXPRESS")
    aws.pipes.Pipe("pipe", name="demo", role_arn=role.arn, source=queue.arn, target=machine.arn,
        desired_state="STOPPED",
        source_parameters={"sqs_queue_parameters": {"batch_size": 1}},
        target_parameters={"step_function_state_machine_parameters": {"invocation_type": "REQUEST_RESPONSE"}})
    body = function.invoke_arn.apply(lambda uri: json.dumps({"openapi": "3.0.1", "paths": {
        ("/new" if changed else "/old"): {"get": {"x-amazon-apigateway-integration": {
            "type": "aws_proxy", "httpMethod": "POST", "uri": uri}}}}}))
    api = aws.apigateway.RestApi("api", name="demo", body=body)
    deployment = aws.apigateway.Deployment("deployment", rest_api=api.id, triggers={"body": body})
    stage = aws.apigateway.Stage("stage", rest_api=api.id, deployment=deployment.id, stage_name="s",
        variables={"later": "1"} if changed else {"first": "1"})
    key = aws.apigateway.ApiKey("key", name="demo-client")
    plan = aws.apigateway.UsagePlan("plan", name="demo", api_stages=[{"api_id": api.id, "stage": stage.stage_name}],
        throttle_settings={"rate_limit": 2 if changed else 1, "burst_limit": 3},
        quota_settings={"limit": 10, "period": "DAY"})
    aws.apigateway.UsagePlanKey("member", usage_plan_id=plan.id, key_id=key.id, key_type="API_KEY")
    aws.apigateway.Account("account", cloudwatch_role_arn=role.arn)
    aws.apigateway.MethodSettings("settings", rest_api=api.id, stage_name=stage.stage_name, method_path="*/*",
        settings={"metrics_enabled": True, "throttling_rate_limit": 50 if changed else 10})
    aws.ssm.Parameter("parameter", name="demo", type="SecureString", value="two" if changed else "one")
    pulumi.export("api", api.id)
    pulumi.export("key", key.id)
    pulumi.export("plan", plan.id)
    pulumi.export("layer", layer.arn)
    pulumi.export("stream", table.stream_arn)
    pulumi.export("url", stage.invoke_url)
"""
CODE = "def handler(event, context):\n    return {version!r}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: demo\nruntime: python\n", encoding="utf-8")
    (tmp_path / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    (tmp_path / "code").mkdir()
    return tmp_path


def deploy(
    laptop: Laptop, project: Path, version: str, **config: str
) -> tuple[dict[str, Any], int, GatewayDeclarations]:
    """The program's outputs, the number of removed resources, and what the front door would serve."""
    (project / "code" / "demo.py").write_text(CODE.format(version=version), encoding="utf-8")
    context = ProvisioningContext(
        clients=laptop.clients, account=ACCOUNT_ID, region="us-east-1", public_url="http://127.0.0.1:4000"
    )
    provisioner = Provisioner(context, Manifest(project / "manifest.json"))
    settings = {f"demo:{key}": value for key, value in config.items()}
    outputs = evaluate(provisioner, settings, "dev", root=project)
    return outputs, provisioner.finish(), context.deployed.gateway


def check_updates_in_place(clients: Any, api: str) -> None:
    """Each service has the settings of the changed program."""
    parameter = clients.get("ssm").get_parameter(Name="demo", WithDecryption=True)["Parameter"]
    assert (parameter["Type"], parameter["Value"]) == ("SecureString", "two")
    url = clients.sqs.get_queue_url(QueueName="demo.fifo")["QueueUrl"]
    attributes = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "40"
    table = clients.dynamodb.describe_table(TableName="demo")["Table"]
    assert table["GlobalSecondaryIndexes"][0]["IndexName"] == "by-key"
    assert table["DeletionProtectionEnabled"]
    (mapping,) = clients.lambda_.list_event_source_mappings(FunctionName="demo")["EventSourceMappings"]
    assert mapping["BatchSize"] == 5
    rule = clients.events.describe_rule(Name="demo")
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(3 minutes)", "ENABLED")
    (target,) = clients.events.list_targets_by_rule(Rule="demo")["Targets"]
    assert target["Arn"].endswith(":function:demo")
    alarms = clients.cloudwatch.describe_alarms(AlarmNamePrefix="demo", AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    assert [one["Threshold"] for one in alarms["MetricAlarms"]] == [7.0]
    assert [one["AlarmRule"] for one in alarms["CompositeAlarms"]] == ['ALARM("demo")']
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT_ID}:demo"
    subscriptions = clients.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    (subscription,) = [one for one in subscriptions if one["Protocol"] == "sqs"]
    assert [one["Endpoint"] for one in subscriptions if one["Protocol"] == "lambda"] == [target["Arn"]]
    filters = clients.sns.get_subscription_attributes(SubscriptionArn=subscription["SubscriptionArn"])["Attributes"]
    assert (filters["FilterPolicy"], filters["RawMessageDelivery"]) == ('{"status": ["failed"]}', "true")
    machine = f"arn:aws:states:us-east-1:{ACCOUNT_ID}:stateMachine:demo"
    assert clients.stepfunctions.describe_state_machine(stateMachineArn=machine)["type"] == "STANDARD"
    stage = clients.apigateway.get_stage(restApiId=api, stageName="s")
    assert stage["variables"] == {"later": "1"}
    settings = stage["methodSettings"]["*/*"]
    assert (settings["throttlingRateLimit"], settings["metricsEnabled"]) == (50.0, True)


def test_resources_are_created_updated_in_place_and_removed(laptop: Laptop, project: Path) -> None:
    clients: Any = laptop.clients  # its types mark every field of every response as optional
    first, _, gateway = deploy(laptop, project, "one")
    assert first["layer"] == f"arn:aws:lambda:us-east-1:{ACCOUNT_ID}:layer:demo:1"
    assert ":table/demo/stream/" in first["stream"]
    assert first["url"] == "http://127.0.0.1:4000/s"
    assert called(gateway, "/old") == "demo"
    assert invoke(laptop) == "one"
    before = clients.lambda_.get_function_configuration(FunctionName="demo")["RevisionId"]

    again, removed, same = deploy(laptop, project, "one")
    assert (again, removed, same) == (first, 0, gateway), "keys and limits stay, too"
    after = clients.lambda_.get_function_configuration(FunctionName="demo")["RevisionId"]
    assert before == after, "an unchanged function keeps its warm workers"

    changed, removed, gateway = deploy(laptop, project, "two", changed="true")
    assert (changed["api"], changed["key"]) == (first["api"], first["key"]), "clients keep their keys"
    assert changed["plan"] != first["plan"], "a plan that differs is replaced"
    assert removed == 3, "the old deployment, the old plan, and the key in it"
    (plan,) = [one for one in clients.apigateway.get_usage_plans()["items"] if one["name"] == "demo"]
    assert plan["throttle"] == {"rateLimit": 2.0, "burstLimit": 3}
    (member,) = clients.apigateway.get_usage_plan_keys(usagePlanId=plan["id"])["items"]
    assert member["id"] == first["key"]
    assert (called(gateway, "/new"), called(gateway, "/old")) == ("demo", None)
    assert (gateway.plans[0].rate, gateway.plans[0].quota) == (
        Rate(per_second=2.0, burst=3),
        Allowance(limit=10, period="DAY"),
    )
    assert gateway.plan_keys == [UsagePlanKeyDeclaration(plan_id=plan["id"], key_id=first["key"])]
    assert [(one.method, one.rate) for one in gateway.throttles] == [("*/*", Rate(per_second=50))]
    let_changes_take_effect()
    assert invoke(laptop) == "two", "changed code takes effect"
    check_updates_in_place(clients, first["api"])

    _, removed, gateway = deploy(laptop, project, "two", gone="true")
    assert gateway == GatewayDeclarations()
    assert removed == 33
    assert "demo" not in clients.dynamodb.list_tables()["TableNames"]
    assert not [one for one in clients.lambda_.list_functions()["Functions"] if one["FunctionName"] == "demo"]
    assert laptop.request("GET", "/v1/health").status == 200, "other resources are untouched"


def test_a_change_that_is_not_possible_in_place_is_an_error(laptop: Laptop, project: Path) -> None:
    deploy(laptop, project, "one")
    try:
        program = PROGRAM.replace('hash_key="id"', 'hash_key="other"').replace('"id", "by"', '"other"')
        (project / "__main__.py").write_text(program.replace('["id"]', '["other"]'), encoding="utf-8")
        with pytest.raises(LaptopError, match="FRESH=1"):
            deploy(laptop, project, "one")
    finally:
        (project / "__main__.py").write_text(PROGRAM, encoding="utf-8")
        deploy(laptop, project, "one", gone="true")


@pytest.mark.parametrize(
    ("written", "instead", "message"),
    [
        (
            'starting_position="LATEST"',
            'starting_position="LATEST", scaling_config={"maximum_concurrency": 2}',
            "a stream",
        ),
        ("batch_size=5 if changed else 4", "maximum_retry_attempts=1", "a queue"),
        ("event_source_arn=plain.arn", "event_source_arn=topic.arn", "only queues and table streams"),
    ],
)
def test_a_mapping_of_another_kind_is_rejected(
    laptop: Laptop, project: Path, written: str, instead: str, message: str
) -> None:
    (project / "__main__.py").write_text(PROGRAM.replace(written, instead), encoding="utf-8")
    with pytest.raises(LaptopError, match=message):
        deploy(laptop, project, "one")
    (project / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    deploy(laptop, project, "one", gone="true")


def test_a_pipe_of_another_kind_is_rejected(laptop: Laptop, project: Path) -> None:
    fast = PROGRAM.replace('"batch_size": 1', '"batch_size": 10')
    (project / "__main__.py").write_text(fast, encoding="utf-8")
    with pytest.raises(LaptopError, match="batchSize = 10"):
        deploy(laptop, project, "one")
    (project / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    deploy(laptop, project, "one", gone="true")


COMPOUND = {"aws:lambda/alias:Alias", "aws:lambda/permission:Permission", "aws:cloudwatch/eventTarget:EventTarget"}


@pytest.mark.parametrize("handler", HANDLERS.values(), ids=lambda handler: handler.type)
def test_removing_a_resource_that_is_gone_is_not_an_error(laptop: Laptop, handler: ResourceHandler) -> None:
    context = ProvisioningContext(clients=laptop.clients, account=ACCOUNT_ID, region="us-east-1", public_url="")
    keys = {
        "aws:iam/rolePolicy:RolePolicy": "missing:missing",
        "aws:lambda/eventSourceMapping:EventSourceMapping": str(uuid.uuid4()),
        "aws:sfn/stateMachine:StateMachine": context.arn("states", "stateMachine:missing"),
    }
    compound = handler.type.startswith("aws:apigateway") or handler.type in COMPOUND
    handler.remove(context, keys.get(handler.type, "missing missing" if compound else "missing"))


def invoke(laptop: Laptop) -> Any:
    return json.loads(laptop.clients.lambda_.invoke(FunctionName="demo")["Payload"].read())


def called(gateway: GatewayDeclarations, path: str) -> str | None:
    """The function behind GET at a path of the one stage, None if there is no such path."""
    (stage,) = build_stages(gateway, ACCOUNT_ID).values()
    try:
        return stage.call(request("GET", path)).function
    except GatewayError:
        return None
