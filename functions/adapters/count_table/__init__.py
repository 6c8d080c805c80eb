"""The counts on DynamoDB: where each counter is, how it is added to, and how counters are read."""
