"""The domain's ports on AWS: tables, queues and topics, through boto3 and botocore."""
