"""A test kit for task types: the shipped pipeline in a test's own process, on virtual time and services in memory.

`testing.plugin` is the pytest plugin, `testing.taskline` what its fixture gives. See docs/guides/testing.md.
"""
