"""`vedette token …`: tokens for the API, made and revoked on the database itself."""

import getpass
import os
import socket
from datetime import datetime

import click
import msgspec

from vedette.cli.durations import DURATION
from vedette.cli.lazy import Lazy, LazyGroup
from vedette.cli.output import Cell, local_time, print_json, print_line, print_table
from vedette.domain.access import Quota, Role, Token
from vedette.runtime import tokens
from vedette.settings import Settings, load

COMMANDS = {
    "create": Lazy("vedette.cli.access.tokens:create", "Make a token; it is shown once."),
    "list": Lazy("vedette.cli.access.tokens:list_tokens", "List tokens, when each was last used, and those revoked."),
    "revoke": Lazy("vedette.cli.access.tokens:revoke", "Revoke a token: its requests are refused, its streams end."),
}

_LIMIT = click.IntRange(min=1)
_home = click.option("--home", help="Folder of the embedded database.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


@click.group("token", cls=LazyGroup, lazy=COMMANDS)
def token() -> None:
    """Make, list and revoke tokens for the API, on the database of VEDETTE_DATABASE_URL, else the embedded one.

    Whoever may open the database may do so: the first token comes from here.
    """


@click.command()
@click.option("--name", required=True, help="For what or whom it is.")
@click.option("--role", required=True, type=click.Choice([role.lower() for role in Role]), help="What it may do.")
@click.option(
    "--code-location", "code_locations", multiple=True, metavar="NAME", help="Confine it to this; may be repeated."
)
@click.option("--expires", type=DURATION, metavar="TIME", help="When, as in 90d or 12h; never, if left out.")
@click.option("--requests-per-minute", type=_LIMIT, metavar="N", help="Operations that it may ask of each server.")
@click.option("--cost-per-minute", type=_LIMIT, metavar="N", help="Objects that it may ask for, by sizes of pages.")
@click.option("--streams", type=_LIMIT, metavar="N", help="Subscriptions that it may have at a time.")
@_home
@_json
def create(
    name: str,
    role: str,
    code_locations: tuple[str, ...],
    expires: float | None,
    requests_per_minute: int | None,
    cost_per_minute: int | None,
    streams: int | None,
    home: str | None,
    as_json: bool,
) -> None:
    """Make a token and print it: now and never again, as only its digest is kept.

    Its limits are those of the settings (token_requests_per_minute and so on), unless it is given its own.

    \b
    vedette token create --name dashboard --role viewer
    vedette token create --name ci --role operator --code-location etl --expires 90d
    vedette token create --name wall --role viewer --requests-per-minute 60 --streams 4
    """
    quota = Quota(requests_per_minute, cost_per_minute, streams)
    wanted = tokens.Wanted(name, Role(role.upper()), code_locations or None, expires, quota)
    made, secret = tokens.run(tokens.create(_settings(home), wanted, _who()))
    if as_json:
        print_json({**_shown(made), "secret": secret})
    else:
        print_line(secret)
        click.echo(f"Keep it: it is not shown again. Use it as VEDETTE_TOKEN, or revoke {name!r}.", err=True)


@click.command("list")
@_home
@_json
def list_tokens(home: str | None, as_json: bool) -> None:
    """List tokens, the newest first, those that are revoked included."""
    found = tokens.run(tokens.all_tokens(_settings(home)))
    if as_json:
        print_json([_shown(each) for each in found])
        return
    titles = ("Name", "Begins", "Role", "Code locations", "Made", "Expires", "Limits", "Last used", "Revoked")
    none = "There are no tokens; `vedette token create` makes one."
    print_table(titles, [_row(each) for each in found], none=none)


@click.command()
@click.argument("name")
@_home
def revoke(name: str, home: str | None) -> None:
    """Revoke the token of a name: what uses it is refused within a second, and its streams end within some.

    \b
    vedette token revoke dashboard
    """
    revoked = tokens.run(tokens.revoke(_settings(home), name, _who()))
    print_line("Revoked", f"{revoked.name} ({revoked.prefix}…).")


def _settings(home: str | None) -> Settings:
    return load({"home": home}, os.environ)[0]


def _who() -> str:
    """Return who calls, as it is recorded."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # A process of a user that has no name, as in a container.
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def _shown(found: Token) -> dict[str, object]:
    shown: dict[str, object] = msgspec.to_builtins({**found._asdict(), "quota": found.quota._asdict()})
    return shown


def _row(found: Token) -> tuple[Cell, ...]:
    return (
        found.name,
        f"{found.prefix}…",
        found.role.lower(),
        ", ".join(found.code_locations) if found.code_locations is not None else "all",
        _time(found.created_at, ""),
        _time(found.expires_at, "never"),
        _limits(found.quota),
        _time(found.last_used_at, "never"),
        _time(found.revoked_at, ""),
    )


def _limits(quota: Quota) -> str:
    """Return the limits that are the token's own."""
    units = ("a minute", "objects a minute", "streams")
    return ", ".join(f"{most} {unit}" for most, unit in zip(quota, units, strict=True) if most is not None)


def _time(moment: datetime | None, otherwise: str) -> str:
    return otherwise if moment is None else local_time(moment.isoformat())
