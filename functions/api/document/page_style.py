"""The style sheet of the page at `/docs`. Its content security policy allows it by hash."""

# Cells wrap between words only. A table that is too wide scrolls by itself, with a shadow where there is more of it.
STYLE = """
:root{color-scheme:light dark;--line:#8884;--soft:#8881}
body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;overflow-wrap:break-word}
h1,h2,h3{line-height:1.3}h2{margin-top:3rem;border-bottom:1px solid var(--line)}
section{margin:1rem 0 2rem;padding:0 1rem .5rem;border:1px solid var(--line);border-radius:.5rem}
pre,code{font:14px/1.4 ui-monospace,monospace}
pre{background:var(--soft);padding:.75rem;overflow-x:auto}
.wide{overflow-x:auto;margin:.5rem 0;background:
linear-gradient(90deg,Canvas 30%,#0000) 0 0/2rem 100% no-repeat local,
linear-gradient(270deg,Canvas 30%,#0000) 100% 0/2rem 100% no-repeat local,
linear-gradient(90deg,#8885,#0000) 0 0/.7rem 100% no-repeat,
linear-gradient(270deg,#8885,#0000) 100% 0/.7rem 100% no-repeat}
table{border-collapse:collapse;width:100%}
th,td{border-top:1px solid var(--line);padding:.3rem .5rem;text-align:left;vertical-align:top;overflow-wrap:normal}
td code,td span{white-space:nowrap}
.text{min-width:12rem}
td pre{max-width:30rem;margin:.3rem 0}
b{padding:.1rem .5rem;border-radius:.3rem;color:#fff;background:#555}
b.get{background:#06c}b.post{background:#075}b.put{background:#a50}b.delete{background:#b00}
"""
