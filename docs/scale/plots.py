"""The plots of the model, drawn by pygal, the same to the last byte each time."""

import re
import sys
from collections.abc import Callable, Mapping, Sequence

import pygal  # pyright: ignore[reportMissingTypeStubs]
from pygal.style import Style  # pyright: ignore[reportMissingTypeStubs]

from docs.scale.model import BUSY, Load, lanes_for, limits, throughput, waiting

# pygal adds an importer of Python 2's kind, which makes whoever asks all importers fail.
sys.meta_path[:] = [importer for importer in sys.meta_path if hasattr(importer, "find_spec")]

KEYS = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)
RATES = (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)
LOADS = (0.05, 0.5, 5.0)
SHARES = tuple(share / 20 for share in range(1, 20))
_STYLE = Style(
    background="white",
    plot_background="white",
    colors=("#0b5cad", "#b5540c", "#22763c", "#7a3fa0", "#666666"),
    font_family="sans-serif",
    label_font_size=12,
    major_label_font_size=12,
    legend_font_size=13,
    title_font_size=15,
)
_GENERATED = re.compile(r"<!--.*?-->", re.DOTALL)
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SCRIPTS = re.compile(r"<script\b.*?(?:</script>|/>)", re.DOTALL)


def plots() -> Mapping[str, str]:
    """Each plot by its file's name, as SVG."""
    drawn = {
        "throughput": _throughput(),
        "quotas": _quotas(),
        "lanes": _lanes(),
        "waiting": _waiting(),
    }
    return {f"scale-{name}.svg": _fixed(chart, name) for name, chart in drawn.items()}


def seconds(value: float) -> str:
    """`50 ms` or `5 s`."""
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:g} s"


def _throughput() -> "pygal.Line":
    chart = _line("Tasks per second by the number of keys, one lane, default quotas", [f"{one:,}" for one in KEYS])
    chart.logarithmic = True
    for task in LOADS:
        chart.add(f"tasks of {seconds(task)}", [round(throughput(Load(keys=keys, task=task)), 2) for keys in KEYS])
    return chart


def _quotas() -> "pygal.HorizontalBar":
    chart = pygal.HorizontalBar(**_options("What each quota allows, in tasks per second, with tasks of 500 ms"))
    chart.logarithmic = True
    chart.show_legend = False
    found = [limit for limit in limits(Load(keys=100_000, task=0.5)) if limit.quota]
    chart.x_labels = [limit.name for limit in found][::-1]
    chart.add("", [round(limit.rate) for limit in found][::-1])
    return chart


def _lanes() -> "pygal.Line":
    title = f"Lanes that are needed, each at most {BUSY:.0%} busy"
    chart = _line(title, [f"{one:,}" for one in RATES])
    chart.logarithmic = True
    for task in LOADS:
        chart.add(f"tasks of {seconds(task)}", _until_enough(lambda rate, task=task: lanes_for(rate, task), RATES))
    return chart


def _until_enough(lanes: Callable[[float], int], rates: Sequence[float], most: int = 1_000) -> list[int | None]:
    """The lanes for each rate, None where they would be more than an account may have pipes."""
    found: list[int | None] = []
    for rate in rates:
        needed = None if found and found[-1] is None else lanes(rate)
        found.append(needed if needed is not None and needed <= most else None)
    return found


def _waiting() -> "pygal.Line":
    chart = _line("Mean wait behind tasks of the same key, by how busy the key is", [f"{one:.0%}" for one in SHARES])
    chart.logarithmic = True
    for task in LOADS:
        load = Load(keys=1, task=task)
        chart.add(f"tasks of {seconds(task)}, in s", [round(waiting(load, share / load.step), 4) for share in SHARES])
    return chart


def _line(title: str, labels: Sequence[str]) -> "pygal.Line":
    chart = pygal.Line(**_options(title))
    chart.x_labels = list(labels)
    return chart


def _options(title: str) -> dict[str, object]:
    return {
        "title": title,
        "style": _STYLE,
        "width": 760,
        "height": 360,
        "explicit_size": True,
        "legend_at_bottom": True,
        "dots_size": 3,
        "js": (),
    }


def _fixed(chart: object, name: str) -> str:
    """The chart's SVG without the date, the scripts and the random ids that pygal gives it."""
    text = str(chart.render(is_unicode=True))  # type: ignore[attr-defined]
    text = _SCRIPTS.sub("", _GENERATED.sub("", text))
    return _ID.sub(name, text).strip() + "\n"
