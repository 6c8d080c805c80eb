"""Charts and timelines as SVG without any style of their own: the stylesheet has it, for both themes."""
