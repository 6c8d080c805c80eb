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
BRANCH_FIELDS: Final = {"Comment", "StartAt", "States"}
PROCESSOR_FIELDS: Final = BRANCH_FIELDS | {"ProcessorConfig"}

JSONPATH_FIELDS: Final = {
    *("InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "Result", "Variable", "ItemsPath"),
    *("SecondsPath", "TimestampPath", "ErrorPath", "CausePath", "TimeoutSecondsPath", "HeartbeatSecondsPath"),
    *("MaxConcurrencyPath", "ToleratedFailureCountPath", "ToleratedFailurePercentagePath"),
}
"""Fields that a state in JSONata mode must not have. The message names the language: that is what has to change."""

DISTRIBUTED_FIELDS: Final = {"ItemReader", "ItemBatcher", "ResultWriter"}
"""Fields of a distributed Map, which Express workflows do not have. AWS accepts them nevertheless."""

JSONATA_ONLY_FIELDS: Final = {"Arguments", "Output", "Items", "Condition"}
"""Fields that a state in JSONPath mode must not have."""


def why_rejected(field: str, language: str) -> str:
    """What AWS says of a field that is not allowed in a state in this language."""
    other = "JSONPath" if language == "JSONata" else "JSONata"
    if field in (JSONPATH_FIELDS if language == "JSONata" else JSONATA_ONLY_FIELDS):
        return (
            f"The QueryLanguage is set to '{language}', but field '{field}' is only supported for the '{other}' "
            "QueryLanguage"
        )
    return f"Field '{field}' is not supported"
