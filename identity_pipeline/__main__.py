"""The console script `identity-pipeline`."""

import datetime
import os
from pathlib import Path
from typing import Annotated

import typer

from identity_pipeline.config import load_environment
from identity_pipeline.terms.errors import PipelineError
from identity_pipeline.worlds.plan import FileKind, Noise, Traps, World, read_share

app = typer.Typer(
    help="Unify customers, known and unknown, from files in a folder.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

EnvironmentFolder = Annotated[
    Path, typer.Option("--environment", help="The folder of YAML that says what to do.")
]
HomeFolder = Annotated[
    Path, typer.Option("--home", help="Where warehouse, published file and run history go.")
]
DEFAULT_ENVIRONMENT, DEFAULT_HOME = Path("data/contoso"), Path("data")

MODULE = "identity_pipeline.definitions"
FAILED, WRONG_CONFIGURATION = 1, 2


def _date(text: str | None) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text) if text else None
    except ValueError:
        raise typer.BadParameter(f"'{text}' is no date; write it as 2022-07-23") from None


@app.command()
def run(
    environment: EnvironmentFolder = DEFAULT_ENVIRONMENT,
    through: Annotated[
        str | None, typer.Option(help="Run every ingestion date up to this one.")
    ] = None,
    date: Annotated[str | None, typer.Option(help="Run this ingestion date only.")] = None,
    home: HomeFolder = DEFAULT_HOME,
    again: Annotated[bool, typer.Option(help="Make also what did not change.")] = False,
) -> None:
    """Run the whole pipeline for its ingestion dates, in order, and say what happened.

    Without a date: every ingestion date for which there are files. Exit code 0: all went well; 1: a
    run failed; 2: the configuration or the command is wrong.
    """
    from identity_pipeline.defs.console import Dates, run_dates

    if date and through:
        raise typer.BadParameter("give --date or --through, not both")
    try:
        succeeded = run_dates(environment, home, Dates(_date(date), _date(through)), again=again)
    except PipelineError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(WRONG_CONFIGURATION) from None
    raise typer.Exit(0 if succeeded else FAILED)


@app.command()
def validate(environment: EnvironmentFolder = DEFAULT_ENVIRONMENT) -> None:
    """Check the configuration and list every problem at once."""
    from identity_pipeline.config_warnings import warnings
    from identity_pipeline.defs.validation import check_types

    try:
        found = load_environment(environment)
        check_types(found)
    except PipelineError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(WRONG_CONFIGURATION) from None
    for warning in warnings(found):
        typer.echo(f"warning: {warning}")
    typer.echo(
        f"{environment}: {len(found.sources)} sources, {len(found.unify.tables)} tables unified, "
        f"{len(found.unify.columns)} unified columns, {len(found.activities)} activity tables, "
        f"{len(found.measures)} measures, {len(found.segments)} segments, "
        f"{len(found.exports)} exports; no problems."
    )


@app.command()
def history(
    customer_id: Annotated[str, typer.Argument(help="A CustomerId, or its first digits.")],
    environment: EnvironmentFolder = DEFAULT_ENVIRONMENT,
    home: HomeFolder = DEFAULT_HOME,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Say what became of a CustomerId: every change with its date, rule and keys."""
    from rich.console import Console

    from identity_pipeline.defs.history import as_json, print_history, read_history

    try:
        found = read_history(environment, home, customer_id)
    except PipelineError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(WRONG_CONFIGURATION) from None
    if json:
        typer.echo(as_json(found))
    else:
        print_history(Console(highlight=False), found)


@app.command()
def lookup(  # noqa: PLR0913 - each is an option of the command line, and named in any call
    *,
    key: Annotated[
        str | None, typer.Option(help="SOURCE:TABLE:VALUE: whoever holds this key.")
    ] = None,
    customer_id: Annotated[
        str | None, typer.Option("--id", help="A CustomerId, or its first digits.")
    ] = None,
    search: Annotated[str | None, typer.Option(help="Any part of a name, address or key.")] = None,
    environment: EnvironmentFolder = DEFAULT_ENVIRONMENT,
    home: HomeFolder = DEFAULT_HOME,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show a customer: fields, ids, measures, segments and timeline; or search for customers.

    Exit code 0: found; 1: there is no such customer; 2: the configuration or the command is wrong.
    """
    from rich.console import Console

    from identity_pipeline.defs import lookup as found_by

    if [key, customer_id, search].count(None) != 2:
        raise typer.BadParameter("give one of --key, --id and --search")
    try:
        if search is not None:
            found: found_by.Found = found_by.read_hits(environment, home, search)
        else:
            found = found_by.read_card(environment, home, key=key, customer_id=customer_id)
    except PipelineError as error:
        typer.echo(str(error), err=True)
        is_missing = isinstance(error, found_by.NOT_FOUND)
        raise typer.Exit(FAILED if is_missing else WRONG_CONFIGURATION) from None
    if json:
        typer.echo(found_by.as_json(found))
    else:
        found_by.print_found(Console(highlight=False), found)


@app.command()
def generate(  # noqa: PLR0913 - each is an option of the command line, and named in any call
    *,
    people: Annotated[int, typer.Option(help="How many; about 2.5 customer records each.")],
    out: Annotated[Path, typer.Option(help="A new folder; its name is the environment's.")],
    seed: Annotated[int, typer.Option(help="Another seed, other people.")] = 1,
    events_per_person: Annotated[float, typer.Option(help="The mean over all people.")] = 10.0,
    days: Annotated[int, typer.Option(help="How many ingestion dates.")] = 4,
    last_day: Annotated[
        str | None, typer.Option(help="The last date's share of the events, as 1%.")
    ] = None,
    kind: Annotated[FileKind, typer.Option("--format", help="Of the files.")] = FileKind.CSV,
    noise: Annotated[Noise, typer.Option(help="How much is mistyped.")] = Noise.DEFAULT,
    trap: Annotated[
        list[str] | None,
        typer.Option(
            help="guest_address=2%, tablet=1%, placeholder_phones=3% or kiosks=5x40; repeatable."
        ),
    ] = None,
) -> None:
    """Make a world of people to try the pipeline on: an environment with files and the truth.

    Exit code 0: written; 2: it cannot be made as asked, and nothing was written.
    """
    from rich.console import Console

    from identity_pipeline.worlds.generate import generate as write_world

    share = read_share(last_day) if last_day else None
    if last_day and share is None:
        raise typer.BadParameter(f"'{last_day}' is no share; write --last-day as 1%")
    console = Console(highlight=False, soft_wrap=True)
    try:
        traps = Traps.read(trap or [])
        world = World(people, seed, events_per_person, days, kind, noise, traps, share)
        with console.status("starting") as status:
            written = write_world(world, out, status.update)
    except PipelineError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(WRONG_CONFIGURATION) from None
    console.print(f"{out}: {written}.")


@app.command("why")
def explain(
    one: Annotated[
        str, typer.Argument(help="SOURCE:TABLE:KEY, a key, or a CustomerId or its first digits.")
    ],
    other: Annotated[str, typer.Argument(help="The same of another record.")],
    environment: EnvironmentFolder = DEFAULT_ENVIRONMENT,
    home: HomeFolder = DEFAULT_HOME,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Say why two records are one customer, edge by edge, or what each rule misses to join them.

    Exit code 0: answered; 1: there is no such record; 2: the configuration or the command is wrong.
    """
    from rich.console import Console

    from identity_pipeline.defs.why import UnknownRecord, as_json, print_why, read_why

    try:
        found, rules = read_why(environment, home, one, other)
    except PipelineError as error:
        typer.echo(str(error), err=True)
        is_missing = isinstance(error, UnknownRecord)
        raise typer.Exit(FAILED if is_missing else WRONG_CONFIGURATION) from None
    if json:
        typer.echo(as_json(found))
    else:
        print_why(Console(highlight=False), found, rules)


@app.command()
def ui(
    environment: EnvironmentFolder = DEFAULT_ENVIRONMENT,
    home: HomeFolder = DEFAULT_HOME,
    port: Annotated[int, typer.Option(help="Where the web UI listens.")] = 3000,
) -> None:
    """Open Dagster's web UI on the same history."""
    from identity_pipeline.defs.console import dagster_home
    from identity_pipeline.defs.location import ENVIRONMENT_VARIABLE, HOME_VARIABLE

    os.environ |= {
        ENVIRONMENT_VARIABLE: str(environment.resolve()),
        HOME_VARIABLE: str(home.resolve()),
        "DAGSTER_HOME": str(dagster_home(home)),
    }
    workspace = Path("workspace.yaml")
    where = ["--workspace", str(workspace)] if workspace.exists() else ["--module-name", MODULE]
    arguments = ["dagster", "dev", *where, "--port", str(port)]
    os.execvp(arguments[0], arguments)  # noqa: S606 - our own words


if __name__ == "__main__":
    app()
