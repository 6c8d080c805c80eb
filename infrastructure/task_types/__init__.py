"""What the task types make of the infrastructure: packages, pools, locks, and the checks of all of them."""
