"""`python -m docs.scale` draws the plots of docs/explanation/scale.md again, in docs/images/."""

from pathlib import Path

from docs.scale.plots import plots

IMAGES = Path(__file__).resolve().parents[1] / "images"


def main() -> None:
    """Write every plot."""
    for name, svg in plots().items():
        (IMAGES / name).write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
