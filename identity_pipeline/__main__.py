"""The console script `identity-pipeline`."""

import datetime
import os
from pathlib import Path
from typing import Annotated

import typer

from identity_pipeline.config import load_environment
from identity_pipeline.terms.errors import PipelineError

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
        f"{len(found.unify.columns)} unified columns; no problems."
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
