"""Cleaning: what user code said, made storable. Postgres has no NUL in text, and keys of an index are short.

Where a NUL only reads badly (reasons, logs, errors) it is replaced; where it means something (cursors, keys, config)
the evaluation fails and says so.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from vedette.domain import secrets
from vedette.domain.logs import ErrorInfo, LogRecord
from vedette.domain.ticks import Evaluation, RequestedRun

NUL = "\0"
REPLACEMENT = "\ufffd"
LONGEST_RUN_KEY_BYTES = 2000


def storable(evaluation: Evaluation) -> Evaluation:
    """Return the evaluation as it can be recorded: itself, a cleaned copy, or a failure that names what cannot be."""
    refused = next(_refusals(evaluation), None)
    if refused is not None:
        return Evaluation(
            error=ErrorInfo("Unstorable", refused),
            logs=tuple(map(clean_log, evaluation.logs)),
            duration_seconds=evaluation.duration_seconds,
        )
    if evaluation.skip_reason is None and evaluation.error is None and not evaluation.logs:
        return evaluation
    return msgspec.structs.replace(
        evaluation,
        skip_reason=_clean(evaluation.skip_reason) if evaluation.skip_reason is not None else None,
        error=_clean_error(evaluation.error),
        logs=tuple(map(clean_log, evaluation.logs)),
    )


def sealed(evaluation: Evaluation, seal: Callable[[Any], str]) -> Evaluation:
    """Return the evaluation with the secret values of its run configs sealed; what `seal` raises is not caught."""
    if not any(secrets.holds(request.run_config, secrets.SECRET) for request in evaluation.run_requests):
        return evaluation
    requests = tuple(
        msgspec.structs.replace(request, run_config=secrets.sealed(request.run_config, seal))
        for request in evaluation.run_requests
    )
    return msgspec.structs.replace(evaluation, run_requests=requests)


def _clean(text: str) -> str:
    return text.replace(NUL, REPLACEMENT)


def _clean_error(error: ErrorInfo | None) -> ErrorInfo | None:
    if error is None:
        return None
    return ErrorInfo(
        _clean(error.type), _clean(error.message), tuple(map(_clean, error.stack)), _clean_error(error.cause)
    )


def clean_log(record: LogRecord) -> LogRecord:
    """Return the line as it can be stored."""
    if NUL not in record.message and NUL not in record.logger and record.error is None:
        return record
    return LogRecord(record.at, record.level, _clean(record.logger), _clean(record.message), _clean_error(record.error))


def _refusals(evaluation: Evaluation) -> Iterator[str]:
    if evaluation.cursor is not None and NUL in evaluation.cursor:
        yield "The cursor holds a NUL character (\\x00), which cannot be stored; encode it, for example as base64."
    for index, request in enumerate(evaluation.run_requests):
        yield from _request_refusals(f"Run request {index}", request)


def _request_refusals(name: str, request: RequestedRun) -> Iterator[str]:
    key = request.run_key
    if key is not None and len(key.encode(errors="replace")) > LONGEST_RUN_KEY_BYTES:
        yield f"{name} has a run key of more than {LONGEST_RUN_KEY_BYTES} bytes; use a shorter one, such as a hash."
    for what, value in (
        ("run key", key),
        ("partition key", request.partition_key),
        ("run config", request.run_config),
        ("tags", request.tags),
        ("asset selection", request.asset_selection),
    ):
        if value and _holds_nul(value):
            yield f"{name} has a NUL character (\\x00) in its {what}, which cannot be stored; remove it."


def _holds_nul(value: object) -> bool:
    if isinstance(value, str):
        return NUL in value
    if isinstance(value, dict):
        return any(_holds_nul(key) or _holds_nul(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return any(map(_holds_nul, value))
    return False
