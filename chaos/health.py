"""A probe: asks a server for its health over and over, and holds the answers against what the sensors did.

The sensors tell a file of their own, the pulse, when they are evaluated: it knows what the server may not claim.
"""

import threading
import time
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import httpx

PAUSE_SECONDS = 0.25
ANSWER_SECONDS = 10.0
# The limit and the interval of the trial's sensors, and what a busy machine may add to either side.
LIMIT_SECONDS = 1.5
INTERVAL_SECONDS = 0.4
SLACK_SECONDS = 1.5


@dataclass(frozen=True)
class Sample:
    """One answer: when it was asked for and when it came (seconds since 1970), its status code and its reason."""

    path: str
    began: float
    ended: float
    code: int
    reason: str


class HealthWatch:
    """Asks `/healthz` and `/readyz` of a server from `start` to `stop`; one that does not answer is no answer."""

    def __init__(self, address: str, pulse: Path) -> None:
        self.samples: list[Sample] = []
        self._url = f"http://{address}"
        self._pulse = pulse
        self._client = httpx.Client(timeout=ANSWER_SECONDS)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="probe")

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._stopped.set()
        self._thread.join()
        self._client.close()

    def longest_silence(self) -> float:
        """Return for how long, at most, a sensor was not evaluated, in seconds."""
        pulses = [times for times in self._pulses().values() if len(times) > 1]
        return max(after - before for times in pulses for before, after in pairwise(sorted(times)))

    def ask(self, path: str) -> Sample | None:
        """Ask once; None where nobody answers."""
        began = time.time()
        try:
            answer = self._client.get(self._url + path)
        except httpx.TransportError:
            return None
        return Sample(path, began, time.time(), answer.status_code, str(answer.json().get("reason", "")))

    def between(self, began: float, ended: float, path: str) -> list[Sample]:
        """Return what was asked and answered between two moments."""
        return [one for one in self.samples if one.path == path and one.began >= began and one.ended <= ended]

    def problems(self) -> list[str]:
        """Return the answers that were no truth: called ready while a sensor had long not been evaluated."""
        pulses = self._pulses()
        lies = [lie for sample in list(self.samples) if (lie := _lie(sample, pulses))]
        mute = [
            s.reason or s.path for s in self.samples if s.code not in (200, 503) or (s.code == 503 and not s.reason)
        ]
        found = (("answers of /readyz were wrong", lies), ("answers gave no reason", mute))
        return [f"{len(cases)} {what}: {cases[0]}" for what, cases in found if cases]

    def _pulses(self) -> dict[str, list[float]]:
        pulses: dict[str, list[float]] = defaultdict(list)
        if self._pulse.exists():
            for line in self._pulse.read_text().splitlines():
                name, at = line.split()
                pulses[name].append(float(at))
        return pulses

    def _watch(self) -> None:
        while not self._stopped.wait(PAUSE_SECONDS):
            for path in ("/healthz", "/readyz"):
                if sample := self.ask(path):
                    self.samples.append(sample)


def _lie(sample: Sample, pulses: dict[str, list[float]]) -> str | None:
    """Say how `sample` called ready what was not, if it did."""
    if sample.path != "/readyz" or sample.code != 200:
        return None
    for name, times in pulses.items():
        before = bisect_right(times, sample.ended)
        if before and (silent := sample.began - times[before - 1]) > LIMIT_SECONDS + INTERVAL_SECONDS + SLACK_SECONDS:
            return f"ready, and {name} had not been evaluated for {silent:.1f} s"
    return None
