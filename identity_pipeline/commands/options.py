"""What commands have in common: options, exit codes, dates."""

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from identity_pipeline.defs.console import Dates

EnvironmentFolder = Annotated[
    Path, typer.Option("--environment", help="The folder of YAML that says what to do.")
]
HomeFolder = Annotated[
    Path, typer.Option("--home", help="Where warehouse, published file and run history go.")
]
Record = Annotated[
    str, typer.Argument(help="SOURCE:TABLE:KEY, a key, or a CustomerId or its first digits.")
]
OtherRecord = Annotated[str, typer.Argument(help="The same of another record.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
DEFAULT_ENVIRONMENT, DEFAULT_HOME = Path("data/contoso"), Path("data")

FAILED, WRONG_CONFIGURATION, WOULD_CHANGE = 1, 2, 3


def read_date(text: str | None) -> datetime.date | None:
    """The date that an option has; none where it was not given.

    Raises:
        BadParameter: it is no date.
    """
    try:
        return datetime.date.fromisoformat(text) if text else None
    except ValueError:
        raise typer.BadParameter(f"'{text}' is no date; write it as 2022-07-23") from None


def read_dates(date: str | None, through: str | None) -> "Dates":
    """The ingestion dates that options ask for.

    Raises:
        BadParameter: both are given, or one is no date.
    """
    from identity_pipeline.defs.console import Dates

    if date and through:
        raise typer.BadParameter("give --date or --through, not both")
    return Dates(read_date(date), read_date(through))


def stop(error: Exception, code: int = WRONG_CONFIGURATION) -> NoReturn:
    """End the command with an error's message, without a traceback."""
    typer.echo(str(error), err=True)
    raise typer.Exit(code) from None
