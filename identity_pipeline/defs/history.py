"""A customer's history in the terminal."""

import dataclasses
import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from identity_pipeline.config import load_environment
from identity_pipeline.defs.published import open_published
from identity_pipeline.serving.history import CustomerHistory, history_of
from identity_pipeline.serving.summary import SHOWN_DIGITS


def read_history(folder: Path, home: Path, beginning: str) -> CustomerHistory:
    """The history of a CustomerId, or of the one that begins so.

    Raises:
        NothingPublished: nothing was run yet.
        UnknownCustomer: no id begins so, or several do.
    """
    with open_published(load_environment(folder.resolve()), home) as engine:
        return history_of(engine, beginning)


def as_json(history: CustomerHistory) -> str:
    """The history for programs."""
    return json.dumps(dataclasses.asdict(history), default=str, indent=2)


def print_history(console: Console, history: CustomerHistory) -> None:
    """Print the history for people."""
    resolved = history.current_id != history.customer_id
    now = f"now {history.current_id}" if resolved else history.state
    console.print(f"[bold]{history.customer_id}[/] ({now})")
    table = Table(show_edge=False)
    for name in ("date", "event", "other customer", "rule", "keys"):
        table.add_column(name, overflow="fold")
    for event in history.events:
        other = event.counterpart[:SHOWN_DIGITS] if event.counterpart else None
        words = (event.event.replace("_", " "), other, event.rule, event.keys)
        table.add_row(str(event.ingestion_date), *(word or "" for word in words))
    console.print(table)
