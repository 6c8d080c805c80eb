"""What all components have in common: a type token, and children that belong to them."""

import pulumi


class Component(pulumi.ComponentResource):
    """A component with the type token `taskline:<room>:<Class>`.

    The token is part of the URN of everything inside the component: once a stack is deployed, renaming it needs an
    alias, or an update would replace all of its resources.
    """

    def __init__(self, token: str, name: str, opts: pulumi.ResourceOptions | None) -> None:
        super().__init__(token, name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
