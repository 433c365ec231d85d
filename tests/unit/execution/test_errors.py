import asyncio
from typing import Any

import msgspec
import pytest

from vedette import RunRequest
from vedette.domain.logs import ErrorInfo
from vedette.execution.errors import describe


def raised(call: Any) -> ErrorInfo:
    with pytest.raises(BaseException) as caught:  # noqa: PT011 (any at all)
        call()
    return describe(caught.value)


def fail() -> None:
    raise ValueError("boom")


def wrap() -> None:
    try:
        fail()
    except ValueError as error:
        raise KeyError("outer") from error


def implicit() -> None:
    try:
        fail()
    except ValueError:
        raise KeyError("outer")  # noqa: B904 (that is the test)


def suppressed() -> None:
    try:
        fail()
    except ValueError:
        raise KeyError("outer") from None


def test_an_error_has_its_type_message_and_the_users_frames() -> None:
    error = raised(fail)
    assert (error.type, error.message) == ("ValueError", "boom")
    assert "in fail" in error.stack[-1]
    assert 'raise ValueError("boom")' in error.stack[-1]


@pytest.mark.parametrize("call", [wrap, implicit])
def test_causes_are_followed(call: Any) -> None:
    error = raised(call)
    assert error.message == "'outer'"
    assert error.cause is not None
    assert (error.cause.type, error.cause.message) == ("ValueError", "boom")


def test_a_suppressed_context_is_not_told() -> None:
    assert raised(suppressed).cause is None


def test_our_own_frames_are_left_out() -> None:
    error = raised(lambda: RunRequest(5))  # type: ignore[arg-type]  # that is the test
    assert len([frame for frame in error.stack if "test_errors" in frame]) == len(error.stack) > 0


class Hostile(Exception):
    def __str__(self) -> str:
        raise SystemExit("no")


class Wrong(Exception):
    def __str__(self) -> str:
        return 5  # type: ignore[return-value]  # noqa: PLE0307 (that is the test)


@pytest.mark.parametrize("kind", [Hostile, Wrong])
def test_an_exception_whose_text_cannot_be_had_is_described(kind: type[Exception]) -> None:
    error = describe(kind())
    assert error.type == kind.__name__
    assert "cannot be had" in error.message


def test_what_is_described_can_always_be_sent() -> None:
    message = describe(ValueError("\udc80 \x00 " + "x" * 100_000)).message
    assert len(message.encode()) < 66_000
    assert "\x00" not in message
    assert msgspec.json.decode(msgspec.json.encode(message)) == message


def test_cycles_long_chains_and_deep_stacks_end() -> None:
    one, two = ValueError("1"), ValueError("2")
    one.__cause__, two.__cause__ = two, one
    described = describe(one)
    assert described.cause is not None
    assert described.cause.cause is None

    def recurse() -> None:
        recurse()

    error = raised(recurse)
    assert error.type == "RecursionError"
    assert len(error.stack) < 51
    assert any("frames left out" in frame for frame in error.stack)

    last = ValueError()
    for _ in range(100):
        following = ValueError()
        following.__cause__ = last
        last = following
    depth, one_of = 0, describe(last)
    while one_of.cause is not None:
        depth, one_of = depth + 1, one_of.cause
    assert depth == 9


def test_a_syntax_error_shows_its_line() -> None:
    error = raised(lambda: compile("x = (\n", "project.py", "exec"))
    assert error.type == "SyntaxError"
    assert 'File "project.py", line 1' in error.stack[-1]


def test_groups_notes_and_exits_say_what_they_hold() -> None:
    async def failing() -> None:
        async with asyncio.TaskGroup() as group:
            _ = group.create_task(asyncio.to_thread(fail))

    error = raised(lambda: asyncio.run(failing()))
    assert "ValueError: boom" in error.message
    assert error.cause is not None
    assert error.cause.message == "boom"

    noted = ValueError("boom")
    noted.add_note("while counting")
    assert describe(noted).message == "boom\nwhile counting"
    assert "sys.exit(3)" in describe(SystemExit(3)).message
