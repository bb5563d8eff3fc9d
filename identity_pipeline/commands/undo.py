"""Commands that overrule the rules for two records: never-match, always-match, forget-override."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from identity_pipeline.commands.options import (
    DEFAULT_ENVIRONMENT,
    DEFAULT_HOME,
    FAILED,
    EnvironmentFolder,
    HomeFolder,
    OtherRecord,
    Record,
    read_date,
    stop,
)
from identity_pipeline.terms.errors import PipelineError

if TYPE_CHECKING:
    from identity_pipeline.defs.undo import Asked, Written

Reason = Annotated[str, typer.Option(help="Why; it is written beside the line.")]
Author = Annotated[str | None, typer.Option(help="Who says so; Git's user.name, or the login.")]
Day = Annotated[
    str | None,
    typer.Option(help="The ingestion date of the line; the last one that was delivered."),
]
NoPlan = Annotated[bool, typer.Option("--no-plan", help="Only write the line.")]


def never_match(  # noqa: PLR0913 - each is an option of the command line, and named in any call
    one: Record,
    other: OtherRecord,
    *,
    reason: Reason,
    author: Author = None,
    date: Day = None,
    environment: EnvironmentFolder = DEFAULT_ENVIRONMENT,
    home: HomeFolder = DEFAULT_HOME,
    no_plan: NoPlan = False,
) -> None:
    """Say that two records are never one customer, and show what that would do.

    Writes a line to the environment's never-match file; the next run of its date applies it. A
    CustomerId stands for the customer's first key. Exit code 0: written; 1: written, but the
    planned run would fail; 2: refused, and nothing was written.
    """
    _add("never_match", (one, other, environment, home, date), (author, reason), not no_plan)


def always_match(  # noqa: PLR0913 - each is an option of the command line, and named in any call
    one: Record,
    other: OtherRecord,
    *,
    reason: Reason,
    author: Author = None,
    date: Day = None,
    environment: EnvironmentFolder = DEFAULT_ENVIRONMENT,
    home: HomeFolder = DEFAULT_HOME,
    no_plan: NoPlan = False,
) -> None:
    """Say that two records are always one customer, and show what that would do.

    Writes a line to the environment's always-match file; see never-match.
    """
    _add("always_match", (one, other, environment, home, date), (author, reason), not no_plan)


def forget_override(  # noqa: PLR0913 - each is an option of the command line, and named in any call
    one: Record,
    other: OtherRecord,
    *,
    date: Day = None,
    environment: EnvironmentFolder = DEFAULT_ENVIRONMENT,
    home: HomeFolder = DEFAULT_HOME,
    no_plan: NoPlan = False,
) -> None:
    """Take back a line of never match or always match, and show what that would do.

    The keys need not be delivered any more, if they are written as SOURCE:TABLE:KEY. Exit codes as
    of never-match.
    """
    from identity_pipeline.defs.undo import forget_line

    asked = _asked((one, other, environment, home, date))
    _done("forgotten", asked, lambda: forget_line(asked), is_planned=not no_plan)


Place = tuple[str, str, Path, Path, str | None]


def _asked(place: Place) -> "Asked":
    from identity_pipeline.defs.undo import Asked

    one, other, environment, home, date = place
    return Asked(environment, home, one, other, read_date(date))


def _add(kind: str, place: Place, note: tuple[str | None, str], is_planned: bool) -> None:
    from identity_pipeline.defs.undo import add_line

    asked = _asked(place)
    word = kind.replace("_", " ")
    _done(word, asked, lambda: add_line(asked, kind, *note), is_planned=is_planned)


def _done(word: str, asked: "Asked", write: Callable[[], "Written"], *, is_planned: bool) -> None:
    """Write, say what was written and what it would do, and how to apply it."""
    from rich.console import Console

    from identity_pipeline.defs.console import Dates
    from identity_pipeline.defs.plan import Question, make_plan, print_plan

    try:
        written = write()
    except PipelineError as error:
        stop(error)
    typer.echo(f"{word}: {written.one} and {written.other} ({', '.join(written.files)})")
    found = None
    if is_planned:
        progress = Console(stderr=True, highlight=False, soft_wrap=True)
        question = Question(asked.folder, asked.home, Dates(only=written.date))
        try:
            found = make_plan(question, progress, examples=5)
        except PipelineError as error:
            stop(error, FAILED)
        if found is None:
            raise typer.Exit(FAILED)
        print_plan(Console(highlight=False), found)
    typer.echo(f"`identity-pipeline run --date {written.date}` applies it.")
