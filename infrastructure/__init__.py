"""The system as Pulumi components: one architectural task per file. `__main__.py` composes them."""
