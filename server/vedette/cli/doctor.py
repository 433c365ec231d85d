"""`vedette doctor`."""

import os
from collections.abc import Sequence

import click

from vedette.cli.output import coloured, print_json, print_line
from vedette.cli.running import run_until_stopped
from vedette.diagnosis.findings import Finding, Severity
from vedette.errors import InvalidSetting
from vedette.runtime import examination
from vedette.settings import load


@click.command()
@click.option("--home", help="Folder of the embedded database.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.pass_context
def doctor(context: click.Context, home: str | None, as_json: bool) -> None:
    """Look at this deployment, and say what is wrong and what to do: settings, database, processes, lag, disk.

    It changes nothing. Exit code 1: there is a problem; warnings alone are 0.
    """
    found: list[Finding] = []
    try:
        settings, _ = load({"home": home}, os.environ)
    except InvalidSetting as error:
        found.append(Finding("settings", Severity.PROBLEM, str(error), "`vedette settings` lists them all."))
    else:
        run_until_stopped(examination.examine(settings, found.append))
    if as_json:
        print_json([one._asdict() for one in found])
    else:
        _print(found)
    context.exit(int(any(one.severity is Severity.PROBLEM for one in found)))


def _print(found: Sequence[Finding]) -> None:
    width = max(len(one.check) for one in found)
    for one in found:
        print_line(coloured(f"{one.severity:7}"), f"{one.check:{width}}", one.message)
        if one.remedy is not None:
            print_line(" " * (9 + width), f"→ {one.remedy}")
    counts = {severity: sum(one.severity is severity for one in found) for severity in Severity}
    if counts[Severity.PROBLEM] or counts[Severity.WARNING]:
        print_line(f"{counts[Severity.PROBLEM]} problems, {counts[Severity.WARNING]} warnings.")
    else:
        print_line("All is well.")
