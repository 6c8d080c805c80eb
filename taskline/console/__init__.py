"""The web console: pages that show and steer a stage, read from its API and from AWS."""
