"""The command that makes a world of people to try the pipeline on: generate."""

from pathlib import Path
from typing import Annotated

import typer

from identity_pipeline.commands.options import stop
from identity_pipeline.terms.errors import PipelineError
from identity_pipeline.worlds.plan import FileKind, Noise, Traps, World, read_share


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
        stop(error)
    console.print(f"{out}: {written}.")
