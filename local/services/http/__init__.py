"""HTTP on the laptop: the front door, its requests and responses, and the errors of the gateway."""
