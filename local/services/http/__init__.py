"""HTTP on the laptop: the front door, and messages as it takes and gives them."""
