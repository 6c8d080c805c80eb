"""Gates: while the gate of an ordering key is closed, its tasks wait, and keep their order.

A gate closes when a task fails whose type halts its key, and when an operator closes it. Tasks of the key are then
*parked*: recorded in the order of their messages, which leave the queue. The task that keeps a gate closed is its
head. Once the head is settled, parked tasks run one after the other, each as the next head, and then the gate is gone.
See `docs/decisions/0046-a-gate-keeps-the-order-of-a-key.md`.
"""
