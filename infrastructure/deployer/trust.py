"""Who may take a deployer's role: a pipeline, by a token of its code host that is good for minutes. No key is kept."""

from __future__ import annotations

import re

from infrastructure.deployer.policy import Policy, Statement
from infrastructure.deployer.target import DeployerError, Target

GITHUB = "token.actions.githubusercontent.com"
GITLAB = "gitlab.com"
_REPOSITORY = re.compile(r"[\w.-]+(?:/[\w.-]+)+")


def github_trust(target: Target, repository: str) -> Policy:
    """For GitHub Actions: jobs of this repository that run in the environment named after the stage.

    An environment has rules of its own on branches and reviewers, which a workflow cannot change.
    https://docs.github.com/en/actions/reference/security/oidc
    """
    return _trust(target, GITHUB, "sts.amazonaws.com", f"repo:{_checked(repository)}:environment:{target.stage}")


def gitlab_trust(target: Target, project: str, branch: str = "main", host: str = GITLAB) -> Policy:
    """For GitLab CI: jobs of this project on this branch.

    https://docs.gitlab.com/ci/cloud_services/aws/
    """
    subject = f"project_path:{_checked(project)}:ref_type:branch:ref:{branch}"
    return _trust(target, host, f"https://{host}", subject)


def _checked(repository: str) -> str:
    if not _REPOSITORY.fullmatch(repository):
        raise DeployerError(f"{repository!r} is no repository: give its owner and name, as in acme/taskline.")
    return repository


def _trust(target: Target, issuer: str, audience: str, subject: str) -> Policy:
    statement: Statement = {
        "Sid": "LetThePipelineTakeThisRole",
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:{target.partition}:iam::{target.account}:oidc-provider/{issuer}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{issuer}:aud": audience, f"{issuer}:sub": subject}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
