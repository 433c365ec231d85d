"""The reference: what Vedette does, said in the simplest way, with neither a database nor a process."""

from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Request:
    """A run that an evaluation asks for: `label` is unique, `key` is its run key, held for as long as `dedup` says."""

    label: str
    job: str
    key: str | None
    dedup: str = "FOREVER"


@dataclass
class Keys:
    """The run keys of a sensor or of all jobs: each with the label of the run that holds it, and for how long."""

    held: dict[str, tuple[str, str]] = field(default_factory=dict)

    def take(self, request: Request) -> bool:
        """Tell whether the request gets a run."""
        if request.key is None:
            return True
        return self.held.setdefault(request.key, (request.label, request.dedup))[0] == request.label

    def ended(self, label: str, status: str) -> None:
        """Free the key of a run that has ended, if that does."""
        freeing = {"FOREVER": (), "TTL": (), "UNTIL_SUCCESS": ("FAILURE", "CANCELED")}
        self.held = {
            key: (holder, dedup)
            for key, (holder, dedup) in self.held.items()
            if holder != label or status not in freeing.get(dedup, ("SUCCESS", "FAILURE", "CANCELED"))
        }

    def lapsed(self) -> None:
        """Free what is held for a time: it has passed."""
        self.held = {key: (holder, dedup) for key, (holder, dedup) in self.held.items() if dedup != "TTL"}


@dataclass
class Sensor:
    """A sensor; `starts` and `stops` count how often it began to run and was stopped."""

    default: str = "STOPPED"
    loaded: bool = False
    status: str = "STOPPED"
    by_person: bool = False
    starts: int = 0
    stops: int = 0
    cursor: str | None = None
    version: int = 0
    keys: Keys = field(default_factory=Keys)

    def become(self, status: str) -> None:
        """Run or stop."""
        self.starts += status == "RUNNING" != self.status
        self.status = status

    def decided(self, status: str, *, by_person: bool) -> None:
        """Take a person's decision, or the code's that a person asked for."""
        self.stops += status == "STOPPED"
        self.become(status)
        self.by_person = by_person

    def deployed(self, default: str) -> None:
        """Take new code: its default counts while no person has decided."""
        self.loaded, self.default = True, default
        if not self.by_person and self.status != default:
            self.stops += default == "STOPPED"
            self.become(default)

    def edited(self, cursor: str | None, expected: int | None) -> bool:
        """Set the cursor; False where it has another version."""
        if expected is not None and expected != self.version:
            return False
        self.cursor, self.version = cursor, self.version + 1
        return True

    def allows(self, before: "Sensor") -> bool:
        """Tell whether what began at `before` may have its effects now."""
        stopped = (
            self.status == "STOPPED" or self.starts != before.starts
            if before.status == "RUNNING"
            else self.status == "STOPPED" and self.stops != before.stops
        )
        return self.loaded and not stopped and self.version == before.version


@dataclass
class Run:
    """A run; `claims` tells claims of it apart, `canceling` that somebody asked for its end."""

    job: str
    status: str = "QUEUED"
    attempt: int = 1
    claims: int = 0
    canceling: bool = False


class World:
    """All of it. `shift` counts evaluators in a row: what began under an earlier one writes nothing."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.sensors = {name: Sensor() for name in names}
        self.runs: dict[str, Run] = {}
        self.job_keys = Keys()
        self.shift = 0

    def snapshot(self, name: str) -> Sensor:
        """Return the sensor as it stands, for an evaluation that begins now."""
        return replace(self.sensors[name])

    def ticked(self, name: str, before: Sensor, shift: int, cursor: str | None, requests: list[Request]) -> None:
        """Take in what an evaluation that began at `before` came to."""
        sensor = self.sensors[name]
        if shift != self.shift or not sensor.allows(before):
            return
        for request in requests:
            if sensor.keys.take(request):
                self.runs[request.label] = Run(request.job)
        if cursor != before.cursor:
            sensor.edited(cursor, None)

    def launched(self, request: Request) -> None:
        """Take in a run asked for by hand: a key is held once a job."""
        if self.job_keys.take(request):
            self.runs[request.label] = Run(request.job)

    def all_keys(self) -> list[Keys]:
        """Return the keys of each sensor, and those of the jobs."""
        return [self.job_keys, *(sensor.keys for sensor in self.sensors.values())]

    def ended(self, label: str, status: str) -> None:
        """Take in the end of a run."""
        self.runs[label].status = status
        for keys in self.all_keys():
            keys.ended(label, status)

    def passed(self) -> None:
        """Take in that so much time has passed that all that is held for a time is free."""
        for keys in self.all_keys():
            keys.lapsed()

    def released(self, name: str, key: str) -> bool:
        """Free a key of a sensor; return whether it was held."""
        return self.sensors[name].keys.held.pop(key, None) is not None

    def cancelled(self, label: str) -> None:
        """Cancel: at once while it waits, else its launcher is asked to."""
        run = self.runs[label]
        if run.status == "QUEUED":
            self.ended(label, "CANCELED")
        elif run.status in ("STARTING", "STARTED"):
            run.canceling = True

    def claimed(self, labels: list[str]) -> None:
        """A launcher takes runs from the queue."""
        for label in labels:
            run = self.runs[label]
            assert run.status == "QUEUED", label
            run.status, run.claims = "STARTING", run.claims + 1

    def lost(self) -> None:
        """The launcher dies, and the next one tells what became of its runs."""
        for label, run in self.runs.items():
            if run.status not in ("STARTING", "STARTED"):
                continue
            run.claims += 1
            if run.canceling:
                self.ended(label, "CANCELED")
            elif run.status == "STARTING":
                run.status = "QUEUED"
            elif run.job == "again":
                run.status, run.attempt = "QUEUED", run.attempt + 1
            else:
                self.ended(label, "FAILURE")
