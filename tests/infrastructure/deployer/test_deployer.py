"""What a deployer may do: enough for every resource of the program, and no more than its stage."""

import fnmatch
import json
from typing import Any

import pytest

from infrastructure.deployer.__main__ import main
from infrastructure.deployer.boundary import boundary
from infrastructure.deployer.policy import MAX_CHARACTERS, Policy, deployer_policies, size
from infrastructure.deployer.rows import ROWS
from infrastructure.deployer.target import DeployerError, Target, target_of
from infrastructure.deployer.trust import github_trust, gitlab_trust
from tests.infrastructure.recording import ACCOUNT, OUTPUTS, REGION, run
from tests.infrastructure.stages import EVERYTHING, STAGES, evaluated, every_resource, layer

KEY = EVERYTHING["kmsKeyArn"]
DEV = Target(stage="dev", account=ACCOUNT, region=REGION, keys=(KEY,), state_bucket="acme-states")
PROD = Target(stage="prod", account=ACCOUNT, region=REGION, keys=(KEY,))


def statements(target: Target = DEV) -> list[dict[str, Any]]:
    return [one for policy in deployer_policies(target) for one in policy["Statement"]]


def listed(one: Any) -> list[str]:
    return [one] if isinstance(one, str) else list(one)


def allows(policy: Policy, action: str, resource: str) -> bool:
    """Whether some statement of the policy allows it, conditions aside."""
    return any(
        action in one["Action"] and any(fnmatch.fnmatchcase(resource, pattern) for pattern in listed(one["Resource"]))
        for one in policy["Statement"]
    )


@pytest.mark.check
def test_every_type_of_every_stage_has_a_row_and_no_row_is_left_over() -> None:
    assert {one.type for one in every_resource().values()} == set(ROWS)


def test_a_type_without_a_row_is_an_error_that_says_where_it_belongs() -> None:
    with pytest.raises(
        DeployerError, match=r"aws:rds/cluster:Cluster needs: add a row to infrastructure/deployer/rows\.py"
    ):
        deployer_policies(DEV, ["aws:rds/cluster:Cluster"])


def test_every_resource_whose_arn_has_its_name_is_among_those_that_it_may_deploy() -> None:
    patterns = [pattern for one in statements(PROD) for pattern in one["Resource"] if pattern != "*"]
    arns = [
        OUTPUTS[one.type](one.inputs | {"name": one.inputs.get("name") or one.inputs.get("namePrefix")})["arn"]
        for one in evaluated("everything")
        if one.type in OUTPUTS and {"name", "namePrefix", "alarmName", "layerName"} & one.inputs.keys()
        if one.type not in ("aws:apigateway/restApi:RestApi", "aws:lambda/alias:Alias")
    ]
    assert len(arns) > 60
    assert [one for one in arns if not any(fnmatch.fnmatchcase(one, pattern) for pattern in patterns)] == []


@pytest.mark.check
def test_all_actions_exist_and_are_on_resources_that_they_know() -> None:
    from tests.proofs import policies as proof  # whose tools only `make check` installs

    found = [one for policy in deployer_policies(DEV) for one in proof.findings(proof.Policy("deployer", policy))]
    # The verbs of API Gateway know some ninety paths, each with ids, and `restapis/*` is all that begin like this.
    left = [one for one in found if not (one.rule == "wrong-resource" and "apigateway:" in one.where)]
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html asks for all alarms.
    assert {(one.rule, one.where.split()[-1]) for one in left} == {
        ("star", "cloudwatch:PutCompositeAlarm"),
        ("star", "cloudwatch:DescribeAlarms"),
    }
    # API Gateway rejects a role for its logs that may use fewer log groups than all.
    bounds = proof.findings(proof.Policy("boundary", boundary(DEV)))
    assert {(one.rule, one.where.split()[-1].partition(":")[0]) for one in bounds} == {("star", "logs")}


def test_nothing_is_allowed_on_everything_but_what_knows_no_narrower_resource() -> None:
    on_all = {action for one in statements() if "*" in one["Resource"] for action in one["Action"]}
    assert on_all == {
        *("cloudwatch:DescribeAlarms", "cloudwatch:PutCompositeAlarm", "ssm:DescribeParameters"),
        "xray:GetSamplingRules",
        "cloudwatch:GetMetricStatistics",
        *("lambda:CreateEventSourceMapping", "states:ValidateStateMachineDefinition", "logs:DescribeLogGroups"),
        *("logs:PutQueryDefinition", "logs:DeleteQueryDefinition", "logs:DescribeQueryDefinitions"),
        *("logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery"),
        *("logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies"),
        *("sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes", "sns:Unsubscribe"),
    }
    assert [action for one in statements() for action in one["Action"] if "*" in action] == []


def test_what_is_wider_than_the_stage_says_why() -> None:
    for of_type, needs in ROWS.items():
        for need in needs:
            wide = [pattern for pattern in need.on if not ("{prefix}" in pattern or "taskline" in pattern)]
            assert not wide or need.why, f"{of_type} {wide}"


def test_roles_are_passed_to_the_services_that_run_them_and_are_created_within_the_boundary() -> None:
    by_action = {action: one for one in statements() for action in one["Action"]}
    passing = by_action["iam:PassRole"]
    assert "*" not in passing["Resource"]
    trusted = {
        one.json("assumeRolePolicy")["Statement"][0]["Principal"]["Service"]
        for stage in STAGES
        for one in evaluated(stage).all("aws:iam/role:Role")
    }
    assert set(passing["Condition"]["StringEquals"]["iam:PassedToService"]) == trusted
    for action in ("iam:CreateRole", "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary"):
        bound = by_action[action]["Condition"]["StringEquals"]["iam:PermissionsBoundary"]
        assert bound == f"arn:aws:iam::{ACCOUNT}:policy/taskline-dev-boundary"
    assert (
        not {"iam:DeleteRolePermissionsBoundary", "iam:AttachRolePolicy", "iam:CreatePolicyVersion"} & by_action.keys()
    )


def test_the_boundary_allows_all_that_the_roles_do_and_nothing_that_none_does() -> None:
    used: set[str] = set()
    bound = boundary(PROD)
    for one in evaluated("everything").all("aws:iam/rolePolicy:RolePolicy"):
        for statement in one.json("policy")["Statement"]:
            for action in statement["Action"]:
                used.add(action)
                for resource in listed(statement["Resource"]):
                    assert allows(bound, action, resource), (one.name, action, resource)
    bounded = {action for one in bound["Statement"] for action in one["Action"]}
    assert bounded - used <= {"ssm:GetParameter"}, "secrets, which only task types of other people have"


def test_a_permission_that_a_role_has_beyond_the_boundary_is_noticed() -> None:
    assert not allows(
        boundary(PROD), "dynamodb:DeleteTable", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/taskline-prod-tasks"
    )
    assert not allows(boundary(PROD), "sqs:SendMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:taskline-dev-tasks.fifo")


def test_what_a_task_type_may_do_can_be_within_the_boundary() -> None:
    bucket = "arn:aws:s3:::acme-invoices/*"
    assert allows(boundary(PROD, [("s3:GetObject", bucket)]), "s3:GetObject", bucket)


def test_all_roles_have_the_boundary_of_their_stage_where_one_is_set() -> None:
    roles = run("dev", layer(), permissionsBoundaryArn=DEV.boundary_arn).all("aws:iam/role:Role")
    assert {one.inputs["permissionsBoundary"] for one in roles} == {DEV.boundary_arn}
    without = evaluated("dev").all("aws:iam/role:Role")
    assert [one for one in without if "permissionsBoundary" in one.inputs] == []


@pytest.mark.parametrize("stage", STAGES)
def test_each_policy_fits_into_one_that_iam_takes(stage: str) -> None:
    target = Target(stage=stage, account=ACCOUNT, region="ap-southeast-1", keys=(KEY,), state_bucket="acme-states")
    policies = [*deployer_policies(target), boundary(target)]
    assert all(size(policy) <= MAX_CHARACTERS for policy in policies)
    assert len(policies) - 1 <= 10, "a role takes ten managed policies"
    sids = [one["Sid"] for policy in policies for one in policy["Statement"]]
    assert len(set(sids)) == len(sids)


def test_only_the_pipeline_of_the_repository_takes_the_role() -> None:
    github = github_trust(PROD, "acme/taskline")["Statement"][0]
    assert github["Condition"]["StringEquals"] == {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": "repo:acme/taskline:environment:prod",
    }
    gitlab = gitlab_trust(PROD, "acme/platform/taskline")["Statement"][0]
    assert gitlab["Condition"]["StringEquals"] == {
        "gitlab.com:aud": "https://gitlab.com",
        "gitlab.com:sub": "project_path:acme/platform/taskline:ref_type:branch:ref:main",
    }
    assert gitlab["Principal"]["Federated"].endswith(":oidc-provider/gitlab.com")
    with pytest.raises(DeployerError, match="is no repository"):
        github_trust(PROD, "acme/*")


def test_the_command_prints_all_policies_of_the_stage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prod", "--account", ACCOUNT, "--github", "acme/taskline", "--gitlab", "acme/taskline"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert {"deployer-1", "boundary", "trust-github", "trust-gitlab"} <= printed.keys()
    assert "taskline-prod-" in json.dumps(printed["deployer-1"])
    assert "taskline-dev-" not in json.dumps(printed)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "--account", ACCOUNT], "There is no Pulumi.nowhere.yaml. The stages are dev, prod, staging."),
        (["dev", "--account", "42"], "--account is '42': give the account's number, which has twelve digits."),
        (["dev", "--account", ACCOUNT, "--state-bucket", "s3://a"], "give the name of a bucket, without s3://."),
    ],
)
def test_what_makes_no_policy_is_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    assert message in capsys.readouterr().err


def test_a_stage_s_own_region_and_key_are_used() -> None:
    assert target_of("dev", ACCOUNT).region == "us-east-1"
    assert target_of("dev", ACCOUNT, keys=(KEY,)).keys == (KEY,)
