"""The command that says what a run would do: plan."""

from pathlib import Path
from typing import Annotated

import typer

from identity_pipeline.commands.options import (
    DEFAULT_ENVIRONMENT,
    DEFAULT_HOME,
    FAILED,
    WOULD_CHANGE,
    EnvironmentFolder,
    HomeFolder,
    Json,
    read_dates,
    stop,
)
from identity_pipeline.defs.collection import paused_collection
from identity_pipeline.terms.errors import PipelineError

Examples = Annotated[int, typer.Option(min=0, help="So many of each are named; --json has all.")]


def plan(  # noqa: PLR0913 - each is an option of the command line, and named in any call
    *,
    environment: EnvironmentFolder = DEFAULT_ENVIRONMENT,
    base: Annotated[
        Path | None,
        typer.Option(
            help="The environment that was run, by folder or name, where --environment is a "
            "changed copy with another name."
        ),
    ] = None,
    through: Annotated[str | None, typer.Option(help="As of run.")] = None,
    date: Annotated[str | None, typer.Option(help="As of run.")] = None,
    home: HomeFolder = DEFAULT_HOME,
    json: Json = False,
    examples: Examples = 5,
) -> None:
    """Say what a run would do to customers, segments and exports, and write and send nothing.

    The run is made on a copy in a temporary folder (TMPDIR says where), and what it would publish
    is compared with what is published. A changed copy of an environment with the same name, as in
    another checkout, is compared by its name; one with another name needs --base, and without
    files of its own reads those of the --base folder.

    Exit code 0: nothing would change; 3: something would; 1: the run would fail; 2: the
    configuration or the command is wrong.
    """
    from rich.console import Console

    with paused_collection():
        from identity_pipeline.defs.plan import Question, as_json, make_plan, print_plan

    question = Question(environment, home, read_dates(date, through), base)
    progress = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        found = make_plan(question, progress, None if json else examples)
    except PipelineError as error:
        stop(error)
    if found is None:
        raise typer.Exit(FAILED)
    if json:
        typer.echo(as_json(found))
    else:
        print_plan(Console(highlight=False), found)
    raise typer.Exit(0 if found.effect.is_empty else WOULD_CHANGE)
