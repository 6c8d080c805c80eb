"""What the table of gates holds. The state machine writes the same items (`statemachine/task.asl.json`).

The hash key `key` is a message group, the range key `place` is `gate`, or `parked#` and the task's sequence number, so
that parked tasks are found in their order. A gate has `ordering_key`, perhaps `tenant`, `closed_at`, `parked` (N), and
perhaps `head`, `sending` (the deduplication id of the head's message), and `held_at` with `held_reason`. A head that
takes long was handed over to `execution`, the name of one, at `handed_at`. A parked task's item has its `task_id`.
`closed` is the hash key of the sparse index of gates, always the same, with `closed_at` as its range key.
"""

HASH_KEY, RANGE_KEY = "key", "place"
GATE = "gate"
PARKED = "parked#"
INDEX = "closed"
CLOSED = "closed"
