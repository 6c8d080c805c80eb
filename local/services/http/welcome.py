"""The page at `/`, until there is a console."""

from __future__ import annotations

import html

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Taskline</title>
<style>body{{font:16px/1.5 system-ui;max-width:46rem;margin:3rem auto;padding:0 1rem}}
pre{{background:#f3f3f3;padding:1rem;overflow-x:auto}}</style></head>
<body>
<h1>Taskline</h1>
<p>An ordered task pipeline, running on this machine. The API below is the one that is deployed to AWS.</p>
<p>Submit a task:</p>
<pre>{post}</pre>
<p>Tasks of one <code>ordering_key</code> run one at a time, in the order in which they were accepted. Tasks without
one share a key, unless <code>taskline:defaultOrdering</code> is <code>unordered</code>: then each waits for no other.
<a href="{docs}">The documentation</a> has all fields, and the data of each task type.</p>
<p>Read it back, with the <code>task_id</code> from the response:</p>
<pre>{get}</pre>
</body>
</html>
"""


def page(api_url: str) -> str:
    """The page for an API at the given address."""
    body = '{"title": "First", "description": "Try it", "priority": "high", "ordering_key": "customer-42"}'
    post = f"curl -X POST {api_url}/tasks \\\n  -H 'Content-Type: application/json' \\\n  -d '{body}'"
    return PAGE.format(
        post=html.escape(post), get=html.escape(f"curl {api_url}/tasks/TASK_ID"), docs=html.escape(f"{api_url}/docs")
    )
