"""What all components have in common: a type token, and children that belong to them."""

import pulumi


class Component(pulumi.ComponentResource):
    """A component with the type token `taskline:<room>:<Class>`.

    The token is part of the URN of everything inside the component. A component that has moved names its former token
    as well: without this alias, an update of a deployed stack would replace all of its resources.
    """

    def __init__(self, token: str, name: str, opts: pulumi.ResourceOptions | None, *, formerly: str = "") -> None:
        aliases = pulumi.ResourceOptions(aliases=[pulumi.Alias(type_=formerly)] if formerly else None)
        super().__init__(token, name, None, pulumi.ResourceOptions.merge(opts, aliases))
        self._child = pulumi.ResourceOptions(parent=self)
