"""A sensor leaks a little tick after tick: nobody else notices, and nothing of it outlives its code location."""

import psutil
import pytest

from integration.hosts.projects import Project, evaluate, until
from integration.hosts.test_culprits import INNOCENTS, innocents

TICKS = 12
# A length of sleep that nothing else on the machine has.
SLEEP = "86399.25"
LEAKS = {
    "threads": "for _ in range(10): threading.Thread(target=threading.Event().wait, daemon=True).start()",
    "processes": f"for _ in range(10): subprocess.Popen(['sleep', '{SLEEP}'])",
    "forks": f"[os.fork() or os.execlp('sleep', 'sleep', '{SLEEP}') for _ in range(10)]",
    "descriptors": "[os.dup(1) for _ in range(100)]",
    "memory": "globals().setdefault('hoard', []).append(bytearray(50 << 20))",
}


def leaked() -> list[int]:
    return [process.pid for process in psutil.process_iter(["cmdline"]) if SLEEP in (process.info["cmdline"] or [])]


@pytest.mark.parametrize("case", LEAKS)
async def test_a_sensor_that_leaks_tick_after_tick_harms_nobody(project: Project, case: str) -> None:
    project.write("")
    body = f"@sensor()\ndef leaks(context):\n    {LEAKS[case]}\n    context.update_cursor('leaked')\n"
    project.path.write_text(project.path.read_text() + INNOCENTS + body)
    async with project.served(host_memory_mb=300) as location:
        ends = []
        for _ in range(TICKS):
            ends.append(await evaluate(location, "leaks"))
            assert all(one.error is None for one in await innocents(location))
        # What the system refuses at last, it refuses to the sensor that asked for it.
        assert ends[0].cursor == "leaked"
        assert {one.error.type for one in ends if one.error is not None} <= {"RuntimeError", "OSError", "MemoryError"}
    await until(lambda: not leaked(), "the end of what was leaked")
