"""What evaluations say of partitions: changes of dynamic ones, and the partitions that run requests are for."""

from collections import Counter
from collections.abc import Iterable

from vedette.authoring.jobs import JobDefinition
from vedette.authoring.partitions.requests import AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest
from vedette.authoring.run_requests import RunRequest
from vedette.domain.partitions import MOST_CHANGED_KEYS, Assumed, DynamicKey, DynamicKeys, PartitionChange
from vedette.errors import InvalidResult

MOST_NAMED = 10


def changes_of(
    requests: Iterable[AddDynamicPartitionsRequest | DeleteDynamicPartitionsRequest],
) -> tuple[PartitionChange, ...]:
    """Return the changes of dynamic partitions that an evaluation asks for.

    Raises InvalidResult for a key that is asked for twice, also where it is to be added and deleted, and for too many.
    """
    changes = tuple(request.change() for request in requests if request.partition_keys)
    asked = Counter((change.definition, key) for change in changes for key in change.keys)
    if asked.total() > MOST_CHANGED_KEYS:
        raise InvalidResult(
            f"dynamic_partitions_requests change {asked.total()} keys; {MOST_CHANGED_KEYS} is the most at once:"
            " keep a cursor and change the rest next time."
        )
    if twice := [DynamicKey(*one) for one, often in asked.items() if often > 1]:
        named = ", ".join(f'"{one.key}" of "{one.definition}"' for one in twice[:MOST_NAMED])
        raise InvalidResult(
            "dynamic_partitions_requests add or delete a key more than once, or do both:"
            f" {named}{' …' if len(twice) > MOST_NAMED else ''}; name each key once."
        )
    return changes


def needed_keys(job: JobDefinition | None, request: RunRequest) -> tuple[DynamicKey, ...]:
    """Return the dynamic keys that there have to be for a request's partition to be one.

    All else is checked here: raises InvalidResult for a partition of a job that has none, UnknownPartition for one that
    there is not.
    """
    wanted = [key for key in (request.partition_key, *(request.partition_key_range or ())) if key is not None]
    if job is None or not wanted:
        return ()
    if job.partitions_def is None and request.partition_key is None:
        return ()
    assumed = Assumed()
    for key in wanted:
        check_partition(job, key, assumed)
    return tuple(dict.fromkeys(assumed.asked))


def check_partition(job: JobDefinition, key: str, store: DynamicKeys | None = None) -> None:
    """Raise InvalidResult where a job has no partitions, UnknownPartition where it has but not this one.

    Without a `store`, dynamic keys are taken for there.
    """
    if job.partitions_def is None:
        raise InvalidResult(
            f'The job "{job.name}" has no partitions, but its run is to be for the partition "{key}";'
            " give the job partitions_def=."
        )
    job.partitions_def.validate_partition_key(key, dynamic_partitions_store=store or Assumed())
