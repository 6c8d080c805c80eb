"""What is checked of the states of a graph together: their transitions, their end, and the scopes of variables."""

from collections.abc import Iterator

from asl.core.errors import NO_END, SCHEMA, TARGET, Problem
from asl.core.templates import Template
from asl.definition.model import ChoiceState, FailState, Graph, Guarded, MapState, ParallelState, State, SucceedState


def check_targets(graph: Graph, where: str) -> list[Problem]:
    """Transitions to states that do not exist. `where` is the location of the graph, with a slash at its end."""
    wanted = [("StartAt", graph.start)] if graph.start else []
    for state in graph.states.values():
        wanted.extend((f"States/{state.name}/{field}", target) for field, target in _targets(state))
    return [
        Problem(TARGET, f"Missing 'Next' target: {target}", where + field)
        for field, target in wanted
        if target and target not in graph.states
    ]


def check_reach(graph: Graph, where: str) -> list[Problem]:
    """States that no transition leads to."""
    seen, waiting = set[str](), [graph.start]
    while waiting:
        name = waiting.pop()
        if name not in seen and name in graph.states:
            seen.add(name)
            waiting.extend(target for _, target in _targets(graph.states[name]))
    lost = [name for name in graph.states if name not in seen] if graph.start else []
    return [Problem(TARGET, f'State "{name}" is not reachable.', f"{where}States/{name}") for name in lost]


def check_end(graph: Graph) -> list[Problem]:
    """A graph whose states all have a successor. AWS has no location for it."""
    endless = not any(map(_is_terminal, graph.states.values()))
    hint = "one state needs 'End': true, or the type Succeed or Fail"
    return [Problem(NO_END, "Workflow has no terminal state", hint=hint)] if endless else []


def check_scopes(graph: Graph, outer: frozenset[str], where: str = "/") -> Iterator[Problem]:
    """A variable that is assigned on some way into a Map or Parallel can be read inside it, but not assigned."""
    for state in graph.states.values():
        for template in _assigns(state):
            for name in sorted(outer.intersection(template.source)):
                message = f"The variable '{name}' is already assigned in an outer scope"
                yield Problem(SCHEMA, message, f"{where}States/{state.name}/{template.field}/{name}")
    before = _assigned_before(graph)
    for state in graph.states.values():
        for part, inner in _graphs(state):
            known = outer | before.get(state.name, frozenset())
            yield from check_scopes(inner, known, f"{where}States/{state.name}/{part}/")


def _targets(state: State) -> Iterator[tuple[str, str]]:
    if isinstance(state, ChoiceState):
        yield from ((f"Choices[{index}]/Next", rule.next) for index, rule in enumerate(state.rules))
    if isinstance(state, Guarded):
        yield from ((f"Catch[{index}]/Next", catcher.next) for index, catcher in enumerate(state.catch))
    if state.next is not None:
        yield "Default" if isinstance(state, ChoiceState) else "Next", state.next


def _is_terminal(state: State) -> bool:
    if isinstance(state, SucceedState | FailState):
        return True
    return not isinstance(state, ChoiceState) and state.next is None


def _assigned_before(graph: Graph) -> dict[str, frozenset[str]]:
    """For each state, the variables that are assigned on some way into it, including loops through itself."""
    known: dict[str, frozenset[str]] = {}
    waiting = [graph.start]
    while waiting:
        name = waiting.pop()
        if name not in graph.states:
            continue
        for target, assign in _ways(graph.states[name]):
            names = known.get(name, frozenset()).union(() if assign is None else assign.source)
            if target not in known or not names <= known[target]:
                known[target] = known.get(target, frozenset()) | names
                waiting.append(target)
    return known


def _ways(state: State) -> Iterator[tuple[str, Template | None]]:
    """The transitions out of a state, each with its `Assign`."""
    if state.next is not None:
        yield state.next, state.assign
    if isinstance(state, ChoiceState):
        yield from ((rule.next, rule.assign) for rule in state.rules)
    if isinstance(state, Guarded):
        yield from ((catcher.next, catcher.assign) for catcher in state.catch)


def _assigns(state: State) -> list[Template]:
    found = [state.assign, *(assign for _, assign in _ways(state))]
    return list({id(template): template for template in found if template is not None}.values())


def _graphs(state: State) -> Iterator[tuple[str, Graph]]:
    """The graphs inside a state, each with its place there."""
    if isinstance(state, MapState):
        yield state.processor_field, state.processor
    elif isinstance(state, ParallelState):
        yield from ((f"Branches[{index}]", branch) for index, branch in enumerate(state.branches))
