"""Creates on the emulator what the Pulumi program declares.

To support another resource type: write a `ResourceHandler` in `resources/` (20 lines will do) and list it in
`registry.py`.
"""
