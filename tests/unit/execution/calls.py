"""One evaluation as a host makes it, without the host."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from contextvars import copy_context
from typing import Any

from vedette import Definitions
from vedette.domain.logs import LogRecord
from vedette.domain.ticks import Evaluation, EvaluationInstruction
from vedette.execution.evaluation import Call
from vedette.execution.resource_scopes import SharedResources


async def evaluate(
    definitions: Definitions,
    instruction: EvaluationInstruction,
    on_begin: Callable[[], None] = lambda: None,
    on_log: Callable[[LogRecord], None] = lambda _: None,
    executor: Executor | None = None,
    shared: SharedResources | None = None,
) -> Evaluation:
    call, context = Call(definitions, instruction, on_begin, on_log, shared), copy_context()
    if not call.is_async:
        loop = asyncio.get_running_loop()

        def call_async(awaitable: Awaitable[Any]) -> Any:
            async def awaited() -> Any:
                return await awaitable

            return asyncio.run_coroutine_threadsafe(awaited(), loop).result()

        evaluation = await loop.run_in_executor(executor, context.run, call.in_thread, call_async)
        if evaluation is not None:
            return evaluation
    return await asyncio.get_running_loop().create_task(call.in_loop(executor), context=context)
