"""Customer cards and searches in the terminal."""

import dataclasses
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from identity_pipeline.config import load_environment
from identity_pipeline.defs.published import open_published
from identity_pipeline.serving.history import UnknownCustomer
from identity_pipeline.serving.lookup import (
    CustomerCard,
    SourceKey,
    UnknownKey,
    card_data,
    look_up_id,
    look_up_key,
    plain_decimal,
)
from identity_pipeline.serving.search import MOST_HITS, Hit, search
from identity_pipeline.terms.errors import PipelineError

Found = CustomerCard | tuple[Hit, ...]

NOTHING = "-"
# So many activities are printed; JSON has them all.
PRINTED_ACTIVITIES = 50


class NothingFound(PipelineError):
    """No customer has any part of the searched text."""


class NotAKey(PipelineError):
    """The text is not written SOURCE:TABLE:VALUE."""


def read_card(
    folder: Path, home: Path, *, key: str | None, customer_id: str | None
) -> CustomerCard:
    """The card of the customer that a key or an id names.

    Args:
        folder: the environment's folder.
        home: where the published file is.
        key: SOURCE:TABLE:VALUE; the value may have colons.
        customer_id: a CustomerId or its beginning, where no key is given.

    Raises:
        NothingPublished: nothing was run yet.
        NotAKey, UnknownKey, UnknownCustomer: there is no such customer.
    """
    environment = load_environment(folder.resolve())
    enrichments = [one.name for one in environment.enrichments]
    with open_published(environment, home) as engine:
        if key is None:
            return look_up_id(engine, customer_id or "", enrichments)
        parts = key.split(":", 2)
        if len(parts) < 3:
            raise NotAKey(f"'{key}' is no key: write SOURCE:TABLE:VALUE, as Loyalty:Members:708")
        return look_up_key(engine, SourceKey(*parts), enrichments)


def read_hits(folder: Path, home: Path, text: str) -> tuple[Hit, ...]:
    """The customers that a search finds, best first.

    Raises:
        NothingPublished: nothing was run yet.
        NothingFound: no customer has any part of the text.
    """
    with open_published(load_environment(folder.resolve()), home) as engine:
        hits = search(engine, text)
    if not hits:
        raise NothingFound(f"no customer has any part of '{text}' in a text column")
    return hits


# What is said where a customer is not there; anything else is a mistake in what was asked.
NOT_FOUND = (NothingFound, UnknownKey, UnknownCustomer)


def as_json(found: Found) -> str:
    """A card, or hits, for programs."""
    if isinstance(found, CustomerCard):
        return json.dumps(card_data(found), ensure_ascii=False, indent=2)
    return json.dumps([dataclasses.asdict(hit) for hit in found], ensure_ascii=False, indent=2)


def print_found(console: Console, found: Found) -> None:
    """Print a card, or hits, for people."""
    if isinstance(found, CustomerCard):
        print_card(console, found)
    else:
        print_hits(console, found)


def print_card(console: Console, card: CustomerCard) -> None:
    """Print a card for people."""
    since = f" since {card.became_known_at}" if card.became_known_at else ""
    console.print(Text.assemble((card.customer_id, "bold"), f" ({card.status}{since})"))
    if card.asked_id != card.customer_id:
        console.print(Text(f"asked for {card.asked_id}, which was merged into it"))
    if card.previous_customer_id:
        console.print(Text(f"previously {card.previous_customer_id}"))
    _print_pairs(console, "Fields", card.fields)
    _print_pairs(
        console, "Ids", {f"{one.source} {one.table}": ", ".join(one.keys) for one in card.ids}
    )
    _print_pairs(console, "Measures", card.measures)
    for name, columns in card.enrichments.items():
        _print_pairs(console, f"Enrichment {name}", columns)
    console.print(Text.assemble(("\nSegments  ", "bold"), ", ".join(card.segments) or NOTHING))
    console.print(Text("\nTimeline", "bold"))
    if not card.timeline:
        console.print(NOTHING)
        return
    shown = {"ActivityTimeStamp": "time (UTC)", "ActivityType": "type", "Title": "title"}
    shown |= {"Description": "description", "SemanticData": "details"}
    table = Table(show_edge=False)
    for heading in (*shown.values(), "while unknown"):
        table.add_column(heading, overflow="fold")
    for activity in card.timeline[:PRINTED_ACTIVITIES]:
        unknown = "yes" if activity["was_unknown_at_event"] else "no"
        table.add_row(*(Text(_shown(activity[name])) for name in shown), unknown)
    console.print(table)
    if (more := len(card.timeline) - PRINTED_ACTIVITIES) > 0:
        console.print(f"and {more} older ones; --json prints all")


def print_hits(console: Console, hits: tuple[Hit, ...]) -> None:
    """Print what a search found for people."""
    table = Table(show_edge=False)
    for heading in ("customer", "status", "found in"):
        table.add_column(heading, overflow="fold")
    for hit in hits:
        places = "; ".join(f"{name}: {value}" for name, value in hit.fields.items())
        table.add_row(Text(hit.customer_id), hit.status, Text(places))
    console.print(table)
    if len(hits) == MOST_HITS:
        console.print(f"the {MOST_HITS} best; ask for more words to see others")


def _print_pairs(console: Console, title: str, pairs: Mapping[str, object]) -> None:
    console.print(Text(f"\n{title}", "bold"))
    table = Table.grid(padding=(0, 2))
    for name, value in pairs.items():
        table.add_row(Text(name), Text(_shown(value)))
    console.print(table if pairs else NOTHING)


def _shown(value: object) -> str:
    if isinstance(value, Decimal):
        return plain_decimal(value)
    return NOTHING if value is None else str(value)
