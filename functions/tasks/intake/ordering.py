"""What leaving out the `ordering_key` means. A stage chooses (`taskline:defaultOrdering`)."""

from enum import StrEnum

from functions.tasks.model import NewTask


class DefaultOrdering(StrEnum):
    """Which key a task gets that was submitted without one."""

    ONE_KEY = "one-key"
    UNORDERED = "unordered"

    def keyed(self, task: NewTask, task_id: str) -> NewTask:
        """The task with the key that it is recorded under.

        Without an order it is its own id: a key that no other task has, so that the task waits for none. Group, lists
        and redrive follow from the key, and need not know how it came about.
        """
        if self is DefaultOrdering.ONE_KEY or _names_a_key(task):
            return task
        return task.model_copy(update={"ordering_key": task_id})

    def chosen_key(self, task: NewTask) -> dict[str, str]:
        """The key, where naming the default one is not the same as leaving it out; otherwise nothing."""
        differs = self is DefaultOrdering.UNORDERED and _names_a_key(task)
        return {"ordering_key": task.ordering_key} if differs else {}


def _names_a_key(task: NewTask) -> bool:
    return "ordering_key" in task.model_fields_set
