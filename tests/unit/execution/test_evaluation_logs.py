# ruff: noqa: T201 (print() is what is tested)
import asyncio
import logging
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from unit.execution.calls import evaluate
from vedette import Definitions, SensorDefinition, SensorEvaluationContext
from vedette.domain.logs import LogLevel, LogRecord
from vedette.domain.ticks import Evaluation, EvaluationInstruction


async def evaluated(function: Any, on_log: Callable[[LogRecord], None] = lambda _: None) -> Evaluation:
    definitions = Definitions(sensors=[SensorDefinition("s", evaluation_fn=function)])
    return await evaluate(definitions, EvaluationInstruction(uuid4(), "s", 60.0), on_log=on_log)


def lines(evaluation: Evaluation) -> list[tuple[str, str, str]]:
    assert evaluation.error is None, evaluation.error
    return [(record.level, record.logger, record.message) for record in evaluation.logs]


def says_it_all(context: SensorEvaluationContext) -> None:
    context.log.debug("debug %d", 1)
    context.log.critical("critical")
    print("printed", 1)
    print("half ", end="")
    print("line\nnext", file=sys.stderr)
    print("whole")
    logging.getLogger("theirs").warning("logged %s", "x")
    print("unended", end="")


async def says_it_all_async(context: SensorEvaluationContext) -> None:
    await asyncio.to_thread(says_it_all, context)


@pytest.mark.parametrize("function", [says_it_all, says_it_all_async])
async def test_log_print_and_logging_are_kept_in_order_and_told_live(
    function: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    live: list[LogRecord] = []
    evaluation = await evaluated(function, live.append)
    assert lines(evaluation) == [
        ("DEBUG", "sensor", "debug 1"),
        ("CRITICAL", "sensor", "critical"),
        ("INFO", "stdout", "printed 1"),
        ("WARNING", "stderr", "line"),
        ("WARNING", "stderr", "next"),
        ("INFO", "stdout", "half whole"),
        ("WARNING", "theirs", "logged x"),
        ("INFO", "stdout", "unended"),
    ]
    assert tuple(live) == evaluation.logs
    print("outside")
    assert capsys.readouterr().out == "outside\n"


async def test_concurrent_evaluations_keep_their_lines_apart() -> None:
    together = threading.Barrier(2, timeout=30)
    entered = asyncio.Event()

    def sync(context: SensorEvaluationContext) -> None:
        together.wait()
        print("sync")
        together.wait()
        context.log.info("sync")

    async def first() -> None:
        print("first")
        await entered.wait()
        print("first again")

    async def second() -> None:
        print("second")
        entered.set()

    results = await asyncio.gather(*(evaluated(one) for one in (sync, sync, first, second)))
    assert [[message for _, _, message in lines(one)] for one in results] == [
        ["sync", "sync"],
        ["sync", "sync"],
        ["first", "first again"],
        ["second"],
    ]


async def test_exceptions_that_are_logged_come_with_their_error() -> None:
    def logs(context: SensorEvaluationContext) -> None:
        try:
            raise ValueError("boom")
        except ValueError:
            context.log.exception("failed")
            logging.getLogger("theirs").error("too", exc_info=True)  # noqa: G201 (that is the test)

    for record in (await evaluated(logs)).logs:
        assert record.level is LogLevel.ERROR
        assert record.error is not None
        assert (record.error.type, record.error.message) == ("ValueError", "boom")


async def test_the_logs_of_a_failed_evaluation_are_kept() -> None:
    def fails() -> None:
        print("before")
        raise ValueError

    evaluation = await evaluated(fails)
    assert evaluation.error is not None
    assert [record.message for record in evaluation.logs] == ["before"]


async def test_logs_are_bounded_and_say_so() -> None:
    def chatters(context: SensorEvaluationContext) -> None:
        for number in range(5000):
            context.log.info("%d", number)
        print("x" * 100_000)

    logs = (await evaluated(chatters)).logs
    assert len(logs) == 1002
    assert logs[999].message == "999"
    assert logs[1000].level is LogLevel.WARNING
    assert "More than 1000 log lines" in logs[1000].message
    assert logs[1001].message == f"4002 log lines of {4000 * 4 + 8192 + 25} bytes were dropped."


async def test_a_long_or_unstorable_line_is_cut_and_cleaned() -> None:
    def writes(context: SensorEvaluationContext) -> None:
        context.log.info("é" * 10_000)
        print("a\x00b\udc80")
        sys.stdout.write("y" * 20_000)

    logs = (await evaluated(writes)).logs
    assert logs[0].message == "é" * 4096 + " … (cut after 8192 bytes)"
    assert logs[1].message == "a?b?"
    assert logs[2].message.startswith("y" * 8192 + " …")
    assert len(logs) == 3


async def test_a_line_that_cannot_be_formatted_does_no_harm() -> None:
    class Hostile:
        def __str__(self) -> str:
            raise RuntimeError("no")

    def logs(context: SensorEvaluationContext) -> None:
        context.log.info("%d", "x")
        context.log.info(Hostile())

    assert ["cannot be formatted" in record.message for record in (await evaluated(logs)).logs] == [True, True]


async def test_a_handler_on_stderr_does_not_double_a_line() -> None:
    def logs() -> None:
        handler = logging.StreamHandler(sys.stderr)
        logger = logging.getLogger("own")
        logger.addHandler(handler)
        try:
            logger.warning("once")
        finally:
            logger.removeHandler(handler)

    assert lines(await evaluated(logs)) == [("WARNING", "own", "once")]


async def test_logging_that_the_author_sets_up_anew_is_captured_all_the_same() -> None:
    def logs() -> None:
        logger = logging.getLogger("apart")
        logger.propagate, logger.level = False, logging.DEBUG
        logger.debug("apart")

    assert lines(await evaluated(logs)) == [("DEBUG", "apart", "apart")]


async def test_what_a_thread_says_after_the_end_is_dropped() -> None:
    ended, said = threading.Event(), threading.Event()

    def leaves_thread(context: SensorEvaluationContext) -> None:
        def late() -> None:
            ended.wait(30)
            context.log.info("late")
            said.set()

        threading.Thread(target=late).start()
        context.log.info("in time")

    live: list[LogRecord] = []
    evaluation = await evaluated(leaves_thread, live.append)
    ended.set()
    assert await asyncio.to_thread(said.wait, 30)
    assert [record.message for record in live] == ["in time"]
    assert evaluation.logs == tuple(live)


async def test_logs_are_bounded_in_bytes_too() -> None:
    def writes(context: SensorEvaluationContext) -> None:
        for _ in range(200):
            context.log.info("x" * 8000)

    logs = (await evaluated(writes)).logs
    assert sum(len(record.message) for record in logs[:-2]) <= 1024 * 1024
    assert logs[-1].message == f"{200 - len(logs) + 2} log lines of {(200 - len(logs) + 2) * 8000} bytes were dropped."


POOL = ThreadPoolExecutor(2)


async def test_threads_speak_for_the_evaluation_that_started_them() -> None:
    def starts(context: SensorEvaluationContext) -> None:
        def says(text: str) -> None:
            print(text)
            logging.getLogger("theirs").warning(text)

        thread = threading.Thread(target=says, args=[f"thread {context.cursor}"])
        thread.start()
        thread.join()
        POOL.submit(says, f"pool {context.cursor}").result()

    definitions = Definitions(sensors=[SensorDefinition("s", evaluation_fn=starts)])
    instructions = [EvaluationInstruction(uuid4(), "s", 60.0, f"{number}") for number in range(20)]
    evaluations = await asyncio.gather(*(evaluate(definitions, instruction) for instruction in instructions))
    for number, evaluation in enumerate(evaluations):
        assert sorted(lines(evaluation)) == [
            ("INFO", "stdout", f"pool {number}"),
            ("INFO", "stdout", f"thread {number}"),
            ("WARNING", "theirs", f"pool {number}"),
            ("WARNING", "theirs", f"thread {number}"),
        ]


async def test_what_a_thread_prints_after_the_end_goes_where_the_processs_output_goes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ended, said = threading.Event(), threading.Event()

    def leaves_thread() -> None:
        def late() -> None:
            ended.wait(30)
            print("printed late")
            said.set()

        threading.Thread(target=late).start()

    evaluation = await evaluated(leaves_thread)
    ended.set()
    assert await asyncio.to_thread(said.wait, 30)
    assert evaluation.logs == ()
    assert "printed late" in capsys.readouterr().out
