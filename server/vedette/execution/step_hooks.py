"""Hooks of a run's steps: which there are for a step, and calling one."""

from collections.abc import Awaitable, Callable
from typing import Any

from vedette.authoring.assets.specs import DEFAULT_IO_MANAGER_KEY
from vedette.authoring.graph import Node
from vedette.authoring.hooks import HookContext, HookDefinition
from vedette.authoring.jobs import JobDefinition
from vedette.domain.events import RunEventKind
from vedette.execution.errors import describe
from vedette.execution.run_journal import RunJournal


def hooks_of(job: JobDefinition, node: Node, *, failed: bool) -> list[HookDefinition]:
    """Return the hooks to call after a step, those of its op and of the job, each once and in order of their names."""
    both = {hook.name: hook for hook in (*job.hooks, *node.op.hooks)}
    return [both[name] for name in sorted(both) if (both[name].trigger == "failure") == failed]


def needed_by(job: JobDefinition, node: Node) -> frozenset[str]:
    """Return the keys of the resources that a step and the hooks after it may use."""
    keys = node.op.required_resource_keys.union(*(hook.required_resource_keys for hook in job.hooks))
    managers = {DEFAULT_IO_MANAGER_KEY} if node.assets is None else node.assets.io_manager_keys
    return keys | (managers & job.resources.by_key.keys())


def run_hook(
    hook: HookDefinition,
    context: HookContext,
    call_async: Callable[[Awaitable[Any]], Any],
    journal: RunJournal,
    interrupts: tuple[type[BaseException], ...],
) -> None:
    """Call a hook and tell in the journal how that went; only what `interrupts` the run is raised."""
    try:
        result = hook.hook_fn(context)
        if isinstance(result, Awaitable):
            call_async(result)
    except interrupts:
        raise
    except BaseException as exception:
        error = describe(exception)
        message = f'Hook "{hook.name}" failed, which changes nothing else: {error.type}: {error.message}'
        journal.add(RunEventKind.ENGINE, context.step_key, message, error)
    else:
        journal.add(RunEventKind.ENGINE, context.step_key, f'Hook "{hook.name}" was called.')
