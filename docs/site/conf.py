"""Sphinx's configuration. `make docs` builds `docs/` into a site that asks the network for nothing."""

from sphinx.application import Sphinx

project = "Taskline"
root_doc = "README"
exclude_patterns = ["site"]
extensions = ["myst_parser", "docs.site.mermaid"]

# The code host renders the same files: its fences, and its anchors of headings.
myst_fence_as_directive = ["mermaid"]
myst_heading_anchors = 4
highlight_language = "text"

html_theme = "furo"
html_title = "Taskline"
html_static_path = ["static"]
html_css_files = ["wide.css"]
html_copy_source = False
html_show_copyright = False

GUIDES = (
    "task-types",
    "testing",
    "api",
    "client",
    "command-line",
    "console",
    "stats",
    "events",
    "operations",
    "configuration",
    "deploy",
    "pipelines",
    "stage-life",
    "game-day",
)

# What the sidebar lists. It stands here because the code host would show it as text.
SECTIONS = {
    "Tutorial": ["tutorial/*"],
    "Guides": [f"guides/{name}" for name in GUIDES],
    "Reference": ["reference/*", "features"],
    "Explanation": ["explanation/architecture", "explanation/*"],
    "Decisions": ["decisions/README", "decisions/0*"],
}


def add_contents(_app: Sphinx, page: str, source: list[str]) -> None:
    """Append the list of all pages to the first one."""
    if page == root_doc:
        source[0] += "".join(
            f"\n```{{toctree}}\n:hidden:\n:glob:\n:caption: {caption}\n\n" + "\n".join(pages) + "\n```\n"
            for caption, pages in SECTIONS.items()
        )


def setup(app: Sphinx) -> None:
    """What Sphinx calls to set the configuration up."""
    app.connect("source-read", add_contents)
