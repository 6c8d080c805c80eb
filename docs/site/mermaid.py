"""Draws Mermaid diagrams while the site is built, so that its pages need no script.

A diagram that Mermaid cannot read fails the build. Its `accTitle` is the text for readers who do not see it.
"""

import base64
import html
import re

import mermaidx  # pyright: ignore[reportMissingTypeStubs]
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

_TITLE = re.compile(r"^\s*accTitle:\s*(.+?)\s*$", re.MULTILINE)
_WIDTH = re.compile(r"max-width: ([\d.]+)px")
_USUAL, _LEAST = 0.8, 0.5  # of the drawn size: Mermaid writes larger letters than the text around it
# Each diagram is an image of its own: styles and ids of several in one page would get in each other's way. A wide one
# shrinks to the page, and is scrolled before its letters become too small.
_FIGURE = """\
<div style="background: #fff; border-radius: 0.25rem; padding: 1rem; margin: 1rem 0; overflow-x: auto">
<img alt="{title}" style="display: block; margin: auto; width: {usual}px; max-width: 100%; min-width: {least}px"
src="{address}">
</div>"""


class UntitledDiagram(ValueError):
    """A diagram without `accTitle`."""


def figure(source: str) -> str:
    """The diagram as HTML."""
    if not (title := _TITLE.search(source)):
        raise UntitledDiagram("it needs a line `accTitle: ...`")
    image = mermaidx.render(source).svg()
    width = float(found[1]) if (found := _WIDTH.search(image)) else 800
    return _FIGURE.format(
        title=html.escape(title[1]),
        usual=round(width * _USUAL),
        least=round(width * _LEAST),
        address=f"data:image/svg+xml;base64,{base64.b64encode(image.encode()).decode()}",
    )


class Mermaid(SphinxDirective):
    """A fenced block marked `mermaid`."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """The drawn diagram; what Mermaid says is wrong with it is reported with file and line."""
        try:
            return [nodes.raw("", figure("\n".join(self.content)), format="html")]
        except (RuntimeError, UntitledDiagram) as error:
            raise self.error(f"This diagram cannot be drawn: {error}") from error


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls to add the extension."""
    app.add_directive("mermaid", Mermaid)
    return {"parallel_read_safe": True}
