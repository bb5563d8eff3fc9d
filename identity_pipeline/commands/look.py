"""Commands that look at what was published: history, lookup, why."""

from typing import Annotated

import typer

from identity_pipeline.commands.options import (
    DEFAULT_ENVIRONMENT,
    DEFAULT_HOME,
    FAILED,
    WRONG_CONFIGURATION,
    EnvironmentFolder,
    HomeFolder,
    Json,
    OtherRecord,
    Record,
    stop,
)
from identity_pipeline.defs.collection import paused_collection
from identity_pipeline.terms.errors import PipelineError


def history(
    customer_id: Annotated[str, typer.Argument(help="A CustomerId, or its first digits.")],
    environment: EnvironmentFolder = DEFAULT_ENVIRONMENT,
    home: HomeFolder = DEFAULT_HOME,
    json: Json = False,
) -> None:
    """Say what became of a CustomerId: every change with its date, rule and keys."""
    from rich.console import Console

    with paused_collection():
        from identity_pipeline.defs.history import as_json, print_history, read_history

    try:
        found = read_history(environment, home, customer_id)
    except PipelineError as error:
        stop(error)
    if json:
        typer.echo(as_json(found))
    else:
        print_history(Console(highlight=False), found)


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
    json: Json = False,
) -> None:
    """Show a customer: fields, ids, measures, segments and timeline; or search for customers.

    Exit code 0: found; 1: there is no such customer; 2: the configuration or the command is wrong.
    """
    from rich.console import Console

    with paused_collection():
        from identity_pipeline.defs import lookup as found_by

    if [key, customer_id, search].count(None) != 2:
        raise typer.BadParameter("give one of --key, --id and --search")
    try:
        if search is not None:
            found: found_by.Found = found_by.read_hits(environment, home, search)
        else:
            found = found_by.read_card(environment, home, key=key, customer_id=customer_id)
    except PipelineError as error:
        is_missing = isinstance(error, found_by.NOT_FOUND)
        stop(error, FAILED if is_missing else WRONG_CONFIGURATION)
    if json:
        typer.echo(found_by.as_json(found))
    else:
        found_by.print_found(Console(highlight=False), found)


def why(
    one: Record,
    other: OtherRecord,
    environment: EnvironmentFolder = DEFAULT_ENVIRONMENT,
    home: HomeFolder = DEFAULT_HOME,
    json: Json = False,
) -> None:
    """Say why two records are one customer, edge by edge, or what each rule misses to join them.

    Exit code 0: answered; 1: there is no such record; 2: the configuration or the command is wrong.
    """
    from rich.console import Console

    with paused_collection():
        from identity_pipeline.defs.why import UnknownRecord, as_json, print_why, read_why

    try:
        found, rules = read_why(environment, home, one, other)
    except PipelineError as error:
        is_missing = isinstance(error, UnknownRecord)
        stop(error, FAILED if is_missing else WRONG_CONFIGURATION)
    if json:
        typer.echo(as_json(found))
    else:
        print_why(Console(highlight=False), found, rules)
