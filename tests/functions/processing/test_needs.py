"""What a task type may declare that it needs, and what is refused where it is written."""

import pytest

from functions.tasks.needs import DEFAULT_POOL, NOTHING, Allow, Needs, Pool

OURS = ("SECRETS_PATH", "TASK_TYPE_MODULES", "TASKLINE_LAYERS", "PYDANTIC_DISABLE_PLUGINS")  # processors have them


def test_a_type_needs_nothing_but_the_default_pool() -> None:
    assert (NOTHING.pool, NOTHING.secrets, NOTHING.permissions) == (DEFAULT_POOL, (), ())


@pytest.mark.parametrize(
    "name", ["", "Rendering", "1st", "a_pool", "a-name-of-21-letters!", "a" * 21, "pool/one", "-a"]
)
def test_a_pool_has_a_name_that_a_function_can_have(name: str) -> None:
    with pytest.raises(ValueError, match=r"pool is .*; allowed: 1 to 20 of a-z"):
        Pool(name)


@pytest.mark.parametrize("seconds", [0, -1, 290])
def test_a_pool_has_a_timeout_that_an_execution_has_time_for(seconds: int) -> None:
    with pytest.raises(ValueError, match=r"timeout_seconds of pool slow is -?\d+; allowed: 1 to 289"):
        Pool("slow", timeout_seconds=seconds)


@pytest.mark.parametrize("megabytes", [0, 127, 10_241])
def test_a_pool_has_as_much_memory_as_lambda_gives(megabytes: int) -> None:
    with pytest.raises(ValueError, match=r"memory_megabytes of pool large is \d+; allowed: 128 to 10240"):
        Pool("large", memory_megabytes=megabytes)


def test_a_pool_cannot_reserve_less_than_nothing() -> None:
    with pytest.raises(ValueError, match="concurrency of pool few is -1"):
        Pool("few", concurrency=-1)


@pytest.mark.parametrize("action", ["*", "s3:*", "s3:Put*", "PutObject", "s3:putObject", "S3:PutObject", "s3:"])
def test_a_permission_names_each_action(action: str) -> None:
    with pytest.raises(ValueError, match="one action by name, such as s3:PutObject"):
        Allow(action, on="arn:aws:s3:::invoices/*")


@pytest.mark.parametrize("resource", ["*", "", "invoices", "arn:"])
def test_a_permission_is_for_a_resource(resource: str) -> None:
    with pytest.raises(ValueError, match="an ARN, of one resource or of those under it"):
        Allow("s3:PutObject", on=resource)


def test_a_permission_is_for_an_action() -> None:
    with pytest.raises(ValueError, match="at least one action"):
        Allow(on="arn:aws:s3:::invoices/*")


@pytest.mark.parametrize(
    "name", ["", "lower", "1ST", "AWS_REGION", "POWERTOOLS_X", "PYTHONPATH", "LAMBDA_X", "A-B", *OURS]
)
def test_a_variable_is_not_one_of_lambda_s_own(name: str) -> None:
    with pytest.raises(ValueError, match=r"environment variable is .*; allowed: A-Z, 0-9 and _"):
        Needs(environment=(name,))


@pytest.mark.parametrize("name", ["", "a/b", "../id-secret", "a b", ".a", "a" * 65])
def test_a_secret_s_name_cannot_lead_to_another_parameter(name: str) -> None:
    with pytest.raises(ValueError, match=r"secret is .*; allowed: 1 to 64"):
        Needs(secrets=(name,))
