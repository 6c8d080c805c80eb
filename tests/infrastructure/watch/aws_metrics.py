"""What AWS's services publish, as far as a program of this kind asks for it: by namespace and dimensions.

Written from the pages that are named, which list all. As of November 2026.
"""

from collections.abc import Mapping

AWS: Mapping[tuple[str, tuple[str, ...]], frozenset[str]] = {
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
    ("AWS/ApiGateway", ("ApiName", "Stage")): frozenset(
        {"4XXError", "5XXError", "CacheHitCount", "CacheMissCount", "Count", "IntegrationLatency", "Latency"}
    ),
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    ("AWS/DynamoDB", ("TableName",)): frozenset(
        {
            *("ConditionalCheckFailedRequests", "ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"),
            *("ReadThrottleEvents", "TimeToLiveDeletedItemCount", "TransactionConflict", "WriteThrottleEvents"),
        }
    ),
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-monitoring.html
    ("AWS/EventBridge/Pipes", ("PipeName",)): frozenset(
        {
            *("Concurrency", "Duration", "EventCount", "EventSize", "ExecutionFailed", "ExecutionPartiallyFailed"),
            *("ExecutionThrottled", "ExecutionTimeout", "Invocations", "TargetStageDuration", "TargetStageFailed"),
        }
    ),
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    ("AWS/Lambda", ("FunctionName",)): frozenset(
        {
            *("ConcurrentExecutions", "DeadLetterErrors", "Duration", "Errors", "Invocations", "IteratorAge"),
            "Throttles",
        }
    ),
    ("AWS/Lambda", ()): frozenset({"ConcurrentExecutions", "UnreservedConcurrentExecutions"}),
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    ("AWS/SQS", ("QueueName",)): frozenset(
        {
            *("ApproximateAgeOfOldestMessage", "ApproximateNumberOfGroupsWithInflightMessages"),
            *("ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesVisible"),
            *("NumberOfDeduplicatedSentMessages", "NumberOfEmptyReceives", "NumberOfMessagesDeleted"),
            *("NumberOfMessagesReceived", "NumberOfMessagesSent", "SentMessageSize"),
        }
    ),
    # https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
    ("AWS/States", ("StateMachineArn",)): frozenset(
        {
            *("ExecutionThrottled", "ExecutionTime", "ExecutionsAborted", "ExecutionsFailed", "ExecutionsStarted"),
            *("ExecutionsSucceeded", "ExecutionsTimedOut", "ExpressExecutionBilledDuration"),
            *("ExpressExecutionBilledMemory", "ExpressExecutionMemory"),
        }
    ),
    ("AWS/States", ()): frozenset({"OpenExecutionCount", "OpenExecutionLimit"}),
}
