"""`vedette schema`."""

from pathlib import Path

import click

from vedette.cli.failures import OperationFailed
from vedette.graphql.printing import printed_schema


@click.command()
@click.option(
    "--check", type=click.Path(dir_okay=False, path_type=Path), help="Tell whether this file holds the schema."
)
def schema(check: Path | None) -> None:
    """Print the GraphQL schema; needs no server and no database.

    \b
    vedette schema > schema.graphql
    vedette schema --check schema.graphql
    """
    printed = printed_schema().rstrip("\n")
    if check is None:
        click.echo(printed)
    elif not check.is_file():
        raise OperationFailed(f"There is no file {check}; make it with `vedette schema > {check}`.")
    elif check.read_text(encoding="utf-8").rstrip("\n") != printed:
        raise OperationFailed(f"{check} is not the schema of this version; renew it with `vedette schema > {check}`.")
