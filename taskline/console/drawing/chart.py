"""Charts, drawn by pygal on the server. What they look like is left to our stylesheet: pygal's own styles are removed,
so that both themes work, and no policy has to allow inline styles or scripts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, tostring

from markupsafe import Markup

Values = Sequence[float | None]
WIDTH: Final = 560
HEIGHT: Final = 190
LEFT_OUT: Final = ("defs", "style", "script")


@dataclass(frozen=True, kw_only=True)
class Series:
    """Values with a name, and the class that the stylesheet knows them by."""

    name: str
    style: str
    values: Values


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart that is also a table. `labels` has one text per value, `major` says which of them are written."""

    title: str
    unit: str
    labels: Sequence[str]
    major: Sequence[str]
    series: Sequence[Series]
    stacked: bool
    word: Callable[[float], str]

    @property
    def empty(self) -> bool:
        """Whether nothing was measured."""
        return all(value is None for one in self.series for value in one.values)

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """The table: newest first, without the times at which nothing was measured."""
        lines = [
            (
                label,
                [NOTHING if one.values[place] is None else self.word(one.values[place] or 0) for one in self.series],
            )
            for place, label in enumerate(self.labels)
            if any(one.values[place] is not None for one in self.series)
        ]
        return lines[::-1]

    def _text(self, value: float | None) -> str:
        return NOTHING if value is None else self.word(value)

    @property
    def svg(self) -> Markup:
        """The drawing. Its texts are our own labels, and numbers."""
        import pygal  # pyright: ignore[reportMissingTypeStubs] takes 150 ms: not before somebody looks at a chart

        kind: Any = pygal.StackedBar if self.stacked else pygal.Line
        # What is stacked is counted: an axis in halves would show each whole number twice.
        drawing: Any = kind(**_options(self.word), order_min=0 if self.stacked else None, no_data_text="")
        drawing.x_labels = list(self.labels)
        drawing.x_labels_major = list(self.major)
        for one in self.series:
            drawing.add(one.name, list(one.values))
        tree: Element = drawing.render_tree()
        return Markup(tostring(self._plain(tree), encoding="unicode"))  # noqa: S704 drawn here, escaped by the library

    def _plain(self, tree: Element) -> Element:
        """The drawing without styles, scripts and tooltips; each mark has a title instead."""
        for parent in list(tree.iter()):
            for child in list(parent):
                if _is_left_out(child):
                    parent.remove(child)
            _title(parent)
        for element in tree.iter():
            for name in ("style", "id"):
                element.attrib.pop(name, None)
            self._name(element)
        for title in [one for one in tree if one.tag == "title"]:
            tree.remove(title)  # the name of the library
        tree.set("role", "img")
        tree.set("aria-label", f"{self.title}, {self.unit}. The table below has the numbers.")
        return tree

    def _name(self, element: Element) -> None:
        names = element.get("class", "").split()
        for number, one in enumerate(self.series):
            if f"serie-{number}" in names:
                element.set("class", f"series {one.style}")


NOTHING: Final = "\u2013"


def _options(word: Callable[[float], str]) -> dict[str, Any]:
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "margin": 4,
        "margin_left": 16,
        "spacing": 3,
        "js": [],
        "show_legend": False,
        "show_minor_x_labels": False,
        "disable_xml_declaration": True,
        "allow_interruptions": True,
        "include_x_axis": True,
        "max_scale": 5,
        "min_scale": 2,
        "dots_size": 2,
        "truncate_label": -1,
        "value_formatter": word,
    }


def _is_left_out(element: Element) -> bool:
    tag: Any = element.tag  # of a comment, no text
    return not isinstance(tag, str) or tag in LEFT_OUT or "tooltip-overlay" in element.get("class", "").split()


def _title(element: Element) -> None:
    """What the library describes a mark by, as its title; the rest of it is for scripts."""
    texts = {one.get("class", ""): one.text or "" for one in element if one.tag == "desc"}
    for one in [one for one in element if one.tag == "desc"]:
        element.remove(one)
    if "value" in texts:
        SubElement(element, "title").text = f"{texts.get('x_label', '')}: {texts['value']}"
