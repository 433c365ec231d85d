"""`vedette`: the words of the command line and where each is found."""

from typing import Any

import click

from vedette.cli.failures import Interrupted, as_click_exception, find_failure
from vedette.cli.lazy import Lazy, LazyGroup
from vedette.cli.versions import installed_version
from vedette.errors import VedetteError

COMMANDS = {
    "dev": Lazy("vedette.cli.serving:dev", "Serve, evaluate and launch in one process, for development."),
    "serve": Lazy("vedette.cli.serving:serve", "Serve the GraphQL API."),
    "evaluate": Lazy("vedette.cli.serving:evaluate", "Evaluate the sensors of projects."),
    "launch": Lazy("vedette.cli.serving:launch", "Execute the queued runs of projects."),
    "sensor": Lazy("vedette.cli.sensors.sensors:sensor", "List, show, start, stop, reset, preview and tick sensors."),
    "tick": Lazy("vedette.cli.ticks.ticks:tick", "List, show and follow ticks."),
    "job": Lazy("vedette.cli.catalog.jobs:job", "List, show and launch jobs."),
    "run": Lazy("vedette.cli.runs.runs:run", "List, show, launch and cancel runs."),
    "queue": Lazy("vedette.cli.runs.queue:queue", "List the runs that wait, the next one first, and why each does."),
    "limit": Lazy("vedette.cli.runs.run_limits:limit", "Limit how many runs are executed at once."),
    "run-key": Lazy("vedette.cli.runs.run_keys:run_key", "List and release the keys that hold off further runs."),
    "asset": Lazy(
        "vedette.cli.assets.assets:asset", "List, show, materialize and wipe assets; tell what happened to them."
    ),
    "partition": Lazy("vedette.cli.catalog.partitions:partition", "List partitions; add and delete dynamic ones."),
    "code-location": Lazy("vedette.cli.catalog.code_locations:code_location", "List, show and reload projects."),
    "audit": Lazy("vedette.cli.access.audit:audit", "List or follow who did what, from where, and what came of it."),
    "token": Lazy("vedette.cli.access.tokens:token", "Make, list and revoke tokens for the API."),
    "migrate": Lazy("vedette.cli.database:migrate", "Bring the database up to this version."),
    "doctor": Lazy("vedette.cli.doctor:doctor", "Say what is wrong with this deployment, and what to do."),
    "schema": Lazy("vedette.cli.schema:schema", "Print the GraphQL schema."),
    "settings": Lazy("vedette.cli.settings:settings", "List every setting, its value and where it came from."),
}

EPILOG = """\b
Begin with
  vedette dev path/to/project.py
and, in another terminal,
  vedette sensor list
  vedette tick follow
"""


class Root(LazyGroup):
    """Turns what Vedette raises on purpose into one line and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Interrupted from None
        except (VedetteError, BaseExceptionGroup) as error:
            failure = find_failure(error)
            if failure is None:
                raise
            raise as_click_exception(failure) from None


def _print_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"vedette {installed_version()}")
        ctx.exit()


@click.group(cls=Root, lazy=COMMANDS, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print it.")
def vedette() -> None:
    """Sensors that watch something outside and ask for runs of jobs, over GraphQL.

    Settings are read from VEDETTE_… variables; `vedette settings` lists them.
    """


def main() -> None:
    """Run the command line and leave with its exit code."""
    vedette.main(prog_name="vedette")
