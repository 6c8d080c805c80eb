"""Building blocks: functions, roles, queues and topics as every part of the system uses them."""
