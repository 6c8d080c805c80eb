"""Draws machines and executions as SVG: a layered graph, and a timeline to true scale."""
