"""Sensors made of sources: each item that is new is asked about once, and its run is launched once."""

import inspect
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from vedette.authoring.contexts import SensorEvaluationContext
from vedette.authoring.run_requests import RunRequest
from vedette.authoring.sensor_results import SensorResult
from vedette.authoring.sensors import SensorDefinition
from vedette.authoring.text import shown
from vedette.errors import DefinitionError, InvalidResult
from vedette.sources.source import Changes, Item, Source

T = TypeVar("T", bound=Item)

Asked = RunRequest | Iterable[RunRequest] | None
Ask = Callable[..., Any]


def source_sensor(
    source: Source[T], *, name: str | None = None, **options: Any
) -> Callable[[Callable[..., Asked]], SensorDefinition]:
    """Make a sensor of a source and a function that is called with each new item: `(item)` or `(context, item)`.

    The function returns a RunRequest, several, or None for an item that is to be passed over. A request without a
    run_key gets the item's key. The cursor goes on with the tick that asks for the runs, in one transaction, so that
    each item is asked about until a tick with it was recorded, and its run is launched once.

    A source that can wait, or is a folder, makes the sensor due at once; its interval is what it falls back on.
    Other options are those of `sensor`. Raises DefinitionError.
    """
    if not isinstance(source, Source):
        raise DefinitionError(f"source_sensor takes a Source, not {shown(source)}.")

    def define(function: Callable[..., Asked]) -> SensorDefinition:
        ask = _asking(function)
        evaluate = _evaluation(source, ask)
        chosen = dict(options)
        if source.watch or source.pushes:
            chosen.setdefault("watch", source)
        chosen.setdefault("description", inspect.getdoc(function))
        return SensorDefinition(name or function.__name__, evaluation_fn=evaluate, **chosen)

    return define


def build_sensor_for_source(source: Source[T], *, name: str, **options: Any) -> SensorDefinition:
    """Make a sensor that asks for a run for each item of a source that is new, with its key as run key and tag.

    The options are those of `source_sensor`. Raises DefinitionError.
    """

    def item_is_new(item: T) -> RunRequest:
        return RunRequest(tags={"vedette/item": item.key})

    options.setdefault("description", f"Asks for a run for each item that is new in {type(source).__name__}.")
    return source_sensor(source, name=name, **options)(item_is_new)


def _asking(function: Ask) -> Ask:
    """Return the function as one of context and item."""
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise DefinitionError(f"The function {shown(function)} of a source's sensor is a plain def, not an async def.")
    wanted = [
        one for one in inspect.signature(function).parameters.values() if one.default is inspect.Parameter.empty
    ]  # fmt: skip
    if len(wanted) not in (1, 2):
        raise DefinitionError(f"The function {shown(function)} of a source's sensor takes (item) or (context, item).")
    return function if len(wanted) == 2 else lambda _, item: function(item)


def _evaluation(source: Source[T], ask: Ask) -> Ask:
    if not inspect.iscoroutinefunction(source.changes):

        def look(context: SensorEvaluationContext) -> SensorResult:
            changes = source.changes(context.cursor)
            assert isinstance(changes, Changes)
            return _result(context, ask, changes)

        return look

    async def look_async(context: SensorEvaluationContext) -> SensorResult:
        return _result(context, ask, await _changes(source, context.cursor))

    return look_async


async def _changes(source: Source[T], cursor: str | None) -> Changes[T]:
    changes = source.changes(cursor)
    return changes if isinstance(changes, Changes) else await changes


def _result(context: SensorEvaluationContext, ask: Ask, changes: Changes[T]) -> SensorResult:
    requests = [request for item in changes.items for request in _requests(item, ask(context, item))]
    if changes.cursor != context.cursor:
        context.update_cursor(changes.cursor)
    if requests:
        return SensorResult(run_requests=requests)
    passed = f"{len(changes.items)} new, none of which a run is wanted for." if changes.items else "Nothing new."
    return SensorResult(skip_reason=passed)


def _requests(item: Item, asked: object) -> list[RunRequest]:
    """Return what was asked for, each with a run key of its own."""
    if asked is None:
        return []
    requests = [asked] if isinstance(asked, RunRequest) else list(asked) if isinstance(asked, Iterable) else [asked]
    keyed = []
    for number, request in enumerate(requests):
        if not isinstance(request, RunRequest):
            raise InvalidResult(
                f"The function of a source's sensor returns RunRequest or None for each item, not {shown(request)}."
            )
        key = item.key if number == 0 else f"{item.key}#{number + 1}"
        keyed.append(request if request.run_key is not None else request.with_replaced_attrs(run_key=key))
    return keyed
