"""What every page shares: the guard in front, templates, the viewer's choices, words for times and sizes."""
