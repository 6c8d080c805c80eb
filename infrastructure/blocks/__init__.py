"""Building blocks that every part of the system uses: functions, roles, queues, topics, and references to them."""
