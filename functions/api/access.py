"""Access control: the API's groups of operations, and the credentials that a stage requires for each."""

from dataclasses import dataclass

# The tags of the OpenAPI document. An operation without one belongs to TASKS.
TASKS = "tasks"
SERVICE = "service"  # the API itself: open to everyone, so that monitors and browsers can read it
OPERATIONS = "operations"  # for operators: never open on AWS, whatever clients need

API_KEY = "api_key"
SIGNATURE = "aws_signature"
JWT = "jwt"


@dataclass(frozen=True, kw_only=True)
class Access:
    """What a stage requires: an API key from clients, a signature (AWS IAM) or a token (JWT) from clients, and a
    signature from operators.
    """

    api_key: bool = False
    client_iam: bool = False
    client_jwt: bool = False
    operator_iam: bool = True

    def required(self, tag: str) -> list[str]:
        """The security schemes that a call to an operation with this tag has to satisfy, all of them."""
        if tag == SERVICE:
            return []
        if tag == OPERATIONS:
            return [SIGNATURE] if self.operator_iam else []
        required = {API_KEY: self.api_key, SIGNATURE: self.client_iam, JWT: self.client_jwt}
        return [scheme for scheme, is_required in required.items() if is_required]
