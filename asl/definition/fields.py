"""Which fields a state may have, by type. Any other field is rejected."""

from typing import Final

_ANY: Final = {"Type", "Comment", "QueryLanguage"}
_FLOW: Final = _ANY | {"Next", "End", "Output", "Assign"}
_GUARDED: Final = _FLOW | {"Arguments", "Retry", "Catch"}

STATE_FIELDS: Final = {
    "Pass": _FLOW,
    "Succeed": _ANY | {"Output"},
    "Fail": _ANY | {"Error", "Cause"},
    "Choice": _ANY | {"Choices", "Default", "Output", "Assign"},
    "Wait": _FLOW | {"Seconds", "Timestamp"},
    "Task": _GUARDED | {"Resource", "TimeoutSeconds", "HeartbeatSeconds", "Credentials"},
    "Parallel": _GUARDED | {"Branches"},
    "Map": (_GUARDED - {"Arguments"})
    | {"Items", "ItemSelector", "ItemProcessor", "Iterator", "MaxConcurrency"}
    | {"ToleratedFailureCount", "ToleratedFailurePercentage", "Label"},
}

_PATH_FLOW: Final = _ANY | {"Next", "End", "Assign", "InputPath", "OutputPath"}
_PATH_GUARDED: Final = _PATH_FLOW | {"Parameters", "ResultSelector", "ResultPath", "Retry", "Catch"}

PATH_STATE_FIELDS: Final = {
    "Pass": _PATH_FLOW | {"Result", "ResultPath", "Parameters"},
    "Succeed": _ANY | {"InputPath", "OutputPath"},
    "Fail": _ANY | {"Error", "ErrorPath", "Cause", "CausePath"},
    "Choice": _ANY | {"Choices", "Default", "Assign", "InputPath", "OutputPath"},
    "Wait": _PATH_FLOW | {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
    "Task": _PATH_GUARDED
    | {"Resource", "Credentials", "TimeoutSeconds", "TimeoutSecondsPath"}
    | {"HeartbeatSeconds", "HeartbeatSecondsPath"},
    "Parallel": _PATH_GUARDED | {"Branches"},
    "Map": _PATH_GUARDED
    | {"ItemsPath", "ItemSelector", "ItemProcessor", "Iterator", "Label", "MaxConcurrency", "MaxConcurrencyPath"}
    | {"ToleratedFailureCount", "ToleratedFailureCountPath"}
    | {"ToleratedFailurePercentage", "ToleratedFailurePercentagePath"},
}
"""The same for states in JSONPath mode."""

PATH_CATCHER_FIELDS: Final = {"ErrorEquals", "Next", "ResultPath", "Assign", "Comment"}

RETRIER_FIELDS: Final = {
    *("ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds"),
    *("JitterStrategy", "Comment"),
}
CATCHER_FIELDS: Final = {"ErrorEquals", "Next", "Output", "Assign", "Comment"}
RULE_FIELDS: Final = {"Condition", "Next", "Output", "Assign", "Comment"}
MACHINE_FIELDS: Final = {"Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"}
GRAPH_FIELDS: Final = {"Comment", "StartAt", "States", "ProcessorConfig", "QueryLanguage"}

JSONPATH_FIELDS: Final = {
    *("InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "Result", "Variable", "ItemsPath"),
    *("SecondsPath", "TimestampPath", "ErrorPath", "CausePath", "TimeoutSecondsPath", "HeartbeatSecondsPath"),
    *("MaxConcurrencyPath", "ToleratedFailureCountPath", "ToleratedFailurePercentagePath"),
}
"""Fields of the other query language. The message names the language, which is what the author has to change."""

DISTRIBUTED_FIELDS: Final = {"ItemReader", "ItemBatcher", "ResultWriter"}
"""Fields of a distributed Map, which Express workflows do not have."""

JSONATA_ONLY_FIELDS: Final = {"Arguments", "Output", "Items", "Condition"}
"""Fields that a state in JSONPath mode must not have."""


def why_rejected(field: str, language: str) -> str:
    """The reason a field is rejected, for a message that already names it."""
    if field in JSONPATH_FIELDS and language == "JSONata":
        return "belongs to JSONPath, and the state's QueryLanguage is JSONata"
    if field in DISTRIBUTED_FIELDS:
        return "belongs to a distributed Map, which Express workflows do not support"
    if language == "JSONPath" and field in JSONATA_ONLY_FIELDS:
        return "belongs to JSONata, and the state's QueryLanguage is JSONPath"
    return "is not a field of this type of state"
