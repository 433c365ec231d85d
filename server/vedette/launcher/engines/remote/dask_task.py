"""What a worker of Dask executes for a run."""

from distributed import get_worker
from distributed.core import Status

from vedette.launcher.engines.remote.attending import attend

LEAVING = (Status.closing, Status.closed, Status.failed)


def attend_as_task(ticket: str) -> None:
    """Attend a run on this worker; one that closes, as one without a scheduler does, would wait for the run's end."""
    worker = get_worker()
    attend(ticket, lambda: worker.status in LEAVING)
