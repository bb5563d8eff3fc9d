"""Commands that run: run, validate, ui."""

import os
from pathlib import Path
from typing import Annotated

import typer

from identity_pipeline.commands.options import (
    DEFAULT_ENVIRONMENT,
    DEFAULT_HOME,
    FAILED,
    EnvironmentFolder,
    HomeFolder,
    read_dates,
    stop,
)
from identity_pipeline.config import load_environment
from identity_pipeline.defs.collection import paused_collection
from identity_pipeline.terms.errors import PipelineError

MODULE = "identity_pipeline.definitions"


def run(
    *,
    environment: EnvironmentFolder = DEFAULT_ENVIRONMENT,
    through: Annotated[
        str | None, typer.Option(help="Run every ingestion date up to this one.")
    ] = None,
    date: Annotated[str | None, typer.Option(help="Run this ingestion date only.")] = None,
    home: HomeFolder = DEFAULT_HOME,
    again: Annotated[
        bool, typer.Option("--again", help="Run all dates, and make also what did not change.")
    ] = False,
) -> None:
    """Run the whole pipeline for its ingestion dates, in order, and say what happened.

    Without --date: every ingestion date for which there are files, except dates whose files are as
    they were when they last ran; the last date always runs. Exit code 0: all went well; 1: a run
    failed; 2: the configuration or the command is wrong.
    """
    with paused_collection():
        from identity_pipeline.defs.console import run_dates

    dates = read_dates(date, through)
    try:
        succeeded = run_dates(environment, home, dates, again=again)
    except PipelineError as error:
        stop(error)
    raise typer.Exit(0 if succeeded else FAILED)


def validate(environment: EnvironmentFolder = DEFAULT_ENVIRONMENT) -> None:
    """Check the configuration and list every problem at once."""
    from identity_pipeline.config_warnings import warnings
    from identity_pipeline.defs.validation import check_types

    try:
        found = load_environment(environment)
        check_types(found)
    except PipelineError as error:
        stop(error)
    for warning in warnings(found):
        typer.echo(f"warning: {warning}")
    typer.echo(
        f"{environment}: {len(found.sources)} sources, {len(found.unify.tables)} tables unified, "
        f"{len(found.unify.columns)} unified columns, {len(found.activities)} activity tables, "
        f"{len(found.measures)} measures, {len(found.segments)} segments, "
        f"{len(found.exports)} exports; no problems."
    )


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
