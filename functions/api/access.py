"""Who has to show what: the API's groups of operations, and what a stage asks of each."""

from dataclasses import dataclass

# The tags of the OpenAPI document. An operation without one belongs to TASKS.
TASKS = "tasks"
SERVICE = "service"  # about the API itself: open to everybody, so that monitors and browsers can read it
OPERATIONS = "operations"  # what operators do: never open on AWS, whatever clients have to show

API_KEY = "api_key"
SIGNATURE = "aws_signature"


@dataclass(frozen=True, kw_only=True)
class Access:
    """What a stage asks for: an API key of its clients, a signature (AWS IAM) of its clients, and of its operators."""

    api_key: bool = False
    client_iam: bool = False
    operator_iam: bool = True

    def required(self, tag: str) -> list[str]:
        """The security schemes that a call of an operation with this tag has to satisfy, all of them."""
        if tag == SERVICE:
            return []
        if tag == OPERATIONS:
            return [SIGNATURE] if self.operator_iam else []
        required = {API_KEY: self.api_key, SIGNATURE: self.client_iam}
        return [scheme for scheme, is_required in required.items() if is_required]
