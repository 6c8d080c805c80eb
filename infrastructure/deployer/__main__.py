"""`make deployer`: print the policies of a role that may deploy one stage, its boundary, and who may take it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from infrastructure.deployer.boundary import boundary
from infrastructure.deployer.policy import Policy, deployer_policies
from infrastructure.deployer.target import DeployerError, Target, target_of
from infrastructure.deployer.trust import GITLAB, github_trust, gitlab_trust


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infrastructure.deployer", description=__doc__)
    parser.add_argument("stage", help="the stage that the role deploys: dev, staging or prod")
    parser.add_argument("--account", required=True, help="the number of the AWS account")
    parser.add_argument("--github", default="", help="the repository on GitHub whose workflows deploy: acme/taskline")
    parser.add_argument("--gitlab", default="", help="the project on GitLab whose pipelines deploy: acme/taskline")
    parser.add_argument("--gitlab-host", default=GITLAB, help="the host of GitLab, if it is your own")
    parser.add_argument("--state-bucket", default="", help="the bucket that keeps Pulumi's state")
    parser.add_argument("--key", action="append", default=[], help="the ARN of a KMS key, as of the state's secrets")
    parser.add_argument(
        "--type-may",
        nargs=2,
        action="append",
        default=[],
        metavar=("ACTION", "ARN"),
        help="what a task type of yours declares that it may do, for the boundary",
    )
    return parser.parse_args(given)


def _trusts(target: Target, arguments: argparse.Namespace) -> dict[str, Policy]:
    trusts: dict[str, Policy] = {}
    if arguments.github:
        trusts["trust-github"] = github_trust(target, arguments.github)
    if arguments.gitlab:
        trusts["trust-gitlab"] = gitlab_trust(target, arguments.gitlab, host=arguments.gitlab_host)
    return trusts


def main(given: Sequence[str] | None = None) -> int:
    """Print one JSON document, policies by name. Returns the exit code."""
    arguments = _arguments(given)
    try:
        target = target_of(arguments.stage, arguments.account, arguments.state_bucket, tuple(arguments.key))
        numbered = enumerate(deployer_policies(target), 1)
        policies: dict[str, Policy] = {f"deployer-{number}": policy for number, policy in numbered}
        policies["boundary"] = boundary(target, [(action, arn) for action, arn in arguments.type_may])
        policies |= _trusts(target, arguments)
    except DeployerError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(policies, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
