"""What the tools find and this project accepts, with the reason: by rule, and by place where it is not for all.

The only place for it. An entry that nothing matches any more fails, so it has to go when its cause goes.
"""

from tests.proofs.findings import Accepted

_GATEWAY_ACTIONS = (
    *("CreateLogGroup", "CreateLogStream", "DescribeLogGroups", "DescribeLogStreams"),
    *("PutLogEvents", "GetLogEvents", "FilterLogEvents"),
)
_DELIVERY_ACTIONS = (
    *("CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery", "ListLogDeliveries"),
    *("PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups"),
)
_GATEWAY = "API Gateway rejects a logging role with fewer actions or fewer log groups than its own managed policy"

POLICIES: Accepted = {
    ("star", "api-access-policy logs:*"): _GATEWAY,
    ("wrong-resource", "workflow-policy lambda:InvokeFunction"): "the ARN of the alias that the machine names: "
    "https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html",
    ("wrong-resource", "long-workflow-policy lambda:InvokeFunction"): "the ARN of the alias, likewise",
    ("anyone", "api-rest-api LeaveUnsignedCallsToTheirKeys"): "unsigned calls have no principal; the key decides",
}

DEFINITION: Accepted = {
    ("E3019", "*ApiAccess*"): "AWS completes the name of the account's role, in another way for each stack",
}

_KEYS = "encrypted with keys of AWS; a key of one's own costs by the month and the call, and no requirement names one"
_CACHE = "a response differs by client, and a moment later"
_DATA = "it would hold requests of clients; the access log has a line for each, with the error and the firewall's word"

CHECKOV: Accepted = {
    ("CKV_AWS_119", "*"): _KEYS,
    ("CKV_AWS_158", "*"): _KEYS,
    ("CKV_AWS_173", "*"): _KEYS,
    ("CKV_AWS_337", "*"): _KEYS,
    ("CKV_AWS_26", "*/alerts-topic"): "CloudWatch's alarms cannot publish to a topic with a key of AWS",
    ("CKV_AWS_26", "*/breaker-trips-topic"): "CloudWatch's alarms cannot publish to a topic with a key of AWS",
    ("CKV_AWS_28", "*/breaker-table"): "one item, which is written anew when it is gone: the breaker is closed then",
    ("CKV_AWS_28", "*/failure-patterns-table"): "counts that expire within minutes",
    ("CKV_AWS_115", "*"): "reserved concurrency is taken from the account's; the API's throttle and the pipe limit it",
    ("CKV_AWS_116", "*"): "for asynchronous calls: only the breaker gets some, and its clock calls again in a minute",
    ("CKV_AWS_117", "*"): "the functions call services of AWS alone, which a network of one's own takes away first",
    ("CKV_AWS_272", "*"): "who may upload code may upload signed code: the same pipeline would do both",
    ("CKV_AWS_120", "*"): _CACHE,
    ("CKV_AWS_225", "*"): _CACHE,
    ("CKV2_AWS_4", "*"): _DATA,
    ("CKV2_AWS_31", "everything/*"): _DATA,
    ("CKV2_AWS_51", "*"): "for backends that are reached over HTTP; the gateway signs its calls of functions",
    ("CKV_AWS_192", "everything/*"): "the functions are Python: there is no Log4j",
    ("CKV_AWS_285", "*"): "what a task holds is its client's; only stages without clients log it",
    ("CKV_AWS_290", "*/api-access-policy"): _GATEWAY,
    ("CKV_AWS_355", "*/api-access-policy"): _GATEWAY,
    ("CKV2_AWS_34", "*/outputs-*"): "names and addresses of the stage, none of them a secret: a key would only be in "
    "the way of those who look a stage up",
    ("CKV_AWS_338", "*"): "a setting of each stage: log lines hold ids, and help for days, not for a year",
}

_STARTS = "AWS checks it when the resource is created or its logs are set up, which the laptop does as root"
_MAPPING = "Lambda reads the source under the function's role, and the laptop's mapping reads it as root"
_HOST = "Lambda and the pipe write their logs under the role, and the laptop's host does it as root"
_TRACES = "the laptop has no X-Ray"

# By action and role: what no run on a laptop needs.
PERMISSIONS: Accepted = {
    **{(f"logs:{action}", "api-access-role"): _GATEWAY for action in _GATEWAY_ACTIONS},
    **{(f"logs:{action}", "*-workflow"): _STARTS for action in _DELIVERY_ACTIONS},
    **{(f"xray:{action}", "*"): _TRACES for action in ("PutTraceSegments", "PutTelemetryRecords")},
    **{(f"xray:{action}", "*-workflow"): _TRACES for action in ("GetSamplingRules", "GetSamplingTargets")},
    **{(f"logs:{action}", "*"): _HOST for action in ("CreateLogStream", "PutLogEvents")},
    **{(f"dynamodb:{action}", "*-events"): _MAPPING for action in ("DescribeStream", "GetRecords")},
    **{(f"dynamodb:{action}", "*-events"): _MAPPING for action in ("GetShardIterator", "ListStreams")},
    **{(f"dynamodb:{action}", "*-counter"): _MAPPING for action in ("DescribeStream", "GetRecords")},
    **{(f"dynamodb:{action}", "*-counter"): _MAPPING for action in ("GetShardIterator", "ListStreams")},
    **{(f"dynamodb:{action}", "*-gatekeeper"): _MAPPING for action in ("DescribeStream", "GetRecords")},
    **{(f"dynamodb:{action}", "*-gatekeeper"): _MAPPING for action in ("GetShardIterator", "ListStreams")},
    **{(f"sqs:{action}", "*-monitor"): _MAPPING for action in ("ReceiveMessage", "DeleteMessage")},
    ("sqs:GetQueueAttributes", "*-monitor"): _MAPPING,
    ("sqs:GetQueueAttributes", "*-tasks-pipe"): _STARTS,
}

_NAME = "a name, a status or a sign, and no secret"
_CLOSED = "the name of a table from a constant of the module; values are bound"

BANDIT: Accepted = {
    ("B101", "*"): "they say what a type checker cannot see; nothing depends on them",
    ("B105", "infrastructure/api/gateway_responses.py"): _NAME,
    ("B105", "local/emulator/emulator_process.py"): _NAME,
    ("B105", "local/services/lambdas/forwarder.py"): _NAME,
    ("B106", "asl/jsonata/compiler/operators.py"): _NAME,
    ("B311", "*"): "chance is used for demonstrations, simulations and ids of requests, never for secrets",
    ("B404", "*"): "the commands that are started are our own, with no shell and no outside input",
    ("B603", "*"): "the commands that are started are our own, with no shell and no outside input",
    ("B506", "infrastructure/settings/given.py"): "the loader is PyYAML's safe one, or the same of libyaml",
    ("B506", "local/program/engine_yaml.py"): "the loader is a subclass of the safe one",
    ("B608", "local/emulator/process/journal.py"): _CLOSED,
}
