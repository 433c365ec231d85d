"""`python -m benchmarks`: each figure beside the incumbent's; `growth`, `soak` and `profile` are words of their own."""

from pathlib import Path

import click
import msgspec

from benchmarks import growth, profiling, report, soak
from benchmarks.comparison import NAMES, compare
from benchmarks.effort import FULL, SHORT
from benchmarks.incumbent.environment import Incumbent, IncumbentMissing, installed
from benchmarks.incumbent.storage import Kind
from benchmarks.rows import ROWS, WORDS

PERFORMANCE = Path("docs/performance.md")
README = Path("README.md")


def _words(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[str, ...]:
    words = tuple(value.replace(",", " ").split()) or WORDS
    unknown = [word for word in words if word not in WORDS]
    if unknown:
        raise click.BadParameter(f"there is no row {unknown[0]}; choose from {', '.join(WORDS)}")
    return words


@click.group(invoke_without_command=True)
@click.option("--only", default="", callback=_words, metavar="ROWS", help=f"Some of the rows: {', '.join(WORDS)}.")
@click.option("--short", is_flag=True, help="Smaller work and one storage: minutes instead of an hour.")
@click.option("--repeat", type=click.IntRange(1), default=None, help="Times that ours is measured; the median counts.")
@click.option("--storage", "kinds", type=click.Choice(list(NAMES)), multiple=True, help="Of the incumbent.")
@click.option("--alone", is_flag=True, help="Without the incumbent.")
@click.pass_context
def main(
    context: click.Context,
    only: tuple[str, ...],
    short: bool,
    repeat: int | None,
    kinds: tuple[Kind, ...],
    alone: bool,
) -> None:
    """Measure Vedette and, in the same run on the same work, the newest Dagster."""
    if context.invoked_subcommand is not None:
        return
    effort = SHORT if short else FULL
    rows = [row for row in ROWS if row.word in only and (row.short or not short or len(only) < len(WORDS))]
    incumbent = None if alone else _incumbent()
    form = "short form" if short else "full form"
    run = report.Run(report.now(), report.machine(), report.versions(incumbent), form, [])
    say(f"{run.machine}\n{run.versions}")
    storages = kinds or (("sqlite",) if short else tuple(NAMES))
    for number, row in enumerate(rows):
        say(f"[{number + 1} of {len(rows)}] {row.word}: {row.work(effort)}")
        run.results.append(compare(row, effort, repeat or (1 if short else 3), incumbent, storages, say))
    click.echo(f"\n{report.table(run.results)}\n")
    file = report.save(run)
    say(f"The figures are in {file}; `python -m benchmarks publish {file}` puts them into the documents.")
    problems = [problem for result in run.results for problem in result.problems]
    if problems:
        raise click.ClickException("; ".join(problems))


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def publish(files: tuple[Path, ...]) -> None:
    """Put the figures of FILES into docs/performance.md and the README; rows of a later file replace earlier ones."""
    try:
        runs = [report.load(file) for file in files]
    except msgspec.MsgspecError as error:
        raise click.ClickException(f"{', '.join(map(str, files))}: not results of the benchmarks: {error}") from None
    report.publish(runs, PERFORMANCE, README)
    say(f"The tables of {PERFORMANCE} and {README} are these now.")


def _incumbent() -> Incumbent | None:
    say("Installing the newest Dagster into .benchmarks/incumbent, or bringing it up to date …")
    try:
        return installed()
    except IncumbentMissing as error:
        say(str(error))
        return None


def say(line: str) -> None:
    """Tell how it goes, beside the table on the standard output."""
    click.echo(line, err=True)


main.add_command(growth.command)
main.add_command(soak.command)
main.add_command(profiling.command)

if __name__ == "__main__":
    main()
