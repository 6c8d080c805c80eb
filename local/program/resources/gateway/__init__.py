"""API Gateway: REST APIs, their deployments and stages, keys and usage plans."""
