"""Which visit each event belongs to. Each points back to the one before it; where that is missing, names help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from taskline.console.executions.definition import Definition
from taskline.console.executions.drafts import VisitDraft
from taskline.console.executions.events import LogEvent

ENTERED: Final = "StateEntered"
EXITED: Final = "StateExited"
_CONTAINERS: Final = ("ParallelState", "MapState", "MapIteration", "MapRun")


class Places:
    """The visits of an execution, and which event belongs to which of them."""

    def __init__(self, definition: Definition) -> None:
        self.visits: list[VisitDraft] = []
        self._definition = definition
        self._owner: dict[int, VisitDraft] = {}
        self._iteration: dict[int, int] = {}

    def enter(self, event: LogEvent) -> tuple[VisitDraft, VisitDraft | None]:
        """A new visit, and the one that led to it: None at the start of a scope, or if it is not known."""
        name = str(event.details.get("name", ""))
        before = self._owner.get(event.previous)
        around = self._around(name, before)
        visit = VisitDraft(
            index=len(self.visits),
            state=name,
            type=event.type.removesuffix(ENTERED),
            number=1 + sum(one.state == name for one in self.visits),
            inside=None if around is None else around.index,
            iteration=self._iteration_of(event.previous, before, around),
        )
        self.visits.append(visit)
        self.own(event, visit)
        return visit, self._origin(visit, before)

    def own(self, event: LogEvent, visit: VisitDraft) -> None:
        """Note that an event belongs to a visit."""
        self._owner[event.id] = visit
        visit.events.append(event.id)
        visit.last = event.at
        if event.type == "MapIterationStarted" and isinstance(event.details.get("index"), int):
            self._iteration[event.id] = event.details["index"]

    def find(self, event: LogEvent) -> VisitDraft | None:
        """The visit of an event that does not begin one; None if it cannot be known."""
        owner = self._owner.get(event.previous)
        name = event.details.get("name") or event.details.get("state")
        if name:
            return self._outwards(owner, str(name)) or self._open(str(name))
        if event.type.startswith(_CONTAINERS):
            return self._container(owner, event.type.partition("State")[0])
        if owner is not None and not owner.exited:
            return owner
        return None if event.previous and owner is None else self._only_open()

    def by_resource(self, details: Mapping[str, object]) -> str | None:
        """The only state that calls what an event names."""
        action, service = details.get("resource"), details.get("resourceType")
        names = self._definition.with_resource(str(action), str(service))
        return names[0] if len(names) == 1 else None

    def sketch(self, name: str) -> VisitDraft:
        """A visit that only an error in it shows: the one that is open, or a new one."""
        known = self._open(name)
        if known is not None:
            return known
        state = self._definition.states.get(name)
        number = 1 + sum(one.state == name for one in self.visits)
        visit = VisitDraft(index=len(self.visits), state=name, type=state.type if state else "", number=number)
        self.visits.append(visit)
        return visit

    def _outwards(self, visit: VisitDraft | None, name: str) -> VisitDraft | None:
        while visit is not None and visit.state != name:
            visit = self._outside(visit)
        return visit

    def _outside(self, visit: VisitDraft) -> VisitDraft | None:
        return None if visit.inside is None else self.visits[visit.inside]

    def _container(self, visit: VisitDraft | None, kind: str) -> VisitDraft | None:
        while visit is not None and (visit.type != kind or visit.exited):
            visit = self._outside(visit)
        return visit

    def _open(self, name: str) -> VisitDraft | None:
        return next((one for one in reversed(self.visits) if one.state == name and not one.exited), None)

    def _only_open(self) -> VisitDraft | None:
        waiting = [one for one in self.visits if not one.exited]
        return waiting[0] if len(waiting) == 1 else None

    def _around(self, name: str, before: VisitDraft | None) -> VisitDraft | None:
        state = self._definition.states.get(name)
        if state is None or state.parent is None:
            return None
        return self._outwards(before, state.parent) or self._open(state.parent)

    def _iteration_of(self, previous: int, before: VisitDraft | None, around: VisitDraft | None) -> int | None:
        if around is None or around.type != "Map":
            return None if around is None else around.iteration
        if previous in self._iteration:
            return self._iteration[previous]
        return before.iteration if before is not None and before is not around else None

    def _origin(self, visit: VisitDraft, before: VisitDraft | None) -> VisitDraft | None:
        if before is not None:
            return before if before.inside == visit.inside and before is not visit and before.exited else None
        return self._likely_origin(visit)

    def _likely_origin(self, visit: VisitDraft) -> VisitDraft | None:
        """Where the event between is missing: the last visit around it, if the definition has such a transition."""
        earlier = [one for one in self.visits[: visit.index] if one.inside == visit.inside]
        if earlier and (earlier[-1].state, visit.state) in self._definition.targets:
            return earlier[-1]
        return None
