"""Every metric of Vedette: one registry a process, in which each part counts what it does. docs/metrics.md lists them.

Names and labels are stable. Labels have few values: no sensor, job or run is one of them, and of clients' names few.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

from vedette.telemetry.distributions import Distribution

REGISTRY = CollectorRegistry(auto_describe=True)
ProcessCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

# Seconds, from what a trivial sensor takes to what a slow one may take.
SHORT = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LONG = (*SHORT, 30.0, 60.0, 300.0, 900.0)
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
# Seconds of the API's answers and news: so close that a percentile read from them is at most a half too great.
ANSWERS = (
    *(0.0005, 0.001, 0.0015, 0.002, 0.003, 0.004, 0.006, 0.008, 0.012, 0.016, 0.024, 0.032, 0.05, 0.075, 0.1),
    *(0.15, 0.25, 0.35, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0),
)
DEPTHS = (*range(1, 16), 20, 30, 50)
COSTS = (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000)

BUILD = Gauge("vedette_build_info", "1; the version is its label.", ["version"], registry=REGISTRY)
FAULTS = Counter("vedette_faults", "Faults of Vedette itself, told in the log with their stacks.", registry=REGISTRY)

LOOP_TASKS = Gauge("vedette_event_loop_tasks", "Tasks of the event loop that tells this.", registry=REGISTRY)

# --- evaluating ---

TICKS = Counter("vedette_ticks", "Ticks recorded here, by how they ended.", ["status"], registry=REGISTRY)
TICKS_DROPPED = Counter(
    "vedette_ticks_dropped", "Ticks given up here as another evaluator has their sensor.", registry=REGISTRY
)
RUN_REQUESTS = Counter("vedette_run_requests", "Run requests in the ticks recorded here.", registry=REGISTRY)
EVALUATION_SECONDS = Distribution(
    REGISTRY, "vedette_evaluation_seconds", "How long user code took to evaluate a sensor.", LONG
)
LATENESS_SECONDS = Distribution(
    REGISTRY, "vedette_tick_lateness_seconds", "From when a sensor was due to when its evaluation began.", LONG
)
EVALUATIONS = Gauge("vedette_evaluations_in_flight", "Evaluations from begin to commit, here.", registry=REGISTRY)
SENSORS = Gauge("vedette_sensors_held", "Sensors of the shards that are leased here.", registry=REGISTRY)
SHARDS = Gauge("vedette_shards_held", "Shards of sensors that are leased here.", registry=REGISTRY)
EVALUATOR_LAG = Gauge(
    "vedette_evaluator_lag_seconds", "How long the sensor that is due for longest waits here.", registry=REGISTRY
)

# --- recording: ticks by evaluators, what happens in runs by launchers ---

COMMITS = Counter(
    "vedette_commits", "Transactions that record ticks or runs, by whether they succeeded.", ["what", "outcome"],
    registry=REGISTRY,
)  # fmt: skip
COMMIT_SECONDS = Histogram(
    "vedette_commit_seconds", "How long such a transaction took.", ["what"], buckets=SHORT, registry=REGISTRY
)
COMMIT_SIZE = Histogram(
    "vedette_commit_size", "How many ticks, or updates of runs, are one transaction.", ["what"], buckets=SIZES,
    registry=REGISTRY,
)  # fmt: skip

# --- user code's processes ---

CODE_LOCATION_LOADED = Gauge(
    "vedette_code_location_loaded", "1 if the project is loaded here, 0 if it does not load.", ["code_location"],
    registry=REGISTRY,
)  # fmt: skip
CODE_LOCATION_LOADS = Counter(
    "vedette_code_location_loads", "Times that a project was loaded, or failed to load.", ["code_location", "outcome"],
    registry=REGISTRY,
)  # fmt: skip
HOSTS = Gauge("vedette_hosts", "Host processes, which evaluate sensors.", ["code_location"], registry=REGISTRY)
HOST_ENDS = Counter(
    "vedette_host_ends", "Host processes that ended, by why; all but CLOSED are harm done by user code.",
    ["code_location", "reason"], registry=REGISTRY,
)  # fmt: skip
ZYGOTE_RESTARTS = Counter(
    "vedette_zygote_restarts", "Times that the process ended from which hosts and runs are forked.", ["code_location"],
    registry=REGISTRY,
)  # fmt: skip

# --- launching ---

RUNS_CLAIMED = Counter("vedette_runs_claimed", "Runs taken from the queue here.", registry=REGISTRY)
RUN_START_SECONDS = Histogram(
    "vedette_run_start_seconds", "From when a run was queued to when its user code began.", buckets=LONG,
    registry=REGISTRY,
)  # fmt: skip
RUNS_ENDED = Counter(
    "vedette_runs_ended", "Runs that ended here, by status; QUEUED are to be run again.", ["status"], registry=REGISTRY
)
RUNS_RESCUED = Counter(
    "vedette_runs_rescued", "Runs whose launcher was lost and which were seen to here.", registry=REGISTRY
)
SLOTS = Gauge("vedette_run_slots", "Runs that may execute here at a time.", registry=REGISTRY)
SLOTS_TAKEN = Gauge("vedette_run_slots_taken", "Runs that execute here.", registry=REGISTRY)

# --- the API ---

API_OPERATIONS = Counter(
    "vedette_api_operations",
    "Operations of the API, by name, kind and outcome (ok, errors, timeout, unavailable, begun).",
    ["operation", "kind", "outcome"], registry=REGISTRY,
)  # fmt: skip
API_SECONDS = Histogram(
    "vedette_api_operation_seconds", "How long queries and mutations took.", ["operation", "kind"], buckets=ANSWERS,
    registry=REGISTRY,
)  # fmt: skip
API_REFUSED = Counter(
    "vedette_api_refused", "Operations that were not executed, by the code of the error, or the limit.", ["reason"],
    registry=REGISTRY,
)  # fmt: skip
API_REQUESTS = Counter(
    "vedette_api_requests", "Requests over HTTP that were answered, by path and status.", ["path", "status"],
    registry=REGISTRY,
)  # fmt: skip
API_ERRORS = Counter(
    "vedette_api_errors", "Errors in answers, by their code; sockets that were closed, by the code of that.", ["code"],
    registry=REGISTRY,
)  # fmt: skip
API_MUTATIONS = Counter(
    "vedette_api_mutations", "Mutations that were tried, by what came of them.", ["mutation", "result"],
    registry=REGISTRY,
)  # fmt: skip
API_DEPTH = Distribution(REGISTRY, "vedette_api_operation_depth", "Levels of fields in operations.", DEPTHS)
API_COST = Distribution(REGISTRY, "vedette_api_operation_cost", "Objects that operations may ask for.", COSTS)
API_DOCUMENTS = Counter(
    "vedette_api_documents", "Documents that came, by whether they were remembered as valid (hit), or not (miss).",
    ["outcome"], registry=REGISTRY,
)  # fmt: skip
API_DEPRECATED = Counter(
    "vedette_api_deprecated_uses", "Operations that used a deprecated member of the schema, by it and the client.",
    ["member", "client"], registry=REGISTRY,
)  # fmt: skip
API_OPEN = Gauge(
    "vedette_api_open", "What is open: operations, subscriptions, connections, and these by protocol.", ["what"],
    registry=REGISTRY,
)  # fmt: skip
API_EXECUTIONS = Gauge(
    "vedette_api_shared_executions", "Subscriptions that are executed; each may have many subscribers.",
    registry=REGISTRY,
)  # fmt: skip
API_LAG = Distribution(
    REGISTRY, "vedette_api_fan_out_seconds",
    "From when a change took its position, just before its commit, to when a subscriber's socket had it.", ANSWERS,
)  # fmt: skip
API_DROPPED = Counter(
    "vedette_api_subscribers_dropped", "Subscribers that were told to resume, by why (fell_behind, database).",
    ["reason"], registry=REGISTRY,
)  # fmt: skip

# --- the database ---

POOL_SIZE = Gauge("vedette_database_pool_size", "Connections that a part may have.", ["pool"], registry=REGISTRY)
POOL_IN_USE = Gauge("vedette_database_pool_in_use", "Connections that it uses.", ["pool"], registry=REGISTRY)
DATABASE_LOSSES = Counter(
    "vedette_database_losses", "Times that the database did not answer, or would not for now.", ["pool"],
    registry=REGISTRY,
)  # fmt: skip
BUS_RECONNECTS = Counter("vedette_bus_reconnects", "Times that the bus lost its connection.", registry=REGISTRY)

# --- the instance as a whole, read from the database when a server is asked ---

DATABASE_UP = Gauge("vedette_database_up", "1 if the database answered this server in time.", registry=REGISTRY)
OLDEST_DUE = Gauge("vedette_oldest_due_seconds", "How late the latest sensor is.", registry=REGISTRY)
OVERDUE = Gauge("vedette_sensors_overdue", "Sensors that are OVERDUE.", registry=REGISTRY)
OBJECTIVES_BREACHED = Gauge(
    "vedette_lag_objectives_breached", "Those of them that are later than their own max_lag.", registry=REGISTRY
)
QUEUED_RUNS = Gauge("vedette_queued_runs", "Runs in the queue.", registry=REGISTRY)
LIMITED_RUNS = Gauge("vedette_limited_runs", "Runs in the queue that were found behind a limit.", registry=REGISTRY)
OLDEST_QUEUED = Gauge("vedette_oldest_queued_seconds", "How long the oldest of them waits.", registry=REGISTRY)
RUNNING_RUNS = Gauge("vedette_running_runs", "Runs that a launcher holds.", registry=REGISTRY)
WORKERS = Gauge("vedette_workers", "Processes that showed a sign of life lately, by role.", ["role"], registry=REGISTRY)
RETENTION_FAILURES = Gauge(
    "vedette_retention_failures", "Passes over history that failed since one succeeded.", registry=REGISTRY
)
OF_THE_INSTANCE = (
    OLDEST_DUE,
    OVERDUE,
    OBJECTIVES_BREACHED,
    QUEUED_RUNS,
    LIMITED_RUNS,
    OLDEST_QUEUED,
    RUNNING_RUNS,
    RETENTION_FAILURES,
)


@contextmanager
def shown(gauge: Gauge, read: Callable[[], float], *labels: str) -> Iterator[None]:
    """Have `gauge` show what `read` returns, on whatever thread it is asked, while the block runs; then 0, or nothing
    where it has labels.
    """
    (gauge.labels(*labels) if labels else gauge).set_function(read)
    try:
        yield
    finally:
        if labels:
            gauge.remove(*labels)
        else:
            gauge.set_function(lambda: 0.0)


@contextmanager
def commit(what: str, size: int) -> Iterator[None]:
    """Count the block as one transaction that records `size` things (ticks or runs), and how it ends."""
    began = time.monotonic()
    try:
        yield
    except BaseException:
        COMMITS.labels(what, "error").inc()
        raise
    COMMITS.labels(what, "done").inc()
    COMMIT_SECONDS.labels(what).observe(time.monotonic() - began)
    COMMIT_SIZE.labels(what).observe(size)
