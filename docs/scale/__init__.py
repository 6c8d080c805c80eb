"""How far Taskline scales, on paper: quotas, a model of throughput and latency, and its plots."""
