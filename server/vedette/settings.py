"""Settings: each has a name, a default, an environment variable `VEDETTE_<NAME>` and a known origin."""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from vedette.errors import InvalidSetting
from vedette.faults import VARIABLE

PREFIX = "VEDETTE_"

Seconds = Annotated[float, Field(gt=0)]
Days = Annotated[float, Field(ge=0, le=36500, allow_inf_nan=False)]
LogLevelName = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["human", "json"]
Introspection = Literal["viewer", "operator", "admin", "nobody"]
TrustedMode = Literal["off", "log", "only"]
EngineName = Literal["local", "dask", "ray"]
Authentication = Literal["none", "tokens", "oidc"]


def _names(value: object) -> object:
    """Return the names of a comma-separated text; what is none is judged as it is."""
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
Count = Annotated[int, Field(ge=1)]
# What the API tells as an Int.
Share = Annotated[int, Field(ge=1, le=2**31 - 1)]


class Settings(BaseModel):
    """Every setting, in SI units; paths are as given, relative to the working directory."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    home: Path = Field(Path(".vedette"), description="Folder for the embedded database and other state.")
    host: str = Field("127.0.0.1", min_length=1, description="Address that the API listens on.")
    url: str | None = Field(
        None, description="http(s)://… of the server that the command line asks; else that of `host` and `port`."
    )
    port: int = Field(4400, ge=0, le=65535, description="Port that the API listens on; 0 takes a free one.")
    health_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Port of `host` for /healthz, /readyz and /metrics alone; without it, only a server of the API has "
        "these, on its port.",
    )
    database_url: str | None = Field(
        None, description="postgresql://… of the database; without it an embedded Postgres runs under `home`."
    )
    log_level: LogLevelName = Field("info", description="Least level of the log lines on the terminal.")
    log_format: LogFormat = Field("human", description="How log lines are written: human, or json, an object a line.")
    otlp_endpoint: str | None = Field(
        None, description="http://… of an OpenTelemetry collector that takes traces (OTLP); without it there are none."
    )
    trace_share: float = Field(1.0, ge=0, le=1, description="Share of the traces that are exported, from 0 to 1.")
    slots: int = Field(
        default_factory=lambda: max(8, 4 * (os.cpu_count() or 1)),
        ge=1,
        description="Runs that one launcher executes at a time.",
    )
    engine: EngineName = Field("local", description="Where a launcher's runs execute: on its machine, by Dask or Ray.")
    engine_address: str | None = Field(
        None,
        min_length=1,
        description="Where the engine is reached: Dask's scheduler (tcp://host:8786), Ray's head (host:6379).",
    )
    engine_listen: str | None = Field(
        None,
        min_length=1,
        description="HOST or HOST:PORT of this machine where the engine's workers reach the launcher; without it the "
        "address that leads to the engine, and any port.",
    )
    engine_wait_seconds: Seconds = Field(
        300.0, description="How long a run waits for a worker that takes it, before it goes back to the queue."
    )
    gpus: int = Field(
        0, ge=0, description="Graphics processors of this machine that runs of the engine local may take."
    )
    lease_seconds: Seconds = Field(10.0, description="How long a process that stopped answering keeps its work.")
    poll_seconds: Seconds = Field(5.0, description="How often to look for work that no knock announced.")
    started_after_seconds: Seconds = Field(0.5, description="An evaluation longer than this shows as STARTED.")
    evaluations_per_host: int = Field(256, ge=1, description="Evaluations at a time in one host process.")
    hosts_per_location: int = Field(8, ge=1, description="Shared host processes of a code location, at most.")
    host_memory_mb: int = Field(2048, ge=64, description="Memory in MiB that a host or run process may take.")
    host_stall_seconds: Seconds = Field(2.0, description="A host that does not answer for this long is replaced.")
    load_timeout_seconds: Seconds = Field(60.0, description="Time that a project's import may take.")
    cancel_grace_seconds: Seconds = Field(10.0, description="Time between TERM and KILL when a run is cancelled.")
    shutdown_grace_seconds: Seconds = Field(10.0, description="Time that open work has to end when a process stops.")
    evaluation_wait_seconds: Seconds = Field(10.0, description="Time that an evaluator has to take a request up.")
    backoff_ceiling_seconds: Seconds = Field(
        600.0,
        allow_inf_nan=False,
        le=86400,
        description="How long a failing sensor waits at most, and a paused one between two tries.",
    )
    failures_before_pause: int = Field(
        50, ge=0, description="Failures in a row after which a sensor is paused; 0 never does it."
    )
    keep_skipped_days: Days = Field(7.0, description="How long ticks that skipped are kept; 0 is for ever.")
    keep_success_days: Days = Field(30.0, description="How long ticks that launched runs are kept; 0 is for ever.")
    keep_failure_days: Days = Field(30.0, description="How long ticks that failed are kept; 0 is for ever.")
    keep_cursors_days: Days = Field(
        30.0, description="How long earlier versions of a cursor are kept; 0 is for ever. The present one always is."
    )
    keep_assets_days: Days = Field(
        0.0, description="How long events of assets are kept, from when their run began; 0 is for ever."
    )
    keep_runs_days: Days = Field(
        90.0, description="How long runs and their events are kept, from their end; 0 is for ever. Run keys always are."
    )
    keep_changes_days: Days = Field(
        3.0,
        description="For how long a subscription can be resumed, at most half as long as any tick or run is kept; "
        "0 is as long as that.",
    )
    retention_seconds: Seconds = Field(600.0, description="How often history is looked after.")
    ready_lag_seconds: Seconds = Field(30.0, description="How late a sensor may be before /readyz says 503.")

    authentication: Authentication = Field(
        "none",
        description="Who may use the API: none asks nobody's name; tokens lets in who has one, oidc also who signs in.",
    )
    insecure: bool = Field(
        False, description="Listen beyond this machine without authentication: whoever comes may do everything."
    )
    read_only: bool = Field(
        False, description="Let nobody change anything by the API: everybody is a viewer at most. Sensors go on."
    )
    oidc_name: str = Field("", description="What the page calls the provider; else by its host.")
    oidc_issuer: str | None = Field(None, description="Address of the OpenID provider, as it calls itself.")
    oidc_client_id: str | None = Field(None, description="By which name the provider knows this server.")
    oidc_client_secret: SecretStr | None = Field(None, description="What it knows it by; never shown.")
    oidc_scopes: Names = Field(("openid", "profile", "email"), description="What to ask the provider for.")
    oidc_name_claim: str = Field(
        "", description="Claim that names a person; else the e-mail address, or what there is."
    )
    oidc_role_claim: str = Field("groups", description="Claim that decides on a person's role.")
    oidc_roles: Names = Field(
        (), description="Which role each value of it has: group=admin, group=operator@location+location, *=viewer."
    )
    secret_key: SecretStr | None = Field(
        None,
        min_length=32,
        description="What seals the secret values of run configs, the same for all processes: 32 characters of "
        "chance at least; new,old while it changes. With the embedded database one is made.",
    )
    session_seconds: Seconds = Field(43_200.0, description="For how long somebody who signs in is signed in.")
    public_url: str | None = Field(None, description="Where browsers reach this server, if that is behind a proxy.")
    allowed_hosts: Names = Field((), description="Names, besides its own, that the API answers for; comma-separated.")
    allowed_origins: Names = Field(
        (), description="Origins (https://host) of pages served elsewhere that may use the API; comma-separated."
    )
    trusted_documents: Path | None = Field(None, description="Folder of trusted GraphQL documents, *.graphql.")
    trusted_documents_mode: TrustedMode = Field(
        "off", description="What becomes of other documents: off answers, log answers and warns, only refuses them."
    )
    introspection: Introspection = Field(
        "operator",
        description="Role that is told what the schema is and what may have been meant, and has GraphiQL; or nobody. "
        "Without authentication everybody is an admin.",
    )
    token_requests_per_minute: Share = Field(6000, description="Operations a minute of one token or person.")
    token_cost_per_minute: Share = Field(
        10_000_000, description="Objects that one token or person may ask for in a minute, by the sizes of pages."
    )
    token_operations: Share = Field(
        100, description="Queries and mutations at a time of one token or person, in one server."
    )
    token_streams: Share = Field(1000, description="Subscriptions at a time of one token or person, in one server.")
    token_connections: Count = Field(1000, description="Websockets at a time of one token or person, in one server.")
    request_seconds: Seconds = Field(
        10.0, description="Time a client has to send the head of a request, and again for its body."
    )
    max_head_bytes: Count = Field(2**16, description="Size of a request's head: its address and its headers.")
    max_body_bytes: Count = Field(2**20, description="Size of a request's body, or of a websocket message.")
    max_tokens: Count = Field(5000, description="Tokens of a document.")
    max_depth: Count = Field(20, description="Levels of fields in an operation.")
    max_aliases: Count = Field(50, description="Aliases in an operation.")
    max_directives: Count = Field(50, description="Directives in an operation.")
    max_root_fields: Count = Field(20, description="Fields at the root of an operation.")
    max_fields: Count = Field(2000, description="Fields of an operation.")
    max_width: Count = Field(200, description="Fields beside each other in an operation.")
    max_page_size: int = Field(100, ge=1, le=100, description="Things on one page of a list.")
    max_nodes: Count = Field(100, description="Things that are fetched by their ids at once, by `nodes`.")
    max_cost: Count = Field(50_000, description="Objects that an operation may ask for, by the sizes of its pages.")
    max_variable_depth: Count = Field(110, description="Levels of the variables of an operation.")
    max_variable_values: Count = Field(20_000, description="Values in the variables of an operation.")
    max_errors: Count = Field(20, description="Errors in one answer; how many more there were is told.")
    execution_seconds: Seconds = Field(
        30.0, description="Time that a query or mutation may take, and that a subscription waits for the database."
    )
    max_operations: Count = Field(500, description="Queries and mutations at a time in one server.")
    max_subscriptions_per_connection: Count = Field(100, description="Operations at a time on one websocket.")
    max_subscriptions: Count = Field(10_000, description="Subscriptions at a time in one server.")
    max_connections: Count = Field(5000, description="Websockets and event streams at a time in one server.")
    connection_init_seconds: Seconds = Field(10.0, description="Time a websocket has to say connection_init.")
    keep_alive_seconds: Seconds = Field(12.0, description="How often an idle stream or websocket shows it is alive.")
    send_seconds: Seconds = Field(30.0, description="Time a client may take to read before it is cut off.")
    max_buffered_items: Count = Field(1000, description="Items that a subscriber may be behind the others.")
    drain_seconds: float = Field(0.0, ge=0, description="Time that a stopping server answers 503 before it is gone.")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.authentication == "oidc" and not (self.oidc_issuer and self.oidc_client_id and self.oidc_roles):
            raise PydanticCustomError("oidc", "oidc needs oidc_issuer, oidc_client_id and oidc_roles as well")
        if self.engine != "local" and not self.engine_address:
            raise PydanticCustomError("engine", f"the engine {self.engine} needs engine_address as well")
        return self


class Origin(BaseModel):
    """Where one setting's value came from: `default`, `option --x` or `environment VEDETTE_X`."""

    model_config = ConfigDict(frozen=True)

    name: str
    value: Any
    source: str


def load(options: Mapping[str, Any], environ: Mapping[str, str]) -> tuple[Settings, list[Origin]]:
    """Build the settings: an option (not None) wins over the environment, which wins over the default.

    Raises InvalidSetting with one sentence that names the value and where it came from.
    """
    fields = Settings.model_fields
    unknown = [name for name in environ if name.startswith(PREFIX) and name.removeprefix(PREFIX).lower() not in fields]
    unknown = [name for name in unknown if name not in INTERNAL]
    if unknown:
        known = [PREFIX + name.upper() for name in fields]
        meant = difflib.get_close_matches(unknown[0], known, 1)
        guess = f" Did you mean {meant[0]}?" if meant else ""
        raise InvalidSetting(f"There is no setting {unknown[0]}; `vedette settings` lists them all.{guess}")
    values: dict[str, Any] = {}
    sources = dict.fromkeys(fields, "default")
    for name in fields:
        variable = PREFIX + name.upper()
        if options.get(name) is not None:
            values[name], sources[name] = options[name], f"option --{name.replace('_', '-')}"
        elif environ.get(variable):
            values[name], sources[name] = environ[variable], f"environment {variable}"
    try:
        settings = Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:
            raise InvalidSetting(f"The settings do not go together: {first['msg']}.") from None
        name = str(first["loc"][0])
        given = "" if _is_secret(name) else f"={first['input']!r}"
        raise InvalidSetting(
            f"{sources[name].partition(' ')[2] or name}{given} is not a valid {name}: {first['msg']}."
        ) from None
    return settings, [Origin(name=name, value=getattr(settings, name), source=sources[name]) for name in fields]


def _is_secret(name: str) -> bool:
    field = Settings.model_fields.get(name)
    return field is not None and SecretStr in {field.annotation, *get_args(field.annotation)}


# Variables that Vedette sets for the processes it starts, that its command line reads, or that tests set; they are not
# settings.
INTERNAL = frozenset(
    {"VEDETTE_RUN_ID", "VEDETTE_TICK_ID", "VEDETTE_CHILD", "VEDETTE_STORAGE", "VEDETTE_TOKEN", VARIABLE}
)


def redacted(url: str) -> str:
    """The URL for people to read: without its password, wherever it stands."""
    try:
        parts = urlsplit(url)
        user, at, place = parts.netloc.rpartition("@")
        query = urlencode([(k, v) for k, v in parse_qsl(parts.query) if "password" not in k.lower()], safe="/:")
    except ValueError:
        return "an unreadable URL"
    return parts._replace(netloc=user.partition(":")[0] + at + place, query=query).geturl()
