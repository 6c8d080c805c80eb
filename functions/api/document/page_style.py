"""The style sheet of the page at `/docs`, which its content security policy names by its hash."""

STYLE = """
:root{color-scheme:light dark;--line:#8884;--soft:#8881}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}
h1,h2,h3{line-height:1.2}h2{margin-top:3rem;border-bottom:1px solid var(--line)}
section{margin:1rem 0 2rem;padding:0 1rem .5rem;border:1px solid var(--line);border-radius:.5rem}
pre,code{font:14px/1.4 ui-monospace,monospace}
pre{background:var(--soft);padding:.75rem;overflow-x:auto;white-space:pre-wrap}
table{border-collapse:collapse;width:100%;margin:.5rem 0}
th,td{border-top:1px solid var(--line);padding:.3rem .5rem;text-align:left;vertical-align:top}
b{padding:.1rem .5rem;border-radius:.3rem;color:#fff;background:#555}
b.get{background:#06c}b.post{background:#075}b.put{background:#a50}b.delete{background:#b00}
"""
