"""What a command works with: the stage, a client for it, and where its words go."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from taskline.cli.render.output import Output
from taskline.stages import Search, StageAddress

if TYPE_CHECKING:
    from taskline.cli.running.api import StageApi
    from taskline.client import AsyncTaskline, Taskline


@dataclass(frozen=True, kw_only=True)
class World:
    """What a run of the command touches outside. Tests pass transports of their own, and another search."""

    search: Callable[[], Search] = Search.here
    transport: Any = None
    async_transport: Any = None


@dataclass(frozen=True, kw_only=True, eq=False)  # each run is its own: what checks remember belongs to one
class Session:
    """One run of one command. `url` and `stage` are its options."""

    output: Output
    url: str | None = None
    stage_name: str | None = None
    world: World = field(default_factory=World)

    @functools.cached_property
    def stage(self) -> StageAddress:
        """The stage that is meant. `StageNotFound` if there is none."""
        return self.world.search().find(url=self.url, stage=self.stage_name)

    @functools.cached_property
    def api(self) -> StageApi:
        """The API of the stage, as documents."""
        from taskline.cli.running.api import StageApi

        return StageApi(self)

    @functools.cached_property
    def client(self) -> Taskline:
        """A client for the stage; httpx is imported here."""
        from taskline.client import Taskline

        stage = self.stage
        return Taskline(stage.url, api_key=stage.api_key, auth=self.auth(), transport=self.world.transport)

    def new_async_client(self, **settings: Any) -> AsyncTaskline:
        """A client for many requests at a time."""
        from taskline.client import AsyncTaskline

        stage = self.stage
        return AsyncTaskline(
            stage.url, api_key=stage.api_key, auth=self.auth(), transport=self.world.async_transport, **settings
        )

    def auth(self) -> Any:
        """Signs requests with the caller's AWS credentials, where the stage wants that."""
        stage = self.stage
        if not stage.sign:
            return None
        from taskline.client import IamAuth

        return IamAuth(region=stage.account.region, profile=stage.account.profile)
