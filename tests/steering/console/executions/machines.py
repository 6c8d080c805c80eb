"""Machines of any shape, for the tests of the layout."""

import json

from hypothesis import strategies as st

NAMES = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), min_size=1, max_size=40)


@st.composite
def definitions(draw, most=12):
    """A definition whose states lead anywhere, also back and to themselves."""
    names = draw(st.lists(NAMES, min_size=1, max_size=most, unique=True))
    states = {name: draw(_states(names)) for name in names}
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": names[0], "States": states})


@st.composite
def _states(draw, names):
    target = st.sampled_from(names)
    kind = draw(st.sampled_from(("Task", "Choice", "Pass", "Wait", "Succeed", "Fail")))
    if kind == "Choice":
        rules = [{"Condition": "{% true %}", "Next": one} for one in draw(st.lists(target, min_size=1, max_size=4))]
        return {"Type": kind, "Choices": rules, "Default": draw(target)}
    if kind in ("Succeed", "Fail"):
        return {"Type": kind}
    state = {"Type": kind, **({"End": True} if draw(st.booleans()) else {"Next": draw(target)})}
    if kind == "Task":
        state["Catch"] = [{"ErrorEquals": [draw(NAMES)], "Next": one} for one in draw(st.lists(target, max_size=3))]
    return state


def chain_of(count):
    """A machine of so many states, each of which can fail into the one after the next."""
    states = {}
    for number in range(count):
        following = {"Next": f"State{number + 1}"} if number + 1 < count else {"End": True}
        caught = [{"ErrorEquals": ["States.ALL"], "Next": f"State{min(count - 1, number + 2)}"}]
        states[f"State{number}"] = {"Type": "Task", "Resource": "r", "Catch": caught, **following}
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": "State0", "States": states})
