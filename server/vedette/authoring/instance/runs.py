"""What the instance knows of runs."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec

from vedette.authoring.instance.asking import Asking
from vedette.authoring.instance.filters import (
    STATUS_KINDS,
    RunsFilter,
    RunStatusChangeRecordsFilter,
    moment_of,
    run_ids_of,
)
from vedette.authoring.instance.records import EventRecordsResult, RunRecord, RunStatusChangeRecord
from vedette.authoring.text import shown
from vedette.domain.events import RunEvent, RunEventKind
from vedette.domain.questions import CountRuns, ListRunChanges, ListRunEvents, ListRuns, RunChange
from vedette.domain.runs import Run
from vedette.errors import InvocationError

ORDERS = {None: False, "create_timestamp": False, "id": False, "update_timestamp": True}


class InstanceRuns(Asking):
    """The part of an instance that is about runs."""

    def get_runs(
        self,
        filters: RunsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        *,
        ascending: bool = False,
    ) -> list[Run]:
        """Return the runs that `filters` are about, the newest first; those after the run `cursor`, where given.

        Raises InvocationError, InstanceUnavailable.
        """
        return self._runs(filters, cursor, limit, ascending=ascending, by_update=False)

    def get_run_records(
        self,
        filters: RunsFilter | None = None,
        limit: int | None = None,
        order_by: str | None = None,
        ascending: bool = False,
        cursor: str | None = None,
    ) -> list[RunRecord]:
        """Return the runs with their times, by `create_timestamp` or by `update_timestamp`, the newest first.

        By the latter, all that the filters leave are sorted: narrow them where there are very many.
        Raises InvocationError, InstanceUnavailable.
        """
        if order_by not in ORDERS:
            raise InvocationError(f"order_by is create_timestamp or update_timestamp, not {shown(order_by)}.")
        runs = self._runs(filters, cursor, limit, ascending=ascending, by_update=ORDERS[order_by])
        return [RunRecord(run) for run in runs]

    def _runs(
        self, filters: RunsFilter | None, cursor: str | None, limit: int | None, *, ascending: bool, by_update: bool
    ) -> list[Run]:
        sought = checked(filters, RunsFilter, "filters").sought()
        (begin,) = run_ids_of([cursor]) or (None,) if cursor is not None else (None,)
        if cursor is not None and begin is None:
            raise InvocationError(f"The cursor of get_runs is the id of a run, not {shown(cursor)}.")

        def page(size: int, last: Run | None) -> list[Run]:
            after = begin if last is None else last.id
            found: list[Run] = self._ask(ListRuns(sought, size, after, ascending, by_update), list[Run])
            return found

        return list(self._pages(page, limit))

    def get_runs_count(self, filters: RunsFilter | None = None, limit: int | None = None) -> int:
        """Return how many runs there are, `limit` at most. Raises InvocationError, InstanceUnavailable."""
        count: int = self._ask(CountRuns(checked(filters, RunsFilter, "filters").sought()), int)
        return count if limit is None else min(count, limit)

    def get_run_by_id(self, run_id: str | UUID) -> Run | None:
        """Return the run of an id, None if there is none. Raises InstanceUnavailable."""
        found = self.get_runs(RunsFilter(run_ids=[str(run_id)]), limit=1)
        return found[0] if found else None

    def get_run_record_by_id(self, run_id: str | UUID) -> RunRecord | None:
        """Return the run of an id with its times, None if there is none. Raises InstanceUnavailable."""
        found = self.get_run_by_id(run_id)
        return None if found is None else RunRecord(found)

    def has_run(self, run_id: str | UUID) -> bool:
        """Tell whether there is a run of that id. Raises InstanceUnavailable."""
        return self.get_run_by_id(run_id) is not None

    def get_run_ids(
        self, filters: RunsFilter | None = None, cursor: str | None = None, limit: int | None = None
    ) -> list[str]:
        """Return the ids of the runs that `get_runs` returns."""
        return [run.run_id for run in self.get_runs(filters, cursor, limit)]

    def all_logs(
        self,
        run_id: str | UUID,
        cursor: int | None = None,
        of_type: RunEventKind | Iterable[RunEventKind] | None = None,
        limit: int | None = None,
    ) -> list[RunEvent]:
        """Return the events of a run in order, log lines among them; those of some types only, where given.

        Raises InstanceUnavailable.
        """
        ids = run_ids_of([run_id])
        if not ids:
            return []
        kinds = None if of_type is None else (of_type,) if isinstance(of_type, RunEventKind) else tuple(of_type)

        def page(size: int, last: tuple[int, RunEvent] | None) -> list[Any]:
            after = (cursor or 0) if last is None else last[0]
            found: list[Any] = self._ask(ListRunEvents(ids[0], size, after, kinds), list[tuple[int, RunEvent]])
            return found

        return [event for _, event in self._pages(page, limit)]

    def fetch_run_status_changes(
        self,
        records_filter: RunEventKind | RunStatusChangeRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult[RunStatusChangeRecord]:
        """Return what runs became, in order, the newest first. Raises InvocationError, InstanceUnavailable."""
        wanted = RunStatusChangeRecordsFilter(records_filter) if isinstance(records_filter, str) else records_filter
        question = _changes(checked(wanted, RunStatusChangeRecordsFilter, "records_filter"), limit, ascending)
        if cursor:
            question = beyond(question, int(cursor))
        found = self._changed(question, limit + 1)
        records = [RunStatusChangeRecord(change) for change in found[:limit]]
        return EventRecordsResult(records, _cursor(records, cursor), len(found) > limit)

    def _changed(self, question: ListRunChanges, limit: int) -> list[RunChange]:
        def page(size: int, last: RunChange | None) -> list[RunChange]:
            asked = question if last is None else beyond(question, last.position)
            found: list[RunChange] = self._ask(msgspec.structs.replace(asked, limit=size), list[RunChange])
            return found

        return list(self._pages(page, limit))


def _changes(wanted: RunStatusChangeRecordsFilter, limit: int, ascending: bool) -> ListRunChanges:
    if wanted.event_type not in STATUS_KINDS:
        there = ", ".join(kind.value for kind in STATUS_KINDS)
        raise InvocationError(f"The event_type is one of {there}, not {shown(wanted.event_type)}.")
    return ListRunChanges(
        status=STATUS_KINDS[wanted.event_type],
        limit=limit,
        after=wanted.after_storage_id,
        before=wanted.before_storage_id,
        since=moment_of(wanted.after_timestamp, "after_timestamp"),
        until=moment_of(wanted.before_timestamp, "before_timestamp"),
        job_names=None if wanted.job_names is None else tuple(wanted.job_names),
        ascending=ascending,
    )


def beyond(question: Any, position: int) -> Any:
    """Return the question about what follows `position` in its order."""
    return msgspec.structs.replace(question, **{"after" if question.ascending else "before": position})


def _cursor(records: Sequence[RunStatusChangeRecord], cursor: str | None) -> str:
    return str(records[-1].storage_id) if records else cursor or ""


def checked(given: Any, kind: Any, name: str) -> Any:
    """Return what was given, a default one for None; raises InvocationError for something else."""
    if given is None:
        return kind()
    if not isinstance(given, kind):
        raise InvocationError(f"{name}= is a {kind.__name__}, not {shown(given)}.")
    return given
