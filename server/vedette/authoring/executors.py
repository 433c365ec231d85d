"""How the ops of a run are executed: one after another, in the run's own process; the one way there is."""

from typing import Any

from vedette.authoring.text import shown
from vedette.errors import DefinitionError


class ExecutorDefinition:
    """A way to execute the ops of a run. `in_process_executor` is the only one."""

    def __init__(self, name: str) -> None:
        """Name it."""
        self.name = name

    def configured(self, config: Any) -> "ExecutorDefinition":
        """Return it: there is nothing to configure. Settings say how many runs are executed at a time."""
        return self

    def __repr__(self) -> str:
        """Show the name."""
        return f"<executor {self.name}>"


in_process_executor = ExecutorDefinition("in_process_executor")


def check_executor(owner: str, executor: object) -> None:
    """Raise DefinitionError for what is no executor."""
    if executor is not None and not isinstance(executor, ExecutorDefinition):
        raise DefinitionError(
            f"The executor of {owner} is in_process_executor, not {shown(executor)}: the ops of a run are executed in"
            " its own process. Leave it out."
        )
