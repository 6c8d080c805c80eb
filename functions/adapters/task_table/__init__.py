"""The task table on DynamoDB: records, lists, failed tasks, and its indexes."""
