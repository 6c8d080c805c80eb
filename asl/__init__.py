"""An interpreter for Express and Standard workflows written in Amazon States Language with JSONata.

machine = Machine.load(text)
outcome = machine.run({"order": 7}, tasks=FakeTasks({"Charge": [{"result": "ok"}]}), clock=VirtualClock())
"""

from asl.core.clock import Clock, RealClock, VirtualClock
from asl.core.errors import DefinitionError, MissingFake, Problem, TaskFailure
from asl.execution.checkpoint import Checkpoint
from asl.execution.commands import Group, Sleep
from asl.execution.context import ExecutionContext
from asl.execution.history import Chain, History, HistoryEvent, Observer
from asl.execution.scheduler import Scheduler
from asl.execution.tasks import Taking, TaskRequest, TaskRunner
from asl.fakes import FakeTasks
from asl.machine import ExecutionStatus, Machine, Outcome, Resumed, end

__all__ = [
    "Chain",
    "Checkpoint",
    "Clock",
    "DefinitionError",
    "ExecutionContext",
    "ExecutionStatus",
    "FakeTasks",
    "Group",
    "History",
    "HistoryEvent",
    "Machine",
    "MissingFake",
    "Observer",
    "Outcome",
    "Problem",
    "RealClock",
    "Resumed",
    "Scheduler",
    "Sleep",
    "Taking",
    "TaskFailure",
    "TaskRequest",
    "TaskRunner",
    "VirtualClock",
    "end",
]
