"""Building one resource, whatever kind of function or class makes it, and tearing it down."""

import contextlib
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from vedette.authoring.resources.definition import ResourceDefinition
from vedette.authoring.resources.init_context import InitResourceContext
from vedette.execution.resource_drivers import Driver

Exit = Callable[[Driver], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Built:
    """A resource that is built: `exit` tears it down, None where nothing is to be torn down."""

    label: str
    value: Any
    exit: Exit | None = None


async def build(definition: ResourceDefinition, label: str, context: InitResourceContext, driver: Driver) -> Built:
    """Build a resource; what user code raises gets a note that says which it was."""
    try:
        if definition.is_plain:
            return Built(label, definition.begin(context))
        begun = await driver.call(lambda: definition.begin(context))
        return await _entered(label, _as_manager(begun), driver)
    except Exception as exception:
        exception.add_note(f'This happened while the resource "{label}" was set up.')
        raise


def _as_manager(begun: Any) -> Any:
    if inspect.isgenerator(begun):
        return contextlib.contextmanager(lambda: begun)()
    if inspect.isasyncgen(begun):
        return contextlib.asynccontextmanager(lambda: begun)()
    return begun


async def _entered(label: str, begun: Any, driver: Driver) -> Built:
    """Enter what contextlib's decorators made; an object that is merely a context manager is the resource itself."""
    if isinstance(begun, contextlib.ContextDecorator) and isinstance(begun, contextlib.AbstractContextManager):
        value = await driver.call(begun.__enter__)
        return Built(label, value, lambda driver: driver.call(lambda: begun.__exit__(None, None, None)))
    if isinstance(begun, contextlib.AsyncContextDecorator) and isinstance(
        begun, contextlib.AbstractAsyncContextManager
    ):
        value = await driver.wait(begun.__aenter__())
        return Built(label, value, lambda driver: driver.wait(begun.__aexit__(None, None, None)))
    if inspect.isawaitable(begun):
        return Built(label, await driver.wait(begun))
    return Built(label, begun)


async def tear_down(built: Built, driver: Driver) -> Exception | None:
    """Tear a resource down; return what user code raised, with a note that says which resource it was."""
    if built.exit is None:
        return None
    try:
        await built.exit(driver)
    except Exception as exception:
        exception.add_note(f'This happened while the resource "{built.label}" was torn down.')
        return exception
    return None
