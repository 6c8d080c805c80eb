"""The floor: the least that an endpoint which sends a message needs. JSON, and a bare botocore client."""

import json
import os
from typing import Any

from botocore.session import get_session

sqs = get_session().create_client("sqs")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The body into the queue, and back to the client."""
    body = json.dumps(json.loads(event["body"]))
    sqs.send_message(
        QueueUrl=os.environ["QUEUE_URL"], MessageBody=body, MessageGroupId="g", MessageDeduplicationId="d"
    )
    return {"statusCode": 202, "headers": {}, "body": body, "isBase64Encoded": False}
