"""One sensor misbehaves, fifty others are in the same host: it is blamed, clearly, and they all succeed meanwhile."""

import asyncio

import pytest

from integration.hosts.projects import Project, evaluate
from vedette.domain.ticks import Evaluation
from vedette.hosts.locations import CodeLocation

INNOCENTS = """
@sensor()
def innocent(context):
    time.sleep(0.05)
    context.update_cursor("seen")

@sensor()
async def async_innocent(context):
    await asyncio.sleep(0.05)
    context.update_cursor("seen")

"""

SYNC = {
    "exits": ("os._exit(3)", "exited with code 3"),
    "segfaults": ("ctypes.string_at(0)", "signal 11 (SIGSEGV)"),
    "kills itself": ("os.kill(os.getpid(), 9)", "signal 9 (SIGKILL)"),
    "loops": ("while True: pass", "longer than its timeout of 1 s"),
    "sleeps": ("time.sleep(60)", "longer than its timeout of 1 s"),
    "holds the interpreter": ('re.match(r"(a+)+$", "a" * 40 + "b")', "longer than its timeout of 1 s"),
    "eats memory": ("hoard = [bytearray(1 << 24) for _ in range(100_000)]", "may take 300 MiB"),
    "closes the socket": ("os.closerange(3, 100); time.sleep(60)", "during this evaluation"),
}
ASYNC = {
    "exits": ("os._exit(3)", "exited with code 3"),
    "loops": ("while True: pass", "longer than its timeout of 1 s"),
    "sleeps": ("time.sleep(60)", "longer than its timeout of 1 s"),
    "awaits": ("await asyncio.sleep(60)", "longer than its timeout of 1 s"),
    "swallows its cancellation": (
        """
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                pass
        """,
        "longer than its timeout of 1 s",
    ),
}
# For so long the culprits would do their harm, if they were left alone.
HARM_SECONDS = 60.0
CASES = [("", *case) for case in SYNC.items()] + [("async ", *case) for case in ASYNC.items()]


async def innocents(location: CodeLocation) -> list[Evaluation]:
    """Evaluate fifty that go on while the culprit does its harm."""
    names = ["innocent", "async_innocent"] * 25
    return await asyncio.gather(*(evaluate(location, name) for name in names))


@pytest.mark.parametrize(("kind", "case", "how"), CASES, ids=[f"{kind}{case}" for kind, case, _ in CASES])
async def test_the_culprit_is_blamed_and_fifty_innocents_succeed(
    project: Project, kind: str, case: str, how: tuple[str, str]
) -> None:
    body, words = how
    lines = "\n".join("    " + line.removeprefix("    " * 2) for line in body.strip("\n").splitlines())
    project.write("")
    project.path.write_text(project.path.read_text() + INNOCENTS + f"@sensor()\n{kind}def culprit():\n{lines}\n")

    async with project.served(host_memory_mb=300, host_stall_seconds=1.0) as location:
        assert location.error is None
        first = asyncio.create_task(innocents(location))
        # What ends by itself has the time that it takes on a busy machine.
        timeout = 1.0 if "timeout" in words else HARM_SECONDS
        culprit = asyncio.create_task(evaluate(location, "culprit", timeout=timeout))
        second = asyncio.create_task(innocents(location))
        async with asyncio.timeout(HARM_SECONDS):
            for evaluation in [*await first, *await second]:
                assert evaluation.error is None
                assert evaluation.cursor == "seen"
        blamed = await culprit
        later = await innocents(location)

    assert blamed.error is not None
    assert words in blamed.error.message
    assert not blamed.cursor_set
    assert all(evaluation.error is None for evaluation in later)


async def test_what_held_up_a_host_is_evaluated_apart_from_then_on(project: Project) -> None:
    project.write(INNOCENTS + "@sensor()\ndef heavy():\n    ctypes.PyDLL(None).usleep(1_500_000)\n")
    async with project.served(host_stall_seconds=0.4) as location:
        blocked = asyncio.create_task(evaluate(location, "heavy"))
        await asyncio.gather(*(evaluate(location, "async_innocent") for _ in range(10)))
        # It took the interpreter for longer than a host may be silent, but not longer than it may take itself.
        assert (await blocked).error is None

        again = asyncio.create_task(evaluate(location, "heavy"))
        await asyncio.gather(*(evaluate(location, "async_innocent") for _ in range(10)))
        assert not again.done()
        assert (await again).error is None


async def test_the_last_lines_before_a_crash_are_kept(project: Project) -> None:
    project.write("""
        @sensor()
        def crashes(context):
            context.log.info("about to crash")
            print("now")
            ctypes.string_at(0)
    """)
    async with project.served() as location:
        evaluation = await evaluate(location, "crashes")
    assert [record.message for record in evaluation.logs] == ["about to crash", "now"]


async def test_a_result_that_is_too_large_is_an_error_of_its_evaluation(project: Project) -> None:
    project.write("""
        @op
        def work(): pass

        @job
        def works(): work()

        @sensor(job=works)
        def huge():
            return [RunRequest(run_key=str(i), tags={"t": "x" * 1_000_000}) for i in range(80)]
    """)
    async with project.served() as location:
        evaluation = await evaluate(location, "huge")
    assert evaluation.error is not None
    assert evaluation.run_requests == ()


async def test_a_hundred_hanging_sensors_do_not_stop_the_others(project: Project) -> None:
    project.write(INNOCENTS + "@sensor()\ndef hangs():\n    time.sleep(60)\n")
    async with project.served(evaluations_per_host=16, hosts_per_location=8) as location:
        hanging = [asyncio.create_task(evaluate(location, "hangs", timeout=2.0)) for _ in range(100)]
        await asyncio.sleep(0)
        assert all(one.error is None for one in await innocents(location))
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
